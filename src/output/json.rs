//! The article as JSON: every field of the contract in its order, compact, with one newline at its end.

use std::collections::BTreeMap;

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::{Map, Value, value::RawValue};
use url::Url;

use crate::{
    engine::{Content, Node, html::tags::Tag},
    error::Warning,
    metadata::{Author, Editor, Outlet, Picture, Provenance, Stats, Video, dates::Precision},
    rules::Category,
    steps,
};

/// The version of this shape: a field's meaning or type changes only with it.
pub const SCHEMA_VERSION: &str = "1";

/// A link in the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArticleLink {
    /// Where it leads.
    pub url: String,
    /// What it says.
    pub text: String,
    /// Whether it stays on the document's domain; `null` where that is unknown.
    pub internal: Option<bool>,
}

/// A judgement on the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// 0 to 1.
    pub score: f32,
    /// Whether this is an article at all.
    pub is_article: bool,
    /// Why not, or why hardly.
    pub reasons: Vec<&'static str>,
}

/// One removed region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// A rule's id, `score/…` or `user/remove`.
    pub rule: String,
    /// What it was.
    pub category: Category,
    /// The element's name, where it was one element.
    pub tag: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// Its class attribute.
    pub class: Option<String>,
    /// Its first byte in the document as it came.
    pub byte_start: usize,
    /// Behind its last byte.
    pub byte_end: usize,
    /// Visible characters.
    pub characters: u32,
    /// How it was hidden, where that is why it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technique: Option<&'static str>,
    /// The first of them.
    pub preview: String,
}

/// What came in, and what it was taken for.
#[derive(Debug, Clone, Serialize)]
pub struct Input {
    /// The media type decided on.
    pub content_type: &'static str,
    /// See the contract.
    pub kind: crate::input::Kind,
    /// WHATWG name.
    pub charset: &'static str,
    /// Who said so.
    pub charset_source: crate::input::CharsetSource,
    /// The document's size.
    pub bytes: usize,
    /// What the byte offsets count in.
    pub offsets: &'static str,
    /// The front matter as read, `null` without one.
    pub front_matter: Option<Map<String, Value>>,
}

macro_rules! article {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// The article, field by field as in the contract.
        #[derive(Debug, Clone)]
        #[allow(missing_docs, reason = "the names are the contract's, described in openapi.yaml")]
        pub struct Article {
            $($(#[$doc])* pub $name: $type,)*
        }

        /// The names of all fields, in their order.
        pub const FIELDS: &[&str] = &[$(stringify!($name)),*];

        impl Serialize for ArticleView<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $(self.entry::<S, _>(&mut map, name_of(stringify!($name)), &self.article.$name)?;)*
                if let Some(explain) = self.explain {
                    map.serialize_entry("explain", explain)?;
                }
                map.end()
            }
        }
    };
}

/// `type` is a word of the language, so the field goes by another name.
fn name_of(name: &'static str) -> &'static str {
    if name == "kind" { "type" } else { name }
}

article! {
    schema_version: &'static str,
    id: String,
    url: Option<String>,
    canonical_url: Option<String>,
    domain: Option<String>,
    context: Option<Box<RawValue>>,
    title: Option<String>,
    title_raw: Option<String>,
    subtitle: Option<String>,
    summary: Option<String>,
    content_html: String,
    content_markdown: String,
    content_text: String,
    authors: Vec<Author>,
    byline: Option<String>,
    editors: Vec<Editor>,
    source: Option<Outlet>,
    site_name: Option<String>,
    date_published: Option<String>,
    date_published_raw: Option<String>,
    date_precision: Option<Precision>,
    date_modified: Option<String>,
    language: Option<String>,
    direction: Option<&'static str>,
    kind: &'static str,
    section: Option<String>,
    tags: Vec<String>,
    categories: Vec<String>,
    license: Option<String>,
    image: Option<String>,
    images: Vec<Picture>,
    videos: Vec<Video>,
    links: Vec<ArticleLink>,
    stats: Stats,
    fingerprint: Option<String>,
    content_hash: String,
    quality: Quality,
    removed: Vec<Removed>,
    removed_total: usize,
    provenance: BTreeMap<&'static str, Provenance>,
    input: Input,
    warnings: Vec<Warning>,
    rules_revision: String,
}

/// Which fields an answer has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fields {
    /// All but `content_markdown` and `links`.
    #[default]
    Core,
    /// All.
    All,
    /// These, each whole or by some of its parts.
    Named(Vec<(String, Option<String>)>),
}

/// Left out of [`Fields::Core`]: each says again what other fields say.
const NOT_CORE: &[&str] = &["content_markdown", "links"];
/// The parts of the fields that have some.
const PARTS: &[(&str, &[&str])] = &[
    ("authors", &["name", "url"]),
    ("editors", &["name"]),
    ("source", &["name", "url"]),
    ("images", &["url", "alt", "caption", "width", "height"]),
    ("videos", &["url", "type"]),
    ("links", &["url", "text", "internal"]),
    (
        "stats",
        &[
            "characters",
            "cjk_characters",
            "words",
            "sentences",
            "paragraphs",
            "link_density",
            "reading_time_seconds",
        ],
    ),
    ("quality", &["score", "is_article", "reasons"]),
    (
        "removed",
        &[
            "rule",
            "category",
            "tag",
            "id",
            "class",
            "byte_start",
            "byte_end",
            "characters",
            "preview",
        ],
    ),
    (
        "input",
        &[
            "content_type",
            "kind",
            "charset",
            "charset_source",
            "bytes",
            "offsets",
            "front_matter",
        ],
    ),
    ("warnings", &["code", "detail"]),
];

