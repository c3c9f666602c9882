//! Who, what, when: the facts about an article, each with the source that it was taken from.
//!
//! The order of trust: the caller, front matter, rules, JSON-LD, microdata and RDFa, OpenGraph, Dublin Core, plain `meta`,
//! the page itself, the URL. Earlier sources win unless later ones contradict them: a title is compared with
//! the headings (`titles`), an author with the names of the site, a day with the same day to the minute.

pub(crate) mod media;
mod evidence;
mod outlet;
pub mod text;
pub(crate) mod sources;
pub mod people;
pub mod dates;
mod titles;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use url::Url;

use crate::{
    engine::{
        Content, Document,
        extract::{fields::RuleField, selection::Selection},
        outside_body::Place,
        text::squash,
    },
    error::{Warning, WarningCode},
    input::{FrontMatter, Page},
    rules::{FieldName, RuleSet},
};
use dates::Date;
pub use media::pictures::Picture;
pub use media::videos::Video;
use sources::head::Head;
pub use text::stats::Stats;

/// Where a fact was found, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The request.
    Caller,
    /// The document's own front matter.
    FrontMatter,
    /// A rule took it from a line, a comment or an element.
    Rule,
    /// schema.org's words in a `script` of `application/ld+json`.
    JsonLd,
    /// `itemprop` in the markup.
    Microdata,
    /// `property` in the markup.
    Rdfa,
    /// `og:*`, `article:*` and `twitter:*`.
    OpenGraph,
    /// `dc.*` and `dcterms.*`.
    DublinCore,
    /// Another `meta` or `link`.
    Meta,
    /// `Content-Location`.
    Header,
    /// The text or the markup itself.
    Html,
    /// The URL.
    Url,
    /// A `noscript`.
    Noscript,
    /// A declarative shadow root.
    Template,
    /// The data of a script.
    ScriptState,
}

impl From<Place> for Source {
    fn from(place: Place) -> Self {
        match place {
            Place::Noscript => Source::Noscript,
            Place::Template => Source::Template,
            Place::ScriptState => Source::ScriptState,
            Place::JsonLd => Source::JsonLd,
        }
    }
}

/// How sure a fact is, the least sure first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// One source says it that is often wrong.
    #[default]
    Guess,
    /// One source says it that is mostly right.
    Likely,
    /// A reliable source says it, or sources that do not depend on one another.
    Certain,
}

/// Who said a fact, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Who.
    pub source: Source,
    /// How sure that is.
    pub confidence: Confidence,
    /// The words, where they are not the fact itself.
    pub raw: Option<String>,
    /// The id of the rule that took it.
    pub rule: Option<String>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Author {
    /// As visible.
    pub name: String,
    /// A page about them.
    pub url: Option<String>,
}

/// An editor. Editors have no URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Editor {
    /// As visible.
    pub name: String,
}

/// An outlet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlet {
    /// As visible.
    pub name: String,
    /// Its page.
    pub url: Option<String>,
}

