//! Bytes become a [`Page`]: UTF-8 text, what the front matter says, and the map back to the bytes that came.
//!
//! Broken bytes, charsets and front matter are warnings; only what cannot be an article at all is an error.

pub mod request;
pub mod charset;
mod content_type;
mod cost;
pub mod feed;
pub mod front_matter;
pub mod language;
pub mod markdown;
mod sniff;

use std::{borrow::Cow, ops::Range};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;

pub use charset::{CharsetSource, Mapper, Offsets};
pub use cost::{BodyCost, work_bytes};
pub use front_matter::FrontMatter;
pub use request::caller_metadata::CallerMetadata;
pub use request::envelope::{Envelope, Form};

use crate::{
    bounds::Bounds,
    error::{Error, Warning},
    steps,
};
use content_type::MediaFamily;

/// One document as it arrived.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawDocument<'a> {
    /// The body, after decompression.
    pub bytes: &'a [u8],
    /// `Content-Type` as declared, parameters included.
    pub content_type: Option<&'a str>,
    /// `Content-Location`: the document's URL where the caller gave no other.
    pub content_location: Option<&'a str>,
    /// The charset label that the caller gives beside the document.
    pub charset: Option<&'a str>,
    /// The document's URL as the caller gives it. Its host helps to guess an undeclared charset.
    pub url: Option<&'a Url>,
    /// Whether the bytes came as text (a JSON string): UTF-8, whatever they declare.
    pub is_text: bool,
    /// `Content-Language`: the document's language where it names none itself.
    pub content_language: Option<&'a str>,
    /// When the document was fetched: nothing in it can be later.
    pub fetched_at: Option<Timestamp>,
    /// What stands before the body elsewhere and came beside it here: what a feed says of its entry.
    pub front_matter: Option<&'a FrontMatter>,
    /// What its relative links are resolved against, if that is not its URL: `xml:base` of a feed's entry.
    pub base: Option<&'a Url>,
    /// The caller's name for it.
    pub id: Option<&'a str>,
    /// What the caller knows already, and is believed.
    pub known: Option<&'a CallerMetadata>,
    /// What the caller wants back, as it came.
    pub context: Option<&'a RawValue>,
}

/// What a document turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Front matter, then HTML: already the article.
    Post,
    /// A whole HTML page.
    Page,
    /// HTML without `html`, `head` or `body`: already the article.
    Fragment,
    /// A Markdown body.
    Markdown,
}

/// A document read: text, and all that is known before its HTML is looked at.
#[derive(Debug)]
pub struct Page<'a> {
    /// The whole document as UTF-8, front matter included.
    pub text: Cow<'a, str>,
    /// Where the body stands in `text`, after the front matter.
    pub body: Range<usize>,
    /// The body as HTML, where it is Markdown.
    pub rendered: Option<String>,
    /// The front matter, if the document began with one.
    pub front_matter: Option<FrontMatter>,
    /// The media type decided on: `text/html`, `text/markdown` or `text/plain`.
    pub content_type: &'static str,
    /// The WHATWG name of the encoding, as `UTF-8` or `gb18030`.
    pub charset: &'static str,
    /// Who said so.
    pub charset_source: CharsetSource,
    /// Bytes of the document.
    pub bytes: usize,
    /// From offsets in `text` to offsets in the document's own bytes.
    pub offsets: Offsets,
    /// What the caller knows already.
    pub known: Option<&'a CallerMetadata>,
    /// `Content-Language`.
    pub content_language: Option<&'a str>,
    /// When the document was fetched.
    pub fetched_at: Option<Timestamp>,
    /// What the reader noticed.
    pub warnings: Vec<Warning>,
}

