//! Authors: all sources that name people, compared.
//!
//! Each source that names people is a candidate, with its evidence: the source and its markup, how near the
//! title it stands, whether others say the same. A model makes a probability of that; the likeliest candidate is taken,
//! and none where none is likely.

use std::{collections::BTreeSet, sync::LazyLock};

use super::{
    candidates::{Candidate, KINDS, Kind, candidates},
    names::{self, NameClass},
    reporters,
};
use crate::{
    engine::extract::score::model::{Model, ROOM},
    metadata::{Author, Confidence, Facts, Sources, evidence::Evidence, sources::json_ld, titles},
};

/// A candidate with what speaks for it.
#[derive(Debug, Clone)]
pub struct WeighedCandidate {
    /// The names, as one line.
    pub names: String,
    /// Who names them.
    pub kind: &'static str,
    /// By the names of [`features`].
    pub features: Vec<f32>,
    /// How likely they are to have written it.
    pub likely: f32,
}

/// The likeliest candidate. A first name or a user's name gives way to the whole name elsewhere.
pub(crate) fn decide(facts: &mut Facts, sources: &Sources<'_>, said: &Evidence) {
    let all = candidates(sources, said, facts.title.as_deref(), facts.language.as_deref());
    let weighed = weigh(&all, facts, sources, said);
    let best = (0..all.len()).max_by(|one, other| {
        weighed[*one]
            .likely
            .total_cmp(&weighed[*other].likely)
            .then(other.cmp(one))
    });
    facts.named = weighed;
    let Some(best) = best.filter(|best| facts.named[*best].likely >= LIKELY) else {
        return;
    };
    let best = person_instead(&all, &facts.named, best);
    let (first, likely) = (&all[best], facts.named[best].likely);
    let whole = all.iter().find(|other| match (&first.people[..], &other.people[..]) {
        ([(short, _)], [(long, NameClass::Person)]) => {
            names::is_short_for(&short.name, &long.name) || names::is_handle(&short.name) && is_beside(first, other)
        }
        _ => false,
    });
    let chosen = whole.unwrap_or(first);
    // What is visible in capitals is a matter of style: a source that spells the same name in mixed case is followed.
    let spelled = all.iter().find(|other| {
        is_in_capitals(&chosen.people)
            && !is_in_capitals(&other.people)
            && letters(&other.people) == letters(&chosen.people)
    });
    let chosen = spelled.unwrap_or(chosen);
    // Of sources that say the same, the most trusted one is given.
    let visible = |people: &[(Author, NameClass)]| {
        people
            .iter()
            .map(|(author, _)| author.name.to_lowercase())
            .collect::<Vec<_>>()
    };
    let is_same = |other: &&Candidate| {
        visible(&other.people) == visible(&chosen.people)
            && is_in_capitals(&other.people) == is_in_capitals(&chosen.people)
    };
    let chosen = all.iter().find(is_same).unwrap_or(chosen);
    facts.authors = chosen.people.iter().map(|(author, _)| author.clone()).collect();
    // A page about a person may be linked where another source names them.
    for author in facts.authors.iter_mut().filter(|author| author.url.is_none()) {
        let same = all
            .iter()
            .flat_map(|other| &other.people)
            .find(|(other, _)| other.name == author.name && other.url.is_some());
        author.url = same.and_then(|(other, _)| other.url.clone());
    }
    facts.byline = Some(chosen.line.clone());
    let is_same = chosen.line == crate::metadata::joined_names(&facts.authors);
    let raw = (!is_same).then(|| chosen.line.clone());
    let is_confirmed = all
        .iter()
        .any(|other| other.kind != chosen.kind && letters(&other.people) == letters(&chosen.people));
    // One account of a system fills all that it declares: readers have to see the name as well.
    let is_seen = all
        .iter()
        .any(|other| other.from_title.is_some() && letters(&other.people) == letters(&chosen.people));
    let are_people = chosen.people.iter().all(|(author, class)| {
        *class == NameClass::Person && !said.sites.is(&author.name) && !said.sites.are_like(&author.name)
    });
    // Where a source says more than the names, or another names others, somebody has to judge.
    let is_whole = || {
        all.iter()
            .filter(|other| letters(&other.people) == letters(&chosen.people))
            .filter(|other| other.from_title.is_none())
            .all(Candidate::is_whole)
            && chosen.is_whole()
    };
    let is_disputed = || {
        all.iter().zip(&facts.named).any(|(other, weighed)| {
            weighed.likely >= DISPUTED
                && other.people.iter().any(|(own, class)| {
                    let is_known = |(author, _): &(Author, NameClass)| {
                        let (own, known) = (json_ld::letters(&own.name), json_ld::letters(&author.name));
                        own.contains(&known) || known.contains(&own)
                    };
                    *class == NameClass::Person && !chosen.people.iter().any(is_known)
                })
        })
    };
    let confidence = match likely {
        likely if likely >= SURE && is_confirmed && is_seen && are_people && is_whole() && !is_disputed() => {
            Confidence::Certain
        }
        likely if likely >= MOSTLY && !chosen.people.iter().any(|(_, class)| *class == NameClass::Body) => {
            Confidence::Likely
        }
        _ => Confidence::Guess,
    };
    facts.say_surely("authors", chosen.source, raw, confidence);
}

