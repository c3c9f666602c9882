//! What the page itself says beside its article: bylines, datelines, microdata and RDFa.
//!
//! Only what stands before the end of the text is looked at, and of that only elements whose start tag names such a thing.
//! Nothing is looked at where JSON-LD has said it all.

use std::ops::Range;

use super::{
    Source, datelines,
    dates::Date,
    head::clean,
    marks::{self, Marks, is_elsewhere},
    people,
    titles::Sites,
};
use crate::{
    engine::{
        Outline,
        lines::{squash, squash_into},
        outline::{NONE, Run},
        tags::Tag,
    },
    steps,
};

/// Visible characters of a byline or a line of dates.
const LINE_CHARACTERS: u32 = 200;
/// Visible characters of a name.
const NAME_CHARACTERS: u32 = 100;
/// Bytes of source behind the text where a byline may stand.
const BEHIND: usize = 4000;
/// Bytes of source around the beginning of the text where a date may stand in no element of its own.
const AROUND: usize = 3000;
/// Of those, bytes behind it that a dateline at the beginning of a text takes.
const BEGINNING: usize = 500;
/// Runs of text in a line: markup without text costs nothing more than that.
const LINE_RUNS: u32 = 64;
/// Bytes of those runs: white space without end is no line.
const LINE_BYTES: u32 = 16 << 10;
/// Elements that are held for bylines.
const CANDIDATES: usize = 256;
/// Of those, how many are asked for somebody's name.
const ASKED: usize = 24;
/// People named one after the other.
const MOST_NAMES: usize = 12;
/// Different days inside the text from which on they are those of other articles.
const MANY_DAYS: usize = 3;
/// Marks inside the text that are asked for their day.
const DAYS_ASKED: usize = 8;

/// Where the accounts of people are, beside the pages about them.
const ACCOUNTS: &[&str] = &["twitter.com", "://x.com", "facebook.com", "instagram.com"];

/// A line that names people.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// As printed.
    pub(super) text: String,
    /// The names in it, where the markup tells them apart, each with the page about them.
    pub(super) names: Vec<(String, Option<String>)>,
    pub(super) source: Source,
}

/// The strength of a `time` that is not that of a change.
const TIME: u8 = 8;

/// What the page says.
#[derive(Debug, Default)]
pub(super) struct Printed {
    pub(super) byline: Option<Line>,
    pub(super) date: Option<(Date, String, Source)>,
    /// The day of the `time` right below the title, if there is one.
    pub(super) at_title: Option<(Date, String)>,
    /// The text holds many days, each marked as one: it is a list of other articles.
    pub(super) is_list: bool,
}

/// One element that may name people or a day.
struct Mark {
    element: u32,
    strength: u8,
    source: Source,
}

