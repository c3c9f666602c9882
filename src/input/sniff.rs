//! What bytes and text look like, whatever was declared: binary forms, feeds, lost newlines, markup.
//!
//! The tables follow the WHATWG MIME Sniffing standard (sections 5, 6 and 7), with two departures. Signatures that
//! ordinary text can begin with (`BM`, `ID3`, `wOFF`) are left out or asked for more bytes. And the standard calls a
//! resource binary for one control byte in its head; here their share decides, since a stray NUL is common on real pages.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Bytes of the head that are looked at for binary data: the standard's resource header.
const HEAD_BYTES: usize = 1445;

/// Binary data bytes in the head from which on their share is asked for: fewer are strays.
const BINARY_BYTES: usize = 5;

/// One binary data byte in so many makes the head binary. Random bytes have one in nine; prose has none.
const BINARY_ONE_IN: usize = 20;

/// Signatures at the first byte.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1A\n", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\0\0\x01\0", "a Windows icon"),
    (b"\0\0\x02\0", "a Windows cursor"),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL image"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS-Adobe-", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an Office document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1F\x8B\x08", "gzip data, sent without its Content-Encoding"),
    (b"\x28\xB5\x2F\xFD", "zstd data, sent without its Content-Encoding"),
    (b"\xFD7zXZ\0", "an xz archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"\x7FELF", "an ELF executable"),
    (b"\xCA\xFE\xBA\xBE", "a Java class or Mach-O executable"),
    (b"\xCF\xFA\xED\xFE", "a Mach-O executable"),
    (b"\0asm", "a WebAssembly module"),
    (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
    (b"OggS\0", "an Ogg stream"),
    (b"fLaC\0", "FLAC audio"),
    (b"MThd\0\0\0\x06", "a MIDI file"),
    (b"SQLite format 3\0", "an SQLite database"),
];

/// Signatures of container formats: at the first byte, and again at an offset.
const CONTAINERS: &[(&[u8], usize, &[u8], &str)] = &[
    (b"RIFF", 8, b"WEBP", "a WebP image"),
    (b"RIFF", 8, b"WAVE", "WAVE audio"),
    (b"RIFF", 8, b"AVI ", "an AVI video"),
    (b"FORM", 8, b"AIFF", "AIFF audio"),
    (b"BZh", 4, b"1AY&SY", "a bzip2 archive"),
    (b"\0\0\0", 4, b"ftyp", "an MP4, AVIF or HEIC file"),
];

/// The binary form that the first bytes are the signature of.
pub(crate) fn signature(bytes: &[u8]) -> Option<&'static str> {
    let whole = SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start));
    if let Some((_, form)) = whole {
        return Some(form);
    }
    let container = CONTAINERS.iter().find(|(start, at, then, _)| {
        bytes.starts_with(start) && bytes.get(*at..).is_some_and(|rest| rest.starts_with(then))
    });
    container.map(|(.., form)| *form)
}

/// Whether the head holds too many binary data bytes (section 3 of the standard names them) to be text.
pub(crate) fn is_binary(bytes: &[u8], text: &str, encoding: &'static Encoding) -> bool {
    let (looked_at, binary) = if encoding == UTF_16LE || encoding == UTF_16BE {
        // Half of these bytes are NULs in honest text, so its characters are asked; undecodable ones count as well.
        let head = text.chars().take(HEAD_BYTES);
        head.fold((0, 0), |(all, binary), character| {
            let is_binary = character == char::REPLACEMENT_CHARACTER
                || u8::try_from(character).is_ok_and(|byte| is_binary_data_byte(&byte));
            (all + 1, binary + usize::from(is_binary))
        })
    } else {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        (head.len(), head.iter().filter(|byte| is_binary_data_byte(byte)).count())
    };
    binary >= BINARY_BYTES && binary * BINARY_ONE_IN > looked_at
}

fn is_binary_data_byte(byte: &u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F)
}

/// Whether the document's first element is a feed's (section 7.3: "rules for distinguishing if a resource is a feed or
/// HTML"), after any XML declaration, doctype, processing instructions and comments.
pub(crate) fn is_feed(text: &str) -> bool {
    let Some(rest) = first_element(text) else {
        return false;
    };
    let tag = &rest[..memchr::memchr(b'>', rest.as_bytes()).unwrap_or(rest.len())];
    let named = |name: &str| {
        tag.strip_prefix(name)
            .is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', '\r', '\n', '/']))
    };
    named("<rss") || named("<rdf:RDF") || (named("<feed") && tag.contains("http://www.w3.org/2005/Atom"))
}

