//! Front matter that no YAML parser takes, read line by line.
//!
//! Feed dumps write titles into YAML without quoting them, so `title: 他说: 涨了` and `title: "突发" 沪指大跌` are common and
//! every parser refuses the whole block for them. Read here: `key: value` at the line's start, list items below it,
//! quoted and block values over several lines, and one level of nested keys. Nothing is refused and nothing but comments is
//! dropped: a line that is none of these belongs to the value above it.

use serde_json::{Map, Value};

/// Characters of a key at most. What is longer is a sentence with a colon.
const KEY_CHARACTERS: usize = 64;

/// Reads what can be read of `text`, the front matter without its fences. Of a key that comes twice the last one counts.
pub(crate) fn read(text: &str) -> Map<String, Value> {
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim_end) {
        add_line(&mut entries, line);
    }
    entries
        .into_iter()
        .map(|entry| (entry.key.to_owned(), entry.content.finish()))
        .collect()
}

/// The key and the rest of a line `key: rest`, if it is one: at the line's start, and without blanks in the key.
pub(crate) fn key_line(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = match line.chars().next()? {
        quote @ ('"' | '\'') => line[1..].split_once(quote)?,
        _ => {
            let is_key = |character: char| character.is_alphanumeric() || "_-.".contains(character);
            line.split_at(line.find(|character| !is_key(character))?)
        }
    };
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
    let is_value = rest.is_empty() || rest.starts_with([' ', '\t', '\u{3000}', '"', '\'']);
    let is_key =
        !key.is_empty() && !key.starts_with('-') && key.chars().take(KEY_CHARACTERS + 1).count() <= KEY_CHARACTERS;
    (is_key && is_value).then(|| (key, rest.trim()))
}

/// The text of a list item, if the line is one: `- item`, and also `- - item`, whose stray dash no dump meant.
pub(crate) fn list_item(line: &str) -> Option<&str> {
    let mut item = line.trim_start().strip_prefix('-')?;
    if !item.is_empty() && !item.starts_with([' ', '\t']) {
        return None;
    }
    item = item.trim();
    while let Some(inner) = item.strip_prefix("- ") {
        item = inner.trim_start();
    }
    Some(if item == "-" { "" } else { item })
}

/// Whether a value begins with a quote that its line does not close.
pub(crate) fn opens_quote(rest: &str) -> Option<char> {
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    (rest.len() == 1 || !rest.ends_with(quote)).then_some(quote)
}

struct LenientEntry<'a> {
    key: &'a str,
    content: LenientContent<'a>,
}

enum LenientContent<'a> {
    /// Nothing after the colon yet.
    Empty,
    /// A value on one or more lines.
    Text {
        text: String,
        /// The quote that is still open.
        open: Option<char>,
    },
    /// `|` or `>`: lines, joined by a newline or a blank.
    Block {
        text: String,
        join: char,
    },
    List(Vec<String>),
    Nested(Vec<(&'a str, String)>),
}

fn add_line<'a>(entries: &mut Vec<LenientEntry<'a>>, line: &'a str) {
    let is_indented = line.starts_with([' ', '\t', '\u{3000}']);
    if let Some((key, rest)) = key_line(line) {
        entries.push(LenientEntry {
            key,
            content: LenientContent::of(rest),
        });
        return;
    }
    let Some(entry) = entries.last_mut() else { return };
    let is_comment = line.starts_with('#') && !matches!(entry.content, LenientContent::Text { open: Some(_), .. });
    if !is_comment {
        entry.content.add(line, is_indented);
    }
}

impl<'a> LenientContent<'a> {
    fn of(rest: &str) -> Self {
        match rest {
            "" => LenientContent::Empty,
            "|" | "|-" | "|+" => LenientContent::block('\n'),
            ">" | ">-" | ">+" => LenientContent::block(' '),
            _ => LenientContent::Text {
                text: rest.to_owned(),
                open: opens_quote(rest),
            },
        }
    }

