//! What a caller may ask for: the options of each road, parsed from name and value pairs.
//!
//! One parser for query strings, the command line and the tests: an unknown name, a bad value or an empty selector is
//! refused with a text that says what was meant, never ignored.

use std::borrow::Cow;

use url::Url;

pub use crate::engine::Mode;
use crate::{
    error::Error,
    output::json::Fields,
    rules::{Selector, selector},
};

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
    /// See [`Fields`].
    pub fields: Fields,
    /// Elements that go.
    pub remove: Vec<Selector>,
    /// Elements that stay.
    pub keep: Vec<Selector>,
    /// Ids of rules that are off.
    pub without: Vec<String>,
    /// Whether to add how the score decided.
    pub explain: bool,
}

/// The options of `/v1/clean`.
#[derive(Debug, Clone, Default)]
pub struct CleanOptions {
    /// The document's own URL: for rules that belong to a host.
    pub url: Option<Url>,
    /// The charset label that the caller gives.
    pub charset: Option<String>,
    /// Elements that go.
    pub remove: Vec<Selector>,
    /// Elements that stay.
    pub keep: Vec<Selector>,
    /// Ids of rules that are off.
    pub without: Vec<String>,
}

impl Options {
    /// The names that [`Options::from_pairs`] takes.
    pub const KNOWN: &'static str = "url, mode, format, fields, remove, keep, without, explain";

    /// Reads the options of `/v1/normalize`.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::BadOption`] or [`Error::BadSelector`].
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            once(&name, &mut seen)?;
            let bad = |detail: String| Error::BadOption {
                name: name.to_string(),
                detail,
            };
            match name.as_ref() {
                "url" => options.url = Some(absolute_url(&name, &value)?),
                "mode" => {
                    options.mode = match value.as_ref() {
                        "precision" => Mode::Precision,
                        "balanced" => Mode::Balanced,
                        "recall" => Mode::Recall,
                        other => return Err(bad(format!("{other:?} is none of precision, balanced, recall"))),
                    }
                }
                "format" => {
                    options.format = Some(match value.as_ref() {
                        "json" => Format::Json,
                        "html" => Format::Html,
                        "markdown" => Format::Markdown,
                        "text" => Format::Text,
                        other => return Err(bad(format!("{other:?} is none of json, html, markdown, text"))),
                    });
                }
                "fields" => options.fields = Fields::parse(&value).map_err(bad)?,
                "explain" => {
                    options.explain = match value.as_ref() {
                        "true" => true,
                        "false" => false,
                        other => return Err(bad(format!("{other:?} is neither true nor false"))),
                    }
                }
                "remove" => options.remove.extend(selectors(&name, &value)?),
                "keep" => options.keep.extend(selectors(&name, &value)?),
                "without" => options.without.push(value.into_owned()),
                _ => {
                    return Err(Error::UnknownOption {
                        name: name.into_owned(),
                        known: Self::KNOWN,
                    });
                }
            }
        }
        Ok(options)
    }
}

impl CleanOptions {
    /// The names that [`CleanOptions::from_pairs`] takes.
    pub const KNOWN: &'static str = "url, remove, keep, without, charset";

    /// Reads the options of `/v1/clean`.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::BadOption`] or [`Error::BadSelector`].
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Error> {
        let mut options = CleanOptions::default();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            once(&name, &mut seen)?;
            match name.as_ref() {
                "url" => options.url = Some(absolute_url(&name, &value)?),
                "charset" => options.charset = Some(value.into_owned()),
                "remove" => options.remove.extend(selectors(&name, &value)?),
                "keep" => options.keep.extend(selectors(&name, &value)?),
                "without" => options.without.push(value.into_owned()),
                _ => {
                    return Err(Error::UnknownOption {
                        name: name.into_owned(),
                        known: Self::KNOWN,
                    });
                }
            }
        }
        Ok(options)
    }
}

/// Options that may be given again; of any other the second one would be ignored.
const REPEATABLE: &[&str] = &["remove", "keep", "without"];

fn once(name: &str, seen: &mut Vec<String>) -> Result<(), Error> {
    if REPEATABLE.contains(&name) {
        return Ok(());
    }
    if seen.iter().any(|other| other == name) {
        return Err(Error::BadOption {
            name: name.into(),
            detail: "it was given twice".into(),
        });
    }
    seen.push(name.to_owned());
    Ok(())
}

fn absolute_url(name: &str, value: &str) -> Result<Url, Error> {
    // Archives name documents by schemes of their own; only http and https ones are a base for links.
    Url::parse(value).map_err(|e| Error::BadOption {
        name: name.into(),
        detail: format!("{value:?} is no absolute URL: {e}"),
    })
}

fn selectors(name: &str, value: &str) -> Result<Vec<Selector>, Error> {
    selector::parse(value).map_err(|e| {
        // The usual cause of an odd selector in a query: `#ad` arrives empty, `h2+p` as `h2 p`, `a&b` as `a`.
        let hint = "; in a URL write `#` as %23, `+` as %2B and `&` as %26";
        Error::BadSelector {
            name: name.into(),
            detail: format!("{e}{hint}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Options, Error> {
        Options::from_pairs(url::form_urlencoded::parse(query.as_bytes()))
    }

    fn refusal(query: &str) -> (&'static str, String) {
        let error = read(query).unwrap_err();
        (error.code(), error.to_string())
    }

    #[test]
    fn reads_what_the_contract_names() {
        let options = read("url=https://a.example/x&mode=recall&format=text&fields=title,quality.score&remove=.a&remove=%23b&keep=p&without=x/y&explain=true").unwrap();
        assert_eq!(
            (options.mode, options.format, options.remove.len(), options.explain),
            (Mode::Recall, Some(Format::Text), 2, true)
        );
        assert!(options.fields.has("title") && options.fields.has("quality") && !options.fields.has("removed"));
    }

    #[test]
    fn refuses_what_it_does_not_know_and_says_what_was_meant() {
        assert_eq!(refusal("remov=.a").0, "unknown_option");
        assert_eq!(refusal("mode=fast").0, "bad_option");
        assert_eq!(refusal("mode=recall&mode=recall").0, "bad_option");
        assert_eq!(refusal("url=/x").0, "bad_option");
        assert_eq!(refusal("fields=titel").0, "bad_option");
        assert_eq!(refusal("fields=quality.skore").0, "bad_option");
        assert_eq!(refusal("explain=1").0, "bad_option");
        let (code, text) = refusal("remove=");
        assert_eq!(code, "bad_selector");
        assert!(text.contains("%23"), "{text}");
    }
}
