//! LiteralSet in start tags that make a unit likely, read once for all elements that have the same start tag.
//!
//! Most elements are `div`, `span`, `p` and `a`; to take each start tag apart for its class would cost more than all the
//! rest of the pass. A mark only says that it is worth it.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::RandomState;

use super::Document;
use crate::{engine::html::tokens::StartTag, pattern::LiteralSet};

/// Bits of what a start tag may be about.
pub(crate) type TagHints = u8;

/// A callout, or its title.
pub(crate) const CALLOUT: TagHints = 1;
/// Line numbers, buttons and bars around code.
pub(crate) const CHROME: TagHints = 1 << 1;
/// A link to a heading or definition itself, or to edit it.
pub(crate) const PERMALINK: TagHints = 1 << 2;
/// A block of code that has no `pre`, or several.
pub(crate) const EDITOR: TagHints = 1 << 3;
/// A table that no `table` makes.
pub(crate) const GRID: TagHints = 1 << 4;

const WORDS: &[(&str, TagHints)] = &[
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
    ("role=\"grid", GRID),
    ("role=\"table", GRID),
    ("role=grid", GRID),
    ("role=table", GRID),
    ("syntaxhighlighter", EDITOR),
];

static SEARCH: LazyLock<LiteralSet> = LazyLock::new(|| LiteralSet::fixed(WORDS.iter().map(|(word, _)| *word)));

/// Attributes that hold addresses, long and without any of the words.
const ADDRESSES: &[&str] = &["href", "src", "srcset", "content", "poster", "action", "d"];
/// Start tags that are remembered at most: a page has hundreds of them, a hostile one a million.
const START_TAGS: usize = 4096;

/// The elements whose start tags hold one of the words, ascending, each with what its words say.
pub(crate) fn find(document: &Document<'_>) -> Vec<(u32, TagHints)> {
    let source = document.source.as_bytes();
    let mut known: HashMap<&[u8], TagHints, RandomState> = HashMap::default();
    let mut marked = Vec::new();
    for (id, element) in (0..).zip(&document.elements) {
        let raw = &source[element.start as usize..element.inner as usize];
        if raw.len() == element.tag.name().len() + "<>".len() {
            continue;
        }
        let marks = known.get(raw).copied().unwrap_or_else(|| {
            let marks = read(raw);
            if known.len() < START_TAGS {
                known.insert(raw, marks);
            }
            marks
        });
        if marks != 0 {
            marked.push((id, marks));
        }
    }
    marked
}

/// What the words of a start tag say.
fn read(raw: &[u8]) -> TagHints {
    let mut marks = 0;
    for (name, value) in StartTag::new(raw).attributes() {
        if ADDRESSES
            .iter()
            .any(|address| name.eq_ignore_ascii_case(address.as_bytes()))
        {
            continue;
        }
        // From the name to the value, with what stands between them.
        let start = name.as_ptr().addr() - raw.as_ptr().addr();
        let end = match value {
            [] => start + name.len(),
            value => value.as_ptr().addr() - raw.as_ptr().addr() + value.len(),
        };
        SEARCH.find_all(&raw[start..end], |word, _| marks |= WORDS[word].1);
    }
    marks
}
