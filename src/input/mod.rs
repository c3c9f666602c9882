//! Bytes become a [`Page`]: UTF-8 text, what the front matter says, and the map back to the bytes that came.
//!
//! Broken bytes, charsets and front matter are warnings; only what cannot be an article at all is an error.

pub mod charset;
mod content_type;
pub mod front_matter;
mod lenient;
mod offsets;
mod prescan;
mod sniff;
mod yaml;

use std::{borrow::Cow, ops::Range};

use serde::Serialize;

pub use charset::{CharsetSource, Mapper, Offsets};
pub use front_matter::FrontMatter;

use crate::error::{Error, Warning};

/// One document as it arrived.
#[derive(Debug, Clone, Copy, Default)]
pub struct Document<'a> {
    /// The body, after decompression.
    pub bytes: &'a [u8],
    /// `Content-Type` as declared, parameters included.
    pub content_type: Option<&'a str>,
    /// `Content-Location`: the document's URL where the caller gave no other.
    pub content_location: Option<&'a str>,
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
    /// Where the HTML stands in `text`.
    pub body: Range<usize>,
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
    /// What the reader noticed.
    pub warnings: Vec<Warning>,
}

/// Reads one document.
///
/// # Errors
/// An empty body, bytes that are no text, a media type we do not take, a feed, or front matter that lost its newlines.
pub fn read<'a>(document: &Document<'a>) -> Result<Page<'a>, Error> {
    let _ = document;
    Err(Error::EmptyBody)
}
