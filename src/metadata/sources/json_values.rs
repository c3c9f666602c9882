//! JSON as far as its descriptions are read: the properties that are asked for, and nothing that is deep inside of the rest.
//! What templates break is mended and read once more.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{engine::text::squash, steps};

/// Things read at most. A page about one article names tens.
pub(crate) const THINGS: usize = 512;

/// What is read of a thing, by schema.org's names. Everything else is passed over unread.
const PROPERTIES: &[&str] = &[
    "@type",
    "@id",
    "@graph",
    "@value",
    "headline",
    "alternativeHeadline",
    "name",
    "givenName",
    "familyName",
    "author",
    "creator",
    "datePublished",
    "dateCreated",
    "dateModified",
    "description",
    "publisher",
    "image",
    "primaryImageOfPage",
    "thumbnailUrl",
    "contentUrl",
    "url",
    "articleSection",
    "keywords",
    "license",
    "mainEntity",
    "mainEntityOfPage",
];

pub(crate) fn parse(block: &str) -> Option<JsonValue> {
    steps::count(block.len());
    serde_json::from_str(block)
        .or_else(|_| serde_json::from_str(&mend(block)))
        .ok()
}

/// Mends what templates break: comments around the whole, raw control characters and quotation hints inside strings,
/// escapes that JSON does not know, commas before a closing bracket, entities for quotation hints.
fn mend(block: &str) -> String {
    let mut block = block;
    for (open, close) in [
        ("<!--", "-->"),
        ("//<![CDATA[", "//]]>"),
        ("<![CDATA[", "]]>"),
        ("/*<![CDATA[*/", "/*]]>*/"),
    ] {
        block = block.trim().strip_prefix(open).unwrap_or(block);
        block = block.trim().strip_suffix(close).unwrap_or(block);
    }
    let block = block.trim().trim_end_matches(';');
    let decoded = match block.contains("{&quot;") || block.contains("&quot;:") {
        true => htmlize::unescape(block),
        false => block.into(),
    };
    let mut mended = String::with_capacity(decoded.len() + 16);
    let mut is_string = false;
    let mut rest = decoded.as_ref();
    let mut counted = rest.len();
    while let Some(c) = rest.chars().next() {
        steps::count(counted - rest.len());
        counted = rest.len();
        rest = &rest[c.len_utf8()..];
        match c {
            '"' if is_string => {
                is_string = !rest.trim_start().is_empty() && !rest.trim_start().starts_with([',', ':', '}', ']']);
                mended.push_str(if is_string { "\\\"" } else { "\"" });
            }
            '"' => {
                is_string = true;
                mended.push('"');
            }
            // An escape that JSON does not know is left out, and what was escaped stays.
            '\\' if is_string => {
                if let Some(next @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u')) = rest.chars().next() {
                    mended.push('\\');
                    mended.push(next);
                    rest = &rest[1..];
                }
            }
            c if is_string && c.is_control() => mended.push(' '),
            ',' if !is_string && rest.trim_start().starts_with(['}', ']', ',']) => {}
            c => mended.push(c),
        }
    }
    mended
}

/// JSON as far as it is read here.
#[derive(Debug)]
pub(crate) enum JsonValue {
    Text(String),
    List(Vec<JsonValue>),
    Thing(JsonObject),
    Nothing,
}

/// An object: the properties that are read, as (number in [`PROPERTIES`], value).
#[derive(Debug, Default)]
pub(crate) struct JsonObject(pub(crate) Vec<(&'static str, JsonValue)>);

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = JsonValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<JsonValue, E> {
        Ok(JsonValue::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<JsonValue, E> {
        Ok(JsonValue::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<JsonValue, E> {
        Ok(JsonValue::Nothing)
    }

    fn visit_u64<E>(self, _: u64) -> Result<JsonValue, E> {
        Ok(JsonValue::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<JsonValue, E> {
        Ok(JsonValue::Nothing)
    }

    fn visit_unit<E>(self) -> Result<JsonValue, E> {
        Ok(JsonValue::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonValue, A::Error> {
        let mut list = Vec::new();
        while list.len() < THINGS
            && let Some(item) = items.next_element()?
        {
            list.push(item);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(JsonValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsonValue, A::Error> {
        let mut thing = JsonObject::default();
        while let Some(key) = entries.next_key::<String>()? {
            match PROPERTIES.iter().find(|name| **name == key) {
                Some(name) if !thing.0.iter().any(|(given, _)| given == name) => {
                    thing.0.push((name, entries.next_value()?));
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(JsonValue::Thing(thing))
    }
}

impl JsonValue {
    pub(crate) fn items(&self) -> &[JsonValue] {
        match self {
            JsonValue::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// A text, the first of a list, or the name of a thing.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            JsonValue::Text(text) => clean(text),
            JsonValue::List(items) => items.iter().find_map(JsonValue::text),
            JsonValue::Thing(thing) => thing.text(&["@value", "name", "headline"]),
            JsonValue::Nothing => None,
        }
    }
}

impl JsonObject {
    pub(crate) fn get(&self, name: &str) -> Option<&JsonValue> {
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| value)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<JsonValue> {
        let at = self.0.iter().position(|(given, _)| *given == name)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name)?.text())
    }

    /// Whether one of its types is such; a type may be written as a URL.
    pub(crate) fn is(&self, such: impl Fn(&str) -> bool) -> bool {
        let types = self.get("@type").map(JsonValue::items).unwrap_or_default();
        types.iter().any(|value| match value {
            JsonValue::Text(name) => such(name.rsplit(['/', '#', ':']).next().unwrap_or(name)),
            _ => false,
        })
    }
}

/// Decoded, since templates escape for HTML what HTML does not read, and on one line.
pub(crate) fn clean(text: &str) -> Option<String> {
    Some(squash(&htmlize::unescape(text))).filter(|text| !text.is_empty())
}
