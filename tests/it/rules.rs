//! The rule format: where a rule applies, what it takes and what it drops, on both roads.

use std::fs;

use copydesk::{
    bounds::Bounds,
    options::CleanOptions,
    pipeline::Pipeline,
    rules::{RuleSet, Sources, read},
};
use serde_json::Value;

use crate::guard::{folder, with};

/// The built-in rules and those of a file called `mine.toml`.
fn mine(name: &str, file: &str) -> RuleSet {
    let folder = folder(name);
    fs::write(folder.join("mine.toml"), file).expect("it is written");
    let sources = Sources {
        folders: vec![folder],
        ..Sources::default()
    };
    read(&sources).expect("sound rules").0
}

/// Rules whose every example must hold.
fn shown(name: &str, file: &str) -> RuleSet {
    let (_, broken) = Pipeline::new(mine(name, file), Bounds::default()).check_examples();
    assert!(broken.is_empty(), "{broken:#?}");
    mine(name, file)
}

fn clean(rules: RuleSet, html: &str) -> String {
    let pipeline = Pipeline::new(rules, Bounds::default());
    let mut cleaner = pipeline.cleaner(None, &CleanOptions::default()).expect("a cleaner");
    cleaner.write(html.as_bytes()).expect("a good page");
    cleaner.end().expect("a good page");
    String::from_utf8(cleaner.take()).expect("UTF-8")
}

const GERMAN: &str = r#"
[[rule]]
id = "read-also"
category = "related"
why = "Links to other articles, in German words that mean something else elsewhere."
languages = ["de"]
select = [".mehr"]
text = "Mehr: .*"
[[rule.example]]
in = '<html lang=de-AT><p>Text.</p><p class=mehr>Alles</p><p>Mehr: Boote</p></html>'
out = "<p>Text.</p>"
"#;

#[test]
fn a_rule_for_a_language_holds_where_the_document_says_so() {
    let rules = || shown("language", GERMAN);
    let body = "<p>Text.</p><p class=mehr>Alles</p><p>Mehr: Boote</p>";
    let text = |document: &str| with(rules(), document, "")["content_text"].clone();
    let all = "Text.\n\nAlles\n\nMehr: Boote";
    assert_eq!(text(&format!("---\nlang: DE\n---\n<div>{body}</div>")), "Text.");
    assert_eq!(text(&format!("---\nlang: nl\n---\n<div>{body}</div>")), all);
    // What does not say its language is in none.
    assert_eq!(text(body), all);
    assert_eq!(
        with(rules(), &format!("<html lang=en>{body}"), "")["removed_total"],
        Value::from(0)
    );
}

#[test]
fn a_rule_for_a_language_means_the_same_to_a_stream() {
    let page = |lang: &str| format!("<html lang={lang}><body><p>Text.</p><p class=mehr>Alles</p></body></html>");
    let dropped = "<html lang=de><body><p>Text.</p></body></html>";
    assert_eq!(clean(mine("language-stream", GERMAN), &page("de")), dropped);
    assert_eq!(clean(mine("language-stream", GERMAN), &page("en")), page("en"));
}

const FIELDS: &str = r#"
[[rule]]
id = "headline"
category = "credit"
why = "The template's own headline."
action = "take"
field = "title"
select = [".headline"]
[[rule.example]]
in = '<div class=headline>The <b>harbour</b><br>opens</div><p>Text.</p>'
out = "<p>The <b>harbour</b><br>opens</p><p>Text.</p>"
fields = { title = "The harbour opens" }

[[rule]]
id = "writer"
category = "credit"
why = "The template names its writers above the text, which is no text."
field = "authors"
select = [".by a"]
[[rule.example]]
in = '<p class=by>By <a href="/a">Ada Rede</a> and <a href="/b">Bo Lind</a></p><p>Text.</p>'
out = "<p>By and</p><p>Text.</p>"
fields = { authors = "Ada Rede, Bo Lind" }

[[rule]]
id = "desk"
category = "credit"
why = "The template names its editor."
field = "editors"
select = [".desk"]
[[rule.example]]
in = '<p>Text.</p><p class=desk>Cy Holm</p>'
out = "<p>Text.</p>"
fields = { editors = "Cy Holm" }

[[rule]]
id = "outlet"
category = "credit"
why = "The agency, as the template names it to machines."
action = "take"
field = "source"
select = ['meta[name="agency"]']
[[rule.example]]
in = '<meta name=agency content="Harbour &amp; Sea"><p>Text.</p>'
out = "<p>Text.</p>"
fields = { source = "Harbour & Sea" }

[[rule]]
id = "time"
category = "credit"
why = "The template prints when it was published; the attribute says it for machines."
field = "date"
select = [".when"]
[[rule.example]]
in = '<p>Text.</p><time class=when datetime="2023-03-06T09:30:00+08:00">on Monday</time>'
out = "<p>Text.</p>"
fields = { date = "2023-03-06T09:30:00+08:00" }
[[rule.example]]
in = '<p>Text.</p><p class=when>2023-03-06 09:30</p>'
out = "<p>Text.</p>"
fields = { date = "2023-03-06T09:30:00Z" }

[[rule]]
id = "cover"
category = "chrome"
why = "The cover stands above the text and is said again in it."
field = "image"
select = [".cover"]
[[rule.example]]
in = '<div class=cover><img data-src="https://a.example/1.jpg" src="x.gif"></div><p>Text.</p>'
out = "<p>Text.</p>"
fields = { image = "https://a.example/1.jpg" }
"#;

