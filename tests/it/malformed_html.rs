//! Broken documents, each with its clear answer: an article with warnings, or a refusal by name. None is lost in silence.

use std::time::Duration;

use copydesk::{
    bounds::{Bounds, Deadline},
    error::Error,
    input::RawDocument,
    options::Options,
    pipeline::Pipeline,
};
use serde_json::Value;

fn normalize(body: impl AsRef<[u8]>) -> Result<Value, Error> {
    let pipeline = Pipeline::built_in(Bounds::default()).expect("sound rules");
    let document = RawDocument {
        bytes: body.as_ref(),
        ..RawDocument::default()
    };
    let answer = pipeline.normalize(
        &document,
        &Options::default(),
        &Deadline::after(Duration::from_secs(120)),
    )?;
    Ok(serde_json::from_slice(&answer.body).expect("JSON"))
}

fn article(body: impl AsRef<[u8]>) -> Value {
    normalize(body).expect("an article")
}

#[track_caller]
fn warns(article: &Value, code: &str) {
    let warnings = article["warnings"].as_array().expect("a list");
    assert!(warnings.iter().any(|warning| warning["code"] == code), "{warnings:?}");
}

#[test]
fn front_matter_that_never_closes() {
    let article = article("---\ntitle: A title\ndate: 2024-05-06 07:08:09\n\n<p>The text.</p>\n");
    assert_eq!(
        (article["title"].as_str(), article["content_text"].as_str()),
        (Some("A title"), Some("The text."))
    );
    assert_eq!(article["input"]["kind"], "post");
    warns(&article, "front_matter_unclosed");
}

#[test]
fn a_date_that_is_none() {
    let article = article("---\ntitle: A title\ndate: Invalid Date\n---\n<p>The text.</p>\n");
    assert_eq!(article["date_published"], Value::Null);
    assert_eq!(article["date_published_raw"], "Invalid Date");
    warns(&article, "date_unreadable");
}

#[test]
fn a_footnote_outside_of_a_list() {
    let article = article(
        "<sup><a id='r' href='#n'>1</a></sup><li id='n'>The note. <a href='#r'>\u{21a9}</a></li><p>The text.</p>",
    );
    let text = article["content_text"].as_str().expect("a text");
    assert!(text.contains("The text."), "{text}");
}

#[test]
fn an_end_tag_first() {
    assert_eq!(
        article("</div></p></td><p>The text.</p>")["content_html"],
        "<p>The text.</p>"
    );
}

#[test]
fn an_element_that_never_closes() {
    let article = article("<p>One.</p><div class=x><b>Two.<p>Three.");
    assert_eq!(article["content_text"], "One.\n\nTwo.\n\nThree.");
}

#[test]
fn an_advert_that_never_closes_does_not_take_what_follows() {
    let text = "<p>A paragraph that has nothing to do with the advert before it.</p>".repeat(9);
    let article = article(format!("<p>First.</p><div class=advertisement>Buy!{text}"));
    assert!(
        article["content_text"]
            .as_str()
            .expect("text")
            .contains("nothing to do"),
        "{article}"
    );
}

#[test]
fn what_begins_and_never_ends_is_told() {
    for (cut, named) in [
        ("<p>One.</p><!-- two <p>three</p>", "a comment"),
        ("<p>One.</p><script>var two = '<p>three</p>';", "script"),
        ("<p>One.</p><textarea><p>three</p>", "textarea"),
        ("<p>One.</p><a href=\"two><p>three</p>", "a tag"),
    ] {
        let article = article(cut);
        assert_eq!(article["content_text"], "One.", "{cut}");
        let warning = &article["warnings"][0];
        assert_eq!(warning["code"], "unclosed", "{cut}");
        assert!(
            warning["detail"].as_str().expect("words").starts_with(named),
            "{cut}: {warning}"
        );
    }
}

#[test]
fn a_nul_byte() {
    let article = article(b"<p>Before\0behind, and more text.</p>");
    assert_eq!(article["content_text"], "Before\u{fffd}behind, and more text.");
    warns(&article, "nul_bytes");
}

#[test]
fn half_a_character() {
    let whole = "<p>一段足够长的中文正文，没有声明字符集，结尾被截断，最后一个字只剩一半。</p><p>断";
    let article = article(&whole.as_bytes()[..whole.len() - 1]);
    assert_eq!(article["input"]["charset"], "UTF-8");
    assert!(
        article["content_text"]
            .as_str()
            .expect("text")
            .starts_with("一段足够长的中文正文"),
        "{article}"
    );
    warns(&article, "undecodable_bytes");
}

#[test]
fn bytes_that_are_no_text() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
    assert_eq!(normalize(png).expect_err("a picture").code().as_str(), "not_text");
    assert_eq!(normalize("  \n").expect_err("nothing").code().as_str(), "empty_body");
    assert_eq!(
        normalize("---title: 'x'categories: - a---<p>b</p>")
            .expect_err("curl -d")
            .code()
            .as_str(),
        "newlines_removed"
    );
    assert_eq!(
        normalize("<?xml version='1.0'?><rss version='2.0'><channel/></rss>")
            .expect_err("a feed")
            .code()
            .as_str(),
        "feed"
    );
}

#[test]
fn a_million_nested_tags() {
    assert_eq!(
        normalize("<div>".repeat(1_000_000))
            .expect_err("too deep")
            .code()
            .as_str(),
        "too_deep"
    );
    // Those that a browser closes do not nest.
    assert_eq!(article("<p>x".repeat(100_000))["stats"]["paragraphs"], 100_000);
}

#[test]
fn more_elements_than_the_bound() {
    let bounds = Bounds {
        elements: 1000,
        ..Bounds::default()
    };
    let pipeline = Pipeline::built_in(bounds).expect("sound rules");
    let body = "<br>".repeat(1001);
    let document = RawDocument {
        bytes: body.as_bytes(),
        ..RawDocument::default()
    };
    let refused = pipeline.normalize(
        &document,
        &Options::default(),
        &Deadline::after(Duration::from_secs(60)),
    );
    assert_eq!(refused.expect_err("too many").code().as_str(), "too_many_elements");
}

#[test]
fn a_link_around_a_million_blocks_is_not_written_a_million_times() {
    let bounds = Bounds {
        output_bytes: 1 << 20,
        ..Bounds::default()
    };
    let pipeline = Pipeline::built_in(bounds).expect("sound rules");
    let body = format!("<a href=/{}>{}", "x".repeat(2000), "<div>y</div>".repeat(2000));
    let document = RawDocument {
        bytes: body.as_bytes(),
        ..RawDocument::default()
    };
    let refused = pipeline.normalize(
        &document,
        &Options::default(),
        &Deadline::after(Duration::from_secs(60)),
    );
    assert_eq!(refused.expect_err("too large").code().as_str(), "output_too_large");
}

#[test]
fn a_time_budget_that_is_used_up() {
    let pipeline = Pipeline::built_in(Bounds::default()).expect("sound rules");
    let document = RawDocument {
        bytes: b"<p>x</p>",
        ..RawDocument::default()
    };
    let refused = pipeline.normalize(&document, &Options::default(), &Deadline::after(Duration::ZERO));
    assert_eq!(refused.expect_err("late").code().as_str(), "deadline");
}