    fn block(join: char) -> Self {
        LenientContent::Block {
            text: String::new(),
            join,
        }
    }

    fn add(&mut self, line: &'a str, is_indented: bool) {
        let trimmed = line.trim();
        match self {
            LenientContent::Block { text, join } => {
                if !text.is_empty() {
                    text.push(*join);
                }
                text.push_str(trimmed);
            }
            _ if trimmed.is_empty() => {}
            LenientContent::Text { text, open } if open.is_some() || list_item(line).is_none() => {
                text.push(' ');
                text.push_str(trimmed);
                if open.is_some_and(|quote| trimmed.ends_with(quote)) {
                    *open = None;
                }
            }
            _ if list_item(line).is_some() => {
                let item = list_item(line).unwrap_or_default().to_owned();
                match self {
                    LenientContent::List(items) => items.push(item),
                    LenientContent::Text { text, .. } => *self = LenientContent::List(vec![std::mem::take(text), item]),
                    _ => *self = LenientContent::List(vec![item]),
                }
            }
            LenientContent::List(items) => {
                if let Some(last) = items.last_mut() {
                    last.push(' ');
                    last.push_str(trimmed);
                }
            }
            LenientContent::Nested(pairs) => match key_line(trimmed) {
                Some((key, rest)) => pairs.push((key, rest.to_owned())),
                None => {
                    if let Some((_, last)) = pairs.last_mut() {
                        last.push(' ');
                        last.push_str(trimmed);
                    }
                }
            },
            _ => {
                *self = match key_line(trimmed).filter(|_| is_indented) {
                    Some((key, rest)) => LenientContent::Nested(vec![(key, rest.to_owned())]),
                    None => LenientContent::of(trimmed),
                };
            }
        }
    }

    fn finish(self) -> Value {
        match self {
            LenientContent::Empty => Value::Null,
            LenientContent::Text { text, .. } => match flow_list(&text) {
                Some(items) => items,
                None => scalar(&text),
            },
            LenientContent::Block { text, .. } => Value::String(text.trim_end().to_owned()),
            LenientContent::List(items) => items
                .iter()
                .filter(|item| !item.is_empty())
                .map(|item| scalar(item))
                .collect(),
            LenientContent::Nested(pairs) => pairs
                .iter()
                .map(|(key, rest)| ((*key).to_owned(), scalar(rest)))
                .collect(),
        }
    }
}

/// `[a, 'b']`, but not `[视频] 新闻`, nor a single `[视频]`, which titles are full of.
fn flow_list(text: &str) -> Option<Value> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    if inside.is_empty() {
        return Some(Value::Array(Vec::new()));
    }
    if inside.contains(['[', ']', '{', '}']) || !inside.contains(',') {
        return None;
    }
    Some(inside.split(',').map(|item| scalar(item.trim())).collect())
}

/// As the YAML core schema reads a plain scalar, except that numbers stay text.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => Value::String(unquote(text)),
    }
}

/// Removes the quotes around a value, as many as stand on both sides when there are several, and undoes their escapes.
/// Quotes that only begin and end a title, as in `"突发" 沪指 "大跌"`, stay.
fn unquote(text: &str) -> String {
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        return text.to_owned();
    };
    let before = text.len() - text.trim_start_matches(quote).len();
    let after = text.len() - text.trim_end_matches(quote).len();
    let pairs = before.min(after);
    if before == text.len() {
        return String::new();
    }
    if pairs == 0 {
        // The value was cut, or its end went with a lost line; a lone quote at the front is the YAML's.
        let rest = &text[1..];
        return if rest.contains(quote) {
            text.to_owned()
        } else {
            rest.to_owned()
        };
    }
    let inside = &text[pairs..text.len() - pairs];
    if pairs == 1 && has_bare_quote(inside, quote) {
        return text.to_owned();
    }
    if quote == '\'' {
        inside.replace("''", "'")
    } else {
        inside.replace("\\\"", "\"").replace("\\\\", "\\")
    }
}

