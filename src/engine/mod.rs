//! HTML becomes an article's content: handlers, outline, score, write; and the stream, which uses the same handlers.
//!
//! Knows no JSON, no HTTP and no clock but its deadline.

mod allow;
mod gate;
mod handlers;
pub mod lines;
pub mod links;
pub mod matcher;
pub mod outline;
pub mod score;
mod stack;
pub mod stream;
pub mod tags;
pub mod tokens;
pub mod verdict;
mod walker;
pub mod write;

use std::sync::Arc;

pub use handlers::survey;
pub use links::Links;
pub use matcher::{Hit, Matcher};
pub use outline::Outline;
pub use score::Mode;
pub use walker::Choice;
pub use write::{Content, Node};

use crate::rules::{Action, RuleSet, Selector};

/// Rules compiled for the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rulebook {
    rules: Arc<RuleSet>,
    matcher: Arc<Matcher>,
}

impl Rulebook {
    /// Compiles a set.
    pub fn new(rules: RuleSet) -> Self {
        let matcher = Arc::new(compile(&rules, &[]));
        Rulebook {
            rules: Arc::new(rules),
            matcher,
        }
    }

    /// The set.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The rules for one request: those of the set but for `without`, and the caller's own selectors.
    ///
    /// # Errors
    /// The first of `without` that names no rule.
    pub fn choose<'a>(&self, remove: &[Selector], keep: &[Selector], without: &'a [String]) -> Result<Choice, &'a str> {
        let mut off = Vec::with_capacity(without.len());
        for id in without {
            match self.rules.rules().iter().position(|rule| rule.id == *id) {
                Some(number) => off.push(number as u16),
                None => return Err(id),
            }
        }
        let set = if off.is_empty() {
            Arc::clone(&self.matcher)
        } else {
            Arc::new(compile(&self.rules, &off))
        };
        let mut matchers = vec![set];
        if !remove.is_empty() || !keep.is_empty() {
            let removes = remove.iter().map(|selector| (selector, Hit::Remove));
            let keeps = keep.iter().map(|selector| (selector, Hit::Keep));
            matchers.push(Arc::new(Matcher::new(removes.chain(keeps))));
        }
        Ok(Choice {
            rules: Arc::clone(&self.rules),
            matchers,
            without: off,
        })
    }
}

fn compile(rules: &RuleSet, without: &[u16]) -> Matcher {
    let rules = rules.rules().iter().enumerate().map(|(i, rule)| (i as u16, rule));
    Matcher::new(rules.filter(|(i, _)| !without.contains(i)).flat_map(|(i, rule)| {
        let hit = match rule.action {
            Action::Drop => Hit::DropRule(i),
            Action::Keep => Hit::KeepRule(i),
        };
        rule.selectors.iter().map(move |selector| (selector, hit))
    }))
}
