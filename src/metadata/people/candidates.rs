//! All candidates for authors, in the order of trust.

use url::Url;

use super::{
    bylines::{self, BylineForm},
    credits::Credit,
    lexicon::WordKind,
    names::{self, Name, NameClass},
    reporters,
};
use crate::{
    engine::Links,
    metadata::{
        Author, Source, Sources,
        evidence::Evidence,
        sources::{element_hints::ElementHint, head::Topic, visible},
    },
};

/// Bytes of source around the end of the text where a label may name the author.
const BELOW: usize = 3000;

/// Lines of the text, at its beginning, that may sign it.
const FIRST_LINES: usize = 6;

/// Which source names people, as the features distinguish them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JSON-LD, as a `Person`.
    JsonLdPerson,
    /// JSON-LD, as an `Organization`.
    JsonLdBody,
    /// JSON-LD, as a text or a thing of no type.
    JsonLdText,
    /// `itemprop`.
    Microdata,
    /// `property`.
    Rdfa,
    /// `article:author`.
    OpenGraph,
    /// `dc.creator`.
    DublinCore,
    /// Another `meta`.
    Meta,
    /// A card for shared links.
    Card,
    /// `rel="author"`.
    Rel,
    /// A class that says author.
    Author,
    /// A class that says it in other words.
    Writer,
    /// A link to a page about a person.
    Link,
    /// A line that begins with a label.
    Signed,
    /// A line with a label in it.
    Labelled,
    /// A name beside a day or a role.
    Beside,
    /// The forms of the Chinese press.
    Reporter,
    /// The line below a Chinese title.
    BelowTitle,
    /// A label below the text.
    BelowText,
}

/// All kinds, in the order of their features.
pub(crate) const KINDS: [(Kind, &str); 19] = [
    (Kind::JsonLdPerson, "json-ld person"),
    (Kind::JsonLdBody, "json-ld body"),
    (Kind::JsonLdText, "json-ld text"),
    (Kind::Microdata, "microdata"),
    (Kind::Rdfa, "rdfa"),
    (Kind::OpenGraph, "open graph"),
    (Kind::DublinCore, "dublin core"),
    (Kind::Meta, "meta"),
    (Kind::Card, "card"),
    (Kind::Rel, "rel"),
    (Kind::Author, "author"),
    (Kind::Writer, "writer"),
    (Kind::Link, "link"),
    (Kind::Signed, "signed"),
    (Kind::Labelled, "labelled"),
    (Kind::Beside, "beside"),
    (Kind::Reporter, "reporter"),
    (Kind::BelowTitle, "below title"),
    (Kind::BelowText, "below text"),
];

/// People as one source names them.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) people: Vec<(Author, NameClass)>,
    pub(crate) source: Source,
    pub(crate) kind: Kind,
    /// As visible there.
    pub(crate) line: String,
    /// Visible characters between the title and this.
    pub(crate) from_title: Option<i64>,
    /// Whether it stands behind the end of the text, or among the lines of it.
    pub(crate) is_below: bool,
}

