//! What a caller may ask for: the options of each route, parsed from name and value pairs.
//!
//! One parser for query strings, the command line and the tests: an unknown name, a bad value or an empty selector is
//! refused with a text that says what was meant, never ignored.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::Url;

pub use crate::engine::Mode;
use crate::{
    error::Error,
    metadata::Confidence,
    output::json::Fields,
    rules::{
        Selector,
        selector::{self, Size},
    },
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

/// What becomes of text that a reader does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hidden {
    /// It is removed.
    #[default]
    Drop,
    /// It stays, with a warning.
    Keep,
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
    /// How sure the facts must be that are given.
    pub facts: Confidence,
    /// See [`Hidden`].
    pub hidden: Hidden,
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
    /// Whether what was removed is reported in trailers.
    pub trailer: bool,
}

impl Options {
    /// The names that [`Options::from_pairs`] takes.
    pub const KNOWN: &'static str = "url, mode, format, fields, facts, hidden, remove, keep, without, explain";

    /// Reads the options of `/v1/normalize`.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::BadOption`] or [`Error::BadSelector`].
    ///
    /// # Limits
    /// The selectors of one document have 4096 parts in all, as [`Size`] counts them.
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Error> {
        let mut options = Options::default();
        options.set(pairs)?;
        Ok(options)
    }

    /// These options where `given` is silent: the same names, their values as JSON has them, lists as lists. A list that
    /// is given replaces the default, and `null` is the default.
    ///
    /// # Errors
    /// As [`Options::from_pairs`].
    pub fn overridden_by(&self, given: &Map<String, Value>) -> Result<Self, Error> {
        let mut options = self.clone();
        let mut pairs = Vec::new();
        for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "remove" => options.remove.clear(),
                "keep" => options.keep.clear(),
                "without" => options.without.clear(),
                _ => {}
            }
            for value in texts(name, value)? {
                pairs.push((Cow::Borrowed(name.as_str()), value));
            }
        }
        options.set(pairs.into_iter())?;
        Ok(options)
    }

    /// The most memory that their selectors take on a document with so many elements open at once.
    pub fn selector_bytes(&self, depth: usize) -> usize {
        selector_bytes(&self.remove, &self.keep, depth)
    }

    fn set<'a>(&mut self, pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<(), Error> {
        let options = self;
        let mut seen = Vec::new();
        let mut parts = parts_left(&options.remove, &options.keep);
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
                        other => return Err(bad(format!("{other:?} is not one of precision, balanced, recall"))),
                    }
                }
                "format" => {
                    options.format = Some(match value.as_ref() {
                        "json" => Format::Json,
                        "html" => Format::Html,
                        "markdown" => Format::Markdown,
                        "text" => Format::Text,
                        other => return Err(bad(format!("{other:?} is not one of json, html, markdown, text"))),
                    });
                }
                "fields" => options.fields = Fields::parse(&value).map_err(bad)?,
                "facts" => {
                    options.facts = match value.as_ref() {
                        "all" => Confidence::Guess,
                        "likely" => Confidence::Likely,
                        "certain" => Confidence::Certain,
                        other => return Err(bad(format!("{other:?} is not one of all, likely, certain"))),
                    }
                }
                "hidden" => {
                    options.hidden = match value.as_ref() {
                        "drop" => Hidden::Drop,
                        "keep" => Hidden::Keep,
                        other => return Err(bad(format!("{other:?} is neither drop nor keep"))),
                    }
                }
                "explain" => {
                    options.explain = match value.as_ref() {
                        "true" => true,
                        "false" => false,
                        other => return Err(bad(format!("{other:?} is neither true nor false"))),
                    }
                }
                "remove" => options.remove.extend(selectors(&name, &value, &mut parts)?),
                "keep" => options.keep.extend(selectors(&name, &value, &mut parts)?),
                "without" => options.without.push(value.into_owned()),
                _ => {
                    return Err(Error::UnknownOption {
                        name: name.into_owned(),
                        known: Self::KNOWN,
                    });
                }
            }
        }
        Ok(())
    }
}

impl CleanOptions {
    /// The names that [`CleanOptions::from_pairs`] takes.
    pub const KNOWN: &'static str = "url, remove, keep, without, charset, report";

    /// Reads the options of `/v1/clean`.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::BadOption`] or [`Error::BadSelector`].
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Error> {
        let mut options = CleanOptions::default();
        let mut seen = Vec::new();
        let mut parts = SELECTOR_PARTS;
        for (name, value) in pairs {
            once(&name, &mut seen)?;
            match name.as_ref() {
                "url" => options.url = Some(absolute_url(&name, &value)?),
                "charset" => options.charset = Some(value.into_owned()),
                "report" if value == "trailer" => options.trailer = true,
                "report" => {
                    return Err(Error::BadOption {
                        name: name.into_owned(),
                        detail: format!("{value:?} is not trailer"),
                    });
                }
                "remove" => options.remove.extend(selectors(&name, &value, &mut parts)?),
                "keep" => options.keep.extend(selectors(&name, &value, &mut parts)?),
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

    /// As [`Options::selector_bytes`].
    pub fn selector_bytes(&self, depth: usize) -> usize {
        selector_bytes(&self.remove, &self.keep, depth)
    }
}

/// Options that may be given again; of any other the second one would be ignored.
const REPEATABLE: &[&str] = &["remove", "keep", "without"];

/// The values of one option in JSON, as the query would have them.
fn texts<'a>(name: &str, value: &'a Value) -> Result<Vec<Cow<'a, str>>, Error> {
    let bad = |detail: &str| Error::BadOption {
        name: name.into(),
        detail: detail.into(),
    };
    match value {
        Value::String(text) => Ok(vec![text.into()]),
        // `false` would be a selector, too.
        Value::Bool(flag) if !REPEATABLE.contains(&name) => Ok(vec![flag.to_string().into()]),
        Value::Array(items) if name == "fields" || REPEATABLE.contains(&name) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let texts = texts.ok_or_else(|| bad("a list of texts is wanted"))?;
            match name {
                "fields" => Ok(vec![texts.join(",").into()]),
                _ => Ok(texts.into_iter().map(Cow::Borrowed).collect()),
            }
        }
        Value::Array(_) => Err(bad("it takes one value, no list")),
        _ => Err(bad("a text is wanted, or true or false")),
    }
}

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

