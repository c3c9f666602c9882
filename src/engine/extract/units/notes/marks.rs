//! What says that something is a footnote: marks, arrows, names and superscript.

use super::{Document, LOOKED_AT, MARK_CHARACTERS, STEPS, Tag};

/// What footnotes are called, in a class, an id or a role.
const NAMES: &[&str] = &[
    "footnote",
    "endnote",
    "cite_note",
    "reference",
    "citation",
    "ftn",
    "fn-",
    "fn:",
    "footdef",
];

/// The decoded text of an element.
pub(crate) fn text(document: &Document<'_>, id: u32) -> String {
    let element = &document.elements[id as usize];
    let mut text = String::new();
    for run in element.first_run..element.next_run {
        text.push_str(&document.runs[run as usize].decode(document.run_text(run)));
    }
    text
}

/// The first characters of the text of an element, decoded.
pub(crate) fn beginning(document: &Document<'_>, id: u32) -> String {
    let element = &document.elements[id as usize];
    let mut text = String::new();
    for run in (element.first_run..element.next_run).take(LOOKED_AT) {
        let start = document.run_text(run);
        let end = start
            .char_indices()
            .nth(MARK_CHARACTERS as usize * 4)
            .map_or(start.len(), |(i, _)| i);
        text.push_str(&document.runs[run as usize].decode(&start[..end]));
        if text.trim_start().len() > MARK_CHARACTERS as usize {
            break;
        }
    }
    text
}

/// A text without white space and brackets.
pub(crate) fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !"[](){}".contains(*c))
        .collect()
}

/// What a reference says, if it may be one: a number, a letter, a sign, or a word with a number.
pub(crate) fn mark(text: &str) -> Option<String> {
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let plain = |c: char| {
        let digit = RAISED.chars().position(|raised| raised == c)?;
        char::from_digit(digit as u32, 10)
    };
    let own = bare(text);
    // The second reference to a note may say so: `1:1`.
    let own: String = own
        .split_once(':')
        .filter(|(number, again)| {
            [number, again]
                .iter()
                .all(|part| part.bytes().all(|b| b.is_ascii_digit()))
        })
        .map_or(own.as_str(), |(number, _)| number)
        .trim_end_matches(['.', ':', ','])
        .chars()
        .map(|c| plain(c).unwrap_or(c).to_ascii_lowercase())
        .collect();
    let letters = own.chars().take_while(|c| c.is_alphabetic()).count();
    let rest = own.chars().skip(letters).count();
    let digits = own.chars().skip(letters).filter(char::is_ascii_digit).count();
    let is_mark = match (letters, rest) {
        (0, 0) => false,
        (0, _) if digits == rest => digits <= 4,
        (0, _) => own.chars().all(|c| "*†‡§¶‖#※".contains(c)) && rest <= 3,
        (1, 0) => true,
        (_, 0) => letters <= 6 && own.chars().all(|c| "ivxlc".contains(c)),
        _ => digits == rest && letters <= 8 && digits <= 4,
    };
    is_mark.then_some(own)
}

/// Whether a text is nothing but an arrow back.
pub(crate) fn is_arrow(text: &str) -> bool {
    let mut signs = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{fe0e}' | '\u{fe0f}'));
    signs.clone().next().is_some() && signs.all(|c| "↩↑↵⤴⏎^⬆↖⮐⤶".contains(c))
}

/// Whether a link says that it leads back.
pub(crate) fn is_back(document: &Document<'_>, link: u32) -> bool {
    let [class, role, data] = document.attributes(link, ["class", "role", "data-footnote-backref"]);
    let says =
        |value: Option<&str>| value.is_some_and(|value| value.contains("back") || value.contains("reversefootnote"));
    says(class) || says(role) || data.is_some() || is_arrow(&text(document, link))
}

/// Whether a reference is superscript.
pub(crate) fn is_superscript(document: &Document<'_>, reference: u32) -> bool {
    let element = &document.elements[reference as usize];
    let inside = &document.elements[reference as usize + 1..element.next as usize];
    let mut around = element.parent;
    for _ in 0..STEPS {
        match document.elements.get(around as usize) {
            Some(element) if element.tag == Tag::SUP => return true,
            Some(element) => around = element.parent,
            None => break,
        }
    }
    inside.iter().any(|element| element.tag == Tag::SUP)
}

/// Whether a class, an id or a role says that a note stands here.
pub(crate) fn is_named(document: &Document<'_>, target: u32, block: u32) -> bool {
    let says = |id: u32| {
        let values = document.attributes(id, ["id", "class", "role"]);
        values.into_iter().flatten().any(|value| {
            let value = htmlize::unescape_attribute(value).to_ascii_lowercase();
            NAMES.iter().any(|name| value.contains(name))
        })
    };
    if says(target) {
        return true;
    }
    let mut around = block;
    for _ in 0..STEPS {
        let Some(element) = document.elements.get(around as usize) else {
            return false;
        };
        if matches!(element.tag, Tag::HTML | Tag::BODY) {
            return false;
        }
        if says(around) {
            return true;
        }
        around = element.parent;
    }
    false
}
