//! The encoding of a document, and its source.
//!
//! The order of belief: a byte order mark, the caller, the `Content-Type`, the document's own `meta` (or XML
//! declaration), the bytes themselves when they are valid UTF-8, detection, UTF-8. Labels are those of the WHATWG Encoding
//! standard (section 4.2). Two kinds of declaration are not believed, since real pages make them and are plainly
//! something else: another encoding for a whole body of valid UTF-8, and UTF-8 for a body that can hardly be it.

pub(crate) mod detector;
pub(crate) mod offsets;
pub(crate) mod prescan;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::Serialize;

use super::content_type;
use crate::error::{Error, Warning, WarningCode};
use offsets::Decoded;
pub use offsets::{Mapper, Offsets};
use prescan::{prescan, prescan_language};

/// Bytes in which a stream's `meta` is looked for: the standard's own number, and what a stream can wait for.
pub const STREAM_PRESCAN_BYTES: usize = 1024;

/// Bytes in which a whole document's `meta` is looked for. Browsers also obey one that comes after the first 1024 bytes
/// ("changing the encoding while parsing", HTML standard section 13.2.3.5), so heads full of scripts still count.
const DOCUMENT_PRESCAN_BYTES: usize = 16 << 10;

/// Sequences that are not UTF-8 from which on, when they also outnumber those that are, no declaration of UTF-8 is
/// believed. Fewer are an accident in a text that is what it says.
const NOT_UTF_8_SEQUENCES: usize = 8;

/// Valid multi-byte sequences for each broken one from which on an undeclared body is UTF-8 with accidents. In legacy
/// Chinese text hardly every fourth sequence looks like UTF-8.
const MOSTLY_UTF_8_RATIO: usize = 10;

/// Who decided on the charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CharsetSource {
    /// A byte order mark.
    Bom,
    /// The `Content-Type`.
    Header,
    /// The caller, beside the document.
    Caller,
    /// A `meta` element, or the XML declaration.
    Meta,
    /// Nobody: the whole body is valid UTF-8 with multi-byte characters.
    ValidUtf8,
    /// The statistics of the bytes.
    Detected,
    /// Nothing says anything: ASCII, read as UTF-8.
    Default,
}

impl CharsetSource {
    fn said(self) -> &'static str {
        match self {
            CharsetSource::Header => "the content type",
            CharsetSource::Caller => "the caller",
            _ => "the document",
        }
    }
}

/// What is known about a document's charset from outside its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CharsetHints<'a> {
    /// The label that the caller gives.
    pub(crate) caller: Option<&'a str>,
    /// The label in the `Content-Type`.
    pub(crate) header: Option<&'a str>,
    /// The host that the document is from: its top-level domain helps detection.
    pub(crate) host: Option<&'a str>,
    /// `Content-Language`, which helps where the host says nothing and neither does the document.
    pub(crate) language: Option<&'a str>,
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EncodingDecision {
    pub(crate) encoding: &'static Encoding,
    pub(crate) source: CharsetSource,
    /// Bytes of the byte order mark.
    pub(crate) mark_bytes: usize,
}

