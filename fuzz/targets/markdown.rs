//! Markdown: whatever comes in, `content_html` is the tree that a browser makes of it, and what Markdown is rendered to
//! shows the same.
#![no_main]

use copydesk::{input::RawDocument, options::Options, output::json::Fields};
use copydesk_fuzz::{PIPELINE, normalize};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

#[path = "../../tests/it/content_tree.rs"]
mod content_tree;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/dom.rs"]
mod dom;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/rendered.rs"]
mod rendered;

fuzz_target!(|data: &[u8]| {
    let document = RawDocument {
        bytes: data,
        content_type: Some("text/html; charset=utf-8"),
        ..RawDocument::default()
    };
    let options = Options {
        fields: Fields::parse("content_html,content_markdown").expect("fields of ours"),
        ..Options::default()
    };
    let Some(answer) = normalize(&PIPELINE, &document, &options) else {
        return;
    };
    let article: Value = serde_json::from_slice(&answer).expect("JSON");
    let [html, markdown] = ["content_html", "content_markdown"].map(|name| article[name].as_str().expect("a text"));
    if let Some(fault) = content_tree::fault(html) {
        panic!("{fault}");
    }
    // Lists and quotes are written to a depth.
    if !rendered::is_comparable(html)
        || html.matches("<ul").count() + html.matches("<ol").count() + html.matches("<blockquote").count() > 8
    {
        return;
    }
    if let Some(difference) = rendered::difference_of(html, markdown, &rendered::pulldown(markdown)) {
        panic!("{difference}");
    }
});
