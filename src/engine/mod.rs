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

use crate::rules::{Action, Origin, Rule, RuleSet, Scope, Selector};

/// Rules compiled for the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rulebook {
    rules: Arc<RuleSet>,
    /// The selectors of each scope that rules have, compiled apart: most documents need only those for everywhere.
    scopes: Arc<[(Scope, Arc<Matcher>)]>,
}

impl Rulebook {
    /// Compiles a set.
    pub fn new(rules: RuleSet) -> Self {
        let mut scopes: Vec<Scope> = vec![Scope::default()];
        for rule in rules.rules() {
            if !scopes.contains(&rule.scope) {
                scopes.push(rule.scope.clone());
            }
        }
        let compiled = scopes.into_iter().map(|scope| {
            let matcher = compile(&rules, |_, rule| rule.scope == scope);
            (scope, Arc::new(matcher))
        });
        Rulebook {
            scopes: compiled.collect(),
            rules: Arc::new(rules),
        }
    }

    /// The set.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The rules for one request: those of the set for this document but `without`, and the caller's own selectors.
    ///
    /// # Errors
    /// The first of `without` that names no rule.
    pub fn choose<'a>(
        &self,
        origin: Origin<'_>,
        remove: &[Selector],
        keep: &[Selector],
        without: &'a [String],
    ) -> Result<Choice, &'a str> {
        let rules = self.rules.rules();
        let foreign = rules.iter().enumerate().filter(|(_, rule)| !rule.scope.holds(origin));
        let mut off: Vec<u16> = foreign.map(|(i, _)| i as u16).collect();
        for id in without {
            let number = rules.iter().position(|rule| rule.id == *id).ok_or(id.as_str())?;
            off.push(number as u16);
        }
        let mut matchers: Vec<Arc<Matcher>> = if without.is_empty() {
            let meant = self
                .scopes
                .iter()
                .filter(|(scope, matcher)| scope.holds(origin) && !matcher.is_empty());
            meant.map(|(_, matcher)| Arc::clone(matcher)).collect()
        } else {
            vec![Arc::new(compile(&self.rules, |i, _| !off.contains(&i)))]
        };
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

fn compile(rules: &RuleSet, wanted: impl Fn(u16, &Rule) -> bool) -> Matcher {
    let rules = rules.rules().iter().enumerate().map(|(i, rule)| (i as u16, rule));
    Matcher::new(rules.filter(|(i, rule)| wanted(*i, rule)).flat_map(|(i, rule)| {
        let hit = match rule.action {
            Action::Drop => Hit::DropRule(i),
            Action::Keep => Hit::KeepRule(i),
        };
        rule.selectors.iter().map(move |selector| (selector, hit))
    }))
}
