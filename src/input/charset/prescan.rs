//! What an HTML document says about its own encoding, before anything is decoded, and about its language.
//!
//! The first is "prescan a byte stream to determine its encoding" of the HTML standard (section 13.2.3.2, with "get an
//! attribute", "extracting a character encoding from a `meta` element" and "get an XML encoding"), over a window that
//! the caller cuts. It never looks into scripts: like the standard's, it reads tags only.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use memchr::memmem;

/// The encoding that the document's `meta` elements or XML declaration name, if any.
///
/// UTF-16 becomes UTF-8, since a `meta` that could be read as ASCII was not UTF-16, and unknown labels are passed over,
/// both as the standard says.
pub(crate) fn prescan(window: &[u8]) -> Option<&'static Encoding> {
    if window.starts_with(b"<\0?\0x\0") {
        return Some(UTF_16LE);
    }
    if window.starts_with(b"\0<\0?\0x") {
        return Some(UTF_16BE);
    }
    meta_encoding(window).or_else(|| xml_encoding(window))
}

/// The language that the document's `html` element says it is in, or a `meta` element in place of `Content-Language`; in
/// lower case.
pub(crate) fn prescan_language(window: &[u8]) -> Option<String> {
    let of_html = first_tag(window, |name, attributes| {
        let is_html = name.eq_ignore_ascii_case(b"html");
        let mut lang = attributes.filter(|(name, _)| is_html && matches!(name.as_slice(), b"lang" | b"xml:lang"));
        lang.next().map(|(_, value)| value)
    });
    let of_meta = || {
        first_tag(window, |name, attributes| {
            if !name.eq_ignore_ascii_case(b"meta") {
                return None;
            }
            let attributes: Vec<_> = attributes.collect();
            let value = |wanted: &[u8]| {
                attributes
                    .iter()
                    .find(|(name, _)| name == wanted)
                    .map(|(_, value)| value.clone())
            };
            value(b"content").filter(|_| value(b"http-equiv").is_some_and(|pragma| pragma == b"content-language"))
        })
    };
    String::from_utf8(of_html.or_else(of_meta)?).ok()
}

fn meta_encoding(window: &[u8]) -> Option<&'static Encoding> {
    first_tag(window, |name, attributes| match name.eq_ignore_ascii_case(b"meta") {
        true => meta(attributes),
        false => None,
    })
}

/// What `wanted` finds in the first tag in which it finds anything. What stands in comments is no tag.
fn first_tag<T>(window: &[u8], wanted: impl Fn(&[u8], &mut Attributes<'_>) -> Option<T>) -> Option<T> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &window[at..]) {
        at += found;
        let rest = &window[at..];
        if rest.starts_with(b"<!--") {
            // The two dashes may be those of the opener: `<!-->` is a whole comment.
            at += 2 + memmem::find(&rest[2..], b"-->")? + 3;
        } else if is_tag(rest) {
            let name = match is_meta(rest) {
                true => 5,
                false => rest.iter().position(|byte| is_space(*byte) || *byte == b'>')?,
            };
            let mut attributes = Attributes {
                bytes: window,
                at: at + name,
            };
            if let Some(found) = wanted(&rest[1..name], &mut attributes) {
                return Some(found);
            }
            while attributes.next().is_some() {}
            at = attributes.at;
        } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
            at += memchr::memchr(b'>', rest)?;
        } else {
            at += 1;
        }
        if at >= window.len() {
            break;
        }
    }
    None
}

fn is_meta(rest: &[u8]) -> bool {
    rest.len() > 5 && rest[..5].eq_ignore_ascii_case(b"<meta") && (is_space(rest[5]) || rest[5] == b'/')
}

fn is_tag(rest: &[u8]) -> bool {
    let name = if rest.get(1) == Some(&b'/') { 2 } else { 1 };
    rest.get(name).is_some_and(u8::is_ascii_alphabetic)
}

