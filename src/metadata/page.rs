//! What a page says of its article, its sources compared.

use std::ops::Range;

use super::{
    Author, Facts, Source, Sources, datelines,
    dates::{Date, Precision},
    head::Topic,
    json_ld::{self, Described},
    people,
    printed::{self, Printed},
    titles::{self, Candidates, Sites},
};
use crate::{
    engine::{Content, Links, Node, lines::squash, tags::Tag},
    error::Warning,
};

/// Headings that are compared with the title.
const HEADINGS: usize = 24;
/// Characters of a line that is a date, with where and by whom.
const DATELINE_CHARACTERS: usize = 60;
/// Bytes of source behind the text where a line may say when it was published.
const LABELLED: usize = 3000;

pub(super) fn read(facts: &mut Facts, sources: &Sources<'_>) {
    let (head, outline) = (&sources.address.head, sources.outline);
    let blocks: Vec<&str> = head.json_ld.iter().map(|id| outline.raw_text(*id)).collect();
    let described = json_ld::read(&blocks, head.title.as_deref()).unwrap_or_default();
    let sites = sites(facts, sources, &described);
    let kept = &sources.verdict.kept;
    let text = kept.first().map_or(0, |range| range.start)..kept.last().map_or(outline.source.len(), |range| range.end);

    let heading = title(facts, sources, &described, &sites, text.start);
    // A post says itself who wrote it; what is in its text are the names of others.
    let is_page = outline.is_document && sources.page.front_matter.is_none();
    let language = facts.language.clone();
    let by_one_word = described.authors.iter().all(|author| !author.name.contains(' '));
    let is_open =
        facts.authors.is_empty() && by_one_word || facts.date_published.is_none() && described.published.is_none();
    let mut said = Said {
        described,
        printed: Printed::default(),
        near: String::new(),
        sites,
    };
    if is_page && is_open {
        said.printed = printed::read(outline, text.clone(), heading, language.as_deref());
        said.near = printed::lines(outline, printed::near(&text, heading));
    }
    if facts.authors.is_empty() {
        authors(facts, sources, &said);
    }
    if facts.date_published.is_none() {
        date(facts, sources, &said, &text);
    }
    let described = said.described;
    modified(facts, sources, &described);
    texts(facts, sources, &described);
}

/// What a page says, once each.
struct Said {
    described: Described,
    printed: Printed,
    /// The lines around the beginning of the text.
    near: String,
    sites: Sites,
}

/// The names that the site goes by: what it calls itself, and its domain.
fn sites(facts: &Facts, sources: &Sources<'_>, described: &Described) -> Sites {
    let said = sources.address.head.said(Topic::SiteName).map(|(name, _)| name);
    let domain = facts.domain.as_deref();
    let label = domain.and_then(|domain| domain.split('.').next());
    Sites::new(said.chain(described.publisher.as_deref()).chain(domain).chain(label))
}

