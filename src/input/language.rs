//! The language that a document says it is in, as far as it is known before its HTML is read.

use super::{
    Page,
    charset::{STREAM_PRESCAN_BYTES, prescan::prescan_language},
};

/// The primary subtag, in lower case, of what is declared: by the caller, front matter, the `lang` of the `html` element, a
/// `meta` for `Content-Language`, or that header.
pub fn declared(page: &Page<'_>) -> Option<String> {
    let by_caller = page.known.and_then(|known| primary_subtag(known.language.as_deref()?));
    let front = page.front_matter.as_ref();
    let named = ["lang", "language"].iter().find_map(|key| front?.text(key));
    by_caller
        .or_else(|| named.and_then(primary_subtag))
        .or_else(|| of_html(page.html().as_bytes()))
        .or_else(|| primary_subtag(page.content_language?))
}

/// The same of HTML alone. Only as many bytes are looked at as a stream holds back, so that a rule for a language means the
/// same on both routes.
pub fn of_html(bytes: &[u8]) -> Option<String> {
    primary_subtag(&prescan_language(&bytes[..bytes.len().min(STREAM_PRESCAN_BYTES)])?)
}

/// `zh` of `zh-Hant-TW`, `zh_CN` and `ZH` (RFC 5646, section 2.2.1).
fn primary_subtag(tag: &str) -> Option<String> {
    let first = tag.trim().split(['-', '_']).next()?;
    let is_language = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    is_language.then(|| first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bounds::Bounds,
        input::{RawDocument, read},
    };

    #[test]
    fn front_matter_comes_before_the_page() {
        let of = |text: &str| {
            let document = RawDocument {
                bytes: text.as_bytes(),
                content_type: Some("text/html"),
                ..RawDocument::default()
            };
            declared(&read(&document, &Bounds::default()).expect("a page"))
        };
        assert_eq!(of("---\nlang: de-AT\n---\n<html lang=en>x").as_deref(), Some("de"));
        assert_eq!(of("---\ntitle: x\n---\n<html lang=EN_us>x").as_deref(), Some("en"));
        assert_eq!(of("<html lang=x-klingon>x"), None);
        assert_eq!(of("<p>Text</p>"), None);
        assert_eq!(
            of(&format!("{}<html lang=en>x", " ".repeat(STREAM_PRESCAN_BYTES))),
            None
        );
    }
}
