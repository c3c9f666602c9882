//! What the page says about itself in `meta`, `link`, `title` and `base`, and where the rest of it is to be looked for.

use memchr::memmem::{self, Finder};

use crate::{
    engine::{Document, extract::units::embeds::stand_in, html::tags::Tag, text::squash},
    metadata::Source,
    steps,
};

/// What a `meta` says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Title,
    Author,
    Published,
    Modified,
    Description,
    SiteName,
    Section,
    Image,
    Tags,
    Subtitle,
    License,
    /// A line of a card: what it is about, and what it says.
    Card,
}

use Topic::{Author, Card, Description, Image, License, Modified, Published, Section, SiteName, Subtitle, Tags, Title};

/// The names of `meta` that are read, in lower case and with `:` for the dot of Dublin Core and its kin; of one topic the
/// most trusted first: OpenGraph (ogp.me) with its `article` and Twitter's cards, Dublin Core (DCMI terms), and the names
/// that search engines, newspapers' systems and libraries have made a habit of.
const NAMES: &[(&str, Topic, Source)] = &[
    ("og:title", Title, Source::OpenGraph),
    ("twitter:title", Title, Source::OpenGraph),
    ("dc:title", Title, Source::DublinCore),
    ("dcterms:title", Title, Source::DublinCore),
    ("headline", Title, Source::Meta),
    ("parsely-title", Title, Source::Meta),
    ("sailthru:title", Title, Source::Meta),
    ("citation_title", Title, Source::Meta),
    ("title", Title, Source::Meta),
    ("article:author", Author, Source::OpenGraph),
    ("article:author_name", Author, Source::OpenGraph),
    ("og:article:author", Author, Source::OpenGraph),
    ("dc:creator", Author, Source::DublinCore),
    ("dcterms:creator", Author, Source::DublinCore),
    ("dc:author", Author, Source::DublinCore),
    ("author", Author, Source::Meta),
    ("authors", Author, Source::Meta),
    ("parsely-author", Author, Source::Meta),
    ("sailthru:author", Author, Source::Meta),
    ("citation_author", Author, Source::Meta),
    ("byl", Author, Source::Meta),
    ("byline", Author, Source::Meta),
    ("dcsext:author", Author, Source::Meta),
    ("shareaholic:article_author_name", Author, Source::Meta),
    ("article:published_time", Published, Source::OpenGraph),
    ("article:published", Published, Source::OpenGraph),
    ("og:article:published_time", Published, Source::OpenGraph),
    ("og:published_time", Published, Source::OpenGraph),
    ("og:pubdate", Published, Source::OpenGraph),
    ("article:create_at", Published, Source::OpenGraph),
    ("dc:date:issued", Published, Source::DublinCore),
    ("dcterms:issued", Published, Source::DublinCore),
    ("dcterms:created", Published, Source::DublinCore),
    ("dc:date:created", Published, Source::DublinCore),
    ("dc:created", Published, Source::DublinCore),
    ("dc:date", Published, Source::DublinCore),
    ("dcterms:date", Published, Source::DublinCore),
    ("datepublished", Published, Source::Meta),
    ("parsely-pub-date", Published, Source::Meta),
    ("sailthru:date", Published, Source::Meta),
    ("pubdate", Published, Source::Meta),
    ("publishdate", Published, Source::Meta),
    ("publish_date", Published, Source::Meta),
    ("publish-date", Published, Source::Meta),
    ("publication_date", Published, Source::Meta),
    ("publication-date", Published, Source::Meta),
    ("published_at", Published, Source::Meta),
    ("published-date", Published, Source::Meta),
    ("published", Published, Source::Meta),
    ("originalpublicationdate", Published, Source::Meta),
    ("article_date_original", Published, Source::Meta),
    ("citation_publication_date", Published, Source::Meta),
    ("citation_date", Published, Source::Meta),
    ("cxenseparse:recs:publishtime", Published, Source::Meta),
    ("displaydate", Published, Source::Meta),
    ("date", Published, Source::Meta),
    ("article:modified_time", Modified, Source::OpenGraph),
    ("article:modified", Modified, Source::OpenGraph),
    ("og:updated_time", Modified, Source::OpenGraph),
    ("article:update_at", Modified, Source::OpenGraph),
    ("dcterms:modified", Modified, Source::DublinCore),
    ("dc:modified", Modified, Source::DublinCore),
    ("dc:date:modified", Modified, Source::DublinCore),
    ("datemodified", Modified, Source::Meta),
    ("lastmod", Modified, Source::Meta),
    ("last-modified", Modified, Source::Meta),
    ("og:description", Description, Source::OpenGraph),
    ("dc:description", Description, Source::DublinCore),
    ("dcterms:description", Description, Source::DublinCore),
    ("description", Description, Source::Meta),
    ("twitter:description", Description, Source::OpenGraph),
    ("og:site_name", SiteName, Source::OpenGraph),
    ("dc:publisher", SiteName, Source::DublinCore),
    ("application-name", SiteName, Source::Meta),
    ("article:section", Section, Source::OpenGraph),
    ("parsely-section", Section, Source::Meta),
    ("og:image", Image, Source::OpenGraph),
    ("og:image:url", Image, Source::OpenGraph),
    ("twitter:image", Image, Source::OpenGraph),
    ("twitter:image:src", Image, Source::OpenGraph),
    ("article:tag", Tags, Source::OpenGraph),
    ("news_keywords", Tags, Source::Meta),
    ("keywords", Tags, Source::Meta),
    ("alternativeheadline", Subtitle, Source::Microdata),
    ("sub_title", Subtitle, Source::Meta),
    ("subtitle", Subtitle, Source::Meta),
    ("subheadline", Subtitle, Source::Meta),
    ("dcterms:license", License, Source::DublinCore),
    ("dc:license", License, Source::DublinCore),
    ("license", License, Source::Meta),
    ("twitter:label1", Card, Source::OpenGraph),
    ("twitter:data1", Card, Source::OpenGraph),
    ("twitter:label2", Card, Source::OpenGraph),
    ("twitter:data2", Card, Source::OpenGraph),
];