impl Page<'_> {
    /// The HTML: the body as it came, or as it was rendered.
    pub fn html(&self) -> &str {
        self.rendered.as_deref().unwrap_or(&self.text[self.body.clone()])
    }

    /// From offsets in [`Page::html`] to what removals count in: the document's own bytes, or that HTML where it was
    /// rendered.
    pub fn html_mapper<'m>(&'m self, input: &'m [u8]) -> impl FnMut(usize) -> usize + 'm {
        let mut offsets = self.offsets.mapper(input);
        move |at| match self.rendered {
            Some(_) => at,
            None => offsets.to_input(self.body.start + at),
        }
    }
}

/// Reads one document.
///
/// The declared type only opens the door: HTML that says `text/markdown` or nothing is HTML. The body's type is
/// `text/html` when HTML was declared, when its first block is a tag of HTML's, or when nothing but plain text was
/// declared and there is any markup and no sign of Markdown; else `text/markdown` when that was declared, when there is
/// front matter, or such a sign; else `text/plain`. Markdown is rendered.
///
/// # Errors
/// An empty body, bytes that are no text, a media type we do not take, a feed, front matter that lost its newlines, or
/// Markdown past the bounds.
///
/// # Limits
/// Linear in the document's bytes. Valid UTF-8 is borrowed; everything else is copied once, with a map of 16 bytes for
/// each 128.
pub fn read<'a>(document: &RawDocument<'a>, bounds: &Bounds) -> Result<Page<'a>, Error> {
    let bytes = document.bytes;
    steps::count(bytes.len());
    let mut warnings = Vec::new();
    let declared = content_type::declared(document.content_type, &mut warnings)?;
    // Front matter alone is a document too.
    let may_be_empty = document.front_matter.is_some();
    if bytes.is_empty() && !may_be_empty {
        return Err(Error::EmptyBody);
    }
    if let Some(form) = sniff::signature(bytes) {
        return Err(not_text(form));
    }
    let location = document.content_location.and_then(|location| Url::parse(location).ok());
    let hints = charset::CharsetHints {
        caller: document.charset,
        header: declared.charset.as_deref(),
        host: document.url.or(location.as_ref()).and_then(Url::host_str),
        language: document.content_language,
    };
    let utf_8 = simdutf8::basic::from_utf8(bytes).ok();
    let choice = if document.is_text {
        charset::of_text(bytes, &hints, &mut warnings)
    } else {
        charset::decide(bytes, utf_8, &hints, &mut warnings)
    };
    let decoded = charset::decode(bytes, utf_8, &choice, &mut warnings);
    let text = decoded.text;
    if sniff::trim_blank(&text).is_empty() && !may_be_empty {
        return Err(Error::EmptyBody);
    }
    if sniff::is_binary(bytes, &text, choice.encoding) {
        return Err(not_text(
            "binary data; text in UTF-16 needs a byte order mark or a charset",
        ));
    }
    if sniff::is_feed(&text) {
        return Err(Error::Feed);
    }
    if sniff::lost_newlines(&text) {
        return Err(Error::NewlinesRemoved);
    }
    let (front_matter, body_start) = match document.front_matter {
        Some(known) => (Some(known.clone()), 0),
        None => front_matter::read(&text, &mut warnings),
    };
    let body = body_start..text.len();
    let content_type = body_type(declared.family, front_matter.is_some(), &text[body.clone()]);
    let rendered = match content_type {
        "text/markdown" => Some(markdown::render(&text[body.clone()], bounds)?),
        _ => None,
    };
    Ok(Page {
        body,
        rendered,
        front_matter,
        content_type,
        charset: choice.encoding.name(),
        charset_source: choice.source,
        bytes: bytes.len(),
        offsets: decoded.offsets,
        known: document.known,
        content_language: document.content_language,
        fetched_at: document.fetched_at,
        warnings,
        text,
    })
}

/// Whether a body of this type is an [`Envelope`] and not the document itself.
pub fn is_envelope(content_type: Option<&str>) -> bool {
    content_type.is_some_and(content_type::is_envelope)
}

