//! Stray content is wrapped in what its parent holds, where it stands: whatever nesting comes in, `content_html` is the tree
//! that a browser makes of it.

use std::fs;

use copydesk::{bounds::Deadline, input::RawDocument, options::Options, output::json::Fields};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};

use crate::{conservation::PIPELINE, content_tree::fault};

fn content_html(bytes: &[u8]) -> Option<String> {
    let options = Options {
        fields: Fields::parse("content_html").expect("a field"),
        ..Options::default()
    };
    let document = RawDocument {
        bytes,
        content_type: Some("text/html; charset=utf-8"),
        ..RawDocument::default()
    };
    let answer = PIPELINE.normalize(&document, &options, &Deadline::after(PIPELINE.bounds().time));
    let article: serde_json::Value = serde_json::from_slice(&answer.ok()?.body).expect("JSON");
    Some(article["content_html"].as_str().expect("a text").to_owned())
}

#[test]
fn stray_content_is_wrapped_where_it_stands() {
    for (html, wanted) in [
        (
            "<ul>a<p>b</p><li>c</li><p>d</p><h2>e</h2></ul>",
            "<ul><li>a<p>b</p></li><li>c</li><li><p>d</p><h2>e</h2></li></ul>",
        ),
        (
            "<ul><blockquote><ul><li>a</li></ul></blockquote><ul><ul><li>b</li></ul></ul></ul>",
            "<ul><li><blockquote><ul><li>a</li></ul></blockquote><ul><li><ul><li>b</li></ul></li></ul></li></ul>",
        ),
        (
            "<dl><p>a</p><dt>b</dt><ul><li>c</li></ul><pre>d</pre></dl>",
            "<dl><dd><p>a</p></dd><dt>b</dt><dd><ul><li>c</li></ul><pre>d</pre></dd></dl>",
        ),
        (
            "<table><tr><td>a</td></tr><p>b</p><ul><li>c</li></ul><tr><td>d</td></tr><caption>e</caption></table>",
            "<table><tr><td>a</td></tr><tr><td><p>b</p><ul><li>c</li></ul></td></tr><tr><td>d</td></tr><tr><td>e</td></tr></table>",
        ),
        (
            "<table><tr><th>a</th><p>b</p><td>c</td></tr></table>",
            "<table><tr><th>a</th><td><p>b</p></td><td>c</td></tr></table>",
        ),
        (
            "<details><summary>a</summary><p>b</p><summary>c</summary></details>",
            "<details><summary>a</summary><p>b</p><p>c</p></details>",
        ),
    ] {
        let got = content_html(html.as_bytes()).expect("an article");
        assert_eq!(got, wanted, "{html}");
        assert_eq!(fault(&got), None, "{html}");
    }
}

#[test]
fn pages_parse_back_to_what_was_written() {
    let pages = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages")).expect("the pages");
    for page in pages {
        let file = page.expect("a folder").path().join("in.html");
        let Ok(bytes) = fs::read(&file) else { continue };
        let Some(html) = content_html(&bytes) else { continue };
        assert_eq!(fault(&html), None, "{}", file.display());
    }
}

/// Tags that hold parts of their own, and what may stray into them.
const TOKENS: &[&str] = &[
    "<table>",
    "</table>",
    "<caption>",
    "</caption>",
    "<thead>",
    "<tbody>",
    "</tbody>",
    "<tr>",
    "</tr>",
    "<td>",
    "<th>",
    "</td>",
    "<ul>",
    "</ul>",
    "<ol>",
    "</ol>",
    "<li>",
    "</li>",
    "<dl>",
    "</dl>",
    "<dt>",
    "<dd>",
    "</dd>",
    "<details>",
    "</details>",
    "<summary>",
    "</summary>",
    "<figure>",
    "</figure>",
    "<figcaption>",
    "</figcaption>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<h2>",
    "</h2>",
    "<blockquote>",
    "</blockquote>",
    "<pre>",
    "</pre>",
    "<a href=/x>",
    "</a>",
    "<b>",
    "</b>",
    "<code>",
    "</code>",
    "<ruby>",
    "</ruby>",
    "<rt>",
    "</rt>",
    "<sup>",
    "</sup>",
    "<br>",
    "<hr>",
    "<img src=/i.png>",
    "text",
    " ",
    "\n",
    "$$x^2$$",
    "\\[x\\]",
    "<span class='MathJax'>",
    "</span>",
    "<math display=block><mi>x</mi></math>",
    "<div class='admonition note'>",
    "<p class=admonition-title>",
    "<sup id=r1><a href=#n1>1</a></sup>",
    "<li id=n1>note <a href=#r1>↩</a>",
    "<section class=footnotes>",
    "</section>",
    "<div role=table>",
    "<div role=row>",
    "<div role=cell>",
    "<iframe src=https://www.youtube.com/embed/abcdefghijk></iframe>",
];

#[test]
fn any_nesting_parses_back_to_what_was_written() {
    let config = Config {
        cases: 3000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&vec(select(TOKENS), 1..40), |tokens| {
            let html = format!("<!doctype html>{}", tokens.concat());
            let content = content_html(html.as_bytes()).unwrap_or_default();
            prop_assert_eq!(fault(&content), None, "{}", html);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