/// Chooses the title, and says where the heading that says it stands.
fn title(facts: &mut Facts, sources: &Sources<'_>, described: &Described, sites: &Sites, text: usize) -> usize {
    let (head, outline) = (&sources.address.head, sources.outline);
    let shown: Vec<(u32, String)> = head
        .headings
        .iter()
        .map(|id| (*id, printed::text_of(outline, *id)))
        .filter(|(_, heading)| !heading.is_empty())
        .take(HEADINGS)
        .collect();
    let is_first = |id: &u32| outline.elements[*id as usize].tag == Tag::H1;
    let mut ranked: Vec<&(u32, String)> = shown.iter().collect();
    ranked.sort_by_key(|(id, _)| !is_first(id));
    let mut first = shown.iter().filter(|(id, _)| is_first(id));
    let only = first.next().filter(|_| first.next().is_none());
    let before = |(id, _): &&(u32, String)| (outline.elements[*id as usize].start as usize) <= text;
    let nearest = only.or_else(|| {
        shown
            .iter()
            .rfind(before)
            .or(shown.first())
            .filter(|_| outline.is_document)
    });
    let json_ld = described.headline.iter().map(|title| (title.clone(), Source::JsonLd));
    let meta = head
        .said(Topic::Title)
        .map(|(title, source)| (title.to_owned(), source));
    let candidates = Candidates {
        declared: json_ld.chain(meta).collect(),
        document: head.title.as_deref(),
        headings: ranked.iter().map(|(_, heading)| heading.clone()).collect(),
        nearest: nearest.map(|(_, heading)| heading.clone()),
        sites,
    };
    let chosen = titles::choose(&candidates);
    let is_said = facts.title.is_some();
    if let Some((title, source, raw)) = chosen {
        facts.set_title(&title, source);
        if !is_said && raw != title {
            facts.say("title", source, Some(raw.clone()));
        }
        if !is_said {
            facts.title_raw = Some(head.title.clone().unwrap_or(raw));
        }
    }
    let own = facts.title.as_deref().map(json_ld::letters).unwrap_or_default();
    let stands = shown
        .iter()
        .find(|(_, heading)| json_ld::letters(heading) == own)
        .or(nearest);
    stands.map_or(text, |(id, _)| outline.elements[*id as usize].start as usize)
}

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
fn authors(facts: &mut Facts, sources: &Sources<'_>, said: &Said) {
    let tail = sources.address.head.title.as_deref().and_then(titles::tail);
    let is_site = |author: &Author| {
        let name = &author.name;
        let in_tail =
            || people::holds_han(name) && tail.as_ref().is_some_and(|tail| tail.contains(&json_ld::letters(name)));
        said.sites.is(name) || in_tail()
    };
    let all = named(sources, said);
    let holds_people = |named: &&Named| !named.people.is_empty() && !named.people.iter().any(is_site);
    let first = all.iter().find(holds_people);
    let Some(first) = first.or_else(|| all.iter().find(|named| named.are_people && !named.people.is_empty())) else {
        return;
    };
    let whole = all
        .iter()
        .filter(holds_people)
        .find(|named| match (&first.people[..], &named.people[..]) {
            ([short], [long]) => is_short_for(&short.name, &long.name),
            _ => false,
        });
    let chosen = whole.unwrap_or(first);
    for author in &chosen.people {
        let lower = author.name.to_lowercase();
        if facts.authors.iter().all(|known| known.name.to_lowercase() != lower) {
            facts.authors.push(author.clone());
        }
    }
    facts.byline = Some(chosen.line.clone());
    let is_same = chosen.line == super::names(&facts.authors);
    facts.say("authors", chosen.source, (!is_same).then(|| chosen.line.clone()));
}

/// Everyone who is named, by the order of trust.
fn named(sources: &Sources<'_>, said: &Said) -> Vec<Named> {
    let links = Links::new(sources.address.base.clone());
    let people = |name: &str, url: Option<&str>| {
        let names = people::tidy(name);
        let url = url.filter(|_| names.len() == 1).and_then(|url| links.resolve(url));
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
        line: names.join(", "),
        are_people: false,
    }));
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
    all.extend(shown);
    if let Some((names, line)) = people::signed(&said.near) {
        let people = names.into_iter().map(|name| Author { name, url: None }).collect();
        all.push(Named {
            people,
            source: Source::Html,
            line,
            are_people: true,
        });
    }
    all
}

/// Whether one name is a part of another, or the same written as users' names are.
fn is_short_for(short: &str, long: &str) -> bool {
    let whole = json_ld::letters(long);
    let mut parts = short.split(|c: char| !c.is_alphanumeric()).map(json_ld::letters);
    !short.contains(' ') && long.contains(' ') && parts.all(|part| whole.contains(&part))
}

/// The first source that gives a day; the same day to the minute, if another one knows it.
fn date(facts: &mut Facts, sources: &Sources<'_>, said: &Said, text: &Range<usize>) {
    let language = facts.language.clone();
    let language = language.as_deref();
    let (json_ld, meta) = (
        said.described.published.as_deref(),
        sources.address.head.said(Topic::Published),
    );
    let stated = json_ld.map(|raw| (raw, Source::JsonLd)).into_iter().chain(meta);
    let mut unreadable = None;
    let mut found: Vec<(Date, String, Source)> = Vec::new();
    for (raw, source) in stated {
        match printed::read_date(raw, language) {
            Some(date) => found.push((date, raw.to_owned(), source)),
            None => {
                unreadable.get_or_insert_with(|| raw.to_owned());
            }
        }
    }
    let marked = said.printed.date.iter().cloned();
    found.extend(marked);
    // As sources are declared, so they are trusted; the first of each stays the first.
    found.sort_by_key(|(.., source)| *source);
    if found.is_empty()
        && let Some((url, _)) = &sources.address.url
        && let Some((date, raw)) = datelines::in_path(url.path())
    {
        found.push((date, raw, Source::Url));
    }
    if found.iter().all(|(date, ..)| date.precision == Precision::Day) {
        let dates = said.near.lines().filter_map(|line| {
            let (date, range) = datelines::find(line, language)?;
            Some((date, line[range].trim().to_owned(), Source::Html))
        });
        let day = found.first().map(|(date, ..)| date.rfc3339[..10].to_owned());
        let is_that =
            |(date, ..): &(Date, String, Source)| day.as_ref().is_none_or(|day| date.rfc3339.starts_with(day));
        found.extend(dates.into_iter().find(is_that));
    }
    if found.is_empty() && !said.near.is_empty() {
        let lines = printed::lines(sources.outline, text.start..text.end + LABELLED);
        found.extend(datelines::labelled(&lines, language).map(|(date, raw)| (date, raw, Source::Html)));
    }
    let Some((first, ..)) = found.first() else {
        if let Some(raw) = unreadable {
            facts
                .warnings
                .push(Warning::new("date_unreadable", format!("{raw:?} is no date")));
            facts.date_published_raw.get_or_insert(raw);
        }
        return;
    };
    let is_better = |(date, ..): &&(Date, String, Source)| {
        date.precision != Precision::Day && date.rfc3339[..10] == first.rfc3339[..10]
    };
    let exact = found
        .iter()
        .find(is_better)
        .filter(|_| first.precision == Precision::Day);
    if let Some((date, raw, source)) = exact.or(found.first()).cloned() {
        facts.say("date_published", source, Some(raw.clone()));
        facts.date_published = Some(date);
        facts.date_published_raw = Some(raw);
    }
}

