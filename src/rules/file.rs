//! The rule file: TOML, a list of `[[rule]]` tables and the ids of rules that it switches off, unknown keys refused.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::{Action, Category, Example, Rule, Scope, scope::is_host_pattern, selector};

/// Why a rule file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", .line.map(|n| format!(":{n}")).unwrap_or_default())]
pub struct RuleError {
    /// The file's name.
    pub file: String,
    /// Counted from 1, where known.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl RuleError {
    pub(super) fn new(file: &str, line: Option<usize>, reason: impl Into<String>) -> Self {
        RuleError {
            file: file.to_owned(),
            line,
            reason: reason.into(),
        }
    }
}

/// A rule file read.
#[derive(Debug)]
pub(super) struct RuleFile {
    pub(super) rules: Vec<Rule>,
    /// Ids of rules, its own or others', that it switches off.
    pub(super) off: Vec<String>,
}

/// Bytes that one compiled pattern may take, so that no rule file can eat the memory of the service.
const PATTERN_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    off: Vec<String>,
    #[serde(default)]
    rule: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    category: Category,
    why: String,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    select: Vec<String>,
    comment: Option<String>,
    text: Option<String>,
    example: Vec<Example>,
}

/// Reads a file named `name` (without its ending), which begins the ids of its rules.
///
/// # Errors
/// Every broken rule, or the one place where the TOML is broken.
pub(super) fn parse(name: &str, text: &str) -> Result<RuleFile, Vec<RuleError>> {
    let line_of = |offset: usize| {
        text.as_bytes()[..offset.min(text.len())]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1
    };
    let file: File = toml::from_str(text).map_err(|e| {
        vec![RuleError::new(
            name,
            e.span().map(|span| line_of(span.start)),
            e.message(),
        )]
    })?;
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    for entry in file.rule {
        let line = line_of(entry.span().start);
        match check(name, entry.into_inner()) {
            Ok(rule) => rules.push(rule),
            Err(reason) => errors.push(RuleError::new(name, Some(line), reason)),
        }
    }
    if errors.is_empty() {
        Ok(RuleFile { rules, off: file.off })
    } else {
        Err(errors)
    }
}

fn check(file: &str, entry: Entry) -> Result<Rule, String> {
    if entry.select.is_empty() && entry.comment.is_none() && entry.text.is_none() {
        return Err(format!(
            "rule {:?} matches nothing: it needs `select`, `comment` or `text`",
            entry.id
        ));
    }
    let is_name = |id: &str| {
        !id.is_empty()
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !is_name(&entry.id) {
        return Err(format!("rule id {:?} may hold a-z, 0-9 and `-`", entry.id));
    }
    if let Some(host) = entry.hosts.iter().find(|host| !is_host_pattern(host)) {
        return Err(format!(
            "{host:?} is no host: write `news.example.com`, or `*.example.com` for a domain and all below it"
        ));
    }
    if entry.example.is_empty() {
        return Err(format!(
            "rule {:?} has no example: what it does must be shown",
            entry.id
        ));
    }
    if entry.action == Action::Unwrap && (entry.comment.is_some() || entry.text.is_some()) {
        return Err("only elements can be unwrapped: use `select`".into());
    }
    let mut selectors = Vec::new();
    for text in &entry.select {
        selectors.extend(selector::parse(text).map_err(|e| e.to_string())?);
    }
    Ok(Rule {
        id: format!("{file}/{}", entry.id),
        category: entry.category,
        why: entry.why,
        action: entry.action,
        scope: Scope {
            hosts: entry.hosts,
            not_hosts: Vec::new(),
            sources: entry.sources,
        },
        selectors,
        select: entry.select,
        comment: entry.comment.as_deref().map(pattern).transpose()?,
        text: entry
            .text
            .as_deref()
            .map(|p| pattern(&format!("^(?:{p})$")))
            .transpose()?,
        examples: entry.example,
    })
}

/// The fields that a named group may give.
const FIELDS: &[&str] = &["authors", "editors", "source", "title", "date", "tags"];

fn pattern(text: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(text)
        .size_limit(PATTERN_BYTES)
        .build()
        .map_err(|e| e.to_string())?;
    match regex.capture_names().flatten().find(|name| !FIELDS.contains(name)) {
        Some(name) => Err(format!("group {name:?} names no field; there are {FIELDS:?}")),
        None => Ok(regex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse("mine", text)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    const HEAD: &str = "[[rule]]\nid = \"x\"\ncategory = \"chrome\"\nwhy = \"w\"\n";
    const TAIL: &str = "[[rule.example]]\nin = \"a\"\nout = \"a\"\n";

    #[test]
    fn reads_a_rule() {
        let file = parse(
            "mine",
            &format!("off = [\"a/b\"]\n{HEAD}select = [\"p.x, div\"]\n{TAIL}"),
        )
        .unwrap();
        let rule = &file.rules[0];
        assert_eq!(
            (rule.id.as_str(), rule.selectors.len(), rule.action),
            ("mine/x", 2, Action::Drop)
        );
        assert_eq!(file.off, ["a/b"]);
    }

    #[test]
    fn says_which_line() {
        assert!(refusal(&format!("{HEAD}selekt = [\"p\"]\n{TAIL}")).starts_with("mine:5: unknown field `selekt`"));
        assert!(refusal(&format!("\n{HEAD}{TAIL}")).starts_with("mine:2: rule \"x\" matches nothing"));
        assert!(refusal(&format!("{HEAD}select = [\"p + p\"]\n{TAIL}")).contains("needs siblings"));
        assert!(refusal(&format!("{HEAD}text = '('\n{TAIL}")).contains("unclosed group"));
        assert!(refusal(&format!("{HEAD}text = '(?<autor>.)'\n{TAIL}")).contains("names no field"));
        assert!(refusal(&format!("{HEAD}text = 'a{{1000}}{{1000}}'\n{TAIL}")).contains("size limit"));
        assert!(refusal(&format!("{HEAD}select = [\"p\"]\n")).contains("example"));
        assert!(refusal(&format!("{HEAD}select = [\"p\"]\nhosts = [\"https://a\"]\n{TAIL}")).contains("no host"));
        assert!(refusal(&format!("{HEAD}text = 'a'\naction = \"unwrap\"\n{TAIL}")).contains("unwrapped"));
        let two = refusal(&format!("{HEAD}{TAIL}{HEAD}{TAIL}"));
        assert_eq!(two.lines().count(), 2, "{two}");
    }
}
