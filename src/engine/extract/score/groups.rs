//! What of a page is decided as a whole: lists, tables of data, code, quotations and the like, and headings with what stands
//! below them.
//!
//! A block of such a group says little of itself: a cell is a number, an item a link. So each has its group's sums as
//! features, and no group loses a part.

use super::blocks::{Block, Totals, ln};
use crate::engine::{
    document::{Document, NONE},
    extract::units::{UnitKind, Units, embeds},
    html::tags::Tag,
};

/// The mean weight of a block from which on a table places text, and a list parts it, instead of holding data and items.
const LONG_ITEM: f32 = 400.0;
/// The same of a table that hardly looks like one of data: with short cells it loses none either.
const LONG_CELL: f32 = 100.0;
/// Ranks of headings.
const RANKS: usize = 6;

/// The groups of a page and its sections.
#[derive(Debug)]
pub(crate) struct BlockGroups {
    /// The outermost groups in document order.
    pub(crate) all: Vec<BlockGroup>,
    /// Of each block the number of its group, or [`NONE`].
    pub(crate) of: Vec<u32>,
    /// Of each block the heading above it, or [`usize::MAX`].
    pub(crate) headings: Vec<usize>,
    /// Of each heading the block behind its section, which ends before the next heading of its rank or above; 0 for others.
    pub(crate) ends: Vec<usize>,
    /// Of each block the sums of the section that it begins or stands in, up to the next heading of any rank.
    sections: Vec<SectionTotals>,
}

/// A group: its element and its kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockGroup {
    pub(crate) element: u32,
    kind: f32,
    /// Whether it is a post of a social network or a formula, which stand in texts only.
    pub(crate) is_embedded: bool,
}

impl BlockGroup {
    /// Whether it is code or a table of data, which menus and the like are not made of.
    pub(crate) fn is_content(self) -> bool {
        (CODE..=DATA).contains(&self.kind)
    }

    pub(crate) fn is_list(self) -> bool {
        self.kind == LIST
    }
}

const CODE: f32 = 1.0;
const DATA: f32 = 2.0;
const LIST: f32 = 3.0;

/// Sums over the blocks of a section, its heading left out.
#[derive(Debug, Clone, Copy, Default)]
struct SectionTotals {
    weight: f32,
    linked: f32,
    good: f32,
    blocks: f32,
}

impl SectionTotals {
    fn add(&mut self, block: &Block) {
        self.weight += block.weight;
        self.linked += block.linked;
        self.good += if block.is_good() { block.weight } else { 0.0 };
        self.blocks += 1.0;
    }
}

/// What kind of group a unit is, as a feature; 0 for none.
fn kind(unit: &UnitKind) -> f32 {
    match unit {
        UnitKind::Code { .. } | UnitKind::Preformatted => CODE,
        UnitKind::DataTable => DATA,
        UnitKind::List => LIST,
        UnitKind::Definitions => 4.0,
        UnitKind::Quote | UnitKind::Embed { .. } => 5.0,
        UnitKind::Figure | UnitKind::Picture => 6.0,
        UnitKind::Details => 7.0,
        UnitKind::Callout(_) => 8.0,
        UnitKind::Notes => 9.0,
        UnitKind::Formula { .. } => 10.0,
        UnitKind::LayoutTable => 11.0,
        UnitKind::Item
        | UnitKind::GridRow
        | UnitKind::GridCell { .. }
        | UnitKind::CalloutTitle
        | UnitKind::Note(_)
        | UnitKind::NoteContinued
        | UnitKind::InlineNote(_)
        | UnitKind::NoteReference(_)
        | UnitKind::Heading => 0.0,
    }
}

