//! Who is named by elements whose markup says so, in groups: names that stand right behind one another under one mark.

use super::names::{self, Name, NameClass};
use crate::{
    engine::{Document, document::NONE, html::tags::Tag, text::squash},
    metadata::{
        dates::inline,
        sources::{
            element_hints::ElementHint,
            head::clean,
            visible::{lines, text_of},
        },
    },
    steps,
};

/// Groups that are searched for a name: the nearest to the title.
const ASKED: usize = 24;
/// People named one after the other.
const MOST_NAMES: usize = 12;
/// Bytes of source between two elements of one group.
const APART: usize = 600;
/// Elements that may hold the line of a group.
const AROUND: usize = 64;

/// Where the accounts of people are, beside the pages about them.
const ACCOUNTS: &[&str] = &[
    "twitter.com",
    "://x.com",
    "facebook.com",
    "instagram.com",
    "linkedin.com",
    "youtube.com",
];

/// People whom markup names.
#[derive(Debug, Clone)]
pub(crate) struct Credit {
    pub(crate) mark: ElementHint,
    /// As visible.
    pub(crate) text: String,
    /// Each with the page about them.
    pub(crate) names: Vec<(Name, Option<String>)>,
    /// Where they stand in the source.
    pub(crate) at: usize,
}

/// The groups of some marked elements, in document order. `heading` is where the title stands.
pub(crate) fn read(document: &Document<'_>, hints: &[(u32, ElementHint)], heading: usize) -> Vec<Credit> {
    let start = |id: u32| document.elements[id as usize].start as usize;
    let mut groups: Vec<(ElementHint, Vec<u32>)> = Vec::new();
    for (id, mark) in hints {
        let last = groups.iter_mut().rfind(|(own, _)| own == mark);
        let end = last
            .as_ref()
            .and_then(|(_, ids)| ids.last())
            .map(|last| document.elements[*last as usize].end as usize);
        match (last, end) {
            // Inside of the one before nothing new is named.
            (Some(_), Some(end)) if start(*id) < end => {}
            (Some((_, ids)), Some(end)) if start(*id) <= end + APART && ids.len() < MOST_NAMES => ids.push(*id),
            _ => groups.push((*mark, vec![*id])),
        }
    }
    groups.sort_by_key(|(_, ids)| start(ids[0]).abs_diff(heading));
    groups.truncate(ASKED);
    let mut credits: Vec<Credit> = groups
        .into_iter()
        .filter_map(|(mark, ids)| credit(document, mark, &ids, hints))
        .collect();
    credits.sort_by_key(|credit| credit.at);
    credits
}

fn credit(document: &Document<'_>, mark: ElementHint, ids: &[u32], hints: &[(u32, ElementHint)]) -> Option<Credit> {
    let mut people: Vec<(Name, Option<String>)> = Vec::new();
    let mut visible = Vec::new();
    for id in ids {
        for (text, url) in names_in(document, *id) {
            let names = names::read(&text);
            let url = url.filter(|_| names.len() == 1);
            visible.push(text);
            people.extend(names.into_iter().map(|name| (name, url.clone())));
        }
    }
    let first = *ids.first()?;
    // The line as visible is what holds the names: `By …` may stand outside of the link.
    let element = &document.elements[first as usize];
    let around = hints.iter().take(AROUND).find(|(id, own)| {
        let other = &document.elements[*id as usize];
        own.source() == mark.source() && *id <= first && other.end >= element.end
    });
    let text = line_of(document, around.map_or(first, |(id, _)| *id));
    let is_only_names = || {
        let begins = visible.first().is_some_and(|name| text.starts_with(name.as_str()));
        begins && !text.bytes().any(|byte| byte.is_ascii_digit())
    };
    // Of one element that is no more than a line, it is the line.
    let text = match ids.len() == 1 && (mark.source() == crate::metadata::Source::Html || is_only_names()) {
        true => text,
        false => visible.join(", "),
    };
    // What stands above a name in the same element may be an outlet's.
    let holds_name = people.iter().any(|(name, _)| text.contains(name.text.as_str()));
    let text = if holds_name { text } else { visible.join(", ") };
    (!people.is_empty()).then(|| Credit {
        mark,
        text: before_numbers(&text).to_owned(),
        names: people,
        at: element.start as usize,
    })
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
fn names_in(document: &Document<'_>, id: u32) -> Vec<(String, Option<String>)> {
    let element = &document.elements[id as usize];
    let inside = id..element.next;
    steps::count(inside.len());
    let is_account = |href: &str| ACCOUNTS.iter().any(|host| href.contains(host));
    let link = |id: u32| {
        let href = document.attribute(id, "href").and_then(clean);
        href.filter(|href| !href.starts_with(['#', 'm', 'j', 't']) && !is_account(href))
    };
    let named: Vec<u32> = inside
        .clone()
        .filter(|i| document.attribute(*i, "itemprop") == Some("name"))
        .collect();
    let links = || {
        let is_name = |i: &u32| {
            let characters = document.characters(*i);
            document.elements[*i as usize].tag == Tag::A
                && (3..=60).contains(&characters)
                && inline::find(&text_of(document, *i), None).is_none()
                && !names::read(&text_of(document, *i)).is_empty()
        };
        inside.clone().filter(is_name).collect::<Vec<u32>>()
    };
    let mut parts = if named.is_empty() { links() } else { named };
    // Beside a name stands a link to an account of theirs, or one that is part of the words in front of it.
    if parts.len() > 1 {
        let prefix = names::label(&text_of(document, id)).to_owned();
        let is_name = |part: &u32| {
            let href = document.attribute(*part, "href").unwrap_or_default();
            !is_account(href) && !prefix.contains(&text_of(document, *part))
        };
        if parts.iter().any(is_name) {
            parts.retain(is_name);
        }
    }
    let parts = if parts.is_empty() { vec![id] } else { parts };
    let found = parts.into_iter().filter_map(|part| {
        let stated = document.attribute(part, "content").and_then(clean);
        let name = stated.unwrap_or_else(|| line_of(document, part));
        let around = |i: u32| document.elements.get(i as usize).map_or(NONE, |e| e.parent);
        let url = [part, around(part)]
            .into_iter()
            .filter(|i| *i != NONE && *i >= id)
            .find_map(link);
        (!name.is_empty()).then_some((name, url))
    });
    with_unlinked(found.take(MOST_NAMES).collect(), &line_of(document, id))
}

/// The names of a line, where it names more people than its links do, all of those among them: not all have a page.
fn with_unlinked(found: Vec<(String, Option<String>)>, line: &str) -> Vec<(String, Option<String>)> {
    let all = names::read(line);
    let is_more = all.len() > found.len() && all.iter().all(|name| name.class == NameClass::Person);
    let url = |name: &Name| found.iter().find(|(linked, _)| *linked == name.text);
    if !is_more || all.iter().filter_map(url).count() < found.len() {
        return found;
    }
    let named = all
        .iter()
        .map(|name| (name.text.clone(), url(name).and_then(|(_, url)| url.clone())));
    named.take(MOST_NAMES).collect()
}

/// The first line of an element that names a person, where a role or a day stands on the next; else all of it.
fn line_of(document: &Document<'_>, id: u32) -> String {
    let element = &document.elements[id as usize];
    let lines = lines(document, element.inner as usize..element.end as usize);
    let named = lines.lines().find(|line| !names::read(line).is_empty());
    named.map_or_else(|| text_of(document, id), squash)
}
