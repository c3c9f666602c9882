//! What a page says of its article, its sources compared.

use std::ops::Range;

use super::{
    Confidence, Facts, Outlet, Source, Sources,
    dates::{inline, published},
    outlet,
    people::authors,
    sources::{
        head::Topic,
        json_ld::{self, ArticleData},
        visible::{self, VisibleFacts},
    },
    titles::{
        self, SiteNames, TitleCandidates,
        headings::{self, Heading},
    },
};
use crate::engine::{Content, Document, Links, Node, html::tags::Tag, text::squash};

/// Characters of a line that holds a date, with a place and a name.
const DATELINE_CHARACTERS: usize = 60;
/// Bytes of source around the text where links to its tags may stand.
const BESIDE: usize = 4000;
/// Characters of a tag at most.
const LINKED_CHARACTERS: usize = 60;

pub(crate) fn read(facts: &mut Facts, sources: &Sources<'_>) {
    let (head, document) = (&sources.address.head, sources.document);
    let blocks: Vec<&str> = head.json_ld.iter().map(|id| document.raw_text(*id)).collect();
    let article_data = json_ld::read(&blocks, head.title.as_deref()).unwrap_or_default();
    let shown = headings::read(document, &head.headings, sources.address.base.as_ref());
    let sites = sites(facts, sources, &article_data, &shown);
    let kept = &sources.selection.kept;
    let text =
        kept.first().map_or(0, |range| range.start)..kept.last().map_or(document.source.len(), |range| range.end);

    let heading = title(facts, sources, &article_data, &shown, &sites, text.start);
    // A post names its author itself; names in its text are those of others.
    let is_page = document.is_document && sources.page.front_matter.is_none();
    let language = facts.language.clone();
    let is_asked = facts.authors.is_empty() || facts.date_published.is_none();
    let mut said = Evidence {
        article_data,
        visible: VisibleFacts::default(),
        near: String::new(),
        sites,
        heading,
    };
    if is_page && is_asked {
        said.visible = visible::read(document, text.clone(), heading, language.as_deref());
        said.near = visible::near(document, &text, heading);
    }
    if facts.authors.is_empty() {
        authors::decide(facts, sources, &said);
    }
    if facts.date_published.is_none() {
        published::decide(facts, sources, &said, &text);
    }
    if facts.source.is_none()
        && let Some(name) = outlet::in_lines(&said.near)
    {
        let (name, url) = (outlet::tidy(name), None);
        facts.source = Some(Outlet { name, url });
        facts.say("source", Source::Html, None);
    }
    if facts.subtitle.is_none() && is_page {
        said.article_data.subtitle = said
            .article_data
            .subtitle
            .take()
            .or_else(|| standfirst(document, heading));
    }
    let article_data = said.article_data;
    facts.stated_image.clone_from(&article_data.image);
    published::modified(facts, sources, &article_data, &said.near);
    texts(facts, sources, &article_data);
    categories(facts, sources, &article_data);
}

/// Names of the lines below a title that sum an article up.
const STANDFIRSTS: &[&str] = &[
    "subtitle",
    "sub-title",
    "standfirst",
    "subheadline",
    "sub-headline",
    "dek",
];
/// Elements behind a title among which it stands, and characters that it has.
const BEHIND_TITLE: usize = 60;
const STANDFIRST_CHARACTERS: std::ops::RangeInclusive<u32> = 10..=300;

/// The line below the title that its class calls so.
fn standfirst(document: &Document<'_>, heading: usize) -> Option<String> {
    let first = document
        .elements
        .partition_point(|element| (element.start as usize) <= heading);
    let ids = (first..document.elements.len()).take(BEHIND_TITLE).map(|id| id as u32);
    let is_it = |id: &u32| {
        let element = &document.elements[*id as usize];
        let names = document
            .attribute(*id, "class")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let mut names = names.split(|c: char| c.is_ascii_whitespace() || c == '_');
        matches!(element.tag, Tag::P | Tag::DIV | Tag::H2 | Tag::H3 | Tag::H4)
            && STANDFIRST_CHARACTERS.contains(&document.characters(*id))
            && names.any(|name| STANDFIRSTS.contains(&name))
    };
    ids.into_iter().find(is_it).map(|id| visible::text_of(document, id))
}

