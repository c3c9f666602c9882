//! HTML becomes an article's content: handlers, outline, score, write; and the stream, which uses the same handlers.
//!
//! Knows no JSON, no HTTP and no clock but its deadline.

mod allow;
mod gate;
pub mod fields;
pub mod guard;
mod handlers;
pub mod lines;
pub mod links;
pub mod matcher;
pub mod outline;
mod passage;
pub mod score;
mod stack;
pub mod stream;
pub mod tags;
pub mod tokens;
pub mod verdict;
mod walker;
pub mod write;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

pub use handlers::survey;
pub use links::Links;
pub use matcher::{Hit, Matcher};
pub use outline::Outline;
pub use score::Mode;
pub use write::{Content, Node};

use crate::rules::{Action, Origin, Rule, RuleSet, Scope, Selector};

/// Rules compiled for the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rulebook(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    rules: Arc<RuleSet>,
    /// The selectors of the rules for every document.
    everywhere: Arc<Matcher>,
    /// The rules for some, by domain; those that only name sources, or hosts where they are off, under the empty name.
    scoped: HashMap<String, Vec<u16>>,
    /// The names of sources that rules ask for; others say nothing.
    sources: HashSet<String>,
    /// The languages that rules ask for; others are as good as none.
    languages: HashSet<String>,
    /// The selectors of the rules for some, compiled for the hosts that came up lately.
    lately: Mutex<HashMap<Origin, Arc<Matcher>>>,
}

/// Hosts whose rules are kept compiled: an archive comes host by host, a proxy from few.
const HOSTS_KEPT: usize = 256;

impl Rulebook {
    /// Compiles a set.
    pub fn new(rules: RuleSet) -> Self {
        let everywhere = compile(&rules, |_, rule| rule.scope.is_everywhere());
        let mut scoped: HashMap<String, Vec<u16>> = HashMap::new();
        for (i, rule) in rules
            .rules()
            .iter()
            .enumerate()
            .filter(|(_, rule)| !rule.scope.is_everywhere())
        {
            let Scope { hosts, sources, .. } = &rule.scope;
            for host in hosts {
                scoped
                    .entry(host.trim_start_matches("*.").to_owned())
                    .or_default()
                    .push(i as u16);
            }
            if hosts.is_empty() || !sources.is_empty() {
                scoped.entry(String::new()).or_default().push(i as u16);
            }
        }
        let asked = |list: fn(&Scope) -> &Vec<String>| {
            let rules = rules.rules().iter();
            rules.flat_map(|rule| list(&rule.scope).iter().cloned()).collect()
        };
        let (sources, languages) = (asked(|scope| &scope.sources), asked(|scope| &scope.languages));
        let (rules, everywhere) = (Arc::new(rules), Arc::new(everywhere));
        Rulebook(Arc::new(Compiled {
            rules,
            everywhere,
            scoped,
            sources,
            languages,
            lately: Mutex::default(),
        }))
    }

    /// The set.
    pub fn rules(&self) -> &RuleSet {
        &self.0.rules
    }

    /// The rules for one request: those of the set for this document but `without`, and the caller's own selectors.
    ///
    /// # Errors
    /// The first of `without` that names no rule.
    pub fn choose<'a>(
        &self,
        origin: Origin,
        remove: &[Selector],
        keep: &[Selector],
        without: &'a [String],
    ) -> Result<Choice, &'a str> {
        let rules = self.rules().rules();
        let number = |id: &'a String| {
            rules
                .iter()
                .position(|rule| rule.id == *id)
                .map(|i| i as u16)
                .ok_or(id.as_str())
        };
        let off: Vec<u16> = without.iter().map(number).collect::<Result<_, _>>()?;
        let everywhere = match off.is_empty() {
            true => Arc::clone(&self.0.everywhere),
            false => Arc::new(compile(self.rules(), |i, rule| {
                rule.scope.is_everywhere() && !off.contains(&i)
            })),
        };
        let removes = remove.iter().map(|selector| (selector, Hit::Remove));
        let keeps = keep.iter().map(|selector| (selector, Hit::Keep));
        let choice = Choice {
            rulebook: self.clone(),
            origin: Origin::default(),
            everywhere,
            scoped: None,
            caller: Arc::new(Matcher::new(removes.chain(keeps))),
            without: off,
        };
        Ok(choice.for_origin(origin))
    }

    /// The selectors of the rules that are for this document and not for every one.
    fn scoped_matcher(&self, origin: &Origin, off: &[u16]) -> Option<Arc<Matcher>> {
        let scoped = &self.0.scoped;
        if scoped.is_empty() {
            return None;
        }
        let lock = || self.0.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(origin).filter(|_| off.is_empty()) {
            return Some(Arc::clone(known)).filter(|matcher| !matcher.is_empty());
        }
        let mut names = vec![""];
        let host = origin.host.as_deref().unwrap_or_default();
        names.extend(
            host.match_indices('.')
                .map(|(i, _)| &host[i + 1..])
                .chain([host])
                .filter(|name| !name.is_empty()),
        );
        let mut numbers: Vec<u16> = names
            .iter()
            .filter_map(|name| scoped.get(*name))
            .flatten()
            .copied()
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let rules = self.rules().rules();
        numbers.retain(|i| !off.contains(i) && rules[*i as usize].scope.holds(origin));
        let matcher = Arc::new(Matcher::new(
            numbers.iter().flat_map(|i| selectors(*i, &rules[*i as usize])),
        ));
        if off.is_empty() {
            let mut lately = lock();
            if lately.len() >= HOSTS_KEPT {
                lately.clear();
            }
            lately.insert(origin.clone(), Arc::clone(&matcher));
        }
        Some(matcher).filter(|matcher| !matcher.is_empty())
    }
}

