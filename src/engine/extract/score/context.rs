//! What the features of blocks are made from, and the row that they are written to.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    blocks::{Block, Totals},
    groups::BlockGroups,
    model::Row,
    names::ElementNames,
    signals::SignalSet,
};
use crate::engine::{document::Document, html::tags::Tag};

/// Levels above a block from which on a name says nothing more; also the value for "no such name".
pub(crate) const FAR: f32 = 12.0;

/// Steps up the tree from which on the figure does not grow.
pub(crate) const STEPS: f32 = 30.0;

/// All that the features are made from.
pub(crate) struct PageContext<'o, 's> {
    pub(crate) document: &'o Document<'s>,
    pub(crate) names: &'o ElementNames<'o, 's>,
    pub(crate) blocks: &'o [Block],
    pub(crate) sums: &'o [Totals],
    pub(crate) winner: u32,
    /// The weight of all good blocks.
    pub(crate) good: f32,
    /// First and last good block inside the winner.
    pub(crate) span: (usize, usize),
    /// The tag of each block.
    pub(crate) tags: Vec<Tag>,
    /// What of them is decided as a whole.
    pub(crate) groups: BlockGroups,
    /// The logarithm of each block's weight.
    pub(crate) weights: Vec<f32>,
    /// Of each block: its tag and class, and those of the element around it.
    pub(crate) signatures: Vec<u64>,
    /// Blocks, weight, linked weight and good weight of all blocks with one signature.
    pub(crate) kin: HashMap<u64, [f32; 4], RandomState>,
    /// How often the same letters make a block.
    pub(crate) repeats: HashMap<u64, f32, RandomState>,
    /// Siblings of one family: how many they are, their good weight and their weight.
    pub(crate) siblings: HashMap<(u32, u64), [f32; 3], RandomState>,
    /// What the words of each short block say, and its first words.
    pub(crate) words: Vec<(SignalSet, SignalSet)>,
    /// Which blocks are the page's title, or its description.
    pub(crate) titles: Vec<(bool, bool)>,
    /// Whether a block is asked about at all: see [`PageContext::is_hopeless`].
    pub(crate) hopeless: Vec<bool>,
    /// The nearest good block before each block and behind it, with the weight between.
    pub(crate) before: Vec<(usize, f32)>,
    pub(crate) after: Vec<(usize, f32)>,
}

/// A row that is being filled.
pub(crate) struct FeatureWriter<'r> {
    row: &'r mut Row,
    filled: usize,
}

impl<'r> FeatureWriter<'r> {
    pub(crate) fn new(row: &'r mut Row) -> Self {
        FeatureWriter { row, filled: 0 }
    }

    pub(crate) fn add(&mut self, values: &[f32]) {
        let from = self.filled;
        self.filled += values.len();
        self.row[from..self.filled].copy_from_slice(values);
    }
}

pub(crate) fn each_bit(mut bits: u32, mut take: impl FnMut(usize)) {
    while bits != 0 {
        take(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}