/// The labels of cards that name the author, as WordPress translates them.
const WRITTEN_BY: &[&str] = &[
    "written by",
    "author",
    "verfasst von",
    "geschrieben von",
    "écrit par",
    "rédigé par",
    "escrito por",
    "scritto da",
    "geschreven door",
    "napisane przez",
    "skriven av",
    "skrevet av",
    "skrevet af",
    "kirjoittanut",
    "napsal(a)",
    "szerző",
    "scris de",
    "yazan",
    "συντάχθηκε από",
    "автор",
    "написано автором",
    "ditulis oleh",
    "作者",
    "執筆者",
    "글쓴이",
];

/// Values of `meta`, headings and blocks of JSON-LD that are kept at most: a page about one article has tens.
const MOST: usize = 128;

/// Bytes of what a page's links are resolved against: each of them gets longer by that.
const BASE_BYTES: usize = 2048;

/// Visible characters of a heading, and bytes of its source, at most: one that never ends may hold all of a page, and others.
const HEADING_CHARACTERS: u32 = 2000;
const HEADING_BYTES: u32 = 64 << 10;

/// Bytes of a script within which schema.org is named, if it is JSON-LD.
const SCHEMA_WITHIN: usize = 200;

/// The facts of a page's head. Texts are decoded, white space squashed; empty ones do not count.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) title: Option<String>,
    pub(crate) canonical: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) direction: Option<String>,
    /// The elements that hold JSON-LD.
    pub(crate) json_ld: Vec<u32>,
    /// The headings of the first two ranks that are shown.
    pub(crate) headings: Vec<u32>,
    /// The videos that the page shows.
    pub(crate) videos: Vec<u32>,
    /// Links to the categories that a page stands in, and to its tags.
    pub(crate) categories: Vec<u32>,
    pub(crate) tags: Vec<u32>,
    pub(crate) license: Option<String>,
    /// What each `meta` says, by its trust and its number in [`NAMES`].
    metas: Vec<(MetaRank, String)>,
}

/// Dublin Core in a `property` is RDFa, which comes before OpenGraph; then the number in [`NAMES`].
type MetaRank = (bool, usize);

fn source(rank: MetaRank) -> Source {
    match rank {
        (false, _) => Source::Rdfa,
        (true, number) => NAMES[number].2,
    }
}

pub(crate) fn clean(value: &str) -> Option<String> {
    Some(squash(&htmlize::unescape_attribute(value))).filter(|text| !text.is_empty())
}

