//! Who wrote it: all who name people, compared.

use std::collections::HashSet;

use super::{Author, Facts, Source, Sources, head::Topic, json_ld, page::Said, people, printed, titles};
use crate::engine::Links;

/// Bytes of source around the end of the text where a label may name who wrote it.
const BELOW: usize = 3000;

/// People as one source names them.
struct Named {
    people: Vec<Author>,
    source: Source,
    /// As printed there.
    line: String,
    /// Whether the source says that they are people.
    are_people: bool,
}

/// The first source that names people, and not the site. A site's name is only believed of a person, and where nobody else
/// is named; a first name or a user's name gives way to the whole name elsewhere.
pub(super) fn decide(facts: &mut Facts, sources: &Sources<'_>, said: &Said) {
    let tail = sources.address.head.title.as_deref().and_then(titles::tail);
    let domain = facts.domain.clone().unwrap_or_default();
    let is_site = |author: &Author| {
        let name = &author.name;
        let in_tail =
            || people::holds_han(name) && tail.as_ref().is_some_and(|tail| tail.contains(&json_ld::letters(name)));
        said.sites.is(name) || in_tail()
    };
    let all = named(sources, said, facts.title.as_deref());
    // An outlet that is named with its address.
    let is_address = |line: &str| {
        let parts = line.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '/'));
        let mut parts = parts.filter(|part| !part.contains('@'));
        !domain.is_empty() && parts.any(|part| part.to_lowercase().ends_with(&domain))
    };
    let holds_people =
        |named: &&Named| !named.people.is_empty() && !named.people.iter().any(is_site) && !is_address(&named.line);
    let first = all.iter().find(holds_people);
    let Some(first) = first.or_else(|| all.iter().find(|named| named.are_people && !named.people.is_empty())) else {
        return;
    };
    let whole = all
        .iter()
        .filter(holds_people)
        .find(|named| match (&first.people[..], &named.people[..]) {
            ([short], [long]) => {
                is_short_for(&short.name, &long.name)
                    || is_handle(&short.name) && named.are_people && long.name.contains(' ')
            }
            _ => false,
        });
    let chosen = whole.unwrap_or(first);
    // What is printed in capitals is a matter of style: who spells the same name as names are spelled is followed.
    let spelled = all.iter().find(|other| {
        is_in_capitals(&chosen.people) && !is_in_capitals(&other.people) && is_same(&other.people, &chosen.people)
    });
    let chosen = spelled.unwrap_or(chosen);
    let mut known: HashSet<String> = facts.authors.iter().map(|author| author.name.to_lowercase()).collect();
    for author in &chosen.people {
        if known.insert(author.name.to_lowercase()) {
            facts.authors.push(author.clone());
        }
    }
    facts.byline = Some(chosen.line.clone());
    let is_same = chosen.line == super::names(&facts.authors);
    facts.say("authors", chosen.source, (!is_same).then(|| chosen.line.clone()));
}

fn is_in_capitals(people: &[Author]) -> bool {
    let mut letters = people
        .iter()
        .flat_map(|author| author.name.chars())
        .filter(|c| c.is_alphabetic());
    letters.clone().any(char::is_uppercase) && !letters.any(char::is_lowercase)
}

fn is_same(some: &[Author], others: &[Author]) -> bool {
    let names = some.iter().zip(others);
    some.len() == others.len()
        && names
            .into_iter()
            .all(|(one, other)| json_ld::letters(&one.name) == json_ld::letters(&other.name))
}

fn once<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    for name in names {
        if !known.contains(name) {
            known.push(name);
        }
    }
    known
}

/// Everyone who is named, by the order of trust.
fn named(sources: &Sources<'_>, said: &Said, title: Option<&str>) -> Vec<Named> {
    let links = Links::new(sources.address.base.clone());
    let people = |name: &str, url: Option<&str>| {
        let names = people::tidy(name);
        let url = url.filter(|_| names.len() == 1).and_then(|url| links.follow(url));
        let people = names.into_iter().map(move |name| Author { name, url: url.clone() });
        people.collect::<Vec<_>>()
    };
    let described = &said.described.authors;
    let mut all = vec![Named {
        people: described
            .iter()
            .flat_map(|author| people(&author.name, author.url.as_deref()))
            .collect(),
        source: Source::JsonLd,
        line: super::names(described),
        are_people: said.described.are_people,
    }];
    let printed = said.printed.byline.as_ref().map(|line| Named {
        people: line
            .names
            .iter()
            .flat_map(|(name, url)| people(name, url.as_deref()))
            .collect(),
        source: line.source,
        line: line.text.clone(),
        are_people: true,
    });
    let (marked, shown) = match printed {
        Some(line) if line.source != Source::Html => (Some(line), None),
        other => (None, other),
    };
    all.extend(marked);
    let head = sources.address.head.groups(Topic::Author).into_iter();
    all.extend(head.map(|(names, source)| Named {
        people: names.iter().flat_map(|name| people(name, None)).collect(),
        source,
        line: once(&names).join(", "),
        are_people: false,
    }));
    if let Some(name) = sources.address.head.written_by() {
        all.push(Named {
            people: people(name, None),
            source: Source::OpenGraph,
            line: name.to_owned(),
            are_people: true,
        });
    }
    let reporters = [said.near.as_str(), sources.text].into_iter().map(people::reporters);
    if let Some(people) = reporters.into_iter().find(|named| !named.is_empty()) {
        let line = super::names(&people);
        all.push(Named {
            people,
            source: Source::Html,
            line,
            are_people: true,
        });
    }
    let below = people::below_title(&said.near, title.unwrap_or_default());
    if !below.is_empty() {
        let line = super::names(&below);
        all.push(Named {
            people: below,
            source: Source::Html,
            line,
            are_people: true,
        });
    }
    all.extend(shown);
    let near = &said.near;
    let by_line = |(names, line): (Vec<String>, String)| Named {
        people: names.into_iter().map(|name| Author { name, url: None }).collect(),
        source: Source::Html,
        line,
        are_people: true,
    };
    all.extend(people::signed(near).or_else(|| people::labelled(near)).map(by_line));
    // A label may also stand below the text.
    if all.iter().all(|named| named.people.is_empty()) && !near.is_empty() {
        let end = sources.verdict.kept.last().map_or(0, |range| range.end);
        let below = printed::lines(sources.outline, end.saturating_sub(BELOW)..end + BELOW);
        all.extend(people::labelled(&below).map(by_line));
    }
    all
}

/// Whether a name is that of a user: one word with digits in it, or with what takes the place of blanks.
fn is_handle(name: &str) -> bool {
    let is_mark = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    !name.contains(' ') && name.is_ascii() && name.bytes().any(is_mark)
}

/// Whether one name is a part of another, or the same written as users' names are.
fn is_short_for(short: &str, long: &str) -> bool {
    let whole = json_ld::letters(long);
    let mut parts = short.split(|c: char| !c.is_alphanumeric()).map(json_ld::letters);
    !short.contains(' ') && long.contains(' ') && parts.all(|part| whole.contains(&part))
}
