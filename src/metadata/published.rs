//! When an article was published and last changed: its sources compared.
//!
//! The first source that gives a day is believed, unless readers see another day at the title that a second source says
//! too. A moment that is stated in UTC, and printed on the clocks of the place, shows the page's own offset.

use std::ops::Range;

use memchr::memmem;

use super::{
    Facts, Source, Sources, datelines,
    dates::{Date, Precision},
    head::Topic,
    json_ld::Described,
    page::Said,
    printed, titles,
};
use crate::{
    engine::{Outline, tags::Tag},
    error::Warning,
};

/// Bytes of source behind the text where a line may say when it was published.
const LABELLED: usize = 12_000;

/// Minutes that any two places' clocks are apart.
const CLOCKS_APART: i64 = 14 * 60;

/// Places in scripts where a date is looked for.
const IN_SCRIPTS: usize = 16;

/// By these names the state of an application that draws the page says when it was published.
const STATE: &[&str] = &[
    "datePublished",
    "publishedDate",
    "published_at",
    "publishedAt",
    "publishDate",
    "publish_date",
    "publicationDate",
    "publication_date",
];

/// A date, as it was written, and who wrote it.
#[derive(Clone)]
struct Found {
    date: Date,
    raw: String,
    source: Source,
}

pub(super) fn decide(facts: &mut Facts, sources: &Sources<'_>, said: &Said, text: &Range<usize>) {
    let language = facts.language.clone();
    let language = language.as_deref();
    let (mut found, unreadable) = declared(sources, said, language);
    if let Some((date, raw, source)) = said.printed.date.clone() {
        found.push(Found { date, raw, source });
    }
    let before = |found: &Found| !is_after(&found.date, sources);
    found.retain(before);
    // As sources are declared, so they are trusted; the first of each stays the first.
    found.sort_by_key(|found| found.source);
    if found.is_empty()
        && let Some((url, _)) = &sources.address.url
        && let Some((date, raw)) = datelines::in_path(url.path())
    {
        let source = Source::Url;
        found.push(Found { date, raw, source });
    }
    // Many days at the beginning are those of other articles.
    let shown = match said.printed.is_list {
        true => Vec::new(),
        false => shown(&said.near, language),
    };
    let shown: Vec<Found> = shown.into_iter().filter(before).collect();
    if found.iter().all(|found| found.date.precision == Precision::Day) {
        let first = found.first().map(|found| found.date.day().to_owned());
        let is_that = |other: &&Found| first.as_ref().is_none_or(|day| day == other.date.day());
        found.extend(shown.iter().find(is_that).cloned());
    }
    if found.is_empty() && !said.near.is_empty() && !said.printed.is_list {
        found.extend(elsewhere(sources, text, language));
    }
    let Some(first) = found.first() else {
        if let Some(raw) = unreadable {
            let warning = Warning::new("date_unreadable", format!("{raw:?} is no date"));
            facts.warnings.push(warning);
            facts.date_published_raw.get_or_insert(raw);
        }
        return;
    };
    let day = outvoting(first, &found, &shown).unwrap_or(first);
    let to_the_minute = |other: &&Found| other.date.precision != Precision::Day && other.date.day() == day.date.day();
    let is_vague = day.date.precision == Precision::Day;
    let exact = found.iter().find(to_the_minute).filter(|_| is_vague).unwrap_or(day);
    let date = on_local_clocks(&exact.date, &found, &shown).unwrap_or_else(|| exact.date.clone());
    facts.say("date_published", exact.source, Some(exact.raw.clone()));
    facts.date_published = Some(date);
    facts.date_published_raw = Some(exact.raw.clone());
}

/// Whether a date is later than the caller has fetched the document: that of an event, or a mistake. One that names no
/// zone is given the benefit of the earliest clocks.
fn is_after(date: &Date, sources: &Sources<'_>) -> bool {
    let Some(fetched) = sources.page.fetched_at else {
        return false;
    };
    let offset = date.offset.map_or(CLOCKS_APART, i64::from);
    (date.local_minute() - offset) * 60 > fetched.as_second()
}

/// What JSON-LD and `meta` say, and the first value that is no date.
fn declared(sources: &Sources<'_>, said: &Said, language: Option<&str>) -> (Vec<Found>, Option<String>) {
    let json_ld = said.described.published.as_deref().map(|raw| (raw, Source::JsonLd));
    let meta = sources.address.head.said(Topic::Published);
    let (mut found, mut unreadable) = (Vec::new(), None);
    for (raw, source) in json_ld.into_iter().chain(meta) {
        match printed::read_date(raw, language) {
            Some(date) => found.push(Found {
                date,
                raw: raw.to_owned(),
                source,
            }),
            None => {
                unreadable.get_or_insert_with(|| raw.to_owned());
            }
        }
    }
    (found, unreadable)
}

