//! What kind of page it is: an article, a thread, a product's page and so on.
//!
//! Found by a [`Model`] of its own over figures of the whole page: what its blocks are like on average, how many elements of
//! each tag it has, what its address, its `body` and its structured data (schema.org, OpenGraph) call it.

use memchr::memmem;

use super::{
    blocks::{Block, ln},
    context::FeatureWriter,
    features,
    model::{Model, ROOM, Row},
    signals::{self, NAME_KINDS, WORD_KINDS},
};
use crate::{
    engine::{document::Document, extract::page_kind::PageKind, html::tags::Tag},
    steps,
};

/// How likely a page is of each kind, by [`PageKind::ALL`]: 0 to 1, together 1.
pub type KindProbabilities = [f32; PageKind::ALL.len()];

/// What the model says of a page with these figures.
pub(crate) fn shares(model: &Model, row: &Row) -> KindProbabilities {
    let mut shares = KindProbabilities::default();
    for (share, said) in shares.iter_mut().zip(model.shares(row)) {
        *share = said;
    }
    shares
}

/// How likely a page is an article, and an answer with this expected F1 is its text: at least 0.8 of both, counted in words. A
/// logistic model of the two, fitted on pages that the others were not fitted on; `training/fit.py` prints how well it holds.
pub(crate) fn quality(shares: &KindProbabilities, expected_f1: f32) -> f32 {
    let odds = |p: f32| {
        let p = p.clamp(0.001, 0.999);
        (p / (1.0 - p)).ln()
    };
    let is_article = shares[..2].iter().sum();
    1.0 / (1.0 + (2.3 - odds(is_article) - odds(expected_f1)).exp())
}

/// How strict the selection of blocks is on such a page, as a share of how strict it is on an article: a list, a thread or a
/// product is wanted whole, and its short lines look like boilerplate.
pub(crate) fn strictness(shares: &KindProbabilities) -> f32 {
    let strictness = |kind: PageKind| match kind {
        PageKind::Article | PageKind::Landing => 1.0,
        PageKind::Documentation => 0.8,
        PageKind::Thread | PageKind::Product => 0.6,
        PageKind::Index => 0.4,
    };
    PageKind::ALL
        .iter()
        .zip(shares)
        .map(|(kind, share)| strictness(*kind) * share)
        .sum()
}

/// The kind that a page is said to be: first whether it is an article at all, then which.
pub fn likeliest(shares: &KindProbabilities) -> PageKind {
    let is_article = shares[..2].iter().sum::<f32>() > 0.5;
    let kinds = PageKind::ALL
        .iter()
        .zip(shares)
        .filter(|(kind, _)| kind.is_article() == is_article);
    kinds
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map_or(PageKind::Article, |(kind, _)| *kind)
}

/// Features of a block, from the first on, whose means say something of the page: its own text, words and names around it.
const MEANS: usize = features::OWN + 2 * WORD_KINDS + NAME_KINDS;

/// Names of types, by what they have in common: a type counts where it ends like one of them.
const TYPES: &[(&str, &[&str])] = &[
    ("article", &["Article", "BlogPosting", "Report"]),
    ("tech article", &["TechArticle", "APIReference", "HowTo", "Course"]),
    ("discussion", &["DiscussionForumPosting", "SocialMediaPosting"]),
    ("question", &["QAPage", "Question", "Answer"]),
    ("questions", &["FAQPage"]),
    ("product", &["Product", "ProductGroup", "Book", "Vehicle"]),
    ("offer", &["Offer", "AggregateOffer"]),
    ("rating", &["AggregateRating", "Review"]),
    (
        "list",
        &[
            "ItemList",
            "CollectionPage",
            "SearchResultsPage",
            "OfferCatalog",
            "Blog",
        ],
    ),
    ("list item", &["ListItem"]),
    ("service", &["Service", "SoftwareApplication", "WebApplication"]),
    ("business", &["LocalBusiness", "Organization", "Corporation"]),
    ("page", &["WebPage", "AboutPage", "ContactPage"]),
    ("event", &["Event"]),
    ("recipe", &["Recipe"]),
    ("video", &["VideoObject"]),
];
/// Uses of a type from which on their number says nothing more.
const USES: f32 = 8.0;
/// Bytes of structured data that are looked at: far more than pages have.
const STRUCTURED_BYTES: usize = 256 * 1024;

