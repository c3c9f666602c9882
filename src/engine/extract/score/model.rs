//! Boosted decision trees: how likely a block is to be of the article, and of which kind a page is.
//!
//! Fitted by `training/fit.py` (gradient boosting, Friedman 2001, over oblivious trees, CatBoost: Prokhorenkova et al. 2018)
//! and written as text: a line `feature NAME` for each feature; for each output a line `output NAME BIAS`, then its trees, each
//! a line `tree FEATURE THRESHOLD FEATURE THRESHOLD …` and a line with its leaves. All nodes on one level of a tree compare the
//! same feature with the same threshold, so that a leaf's number has a bit for each level, the first the lowest: whether the
//! value is above the threshold. A leaf is what the tree adds to the log-odds.

use std::sync::LazyLock;

/// Boosted trees.
#[derive(Debug)]
pub struct Model {
    features: Vec<String>,
    outputs: Vec<Output>,
}

/// The trees that say one thing.
#[derive(Debug)]
struct Output {
    name: String,
    bias: f32,
    trees: Vec<Tree>,
}

/// The features of a block or a page, in the order of [`Model::features`], with spare slots.
pub type Row = [f32; ROOM];

/// As many as a byte can number, so that no number needs a check.
pub const ROOM: usize = 256;

#[derive(Debug, Clone)]
struct Tree {
    /// From the highest bit of a leaf's number to the lowest.
    splits: Vec<Split>,
    leaves: [f32; LEAVES],
}

#[derive(Debug, Clone, Copy)]
struct Split {
    threshold: f32,
    feature: u8,
}

/// Levels of a tree.
const DEPTH: usize = 6;
const LEAVES: usize = 1 << DEPTH;
/// Blocks that a tree reads at once.
const TOGETHER: usize = 8;
/// Blocks that are collected before any is asked about.
const GROUP: usize = 64;
/// Trees between two looks at the sum.
const LOOK_EVERY: usize = 50;
/// Log-odds past which the rest of the trees will not turn a block around, either way.
const SURE: f32 = 4.0;

impl Model {
    /// The one about blocks that is compiled in. Its output is whether a block is of the article.
    pub fn of_blocks() -> &'static Model {
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model::built_in(include_str!("blocks.txt")));
        &MODEL
    }

    /// The one about pages that is compiled in. It has an output for each kind of page.
    pub fn of_pages() -> &'static Model {
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model::built_in(include_str!("pages.txt")));
        &MODEL
    }

    /// One that is compiled in.
    pub(crate) fn built_in(text: &str) -> Model {
        // Every test run reads it.
        Model::parse(text).unwrap_or_else(|e| unreachable!("a built-in model: {e}"))
    }

    /// Reads a model.
    ///
    /// # Errors
    /// The first line that is none of a model's.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut model = Model {
            features: Vec::new(),
            outputs: Vec::new(),
        };
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let mut words = line.split(' ');
            let read = match words.next() {
                Some("#" | "") => Some(()),
                Some("feature") if model.outputs.is_empty() => {
                    let name = line.split_once(' ').map(|(_, name)| name.to_owned());
                    name.filter(|_| model.features.len() < ROOM)
                        .map(|name| model.features.push(name))
                }
                Some("output") => Output::parse(words).map(|output| model.outputs.push(output)),
                Some("tree") => {
                    let leaves = lines.next().map_or("", |(_, line)| line);
                    let output = model.outputs.last_mut();
                    output
                        .zip(Tree::parse(words, leaves, model.features.len()))
                        .map(|(output, tree)| output.trees.push(tree))
                }
                _ => None,
            };
            read.ok_or_else(|| format!("line {}: {line:?}", number + 1))?;
        }
        match model.outputs.is_empty() {
            true => Err("no output".to_owned()),
            false => Ok(model),
        }
    }

    /// The names of the features that it was fitted on, in order.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The names of what it says, in order.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|output| output.name.as_str())
    }

    /// Begins to ask how likely blocks are, by the first output.
    pub fn ask(&self) -> FeatureBatch<'_> {
        FeatureBatch {
            output: &self.outputs[0],
            width: self.features.len(),
            rows: Vec::with_capacity(GROUP * self.features.len()),
            blocks: Vec::with_capacity(GROUP),
            columns: Vec::new(),
        }
    }

    /// How likely each output is for one row, of which just one holds: their probabilities, in parts of their sum.
    pub fn shares(&self, row: &Row) -> Vec<f32> {
        let one = |output: &Output| {
            let sum = |sum, tree: &Tree| sum + tree.of(row);
            probability(output.trees.iter().fold(output.bias, sum))
        };
        let likely: Vec<f32> = self.outputs.iter().map(one).collect();
        let all = likely.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        likely.iter().map(|p| p / all).collect()
    }
}

fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

/// The values of each feature, for so many blocks.
type Columns = [[f32; TOGETHER]; ROOM];

/// Blocks whose features are collected until they are enough to be asked about at once.
pub struct FeatureBatch<'m> {
    output: &'m Output,
    /// Features of a block.
    width: usize,
    /// Of each block its features.
    rows: Vec<f32>,
    blocks: Vec<usize>,
    /// Those of the blocks that no answer is sure about yet, by feature.
    columns: Vec<Columns>,
}

impl FeatureBatch<'_> {
    /// Asks about a block: its own features, and behind them those of its page. The answer is in `likely` now or once the batch
    /// has ended, at the block's number.
    pub fn add(&mut self, block: usize, own: &[f32], page: &[f32], likely: &mut [f32]) {
        self.rows.extend_from_slice(&own[..self.width - page.len()]);
        self.rows.extend_from_slice(page);
        self.blocks.push(block);
        if self.blocks.len() == GROUP {
            self.answer(likely);
        }
    }

    /// Answers what is left.
    pub fn end(mut self, likely: &mut [f32]) {
        self.answer(likely);
    }

    fn answer(&mut self, likely: &mut [f32]) {
        let mut odds = [self.output.bias; GROUP];
        let mut asked: Vec<usize> = (0..self.blocks.len()).collect();
        self.lay_out(&asked);
        for trees in self.output.trees.chunks(LOOK_EVERY) {
            let unsure = |i: &usize| odds[*i].abs() <= SURE;
            let open = asked.iter().copied().filter(unsure);
            // Most blocks are sure soon: the others move together.
            if open.clone().count().div_ceil(TOGETHER) < self.columns.len() {
                asked = open.collect();
                self.lay_out(&asked);
            }
            for (columns, asked) in self.columns.iter().zip(asked.chunks(TOGETHER)) {
                let mut sums = [0.0; TOGETHER];
                sums.iter_mut().zip(asked).for_each(|(sum, i)| *sum = odds[*i]);
                trees.iter().for_each(|tree| tree.add(columns, &mut sums));
                for (i, sum) in asked.iter().zip(sums) {
                    let is_sure = odds[*i].abs() > SURE;
                    odds[*i] = if is_sure { odds[*i] } else { sum };
                }
            }
        }
        for (block, odds) in self.blocks.drain(..).zip(odds) {
            likely[block] = probability(odds);
        }
        self.rows.clear();
    }

    /// Puts the features of these blocks side by side.
    fn lay_out(&mut self, asked: &[usize]) {
        self.columns
            .resize(asked.len().div_ceil(TOGETHER), [[0.0; TOGETHER]; ROOM]);
        for (columns, asked) in self.columns.iter_mut().zip(asked.chunks(TOGETHER)) {
            for (place, i) in asked.iter().enumerate() {
                for (values, value) in columns.iter_mut().zip(&self.rows[i * self.width..][..self.width]) {
                    values[place] = *value;
                }
            }
        }
    }
}

impl Output {
    fn parse<'l>(mut words: impl Iterator<Item = &'l str>) -> Option<Self> {
        Some(Output {
            name: words.next()?.to_owned(),
            bias: words.next()?.parse().ok()?,
            trees: Vec::new(),
        })
    }
}

impl Tree {
    /// Adds what it says of each block.
    fn add(&self, values: &Columns, sums: &mut [f32; TOGETHER]) {
        let mut leaf = [0u32; TOGETHER];
        for split in &self.splits {
            let values = &values[usize::from(split.feature)];
            // Without a branch, so that the compiler makes one step of several blocks.
            for (leaf, value) in leaf.iter_mut().zip(values) {
                *leaf = (*leaf << 1) | u32::from(*value > split.threshold);
            }
        }
        for (sum, leaf) in sums.iter_mut().zip(leaf) {
            *sum += self.leaves[leaf as usize % LEAVES];
        }
    }

    /// What it says of one row.
    fn of(&self, row: &Row) -> f32 {
        let step =
            |leaf: usize, split: &Split| leaf << 1 | usize::from(row[usize::from(split.feature)] > split.threshold);
        self.leaves[self.splits.iter().fold(0, step) % LEAVES]
    }