/// Parts of all selectors of one document at most, as [`Size`] counts them: a filter list, which is compiled once for all
/// documents, may have more.
const SELECTOR_PARTS: usize = 4096;
/// Memory for each part, parsed and compiled. Measured at 700, where tables have doubled.
const BYTES_A_PART: usize = 1 << 10;
/// Memory for each byte of their names and values: automata that search for them.
const BYTES_A_TEXT_BYTE: usize = 80;

/// Parses the selectors of one value. `parts` is what all those of the document may still have.
fn selectors(name: &str, value: &str, parts: &mut usize) -> Result<Vec<Selector>, Error> {
    let bad = |detail: String| Error::BadSelector {
        name: name.into(),
        detail,
    };
    // The usual cause of an odd selector in a query: `#ad` arrives empty, `h2+p` as `h2 p`, `a&b` as `a`.
    let hint = "; in a URL write `#` as %23, `+` as %2B and `&` as %26";
    let selectors = selector::parse(value).map_err(|e| bad(format!("{e}{hint}")))?;
    let Some(left) = parts.checked_sub(Size::of(&selectors).parts) else {
        return Err(bad(format!(
            "the selectors of one document have more than {SELECTOR_PARTS} names, classes, ids, attributes and positions; \
             a filter list may have more"
        )));
    };
    *parts = left;
    Ok(selectors)
}

fn parts_left(remove: &[Selector], keep: &[Selector]) -> usize {
    SELECTOR_PARTS.saturating_sub(Size::of(remove.iter().chain(keep)).parts)
}

/// The most memory that selectors take on a document with so many open elements.
fn selector_bytes(remove: &[Selector], keep: &[Selector], depth: usize) -> usize {
    let size = Size::of(remove.iter().chain(keep));
    // A table is there twice while it doubles.
    let matched = 3 * size.inner.div_ceil(64) * size_of::<u64>() * depth;
    size.parts * BYTES_A_PART + size.text_bytes * BYTES_A_TEXT_BYTE + matched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Options, Error> {
        Options::from_pairs(url::form_urlencoded::parse(query.as_bytes()))
    }

    fn refusal(query: &str) -> (&'static str, String) {
        let error = read(query).unwrap_err();
        (error.code().as_str(), error.to_string())
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
    fn json_overrides_the_query_name_by_name() {
        let query = read("mode=recall&remove=.a&keep=p&explain=true").unwrap();
        let given = |text: &str| query.overridden_by(&serde_json::from_str(text).unwrap());
        let options =
            given(r##"{"remove":["#b",".c"],"fields":["title","quality.score"],"explain":false,"mode":null}"##);
        let options = options.unwrap();
        assert_eq!((options.mode, options.explain), (Mode::Recall, false));
        assert_eq!((options.remove.len(), options.keep.len()), (2, 1));
        assert!(options.fields.has("quality") && !options.fields.has("removed"));
        for (text, code) in [
            (r#"{"mod":"recall"}"#, "unknown_option"),
            (r#"{"mode":["recall"]}"#, "bad_option"),
            (r#"{"remove":[1]}"#, "bad_option"),
            (r#"{"explain":1}"#, "bad_option"),
            (r#"{"keep":false}"#, "bad_option"),
            (r#"{"nope":false}"#, "unknown_option"),
            (r#"{"keep":[""]}"#, "bad_selector"),
        ] {
            assert_eq!(given(text).unwrap_err().code().as_str(), code, "{text}");
        }
    }

    #[test]
    fn selectors_of_one_document_are_bounded() {
        let query = |count: usize| vec!["remove=b+b+b+b"; count].join("&");
        let half = SELECTOR_PARTS / 8;
        let options = read(&query(2 * half)).expect("all there may be");
        assert_eq!(refusal(&query(2 * half + 1)).0, "bad_selector");
        assert_eq!(refusal(&format!("{}&keep=.a", query(2 * half))).0, "bad_selector");
        let given = serde_json::json!({"remove": ["b", ".a[c]"], "keep": ["p"]});
        let given = given.as_object().expect("an object");
        assert_eq!(
            options
                .overridden_by(given)
                .expect("they take the place of the others")
                .remove
                .len(),
            2
        );
        assert!(options.selector_bytes(4096) > 4096 * 3 * 2 * half / 8);
        assert_eq!(Options::default().selector_bytes(4096), 0);
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