impl Candidate {
    /// Whether its line says nothing but the names, with a label in front of them or a day behind them.
    pub(crate) fn is_whole(&self) -> bool {
        let mut rest = self.line[names::label(&self.line).len()..].to_owned();
        for (author, _) in &self.people {
            match rest.find(&author.name) {
                Some(at) => rest.replace_range(at..at + author.name.len(), " "),
                None => return false,
            }
        }
        let rest = rest.trim_start();
        // In brackets, or behind a comma with a capital: a degree, a role, an outlet.
        let words = rest
            .split(char::is_whitespace)
            .map(names::bare)
            .filter(|word| !word.is_empty());
        let is_plain = |word: &str| {
            names::is(
                word,
                WordKind::INTERFACE
                    .or(WordKind::DATE)
                    .or(WordKind::FUNCTION)
                    .or(WordKind::BY),
            ) || word.chars().all(|c| c.is_ascii_digit() || !c.is_alphanumeric())
        };
        words.into_iter().all(is_plain)
    }
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

/// `Lund, Ingrid`, as catalogues have it: a surname, and first names behind a comma.
fn surname_first(name: &str) -> Option<String> {
    let (last, first) = name.split_once(", ")?;
    let is_short = |part: &str, most: usize| (1..=most).contains(&part.split(' ').count()) && !part.contains(',');
    (is_short(last, 2) && is_short(first, 3)).then(|| format!("{first} {last}"))
}

/// All candidates.
pub(crate) fn candidates(
    sources: &Sources<'_>,
    said: &Evidence,
    title: Option<&str>,
    language: Option<&str>,
) -> Vec<Candidate> {
    let mut all = declared(sources, said);
    let document = sources.document;
    let before = |at: usize| {
        let run = document.runs.partition_point(|run| (run.start as usize) < at);
        i64::from(document.characters_before.get(run).copied().unwrap_or_default())
    };
    let title_at = before(said.heading);
    let end = sources.selection.kept.last().map_or(0, |range| range.end);
    let site = |url: &Url| {
        url.host_str()
            .map(|host| psl::domain_str(host).unwrap_or(host).to_owned())
    };
    let own_site = sources.address.base.as_ref().and_then(site);
    // A page about a person on another site is what a note or a sentence refers to.
    let leads_away = |credit: &Credit| {
        let urls = credit
            .names
            .iter()
            .filter_map(|(_, url)| Url::parse(url.as_deref()?).ok());
        own_site.is_some() && urls.filter_map(|url| site(&url)).any(|other| Some(other) != own_site)
    };
    for credit in &said.visible.credits {
        if credit.mark == ElementHint::Link && leads_away(credit) {
            continue;
        }
        let kind = match credit.mark {
            ElementHint::Schema => Kind::Microdata,
            ElementHint::Rdfa => Kind::Rdfa,
            ElementHint::Rel => Kind::Rel,
            ElementHint::Author => Kind::Author,
            ElementHint::Writer => Kind::Writer,
            ElementHint::Link => Kind::Link,
        };
        let links = Links::new(sources.address.base.clone());
        let people = credit.names.iter().map(|(name, url)| {
            let url = url.as_deref().and_then(|url| links.follow(url));
            (
                Author {
                    name: name.text.clone(),
                    url,
                },
                name.class,
            )
        });
        all.push(Candidate {
            people: people.collect(),
            source: credit.mark.source(),
            kind,
            line: credit.text.clone(),
            from_title: Some(before(credit.at) - title_at),
            is_below: credit.at > end,
        });
    }
    let by_line = |people: Vec<(Author, NameClass)>, kind: Kind, line: String, nth: usize| Candidate {
        people,
        source: Source::Html,
        kind,
        line,
        from_title: Some(nth as i64),
        is_below: kind == Kind::BelowText,
    };
    // A line beside others may name anyone; one that went as a credit has to say so.
    let taken = bylines::read(sources.credits, language).into_iter();
    let taken = taken.filter(|line| line.form != BylineForm::Beside);
    for line in bylines::read(&said.near, language).into_iter().chain(taken) {
        let kind = match line.form {
            BylineForm::Signed => Kind::Signed,
            BylineForm::Labelled => Kind::Labelled,
            BylineForm::Beside => Kind::Beside,
        };
        all.push(by_line(unlinked(line.names), kind, line.text, line.nth));
    }
    // Much markup may stand between a title and the line that signs the text.
    if !said.near.is_empty() && all.iter().all(|one| one.kind != Kind::Signed) {
        let first: Vec<&str> = sources
            .text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(FIRST_LINES)
            .collect();
        let signed = bylines::read(&first.join("\n"), language).into_iter().filter(|line| {
            line.form == BylineForm::Signed && line.names.iter().all(|name| name.class == NameClass::Person)
        });
        all.extend(signed.map(|line| by_line(unlinked(line.names), Kind::Signed, line.text, line.nth)));
    }
    let han = |people: Vec<Author>, kind: Kind| {
        let line = crate::metadata::joined_names(&people);
        let people = people.into_iter().map(|author| (author, NameClass::Person));
        by_line(people.collect(), kind, line, 0)
    };
    let reporters = [said.near.as_str(), sources.text, sources.credits]
        .into_iter()
        .map(reporters::reporters);
    if let Some(people) = reporters.into_iter().find(|named| !named.is_empty()) {
        all.push(han(people, Kind::Reporter));
    }
    all.push(han(
        reporters::below_title(&said.near, title.unwrap_or_default()),
        Kind::BelowTitle,
    ));
    if !said.near.is_empty() {
        let below = visible::lines(document, end.saturating_sub(BELOW)..end + BELOW);
        let labelled = bylines::read(&below, language)
            .into_iter()
            .filter(|line| line.form != BylineForm::Beside);
        all.extend(labelled.map(|line| by_line(unlinked(line.names), Kind::BelowText, line.text, line.nth)));
    }
    // Chinese pages name their outlets as sources, and links of theirs name accounts.
    let is_source = |candidate: &Candidate, name: &str, class: NameClass| {
        let is_of_site = matches!(
            candidate.kind,
            Kind::Link | Kind::OpenGraph | Kind::DublinCore | Kind::Meta | Kind::Card
        );
        let is_weak = class == NameClass::Body || class == NameClass::Single && is_of_site;
        is_weak
            && !(candidate.kind == Kind::Meta && names::ends_in_chinese_name(name))
            && name.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}'))
    };
    for candidate in &mut all {
        let mut people = std::mem::take(&mut candidate.people);
        people.retain(|(author, class)| !is_source(candidate, &author.name, *class));
        candidate.people = people;
    }
    all.retain(|candidate| !candidate.people.is_empty());
    all
}

