//! A whole feed: RSS of every version, or Atom, cut into its entries, each of which becomes a document with front matter.
//!
//! The feed is cut by hand, at the tags of its entries, and each piece is read by the `rss` and `atom_syndication` crates. So
//! an entry that is broken costs no other, and a feed that ends too early gives all that came whole. What an entry says about
//! itself is front matter: the same words in the same order of trust as in the posts that are made of feeds.
//!
//! # Limits
//! Linear in the bytes. Elements of an entry nest at most `DEPTH` deep, since what reads them calls itself.

pub(crate) mod xml;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use atom_syndication::extension::Extension;
use regex::Regex;
use serde_json::{Map, Value};
use url::Url;

use super::{FrontMatter, RawDocument, charset, content_type, sniff};
use crate::{
    error::{Error, Warning},
    pattern::fixed,
    steps,
};
use xml::{XmlPiece, XmlPieces, mended};

/// Elements of an entry that may be open at once. XHTML in Atom is markup of its own there.
const DEPTH: usize = 100;

/// Bytes of a feed's first tag: it is read once more with each entry, for its namespaces.
const ROOT_BYTES: usize = 8 << 10;

/// Bytes of a feed's title or language: each of its entries has them.
const FIELD_BYTES: usize = 1024;
/// Authors of a feed that entries without any have.
const AUTHORS: usize = 16;

/// What a feed says about all of its entries.
#[derive(Debug, Default)]
struct FeedHead {
    /// The start tag of its root, with its namespaces.
    root: String,
    form: FeedForm,
    title: Option<String>,
    language: Option<String>,
    /// The authors of entries that name none (RFC 4287, section 4.2.1).
    authors: Vec<String>,
    /// What relative addresses are resolved against (`xml:base`).
    base: Option<Url>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum FeedForm {
    #[default]
    Rss,
    /// RSS 1.0: items stand beside their channel.
    Rdf,
    Atom,
}

impl FeedForm {
    fn entry(self) -> &'static str {
        match self {
            FeedForm::Rss | FeedForm::Rdf => "item",
            FeedForm::Atom => "entry",
        }
    }
}

/// One entry of a feed, not yet read.
#[derive(Debug, Clone)]
pub struct RawEntry {
    head: Arc<FeedHead>,
    /// Its element; or why it cannot be read.
    xml: Result<String, String>,
}

/// One entry of a feed, read.
#[derive(Debug)]
pub struct FeedEntry {
    /// `guid`, `id`, or the address.
    pub id: Option<String>,
    html: String,
    /// What its links are resolved against, if that is not its address.
    base: Option<Url>,
    front_matter: FrontMatter,
}