/// Whether a body may turn out to be Markdown, as far as its type and first bytes show: not where it says that it is HTML,
/// or begins with a block of it.
pub fn may_be_markdown(bytes: &[u8], content_type: Option<&str>) -> bool {
    let head = &bytes[..bytes.len().min(FIRST_TAG_BYTES)];
    let begins_as_html = head.utf8_chunks().next().is_some_and(|chunk| {
        let text = sniff::trim_blank(chunk.valid());
        // A comment may hide what comes after it.
        !text.starts_with("<!--") && sniff::begins_with_block(text)
    });
    !begins_as_html && !content_type.is_some_and(content_type::is_html)
}

/// Bytes in which [`may_be_markdown`] looks for a first tag.
const FIRST_TAG_BYTES: usize = 256;

fn body_type(declared: MediaFamily, has_front_matter: bool, body: &str) -> &'static str {
    match declared {
        MediaFamily::Html => "text/html",
        _ if sniff::begins_with_block(body) => "text/html",
        MediaFamily::Markdown => "text/markdown",
        MediaFamily::Plain | MediaFamily::Unknown if markdown::shows(body) => "text/markdown",
        MediaFamily::Plain | MediaFamily::Unknown if sniff::has_markup(body) => "text/html",
        MediaFamily::Plain | MediaFamily::Unknown if has_front_matter => "text/markdown",
        MediaFamily::Plain | MediaFamily::Unknown => "text/plain",
    }
}

