//! Rules' examples, run through the whole pipeline.

use serde_json::Value;
use url::Url;

use super::Pipeline;
use crate::{
    bounds::Deadline,
    input::RawDocument,
    options::{Format, Options},
    rules::{Action, Example, FieldName, Rule},
};

/// An example that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: from {input:?} came {got:?} where {wanted:?} was wanted")]
pub struct BrokenExample {
    /// The rule's id.
    pub rule: String,
    /// What went in.
    pub input: String,
    /// What should come out.
    pub wanted: String,
    /// What came out, or why nothing did.
    pub got: String,
}

impl Pipeline {
    /// Runs every rule's examples: how many hold, and those that do not.
    pub fn check_examples(&self) -> (usize, Vec<BrokenExample>) {
        let mut passed = 0;
        let mut broken = Vec::new();
        for rule in self.rules().rules() {
            for example in &rule.examples {
                match self.try_example(rule, example) {
                    Ok(()) => passed += 1,
                    Err(got) => broken.push(BrokenExample {
                        rule: rule.id.clone(),
                        input: example.input.clone(),
                        wanted: example.out.clone(),
                        got,
                    }),
                }
            }
        }
        (passed, broken)
    }

    /// What came out of an example instead of what it says.
    fn try_example(&self, rule: &Rule, example: &Example) -> Result<(), String> {
        let url = example
            .url
            .as_deref()
            .map(Url::parse)
            .transpose()
            .map_err(|e| format!("its url: {e}"))?;
        let document = RawDocument {
            bytes: example.input.as_bytes(),
            content_type: Some("text/html"),
            ..RawDocument::default()
        };
        let run = |format| {
            let options = Options {
                url: url.clone(),
                format: Some(format),
                ..Options::default()
            };
            let answer = self
                .normalize(&document, &options, &Deadline::after(self.bounds.time))
                .map_err(|e| e.to_string())?;
            String::from_utf8(answer.body).map_err(|e| e.to_string())
        };
        let html = run(Format::Html)?;
        if html.trim_end() != example.out {
            return Err(html.trim_end().to_owned());
        }
        let article: Value = serde_json::from_str(&run(Format::Json)?).map_err(|e| e.to_string())?;
        let is_ours = |part: &Value| part["rule"] == rule.id.as_str();
        for (name, wanted) in &example.fields {
            let (field, value) = given(*name, &article);
            if value != *wanted {
                return Err(format!("{field}: {value}"));
            }
            if !is_ours(&article["provenance"][field]) {
                return Err(format!("{field}, which the rule does not give"));
            }
        }
        // An example that the rule does nothing to would hold without it.
        let drops = matches!(rule.action, Action::Drop | Action::DropRest) && example.input != example.out;
        let removed = article["removed"]
            .as_array()
            .is_some_and(|removed| removed.iter().any(is_ours));
        if drops && !removed {
            return Err("another rule takes it".into());
        }
        if rule.action == Action::Take && example.fields.is_empty() {
            return Err("nothing: a rule that takes is shown by the `fields` of its example".into());
        }
        Ok(())
    }
}

/// What the article calls a field, and its value as text.
fn given(name: FieldName, article: &Value) -> (&'static str, String) {
    let field = match name {
        FieldName::Title => "title",
        FieldName::Authors => "authors",
        FieldName::Editors => "editors",
        FieldName::Source => "source",
        FieldName::Date => "date_published",
        FieldName::Tags => "tags",
        FieldName::Image => "image",
    };
    let text = |value: &Value| {
        let value = value.get("name").unwrap_or(value);
        value.as_str().unwrap_or_default().to_owned()
    };
    let value = match &article[field] {
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        value => text(value),
    };
    (field, value)
}
