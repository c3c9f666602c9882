//! Lines of a post that no rule knows: what the score of lines takes, what it leaves, and how it names what it takes.

use copydesk::{bounds::Deadline, input::RawDocument, options::Options};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde_json::Value;

use crate::conservation::{self, PIPELINE};

const PROSE: &[&str] = &[
    "The harbour office has published the depths that were measured at every pier last winter, and it asks all masters to compare them.",
    "Nobody had expected that the old lighthouse would be opened to visitors again, since its stairs had been closed for forty years.",
    "港口办公室公布了去年冬天在每个码头测得的水深，并请所有船长在进港之前与自己领航员的记录进行比较，以免发生意外。",
    "没有人想到老灯塔会再次向游客开放，因为它的楼梯已经关闭了四十年，而修缮工程直到去年秋天才开始进行。",
    "Das Hafenamt hat die Tiefen veröffentlicht, die im letzten Winter an jedem Pier gemessen wurden, und bittet alle um einen Vergleich.",
];

fn post(body: &str, mode: &str) -> Value {
    let options = Options::from_pairs(std::iter::once(("mode".into(), mode.into()))).expect("options");
    let document = format!("---\ntitle: The harbour\ndate: 2024-05-04\n---\n\n<div>\n{body}\n</div>\n");
    let document = RawDocument {
        bytes: document.as_bytes(),
        content_type: Some("text/markdown; charset=utf-8"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(PIPELINE.bounds().time);
    let answer = PIPELINE.normalize(&document, &options, &deadline).expect("an article");
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn prose() -> String {
    PROSE.iter().map(|text| format!("<p>{text}</p>\n")).collect()
}

/// What is left of a line below the text, and the reason for which it went.
fn below(line: &str) -> (bool, Option<String>) {
    let article = post(&format!("{}{line}", prose()), "balanced");
    let mut inner = line.replace("<br>", "\n");
    while let (Some(start), Some(end)) = (inner.find('<'), inner.find('>')) {
        inner.replace_range(start..=end, "");
    }
    let stays = article["content_text"]
        .as_str()
        .is_some_and(|text| text.contains(inner.trim()));
    let removed = article["removed"].as_array().expect("a list");
    (
        stays,
        removed
            .first()
            .and_then(|removal| removal["rule"].as_str().map(ToOwned::to_owned)),
    )
}

#[test]
fn takes_lines_below_a_text() {
    let faults: Vec<_> = [
        ("<p>视频监制：王小明</p>", "score/credit"),
        ("<p>脚本统筹丨李大力</p>", "score/credit"),
        ("<p>Photo by Ann Lee on Unsplash</p>", "score/credit"),
        (
            "<p>Reprint and reuse with permission of the Harbour Gazette, all rights with the authors</p>",
            "score/legal",
        ),
        (
            "<p>Follow us on Mastodon and subscribe to the newsletter</p>",
            "score/promotion",
        ),
        (
            "<p><a href=\"https://harbour.example/42\">Continue reading the story</a></p>",
            "score/interface",
        ),
        (
            "<p><a href=\"https://hafen.example/42\">Weiterlesen auf hafen.example</a></p>",
            "score/interface",
        ),
        (
            "<p><a href=\"https://minato.example/42\">続きを読む</a></p>",
            "score/interface",
        ),
        (
            "<hr><h3>Related stories</h3><ul><li><a href=\"https://h.example/1\">A pier of wood</a></li>\
             <li><a href=\"https://h.example/2\">A pier of stone</a></li></ul>",
            "score/related",
        ),
    ]
    .into_iter()
    .map(|(line, reason)| (line, below(line), (false, Some(reason.to_owned()))))
    .filter(|(_, got, want)| got != want)
    .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn leaves_what_a_text_ends_with() {
    for line in [
        "<p>His son works in the harbour office today.</p>",
        "<p>“Then we sail,” she said.</p>",
        "<p>他笑着说：“明天见。”</p>",
        "<p>Und so blieb der Turm offen.</p>",
        "<p>灯塔每天九点开门。</p>",
        "<pre>copy --share author.txt</pre>",
    ] {
        let (stays, reason) = below(line);
        assert!(stays, "{line} went by {reason:?}");
    }
}

#[test]
fn leaves_a_post_of_one_line() {
    let article = post(
        "<p>Follow our newsletter and share this post: the author</p>",
        "precision",
    );
    assert_eq!(article["removed"].as_array().expect("a list").len(), 0, "{article}");
}

#[test]
fn words_alone_take_nothing_from_the_middle() {
    let words = select(vec![
        "编辑",
        "关注",
        "公众号",
        "来源",
        "Photo",
        "by",
        "author",
        "subscribe",
        "newsletter",
        "版权",
        "copyright",
        "read more",
        "推荐阅读",
        "Redaktion",
        "フォロー",
        "下载",
        "客户端",
        "：",
        "|",
        "©",
        "share",
        "2024",
    ]);
    let line = proptest::collection::vec(words, 1..8).prop_map(|words| words.join(" "));
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    });
    let mode = select(vec!["precision", "balanced", "recall"]);
    let result = runner.run(&(line, mode), |(line, mode)| {
        let article = post(
            &format!("{}<p>{line}</p>{}", prose(), prose().replace("pier", "quay")),
            mode,
        );
        let by_score = |removal: &Value| removal["rule"].as_str().is_some_and(|rule| rule.starts_with("score/"));
        let removed = article["removed"].as_array().expect("a list");
        prop_assert!(!removed.iter().any(by_score), "{line}: {removed:?}");
        Ok(())
    });
    result.unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_removal_has_its_reason_category_and_bytes() {
    let line = "<p>Reprint and reuse with permission of the Harbour Gazette, all rights with the authors</p>";
    let html = format!("{}{line}", prose());
    let article = post(&html, "balanced");
    let removal = &article["removed"][0];
    assert_eq!(removal["rule"], "score/legal", "{removal}");
    assert_eq!(removal["category"], "legal");
    assert_eq!(removal["tag"], "p");
    conservation::check(html.as_bytes(), encoding_rs::UTF_8, &html, "").unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn authors_are_read_before_their_line_goes() {
    for (line, name) in [
        ("<p>Author: Imre Solway</p>", "Imre Solway"),
        ("<p>（记者 王小明）</p>", "王小明"),
    ] {
        let article = post(&format!("{}{line}", prose()), "precision");
        assert_eq!(article["authors"][0]["name"], name, "{article}");
        let text = article["content_text"].as_str().expect("a text");
        assert!(!text.contains(name), "{text}");
    }
}

#[test]
fn recall_takes_no_more_than_precision() {
    let body = format!(
        "{}<p>策划：王小明</p><p>Follow us on the harbour's channel</p><p>下载客户端</p>",
        prose()
    );
    let characters = |mode| {
        let article = post(&body, mode);
        article["content_text"].as_str().map_or(0, |text| text.chars().count())
    };
    assert!(characters("recall") >= characters("balanced"));
    assert!(characters("balanced") >= characters("precision"));
}
