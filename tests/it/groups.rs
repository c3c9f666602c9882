//! Units stay or go as a whole: no kept table, list, code block or list of definitions has a hole; and what goes from the
//! inside of an article is reported.

use copydesk::{bounds::Deadline, input::RawDocument, options::Options};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde_json::Value;

use crate::conservation::PIPELINE;

const PARAGRAPH: &str = "The harbour office has published the tables of the last winter, with the depths that were measured at \
                         every pier, and it asks all masters to compare them with the notes of their own pilots before they enter.";

fn article(html: &str, mode: &str) -> Value {
    let options = Options::from_pairs(std::iter::once(("mode".into(), mode.into()))).expect("options");
    let document = RawDocument {
        bytes: html.as_bytes(),
        content_type: Some("text/html; charset=utf-8"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(PIPELINE.bounds().time);
    let answer = PIPELINE.normalize(&document, &options, &deadline).expect("an article");
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// A unit of some parts, each with a word that stands nowhere else.
#[derive(Debug, Clone)]
struct Unit {
    form: &'static str,
    parts: Vec<&'static str>,
}

impl Unit {
    fn words(&self, number: usize) -> Vec<String> {
        (0..self.parts.len()).map(|part| format!("u{number}p{part}x")).collect()
    }

    fn html(&self, number: usize) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .zip(self.words(number))
            .map(|(part, word)| part.replace('@', &word))
            .collect();
        let each = |open: &str, close: &str| {
            parts
                .iter()
                .map(|part| format!("{open}{part}{close}"))
                .collect::<String>()
        };
        match self.form {
            "table" => {
                let rows = parts
                    .chunks(3)
                    .map(|row| format!("<tr><th>{}</th></tr>", row.join("</th><td>")));
                format!("<table>{}</table>", rows.collect::<String>())
            }
            "dl" => format!("<dl>{}</dl>", each("<dt>", "</dt><dd>what it is</dd>")),
            "pre" => format!("<pre><code>{}</code></pre>", each("", "\n\n")),
            "blockquote" => format!("<blockquote>{}</blockquote>", each("<p>", "</p>")),
            "details" => format!("<details><summary>More</summary>{}</details>", each("<p>", "</p>")),
            list => format!("<{list}>{}</{list}>", each("<li>", "</li>")),
        }
    }
}

fn units() -> impl Strategy<Value = Vec<Unit>> {
    let part = select(
        &[
            "@",
            "12 @",
            "<a href=/a>@</a>",
            "<a href=https://example.org/b>Read more about @</a>",
            "<b>@:</b> a short item",
            "<span>@</span>",
            "<em>@</em>, and a sentence that says somewhat more about it, with a comma.",
            "<p>@</p><p>share</p>",
        ][..],
    );
    let form = select(&["table", "ul", "ol", "dl", "pre", "blockquote", "details"][..]);
    let unit = (form, prop::collection::vec(part, 3..9)).prop_map(|(form, parts)| Unit { form, parts });
    prop::collection::vec(unit, 1..6)
}

fn page(units: &[Unit]) -> String {
    let body: String = units
        .iter()
        .enumerate()
        .map(|(number, unit)| format!("<h2>Part {number}</h2><p>{PARAGRAPH}</p>{}", unit.html(number)))
        .collect();
    let menu = "<li><a href=/x>Somewhere else</a></li>".repeat(12);
    format!(
        "<!doctype html><html><head><title>Depths of the harbour</title></head><body><nav><ul>{menu}</ul></nav><main><h1>Depths of \
         the harbour</h1>{body}<p>{PARAGRAPH}</p></main><footer><ul>{menu}</ul><p>© 2024</p></footer></body></html>"
    )
}

#[test]
fn no_kept_unit_has_a_hole() {
    let config = Config {
        cases: 96,
        rng_seed: RngSeed::Fixed(21),
        failure_persistence: None,
        ..Config::default()
    };
    let check = |(units, mode): (Vec<Unit>, &str)| {
        let html = page(&units);
        let article = article(&html, mode);
        let content = article["content_html"].as_str().unwrap_or_default();
        for (number, unit) in units.iter().enumerate() {
            let words = unit.words(number);
            let kept = words.iter().filter(|word| content.contains(word.as_str())).count();
            prop_assert!(kept == 0 || kept == words.len(), "{kept} of {words:?} in {content}");
        }
        Ok(())
    };
    let modes = select(&["precision", "balanced", "recall"][..]);
    if let Err(e) = TestRunner::new(config).run(&(units(), modes), check) {
        panic!("{e}");
    }
}

#[test]
fn a_heading_stays_with_its_section_and_goes_without_it() {
    let links = "<li><a href=/x>Another article of ours that is about something else</a></li>".repeat(9);
    let html = page(&[]).replace(
        "</main>",
        &format!(
            "<div><h2>Soundings</h2></div><p>{PARAGRAPH}</p><div class=related><h2>You may also like</h2><ul>{links}</ul></div></main>"
        ),
    );
    let content = article(&html, "balanced")["content_html"].to_string();
    assert!(content.contains("<h2>Soundings</h2>"), "{content}");
    assert!(!content.contains("You may also like"), "{content}");
}

#[test]
fn what_goes_from_the_inside_is_reported() {
    let teasers = "<li><a href=/x>Another article of ours that is about something else</a></li>".repeat(9);
    let box_of_links = format!("<div class=\"harbour-box\"><h3>Read also</h3><ul>{teasers}</ul></div>");
    let paragraphs = format!("<p>{PARAGRAPH}</p>").repeat(3);
    let html = page(&[]).replace("</main>", &format!("{paragraphs}{box_of_links}{paragraphs}</main>"));
    let article = article(&html, "balanced");
    assert!(
        !article["content_text"]
            .as_str()
            .unwrap_or_default()
            .contains("Another article")
    );
    let warnings = article["warnings"].as_array().expect("a list");
    let told = warnings
        .iter()
        .find(|warning| warning["code"] == "removed_inside")
        .expect("a warning");
    let detail = told["detail"].as_str().expect("a text");
    assert!(detail.contains("characters (2"), "{detail}");
    let removed = article["removed"].as_array().expect("a list");
    assert!(
        removed.iter().any(|removal| removal["rule"] == "score/navigation"),
        "{removed:?}"
    );
}

#[test]
fn little_that_goes_from_the_inside_is_no_warning() {
    let article = article(&page(&[]), "balanced");
    assert_eq!(article["warnings"], serde_json::json!([]));
}
