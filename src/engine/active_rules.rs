//! The rules compiled, and those of them that apply to one document.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::selectors::program::{RuleMatch, SelectorProgram};
use crate::rules::{Action, DocumentContext, Rule, RuleSet, Scope, Selector};

/// Rules compiled for the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rulebook(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    rules: Arc<RuleSet>,
    /// The selectors of the rules for every document.
    everywhere: Arc<SelectorProgram>,
    /// The rules for some, by domain; those that only name sources, or hosts where they are off, under the empty name.
    scoped: HashMap<String, Vec<u16>>,
    /// The names of sources that rules ask for; others say nothing.
    sources: HashSet<String>,
    /// The languages that rules ask for; others are as good as none.
    languages: HashSet<String>,
    /// The selectors of the rules for every document but those switched off, as callers did lately.
    without: RuleSetCache<DisabledRules>,
    /// The selectors of the rules for some, compiled for the hosts that came up lately.
    hosts: RuleSetCache<(DocumentContext, DisabledRules)>,
}

/// Numbers of rules that a caller switched off, ascending.
type DisabledRules = Vec<u16>;

/// What rules have yet to be compiled for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompileCost {
    /// None worth speaking of: some microseconds.
    None,
    /// Those of a host that has not come up lately: a millisecond, where a list has many for every host but some.
    RulesOfAHost,
    /// All that are left when the caller switches some off: as long as a document takes.
    AllRules,
}

/// So many are compiled in a fraction of a millisecond. The built-in ones are far fewer, filter lists far more.
const FEW_RULES: usize = 1000;
/// Sets of rules switched off that are kept compiled: a caller asks for the same one with each document.
const SETS_KEPT: usize = 8;
/// Hosts whose rules are kept compiled: an archive comes host by host, a proxy from few.
const HOSTS_KEPT: usize = 256;

/// What was compiled lately, by what it was compiled for.
#[derive(Debug)]
struct RuleSetCache<K> {
    most: usize,
    compiled: Mutex<HashMap<K, Arc<SelectorProgram>>>,
}

impl<K: Eq + Hash> RuleSetCache<K> {
    fn of(most: usize) -> Self {
        let compiled = Mutex::default();
        RuleSetCache { most, compiled }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<SelectorProgram>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, key: &K) -> bool {
        self.lock().contains_key(key)
    }

    /// Compiles what is missing without holding the lock.
    fn get(&self, key: K, compile: impl FnOnce() -> SelectorProgram) -> Arc<SelectorProgram> {
        if let Some(known) = self.lock().get(&key) {
            return Arc::clone(known);
        }
        let program = Arc::new(compile());
        let mut compiled = self.lock();
        if compiled.len() >= self.most {
            compiled.clear();
        }
        compiled.insert(key, Arc::clone(&program));
        program
    }
}

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
            without: RuleSetCache::of(SETS_KEPT),
            hosts: RuleSetCache::of(HOSTS_KEPT),
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
        context: DocumentContext,
        remove: &[Selector],
        keep: &[Selector],
        without: &'a [String],
    ) -> Result<ActiveRules, &'a str> {
        let off = self.off(without)?;
        let everywhere = match off.is_empty() {
            true => Arc::clone(&self.0.everywhere),
            false => self.0.without.get(off.clone(), || {
                compile(self.rules(), |i, rule| {
                    rule.scope.is_everywhere() && off.binary_search(&i).is_err()
                })
            }),
        };
        let removes = remove.iter().map(|selector| (selector, RuleMatch::Remove));
        let keeps = keep.iter().map(|selector| (selector, RuleMatch::Keep));
        let choice = ActiveRules {
            rulebook: self.clone(),
            context: DocumentContext::default(),
            everywhere,
            scoped: None,
            caller: Arc::new(SelectorProgram::new(removes.chain(keeps))),
            without: off,
        };
        Ok(choice.for_context(context))
    }

    /// How long [`Rulebook::choose`] will take.
    pub fn compile_cost(&self, context: DocumentContext, without: &[String]) -> CompileCost {
        let Ok(off) = self.off(without) else {
            return CompileCost::None; // to be refused, which is soon done
        };
        if self.rules().rules().len() <= FEW_RULES {
            CompileCost::None
        } else if !off.is_empty() && !self.0.without.has(&off) {
            CompileCost::AllRules
        } else if !self.0.scoped.is_empty() && !self.0.hosts.has(&(self.asked_for(context), off)) {
            CompileCost::RulesOfAHost
        } else {
            CompileCost::None
        }
    }

    /// The numbers of these rules, in one go over all: there may be thousands of both.
    fn off<'a>(&self, without: &'a [String]) -> Result<DisabledRules, &'a str> {
        if without.is_empty() {
            return Ok(DisabledRules::new());
        }
        let mut wanted: HashMap<&str, Option<u16>> = without.iter().map(|id| (id.as_str(), None)).collect();
        for (i, rule) in self.rules().rules().iter().enumerate() {
            if let Some(number) = wanted.get_mut(rule.id.as_str()) {
                *number = Some(i as u16);
            }
        }
        let number = |id: &'a String| wanted[id.as_str()].ok_or(id.as_str());
        let mut off = without.iter().map(number).collect::<Result<DisabledRules, _>>()?;
        off.sort_unstable();
        off.dedup();
        Ok(off)
    }

    /// What rules ask for: the rest would only fill the cache of compiled hosts.
    fn asked_for(&self, mut context: DocumentContext) -> DocumentContext {
        let compiled = &self.0;
        context.sources.retain(|name| compiled.sources.contains(name));
        context.language = context
            .language
            .filter(|language| compiled.languages.contains(language));
        context
    }

    /// The selectors of the rules that are for this document and not for every one.
    fn scoped_program(&self, context: &DocumentContext, off: &DisabledRules) -> Option<Arc<SelectorProgram>> {
        if self.0.scoped.is_empty() {
            return None;
        }
        let key = (context.clone(), off.clone());
        let program = self.0.hosts.get(key, || self.compile_scoped(context, off));
        Some(program).filter(|program| !program.is_empty())
    }

    fn compile_scoped(&self, context: &DocumentContext, off: &DisabledRules) -> SelectorProgram {
        let mut names = vec![""];
        let host = context.host.as_deref().unwrap_or_default();
        names.extend(
            host.match_indices('.')
                .map(|(i, _)| &host[i + 1..])
                .chain([host])
                .filter(|name| !name.is_empty()),
        );
        let mut numbers: Vec<u16> = names
            .iter()
            .filter_map(|name| self.0.scoped.get(*name))
            .flatten()
            .copied()
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let rules = self.rules().rules();
        numbers.retain(|i| off.binary_search(i).is_err() && rules[*i as usize].scope.holds(context));
        SelectorProgram::new(numbers.iter().flat_map(|i| selectors(*i, &rules[*i as usize])))
    }
}

