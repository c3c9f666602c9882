//! The block that a post begins with: YAML between two lines of `---`, or TOML or JSON (`input::toml_json`).
//!
//! YAML is split off by hand, read by a parser when that takes it and line by line when not (`input::lenient`). What does
//! not look like front matter is none: Markdown also begins with a thematic break now and then, and its text may not get
//! lost. So a search for the closing line ends where HTML or prose begins.
//!
//! A file that went through two generators begins with two blocks. The first one counts, and the next ones are asked for
//! what it does not say.

pub(crate) mod lenient;
pub(crate) mod toml_json;
pub(crate) mod yaml;

use serde_json::{Map, Value};

use super::sniff::{head, trim_blank};
use crate::error::{Warning, WarningCode};

/// Keys of which one alone is enough to believe front matter that never closes, has no fence, or comes after another.
const USUAL_KEYS: &[&str] = &[
    "author",
    "categories",
    "date",
    "description",
    "headimg",
    "layout",
    "permalink",
    "slug",
    "tags",
    "thumbnail",
    "title",
    "url",
];

/// Tables that generators keep what a post says in: Zola its tags, Zola and Hugo what their themes ask for.
const TABLES: [&str; 3] = ["taxonomies", "extra", "params"];

/// Bytes of front matter that are read line by line.
const LENIENT_BYTES: usize = 1 << 20;

/// Blocks after the first that are read.
const MORE_BLOCKS: usize = 8;

/// What a post says about itself before its body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrontMatter {
    /// The values by key. Scalars are strings as they were written, except booleans and null.
    pub values: Map<String, Value>,
}

impl FrontMatter {
    /// The value of `key`: its own, or that in a table that generators use.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let inside = || TABLES.iter().find_map(|table| self.values.get(*table)?.get(key));
        self.values.get(key).or_else(inside)
    }

    /// The value of `key` as text, trimmed; `None` where it is absent, blank or no text.
    pub fn text(&self, key: &str) -> Option<&str> {
        let text = self.get(key)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The texts of `key`, one or a list, trimmed, blank ones left out. Lists in lists come from stray dashes
    /// (` - - news`) and are flattened; a person in a table is their `name`.
    pub fn list(&self, key: &str) -> Vec<&str> {
        let mut found = Vec::new();
        if let Some(value) = self.get(key) {
            collect(value, &mut found);
        }
        found
    }
}

/// Values are at most [`yaml::YAML_DEPTH`] deep, so this is too.
fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => found.push(text.trim()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(person) => person.get("name").into_iter().for_each(|name| collect(name, found)),
        _ => {}
    }
}

/// The front matter of `text`, if it begins with one, and the byte at which the body begins.
pub(crate) fn read(text: &str, warnings: &mut Vec<Warning>) -> (Option<FrontMatter>, usize) {
    let Some((mut values, mut body)) = block(text, warnings) else {
        return (None, 0);
    };
    let mut more = 0;
    while more < MORE_BLOCKS
        && let Some((others, next)) = block(&text[body..], &mut Vec::new())
        && has_usual_key(&others)
    {
        for (key, value) in others {
            let known = values.get(&key);
            if known.is_none_or(|known| known.is_null() || known == "") {
                values.insert(key, value);
            }
        }
        (more, body) = (more + 1, body + next);
    }
    if more > 0 {
        warnings.push(Warning::new(
            WarningCode::FrontMatterRepeated,
            format!("{more} more front matter came after the first, and gave only what the first did not say"),
        ));
    }
    (Some(FrontMatter { values }), body)
}

/// One block: its values, and where it ends.
fn block(text: &str, warnings: &mut Vec<Warning>) -> Option<(Map<String, Value>, usize)> {
    let first = trim_blank(text);
    match first.as_bytes().first()? {
        b'-' => of_yaml(text, warnings),
        b'+' => of_toml(text, warnings),
        b'{' | b'"' | b';' => {
            let json = toml_json::json_object(first).or_else(|| toml_json::json_members(first));
            let (values, end) = json.filter(|(values, _)| has_usual_key(values))?;
            Some((values, text.len() - first.len() + end))
        }
        _ => None,
    }
}

