//! The whole road: any bytes, any type, any form of answer. What comes out is whole, and clean enough to stay as it is.
#![no_main]

use std::borrow::Cow;

use copydesk::{input::RawDocument, options::Options};
use copydesk_fuzz::{PIPELINE, check_removed, choose, normalize};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const TYPES: [Option<&str>; 6] = [
    None,
    Some("text/html"),
    Some("text/html; charset=utf-8"),
    Some("text/markdown"),
    Some("text/plain"),
    Some("application/xhtml+xml"),
];
const OPTIONS: [&[(&str, &str)]; 6] = [
    &[],
    &[("fields", "all"), ("explain", "true")],
    &[("mode", "recall"), ("url", "https://example.org/a/b?c#d")],
    &[("mode", "precision"), ("fields", "all")],
    &[("format", "markdown")],
    &[("remove", "p, .a"), ("keep", "div")],
];

fuzz_target!(|data: &[u8]| {
    let Some((content_type, data)) = choose(&TYPES, data) else {
        return;
    };
    let Some((pairs, bytes)) = choose(&OPTIONS, data) else {
        return;
    };
    let read = |pairs: &[(&'static str, &'static str)]| {
        let pairs = pairs.iter().map(|&(name, value)| (Cow::from(name), Cow::from(value)));
        Options::from_pairs(pairs).expect("options of ours")
    };
    let document = RawDocument {
        bytes,
        content_type: *content_type,
        ..RawDocument::default()
    };
    let Some(answer) = normalize(&PIPELINE, &document, &read(pairs)) else {
        return;
    };
    assert_eq!(
        answer,
        normalize(&PIPELINE, &document, &read(pairs)).expect("it was taken before")
    );
    let text = std::str::from_utf8(&answer).expect("UTF-8");
    assert!(text.ends_with('\n'));
    let Ok(article) = serde_json::from_str::<Value>(text) else {
        assert_eq!(pairs, &OPTIONS[4], "what is not Markdown is JSON");
        return;
    };
    check_removed(&article, bytes.len());
    let Some(html) = article["content_html"].as_str().filter(|html| !html.is_empty()) else {
        return;
    };
    let again = RawDocument {
        bytes: html.as_bytes(),
        content_type: Some("text/html; charset=utf-8"),
        ..RawDocument::default()
    };
    let form = read(&[("format", "html"), ("mode", "recall")]);
    if let Some(once) = normalize(&PIPELINE, &again, &form) {
        let twice = RawDocument { bytes: &once, ..again };
        if let Some(twice) = normalize(&PIPELINE, &twice, &form) {
            let [once, twice] = [&once, &twice].map(|html| String::from_utf8_lossy(html).into_owned());
            assert_eq!(once.trim_end(), twice.trim_end(), "clean HTML stays as it is");
        }
    }
});