/// How likely a candidate must be to be taken, to be called likely, and to be called certain.
const LIKELY: f32 = 0.2;
const MOSTLY: f32 = 0.7;
const SURE: f32 = 0.9;

/// How likely another person must be for nobody to be certain.
const DISPUTED: f32 = 0.3;

/// How likely a person must be to have written what an agency or an outlet is said to have.
const INSTEAD: f32 = 0.4;

/// The likeliest person, where the best candidate is an outlet or an agency; else the best.
fn person_instead(all: &[Candidate], weighed: &[WeighedCandidate], best: usize) -> usize {
    let is_all = |one: &Candidate, class: NameClass| one.people.iter().all(|(_, own)| *own == class);
    if !is_all(&all[best], NameClass::Body) {
        return best;
    }
    // Of two outlets, or what stands in their place, a catalogue's field goes before other values of the head.
    let of_catalogue = (0..all.len()).find(|i| all[*i].kind == Kind::DublinCore && all[best].kind == Kind::Meta);
    let people = (0..all.len()).filter(|i| is_all(&all[*i], NameClass::Person) && weighed[*i].likely >= INSTEAD);
    people
        .max_by(|one, other| {
            weighed[*one]
                .likely
                .total_cmp(&weighed[*other].likely)
                .then(other.cmp(one))
        })
        .or(of_catalogue)
        .unwrap_or(best)
}

/// Whether a person is named in markup where an account is named as well.
fn is_beside(account: &Candidate, person: &Candidate) -> bool {
    account.source != person.source && matches!(person.kind, Kind::JsonLdPerson | Kind::Signed | Kind::Card | Kind::Rel)
}

fn is_in_capitals(people: &[(Author, NameClass)]) -> bool {
    let mut letters = people
        .iter()
        .flat_map(|(author, _)| author.name.chars())
        .filter(|c| c.is_alphabetic());
    letters.clone().any(char::is_uppercase) && !letters.any(char::is_lowercase)
}

/// The names in letters alone, in their order.
fn letters(people: &[(Author, NameClass)]) -> Vec<String> {
    people
        .iter()
        .map(|(author, _)| json_ld::letters(&author.name))
        .collect()
}

/// What is said of each candidate, by the order of its values.
pub fn features() -> Vec<String> {
    let kinds = KINDS.iter().map(|(_, name)| format!("is {name}"));
    let others = KINDS.iter().map(|(_, name)| format!("also {name}"));
    let own = [
        "weakest class",
        "strongest class",
        "names",
        "is site",
        "is like site",
        "is handle",
        "has page",
        "from title",
        "is placed",
        "is below",
        "agree",
        "hold",
        "held",
        "disagree",
        "people elsewhere",
        "in title",
        "nth",
        "words",
        "kinds",
        "json-ld",
        "by line",
        "is schema typed",
        "of kind",
        "names of kind",
        "nearest of kind",
        "candidates",
        "in small letters",
    ];
    kinds.chain(others).chain(own.into_iter().map(str::to_owned)).collect()
}