/// All that is known about an article beside its text.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// See the contract.
    pub url: Option<String>,
    /// See the contract.
    pub canonical_url: Option<String>,
    /// The registrable domain.
    pub domain: Option<String>,
    /// See the contract.
    pub title: Option<String>,
    /// Before it was cleaned.
    pub title_raw: Option<String>,
    /// What stands below the title.
    pub subtitle: Option<String>,
    /// The page's own.
    pub summary: Option<String>,
    /// People.
    pub authors: Vec<Author>,
    /// As visible.
    pub byline: Option<String>,
    /// People.
    pub editors: Vec<Editor>,
    /// Where it first appeared.
    pub source: Option<Outlet>,
    /// Where it stands.
    pub site_name: Option<String>,
    /// When.
    pub date_published: Option<Date>,
    /// As visible.
    pub date_published_raw: Option<String>,
    /// When last.
    pub date_modified: Option<Date>,
    /// BCP 47.
    pub language: Option<String>,
    /// `ltr` or `rtl`.
    pub direction: Option<&'static str>,
    /// The publisher's words for it.
    pub section: Option<String>,
    /// The publisher's words for it.
    pub tags: Vec<String>,
    /// The publisher's words for it.
    pub categories: Vec<String>,
    /// What the page may be used for: the address of a licence, or its name.
    pub license: Option<String>,
    /// The article's picture.
    pub image: Option<String>,
    /// The pictures in its text.
    pub images: Vec<Picture>,
    /// The videos in its text.
    pub videos: Vec<Video>,
    /// Who said what.
    pub provenance: BTreeMap<&'static str, Provenance>,
    /// The address of the picture that JSON-LD names.
    stated_image: Option<String>,
    /// The candidates for authors, with their evidence.
    pub named: Vec<people::authors::WeighedCandidate>,
    /// What was found wrong on the way.
    pub warnings: Vec<Warning>,
}

/// What the facts are taken from.
pub struct Sources<'a> {
    /// The document.
    pub page: &'a Page<'a>,
    /// Its HTML.
    pub document: &'a Document<'a>,
    /// The rules.
    pub rules: &'a RuleSet,
    /// What they took.
    pub fields: &'a [RuleField],
    /// What was left out.
    pub selection: &'a Selection,
    /// What stays.
    pub content: &'a Content,
    /// The same as text.
    pub text: &'a str,
    /// The credits that were taken out of it, one a line.
    pub credits: &'a str,
    /// The document's URL.
    pub address: &'a Address,
}

/// The document's URL and its source, found before anything is written, since links need it.
#[derive(Debug, Default)]
pub struct Address {
    /// The URL, by the first in order that gave one.
    pub url: Option<(Url, Source)>,
    /// What links are resolved against.
    pub base: Option<Url>,
    /// What the page says its URL is.
    pub canonical: Option<Url>,
    /// What else its head says.
    head: Head,
}

