//! Patterns: regular expressions that cost little where they do not match, and never much memory.
//!
//! A regular expression builds its automaton while it reads, anew for each thread, up to megabytes on texts that differ.
//! So it reads only what holds a word that it needs, and what it builds is bounded.

mod literals;
mod prefilter;

use regex::{Captures, Match, Regex, RegexBuilder};
use regex_automata::meta;

pub use literals::LiteralSet;

use crate::steps;
use prefilter::Prefilter;

/// Bytes that the automata of one pattern may take for each thread, before they are begun anew.
const AUTOMATON_BYTES: usize = 128 << 10;

/// Compiles a pattern of at most so many bytes.
///
/// # Errors
/// What is no pattern, or larger.
pub fn regex(text: &str, most_bytes: usize) -> Result<Regex, regex::Error> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(most_bytes).dfa_size_limit(AUTOMATON_BYTES).build()
}

/// Bytes that a pattern takes once compiled. `regex` does not report it, so it is compiled again, by what `regex` is made of.
pub fn compiled_bytes(regex: &Regex) -> usize {
    meta::Regex::new(regex.as_str()).map_or(0, |compiled| compiled.memory_usage())
}

/// Bytes of a pattern that is written in the source.
const FIXED_BYTES: usize = 8 << 20;

/// Compiles a pattern that is written in the source, which a test has done before.
pub fn fixed(text: &str) -> Regex {
    regex(text, FIXED_BYTES).unwrap_or_else(|e| unreachable!("{e}"))
}

/// A pattern that is written in the source, and read only where it may match.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    prefilter: Prefilter,
}

impl Pattern {
    /// Compiles it.
    pub fn fixed(text: &str) -> Self {
        Pattern {
            regex: fixed(text),
            prefilter: Prefilter::of([text]),
        }
    }

    /// Whether it is found in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.likely(text).is_some_and(|regex| regex.is_match(text))
    }

    /// Where it is first found.
    pub fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        self.likely(text)?.find(text)
    }

    /// Where it is found.
    pub fn find_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Match<'t>> {
        let regex = self.likely(text);
        regex.into_iter().flat_map(move |regex| regex.find_iter(text))
    }

    /// Where it is first found, and its groups.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.likely(text)?.captures(text)
    }

    /// The regular expression, if a text holds what it needs.
    pub fn likely(&self, text: &str) -> Option<&Regex> {
        steps::count(text.len());
        self.prefilter.may_match(text).then_some(&self.regex)
    }
}

/// Which of several patterns may match a text.
#[derive(Debug)]
pub struct Patterns(Prefilter);

impl Patterns {
    /// Those of some regular expressions, by their order.
    pub fn of<'p>(patterns: impl IntoIterator<Item = &'p Regex>) -> Self {
        Patterns(Prefilter::of(patterns.into_iter().map(Regex::as_str)))
    }

    /// The numbers of those that may match, ascending.
    pub fn likely(&self, text: &str) -> Vec<usize> {
        steps::count(text.len());
        self.0.likely(text)
    }
}
