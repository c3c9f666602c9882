//! Rules: what is dropped, as data that anyone can read, each with its reason and an example that runs as a test.
//!
//! This room loads and checks them; `engine::matcher` looks them up and `engine::lines` applies those about text.

mod file;
pub mod selector;

use std::fmt::Write as _;

use regex::{Regex, RegexSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use file::RuleError;
pub use selector::{Selector, SelectorError};

/// What a removed block was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Who wrote, edited and first printed it: told in fields of their own.
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
    /// It stays, whatever drop rules and the score say.
    Keep,
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
    /// Elements by selector. Works on both roads.
    pub selectors: Vec<Selector>,
    /// Comments by pattern, searched in what stands between `<!--` and `-->`. Works on both roads. Named groups give fields.
    pub comment: Option<Regex>,
    /// Lines of text (a block, or what stands between its line breaks) by a pattern of the whole line, white space
    /// squashed. Only on `/v1/normalize`. Named groups give fields.
    pub text: Option<Regex>,
    /// Held by tests.
    pub examples: Vec<Example>,
}

/// The documents that a rule is for: all of them where it names neither hosts nor sources, else those of either.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// Hosts, and with `*.` before it a domain and all below it.
    pub hosts: Vec<String>,
    /// Names by which a feed's front matter calls it: its author or one of its categories.
    pub sources: Vec<String>,
}

/// What is known of a document before its HTML is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// The host of its URL.
    pub host: Option<&'a str>,
    /// The names in its front matter.
    pub sources: &'a [&'a str],
}

impl Scope {
    /// Whether a rule with this scope is for every document.
    pub fn is_everywhere(&self) -> bool {
        self.hosts.is_empty() && self.sources.is_empty()
    }

    /// Whether a document of this origin is meant.
    pub fn holds(&self, origin: Origin<'_>) -> bool {
        let is_host = |pattern: &String| {
            origin.host.is_some_and(|host| match pattern.strip_prefix("*.") {
                Some(domain) => host
                    .strip_suffix(domain)
                    .is_some_and(|sub| sub.is_empty() || sub.ends_with('.')),
                None => host == pattern,
            })
        };
        self.is_everywhere()
            || self.hosts.iter().any(is_host)
            || self.sources.iter().any(|name| origin.sources.contains(&name.as_str()))
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
}

/// A checked set of rules.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    comments: Patterns,
    texts: Patterns,
    revision: String,
}

/// Patterns of several rules, searched for all at once.
#[derive(Debug)]
struct Patterns {
    set: RegexSet,
    /// The rule of each pattern.
    rules: Vec<u16>,
}

impl Patterns {
    fn new<'a>(patterns: impl Iterator<Item = (usize, &'a Regex)>) -> Result<Self, regex::Error> {
        let (rules, texts): (Vec<_>, Vec<_>) = patterns.map(|(rule, regex)| (rule as u16, regex.as_str())).unzip();
        let set = regex::RegexSetBuilder::new(texts).size_limit(SET_BYTES).build()?;
        Ok(Patterns { set, rules })
    }

    fn matching(&self, text: &str) -> impl Iterator<Item = u16> {
        self.set.matches(text).into_iter().map(|i| self.rules[i])
    }
}

/// Bytes that all patterns of a kind may take together.
const SET_BYTES: usize = 16 << 20;

/// The rule files that are compiled in, in the order in which their rules are tried.
const BUILT_IN: &[(&str, &str)] = &[
    ("generic", include_str!("../../rules/generic.toml")),
    ("credits", include_str!("../../rules/credits.toml")),
    ("promotion", include_str!("../../rules/promotion.toml")),
    ("platforms", include_str!("../../rules/platforms.toml")),
    ("sina", include_str!("../../rules/sina.toml")),
];

impl RuleSet {
    /// The rules that are compiled into the binary.
    ///
    /// # Errors
    /// A built-in file that does not load, which a test keeps from ever being shipped.
    pub fn built_in() -> Result<Self, RuleError> {
        Self::load(BUILT_IN.iter().copied())
    }

    /// Loads rule files given as name and text.
    ///
    /// # Errors
    /// The first broken file, by name and line.
    pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, RuleError> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut hash = Sha256::new();
        for (name, text) in files {
            for part in [name, text] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
            for rule in file::parse(name, text)? {
                if rules.iter().any(|other| other.id == rule.id) {
                    return Err(RuleError {
                        file: name.into(),
                        line: None,
                        reason: format!("rule id {:?} is taken", rule.id),
                    });
                }
                rules.push(rule);
            }
        }
        let digest = hash.finalize();
        let mut revision = String::from("sha256:");
        for byte in digest.iter().take(8) {
            let _ = write!(revision, "{byte:02x}"); // writing to a String cannot fail
        }
        let whole = |e: regex::Error| RuleError {
            file: "all rules".into(),
            line: None,
            reason: e.to_string(),
        };
        let of = |get: fn(&Rule) -> Option<&Regex>| {
            Patterns::new(rules.iter().enumerate().filter_map(|(i, r)| Some((i, get(r)?))))
        };
        let (comments, texts) = (
            of(|r| r.comment.as_ref()).map_err(whole)?,
            of(|r| r.text.as_ref()).map_err(whole)?,
        );
        Ok(RuleSet {
            rules,
            comments,
            texts,
            revision,
        })
    }

    /// The rules, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules whose comment pattern is found in `text`, in their order.
    pub fn matching_comment(&self, text: &str) -> impl Iterator<Item = u16> {
        self.comments.matching(text)
    }

    /// The rules whose text pattern is the whole of `line`, in their order.
    pub fn matching_text(&self, line: &str) -> impl Iterator<Item = u16> {
        self.texts.matching(line)
    }

    /// A hash of the set: the same rules, the same revision.
    pub fn revision(&self) -> &str {
        &self.revision
    }
}