/// The first date of each line.
fn shown(lines: &str, language: Option<&str>) -> Vec<Found> {
    let dates = lines.lines().filter_map(|line| {
        let (date, range) = datelines::find(line, language)?;
        let raw = line[range].trim().to_owned();
        let source = Source::Html;
        Some(Found { date, raw, source })
    });
    dates.collect()
}

/// Where nobody has said it: a line that says which date it is, the end of the document's title, the state of a script.
fn elsewhere(sources: &Sources<'_>, text: &Range<usize>, language: Option<&str>) -> Option<Found> {
    let outline = sources.outline;
    let labelled = || {
        let lines = printed::lines(outline, text.start..text.end + LABELLED);
        datelines::labelled(&lines, language)
    };
    let in_title = || {
        let title = sources.address.head.title.as_deref()?;
        let behind = titles::behind_border(title)?;
        let (date, range) = datelines::find(behind, language)?;
        Some((date, behind[range].trim().to_owned()))
    };
    let (date, raw) = labelled().or_else(in_title).or_else(|| in_scripts(outline))?;
    let source = Source::Html;
    Some(Found { date, raw, source })
}

/// The date that the scripts of a page give, if all that they give is one day: lists of articles have many.
fn in_scripts(outline: &Outline<'_>) -> Option<(Date, String)> {
    let mut one: Option<(Date, String)> = None;
    let mut asked = 0;
    for (i, element) in outline.elements.iter().enumerate() {
        if element.tag != Tag::SCRIPT {
            continue;
        }
        let script = outline.raw_text(i as u32);
        for name in STATE {
            for at in memmem::find_iter(script.as_bytes(), name) {
                let rest = script[at + name.len()..].trim_start_matches(['\\', '"', '\'', ' ', ':']);
                let end = rest.find(['\\', '"', '\'', ',', '}', '\n']).unwrap_or(0);
                asked += 1;
                if asked > IN_SCRIPTS {
                    return None;
                }
                match (super::dates::parse(&rest[..end]), &one) {
                    (Some(date), Some((first, _))) if first.day() != date.day() => return None,
                    (Some(date), None) => one = Some((date, rest[..end].to_owned())),
                    _ => {}
                }
            }
        }
    }
    one
}

/// A later source that says the day that readers see at the title, where the first one stands alone with another.
fn outvoting<'a>(first: &Found, found: &'a [Found], shown: &[Found]) -> Option<&'a Found> {
    let is_first = |other: &Found| other.date.day() == first.date.day();
    let others = found.get(1..)?;
    if others.iter().any(is_first) || shown.iter().any(is_first) {
        return None;
    }
    let day = shown.first()?.date.day();
    others
        .iter()
        .find(|other| other.date.day() == day && other.source != Source::Html)
}

/// A moment that is stated in UTC, or without a zone, as the clocks of the place showed it: where another source gives it
/// with its offset, or where readers see the local time on another day. Clocks are apart by quarters of an hour.
fn on_local_clocks(date: &Date, found: &[Found], shown: &[Found]) -> Option<Date> {
    if date.precision == Precision::Day {
        return None;
    }
    let apart = |local: i64, utc: i64| {
        let minutes = local - utc;
        (minutes % 15 == 0 && minutes.abs() <= CLOCKS_APART)
            .then(|| i16::try_from(minutes).ok())
            .flatten()
    };
    let Some(utc) = date.utc_minute() else {
        // Without a zone: another source names it, or says the same moment in UTC.
        let zoned = |other: &Found| {
            let offset = other.date.offset.filter(|_| other.date.precision != Precision::Day)?;
            match offset {
                0 => apart(date.local_minute(), other.date.utc_minute()?),
                offset => Some(offset),
            }
        };
        return found.iter().find_map(zoned).map(|offset| date.at_offset(offset));
    };
    if date.offset != Some(0) {
        return None;
    }
    let same = |other: &&Found| other.date.utc_minute() == Some(utc) && other.date.offset != Some(0);
    let stated = found.iter().find(same).map(|other| other.date.clone());
    stated.or_else(|| {
        let is_other_day = |other: &&Found| {
            let date_of = &other.date;
            date_of.offset.is_none() && date_of.precision != Precision::Day && date_of.day() != date.day()
        };
        let mut local = shown.iter().chain(found).filter(is_other_day);
        local.find_map(|other| date.seen_from(apart(other.date.local_minute(), utc)?))
    })
}

pub(super) fn modified(facts: &mut Facts, sources: &Sources<'_>, described: &Described) {
    if facts.date_modified.is_some() {
        return;
    }
    let json_ld = described.modified.iter().map(|raw| (raw.as_str(), Source::JsonLd));
    let mut said = json_ld.chain(sources.address.head.said(Topic::Modified));
    let language = facts.language.clone();
    if let Some((date, source)) = said.find_map(|(raw, source)| {
        let date = printed::read_date(raw, language.as_deref())?;
        (!is_after(&date, sources)).then_some((date, source))
    }) {
        facts.date_modified = Some(date);
        facts.say("date_modified", source, None);
    }
}