fn has_usual_key(values: &Map<String, Value>) -> bool {
    let mut keys = values.keys();
    keys.any(|key| USUAL_KEYS.contains(&key.to_ascii_lowercase().as_str()))
}

fn of_yaml(text: &str, warnings: &mut Vec<Warning>) -> Option<(Map<String, Value>, usize)> {
    let start = after_opening(text, "---")?;
    match scan(&text[start..]) {
        BlockEnd::Closed { yaml, body } => Some((values(&text[start..start + yaml], warnings)?, start + body)),
        BlockEnd::Open { length } => {
            let values = lenient::read(head(&text[start..start + length], LENIENT_BYTES));
            if values.len() < 2 && !has_usual_key(&values) {
                return None;
            }
            warnings.push(Warning::new(
                WarningCode::FrontMatterUnclosed,
                "the front matter has no closing line of ---; it was read up to the first blank line or tag",
            ));
            Some((values, start + length))
        }
        BlockEnd::NoFrontMatter => None,
    }
}

fn of_toml(text: &str, warnings: &mut Vec<Warning>) -> Option<(Map<String, Value>, usize)> {
    let start = after_opening(text, "+++")?;
    let mut end = start;
    let closing = text[start..].split_inclusive('\n').find(|line| {
        end += line.len();
        line.trim_end() == "+++"
    })?;
    let toml = &text[start..end - closing.len()];
    let (values, broken) = toml_json::toml(toml);
    if values.is_empty() && !toml.trim().is_empty() {
        return None;
    }
    if let Some(reason) = broken {
        warnings.push(Warning::new(
            WarningCode::FrontMatterLenient,
            format!("the front matter was read as far as it is TOML: {reason}"),
        ));
    }
    Some((values, end))
}

/// The values of closed front matter; `None` when it is not front matter after all.
fn values(text: &str, warnings: &mut Vec<Warning>) -> Option<Map<String, Value>> {
    let (values, reason) = match yaml::read(text) {
        // What holds comments only may as well be a Markdown heading between two breaks.
        Ok(values) if values.is_empty() => return text.trim().is_empty().then_some(values),
        Ok(values) if !has_hash_in_title(text) => return Some(values),
        Ok(mut values) => {
            values.extend(lenient::read(text).remove_entry("title"));
            (values, "its title would be cut at a #".to_owned())
        }
        Err(refusal) => {
            // Lists cost many times their bytes.
            let head = head(text, LENIENT_BYTES);
            let cut = format!("{refusal}; only its first {LENIENT_BYTES} bytes were read");
            (lenient::read(head), if head.len() < text.len() { cut } else { refusal })
        }
    };
    if values.is_empty() {
        return None;
    }
    warnings.push(Warning::new(
        WarningCode::FrontMatterLenient,
        format!("the front matter was read line by line, not as YAML: {reason}"),
    ));
    Some(values)
}

/// Whether there is a title without quotes and with a `#` that YAML takes for a comment. Dumps write `#话题# 标题` and
/// `第 #1 名` as they are; titles have no comments.
fn has_hash_in_title(text: &str) -> bool {
    let titles = text
        .lines()
        .filter_map(lenient::key_line)
        .filter(|(key, _)| *key == "title");
    let mut bare = titles.filter(|(_, rest)| !rest.starts_with(['"', '\'', '|', '>']));
    bare.any(|(_, rest)| rest.starts_with('#') || rest.contains(" #"))
}

/// Where the line after the opening fence begins.
fn after_opening(text: &str, fence: &str) -> Option<usize> {
    let opening = trim_blank(text);
    let start = text.len() - opening.len();
    let (line, length) = first_line(opening);
    // `trim_blank` also passes the blanks before an indented fence, which opens nothing.
    let is_first_column = start == 0 || text[..start].ends_with(['\n', '\u{FEFF}']);
    (is_first_column && line.trim_end() == fence && length > line.len()).then_some(start + length)
}