/// The text from its first element on, without what XML may have before it.
pub(crate) fn first_element(text: &str) -> Option<&str> {
    let mut rest = trim_blank(text);
    loop {
        let end = if rest.starts_with("<!--") {
            rest.get(4..).and_then(|inside| inside.find("-->").map(|at| 4 + at + 3))
        } else if rest.starts_with("<!") {
            end_of_doctype(rest)
        } else if rest.starts_with("<?") {
            memchr::memchr(b'>', rest.as_bytes()).map(|at| at + 1)
        } else {
            return Some(rest);
        };
        rest = trim_blank(&rest[end?..]);
    }
}

/// Where an XML doctype ends, past the declarations that it may hold between brackets. They are passed over: an entity
/// that is declared there stays a reference, and none is ever expanded.
fn end_of_doctype(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut in_brackets) = (0, false);
    loop {
        let rest = &bytes[at..];
        let after = |marker: &[u8]| Some(memchr::memmem::find(rest, marker)? + marker.len());
        at += match rest.first()? {
            b'>' if !in_brackets => return Some(at + 1),
            quote @ (b'"' | b'\'') => memchr::memchr(*quote, &rest[1..])? + 2,
            _ if rest.starts_with(b"<!--") => after(b"-->")?,
            _ if rest.starts_with(b"<?") => after(b"?>")?,
            bracket @ (b'[' | b']') => {
                in_brackets = *bracket == b'[';
                1
            }
            _ => 1,
        };
    }
}

/// Whether this is front matter whose newlines `curl -d` removed: `---title: 'x'categories: - a---<div>`.
pub(crate) fn lost_newlines(text: &str) -> bool {
    let Some(after) = trim_blank(text).strip_prefix("---") else {
        return false;
    };
    let after = after.trim_start_matches([' ', '\t']);
    let key_end = after
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(after.len());
    key_end > 0 && after[key_end..].starts_with(':') && memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none()
}

/// Whether the first thing in the text is a tag of a block or a doctype: HTML, whatever was declared. Comments before it
/// are passed over: Markdown begins with them as well.
pub(crate) fn begins_with_block(text: &str) -> bool {
    let mut text = trim_blank(text);
    while text.starts_with("<!--") {
        // The two dashes may be those of the opener: `<!-->` is a whole comment.
        let Some(end) = memchr::memmem::find(&text.as_bytes()[2..], b"-->") else {
            return true;
        };
        text = trim_blank(&text[2 + end + 3..]);
        if text.is_empty() {
            return true;
        }
    }
    if starts_with_ignoring_case(text, "<!doctype") || text.starts_with("<?xml") {
        return true;
    }
    tag_name(text).is_some_and(|name| is_in(BLOCK_NAMES, name))
}

/// Whether there is any comment, doctype or tag of a known HTML element.
pub(crate) fn has_markup(text: &str) -> bool {
    memchr::memchr_iter(b'<', text.as_bytes()).any(|at| {
        let rest = &text[at..];
        rest.starts_with("<!--")
            || starts_with_ignoring_case(rest, "<!doctype")
            || tag_name(rest).is_some_and(|name| is_in(BLOCK_NAMES, name) || is_in(INLINE_NAMES, name))
    })
}

/// Text without blanks and byte order marks before it.
pub(crate) fn trim_blank(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{FEFF}')
}

/// As much of the text as fits into so many bytes.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let fits = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=bytes.min(text.len())).rev().find(fits).unwrap_or_default();
    &text[..end]
}

/// The name of the tag that `text` begins with, if it is one: `<a>`, `</a>`, `<a href`, but neither `<a<b` nor `<a@b>`.
fn tag_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('<')?;
    let name = name.strip_prefix('/').unwrap_or(name);
    let end = name.bytes().position(|byte| !byte.is_ascii_alphanumeric())?;
    let is_closed = matches!(
        name.as_bytes()[end],
        b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0C'
    );
    (is_closed && name.as_bytes()[0].is_ascii_alphabetic()).then(|| &name[..end])
}

