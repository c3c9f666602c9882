//! Rules: what is dropped, as data that anyone can read, each with its reason and an example that runs as a test.
//!
//! This module loads and checks them; `engine::selectors` matches them and `engine::extract::lines` applies those about text.

mod file;
mod filter_list;
mod load;
mod scope;
pub mod selector;

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};

pub use file::{FieldName, RuleError};
pub use filter_list::Skipped;
pub use load::{RuleSources, fingerprint, read};
pub use scope::{DocumentContext, Scope};
pub use selector::{Selector, SelectorError};

use crate::pattern::{self, Patterns};

/// What a removed block was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Paid for.
    Advertisement,
    /// The publisher's own wares: apps, QR codes, newsletters, begging for likes.
    Promotion,
    /// Ways to other pages.
    Navigation,
    /// Other articles.
    Related,
    /// Who wrote, edited and first printed it: fields of their own.
    Credit,
    /// Copyright, disclaimers.
    Legal,
    /// Pixels and counters.
    Tracking,
    /// The machinery of a page: scripts, style sheets, forms, buttons.
    Chrome,
    /// What a browser would not show.
    Hidden,
    /// The caller's own `remove=`.
    User,
}

/// What becomes of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It goes, with all that is in it.
    #[default]
    Drop,
    /// It goes, and so does everything behind it inside the same element.
    DropRest,
    /// It stays, whatever drop rules and the score say.
    Keep,
    /// Its tags go, what is in it stays. Only on `/v1/normalize`.
    Unwrap,
    /// It stays; only its fields are taken.
    Take,
}

/// One rule. At least one of `selectors`, `comment` and `text` is set.
#[derive(Debug)]
pub struct Rule {
    /// `file/name`, unique, stable.
    pub id: String,
    /// What the block was.
    pub category: Category,
    /// The cause it answers, for a person.
    pub why: String,
    /// What becomes of a match.
    pub action: Action,
    /// The documents that it is for.
    pub scope: Scope,
    /// Elements by selector. Works on both routes.
    pub selectors: Vec<Selector>,
    /// The selectors as written.
    pub select: Vec<String>,
    /// Comments by pattern, searched in what stands between `<!--` and `-->`. Works on both routes. Named groups give fields.
    pub comment: Option<Regex>,
    /// Lines of text (a block, or what stands between its line breaks) by a pattern of the whole line, white space
    /// squashed. Only on `/v1/normalize`. Named groups give fields.
    pub text: Option<Regex>,
    /// The field that the elements give.
    pub field: Option<FieldName>,
    /// Held by tests.
    pub examples: Vec<Example>,
}

impl Rule {
    /// Whether any of it works on `/v1/clean`, where only start tags and comments can be decided about.
    pub fn works_on_streams(&self) -> bool {
        let acts = matches!(self.action, Action::Drop | Action::Keep);
        acts && (!self.selectors.is_empty() || self.comment.is_some())
    }
}

/// A fragment, and the `content_html` that must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The fragment.
    #[serde(rename = "in")]
    pub input: String,
    /// Its clean form.
    pub out: String,
    /// The URL that it is sent with, for rules that belong to hosts.
    pub url: Option<String>,
    /// The fields that the rule takes from it, as text; of several people, their names with a comma between.
    #[serde(default)]
    pub fields: BTreeMap<FieldName, String>,
}

/// A checked set of rules.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    comments: PatternSet,
    texts: PatternSet,
    revision: String,
}

/// Patterns of several rules.
#[derive(Debug)]
struct PatternSet {
    patterns: Patterns,
    /// The rule of each, ascending.
    rules: Vec<u16>,
    of: fn(&Rule) -> Option<&Regex>,
}

impl PatternSet {
    fn new(rules: &[Rule], of: fn(&Rule) -> Option<&Regex>) -> Self {
        let with_pattern = |(i, rule)| of(rule).map(|_| i as u16);
        PatternSet {
            patterns: Patterns::of(rules.iter().filter_map(of)),
            rules: rules.iter().enumerate().filter_map(with_pattern).collect(),
            of,
        }
    }

