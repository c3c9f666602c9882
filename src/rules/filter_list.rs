//! Adblock filter lists: the element-hiding rules of EasyList's syntax, as rules.
//!
//! `##selector`, `domain,~domain##selector` and the exceptions `#@#`. What cannot be decided when a start tag is seen, or
//! is about requests (nothing is ever fetched), is skipped and reported, line by line. No list is compiled in: their licences
//! differ, and the operator names the file.

use std::collections::HashMap;

use super::{Action, Category, Rule, Scope, scope::is_host_pattern, selector};

/// A line of a list that makes no rule, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The list's file.
    pub list: String,
    /// Counted from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// A list read.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) rules: Vec<Rule>,
    /// Lines, counted from 1, that make no rule, and why.
    pub(super) skipped: Vec<(usize, String)>,
}

/// Reads a list. `name` begins the ids of its rules: `easylist:123` for line 123.
pub(super) fn parse(name: &str, text: &str) -> List {
    let mut list = List::default();
    // Which rules have a selector, so that an exception finds them.
    let mut by_selector: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut exceptions = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('!') || line.starts_with("[Adblock") {
            continue;
        }
        let read = read_line(line);
        let skip = |reason: String| (i + 1, reason);
        let (domains, selector, is_exception) = match read {
            Ok(parts) => parts,
            Err(reason) => {
                list.skipped.push(skip(reason));
                continue;
            }
        };
        let scope = match scope_of(domains) {
            Ok(scope) => scope,
            Err(reason) => {
                list.skipped.push(skip(reason));
                continue;
            }
        };
        if is_exception {
            exceptions.push((scope, selector));
            continue;
        }
        match selector::parse(selector) {
            Ok(selectors) => {
                by_selector.entry(selector).or_default().push(list.rules.len());
                list.rules.push(Rule {
                    id: format!("{name}:{}", i + 1),
                    category: Category::Advertisement,
                    why: format!("line {} of the filter list {name}", i + 1),
                    action: Action::Drop,
                    scope,
                    selectors,
                    select: vec![selector.to_owned()],
                    comment: None,
                    text: None,
                    field: None,
                    examples: Vec::new(),
                });
            }
            Err(error) => list.skipped.push(skip(error.reason)),
        }
    }
    let mut off = vec![false; list.rules.len()];
    for (scope, selector) in exceptions {
        for &rule in by_selector.get(selector).into_iter().flatten() {
            match scope.hosts.is_empty() {
                true => off[rule] = true,
                false => list.rules[rule].scope.not_hosts.extend(scope.hosts.iter().cloned()),
            }
        }
    }
    let mut off = off.into_iter();
    list.rules.retain(|_| !off.next().unwrap_or(false));
    list
}

/// Domains, selector, and whether it is an exception.
fn read_line(line: &str) -> Result<(&str, &str, bool), String> {
    // The first `#` that begins a separator; a network rule may hold others.
    for (i, _) in line.match_indices('#') {
        let rest = &line[i..];
        let separators = [("##", false), ("#@#", true)];
        if let Some((mark, exception)) = separators.iter().find(|(mark, _)| rest.starts_with(mark)) {
            let selector = rest[mark.len()..].trim();
            return match selector {
                _ if selector.starts_with("+js(") || selector.starts_with("^") => {
                    Err("scriptlets and response filters act on a browser".into())
                }
                "" => Err("the selector is empty".into()),
                _ => Ok((&line[..i], selector, *exception)),
            };
        }
        if ["#?#", "#@?#", "#$#", "#@$#", "#%#", "#@%#"]
            .iter()
            .any(|mark| rest.starts_with(mark))
        {
            return Err("procedural, style and script rules act on a browser".into());
        }
    }
    Err("a rule about requests: nothing is ever fetched".into())
}

fn scope_of(domains: &str) -> Result<Scope, String> {
    let mut scope = Scope::default();
    for domain in domains.split(',').map(str::trim).filter(|domain| !domain.is_empty()) {
        let (domain, hosts) = match domain.strip_prefix('~') {
            Some(domain) => (domain, &mut scope.not_hosts),
            None => (domain, &mut scope.hosts),
        };
        let pattern = format!("*.{}", domain.to_ascii_lowercase());
        if !is_host_pattern(&pattern) {
            return Err(format!("{domain:?} is no domain"));
        }
        hosts.push(pattern);
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::DocumentContext;

    const LIST: &str = "[Adblock Plus 2.0]\n! a comment\n##.ad_body\n###banner\na.example,b.example##.x > p\n~a.example##.y\n\
        c.example#@#.ad_body\n##.gone\n#@#.gone\n||ads.example^$third-party\n##div:has(.ad)\na.example#?#div:-abp-has(p)\n\
        a.example##+js(noop)\nx.*##.z\n##\n";

    #[test]
    fn reads_what_it_can_and_tells_the_rest() {
        let list = parse("easy", LIST);
        let ids: Vec<_> = list.rules.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids, ["easy:3", "easy:4", "easy:5", "easy:6"]);
        let skipped: Vec<_> = list.skipped.iter().map(|(line, _)| *line).collect();
        assert_eq!(skipped, [10, 11, 12, 13, 14, 15]);
        let at = |host: &str| DocumentContext {
            host: Some(host.into()),
            ..DocumentContext::default()
        };
        let holds = |i: usize, host: &str| list.rules[i].scope.holds(&at(host));
        assert!(holds(0, "a.example") && !holds(0, "www.c.example"));
        assert!(holds(2, "www.b.example") && !holds(2, "c.example"));
        assert!(!holds(3, "a.example") && holds(3, "b.example"));
    }
}
