//! What stands in headings and beside them and is none of their text: permalinks, pilcrows, edit links.

use super::{Document, Tag, UnitFinder, UnitKind};
use crate::engine::extract::reason::ScoreReason;

/// Elements inside a heading that are looked at.
const HEADING_ELEMENTS: u32 = 64;

impl UnitFinder<'_, '_> {
    /// A heading: links to itself and buttons inside it are left out, if anything else is in it.
    pub(crate) fn heading(&mut self, id: u32) {
        self.add(id, UnitKind::Heading);
        self.last_heading = Some(id);
        let document = self.document;
        let next = document.elements[id as usize].next.min(id + HEADING_ELEMENTS);
        let mut at = id + 1;
        while at < next {
            let characters = document.characters(at);
            let reason = match document.elements[at as usize].tag {
                _ if characters == 0 || characters == document.characters(id) => None,
                Tag::BUTTON => Some(ScoreReason::Control),
                Tag::A if is_sign(document, at) && leads_here(document, at) => Some(ScoreReason::Permalink),
                _ => None,
            };
            match reason {
                Some(reason) => {
                    self.leave_out(at, reason);
                    at = document.elements[at as usize].next;
                }
                None => at += 1,
            }
        }
    }

    /// An element whose start tag has a word of such links; whether it is left out.
    pub(crate) fn permalink(&mut self, id: u32) -> bool {
        let document = self.document;
        let characters = document.characters(id);
        let tag = document.elements[id as usize].tag;
        if characters == 0 || !matches!(tag, Tag::A | Tag::SPAN | Tag::DIV | Tag::BUTTON) {
            return false;
        }
        let [class, href] = document.attributes(id, ["class", "href"]);
        let class = class.unwrap_or_default();
        let reason = if class
            .split_ascii_whitespace()
            .any(|word| word.starts_with("mw-editsection"))
        {
            ScoreReason::Control
        } else if tag == Tag::A && href.is_some_and(|href| href.contains('#')) {
            if !is_sign(document, id) && !self.follows_heading(id) {
                return false;
            }
            ScoreReason::Permalink
        } else {
            return false;
        };
        self.leave_out(id, reason);
        true
    }

    /// Whether only blanks stand between a heading and this element, in one box.
    fn follows_heading(&self, id: u32) -> bool {
        let document = self.document;
        let before = |run: u32| document.characters_before[run as usize];
        self.last_heading.is_some_and(|heading| {
            let (heading, element) = (&document.elements[heading as usize], &document.elements[id as usize]);
            heading.parent == element.parent && before(heading.next_run) == before(element.first_run)
        })
    }
}

/// Whether a link leads to a place in a page: its words alone could be those of any other.
fn leads_here(document: &Document<'_>, id: u32) -> bool {
    document.attribute(id, "href").is_none_or(|href| href.contains('#'))
}

/// Whether a link says nothing but that it is one.
fn is_sign(document: &Document<'_>, id: u32) -> bool {
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
    let element = &document.elements[id as usize];
    if document.characters(id) > 12 {
        return false;
    }
    let text: String = (element.first_run..element.next_run)
        .map(|run| document.runs[run as usize].decode(document.run_text(run)))
        .collect();
    let text = text.trim().to_lowercase();
    SIGNS.contains(&text.as_str()) || text.chars().all(|c| ('\u{e000}'..='\u{f8ff}').contains(&c))
}
