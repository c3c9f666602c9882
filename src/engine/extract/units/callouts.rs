//! Callouts: notes, tips and warnings beside the text, as documentation tools write them.

use super::{Callout, Document, Tag, UnitFinder, UnitKind};
use crate::engine::extract::reason::ScoreReason;

/// Runs of text, most of them blanks between tags, among which the first text of a quotation is looked for.
const FIRST_RUNS: usize = 8;

/// Visible characters above which what looks like a callout is a part of the page.
const CALLOUT_CHARACTERS: u32 = 4000;
/// Elements from its beginning on among which its title is looked for.
const TITLE_DEPTH: u32 = 10;

/// Words of a class that say what box this is.
const BOXES: &[&str] = &[
    "admonition",
    "admonitionblock",
    "alert",
    "callout",
    "confluence-information-macro",
    "custom-block",
    "hint",
    "markdown-alert",
    "notecard",
    "notice",
    "notices",
    "starlight-aside",
    "theme-admonition",
];

/// What kinds are called, by the nearest that GitHub knows.
const KINDS: &[(&str, Callout)] = &[
    ("note", Callout::Note),
    ("info", Callout::Note),
    ("information", Callout::Note),
    ("abstract", Callout::Note),
    ("summary", Callout::Note),
    ("primary", Callout::Note),
    ("secondary", Callout::Note),
    ("seealso", Callout::Note),
    ("todo", Callout::Note),
    ("question", Callout::Note),
    ("faq", Callout::Note),
    ("example", Callout::Note),
    ("quote", Callout::Note),
    ("tip", Callout::Tip),
    ("hint", Callout::Tip),
    ("success", Callout::Tip),
    ("check", Callout::Tip),
    ("done", Callout::Tip),
    ("important", Callout::Important),
    ("warning", Callout::Warning),
    ("warn", Callout::Warning),
    ("attention", Callout::Warning),
    ("caution", Callout::Caution),
    ("danger", Callout::Caution),
    ("error", Callout::Caution),
    ("failure", Callout::Caution),
    ("bug", Callout::Caution),
];

impl UnitFinder<'_, '_> {
    /// An element whose start tag has a word of a callout.
    pub(crate) fn callout(&mut self, id: u32) {
        let document = self.document;
        let is_box = matches!(
            document.elements[id as usize].tag,
            Tag::DIV | Tag::ASIDE | Tag::SECTION | Tag::BLOCKQUOTE | Tag::P | Tag::OTHER
        );
        if !is_box || document.characters(id) > CALLOUT_CHARACTERS {
            return;
        }
        let Some(kind) = kind(document, id) else { return };
        self.add(id, UnitKind::Callout(kind));
        self.title = title(document, id);
    }
}

impl UnitFinder<'_, '_> {
    /// A quotation; GitHub's callouts are some that begin with `[!NOTE]`.
    pub(crate) fn quote(&mut self, id: u32) {
        let document = self.document;
        let element = &document.elements[id as usize];
        let mut first = (element.first_run..element.next_run).take(FIRST_RUNS);
        let marker = first
            .find(|run| document.runs[*run as usize].characters > 0)
            .filter(|run| {
                let parent = document.runs[*run as usize].parent;
                parent == id || document.elements[parent as usize].parent == id
            })
            .and_then(|run| {
                let text = document.run_text(run);
                let (blank, rest) = text.split_once("[!")?;
                let (name, _) = rest.split_once(']').filter(|_| blank.trim().is_empty())?;
                let start = document.runs[run as usize].start as usize + blank.len();
                Some((named(name)?, start..start + "[!]".len() + name.len()))
            });
        match marker {
            Some((kind, range)) => {
                self.add(id, UnitKind::Callout(kind));
                self.leave_out_range(range, ScoreReason::Marker);
            }
            None => self.add(id, UnitKind::Quote),
        }
    }
}

/// What kind of callout an element is; `None` where it is none.
fn kind(document: &Document<'_>, id: u32) -> Option<Callout> {
    let [class, data] = document.attributes(id, ["class", "data-callout"]);
    if let Some(data) = data {
        return Some(named(data).unwrap_or(Callout::Note));
    }
    let class = class?.to_ascii_lowercase();
    if class == "callout" && document.elements[id as usize].tag == Tag::BLOCKQUOTE {
        return Some(Callout::Note); // as `content_html` has it
    }
    let words = || class.split_ascii_whitespace();
    let the_box = words().find(|word| BOXES.contains(word) || BOXES.iter().any(|name| is_kind_of(word, name)))?;
    let kind = words()
        .filter(|word| !BOXES.contains(word))
        .find_map(|word| named(word).or_else(|| named(word.rsplit('-').next()?)));
    let says_it = matches!(
        the_box,
        "admonition" | "admonitionblock" | "theme-admonition" | "markdown-alert"
    );
    kind.or(says_it.then_some(Callout::Note))
}

/// Whether a word of a class is that of a box with its kind: `alert-warning`, `starlight-aside--tip`.
fn is_kind_of(word: &str, name: &str) -> bool {
    let rest = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| named(rest.trim_start_matches('-')).is_some())
}

fn named(word: &str) -> Option<Callout> {
    let known = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?;
    Some(known.1)
}

/// The element that is its title: named so, and with no text before it.
fn title(document: &Document<'_>, id: u32) -> Option<u32> {
    let the_box = &document.elements[id as usize];
    let before = |run: u32| document.characters_before[run as usize];
    (id + 1..the_box.next.min(id + 1 + TITLE_DEPTH))
        .take_while(|child| before(document.elements[*child as usize].first_run) == before(the_box.first_run))
        .find(|child| document.characters(*child) > 0 && is_title(document, *child))
}

fn is_title(document: &Document<'_>, id: u32) -> bool {
    let tag = document.elements[id as usize].tag;
    let names_title = |class: &str| {
        let class = class.to_ascii_lowercase();
        ["title", "heading", "header"].iter().any(|name| class.contains(name))
    };
    tag.is_heading() || (tag.is_block() && document.attribute(id, "class").is_some_and(names_title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_github_names() {
        for (word, kind) in [
            ("note", "note"),
            ("HINT", "tip"),
            ("important", "important"),
            ("warn", "warning"),
            ("danger", "caution"),
        ] {
            assert_eq!(named(word).map(Callout::name), Some(kind));
        }
        assert!(is_kind_of("starlight-aside--tip", "starlight-aside") && is_kind_of("alert-info", "alert"));
        assert!(!is_kind_of("alert-banner", "alert") && !is_kind_of("alerts", "alert"));
    }
}