fn web(text: &str) -> Option<Url> {
    Url::parse(text.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The document's URL as far as it is known before its HTML is read: the caller's, `Content-Location`, front matter, in
/// that order.
pub fn known_url(caller: Option<&Url>, content_location: Option<&str>, page: &Page<'_>) -> Option<(Url, Source)> {
    let by_caller = || caller.cloned().map(|url| (url, Source::Caller));
    let by_header = || Some((web(content_location?)?, Source::Header));
    let by_front_matter = || {
        let front = page.front_matter.as_ref()?;
        let url = ["url", "link", "permalink", "canonical"]
            .iter()
            .find_map(|key| web(front.text(key)?))?;
        Some((url, Source::FrontMatter))
    };
    by_caller().or_else(by_header).or_else(by_front_matter)
}

/// The names by which front matter calls the feed that it came from.
pub fn feed_names(front: &FrontMatter) -> Vec<&str> {
    ["author", "site_name", "site", "source", "categories"]
        .iter()
        .flat_map(|key| front.list(key))
        .collect()
}

/// Completes the document's URL with what the page says: its canonical link where nothing else is known, its `base` or the given one.
pub fn address(known: Option<(Url, Source)>, given_base: Option<&Url>, document: &Document<'_>) -> Address {
    let head = Head::read(document);
    let canonical = head.canonical.as_deref().and_then(|link| match &known {
        Some((url, _)) => url
            .join(link)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https")),
        None => web(link),
    });
    let url = known.or_else(|| canonical.clone().map(|url| (url, Source::Meta)));
    let document = url.as_ref().map(|(url, _)| url);
    // A base of another scheme is none: a browser ignores `javascript:` and `data:` too.
    let base = head.base.as_deref().and_then(|base| match document {
        Some(url) => url
            .join(base)
            .ok()
            .filter(|base| matches!(base.scheme(), "http" | "https")),
        None => web(base),
    });
    Address {
        base: base.or_else(|| given_base.or(document).cloned()),
        url,
        canonical,
        head,
    }
}

/// Collects the facts.
pub fn collect(sources: &Sources<'_>) -> Facts {
    let mut facts = Facts::default();
    let head = &sources.address.head;
    addresses(&mut facts, sources.address);
    if let Some(front) = &sources.page.front_matter {
        sources::front_matter::read(&mut facts, front);
    }
    from_rules(&mut facts, sources);
    text::language::decide(&mut facts, sources, head);
    evidence::read(&mut facts, sources);
    dates::zones::settle(&mut facts, sources);
    if facts.source.is_none()
        && let Some(name) = outlet::outlet(sources.text).or_else(|| outlet::outlet(sources.credits))
    {
        facts.source = Some(Outlet {
            name: name.to_owned(),
            url: None,
        });
        facts.say("source", Source::Html, None);
    }
    if facts.byline.is_none() && !facts.authors.is_empty() {
        facts.byline = Some(joined_names(&facts.authors));
    }
    media::pictures::decide(&mut facts, sources, head);
    facts.videos = media::videos::read(sources);
    if let Some(known) = sources.page.known {
        sources::caller::overrule(&mut facts, known);
    }
    facts
}

fn joined_names(authors: &[Author]) -> String {
    authors
        .iter()
        .map(|author| author.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

impl Facts {
    pub(crate) fn say(&mut self, field: &'static str, source: Source, raw: Option<String>) {
        let confidence = match source {
            Source::Caller | Source::FrontMatter | Source::Rule | Source::Header => Confidence::Certain,
            Source::Html | Source::Url => Confidence::Guess,
            _ => Confidence::Likely,
        };
        self.say_surely(field, source, raw, confidence);
    }

    /// Names the source of a fact that others have been compared with.
    fn say_surely(&mut self, field: &'static str, source: Source, raw: Option<String>, confidence: Confidence) {
        let rule = None;
        let said = Provenance {
            source,
            confidence,
            raw,
            rule,
        };
        self.provenance.insert(field, said);
    }

    /// Leaves out the facts that are less sure than asked for.
    pub fn keep(&mut self, least: Confidence) {
        let weak: Vec<&'static str> = self
            .provenance
            .iter()
            .filter(|(field, said)| said.confidence < least && **field != "url")
            .map(|(field, _)| *field)
            .collect();
        for field in weak {
            self.provenance.remove(field);
            match field {
                "title" => (self.title, self.title_raw) = (None, None),
                "subtitle" => self.subtitle = None,
                "summary" => self.summary = None,
                "authors" => (self.authors, self.byline) = (Vec::new(), None),
                "editors" => self.editors.clear(),
                "source" => self.source = None,
                "site_name" => self.site_name = None,
                "date_published" => (self.date_published, self.date_published_raw) = (None, None),
                "date_modified" => self.date_modified = None,
                "language" => (self.language, self.direction) = (None, None),
                "section" => self.section = None,
                "tags" => self.tags.clear(),
                "categories" => self.categories.clear(),
                "license" => self.license = None,
                "image" => self.image = None,
                _ => {}
            }
        }
    }

    /// A rule has added to a list; where others began it, it stays theirs.
    fn add(&mut self, field: &'static str) {
        if !self.provenance.contains_key(field) {
            self.say(field, Source::Rule, None);
        }
    }

    /// Names the rule that has just given a field; where others had given it before, they keep it.
    fn name_rule(&mut self, field: &'static str, id: &str) {
        if let Some(said) = self.provenance.get_mut(field)
            && said.source == Source::Rule
        {
            said.rule.get_or_insert_with(|| id.to_owned());
        }
    }

    fn set_title(&mut self, raw: &str, source: Source) {
        let title = match source {
            Source::FrontMatter => unwrapped(raw),
            _ => clean_title(raw),
        };
        if self.title.is_none() && !title.is_empty() {
            self.say("title", source, (title != raw).then(|| raw.to_owned()));
            self.title = Some(title);
            self.title_raw = Some(raw.to_owned());
        }
    }

    fn set_date(&mut self, raw: &str, source: Source) {
        if self.date_published.is_some() || raw.trim().is_empty() {
            return;
        }
        match dates::parse(raw) {
            Some(date) => {
                if !date.zone_given && source == Source::FrontMatter && date.precision != dates::Precision::Day {
                    let detail =
                        format!("{raw:?} names no time zone; UTC was taken, and it may be when the file was made");
                    self.warnings.push(Warning::new(WarningCode::DateWithoutZone, detail));
                }
                self.say("date_published", source, Some(raw.to_owned()));
                self.date_published = Some(date);
            }
            None => self
                .warnings
                .push(Warning::new(WarningCode::DateUnreadable, format!("{raw:?} is no date"))),
        }
        self.date_published_raw.get_or_insert_with(|| raw.to_owned());
    }
}

fn addresses(facts: &mut Facts, address: &Address) {
    if let Some((url, source)) = &address.url {
        facts.domain = url.host_str().and_then(|host| match url.host() {
            Some(url::Host::Domain(_)) => psl::domain_str(host).map(str::to_owned),
            _ => Some(host.to_owned()),
        });
        facts.url = Some(url.to_string());
        facts.say("url", *source, None);
    }
    facts.canonical_url = address.canonical.as_ref().map(Url::to_string);
}

/// A title on one line.
fn clean_title(raw: &str) -> String {
    titles::headings::without_hyphens(&squash(&htmlize::unescape(raw)))
}

/// A title without the quotation hints that were put around the whole, and doubled, when a file was made.
fn unwrapped(raw: &str) -> String {
    let title = clean_title(raw);
    let inner = title.trim_matches('"').trim();
    let wrapped = title.starts_with('"') && title.ends_with('"') && !inner.contains('"');
    if wrapped { inner.to_owned() } else { title }
}

fn names_of<T>(facts: &[T], name: fn(&T) -> &String) -> Vec<String> {
    facts.iter().map(|fact| name(fact).clone()).collect()
}

fn from_rules(facts: &mut Facts, sources: &Sources<'_>) {
    let mut known: HashSet<(FieldName, String)> = [
        (FieldName::Editors, names_of(&facts.editors, |editor| &editor.name)),
        (FieldName::Authors, names_of(&facts.authors, |author| &author.name)),
        (FieldName::Tags, names_of(&facts.tags, |tag| tag)),
    ]
    .into_iter()
    .flat_map(|(field, names)| names.into_iter().map(move |name| (field, name)))
    .collect();
    for field in sources.fields {
        let mut is_new = || known.insert((field.name, field.value.clone()));
        let value = || field.value.clone();
        let given = match field.name {
            FieldName::Editors if is_new() => {
                facts.editors.push(Editor { name: value() });
                facts.add("editors");
                "editors"
            }
            FieldName::Source if facts.source.is_none() => {
                let name = outlet::tidy(&field.value);
                facts.say("source", Source::Rule, (name != field.value).then(value));
                facts.source = Some(Outlet { name, url: None });
                "source"
            }
            FieldName::Authors if is_new() => {
                facts.authors.push(Author {
                    name: value(),
                    url: None,
                });
                facts.add("authors");
                "authors"
            }
            FieldName::Tags if is_new() => {
                facts.tags.push(value());
                facts.add("tags");
                "tags"
            }
            FieldName::Title => {
                facts.set_title(&field.value, Source::Rule);
                "title"
            }
            FieldName::Date => {
                facts.set_date(&field.value, Source::Rule);
                "date_published"
            }
            // The picture is chosen with all the others, in `pictures`.
            _ => continue,
        };
        facts.name_rule(given, &sources.rules.rules()[field.rule as usize].id);
    }
}
