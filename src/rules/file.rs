//! The rule file: TOML, a list of `[[rule]]` tables and the ids of rules that it switches off, unknown keys refused.

use regex::Regex;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{
    Action, Category, Example, Rule, Scope,
    scope::{is_host_pattern, is_language},
    selector,
};

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
    /// Ids of rules, its own or others', that it switches off, each with its line.
    pub(super) off: Vec<(usize, String)>,
}

/// Bytes that one compiled pattern may take, so that no rule file can eat the memory of the service.
const PATTERN_BYTES: usize = 1 << 20;

/// A field of the article that a rule may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldName {
    /// Its title.
    Title,
    /// One of its authors.
    Authors,
    /// One of its editors.
    Editors,
    /// The outlet where it first appeared.
    Source,
    /// When it was published.
    Date,
    /// One of its tags.
    Tags,
    /// The picture that stands for it: only an element gives one.
    Image,
}

/// The names of groups, each with the field that it gives.
const GROUPS: &[(&str, FieldName)] = &[
    ("title", FieldName::Title),
    ("authors", FieldName::Authors),
    ("editors", FieldName::Editors),
    ("source", FieldName::Source),
    ("date", FieldName::Date),
    ("tags", FieldName::Tags),
];

impl FieldName {
    /// The field that a named group gives.
    pub fn of_group(name: &str) -> Option<Self> {
        GROUPS.iter().find(|(group, _)| *group == name).map(|(_, field)| *field)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    off: Vec<Spanned<String>>,
    #[serde(default)]
    rule: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    category: Category,
    why: String,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    hosts: Vec<Spanned<String>>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    languages: Vec<Spanned<String>>,
    #[serde(default)]
    select: Vec<Spanned<String>>,
    comment: Option<Spanned<String>>,
    text: Option<Spanned<String>>,
    field: Option<FieldName>,
    #[serde(default)]
    example: Vec<Example>,
}

/// What is wrong, and the byte where, if it is not the rule as a whole.
type Fault = (Option<usize>, String);

/// Reads a file named `name` (without its ending), which begins the ids of its rules; `shown` is what errors call it.
///
/// # Errors
/// The first fault of every broken rule, or the one place where the TOML is broken.
pub(super) fn parse(name: &str, shown: &str, text: &str) -> Result<RuleFile, Vec<RuleError>> {
    let line_of = |offset: usize| {
        let before = &text.as_bytes()[..offset.min(text.len())];
        before.iter().filter(|b| **b == b'\n').count() + 1
    };
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| line_of(span.start));
        vec![RuleError::new(shown, line, e.message())]
    })?;
    let (mut rules, mut errors) = (Vec::<Rule>::new(), Vec::new());
    for entry in file.rule {
        let start = entry.span().start;
        let id = entry.as_ref().id.span().start;
        match check(name, entry.into_inner()) {
            Ok(rule) if rules.iter().any(|other| other.id == rule.id) => {
                let reason = format!("rule id {:?} is there twice", rule.id);
                errors.push(RuleError::new(shown, Some(line_of(id)), reason));
            }
            Ok(rule) => rules.push(rule),
            Err((at, reason)) => errors.push(RuleError::new(shown, Some(line_of(at.unwrap_or(start))), reason)),
        }
    }
    if errors.is_empty() {
        let off = file.off.into_iter();
        let off = off.map(|id| (line_of(id.span().start), id.into_inner())).collect();
        Ok(RuleFile { rules, off })
    } else {
        Err(errors)
    }
}

