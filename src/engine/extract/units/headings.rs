//! What stands in headings and beside them and is none of their text: permalinks, pilcrows, edit links.

use super::{Finder, Outline, Tag, UnitKind};

/// The reason that links to the place itself are left out for.
pub(crate) const PERMALINK: &str = "score/permalink";
/// The reason for edit links and buttons.
pub(crate) const CONTROL: &str = "score/control";

/// Elements inside a heading that are looked at.
const HEADING_ELEMENTS: u32 = 64;

impl Finder<'_, '_> {
    /// A heading: links to itself and buttons inside it are left out, if anything else is in it.
    pub(crate) fn heading(&mut self, id: u32) {
        self.add(id, UnitKind::Heading);
        self.last_heading = Some(id);
        let outline = self.outline;
        let next = outline.elements[id as usize].next.min(id + HEADING_ELEMENTS);
        let mut at = id + 1;
        while at < next {
            let characters = outline.characters(at);
            let reason = match outline.elements[at as usize].tag {
                _ if characters == 0 || characters == outline.characters(id) => None,
                Tag::BUTTON => Some(CONTROL),
                Tag::A if is_sign(outline, at) && leads_here(outline, at) => Some(PERMALINK),
                _ => None,
            };
            match reason {
                Some(reason) => {
                    self.leave_out(at, reason);
                    at = outline.elements[at as usize].next;
                }
                None => at += 1,
            }
        }
    }

    /// An element whose start tag has a word of such links; whether it is left out.
    pub(crate) fn permalink(&mut self, id: u32) -> bool {
        let outline = self.outline;
        let characters = outline.characters(id);
        let tag = outline.elements[id as usize].tag;
        if characters == 0 || !matches!(tag, Tag::A | Tag::SPAN | Tag::DIV | Tag::BUTTON) {
            return false;
        }
        let [class, href] = outline.attributes(id, ["class", "href"]);
        let class = class.unwrap_or_default();
        let reason = if class
            .split_ascii_whitespace()
            .any(|word| word.starts_with("mw-editsection"))
        {
            CONTROL
        } else if tag == Tag::A && href.is_some_and(|href| href.contains('#')) {
            if !is_sign(outline, id) && !self.follows_heading(id) {
                return false;
            }
            PERMALINK
        } else {
            return false;
        };
        self.leave_out(id, reason);
        true
    }

    /// Whether only blanks stand between a heading and this element, in one box.
    fn follows_heading(&self, id: u32) -> bool {
        let outline = self.outline;
        let before = |run: u32| outline.characters_before[run as usize];
        self.last_heading.is_some_and(|heading| {
            let (heading, element) = (&outline.elements[heading as usize], &outline.elements[id as usize]);
            heading.parent == element.parent && before(heading.next_run) == before(element.first_run)
        })
    }
}

/// Whether a link leads to a place in a page: its words alone could be those of any other.
fn leads_here(outline: &Outline<'_>, id: u32) -> bool {
    outline.attribute(id, "href").is_none_or(|href| href.contains('#'))
}

/// Whether a link says nothing but that it is one.
fn is_sign(outline: &Outline<'_>, id: u32) -> bool {
    const SIGNS: &[&str] = &[
        "#",
        "##",
        "###",
        "¶",
        "§",
        "🔗",
        "∞",
        "⚓",
        "link",
        "permalink",
        "anchor",
        "[link]",
    ];
    let element = &outline.elements[id as usize];
    if outline.characters(id) > 12 {
        return false;
    }
    let text: String = (element.first_run..element.next_run)
        .map(|run| outline.runs[run as usize].decode(outline.run_text(run)))
        .collect();
    let text = text.trim().to_lowercase();
    SIGNS.contains(&text.as_str()) || text.chars().all(|c| ('\u{e000}'..='\u{f8ff}').contains(&c))
}
