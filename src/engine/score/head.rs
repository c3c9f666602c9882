//! What the head of a page says of its article: the title and the descriptions, to know them again in the text.

use crate::engine::{outline::Outline, tags::Tag};

/// What the head of the page says, in letters alone.
pub(super) struct Known {
    title: String,
    descriptions: Vec<String>,
}

/// The letters from which on two texts can be said to be the same.
const TITLE_LETTERS: usize = 8;
const DESCRIPTION_LETTERS: usize = 30;

impl Known {
    pub(super) fn read(outline: &Outline<'_>) -> Self {
        let mut known = Known {
            title: String::new(),
            descriptions: Vec::new(),
        };
        for (i, element) in outline.elements.iter().enumerate() {
            if element.tag == Tag::TITLE && known.title.is_empty() {
                known.title = letters(&htmlize::unescape(outline.raw_text(i as u32)));
            } else if element.tag == Tag::META && known.descriptions.len() < 4 {
                let is = |attribute: &str| {
                    let value = outline.attribute(i as u32, attribute).unwrap_or_default();
                    value.eq_ignore_ascii_case("description") || value.ends_with(":description")
                };
                if is("property") || is("name") {
                    let text = outline.attribute(i as u32, "content").unwrap_or_default();
                    known.descriptions.push(letters(&htmlize::unescape_attribute(text)));
                }
            }
        }
        known.descriptions.retain(|text| text.len() >= DESCRIPTION_LETTERS);
        known.descriptions.dedup();
        known
    }

    /// Whether a text is the title, or (the beginning of) a description.
    pub(super) fn compare(&self, text: &str) -> (bool, bool) {
        // Most texts are not even alike.
        let begins: String = just_letters(text).take(TITLE_LETTERS).collect();
        let is_in = |whole: &String| memchr::memmem::find(whole.as_bytes(), begins.as_bytes()).is_some();
        let holds_title = !self.title.is_empty() && (self.title.len()..self.title.len() * 3).contains(&text.len());
        if begins.len() < TITLE_LETTERS || !(holds_title || is_in(&self.title) || self.descriptions.iter().any(is_in)) {
            return (false, false);
        }
        let own = letters(text);
        let is_title = own.len() >= TITLE_LETTERS
            && !self.title.is_empty()
            && (self.title.contains(&own) || (own.len() * 2 < self.title.len() * 3 && own.contains(&self.title)));
        let begins_with = |description: &String| {
            let most = description.get(..description.len() * 9 / 10).unwrap_or(description);
            description.contains(&own) || own.starts_with(most)
        };
        let is_description = own.len() >= DESCRIPTION_LETTERS && self.descriptions.iter().any(begins_with);
        (is_title, is_description)
    }
}

fn letters(text: &str) -> String {
    just_letters(text).collect()
}

fn just_letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
}
