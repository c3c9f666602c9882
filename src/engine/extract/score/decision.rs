//! Which blocks stay, by how likely each is: groups as a whole, headings with what stands below them.

use super::{
    blocks::{Block, ln},
    context::PageContext,
    names::is_near,
};
use crate::engine::document::NONE;

/// The share of the threshold from which on a heading stays with what stands below it.
const LEAST_OF_HEADING: f32 = 0.5;

/// The share of the threshold from which on code and tables of data stay between two texts.
const LEAST_INSIDE: f32 = 0.5;
/// The share of the threshold from which on a list stays behind a sentence that announces it.
const LEAST_ANNOUNCED: f32 = 0.2;
/// The weight from which on a block with a colon at its end is a sentence, and no label.
const ANNOUNCING: f32 = 40.0;
/// Blocks on either side of them among which those texts are.
const NEAR: usize = 3;

/// For each block whether it stays.
pub(crate) fn decide(page: &PageContext<'_, '_>, likely: &[f32], threshold: f32) -> Vec<bool> {
    let mut kept: Vec<bool> = likely.iter().map(|p| *p >= threshold).collect();
    for group in &page.groups.all {
        let (from, to) = page.sums[group.element as usize].span();
        let likely = mean(page, likely, from, to);
        // Code and tables of data stand in nothing but articles, so that between two texts of one they need less.
        let is_inside =
            group.is_content() && is_any(&kept, from.saturating_sub(NEAR), from) && is_any(&kept, to, to + NEAR);
        let least = if is_inside { LEAST_INSIDE } else { 1.0 };
        let is_announced = group.is_list() && from > 0 && kept[from - 1] && announces(&page.blocks[from - 1]);
        let stays = likely >= threshold * least
            || (is_announced && likely >= threshold * LEAST_ANNOUNCED)
            || (group.is_embedded && stands_by_text(page, &kept, group.element, from, to));
        kept[from..to].fill(stays);
    }
    // From the last one on, so that a section knows its own sections. What stands above the article is not of it.
    let first = kept.iter().position(|kept| *kept).unwrap_or(kept.len());
    for heading in (first..kept.len()).rev() {
        if page.groups.headings[heading] == heading && page.groups.of[heading] == NONE {
            let below = heading + 1..page.groups.ends[heading];
            kept[heading] = likely[heading] >= threshold * LEAST_OF_HEADING && kept[below].contains(&true);
        }
    }
    kept
}

/// Whether a block is a sentence that ends in a colon.
fn announces(block: &Block) -> bool {
    block.colon && block.weight >= ANNOUNCING && block.link_density() == 0.0
}

/// Whether the block right before or behind a group is kept and stands in the same box.
fn stands_by_text(page: &PageContext<'_, '_>, kept: &[bool], element: u32, from: usize, to: usize) -> bool {
    let is_beside = |i: usize| kept.get(i) == Some(&true) && is_near(page.document, element, page.blocks[i].first_run);
    from.checked_sub(1).is_some_and(is_beside) || is_beside(to)
}

fn is_any(kept: &[bool], from: usize, to: usize) -> bool {
    kept[from..to.min(kept.len())].contains(&true)
}

/// How likely a group is: the mean of its blocks, of which a long one counts more, but not by as much as it is longer.
fn mean(page: &PageContext<'_, '_>, likely: &[f32], from: usize, to: usize) -> f32 {
    let weigh = |i: usize| ln(page.blocks[i].weight);
    let (sum, weight) = (from..to).fold((0.0, 0.0), |(sum, weight), i| {
        (sum + likely[i] * weigh(i), weight + weigh(i))
    });
    sum / weight.max(f32::MIN_POSITIVE)
}
