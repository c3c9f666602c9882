//! The words without which no pattern of a set can match: one search for them all spares most texts the patterns.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::literals::LiteralSet;

/// Spellings of one part of a pattern that are distinguished at most: a word of three letters, each in both cases, has eight.
const MOST_WAYS: usize = 16;
/// Words that are searched for at most, for one pattern.
const MOST_WORDS: usize = 512;
/// Words that are searched for at most, for a set of patterns; those behind are read each time.
const MOST_WORDS_OF_A_SET: usize = 1 << 14;
/// Words up to which all that can follow on each is written out: half as much work for each byte, and some hundred bytes of
/// memory for each letter of a word.
const MOST_WORDS_WRITTEN_OUT: usize = 1 << 11;
/// Bytes of a word that are searched for: two Chinese characters. More would be surer, and larger.
const WORD_BYTES: usize = 6;

/// What texts must hold for some patterns to match.
#[derive(Debug)]
pub(super) struct Prefilter {
    /// In any ASCII letter case. `None` where no pattern needs any, or they are too large to compile.
    words: Option<LiteralSearch>,
    /// The pattern that needs each word, or another of its words.
    needed_by: Vec<usize>,
    /// The patterns that need none.
    always: Vec<usize>,
}

#[derive(Debug)]
enum LiteralSearch {
    Few(Box<LiteralSet>),
    Many(AhoCorasick),
}

impl LiteralSearch {
    fn of(words: &[Vec<u8>]) -> Option<Self> {
        if words.len() <= MOST_WORDS_WRITTEN_OUT
            && let Some(few) = LiteralSet::new(words)
        {
            return Some(LiteralSearch::Few(Box::new(few)));
        }
        let mut builder = AhoCorasick::builder();
        builder
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA));
        builder.build(words).ok().map(LiteralSearch::Many)
    }

    fn are_in(&self, text: &str) -> bool {
        match self {
            LiteralSearch::Few(words) => words.are_in(text.as_bytes()),
            LiteralSearch::Many(words) => words.is_match(text),
        }
    }

    fn find_all(&self, text: &str, mut found: impl FnMut(usize)) {
        match self {
            LiteralSearch::Few(words) => words.find_all(text.as_bytes(), |word, _| found(word)),
            LiteralSearch::Many(words) => {
                let all = words.find_overlapping_iter(text);
                all.for_each(|word| found(word.pattern().as_usize()));
            }
        }
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        match self {
            LiteralSearch::Few(words) => words.bytes(),
            LiteralSearch::Many(words) => words.memory_usage(),
        }
    }
}

impl Prefilter {
    pub(super) fn of<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let (mut words, mut needed_by, mut always) = (RequiredLiterals::new(), Vec::new(), Vec::new());
        for (number, pattern) in patterns.into_iter().enumerate() {
            let hir = regex_syntax::parse(pattern);
            match hir.ok().and_then(|hir| read(&hir).needed()) {
                Some(mut needed) if words.len() < MOST_WORDS_OF_A_SET => {
                    needed.iter_mut().for_each(|word| word.truncate(WORD_BYTES));
                    needed.sort_unstable();
                    needed.dedup();
                    needed_by.resize(needed_by.len() + needed.len(), number);
                    words.extend(needed);
                }
                _ => always.push(number),
            }
        }
        let words = LiteralSearch::of(&words);
        if words.is_none() {
            always.extend_from_slice(&needed_by);
            always.sort_unstable();
            always.dedup();
        }
        Prefilter {
            words,
            needed_by,
            always,
        }
    }

    /// Whether a pattern may match a text.
    pub(super) fn may_match(&self, text: &str) -> bool {
        !self.always.is_empty() || self.words.as_ref().is_some_and(|words| words.are_in(text))
    }

    /// The numbers of the patterns that may match a text, ascending.
    pub(super) fn likely(&self, text: &str) -> Vec<usize> {
        let mut likely = self.always.clone();
        if let Some(words) = &self.words {
            words.find_all(text, |word| likely.push(self.needed_by[word]));
        }
        likely.sort_unstable();
        likely.dedup();
        likely
    }
}

/// Words in lower case, as far as they are ASCII.
type RequiredLiterals = Vec<Vec<u8>>;

/// What is known of the matches of a part of a pattern.
enum MatchFacts {
    /// Each is one of these words.
    Exactly(RequiredLiterals),
    /// Each holds one of these words.
    Holds(RequiredLiterals),
    Nothing,
}

impl MatchFacts {
    /// The words of which a match holds one.
    fn needed(self) -> Option<RequiredLiterals> {
        match self {
            MatchFacts::Exactly(words) | MatchFacts::Holds(words) => Some(words).filter(|words| shortest(words) > 0),
            MatchFacts::Nothing => None,
        }
    }
}

/// The longer they are, the fewer texts hold them.
fn shortest(words: &RequiredLiterals) -> usize {
    words.iter().map(Vec::len).min().unwrap_or(0)
}