fn meta(attributes: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let (mut seen_http_equiv, mut seen_content, mut seen_charset) = (false, false, false);
    let (mut is_content_type, mut from_content, mut from_charset) = (false, None, None);
    for (name, value) in attributes {
        match name.as_slice() {
            b"http-equiv" if !seen_http_equiv => {
                seen_http_equiv = true;
                is_content_type = value == b"content-type";
            }
            b"content" if !seen_content => {
                seen_content = true;
                from_content = charset_in_content(&value);
            }
            b"charset" if !seen_charset => {
                seen_charset = true;
                from_charset = Some(Encoding::for_label_no_replacement(&value));
            }
            _ => {}
        }
    }
    let named = match from_charset {
        Some(known) => known?,
        None if is_content_type => from_content?,
        None => return None,
    };
    Some(if named == X_USER_DEFINED {
        WINDOWS_1252
    } else {
        not_utf_16(named)
    })
}

/// What was read byte by byte as ASCII cannot be UTF-16.
fn not_utf_16(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return UTF_8;
    }
    encoding
}

/// `text/html; charset=gb2312`: "extracting a character encoding from a `meta` element". The value is in lower case.
fn charset_in_content(value: &[u8]) -> Option<&'static Encoding> {
    let mut rest = value;
    loop {
        rest = &rest[memmem::find(rest, b"charset")? + 7..];
        let after = trim_start(rest);
        let Some(label) = after.strip_prefix(b"=") else {
            continue;
        };
        let label = trim_start(label);
        let label = match label.first()? {
            quote @ (b'"' | b'\'') => &label[1..1 + memchr::memchr(*quote, &label[1..])?],
            _ => {
                let end = label.iter().position(|byte| is_space(*byte) || *byte == b';');
                &label[..end.unwrap_or(label.len())]
            }
        };
        return Encoding::for_label_no_replacement(label);
    }
}

/// `<?xml version="1.0" encoding="gb2312"?>`: "get an XML encoding".
fn xml_encoding(window: &[u8]) -> Option<&'static Encoding> {
    let window = trim_start(window);
    if !window.starts_with(b"<?xml") {
        return None;
    }
    let declaration = &window[..memchr::memchr(b'>', window)?];
    let after = &declaration[memmem::find(declaration, b"encoding")? + 8..];
    let after = skip_controls(skip_controls(after).strip_prefix(b"=")?);
    let (quote @ (b'"' | b'\''), label) = after.split_first()? else {
        return None;
    };
    let label = &label[..memchr::memchr(*quote, label)?];
    Encoding::for_label_no_replacement(label).map(not_utf_16)
}

/// The attributes of one tag, names and values in lower case: "get an attribute". Ends at the tag's `>`, or at the end
/// of the window, where an attribute that is not whole is none.
struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Attributes<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }
}

impl Iterator for Attributes<'_> {
    type Item = (Vec<u8>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let attribute = self.attribute();
        if attribute.is_none() && self.peek() != Some(b'>') {
            // The window ended inside: nothing after this can be whole, and looking again would be quadratic.
            self.at = self.bytes.len();
        }
        attribute
    }
}

impl Attributes<'_> {
    fn attribute(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        while self.peek().is_some_and(|byte| is_space(byte) || byte == b'/') {
            self.at += 1;
        }
        let start = self.at;
        loop {
            match self.peek()? {
                b'>' if self.at == start => return None,
                b'=' if self.at > start => break,
                b'/' | b'>' => break,
                byte if is_space(byte) => break,
                _ => self.at += 1,
            }
        }
        let name = self.bytes[start..self.at].to_ascii_lowercase();
        self.skip_spaces();
        if self.peek()? != b'=' {
            return Some((name, Vec::new()));
        }
        self.at += 1;
        self.skip_spaces();
        let value = match self.peek()? {
            quote @ (b'"' | b'\'') => {
                let start = self.at + 1;
                let length = memchr::memchr(quote, &self.bytes[start..])?;
                self.at = start + length + 1;
                &self.bytes[start..start + length]
            }
            _ => {
                let start = self.at;
                while !matches!(self.peek()?, byte if is_space(byte) || byte == b'>') {
                    self.at += 1;
                }
                &self.bytes[start..self.at]
            }
        };
        Some((name, value.to_ascii_lowercase()))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_space(*byte));
    &bytes[start.unwrap_or(bytes.len())..]
}

