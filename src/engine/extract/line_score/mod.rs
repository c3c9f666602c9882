//! Which lines of a post are none of its text: a small model for what is an article already.
//!
//! Rules take the lines whose words they know. A credit or a promotion in other words is found by all that a line says,
//! where it stands, its links and its neighbours: the [`features`] of each line go into decision trees (`lines.txt`, fitted
//! by `training/fit_lines.py`), and what is unlikely to be of the text goes, with a reason that
//! its own words give. Words alone take nothing out of the middle of a text: there a line must be marked by its form as well.

pub mod features;
mod lexicon;

use std::{ops::Range, sync::LazyLock};

use super::reason::ScoreReason;
use super::{
    lines::LineDecisions,
    score::{Mode, model::Model, signals},
    selection,
};
use crate::engine::{document::Document, ranges};
use features::{LinePositions, TextLine};

/// The share of a text's characters that may go.
const SHARE: f32 = 0.4;
/// Visible characters that may go in any case.
const FREE_CHARACTERS: u32 = 200;
/// Characters of a credit that are read.
const CREDIT_CHARACTERS: usize = 200;
/// Lines that stay without being prose, past which the text has begun or ended.
const SHORT_LINES: usize = 3;
/// Lines of a document that are asked about at most, from its beginning and from its end.
const ASKED: usize = 2000;

impl Mode {
    /// The probability of being no text from which on a line goes.
    pub fn line_threshold(self) -> f32 {
        match self {
            Mode::Precision => 0.25,
            Mode::Balanced => 0.4,
            Mode::Recall => 0.7,
        }
    }
}

/// The built-in model. Its output is whether a line is none of the text.
pub fn model() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| Model::built_in(include_str!("lines.txt")));
    &MODEL
}

pub use super::selection::dropped_by_rules;

/// The lines that go, each with its reason. Ascending.
pub fn read(document: &Document<'_>, lines: &LineDecisions, mode: Mode) -> Vec<(Range<usize>, ScoreReason)> {
    read_by(model(), document, lines, mode.line_threshold())
}

/// The same by another model and probability: what a fit is measured with.
pub fn read_by(
    model: &Model,
    document: &Document<'_>,
    lines: &LineDecisions,
    threshold: f32,
) -> Vec<(Range<usize>, ScoreReason)> {
    let ruled = selection::dropped_by_rules(document, lines);
    let lines = features::lines(document, &(0..document.source.len()), &ruled);
    if lines.len() < 2 {
        return Vec::new();
    }
    let places = LinePositions::new(document, &lines);
    let mut likely = ask(model, &lines, &places);
    share_in_groups(&lines, &places, &mut likely);
    let goes: Vec<bool> = (0..lines.len())
        .map(|i| likely[i] >= needed(&lines[i], threshold) && !lines[i].is_ruled && may_go(&lines, &places, i))
        .collect();
    let is_edge = edges(&lines, &goes);
    let goes = |i: usize| goes[i] && (is_edge[i] || is_marked(&lines, &places, i));
    let mut gone: Vec<usize> = (0..lines.len()).filter(|i| goes(*i)).collect();
    let weigh = |range: &Range<usize>| ranges::visible_between(document, range);
    let taken: u32 = gone.iter().map(|i| weigh(&lines[*i].range)).sum();
    let all = document.characters_before.last().copied().unwrap_or_default();
    let source = 0..document.source.len();
    let left: u32 = ranges::subtract(std::slice::from_ref(&source), &ruled)
        .iter()
        .map(weigh)
        .sum();
    if taken >= left || (taken > FREE_CHARACTERS && taken as f32 > all as f32 * SHARE) {
        gone.clear();
    }
    gone.into_iter()
        .map(|i| {
            (
                lines[i].range.clone(),
                reason(&lines[i], group(&lines, &places, i) == Some(LineGroup::Others)),
            )
        })
        .collect()
}

/// The credits among the lines that went, one a line: they name people and outlets, although they are none of the text.
pub fn credits(document: &Document<'_>, scored: &[(Range<usize>, ScoreReason)]) -> String {
    let credits = scored.iter().filter(|(_, reason)| *reason == ScoreReason::Credit);
    credits.fold(String::new(), |credits, (range, _)| {
        credits + &ranges::text_in(document, range, CREDIT_CHARACTERS) + "\n"
    })
}

/// How likely each line is to be none of the text.
fn ask(model: &Model, lines: &[TextLine], places: &LinePositions<'_, '_>) -> Vec<f32> {
    let mut likely = vec![0.0; lines.len()];
    let mut batch = model.ask();
    for (i, line) in lines.iter().enumerate() {
        let is_near = i < ASKED || i + ASKED >= lines.len();
        if is_near && !line.text.is_empty() && !line.is_ruled {
            batch.add(i, &places.features(i), &[], &mut likely);
        }
    }
    batch.end(&mut likely);
    likely
}

/// What a line of a group has by its name, or by one that rules take: a list called that of others, credits.
const BY_GROUP: f32 = 0.6;

