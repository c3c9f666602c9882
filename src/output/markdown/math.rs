//! Formulas between dollars: TeX that renderers without mathematics do not take for markup.
//!
//! TeX has other ways to write what Markdown would read as code, HTML, entities, links or strikethrough; they are used
//! here. Its underscores and backslashes stay, since TeX has no other word for them: a renderer without mathematics may
//! show them changed.

/// `$TeX$`, `None` where no dollars can stand around it.
pub(super) fn inline(tex: &str, in_table: bool) -> Option<String> {
    let tex = tex.split_whitespace().collect::<Vec<_>>().join(" ");
    let backslashes = tex.len() - tex.trim_end_matches('\\').len();
    let fits = !tex.is_empty() && !tex.contains('$') && backslashes % 2 == 0;
    fits.then(|| format!("${}$", neutral(&tex, in_table).trim()))
}

/// The lines between two `$$`, `None` where they cannot stand there.
pub(super) fn display(tex: &str) -> Option<Vec<String>> {
    let lines: Vec<String> = tex
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line = neutral(line, false);
            // An empty group, so that no line begins a block.
            let is_safe = line.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '\\' | '(' | '{'));
            if is_safe { line } else { format!("{{}}{line}") }
        })
        .collect();
    (!lines.is_empty() && !tex.contains('$')).then_some(lines)
}

/// The same formula in other words where Markdown has a meaning for them.
fn neutral(tex: &str, in_table: bool) -> String {
    let mut out = String::with_capacity(tex.len());
    let mut is_escaped = false;
    for (at, c) in tex.char_indices() {
        let next = tex[at + c.len_utf8()..].chars().next();
        let previous = out.chars().next_back();
        match c {
            '`' => out.push('\u{2018}'),
            '~' if !is_escaped => out.push_str("\\ "),
            '|' if in_table && is_escaped => out.push_str("Vert "),
            '|' if in_table => out.push_str("\\vert "),
            '(' if previous == Some(']') => out.push_str(" ("),
            ':' if previous == Some(']') => out.push_str(" :"),
            '[' if previous == Some('!') => out.push_str(" ["),
            '^' if previous == Some('[') => out.push_str(" ^"),
            '<' if next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) => out.push_str("< "),
            '&' if next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '#') => out.push_str("& "),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_no_markup() {
        for (tex, markdown) in [
            ("E=mc^2", "$E=mc^2$"),
            (" x ", "$x$"),
            ("a<b", "$a< b$"),
            ("<script>alert(1)</script>", "$< script>alert(1)< /script>$"),
            ("f[x](y)", "$f[x] (y)$"),
            ("a&lt;b", "$a& lt;b$"),
            ("a~b", "$a\\ b$"),
            ("|x|", "$\\vert x\\vert$"),
            ("\\|x", "$\\Vert x$"),
        ] {
            assert_eq!(inline(tex, true).as_deref(), Some(markdown));
        }
        for not in ["", " ", "a$b", "a\\"] {
            assert_eq!(inline(not, false), None, "{not}");
        }
    }

    #[test]
    fn no_line_of_a_formula_begins_a_block() {
        assert_eq!(
            display("a\n\n= b\n+ c\n1. d\n\\\\"),
            Some(["a", "{}= b", "{}+ c", "{}1. d", "\\\\"].map(String::from).to_vec())
        );
        assert_eq!(display(" \n "), None);
    }
}