enum BlockEnd {
    /// A closing line after `yaml` bytes, and the body after `body`.
    Closed { yaml: usize, body: usize },
    /// HTML, prose or the end of the text came first; what looks like front matter ends after `length` bytes.
    Open { length: usize },
    /// The first line is neither a key nor a closing line.
    NoFrontMatter,
}

/// Looks for the closing line. A line that begins with a tag ends the search, and so does prose after a blank line;
/// neither does within a quoted value, where titles over several lines have them.
fn scan(text: &str) -> BlockEnd {
    let mut at = 0;
    let mut first_blank = None;
    let (mut seen_key, mut after_blank, mut open_quote) = (false, false, None);
    while at < text.len() {
        let (line, length) = first_line(&text[at..]);
        let line = line.trim_end();
        if line == "---" || line == "..." {
            return BlockEnd::Closed {
                yaml: at,
                body: at + length,
            };
        }
        if line.is_empty() {
            if seen_key {
                first_blank = first_blank.or(Some(at));
            }
            after_blank = true;
        } else if let Some((_, rest)) = lenient::key_line(line) {
            open_quote = lenient::opens_quote(rest);
            (seen_key, after_blank) = (true, false);
        } else if !line.starts_with('#') {
            if !seen_key {
                return BlockEnd::NoFrontMatter;
            }
            let is_tag = line.starts_with('<') && !line.starts_with("<<");
            let is_prose =
                after_blank && !line.starts_with([' ', '\t', '\u{3000}']) && lenient::list_item(line).is_none();
            if open_quote.is_none() && (is_tag || is_prose) {
                break;
            }
            if open_quote.is_some_and(|quote| line.ends_with(quote)) {
                open_quote = None;
            }
            after_blank = false;
        }
        at += length;
    }
    if !seen_key {
        return BlockEnd::NoFrontMatter;
    }
    BlockEnd::Open {
        length: first_blank.unwrap_or(at).min(first_tag(text).unwrap_or(at)),
    }
}

/// The first line of unclosed front matter that begins with a tag, also inside what seemed to be a quoted value.
fn first_tag(text: &str) -> Option<usize> {
    if text.starts_with('<') {
        return Some(0);
    }
    memchr::memmem::find(text.as_bytes(), b"\n<").map(|at| at + 1)
}

