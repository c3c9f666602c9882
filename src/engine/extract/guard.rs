//! The guard: rules may not take the article.
//!
//! Opinions change weekly and lists are written for other pages: EasyList's `##.ad_body` once met a page whose wrapper was
//! `<div id="wrapper" class="page ad_body">`. So what rules take is held against what the score would keep without them;
//! where one rule takes too much of it, or all of them together do, they are rolled back, the greediest first.
//! Five thousand words of reader comments are not that: the score would not keep them either.

use std::ops::Range;

use super::lines::LineDecisions;
use crate::{
    engine::{
        document::Document,
        ranges::{intersect, union, visible_between},
        selectors::program::RuleMatch,
    },
    rules::{Category, RuleSet},
};

/// The share of what the score would keep that one rule may take.
const ONE: f32 = 0.4;
/// The share that all rules may take together.
const ALL: f32 = 0.6;
/// The share that a rule about hidden text may take, apart from the others: half of a page may be hidden twins of the rest,
/// but a container that holds nearly everything is the article before a script has shown it.
const HIDDEN: f32 = 0.8;
/// Visible characters that rules may take in any case: a post may be a picture and a promotion.
const FREE_CHARACTERS: u32 = 200;

/// A rule that was rolled back.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledBack {
    /// Its number in the set.
    pub rule: u16,
    /// Visible characters that it would have taken of what the score would keep.
    pub characters: u32,
    /// The share that this is, 0 to 1.
    pub share: f32,
}

/// Rolls back the rules that take too much of `baseline`, what the score would keep without them, and names them.
pub fn check(
    document: &mut Document<'_>,
    lines: &mut LineDecisions,
    rules: &RuleSet,
    baseline: impl FnOnce(&Document<'_>) -> Vec<Range<usize>>,
) -> Vec<RolledBack> {
    let greedy = greedy(document, lines, rules, baseline);
    if !greedy.is_empty() {
        let is_greedy = |rule: u16| greedy.iter().any(|back| back.rule == rule);
        lines.drops.retain(|(_, rule)| !is_greedy(*rule));
        document.forget_rules(is_greedy);
    }
    greedy
}

fn greedy(
    document: &Document<'_>,
    lines: &LineDecisions,
    rules: &RuleSet,
    baseline: impl FnOnce(&Document<'_>) -> Vec<Range<usize>>,
) -> Vec<RolledBack> {
    let weigh = |ranges: &[Range<usize>]| ranges.iter().map(|range| visible_between(document, range)).sum::<u32>();
    let mut drops: DroppedRanges = lines.drops.iter().map(|(range, rule)| (*rule, range.clone())).collect();
    drops.extend(
        document
            .elements
            .iter()
            .filter(|e| document.rule_drops(e))
            .filter_map(|e| match e.hit {
                Some(RuleMatch::DropRule(rule)) => Some((rule, e.start as usize..e.end as usize)),
                _ => None,
            }),
    );
    let ranges = |drops: &[(u16, Range<usize>)]| union(drops.iter().map(|(_, range)| range.clone()).collect());
    let mut rolled_back = Vec::new();
    // Most documents end here, and need no score for it.
    if weigh(&ranges(&drops)) <= FREE_CHARACTERS {
        return rolled_back;
    }
    let baseline = baseline(document);
    let taken = |drops: &[(u16, Range<usize>)]| weigh(&intersect(&ranges(drops), &baseline));
    let whole = weigh(&baseline) as f32;
    let (hidden, mut others): (Vec<_>, Vec<_>) = drops
        .into_iter()
        .partition(|(rule, _)| rules.rules()[*rule as usize].category == Category::Hidden);
    for (rule, characters) in by_rule(hidden, &taken) {
        let share = characters as f32 / whole;
        if characters > FREE_CHARACTERS && share > HIDDEN {
            rolled_back.push(RolledBack {
                rule,
                characters,
                share,
            });
        }
    }
    let mut all = taken(&others);
    if all <= FREE_CHARACTERS || all as f32 <= whole * ONE {
        return rolled_back;
    }
    for (rule, characters) in by_rule(others.clone(), &taken) {
        let share = characters as f32 / whole;
        if characters <= FREE_CHARACTERS || (share <= ONE && all as f32 <= whole * ALL) {
            break;
        }
        rolled_back.push(RolledBack {
            rule,
            characters,
            share,
        });
        others.retain(|(other, _)| *other != rule);
        all = taken(&others);
    }
    rolled_back
}

type DroppedRanges = Vec<(u16, Range<usize>)>;

/// What each rule takes, the greediest first.
fn by_rule(mut drops: DroppedRanges, taken: &impl Fn(&[(u16, Range<usize>)]) -> u32) -> Vec<(u16, u32)> {
    drops.sort_by_key(|(rule, range)| (*rule, range.start));
    let of_each = drops
        .chunk_by(|a, b| a.0 == b.0)
        .map(|of_rule| (of_rule[0].0, taken(of_rule)));
    let mut of_each: Vec<_> = of_each.collect();
    of_each.sort_by_key(|(rule, characters)| (std::cmp::Reverse(*characters), *rule));
    of_each
}
