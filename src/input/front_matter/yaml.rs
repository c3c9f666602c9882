//! Front matter by a YAML parser, bounded before it starts.
//!
//! The events of serde-saphyr's own parser are used, below its serde layer, because a feed's front matter is text: typed
//! reading makes `1.10` a 1.1 and `country: NO` a false. Here every scalar keeps its spelling, except plain `true`, `false`
//! and `null` of the YAML 1.2 core schema (section 10.3.2). Of a key that comes twice the last one counts.
//!
//! Absent on purpose: anchors' aliases. Nobody writes them into a post, and a few lines of them can grow without bound;
//! front matter that has one is read line by line instead.

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, StrInput};

/// Bytes of YAML that a parser is shown: a hundred times the largest front matter that was seen.
pub(crate) const YAML_BYTES: usize = 64 << 10;

/// Collections within one another that a parser is shown. Front matter has two or three.
pub(crate) const YAML_DEPTH: usize = 32;

/// Characters of a parser's message that a warning repeats.
const MESSAGE_CHARACTERS: usize = 160;

/// Reads one document whose root is a mapping, or says why not.
pub(crate) fn read(yaml: &str) -> Result<Map<String, Value>, String> {
    if yaml.len() > YAML_BYTES {
        return Err(format!("it is larger than {YAML_BYTES} bytes"));
    }
    if is_deep(yaml) {
        return Err(format!("it is nested more than {YAML_DEPTH} deep"));
    }
    let mut options = Options::default();
    options.flow_nesting_limit = YAML_DEPTH;
    options.block_nesting_limit = YAML_DEPTH;
    let mut reader = YamlReader {
        parser: Parser::new_from_str_with_options(yaml, options),
    };
    match reader.document() {
        Ok(Value::Object(values)) => Ok(values),
        // Nothing, or only comments.
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("it is no mapping".to_owned()),
        Err(message) => Err(message.chars().take(MESSAGE_CHARACTERS).collect()),
    }
}

/// A rough look for nesting beyond the bound, which errs towards "deep": brackets are counted in strings too.
pub(crate) fn is_deep(yaml: &str) -> bool {
    let mut open = 0_usize;
    for line in yaml.lines() {
        let opened = line.split([' ', '\t']).filter(|word| !word.is_empty());
        if opened.take_while(|word| matches!(*word, "-" | "?" | ":")).count() > YAML_DEPTH {
            return true;
        }
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > YAML_DEPTH {
                return true;
            }
        }
    }
    false
}

struct YamlReader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> YamlReader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        loop {
            match self.parser.next() {
                Some(Ok((Event::StreamStart | Event::DocumentStart(..), _))) => {}
                Some(Ok((event, _))) => return Ok(event),
                Some(Err(error)) => return Err(message(&error)),
                None => return Ok(Event::StreamEnd),
            }
        }
    }

    fn document(&mut self) -> Result<Value, String> {
        let root = match self.next()? {
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            event => self.node(event, YAML_DEPTH)?,
        };
        match (self.next()?, self.next()?) {
            (Event::DocumentEnd, Event::StreamEnd) => Ok(root),
            _ => Err("it holds more than one document".to_owned()),
        }
    }

    /// `depth` is what may still be opened.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(format!("it is nested more than {YAML_DEPTH} deep"));
        };
        match event {
            Event::Scalar(text, style, _, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                Ok(if is_plain {
                    plain(&text)
                } else {
                    Value::String(text.into_owned())
                })
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Ok(Value::Array(items)),
                        event => items.push(self.node(event, depth)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut values = Map::new();
                loop {
                    let key = match self.next()? {
                        Event::MappingEnd => return Ok(Value::Object(values)),
                        Event::Scalar(key, ..) => key.into_owned(),
                        _ => return Err("a key is not text".to_owned()),
                    };
                    let event = self.next()?;
                    let value = self.node(event, depth)?;
                    values.insert(key, value);
                }
            }
            Event::Alias(_) => Err("it uses aliases".to_owned()),
            _ => Err("a value is missing".to_owned()),
        }
    }
}

/// The core schema's `null` and booleans; a number stays as it was written.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

fn message(error: &ScanError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_keep_their_spelling() {
        let yaml = "country: NO\nid: 007\nversion: 1.10\nhex: 0x1F\ndate: 2021-08-18 07:55:23\non: on\nbig: 1e400\nnan: .nan\n\
                    draft: true\nempty:\ntilde: ~\nquoted: 'true'\ntagged: !!str 12\n";
        assert_eq!(
            read(yaml).map(Value::Object),
            Ok(json!({
                "country": "NO", "id": "007", "version": "1.10", "hex": "0x1F", "date": "2021-08-18 07:55:23", "on": "on",
                "big": "1e400", "nan": ".nan", "draft": true, "empty": null, "tilde": null, "quoted": "true", "tagged": "12",
            }))
        );
    }

    #[test]
    fn collections_and_repeated_keys() {
        let yaml = "a: 1\ntags: [x, 'y']\nlist:\n    - p\n    - q: r\na: 2\ntitle: 一\n\n   二\n";
        assert_eq!(
            read(yaml).map(Value::Object),
            Ok(json!({"a": "2", "tags": ["x", "y"], "list": ["p", {"q": "r"}], "title": "一\n二"}))
        );
        assert_eq!(read(""), Ok(Map::new()));
        assert_eq!(read("# only a comment\n"), Ok(Map::new()));
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        for yaml in [
            "just text",
            "- a\n- b",
            "title: 他说: 涨了",
            "title: \"突发\" 沪指大跌",
            "? [a]\n: b",
            "a: *b",
            "a: &x 1\nb: *x",
            "a: b\n---\nc: d",
            "a: 'b",
            "a: {",
            "a:\n\t- b\n\tc: d",
            "author: @x",
        ] {
            assert!(read(yaml).is_err(), "{yaml}");
        }
    }

    #[test]
    fn bombs_are_refused_before_they_cost() {
        let aliases = (1..9).map(|level| format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(9)));
        let aliases = format!("a0: &a0 lol\n{}", aliases.collect::<String>());
        for yaml in [
            aliases.as_str(),
            &"- ".repeat(5 << 20),
            &"- ".repeat(4000),
            &"[".repeat(4000),
            &"{a: ".repeat(4000),
            &"? ".repeat(4000),
            &(0..400)
                .map(|depth| format!("{}a:\n", " ".repeat(depth % 150)))
                .collect::<String>(),
            &(0..100)
                .map(|depth| format!("{}a:\n", " ".repeat(depth)))
                .collect::<String>(),
            &"a: b\n".repeat(20_000),
            &format!("a: {}", "\u{1}".repeat(100)),
            &format!("a: \"{}\"", "\\".repeat(1001)),
        ] {
            assert!(read(yaml).is_err(), "{}", &yaml[..20]);
        }
    }
}