/// Values of `og:type`.
const OPEN_GRAPH: &[&str] = &["article", "website", "product", "profile", "video"];

const TAGS: &[(&str, Tag)] = &[
    ("form", Tag::FORM),
    ("input", Tag::INPUT),
    ("select", Tag::SELECT),
    ("button", Tag::BUTTON),
    ("img", Tag::IMG),
    ("time", Tag::TIME),
    ("article", Tag::ARTICLE),
    ("pre", Tag::PRE),
    ("code", Tag::CODE),
    ("h1", Tag::H1),
    ("h2", Tag::H2),
    ("h3", Tag::H3),
    ("table", Tag::TABLE),
    ("li", Tag::LI),
    ("video", Tag::VIDEO),
    ("iframe", Tag::IFRAME),
    ("dl", Tag::DL),
    ("blockquote", Tag::BLOCKQUOTE),
    ("p", Tag::P),
    ("section", Tag::SECTION),
    ("nav", Tag::NAV),
    ("aside", Tag::ASIDE),
    ("main", Tag::MAIN),
];

/// The names of the figures, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = features::names()[..MEANS]
        .iter()
        .map(|name| format!("mean {name}"))
        .collect();
    let kinds = || (0..NAME_KINDS).map(signals::name_kind);
    names.extend(kinds().map(|kind| format!("body {kind}")));
    names.extend(kinds().map(|kind| format!("address {kind}")));
    names.extend(
        [
            "address",
            "address depth",
            "address length",
            "address hyphens",
            "address digits",
            "address query",
            "address file",
        ]
        .map(str::to_owned),
    );
    names.extend(TYPES.iter().map(|(name, _)| format!("type {name}")));
    names.extend(OPEN_GRAPH.iter().map(|name| format!("og {name}")));
    names.extend(["og other", "published"].map(str::to_owned));
    names.extend(TAGS.iter().map(|(name, _)| format!("<{name}>")));
    names.extend(["source", "text", "text share", "blocks"].map(str::to_owned));
    names
}

/// The means of the features of blocks.
#[derive(Default)]
pub(crate) struct FeatureMeans {
    sums: Vec<f32>,
    count: f32,
}

impl FeatureMeans {
    pub(crate) fn add(&mut self, features: &[f32]) {
        self.sums.resize(MEANS, 0.0);
        for (sum, value) in self.sums.iter_mut().zip(features) {
            *sum += value;
        }
        self.count += 1.0;
    }
}

/// The figures of a page. `address` is the one that it was fetched from, if that is known.
pub(crate) fn figures(document: &Document<'_>, means: &FeatureMeans, blocks: &[Block], address: Option<&str>) -> Row {
    let mut row = [0.0; ROOM];
    let mut filling = FeatureWriter::new(&mut row);
    let mean = |i: usize| means.sums.get(i).map_or(0.0, |sum| sum / means.count);
    filling.add(&std::array::from_fn::<_, MEANS, _>(mean));
    let page = DeclaredKind::read(document);
    filling.add(&flags(page.body));
    address_figures(address.or(page.address.as_deref()), &mut filling);
    filling.add(&page.types.map(|uses| uses.min(USES)));
    filling.add(&page.open_graph);
    filling.add(&[f32::from(u8::from(page.is_published))]);
    filling.add(&page.tags.map(ln));
    let source = document.source.len() as f32;
    let text: f32 = blocks.iter().map(|block| block.weight).sum();
    filling.add(&[ln(source), ln(text), text / source.max(1.0), ln(blocks.len() as f32)]);
    row
}

fn flags(kinds: signals::SignalSet) -> [f32; NAME_KINDS] {
    std::array::from_fn(|kind| f32::from(u8::from(kinds & (1 << kind) != 0)))
}