/// Decides on the encoding of a whole document. `utf_8` is the same as text, where it is valid UTF-8 throughout.
pub(crate) fn decide(
    bytes: &[u8],
    utf_8: Option<&str>,
    hints: &CharsetHints<'_>,
    warnings: &mut Vec<Warning>,
) -> EncodingDecision {
    if let Some((encoding, mark_bytes)) = Encoding::for_bom(bytes) {
        return EncodingDecision {
            encoding,
            source: CharsetSource::Bom,
            mark_bytes,
        };
    }
    let chosen = |encoding, source| EncodingDecision {
        encoding,
        source,
        mark_bytes: 0,
    };
    let body = utf_8.map_or_else(|| Utf8Share::of_broken(bytes), Utf8Share::of_valid);
    let window = &bytes[..bytes.len().min(DOCUMENT_PRESCAN_BYTES)];
    for (source, encoding) in declarations(window, hints, warnings) {
        let believed = if encoding == UTF_8 {
            body.invalid < NOT_UTF_8_SEQUENCES || body.invalid <= body.valid
        } else if encoding == UTF_16LE || encoding == UTF_16BE {
            // Ideographs in UTF-16 may look like anything, but markup and line ends bring NULs.
            !body.is_valid() || memchr::memchr(0, bytes).is_some()
        } else {
            !body.is_valid()
        };
        if believed {
            return chosen(encoding, source);
        }
        warnings.push(Warning::new(
            WarningCode::CharsetOverruled,
            format!(
                "{} says {}, which the bytes are not: they are {}valid UTF-8",
                source.said(),
                encoding.name(),
                if encoding == UTF_8 { "far from " } else { "" },
            ),
        ));
    }
    if body.is_valid() {
        return chosen(UTF_8, CharsetSource::ValidUtf8);
    }
    if body.invalid == 0 && memchr::memchr(0x1B, bytes).is_none() {
        return chosen(UTF_8, CharsetSource::Default);
    }
    if body.valid > 0 && body.valid >= body.invalid.saturating_mul(MOSTLY_UTF_8_RATIO) {
        return chosen(UTF_8, CharsetSource::Detected);
    }
    let own = prescan_language(window);
    let detected = detector::guess(bytes, hints.host, own.as_deref().or(hints.language));
    // ASCII with an escape that begins no ISO-2022-JP.
    if body.invalid == 0 && detected.is_ascii_compatible() {
        return chosen(UTF_8, CharsetSource::Default);
    }
    chosen(detected, CharsetSource::Detected)
}

/// The decision for what came as text: nothing is left to decide.
pub(crate) fn of_text(bytes: &[u8], hints: &CharsetHints<'_>, warnings: &mut Vec<Warning>) -> EncodingDecision {
    let named = hints.caller.map(|label| Encoding::for_label(label.as_bytes()));
    if named.is_some_and(|encoding| encoding != Some(UTF_8)) {
        warnings.push(Warning::new(
            WarningCode::CharsetOverruled,
            "the document came as text, so the caller's charset says nothing about it",
        ));
    }
    EncodingDecision {
        encoding: UTF_8,
        source: CharsetSource::Caller,
        mark_bytes: Encoding::for_bom(bytes).map_or(0, |(_, length)| length),
    }
}

/// Decodes with the encoding decided on, and warns of what could not be decoded.
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    utf_8: Option<&'a str>,
    choice: &EncodingDecision,
    warnings: &mut Vec<Warning>,
) -> Decoded<'a> {
    let decoded = match utf_8.filter(|_| choice.encoding == UTF_8) {
        Some(text) if memchr::memchr(0, bytes).is_none() => offsets::borrow(text, choice.mark_bytes),
        _ => offsets::decode(bytes, choice.mark_bytes, choice.encoding),
    };
    if decoded.undecodable > 0 {
        let (count, name) = (decoded.undecodable, choice.encoding.name());
        warnings.push(Warning::new(
            WarningCode::UndecodableBytes,
            format!("{count} sequences of bytes are not {name} and became U+FFFD"),
        ));
    }
    if is_double_encoded(&decoded.text) {
        warnings.push(Warning::new(
            WarningCode::DoubleEncoded,
            "the text reads as if UTF-8 had been taken for windows-1252 and encoded once more; it stays as it is",
        ));
    }
    if decoded.nuls > 0 {
        warnings.push(Warning::new(
            WarningCode::NulBytes,
            format!("{} NULs became U+FFFD", decoded.nuls),
        ));
    }
    decoded
}