/// The first line without its line end, and its length with it.
fn first_line(text: &str) -> (&str, usize) {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(end) => (text[..end].trim_end_matches('\r'), end + 1),
        None => (text, text.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(text: &str) -> (Option<Value>, &str, Vec<&'static str>) {
        let mut warnings = Vec::new();
        let (front_matter, body) = read(text, &mut warnings);
        let codes = warnings.iter().map(|warning| warning.code.as_str()).collect();
        (
            front_matter.map(|found| Value::Object(found.values)),
            &text[body..],
            codes,
        )
    }

    #[test]
    fn splits_a_post() {
        let post = "\n---\ntitle: '某地：标题'\ncategories: \n - 金融\n - 某某网\ndate: Wed, 18 Aug 2021 07:55:23 GMT\nthumbnail: \n---\n\n\
                    <div>正文</div>\n";
        let (values, body, codes) = parts(post);
        let expected = json!({
            "title": "某地：标题", "categories": ["金融", "某某网"], "date": "Wed, 18 Aug 2021 07:55:23 GMT", "thumbnail": null,
        });
        assert_eq!((values, body, codes), (Some(expected), "\n<div>正文</div>\n", vec![]));
        let windows = post.replace('\n', "\r\n");
        assert_eq!(parts(&windows).1, "\r\n<div>正文</div>\r\n");
        assert_eq!(parts(&windows).0, parts(post).0);
        assert_eq!(parts(&format!("\u{FEFF}{}", &post[1..])).0, parts(post).0);
        assert_eq!(
            parts("---\ntitle: '第 #1 名' # note\n---\n").0,
            Some(json!({"title": "第 #1 名"}))
        );
        assert_eq!(parts("---  \na: b\n...\t\nx").1, "x");
        assert_eq!(parts("---\na: b\n---").1, "");
        assert_eq!(parts("---\n---\nx"), (Some(json!({})), "x", vec![]));
    }

    #[test]
    fn broken_yaml_is_read_line_by_line() {
        for (title, read) in [
            ("他说: 涨了", "他说: 涨了"),
            ("\"突发\" 沪指大跌", "\"突发\" 沪指大跌"),
            ("[突发] 沪指大跌", "[突发] 沪指大跌"),
            ("@某某 发文", "@某某 发文"),
            ("\"\"\"\"中\"\"\"\"", "中"),
            ("`代码`", "`代码`"),
            ("%1 的人", "%1 的人"),
            ("#话题# 标题", "#话题# 标题"),
            ("第 #1 名", "第 #1 名"),
            ("'一\n\n二，'三'", "'一 二，'三'"),
        ] {
            let post = format!("---\ntitle: {title}\ntags:\n  - a\n---\n<p>x");
            let (values, body, codes) = parts(&post);
            assert_eq!(values, Some(json!({"title": read, "tags": ["a"]})));
            assert_eq!((body, codes), ("<p>x", vec!["front_matter_lenient"]));
        }
    }

    #[test]
    fn unclosed_front_matter_ends_at_a_blank_line_or_a_tag() {
        for (text, rest) in [
            (
                "---\ntitle: x\ntags:\n - a\n\n<p>body</p>\n\n---\n",
                "\n<p>body</p>\n\n---\n",
            ),
            ("---\ntitle: x\ntags:\n - a\n<p>body\n---\nmore", "<p>body\n---\nmore"),
            (
                "---\ntitle: x\ntags:\n - a\n\nprose comes here.\n---\nmore",
                "\nprose comes here.\n---\nmore",
            ),
            ("---\ntitle: x\ntags:\n - a", ""),
        ] {
            let (values, body, codes) = parts(text);
            assert_eq!(values, Some(json!({"title": "x", "tags": ["a"]})), "{text}");
            assert_eq!((body, codes), (rest, vec!["front_matter_unclosed"]), "{text}");
        }
        assert_eq!(parts("---\ntitle: 'x\n<p>body: \"\n").1, "<p>body: \"\n");
    }

    #[test]
    fn a_thematic_break_is_no_front_matter() {
        for text in [
            "---\n\nProse between breaks.\n\n---\nMore.",
            "---\n# Heading\n\nProse.\n---\n",
            "---\nNote: this is a sentence.\n\nMore prose.",
            "---\n<p>x</p>\n---\n",
            "---\n- a\n- b\n---\n",
            "---\n# Heading\n---\n",
            "---",
            "---\n",
            "----\ntitle: x\n----\n",
            "--- title: x\n---\n",
            "  ---\ntitle: x\n---\n",
            "text\n---\ntitle: x\n---\n",
            "",
        ] {
            assert_eq!(parts(text), (None, text, vec![]), "{text}");
        }
    }

    #[test]
    fn values_are_asked_for_as_text_or_list() {
        let (front_matter, _) = read(
            "---\ntitle: ' x '\ntags: one\ncats:\n - a\n - - b\n -\nblank: ' '\nflag: true\n---\n",
            &mut Vec::new(),
        );
        let front_matter = front_matter.expect("front matter");
        assert_eq!(front_matter.text("title"), Some("x"));
        assert_eq!((front_matter.text("blank"), front_matter.text("flag")), (None, None));
        assert_eq!(front_matter.list("tags"), ["one"]);
        assert_eq!(front_matter.list("cats"), ["a", "b"]);
        assert!(front_matter.list("none").is_empty());
    }

    #[test]
    fn toml_and_json_are_front_matter_too() {
        let expected = Some(json!({"title": "x", "tags": ["a"]}));
        for text in [
            "+++\ntitle = 'x'\ntags = ['a']\n+++\n# Text",
            "\u{FEFF}\r\n+++\r\ntitle = 'x'\r\ntags = ['a']\r\n+++\r\n# Text",
            "{\n  \"title\": \"x\",\n  \"tags\": [\"a\"]\n}\n# Text",
            "\"title\": \"x\",\n\"tags\": [\"a\"]\n;;;\n# Text",
        ] {
            assert_eq!(parts(text), (expected.clone(), "# Text", vec![]), "{text}");
        }
        let broken = "+++\ntitle = 'x'\nbad = bad\n+++\n# Text";
        assert_eq!(parts(broken).2, ["front_matter_lenient"]);
        for text in [
            "+++\nThis is new.\n+++\n",
            "+++\ntitle = 'x'\n",
            "+++ title = 'x' +++",
            "{\"a\": 1}\ntext",
            "{ some prose }\n\ntext",
            "\"Some prose\", he said.\n;;;\n",
        ] {
            assert_eq!(parts(text), (None, text, vec![]), "{text}");
        }
    }

    #[test]
    fn of_three_blocks_the_first_counts() {
        let text = "---\ntitle: One\ndate: \n---\n\n---\ntitle: Two\ndate: 2021-08-18\n---\n+++\ntitle = 'Three'\nslug = 's'\n\
                    +++\n<p>x";
        let (values, body, codes) = parts(text);
        assert_eq!(values, Some(json!({"title": "One", "date": "2021-08-18", "slug": "s"})));
        assert_eq!((body, codes), ("<p>x", vec!["front_matter_repeated"]));
        let prose = "---\ntitle: One\n---\n---\nNote: this is prose.\n---\nmore";
        assert_eq!(parts(prose).1, "---\nNote: this is prose.\n---\nmore");
        let many = "---\ntitle: x\n---\n".repeat(100_000);
        assert!(parts(&many).1.starts_with("---"));
    }

    #[test]
    fn tables_and_names_are_looked_into() {
        let text =
            "+++\ntitle = 'x'\nauthor = {name = 'Ada', email = 'a@example.org'}\n[taxonomies]\ntags = ['a']\n+++\nx";
        let front_matter = read(text, &mut Vec::new()).0.expect("front matter");
        assert_eq!(
            (front_matter.list("tags"), front_matter.list("author")),
            (vec!["a"], vec!["Ada"])
        );
    }

    #[test]
    fn hostile_front_matter_costs_one_look() {
        let aliases = format!("a: &a [x]\nb: &b [{}]\n", "*a,".repeat(100));
        let (values, _, codes) = parts(&format!("---\n{aliases}---\n"));
        assert!(values.is_some());
        assert_eq!(codes, ["front_matter_lenient"]);
        let large = format!("---\ntitle: x\nnote: {}\n---\nbody", "长".repeat(30_000));
        let (values, body, codes) = parts(&large);
        assert_eq!(values.expect("values")["title"], "x");
        assert_eq!((body, codes), ("body", vec!["front_matter_lenient"]));
        for unit in [
            "- ",
            "a: b\n",
            "a: '\n",
            "a:\n- ",
            "\n",
            "---\n",
            "\n<",
            " x\n",
            "a: |\n \u{FFFD}\n",
            "[",
            "\r",
        ] {
            for opening in ["---\n", "---\na: b\n"] {
                parts(&format!("{opening}{}", unit.repeat((1 << 17) / unit.len())));
                parts(&format!("{opening}{}\n---\nx", unit.repeat((1 << 17) / unit.len())));
            }
        }
        parts(&format!("---\n{}", "- ".repeat(5 << 20)));
        parts(&format!("---\na: {}\n---\n", "- ".repeat(5 << 20)));
    }
}
