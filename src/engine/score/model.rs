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
    /// The first node of each tree.
    trees: Vec<u16>,
    nodes: Vec<Node>,
    leaves: Vec<f32>,
}

/// A node, small so that all of them stay near.
#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f32,
    feature: u16,
    /// Where to go: the number of a node, or of a leaf with [`LEAF`] set.
    branches: [u16; 2],
}

/// What marks a branch as a leaf.
const LEAF: u16 = 1 << 15;
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
    /// The first line that is none of a model's.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut model = Model {
            features: Vec::new(),
            trees: Vec::new(),
            nodes: Vec::new(),
            leaves: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let broken = || format!("line {}: {line:?}", number + 1);
            if line.starts_with('#') || line.is_empty() {
            } else if let Some(name) = line.strip_prefix("feature ") {
                model.features.push(name.to_owned());
            } else if line == "tree" {
                model.trees.push(model.nodes.len() as u16);
            } else {
                let first = *model.trees.last().ok_or_else(broken)?;
                let node = model.node(line, first).ok_or_else(broken)?;
                model.nodes.push(node);
            }
        }
        let nodes = model.nodes.len();
        let is_there = |branch: &u16| branch & LEAF != 0 || usize::from(*branch) < nodes;
        if nodes.max(model.leaves.len()) >= usize::from(LEAF) {
            return Err("too many nodes".to_owned());
        }
        match model.nodes.iter().flat_map(|node| &node.branches).all(is_there) {
            true => Ok(model),
            false => Err("a branch leads past the end".to_owned()),
        }
    }

    fn node(&mut self, line: &str, first: u16) -> Option<Node> {
        let mut fields = line.split(' ');
        let feature = fields.next()?.parse().ok()?;
        let threshold = fields.next()?.parse().ok()?;
        // A branch leads onwards, so that every walk ends.
        let own = self.nodes.len() - usize::from(first);
        let mut branch = || {
            let field = fields.next()?;
            Some(match field.strip_prefix('=') {
                Some(leaf) => {
                    self.leaves.push(leaf.parse().ok()?);
                    LEAF | (self.leaves.len() - 1) as u16
                }
                None => {
                    first
                        + field
                            .parse::<u16>()
                            .ok()
                            .filter(|node| usize::from(*node) > own && *node < LEAF)?
                }
            })
        };
        let branches = [branch()?, branch()?];
        Some(Node {
            threshold,
            feature,
            branches,
        })
        .filter(|_| usize::from(feature) < self.features.len())
    }

    /// The names of the features that it was fitted on, in order.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// How likely a block with these features is to be of the article, 0 to 1.
    pub fn probability(&self, features: &[f32]) -> f32 {
        let mut odds: f32 = 0.0;
        for (i, tree) in self.trees.iter().enumerate() {
            if i % LOOK_EVERY == 0 && odds.abs() > SURE {
                break;
            }
            odds += self.leaf(*tree, features);
        }
        1.0 / (1.0 + (-odds).exp())
    }

    fn leaf(&self, tree: u16, features: &[f32]) -> f32 {
        let mut at = tree;
        loop {
            let node = &self.nodes[usize::from(at)];
            let right = features[usize::from(node.feature)] > node.threshold;
            at = node.branches[usize::from(right)];
            if at & LEAF != 0 {
                return self.leaves[usize::from(at & !LEAF)];
            }
        }
    }
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
        for (features, sum) in [([1.5, 0.0], -0.5), ([1.5, 1.0], 1.5), ([2.0, 4.0], 2.0)] {
            let got = odds(model.probability(&features));
            assert!((got - sum).abs() < 1e-4, "{features:?}: {got} and not {sum}");
        }
    }

    #[test]
    fn what_is_no_model_is_refused_with_its_line() {
        for (text, line) in [
            ("feature x\n0 1 =0 =0\n", 2),
            ("feature x\ntree\n1 1 =0 =0\n", 3),
            ("feature x\ntree\n0 1 0 =0\n", 3),
            ("feature x\ntree\n0 1 =0\n", 3),
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
