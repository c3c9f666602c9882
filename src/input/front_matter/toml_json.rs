//! Front matter in TOML, between two lines of `+++` (Hugo, Zola), and in JSON: an object that the document begins with
//! (Hugo), or its inside, ended by a line of `;;;` (Hexo).
//!
//! Bounded like YAML before a parser sees it, and read to the same values: numbers and dates are texts.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::yaml::{YAML_BYTES, is_deep};
use crate::input::sniff::head;

/// What TOML says; of a broken text what its parser could make out.
pub(crate) fn toml(text: &str) -> (Map<String, Value>, Option<String>) {
    if text.len() > YAML_BYTES || is_deep(text) {
        return (Map::new(), None);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let broken = errors.first().map(|error| error.message().to_owned());
    (table_of(table.get_ref()), broken)
}

fn table_of(table: &DeTable<'_>) -> Map<String, Value> {
    let pairs = table.iter();
    pairs
        .map(|(key, value)| (key.get_ref().to_string(), value_of(value.get_ref())))
        .collect()
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => Value::String(number.as_str().to_owned()),
        DeValue::Float(number) => Value::String(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| value_of(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(table_of(table)),
    }
}

/// The object that `text` begins with, and where the body begins; only where there is one, on lines of its own.
pub(crate) fn json_object(text: &str) -> Option<(Map<String, Value>, usize)> {
    let head = head(text, YAML_BYTES);
    let mut objects = serde_json::Deserializer::from_str(head).into_iter::<Map<String, Value>>();
    let object = objects.next()?.ok()?;
    let end = objects.byte_offset();
    let line = text[end..].split_inclusive('\n').next()?;
    let body = end + line.len();
    let is_alone = line.trim().is_empty() && !text[body..].trim().is_empty();
    (is_alone && !is_deep(&text[..end])).then(|| (texts(object), body))
}

/// The members of an object before a line of `;;;`, with such a line before them or not.
pub(crate) fn json_members(text: &str) -> Option<(Map<String, Value>, usize)> {
    let start = text
        .strip_prefix(";;;")
        .map_or(0, |rest| 3 + rest.len() - rest.trim_start().len());
    let head = head(&text[start..], YAML_BYTES);
    let end = head.starts_with('"').then(|| head.find("\n;;;")).flatten()? + 1;
    let line = text[start + end..].split_inclusive('\n').next()?;
    let members = &head[..end];
    if line.trim_end() != ";;;" || is_deep(members) {
        return None;
    }
    let object = serde_json::from_str(&format!("{{{members}}}")).ok()?;
    Some((texts(object), start + end + line.len()))
}

/// Numbers become texts.
fn texts(object: Map<String, Value>) -> Map<String, Value> {
    fn text(value: Value) -> Value {
        match value {
            Value::Number(number) => Value::String(number.to_string()),
            Value::Array(items) => items.into_iter().map(text).collect(),
            Value::Object(object) => Value::Object(texts(object)),
            other => other,
        }
    }
    object.into_iter().map(|(key, value)| (key, text(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn toml_keeps_its_spelling() {
        let (values, broken) = toml(
            "title = '标题'\ndate = 2021-08-18T07:55:23+08:00\nday = 2021-08-18\nweight = 1000\nversion = 1.10\ndraft = false\n\
             tags = ['a', \"b\"]\n\n[taxonomies]\ncategories = ['c']\n[[links]]\nurl = '/x'\n",
        );
        assert_eq!(broken, None);
        assert_eq!(
            Value::Object(values),
            json!({
                "title": "标题", "date": "2021-08-18T07:55:23+08:00", "day": "2021-08-18", "weight": "1000", "version": "1.10",
                "draft": false, "tags": ["a", "b"], "taxonomies": {"categories": ["c"]}, "links": [{"url": "/x"}],
            })
        );
    }

    #[test]
    fn of_broken_toml_the_rest_is_read() {
        let (values, broken) = toml("title = 'A title'\nbad = what is this\ndate = 2021-08-18\n");
        assert!(broken.is_some());
        assert_eq!(
            (&values["title"], &values["date"]),
            (&json!("A title"), &json!("2021-08-18"))
        );
    }

    #[test]
    fn json_in_both_forms() {
        let object =
            |text: &str| json_object(text).map(|(values, body)| (Value::Object(values), text[body..].to_owned()));
        let expected = json!({"title": "x", "weight": "5", "tags": ["a"]});
        assert_eq!(
            object("{\n\t\"title\": \"x\", \"weight\": 5, \"tags\": [\"a\"]\n}\n\n# Text"),
            Some((expected, "\n# Text".into()))
        );
        for text in [
            "{\"title\": \"x\"}",
            "{\"title\": \"x\"}\n \n",
            "{\"title\": \"x\"} text\nmore",
            "{% raw %}",
            "{x",
            "[1]\nx",
        ] {
            assert_eq!(object(text), None, "{text}");
        }
        let members =
            |text: &str| json_members(text).map(|(values, body)| (Value::Object(values), text[body..].to_owned()));
        for text in ["\"title\": \"x\"\n;;;\nText", ";;;\n\"title\": \"x\"\n;;;\nText"] {
            assert_eq!(members(text), Some((json!({"title": "x"}), "Text".into())), "{text}");
        }
        for text in [
            ";;;\ntext\n;;;\n",
            "\"A quote\", he said.\n;;;\n",
            ";;;",
            "\"title\": \"x\"\n;;;; more",
        ] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn bombs_are_none() {
        for unit in [
            "[", "{\"a\":", "a.", "a = [", "[a.b]\n", "\"", "+", "a={", "a = ''", "[[x]]\n",
        ] {
            let text = unit.repeat((4 << 20) / unit.len());
            let _ = toml(&text);
            let _ = toml(&unit.repeat(YAML_BYTES / unit.len()));
            assert!(json_object(&text).is_none() && json_members(&text).is_none(), "{unit}");
        }
        let deep = format!("{{\"a\": {}1{}}}\nx", "[".repeat(100), "]".repeat(100));
        assert!(json_object(&deep).is_none());
    }
}
