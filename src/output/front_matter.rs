//! The front matter of `text/markdown`: what is known of the article, in front of it, so that it is a clean post of a feed.
//!
//! Strings and lists are written as JSON writes them, which YAML 1.2 reads as its own; so no value needs a rule for quotes.
//! What JSON leaves as it is and YAML does not take, or an older YAML takes for a line's end, is escaped in the same form.
//! The names are those that our own reader knows, and a date is written with its offset, or as the day that it is.

use std::fmt::Write as _;

use serde_json::Value;

use crate::metadata::{Facts, dates::Precision};

/// Renders the block between two lines of `---` and the empty line behind it; nothing where nothing is known.
pub fn render(facts: &Facts) -> String {
    let date = facts.date_published.as_ref().map(|date| match date.precision {
        Precision::Day => &date.rfc3339[..10],
        _ => date.rfc3339.as_str(),
    });
    let modified = facts.date_modified.as_ref().map(|date| date.rfc3339.as_str());
    let authors: Vec<&str> = facts.authors.iter().map(|author| author.name.as_str()).collect();
    let mut lines = String::new();
    for (key, value) in [
        ("title", facts.title.as_deref()),
        ("subtitle", facts.subtitle.as_deref()),
        ("url", facts.url.as_deref()),
        ("date", date),
        ("updated", modified),
    ] {
        one(&mut lines, key, value);
    }
    list(&mut lines, "authors", &authors);
    one(&mut lines, "site_name", facts.site_name.as_deref());
    one(&mut lines, "description", facts.summary.as_deref());
    one(&mut lines, "image", facts.image.as_deref());
    one(&mut lines, "lang", facts.language.as_deref());
    one(&mut lines, "section", facts.section.as_deref());
    list(&mut lines, "categories", &facts.categories);
    list(&mut lines, "tags", &facts.tags);
    one(&mut lines, "license", facts.license.as_deref());
    match lines.is_empty() {
        true => lines,
        false => format!("---\n{lines}---\n\n"),
    }
}

fn one(lines: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        entry(lines, key, &Value::from(value));
    }
}

fn list<T: Into<Value> + Clone>(lines: &mut String, key: &str, values: &[T]) {
    if !values.is_empty() {
        entry(lines, key, &Value::from(values.to_vec()));
    }
}

fn entry(lines: &mut String, key: &str, value: &Value) {
    *lines += key;
    *lines += ": ";
    // All of these stand inside quotes, since JSON itself is ASCII.
    for character in value.to_string().chars() {
        match character {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(lines, "\\u{:04x}", u32::from(character)); // to a string it never fails
            }
            other => lines.push(other),
        }
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_back(text: &str) -> Vec<String> {
        let mut lines = String::new();
        entry(&mut lines, "key", &Value::from(vec![text, text]));
        let read: std::collections::BTreeMap<String, Vec<String>> =
            serde_saphyr::from_str(&lines).unwrap_or_else(|error| panic!("{lines:?}: {error}"));
        read["key"].clone()
    }

    #[test]
    fn every_character_is_read_back() {
        for character in '\0'..=char::MAX {
            if u32::from(character) < 0x3000 || u32::from(character) & 0xffff >= 0xfe00 {
                let text = format!("a{character}: b");
                assert_eq!(read_back(&text), [text.as_str(); 2], "{character:?}");
            }
        }
    }

    #[test]
    fn what_yaml_refuses_is_escaped() {
        let mut lines = String::new();
        entry(
            &mut lines,
            "title",
            &Value::from("a\u{7f}\u{80}\u{85}\u{9f}\u{a0}\u{fffe}\u{ffff}中"),
        );
        assert_eq!(
            lines,
            "title: \"a\\u007f\\u0080\\u0085\\u009f\u{a0}\\ufffe\\uffff中\"\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), [text.as_str(); 2]);
        }
    }
}