#[test]
fn elements_give_fields_and_provenance_names_the_rule() {
    let page = "<h1 class=headline>The harbour opens</h1><p class=by>By <a>Ada Rede</a></p><p class=desk>Cy Holm</p>\
        <meta name=agency content=Sea><p class=when>2023-03-06</p><p class=cover><img src=https://a.example/1.jpg></p><p>Text.</p>";
    let article = with(shown("fields", FIELDS), page, "");
    for (field, rule) in [
        ("title", "mine/headline"),
        ("authors", "mine/writer"),
        ("editors", "mine/desk"),
        ("source", "mine/outlet"),
        ("date_published", "mine/time"),
        ("image", "mine/cover"),
    ] {
        let said = &article["provenance"][field];
        assert_eq!(
            (&said["source"], &said["rule"]),
            (&"rule".into(), &rule.into()),
            "{field}"
        );
    }
    // What the document says of itself comes first, and is no rule's.
    let post = format!("---\ntitle: Another\n---\n{page}");
    let article = with(mine("fields", FIELDS), &post, "");
    assert_eq!(article["title"], "Another");
    assert_eq!(article["provenance"]["title"]["rule"], Value::Null);
    assert_eq!(
        with(mine("fields", FIELDS), page, "without=mine/desk")["editors"],
        Value::Array(vec![])
    );
}

#[test]
fn an_article_is_no_field() {
    let long = format!(
        "<div class=headline>{}</div>",
        "<p>The boats come back.</p>".repeat(100)
    );
    assert_eq!(with(mine("fields-long", FIELDS), &long, "")["title"], Value::Null);
}

#[test]
fn an_example_that_gives_no_such_field_does_not_hold() {
    let wrong = FIELDS.replace("editors = \"Cy Holm\"", "editors = \"Cy\"");
    let (_, broken) = Pipeline::new(mine("fields-wrong", &wrong), Bounds::default()).check_examples();
    assert_eq!(broken.len(), 1);
    assert!(broken[0].to_string().contains("editors: Cy Holm"), "{}", broken[0]);
    let unshown = FIELDS.replace("fields = { title = \"The harbour opens\" }", "");
    let (_, broken) = Pipeline::new(mine("fields-unshown", &unshown), Bounds::default()).check_examples();
    assert!(
        broken[0].to_string().contains("`fields` of its example"),
        "{}",
        broken[0]
    );
}

const REST: &str = r#"
[[rule]]
id = "below"
category = "related"
why = "Below these marks stand other articles."
action = "drop_rest"
select = ["hr.end"]
comment = "^ end of text "
text = "More from us:?"
[[rule.example]]
in = '<div><p>Text.</p><hr class=end><p>Other</p><ul><li>One</li></ul></div><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
[[rule.example]]
in = '<div><p>Text.</p><!-- end of text --><p>Other</p></div><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
[[rule.example]]
in = '<div><p>Text.</p><p>More from us</p><p>Other</p></div><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
[[rule.example]]
in = '<p>Text.<br>More from us:<br>Other</p><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
"#;

#[test]
fn everything_behind_a_marker_goes() {
    let page = "<div><p>Text.</p><p>More from us:</p><p>Other</p></div><p>Behind.</p>";
    let article = with(shown("rest", REST), page, "");
    assert_eq!(article["content_text"], "Text.\n\nBehind.");
    let removed = &article["removed"][0];
    assert_eq!(
        (&removed["rule"], &removed["category"]),
        (&"mine/below".into(), &"related".into())
    );
    assert_eq!(article["removed_total"], 1);
    let range = |name: &str| removed[name].as_u64().expect("an offset") as usize;
    assert!(page[range("byte_start")..range("byte_end")].starts_with("<p>More from us:</p><p>Other</p>"));
    // A stream is past the marker's parent before it knows its end, so there it does nothing.
    let page = "<div><p>Text.</p><!-- end of text --><hr class=end><p>Other</p></div>";
    assert_eq!(clean(mine("rest", REST), page), page);
}

#[test]
fn a_marker_at_the_top_does_not_take_the_article() {
    let page = format!(
        "<div><p>More from us</p>{}</div>",
        "<p>The boats come back in the morning, and the market opens.</p>".repeat(20)
    );
    let article = with(mine("rest-top", REST), &page, "");
    assert!(article["content_text"].as_str().expect("text").contains("The boats"));
    assert_eq!(article["warnings"][0]["code"], "rule_rolled_back");
}

#[test]
fn a_keep_rule_wins_over_drop_rules_for_elements_lines_and_comments() {
    let rules = || {
        mine(
            "keep",
            r#"
[[rule]]
id = "ours"
category = "promotion"
why = "Our own words, which other rules take for noise."
action = "keep"
select = [".ours"]
text = "END"
comment = "article_adlist"
[[rule.example]]
in = '<p>Text.</p><p class="ours advertisement">Ours</p><p>END</p>'
out = "<p>Text.</p><p>Ours</p><p>END</p>"
"#,
        )
    };
    let page = "<p>Text.</p><p class=\"ours advertisement\">Ours</p><!--article_adlist[x]article_adlist--><p>END</p>";
    assert_eq!(with(rules(), page, "")["content_text"], "Text.\n\nOurs\n\nEND");
    assert_eq!(clean(rules(), page), page);
}
