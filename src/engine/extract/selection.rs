//! What stays and what goes, each byte once: the rules' hits and the score's choice become one list of ranges.
//!
//! Who wins: `remove=`, then `keep=`, then keep rules, then drop rules, then the score. Everything is a range of the
//! source, so that elements, lines of text and misnested formatting are all the same, and each visible character is
//! either in a kept range or in exactly one removed one.

use std::ops::Range;

use super::{
    lines::LineDecisions,
    reason::{RemovalReason, ScoreReason},
    score,
    units::Units,
};
use crate::{
    engine::{
        document::{Document, NONE},
        html::tags::Tag,
        ranges::{TextPreview, subtract, text_in, union, visible_between},
        selectors::program::RuleMatch,
    },
    steps,
};

/// One removed region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// Why.
    pub reason: RemovalReason,
    /// The element that it is, or [`NONE`] for a comment, a line of text or several elements joined.
    pub element: u32,
    /// Visible characters in it.
    pub characters: u32,
}

/// The decision about a whole document.
#[derive(Debug)]
pub struct Selection {
    /// What stays: disjoint, ascending.
    pub kept: Vec<Range<usize>>,
    /// What goes: the topmost regions, disjoint, ascending, neighbours of one reason joined.
    pub removed: Vec<Removal>,
}

/// Decides. `chosen` is what the score would keep; the whole document for what is an article already.
pub fn decide(document: &Document<'_>, lines: &LineDecisions, units: &Units, chosen: &[Range<usize>]) -> Selection {
    let hits = |wanted: fn(RuleMatch) -> bool| -> Vec<Range<usize>> {
        let elements = document.elements.iter().filter(|e| e.hit.is_some_and(wanted));
        union(elements.map(|e| e.start as usize..e.end as usize).collect())
    };
    let removes = hits(|hit| hit == RuleMatch::Remove);
    let mut keeps = hits(|hit| matches!(hit, RuleMatch::Keep | RuleMatch::KeepRule(_)));
    keeps.extend(lines.keeps.iter().cloned());
    let kept = subtract(chosen, &dropped_by_rules(document, lines));
    let kept = subtract(
        &kept,
        &union(lines.scored.iter().map(|(range, _)| range.clone()).collect()),
    );
    let hidden = lines.hidden.iter().map(|part| part.range.clone());
    let kept = subtract(&kept, &union(hidden.collect()));
    let kept = subtract(&union([kept, keeps].concat()), &removes);
    // What no form of a unit has a place for: if the unit stays, its content stays.
    let left_out = units.left_out().iter().map(|left_out| left_out.range.clone());
    let kept = subtract(&kept, &union(left_out.collect()));
    let removed = name_removals(document, &parts(lines, units), &kept);
    Selection { kept, removed }
}

/// What drop rules take: elements, lines and comments. Disjoint, ascending.
pub fn dropped_by_rules(document: &Document<'_>, lines: &LineDecisions) -> Vec<Range<usize>> {
    let elements = document.elements.iter().filter(|e| document.rule_drops(e));
    let mut dropped: Vec<_> = elements.map(|e| e.start as usize..e.end as usize).collect();
    dropped.extend(lines.drops.iter().map(|(range, _)| range.clone()));
    union(dropped)
}

/// What goes beside whole elements, ascending: lines and comments by rules, and parts of units.
fn parts(lines: &LineDecisions, units: &Units) -> Vec<(Range<usize>, RemovalReason)> {
    let by_rules = lines
        .drops
        .iter()
        .map(|(range, rule)| (range.clone(), RemovalReason::Rule(*rule)));
    let scored = lines
        .scored
        .iter()
        .map(|(range, reason)| (range.clone(), RemovalReason::Score(*reason)));
    let hidden = lines
        .hidden
        .iter()
        .map(|part| (part.range.clone(), RemovalReason::Hidden(part.technique)));
    let left_out = units.left_out().iter();
    let mut parts: Vec<_> = by_rules
        .chain(scored)
        .chain(hidden)
        .chain(left_out.map(|left_out| (left_out.range.clone(), RemovalReason::Score(left_out.reason))))
        .collect();
    parts.sort_by_key(|(range, _)| range.start);
    parts
}

impl Selection {
    /// Visible characters in a range, and how many of them the score left out.
    pub fn left_out_by_score(&self, document: &Document<'_>, inside: &Range<usize>) -> (u32, u32) {
        let is_inside = |removal: &&Removal| {
            matches!(removal.reason, RemovalReason::Score(_))
                && inside.start <= removal.range.start
                && removal.range.end <= inside.end
        };
        let left_out = self
            .removed
            .iter()
            .filter(is_inside)
            .map(|removal| removal.characters)
            .sum();
        (visible_between(document, inside), left_out)
    }
}

