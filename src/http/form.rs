//! Forms: `multipart/form-data`, as browsers and `curl -F` send it, and `application/x-www-form-urlencoded` where a body is
//! one. The document is the field `file`; `url` and the options are fields by their names.
//!
//! # Limits
//! The whole form is within the bound of a body. It is parsed where documents are worked on, since that copies it once.

use std::convert::Infallible;

use axum::body::Bytes;
use futures_util::{FutureExt as _, stream};
use multer::{Field, Multipart};
use url::form_urlencoded;

use crate::{
    error::Error,
    input::{Envelope, Form},
};

/// What a form names its document; the last two as an envelope does.
const DOCUMENT: [&str; 3] = ["file", "document", "html"];

/// The form that a body is, `None` where it is a document itself: `curl --data-binary` calls everything a form.
pub(super) fn read(content_type: Option<&str>, bytes: &[u8]) -> Option<Result<Envelope, Error>> {
    let content_type = content_type?;
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("multipart/form-data") {
        let form = multipart(content_type, bytes).map_err(|error| bad(error.to_string()));
        return Some(form.and_then(|fields| envelope(fields?)));
    }
    let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && is_urlencoded(bytes);
    is_form.then(|| {
        envelope(
            form_urlencoded::parse(bytes)
                .map(|(name, value)| FormPart::text(&name, value.as_bytes()))
                .collect(),
        )
    })
}

/// Whether there is a document among its fields, and nothing that such a form would have encoded.
fn is_urlencoded(bytes: &[u8]) -> bool {
    let mut names = bytes
        .split(|byte| *byte == b'&')
        .map(|pair| pair.split(|byte| *byte == b'=').next());
    names.any(|name| name.is_some_and(|name| DOCUMENT.iter().any(|known| known.as_bytes() == name)))
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'))
}

/// One field.
struct FormPart {
    name: String,
    content_type: Option<String>,
    bytes: Vec<u8>,
    is_text: bool,
}

impl FormPart {
    fn text(name: &str, value: &[u8]) -> Self {
        FormPart {
            name: name.to_owned(),
            content_type: None,
            bytes: value.to_vec(),
            is_text: true,
        }
    }
}

/// All parts, in their order. What is whole in memory never has to be waited for.
fn multipart(content_type: &str, bytes: &[u8]) -> Result<Result<Vec<FormPart>, Error>, multer::Error> {
    let boundary = multer::parse_boundary(content_type)?;
    let whole = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(bytes))]);
    let mut form = Multipart::new(whole, boundary);
    let read = async {
        let mut parts = Vec::new();
        while let Some(field) = form.next_field().await? {
            let Some(name) = field.name().map(str::to_owned) else {
                return Ok(Err(bad("a part has no name")));
            };
            parts.push(FormPart {
                content_type: declared(&field),
                bytes: field.bytes().await?.into(),
                is_text: false,
                name,
            });
        }
        Ok(Ok(parts))
    };
    read.now_or_never()
        .unwrap_or_else(|| Err(multer::Error::IncompleteStream))
}

fn declared(field: &Field<'_>) -> Option<String> {
    let given = field.headers().get("content-type")?;
    Some(String::from_utf8_lossy(given.as_bytes()).into_owned())
}

fn envelope(parts: Vec<FormPart>) -> Result<Envelope, Error> {
    let mut form = Form::default();
    for part in parts {
        if DOCUMENT.contains(&part.name.as_str()) {
            if form.document.is_some() {
                return Err(bad("it holds two documents"));
            }
            form.content_type = part.content_type;
            (form.document, form.is_text) = (Some(part.bytes), part.is_text);
        } else {
            let value = String::from_utf8(part.bytes).map_err(|_| bad(format!("{:?} is no UTF-8", part.name)))?;
            form.fields.push((part.name, value));
        }
    }
    if form.document.is_none() {
        return Err(bad("there is no document in it: it is the field \"file\""));
    }
    Envelope::of_form(form)
}

fn bad(detail: impl Into<String>) -> Error {
    Error::BadForm { detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"x y\"";

    fn refusal(content_type: &str, body: &str) -> String {
        let error = read(Some(content_type), body.as_bytes())
            .expect("a form")
            .expect_err("a refusal");
        assert_eq!(error.code().as_str(), "bad_form");
        error.to_string()
    }

    #[test]
    fn a_form_becomes_an_envelope() {
        let body = b"--x y\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttps://a.example/\r\n--x y\r\nContent-Disposition: \
                     form-data; name=\"file\"; filename=\"a.html\"\r\nContent-Type: text/html; charset=gbk\r\n\r\n<p>\xD6\xD0\r\n--x y\r\n\
                     Content-Disposition: form-data; name=remove\r\n\r\n.a\r\n--x y\r\nContent-Disposition: form-data; name=remove\r\n\r\n\
                     .b\r\n--x y--\r\n";
        let envelope = read(Some(TYPE), body).expect("a form").expect("an envelope");
        assert_eq!(envelope.url.as_ref().map(url::Url::as_str), Some("https://a.example/"));
        assert_eq!(envelope.options["remove"], serde_json::json!([".a", ".b"]));
        let document = envelope.document();
        assert_eq!((document.bytes, document.is_text), (&b"<p>\xD6\xD0"[..], false));
        assert_eq!(document.content_type, Some("text/html; charset=gbk"));
    }

    #[test]
    fn a_form_is_told_from_a_document() {
        const ENCODED: &str = "application/x-www-form-urlencoded; charset=utf-8";
        let read = |body: &str| super::read(Some(ENCODED), body.as_bytes());
        let envelope = read("mode=recall&document=%3Cp%3E%E4%B8%AD+x")
            .expect("a form")
            .expect("an envelope");
        assert_eq!(envelope.document().bytes, "<p>中 x".as_bytes());
        assert_eq!(envelope.options["mode"], "recall");
        for document in [
            "",
            "<p>x",
            "file",
            "a=b&c=d",
            "file=<p>x",
            "file=x y",
            "# file=\n",
            "profile=x",
            "文件=x",
        ] {
            assert!(read(document).is_none() || document == "file", "{document}");
        }
        assert!(super::read(None, b"file=x").is_none() && super::read(Some("text/plain"), b"file=x").is_none());
    }

    #[test]
    fn what_is_no_form_is_told() {
        let part = |name: &str| format!("--x y\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n");
        for (body, told) in [
            (String::new(), "incomplete"),
            ("--x y".into(), "incomplete"),
            ("<p>no form".into(), "incomplete"),
            (part("file"), "incomplete"),
            (part("url") + "--x y--", "no document"),
            (part("file") + &part("html") + "--x y--", "two documents"),
            ("--x y\r\nContent-Type: text/html\r\n\r\nx\r\n--x y--".into(), "name"),
        ] {
            let detail = refusal(TYPE, &body).to_lowercase();
            assert!(detail.contains(told), "{body}: {detail}");
        }
        assert!(refusal("multipart/form-data", "").contains("boundary"));
    }
}