fn check(file: &str, entry: Entry) -> Result<Rule, Fault> {
    let whole = |reason: String| Err((None, reason));
    let at = |value: &Spanned<String>, reason: String| Err((Some(value.span().start), reason));
    let id = entry.id.as_ref();
    let is_name = |id: &str| {
        !id.is_empty()
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !is_name(id) {
        return at(
            &entry.id,
            format!("rule id {id:?} may hold a-z, 0-9 and `-`, and must hold one"),
        );
    }
    if entry.select.is_empty() && entry.comment.is_none() && entry.text.is_none() {
        return whole(format!(
            "rule {id:?} matches nothing: it needs `select`, `comment` or `text`"
        ));
    }
    if let Some(host) = entry.hosts.iter().find(|host| !is_host_pattern(host.as_ref())) {
        let wanted = "write `news.example.com`, or `*.example.com` for a domain and all below it";
        return at(host, format!("{:?} is no host: {wanted}", host.as_ref()));
    }
    if let Some(tag) = entry.languages.iter().find(|tag| !is_language(tag.as_ref())) {
        let wanted = "write its primary subtag in lower case, as `zh`, which means zh-CN and zh-Hant too";
        return at(tag, format!("{:?} is no language: {wanted}", tag.as_ref()));
    }
    if entry.example.is_empty() {
        return whole(format!(
            "rule {id:?} has no example: show what it does in a `[[rule.example]]`"
        ));
    }
    if entry.action == Action::Unwrap && (entry.comment.is_some() || entry.text.is_some()) {
        return whole("only elements can be unwrapped: use `select` alone".into());
    }
    if entry.field.is_some() && entry.select.is_empty() {
        return whole(
            "`field` is what elements give: it needs `select`; in a pattern a named group gives a field".into(),
        );
    }
    let mut selectors = Vec::new();
    for text in &entry.select {
        match selector::parse(text.as_ref()) {
            Ok(list) => selectors.extend(list),
            Err(error) => return at(text, error.to_string()),
        }
    }
    let compile = |text: &Option<Spanned<String>>, whole_line: bool| match text {
        None => Ok(None),
        Some(text) => pattern(text.as_ref(), whole_line)
            .map(Some)
            .map_err(|reason| (Some(text.span().start), reason)),
    };
    let (comment, text) = (compile(&entry.comment, false)?, compile(&entry.text, true)?);
    let has_groups = |regex: &Option<Regex>| regex.iter().any(|regex| regex.capture_names().flatten().count() > 0);
    if entry.action == Action::Take && entry.field.is_none() && !has_groups(&comment) && !has_groups(&text) {
        return whole(format!(
            "rule {id:?} takes nothing: it needs a `field` for its elements, or a named group in its pattern"
        ));
    }
    let plain = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect::<Vec<_>>();
    Ok(Rule {
        id: format!("{file}/{id}"),
        category: entry.category,
        why: entry.why,
        action: entry.action,
        scope: Scope {
            hosts: plain(entry.hosts),
            not_hosts: Vec::new(),
            sources: entry.sources,
            languages: plain(entry.languages),
        },
        selectors,
        select: plain(entry.select),
        comment,
        text,
        field: entry.field,
        examples: entry.example,
    })
}

fn pattern(text: &str, whole_line: bool) -> Result<Regex, String> {
    let build = |text: &str| crate::pattern::regex(text, PATTERN_BYTES);
    // As written first, so that an error shows what was written.
    let mut regex = build(text).map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => {
            format!("the pattern takes more than {PATTERN_BYTES} bytes once compiled: repeat less, or shorter parts")
        }
        other => other.to_string(),
    })?;
    if whole_line {
        regex = build(&format!("^(?:{text})$")).map_err(|e| e.to_string())?;
    }
    match regex
        .capture_names()
        .flatten()
        .find(|name| FieldName::of_group(name).is_none())
    {
        Some(name) => {
            let known: Vec<_> = GROUPS.iter().map(|(group, _)| *group).collect();
            Err(format!("group {name:?} gives no field; there are {}", known.join(", ")))
        }
        None => Ok(regex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "[[rule]]\nid = \"x\"\ncategory = \"chrome\"\nwhy = \"w\"\nselect = [\"p.x, div\"]\n\
        languages = [\"zh\"]\nfield = \"title\"\n[[rule.example]]\nin = \"a\"\nout = \"a\"\n";

    #[test]
    fn reads_a_rule() {
        let file = parse("mine", "mine.toml", &format!("off = [\"a/b\"]\n{RULE}")).unwrap();
        let rule = &file.rules[0];
        assert_eq!(
            (rule.id.as_str(), rule.selectors.len(), rule.action, rule.field),
            ("mine/x", 2, Action::Drop, Some(FieldName::Title))
        );
        assert_eq!(rule.scope.languages, ["zh"]);
        assert_eq!(file.off, [(1, "a/b".to_owned())]);
    }

    #[test]
    fn each_broken_rule_has_an_error_of_its_own() {
        let two = RULE.replace("[\"p.x, div\"]", "[]").repeat(2);
        let errors = parse("mine", "mine.toml", &two).unwrap_err();
        assert_eq!(errors.iter().map(|e| e.line).collect::<Vec<_>>(), [Some(1), Some(11)]);
    }
}
