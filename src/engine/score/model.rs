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
    groups: Vec<Group>,
}

/// The features of a block, in the order of [`Model::features`], and room for more.
pub type Row = [f32; ROOM];

/// As many as a byte can number, so that no number needs a check.
pub const ROOM: usize = 256;

/// Trees that are walked side by side, each to the depth of the deepest: a leaf leads to itself. So the processor never
/// has to guess where a walk ends, and works on all of them at once.
#[derive(Debug, Clone)]
struct Group {
    trees: [Tree; TOGETHER],
    depth: usize,
}

/// Nodes and leaves; the first is where the walk begins.
type Tree = [Node; NODES];

/// A node in eight bytes, so that all of them stay near.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// The threshold of a node, and what a leaf adds.
    value: f32,
    feature: u8,
    /// Where to go, at most at the threshold and above it.
    branches: [u8; 2],
}

/// Trees of a group.
const TOGETHER: usize = 6;
/// Room for the nodes and leaves of a tree, a power of two: sixteen leaves.
const NODES: usize = 32;
/// Trees between two looks at the sum: whole groups.
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
                trees.push(grow(&branching).ok_or_else(|| broken(number, line))?);
            } else {
                return Err(broken(number, line));
            }
        }
        // Those of one depth together, as far as the looks allow.
        let groups = trees.chunks_mut(LOOK_EVERY).flat_map(|trees| {
            trees.sort_by_key(|(depth, _)| *depth);
            trees
                .chunks(TOGETHER)
                .map(|trees| {
                    let tree = |i: usize| trees.get(i).map_or([Node::default(); NODES], |(_, tree)| *tree);
                    Group {
                        trees: std::array::from_fn(tree),
                        depth: trees.iter().map(|(depth, _)| *depth).max().unwrap_or_default(),
                    }
                })
                .collect::<Vec<_>>()
        });
        Ok(Model {
            groups: groups.collect(),
            features,
        })
    }

    /// The names of the features that it was fitted on, in order.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// How likely a block with these features is to be of the article, 0 to 1.
    pub fn probability(&self, features: &Row) -> f32 {
        let mut odds: f32 = 0.0;
        for (i, group) in self.groups.iter().enumerate() {
            if i % (LOOK_EVERY / TOGETHER) == 0 && odds.abs() > SURE {
                break;
            }
            odds += group.sum(features);
        }
        1.0 / (1.0 + (-odds).exp())
    }
}

impl Group {
    /// What the trees add up to.
    fn sum(&self, features: &Row) -> f32 {
        let node = |tree: &Tree, at: u8| tree[usize::from(at) % NODES];
        let mut at = [0; TOGETHER];
        for _ in 0..self.depth {
            for (at, tree) in at.iter_mut().zip(&self.trees) {
                let node = node(tree, *at);
                let is_above = features[usize::from(node.feature)] > node.value;
                *at = node.branches[usize::from(is_above)];
            }
        }
        self.trees.iter().zip(at).map(|(tree, at)| node(tree, at).value).sum()
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

/// A tree with its depth, if it has nodes, room for all, and all that branches lead to.
fn grow(branching: &[Branching]) -> Option<(usize, Tree)> {
    if branching.len() > NODES {
        return None;
    }
    let mut tree = [Node::default(); NODES];
    let mut depths = [0; NODES];
    let mut leaves = branching.len()..NODES;
    for (number, line) in branching.iter().enumerate() {
        let mut to = |branch: Branch| {
            let at = match branch {
                Branch::Node(node) => Some(node).filter(|node| *node < branching.len())?,
                Branch::Leaf(value) => {
                    let at = leaves.next()?;
                    tree[at] = Node {
                        value,
                        feature: 0,
                        branches: [at as u8; 2],
                    };
                    at
                }
            };
            depths[at] = depths[number] + 1;
            Some(at as u8)
        };
        let branches = [to(line.branches[0])?, to(line.branches[1])?];
        tree[number] = Node {
            value: line.threshold,
            feature: line.feature,
            branches,
        };
    }
    let depth = depths.iter().max().copied().filter(|depth| *depth > 0)?;
    Some((depth, tree))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::score::features;

    const SMALL: &str = "# a comment\nfeature x\nfeature y\ntree\n0 1.5 1 =2\n1 0 =-1 =1\ntree\n1 3 =0.5 =0\n";

    fn odds(likely: f32) -> f32 {
        (likely / (1.0 - likely)).ln()
    }

    #[test]
    fn leaves_of_all_trees_add_up() {
        let model = Model::parse(SMALL).expect("a model");
        for (x, y, sum) in [(1.5, 0.0, -0.5), (1.5, 1.0, 1.5), (2.0, 4.0, 2.0)] {
            let mut row = [0.0; ROOM];
            (row[0], row[1]) = (x, y);
            let got = odds(model.probability(&row));
            assert!((got - sum).abs() < 1e-4, "{x} {y}: {got} and not {sum}");
        }
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
