//! The model that says how likely a block is to be of the article: boosted decision trees over its features.
//!
//! Fitted by `training/fit.py` (gradient boosting; Friedman 2001; LightGBM) and written as text: a line a feature with its
//! name, then each tree as its nodes in order. A node is `feature threshold left right`: where the feature's value is at
//! most the threshold the left branch is taken; a branch is a node's number, or `=` and what its leaf adds to the log-odds.

use std::sync::LazyLock;

/// Boosted trees.
#[derive(Debug)]
pub struct Model {
    features: Vec<String>,
    trees: Vec<Tree>,
}

/// The features of a block, in the order of [`Model::features`], and room for more.
pub type Row = [f32; ROOM];

/// As many as a byte can number, so that no number needs a check.
pub const ROOM: usize = 256;

/// A tree that reads the features of many blocks at once: each node says which leaves are out, and the first one that is
/// still in is the one that a walk would reach (QuickScorer; Lucchese et al. 2015). No step waits for the one before.
#[derive(Debug, Clone, Default)]
struct Tree {
    /// Those that a tree has no need of are never above.
    nodes: [Node; LEAVES - 1],
    /// What each leaf adds, from left to right.
    leaves: [f32; LEAVES],
}

#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    /// A bit for each leaf of the left branch, which are out where the value is above the threshold.
    left: u32,
    feature: u8,
}

impl Default for Node {
    fn default() -> Self {
        Node {
            threshold: f32::INFINITY,
            left: 0,
            feature: 0,
        }
    }
}

/// Room for the leaves of a tree.
const LEAVES: usize = 32;
/// Blocks that a tree reads at once.
const TOGETHER: usize = 8;
/// Blocks that are collected before any is asked about.
const GROUP: usize = 64;
/// Trees between two looks at the sum.
const LOOK_EVERY: usize = 30;
/// Log-odds past which the rest of the trees will not turn a block around, either way.
const SURE: f32 = 3.5;

impl Model {
    /// The model that is compiled in.
    pub fn built_in() -> &'static Model {
        static MODEL: LazyLock<Model> = LazyLock::new(|| {
            // Every test run reads it.
            Model::parse(include_str!("model.txt")).unwrap_or_else(|e| unreachable!("model.txt: {e}"))
        });
        &MODEL
    }

    /// Reads a model.
    ///
    /// # Errors
    /// The first line that is none of a model's, or begins a tree that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut features = Vec::new();
        let mut trees = Vec::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let broken = |number: usize, line: &str| format!("line {}: {line:?}", number + 1);
            if line.starts_with('#') || line.is_empty() {
            } else if let Some(name) = line.strip_prefix("feature ") {
                features.push(name.to_owned());
            } else if line == "tree" {
                let mut branching = Vec::new();
                while let Some((number, line)) =
                    lines.next_if(|(_, line)| line.starts_with(|c: char| c.is_ascii_digit()))
                {
                    branching.push(
                        Branching::parse(line, branching.len(), features.len()).ok_or_else(|| broken(number, line))?,
                    );
                }
                trees.push(Tree::grow(&branching).ok_or_else(|| broken(number, line))?);
            } else {
                return Err(broken(number, line));
            }
        }
        Ok(Model { features, trees })
    }

    /// The names of the features that it was fitted on, in order.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Begins to ask how likely blocks are to be of the article.
    pub fn ask(&self) -> Batch<'_> {
        Batch {
            model: self,
            rows: Vec::with_capacity(GROUP * self.features.len()),
            blocks: Vec::with_capacity(GROUP),
            columns: Vec::new(),
        }
    }
}

/// The values of each feature, for so many blocks.
type Columns = [[f32; TOGETHER]; ROOM];

/// Blocks whose features are collected until they are enough to be asked about at once.
pub struct Batch<'m> {
    model: &'m Model,
    /// Of each block its features.
    rows: Vec<f32>,
    blocks: Vec<usize>,
    /// Those of the blocks that no answer is sure about yet, by feature.
    columns: Vec<Columns>,
}

impl Batch<'_> {
    /// Asks about a block. The answer is in `likely` now or once the batch has ended, at the block's number.
    pub fn add(&mut self, block: usize, features: &Row, likely: &mut [f32]) {
        self.rows.extend_from_slice(&features[..self.model.features.len()]);
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
        let mut odds = [0.0f32; GROUP];
        let mut asked: Vec<usize> = (0..self.blocks.len()).collect();
        self.lay_out(&asked);
        for trees in self.model.trees.chunks(LOOK_EVERY) {
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
            likely[block] = 1.0 / (1.0 + (-odds).exp());
        }
        self.rows.clear();
    }

    /// Puts the features of these blocks side by side.
    fn lay_out(&mut self, asked: &[usize]) {
        let count = self.model.features.len();
        self.columns
            .resize(asked.len().div_ceil(TOGETHER), [[0.0; TOGETHER]; ROOM]);
        for (columns, asked) in self.columns.iter_mut().zip(asked.chunks(TOGETHER)) {
            for (place, i) in asked.iter().enumerate() {
                for (values, value) in columns.iter_mut().zip(&self.rows[i * count..][..count]) {
                    values[place] = *value;
                }
            }
        }
    }
}

impl Tree {
    /// Adds what it says of each block.
    fn add(&self, values: &Columns, sums: &mut [f32; TOGETHER]) {
        let mut out = [0u32; TOGETHER];
        for node in &self.nodes {
            let values = &values[usize::from(node.feature)];
            let left = node.left;
            // Without a branch, so that the compiler makes one step of several blocks.
            for (out, value) in out.iter_mut().zip(values) {
                *out |= if *value > node.threshold { u32::MAX } else { 0 } & left;
            }
        }
        for (sum, out) in sums.iter_mut().zip(out) {
            *sum += self.leaves[out.trailing_ones() as usize % LEAVES];
        }
    }