/// The rules of one request: the set, where the document comes from, and what the caller adds and takes away.
#[derive(Debug, Clone)]
pub struct Choice {
    rulebook: Rulebook,
    origin: Origin,
    everywhere: Arc<Matcher>,
    scoped: Option<Arc<Matcher>>,
    caller: Arc<Matcher>,
    /// Numbers of rules that the caller switched off.
    without: Vec<u16>,
}

impl Choice {
    /// The set.
    pub fn rules(&self) -> &RuleSet {
        self.rulebook.rules()
    }

    /// The same for a document that turns out to be in this language.
    fn in_language(self, language: Option<String>) -> Self {
        let origin = Origin {
            language,
            ..self.origin.clone()
        };
        self.for_origin(origin)
    }

    fn for_origin(mut self, mut origin: Origin) -> Self {
        // What no rule asks for would only fill the shelf of compiled hosts.
        let compiled = &self.rulebook.0;
        origin.sources.retain(|name| compiled.sources.contains(name));
        origin.language = origin.language.filter(|language| compiled.languages.contains(language));
        if self.scoped.is_none() || origin != self.origin {
            self.scoped = self.rulebook.scoped_matcher(&origin, &self.without);
        }
        self.origin = origin;
        self
    }

    /// All selectors that are for this document.
    fn matchers(&self) -> impl Iterator<Item = &Arc<Matcher>> {
        let all = [Some(&self.everywhere), self.scoped.as_ref(), Some(&self.caller)];
        all.into_iter().flatten().filter(|matcher| !matcher.is_empty())
    }

    /// Whether a rule is for this document, and on.
    fn allows(&self, rule: u16) -> bool {
        !self.without.contains(&rule) && self.rules().rules()[rule as usize].scope.holds(&self.origin)
    }

    /// The rules for this document whose comment pattern is found in `text`, in their order.
    fn comment_rules(&self, text: &str) -> impl Iterator<Item = u16> {
        self.rules().matching_comment(text).filter(|rule| self.allows(*rule))
    }

    /// The rules for this document whose text pattern is the whole of `line`, in their order.
    fn text_rules(&self, line: &str) -> impl Iterator<Item = u16> {
        self.rules().matching_text(line).filter(|rule| self.allows(*rule))
    }
}

fn compile(rules: &RuleSet, wanted: impl Fn(u16, &Rule) -> bool) -> Matcher {
    let rules = rules.rules().iter().enumerate().map(|(i, rule)| (i as u16, rule));
    Matcher::new(
        rules
            .filter(|(i, rule)| wanted(*i, rule))
            .flat_map(|(i, rule)| selectors(i, rule)),
    )
}

fn selectors(number: u16, rule: &Rule) -> impl Iterator<Item = (&Selector, Hit)> {
    let hit = match rule.action {
        Action::Drop => Some(Hit::DropRule(number)),
        Action::DropRest => Some(Hit::RestRule(number)),
        Action::Keep => Some(Hit::KeepRule(number)),
        Action::Unwrap => Some(Hit::UnwrapRule(number)),
        Action::Take => None,
    };
    let take = rule.field.map(|_| Hit::TakeRule(number));
    let hits = move || [hit, take].into_iter().flatten();
    rule.selectors
        .iter()
        .flat_map(move |selector| hits().map(move |hit| (selector, hit)))
}
