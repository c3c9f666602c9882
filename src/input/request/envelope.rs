//! The envelope: a document in JSON, with what its caller knows about it.
//!
//! `{id, url, content_type, charset, document | document_base64, headers, fetched_at, metadata, context, options}`, all
//! optional but the document; `html` is another name of `document`. An unknown key, a key twice or a value of another type
//! is refused with what was meant: a pipeline that misspells `metadata` should hear of it from its first document.
//!
//! # Limits
//! The document is copied once, and so is the context, whose JSON is kept as it came: numbers, keys and white space. JSON
//! nests 128 deep at most, and what is read into values (`headers`, `metadata`, `options`) is bounded in bytes, since values
//! take up to a hundred times as much.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value, map::Entry, value::RawValue};
use url::Url;

use crate::{
    error::Error,
    input::{CallerMetadata, RawDocument},
};

/// The keys.
const KEYS: [&str; 12] = [
    "id",
    "url",
    "content_type",
    "charset",
    "document",
    "document_base64",
    "html",
    "headers",
    "fetched_at",
    "metadata",
    "context",
    "options",
];
/// Bytes of JSON that is read into values, for each key.
const VALUE_BYTES: usize = 256 << 10;
/// How deep JSON nests, as in the values that are read.
const DEPTH: usize = 127;

/// Padding may be left out, as some encoders do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An envelope, read and checked.
#[derive(Debug, Default)]
pub struct Envelope {
    /// The caller's name for the document.
    pub id: Option<String>,
    /// The document's URL.
    pub url: Option<Url>,
    /// What is asked of this document alone, by the names of the query.
    pub options: Map<String, Value>,
    bytes: Vec<u8>,
    is_text: bool,
    content_type: Option<String>,
    charset: Option<String>,
    content_location: Option<String>,
    content_language: Option<String>,
    fetched_at: Option<Timestamp>,
    known: Option<CallerMetadata>,
    context: Option<Box<RawValue>>,
}

/// What a form holds: a document, and fields by their names.
#[derive(Debug, Default)]
pub struct Form {
    /// Its bytes.
    pub document: Option<Vec<u8>>,
    /// Whether they came as text: UTF-8, whatever they declare.
    pub is_text: bool,
    /// The type that its part declares.
    pub content_type: Option<String>,
    /// `url` and the options, in their order.
    pub fields: Vec<(String, String)>,
}