    fn parse<'l>(mut splits: impl Iterator<Item = &'l str>, leaves: &str, features: usize) -> Option<Self> {
        let mut tree = Tree {
            splits: Vec::new(),
            leaves: [0.0; LEAVES],
        };
        while let Some(feature) = splits.next() {
            let feature = feature.parse().ok().filter(|f| usize::from(*f) < features)?;
            let threshold = splits.next()?.parse().ok()?;
            tree.splits.insert(0, Split { threshold, feature });
        }
        let depth = Some(tree.splits.len()).filter(|depth| *depth <= DEPTH)?;
        let mut count = 0;
        for leaf in leaves.split(' ') {
            *tree.leaves.get_mut(count)? = leaf.parse().ok()?;
            count += 1;
        }
        (count == 1 << depth).then_some(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::extract::{
        page_kind::PageKind,
        score::{features, page_kind},
    };

    const SMALL: &str = "# a comment\nfeature x\nfeature y\noutput first 0.5\ntree 0 1.5 1 0\n-1 2 1 3\ntree 1 3\n0.5 0\n\
         output second 0\ntree 0 1\n-1 1\n";

    /// What the trees add up to for blocks with these two features.
    fn odds(model: &Model, blocks: &[(f32, f32)]) -> Vec<f32> {
        let mut likely = vec![0.0; blocks.len()];
        let mut batch = model.ask();
        for (i, (x, y)) in blocks.iter().enumerate() {
            batch.add(i, &[*x], &[*y], &mut likely);
        }
        batch.end(&mut likely);
        likely.iter().map(|p| (p / (1.0 - p)).ln()).collect()
    }

    #[test]
    fn leaves_of_all_trees_add_up() {
        let model = Model::parse(SMALL).expect("a model");
        let blocks = [(1.5, 0.0), (1.5, 1.0), (2.0, 0.0), (2.0, 4.0), (f32::NAN, 1.0)];
        let sums = [0.0, 2.0, 3.0, 3.5, 2.0];
        for (got, (sum, block)) in odds(&model, &blocks).iter().zip(sums.iter().zip(blocks)) {
            assert!((got - sum).abs() < 1e-4, "{block:?}: {got} and not {sum}");
        }
    }

    #[test]
    fn many_blocks_are_answered_as_each_alone() {
        let model = Model::parse(SMALL).expect("a model");
        let blocks: Vec<_> = (0..3 * GROUP + 1).map(|i| (i as f32 / 8.0, i as f32 % 5.0)).collect();
        let alone: Vec<f32> = blocks.iter().flat_map(|block| odds(&model, &[*block])).collect();
        assert_eq!(odds(&model, &blocks), alone);
    }

    #[test]
    fn what_is_sure_asks_no_more_trees() {
        let sure = format!(
            "feature x\nfeature y\noutput z 0\n{}tree 0 0\n9 -9\n",
            "tree 0 0\n0.2 -0.05\n".repeat(LOOK_EVERY)
        );
        let model = Model::parse(&sure).expect("a model");
        let got = odds(&model, &[(0.0, 0.0), (1.0, 0.0)]);
        assert!((got[0] - 10.0).abs() < 0.01, "{got:?}");
        assert!((got[1] + 11.5).abs() < 0.1, "{got:?}");
    }

    #[test]
    fn shares_of_outputs_add_up_to_one() {
        let model = Model::parse(SMALL).expect("a model");
        let mut row = [0.0; ROOM];
        row[0] = 2.0;
        let shares = model.shares(&row);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{shares:?}");
        // 0.5 + 2 + 0.5 against 1.
        assert!((shares[0] - 0.5658).abs() < 1e-3, "{shares:?}");
        assert_eq!(model.outputs().collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn what_is_no_model_is_refused_with_its_line() {
        for (text, line) in [
            ("feature x\ntree 0 1\n0 0\n", 2),
            ("feature x\noutput y\n", 2),
            ("feature x\noutput y 0\ntree 1 1\n0 0\n", 3),
            ("feature x\noutput y 0\ntree 0\n0 0\n", 3),
            ("feature x\noutput y 0\ntree 0 1\n0\n", 3),
            ("feature x\noutput y 0\ntree 0 1\n0 0 0\n", 3),
            ("feature x\noutput y 0\ntree 0 1\n", 3),
            ("feature x\noutput y 0\nfeature z\n", 3),
            ("feature x\noutput y 0\ntree 0 1 0 1 0 1 0 1 0 1 0 1 0 1\n0\n", 3),
        ] {
            let error = Model::parse(text).expect_err(text);
            assert!(error.starts_with(&format!("line {line}:")), "{text}: {error}");
        }
        assert!(Model::parse("feature x\n").is_err());
    }

    #[test]
    fn the_built_in_ones_were_fitted_on_these_features() {
        assert_eq!(Model::of_blocks().features(), features::names());
        assert_eq!(Model::of_pages().features(), page_kind::names());
        assert!(Model::of_pages().outputs().eq(PageKind::ALL.map(PageKind::as_str)));
    }
}