/// Reads. `text` is where the article's text stands, `heading` where its title does.
pub(super) fn read(
    outline: &Outline<'_>,
    text: Range<usize>,
    heading: usize,
    language: Option<&str>,
    sites: &Sites,
) -> Printed {
    let mut bylines: Vec<Mark> = Vec::new();
    let mut date: Option<(u8, Date, String, Source)> = None;
    let mut is_date_inside = false;
    let mut asked = 0;
    let mut days: Vec<(String, Date)> = Vec::new();
    let mut days_asked = 0;
    let near = heading.saturating_sub(AROUND)..text.start + AROUND;
    let mut times: Vec<(Date, String)> = Vec::new();
    let below = match (heading..heading + AROUND).contains(&text.start) {
        true => below_title(&text, heading),
        false => text.start.saturating_sub(2 * BEGINNING)..text.start + BEGINNING,
    };
    for (i, element) in outline.elements.iter().enumerate() {
        let (id, start) = (i as u32, element.start as usize);
        if start > text.end + BEHIND {
            break;
        }
        let is_named = || element.tag == Tag::TIME || marks::may_name(outline.start_tag(id));
        let is_line = outline.characters(id) <= LINE_CHARACTERS
            && element.next_run - element.first_run <= LINE_RUNS
            && bytes_of_runs(outline, element.first_run..element.next_run) <= LINE_BYTES;
        if !element.seen || !is_line || !is_named() {
            continue;
        }
        let marks = Marks::read(outline, id);
        let closeness = u8::from(near.contains(&start));
        if let Some((strength, source)) = marks.names_people()
            && (1..=NAME_CHARACTERS).contains(&outline.characters(id))
            && asked < CANDIDATES
        {
            asked += 1;
            if is_elsewhere(outline, id) {
                continue;
            }
            bylines.push(Mark {
                element: id,
                strength: strength * 2 + closeness,
                source,
            });
        }
        if let Some((strength, source)) = marks.names_a_day(element.tag) {
            let strength = strength * 2 + closeness;
            let is_stronger = date.as_ref().is_none_or(|(most, ..)| *most < strength);
            let is_inside = text.contains(&start) && days_asked < DAYS_ASKED;
            days_asked += usize::from(is_inside);
            let is_time = element.tag == Tag::TIME && strength >= TIME && below.contains(&start);
            if (is_stronger || is_inside || is_time)
                && let Some((found, raw)) = day(outline, id, &marks, language)
                && !is_elsewhere(outline, id)
            {
                if is_inside {
                    days.push((marks.names.clone(), found.clone()));
                }
                if is_time {
                    times.push((found.clone(), raw.clone()));
                }
                if is_stronger {
                    date = Some((strength, found, raw, source));
                    is_date_inside = text.contains(&start);
                }
            }
        }
    }
    let is_list = is_date_inside && date.as_ref().is_some_and(|(_, date, ..)| is_of_list(date, &days));
    Printed {
        byline: byline(outline, &bylines, sites),
        date: date
            .filter(|_| !is_list)
            .map(|(_, date, raw, source)| (date, raw, source)),
        at_title: times
            .first()
            .filter(|(first, _)| !is_list && times.iter().all(|(other, _)| other.day() == first.day()))
            .cloned(),
        is_list,
    }
}

/// Whether a day is one of many that stand in the text under the same name.
fn is_of_list(date: &Date, days: &[(String, Date)]) -> bool {
    let Some((names, _)) = days.iter().find(|(_, other)| other == date) else {
        return false;
    };
    let alike = days.iter().filter(|(other, _)| other == names);
    let mut different: Vec<&str> = alike.map(|(_, date)| date.day()).collect();
    different.sort_unstable();
    different.dedup();
    different.len() >= MANY_DAYS
}

/// The day of the only `time` of a page.
pub(super) fn only_time(outline: &Outline<'_>, language: Option<&str>) -> Option<(Date, String)> {
    let ids = 0..outline.elements.len() as u32;
    let mut times = ids.filter(|id| outline.elements[*id as usize].tag == Tag::TIME);
    let only = times.next()?;
    let day = || day(outline, only, &Marks::read(outline, only), language);
    times.next().is_none().then(day)?
}

fn day(outline: &Outline<'_>, id: u32, marks: &Marks<'_>, language: Option<&str>) -> Option<(Date, String)> {
    let stated = marks
        .datetime
        .and_then(clean)
        .and_then(|raw| Some((read_date(&raw, language)?, raw)));
    stated.or_else(|| {
        let line = text_of(outline, id);
        let (date, range) = datelines::find(&line, language)?;
        Some((date, line[range].trim().to_owned()))
    })
}

/// A value that should be a date, or one inside of it.
pub(super) fn read_date(raw: &str, language: Option<&str>) -> Option<Date> {
    super::dates::parse(raw).or_else(|| Some(datelines::find(raw, language)?.0))
}

