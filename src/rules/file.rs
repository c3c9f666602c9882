//! The rule file: TOML, a list of `[[rule]]` tables, unknown keys refused.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::{Action, Category, Example, Rule, Scope, selector};

/// Why a rule file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", .line.map(|n| format!(":{n}")).unwrap_or_default())]
pub struct RuleError {
    /// The file's name.
    pub file: String,
    /// Counted from 1, where known.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

/// Bytes that one compiled pattern may take, so that no rule file can eat the memory of the service.
const PATTERN_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
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

pub(super) fn parse(name: &str, text: &str) -> Result<Vec<Rule>, RuleError> {
    let line_of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|e| RuleError {
        file: name.into(),
        line: e.span().map(|span| line_of(span.start)),
        reason: e.message().into(),
    })?;
    file.rule
        .into_iter()
        .map(|entry| {
            let line = line_of(entry.span().start);
            check(name, entry.into_inner()).map_err(|reason| RuleError {
                file: name.into(),
                line: Some(line),
                reason,
            })
        })
        .collect()
}

fn check(file: &str, entry: Entry) -> Result<Rule, String> {
    if entry.select.is_empty() && entry.comment.is_none() && entry.text.is_none() {
        return Err(format!(
            "rule {:?} matches nothing: it needs `select`, `comment` or `text`",
            entry.id
        ));
    }
    if entry.id.is_empty()
        || !entry
            .id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err(format!("rule id {:?} may hold a-z, 0-9 and `-`", entry.id));
    }
    if let Some(host) = entry.hosts.iter().find(|host| !is_host_pattern(host)) {
        return Err(format!(
            "{host:?} is no host: write `news.example.com`, or `*.example.com` for a domain and all below it"
        ));
    }
    if entry.example.is_empty() {
        return Err(format!("rule {:?} has no example", entry.id));
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
            sources: entry.sources,
        },
        selectors,
        comment: entry.comment.as_deref().map(pattern).transpose()?,
        text: entry
            .text
            .as_deref()
            .map(|p| pattern(&format!("^(?:{p})$")))
            .transpose()?,
        examples: entry.example,
    })
}

fn is_host_pattern(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
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
        parse("mine", text).unwrap_err().to_string()
    }

    const HEAD: &str = "[[rule]]\nid = \"x\"\ncategory = \"chrome\"\nwhy = \"w\"\n";
    const TAIL: &str = "[[rule.example]]\nin = \"a\"\nout = \"a\"\n";

    #[test]
    fn reads_a_rule() {
        let rules = parse("mine", &format!("{HEAD}select = [\"p.x, div\"]\n{TAIL}")).unwrap();
        assert_eq!(
            (rules[0].id.as_str(), rules[0].selectors.len(), rules[0].action),
            ("mine/x", 2, Action::Drop)
        );
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
    }
}
