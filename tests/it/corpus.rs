//! Pages in, articles out: each folder of `tests/pages` holds a document of our own writing (`in.html` or `in.md`), what
//! comes of it (`expected.json`), why it is there (`why.txt`), and options where it needs any (`options.txt`, a query).
//!
//! `COPYDESK_BLESS=1 cargo test corpus` writes the expectations anew; read the difference before it is committed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use copydesk::{bounds::Deadline, input::RawDocument, options::Options, output::json::Fields};
use encoding_rs::{Encoding, GBK, UTF_8};
use serde_json::Value;

use crate::conservation::PIPELINE;

struct Case {
    name: String,
    folder: PathBuf,
    bytes: Vec<u8>,
    is_html: bool,
    query: String,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let mut cases: Vec<Case> = fs::read_dir(root)
        .expect("tests/pages")
        .map(|entry| {
            let folder = entry.expect("an entry").path();
            let html = fs::read(folder.join("in.html"));
            Case {
                name: folder.file_name().expect("a name").to_string_lossy().into_owned(),
                is_html: html.is_ok(),
                bytes: html
                    .or_else(|_| fs::read(folder.join("in.md")))
                    .expect("in.html or in.md"),
                query: fs::read_to_string(folder.join("options.txt"))
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
                folder,
            }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(cases.len() > 20, "tests/pages is not where it was");
    cases
}

impl Case {
    /// All fields of the article, but for what every change of a rule changes.
    fn article(&self, bytes: &[u8], content_type: Option<&str>) -> Value {
        let options = Options {
            fields: Fields::All,
            ..Options::from_pairs(url::form_urlencoded::parse(self.query.as_bytes())).expect("good options")
        };
        let document = RawDocument {
            bytes,
            content_type,
            ..RawDocument::default()
        };
        let deadline = Deadline::after(PIPELINE.bounds().time);
        let answer = PIPELINE
            .normalize(&document, &options, &deadline)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut article: Value = serde_json::from_slice(&answer.body).expect("JSON");
        article
            .as_object_mut()
            .expect("an object")
            .shift_remove("rules_revision");
        article
    }

    fn natural(&self) -> Value {
        self.article(&self.bytes, self.is_html.then_some("text/html"))
    }
}

#[test]
fn each_page_gives_the_article_that_is_expected() {
    let bless = env::var_os("COPYDESK_BLESS").is_some();
    let mut stale = Vec::new();
    for case in cases() {
        assert!(
            case.folder.join("why.txt").exists(),
            "{} does not say why it is there",
            case.name
        );
        let file = case.folder.join("expected.json");
        let got = serde_json::to_string_pretty(&case.natural()).expect("JSON") + "\n";
        if bless {
            fs::write(&file, got).expect("a file to write");
            continue;
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if let Some((line, (expected, got))) = expected
            .lines()
            .chain(std::iter::repeat(""))
            .zip(got.lines().chain([""]))
            .enumerate()
            .find(|(_, (expected, got))| expected != got)
        {
            stale.push(format!(
                "{}, line {}:\n  expected {expected}\n  got      {got}",
                case.name,
                line + 1
            ));
        }
    }
    assert!(stale.is_empty(), "see the top of this file\n{}", stale.join("\n"));
}

/// What must not hang on the charset that a document came in.
const CONTENT: &[&str] = &[
    "title",
    "content_html",
    "content_text",
    "content_markdown",
    "date_published",
    "editors",
    "source",
];

fn same_content(case: &Case, article: &Value, other: &Value, charset: &str) {
    for field in CONTENT {
        assert_eq!(
            article[field], other[field],
            "{}: {field} differs in {charset}",
            case.name
        );
    }
    let removals = |article: &Value| -> Vec<Value> {
        let list = article["removed"].as_array().expect("a list");
        list.iter()
            .flat_map(|r| [r["rule"].clone(), r["characters"].clone(), r["preview"].clone()])
            .collect()
    };
    assert_eq!(
        removals(article),
        removals(other),
        "{}: removals differ in {charset}",
        case.name
    );
}

#[test]
fn each_page_gives_the_same_content_in_other_charsets() {
    for case in cases() {
        let article = case.natural();
        let label = article["input"]["charset"].as_str().expect("a charset").to_owned();
        let charset = Encoding::for_label(label.as_bytes()).expect("a known charset");
        let (text, _) = charset.decode_without_bom_handling(&case.bytes);
        for other in [UTF_8, GBK] {
            let (bytes, _, unmappable) = other.encode(&text);
            if !unmappable {
                let content_type = format!("text/html; charset={}", other.name());
                same_content(
                    &case,
                    &article,
                    &case.article(&bytes, Some(&content_type)),
                    other.name(),
                );
            }
        }
        for (name, units) in [
            ("utf-16le", (|unit: u16| unit.to_le_bytes()) as fn(u16) -> [u8; 2]),
            ("utf-16be", |unit| unit.to_be_bytes()),
        ] {
            let bytes: Vec<u8> = std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(units)
                .collect();
            same_content(&case, &article, &case.article(&bytes, Some("text/html")), name);
        }
    }
}

#[test]
fn each_page_is_read_again_as_it_was_written() {
    for case in cases() {
        let first = case.natural();
        let html = first["content_html"].as_str().expect("a string");
        if !html.is_empty() {
            let again = case.article(html.as_bytes(), Some("text/html; charset=utf-8"));
            assert_eq!(again["content_html"], first["content_html"], "{}", case.name);
        }
    }
}

#[test]
fn a_feed_post_gives_what_its_readers_were_promised() {
    let case = cases()
        .into_iter()
        .find(|case| case.name == "feed-post-sina")
        .expect("it is there");
    let article = case.natural();
    assert_eq!(article["title"], "江州新港：将在航运领域开展更多试点");
    assert_eq!(article["date_published"], "2021-08-12T03:20:41Z");
    assert_eq!(
        article["categories"],
        serde_json::json!(["航运", "新浪财经", "新浪财经－国內"])
    );
    assert_eq!(article["site_name"], "新浪财经");
    assert_eq!(article["source"]["name"], "中国新闻网");
    assert_eq!(article["authors"][0]["name"], "周望舒");
    assert_eq!(article["editors"], serde_json::json!([{"name": "沈一鸣"}]));
    assert_eq!(article["language"], "zh");
    assert_eq!(article["image"], Value::Null);
    let text = article["content_text"].as_str().expect("a string");
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(paragraphs.len(), 6, "{text}");
    assert!(paragraphs[0].starts_with("中新社江州8月12日电 （记者 周望舒）"));
    assert!(
        paragraphs[3].contains("江州港务等企业"),
        "no blank where the ticker's link was"
    );
    assert!(paragraphs[5].ends_with("证书可以在线申领。（完）"));
    assert!(paragraphs.iter().all(|p| !p.starts_with(char::is_whitespace)));
    for gone in ["责任编辑", "APP", "appendQr", "来源", "news_keyword"] {
        assert!(!text.contains(gone), "{gone}");
    }
    let removed = article["removed"].as_array().expect("a list");
    let rules: Vec<&str> = removed.iter().filter_map(|r| r["rule"].as_str()).collect();
    for (rule, count) in [("ad-list", 1), ("style", 1), ("app-qr", 1), ("editor", 1)] {
        assert_eq!(
            rules.iter().filter(|id| id.contains(rule)).count(),
            count,
            "{rule} in {rules:?}"
        );
    }
}