/// The strongest mark that names somebody, with those like it that stand right behind it.
fn byline(outline: &Outline<'_>, marks: &[Mark], sites: &Sites) -> Option<Line> {
    let mut ranked: Vec<&Mark> = marks.iter().collect();
    ranked.sort_by_key(|mark| std::cmp::Reverse(mark.strength));
    let is_person = |(name, _): &(String, Option<String>)| {
        let names = people::tidy(name);
        !names.is_empty() && !names.iter().any(|name| sites.is(name))
    };
    let names_somebody = |mark: &&&Mark| names_in(outline, mark.element).iter().any(is_person);
    let best = ranked.iter().take(ASKED).find(names_somebody).or(ranked.first())?;
    let mut names = Vec::new();
    let (mut last_end, mut elements) = (None, 0);
    for mark in marks
        .iter()
        .filter(|mark| mark.strength == best.strength && mark.source == best.source)
    {
        let element = &outline.elements[mark.element as usize];
        let start = element.start as usize;
        // Inside of the one before, or far from it, nothing new is named.
        if last_end.is_some_and(|end| start < end || start > end + 600) || names.len() >= MOST_NAMES {
            continue;
        }
        last_end = Some(element.end as usize);
        elements += 1;
        names.extend(names_in(outline, mark.element));
    }
    // The line as printed is what holds the names: `By …` may stand outside of the link.
    let element = &outline.elements[best.element as usize];
    let around = marks.iter().find(|mark| {
        let other = &outline.elements[mark.element as usize];
        mark.source == best.source && mark.element <= best.element && other.end >= element.end
    });
    let text = line_of(outline, around.unwrap_or(best).element);
    let text = match names.len() {
        0 => text,
        // Of one element that is no more than a line, it is the line.
        _ if elements == 1 && (best.source == Source::Html || is_only_names(&text, &names)) => text,
        _ => names
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    };
    Some(Line {
        text: before_numbers(&text).to_owned(),
        names,
        source: best.source,
    })
}

/// Whether a line begins with the first of the names, and holds no day or hour: `Ada Lane (with Bo Ek)`.
fn is_only_names(line: &str, names: &[(String, Option<String>)]) -> bool {
    let begins = names.first().is_some_and(|(name, _)| line.starts_with(name.as_str()));
    begins && !line.bytes().any(|byte| byte.is_ascii_digit())
}

/// A byline without what a border parts from it, if that is a number: an age, a day, how many comments there are.
fn before_numbers(line: &str) -> &str {
    let borders = line.match_indices(['|', '•', '·']);
    let at = borders
        .filter(|(at, border)| {
            let rest = line[at + border.len()..].trim_start();
            rest.starts_with(|c: char| c.is_ascii_digit())
        })
        .map(|(at, _)| at)
        .next();
    at.map_or(line, |at| line[..at].trim_end())
}

/// The names in a byline: what microdata calls so, else its links, else all of it.
fn names_in(outline: &Outline<'_>, id: u32) -> Vec<(String, Option<String>)> {
    let element = &outline.elements[id as usize];
    let inside = id..element.next;
    steps::count(inside.len());
    let is_account = |href: &str| ACCOUNTS.iter().any(|host| href.contains(host));
    let link = |id: u32| {
        let href = outline.attribute(id, "href").and_then(clean);
        href.filter(|href| !href.starts_with(['#', 'm', 'j', 't']) && !is_account(href))
    };
    let named: Vec<u32> = inside
        .clone()
        .filter(|i| outline.attribute(*i, "itemprop") == Some("name"))
        .collect();
    let links = || {
        let is_name = |i: &u32| {
            let characters = outline.characters(*i);
            outline.elements[*i as usize].tag == Tag::A
                && (3..=60).contains(&characters)
                && datelines::find(&text_of(outline, *i), None).is_none()
        };
        inside.clone().filter(is_name).collect::<Vec<u32>>()
    };
    let mut parts = if named.is_empty() { links() } else { named };
    // Beside a name stands a link to an account of theirs, or one that is part of the words in front of it.
    if parts.len() > 1 {
        let prefix = people::prefix(&text_of(outline, id)).to_owned();
        let is_name = |part: &u32| {
            let href = outline.attribute(*part, "href").unwrap_or_default();
            !is_account(href) && !prefix.contains(&text_of(outline, *part))
        };
        if parts.iter().any(is_name) {
            parts.retain(is_name);
        }
    }
    let parts = if parts.is_empty() { vec![id] } else { parts };
    parts
        .into_iter()
        .filter_map(|part| {
            let stated = outline.attribute(part, "content").and_then(clean);
            let name = stated.unwrap_or_else(|| line_of(outline, part));
            let around = |i: u32| outline.elements.get(i as usize).map_or(NONE, |e| e.parent);
            let url = [part, around(part)]
                .into_iter()
                .filter(|i| *i != NONE && *i >= id)
                .find_map(link);
            (!name.is_empty()).then_some((name, url))
        })
        .take(MOST_NAMES)
        .collect()
}