/// The rules of one request: the set, where the document comes from, and what the caller adds and takes away.
#[derive(Debug, Clone)]
pub struct ActiveRules {
    rulebook: Rulebook,
    context: DocumentContext,
    everywhere: Arc<SelectorProgram>,
    scoped: Option<Arc<SelectorProgram>>,
    caller: Arc<SelectorProgram>,
    without: DisabledRules,
}

impl ActiveRules {
    /// The set.
    pub fn rules(&self) -> &RuleSet {
        self.rulebook.rules()
    }

    /// The same for a document that turns out to be in this language.
    pub(crate) fn in_language(self, language: Option<String>) -> Self {
        let context = DocumentContext {
            language,
            ..self.context.clone()
        };
        self.for_context(context)
    }

    fn for_context(mut self, context: DocumentContext) -> Self {
        let context = self.rulebook.asked_for(context);
        if self.scoped.is_none() || context != self.context {
            self.scoped = self.rulebook.scoped_program(&context, &self.without);
        }
        self.context = context;
        self
    }

    /// All selectors that are for this document.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &Arc<SelectorProgram>> {
        let all = [Some(&self.everywhere), self.scoped.as_ref(), Some(&self.caller)];
        all.into_iter().flatten().filter(|program| !program.is_empty())
    }

    /// Whether a rule is for this document, and on.
    pub(crate) fn allows(&self, rule: u16) -> bool {
        self.without.binary_search(&rule).is_err() && self.rules().rules()[rule as usize].scope.holds(&self.context)
    }

    /// The rules for this document whose comment pattern is found in `text`, in their order.
    pub(crate) fn comment_rules(&self, text: &str) -> impl Iterator<Item = u16> {
        self.rules().matching_comment(text).filter(|rule| self.allows(*rule))
    }

    /// The rules for this document whose text pattern is the whole of `line`, in their order.
    pub(crate) fn text_rules(&self, line: &str) -> impl Iterator<Item = u16> {
        self.rules().matching_text(line).filter(|rule| self.allows(*rule))
    }
}

fn compile(rules: &RuleSet, wanted: impl Fn(u16, &Rule) -> bool) -> SelectorProgram {
    let rules = rules.rules().iter().enumerate().map(|(i, rule)| (i as u16, rule));
    SelectorProgram::new(
        rules
            .filter(|(i, rule)| wanted(*i, rule))
            .flat_map(|(i, rule)| selectors(i, rule)),
    )
}

fn selectors(number: u16, rule: &Rule) -> impl Iterator<Item = (&Selector, RuleMatch)> {
    let hit = match rule.action {
        Action::Drop => Some(RuleMatch::DropRule(number)),
        Action::DropRest => Some(RuleMatch::RestRule(number)),
        Action::Keep => Some(RuleMatch::KeepRule(number)),
        Action::Unwrap => Some(RuleMatch::UnwrapRule(number)),
        Action::Take => None,
    };
    let take = rule.field.map(|_| RuleMatch::TakeRule(number));
    let hits = move || [hit, take].into_iter().flatten();
    rule.selectors
        .iter()
        .flat_map(move |selector| hits().map(move |hit| (selector, hit)))
}
