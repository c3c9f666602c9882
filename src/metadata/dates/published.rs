//! When an article was published and last changed: its sources compared.
//!
//! The first source that gives a day is believed, unless readers see another day at the title that a second source says
//! too. A moment that is stated in UTC, and visible on the clocks of the place, shows the page's own offset.

use std::{cell::LazyCell, ops::Range};

use memchr::memmem;

use super::{Date, Precision, inline, zones};
use crate::{
    engine::{Document, html::tags::Tag},
    error::{Warning, WarningCode},
    metadata::{
        Confidence, Facts, Source, Sources, dates,
        evidence::Evidence,
        sources::{head::Topic, json_ld::ArticleData, visible},
        titles,
    },
};

/// Bytes of source behind the text where a line may say when it was published.
const LABELLED: usize = 12_000;

/// Bytes of source behind the text, and half as many at its end, where a note may say when it was first published.
const BELOW_BYTES: usize = 1000;

/// Bytes of a line that is short, and bytes of a longer one within which its date stands.
const LINE_BYTES: usize = 60;
const DATE_WITHIN: usize = 30;

/// Lines at the title that may say when the page was changed.
const NEAR_LINES: usize = 12;

/// Minutes that any two places' clocks are apart.
const CLOCKS_APART: i64 = 14 * 60;

/// The clocks of nearly all readers: Pacific time, and New Zealand's in summer.
const WESTMOST: i64 = -8 * 60;
const EASTMOST: i64 = 13 * 60;

/// Minutes after the day of its address from which a page's own date is that of a later edition.
const REVISED: i64 = 60 * 24 * 60;

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

/// The lines of the text and of what stands behind it, read on demand.
type LazyLines<'a> = LazyCell<String, Box<dyn FnOnce() -> String + 'a>>;

/// A date, as it was written, and its source.
#[derive(Clone)]
struct FoundDate {
    date: Date,
    raw: String,
    source: Source,
}

