//! The words of `lexicon.txt`, looked up: which words are those of menus, months, roles and labels, in many languages.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::FixedState;

/// What a word is, as bits: one word may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WordKind(u16);

impl WordKind {
    /// Menus, buttons, counters, labels.
    pub(crate) const INTERFACE: WordKind = WordKind(1);
    /// Words that join others.
    pub(crate) const FUNCTION: WordKind = WordKind(1 << 1);
    /// A role.
    pub(crate) const ROLE: WordKind = WordKind(1 << 2);
    /// Degrees behind a name.
    pub(crate) const DEGREE: WordKind = WordKind(1 << 3);
    /// Outlets, companies, institutions.
    pub(crate) const BODY: WordKind = WordKind(1 << 4);
    /// Towns of several words.
    pub(crate) const PLACE: WordKind = WordKind(1 << 5);
    /// Parts of names in small letters.
    pub(crate) const PARTICLE: WordKind = WordKind(1 << 6);
    /// How names begin that are written without blanks.
    pub(crate) const SURNAME: WordKind = WordKind(1 << 7);
    /// Months and the days of the week.
    pub(crate) const DATE: WordKind = WordKind(1 << 8);
    /// A label of authors.
    pub(crate) const BY: WordKind = WordKind(1 << 9);
    /// A label of other people.
    pub(crate) const OTHER: WordKind = WordKind(1 << 10);

    /// Jobs in newsrooms, which stand right behind a name as well.
    pub(crate) const PRESS: WordKind = WordKind(1 << 11);

    const NAMES: [(&'static str, WordKind); 13] = [
        ("interface", WordKind::INTERFACE),
        ("function", WordKind::FUNCTION),
        ("role", WordKind::ROLE),
        ("press", WordKind::PRESS),
        ("degree", WordKind::DEGREE),
        ("body", WordKind::BODY),
        ("place", WordKind::PLACE),
        ("particle", WordKind::PARTICLE),
        ("surname", WordKind::SURNAME),
        ("month", WordKind::DATE),
        ("weekday", WordKind::DATE),
        ("by", WordKind::BY),
        ("other", WordKind::OTHER),
    ];

    /// Both.
    pub(crate) const fn or(self, other: WordKind) -> WordKind {
        WordKind(self.0 | other.0)
    }
}

static LEXICON: LazyLock<HashMap<&'static str, WordKind, FixedState>> = LazyLock::new(|| {
    let mut words: HashMap<&str, WordKind, FixedState> = HashMap::default();
    for (kind, word) in entries() {
        let known = words.entry(word).or_insert(WordKind(0));
        *known = known.or(kind);
    }
    words
});

/// Each word with one kind that it is.
fn entries() -> impl Iterator<Item = (WordKind, &'static str)> {
    let lines = include_str!("lexicon.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(|line| {
        let (head, words) = line.split_once(": ").unwrap_or_default();
        let name = head.split(' ').next().unwrap_or_default();
        let kind = WordKind::NAMES
            .iter()
            .find(|(own, _)| *own == name)
            .map_or(WordKind(0), |(_, kind)| *kind);
        // Signs that are surnames stand without commas between them.
        let border = if kind == WordKind::SURNAME { " " } else { ", " };
        words.split(border).map(move |word| (kind, word))
    })
}

/// The words of each kind, by the number of its bit.
static BY_KIND: LazyLock<[Vec<&'static str>; u16::BITS as usize]> = LazyLock::new(|| {
    let mut words: [Vec<&str>; u16::BITS as usize] = Default::default();
    for (kind, word) in entries() {
        if let Some(own) = words.get_mut(kind.0.trailing_zeros() as usize) {
            own.push(word);
        }
    }
    words
});

/// All words or phrases of one kind.
pub(crate) fn all(kind: WordKind) -> impl Iterator<Item = &'static str> {
    let own = BY_KIND.get(kind.0.trailing_zeros() as usize);
    own.into_iter().flatten().copied()
}

/// Whether a word in lower case is one of these kinds.
pub(crate) fn is(word: &str, kinds: WordKind) -> bool {
    LEXICON.get(word).is_some_and(|own| own.0 & kinds.0 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_a_kind_and_words() {
        for (kind, word) in entries() {
            assert!(
                kind != WordKind(0) && !word.is_empty() && word.trim() == word,
                "{word:?}"
            );
            assert_eq!(word.to_lowercase(), word, "looked up in lower case");
        }
    }

    #[test]
    fn one_word_is_of_several_kinds() {
        assert!(is("editor", WordKind::ROLE) && is("märz", WordKind::DATE) && is("王", WordKind::SURNAME));
        assert!(is("redaktion", WordKind::BODY) && !is("lane", WordKind::BODY.or(WordKind::INTERFACE)));
    }
}
