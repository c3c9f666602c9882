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
    /// Languages, as primary subtags of BCP 47: `zh` means `zh-Hant-TW` too.
    pub languages: Vec<String>,
}

/// What is known of a document before its HTML is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DocumentContext {
    /// The host of its URL.
    pub host: Option<String>,
    /// The names in its front matter.
    pub sources: Vec<String>,
    /// The primary subtag of the language that it says it is in.
    pub language: Option<String>,
}

impl Scope {
    /// Whether a rule with this scope is for every document.
    pub fn is_everywhere(&self) -> bool {
        *self == Scope::default()
    }

    /// Whether a document of this origin is meant. One that does not say its language is in none: a rule about words of
    /// one language does harm in another.
    pub fn holds(&self, origin: &DocumentContext) -> bool {
        let by_source = || self.sources.iter().any(|name| origin.sources.contains(name));
        let language = origin.language.as_ref();
        let in_language = || language.is_some_and(|language| self.languages.contains(language));
        let there =
            self.is_for_host(origin.host.as_deref()) || (by_source() && !self.is_off_at(origin.host.as_deref()));
        there && (self.languages.is_empty() || in_language())
    }

    /// Whether a document of this host, of whatever source and language, is meant.
    pub fn is_for_host(&self, host: Option<&str>) -> bool {
        let anywhere = self.hosts.is_empty() && self.sources.is_empty();
        (anywhere || is_among(&self.hosts, host)) && !self.is_off_at(host)
    }

    fn is_off_at(&self, host: Option<&str>) -> bool {
        is_among(&self.not_hosts, host)
    }
}

fn is_among(patterns: &[String], host: Option<&str>) -> bool {
    host.is_some_and(|host| patterns.iter().any(|pattern| covers(pattern, host)))
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

/// Whether a text is a primary language subtag (RFC 5646, section 2.2.1), in lower case.
pub(super) fn is_language(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase())
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
        let at = |host: &str| DocumentContext {
            host: Some(host.into()),
            sources: vec!["Some Feed".into()],
            language: None,
        };
        let scope = |hosts: &[&str], not: &[&str], sources: &[&str]| Scope {
            hosts: hosts.iter().map(|s| (*s).to_owned()).collect(),
            not_hosts: not.iter().map(|s| (*s).to_owned()).collect(),
            sources: sources.iter().map(|s| (*s).to_owned()).collect(),
            languages: Vec::new(),
        };
        assert!(scope(&[], &[], &[]).holds(&DocumentContext::default()));
        assert!(scope(&["*.a.example"], &[], &[]).holds(&at("a.example")));
        assert!(scope(&["*.a.example"], &[], &[]).holds(&at("x.a.example")));
        assert!(!scope(&["*.a.example"], &[], &[]).holds(&at("ba.example")));
        assert!(!scope(&["a.example"], &[], &[]).holds(&at("x.a.example")));
        assert!(scope(&["b.example"], &[], &["Some Feed"]).holds(&at("x.a.example")));
        assert!(!scope(&[], &["*.a.example"], &[]).holds(&at("x.a.example")));
        assert!(scope(&[], &["*.a.example"], &[]).holds(&DocumentContext::default()));
    }

    #[test]
    fn holds_for_languages_that_are_known() {
        let scope = |hosts: &[&str]| Scope {
            hosts: hosts.iter().map(|s| (*s).to_owned()).collect(),
            languages: vec!["de".into(), "nl".into()],
            ..Scope::default()
        };
        let speaking = |language: Option<&str>| DocumentContext {
            host: Some("a.example".into()),
            sources: Vec::new(),
            language: language.map(str::to_owned),
        };
        assert!(scope(&[]).holds(&speaking(Some("nl"))));
        assert!(!scope(&[]).holds(&speaking(Some("en"))) && !scope(&[]).holds(&speaking(None)));
        assert!(scope(&["a.example"]).holds(&speaking(Some("de"))));
        assert!(!scope(&["b.example"]).holds(&speaking(Some("de"))));
        assert!(scope(&[]).is_for_host(Some("a.example")) && !scope(&[]).is_everywhere());
    }
}
