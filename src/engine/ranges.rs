//! Ranges of the source: their union and difference, and the text in them.

use std::ops::Range;

use super::document::{Document, Run, visible_characters};
use crate::steps;

/// Sorts ranges and joins those that touch.
pub(crate) fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    steps::count(ranges.len());
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// What is in both; both disjoint and ascending.
pub(crate) fn intersect(a: &[Range<usize>], b: &[Range<usize>]) -> Vec<Range<usize>> {
    subtract(a, &subtract(a, b))
}

/// What of `from` is not in `gone`; both disjoint and ascending.
pub(crate) fn subtract(from: &[Range<usize>], gone: &[Range<usize>]) -> Vec<Range<usize>> {
    steps::count(from.len() + gone.len());
    let mut left = Vec::with_capacity(from.len() + gone.len());
    let mut first = 0;
    for range in from {
        while gone.get(first).is_some_and(|g| g.end <= range.start) {
            first += 1;
        }
        let mut at = range.start;
        for g in gone[first..].iter().take_while(|g| g.start < range.end) {
            if at < g.start {
                left.push(at..g.start);
            }
            at = at.max(g.end);
        }
        if at < range.end {
            left.push(at..range.end);
        }
    }
    left
}

/// The runs that have text in `range`.
pub(crate) fn runs_in<'o>(document: &'o Document<'_>, range: &Range<usize>) -> impl Iterator<Item = &'o Run> {
    let first = document.runs.partition_point(|run| run.end as usize <= range.start);
    let end = range.end;
    document.runs[first..]
        .iter()
        .take_while(move |run| (run.start as usize) < end)
}

/// Visible characters of the source between two offsets.
pub(crate) fn visible_between(document: &Document<'_>, range: &Range<usize>) -> u32 {
    runs_in(document, range).fold(0, |sum, run| {
        steps::count(1);
        let (start, end) = ((run.start as usize).max(range.start), (run.end as usize).min(range.end));
        sum + match (start, end) == (run.start as usize, run.end as usize) {
            true => run.characters,
            false => visible_characters(&run.decode(&document.source[start..end])),
        }
    })
}

/// The first characters of the visible text in a range.
pub fn text_in(document: &Document<'_>, range: &Range<usize>, characters: usize) -> String {
    let mut preview = TextPreview::of(characters);
    for run in runs_in(document, range) {
        let (start, end) = ((run.start as usize).max(range.start), (run.end as usize).min(range.end));
        preview.fill(run.decode(&document.source[start..end]).chars());
        if preview.left == 0 {
            break;
        }
    }
    preview.text
}

/// A text that grows, white space squashed, until it is long enough.
pub(crate) struct TextPreview {
    pub(crate) text: String,
    /// White space was passed since the last character.
    parted: bool,
    left: usize,
}

impl TextPreview {
    pub(crate) fn of(characters: usize) -> Self {
        TextPreview {
            text: String::new(),
            parted: false,
            left: characters,
        }
    }

    pub(crate) fn fill(&mut self, chars: impl Iterator<Item = char>) {
        for c in chars {
            if c.is_whitespace() {
                self.parted = !self.text.is_empty();
                continue;
            }
            if self.parted && self.left > 0 {
                self.text.push(' ');
                self.left -= 1;
            }
            self.parted = false;
            if self.left == 0 {
                return;
            }
            self.text.push(c);
            self.left -= 1;
        }
    }
}
