//! The forms of an answer against one another: front matter that is read back, fields that are left out.

use std::time::Duration;

use copydesk::{
    bounds::Deadline,
    input::RawDocument,
    options::{Format, Options},
    output::json::Fields,
};
use serde_json::Value;

use crate::conservation::PIPELINE;

fn answer(document: &str, format: Format, fields: &str) -> String {
    let options = Options {
        format: Some(format),
        fields: Fields::parse(fields).expect("fields"),
        ..Options::default()
    };
    let document = RawDocument {
        bytes: document.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(Duration::from_secs(600));
    let answer = PIPELINE.normalize(&document, &options, &deadline).expect("an article");
    String::from_utf8(answer.body).expect("UTF-8")
}

fn json(document: &str, fields: &str) -> Value {
    serde_json::from_str(&answer(document, Format::Json, fields)).expect("JSON")
}

const POST: &str = r##"---
title: '他说: "涨了" & more'
date: 2021-08-18T15:55:23+08:00
updated: 2021-08-19T00:00:00Z
author: Lake Daily
categories: [Lake Daily, "Ice: and snow"]
authors: [Ada Lane, 王小明]
tags: ["a, b", "#c"]
site_name: Lake Daily
description: "What it is about, in \"one\" line"
link: https://example.org/a?b=c&d
image: https://example.org/a.jpg
lang: zh
license: CC BY 4.0
---

<p>The lake froze over in the second week of the year, and <b>everyone</b> walked across it.</p>
"##;

const FACTS: &[&str] = &[
    "title",
    "url",
    "date_published",
    "date_precision",
    "date_modified",
    "authors",
    "site_name",
    "summary",
    "image",
    "language",
    "categories",
    "tags",
    "license",
];

#[test]
fn markdown_is_a_post_that_says_the_same_when_it_is_read() {
    let page = r#"<html lang=en><head><title>The lake - Daily</title><meta property="article:published_time" content="2020-01-08">
        <meta name=author content="Ada Lane"><meta name=keywords content="ice, lake"><meta property=og:site_name content=Daily>
        <link rel=canonical href="https://example.org/lake"></head><body><h1>The lake</h1><p>The lake froze over in the second
        week of the year, and for the first time since anyone could remember people walked across it.</p></body></html>"#;
    for document in [POST, page] {
        let first = json(document, "all");
        let post = answer(document, Format::Markdown, "core");
        assert!(post.starts_with("---\ntitle: "), "{post}");
        let again = json(&post, "all");
        assert_eq!(again["input"]["kind"], "post");
        for fact in FACTS {
            assert_eq!(again[fact], first[fact], "{fact} of {post}");
        }
        let text = first["content_text"].as_str().expect("text");
        assert!(
            again["content_text"].as_str().expect("text").contains(&text[..30]),
            "{again}"
        );
    }
}

#[test]
fn a_document_that_says_nothing_of_itself_has_no_front_matter() {
    assert_eq!(
        answer("<p>湖</p>", Format::Markdown, "core").matches("title").count(),
        0
    );
    assert!(!answer("<p>1</p>", Format::Markdown, "core").contains("title"));
}

/// What is left out changes nothing of what is asked for.
#[test]
fn each_field_alone_is_what_it_is_among_all() {
    for document in [
        POST,
        "<html><title>t</title><h1>Ice</h1><p>By Ada Lane</p><p>The lake froze over again.</p></html>",
    ] {
        let all = json(document, "all");
        for (name, value) in all.as_object().expect("an object") {
            assert_eq!(json(document, name), serde_json::json!({ name: value }), "{name}");
        }
    }
}

#[test]
fn links_that_lead_away_say_so() {
    let html = "<p><a href='https://example.org/'>a</a> <a href='/b'>b</a> <a href='mailto:c@example.org'>c</a> <a href='//d.example/'>d</a></p>";
    let shown = answer(html, Format::Html, "core");
    assert_eq!(shown.matches(r#"rel="noopener nofollow""#).count(), 2, "{shown}");
    assert!(
        shown.contains(r#"<a href="https://example.org/" rel="noopener nofollow">a</a>"#),
        "{shown}"
    );
    assert!(shown.contains(r#"<a href="/b">b</a>"#), "{shown}");
}
