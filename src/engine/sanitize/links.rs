//! URLs of the document: resolved, and only of schemes that are safe to follow.

use std::sync::LazyLock;

use url::{ParseError, Url};

use super::tracking;

/// How links of one document are resolved.
#[derive(Debug, Clone, Default)]
pub struct Links {
    base: Option<Url>,
}

/// Any base, to see whether a relative link can be resolved at all.
static SOMEWHERE: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("https://base.invalid/").ok());

impl Links {
    /// Links against this base, or left relative without one.
    pub fn new(base: Option<Url>) -> Self {
        Links {
            base: base.filter(|base| matches!(base.scheme(), "http" | "https")),
        }
    }

    /// The URL that a link leads to: absolute where there is a base. `None` for an empty or broken one and for every scheme
    /// but `http`, `https` and `mailto`. Parsed as the WHATWG URL standard does, so that no white space hides a scheme.
    /// What comes back stays the same when it is resolved again.
    pub fn resolve(&self, link: &str) -> Option<String> {
        let link = link.trim_matches(|c: char| c <= ' ' || c.is_whitespace());
        if link.is_empty() {
            return None;
        }
        let parsed = match &self.base {
            Some(base) => base.join(link),
            None => Url::parse(link),
        };
        match parsed {
            Ok(url) => {
                let url = end_of_redirects(url)?;
                matches!(url.scheme(), "http" | "https" | "mailto").then(|| url.into())
            }
            Err(ParseError::RelativeUrlWithoutBase) => relative(link),
            Err(_) => None,
        }
    }

    /// The same of what a reader follows: without the parameters that record how it was found.
    pub fn follow(&self, link: &str) -> Option<String> {
        let written = link.trim();
        let link = self.resolve(link)?;
        // A host alone stays as it is written: the slash that the standard adds says nothing.
        if link.strip_suffix('/') == Some(written) && written.matches('/').count() == 2 {
            return Some(written.to_owned());
        }
        if !link.contains('?') {
            return Some(link);
        }
        let leads = Url::parse(&link).ok();
        let host = leads.as_ref().and_then(Url::host_str);
        // A blank that stood before the parameters would be trimmed the next time.
        Some(tracking::without(&link, host).trim_end().to_owned()).filter(|link| !link.is_empty())
    }
}

/// A link without a base and a scheme: as a browser reads it, so that what is compared later is where it leads. That is
/// without tabs and line ends, and with slashes for the backslashes of its path; other control characters are encoded.
fn relative(link: &str) -> Option<String> {
    let mut clean = String::with_capacity(link.len());
    let mut is_path = true;
    for c in link.chars() {
        is_path &= !matches!(c, '?' | '#');
        match c {
            '\t' | '\n' | '\r' => {}
            '\\' if is_path => clean.push('/'),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    clean.push_str(&format!("%{byte:02X}"));
                }
            }
            c => clean.push(c),
        }
    }
    let head = clean.split(['/', '?', '#']).next().unwrap_or_default();
    let leads_somewhere = || SOMEWHERE.as_ref().is_some_and(|base| base.join(&clean).is_ok());
    (!clean.is_empty() && !head.contains(':') && leads_somewhere()).then_some(clean)
}

/// Redirects inside one another that are followed: a link of more is none.
const REDIRECTS_AT_MOST: usize = 8;

fn end_of_redirects(mut url: Url) -> Option<Url> {
    for _ in 0..REDIRECTS_AT_MOST {
        match target_of_redirect(&url) {
            Some(target) => url = target,
            None => return Some(url),
        }
    }
    None
}

/// Names of hosts and pages that only count clicks and redirect.
const REDIRECTS: &[&str] = &["link", "redirect", "goto", "jump", "leave", "away", "outbound"];
/// The parameters that name where they send them.
const TARGETS: &[&str] = &["target", "url", "to", "dest", "u"];

