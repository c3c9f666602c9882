//! Text that stays text: what Markdown would read as markup is escaped, and nothing else.

/// Where a piece of text stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TextPlace {
    /// At the beginning of a line, where blocks begin.
    pub(super) starts_line: bool,
    /// In the cell of a table.
    pub(super) in_table: bool,
    /// Right behind the opening bracket of a link or picture.
    pub(super) in_bracket: bool,
    /// Right before one.
    pub(super) before_bracket: bool,
    /// Where two dollars would begin and end a formula.
    pub(super) has_dollars: bool,
}

/// Writes text so that it is read as it stands.
///
/// An underscore between letters is never emphasis. Characters that only mean something together with one that is
/// escaped anyway (`!` without a link, `|` without a line of dashes below) stay as they are.
pub(super) fn text(text: &str, place: TextPlace, out: &mut String) {
    let bytes = text.as_bytes();
    let start = if place.starts_line { line_start(text, out) } else { 0 };
    for (at, c) in text[start..].char_indices().map(|(at, c)| (at + start, c)) {
        let rest = &text[at..];
        let next = bytes.get(at + 1).copied();
        match c {
            '\\' | '`' | '*' | '[' | ']' | '~' => out.extend(['\\', c]),
            '_' if is_inside_word(text, at) => out.push(c),
            '_' => out.push_str("\\_"),
            // What follows may be a tag, and nearly every character begins a mail address.
            '<' if next != Some(b' ') => {
                out.push_str("&lt;");
            }
            '&' if is_entity(rest) => out.push_str("&amp;"),
            '|' if place.in_table && out.ends_with('\\') => out.push_str("&#124;"),
            '|' if place.in_table => out.push_str("\\|"),
            '$' if place.has_dollars => out.push_str("\\$"),
            '!' if next.is_none() && place.before_bracket => out.push_str("\\!"),
            // Behind a reference to a footnote it would define it.
            ':' if at == 0 && out.ends_with(']') => out.push_str("\\:"),
            '^' if at == 0 && place.in_bracket => out.push_str("\\^"),
            '\0' => out.push('\u{fffd}'),
            '\t' | '\n' | '\r' | '\x0b' | '\x0c' | ' ' if out.ends_with(' ') => {}
            '\t' | '\n' | '\r' | '\x0b' | '\x0c' => out.push(' '),
            c => out.push(c),
        }
    }
}

/// Whether this may begin an entity, in Markdown or in what a browser makes of an attribute.
pub(super) fn is_entity(text: &str) -> bool {
    let rest = &text.as_bytes()[1..];
    let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    rest.first() == Some(&b'#') || (name > 0 && rest.get(name).is_none_or(|b| *b == b';'))
}

/// Escapes what would begin a block, and says how much of the text that was.
fn line_start(text: &str, out: &mut String) -> usize {
    let bytes = text.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if (1..10).contains(&digits) {
        let ends_number = matches!(bytes.get(digits), Some(b'.' | b')'));
        if ends_number && bytes.get(digits + 1).is_none_or(u8::is_ascii_whitespace) {
            out.push_str(&text[..digits]);
            out.extend(['\\', char::from(bytes[digits])]);
            return digits + 1;
        }
        return 0;
    }
    let is_mark = match bytes.first() {
        Some(b'#' | b'>' | b'=' | b'|') => true,
        // With a letter behind them they are neither an item nor a line of dashes.
        Some(b'+' | b'-' | b':') => text[1..].chars().next().is_none_or(|c| !c.is_alphanumeric()),
        _ => false,
    };
    if is_mark {
        out.extend(['\\', char::from(bytes[0])]);
    }
    usize::from(is_mark)
}

/// Escapes the number sign that would end a heading unseen.
pub(super) fn heading_end(heading: &mut String) {
    let signs = heading.len() - heading.trim_end_matches('#').len();
    let before = heading.len() - signs;
    if signs > 0 && (before == 0 || heading[..before].ends_with(' ')) {
        heading.insert(heading.len() - 1, '\\');
    }
}

fn is_inside_word(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at + 1..].chars().next();
    before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(source: &str, place: TextPlace) -> String {
        let mut out = String::new();
        text(source, place, &mut out);
        out
    }

    #[test]
    fn only_what_would_be_markup_is_escaped() {
        for (text, markdown) in [
            ("a * b_c _d_", "a \\* b_c \\_d\\_"),
            ("C:\\dir", "C:\\\\dir"),
            ("a < b <c </d <!-- <3 <", "a < b &lt;c &lt;/d &lt;!-- &lt;3 &lt;"),
            ("AT&T & R&D; &amp; &#38;", "AT&T & R&amp;D; &amp;amp; &amp;#38;"),
            ("a | b", "a | b"),
            ("[1] ![x]", "\\[1\\] !\\[x\\]"),
            ("3~5", "3\\~5"),
            ("$5", "$5"),
            ("#tag", "#tag"),
            ("a \n\tb", "a b"),
        ] {
            assert_eq!(escaped(text, TextPlace::default()), markdown);
        }
    }

    #[test]
    fn a_line_begins_no_block() {
        let place = TextPlace {
            starts_line: true,
            ..TextPlace::default()
        };
        for (text, markdown) in [
            ("# a", "\\# a"),
            ("#a", "\\#a"),
            ("- a", "\\- a"),
            ("---", "\\---"),
            ("-|-", "\\-|-"),
            ("-5 °C", "-5 °C"),
            ("+ a", "\\+ a"),
            ("+1", "+1"),
            ("1. a", "1\\. a"),
            ("12) a", "12\\) a"),
            ("1.5", "1.5"),
            ("1.", "1\\."),
            ("1234567890. a", "1234567890. a"),
            ("> a", "\\> a"),
            ("===", "\\==="),
            ("|---|", "\\|---|"),
            (":--", "\\:--"),
        ] {
            assert_eq!(escaped(text, place), markdown);
        }
    }

    #[test]
    fn a_heading_keeps_its_last_sign() {
        for (heading, written) in [
            ("a #", "a \\#"),
            ("#", "\\#"),
            ("a ##", "a #\\#"),
            ("C#", "C#"),
            ("a", "a"),
        ] {
            let mut text = heading.to_owned();
            heading_end(&mut text);
            assert_eq!(text, written);
        }
    }
}