/// Decides on the encoding of a stream, of which only the first bytes are there: a byte order mark, the caller, the
/// `Content-Type`, a `meta` in the first [`STREAM_PRESCAN_BYTES`], UTF-8.
///
/// # Errors
/// [`Error::UnsupportedCharset`] for UTF-16 and ISO-2022-JP, which lol_html cannot rewrite since they are not compatible
/// with ASCII, and for a label of the caller's that does not exist.
pub fn for_stream(
    content_type: Option<&str>,
    caller: Option<&str>,
    first_bytes: &[u8],
) -> Result<&'static Encoding, Error> {
    let refuse = |given: &str, detail: &str| Error::UnsupportedCharset {
        given: given.to_owned(),
        detail: detail.to_owned(),
    };
    let header = content_type.and_then(content_type::charset);
    let encoding = if let Some((encoding, _)) = Encoding::for_bom(first_bytes) {
        encoding
    } else if let Some(label) = caller {
        Encoding::for_label_no_replacement(label.as_bytes())
            .ok_or_else(|| refuse(label, "it is no label of the Encoding standard; gbk or utf-8 are"))?
    } else {
        let window = &first_bytes[..first_bytes.len().min(STREAM_PRESCAN_BYTES)];
        header
            .and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()))
            .or_else(|| prescan(window))
            .unwrap_or(UTF_8)
    };
    if encoding.is_ascii_compatible() {
        return Ok(encoding);
    }
    Err(refuse(
        encoding.name(),
        "a stream must be compatible with ASCII; send it in UTF-8, or whole to /v1/normalize",
    ))
}

/// The encodings that were declared, in order of belief.
fn declarations(
    window: &[u8],
    hints: &CharsetHints<'_>,
    warnings: &mut Vec<Warning>,
) -> Vec<(CharsetSource, &'static Encoding)> {
    let mut found = Vec::new();
    for (source, label) in [
        (CharsetSource::Caller, hints.caller),
        (CharsetSource::Header, hints.header),
    ] {
        let Some(label) = label else { continue };
        match Encoding::for_label_no_replacement(label.as_bytes()) {
            Some(encoding) => found.push((source, encoding)),
            None => {
                let shown: String = label.chars().take(40).collect();
                warnings.push(Warning::new(
                    WarningCode::CharsetUnknown,
                    format!("{} says {shown:?}, which is no charset that can be read", source.said()),
                ));
            }
        }
    }
    found.extend(prescan(window).map(|encoding| (CharsetSource::Meta, encoding)));
    found
}

/// How much of a body is UTF-8, ASCII apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Utf8Share {
    /// Multi-byte characters; 1 stands for any number of them where nothing is broken.
    valid: usize,
    /// Sequences that are none.
    invalid: usize,
    /// Whether the only broken sequence is a character cut off at the end.
    cut: bool,
}

impl Utf8Share {
    fn of_valid(text: &str) -> Self {
        Utf8Share {
            valid: usize::from(!text.is_ascii()),
            invalid: 0,
            cut: false,
        }
    }

    fn of_broken(bytes: &[u8]) -> Self {
        let mut counted = Utf8Share {
            valid: 0,
            invalid: 0,
            cut: false,
        };
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            // Every byte of UTF-8 that begins a multi-byte character is 0xC0 or more.
            counted.valid += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
            let broken = chunk.invalid();
            counted.invalid += usize::from(!broken.is_empty());
            if chunks.peek().is_none() && counted.invalid == 1 {
                counted.cut = std::str::from_utf8(broken).is_err_and(|error| error.error_len().is_none());
            }
        }
        counted
    }

    /// Valid throughout, but for an end cut within a character, and not merely ASCII.
    fn is_valid(&self) -> bool {
        self.valid > 0 && (self.invalid == 0 || self.cut)
    }
}

/// Characters that are looked at for text that was encoded twice, from the first that is not ASCII.
const DOUBLE_ENCODED_CHARACTERS: usize = 4096;
/// Sequences from which on it is no accident: a name may well be written with such letters.
const DOUBLE_ENCODED_SEQUENCES: usize = 4;

