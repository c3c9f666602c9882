//! Labels in a line: of authors (`by`), and of other people (`photos:`).
//!
//! The phrases are those of `lexicon.txt`. One automaton finds all of them in one pass, since most lines hold none.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::lexicon::{self, WordKind};

/// A label in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// With the border in front of it, and the colon or the blank behind it.
    pub(crate) all: Range<usize>,
    pub(crate) phrase: Range<usize>,
    /// Whether it is a label of authors.
    pub(crate) is_by: bool,
}

/// A phrase of the lexicon.
struct Phrase {
    text: &'static str,
    is_by: bool,
    /// Whether only a colon makes it a label.
    is_noun: bool,
}

struct Phrases {
    all: Vec<Phrase>,
    automaton: AhoCorasick,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let of = |kind: WordKind, is_by: bool| {
        lexicon::all(kind).map(move |phrase| Phrase {
            text: phrase.strip_suffix(':').unwrap_or(phrase),
            is_by,
            is_noun: phrase.ends_with(':'),
        })
    };
    let all: Vec<Phrase> = of(WordKind::BY, true).chain(of(WordKind::OTHER, false)).collect();
    let automaton = AhoCorasick::new(all.iter().map(|phrase| phrase.text));
    // Their text is the project's own, and every test run reads it.
    let automaton = automaton.unwrap_or_else(|e| unreachable!("{e}"));
    Phrases { all, automaton }
});

/// The first label of a line in small letters from a place on. Of several at one place, that of authors
/// counts, and of those the longest.
pub(crate) fn next(small: &str, at: usize) -> Option<Label> {
    let mut best: Option<(Label, usize)> = None;
    for found in PHRASES.automaton.find_overlapping_iter(&small[at..]) {
        let phrase = &PHRASES.all[found.pattern().as_usize()];
        let range = at + found.start()..at + found.end();
        let Some(start) = border(small, at, range.start) else {
            continue;
        };
        let Some(end) = end(&small[range.end..], phrase) else {
            continue;
        };
        let label = Label {
            all: start..range.end + end,
            phrase: range,
            is_by: phrase.is_by,
        };
        let rank = |label: &Label, length: usize| (std::cmp::Reverse(label.all.start), label.is_by, length);
        let length = phrase.text.len() + usize::from(phrase.is_noun);
        if best
            .as_ref()
            .is_none_or(|(known, of)| rank(&label, length) > rank(known, *of))
        {
            best = Some((label, length));
        }
    }
    best.map(|(label, _)| label)
}

/// Where what parts a label from the words before it begins; `None` where nothing does.
fn border(line: &str, at: usize, start: usize) -> Option<usize> {
    let before = &line[at..start];
    let words = before.trim_end();
    match words.chars().next_back() {
        None if at == 0 => Some(0),
        Some(c) if is_border(c) => Some(at + words.len() - c.len_utf8()),
        _ => (words.len() < before.len()).then_some(at + words.len()),
    }
}

fn is_border(c: char) -> bool {
    ".;|/／·•(（【[,，、。—–-".contains(c)
}

/// How much of what stands behind a phrase is of the label; `None` where it is none.
fn end(rest: &str, phrase: &Phrase) -> Option<usize> {
    let next = rest.chars().next();
    let blank = next.filter(|c| c.is_whitespace()).map_or(0, char::len_utf8);
    let is_colon = |c: &char| {
        matches!(c, ':' | '：') || phrase.is_noun && !phrase.text.is_ascii() && matches!(c, '/' | '／' | '丨' | '|')
    };
    match rest[blank..].chars().next().filter(is_colon) {
        Some(colon) => Some(blank + colon.len_utf8()),
        None => (!phrase.is_noun && (blank > 0 || next.is_none())).then_some(blank),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};
    use regex::Regex;

    use super::*;

    /// The same as one pattern, which is slow.
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let alternatives = |kind: WordKind| {
            let mut phrases: Vec<&str> = lexicon::all(kind).collect();
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
            let phrases = phrases.into_iter().map(|phrase| match phrase.strip_suffix(':') {
                Some(noun) if noun.is_ascii() => format!(r"{}\s?[:：]", regex::escape(noun)),
                Some(noun) => format!(r"{}\s?[:：/／丨|]", regex::escape(noun)),
                None => format!(r"{}(?:\s?[:：]|\s|$)", regex::escape(phrase)),
            });
            phrases.collect::<Vec<_>>().join("|")
        };
        let (by, other) = (alternatives(WordKind::BY), alternatives(WordKind::OTHER));
        let border = r"(?:^|[\s.;|/／·•(（【\[,，、。—–\-])\s*";
        Regex::new(&format!("{border}(?:(?<by>{by})|(?<other>{other}))")).unwrap()
    });

    fn by_pattern(small: &str, at: usize) -> Option<(Range<usize>, bool)> {
        let found = PATTERN.captures_at(small, at)?;
        Some((found.get(0)?.range(), found.name("by").is_some()))
    }

    proptest! {
        #[test]
        fn finds_what_the_pattern_finds(
            line in "(by|written by|von|par|photos|foto|text|author|作者|责任编辑|来源|autor|posted|ada lane|王小明|on|edited by|:|：|/|丨| : |  | |\\. |, |\\| |—|2020){0,12}"
        ) {
            let mut at = 0;
            loop {
                let found = next(&line, at);
                prop_assert_eq!(found.as_ref().map(|label| (label.all.clone(), label.is_by)), by_pattern(&line, at));
                match found {
                    Some(label) if label.all.end > at => at = label.all.end,
                    _ => break,
                }
            }
        }
    }

    #[test]
    fn a_label_ends_with_its_colon() {
        let label = next("12.5.2020 author : ada lane", 0).unwrap();
        assert_eq!(&"12.5.2020 author : ada lane"[label.all], " author :");
        assert!(label.is_by);
        assert_eq!(next("the authority: nobody", 0), None);
    }
}
