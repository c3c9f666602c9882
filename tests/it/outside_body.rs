//! Content that is in the bytes but not in the body.

use copydesk::{bounds::Deadline, input::RawDocument, options::Options};
use serde_json::Value;

use crate::conservation::PIPELINE;

const PARAGRAPHS: [&str; 4] = [
    "The harbour master counted forty boats on Monday, which is more than the town has had since the cannery closed.",
    "Most of them came from the north, where the ice broke late, and their crews slept in the hall behind the church.",
    "The council will decide in May whether the old pier is repaired or pulled down; a survey of the piles is under way.",
    "Until then the ferry lands at the coal quay, and whoever wants to cross has to walk six minutes from the station.",
];

fn article(html: &str) -> Value {
    let document = RawDocument {
        bytes: html.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(PIPELINE.bounds().time * 10);
    let answer = PIPELINE
        .normalize(&document, &Options::default(), &deadline)
        .expect("an article");
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn paragraphs() -> String {
    PARAGRAPHS.iter().map(|text| format!("<p>{text}</p>")).collect()
}

fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><head><title>Boats return</title></head><body><nav><a href=/a>News</a> <a href=/b>Sport</a></nav>\
         {body}<footer><a href=/p>Privacy policy</a></footer></body></html>"
    )
}

fn warnings(article: &Value) -> Vec<&str> {
    let warnings = article["warnings"].as_array().expect("a list");
    warnings.iter().filter_map(|warning| warning["code"].as_str()).collect()
}

/// All paragraphs, once each, and nothing else of the page.
fn assert_whole(article: &Value, source: &str) {
    let text = article["content_text"].as_str().expect("a text");
    for paragraph in PARAGRAPHS {
        assert_eq!(text.matches(paragraph).count(), 1, "{paragraph} in {text}");
    }
    assert!(!text.contains("Privacy"), "{text}");
    assert_eq!(article["provenance"]["content"]["source"], source, "{article}");
    assert!(warnings(article).contains(&"content_outside_body"), "{article}");
}

#[test]
fn a_page_in_noscript() {
    let html = page(&format!(
        "<div id=app></div><noscript><main>{}</main></noscript>",
        paragraphs()
    ));
    let article = article(&html);
    assert_whole(&article, "noscript");
    // The bytes of what goes are those of the document.
    let removed = article["removed"].as_array().expect("a list");
    let nav = removed.iter().find(|removal| removal["tag"] == "nav").expect("the nav");
    let range =
        nav["byte_start"].as_u64().expect("a byte") as usize..nav["byte_end"].as_u64().expect("a byte") as usize;
    assert!(html[range].starts_with("<nav>"));
}

#[test]
fn a_page_in_noscript_counts_as_if_it_were_shown() {
    let hidden = page(&format!("<noscript><main>{}</main></noscript>", paragraphs()));
    let shown = hidden.replace("noscript>", "div     >");
    let (hidden, shown) = (article(&hidden), article(&shown));
    for field in ["content_html", "content_text", "removed", "stats", "fingerprint"] {
        assert_eq!(hidden[field], shown[field], "{field}");
    }
}

#[test]
fn a_notice_that_scripts_are_needed() {
    let notice =
        "Please enable JavaScript in your browser to read this page, or write to the desk, which sends it by mail.";
    let article = article(&page(&format!(
        "<main>{}<noscript><p>{notice}</p></noscript></main>",
        paragraphs()
    )));
    assert!(!article["content_text"].as_str().expect("a text").contains("JavaScript"));
    assert!(warnings(&article).is_empty(), "{article}");
}

#[test]
fn a_paragraph_that_stands_in_the_body_as_well() {
    let body = format!(
        "<main>{}<noscript><p>{}</p></noscript></main>",
        paragraphs(),
        PARAGRAPHS[1]
    );
    let text = article(&page(&body))["content_text"]
        .as_str()
        .expect("a text")
        .to_owned();
    assert_eq!(text.matches(PARAGRAPHS[1]).count(), 1);
}

#[test]
fn a_declarative_shadow_root() {
    let body = format!(
        "<article-page><template shadowrootmode=open><style>p{{color:red}}</style><article>{}<slot></slot></article></template></article-page>",
        paragraphs()
    );
    assert_whole(&article(&page(&body)), "template");
    let plain = article(&page(&format!(
        "<template><article>{}</article></template>",
        paragraphs()
    )));
    assert!(
        !plain["content_text"]
            .as_str()
            .is_some_and(|text| text.contains(PARAGRAPHS[0]))
    );
}

#[test]
fn segments_that_a_script_puts_in_place() {
    let [first, second, third, fourth] = PARAGRAPHS;
    let body = format!(
        "<main><article><h1>Boats return</h1><p>{first}</p><p>{second}</p><!--$?--><template id=B:0></template><!--/$--></article></main>\
         <div hidden id=\"S:0\"><p>{third}</p><p>{fourth}</p></div><script>$RC(\"B:0\",\"S:0\")</script>"
    );
    let text = article(&page(&body))["content_text"]
        .as_str()
        .expect("a text")
        .to_owned();
    assert!(PARAGRAPHS.iter().all(|paragraph| text.contains(paragraph)), "{text}");
}

#[test]
fn the_article_body_of_json_ld() {
    let text = PARAGRAPHS.join("\\n\\n");
    let body = format!(
        "<div id=app>Loading</div><script type=\"application/ld+json\">{{\"@type\":\"NewsArticle\",\"articleBody\":\"{text}\"}}</script>"
    );
    assert_whole(&article(&page(&body)), "json_ld");
}

#[test]
fn an_article_in_the_state_of_a_script() {
    let html = paragraphs().replace('<', "\\u003c");
    let body = format!(
        "<div id=__next></div><script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"html\":\"{html}\"}}}}</script>"
    );
    assert_whole(&article(&page(&body)), "script_state");
    // React's flight data is JSON in a string.
    let nested = format!("{{\"html\":\"{}\"}}", paragraphs());
    let nested = serde_json::to_string(&nested).expect("a string");
    let body = format!("<div id=app></div><script>self.__next_f.push([1,{nested}])</script>");
    assert_whole(&article(&page(&body)), "script_state");
}

#[test]
fn what_a_script_holds_beside_a_whole_body_stays_there() {
    let html = "<p>Another page, about another matter, that a script keeps in store for whoever goes on reading.</p>"
        .repeat(40);
    let script = serde_json::to_string(&html).expect("a string");
    let article = article(&page(&format!(
        "<main>{}</main><script>var next={script}</script>",
        paragraphs()
    )));
    assert!(
        !article["content_text"]
            .as_str()
            .expect("a text")
            .contains("Another page")
    );
    assert_eq!(article["provenance"].get("content"), None);
}

#[test]
fn markup_from_a_script_is_as_safe_as_any() {
    let html = format!(
        "{}<p onclick=alert(1)>x</p><script>alert(1)</script><img src=x onerror=alert(1)>",
        paragraphs()
    );
    let script = serde_json::to_string(&html).expect("a string").replace('/', "\\/");
    let article = article(&page(&format!(
        "<div id=app></div><script>window.__NUXT__={{html:{script}}}</script>"
    )));
    let html = article["content_html"].as_str().expect("HTML");
    assert!(html.contains(PARAGRAPHS[0]) && !html.contains("alert"), "{html}");
}