fn is_in(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// CommonMark 0.31, section 4.6: the names that begin an HTML block, and those of raw text, media and tables' kin that
/// feeds begin with.
#[rustfmt::skip]
const BLOCK_NAMES: &[&str] = &[
    "address", "article", "aside", "audio", "base", "basefont", "blockquote", "body", "canvas", "caption", "center",
    "col", "colgroup", "dd", "details", "dialog", "dir", "div", "dl", "dt", "embed", "fieldset", "figcaption", "figure",
    "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html",
    "iframe", "legend", "li", "link", "main", "menu", "menuitem", "meta", "nav", "noframes", "noscript", "object", "ol",
    "optgroup", "option", "p", "param", "picture", "pre", "script", "search", "section", "source", "style", "summary",
    "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "title", "tr", "track", "ul", "video",
];

/// The other names of HTML, with the obsolete ones that are still seen. Names that prose is more likely to hold between
/// angle brackets (`<data>`, `<time>`, `<meter>`) come from entities decoded once too often as well, and browsers read
/// those as tags too.
#[rustfmt::skip]
const INLINE_NAMES: &[&str] = &[
    "a", "abbr", "acronym", "area", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "data", "datalist", "del",
    "dfn", "em", "font", "i", "img", "input", "ins", "kbd", "label", "map", "mark", "marquee", "math", "meter", "nobr",
    "output", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "select", "slot", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;

    use super::*;

    #[test]
    fn binary_forms_are_named() {
        for (bytes, form) in [
            (&b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR"[..], "a PNG image"),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "a JPEG image"),
            (b"GIF89a\x01\0", "a GIF image"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP image"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (b"BZh91AY&SY", "a bzip2 archive"),
            (b"\0\0\0\x20ftypisom", "an MP4, AVIF or HEIC file"),
            (b"\x7FELF\x02\x01", "an ELF executable"),
        ] {
            assert_eq!(signature(bytes), Some(form));
        }
        for text in [
            "",
            "R",
            "BMW 发布新车",
            "ID3 标签",
            "RIFF 是一种格式",
            "BZh9",
            "PK 赛",
            "<p>",
            "GIF 动图",
            "%",
        ] {
            assert_eq!(signature(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn strays_are_no_binary_data_and_noise_is() {
        let binary = |bytes: &[u8]| is_binary(bytes, "", UTF_8);
        assert!(!binary(b""));
        assert!(!binary(b"<p>a\0b</p>"));
        assert!(!binary("<p>中文\u{1}\u{2}\u{3}\u{4}</p>".as_bytes()));
        assert!(!binary(b"\x1B$B0l\x1B(B \x0C\r\n\t"));
        let page = format!("{}{}", "\0".repeat(40), "<p>text</p>".repeat(100));
        assert!(!binary(page.as_bytes()));
        let every: Vec<u8> = (0..=255).cycle().take(2000).collect();
        assert!(binary(&every));
        assert!(binary(b"a\0b\0c\0d\0e\0f\0"));
        assert!(!is_binary(b"a\0b\0c\0d\0e\0f\0", "abcdef", UTF_16LE));
        assert!(is_binary(b"", &"\u{1}\u{FFFD}a".repeat(9), UTF_16BE));
    }

    #[test]
    fn feeds_are_told_from_pages() {
        for feed in [
            "<rss version=\"2.0\"><channel>",
            "\u{FEFF}\n<?xml version='1.0'?>\n<?xml-stylesheet href='x'?><!-- a > b --><rss>",
            "<!DOCTYPE rss><rss/>",
            "<feed xml:lang='en' xmlns=\"http://www.w3.org/2005/Atom\">",
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>",
        ] {
            assert!(is_feed(feed), "{feed}");
        }
        for other in [
            "",
            "<?xml",
            "<!--",
            "<!-->",
            "<p>an <rss> element",
            "<rssfeed>",
            "<feed>",
            "rss",
            "<?xml version='1.0'?><html>",
        ] {
            assert!(!is_feed(other), "{other}");
        }
    }

    #[test]
    fn lost_newlines_are_told_from_rules_and_prose() {
        for lost in [
            "---title: 'x'categories:  - a---<div>",
            "  ---title:x",
            "--- title: x---",
            "---标题: x",
            "---date:",
        ] {
            assert!(lost_newlines(lost), "{lost}");
        }
        for other in [
            "---\ntitle: x",
            "---title: x\n---",
            "--- <p>",
            "----",
            "---",
            "---:",
            "title: x",
            "---a b: c",
        ] {
            assert!(!lost_newlines(other), "{other}");
        }
    }

    #[test]
    fn markup_is_told_from_angle_brackets() {
        for html in [
            "<p>",
            "x</P >",
            "a<br/>b",
            "<!-- x -->",
            "<!doctype html>",
            "1 < 2 <b\n>",
        ] {
            assert!(has_markup(html), "{html}");
        }
        for text in [
            "",
            "<",
            "</",
            "a<b",
            "a < b > c",
            "<https://example.com>",
            "<me@x>",
            "<中>",
            "<p",
            "<b=1>",
            "#include <stdio.h>",
        ] {
            assert!(!has_markup(text), "{text}");
        }
        assert!(begins_with_block("\n <DIV class=a>") && begins_with_block("</div>"));
        assert!(!begins_with_block("<b>bold</b>") && !begins_with_block("text <p>"));
        assert!(begins_with_block("<!-->\n<!-- a > b --><p>") && begins_with_block("<!-- only -->"));
        assert!(!begins_with_block("<!-- more -->\n# Heading"));
    }

    #[test]
    fn hostile_text_is_read_once() {
        for unit in ["<", "<!", "<!--", "<?", "</", "<a", "---", "\u{FEFF}", "<中"] {
            let text = unit.repeat(100_000);
            assert!(!is_feed(&text) && !lost_newlines(&text));
            has_markup(&text);
            begins_with_block(&text);
        }
    }
}