/// The first line of an element that names somebody, where a role or a day stands on the next; else all of it.
fn line_of(outline: &Outline<'_>, id: u32) -> String {
    let element = &outline.elements[id as usize];
    let lines = lines(outline, element.inner as usize..element.end as usize);
    let named = lines.lines().find(|line| !people::tidy(line).is_empty());
    named.map_or_else(|| text_of(outline, id), squash)
}

/// The visible text of an element on one line.
pub(super) fn text_of(outline: &Outline<'_>, id: u32) -> String {
    let element = &outline.elements[id as usize];
    text_of_runs(outline, element.first_run..element.next_run)
}

fn bytes_of_runs(outline: &Outline<'_>, runs: Range<u32>) -> u32 {
    let runs = &outline.runs[runs.start as usize..runs.end as usize];
    runs.iter().map(|run| run.end - run.start).sum()
}

/// The text of some runs on one line.
pub(super) fn text_of_runs(outline: &Outline<'_>, runs: Range<u32>) -> String {
    let mut text = String::new();
    let mut last: Option<&Run> = None;
    for number in runs {
        steps::count(1);
        let run = &outline.runs[number as usize];
        // What stands in two blocks are two words.
        if last.is_some_and(|last| outline.block_of(last.parent) != outline.block_of(run.parent)) {
            text.push(' ');
        }
        text.push_str(&run.decode(outline.run_text(number)));
        last = Some(run);
    }
    squash(&text)
}

/// Where they are that stand below the title, at the beginning of the text.
fn below_title(text: &Range<usize>, heading: usize) -> Range<usize> {
    heading..(text.start + BEGINNING).clamp(heading + BEGINNING, heading + AROUND)
}

/// The lines around the title and the beginning of the text: those right below the title; then those in front of it, the
/// nearest first; then those at the beginning of the text. What stands between a title and a text that are far apart is
/// left out.
pub(super) fn near(outline: &Outline<'_>, text: &Range<usize>, heading: usize) -> String {
    let below = below_title(text, heading);
    let mut all = lines(outline, below.clone());
    let before = lines(outline, heading.saturating_sub(AROUND)..heading);
    for line in before.lines().rev() {
        all.push('\n');
        all.push_str(line);
    }
    // The beginning of the text, as far as it has not been read.
    let (from, to) = (text.start.saturating_sub(AROUND), text.start + AROUND / 2);
    let read = heading.saturating_sub(AROUND)..below.end;
    all.push_str(&lines(outline, from..to.min(read.start)));
    all.push_str(&lines(outline, from.max(read.end)..to));
    all
}

/// The visible lines of a part of the source.
pub(super) fn lines(outline: &Outline<'_>, near: Range<usize>) -> String {
    let first = outline.runs.partition_point(|run| (run.start as usize) < near.start);
    let mut lines = String::new();
    let mut block = NONE;
    for number in first..outline.runs.len() {
        let run = &outline.runs[number];
        if run.start as usize >= near.end {
            break;
        }
        let own = outline.block_of(run.parent);
        lines.push(if own == block { ' ' } else { '\n' });
        block = own;
        squash_into(&mut lines, &run.decode(outline.run_text(number as u32)));
    }
    lines
}