fn modified(facts: &mut Facts, sources: &Sources<'_>, described: &Described) {
    if facts.date_modified.is_some() {
        return;
    }
    let json_ld = described.modified.iter().map(|raw| (raw.as_str(), Source::JsonLd));
    let mut said = json_ld.chain(sources.address.head.said(Topic::Modified));
    let language = facts.language.clone();
    if let Some((date, source)) =
        said.find_map(|(raw, source)| Some((printed::read_date(raw, language.as_deref())?, source)))
    {
        facts.date_modified = Some(date);
        facts.say("date_modified", source, None);
    }
}

/// Site, summary, section and tags: as the first source says them.
fn texts(facts: &mut Facts, sources: &Sources<'_>, described: &Described) {
    let head = &sources.address.head;
    let by = |said: &Option<String>, topic: Topic| {
        let json_ld = said.iter().map(|text| (text.clone(), Source::JsonLd));
        json_ld
            .chain(head.said(topic).map(|(text, source)| (text.to_owned(), source)))
            .next()
    };
    let summary = by(&described.description, Topic::Description);
    let summary = summary.or_else(|| Some((first_paragraph(sources.content)?, Source::Html)));
    let said = [
        ("site_name", by(&described.publisher, Topic::SiteName)),
        ("summary", summary),
        ("section", by(&described.section, Topic::Section)),
    ];
    for (field, said) in said {
        let slot = match field {
            "site_name" => &mut facts.site_name,
            "summary" => &mut facts.summary,
            _ => &mut facts.section,
        };
        if slot.is_none()
            && let Some((text, source)) = said
        {
            *slot = Some(text);
            facts.say(field, source, None);
        }
    }
    if facts.tags.is_empty() {
        let listed = head.groups(Topic::Tags).into_iter().next().map(|(values, source)| {
            let words = values
                .iter()
                .flat_map(|value| value.split([',', '，', ';', '；']))
                .map(str::trim);
            (
                words
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
                source,
            )
        });
        let json_ld = Some((described.keywords.clone(), Source::JsonLd)).filter(|(words, _)| !words.is_empty());
        if let Some((words, source)) = json_ld.or(listed).filter(|(words, _)| !words.is_empty()) {
            facts.tags = words;
            facts.say("tags", source, None);
        }
    }
}

/// The first paragraph of the text that is no dateline.
fn first_paragraph(content: &Content) -> Option<String> {
    let mut paragraph: Option<String> = None;
    for node in &content.nodes {
        match node {
            Node::Open { tag: Tag::P, .. } => paragraph = Some(String::new()),
            Node::Text(range) => {
                if let Some(text) = &mut paragraph {
                    text.push_str(&content.text[Range::clone(range)]);
                }
            }
            Node::Close(Tag::P) => {
                let text = paragraph.take().map(|text| squash(&text));
                if let Some(text) = text.filter(|text| !text.is_empty() && !is_dateline(text)) {
                    return Some(text);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a line begins with a date and says little more.
fn is_dateline(line: &str) -> bool {
    let date = datelines::find(line, None).map(|(_, range)| range);
    date.is_some_and(|range| range.start == 0 && line.chars().count() <= DATELINE_CHARACTERS)
}