/// The first byte that is no blank, past a byte order mark of UTF-8.
pub fn first_byte(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Whether a body whose first byte is this one may be a feed, and no line of JSON: a tag, or a byte order mark of UTF-16.
pub fn may_begin_with(byte: u8) -> bool {
    matches!(byte, b'<' | 0xFE | 0xFF)
}

/// Cuts a feed into its entries, in their order.
///
/// # Errors
/// [`Error::BadFeed`] for what is no feed, [`Error::EmptyBody`], and [`Error::NotText`].
pub fn split(bytes: &[u8], content_type: Option<&str>) -> Result<Vec<RawEntry>, Error> {
    let label = content_type.and_then(content_type::charset);
    let hints = charset::CharsetHints {
        header: label.as_deref(),
        ..charset::CharsetHints::default()
    };
    let (utf_8, mut warnings) = (std::str::from_utf8(bytes).ok(), Vec::<Warning>::new());
    let choice = charset::decide(bytes, utf_8, &hints, &mut warnings);
    let text = charset::decode(bytes, utf_8, &choice, &mut warnings).text;
    if sniff::trim_blank(&text).is_empty() {
        return Err(Error::EmptyBody);
    }
    let root = sniff::first_element(&text).filter(|_| sniff::is_feed(&text));
    let no_feed = || bad("it is neither RSS nor Atom");
    let mut pieces = XmlPieces::new(root.ok_or_else(no_feed)?);
    let Some(XmlPiece::Start { range, .. }) = pieces.next() else {
        return Err(no_feed());
    };
    let tag = &pieces.text[range];
    if tag.len() > ROOT_BYTES {
        return Err(bad(format!("its first tag has more than {ROOT_BYTES} bytes")));
    }
    let form = match tag[1..].split(|c: char| c.is_whitespace() || c == '>').next() {
        Some("feed") => FeedForm::Atom,
        Some("rdf:RDF") => FeedForm::Rdf,
        _ => FeedForm::Rss,
    };
    Ok(cut(pieces, tag, form))
}

fn cut(pieces: XmlPieces<'_>, root: &str, form: FeedForm) -> Vec<RawEntry> {
    let (text, begin) = (pieces.text, pieces.at);
    let mut head: Option<Arc<FeedHead>> = None;
    let mut entries = Vec::new();
    // Where the open entry begins, how many elements are open in it, and whether they were too many.
    let mut open: Option<(usize, usize, bool)> = None;
    let mut head_of = |end: usize| -> Arc<FeedHead> {
        let read = || Arc::new(FeedHead::read(root, form, &text[begin..end]));
        Arc::clone(head.get_or_insert_with(read))
    };
    for piece in pieces {
        match (piece, &mut open) {
            (XmlPiece::Start { range, name, is_empty }, None) if name == form.entry() => {
                head_of(range.start);
                if !is_empty {
                    open = Some((range.start, 1, false));
                }
            }
            (XmlPiece::Start { is_empty: false, .. }, Some((_, depth, too_deep))) => {
                *depth += 1;
                *too_deep |= *depth > DEPTH;
            }
            // An end tag that is missing inside shows when the entry is read.
            (XmlPiece::End { range, name }, Some((start, _, too_deep))) if name == form.entry() => {
                let xml = match too_deep {
                    true => Err(format!("its elements are nested more than {DEPTH} deep")),
                    false => Ok(mended(&text[*start..range.end])),
                };
                entries.push(RawEntry {
                    head: head_of(*start),
                    xml,
                });
                open = None;
            }
            (XmlPiece::End { .. }, Some((_, depth, _))) => *depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if let Some((start, ..)) = open {
        let xml = Err("the feed ends within it".to_owned());
        entries.push(RawEntry {
            head: head_of(start),
            xml,
        });
    }
    entries
}

impl FeedHead {
    /// Of a broken one nothing is known but its root.
    fn read(root: &str, form: FeedForm, xml: &str) -> Self {
        steps::count(xml.len());
        let xml = mended(xml);
        let (mut authors, mut base) = (Vec::new(), None);
        let (title, language) = match form {
            FeedForm::Atom => {
                let feed = atom_syndication::Feed::read_from(format!("{root}{xml}</feed>").as_bytes()).ok();
                let read = feed.map(|feed| {
                    authors = names(feed.authors)
                        .filter(|name| name.len() <= FIELD_BYTES)
                        .take(AUTHORS)
                        .collect();
                    base = feed.base.and_then(|base| joined(None, &base));
                    let title = htmlize::unescape(title(feed.title)).into_owned();
                    (Some(title), feed.lang)
                });
                read.unwrap_or_default()
            }
            FeedForm::Rss | FeedForm::Rdf => {
                let end = if form == FeedForm::Rss {
                    "</channel></rss>"
                } else {
                    "</rdf:RDF>"
                };
                let channel = rss::Channel::read_from(format!("{root}{xml}{end}").as_bytes()).ok();
                let read = channel.map(|channel| {
                    let dublin = channel
                        .dublin_core_ext
                        .map(|dublin| dublin.languages)
                        .unwrap_or_default();
                    (
                        Some(channel.title),
                        channel.language.or_else(|| dublin.into_iter().next()),
                    )
                });
                read.unwrap_or_default()
            }
        };
        FeedHead {
            root: root.to_owned(),
            form,
            title: title.and_then(filled).filter(|title| title.len() <= FIELD_BYTES),
            language: language
                .and_then(filled)
                .filter(|language| language.len() <= FIELD_BYTES),
            authors,
            base,
        }
    }
}

impl RawEntry {
    /// The bytes that it came in.
    pub fn xml(&self) -> &[u8] {
        self.xml.as_deref().map_or(&[], str::as_bytes)
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`Error::BadFeed`] for XML that is broken.
    pub fn read(&self) -> Result<FeedEntry, Error> {
        let xml = self
            .xml
            .as_ref()
            .map_err(|reason| bad(format!("an entry cannot be read: {reason}")))?;
        steps::count(xml.len());
        let root = &self.head.root;
        let broken = |error: &dyn std::fmt::Display| bad(format!("an entry cannot be read: {error}"));
        let mut entry = match self.head.form {
            FeedForm::Atom => {
                let read = |xml: &str| atom_syndication::Feed::read_from(format!("{root}{xml}</feed>").as_bytes());
                // A date that is none takes the whole entry with it.
                let feed = read(xml)
                    .or_else(|_| read(&without_dates(xml)))
                    .map_err(|error| broken(&error))?;
                let base = match attribute(xml, "xml:base") {
                    Some(base) => joined(self.head.base.as_ref(), &base),
                    None => self.head.base.clone(),
                };
                of_atom(feed.entries.into_iter().next().unwrap_or_default(), base)
            }
            FeedForm::Rss | FeedForm::Rdf => {
                let whole = match self.head.form {
                    FeedForm::Rdf => format!("{root}<channel></channel>{xml}</rdf:RDF>"),
                    _ => format!("{root}<channel>{xml}</channel></rss>"),
                };
                let channel = rss::Channel::read_from(whole.as_bytes()).map_err(|error| broken(&error))?;
                of_rss(channel.items.into_iter().next().unwrap_or_default())
            }
        };
        let values = &mut entry.front_matter.values;
        set(values, "site_name", self.head.title.clone());
        set(values, "language", self.head.language.clone());
        if !values.contains_key("authors") {
            set_all(values, "authors", self.head.authors.iter().cloned());
        }
        Ok(entry)
    }
}

impl FeedEntry {
    /// The document that it is: HTML as text, with front matter beside it.
    pub fn document(&self) -> RawDocument<'_> {
        RawDocument {
            bytes: self.html.as_bytes(),
            is_text: true,
            content_type: Some("text/html"),
            id: self.id.as_deref(),
            front_matter: Some(&self.front_matter),
            base: self.base.as_ref(),
            ..RawDocument::default()
        }
    }
}

fn of_rss(item: rss::Item) -> FeedEntry {
    let mut values = Map::new();
    let dublin = item.dublin_core_ext.unwrap_or_default();
    let itunes = item.itunes_ext.unwrap_or_default();
    let guid = item.guid.map(|guid| (guid.value.trim().to_owned(), guid.permalink));
    let permalink = guid
        .iter()
        .filter(|(value, permalink)| *permalink && value.starts_with("http"));
    let link = item
        .link
        .and_then(filled)
        .or(permalink.map(|(value, _)| value.clone()).next());
    let enclosure = item
        .enclosure
        .filter(|file| file.mime_type.starts_with("image/"))
        .map(|file| file.url);
    let authors = item.author.into_iter().chain(dublin.creators).chain(itunes.author);
    let content = item.content.and_then(filled);
    let media = MediaRss::of(&item.extensions);
    let html = content
        .clone()
        .or(item.description.clone().and_then(filled))
        .or(media.description.clone());
    set(
        &mut values,
        "title",
        item.title.or(dublin.titles.into_iter().next()).or(media.title),
    );
    set(&mut values, "link", link.clone());
    set(&mut values, "date", item.pub_date.or(dublin.dates.into_iter().next()));
    set_all(&mut values, "authors", authors.filter_map(|name| person(&name)));
    set_all(
        &mut values,
        "categories",
        item.categories
            .into_iter()
            .map(|category| category.name)
            .chain(dublin.subjects),
    );
    set(&mut values, "image", media.image.or(enclosure));
    set(
        &mut values,
        "description",
        item.description.filter(|text| content.is_some() && is_plain(text)),
    );
    set(&mut values, "language", dublin.languages.into_iter().next());
    FeedEntry {
        id: guid.map(|(value, _)| value).and_then(filled).or(link),
        html: html.unwrap_or_default(),
        base: None,
        front_matter: FrontMatter { values },
    }
}

fn of_atom(entry: atom_syndication::Entry, base: Option<Url>) -> FeedEntry {
    let mut values = Map::new();
    let media = MediaRss::of(&entry.extensions);
    let alternate = entry.links.iter().find(|link| link.rel == "alternate");
    let absolute = |link: String| match joined(base.as_ref(), &link) {
        Some(url) => String::from(url),
        None => link,
    };
    let link = alternate.map(|link| link.href.clone()).and_then(filled).map(absolute);
    let enclosure = entry.links.iter().find(|link| {
        link.rel == "enclosure" && link.mime_type.as_deref().is_some_and(|mime| mime.starts_with("image/"))
    });
    let of_content = entry.content.as_ref().and_then(|content| content.base.as_deref());
    let content_base = match of_content {
        Some(own) => joined(base.as_ref(), own),
        None => base.clone(),
    };
    let content = entry.content.and_then(|content| {
        let is_text = content
            .content_type
            .as_deref()
            .is_none_or(|of| of == "text" || of == "text/plain");
        let is_html = matches!(
            content.content_type.as_deref(),
            Some("html" | "xhtml" | "text/html" | "application/xhtml+xml")
        );
        let value = content.value.filter(|_| is_text || is_html)?;
        filled(if is_text { escaped(&value) } else { value })
    });
    let summary = entry.summary.and_then(|summary| {
        let is_text = summary.r#type == atom_syndication::TextType::Text;
        filled(if is_text {
            escaped(&summary.value)
        } else {
            summary.value
        })
    });
    let source = entry.source.map(|source| source.title.value);
    let epoch = |date: &atom_syndication::FixedDateTime| date.timestamp() == 0;
    let updated = Some(entry.updated)
        .filter(|date| !epoch(date))
        .map(|date| date.to_rfc3339());
    let published = entry.published.map(|date| date.to_rfc3339());
    set(&mut values, "title", filled(title(entry.title)).or(media.title));
    set(&mut values, "link", link.clone());
    set(&mut values, "updated", updated.clone().filter(|_| published.is_some()));
    set(&mut values, "date", published.or(updated));
    set_all(&mut values, "authors", names(entry.authors));
    set_all(
        &mut values,
        "categories",
        entry
            .categories
            .into_iter()
            .map(|category| category.label.unwrap_or(category.term)),
    );
    set(
        &mut values,
        "image",
        media.image.or(enclosure.map(|link| absolute(link.href.clone()))),
    );
    set(
        &mut values,
        "description",
        summary.clone().filter(|text| content.is_some() && is_plain(text)),
    );
    set(&mut values, "site_name", source);
    FeedEntry {
        id: filled(entry.id).or(link),
        html: content.or(summary).or(media.description).unwrap_or_default(),
        base: content_base,
        front_matter: FrontMatter { values },
    }
}

/// The names of people.
fn names(people: Vec<atom_syndication::Person>) -> impl Iterator<Item = String> {
    people.into_iter().filter_map(|one| person(&one.name))
}

/// A title with its entities, but without tags: as titles of RSS are.
fn title(title: atom_syndication::Text) -> String {
    static TAG: LazyLock<Regex> = LazyLock::new(|| fixed(r"</?[A-Za-z][^<>]*>"));
    match title.r#type {
        atom_syndication::TextType::Text => title.value.replace('&', "&amp;"),
        _ => TAG.replace_all(&title.value, "").into_owned(),
    }
}

/// An address, absolute. `None` if it is not one of the web.
fn joined(base: Option<&Url>, address: &str) -> Option<Url> {
    let address = address.trim();
    let url = match base {
        Some(base) => base.join(address).ok(),
        None => Url::parse(address).ok(),
    };
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// An attribute of the first tag.
fn attribute(xml: &str, name: &str) -> Option<String> {
    let tag = &xml[..xml.find('>')?];
    let (_, rest) = tag.split_once(name)?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = rest[1..].split(quote).next()?;
    Some(htmlize::unescape_attribute(value).into_owned())
}

/// What Media RSS says of an entry.
#[derive(Default)]
struct MediaRss {
    image: Option<String>,
    title: Option<String>,
    description: Option<String>,
}

impl MediaRss {
    fn of<E: ExtensionNode>(extensions: &BTreeMap<String, BTreeMap<String, Vec<E>>>) -> Self {
        let Some(media) = extensions.get("media") else {
            return MediaRss::default();
        };
        let alone = |name: &str| media.get(name).into_iter().flatten();
        let groups = || alone("group");
        let all = |name: &'static str| {
            let grouped = groups().flat_map(move |group| group.children().get(name).into_iter().flatten());
            let inside = alone("content").flat_map(move |content| content.children().get(name).into_iter().flatten());
            alone(name).chain(grouped).chain(inside)
        };
        let is_image = |content: &&E| {
            let has = |key: &str, of: &str| content.attribute(key).is_some_and(|value| value.starts_with(of));
            has("medium", "image") || has("type", "image/")
        };
        let url = |node: &E| node.attribute("url").map(str::to_owned).and_then(filled);
        let text = |name: &'static str| all(name).find_map(|node| node.text().map(str::to_owned));
        MediaRss {
            image: all("content")
                .filter(is_image)
                .find_map(url)
                .or_else(|| all("thumbnail").find_map(url)),
            title: text("title"),
            description: text("description"),
        }
    }
}

/// An element of an extension, which both crates have their own type for.
trait ExtensionNode: Sized {
    fn attribute(&self, name: &str) -> Option<&str>;
    fn text(&self) -> Option<&str>;
    fn children(&self) -> &BTreeMap<String, Vec<Self>>;
}

impl ExtensionNode for Extension {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attrs.get(name).map(String::as_str)
    }

    fn text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    fn children(&self) -> &BTreeMap<String, Vec<Self>> {
        &self.children
    }
}