/// The outermost groups.
fn outermost(document: &Document<'_>, units: &Units, sums: &[Totals]) -> Vec<BlockGroup> {
    let units = units.all();
    // Units before each that no list and no table of data holds.
    let mut breaks = Vec::with_capacity(units.len() + 1);
    breaks.push(0u32);
    for unit in units {
        let is_break = matches!(
            unit.kind,
            UnitKind::Heading | UnitKind::DataTable | UnitKind::LayoutTable
        );
        breaks.push(breaks[breaks.len() - 1] + u32::from(is_break));
    }
    let mut found = Vec::new();
    let mut behind = 0;
    for (i, unit) in units.iter().enumerate() {
        let (kind, of) = (kind(&unit.kind), &sums[unit.element as usize]);
        if unit.element < behind || kind == 0.0 || of.blocks == 0 {
            continue;
        }
        let next = document.elements[unit.element as usize].next;
        let inside = i + 1 + units[i + 1..].partition_point(|unit| unit.element < next);
        let long = match unit.kind {
            UnitKind::DataTable | UnitKind::List | UnitKind::Definitions => LONG_ITEM,
            UnitKind::LayoutTable => LONG_CELL,
            _ => f32::INFINITY,
        };
        if long.is_finite() && (breaks[inside] > breaks[i + 1] || of.weight >= long * of.blocks as f32) {
            continue;
        }
        found.push(BlockGroup {
            element: unit.element,
            kind,
            is_embedded: match unit.kind {
                UnitKind::Quote => embeds::is_post(document, unit.element),
                UnitKind::Formula { display, .. } => display,
                _ => false,
            },
        });
        behind = next;
    }
    found
}

impl BlockGroups {
    pub(crate) fn find(
        document: &Document<'_>,
        units: &Units,
        blocks: &[Block],
        sums: &[Totals],
        tags: &[Tag],
    ) -> Self {
        let all = outermost(document, units, sums);
        let mut of = vec![NONE; blocks.len()];
        for (number, group) in all.iter().enumerate() {
            let (from, to) = sums[group.element as usize].span();
            of[from..to].fill(number as u32);
        }
        let mut groups = BlockGroups {
            all,
            of,
            headings: Vec::with_capacity(blocks.len()),
            ends: vec![0; blocks.len()],
            sections: vec![SectionTotals::default(); blocks.len()],
        };
        groups.find_sections(blocks, tags);
        groups
    }

    fn find_sections(&mut self, blocks: &[Block], tags: &[Tag]) {
        // The open section of each rank.
        let mut open = [None; RANKS];
        let mut last = usize::MAX;
        for (i, block) in blocks.iter().enumerate() {
            if tags[i].is_heading() {
                let rank = tags[i].index() - Tag::H1.index();
                for heading in open[rank..].iter_mut().filter_map(Option::take) {
                    self.ends[heading] = i;
                }
                open[rank] = Some(i);
                last = i;
            } else if let Some(section) = self.sections.get_mut(last) {
                section.add(block);
            }
            self.headings.push(last);
        }
        for heading in open.into_iter().flatten() {
            self.ends[heading] = blocks.len();
        }
        for i in 0..blocks.len() {
            self.sections[i] = self.sections.get(self.headings[i]).copied().unwrap_or_default();
        }
    }

    /// The names of the features of a block's group and section.
    pub(crate) const FEATURES: [&'static str; 16] = [
        "group kind",
        "group weight",
        "group density",
        "group blocks",
        "group mean",
        "group good share",
        "group place",
        "group after colon",
        "group before weight",
        "group before density",
        "group after weight",
        "group after density",
        "section weight",
        "section density",
        "section good share",
        "section blocks",
    ];

    /// The features of a block's group and section.
    pub(crate) fn features(&self, blocks: &[Block], sums: &[Totals], i: usize) -> [f32; 16] {
        let mut row = [-1.0; 16];
        row[0] = 0.0;
        if let Some(group) = self.all.get(self.of[i] as usize) {
            let of = &sums[group.element as usize];
            let (first, next) = of.span();
            let before = first.checked_sub(1).and_then(|before| blocks.get(before));
            row[..8].copy_from_slice(&[
                group.kind,
                ln(of.weight),
                of.link_density(),
                ln(of.blocks as f32),
                ln(of.weight / of.blocks.max(1) as f32),
                of.good / of.weight.max(1.0),
                (i - first) as f32 / (of.blocks - 1).max(1) as f32,
                f32::from(u8::from(before.is_some_and(|block| block.colon))),
            ]);
            for (at, block) in [(8, before), (10, blocks.get(next))] {
                if let Some(block) = block {
                    row[at] = ln(block.weight);
                    row[at + 1] = block.link_density();
                }
            }
        }
        let section = &self.sections[i];
        if self.headings[i] != usize::MAX {
            row[12..].copy_from_slice(&[
                ln(section.weight),
                section.linked / section.weight.max(1.0),
                section.good / section.weight.max(1.0),
                ln(section.blocks),
            ]);
        }
        row
    }
}
