//! Documents that try to cost more than their bytes: each is refused by name, or read at a cost that its bytes explain.
//!
//! Nothing here is timed. What once cost the square of its size would not end at these sizes.

use std::time::Duration;

use copydesk::{bounds::Deadline, error::Error, input::RawDocument, options::Options};
use serde_json::Value;

use crate::conservation::PIPELINE;

/// Sends a document down the road, with time enough for a machine that is slow.
fn article(document: &str) -> Result<Value, Error> {
    let document = RawDocument {
        bytes: document.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(Duration::from_secs(600));
    let answer = PIPELINE.normalize(&document, &Options::default(), &deadline)?;
    Ok(serde_json::from_slice(&answer.body).expect("JSON"))
}

#[track_caller]
fn text(document: &str) -> String {
    let article = article(document).expect("an article");
    article["content_text"].as_str().expect("a string").to_owned()
}

#[test]
fn a_million_tags_inside_one_another() {
    for tag in [
        "<div>",
        "<b>",
        "<x>",
        "<ul><li>",
        "<blockquote>",
        "<svg><g>",
        "<font color=x>",
    ] {
        let refused = article(&tag.repeat(1_000_000 / tag.len())).expect_err("too deep");
        assert_eq!(refused.code().as_str(), "too_deep", "{tag}");
    }
    // These end one another, and nothing is deep.
    for tag in [
        "<p>",
        "<li>",
        "<a href=x>",
        "<option>",
        "<button>",
        "<form>",
        "<nobr>",
        "<h1>",
    ] {
        article(&(tag.repeat(100_000 / tag.len()) + "x")).unwrap_or_else(|error| panic!("{tag}: {error}"));
    }
}

#[test]
fn paragraphs_that_never_close() {
    // lol_html's own stack would take 76 MB for it, more than it may, were it not for the fresh rewriters.
    let page = "<p>".repeat(600_000) + "The boats come back.";
    assert_eq!(text(&page), "The boats come back.");
}

#[test]
fn a_million_elements() {
    let page = "<b></b>".repeat(1_000_000) + "The boats come back.";
    assert_eq!(text(&page), "The boats come back.");
    let void = "<wbr>".repeat(1_000_000) + "The boats come back.";
    assert_eq!(text(&void), "The boats come back.");
}

#[test]
fn a_million_attributes() {
    let page = "<wbr a b=c d='e' f g h i j k l>".repeat(100_000) + "The boats come back.";
    assert_eq!(text(&page), "The boats come back.");
}

#[test]
fn copies_of_a_page_in_one_document() {
    // What looks at the whole document once for each of its parts would not end here.
    let page = include_str!("../pages/page-news/in.html");
    for copies in [4, 16, 64, 1024] {
        assert!(text(&page.repeat(copies)).len() >= text(page).len(), "{copies} copies");
    }
}

#[test]
fn attributes_and_classes_by_the_hundred_thousand() {
    let attributes = |count: usize| (0..count).map(|n| format!(" a{n}")).collect::<String>();
    assert_eq!(
        text(&format!("<p{} hidden>The boats</p>come back", attributes(8000))),
        "come back"
    );
    // The parser takes memory for each before the tag is seen: more of them in one tag than any page has are refused.
    for many in [attributes(300_000), " style=x".repeat(500_000)] {
        let refused = article(&format!("<p{many}>The boats</p>")).expect_err("too many attributes");
        assert_eq!(refused.code().as_str(), "token_too_large");
    }
    let classes = "x ".repeat(500_000) + &"advertisement ".repeat(500_000);
    assert_eq!(text(&format!("<p class='{classes}'>The boats</p>")), "The boats");
    let classes = "advertisement ".repeat(500_000);
    assert_eq!(
        text(&format!("<p class='{classes}'>The boats</p>come back")),
        "come back"
    );
}

#[test]
fn ten_mib_of_one_run_of_text() {
    let page = "boats ".repeat((10 << 20) / 6);
    assert_eq!(text(&format!("<p>{page}")).len(), page.trim_end().len());
    let references = "&amp;".repeat(200_000);
    assert_eq!(text(&format!("<p>{references}")).len(), 200_000);
    assert_eq!(text(&format!("<p>a{}b", "&nbsp;".repeat(200_000))), "a b");
    assert_eq!(text(&("<".repeat(200_000) + " p")).len(), 200_002);
}