fn unlinked(names: Vec<Name>) -> Vec<(Author, NameClass)> {
    names
        .into_iter()
        .map(|name| {
            (
                Author {
                    name: name.text,
                    url: None,
                },
                name.class,
            )
        })
        .collect()
}

/// The candidates of JSON-LD and the head.
fn declared(sources: &Sources<'_>, said: &Evidence) -> Vec<Candidate> {
    let links = Links::new(sources.address.base.clone());
    let (article_data, head) = (&said.article_data, &sources.address.head);
    let stated = |people: Vec<(Author, NameClass)>, kind: Kind, source: Source, line: String| Candidate {
        people,
        source,
        kind,
        line,
        from_title: None,
        is_below: false,
    };
    let kind = match (article_data.are_people, article_data.are_bodies) {
        (true, _) => Kind::JsonLdPerson,
        (_, true) => Kind::JsonLdBody,
        _ => Kind::JsonLdText,
    };
    let mut people: Vec<(Author, NameClass)> = Vec::new();
    for author in &article_data.authors {
        let names = match kind {
            Kind::JsonLdBody => names::body(&author.name),
            _ => names::read(&author.name),
        };
        let url = author
            .url
            .as_deref()
            .filter(|_| names.len() == 1)
            .and_then(|url| links.follow(url));
        let is_new = |name: &Name| {
            people
                .iter()
                .all(|(known, _)| !known.name.eq_ignore_ascii_case(&name.text))
        };
        let new: Vec<Name> = names.into_iter().filter(is_new).collect();
        people.extend(new.into_iter().map(|name| {
            (
                Author {
                    name: name.text,
                    url: url.clone(),
                },
                name.class,
            )
        }));
    }
    if people.iter().any(|(_, class)| *class == NameClass::Person) {
        people.retain(|(_, class)| *class != NameClass::Body);
    }
    let mut all = vec![stated(
        people,
        kind,
        Source::JsonLd,
        crate::metadata::joined_names(&article_data.authors),
    )];
    for (names, source) in head.groups(Topic::Author) {
        let are_turned = names.iter().all(|name| surname_first(name).is_some());
        let kind = match source {
            Source::OpenGraph => Kind::OpenGraph,
            Source::DublinCore | Source::Rdfa => Kind::DublinCore,
            _ => Kind::Meta,
        };
        let read = |name: &&str| match surname_first(name).filter(|_| are_turned) {
            Some(turned) if names::read(name).iter().all(|part| part.class == NameClass::Single) => {
                names::read(&turned)
            }
            _ => names::read(name),
        };
        let mut people: Vec<Name> = Vec::new();
        for name in names.iter().flat_map(read) {
            if people.iter().all(|known| !known.text.eq_ignore_ascii_case(&name.text)) {
                people.push(name);
            }
        }
        if people.is_empty() && kind == Kind::DublinCore {
            people.extend(names.first().and_then(|name| names::unknown(name)));
        }
        // A label in a value is not visible to readers.
        let line = once(&names).join(", ");
        let line = line[names::label(&line).len()..].to_owned();
        all.push(stated(unlinked(people), kind, source, line));
    }
    if let Some(name) = head.written_by() {
        all.push(stated(
            unlinked(names::read(name)),
            Kind::Card,
            Source::OpenGraph,
            name.to_owned(),
        ));
    }
    all
}
