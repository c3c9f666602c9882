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
    trees: Vec<u32>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    feature: u32,
    threshold: f32,
    branches: [Branch; 2],
}

#[derive(Debug, Clone, Copy)]
enum Branch {
    Node(u32),
    Leaf(f32),
}

/// Trees after which a block may be given up.
const FIRST_LOOK: usize = 40;
/// The log-odds after the first look at which it is: what stands there has no way back.
const HOPELESS: f32 = -3.0;

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
        };
        for (number, line) in text.lines().enumerate() {
            let broken = || format!("line {}: {line:?}", number + 1);
            if line.starts_with('#') || line.is_empty() {
            } else if let Some(name) = line.strip_prefix("feature ") {
                model.features.push(name.to_owned());
            } else if line == "tree" {
                model.trees.push(model.nodes.len() as u32);
            } else {
                let first = *model.trees.last().ok_or_else(broken)?;
                let node = model.node(line, first).ok_or_else(broken)?;
                model.nodes.push(node);
            }
        }
        let is_there = |branch: &Branch| !matches!(branch, Branch::Node(node) if *node as usize >= model.nodes.len());
        match model.nodes.iter().flat_map(|node| &node.branches).all(is_there) {
            true => Ok(model),
            false => Err("a branch leads past the end".to_owned()),
        }
    }

    fn node(&self, line: &str, first: u32) -> Option<Node> {
        let mut fields = line.split(' ');
        let feature = fields.next()?.parse().ok()?;
        let threshold = fields.next()?.parse().ok()?;
        // A branch leads onwards, so that every walk ends.
        let own = self.nodes.len() as u32 - first;
        let mut branch = || {
            let field = fields.next()?;
            Some(match field.strip_prefix('=') {
                Some(leaf) => Branch::Leaf(leaf.parse().ok()?),
                None => Branch::Node(first + field.parse::<u32>().ok().filter(|node| *node > own)?),
            })
        };
        Some(Node {
            feature,
            threshold,
            branches: [branch()?, branch()?],
        })
        .filter(|_| (feature as usize) < self.features.len())
    }

    /// The names of the features that it was fitted on, in order.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// How likely a block with these features is to be of the article, 0 to 1.
    pub fn probability(&self, features: &[f32]) -> f32 {
        let mut odds = 0.0;
        for (i, tree) in self.trees.iter().enumerate() {
            if i == FIRST_LOOK && odds < HOPELESS {
                break;
            }
            odds += self.leaf(*tree, features);
        }
        1.0 / (1.0 + (-odds).exp())
    }

    fn leaf(&self, tree: u32, features: &[f32]) -> f32 {
        let mut at = tree;
        loop {
            let node = &self.nodes[at as usize];
            let right = features[node.feature as usize] > node.threshold;
            match node.branches[usize::from(right)] {
                Branch::Node(next) => at = next,
                Branch::Leaf(value) => return value,
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
