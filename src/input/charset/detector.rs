//! Detects the encoding of undeclared bytes by their statistics.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

/// Bytes that the detector sees, from just before the first that is not ASCII: more has never changed its mind.
const MOST_BYTES: usize = 256 << 10;

/// Bytes before the first one that is not ASCII that the detector sees too: it asks for two.
const CONTEXT_BYTES: usize = 2;

/// Guesses. `host` and `language` are what is known of the document: a domain of a country says more than a language, one of
/// everybody says nothing.
pub(crate) fn guess(bytes: &[u8], host: Option<&str>, language: Option<&str>) -> &'static Encoding {
    let first = Encoding::iso_2022_jp_ascii_valid_up_to(bytes).saturating_sub(CONTEXT_BYTES);
    let end = bytes.len().min(first + MOST_BYTES);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let window = &bytes[first..end];
    // Between escapes ISO-2022-JP is ASCII, angle brackets among it.
    match memchr::memchr(0x1B, window) {
        Some(_) => _ = detector.feed(window, false),
        None => feed_telling(&mut detector, window),
    }
    detector.feed(&[], end == bytes.len());
    let country = host
        .and_then(top_level_domain)
        .filter(|domain| domain.len() == 2)
        .or_else(|| country_of(language?));
    detector.guess(country.as_deref().map(str::as_bytes), Utf8Detection::Deny)
}

/// Feeds what is not ASCII, and of tags that are only their end: the detector takes hundreds of steps for each byte, and learns
/// from those that stand beside others that are not ASCII. No encoding has an angle bracket in the bytes of another character.
fn feed_telling(detector: &mut EncodingDetector, window: &[u8]) {
    let mut rest = window;
    while !rest.is_empty() {
        let next = memchr::memchr(b'<', &rest[1..]).map_or(rest.len(), |length| length + 1);
        let (piece, behind) = rest.split_at(next);
        rest = behind;
        let tag_end = match piece {
            [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?', ..] => {
                memchr::memchr(b'>', piece).map_or(piece.len(), |end| end + 1)
            }
            _ => 0,
        };
        let (tag, text) = piece.split_at(tag_end);
        if tag.is_empty() || !tag.is_ascii() {
            detector.feed(piece, false);
        } else {
            detector.feed(b">", false);
            if !text.is_ascii() {
                detector.feed(text, false);
            }
        }
    }
}

/// Countries by the languages whose encodings they distinguish, in the detector's own table.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str)] = &[
    ("ar", "eg"), ("be", "by"), ("bg", "bg"), ("cs", "cz"), ("el", "gr"), ("et", "ee"), ("fa", "ir"), ("he", "il"), ("hr", "hr"),
    ("hu", "hu"), ("ja", "jp"), ("ko", "kr"), ("lt", "lt"), ("lv", "lv"), ("mk", "mk"), ("pl", "pl"), ("ro", "ro"), ("ru", "ru"),
    ("sk", "sk"), ("sl", "si"), ("sr", "rs"), ("th", "th"), ("tr", "tr"), ("uk", "ua"), ("vi", "vn"), ("zh", "cn"),
];

/// The country whose documents are in this language, as a domain.
fn country_of(language: &str) -> Option<String> {
    let language = language.trim().to_ascii_lowercase().replace('_', "-");
    let primary = language.split('-').next()?;
    let is_traditional = ["-hant", "-tw", "-hk", "-mo"].iter().any(|tag| language.contains(tag));
    let country = match primary {
        "zh" if is_traditional => "tw",
        _ => COUNTRIES.iter().find(|(known, _)| *known == primary)?.1,
    };
    Some(country.to_owned())
}

/// In the form that the detector insists on: lower case, no dot, ASCII.
fn top_level_domain(host: &str) -> Option<String> {
    let last = host.trim_end_matches('.').rsplit('.').next()?;
    let is_name = last.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && last.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_name.then(|| last.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_KR, GBK, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};

    use super::*;

    #[test]
    fn markup_changes_no_guess() {
        for (encoding, text) in [
            (GBK, "湖面结冰了，渔民们走回家去。"),
            (BIG5, "湖面結冰了，漁民們走回家去。"),
            (SHIFT_JIS, "湖が凍り、漁師たちは歩いて帰った。"),
            (EUC_KR, "호수가 얼어붙자 어부들은 걸어서 돌아갔다."),
            (WINDOWS_1251, "Озеро замёрзло, и рыбаки пошли домой пешком."),
            (WINDOWS_1252, "Le lac a gelé, et les pêcheurs sont rentrés à pied."),
        ] {
            let page = format!(
                "<title>{text}</title><div class=\"a\"><p>{text}<br>1 < 2</p><img alt=\"{text}\"><script>if (a<b) c()</script></div>"
            );
            let pages = page.repeat(4);
            let bytes = encoding.encode(&pages).0;
            let mut whole = EncodingDetector::new(Iso2022JpDetection::Allow);
            whole.feed(&bytes, true);
            let whole = whole.guess(None, Utf8Detection::Deny);
            assert_eq!(guess(&bytes, None, None), whole, "{text}");
            assert_eq!(whole, encoding, "{text}");
        }
    }

    #[test]
    fn hosts_and_languages_lead_to_countries() {
        assert_eq!(top_level_domain("www.Sina.com.CN."), Some("cn".to_owned()));
        for host in ["", "127.0.0.1", "例子.中国", "."] {
            assert_eq!(top_level_domain(host), None, "{host}");
        }
        assert_eq!(country_of("zh_Hant-HK").as_deref(), Some("tw"));
        assert_eq!(
            (country_of("zh-CN").as_deref(), country_of("de"), country_of("")),
            (Some("cn"), None, None)
        );
    }
}
