//! Whether a text can be a name, and what of: a person, an account, an outlet. Everything else is `None`.

use super::{
    lexicon::{self, WordKind},
    names::{NAME_LETTERS, NAME_WORDS, NameClass, SIGNS, bare, is, is_han, is_hangul},
};

/// Words that join others in any name but a person's, in whichever letters.
const JOINTS: &[&str] = &[
    "the", "of", "and", "with", "your", "our", "how", "what", "why", "when", "for", "from", "about", "this", "these",
    "more", "most", "to", "is", "und", "für", "mit", "wie", "warum", "unser", "unsere", "pour", "avec", "comment",
    "para", "cómo", "voor",
];

/// `blatt.example`: an outlet by its address.
fn is_domain(word: &str) -> bool {
    let end = word.rsplit_once('.').map_or("", |(_, end)| end);
    (2..=4).contains(&end.len())
        && matches!(
            end.to_ascii_lowercase().as_str(),
            "de" | "com" | "net" | "org" | "at" | "ch" | "eu" | "fr" | "uk" | "it" | "info" | "io" | "es" | "nl" | "ru"
        )
}

/// What a text can be the name of; `None` where it is no name.
pub(crate) fn class(text: &str) -> Option<NameClass> {
    let words: Vec<&str> = text
        .split(char::is_whitespace)
        .map(bare)
        .filter(|word| !word.is_empty())
        .collect();
    let lower = text.to_lowercase();
    let all = |kinds: WordKind| words.iter().all(|word| is(word, kinds) || is_short_capitals(word));
    let is_initial = |word: &&str| word.trim_end_matches('.').chars().count() == 1;
    let any = |kinds: WordKind| words.iter().any(|word| is(word, kinds));
    let said = WordKind::INTERFACE
        .or(WordKind::FUNCTION)
        .or(WordKind::DATE)
        .or(WordKind::ROLE)
        .or(WordKind::DEGREE);
    if words.is_empty()
        || !text.contains(char::is_alphabetic)
        || text.contains([
            '?', '？', '!', '…', '{', '}', '=', '#', '%', '$', '€', '：', ':', '。', '“', '”', '<', '>', '\\',
        ])
        || text.chars().count() > NAME_LETTERS
        || words.len() > NAME_WORDS
        || lexicon::is(
            &lower,
            WordKind::INTERFACE
                .or(WordKind::PLACE)
                .or(WordKind::BY)
                .or(WordKind::OTHER),
        )
        || words.iter().any(|word| is(word, said) && !is_initial(word)) && all(said)
    {
        return None;
    }
    if text.contains(|c| is_han(c) || is_kana(c) || is_hangul(c)) {
        return class_of_signs(text);
    }
    let (first, last) = (words[0], words[words.len() - 1]);
    if let [word] = words[..] {
        let is_code =
            !word.contains(char::is_lowercase) && word.contains(char::is_uppercase) && word.chars().count() <= 5;
        return match () {
            () if is(word, WordKind::BODY) || is_code || word.contains('/') || is_domain(word) => Some(NameClass::Body),
            () if word.chars().count() < 2 || lower.contains("admin") => None,
            () => Some(NameClass::Single),
        };
    }
    let is_large = |word: &&str| starts_large(word);
    let is_plain =
        |word: &&str| word.chars().all(char::is_lowercase) && !is(word, said.or(WordKind::BODY).or(WordKind::PARTICLE));
    if words.len() < 4 && words.iter().all(is_plain) {
        return Some(NameClass::Single);
    }
    let is_joint = |word: &&str| JOINTS.contains(&word.to_lowercase().as_str());
    let is_numbered = text.contains(|c: char| c.is_numeric());
    if any(WordKind::BODY) || is_numbered || is_joint(&first) {
        let is_title = words[1..]
            .iter()
            .all(|word| is_large(word) || is(word, WordKind::PARTICLE.or(WordKind::FUNCTION)));
        return (is_title && (is_large(&first) || is_numbered || is_joint(&first)) && is_large(&last))
            .then_some(NameClass::Body);
    }
    let is_joined = |word: &&str| is(word, WordKind::FUNCTION) && !is(word, WordKind::PARTICLE) && !is_large(word);
    if words
        .iter()
        .any(|word| is_joined(word) || is_joint(word) || !is_large(word) && !is(word, WordKind::PARTICLE))
        || !is_large(&last)
    {
        return None;
    }
    let has_case = text.contains(|c: char| c.is_lowercase() || c.is_uppercase());
    let is_name = |word: &&str| !has_case || is_large(word) || is(word, WordKind::PARTICLE);
    let most = if has_case { NAME_WORDS } else { 5 };
    let has_large = !has_case || words.iter().any(|word| starts_large(word));
    (words.iter().all(is_name) && words.len() <= most && has_large).then_some(NameClass::Person)
}

/// Chinese, Japanese and Korean names: a surname from the list, and one sign or two behind it; else what may be an account.
fn class_of_signs(text: &str) -> Option<NameClass> {
    let signs = text.chars().filter(|c| !c.is_whitespace()).count();
    let is_foreign = text.contains(['·', '・', '•']) && signs <= 2 * SIGNS;
    let is_body = lexicon::all(WordKind::BODY)
        .any(|end| end.starts_with(|c| is_han(c) || is_kana(c) || is_hangul(c)) && text.ends_with(end));
    let holds_label = || {
        let labels = lexicon::all(WordKind::INTERFACE)
            .filter(|label| label.starts_with(is_han) && label.chars().nth(1).is_some());
        labels.into_iter().any(|label| text.contains(label))
    };
    match () {
        () if signs < 2 => None,
        () if is_body => (signs <= 2 * SIGNS).then_some(NameClass::Body),
        () if holds_label() => None,
        () if is_chinese(text) || is_foreign => Some(NameClass::Person),
        () if text.contains(char::is_whitespace) && signs <= SIGNS && !text.contains(|c: char| c.is_ascii()) => {
            Some(NameClass::Person)
        }
        () => (signs <= SIGNS).then_some(NameClass::Single),
    }
}

/// Whether signs are a Chinese or Korean name by its surname and its length.
pub(crate) fn is_chinese(text: &str) -> bool {
    let signs = text.chars().count();
    let all = |is: fn(char) -> bool| text.chars().all(is);
    let surname = |most: usize| {
        let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
        lexicon::is(&text[..end], WordKind::SURNAME)
    };
    (all(is_han) || all(is_hangul))
        && ((2..=3).contains(&signs) && surname(1) || (3..=4).contains(&signs) && surname(2))
        || (2..=4).contains(&signs) && all(is_han) && surname(1) && text.contains('某')
}

/// `McCoy`, `d'Arc`, `al-Sayed`: a capital that begins the word or stands behind a particle that is joined to it.
pub(crate) fn starts_large(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    let first = letters.next();
    first.is_some_and(|c| c.is_uppercase() || !c.is_lowercase())
        || [
            "d'", "d’", "o'", "o’", "l'", "l’", "al-", "el-", "ad-", "an-", "as-", "ibn-", "de", "von", "van", "'t",
            "’t",
        ]
        .iter()
        .any(|particle| {
            word.strip_prefix(particle)
                .is_some_and(|rest| rest.starts_with(char::is_uppercase))
        })
}

fn is_short_capitals(word: &str) -> bool {
    word.chars().count() <= 2 && word.chars().all(char::is_uppercase)
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}')
}