fn not_text(detail: &str) -> Error {
    Error::NotText {
        detail: format!("it looks like {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: &[u8]) -> RawDocument<'_> {
        RawDocument {
            bytes,
            ..RawDocument::default()
        }
    }

    fn typed<'a>(bytes: &'a [u8], content_type: &'a str) -> RawDocument<'a> {
        RawDocument {
            content_type: Some(content_type),
            ..document(bytes)
        }
    }

    fn refusal(document: &RawDocument<'_>) -> &'static str {
        read(document, &Bounds::default())
            .expect_err("a refusal")
            .code()
            .as_str()
    }

    #[test]
    fn a_post_sent_by_curl_is_read_whole() {
        let post = "\n---\ntitle: '标题'\n---\n\n<div><p>正文</p></div>\n";
        let page = read(
            &typed(post.as_bytes(), "application/x-www-form-urlencoded"),
            &Bounds::default(),
        )
        .expect("a page");
        assert_eq!(&page.text[page.body.clone()], "\n<div><p>正文</p></div>\n");
        assert!(matches!(page.text, Cow::Borrowed(_)));
        assert_eq!(
            page.front_matter.as_ref().and_then(|found| found.text("title")),
            Some("标题")
        );
        assert_eq!((page.content_type, page.charset), ("text/html", "UTF-8"));
        assert_eq!(
            (page.charset_source, page.bytes),
            (CharsetSource::ValidUtf8, post.len())
        );
        assert!(page.warnings.is_empty());
    }

    #[test]
    fn a_page_in_another_charset_keeps_its_way_back() {
        let html = "<meta charset=gb2312><p>记者从发布会现场了解到</p><!--广告-->";
        let (bytes, ..) = encoding_rs::GBK.encode(html);
        let page = read(&document(&bytes), &Bounds::default()).expect("a page");
        assert_eq!((page.text.as_ref(), page.charset), (html, "GBK"));
        let (start, end) = (html.find("发布会").expect("text"), html.find("</p>").expect("text"));
        let range = page.offsets.to_input(start, &bytes)..page.offsets.to_input(end, &bytes);
        assert_eq!(encoding_rs::GBK.decode(&bytes[range]).0, html[start..end]);
    }

    #[test]
    fn the_type_is_decided_by_the_bytes() {
        for (declared, body, decided) in [
            ("", "<p>x", "text/html"),
            ("", "words only", "text/plain"),
            ("", "---\ntitle: x\n---\n# Heading", "text/markdown"),
            ("", "---\ntitle: x\n---\ntext <br> text", "text/html"),
            ("text/plain", "---\ntitle: x\n---\n<div>x</div>", "text/html"),
            ("text/html", "words only", "text/html"),
            ("text/markdown; charset=utf-8", "# Heading <br>", "text/markdown"),
            ("text/x-markdown", "\n<div>x</div>", "text/html"),
            ("text/markdown", "<!-- toc -->\n# Heading", "text/markdown"),
            ("text/markdown", "<!-- an advert --><p>x", "text/html"),
            ("text/markdown", "text\n\n<p>x</p>", "text/markdown"),
            ("", "---\ntitle: x\n---\ntext <br>\n## Heading", "text/markdown"),
            ("", "text <br>\n\n# Heading", "text/markdown"),
            ("", "<div>\n# Heading</div>", "text/html"),
            ("text/plain", "# Heading", "text/markdown"),
            ("text/html", "# Heading", "text/html"),
            ("application/octet-stream", "a < b", "text/plain"),
        ] {
            let page = read(&typed(body.as_bytes(), declared), &Bounds::default()).expect("a page");
            assert_eq!(page.content_type, decided, "{declared} {body}");
        }
    }

    #[test]
    fn what_cannot_be_an_article_is_refused() {
        for empty in ["", " \n\t", "\u{FEFF}", "\u{FEFF}\r\n", "\u{3000}"] {
            assert_eq!(refusal(&document(empty.as_bytes())), "empty_body");
        }
        assert_eq!(refusal(&document(b"\xFF\xFE \0\n\0")), "empty_body");
        assert_eq!(
            refusal(&typed(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "text/html")),
            "not_text"
        );
        let noise: Vec<u8> = (0..=255).cycle().skip(1).take(3000).collect();
        assert_eq!(refusal(&document(&noise)), "not_text");
        assert_eq!(refusal(&document(b"<\0p\0>\0a\0b\0c\0d\0")), "not_text");
        assert_eq!(refusal(&typed(b"{}", "application/json")), "unsupported_media_type");
        assert_eq!(refusal(&document(b"<?xml version='1.0'?><rss><channel>")), "feed");
        assert_eq!(
            refusal(&document("---title: '标题'categories:  - a---<div>x</div>".as_bytes())),
            "newlines_removed"
        );
    }

    #[test]
    fn broken_bytes_are_warnings() {
        let codes = |document: &RawDocument<'_>| -> Vec<&'static str> {
            let page = read(document, &Bounds::default()).expect("a page");
            page.warnings.iter().map(|warning| warning.code.as_str()).collect()
        };
        assert_eq!(codes(&document(b"<p>a\0b</p>")), ["nul_bytes"]);
        assert_eq!(
            codes(&typed(b"<p>a\xE4\xB8", "text/html; charset=utf-8")),
            ["undecodable_bytes"]
        );
        assert_eq!(codes(&typed(b"<p>a", "html")), ["content_type_broken"]);
        assert_eq!(
            codes(&typed(b"</div><p>a", "text/html; charset=x")),
            ["charset_unknown"]
        );
        let utf_16: Vec<u8> = "<p>UTF-16 by header</p>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let page = read(&typed(&utf_16, "text/html; charset=utf-16le"), &Bounds::default()).expect("a page");
        assert_eq!(page.text, "<p>UTF-16 by header</p>");
    }

    #[test]
    fn the_caller_and_the_host_are_heard() {
        let (bytes, ..) = encoding_rs::BIG5.encode("<p>記者在現場</p>");
        let big5 = RawDocument {
            charset: Some("big5"),
            ..document(&bytes)
        };
        let page = read(&big5, &Bounds::default());
        assert_eq!(page.expect("a page").charset_source, CharsetSource::Caller);
        let taiwanese = RawDocument {
            content_location: Some("https://www.example.com.tw/a"),
            ..document(&bytes)
        };
        let page = read(&taiwanese, &Bounds::default());
        assert_eq!(page.expect("a page").charset, "Big5");
    }
}
