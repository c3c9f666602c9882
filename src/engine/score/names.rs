//! What the names of elements say: their tags, classes and ids, looked up once for each element that holds text.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

use foldhash::fast::FixedState;
use regex::bytes::Regex;

use super::hints::{self, Kinds};
use crate::engine::{
    outline::{NONE, Outline},
    tags::Tag,
};

/// Kinds of elements that text may stand in, besides those that classes and ids name.
pub(super) const PLACES: &[(&str, &[Tag])] = &[
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
pub(super) const HIDDEN: u32 = 1 << 31;

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
pub(super) struct Name {
    /// Which of [`PLACES`] it is, and [`HIDDEN`].
    pub(super) places: u32,
    /// Its tag and class.
    pub(super) signature: u64,
    /// Its tag and the first of its classes; the others say `first`, `odd`, `has-image`.
    pub(super) family: u64,
    /// Whether it is called what blogs and newspapers call the comments of their readers.
    comments: bool,
}

/// The names of all elements that hold text; nothing for the others.
#[derive(Debug)]
pub(super) struct Names<'o, 's> {
    outline: &'o Outline<'s>,
    names: Vec<Name>,
    /// What classes, ids and the like say, looked up for those that someone asks about; [`UNKNOWN`] before.
    kinds: Vec<Cell<Kinds>>,
}

/// No kinds that there could be.
const UNKNOWN: Kinds = Kinds::MAX;

impl<'o, 's> Names<'o, 's> {
    pub(super) fn read(outline: &'o Outline<'s>) -> Self {
        let holds_text = |i: usize| outline.characters(i as u32) > 0;
        let name = |i: usize| match holds_text(i) {
            true => name(outline, i as u32),
            false => Name::default(),
        };
        Names {
            outline,
            names: (0..outline.elements.len()).map(name).collect(),
            kinds: vec![Cell::new(UNKNOWN); outline.elements.len()],
        }
    }

    /// The name of an element; that of none says nothing.
    pub(super) fn get(&self, element: u32) -> Name {
        self.names.get(element as usize).copied().unwrap_or_default()
    }

    /// What an element's class, id, role and `itemprop` say.
    pub(super) fn kinds(&self, element: u32) -> Kinds {
        let known = &self.kinds[element as usize];
        if known.get() == UNKNOWN {
            known.set(kinds(self.outline, element));
        }
        known.get()
    }

    /// The outermost elements that are comments of readers on a text before them, in document order.
    ///
    /// Found by name before anything is weighed: five thousand words of comments under a note of fifty read more like an
    /// article than the note does.
    pub(super) fn comments(&self) -> Vec<u32> {
        let outline = self.outline;
        let mut found = Vec::new();
        let (mut before, mut run, mut behind) = (0, 0, 0);
        for (i, element) in outline.elements.iter().enumerate() {
            if (i as u32) < behind || !self.names[i].comments || !element.tag.is_block() {
                continue;
            }
            while run < element.first_run {
                let r = &outline.runs[run as usize];
                before += if r.linked || r.characters < A_SENTENCE {
                    0
                } else {
                    r.characters
                };
                run += 1;
            }
            if before >= BEFORE {
                found.push(i as u32);
                behind = element.next;
            }
        }
        found
    }
}

fn kinds(outline: &Outline<'_>, element: u32) -> Kinds {
    if matches!(outline.elements[element as usize].tag, Tag::HTML | Tag::BODY) {
        return 0;
    }
    let speaks = |name: &[u8]| {
        ["class", "id", "role", "itemprop"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    };
    let attributes = outline.start_tag(element).attributes();
    attributes
        .filter(|(name, _)| speaks(name))
        .fold(0, |kinds, (_, value)| kinds | hints::of_name(value))
}

fn name(outline: &Outline<'_>, element: u32) -> Name {
    let tag = outline.elements[element as usize].tag;
    let mut name = Name {
        places: PLACES_BY_TAG[tag.index()],
        ..Name::default()
    };
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_usize(tag.index());
    name.family = hasher.finish();
    for (attribute, value) in outline.start_tag(element).attributes() {
        let is = |name: &str| attribute.eq_ignore_ascii_case(name.as_bytes());
        let is_class = is("class");
        if is_class {
            let mut family = hasher.clone();
            family.write(first_word(value));
            name.family = family.finish();
            hasher.write(value);
        }
        if is_class || is("id") {
            name.comments |= are_comments(value) && !matches!(tag, Tag::HTML | Tag::BODY | Tag::ARTICLE | Tag::MAIN);
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
    // Few names are even alike.
    let may_be = ["omment", "omentario", "isqus"]
        .iter()
        .any(|part| memchr::memmem::find(value, part.as_bytes()).is_some());
    may_be && value.split(u8::is_ascii_whitespace).any(|word| COMMENTS.is_match(word))
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

/// The nearest element around `element`, itself included, for which `is` holds; or [`NONE`].
pub(super) fn nearest(outline: &Outline<'_>, element: u32, is: impl Fn(u32) -> bool) -> u32 {
    let mut at = element;
    while at != NONE && !is(at) {
        at = outline.elements[at as usize].parent;
    }
    at
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