impl Head {
    pub(crate) fn read(document: &Document<'_>) -> Self {
        let mut head = Head::default();
        // Where the last svg or formula ends that has begun.
        let mut foreign = 0;
        let (license, rel) = (Finder::new(b"license"), Finder::new(b"rel="));
        for (i, element) in document.elements.iter().enumerate() {
            let id = i as u32;
            let attribute = |name: &str| document.attribute(id, name).and_then(clean);
            let is = |name: &str, value: &str| {
                let given = document.attribute(id, name);
                given.is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
            };
            let tag = &document.source.as_bytes()[element.start as usize..element.inner as usize];
            steps::count(tag.len());
            let names = |word: &Finder<'_>| word.find(tag).is_some();
            if matches!(element.tag, Tag::SVG | Tag::MATH) {
                foreign = element.next.max(foreign);
            }
            match element.tag {
                Tag::HTML => {
                    head.language = attribute("lang").or_else(|| attribute("xml:lang"));
                    head.direction = attribute("dir");
                }
                // An svg may hold a title of its own.
                Tag::TITLE if head.title.is_none() && id >= foreign => {
                    head.title =
                        Some(squash(&htmlize::unescape(document.raw_text(id)))).filter(|text| !text.is_empty());
                }
                Tag::BASE if head.base.is_none() => {
                    head.base = attribute("href").filter(|base| base.len() <= BASE_BYTES);
                }
                Tag::LINK if head.canonical.is_none() && is("rel", "canonical") => head.canonical = attribute("href"),
                Tag::META => {
                    let [content, own @ ..] = document.attributes(id, ["content", "property", "name", "itemprop"]);
                    for (i, names) in own.into_iter().enumerate() {
                        head.meta(names.unwrap_or_default(), i == 0, || content.and_then(clean));
                    }
                }
                Tag::LINK | Tag::A if head.license.is_none() && names(&license) && is("rel", "license") => {
                    head.license = attribute("href");
                }
                Tag::A if names(&rel) => {
                    let rel = document.attribute(id, "rel").unwrap_or_default();
                    let has = |name: &str| rel.split_ascii_whitespace().any(|own| own.eq_ignore_ascii_case(name));
                    if has("category") && head.categories.len() < MOST {
                        head.categories.push(id);
                    } else if has("tag") && head.tags.len() < MOST {
                        head.tags.push(id);
                    }
                }
                Tag::SCRIPT if head.json_ld.len() < MOST && is_json_ld(document, id) => head.json_ld.push(id),
                Tag::VIDEO | Tag::IFRAME if head.videos.len() < MOST => head.videos.push(id),
                Tag::OTHER if head.videos.len() < MOST && stand_in(document, id).is_some() => head.videos.push(id),
                Tag::H1 | Tag::H2 if head.headings.len() < MOST && is_heading(document, id) => head.headings.push(id),
                _ => {}
            }
        }
        // The most trusted name first, and of one name the first value.
        head.metas.sort_by_key(|(rank, _)| *rank);
        head
    }

    /// RDFa allows several names, parted by blanks.
    fn meta(&mut self, names: &str, is_property: bool, content: impl Fn() -> Option<String>) {
        for name in names.split_ascii_whitespace() {
            let name = name.to_ascii_lowercase().replace('.', ":");
            if let Some(number) = NAMES.iter().position(|(known, ..)| *known == name)
                && self.metas.len() < MOST
                && let Some(content) = content()
            {
                let is_rdfa = is_property && NAMES[number].2 == Source::DublinCore;
                self.metas.push(((!is_rdfa, number), content));
            }
        }
    }

    /// What is said about something, the most trusted first.
    pub(crate) fn said(&self, topic: Topic) -> impl Iterator<Item = (&str, Source)> {
        self.metas
            .iter()
            .filter(move |((_, number), _)| NAMES[*number].1 == topic)
            .map(|(rank, value)| (value.as_str(), source(*rank)))
    }

    /// The author, by the lines of a card for shared links.
    pub(crate) fn written_by(&self) -> Option<&str> {
        let lines: Vec<(&str, &str)> = self.said_by_name(Topic::Card).collect();
        let line = |name: &str| lines.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
        let labels = [("twitter:label1", "twitter:data1"), ("twitter:label2", "twitter:data2")];
        let is_author = |label: &str| WRITTEN_BY.contains(&label.to_lowercase().trim_end_matches(':').trim());
        let named = labels.iter().find(|(label, _)| line(label).is_some_and(is_author));
        line(named?.1)
    }

    fn said_by_name(&self, topic: Topic) -> impl Iterator<Item = (&str, &str)> {
        let metas = self.metas.iter().map(|((_, number), value)| (&NAMES[*number], value));
        metas
            .filter(move |(name, _)| name.1 == topic)
            .map(|(name, value)| (name.0, value.as_str()))
    }

    /// The same, with all that one name says together.
    pub(crate) fn groups(&self, topic: Topic) -> Vec<(Vec<&str>, Source)> {
        let names = self.metas.chunk_by(|(one, _), (other, _)| one == other);
        names
            .filter_map(|values| {
                let (rank, _) = values.first()?;
                let words = || values.iter().map(|(_, value)| value.as_str()).collect();
                (NAMES[rank.1].1 == topic).then(|| (words(), source(*rank)))
            })
            .collect()
    }
}

/// Whether a script holds JSON-LD: it says so, or says nothing and holds an object in the words of schema.org.
fn is_json_ld(document: &Document<'_>, id: u32) -> bool {
    match document.attribute(id, "type") {
        Some(given) => given.trim().eq_ignore_ascii_case("application/ld+json"),
        None => {
            let text = document.raw_text(id).trim_start();
            let start = &text.as_bytes()[..text.len().min(SCHEMA_WITHIN)];
            text.starts_with('{') && memmem::find(start, b"schema.org").is_some()
        }
    }
}

fn is_heading(document: &Document<'_>, id: u32) -> bool {
    let element = &document.elements[id as usize];
    element.seen && document.characters(id) <= HEADING_CHARACTERS && element.end - element.start <= HEADING_BYTES
}