    /// The rules whose pattern is found in a text, in their order.
    fn matching(&self, rules: &[Rule], text: &str) -> impl Iterator<Item = u16> {
        let likely = self.patterns.likely(text).into_iter().map(|i| self.rules[i]);
        likely.filter(move |rule| (self.of)(&rules[usize::from(*rule)]).is_some_and(|regex| regex.is_match(text)))
    }
}

/// The rule files that are compiled in, in the order in which their rules are tried.
const BUILT_IN: &[(&str, &str)] = &[
    ("generic", include_str!("../../rules/generic.toml")),
    ("credits", include_str!("../../rules/credits.toml")),
    ("promotion", include_str!("../../rules/promotion.toml")),
    ("platforms", include_str!("../../rules/platforms.toml")),
    ("sina", include_str!("../../rules/sina.toml")),
];

/// Rules of a set at most: their numbers are two bytes.
const RULES: usize = u16::MAX as usize;
/// Bytes that the patterns of a set may take together once compiled; the built-in ones take a tenth of it.
const PATTERNS_BYTES: usize = 16 << 20;

impl RuleSet {
    /// The rules that are compiled into the binary.
    ///
    /// # Errors
    /// A built-in file that does not load, which a test keeps from ever being shipped.
    pub fn built_in() -> Result<Self, RuleError> {
        let loaded = read(&RuleSources::default());
        loaded.map(|(set, _)| set).map_err(|mut errors| errors.remove(0))
    }

    fn new(rules: Vec<Rule>, revision: String) -> Result<Self, RuleError> {
        let whole = |reason: String| RuleError::new("all rules", None, reason);
        if rules.len() > RULES {
            return Err(whole(format!("{} rules; there may be {RULES}", rules.len())));
        }
        let patterns = rules.iter().flat_map(|rule| rule.comment.iter().chain(&rule.text));
        let bytes: usize = patterns.map(pattern::compiled_bytes).sum();
        if bytes > PATTERNS_BYTES {
            return Err(whole(format!(
                "the patterns of all rules take {bytes} bytes once compiled; they may take {PATTERNS_BYTES}: repeat less, or use selectors"
            )));
        }
        Ok(RuleSet {
            comments: PatternSet::new(&rules, |rule| rule.comment.as_ref()),
            texts: PatternSet::new(&rules, |rule| rule.text.as_ref()),
            rules,
            revision,
        })
    }

    /// The rules, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules whose comment pattern is found in `text`, in their order.
    pub fn matching_comment(&self, text: &str) -> impl Iterator<Item = u16> {
        self.comments.matching(&self.rules, text)
    }

    /// The rules whose text pattern is the whole of `line`, in their order.
    pub fn matching_text(&self, line: &str) -> impl Iterator<Item = u16> {
        self.texts.matching(&self.rules, line)
    }

    /// A hash of the set: the same rules, the same revision.
    pub fn revision(&self) -> &str {
        &self.revision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_a_set_take_bounded_memory() {
        let rule = |i| {
            format!(
                "[[rule]]\nid = \"r{i}\"\ncategory = \"chrome\"\nwhy = \"w\"\ntext = '\\pL{{20}}'\n\
                 [[rule.example]]\nin = \"a\"\nout = \"a\"\n"
            )
        };
        let file: String = (0..30).map(rule).collect();
        let rules = file::parse("mine", "mine.toml", &file).expect("rules").rules;
        let error = RuleSet::new(rules, String::new()).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("once compiled")));

        let built_in = RuleSet::built_in().expect("the built-in rules load");
        let patterns = built_in
            .rules
            .iter()
            .flat_map(|rule| rule.comment.iter().chain(&rule.text));
        let bytes: usize = patterns.map(pattern::compiled_bytes).sum();
        assert!(
            bytes < PATTERNS_BYTES / 4,
            "the built-in ones leave too little: {bytes}"
        );
    }
}
