//! What the head of a page says of its article: the title and the descriptions, to know them again in the text.

use memchr::memmem::Finder;

use crate::{
    engine::{document::Document, html::tags::Tag},
    steps,
};

/// What the head of the page says, in letters alone.
pub(crate) struct HeadText {
    title: String,
    descriptions: Vec<String>,
    /// Finds the title.
    find_title: Finder<'static>,
    /// Which letters stand together in them, as many as [`TITLE_LETTERS`]: a bit for each, by [`bit_of`].
    parts: Vec<u64>,
    /// The letters of the text that is compared.
    own: String,
}

/// The letters from which on two texts can be said to be the same.
const TITLE_LETTERS: usize = 8;
const DESCRIPTION_LETTERS: usize = 30;
/// Descriptions that are looked at: Dublin Core, OpenGraph and Twitter have their own.
const DESCRIPTIONS: usize = 4;
/// Letters of a title or a description that are known again: a block that may be one of them has fewer.
const LETTERS: usize = 2048;
/// Words of bits for the parts: 8,192 bits, for some hundred letters.
const WORDS: usize = 128;

impl HeadText {
    pub(crate) fn read(document: &Document<'_>) -> Self {
        let mut known = HeadText {
            title: String::new(),
            descriptions: Vec::new(),
            find_title: Finder::new(b"").into_owned(),
            parts: vec![0; WORDS],
            own: String::new(),
        };
        for (i, element) in document.elements.iter().enumerate() {
            if element.tag == Tag::TITLE && known.title.is_empty() {
                let title = htmlize::unescape(document.raw_text(i as u32));
                push_letters(&title, LETTERS, &mut known.title);
            } else if element.tag == Tag::META && known.descriptions.len() < DESCRIPTIONS {
                known.descriptions.extend(description(document, i as u32));
            }
        }
        known.descriptions.retain(|text| text.len() >= DESCRIPTION_LETTERS);
        known.descriptions.dedup();
        known.find_title = Finder::new(known.title.as_bytes()).into_owned();
        for text in std::iter::once(&known.title).chain(&known.descriptions) {
            let letters: Vec<char> = text.chars().collect();
            for part in letters.windows(TITLE_LETTERS) {
                let (word, bit) = bit_of(part.iter().copied());
                known.parts[word] |= bit;
            }
        }
        known
    }

    /// Whether a text is the title, or (the beginning of) a description.
    pub(crate) fn compare(&mut self, text: &str) -> (bool, bool) {
        steps::count(text.len());
        self.own.clear();
        push_letters(text, TITLE_LETTERS, &mut self.own);
        if self.own.len() < TITLE_LETTERS {
            return (false, false);
        }
        // Most texts are not even alike.
        let is_alike = self.holds(&self.own);
        let title = self.title.len();
        let may_hold_title = title > 0 && (title..title * 3).contains(&text.len());
        if !is_alike && !may_hold_title {
            return (false, false);
        }
        self.own.clear();
        push_letters(text, usize::MAX, &mut self.own);
        let own = &self.own;
        let holds_title = title > 0 && own.len() * 2 < title * 3 && self.find_title.find(own.as_bytes()).is_some();
        if !is_alike {
            return (own.len() >= TITLE_LETTERS && holds_title, false);
        }
        let is_title = own.len() >= TITLE_LETTERS && title > 0 && (self.title.contains(own) || holds_title);
        let begins_with = |description: &String| {
            let most = description.get(..description.len() * 9 / 10).unwrap_or(description);
            description.contains(own) || own.starts_with(most)
        };
        let is_description = own.len() >= DESCRIPTION_LETTERS && self.descriptions.iter().any(begins_with);
        (is_title, is_description)
    }

    /// Whether the first letters of a text stand in the title or a description.
    fn holds(&self, begins: &str) -> bool {
        let (word, bit) = bit_of(begins.chars());
        let may_hold = self.parts[word] & bit != 0 || begins.chars().count() < TITLE_LETTERS;
        if may_hold {
            steps::count(self.title.len() + self.descriptions.iter().map(String::len).sum::<usize>());
        }
        may_hold && (self.title.contains(begins) || self.descriptions.iter().any(|text| text.contains(begins)))
    }
}

/// What a `meta` says, if it is a description.
fn description(document: &Document<'_>, meta: u32) -> Option<String> {
    let (mut is_description, mut content) = (false, None);
    for (name, value) in document.start_tag(meta).attributes() {
        if name.eq_ignore_ascii_case(b"content") {
            content = content.or(Some(value));
        } else if name.eq_ignore_ascii_case(b"name") || name.eq_ignore_ascii_case(b"property") {
            is_description |= value.eq_ignore_ascii_case(b"description") || value.ends_with(b":description");
        }
    }
    let content = std::str::from_utf8(content.unwrap_or_default()).unwrap_or_default();
    let mut letters = String::new();
    if is_description {
        push_letters(&htmlize::unescape_attribute(content), LETTERS, &mut letters);
    }
    is_description.then_some(letters)
}

/// The word and the bit of so many letters.
fn bit_of(letters: impl Iterator<Item = char>) -> (usize, u64) {
    let hash = letters.fold(0u64, |hash, c| {
        (hash ^ u64::from(c))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
    });
    (hash as usize % WORDS, 1 << (hash >> 58))
}

/// Adds the first letters and digits of a text, in lower case.
fn push_letters(text: &str, most: usize, to: &mut String) {
    let mut count = 0;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            to.push(c.to_ascii_lowercase());
            count += 1;
        } else if !c.is_ascii() && c.is_alphanumeric() {
            to.extend(c.to_lowercase());
            count += 1;
        }
        if count == most {
            return;
        }
    }
}
