//! What the page itself says beside its article: bylines, datelines, microdata and RDFa.
//!
//! Only what stands before the end of the text is looked at, and of that only elements whose start tag names such a thing.
//! Nothing is looked at where JSON-LD has said it all.

use std::ops::Range;

use super::{
    element_hints::{self, ElementHint, ElementHints, is_elsewhere, is_in_answer},
    head::clean,
};
use crate::{
    engine::{
        Document,
        document::{NONE, Run},
        html::tags::Tag,
        text::{squash, squash_into},
    },
    metadata::{
        Source,
        dates::{Date, inline},
        people::credits::{self, Credit},
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
/// Different days inside the text from which on they are those of other articles.
const MANY_DAYS: usize = 3;
/// Marks inside the text that are asked for their day.
const DAYS_ASKED: usize = 8;

/// Bytes beside a date in a `title` that has nothing else to say: a time, signs between them.
const TITLE_BYTES: usize = 12;

/// The strength of a `time` that is not that of a change.
const TIME: u8 = 8;

/// What the page says.
#[derive(Debug, Default)]
pub(crate) struct VisibleFacts {
    pub(crate) credits: Vec<Credit>,
    pub(crate) date: Option<(Date, String, Source)>,
    /// The day of the `time` right below the title, if there is one.
    pub(crate) at_title: Option<(Date, String)>,
    /// The text holds many days, each marked as one: it is a list of other articles.
    pub(crate) is_list: bool,
}

/// Reads. `text` is where the article's text stands, `heading` where its title does.
pub(crate) fn read(
    document: &Document<'_>,
    text: Range<usize>,
    heading: usize,
    language: Option<&str>,
) -> VisibleFacts {
    let mut makers: Vec<(u32, ElementHint)> = Vec::new();
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
    for (i, element) in document.elements.iter().enumerate() {
        let (id, start) = (i as u32, element.start as usize);
        if start > text.end + BEHIND {
            break;
        }
        let leads_to_person = element.tag == Tag::A && element_hints::leads_to_person(document, id);
        let is_named =
            || element.tag == Tag::TIME || leads_to_person || element_hints::may_name(document.start_tag(id));
        let is_line = document.characters(id) <= LINE_CHARACTERS
            && element.next_run - element.first_run <= LINE_RUNS
            && bytes_of_runs(document, element.first_run..element.next_run) <= LINE_BYTES;
        if !element.seen || !is_line || !is_named() {
            continue;
        }
        let hints = ElementHints::read(document, id);
        let closeness = u8::from(near.contains(&start));
        if let Some(mark) = hints.names_people().or(leads_to_person.then_some(ElementHint::Link))
            && (u32::from(mark != ElementHint::Schema)..=NAME_CHARACTERS).contains(&document.characters(id))
            && asked < CANDIDATES
        {
            asked += 1;
            let is_other = match mark {
                ElementHint::Link => is_in_sentence(document, id),
                ElementHint::Schema => is_in_answer(document, id),
                _ => false,
            };
            if is_other || is_elsewhere(document, id) {
                continue;
            }
            makers.push((id, mark));
        }
        if let Some((strength, source)) = hints.names_a_day(element.tag) {
            let strength = strength * 2 + closeness;
            let is_stronger = date.as_ref().is_none_or(|(most, ..)| *most < strength);
            let is_inside = text.contains(&start) && days_asked < DAYS_ASKED;
            days_asked += usize::from(is_inside);
            let is_time = element.tag == Tag::TIME && strength >= TIME && below.contains(&start);
            if (is_stronger || is_inside || is_time)
                && let Some((found, raw)) = day(document, id, &hints, language)
                && !is_elsewhere(document, id)
                && !(source == Source::Microdata && is_in_answer(document, id))
            {
                if is_inside {
                    days.push((hints.names.clone(), found.clone()));
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
    VisibleFacts {
        credits: credits::read(document, &makers, heading),
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

/// Visible characters of a block in front of a link from which on the link is part of a sentence.
const SENTENCE_CHARACTERS: u32 = 60;

/// Whether a link stands inside of a block of text, behind other words of it.
fn is_in_sentence(document: &Document<'_>, id: u32) -> bool {
    let before = |run: u32| {
        document
            .characters_before
            .get(run as usize)
            .copied()
            .unwrap_or_default()
    };
    let (block, link) = (document.block_of(id), &document.elements[id as usize]);
    let Some(block) = document.elements.get(block as usize) else {
        return false;
    };
    let is_text = matches!(block.tag, Tag::P | Tag::LI | Tag::DD);
    is_text && before(link.first_run).saturating_sub(before(block.first_run)) > SENTENCE_CHARACTERS
}

/// Whether a day is one of many that stand in the text under the same name.
fn is_of_list(date: &Date, days: &[(String, Date)]) -> bool {
    let Some((names, _)) = days.iter().find(|(_, other)| other == date) else {
        return false;
    };
    let alike = days.iter().filter(|(other, _)| other == names);
    let mut different: Vec<&str> = alike.map(|(_, date)| date.day()).collect();
    // The posts of a thread follow one another, the first of them is what the others answer.
    if (names.contains("author") || names.contains("post"))
        && different.first() == Some(&date.day())
        && different.is_sorted()
    {
        return false;
    }
    different.sort_unstable();
    different.dedup();
    different.len() >= MANY_DAYS
}

/// The day of the only `time` of a page.
pub(crate) fn only_time(document: &Document<'_>, language: Option<&str>) -> Option<(Date, String)> {
    let ids = 0..document.elements.len() as u32;
    let is_own = |id: &u32| document.elements[*id as usize].tag == Tag::TIME && !is_elsewhere(document, *id);
    let mut times = ids.filter(is_own);
    let only = times.next()?;
    let day = || day(document, only, &ElementHints::read(document, only), language);
    times.next().is_none().then(day)?
}

fn day(document: &Document<'_>, id: u32, hints: &ElementHints<'_>, language: Option<&str>) -> Option<(Date, String)> {
    let stated = hints
        .datetime
        .and_then(clean)
        .and_then(|raw| Some((read_date(&raw, language)?, raw)));
    let titled = || {
        let raw = hints.title.and_then(clean)?;
        let date = crate::metadata::dates::parse(&raw).or_else(|| {
            let (date, range) = inline::find(&raw, language)?;
            (raw.len() <= range.len() + TITLE_BYTES).then_some(date)
        })?;
        Some((date, raw))
    };
    let line = text_of(document, id);
    if inline::find(&line, None).is_some_and(|(_, range)| inline::is_of_another(&line[..range.start]))
        && inline::own(&line, language).is_none()
    {
        return None;
    }
    stated.or_else(titled).or_else(|| {
        let (date, range) = inline::own(&line, language)?;
        Some((date, line[range].trim().to_owned()))
    })
}

/// A value that should be a date, or one inside of it.
pub(crate) fn read_date(raw: &str, language: Option<&str>) -> Option<Date> {
    let dates = crate::metadata::dates::parse(raw).or_else(|| crate::metadata::dates::unix(raw));
    dates.or_else(|| Some(inline::find(raw, language)?.0))
}

/// The visible text of an element on one line.
pub(crate) fn text_of(document: &Document<'_>, id: u32) -> String {
    let element = &document.elements[id as usize];
    text_of_runs(document, element.first_run..element.next_run)
}

fn bytes_of_runs(document: &Document<'_>, runs: Range<u32>) -> u32 {
    let runs = &document.runs[runs.start as usize..runs.end as usize];
    runs.iter().map(|run| run.end - run.start).sum()
}

/// The text of some runs on one line.
pub(crate) fn text_of_runs(document: &Document<'_>, runs: Range<u32>) -> String {
    let mut text = String::new();
    let mut last: Option<&Run> = None;
    for number in runs {
        steps::count(1);
        let run = &document.runs[number as usize];
        // What stands in two blocks are two words, and so is what stands on two lines.
        let is_apart = |last: &Run| {
            let between = document
                .source
                .get(last.end as usize..run.start as usize)
                .unwrap_or_default();
            document.block_of(last.parent) != document.block_of(run.parent)
                || between.contains("<br")
                || between.contains("<BR")
        };
        if last.is_some_and(is_apart) {
            text.push(' ');
        }
        text.push_str(&run.decode(document.run_text(number)));
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
pub(crate) fn near(document: &Document<'_>, text: &Range<usize>, heading: usize) -> String {
    let below = below_title(text, heading);
    let lines = |part: Range<usize>| lines_of(document, part, |block| !element_hints::is_of_others(document, block));
    let mut all = lines(below.clone());
    let before = lines(heading.saturating_sub(AROUND)..heading);
    for line in before.lines().rev() {
        all.push('\n');
        all.push_str(line);
    }
    // The beginning of the text, as far as it has not been read.
    let (from, to) = (text.start.saturating_sub(AROUND), text.start + AROUND / 2);
    let read = heading.saturating_sub(AROUND)..below.end;
    all.push_str(&lines(from..to.min(read.start)));
    all.push_str(&lines(from.max(read.end)..to));
    all
}

/// The visible lines of a part of the source.
pub(crate) fn lines(document: &Document<'_>, near: Range<usize>) -> String {
    lines_of(document, near, |_| true)
}

/// The same of some blocks alone.
fn lines_of(document: &Document<'_>, near: Range<usize>, is_of: impl Fn(u32) -> bool) -> String {
    let first = document.runs.partition_point(|run| (run.start as usize) < near.start);
    let mut lines = String::new();
    let (mut block, mut is_read) = (NONE, true);
    for number in first..document.runs.len() {
        let run = &document.runs[number];
        if run.start as usize >= near.end {
            break;
        }
        let own = document.block_of(run.parent);
        if own != block {
            is_read = is_of(own);
        }
        if !is_read {
            block = own;
            continue;
        }
        lines.push(if own == block { ' ' } else { '\n' });
        block = own;
        squash_into(&mut lines, &run.decode(document.run_text(number as u32)));
    }
    lines
}