/// Names what lies outside `kept`: whole elements where they are wholly outside, else the text itself.
fn name_removals(
    document: &Document<'_>,
    parts: &[(Range<usize>, RemovalReason)],
    kept: &[Range<usize>],
) -> Vec<Removal> {
    let everything = 0..document.source.len();
    let gone = subtract(std::slice::from_ref(&everything), kept);
    let mut named = Vec::new();
    let mut parts_left = parts.iter().peekable();
    let (mut element, mut run) = (0usize, 0usize);
    for gap in &gone {
        let mut at = gap.start;
        loop {
            steps::count(1);
            // The next thing at or behind `at`: an element, a run of text, or a part by itself.
            while document.elements.get(element).is_some_and(|e| (e.start as usize) < at) {
                element += 1;
            }
            while document.runs.get(run).is_some_and(|r| r.end as usize <= at) {
                run += 1;
            }
            while parts_left.next_if(|(range, _)| range.end <= at).is_some() {}
            let element_at = document.elements.get(element).map_or(usize::MAX, |e| e.start as usize);
            let run_at = document
                .runs
                .get(run)
                .map_or(usize::MAX, |r| (r.start as usize).max(at));
            let line = parts_left
                .peek()
                .filter(|(range, _)| range.start.max(at) <= element_at.min(run_at));
            let line_at = line.map_or(usize::MAX, |(range, _)| range.start.max(at));
            let next = element_at.min(run_at).min(line_at);
            if next >= gap.end {
                break;
            }
            if let Some((range, reason)) = line.filter(|_| line_at == next) {
                let whole = document
                    .elements
                    .get(element)
                    .is_some_and(|e| e.start as usize == range.start && e.end as usize == range.end);
                let of = if whole { element as u32 } else { NONE };
                at = range.end.min(gap.end).max(next + 1);
                // A rule about the element itself says more than one about its text.
                let own = (whole && document.rule_drops(&document.elements[element]))
                    .then(|| reason_of(document, of))
                    .flatten();
                named.push(removal(document, next..at, own.unwrap_or(*reason), of));
            } else if element_at == next {
                let e = &document.elements[element];
                let reason = reason_of(document, element as u32);
                if e.end as usize <= gap.end && reason.is_some() {
                    at = e.end as usize;
                    named.extend(reason.map(|reason| removal(document, next..at, reason, element as u32)));
                } else {
                    at = (e.inner as usize).max(next + 1); // only its start tag: look inside
                }
            } else {
                let r = &document.runs[run];
                at = (r.end as usize).min(gap.end).min(
                    parts_left
                        .peek()
                        .map_or(usize::MAX, |(range, _)| range.start.max(next + 1)),
                );
                named.push(removal(
                    document,
                    next..at,
                    RemovalReason::Score(ScoreReason::Outside),
                    NONE,
                ));
            }
        }
    }
    join_neighbours(document, named)
}

/// Why an element that is wholly outside is: its own rule, else what the score takes it for.
/// `None` for what no browser shows and no rule names: it is no removal, and its parts may have rules.
fn reason_of(document: &Document<'_>, element: u32) -> Option<RemovalReason> {
    let e = &document.elements[element as usize];
    match e.hit {
        Some(RuleMatch::Remove) => Some(RemovalReason::Caller),
        Some(RuleMatch::DropRule(rule)) if document.rule_drops(e) => Some(RemovalReason::Rule(rule)),
        _ if document.characters(element) == 0 || matches!(e.tag, Tag::HTML | Tag::BODY) => None,
        _ => Some(RemovalReason::Score(score::reason_outside(document, element))),
    }
}

fn removal(document: &Document<'_>, range: Range<usize>, reason: RemovalReason, element: u32) -> Removal {
    let characters = visible_between(document, &range);
    Removal {
        range,
        reason,
        element,
        characters,
    }
}

/// The first characters of what a removal took: its visible text, or for what shows none (a comment, a style sheet) its
/// source.
pub fn preview(document: &Document<'_>, removal: &Removal, characters: usize) -> String {
    let range = &removal.range;
    if removal.characters == 0 {
        let mut preview = TextPreview::of(characters);
        let source = &document.source[range.clone()];
        let inner = match document.elements.get(removal.element as usize) {
            Some(e) if e.tag.is_raw() => document.raw_text(removal.element),
            Some(_) => source,
            None => crate::engine::text::comment_text(source),
        };
        preview.fill(inner.chars().take(characters * 8));
        return preview.text;
    }
    text_in(document, range, characters)
}

/// Joins removals of one reason with nothing visible between them, and leaves out what the score took of nothing.
fn join_neighbours(document: &Document<'_>, named: Vec<Removal>) -> Vec<Removal> {
    let mut joined: Vec<Removal> = Vec::new();
    for next in named {
        if next.characters == 0 && matches!(next.reason, RemovalReason::Score(_)) {
            continue;
        }
        match joined.last_mut() {
            Some(last)
                if last.reason == next.reason
                    && document.source[last.range.end..next.range.start].trim().is_empty() =>
            {
                last.range.end = next.range.end;
                last.characters += next.characters;
                last.element = NONE;
            }
            _ => joined.push(next),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_add_and_subtract() {
        assert_eq!(union(vec![5..7, 1..3, 2..4, 7..8, 9..9]), [1..4, 5..8]);
        assert_eq!(subtract(&[0..10, 12..20], &[2..3, 5..13, 19..30]), [0..2, 3..5, 13..19]);
    }
}
