//! A `Content-Type` taken apart, as tolerantly as senders need.

use crate::error::{Error, Warning, WarningCode};

/// The families of types that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaFamily {
    /// `text/html`, `application/xhtml+xml`.
    Html,
    /// `text/markdown`, `text/x-markdown`: a post, often with an HTML body, so the bytes decide.
    Markdown,
    /// `text/plain`: what is not known better by many senders, so the bytes decide.
    Plain,
    /// No type, `application/octet-stream` or curl's `application/x-www-form-urlencoded`: nothing is known.
    Unknown,
}

/// What a `Content-Type` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentType {
    pub(crate) family: MediaFamily,
    /// The `charset` parameter, not yet looked up.
    pub(crate) charset: Option<String>,
}

/// Reads the header; one that cannot be read counts as missing, with a warning.
///
/// # Errors
/// [`Error::UnsupportedType`] for a readable type that we do not take.
pub(crate) fn declared(header: Option<&str>, warnings: &mut Vec<Warning>) -> Result<ContentType, Error> {
    let nothing = ContentType {
        family: MediaFamily::Unknown,
        charset: None,
    };
    let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
        return Ok(nothing);
    };
    let Some((essence, charset)) = parse(header) else {
        let shown: String = header.chars().take(80).collect();
        warnings.push(Warning::new(
            WarningCode::ContentTypeBroken,
            format!("the content type {shown:?} cannot be read and counts as missing"),
        ));
        return Ok(nothing);
    };
    let family = match essence.as_str() {
        "text/html" | "application/xhtml+xml" => MediaFamily::Html,
        "text/markdown" | "text/x-markdown" => MediaFamily::Markdown,
        "text/plain" => MediaFamily::Plain,
        "application/octet-stream" | "application/x-www-form-urlencoded" => MediaFamily::Unknown,
        _ => return Err(Error::UnsupportedType { given: essence }),
    };
    Ok(ContentType { family, charset })
}

/// The `charset` parameter alone, for a route that needs nothing else.
pub(crate) fn charset(header: &str) -> Option<String> {
    parse(header)?.1
}

/// Whether this is a type of HTML.
pub(crate) fn is_html(header: &str) -> bool {
    declared(Some(header), &mut Vec::new()).is_ok_and(|declared| declared.family == MediaFamily::Html)
}

/// Whether this is the type of an envelope.
pub(crate) fn is_envelope(header: &str) -> bool {
    parse(header).is_some_and(|(essence, _)| essence == "application/json")
}

/// "Parse a MIME type" of the WHATWG MIME Sniffing standard (section 4.4), of which only the essence in lower case and
/// the first `charset` parameter are kept. What is wrong after the subtype is skipped, as there.
fn parse(header: &str) -> Option<(String, Option<String>)> {
    let (essence, mut rest) = match header.split_once(';') {
        Some((essence, rest)) => (essence.trim(), Some(rest)),
        None => (header.trim(), None),
    };
    let (kind, subtype) = essence.split_once('/')?;
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut charset = None;
    while let Some(text) = rest {
        let (name, value, next) = parameter(text);
        if charset.is_none() && name.eq_ignore_ascii_case("charset") && !value.is_empty() {
            charset = Some(value);
        }
        rest = next;
    }
    Some((essence.to_ascii_lowercase(), charset))
}

/// One parameter: its name, its value without quotes, and what follows the next `;`.
fn parameter(text: &str) -> (&str, String, Option<&str>) {
    let text = text.trim_start();
    let name_end = text.find(['=', ';']).unwrap_or(text.len());
    let name = text[..name_end].trim();
    let Some(value) = text[name_end..].strip_prefix('=') else {
        return (name, String::new(), text.get(name_end + 1..));
    };
    let Some(quoted) = value.trim_start().strip_prefix('"') else {
        let (value, next) = match value.split_once(';') {
            Some((value, next)) => (value, Some(next)),
            None => (value, None),
        };
        // Single quotes are no quotes in HTTP, but no label holds one either.
        return (name, value.trim().trim_matches('\'').to_owned(), next);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = &quoted[at + 1..];
                return (name, value, after.split_once(';').map(|(_, next)| next));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (name, value, None)
}

/// An RFC 9110 token.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> (MediaFamily, Option<String>, usize) {
        let mut warnings = Vec::new();
        let declared = declared(Some(header), &mut warnings).expect("a type that we take");
        (declared.family, declared.charset, warnings.len())
    }

    #[test]
    fn reads_types_and_charsets() {
        let gbk = Some("gbk".to_owned());
        for header in [
            "text/html;charset=gbk",
            " Text/HTML ; Charset=gbk ",
            "text/html; charset=\"gbk\"",
            "text/html; charset='gbk'",
            "text/html; a=b; charset=gbk; charset=big5",
            "text/html;;; charset=gbk;",
            "text/html; boundary; charset=\"g\\bk\" x; y",
            "application/xhtml+xml; a=\"x;y\"; charset=gbk",
        ] {
            assert_eq!(read(header), (MediaFamily::Html, gbk.clone(), 0), "{header}");
        }
        assert_eq!(read("text/markdown"), (MediaFamily::Markdown, None, 0));
        assert_eq!(read("text/x-markdown;variant=GFM"), (MediaFamily::Markdown, None, 0));
        assert_eq!(read("text/plain; charset="), (MediaFamily::Plain, None, 0));
        assert_eq!(
            read("application/x-www-form-urlencoded"),
            (MediaFamily::Unknown, None, 0)
        );
        assert_eq!(read("  "), (MediaFamily::Unknown, None, 0));
    }

    #[test]
    fn a_broken_header_counts_as_missing() {
        for header in [
            "html",
            "text/",
            "/html",
            ";charset=gbk",
            "text/html, text/html",
            "文本/html",
            "text/html/x",
        ] {
            assert_eq!(read(header), (MediaFamily::Unknown, None, 1), "{header}");
        }
        for tail in [
            "text/html;\"",
            "text/html;charset=\"",
            "text/html;=;=",
            "text/html;charset=\"\\",
        ] {
            assert_eq!(read(tail), (MediaFamily::Html, None, 0), "{tail}");
        }
    }

    #[test]
    fn other_types_are_refused() {
        for header in [
            "application/json",
            "multipart/form-data; boundary=x",
            "image/png",
            "text/xml",
        ] {
            let refused = declared(Some(header), &mut Vec::new()).expect_err("a type that we do not take");
            assert_eq!(refused.code().as_str(), "unsupported_media_type", "{header}");
        }
    }
}