fn skip_controls(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| *byte > 0x20);
    &bytes[start.unwrap_or(bytes.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(html: &str) -> Option<&'static str> {
        prescan(html.as_bytes()).map(Encoding::name)
    }

    #[test]
    fn reads_both_forms_of_meta_in_any_quoting() {
        for html in [
            "<meta charset=gb2312>",
            "<META CHARSET='GB2312'/>",
            "<meta\ncharset = \"gb2312\" >",
            "<meta/charset=gb2312 >",
            "<html><head><title>a > b</title><meta name=x charset=gbk>",
            "<meta http-equiv=Content-Type content='text/html; charset=gb2312'>",
            "<meta content='text/html;charset = \"gb2312\"' http-equiv='content-type'>",
            "<a title=\"<meta charset=big5>\"><meta charset=gbk>",
            "<!--<meta charset=big5>--><meta charset=gbk>",
            "<!--><meta charset=gbk>",
            "<?php <meta charset=big5 ?><meta charset=gbk>",
            "<meta charset=nonsense><meta charset=gbk>",
            "<meta charset=gbk charset=big5>",
        ] {
            assert_eq!(name(html), Some("GBK"), "{html}");
        }
    }

    #[test]
    fn passes_over_what_names_no_encoding() {
        for html in [
            "",
            "<",
            "<meta",
            "<meta ",
            "<meta charset",
            "<meta charset=",
            "<meta charset='gbk",
            "<meta charset=gbk",
            "<meta content='text/html; charset=gbk'>",
            "<meta http-equiv=refresh content='charset=gbk'>",
            "<meta http-equiv=content-type content='charset'>",
            "<meta http-equiv=content-type content='charset=\"gbk'>",
            "<metacharset=gbk>",
            "<!-- <meta charset=gbk>",
            "<meta charset=hz-gb-2312>",
            "text charset=gbk",
        ] {
            assert_eq!(name(html), None, "{html}");
        }
    }

    #[test]
    fn reads_an_xml_declaration_and_believes_meta_first() {
        assert_eq!(name("<?xml version='1.0' encoding='Shift_JIS'?>"), Some("Shift_JIS"));
        assert_eq!(
            name("\n<?xml version=\"1.0\" encoding = \"big5\" ?><html>"),
            Some("Big5")
        );
        assert_eq!(name("<?xml encoding='big5'?><meta charset=gbk>"), Some("GBK"));
        assert_eq!(name("<?xml encoding='utf-16'?>"), Some("UTF-8"));
        assert_eq!(name("<?xml encoding=big5?>"), None);
        assert_eq!(prescan(b"<\0?\0x\0m\0l\0"), Some(UTF_16LE));
        assert_eq!(prescan(b"\0<\0?\0x\0m\0l"), Some(UTF_16BE));
    }

    #[test]
    fn a_meta_read_as_ascii_is_not_utf_16() {
        assert_eq!(name("<meta charset=utf-16le>"), Some("UTF-8"));
        assert_eq!(name("<meta charset=x-user-defined>"), Some("windows-1252"));
    }

    #[test]
    fn reads_the_language_of_html_before_that_of_meta() {
        let language = |html: &str| prescan_language(html.as_bytes());
        for html in [
            "<!doctype html><html class=x lang='zh-CN'><meta http-equiv=content-language content=en>",
            "<HTML XML:LANG=zh-cn>",
            "<!-- <html lang=en> --><head><meta content=zh-CN http-equiv=Content-Language>",
        ] {
            assert_eq!(language(html).as_deref(), Some("zh-cn"), "{html}");
        }
        assert_eq!(language("<p lang=en>"), None);
        assert_eq!(language("<html lang=zh"), None);
    }

    #[test]
    fn hostile_windows_end_quickly() {
        for unit in [
            "<",
            "<a ",
            "<a b=",
            "<!--",
            "<!-->",
            "</",
            "<?",
            "<meta ",
            "<meta a='",
            "=/>",
        ] {
            assert_eq!(name(&unit.repeat(20_000)), None, "{unit}");
        }
    }
}