/// Lines side by side of one purpose, credits or links behind a label, are as likely as the likeliest of them.
fn share_in_groups(lines: &[TextLine], places: &LinePositions<'_, '_>, likely: &mut [f32]) {
    let mut start = 0;
    while start < lines.len() {
        let group = group(lines, places, start);
        let same = lines[start..].iter().enumerate();
        let count = same
            .take_while(|(i, _)| group.is_some() && super::line_score::group(lines, places, start + i) == group)
            .count()
            .max(1);
        let numbers = start..start + count;
        if group.is_some() {
            let known = |i: usize| match group {
                Some(LineGroup::Others) if places.named(i) & signals::RELATED != 0 => BY_GROUP,
                _ if lines[i].is_ruled => BY_GROUP,
                _ => 0.0,
            };
            let best = numbers.clone().map(|i| likely[i].max(known(i))).fold(0.0, f32::max);
            likely[numbers].fill(best);
        }
        start += count;
    }
}

/// Lines that stay or go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineGroup {
    /// People and what each has done.
    Credits,
    /// Links to other articles.
    Others,
}

fn group(lines: &[TextLine], places: &LinePositions<'_, '_>, i: usize) -> Option<LineGroup> {
    let line = &lines[i];
    let begins = |kind: signals::SignalSet| line.kinds.1 & kind != 0;
    let is_listed = |i: usize| {
        lines.get(i).is_some_and(|line| line.is_linked)
            && (places.is_behind_label(i) || places.named(i) & signals::RELATED != 0)
    };
    match () {
        () if line.is_prose => None,
        () if is_listed(i) || (begins(lexicon::RELATED) && is_listed(i + 1)) => Some(LineGroup::Others),
        () if begins(lexicon::CREDIT) && line.is_label() => Some(LineGroup::Credits),
        () => None,
    }
}

/// The probability that a line needs: a sentence that does not begin as such lines do, more.
fn needed(line: &TextLine, threshold: f32) -> f32 {
    match line.is_sentence && !line.is_linked && line.kinds.1 == 0 {
        true => (1.0 + threshold) / 2.0,
        false => threshold,
    }
}

/// Whether each line stands before the text or behind it: with no prose, and few other lines, between it and the end.
fn edges(lines: &[TextLine], goes: &[bool]) -> Vec<bool> {
    let mut is_edge = vec![false; lines.len()];
    let mut mark = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut short = 0;
        for i in numbers {
            let stays = !goes[i] && !lines[i].is_ruled;
            short += usize::from(stays);
            if stays && (lines[i].is_prose || short > SHORT_LINES) {
                break;
            }
            is_edge[i] = true;
        }
    };
    mark(&mut (0..lines.len()));
    mark(&mut (0..lines.len()).rev());
    is_edge
}

/// Whether anything speaks of a line's purpose at all: its words, or its place in a list of links. Code, tables and captions say nothing.
fn may_go(lines: &[TextLine], places: &LinePositions<'_, '_>, i: usize) -> bool {
    let is_listed = group(lines, places, i) == Some(LineGroup::Others);
    (lines[i].kinds.0 != 0 || is_listed) && places.may_lack(i)
}

/// Whether a line is marked by more than its words: by its links, its element's name, a picture, a label, the same line elsewhere.
fn is_marked(lines: &[TextLine], places: &LinePositions<'_, '_>, i: usize) -> bool {
    let line = &lines[i];
    let is_listed = group(lines, places, i) == Some(LineGroup::Others);
    let is_formed = places.is_after_picture(i) || places.is_repeated(i) || places.named(i) & signals::FURNITURE != 0;
    !line.is_prose && (is_listed || ((line.is_linked || is_formed) && line.kinds.1 != 0))
}

/// Why a line goes, by its own words.
fn reason(line: &TextLine, is_listed: bool) -> ScoreReason {
    const REASONS: &[(signals::SignalSet, ScoreReason)] = &[
        (lexicon::LEGAL, ScoreReason::Legal),
        (lexicon::PICTURE, ScoreReason::Credit),
        (lexicon::RELATED, ScoreReason::Related),
        (
            lexicon::FOLLOW | lexicon::APP | lexicon::PAYWALL,
            ScoreReason::Promotion,
        ),
        (lexicon::CREDIT, ScoreReason::Credit),
        (lexicon::ORIGINAL, ScoreReason::Interface),
    ];
    let says = |kinds: signals::SignalSet| {
        let reason = REASONS.iter().find(|(kind, _)| kinds & kind != 0);
        reason.map(|(_, reason)| *reason)
    };
    let in_list = || is_listed.then_some(ScoreReason::Related);
    says(line.kinds.1)
        .or_else(in_list)
        .or_else(|| says(line.kinds.0))
        .unwrap_or(ScoreReason::Interface)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_was_fitted_on_these_features() {
        assert_eq!(model().features(), features::names());
        assert!(model().outputs().eq(["boilerplate"]));
    }
}
