//! The files of `tests/specs`: what pages hold of one rich form, and the content that it becomes.
//!
//! A case begins with `## ` and its name; `--` on a line parts what comes in from what goes out. What stands above the
//! first case says what the file is about.

use std::{fs, path::Path};

use copydesk::{bounds::Deadline, input::RawDocument, options::Options};
use serde_json::Value;

use crate::conservation::PIPELINE;

struct Case {
    name: String,
    input: String,
    output: String,
}

fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs").join(file);
    let text = fs::read_to_string(path).expect("a file of cases");
    let cases = text.split("\n## ").skip(1).map(|case| {
        let (name, rest) = case.split_once('\n').expect("a name");
        let (input, output) = rest.split_once("\n--\n").expect("what goes out");
        Case {
            name: name.to_owned(),
            input: input.to_owned(),
            output: output.trim().to_owned(),
        }
    });
    cases.collect()
}

/// The fields of the article that a fragment becomes.
pub(crate) fn article(html: &str) -> Value {
    let options = Options::from_pairs(url::form_urlencoded::parse(b"fields=all")).expect("options");
    let document = RawDocument {
        bytes: html.as_bytes(),
        content_type: Some("text/html; charset=utf-8"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(PIPELINE.bounds().time);
    let answer = PIPELINE.normalize(&document, &options, &deadline).expect("an article");
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Compares all cases of a file before it fails.
fn hold(file: &str, least: usize, made: impl Fn(&str) -> String) {
    let cases = cases(file);
    assert!(cases.len() >= least, "only {} cases in {file}", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| (case, made(&case.input)))
        .filter(|(case, made)| case.output != *made)
        .map(|(case, made)| format!("{}:\n  want {}\n  made {made}", case.name, case.output))
        .collect();
    assert!(wrong.is_empty(), "{file}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn content_html(html: &str) -> String {
    article(html)["content_html"].as_str().expect("content").to_owned()
}

#[test]
fn mathml_becomes_tex() {
    hold("mathml.txt", 35, |markup| {
        let article = article(&format!("<p>{markup}</p>"));
        let text = article["content_text"].as_str().expect("text");
        let tex = text.strip_prefix(r"\(").and_then(|text| text.strip_suffix(r"\)"));
        tex.unwrap_or(text).to_owned()
    });
}

#[test]
fn formulas_become_tex() {
    hold("formulas.txt", 30, content_html);
}

#[test]
fn footnotes_of_many_generators() {
    hold("footnotes.txt", 24, content_html);
}

#[test]
fn pictures_and_embeds() {
    hold("pictures.txt", 10, content_html);
}