fn read(hir: &Hir) -> MatchFacts {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => MatchFacts::Exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => MatchFacts::Exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(Class::Unicode(class)) => {
            let characters: usize = class.ranges().iter().map(|range| range.len()).sum();
            if characters > MOST_WAYS {
                return MatchFacts::Nothing;
            }
            let characters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            exactly(characters.map(|c| c.to_ascii_lowercase().to_string().into_bytes()))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            exactly(bytes.map(|byte| vec![byte.to_ascii_lowercase()]))
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => read(&repetition.sub)
            .needed()
            .map_or(MatchFacts::Nothing, MatchFacts::Holds),
        HirKind::Repetition(_) => MatchFacts::Nothing,
        HirKind::Capture(capture) => read(&capture.sub),
        HirKind::Concat(parts) => read_all(parts),
        HirKind::Alternation(parts) => {
            let mut words = RequiredLiterals::new();
            let mut is_exact = true;
            for part in parts {
                let known = read(part);
                is_exact &= matches!(known, MatchFacts::Exactly(_));
                match known {
                    MatchFacts::Exactly(more) | MatchFacts::Holds(more) => words.extend(more),
                    MatchFacts::Nothing => return MatchFacts::Nothing,
                }
            }
            match exactly(words.into_iter()) {
                MatchFacts::Exactly(words) if !is_exact => MatchFacts::Holds(words),
                known => known,
            }
        }
    }
}

/// As long as the ways are few, each is one; else they are words.
fn exactly(words: impl Iterator<Item = Vec<u8>>) -> MatchFacts {
    let mut words: RequiredLiterals = words.collect();
    words.sort_unstable();
    words.dedup();
    match words.len() {
        0 => MatchFacts::Nothing,
        ways if ways <= MOST_WAYS => MatchFacts::Exactly(words),
        many if many <= MOST_WORDS => MatchFacts::Holds(words),
        _ => MatchFacts::Nothing,
    }
}

/// One part behind the other: words that touch are one word, and of all words the longest ones are searched for.
fn read_all(parts: &[Hir]) -> MatchFacts {
    let mut best = RequiredLiterals::new();
    let mut offer = |words: RequiredLiterals| {
        if shortest(&words) > shortest(&best) {
            best = words;
        }
    };
    let mut run: RequiredLiterals = vec![Vec::new()];
    let mut is_exact = true;
    for part in parts {
        let known = read(part);
        if let MatchFacts::Exactly(words) = &known
            && run.len() * words.len() <= MOST_WAYS
        {
            let longer = run
                .iter()
                .flat_map(|begun| words.iter().map(|word| [&begun[..], word].concat()));
            run = longer.collect();
            continue;
        }
        is_exact = false;
        offer(std::mem::replace(&mut run, vec![Vec::new()]));
        known.needed().into_iter().for_each(&mut offer);
    }
    if is_exact {
        return MatchFacts::Exactly(run);
    }
    offer(run);
    match best.is_empty() {
        true => MatchFacts::Nothing,
        false => MatchFacts::Holds(best),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};
    use regex::Regex;

    use super::*;

    fn words(pattern: &str) -> Vec<String> {
        let hir = regex_syntax::parse(pattern).expect("a pattern");
        let mut words: Vec<String> = read(&hir)
            .needed()
            .unwrap_or_default()
            .into_iter()
            .map(|word| String::from_utf8_lossy(&word).into_owned())
            .collect();
        words.sort();
        words
    }

    #[test]
    fn a_pattern_needs_its_longest_words() {
        assert_eq!(words("^(?:(?i-u:Read more|share)!?)$"), ["read more", "share"]);
        assert_eq!(words(r"^[(（]?(?<a>编辑|责编)\s?[：:].{2,9}$"), ["编辑", "责编"]);
        assert_eq!(words(r"^(?i)\d+ liKes?$"), [" like", " li\u{212a}e"]);
        assert_eq!(words("(?:a|b)c(?:d|.)"), ["ac", "bc"]);
        assert_eq!(words("(?:#[a-z]*)+"), ["#"]);
        assert!(words(".{2,9}|编辑").is_empty() && words("(?:编辑)?x*").is_empty());
    }

    #[test]
    fn words_of_a_large_set_take_bounded_memory() {
        // A hundred thousand words that differ in their first letters, which are all that is searched for.
        let patterns: Vec<_> = (0..100_000).map(|i| format!("^{i:05x}$")).collect();
        for (count, most_bytes) in [(MOST_WORDS_WRITTEN_OUT, 4 << 20), (patterns.len(), 2 << 20)] {
            let prefilter = Prefilter::of(patterns[..count].iter().map(String::as_str));
            let bytes = prefilter.words.as_ref().map_or(0, LiteralSearch::bytes);
            assert!((1..=most_bytes).contains(&bytes), "{count} words take {bytes} bytes");
            assert_eq!(prefilter.always.len(), count.saturating_sub(MOST_WORDS_OF_A_SET));
            assert!(prefilter.likely("0000a").contains(&10) && prefilter.may_match("0000a"));
        }
    }

    const PATTERNS: &[&str] = &[
        "^(?:[a-c]{0,2}(?:x|yz?)+)$",
        r"^(?:\s*(?<a>[^b]{1,3}),?\b(?:k|中文).*)$",
        r"(?:(?:ab|)(?i:k|é)+|中.?c)",
        r"^(?:\p{Han}{1,2}(?i)kZ(?:x{2}|[yz])[^\p{Han}]?)$",
    ];

    proptest! {
        #[test]
        fn no_text_that_matches_is_refused(text in "[abcxyzZkK\u{212a}éÉ中文, ]{1,6}") {
            for pattern in PATTERNS {
                let matches = Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text));
                let prefilter = Prefilter::of([*pattern]);
                prop_assert!(!matches || prefilter.may_match(&text), "{pattern} {text:?}");
            }
            let matching = (0..PATTERNS.len()).filter(|i| Regex::new(PATTERNS[*i]).is_ok_and(|regex| regex.is_match(&text)));
            let likely = Prefilter::of(PATTERNS.iter().copied()).likely(&text);
            prop_assert!(matching.into_iter().all(|i| likely.contains(&i)), "{likely:?} {text:?}");
        }
    }
}
