//! Code: fences and spans that nothing inside them can close.

/// A code span. `None` where none can hold the text: in a table, renderers disagree about a backslash before a pipe.
pub(super) fn span(code: &str, in_table: bool) -> Option<String> {
    let mut code = code.replace(['\n', '\r'], " ");
    if in_table && code.contains('|') {
        if code.contains("\\|") {
            return None;
        }
        code = code.replace('|', "\\|");
    }
    let fence = fence(&code, 1);
    let is_padded = code.starts_with(' ') && code.ends_with(' ');
    let pad = if is_padded || code.starts_with('`') || code.ends_with('`') {
        " "
    } else {
        ""
    };
    Some(format!("{fence}{pad}{code}{pad}{fence}"))
}

/// Backticks, more than stand together anywhere in the code.
pub(super) fn fence(code: &str, least: usize) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// The language in the class `language-x`.
pub(super) fn language(class: &str) -> Option<&str> {
    let name = class
        .split_whitespace()
        .find_map(|name| name.strip_prefix("language-"))?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'#' | b'.' | b'_');
    (!name.is_empty() && name.bytes().all(fits)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_hold_their_text() {
        for (code, in_table, markdown) in [
            ("a", false, "`a`"),
            ("`", false, "`` ` ``"),
            ("a``b", false, "```a``b```"),
            (" a ", false, "`  a  `"),
            (" a", false, "` a`"),
            ("a\nb", false, "`a b`"),
            ("a|b", true, "`a\\|b`"),
            ("a|b", false, "`a|b`"),
        ] {
            assert_eq!(span(code, in_table).as_deref(), Some(markdown));
        }
        assert_eq!(span("a\\|b", true), None);
    }

    #[test]
    fn languages_are_words() {
        assert_eq!(language("language-c++"), Some("c++"));
        assert_eq!(language("hljs language-rust"), Some("rust"));
        for bad in ["language-", "language-a`b", "rust", "language-\u{4e2d}"] {
            assert_eq!(language(bad), None, "{bad}");
        }
    }
}