/// Whether there is a quote inside that is not escaped, by doubling or by a backslash.
fn has_bare_quote(inside: &str, quote: char) -> bool {
    let mut characters = inside.chars().peekable();
    while let Some(character) = characters.next() {
        if quote == '"' && character == '\\' {
            characters.next();
        } else if character == quote && (quote == '"' || characters.next_if_eq(&quote).is_none()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_parsers_refuse() {
        let text = "title: 他说: 涨了\nsubtitle: \"突发\" 沪指 \"大跌\"\ncategories:\n    - 金融\n\t- \"某某网\"\n -  - 快讯\n\
                    author: @某某\nheadimg: 'https://example.com/a,b@c.png?x=1'\ndraft: false\nempty:\n# note\ndate: 2021-08-18\n";
        assert_eq!(
            Value::Object(read(text)),
            json!({
                "title": "他说: 涨了", "subtitle": "\"突发\" 沪指 \"大跌\"", "categories": ["金融", "某某网", "快讯"],
                "author": "@某某", "headimg": "https://example.com/a,b@c.png?x=1", "draft": false, "empty": null,
                "date": "2021-08-18",
            })
        );
    }

    #[test]
    fn values_may_run_over_lines() {
        let text = "title: '第一行\n\n   第二行: 还是标题\n- 第三行'\nplain: 一\n   二\n三\nsummary: |\n  a\n\n  b: c\nfold: >-\n  d\n  \
                    e\nlist:\n  - x\n    y\ncover:\n  src: \"z.png\"\n  alt: 图\nlast: 一\n - 二\n";
        assert_eq!(
            Value::Object(read(text)),
            json!({
                "title": "第一行 第二行: 还是标题 - 第三行", "plain": "一 二 三", "summary": "a\n\nb: c", "fold": "d e",
                "list": ["x y"], "cover": {"src": "z.png", "alt": "图"}, "last": ["一", "二"],
            })
        );
    }

    #[test]
    fn quotes_around_a_value_go_and_others_stay() {
        let eleven = "\"".repeat(22);
        for (text, value) in [
            ("'a'", "a"),
            ("\"a\"", "a"),
            ("'it''s'", "it's"),
            ("\"a \\\"b\\\" c\"", "a \"b\" c"),
            (&format!("{eleven}中{eleven}"), "中"),
            ("\"突发\" 大跌", "\"突发\" 大跌"),
            ("'a' b 'c'", "'a' b 'c'"),
            ("'cut", "cut"),
            ("\"", ""),
            ("''", ""),
            ("a'b", "a'b"),
        ] {
            assert_eq!(unquote(text), value, "{text}");
        }
        assert_eq!(scalar("''"), json!(""));
        assert_eq!(flow_list("[a, 'b',]"), Some(json!(["a", "b", null])));
        assert_eq!(flow_list("[视频]"), None);
    }

    #[test]
    fn keys_are_told_from_sentences() {
        for (line, key) in [
            ("title: x", "title"),
            ("标题:", "标题"),
            ("'a b' : x", "a b"),
            ("og.title:'x'", "og.title"),
        ] {
            assert_eq!(key_line(line).map(|(key, _)| key), Some(key), "{line}");
        }
        for line in [
            "",
            ":",
            " title: x",
            "- a: b",
            "http://example.com",
            "two words: x",
            "<p>: x",
            "12:30",
            "\"",
            "--: x",
        ] {
            assert_eq!(key_line(line), None, "{line}");
        }
        assert_eq!(key_line(&format!("{}: x", "k".repeat(65))), None);
        assert_eq!(list_item("-x"), None);
        assert_eq!(list_item("  -"), Some(""));
    }

    #[test]
    fn hostile_lines_are_read_once() {
        for unit in [
            "- ",
            "- \n",
            "a: '\n",
            "'",
            "[",
            "a:\n b:\n",
            "\u{3000}",
            "\0\n",
            "a: |\n",
            "'a': x\n",
            "\r",
        ] {
            read(&unit.repeat(100_000));
        }
    }
}
