//! Fields that rules take: named groups of a line or a comment, and elements by selector.

use super::{lines::squash, units::pictures};
use crate::engine::html::{
    document::{Event, Outline},
    tags::Tag,
};
use crate::rules::{FieldName, RuleSet};

/// Bytes of an element's text that can be a field: a selector that meets an article gives no title.
const VALUE_BYTES: usize = 1024;

/// A value that a rule took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
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
pub(crate) fn of_text(regex: Option<&regex::Regex>, text: &str, rule: u16, at: usize, fields: &mut Vec<Field>) {
    let Some(regex) = regex else { return };
    let Some(captures) = regex.captures(text) else { return };
    for group in regex.capture_names().flatten() {
        let value = captures.name(group).map(|m| m.as_str().trim());
        if let Some((name, value)) = FieldName::of_group(group).zip(value.filter(|value| !value.is_empty())) {
            let value = value.to_owned();
            fields.push(Field { name, value, rule, at });
        }
    }
}

/// An element whose text is being read.
struct Reading {
    element: u32,
    name: FieldName,
    rule: u16,
    text: String,
}

/// Takes the fields of elements: what an attribute says where there is one for it (as HTML's microdata reads its values),
/// else the visible text.
pub(crate) fn of_elements(outline: &Outline<'_>, rules: &RuleSet, fields: &mut Vec<Field>) {
    if outline.takes.is_empty() {
        return;
    }
    let mut waiting = outline.takes.iter().copied().peekable();
    let mut open: Vec<Reading> = Vec::new();
    for event in &outline.events {
        match *event {
            Event::Text(run) => {
                for reading in open.iter_mut().filter(|reading| reading.text.len() <= VALUE_BYTES) {
                    let text = outline.run_text(run);
                    reading.text.push_str(&outline.runs[run as usize].decode(text));
                }
            }
            Event::Open(id) => {
                part_words(outline, id, &mut open);
                while let Some((element, rule)) = waiting.next_if(|(element, _)| *element == id) {
                    let Some(name) = rules.rules()[rule as usize].field else {
                        continue;
                    };
                    match of_attribute(outline, element, name) {
                        Some(value) => fields.push(Field {
                            name,
                            value,
                            rule,
                            at: outline.elements[element as usize].start as usize,
                        }),
                        None if name == FieldName::Image => {}
                        None => open.push(Reading {
                            element,
                            name,
                            rule,
                            text: String::new(),
                        }),
                    }
                }
            }
            Event::Close(id) => {
                part_words(outline, id, &mut open);
                let closed = open.extract_if(.., |reading| reading.element == id);
                fields.extend(closed.filter_map(|reading| {
                    let value = squash(&reading.text);
                    (!value.is_empty() && reading.text.len() <= VALUE_BYTES).then(|| Field {
                        name: reading.name,
                        value,
                        rule: reading.rule,
                        at: outline.elements[reading.element as usize].start as usize,
                    })
                }));
            }
        }
    }
}

/// What stands in two blocks, or on two lines, are two words.
fn part_words(outline: &Outline<'_>, element: u32, open: &mut [Reading]) {
    let tag = outline.elements[element as usize].tag;
    if tag.is_block() || tag == Tag::BR {
        for reading in open.iter_mut().filter(|reading| reading.text.len() <= VALUE_BYTES) {
            reading.text.push(' ');
        }
    }
}

fn of_attribute(outline: &Outline<'_>, element: u32, name: FieldName) -> Option<String> {
    let attribute = |name: &str| {
        let value = squash(&htmlize::unescape_attribute(outline.attribute(element, name)?));
        (!value.is_empty()).then_some(value)
    };
    let tag = outline.elements[element as usize].tag;
    match name {
        _ if tag == Tag::META => attribute("content"),
        FieldName::Image if matches!(tag, Tag::LINK | Tag::A) => attribute("href"),
        FieldName::Image => {
            let inside = element..outline.elements[element as usize].next;
            let mut images = inside.filter(|i| outline.elements[*i as usize].tag == Tag::IMG);
            images.find_map(|image| pictures::source(outline, image))
        }
        FieldName::Date => attribute("datetime"),
        _ => None,
    }
}