/// Whether all that is not ASCII is UTF-8 again once it is read as windows-1252.
fn is_double_encoded(text: &str) -> bool {
    let Some(first) = text.bytes().position(|byte| !byte.is_ascii()) else {
        return false;
    };
    // Such a text begins with the first byte of a sequence.
    if !text[first..].starts_with(|c: char| matches!(c, '\u{C2}'..='\u{F4}')) {
        return false;
    }
    let head = text[first..].char_indices().nth(DOUBLE_ENCODED_CHARACTERS);
    let head = &text[first..head.map_or(text.len(), |(end, _)| first + end)];
    let (bytes, _, is_lossy) = WINDOWS_1252.encode(head);
    let sequences = bytes.iter().filter(|byte| **byte >= 0xC2).count();
    // The last sequence may be cut.
    let is_utf_8 = std::str::from_utf8(&bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    !is_lossy && is_utf_8 && sequences >= DOUBLE_ENCODED_SEQUENCES
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use encoding_rs::{BIG5, EUC_KR, GB18030, GBK, ISO_2022_JP, SHIFT_JIS, WINDOWS_1251, WINDOWS_1254};

    use super::*;

    const CHINESE: &str = "<p>临港新片区将在金融领域实现更大程度的压力测试，记者在发布会现场了解到。</p>";

    fn read(bytes: &[u8], hints: CharsetHints<'_>) -> (&'static str, CharsetSource, Vec<&'static str>, String) {
        let mut warnings = Vec::new();
        let utf_8 = std::str::from_utf8(bytes).ok();
        let choice = decide(bytes, utf_8, &hints, &mut warnings);
        let text = decode(bytes, utf_8, &choice, &mut warnings).text.into_owned();
        let codes = warnings.iter().map(|warning| warning.code.as_str()).collect();
        (choice.encoding.name(), choice.source, codes, text)
    }

    fn header(label: &str) -> CharsetHints<'_> {
        CharsetHints {
            header: Some(label),
            ..CharsetHints::default()
        }
    }

    #[test]
    fn a_byte_order_mark_wins() {
        let (name, source, codes, text) = read("\u{FEFF}中".as_bytes(), header("gbk"));
        assert_eq!((name, source), ("UTF-8", CharsetSource::Bom));
        assert_eq!((codes, text.as_str()), (vec![], "中"));
        let utf_16: Vec<u8> = "\u{FEFF}中a".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (name, _, _, text) = read(&utf_16, CharsetHints::default());
        assert_eq!((name, text.as_str()), ("UTF-16BE", "中a"));
        assert_eq!(read(b"\xEF\xBB\xBF", CharsetHints::default()).3, "");
    }

    #[test]
    fn declarations_are_believed_in_order() {
        let gbk = GBK.encode(CHINESE).0;
        let both = CharsetHints {
            caller: Some("gb18030"),
            header: Some("gbk"),
            ..CharsetHints::default()
        };
        assert_eq!(read(&gbk, both).1, CharsetSource::Caller);
        assert_eq!(read(&gbk, both).0, "gb18030");
        assert_eq!(read(&gbk, header("GB2312")).1, CharsetSource::Header);
        let with_meta = [b"<meta charset=gb2312>", gbk.as_ref()].concat();
        let (name, source, codes, text) = read(&with_meta, header("no-such-thing"));
        assert_eq!(
            (name, source, codes),
            ("GBK", CharsetSource::Meta, vec!["charset_unknown"])
        );
        assert!(text.ends_with(CHINESE));
        assert_eq!(read(b"plain", header("windows-1252")).1, CharsetSource::Header);
    }

    #[test]
    fn valid_utf_8_overrules_other_declarations() {
        for hints in [header("gb2312"), header("iso-8859-1"), header("utf-16le")] {
            let (name, source, codes, text) = read(CHINESE.as_bytes(), hints);
            assert_eq!((name, source), ("UTF-8", CharsetSource::ValidUtf8));
            assert_eq!((codes, text.as_str()), (vec!["charset_overruled"], CHINESE));
        }
        let page = format!("<meta charset=gb2312>{CHINESE}");
        assert_eq!(
            read(page.as_bytes(), header("utf-8")).1,
            CharsetSource::Header,
            "a true declaration is one"
        );
        let (_, source, codes, _) = read(page.as_bytes(), CharsetHints::default());
        assert_eq!((source, codes), (CharsetSource::ValidUtf8, vec!["charset_overruled"]));
        let cut = &page.as_bytes()[..page.find("。").expect("a stop") + 1];
        let (name, _, codes, _) = read(cut, CharsetHints::default());
        assert_eq!((name, codes), ("UTF-8", vec!["charset_overruled", "undecodable_bytes"]));
    }

    #[test]
    fn utf_8_is_not_believed_of_what_can_hardly_be_it() {
        let gbk = GBK.encode(CHINESE).0;
        let with_meta = [b"<meta charset=gbk>", gbk.as_ref()].concat();
        let (name, source, codes, _) = read(&with_meta, header("utf-8"));
        assert_eq!(
            (name, source, codes),
            ("GBK", CharsetSource::Meta, vec!["charset_overruled"])
        );
        let (name, source, ..) = read(&gbk, header("utf-8"));
        assert_eq!((name, source), ("GBK", CharsetSource::Detected));
        let (name, source, codes, _) = read("abc caf\u{E9}\u{FF} 中".as_bytes(), header("utf-8"));
        assert_eq!((name, source, codes), ("UTF-8", CharsetSource::Header, vec![]));
        let (name, _, codes, text) = read(b"caf\xE9", header("utf-8"));
        assert_eq!(
            (name, codes, text.as_str()),
            ("UTF-8", vec!["undecodable_bytes"], "caf\u{FFFD}")
        );
    }

    #[test]
    fn undeclared_bytes_are_detected() {
        assert_eq!(
            read(CHINESE.as_bytes(), CharsetHints::default()).1,
            CharsetSource::ValidUtf8
        );
        assert_eq!(read(b"<p>plain</p>", CharsetHints::default()).1, CharsetSource::Default);
        assert_eq!(
            read(b"\x1B[1mbold\x1B[0m", CharsetHints::default()).1,
            CharsetSource::Default
        );
        let (japanese, traditional) = (
            "<p>これは日本語の記事です。今日の天気は晴れです。</p>",
            "<p>這是一篇關於金融市場的報導，記者在現場了解到很多情況。</p>",
        );
        for (text, encoding) in [
            (CHINESE, GBK),
            (traditional, BIG5),
            (japanese, SHIFT_JIS),
            (japanese, ISO_2022_JP),
            ("<p>이것은 한국어 기사입니다. 오늘 날씨가 좋습니다.</p>", EUC_KR),
            ("<p>Это статья на русском языке о погоде.</p>", WINDOWS_1251),
            ("<p>Un café à Besançon, déjà vu, où l’été…</p>", WINDOWS_1252),
        ] {
            let (name, source, codes, decoded) = read(&encoding.encode(text).0, CharsetHints::default());
            assert_eq!(
                (name, source, codes),
                (encoding.name(), CharsetSource::Detected, vec![])
            );
            assert_eq!(decoded, text);
        }
        let mut accident = CHINESE.as_bytes().to_vec();
        accident.insert(20, 0xFF);
        let (name, source, codes, _) = read(&accident, CharsetHints::default());
        assert_eq!(
            (name, source, codes),
            ("UTF-8", CharsetSource::Detected, vec!["undecodable_bytes"])
        );
    }

    #[test]
    fn the_host_helps_where_bytes_say_little() {
        let short = GB18030.encode("涨了").0;
        let hints = CharsetHints {
            host: Some("example.cn"),
            ..CharsetHints::default()
        };
        assert_eq!(read(&short, hints).0, "GBK");
    }

    #[test]
    fn the_language_helps_where_the_host_says_nothing() {
        let turkish = "<p>ığış</p>";
        let page = format!("<html lang=tr>{turkish}");
        let (name, source, ..) = read(&WINDOWS_1254.encode(&page).0, CharsetHints::default());
        assert_eq!((name, source), ("windows-1254", CharsetSource::Detected));
        let bytes = WINDOWS_1254.encode(turkish).0;
        for (host, language, name) in [
            ("example.org", Some("tr"), "windows-1254"),
            ("example.tr", Some("de"), "windows-1254"),
        ] {
            let hints = CharsetHints {
                host: Some(host),
                language,
                ..CharsetHints::default()
            };
            assert_eq!(read(&bytes, hints).0, name, "{host} {language:?}");
        }
    }

    #[test]
    fn text_that_was_encoded_twice_is_told_and_stays() {
        let (twice, _) = WINDOWS_1252.decode_without_bom_handling("<p>Über Größe, schön für Käufer</p>".as_bytes());
        let (name, _, codes, text) = read(twice.as_bytes(), header("utf-8"));
        assert_eq!(
            (name, codes, text.as_str()),
            ("UTF-8", vec!["double_encoded"], twice.as_ref())
        );
        for once in [
            "Ärger über Öl, süß und schön",
            "Ãƒ is what one sees",
            CHINESE,
            "ÂÂÂÂÂ",
            "ā ē ī ō ū",
        ] {
            assert_eq!(read(once.as_bytes(), header("utf-8")).2, [""; 0], "{once}");
        }
    }

    #[test]
    fn hostile_bytes_become_text() {
        let utf_16 = header("utf-16le");
        assert_eq!(read(b"<\0p\0>\0\x3D\xD8<\0", utf_16).3, "<p>\u{FFFD}<");
        assert_eq!(read(b"<\0p\0>", utf_16).2, vec!["undecodable_bytes"]);
        for (bytes, text) in [
            (&b"a\xE4\xB8"[..], "a\u{FFFD}"),
            (b"\xC0\xAF\xE0\x80\xAF", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"\xF4\x90\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"a\0b", "a\u{FFFD}b"),
            (b"", ""),
        ] {
            assert_eq!(read(bytes, header("utf-8")).3, text, "{bytes:X?}");
        }
        assert_eq!(read(b"a\0b", CharsetHints::default()).2, vec!["nul_bytes"]);
        for byte in 0..=255_u8 {
            for label in [
                "",
                "gb18030",
                "iso-2022-jp",
                "utf-16be",
                "hz-gb-2312",
                "big5",
                "x-user-defined",
            ] {
                read(&[byte; 300], header(label));
            }
        }
    }

    #[test]
    fn whole_valid_utf_8_is_not_copied() {
        let choice = decide(
            CHINESE.as_bytes(),
            Some(CHINESE),
            &CharsetHints::default(),
            &mut Vec::new(),
        );
        let decoded = decode(CHINESE.as_bytes(), Some(CHINESE), &choice, &mut Vec::new());
        assert!(matches!(decoded.text, Cow::Borrowed(_)) && decoded.offsets.is_identity());
    }

    #[test]
    fn streams_take_what_is_compatible_with_ascii() {
        let meta = b"<meta charset=gbk>";
        let name = |header, caller, bytes| for_stream(header, caller, bytes).map(Encoding::name);
        assert_eq!(name(None, None, b"\xEF\xBB\xBF<meta charset=gbk>"), Ok("UTF-8"));
        assert_eq!(name(Some("text/html;charset=gbk"), Some("big5"), b""), Ok("Big5"));
        assert_eq!(name(Some("text/html;charset=euc-kr"), None, meta), Ok("EUC-KR"));
        assert_eq!(name(Some("text/html;charset=what"), None, meta), Ok("GBK"));
        assert_eq!(name(Some("broken"), None, b"<p>"), Ok("UTF-8"));
        for (header, caller, bytes) in [
            (None, None, &b"\xFF\xFEa\0"[..]),
            (Some("text/html;charset=utf-16"), None, b""),
            (None, Some("iso-2022-jp"), b""),
            (None, Some("hz-gb-2312"), b""),
            (None, Some("nonsense"), b""),
        ] {
            let refused = name(header, caller, bytes).expect_err("refused");
            assert_eq!(refused.code().as_str(), "unsupported_charset");
        }
    }
}