impl Fields {
    /// Reads `core`, `all` or a comma list of names and `name.part`s.
    ///
    /// # Errors
    /// What names no field.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "core" => return Ok(Fields::Core),
            "all" => return Ok(Fields::All),
            _ => {}
        }
        let named = text.split(',').map(str::trim).map(|item| {
            let (name, part) = item
                .split_once('.')
                .map_or((item, None), |(name, part)| (name, Some(part)));
            if !FIELDS.iter().any(|field| name_of(field) == name) {
                return Err(format!(
                    "{name:?} is no field; there are `core`, `all`, {}",
                    FIELDS.iter().map(|f| name_of(f)).collect::<Vec<_>>().join(", ")
                ));
            }
            let parts = PARTS.iter().find(|(field, _)| *field == name).map(|(_, parts)| *parts);
            // What a field of `provenance` is called depends on the document.
            match part {
                Some(part) if name != "provenance" && !parts.is_some_and(|parts| parts.contains(&part)) => {
                    Err(format!(
                        "{item:?} is no part of {name:?}; it has {:?}",
                        parts.unwrap_or_default()
                    ))
                }
                _ => Ok((name.to_owned(), part.map(str::to_owned))),
            }
        });
        Ok(Fields::Named(named.collect::<Result<_, _>>()?))
    }

    /// Whether the answer has this field; others are not computed.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Fields::Core => !NOT_CORE.contains(&name),
            Fields::All => true,
            Fields::Named(named) => named.iter().any(|(field, _)| field == name),
        }
    }

    /// The parts of a field that are wanted; `None` for all of it.
    fn parts(&self, name: &str) -> Option<Vec<&str>> {
        let Fields::Named(named) = self else { return None };
        let mine = || named.iter().filter(|(field, _)| field == name);
        if mine().any(|(_, part)| part.is_none()) {
            return None;
        }
        Some(mine().filter_map(|(_, part)| part.as_deref()).collect())
    }
}

/// An article seen through its fields.
struct ArticleView<'a> {
    article: &'a Article,
    fields: &'a Fields,
    explain: Option<&'a Value>,
}

impl ArticleView<'_> {
    fn entry<S: Serializer, T: Serialize>(
        &self,
        map: &mut S::SerializeMap,
        name: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        if !self.fields.has(name) {
            return Ok(());
        }
        let Some(parts) = self.fields.parts(name) else {
            return map.serialize_entry(name, value);
        };
        let mut value = serde_json::to_value(value).map_err(S::Error::custom)?;
        match &mut value {
            Value::Object(object) => object.retain(|key, _| parts.contains(&key.as_str())),
            Value::Array(items) => {
                for object in items.iter_mut().filter_map(Value::as_object_mut) {
                    object.retain(|key, _| parts.contains(&key.as_str()));
                }
            }
            _ => {}
        }
        map.serialize_entry(name, &value)
    }
}

/// What the fields beside the texts take on most pages.
const REST_BYTES: usize = 16 << 10;

/// Renders the article. `explain` is added at the end where the caller asked for it.
///
/// # Errors
/// None that an article can cause: no map in it has keys other than strings.
pub fn render(article: &Article, fields: &Fields, explain: Option<&Value>) -> Result<Vec<u8>, serde_json::Error> {
    // The texts are most of it: without a size it would grow, and be copied, a dozen times.
    let texts = [&article.content_html, &article.content_markdown, &article.content_text];
    let mut json = Vec::with_capacity(texts.iter().map(|text| text.len()).sum::<usize>() + REST_BYTES);
    let view = ArticleView {
        article,
        fields,
        explain,
    };
    serde_json::to_writer(&mut json, &view)?;
    json.push(b'\n');
    Ok(json)
}

/// How the address of a footnote of the content itself begins.
const NOTE_LINK: &str = "#fn-";

/// The links of the content, in order.
pub fn links(content: &Content, domain: Option<&str>) -> Vec<ArticleLink> {
    let mut links: Vec<ArticleLink> = Vec::new();
    let mut open = false;
    for node in &content.nodes {
        steps::count(1);
        match node {
            Node::Open {
                tag: Tag::A,
                attributes,
            } => {
                let url = attributes.first().map(|(_, url)| url.clone()).unwrap_or_default();
                if url.starts_with(NOTE_LINK) {
                    continue; // to a footnote of the content itself
                }
                let host = Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned));
                let internal =
                    domain.map(|domain| host.as_deref().is_none_or(|host| psl::domain_str(host) == Some(domain)));
                links.push(ArticleLink {
                    url,
                    text: String::new(),
                    internal,
                });
                open = true;
            }
            Node::Close(Tag::A) => open = false,
            Node::Text(range) if open => {
                if let Some(link) = links.last_mut() {
                    link.text.push_str(&content.text[range.clone()]);
                }
            }
            _ => {}
        }
    }
    links
}

/// Visible characters of the content that are links.
pub fn linked_characters(content: &Content) -> usize {
    let mut open = false;
    let mut linked = 0;
    for node in &content.nodes {
        match node {
            Node::Open { tag: Tag::A, .. } => open = true,
            Node::Close(Tag::A) => open = false,
            Node::Text(range) if open => {
                linked += content.text[range.clone()]
                    .chars()
                    .filter(|c| !c.is_whitespace())
                    .count()
            }
            _ => {}
        }
    }
    linked
}