impl ExtensionNode for rss::extension::Extension {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attrs.get(name).map(String::as_str)
    }

    fn text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    fn children(&self) -> &BTreeMap<String, Vec<Self>> {
        &self.children
    }
}

fn set(values: &mut Map<String, Value>, key: &str, value: Option<String>) {
    if let Some(value) = value.and_then(filled)
        && !values.contains_key(key)
    {
        values.insert(key.to_owned(), Value::String(value));
    }
}

fn set_all(values: &mut Map<String, Value>, key: &str, items: impl Iterator<Item = String>) {
    let items: Vec<Value> = items.filter_map(filled).map(Value::String).collect();
    if !items.is_empty() {
        values.insert(key.to_owned(), Value::Array(items));
    }
}

fn filled(text: String) -> Option<String> {
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// RSS wants an address for an author: `ada@a.example (Ada Brandt)`, or `Ada Brandt <ada@a.example>`.
fn person(text: &str) -> Option<String> {
    let name = match (text.split_once('('), text.split_once('<')) {
        (Some((address, name)), _) if address.contains('@') => name.trim_end().trim_end_matches(')'),
        (_, Some((name, address))) if address.contains('@') => name,
        _ => text,
    };
    filled(name.to_owned()).filter(|name| !name.contains('@') || name.contains(' '))
}

fn is_plain(text: &str) -> bool {
    !sniff::has_markup(text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn bad(detail: impl Into<String>) -> Error {
    Error::BadFeed { detail: detail.into() }
}

/// An entry without its dates, for a reader that refuses it for one.
fn without_dates(xml: &str) -> String {
    let mut left = xml.to_owned();
    for name in ["published", "updated"] {
        if let Some(start) = left.find(&format!("<{name}"))
            && let Some(end) = left[start..].find(&format!("</{name}>"))
        {
            left.replace_range(start..start + end + name.len() + 3, "");
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(feed: &[u8]) -> Vec<Result<FeedEntry, String>> {
        let entries = split(feed, None).expect("a feed");
        entries
            .iter()
            .map(|entry| entry.read().map_err(|error| error.to_string()))
            .collect()
    }

    fn one(feed: &str) -> FeedEntry {
        let mut entries = read(feed.as_bytes());
        assert_eq!(entries.len(), 1, "{feed}");
        entries.remove(0).expect("an entry")
    }

    const RSS: &str = "<?xml version='1.0'?><!-- a > b --><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' \
        xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>Harbour &amp; Sea</title>\
        <language>en</language>";

    fn rss(item: &str) -> String {
        format!("{RSS}<item>{item}</item></channel></rss>")
    }

    #[test]
    fn rss_says_who_what_and_when() {
        let entry = one(&rss(
            "<title>A &lt;b&gt;</title><link>https://a.example/1</link><guid isPermaLink='false'>g-1</guid>\
             <pubDate>Mon, 06 Mar 2023 07:30:00 +0100</pubDate><dc:creator>Ada Brandt</dc:creator>\
             <author>bo@a.example (Bo Chen)</author><category>x</category><category>y</category><description>Short</description>\
             <media:group><media:content url='https://a.example/v.mp4' medium='video'/><media:content url='https://a.example/i.jpg' \
             type='image/jpeg'/></media:group><content:encoded><![CDATA[<p>a & b</item> ]]>&lt;i></content:encoded>",
        ));
        assert_eq!(entry.html, "<p>a & b</item> <i>");
        assert_eq!(entry.id.as_deref(), Some("g-1"));
        assert_eq!(
            Value::Object(entry.front_matter.values),
            json!({
                "title": "A <b>", "link": "https://a.example/1", "date": "Mon, 06 Mar 2023 07:30:00 +0100",
                "authors": ["Bo Chen", "Ada Brandt"], "categories": ["x", "y"], "image": "https://a.example/i.jpg",
                "description": "Short", "site_name": "Harbour & Sea", "language": "en",
            })
        );
        let entry = one(&rss(
            "<guid>https://a.example/2</guid><description>&lt;p&gt;a&amp;nbsp;b</description>",
        ));
        assert_eq!(
            (entry.html.as_str(), entry.id.as_deref()),
            ("<p>a&nbsp;b", Some("https://a.example/2"))
        );
        assert_eq!(entry.front_matter.values["link"], "https://a.example/2");
        let entry = one(&rss(
            "<media:group><media:title>T</media:title><media:description>D</media:description></media:group>",
        ));
        assert_eq!(
            (entry.html.as_str(), &entry.front_matter.values["title"]),
            ("D", &json!("T"))
        );
    }

    #[test]
    fn rdf_and_other_encodings() {
        let rdf = "<?xml version=\"1.0\" encoding=\"gbk\"?><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' \
                   xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel rdf:about='x'><title>海港</title>\
                   </channel><item rdf:about='1'><title>船</title><dc:date>2023-03-06T07:30:00+08:00</dc:date><description>正文在这里。\
                   </description></item></rdf:RDF>";
        let (bytes, ..) = encoding_rs::GBK.encode(rdf);
        let entry = read(&bytes).remove(0).expect("an entry");
        assert_eq!(
            (entry.html.as_str(), &entry.front_matter.values["site_name"]),
            ("正文在这里。", &json!("海港"))
        );
        assert_eq!(entry.front_matter.values["date"], "2023-03-06T07:30:00+08:00");
    }

    fn atom(entry: &str) -> String {
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='de'><title>Hafen</title><entry>{entry}</entry></feed>"
        )
    }

    #[test]
    fn atom_in_each_of_its_types() {
        for (content, html) in [
            ("<content type='html'>&lt;p>a</content>", "<p>a"),
            ("<content type='text'>a &lt; b</content>", "a &lt; b"),
            ("<content>a &amp; b</content>", "a &amp; b"),
            (
                "<content type='html'><![CDATA[<p>a]]></content><summary>s</summary>",
                "<p>a",
            ),
            (
                "<content src='https://a.example/x' type='application/pdf'/><summary>s</summary>",
                "s",
            ),
            ("<summary type='html'>&lt;p>s</summary>", "<p>s"),
        ] {
            assert_eq!(one(&atom(content)).html, html, "{content}");
        }
        let entry = one(&atom(
            "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>a &lt; b</p></div></content>",
        ));
        assert!(entry.html.contains("<p>a &lt; b</p>"), "{}", entry.html);
        let entry = one(&atom(
            "<title>T</title><id>tag:1</id><link rel='self' href='https://a.example/s'/><link href='https://a.example/1'/>\
             <updated>2023-03-06T09:00:00+01:00</updated><published>2023-03-06T07:30:00+01:00</published>\
             <author><name>Ada</name><email>a@a.example</email></author><category term='x'/>",
        ));
        assert_eq!(
            Value::Object(entry.front_matter.values),
            json!({
                "title": "T", "link": "https://a.example/1", "updated": "2023-03-06T09:00:00+01:00",
                "date": "2023-03-06T07:30:00+01:00", "authors": ["Ada"], "categories": ["x"], "site_name": "Hafen", "language": "de",
            })
        );
    }

    #[test]
    fn a_broken_entry_costs_no_other() {
        let item = |text: &str| format!("<item><title>{text}</title></item>");
        let deep = "<a>".repeat(200_000);
        let feed = format!(
            "{RSS}{}{}{}<item>{deep}</item>{}<item><title>cut",
            item("a & b &nbsp; &#8212; &x"),
            item("<b>x</i>"),
            item("ok"),
            item("<![CDATA[<item>]]>"),
        );
        let read: Vec<_> = read(feed.as_bytes())
            .into_iter()
            .map(|entry| entry.map(|entry| entry.front_matter.values["title"].as_str().map(str::to_owned)))
            .collect();
        assert_eq!(read[0], Ok(Some("a & b &nbsp; — &x".into())));
        assert!(
            read[1].as_ref().is_err_and(|error| error.contains("cannot be read")),
            "{read:?}"
        );
        assert_eq!(read[2], Ok(Some("ok".into())));
        assert!(read[3].as_ref().is_err_and(|error| error.contains("deep")), "{read:?}");
        assert_eq!(read[4], Ok(Some("<item>".into())));
        assert!(
            read[5].as_ref().is_err_and(|error| error.contains("ends within")),
            "{read:?}"
        );
        let dated = one(&atom("<title>T</title><updated>whenever</updated>"));
        assert_eq!(dated.front_matter.values["title"], "T");
    }

    #[test]
    fn what_is_too_long_to_be_a_title_or_a_language_is_none() {
        let long = "en ".repeat(FIELD_BYTES);
        for field in ["title", "language"] {
            let entry = one(&format!(
                "<rss><channel><{field}>{long}</{field}><item><title>A</title></item></channel></rss>"
            ));
            assert_eq!(
                Value::Object(entry.front_matter.values),
                json!({ "title": "A" }),
                "{field}"
            );
        }
    }

    #[test]
    fn a_root_that_is_too_long_is_refused() {
        let names = "xmlns:a='b' ".repeat(ROOT_BYTES / 12 + 1);
        let feed = format!("<rss {names}><channel><item></item></channel></rss>");
        assert_eq!(
            split(feed.as_bytes(), None).expect_err("too long").code().as_str(),
            "bad_feed"
        );
    }

    #[test]
    fn what_is_no_feed_is_refused() {
        for (text, code) in [
            ("<html>", "bad_feed"),
            ("<", "bad_feed"),
            ("<rss", "bad_feed"),
            (" ", "empty_body"),
            ("<feed>", "bad_feed"),
        ] {
            assert_eq!(
                split(text.as_bytes(), None).expect_err("no feed").code().as_str(),
                code,
                "{text}"
            );
        }
        assert!(
            split(b"<rss><channel></channel></rss>", None)
                .expect("a feed")
                .is_empty()
        );
    }

    #[test]
    fn hostile_feeds_are_read_once() {
        for unit in [
            "<item>",
            "<item/>",
            "</item>",
            "<item></item>",
            "<",
            "<![CDATA[",
            "<!--",
            "&",
            "<a b='",
            "<title>",
        ] {
            let feed = format!("<rss><channel>{}", unit.repeat(100_000 / unit.len()));
            for entry in split(feed.as_bytes(), None).expect("a feed") {
                let _ = entry.read();
            }
        }
    }

    #[test]
    fn declared_entities_are_never_expanded() {
        let laughs: String = (1..10)
            .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
            .collect();
        let subset = format!(
            "<!-- ]> don't --><!ELEMENT rss ANY><?x ]> ?><!ENTITY l0 '> ]'>{laughs}<!ENTITY % p SYSTEM \"file:///etc/passwd\">%p;"
        );
        for doctype in [
            format!("<!DOCTYPE rss [{subset}]>"),
            format!("<!DOCTYPE rss PUBLIC \"-//N//DTD > [\" 'x' [ {subset} ] >"),
        ] {
            let feed = format!(
                "<?xml version='1.0'?>{doctype}<rss><channel><item><title>a &l9; b</title><description>x</description></item></channel></rss>"
            );
            let entries = read(feed.as_bytes());
            let entry = entries[0].as_ref().expect("an entry");
            assert_eq!(
                (entries.len(), &entry.front_matter.values["title"]),
                (1, &"a &l9; b".into())
            );
        }
    }

    #[test]
    fn a_doctype_without_end_is_no_feed() {
        for text in [
            "<!DOCTYPE rss [<rss>",
            "<!DOCTYPE rss ['>]><rss><item></item></rss>",
            "<!DOCTYPE rss [<!--]><rss>",
        ] {
            assert!(
                split(text.as_bytes(), None).is_err() || read(text.as_bytes()).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn an_entry_inherits_the_feeds_authors_and_base() {
        let feed = r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://q.example/blog/"><title type="html">Quay &amp;amp; notes</title>
            <author><name>Ada Brandt</name></author>
            <entry><title type="html">Code &amp;lt;b&amp;gt; &lt;i&gt;it&lt;/i&gt;</title><link href="one"/><content type="html">&lt;a href="two">two&lt;/a></content></entry>
            <entry xml:base="deep/"><title>A &lt; b &amp;amp; c</title><link href="/three"/><author><name>Bo Ek</name></author><content type="html" xml:base="x/">&lt;p>x</content></entry></feed>"#;
        let entries: Vec<FeedEntry> = read(feed.as_bytes())
            .into_iter()
            .map(|entry| entry.expect("an entry"))
            .collect();
        let of = |entry: &FeedEntry| {
            let base = entry.base.as_ref().map(Url::to_string);
            json!([
                entry.front_matter.values["title"],
                entry.front_matter.values["link"],
                entry.front_matter.values["authors"],
                entry.front_matter.values["site_name"],
                base
            ])
        };
        assert_eq!(
            of(&entries[0]),
            json!([
                "Code &lt;b&gt; it",
                "https://q.example/blog/one",
                ["Ada Brandt"],
                "Quay & notes",
                "https://q.example/blog/"
            ])
        );
        assert_eq!(
            of(&entries[1]),
            json!([
                "A < b &amp;amp; c",
                "https://q.example/three",
                ["Bo Ek"],
                "Quay & notes",
                "https://q.example/blog/deep/x/"
            ])
        );
    }
}
