//! Words in start tags that make a unit likely, searched for in the whole source at once.
//!
//! Most elements are `div`, `span`, `p` and `a`; to take each start tag apart for its class would cost more than all the
//! rest of the pass. A mark only says that it is worth it.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Outline;

/// Bits of what a start tag may be about.
pub(super) type Marks = u8;

/// A callout, or its title.
pub(super) const CALLOUT: Marks = 1;
/// Line numbers, buttons and bars around code.
pub(super) const CHROME: Marks = 1 << 1;
/// A link to a heading or definition itself, or to edit it.
pub(super) const PERMALINK: Marks = 1 << 2;
/// A block of code that has no `pre`, or several.
pub(super) const EDITOR: Marks = 1 << 3;
/// A table that no `table` makes.
pub(super) const GRID: Marks = 1 << 4;

const WORDS: &[(&str, Marks)] = &[
    ("admonition", CALLOUT),
    ("alert", CALLOUT),
    ("callout", CALLOUT),
    ("custom-block", CALLOUT),
    ("hint", CALLOUT),
    ("information-macro", CALLOUT),
    ("notecard", CALLOUT),
    ("notice", CALLOUT),
    ("starlight-aside", CALLOUT),
    ("button", CHROME),
    ("btn", CHROME),
    ("clipboard", CHROME),
    ("copy", CHROME),
    ("gutter", CHROME),
    ("lineno", CHROME),
    ("line-num", CHROME),
    ("linenum", CHROME),
    ("blob-num", CHROME),
    ("hljs-ln", CHROME),
    ("pre-numbering", CHROME),
    ("\"ln", CHROME),
    ("toolbar", CHROME),
    ("header", CHROME),
    ("user-select", CHROME),
    ("anchor", PERMALINK),
    ("editsection", PERMALINK),
    ("hash-link", PERMALINK),
    ("headerlink", PERMALINK),
    ("permalink", PERMALINK),
    ("CodeMirror", EDITOR),
    ("blob-code", EDITOR),
    ("code-block", EDITOR),
    ("role=\"grid\"", GRID),
    ("role=\"table\"", GRID),
    ("role=grid", GRID),
    ("role=table", GRID),
    ("syntaxhighlighter", EDITOR),
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = WORDS.iter().map(|(word, _)| word);
    // Compiled by every test run.
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(words)
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// The elements whose start tags hold one of the words, ascending, each with what its words say.
pub(super) fn find(outline: &Outline<'_>) -> Vec<(u32, Marks)> {
    let mut marked: Vec<(u32, Marks)> = Vec::new();
    let mut next = 0;
    for hit in SEARCH.find_iter(outline.source.as_bytes()) {
        while outline
            .elements
            .get(next)
            .is_some_and(|element| element.start as usize <= hit.start())
        {
            next += 1;
        }
        let Some(id) = next.checked_sub(1) else { continue };
        if hit.end() > outline.elements[id].inner as usize {
            continue;
        }
        let marks = WORDS[hit.pattern().as_usize()].1;
        match marked.last_mut() {
            Some((last, known)) if *last == id as u32 => *known |= marks,
            _ => marked.push((id as u32, marks)),
        }
    }
    marked
}