    /// A tree with room for all leaves, each line of which is reached once.
    fn grow(lines: &[Branching]) -> Option<Self> {
        let mut tree = Tree::default();
        let (mut nodes, mut leaves) = (0, 0);
        tree.branch(Branch::Node(0), lines, &mut nodes, &mut leaves)?;
        (nodes == lines.len()).then_some(tree)
    }

    /// Adds what a branch leads to, the leaves from left to right.
    fn branch(&mut self, branch: Branch, lines: &[Branching], nodes: &mut usize, leaves: &mut usize) -> Option<()> {
        match branch {
            Branch::Leaf(value) => {
                *self.leaves.get_mut(*leaves)? = value;
                *leaves += 1;
            }
            Branch::Node(number) => {
                let line = lines.get(number)?;
                let node = *nodes;
                self.nodes.get(node)?;
                *nodes += 1;
                let first = *leaves;
                self.branch(line.branches[0], lines, nodes, leaves)?;
                self.nodes[node] = Node {
                    threshold: line.threshold,
                    left: ((1u64 << *leaves) - (1 << first)) as u32,
                    feature: line.feature,
                };
                self.branch(line.branches[1], lines, nodes, leaves)?;
            }
        }
        Some(())
    }
}

/// A line of a tree.
struct Branching {
    feature: u8,
    threshold: f32,
    branches: [Branch; 2],
}

#[derive(Clone, Copy)]
enum Branch {
    Node(usize),
    Leaf(f32),
}

impl Branching {
    /// Reads the line of a node with this number.
    fn parse(line: &str, number: usize, features: usize) -> Option<Self> {
        let mut fields = line.split(' ');
        let feature = fields
            .next()?
            .parse()
            .ok()
            .filter(|feature| usize::from(*feature) < features)?;
        let threshold = fields.next()?.parse().ok()?;
        let mut branch = || {
            let field = fields.next()?;
            Some(match field.strip_prefix('=') {
                Some(leaf) => Branch::Leaf(leaf.parse().ok()?),
                // Onwards, so that every walk ends.
                None => Branch::Node(field.parse().ok().filter(|node| *node > number)?),
            })
        };
        Some(Branching {
            feature,
            threshold,
            branches: [branch()?, branch()?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::score::features;

    const SMALL: &str = "# a comment\nfeature x\nfeature y\ntree\n0 1.5 1 =2\n1 0 =-1 =1\ntree\n1 3 =0.5 =0\n";

    /// What the trees add up to for blocks with these two features.
    fn odds(model: &Model, blocks: &[(f32, f32)]) -> Vec<f32> {
        let mut likely = vec![0.0; blocks.len()];
        let mut batch = model.ask();
        for (i, (x, y)) in blocks.iter().enumerate() {
            let mut row = [0.0; ROOM];
            (row[0], row[1]) = (*x, *y);
            batch.add(i, &row, &mut likely);
        }
        batch.end(&mut likely);
        likely.iter().map(|p| (p / (1.0 - p)).ln()).collect()
    }

    #[test]
    fn leaves_of_all_trees_add_up() {
        let model = Model::parse(SMALL).expect("a model");
        let blocks = [(1.5, 0.0), (1.5, 1.0), (2.0, 4.0), (f32::NAN, 1.0)];
        let sums = [-0.5, 1.5, 2.0, 1.5];
        for (got, (sum, block)) in odds(&model, &blocks).iter().zip(sums.iter().zip(blocks)) {
            assert!((got - sum).abs() < 1e-4, "{block:?}: {got} and not {sum}");
        }
    }

    #[test]
    fn many_blocks_are_answered_as_each_alone() {
        let model = Model::parse(SMALL).expect("a model");
        let blocks: Vec<_> = (0..3 * TOGETHER + 1)
            .map(|i| (i as f32 / 8.0, i as f32 % 5.0))
            .collect();
        let alone: Vec<f32> = blocks.iter().flat_map(|block| odds(&model, &[*block])).collect();
        assert_eq!(odds(&model, &blocks), alone);
    }

    #[test]
    fn what_is_sure_asks_no_more_trees() {
        let sure = format!(
            "feature x\n{}tree\n0 0 =9 =-9\n",
            "tree\n0 0 =0.2 =-0.05\n".repeat(LOOK_EVERY)
        );
        let model = Model::parse(&sure).expect("a model");
        let got = odds(&model, &[(0.0, 0.0), (1.0, 0.0)]);
        assert!((got[0] - 6.0).abs() < 0.01, "{got:?}");
        assert!((got[1] + 10.5).abs() < 0.1, "{got:?}");
    }

    #[test]
    fn what_is_no_model_is_refused_with_its_line() {
        for (text, line) in [
            ("feature x\n0 1 =0 =0\n", 2),
            ("feature x\ntree\n1 1 =0 =0\n", 3),
            ("feature x\ntree\n0 1 0 =0\n", 3),
            ("feature x\ntree\n0 1 =0\n", 3),
            ("feature x\ntree\n", 2),
            ("feature x\ntree\n0 1 1 =0\n", 2),
            ("feature x\ntree\n0 1 1 1\n0 1 =0 =0\n", 2),
            ("feature x\ntree\n0 1 =0 =0\n0 1 =0 =0\n", 2),
        ] {
            let error = Model::parse(text).expect_err(text);
            assert!(error.starts_with(&format!("line {line}:")), "{error}");
        }
    }

    #[test]
    fn the_built_in_one_was_fitted_on_these_features() {
        assert_eq!(Model::built_in().features(), features::names());
    }
}
