//! What the names of elements say: their tags, classes and ids.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

use foldhash::fast::{FixedState, RandomState};
use regex::bytes::Regex;

use super::signals::{self, SignalSet};
use crate::{
    engine::{
        document::{Document, NONE},
        html::{tags::Tag, tokens::StartTag},
    },
    steps,
};

/// Kinds of elements that text may stand in, besides those that classes and ids name.
pub(crate) const PLACES: &[(&str, &[Tag])] = &[
    ("article", &[Tag::ARTICLE]),
    ("main", &[Tag::MAIN]),
    ("nav", &[Tag::NAV, Tag::MENU]),
    ("aside", &[Tag::ASIDE]),
    ("footer", &[Tag::FOOTER]),
    ("header", &[Tag::HEADER]),
    ("form", &[Tag::FORM, Tag::FIELDSET, Tag::DIALOG]),
    ("figure", &[Tag::FIGURE, Tag::FIGCAPTION]),
    ("table", &[Tag::TABLE]),
    ("list", &[Tag::UL, Tag::OL, Tag::DL]),
    ("quote", &[Tag::BLOCKQUOTE]),
    ("section", &[Tag::SECTION]),
    ("code", &[Tag::PRE, Tag::CODE]),
    ("link", &[Tag::A, Tag::BUTTON, Tag::LABEL]),
    ("emphasis", &[Tag::B, Tag::STRONG, Tag::EM, Tag::I]),
    (
        "small",
        &[Tag::SMALL, Tag::SUP, Tag::SUB, Tag::ADDRESS, Tag::CITE, Tag::TIME],
    ),
];

/// Beside [`PLACES`]: an element that is not shown, until a script shows it.
pub(crate) const HIDDEN: u32 = 1 << 31;

/// [`PLACES`] by tag.
static PLACES_BY_TAG: LazyLock<[u32; Tag::COUNT]> = LazyLock::new(|| {
    let mut by_tag = [0; Tag::COUNT];
    for (place, (_, tags)) in PLACES.iter().enumerate() {
        for tag in *tags {
            by_tag[tag.index()] |= 1 << place;
        }
    }
    by_tag
});

/// What one element's names say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NameSignals {
    /// What its class, id, role and `itemprop` say.
    pub(crate) kinds: SignalSet,
    /// Which of [`PLACES`] it is, and [`HIDDEN`].
    pub(crate) places: u32,
    /// Its tag and class.
    pub(crate) signature: u64,
    /// Its tag and the first of its classes; the others say `first`, `odd`, `has-image`.
    pub(crate) family: u64,
    /// Whether it is called what blogs and newspapers call the comments of their readers.
    comments: bool,
}

/// The names of elements, read on demand, and once for all that have the same start tag.
#[derive(Debug)]
pub(crate) struct ElementNames<'o, 's> {
    document: &'o Document<'s>,
    /// The number of each element's name, or [`UNREAD`].
    numbers: Vec<Cell<u32>>,
    known: RefCell<NameCache<'s>>,
}

/// The names that were read.
#[derive(Debug)]
struct NameCache<'s> {
    /// The first is that of no element.
    names: Vec<NameSignals>,
    /// The numbers of those whose start tag says no more than their tag.
    bare: [u32; Tag::COUNT],
    /// The numbers of the others. The page may choose its start tags, but not how they are spread.
    by_start_tag: HashMap<(Tag, &'s [u8]), u32, RandomState>,
}

/// The number of no name.
const UNREAD: u32 = 0;
/// Start tags that are remembered at most: a page has hundreds of them, a hostile one a million.
const START_TAGS: usize = 4096;

impl<'o, 's> ElementNames<'o, 's> {
    pub(crate) fn new(document: &'o Document<'s>) -> Self {
        ElementNames {
            document,
            numbers: vec![Cell::new(UNREAD); document.elements.len()],
            known: RefCell::new(NameCache {
                names: vec![NameSignals::default()],
                bare: [UNREAD; Tag::COUNT],
                by_start_tag: HashMap::with_capacity_and_hasher(
                    (document.elements.len() / 4).min(START_TAGS),
                    RandomState::default(),
                ),
            }),
        }
    }

    /// The name of an element; that of none says nothing.
    pub(crate) fn get(&self, element: u32) -> NameSignals {
        let Some(number) = self.numbers.get(element as usize) else {
            return NameSignals::default();
        };
        let known = &mut *self.known.borrow_mut();
        if number.get() == UNREAD {
            number.set(known.number(self.document, element));
        }
        known.names[number.get() as usize]
    }

    /// The outermost elements that are comments of readers on a text before them, in document order.
    ///
    /// Found by name before anything is weighed: five thousand words of comments under a note of fifty read more like an
    /// article than the note does.
    pub(crate) fn comments(&self) -> Vec<u32> {
        let document = self.document;
        let mut found = Vec::new();
        let (mut before, mut run, mut behind) = (0, 0, 0);
        for (i, element) in document.elements.iter().enumerate() {
            if (i as u32) < behind || !element.tag.is_block() || document.characters(i as u32) == 0 {
                continue;
            }
            while run < element.first_run {
                let r = &document.runs[run as usize];
                before += if r.linked || r.characters < A_SENTENCE {
                    0
                } else {
                    r.characters
                };
                run += 1;
            }
            if before >= BEFORE && self.get(i as u32).comments {
                found.push(i as u32);
                behind = element.next;
            }
        }
        found
    }
}