pub(crate) fn decide(facts: &mut Facts, sources: &Sources<'_>, said: &Evidence, text: &Range<usize>) {
    let language = facts.language.clone();
    let language = language.as_deref();
    let (mut found, unreadable) = declared(sources, said, language);
    if let Some((date, raw, source)) = said.visible.date.clone() {
        found.push(FoundDate { date, raw, source });
    }
    let lines = LazyLines::new(Box::new(|| {
        visible::lines(sources.document, text.start..text.end + LABELLED)
    }));
    for one in &mut found {
        settle_order(one, said, &lines, language);
    }
    let before = |found: &FoundDate| !is_after(&found.date, sources);
    found.retain(before);
    // As sources are declared, so they are trusted; the first of each stays the first.
    found.sort_by_key(|found| found.source);
    let changed = modifications(sources, said, language);
    without_changes(&mut found, &changed);
    // An address keeps its day when a page is revised, or moves to another system that dates it anew.
    let is_later = |first: &FoundDate, day: &Date| first.date.local_minute() - day.local_minute() > REVISED;
    if let Some((date, raw)) = in_path(sources)
        && found.first().is_none_or(|first| is_later(first, &date))
    {
        let source = Source::Url;
        found.insert(0, FoundDate { date, raw, source });
    }
    // Many days at the beginning are those of other articles.
    let shown = match said.visible.is_list {
        true => Vec::new(),
        false => shown(&said.near, language),
    };
    let shown: Vec<FoundDate> = shown.into_iter().filter(before).collect();
    if found.iter().all(|found| found.date.precision == Precision::Day) {
        let first = found.first().map(|found| found.date.day().to_owned());
        let is_that = |other: &&FoundDate| first.as_ref().is_none_or(|day| day == other.date.day());
        found.extend(shown.iter().find(is_that).cloned());
    }
    // The time that stands right below the title is its own; one above may be that of another article.
    if found.iter().all(|found| found.source == Source::Html)
        && let Some((date, raw)) = said.visible.at_title.clone()
        && let Some(below) = unless_changed((date, raw), &changed).filter(before)
    {
        found.insert(0, below);
    }
    // Where no source declares it, a line at the title that says so is better than a mark that only is a date.
    if found.iter().all(|found| found.source == Source::Html)
        && let Some((date, raw)) = inline::published(&said.near, language)
    {
        let source = Source::Html;
        let labelled = Some(FoundDate { date, raw, source }).filter(before);
        found.splice(0..0, labelled);
    }
    if found.iter().all(|found| found.source == Source::Html)
        && !found.is_empty()
        && let Some((date, raw)) = inline::first_published(&below(sources.document, text), language)
        && found
            .iter()
            .all(|found| date.local_minute() < found.date.local_minute())
    {
        let source = Source::Html;
        found.insert(0, FoundDate { date, raw, source });
    }
    if let Some(own) = unless_restamped(&found, &changed, said, language).filter(before) {
        found.insert(0, own);
    }
    let is_told = !found.is_empty();
    if found.is_empty() && !said.near.is_empty() && !said.visible.is_list {
        found.extend(elsewhere(sources, said, &lines, facts.title.as_deref(), language));
    }
    let Some(first) = found.first() else {
        if let Some(raw) = unreadable {
            let warning = Warning::new(WarningCode::DateUnreadable, format!("{raw:?} is no date"));
            facts.warnings.push(warning);
            facts.date_published_raw.get_or_insert(raw);
        }
        return;
    };
    // Dublin Core's date is that of some event in a page's life (DCMI Metadata Terms, `date`): the text beside it says of which.
    let alone = || match first.source {
        Source::DublinCore => visible::only_time(sources.document, language),
        _ => None,
    };
    let at_title = said.visible.at_title.clone().or_else(alone);
    let at_title = at_title.and_then(|day| unless_changed(day, &changed)).filter(before);
    let is_apart = |other: &&FoundDate| (other.date.local_minute() - first.date.local_minute()).abs() > 2 * 24 * 60;
    let marked = at_title
        .as_ref()
        .filter(is_apart)
        .filter(|_| stands_alone(first, &found, &shown));
    let day = outvoting(first, &found, &shown).or(marked).unwrap_or(first);
    let to_the_minute =
        |other: &&FoundDate| other.date.precision != Precision::Day && other.date.day() == day.date.day();
    let is_vague = day.date.precision == Precision::Day;
    let exact = found.iter().find(to_the_minute).filter(|_| is_vague).unwrap_or(day);
    let date = on_local_clocks(&exact.date, &found, &shown)
        .or_else(|| on_the_day_of(&exact.date, facts, sources, at_title.as_ref()))
        .unwrap_or_else(|| exact.date.clone());
    let is_shown = shown.iter().any(|other| other.date.day() == exact.date.day());
    let is_confirmed = found
        .iter()
        .any(|other| other.source != exact.source && other.date.day() == exact.date.day());
    let confidence = match exact.source {
        Source::Html | Source::Url if is_told && is_confirmed => Confidence::Certain,
        Source::Html if is_told && is_shown => Confidence::Likely,
        Source::Html | Source::Url => Confidence::Guess,
        _ if is_shown => Confidence::Certain,
        _ => Confidence::Likely,
    };
    facts.say_surely("date_published", exact.source, Some(exact.raw.clone()), confidence);
    facts.date_published = Some(date);
    facts.date_published_raw = Some(exact.raw.clone());
}

/// The lines right behind the text.
fn below(document: &Document<'_>, text: &Range<usize>) -> String {
    visible::lines(
        document,
        text.end.saturating_sub(BELOW_BYTES / 2)..text.end + BELOW_BYTES,
    )
}