fn weigh(all: &[Candidate], facts: &Facts, sources: &Sources<'_>, said: &Evidence) -> Vec<WeighedCandidate> {
    let tail = sources.address.head.title.as_deref().and_then(titles::tail);
    let title = facts.title.as_deref().map(json_ld::letters).unwrap_or_default();
    let domain = facts.domain.clone().unwrap_or_default();
    let own: Vec<Vec<String>> = all.iter().map(|one| letters(&one.people)).collect();
    let is_site = |name: &str| {
        let in_tail =
            || reporters::holds_han(name) && tail.as_ref().is_some_and(|tail| tail.contains(&json_ld::letters(name)));
        said.sites.is(name) || in_tail()
    };
    // An outlet that is named with its address.
    let is_address = |line: &str| {
        let parts = line.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '/'));
        let mut parts = parts.filter(|part| !part.contains('@'));
        !domain.is_empty() && parts.any(|part| part.to_lowercase().ends_with(&domain))
    };
    let flag = |is: bool| f32::from(u8::from(is));
    let distance = |one: &Candidate| one.from_title.map_or(0, i64::unsigned_abs);
    let mut likely = vec![0.0; all.len()];
    let mut batch = MODEL.ask();
    let mut weighed = Vec::new();
    for (i, one) in all.iter().enumerate() {
        let mut row = [0.0f32; ROOM];
        let mut values = Vec::new();
        values.extend(KINDS.iter().map(|(kind, _)| flag(*kind == one.kind)));
        let others = || {
            all.iter()
                .zip(&own)
                .enumerate()
                .filter(|(other, _)| *other != i)
                .map(|(_, other)| other)
        };
        let set = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        let mine = set(&own[i]);
        let is_same = |names: &[String]| set(names) == mine;
        let shares = |names: &[String]| {
            names.iter().any(|name| {
                own[i]
                    .iter()
                    .any(|own| own == name || own.contains(name.as_str()) || name.contains(own.as_str()))
            })
        };
        values.extend(
            KINDS
                .iter()
                .map(|(kind, _)| flag(others().any(|(other, names)| other.kind == *kind && is_same(names)))),
        );
        let classes = || one.people.iter().map(|(_, class)| *class as u8);
        let name =
            crate::metadata::joined_names(&one.people.iter().map(|(author, _)| author.clone()).collect::<Vec<_>>());
        let distinct = |is: &dyn Fn(&Candidate, &[String]) -> bool| {
            KINDS
                .iter()
                .filter(|(kind, _)| others().any(|(other, names)| other.kind == *kind && is(other, names)))
                .count() as f32
        };
        values.extend([
            f32::from(classes().min().unwrap_or_default()),
            f32::from(classes().max().unwrap_or_default()),
            one.people.len() as f32,
            flag(one.people.iter().any(|(author, _)| is_site(&author.name)) || is_site(&one.line)),
            flag(said.sites.are_like(&one.line) || is_address(&one.line)),
            flag(one.people.iter().any(|(author, _)| names::is_handle(&author.name))),
            flag(one.people.iter().any(|(author, _)| author.url.is_some())),
            one.from_title.map_or(0.0, |characters| {
                (1.0 + characters.unsigned_abs() as f32).ln() * if characters < 0 { -1.0 } else { 1.0 }
            }),
            flag(one.from_title.is_some()),
            flag(one.is_below),
            distinct(&|_, names| is_same(names)),
            distinct(&|_, names| !is_same(names) && own[i].iter().all(|name| names.contains(name))),
            distinct(&|_, names| !is_same(names) && names.iter().all(|name| own[i].contains(name))),
            distinct(&|other, names| {
                !shares(names) && other.people.iter().all(|(_, class)| *class == NameClass::Person)
            }),
            flag(others().any(|(other, _)| other.people.iter().any(|(_, class)| *class == NameClass::Person))),
            flag(
                own[i]
                    .iter()
                    .any(|name| name.chars().count() > 3 && title.contains(name.as_str())),
            ),
            all[..i].iter().filter(|other| other.kind == one.kind).count() as f32,
            name.split(' ').count() as f32 / one.people.len().max(1) as f32,
            distinct(&|_, _| true),
            flag(!said.article_data.authors.is_empty()),
            flag(names::has_label(&one.line) || !names::label(&one.line).is_empty()),
            flag(said.article_data.headline.is_some()),
            all.iter().filter(|other| other.kind == one.kind).count() as f32,
            all.iter()
                .zip(&own)
                .filter(|(other, _)| other.kind == one.kind)
                .map(|(_, names)| set(names))
                .collect::<BTreeSet<_>>()
                .len() as f32,
            flag(others().all(|(other, _)| other.kind != one.kind || distance(other) > distance(one))),
            all.len() as f32,
            flag(!name.contains(char::is_uppercase)),
        ]);
        row[..values.len()].copy_from_slice(&values);
        batch.add(i, &row, &[], &mut likely);
        let kind = KINDS
            .iter()
            .find(|(kind, _)| *kind == one.kind)
            .map_or("", |(_, name)| name);
        weighed.push(WeighedCandidate {
            names: name,
            kind,
            features: values,
            likely: 0.0,
        });
    }
    batch.end(&mut likely);
    weighed
        .iter_mut()
        .zip(likely)
        .for_each(|(one, likely)| one.likely = likely);
    weighed
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    // Every test run reads it.
    Model::parse(include_str!("authors.txt")).unwrap_or_else(|e| unreachable!("authors.txt: {e}"))
});
