//! What the caller knows already: it takes the place of all that the document says.

use crate::{
    engine::text::squash,
    error::{Warning, WarningCode},
    input::{CallerMetadata, request::caller_metadata::Named},
    metadata::{Author, Editor, Facts, Outlet, Source, clean_title, dates},
};

/// Puts the caller's facts in the place of those that were found. The language has been decided on before, since the
/// others are read by it.
pub(crate) fn overrule(facts: &mut Facts, known: &CallerMetadata) {
    if let Some(title) = &known.title {
        facts.title = Some(clean_title(title));
        facts.title_raw = Some(title.clone());
        facts.say("title", Source::Caller, None);
    }
    for (name, given, fact) in [
        ("subtitle", &known.subtitle, &mut facts.subtitle),
        ("summary", &known.summary, &mut facts.summary),
        ("byline", &known.byline, &mut facts.byline),
        ("site_name", &known.site_name, &mut facts.site_name),
        ("section", &known.section, &mut facts.section),
        ("license", &known.license, &mut facts.license),
    ] {
        if let Some(given) = given {
            *fact = Some(squash(given));
            facts.provenance.insert(name, by_caller());
        }
    }
    for (name, given, fact) in [
        ("image", &known.image, &mut facts.image),
        ("canonical_url", &known.canonical_url, &mut facts.canonical_url),
    ] {
        if given.is_some() {
            fact.clone_from(given);
            facts.provenance.insert(name, by_caller());
        }
    }
    for (name, given, fact) in [
        ("tags", &known.tags, &mut facts.tags),
        ("categories", &known.categories, &mut facts.categories),
    ] {
        if let Some(given) = given {
            *fact = given.as_slice().to_vec();
            facts.provenance.insert(name, by_caller());
        }
    }
    people(facts, known);
    dates(facts, known);
}

fn by_caller() -> crate::metadata::Provenance {
    crate::metadata::Provenance {
        source: Source::Caller,
        confidence: crate::metadata::Confidence::Certain,
        raw: None,
        rule: None,
    }
}

fn people(facts: &mut Facts, known: &CallerMetadata) {
    if let Some(authors) = &known.authors {
        facts.authors = authors.as_slice().iter().map(author).collect();
        facts.say("authors", Source::Caller, None);
        if known.byline.is_none() {
            facts.byline = (!facts.authors.is_empty()).then(|| crate::metadata::joined_names(&facts.authors));
            facts.provenance.remove("byline");
        }
    }
    if let Some(editors) = &known.editors {
        let editors = editors.as_slice().iter().map(|one| squash(one.name()));
        facts.editors = editors.map(|name| Editor { name }).collect();
        facts.say("editors", Source::Caller, None);
    }
    if let Some(source) = &known.source {
        let Author { name, url } = author(source);
        facts.source = Some(Outlet { name, url });
        facts.say("source", Source::Caller, None);
    }
}

fn author(named: &Named) -> Author {
    Author {
        name: squash(named.name()),
        url: named.url().map(str::to_owned),
    }
}

/// A date that cannot be read leaves what was found, with a warning.
fn dates(facts: &mut Facts, known: &CallerMetadata) {
    for (name, given) in [
        ("date_published", &known.date_published),
        ("date_modified", &known.date_modified),
    ] {
        let Some(raw) = given else { continue };
        let Some(date) = dates::parse(raw) else {
            let detail = format!("the caller's {name} is no date: {raw:?}");
            facts.warnings.push(Warning::new(WarningCode::DateUnreadable, detail));
            continue;
        };
        facts.say(name, Source::Caller, Some(raw.clone()));
        if name == "date_published" {
            facts.date_published = Some(date);
            facts.date_published_raw = Some(raw.clone());
        } else {
            facts.date_modified = Some(date);
        }
    }
}
