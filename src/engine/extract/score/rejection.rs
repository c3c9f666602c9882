//! Why what was found may be no article: a page may be a list of others, or keep its article to itself.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::FixedState;
use regex::Regex;

use super::{
    blocks::{Block, Totals},
    names::ElementNames,
};
use crate::{
    engine::{document::Document, extract::reason::RejectionReason},
    pattern::{Patterns, fixed},
};

/// Boxes from which on they are a list.
const BOXES: u32 = 3;
/// The share of the text that they hold.
const MOST: f32 = 0.5;
/// The share of the text that one box may hold: one that holds more is the article.
const ONE: f32 = 0.4;
/// The weight from which on a box says too much for a teaser.
const LONG: f32 = 500.0;
/// The share of links and the weight from which on a block is a headline that leads elsewhere.
const HEADLINE: (f32, f32) = (0.9, 8.0);
/// The weight of a text that a page shows to everyone before it asks for a subscription.
const FREE_TEXT: f32 = 1000.0;
/// The weight up to which a block may be such a demand.
const DEMAND: f32 = 400.0;

/// What speaks against an article that is made of the kept blocks.
pub(crate) fn find(
    document: &Document<'_>,
    names: &ElementNames<'_, '_>,
    blocks: &[Block],
    sums: &[Totals],
    kept: &[bool],
) -> Vec<RejectionReason> {
    let mut reasons = Vec::new();
    let kept_blocks = || {
        blocks
            .iter()
            .zip(kept)
            .filter(|(_, kept)| **kept)
            .map(|(block, _)| block)
    };
    let whole: f32 = kept_blocks().map(|block| block.weight).sum();
    let teasers = teasers(document, names, blocks, sums, (whole * ONE).min(LONG));
    let around = super::names::nearest(document, |e| teasers[e as usize]);
    let is_in_one = |block: &&Block| around.get(block.element as usize).is_some_and(|e| *e != super::NONE);
    if kept_blocks().filter(is_in_one).map(|block| block.weight).sum::<f32>() > whole * MOST {
        reasons.push(RejectionReason::Teasers);
    }
    let mut demands = blocks.iter().filter(|block| block.weight <= DEMAND);
    if whole < FREE_TEXT && demands.any(|block| is_demand(document, block)) {
        reasons.push(RejectionReason::LoginWall);
    }
    reasons
}

/// Which elements are boxes of one family that each begin with a headline that leads elsewhere, and say more below it; none of
/// more than the largest weight that a teaser may have.
fn teasers(
    document: &Document<'_>,
    names: &ElementNames<'_, '_>,
    blocks: &[Block],
    sums: &[Totals],
    largest: f32,
) -> Vec<bool> {
    let begins_with_link = |i: usize| {
        let first = &blocks[sums[i].first as usize];
        sums[i].weight <= largest && first.link_density() >= HEADLINE.0 && first.weight >= HEADLINE.1
    };
    let family = |i: usize| (document.elements[i].parent, names.get(i as u32).family);
    let mut counts: HashMap<_, u32, FixedState> = HashMap::default();
    let boxes: Vec<usize> = (0..sums.len())
        .filter(|i| sums[*i].blocks > 1 && document.elements[*i].tag.is_block() && begins_with_link(*i))
        .collect();
    for i in &boxes {
        *counts.entry(family(*i)).or_default() += 1;
    }
    let mut teasers = vec![false; sums.len()];
    for i in boxes {
        teasers[i] = counts[&family(i)] >= BOXES;
    }
    teasers
}

/// How a page asks for a subscription: words, and those that follow them within so many characters. Word borders are those of
/// ASCII letters: with the others a pattern would be tried at each character, and its words hardly ever stand beside such
/// a letter. Two small patterns, since a large one would count the characters between in all ways at once.
const DEMANDS: &[(&str, usize, &str)] = &[
    (
        r"(?i)(?:subscri\w+|log\s?in|sign\s?(?:in|up)|register)(?-u:\b)",
        60,
        r"(?i)(?-u:\b)(?:read\s(?:on|more|the\s(?:rest|full))|continue|unlock)",
    ),
    (r"(?i)continue\sreading", 40, r"(?i)subscri|account"),
    (
        r"(?i)(?:weiter)?lesen",
        40,
        r"(?i)abo(?-u:\b)|abonn|anmelden|registrier",
    ),
    (r"(?i)abonnieren|anmelden|registrieren", 40, r"(?i)weiter\w*lesen"),
    (r"(?i)réservé\saux\sabonnés", 0, ""),
    (r"(?i)pour\slire\sla\ssuite", 40, r"(?i)abonn|connect"),
    (r"(?i)suscr\w+", 40, r"(?i)seguir\sleyendo"),
    ("登录|订阅", 8, "阅读|查看"),
    ("会員限定", 0, ""),
];

/// [`DEMANDS`], compiled.
struct DemandPatterns {
    likely: Patterns,
    each: Vec<(Regex, usize, Regex)>,
}

/// Whether a block asks for a subscription.
fn is_demand(document: &Document<'_>, block: &Block) -> bool {
    static COMPILED: LazyLock<DemandPatterns> = LazyLock::new(|| {
        let compile = |(first, within, then): &(&str, usize, &str)| (fixed(first), *within, fixed(then));
        let each: Vec<_> = DEMANDS.iter().map(compile).collect();
        let likely = Patterns::of(each.iter().map(|(first, ..)| first));
        DemandPatterns { likely, each }
    });
    let runs = block.first_run..block.next_run;
    let text: String = runs
        .map(|run| document.runs[run as usize].decode(document.run_text(run)))
        .collect();
    COMPILED.likely.likely(&text).into_iter().any(|i| {
        let (first, within, then) = &COMPILED.each[i];
        first.find_iter(&text).any(|found| {
            let rest = text[found.end()..].lines().next().unwrap_or_default();
            let then = then.find(rest);
            then.is_some_and(|then| rest[..then.start()].chars().count() <= *within)
        })
    })
}