fn address_figures(address: Option<&str>, row: &mut FeatureWriter<'_>) {
    let path = address.map(|address| address.split_once("://").map_or(address, |(_, rest)| rest));
    let path = path.unwrap_or_default();
    let (path, query) = path.split_once(['?', '#']).unwrap_or((path, ""));
    row.add(&flags(signals::of_name(path.as_bytes())));
    let path = path.split_once('/').map_or("", |(_, path)| path);
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let count = |is: fn(&u8) -> bool| last.bytes().filter(is).count() as f32;
    row.add(&[
        f32::from(u8::from(address.is_some())),
        path.split('/').filter(|part| !part.is_empty()).count() as f32,
        last.len() as f32,
        count(|byte| *byte == b'-'),
        count(u8::is_ascii_digit),
        f32::from(u8::from(!query.is_empty())),
        f32::from(u8::from(last.contains('.'))),
    ]);
}

/// What a page says of itself.
struct DeclaredKind {
    /// What the names of `html` and `body` say.
    body: signals::SignalSet,
    address: Option<String>,
    types: [f32; TYPES.len()],
    open_graph: [f32; OPEN_GRAPH.len() + 1],
    /// Whether it says when it was published.
    is_published: bool,
    tags: [f32; TAGS.len()],
}

impl DeclaredKind {
    fn read(document: &Document<'_>) -> Self {
        let mut page = DeclaredKind {
            body: 0,
            address: None,
            types: [0.0; TYPES.len()],
            open_graph: [0.0; OPEN_GRAPH.len() + 1],
            is_published: false,
            tags: [0.0; TAGS.len()],
        };
        let mut counts = [0u32; Tag::COUNT];
        let mut left = STRUCTURED_BYTES;
        for (i, element) in (0..).zip(&document.elements) {
            counts[element.tag.index()] += 1;
            match element.tag {
                Tag::HTML | Tag::BODY => {
                    for value in document.attributes(i, ["class", "id"]).into_iter().flatten() {
                        page.body |= signals::of_name(value.as_bytes());
                    }
                }
                Tag::META => page.meta(document.attributes(i, ["property", "name", "content"])),
                Tag::LINK if page.address.is_none() => {
                    let [rel, href] = document.attributes(i, ["rel", "href"]);
                    let is_canonical = rel.is_some_and(|rel| rel.eq_ignore_ascii_case("canonical"));
                    page.address = href.filter(|_| is_canonical).map(str::to_owned);
                }
                Tag::SCRIPT if left > 0 => {
                    let is_data = document
                        .attribute(i, "type")
                        .is_some_and(|kind| kind.contains("ld+json"));
                    if is_data {
                        let text = document.raw_text(i).as_bytes();
                        let text = &text[..text.len().min(left)];
                        left -= text.len();
                        page.structured(text);
                    }
                }
                _ => {}
            }
        }
        page.tags = std::array::from_fn(|i| counts[TAGS[i].1.index()] as f32);
        page
    }

    fn meta(&mut self, [property, name, content]: [Option<&str>; 3]) {
        let (Some(property), Some(content)) = (property.or(name), content) else {
            return;
        };
        if property.eq_ignore_ascii_case("og:type") && self.open_graph.iter().all(|flag| *flag == 0.0) {
            let known = OPEN_GRAPH.iter().position(|name| content.starts_with(name));
            self.open_graph[known.unwrap_or(OPEN_GRAPH.len())] = 1.0;
        } else if property.eq_ignore_ascii_case("og:url") && self.address.is_none() {
            self.address = Some(content.to_owned());
        }
        self.is_published |= property.ends_with("published_time");
    }

    /// The types that JSON-LD names. It is searched and not parsed: what it says is one of many figures.
    fn structured(&mut self, text: &[u8]) {
        steps::count(text.len());
        for at in memmem::find_iter(text, b"\"@type\"") {
            let value = &text[at + b"\"@type\"".len()..];
            let quote = value.iter().take(16).position(|byte| *byte == b'"');
            let Some(value) = quote.and_then(|quote| value.get(quote + 1..)) else {
                continue;
            };
            let length = value.iter().take(64).position(|byte| *byte == b'"').unwrap_or(0);
            let name = value[..length].rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            for (uses, (_, names)) in self.types.iter_mut().zip(TYPES) {
                *uses += f32::from(u8::from(names.iter().any(|known| name.ends_with(known.as_bytes()))));
            }
        }
    }
}
