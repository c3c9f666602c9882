//! What front matter says: the feed's own words, which come before all that a page says.

use std::collections::HashSet;

use crate::{
    engine::text::squash,
    input::FrontMatter,
    metadata::{Author, Facts, Source, dates},
};

pub(crate) fn read(facts: &mut Facts, front: &FrontMatter) {
    if let Some(title) = front.text("title") {
        facts.set_title(title, Source::FrontMatter);
    }
    if let Some(date) = ["date", "published", "pubDate", "date_published"]
        .iter()
        .find_map(|key| front.text(key))
    {
        facts.set_date(date, Source::FrontMatter);
    }
    let modified = ["updated", "lastmod", "modified", "date_modified"]
        .iter()
        .find_map(|key| dates::parse(front.text(key)?));
    if modified.is_some() {
        facts.date_modified = modified;
        facts.say("date_modified", Source::FrontMatter, None);
    }
    facts.categories = list(front, &["categories", "category"]);
    facts.tags = list(front, &["tags", "keywords"]);
    for (field, set) in [
        ("categories", !facts.categories.is_empty()),
        ("tags", !facts.tags.is_empty()),
    ] {
        if set {
            facts.say(field, Source::FrontMatter, None);
        }
    }
    // A feed's name stands among its own categories; anyone else is a person.
    let categories: HashSet<String> = facts.categories.iter().cloned().collect();
    for author in list(front, &["author", "authors"]) {
        if categories.contains(&author) && facts.site_name.is_none() {
            facts.site_name = Some(author);
            facts.say("site_name", Source::FrontMatter, None);
        } else if !categories.contains(&author) {
            facts.authors.push(Author {
                name: author,
                url: None,
            });
            facts.say("authors", Source::FrontMatter, None);
        }
    }
    if let Some(name) = front.text("site_name").or_else(|| front.text("site")) {
        facts.site_name = Some(name.to_owned());
        facts.say("site_name", Source::FrontMatter, None);
    }
    for (field, keys) in [
        ("subtitle", &["subtitle", "subheadline", "dek"][..]),
        ("license", &["license", "licence"]),
    ] {
        let Some(text) = keys
            .iter()
            .find_map(|key| front.text(key))
            .map(squash)
            .filter(|text| !text.is_empty())
        else {
            continue;
        };
        match field {
            "subtitle" => facts.subtitle = Some(text),
            _ => facts.license = Some(text),
        }
        facts.say(field, Source::FrontMatter, None);
    }
    if let Some(section) = front.text("section").map(squash).filter(|text| !text.is_empty()) {
        facts.section = Some(section);
        facts.say("section", Source::FrontMatter, None);
    }
    if let Some(summary) = ["description", "excerpt", "summary"]
        .iter()
        .find_map(|key| front.text(key))
    {
        facts.summary = Some(squash(summary)).filter(|text| !text.is_empty());
        facts.say("summary", Source::FrontMatter, None);
    }
}

/// A list in front matter, or a single value as a list of one; without empty items and the stray dash of ` - news`.
fn list(front: &FrontMatter, keys: &[&str]) -> Vec<String> {
    let Some(key) = keys.iter().find(|key| front.get(key).is_some()) else {
        return Vec::new();
    };
    let clean = front
        .list(key)
        .into_iter()
        .map(|text| squash(text.trim().strip_prefix("- ").unwrap_or(text)));
    clean.filter(|text| !text.is_empty()).collect()
}
