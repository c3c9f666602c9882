//! Fields that rules take: named groups of a line or a comment, and elements by selector.

use super::units::pictures;
use crate::{
    engine::{
        document::{Document, Event},
        html::tags::Tag,
        text::squash,
    },
    rules::{FieldName, RuleSet},
};

/// Bytes of an element's text that can be a field: a selector that meets an article gives no title.
const VALUE_BYTES: usize = 1024;

/// A value that a rule took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleField {
    /// What it is.
    pub name: FieldName,
    /// As it stands there, white space squashed.
    pub value: String,
    /// The rule's number.
    pub rule: u16,
    /// Where in the source it stands.
    pub at: usize,
}

/// Takes what the named groups of a pattern match in `text`, which stands at `at`.
pub(crate) fn of_text(regex: Option<&regex::Regex>, text: &str, rule: u16, at: usize, fields: &mut Vec<RuleField>) {
    let Some(regex) = regex else { return };
    let Some(captures) = regex.captures(text) else { return };
    for group in regex.capture_names().flatten() {
        let value = captures.name(group).map(|m| m.as_str().trim());
        if let Some((name, value)) = FieldName::of_group(group).zip(value.filter(|value| !value.is_empty())) {
            let value = value.to_owned();
            fields.push(RuleField { name, value, rule, at });
        }
    }
}

/// An element whose text is being read.
struct FieldReader {
    element: u32,
    name: FieldName,
    rule: u16,
    text: String,
}

/// Takes the fields of elements: what an attribute says where there is one for it (as HTML's microdata reads its values),
/// else the visible text.
pub(crate) fn of_elements(document: &Document<'_>, rules: &RuleSet, fields: &mut Vec<RuleField>) {
    if document.takes.is_empty() {
        return;
    }
    let mut waiting = document.takes.iter().copied().peekable();
    let mut open: Vec<FieldReader> = Vec::new();
    for event in &document.events {
        match *event {
            Event::Text(run) => {
                for reading in open.iter_mut().filter(|reading| reading.text.len() <= VALUE_BYTES) {
                    let text = document.run_text(run);
                    reading.text.push_str(&document.runs[run as usize].decode(text));
                }
            }
            Event::Open(id) => {
                part_words(document, id, &mut open);
                while let Some((element, rule)) = waiting.next_if(|(element, _)| *element == id) {
                    let Some(name) = rules.rules()[rule as usize].field else {
                        continue;
                    };
                    match of_attribute(document, element, name) {
                        Some(value) => fields.push(RuleField {
                            name,
                            value,
                            rule,
                            at: document.elements[element as usize].start as usize,
                        }),
                        None if name == FieldName::Image => {}
                        None => open.push(FieldReader {
                            element,
                            name,
                            rule,
                            text: String::new(),
                        }),
                    }
                }
            }
            Event::Close(id) => {
                part_words(document, id, &mut open);
                let closed = open.extract_if(.., |reading| reading.element == id);
                fields.extend(closed.filter_map(|reading| {
                    let value = squash(&reading.text);
                    (!value.is_empty() && reading.text.len() <= VALUE_BYTES).then(|| RuleField {
                        name: reading.name,
                        value,
                        rule: reading.rule,
                        at: document.elements[reading.element as usize].start as usize,
                    })
                }));
            }
        }
    }
}

/// What stands in two blocks, or on two lines, are two words.
fn part_words(document: &Document<'_>, element: u32, open: &mut [FieldReader]) {
    let tag = document.elements[element as usize].tag;
    if tag.is_block() || tag == Tag::BR {
        for reading in open.iter_mut().filter(|reading| reading.text.len() <= VALUE_BYTES) {
            reading.text.push(' ');
        }
    }
}

fn of_attribute(document: &Document<'_>, element: u32, name: FieldName) -> Option<String> {
    let attribute = |name: &str| {
        let value = squash(&htmlize::unescape_attribute(document.attribute(element, name)?));
        (!value.is_empty()).then_some(value)
    };
    let tag = document.elements[element as usize].tag;
    match name {
        _ if tag == Tag::META => attribute("content"),
        FieldName::Image if matches!(tag, Tag::LINK | Tag::A) => attribute("href"),
        FieldName::Image => {
            let inside = element..document.elements[element as usize].next;
            let mut images = inside.filter(|i| document.elements[*i as usize].tag == Tag::IMG);
            images.find_map(|image| pictures::source(document, image))
        }
        FieldName::Date => attribute("datetime"),
        _ => None,
    }
}
