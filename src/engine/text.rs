//! Text as it is compared and shown: white space squashed, comments without their marks.

use super::html::tokens::MAY_BE_BLANK;
use crate::steps;

/// What stands between the marks of a comment.
pub(crate) fn comment_text(source: &str) -> &str {
    let text = source.strip_prefix("<!--").unwrap_or(source);
    text.strip_suffix("-->").unwrap_or(text)
}

/// White space runs become one blank, none at the ends.
pub fn squash(text: &str) -> String {
    let mut squashed = String::with_capacity(text.len());
    squash_onto(&mut squashed, &mut false, text);
    squashed
}

/// Adds a text as [`squash`] makes it.
pub fn squash_into(text: &mut String, piece: &str) {
    squash_onto(text, &mut false, piece.trim_start());
}

/// Adds a piece to a squashed text. `parted` says whether white space was passed since its last word.
pub(crate) fn squash_onto(text: &mut String, parted: &mut bool, piece: &str) {
    steps::count(piece.len());
    let bytes = piece.as_bytes();
    let is_plain = |byte: u8| !MAY_BE_BLANK[usize::from(byte)];
    let mut at = 0;
    while at < bytes.len() {
        // Words with one blank between them are added at once.
        let from = at;
        let blank = loop {
            let plain = bytes[at..].iter().position(|byte| !is_plain(*byte));
            at += plain.unwrap_or(bytes.len() - at);
            if at > from && bytes[at..].starts_with(b" ") && bytes.get(at + 1).copied().is_some_and(is_plain) {
                at += 2;
                continue;
            }
            let Some(c) = piece[at..].chars().next() else { break 0 };
            if c.is_whitespace() {
                break c.len_utf8();
            }
            at += c.len_utf8();
        };
        if at > from {
            add_words(text, *parted, &piece[from..at]);
        }
        // Nothing stands behind the last word of a piece that ends in one.
        *parted = blank > 0 || (*parted && at == from);
        at += blank;
    }
}

pub(crate) fn add_words(text: &mut String, parted: bool, words: &str) {
    if parted && !text.is_empty() {
        text.push(' ');
    }
    text.push_str(words);
}
