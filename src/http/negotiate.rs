//! The form of the answer: what `format=` says, else what `Accept` really asks for.
//!
//! Crawlers and browsers send `text/html,*/*;q=0.8` by habit, whatever they want. So a wildcard means "anything", and
//! anything is JSON; only an `Accept` that names our types and nothing wider chooses another form.

use axum::http::{HeaderMap, HeaderValue, header};

use super::error::ApiError;
use crate::{error::ErrorCode, options::Format};

/// Our forms, the default first: of equal wishes the first one wins.
const FORMS: [(Format, &str, &str); 4] = [
    (Format::Json, "application", "json"),
    (Format::Html, "text", "html"),
    (Format::Markdown, "text", "markdown"),
    (Format::Text, "text", "plain"),
];

/// The `Content-Type` of an answer in this form.
pub(super) fn content_type(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::Json => "application/json",
        Format::Html => "text/html; charset=utf-8",
        Format::Markdown => "text/markdown; charset=utf-8",
        Format::Text => "text/plain; charset=utf-8",
    })
}

/// The form to answer in.
///
/// # Errors
/// 406 when `Accept` asks for what we cannot give at all.
pub(super) fn format(asked: Option<Format>, headers: &HeaderMap) -> Result<Format, ApiError> {
    if let Some(format) = asked {
        return Ok(format);
    }
    let lines = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let ranges: Vec<MediaRange<'_>> = lines
        .flat_map(|line| line.split(','))
        .filter_map(MediaRange::parse)
        .collect();
    if ranges.is_empty() {
        return Ok(Format::Json);
    }
    let json_first =
        ranges.iter().any(|range| range.subtype == "*" && range.quality > 0) && quality(&ranges, FORMS[0]) > 0;
    if json_first {
        return Ok(Format::Json);
    }
    // `max_by_key` takes the last of equals: hence backwards.
    let best = FORMS.into_iter().rev().max_by_key(|&form| quality(&ranges, form));
    best.filter(|&form| quality(&ranges, form) > 0)
        .map(|(format, ..)| format)
        .ok_or_else(|| {
            let known = "application/json, text/html, text/markdown and text/plain";
            ApiError::new(
                ErrorCode::NotAcceptable,
                format!("the Accept header names nothing that this route gives, which is {known}"),
            )
        })
}

/// Whether lines of JSON will do.
///
/// # Errors
/// 406 when `Accept` asks for nothing of the kind.
pub(super) fn lines(headers: &HeaderMap) -> Result<(), ApiError> {
    const LINES: [&str; 4] = ["x-ndjson", "ndjson", "jsonl", "json"];
    let lines = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let ranges: Vec<MediaRange<'_>> = lines
        .flat_map(|line| line.split(','))
        .filter_map(MediaRange::parse)
        .collect();
    let is_lines = |range: &MediaRange<'_>| {
        let is_known = LINES.iter().any(|known| range.subtype.eq_ignore_ascii_case(known));
        range.kind == "*" || (range.kind.eq_ignore_ascii_case("application") && (range.subtype == "*" || is_known))
    };
    if ranges.is_empty() || ranges.iter().any(|range| range.quality > 0 && is_lines(range)) {
        return Ok(());
    }
    let detail = "the Accept header names nothing that this route gives, which is application/x-ndjson";
    Err(ApiError::new(ErrorCode::NotAcceptable, detail))
}

/// How much a form is wished for, in thousandths: what the most specific range says, nothing if none fits.
fn quality(ranges: &[MediaRange<'_>], (_, kind, subtype): (Format, &str, &str)) -> u16 {
    let fits = |range: &&MediaRange<'_>| {
        (range.kind == "*" || range.kind.eq_ignore_ascii_case(kind))
            && (range.subtype == "*" || range.subtype.eq_ignore_ascii_case(subtype))
    };
    let specific = |range: &&MediaRange<'_>| (range.kind != "*", range.subtype != "*");
    ranges
        .iter()
        .filter(fits)
        .max_by_key(specific)
        .map_or(0, |range| range.quality)
}

/// One media range of an `Accept` header.
struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> MediaRange<'a> {
    /// `None` for what is no media range: it is passed over, as the RFC wants.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = weight(parts)?;
        Some(MediaRange { kind, subtype, quality })
    }
}

/// The weight among the parameters of a member of a list, in thousandths: all of it where none is given, `None` where it is
/// no weight.
pub(super) fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let mut weight = 1000;
    for parameter in parameters {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("q")
        {
            let share = value.trim().parse::<f32>().ok();
            weight = (share.filter(|share| (0.0..=1.0).contains(share))? * 1000.0).round() as u16;
        }
    }
    Some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        format(None, &headers).ok()
    }

    #[test]
    fn named_types_choose_and_wildcards_mean_json() {
        for (accept, form) in [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("application/json", Some(Format::Json)),
            ("application/*", Some(Format::Json)),
            ("text/html", Some(Format::Html)),
            ("TEXT/HTML; level=1", Some(Format::Html)),
            ("text/markdown", Some(Format::Markdown)),
            ("text/plain", Some(Format::Text)),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Format::Json)),
            ("text/html, */*;q=0", Some(Format::Html)),
            ("text/plain;q=0.5, text/markdown;q=0.9", Some(Format::Markdown)),
            ("text/html, application/json", Some(Format::Json)),
            ("text/html, application/json;q=0.9", Some(Format::Html)),
            ("*/*, application/json;q=0", Some(Format::Html)),
            ("text/*", Some(Format::Html)),
            ("text/*, text/html;q=0", Some(Format::Markdown)),
            ("image/png", None),
            ("application/json;q=0", None),
            ("nonsense", Some(Format::Json)),
            ("text/html;q=high", Some(Format::Json)),
        ] {
            assert_eq!(answer(accept), form, "{accept:?}");
        }
    }

    #[test]
    fn the_option_wins() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("image/png"));
        assert_eq!(format(Some(Format::Text), &headers).ok(), Some(Format::Text));
    }
}
