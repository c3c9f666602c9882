//! Rules' examples, run down the whole road.

use url::Url;

use super::Pipeline;
use crate::{
    bounds::Deadline,
    input::Document,
    options::{Format, Options},
    rules::{Action, Example, Rule},
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
        let document = Document {
            bytes: example.input.as_bytes(),
            content_type: Some("text/html"),
            ..Document::default()
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
        // An example that the rule does nothing to would hold without it.
        let drops = matches!(rule.action, Action::Drop | Action::DropRest) && example.input != example.out;
        let named = format!("\"rule\":\"{}\"", rule.id);
        if drops && !run(Format::Json)?.contains(&named) {
            return Err("another rule takes it".into());
        }
        Ok(())
    }
}