/// What a page says, once each.
pub(crate) struct Evidence {
    pub(crate) article_data: ArticleData,
    pub(crate) visible: VisibleFacts,
    pub(crate) near: String,
    pub(crate) sites: SiteNames,
    /// Where the title stands in the source.
    pub(crate) heading: usize,
}

/// The names that the site goes by: what it calls itself, what leads to its first page, and its domain.
fn sites(facts: &Facts, sources: &Sources<'_>, article_data: &ArticleData, shown: &[Heading]) -> SiteNames {
    // Some templates give the title for the name of the application.
    let title = sources.address.head.said(Topic::Title).next();
    let title = title.map(|(title, _)| json_ld::letters(title)).unwrap_or_default();
    let said = sources.address.head.said(Topic::SiteName).map(|(name, _)| name);
    let said = said.filter(|name| json_ld::letters(name) != title);
    let domain = facts.domain.as_deref();
    let label = domain.and_then(|domain| domain.split('.').next());
    let home = shown
        .iter()
        .filter(|heading| heading.leads_home)
        .map(|heading| heading.text.as_str());
    let named = said.chain(article_data.publisher.as_deref()).chain(home);
    SiteNames::new(named.chain(domain).chain(label))
}

/// Chooses the title, and says where the heading that says it stands.
fn title(
    facts: &mut Facts,
    sources: &Sources<'_>,
    article_data: &ArticleData,
    shown: &[Heading],
    sites: &SiteNames,
    text: usize,
) -> usize {
    let (head, document) = (&sources.address.head, sources.document);
    let start = |heading: &&Heading| document.elements[heading.element as usize].start as usize;
    let is_before = |heading: &&Heading| start(heading) <= text;
    let mut ranked: Vec<&Heading> = shown.iter().collect();
    ranked.sort_by_key(|heading| !heading.is_first);
    let mut first = shown
        .iter()
        .filter(|heading| heading.is_first && !sites.is(&heading.text));
    let only = first.next().filter(|one| first.all(|other| other.text == one.text));
    let nearest = only.or_else(|| {
        let before = shown.iter().rfind(is_before);
        before.or(shown.first()).filter(|_| document.is_document)
    });
    let json_ld = article_data
        .headline
        .iter()
        .map(|title| (title.clone(), Source::JsonLd));
    let meta = head
        .said(Topic::Title)
        .map(|(title, source)| (title.to_owned(), source));
    let candidates = TitleCandidates {
        declared: json_ld.chain(meta).collect(),
        document: head.title.as_deref(),
        headings: ranked,
        only: only.filter(is_before),
        nearest: nearest.map(|heading| heading.text.as_str()),
        sites,
    };
    let chosen = titles::choose(&candidates);
    let is_said = facts.title.is_some();
    if let Some((title, source, raw)) = chosen {
        facts.set_title(&title, source);
        let is_title = |other: &str| json_ld::letters(other) == json_ld::letters(&title);
        let is_shown = shown.iter().any(|heading| heading.is_first && is_title(&heading.text));
        let is_declared = candidates.declared.iter().any(|(other, _)| is_title(other));
        let confidence = match (is_shown, is_declared) {
            (true, true) => Confidence::Certain,
            (false, false) => Confidence::Guess,
            _ => Confidence::Likely,
        };
        if !is_said && facts.title.is_some() {
            facts.say_surely("title", source, (raw != title).then(|| raw.clone()), confidence);
        }
        if !is_said {
            facts.title_raw = Some(head.title.clone().unwrap_or(raw));
        }
    }
    let own = facts.title.as_deref().map(json_ld::letters).unwrap_or_default();
    // Lists of other articles may name it too: the heading nearest to the text is its own.
    let is_own = |heading: &&Heading| json_ld::letters(&heading.text) == own;
    let above = shown.iter().filter(is_before).rfind(is_own);
    let stands = above.or_else(|| shown.iter().find(is_own)).or(nearest);
    stands.as_ref().map_or(text, start)
}

