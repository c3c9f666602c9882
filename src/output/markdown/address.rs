//! Addresses of links and pictures, so written that every renderer reads the same one.
//!
//! # Security
//! CommonMark decodes entities and backslashes in an address, some renderers pass it to the browser undecoded, and others
//! find code, emphasis or cells in it first. What none of them may read is percent-encoded; an ampersand that could begin
//! an entity is `&amp;`, which all of them decode exactly once.

use std::fmt::Write;

use super::escape::is_entity;

/// The target between the round brackets of a link.
pub(super) fn destination(address: &str) -> String {
    let parentheses = if has_simple_parentheses(address) { "()" } else { "" };
    // Only in front of these could an entity become a scheme.
    let scheme_end = match has_scheme(address) {
        true => 0,
        false => address.find(['/', '?', '#']).unwrap_or(address.len()),
    };
    let authority_end = authority_end(address);
    let mut written = String::with_capacity(address.len());
    for (at, c) in address.char_indices() {
        let is_plain = c.is_alphanumeric()
            || "-._~:/?#@!$'*+,;=%".contains(c)
            || parentheses.contains(c)
            || (at < authority_end && matches!(c, '[' | ']'));
        match c {
            '&' if is_entity(&address[at..]) && at < scheme_end => written.push_str("%26"),
            '&' if is_entity(&address[at..]) => written.push_str("&amp;"),
            '&' => written.push(c),
            _ if is_plain => written.push(c),
            _ => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a string does not fail.
                    let _ = write!(written, "%{byte:02X}");
                }
            }
        }
    }
    written
}

/// Whether brackets are balanced and none stands in another, as every renderer reads them.
fn has_simple_parentheses(address: &str) -> bool {
    let mut is_open = false;
    for c in address.chars().filter(|c| matches!(c, '(' | ')')) {
        if (c == '(') == is_open {
            return false;
        }
        is_open = !is_open;
    }
    !is_open
}

fn has_scheme(address: &str) -> bool {
    let scheme = address.split(['/', '?', '#', '&']).next().unwrap_or_default();
    scheme.contains(':')
}

/// Where the host of an absolute address ends: one of IPv6 stands in square brackets.
fn authority_end(address: &str) -> usize {
    let Some(start) = address.find("://").map(|at| at + 3) else {
        return 0;
    };
    let rest = &address[start..];
    start + rest.find(['/', '?', '#']).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are() {
        for (address, written) in [
            ("https://t.example/a(b)c", "https://t.example/a(b)c"),
            ("/a(b", "/a%28b"),
            ("/a((b))", "/a%28%28b%29%29"),
            ("/a b", "/a%20b"),
            ("/<b>", "/%3Cb%3E"),
            ("/a`b`", "/a%60b%60"),
            ("https://t.example/a|b?c=1&d=2", "https://t.example/a%7Cb?c=1&d=2"),
            ("?a=1&copy;=2", "?a=1&amp;copy;=2"),
            ("?a&#58;b", "?a&amp;#58;b"),
            ("?a&#58b", "?a&amp;#58b"),
            ("javascript&colon;alert(1)", "javascript%26colon;alert(1)"),
            ("java&Tab;script&#58;x", "java%26Tab;script%26#58;x"),
            ("/路径?问=答", "/路径?问=答"),
            ("/a\u{3000}b\u{202e}", "/a%E3%80%80b%E2%80%AE"),
            ("http://[::1]/[a]", "http://[::1]/%5Ba%5D"),
            ("/a\\b", "/a%5Cb"),
        ] {
            assert_eq!(destination(address), written);
        }
    }
}
