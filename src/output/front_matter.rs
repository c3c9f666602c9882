//! The front matter of `text/markdown`: what is known of the article, in front of it, so that it is a clean post of a feed.
//!
//! Strings and lists are written as JSON writes them, which YAML 1.2 reads as its own; so no value needs a rule for quotes.
//! The names are those that our own reader knows, and a date is written with its offset, or as the day that it is.

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
        *lines += &format!("{key}: {}\n", serde_json::Value::from(value));
    }
}

fn list<T: Into<serde_json::Value> + Clone>(lines: &mut String, key: &str, values: &[T]) {
    if !values.is_empty() {
        *lines += &format!("{key}: {}\n", serde_json::Value::from(values.to_vec()));
    }
}
