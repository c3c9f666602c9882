//! The rules in force, as JSON.

use serde::Serialize;

use crate::rules::{Action, Category, FieldName, Rule, RuleSet};

#[derive(Serialize)]
struct RuleListing<'a> {
    revision: &'a str,
    rules: Vec<RuleEntry<'a>>,
}

#[derive(Serialize)]
struct RuleEntry<'a> {
    id: &'a str,
    category: Category,
    action: Action,
    why: &'a str,
    /// The routes that it works on.
    routes: &'static [&'static str],
    hosts: &'a [String],
    not_hosts: &'a [String],
    sources: &'a [String],
    languages: &'a [String],
    select: &'a [String],
    comment: Option<&'a str>,
    text: Option<&'a str>,
    field: Option<FieldName>,
}

impl<'a> RuleEntry<'a> {
    fn new(rule: &'a Rule) -> Self {
        RuleEntry {
            id: &rule.id,
            category: rule.category,
            action: rule.action,
            why: &rule.why,
            routes: routes(rule),
            hosts: &rule.scope.hosts,
            not_hosts: &rule.scope.not_hosts,
            sources: &rule.scope.sources,
            languages: &rule.scope.languages,
            select: &rule.select,
            comment: rule.comment.as_ref().map(regex::Regex::as_str),
            text: rule.text.as_ref().map(regex::Regex::as_str),
            field: rule.field,
        }
    }
}

/// The routes that a rule works on.
pub fn routes(rule: &Rule) -> &'static [&'static str] {
    match rule.works_on_streams() {
        true => &["normalize", "batch", "clean"],
        false => &["normalize", "batch"],
    }
}

/// Renders the whole set, or those for documents of one host, as compact JSON with one newline at its end.
///
/// # Errors
/// None that a rule can cause.
pub fn render(set: &RuleSet, host: Option<&str>) -> Result<Vec<u8>, serde_json::Error> {
    let meant = |rule: &&Rule| host.is_none() || rule.scope.is_for_host(host);
    let rules = set.rules().iter().filter(meant).map(RuleEntry::new).collect();
    let mut json = serde_json::to_vec(&RuleListing {
        revision: set.revision(),
        rules,
    })?;
    json.push(b'\n');
    Ok(json)
}