/// Site, summary, section and tags: as the first source says them.
fn texts(facts: &mut Facts, sources: &Sources<'_>, article_data: &ArticleData) {
    let head = &sources.address.head;
    let by = |said: &Option<String>, topic: Topic| {
        let json_ld = said.iter().map(|text| (text.clone(), Source::JsonLd));
        json_ld
            .chain(head.said(topic).map(|(text, source)| (text.to_owned(), source)))
            .next()
    };
    let summary = by(&article_data.description, Topic::Description);
    let summary = summary.or_else(|| Some((first_paragraph(sources.content)?, Source::Html)));
    let said = [
        ("site_name", by(&article_data.publisher, Topic::SiteName)),
        ("summary", summary),
        ("section", by(&article_data.sections.first().cloned(), Topic::Section)),
        (
            "subtitle",
            by(&article_data.subtitle, Topic::Subtitle).filter(|(text, _)| facts.title.as_ref() != Some(text)),
        ),
        ("license", license(sources, article_data)),
    ];
    for (field, said) in said {
        let slot = match field {
            "site_name" => &mut facts.site_name,
            "summary" => &mut facts.summary,
            "section" => &mut facts.section,
            "subtitle" => &mut facts.subtitle,
            _ => &mut facts.license,
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
        let json_ld = Some((article_data.keywords.clone(), Source::JsonLd));
        let linked = || Some((linked(sources, &head.tags), Source::Html));
        let is_said = |(words, _): &(Vec<String>, Source)| !words.is_empty();
        if let Some((words, source)) = json_ld.filter(is_said).or(listed).or_else(linked).filter(is_said) {
            facts.tags = words;
            facts.say("tags", source, None);
        }
    }
}

/// The publisher's categories: the sections of JSON-LD, else the links that say so beside the text.
fn categories(facts: &mut Facts, sources: &Sources<'_>, article_data: &ArticleData) {
    if !facts.categories.is_empty() {
        return;
    }
    let head = &sources.address.head;
    let sections = head.groups(Topic::Section).into_iter().next();
    let sections = sections.map(|(names, source)| (names.into_iter().map(str::to_owned).collect(), source));
    let all = [
        Some((article_data.sections.clone(), Source::JsonLd)),
        sections,
        Some((linked(sources, &head.categories), Source::Html)),
    ];
    if let Some((names, source)) = all.into_iter().flatten().find(|(names, _)| !names.is_empty()) {
        facts.categories = names;
        facts.say("categories", source, None);
    }
}

/// The words of links, each once, as far as they stand beside the text and not in the menus around it.
fn linked(sources: &Sources<'_>, links: &[u32]) -> Vec<String> {
    let (document, kept) = (sources.document, &sources.selection.kept);
    let (Some(first), Some(last)) = (kept.first(), kept.last()) else {
        return Vec::new();
    };
    let beside = first.start.saturating_sub(BESIDE)..last.end + BESIDE;
    let mut words: Vec<String> = Vec::new();
    for id in links
        .iter()
        .filter(|id| beside.contains(&(document.elements[**id as usize].start as usize)))
    {
        let word = visible::text_of(document, *id);
        if !word.is_empty() && word.chars().count() <= LINKED_CHARACTERS && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The licence that JSON-LD, a link or a `meta` names; an address where there is one.
fn license(sources: &Sources<'_>, article_data: &ArticleData) -> Option<(String, Source)> {
    let head = &sources.address.head;
    let resolve = |link: &str| Links::new(sources.address.base.clone()).resolve(link);
    let json_ld = article_data.license.clone().map(|license| (license, Source::JsonLd));
    let linked = || Some((resolve(head.license.as_deref()?)?, Source::Html));
    let named = || {
        head.said(Topic::License)
            .next()
            .map(|(text, source)| (text.to_owned(), source))
    };
    json_ld.or_else(named).or_else(linked)
}

/// The first paragraph of the text that is no dateline.
fn first_paragraph(content: &Content) -> Option<String> {
    let mut paragraph: Option<String> = None;
    let mut in_reference = false;
    for node in &content.nodes {
        match node {
            Node::Text(_) if in_reference => {}
            Node::Close(Tag::A) => in_reference = false,
            Node::Open { tag: Tag::A, .. } => in_reference = node.is_note_reference(),
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
    let date = inline::find(line, None).map(|(_, range)| range);
    date.is_some_and(|range| range.start == 0 && line.chars().count() <= DATELINE_CHARACTERS)
}