fn in_path(sources: &Sources<'_>) -> Option<(Date, String)> {
    let (url, _) = sources.address.url.as_ref()?;
    inline::in_path(url.path())
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
fn declared(sources: &Sources<'_>, said: &Evidence, language: Option<&str>) -> (Vec<FoundDate>, Option<String>) {
    let json_ld = said.article_data.published.as_deref().map(|raw| (raw, Source::JsonLd));
    let broken = match json_ld {
        None if said.article_data.headline.is_none() => in_broken_json(sources),
        _ => None,
    };
    let json_ld = json_ld.or(broken.map(|raw| (raw, Source::JsonLd)));
    let meta = sources.address.head.said(Topic::Published);
    let (mut found, mut unreadable) = (Vec::new(), None);
    for (raw, source) in json_ld.into_iter().chain(meta) {
        match visible::read_date(raw, language) {
            Some(date) => found.push(FoundDate {
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

/// What JSON-LD says that is not JSON, if it says one day.
fn in_broken_json<'a>(sources: &Sources<'a>) -> Option<&'a str> {
    let mut one: Option<(&str, Date)> = None;
    for id in &sources.address.head.json_ld {
        let block = sources.document.raw_text(*id);
        for at in memmem::find_iter(block.as_bytes(), "\"datePublished\"").take(IN_SCRIPTS) {
            let rest = block[at + "\"datePublished\"".len()..].trim_start_matches([' ', ':', '"']);
            let raw = &rest[..rest.find('"').unwrap_or(0)];
            let date = dates::parse(raw)?;
            match &one {
                Some((_, first)) if first.day() != date.day() => return None,
                Some(_) => {}
                None => one = Some((raw, date)),
            }
        }
    }
    one.map(|(raw, _)| raw)
}

/// Whether `11/01/2023` is of January or of November is for the page to say: a date in words or in another order, around the
/// title or behind a label, that is one of the two.
fn settle_order(one: &mut FoundDate, said: &Evidence, lines: &LazyLines<'_>, language: Option<&str>) {
    if one.source == Source::Html || !one.raw.contains('/') {
        return;
    }
    let Some(other) = dates::with_month_and_day_swapped(&one.raw, &one.date) else {
        return;
    };
    let is_either = |found: &Date| [other.day(), one.date.day()].contains(&found.day());
    let near = shown(&said.near, language).into_iter();
    let near = near
        .filter(|found| !found.raw.contains('/'))
        .map(|found| found.date)
        .find(is_either);
    let labelled = || {
        inline::labelled(lines, language)
            .filter(|(_, raw)| !raw.contains('/'))
            .map(|(date, _)| date)
    };
    if near.or_else(labelled).is_some_and(|date| date.day() == other.day()) {
        one.date = other;
    }
}

/// When the page says that it was changed.
fn modifications(sources: &Sources<'_>, said: &Evidence, language: Option<&str>) -> Vec<Date> {
    let json_ld = said.article_data.modified.as_deref();
    let meta = sources.address.head.said(Topic::Modified).map(|(raw, _)| raw);
    json_ld
        .into_iter()
        .chain(meta)
        .filter_map(|raw| visible::read_date(raw, language))
        .collect()
}

/// Takes away dates that are those of a change, where another source declares an earlier one.
fn without_changes(found: &mut Vec<FoundDate>, changed: &[Date]) {
    let is_change = |one: &FoundDate| changed.iter().any(|change| change.rfc3339 == one.date.rfc3339);
    let own = found.iter().filter(|one| one.source != Source::Html && !is_change(one));
    let Some(earliest) = own.map(|one| one.date.day().to_owned()).min() else {
        return;
    };
    found.retain(|one| !is_change(one) || *one.date.day() <= *earliest);
}

/// What readers see at the title, marked or with a label, where a system has put the day of the last change into all that it
/// declares.
fn unless_restamped(
    found: &[FoundDate],
    changed: &[Date],
    said: &Evidence,
    language: Option<&str>,
) -> Option<FoundDate> {
    let first = found.first().filter(|first| first.source != Source::Html)?;
    let is_near = |other: &Date, days: i64| (other.local_minute() - first.date.local_minute()).abs() <= days * 24 * 60;
    let is_day = |date: &Date| date.precision == Precision::Day;
    let is_same = |change: &Date| {
        change.rfc3339 == first.date.rfc3339 || is_day(change) && is_day(&first.date) && is_near(change, 1)
    };
    let is_stamp = changed.iter().any(is_same)
        && found
            .iter()
            .all(|other| other.source == Source::Html || is_near(&other.date, 1));
    if !is_stamp {
        return None;
    }
    let source = Source::Html;
    let labelled = inline::published(&said.near, language).map(|(date, raw)| FoundDate { date, raw, source });
    let marked = || found.iter().find(|other| other.source == Source::Html).cloned();
    let own = labelled.or_else(marked)?;
    let is_earlier = own.date.local_minute() < first.date.local_minute();
    (is_earlier && !is_near(&own.date, 2)).then_some(own)
}

/// A day that is marked as one, if it is not that of a change.
fn unless_changed((date, raw): (Date, String), changed: &[Date]) -> Option<FoundDate> {
    let is_change = changed.iter().any(|change| change.day() == date.day());
    let source = Source::Html;
    (!is_change).then_some(FoundDate { date, raw, source })
}

/// The dates of each line, where the line is about a date: a sentence is about something else.
fn shown(lines: &str, language: Option<&str>) -> Vec<FoundDate> {
    let mut dates = Vec::new();
    for line in lines.lines() {
        for (before, date, range) in inline::all(line, language) {
            let is_told = line.len() > LINE_BYTES && (range.start > DATE_WITHIN || inline::is_told(before));
            if !is_told && !inline::is_of_another(before) {
                let raw = line[range].trim().to_owned();
                let source = Source::Html;
                dates.push(FoundDate { date, raw, source });
            }
        }
    }
    dates
}

/// Where no source has a date: a line that says which date it is, the end of the document's title, the state of a script.
fn elsewhere(
    sources: &Sources<'_>,
    said: &Evidence,
    lines: &LazyLines<'_>,
    title: Option<&str>,
    language: Option<&str>,
) -> Option<FoundDate> {
    let document = sources.document;
    let labelled = || inline::labelled(lines, language);
    let in_title = || {
        let titles = [sources.address.head.title.as_deref(), title];
        titles.into_iter().flatten().find_map(|title| {
            let behind = titles::behind_border(title)?;
            let (date, range) = inline::find(behind, language)?;
            Some((date, behind[range].trim().to_owned()))
        })
    };
    // Where it is only said when the page was changed, that is when what is there was published.
    let changed = || inline::changed(&said.near, language).or_else(|| inline::changed(lines, language));
    let marked = || visible::only_time(document, language);
    let said = labelled()
        .or_else(in_title)
        .or_else(marked)
        .or_else(|| in_scripts(document));
    let (date, raw) = said.or_else(changed)?;
    let source = Source::Html;
    Some(FoundDate { date, raw, source })
}

/// The date that the scripts of a page give, if all that they give is one day: lists of articles have many.
fn in_scripts(document: &Document<'_>) -> Option<(Date, String)> {
    let mut one: Option<(Date, String)> = None;
    let mut asked = 0;
    for (i, element) in document.elements.iter().enumerate() {
        if element.tag != Tag::SCRIPT {
            continue;
        }
        let script = document.raw_text(i as u32);
        for name in STATE {
            for at in memmem::find_iter(script.as_bytes(), name) {
                let rest = script[at + name.len()..].trim_start_matches(['\\', '"', '\'', ' ', ':']);
                let end = rest.find(['\\', '"', '\'', ',', '}', '\n']).unwrap_or(0);
                asked += 1;
                if asked > IN_SCRIPTS {
                    return None;
                }
                match (dates::parse(&rest[..end]), &one) {
                    (Some(date), Some((first, _))) if first.day() != date.day() => return None,
                    (Some(date), None) => one = Some((date, rest[..end].to_owned())),
                    _ => {}
                }
            }
        }
    }
    one
}

/// Whether nothing else says the day of the first source.
fn stands_alone(first: &FoundDate, found: &[FoundDate], shown: &[FoundDate]) -> bool {
    let is_first = |other: &FoundDate| other.date.day() == first.date.day();
    !found.iter().skip(1).chain(shown).any(is_first)
}

/// A later source that says the day that readers see at the title, where the first one stands alone with another.
fn outvoting<'a>(first: &FoundDate, found: &'a [FoundDate], shown: &[FoundDate]) -> Option<&'a FoundDate> {
    if !stands_alone(first, found, shown) {
        return None;
    }
    let others = found.get(1..)?;
    let day = shown.first()?.date.day();
    others
        .iter()
        .find(|other| other.date.day() == day && other.source != Source::Html)
}

/// A moment that is stated in UTC, or without a zone, as the clocks of the place showed it: where another source gives it
/// with its offset, or where readers see the local time on another day. Clocks are apart by quarters of an hour.
fn on_local_clocks(date: &Date, found: &[FoundDate], shown: &[FoundDate]) -> Option<Date> {
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
        let zoned = |other: &FoundDate| {
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
    let same = |other: &&FoundDate| other.date.utc_minute() == Some(utc) && other.date.offset != Some(0);
    let stated = found.iter().find(same).map(|other| other.date.clone());
    stated.or_else(|| {
        let is_other_day = |other: &&FoundDate| {
            let date_of = &other.date;
            date_of.offset.is_none() && date_of.precision != Precision::Day && date_of.day() != date.day()
        };
        let mut local = shown.iter().chain(found).filter(is_other_day);
        local.find_map(|other| date.seen_from(apart(other.date.local_minute(), utc)?))
    })
}

/// A moment that is stated in UTC, on the clocks of the country: where the URL or readers have it on the next day, or the
/// one before, and it was that day there.
fn on_the_day_of(date: &Date, facts: &Facts, sources: &Sources<'_>, shown: Option<&FoundDate>) -> Option<Date> {
    if date.precision == Precision::Day || date.offset != Some(0) {
        return None;
    }
    let in_path = || in_path(sources).map(|(date, _)| date);
    let day = shown.map(|shown| shown.date.clone()).or_else(in_path)?;
    if day.day() == date.day() {
        return None;
    }
    let local = zones::of_page(sources, facts.language.as_deref(), date).and_then(|zone| date.seen_from(zone));
    if let Some(local) = local.filter(|local| local.day() == day.day()) {
        return Some(local);
    }
    // No country is known: the address has the day, and no clock says the hour.
    let is_beside = (day.local_minute() - date.local_minute()).abs() <= 24 * 60 + CLOCKS_APART;
    let is_possible = |offset: i64| {
        let minutes = date.local_minute() + offset - day.local_minute();
        (0..24 * 60).contains(&minutes)
    };
    let mut offsets = (WESTMOST..=EASTMOST).step_by(60);
    (is_beside && shown.is_none() && offsets.any(is_possible)).then_some(day)
}

pub(crate) fn modified(facts: &mut Facts, sources: &Sources<'_>, article_data: &ArticleData, near: &str) {
    if facts.date_modified.is_some() {
        return;
    }
    let json_ld = article_data.modified.iter().map(|raw| (raw.as_str(), Source::JsonLd));
    let mut said = json_ld.chain(sources.address.head.said(Topic::Modified));
    let language = facts.language.clone();
    let said = said.find_map(|(raw, source)| {
        let date = visible::read_date(raw, language.as_deref())?;
        (!is_after(&date, sources)).then_some((date, source))
    });
    let shown = || {
        let line = near.lines().filter(|line| line.len() <= 2 * LINE_BYTES);
        let date = line
            .take(NEAR_LINES)
            .find_map(|line| inline::change(line, language.as_deref()))?;
        (!is_after(&date, sources)).then_some((date, Source::Html))
    };
    if let Some((date, source)) = said.or_else(shown) {
        facts.date_modified = Some(date);
        facts.say("date_modified", source, None);
    }
}
