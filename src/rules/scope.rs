//! Which documents a rule is for.

/// The documents that a rule is for: all of them where it names nothing, else those of its hosts or its sources, and in
/// the language, where it names one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// Hosts, and with `*.` before it a domain and all below it.
    pub hosts: Vec<String>,
    /// Hosts, in the same form, where it is off.
    pub not_hosts: Vec<String>,
    /// Names by which a feed's front matter calls it: its author or one of its categories.
    pub sources: Vec<String>,
}

/// What is known of a document before its HTML is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    /// The host of its URL.
    pub host: Option<String>,
    /// The names in its front matter.
    pub sources: Vec<String>,
}

impl Scope {
    /// Whether a rule with this scope is for every document.
    pub fn is_everywhere(&self) -> bool {
        self.hosts.is_empty() && self.sources.is_empty() && self.not_hosts.is_empty()
    }

    /// Whether a document of this origin is meant.
    pub fn holds(&self, origin: &Origin) -> bool {
        let host = origin.host.as_deref();
        let is_host = |pattern: &String| host.is_some_and(|host| covers(pattern, host));
        if self.not_hosts.iter().any(is_host) {
            return false;
        }
        (self.hosts.is_empty() && self.sources.is_empty())
            || self.hosts.iter().any(is_host)
            || self.sources.iter().any(|name| origin.sources.contains(name))
    }
}

/// Whether `pattern` (`news.example.com`, or `*.example.com` for a domain and all below it) means `host`.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|sub| sub.is_empty() || sub.ends_with('.')),
        None => host == pattern,
    }
}

/// Whether a text is a host pattern at all.
pub(super) fn is_host_pattern(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    let part = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| !b.is_ascii() || b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    host.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_for_hosts_and_sources() {
        let at = |host: &str| Origin {
            host: Some(host.into()),
            sources: vec!["Some Feed".into()],
        };
        let scope = |hosts: &[&str], not: &[&str], sources: &[&str]| Scope {
            hosts: hosts.iter().map(|s| (*s).to_owned()).collect(),
            not_hosts: not.iter().map(|s| (*s).to_owned()).collect(),
            sources: sources.iter().map(|s| (*s).to_owned()).collect(),
        };
        assert!(scope(&[], &[], &[]).holds(&Origin::default()));
        assert!(scope(&["*.a.example"], &[], &[]).holds(&at("a.example")));
        assert!(scope(&["*.a.example"], &[], &[]).holds(&at("x.a.example")));
        assert!(!scope(&["*.a.example"], &[], &[]).holds(&at("ba.example")));
        assert!(!scope(&["a.example"], &[], &[]).holds(&at("x.a.example")));
        assert!(scope(&["b.example"], &[], &["Some Feed"]).holds(&at("x.a.example")));
        assert!(!scope(&[], &["*.a.example"], &[]).holds(&at("x.a.example")));
        assert!(scope(&[], &["*.a.example"], &[]).holds(&Origin::default()));
    }
}
