//! Words that are searched for in every name and line of a page, all at once and in any ASCII letter case.

use std::collections::HashMap;

use aho_corasick::{
    Anchored,
    automaton::{Automaton, StateID},
    nfa::contiguous::NFA,
};

use crate::steps;

/// Finds which of some words stand in a text.
///
/// The automaton of Aho and Corasick (1975), with all that can follow on each of its states written out in two bytes each: one
/// look for each byte of a text, in what mostly stays in the processor's cache.
#[derive(Debug)]
pub struct LiteralSet {
    /// The class of a byte among those that distinguish words; 0 for all others.
    classes: [u8; 256],
    /// States are so many bits apart.
    shift: u32,
    /// What follows on each state, by class. The first state is the one to begin with.
    next: Vec<u16>,
    /// The words that end on each state, from `first_end` on: those before end none.
    ends: Vec<Box<[u32]>>,
    first_end: u16,
}

impl LiteralSet {
    /// Words that are written in the source, by their order.
    pub fn fixed<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let words: Vec<&str> = words.into_iter().collect();
        // Compiled by every test run.
        Self::new(&words).unwrap_or_else(|| unreachable!("too many words"))
    }

    /// Words by their order; `None` where they have more letters than two bytes can number: some ten thousand.
    pub fn new(words: &[impl AsRef<[u8]>]) -> Option<Self> {
        let mut classes = [0; 256];
        let mut bytes = vec![0];
        for byte in words.iter().flat_map(|word| word.as_ref()) {
            let lower = usize::from(byte.to_ascii_lowercase());
            if classes[lower] == 0 {
                classes[lower] = bytes.len() as u8;
                classes[usize::from(byte.to_ascii_uppercase())] = bytes.len() as u8;
                bytes.push(lower as u8);
            }
        }
        // A byte of no word stands for all others.
        bytes[0] = (0..=u8::MAX).find(|byte| classes[usize::from(*byte)] == 0)?;
        let automaton = NFA::builder().ascii_case_insensitive(true).build(words).ok()?;
        Self::written_out(&automaton, classes, &bytes)
    }

    fn written_out(automaton: &NFA, classes: [u8; 256], bytes: &[u8]) -> Option<Self> {
        let mut states = vec![automaton.start_state(Anchored::No).ok()?];
        let mut known: HashMap<StateID, usize> = states.iter().map(|state| (*state, 0)).collect();
        let mut follows: Vec<Vec<usize>> = Vec::new();
        while let Some(&state) = states.get(follows.len()) {
            let next = bytes.iter().map(|byte| {
                let next = automaton.next_state(Anchored::No, state, *byte);
                *known.entry(next).or_insert_with(|| {
                    states.push(next);
                    states.len() - 1
                })
            });
            follows.push(next.collect());
        }
        // Those that end a word come last, so that one comparison finds them.
        let is_end = |number: &usize| automaton.is_match(states[*number]);
        let (ends, others): (Vec<usize>, Vec<usize>) = (0..states.len()).partition(is_end);
        let mut places = vec![0; states.len()];
        for (place, number) in others.iter().chain(&ends).enumerate() {
            places[*number] = u16::try_from(place).ok()?;
        }
        let shift = bytes.len().next_power_of_two().trailing_zeros();
        let mut next = vec![0; states.len() << shift];
        for (number, follows) in follows.iter().enumerate() {
            let from = usize::from(places[number]) << shift;
            for (class, follows) in follows.iter().enumerate() {
                next[from + class] = places[*follows];
            }
        }
        let words = |number: usize| {
            let state = states[number];
            let words = (0..automaton.match_len(state)).map(|i| automaton.match_pattern(state, i).as_u32());
            words.collect()
        };
        Some(LiteralSet {
            classes,
            shift,
            next,
            first_end: others.len() as u16,
            ends: ends.into_iter().map(words).collect(),
        })
    }

    /// Calls `found` with the number of each word and the byte behind it, wherever it stands.
    pub fn find_all(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        steps::count(text.len());
        let mut state = 0;
        for (at, byte) in text.iter().enumerate() {
            state = self.step(state, *byte);
            if state >= self.first_end {
                let words = &self.ends[usize::from(state - self.first_end)];
                words.iter().for_each(|word| found(*word as usize, at + 1));
            }
        }
    }

    /// Whether any of them stands in a text.
    pub fn are_in(&self, text: &[u8]) -> bool {
        steps::count(text.len());
        let mut state = 0;
        text.iter().any(|byte| {
            state = self.step(state, *byte);
            state >= self.first_end
        })
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let ends: usize = self
            .ends
            .iter()
            .map(|words| size_of_val(words) + size_of_val(&**words))
            .sum();
        size_of_val(&*self.next) + ends
    }

    fn step(&self, state: u16, byte: u8) -> u16 {
        let class = usize::from(self.classes[usize::from(byte)]);
        self.next[usize::from(state) << self.shift | class]
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    const WORDS: &[&str] = &["ab", "abc", "bc", "c-a", "é中", "中", "a"];

    proptest! {
        #[test]
        fn each_word_is_found_wherever_it_stands(text in "[abcABCé中É -]{0,12}") {
            let mut found = Vec::new();
            LiteralSet::fixed(WORDS.iter().copied()).find_all(text.as_bytes(), |word, end| found.push((end, word)));
            let lower = text.to_ascii_lowercase();
            let mut expected: Vec<_> = WORDS.iter().enumerate().flat_map(|(word, own)| {
                (0..lower.len()).filter(|at| lower.as_bytes()[*at..].starts_with(own.as_bytes())).map(move |at| (at + own.len(), word))
            }).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(LiteralSet::fixed(WORDS.iter().copied()).are_in(text.as_bytes()), !expected.is_empty());
        }
    }
}