impl<'s> NameCache<'s> {
    fn number(&mut self, document: &Document<'s>, element: u32) -> u32 {
        let e = &document.elements[element as usize];
        let raw = &document.source.as_bytes()[e.start as usize..e.inner as usize];
        let mut forgotten = UNREAD;
        let number = if raw.len() == e.tag.name().len() + "<>".len() {
            &mut self.bare[e.tag.index()]
        } else if self.by_start_tag.len() < START_TAGS {
            self.by_start_tag.entry((e.tag, raw)).or_insert(UNREAD)
        } else {
            self.by_start_tag.get_mut(&(e.tag, raw)).unwrap_or(&mut forgotten)
        };
        if *number == UNREAD {
            *number = self.names.len() as u32;
            self.names.push(read(e.tag, StartTag::new(raw)));
        }
        *number
    }
}

fn read(tag: Tag, start_tag: StartTag<'_>) -> NameSignals {
    let mut name = NameSignals {
        places: PLACES_BY_TAG[tag.index()],
        ..NameSignals::default()
    };
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_usize(tag.index());
    name.family = hasher.finish();
    // The names of these are about the whole page.
    let is_page = matches!(tag, Tag::HTML | Tag::BODY);
    let may_be_comments = !is_page && !matches!(tag, Tag::ARTICLE | Tag::MAIN);
    for (attribute, value) in start_tag.attributes() {
        let is = |name: &str| attribute.eq_ignore_ascii_case(name.as_bytes());
        let (is_class, is_id) = (is("class"), is("id"));
        if is_class {
            let mut family = hasher.clone();
            family.write(first_word(value));
            name.family = family.finish();
            hasher.write(value);
        }
        if is_class || is_id || is("role") || is("itemprop") {
            let kinds = signals::of_name(value);
            name.kinds |= if is_page { 0 } else { kinds };
            // Every name of theirs has one of those words in it.
            name.comments |=
                (is_class || is_id) && may_be_comments && kinds & signals::COMMENT != 0 && are_comments(value);
        } else if is("hidden") || (is("aria-hidden") && value == b"true") || (is("style") && hides(value)) {
            name.places |= HIDDEN;
        }
    }
    name.signature = hasher.finish();
    name
}

fn first_word(value: &[u8]) -> &[u8] {
    value
        .split(u8::is_ascii_whitespace)
        .find(|word| !word.is_empty())
        .unwrap_or_default()
}

fn are_comments(value: &[u8]) -> bool {
    static COMMENTS: LazyLock<Regex> = LazyLock::new(|| {
        // The pattern is written here and compiled by every test run.
        Regex::new(
            r"(?ix)^(?:
                (?:(?:article|post|user|reader|fb|wp|wc|the|div|all|page|entry|story|news|blog)[-_]+)?
                (?:comments?|kommentare?|commentaires?|comentarios?)
                (?:[-_]{0,2}(?:list|area|section|respond|body|content|text|container|wrapper|wrap|thread|block|box|item|holder|inner|tree|\d+))?
                |disqus(?:_thread)?)$",
        )
        .unwrap_or_else(|e| unreachable!("{e}"))
    });
    value.split(u8::is_ascii_whitespace).any(|word| COMMENTS.is_match(word))
}

fn hides(style: &[u8]) -> bool {
    static HIDES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden").unwrap_or_else(|e| unreachable!("{e}"))
    });
    style.len() > 10 && HIDES.is_match(style)
}

/// Text that stands before comments, for them to be comments on it, in characters.
const BEFORE: u32 = 140;
/// The characters of a run that may be such text, and is no label or date.
const A_SENTENCE: u32 = 40;

/// The nearest element that is such, itself or around it, of each element; [`NONE`] where none is.
pub(crate) fn nearest(document: &Document<'_>, is: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut nearest: Vec<u32> = Vec::with_capacity(document.elements.len());
    steps::count(document.elements.len());
    // Elements come behind those around them.
    for (i, element) in (0..).zip(&document.elements) {
        let around = nearest.get(element.parent as usize).copied().unwrap_or(NONE);
        nearest.push(if is(i) { i } else { around });
    }
    nearest
}

/// Levels from a caption or an embed up to what also holds the text that it belongs to.
const LEVELS: usize = 5;

/// Whether a run stands in one of the boxes around an element.
pub(crate) fn is_near(document: &Document<'_>, element: u32, run: u32) -> bool {
    let mut at = element;
    for _ in 0..LEVELS {
        let Some(e) = document.elements.get(at as usize) else {
            return false;
        };
        if (e.first_run..e.next_run).contains(&run) {
            return true;
        }
        at = e.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_readers_have_their_names() {
        for name in [
            "comments",
            "comment-list",
            "x disqus_thread",
            "wp-comments",
            "comment-1234",
            "Kommentare",
        ] {
            assert!(are_comments(name.as_bytes()), "{name}");
        }
        // An article that may be commented on, its count of comments, and the commentary on a match are none.
        for name in [
            "post comments-open",
            "comment-count",
            "live-match-comment-body",
            "no-comments",
            "commentary",
        ] {
            assert!(!are_comments(name.as_bytes()), "{name}");
        }
    }
}