impl Envelope {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::BadEnvelope`].
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        if json.trim_ascii().is_empty() {
            return Err(Error::EmptyBody);
        }
        let Members(members) = serde_json::from_slice(json).map_err(|error| bad(error.to_string()))?;
        let mut envelope = Envelope::default();
        let mut document = None;
        for (key, raw) in members {
            match key {
                "id" => envelope.id = Some(text(key, raw)?),
                "url" => envelope.url = Some(url(key, &text(key, raw)?)?),
                "content_type" => envelope.content_type = Some(text(key, raw)?),
                "charset" => envelope.charset = Some(text(key, raw)?),
                "document" | "html" | "document_base64" if document.is_some() => {
                    return Err(bad(
                        "it holds two documents; document, html and document_base64 exclude each other",
                    ));
                }
                "document" | "html" => document = Some((text(key, raw)?.into_bytes(), true)),
                "document_base64" => document = Some((decoded(&text(key, raw)?)?, false)),
                "headers" => envelope.take_headers(&value(key, raw)?)?,
                "fetched_at" => envelope.fetched_at = Some(instant(key, &text(key, raw)?)?),
                "metadata" => envelope.known = Some(CallerMetadata::read(value(key, raw)?).map_err(bad)?),
                "context" => envelope.context = Some(context(raw)?),
                "options" => match value(key, raw)? {
                    Value::Object(options) => envelope.options = options,
                    _ => return Err(bad("\"options\" is an object: {\"mode\": \"recall\"}, say")),
                },
                _ => unreachable!("a key of the list"),
            }
        }
        let Some((bytes, is_text)) = document else {
            return Err(bad(
                "there is no document in it: \"document\" is its text, \"document_base64\" its bytes",
            ));
        };
        Ok(Envelope {
            bytes,
            is_text,
            ..envelope
        })
    }

    /// An envelope of what a form holds.
    ///
    /// # Errors
    /// [`Error::BadForm`] for a `url` that is none, or a second one. What is wrong in an option is reported when it is read.
    pub fn of_form(form: Form) -> Result<Self, Error> {
        let bad = |detail: String| Error::BadForm { detail };
        let mut envelope = Envelope {
            bytes: form.document.unwrap_or_default(),
            is_text: form.is_text,
            content_type: form.content_type,
            ..Envelope::default()
        };
        for (name, value) in form.fields {
            if name == "url" {
                let url = Url::parse(&value).map_err(|error| bad(format!("\"url\" is no absolute URL: {error}")))?;
                if envelope.url.replace(url).is_some() {
                    return Err(bad("\"url\" is given twice".into()));
                }
                continue;
            }
            let value = Value::String(value);
            match envelope.options.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut known) => match known.get_mut() {
                    Value::Array(values) => values.push(value),
                    one => *one = Value::Array(vec![one.take(), value]),
                },
            }
        }
        Ok(envelope)
    }

    /// The document in it.
    pub fn document(&self) -> RawDocument<'_> {
        RawDocument {
            bytes: &self.bytes,
            content_type: self.content_type.as_deref(),
            content_location: self.content_location.as_deref(),
            charset: self.charset.as_deref(),
            url: self.url.as_ref(),
            is_text: self.is_text,
            content_language: self.content_language.as_deref(),
            fetched_at: self.fetched_at,
            id: self.id.as_deref(),
            known: self.known.as_ref(),
            context: self.context.as_deref(),
            front_matter: None,
            base: None,
        }
    }

    /// The headers with which the crawl got the document; most of them say nothing about an article.
    fn take_headers(&mut self, headers: &Value) -> Result<(), Error> {
        let wanted = || bad("\"headers\" is an object of names with a text, or a list of texts, each");
        for (name, value) in headers.as_object().ok_or_else(wanted)? {
            let value = match value {
                Value::String(value) => Some(value.as_str()),
                Value::Array(values) if values.iter().all(Value::is_string) => values.first().and_then(Value::as_str),
                Value::Null => None,
                _ => return Err(wanted()),
            };
            let Some(value) = value.map(str::to_owned) else {
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                // What the caller says beside the headers is about this document, and they may be about another form of it.
                "content-type" => {
                    self.content_type.get_or_insert(value);
                }
                "content-location" => self.content_location = Some(value),
                "content-language" => self.content_language = Some(value),
                _ => {}
            }
        }
        Ok(())
    }
}

fn bad(detail: impl Into<String>) -> Error {
    Error::BadEnvelope { detail: detail.into() }
}

fn text(key: &str, raw: &RawValue) -> Result<String, Error> {
    if !raw.get().starts_with('"') {
        return Err(bad(format!("{key:?} is a text")));
    }
    serde_json::from_str(raw.get()).map_err(|error| bad(format!("{key:?}: {error}")))
}

fn value(key: &str, raw: &RawValue) -> Result<Value, Error> {
    if raw.get().len() > VALUE_BYTES {
        return Err(bad(format!("{key:?} is larger than {VALUE_BYTES} bytes")));
    }
    serde_json::from_str(raw.get()).map_err(|error| bad(format!("{key:?}: {error}")))
}

/// What the caller wants back, as it came.
fn context(raw: &RawValue) -> Result<Box<RawValue>, Error> {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in raw.get().bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > DEPTH {
        return Err(bad(format!("\"context\" nests more than {DEPTH} deep")));
    }
    Ok(raw.to_owned())
}

fn url(key: &str, text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| bad(format!("{key:?} is no absolute URL: {error}")))
}

fn instant(key: &str, text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| {
        bad(format!(
            "{key:?} is a time as RFC 3339 writes it: 2024-05-01T12:00:00Z, say"
        ))
    })
}

/// Line ends are passed over: MIME's form has them.
fn decoded(text: &str) -> Result<Vec<u8>, Error> {
    let result = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode(packed)
    } else {
        BASE64.decode(text)
    };
    result.map_err(|error| bad(format!("\"document_base64\" is no base64: {error}")))
}

/// The members of an envelope, but for those that are null: nothing is said by them. None is unknown, or there twice.
struct Members<'j>(Vec<(&'static str, &'j RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with a document in it")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
                let (mut seen, mut found) = (Vec::new(), Vec::new());
                while let Some(key) = members.next_key::<String>()? {
                    let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
                        let (shown, keys): (String, _) = (key.chars().take(40).collect(), KEYS.join(", "));
                        return Err(A::Error::custom(format!("there is no key {shown:?}; it takes {keys}")));
                    };
                    if seen.contains(&known) {
                        return Err(A::Error::custom(format!("{known:?} is given twice")));
                    }
                    seen.push(known);
                    let raw: &RawValue = members.next_value()?;
                    if raw.get() != "null" {
                        found.push((known, raw));
                    }
                }
                Ok(Members(found))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        let error = Envelope::read(json.as_bytes()).expect_err("a refusal");
        assert!(
            matches!(error.code().as_str(), "bad_envelope" | "empty_body"),
            "{error}"
        );
        error.to_string()
    }

    #[test]
    fn reads_every_key() {
        let json = r#"{"id":"a-1","url":"https://a.example/x","content_type":"text/html","charset":"gbk",
            "document_base64":"PHA+\r\neDwv cD4","headers":{"Content-Type":"text/plain","CONTENT-Language":["de","fr"],
            "content-location":"/x","Set-Cookie":null},"fetched_at":"2024-05-01T12:00:00+02:00","metadata":{"title":"T"},
            "context":{"n": 1.50e2, "n":-0},"options":{"mode":"recall"}}"#;
        let envelope = Envelope::read(json.as_bytes()).expect("an envelope");
        let document = envelope.document();
        assert_eq!((document.bytes, document.is_text), (&b"<p>x</p>"[..], false));
        assert_eq!((document.id, document.charset), (Some("a-1"), Some("gbk")));
        assert_eq!(document.content_type, Some("text/html"), "said beside the headers");
        assert_eq!(
            (document.content_language, document.content_location),
            (Some("de"), Some("/x"))
        );
        assert_eq!(document.fetched_at.expect("a time").to_string(), "2024-05-01T10:00:00Z");
        assert_eq!(document.known.expect("metadata").title.as_deref(), Some("T"));
        assert_eq!(document.context.expect("a context").get(), r#"{"n": 1.50e2, "n":-0}"#);
        assert_eq!(envelope.options["mode"], "recall");
    }

    #[test]
    fn html_is_another_name_and_null_says_nothing() {
        let envelope = Envelope::read("\u{FEFF}{\"html\":\"<p>中</p>\",\"id\":null,\"document\":null}".as_bytes());
        let envelope = envelope.expect("an envelope");
        assert_eq!(envelope.document().bytes, "<p>中</p>".as_bytes());
        assert!(envelope.document().is_text && envelope.id.is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (json, told) in [
            (r#"{"document":"x","documnt":"y"}"#, "\"documnt\""),
            (r#"{"document":"x","documnt":null}"#, "\"documnt\""),
            (r#"{"document":"x","html":"y"}"#, "two documents"),
            (r#"{"document":null,"document":"y"}"#, "twice"),
            (r#"{"document":"x","document":"y"}"#, "twice"),
            (r#"{"document":"x","document_base64":"eA=="}"#, "two documents"),
            (r#"{"id":"x"}"#, "no document"),
            (r#"{"document":5}"#, "\"document\" is a text"),
            (r#"{"document":"x","id":7}"#, "\"id\" is a text"),
            (r#"{"document":"x","url":"/x"}"#, "absolute URL"),
            (r#"{"document":"x","fetched_at":"yesterday"}"#, "RFC 3339"),
            (r#"{"document_base64":"a-b"}"#, "no base64"),
            (r#"{"document":"x","headers":["a"]}"#, "\"headers\""),
            (r#"{"document":"x","headers":{"a":1}}"#, "\"headers\""),
            (r#"{"document":"x","options":"mode"}"#, "\"options\""),
            (r#"{"document":"x","metadata":{"titel":"x"}}"#, "titel"),
            (r#"{"document":"x\ud800"}"#, "hex escape"),
            (r#"["x"]"#, "an object"),
            (r#"{"document":"x"} {}"#, "trailing"),
            ("{\"document\":\"x\ny\"}", "control character"),
            ("{", "EOF"),
            (" \n", "empty"),
        ] {
            assert!(refusal(json).contains(told), "{json}: {}", refusal(json));
        }
        let nested = |key: &str, depth| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"document":"x","{key}":{open}"[[\"[["{close}}}"#)
        };
        assert!(refusal(&nested("context", 128)).contains("deep"));
        assert!(refusal(&nested("options", 128)).contains("recursion"));
        assert!(Envelope::read(nested("context", 127).as_bytes()).is_ok());
        assert!(refusal(&format!("{{\"document\":\"x\",\"context\":{}", "[".repeat(200))).contains("EOF"));
        assert!(
            refusal(&format!(
                r#"{{"document":"x","metadata":["{}"]}}"#,
                "a".repeat(VALUE_BYTES)
            ))
            .contains("larger")
        );
        assert!(Envelope::read(b"{\"document\":\"\xFF\"}").is_err(), "not UTF-8");
    }
}
