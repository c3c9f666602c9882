//! The language of the text, as BCP 47, and its direction.

use whatlang::{Lang, Script};

use super::{function_words, stats::is_ideograph};
use crate::{
    error::WarningCode,
    metadata::{Facts, Source, Sources, sources::head::Head},
};

/// Bytes of text that the detector reads: more does not make it surer.
const SAMPLE_BYTES: usize = 4096;

/// Languages that are written in Latin letters and nothing else.
const LATIN: &[&str] = &[
    "en", "de", "fr", "es", "pt", "it", "nl", "da", "sv", "no", "nb", "nn", "fi", "pl", "cs", "sk", "sl", "hr", "hu",
    "ro", "et", "lv", "lt", "tr", "id", "vi", "ca", "eu", "gl", "ga", "cy", "is",
];

pub(crate) fn decide(facts: &mut Facts, sources: &Sources<'_>, head: &Head) {
    let page = sources.page;
    let front = page.front_matter.as_ref();
    let by_front_matter = front.and_then(|front| front.text("lang").or_else(|| front.text("language")));
    // The first one in a list of languages is the one that is meant.
    let by_header = page.content_language.and_then(|list| list.split(',').next());
    let declared = [
        (page.known.and_then(|known| known.language.as_deref()), Source::Caller),
        (by_front_matter, Source::FrontMatter),
        (head.language.as_deref(), Source::Html),
        (by_header, Source::Header),
    ];
    let mut declared = declared
        .into_iter()
        .filter_map(|(tag, source)| Some((tag?.trim(), source)));
    let declared = declared.find(|(tag, _)| is_tag(tag));
    if let Some((tag, source)) = declared
        && source != Source::Caller
        && let Some(found) = contradiction(tag, sources.text)
    {
        let detail = format!("{tag:?} is declared, and the text is written in the script of {found:?}");
        facts
            .warnings
            .push(crate::error::Warning::new(WarningCode::LanguageDisagrees, detail));
        facts.say("language", Source::Html, Some(tag.to_owned()));
        facts.direction = Some(direction(found, head.direction.as_deref()));
        facts.language = Some(found.to_owned());
        return;
    }
    let found = declared
        .map(|(tag, source)| (spelled(tag), source))
        .or_else(|| Some((detect(sources.text)?.to_owned(), Source::Html)));
    if let Some((tag, source)) = found {
        facts.say("language", source, None);
        facts.direction = Some(direction(&tag, head.direction.as_deref()));
        facts.language = Some(tag);
    }
}

/// A tag in the letters that RFC 5646 recommends (section 2.1.1): `zh-Hant-TW`.
fn spelled(tag: &str) -> String {
    let parts = tag.split(['-', '_']).enumerate().map(|(i, part)| {
        let lower = part.to_ascii_lowercase();
        match (i, part.len()) {
            (1.., 2) => part.to_ascii_uppercase(),
            (1.., 4) if part.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                lower[..1].to_ascii_uppercase() + &lower[1..]
            }
            _ => lower,
        }
    });
    parts.collect::<Vec<_>>().join("-")
}

/// Whether it has the shape of a language tag (RFC 5646, section 2.1).
fn is_tag(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    parts
        .next()
        .is_some_and(|first| (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The language of a text whose script the declared language is not written in: templates declare English by habit.
fn contradiction(tag: &str, text: &str) -> Option<&'static str> {
    let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
    if !LATIN.contains(&primary.as_str()) || tag.contains("Cyrl") || tag.contains("Arab") {
        return None;
    }
    if is_latin(sample(text)) {
        return None;
    }
    let script = whatlang::detect_script(sample(text))?;
    (script != Script::Latin).then(|| detect(text)).flatten()
}

/// Whether so many letters are ASCII that the detector can find no other script: it counts the characters of each.
fn is_latin(text: &str) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let others = text.bytes().filter(|byte| *byte >= 0xc0).count();
    letters > others
}

/// Whether a text is ideographs and punctuation, with fewer ASCII letters between: as the detector has it, the language that
/// is written so is Chinese, be it in the script of the one side or the other.
fn is_chinese(text: &str) -> bool {
    let (mut ideographs, mut letters) = (0, 0);
    for c in text.chars() {
        match c {
            _ if is_ideograph(c) => ideographs += 1,
            'a'..='z' | 'A'..='Z' => letters += 1,
            '\0'..='\u{ff}' | '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff65}' => {}
            _ => return false,
        }
    }
    ideographs > letters
}

fn direction(tag: &str, declared: Option<&str>) -> &'static str {
    let first = tag.split('-').next().unwrap_or_default();
    match declared {
        Some("rtl") => "rtl",
        Some("ltr") => "ltr",
        _ if matches!(
            first,
            "ar" | "he" | "fa" | "ur" | "yi" | "ps" | "sd" | "ug" | "dv" | "ckb"
        ) =>
        {
            "rtl"
        }
        _ => "ltr",
    }
}

fn sample(text: &str) -> &str {
    let end = (0..=SAMPLE_BYTES.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    &text[..end]
}

fn detect(text: &str) -> Option<&'static str> {
    let text = sample(text);
    if is_latin(text)
        && let Some(language) = function_words::detect(text)
    {
        return Some(language);
    }
    if is_chinese(text) {
        return Some("zh");
    }
    let info = whatlang::detect(text)?;
    // A script that one language writes is sure from a few characters on; trigrams need a text.
    let sure = info.is_reliable()
        || matches!(
            info.script(),
            Script::Mandarin | Script::Hangul | Script::Hiragana | Script::Katakana | Script::Thai
        );
    sure.then(|| code(info.lang()))
}

/// ISO 639-1 where there is one, since BCP 47 wants the shortest code.
fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Afr => "af",
        Lang::Aka => "ak",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cmn => "zh",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jav => "jv",
        Lang::Jpn => "ja",
        Lang::Kan => "kn",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mkd => "mk",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Sna => "sn",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tgl => "tl",
        Lang::Tha => "th",
        Lang::Tuk => "tk",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Uzb => "uz",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        Lang::Zul => "zu",
        other => other.code(),
    }
}