/// Where a redirect leads, if the link says so itself.
fn target_of_redirect(url: &Url) -> Option<Url> {
    let names = |text: &str| {
        let text = text.to_ascii_lowercase();
        REDIRECTS.iter().any(|name| text.contains(name))
    };
    let host = url.host_str()?.split('.').next()?;
    let page = url.path_segments().and_then(|mut segments| segments.next_back());
    if !names(host) && !page.is_some_and(names) {
        return None;
    }
    let (_, target) = url.query_pairs().find(|(name, _)| TARGETS.contains(&name.as_ref()))?;
    Url::parse(&target)
        .ok()
        .filter(|target| matches!(target.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_only_what_is_safe() {
        let free = Links::default();
        let based = Links::new(Url::parse("https://example.com/a/b.html").ok());
        assert_eq!(
            based.resolve("../c?x=1#y").as_deref(),
            Some("https://example.com/c?x=1#y")
        );
        assert_eq!(
            based.resolve("//cdn.example/x").as_deref(),
            Some("https://cdn.example/x")
        );
        assert_eq!(free.resolve("/c d").as_deref(), Some("/c d"));
        assert_eq!(
            free.resolve("mailto:a@b.example").as_deref(),
            Some("mailto:a@b.example")
        );
        for bad in [
            "javascript:alert(1)",
            " JaVa\nScRiPt:alert(1)",
            "\u{1}javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///x",
            "//javascript:x",
            "",
            "blob:x",
        ] {
            assert_eq!(free.resolve(bad), None, "{bad:?}");
            assert_eq!(based.resolve(bad), None, "{bad:?}");
        }
        assert_eq!(free.resolve("java\u{0}script:x"), None);
    }

    #[test]
    fn relative_links_lead_where_a_browser_goes() {
        let free = Links::default();
        for (link, left) in [
            ("\\\\host\\a", "//host/a"),
            ("/\\host", "//host"),
            ("/\u{1}/host", "/%01/host"),
            ("/\t/host", "//host"),
            ("a\\b?c\\d#e\\f", "a/b?c\\d#e\\f"),
            ("\u{1} /x", "/x"),
            ("/a\u{7f}\u{85}b", "/a%7F%C2%85b"),
        ] {
            assert_eq!(free.resolve(link).as_deref(), Some(left), "{link:?}");
        }
    }

    #[test]
    fn a_clean_link_stays_as_it_is() {
        let pieces = [
            "/",
            "\\",
            "\u{1}",
            "\t",
            " ",
            "\u{a0}",
            "a",
            "b c",
            "%",
            "%2F",
            "&colon;",
            "?",
            "#",
            "utm_source=x",
            "&",
            "é",
            "url=",
            "http://link.example/",
            "http%3A%2F%2Fgo.example%2Fjump%3Fu%3D",
            ".",
            "..",
            "//",
            "[",
            "|",
            "@",
            "`",
        ];
        let based = Links::new(Url::parse("https://example.com/a/b.html").ok());
        for (i, first) in pieces.iter().enumerate() {
            for second in pieces {
                for third in pieces {
                    for fourth in [pieces[i], "", "x"] {
                        let link = [first, second, third, fourth].concat();
                        for links in [&Links::default(), &based] {
                            if let Some(once) = links.follow(&link) {
                                assert_eq!(links.follow(&once).as_ref(), Some(&once), "{link:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_chain_of_redirects_ends() {
        let link = |depth: usize| format!("{}http://a.example/", "http://link.example/?u=".repeat(depth));
        let free = Links::default();
        assert_eq!(free.resolve(&link(3)).as_deref(), Some("http://a.example/"));
        assert_eq!(free.resolve(&link(1000)), None);
    }

    #[test]
    fn hosts_and_paths_in_any_script() {
        let based = Links::new(Url::parse("https://例子.中国/新闻/").ok());
        assert_eq!(
            based.resolve("路径?问=答#段").as_deref(),
            Some("https://xn--fsqu00a.xn--fiqs8s/%E6%96%B0%E9%97%BB/%E8%B7%AF%E5%BE%84?%E9%97%AE=%E7%AD%94#%E6%AE%B5")
        );
        assert_eq!(
            based.resolve("//BÜCHER.example/").as_deref(),
            Some("https://xn--bcher-kva.example/")
        );
        for broken in [
            "http://",
            "https://a b/",
            "http://[::1",
            "https://exa%mple/",
            "//",
            "http://:80/",
            "https://a.example:99999/",
            "https://xn--a/",
        ] {
            assert_eq!(based.resolve(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_is_followed_says_nothing_of_the_reader() {
        let followed = |link: &str| Links::default().follow(link).unwrap_or_default();
        for (link, left) in [
            (
                "https://a.example/?id=1&utm_source=x&fbclid=y#z",
                "https://a.example/?id=1#z",
            ),
            (
                "https://link.example.com/?target=https%3A//a.example/%3Fspm%3D1",
                "https://a.example/",
            ),
            ("/b?utm_source=x", "/b"),
            ("https://x.com/a/status/1?s=20", "https://x.com/a/status/1"),
            ("https://a.example/search?s=20", "https://a.example/search?s=20"),
            ("javascript:alert(1)?utm_source", ""),
        ] {
            assert_eq!(followed(link), left, "{link}");
        }
    }

    #[test]
    fn follows_redirects_that_name_their_target() {
        let free = Links::default();
        let resolved = |link: &str| free.resolve(link).unwrap_or_default();
        assert_eq!(
            resolved("https://link.example.com/?target=https%3A//a.example/b%3Fc%3D1"),
            "https://a.example/b?c=1"
        );
        assert_eq!(
            resolved("https://www.example.com/News/GoToLink?id=1&url=http%3A%2F%2Fa.example"),
            "http://a.example/"
        );
        for itself in [
            "https://link.example.com/?target=javascript%3Aalert(1)",
            "https://link.example.com/?target=/relative",
            "https://www.example.com/share?url=https%3A//a.example/",
            "https://www.example.com/links/1",
        ] {
            assert_eq!(resolved(itself), itself);
        }
    }
}
