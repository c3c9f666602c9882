//! Every form in which a document arrives, through the real server: a table of what was sent and what it was taken for.

use std::{env, fs, time::Duration};

use copydesk::{
    bounds::{Bounds, Deadline},
    config::HttpTimeouts,
    input::RawDocument,
};
use serde_json::{Value, json};

use crate::{
    conservation::PIPELINE,
    process::{copydesk, run},
    support::{PAGE, Reply, Server},
};

/// A body, its type, and what the article says of it: kind, type decided on, title, and the beginning of its HTML.
type Row = (
    &'static str,
    &'static [u8],
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
);

fn post(server: &Server, target: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let request = server.request("POST", target);
    match content_type {
        "" => request,
        given => request.header("Content-Type", given),
    }
    .body(body)
    .send()
}

#[track_caller]
fn check(server: &Server, (content_type, body, kind, decided, title, html): Row) {
    let shown = String::from_utf8_lossy(body);
    let reply = post(server, "/v1/normalize", content_type, body);
    assert_eq!(reply.status, 200, "{content_type} {shown}: {reply:?}");
    let article = reply.json();
    let input = &article["input"];
    assert_eq!(
        (&input["kind"], &input["content_type"], &article["title"]),
        (&json!(kind), &json!(decided), &json!(title)),
        "{content_type} {shown}"
    );
    let found = article["content_html"].as_str().expect("a text");
    assert!(found.starts_with(html), "{content_type} {shown}: {found}");
    let counted = if decided == "text/markdown" {
        "rendered"
    } else {
        "input"
    };
    assert_eq!(input["offsets"], counted, "{content_type} {shown}");
}

const HTML: &str = "text/html";
const MARKDOWN: &str = "text/markdown";

#[test]
fn markdown_and_html_are_told_apart_by_what_they_hold() {
    let server = Server::start();
    #[rustfmt::skip]
    let rows: &[Row] = &[
        (MARKDOWN, b"# Harbour\n\nThe *boats*.", "markdown", MARKDOWN, Some("Harbour"), "<h1>Harbour</h1>"),
        ("text/x-markdown", b"a\n\n- b\n- c", "markdown", MARKDOWN, None, "<p>a</p><ul><li>b</li>"),
        ("text/markdown; charset=gbk", b"\xD6\xD0 **\xCE\xC4**", "markdown", MARKDOWN, None, "<p>中 <strong>文</strong></p>"),
        (MARKDOWN, b"<div>\n\n    <p>x</p>\n\n</div>", "fragment", HTML, None, "<p>x</p>"),
        (MARKDOWN, b"<!-- more -->\n~~a~~[^1]\n\n[^1]: b", "markdown", MARKDOWN, None, "<p><del>a</del><sup>"),
        (MARKDOWN, b"|a|b|\n|-|-|\n|1|2|", "markdown", MARKDOWN, None, "<table><thead><tr><th>a</th>"),
        (HTML, b"# Harbour", "fragment", HTML, None, "<p># Harbour</p>"),
        ("text/plain", b"The boats\ncome back.", "fragment", "text/plain", None, "<p>The boats</p><p>come back.</p>"),
        ("text/plain", b"## Boats\n\ncome back", "markdown", MARKDOWN, None, "<h2>Boats</h2>"),
        ("text/plain", b"a <b>bold</b> word", "fragment", HTML, None, "<p>a <b>bold</b> word</p>"),
        ("", b"see [this](https://a.example/)", "markdown", MARKDOWN, None, "<p>see <a href=\"https://a.example/\""),
        ("application/octet-stream", b"<p>x", "fragment", HTML, None, "<p>x</p>"),
        ("application/x-www-form-urlencoded", b"<p>x", "fragment", HTML, None, "<p>x</p>"),
        ("application/xhtml+xml", b"<html><p>The boats come back.", "page", HTML, None, "<p>The boats come back.</p>"),
    ];
    for row in rows {
        check(&server, *row);
    }
    let kinds = server.get("/metrics");
    assert!(kinds.text().contains("kind=\"markdown\""), "{}", kinds.text());
}

#[test]
fn front_matter_of_every_generator() {
    let server = Server::start();
    let title = Some("Harbour");
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("", b"---\ntitle: Harbour\n---\n# Boats\n", "markdown", MARKDOWN, title, "<h1>Boats</h1>"),
        ("", b"---\ntitle: Harbour\n---\nThe boats.\n", "markdown", MARKDOWN, title, "<p>The boats.</p>"),
        ("", b"---\ntitle: Harbour\n---\n<div>The boats.</div>\n", "post", HTML, title, "<p>The boats.</p>"),
        ("", b"---\ntitle: Harbour\n---\nThe <b>boats</b>.<br>Back.", "post", HTML, title, "<p>The <b>boats</b>.<br>Back.</p>"),
        (MARKDOWN, b"+++\ntitle = \"Harbour\"\n+++\nThe *boats*.\n", "markdown", MARKDOWN, title, "<p>The <em>boats</em>.</p>"),
        (MARKDOWN, b"{\n\t\"title\": \"Harbour\"\n}\nThe boats.\n", "markdown", MARKDOWN, title, "<p>The boats.</p>"),
        ("", b"\"title\": \"Harbour\"\n;;;\n<p>The boats.</p>\n", "post", HTML, title, "<p>The boats.</p>"),
    ];
    for row in rows {
        check(&server, *row);
    }
    let zola = "+++\ntitle = 'Harbour'\ndate = 2021-08-18T07:55:23+08:00\n[taxonomies]\ntags = ['boats']\n+++\ntext\n";
    let article = post(&server, "/v1/normalize", MARKDOWN, zola).json();
    assert_eq!(
        (&article["date_published"], &article["tags"]),
        (&json!("2021-08-18T07:55:23+08:00"), &json!(["boats"]))
    );
    assert_eq!(article["provenance"]["tags"]["source"], "front_matter");
}

#[test]
fn nothing_but_front_matter_and_three_of_it() {
    let server = Server::start();
    let only = post(
        &server,
        "/v1/normalize",
        "",
        "---\ntitle: Harbour\ndate: 2021-08-18\n---\n",
    )
    .json();
    assert_eq!((&only["title"], &only["content_text"]), (&json!("Harbour"), &json!("")));
    assert_eq!(
        only["quality"],
        json!({"score": 0.0, "is_article": false, "reasons": ["no_text"]})
    );
    let three = "---\ntitle: Harbour\n---\n---\ntitle: Port\nauthor: Ada\n---\n+++\ntitle = 'Quay'\ndate = 2021-08-18\n+++\n<p>The boats.</p>";
    let article = post(&server, "/v1/normalize", "", three).json();
    assert_eq!(
        (&article["title"], &article["authors"][0]["name"]),
        (&json!("Harbour"), &json!("Ada"))
    );
    assert_eq!(
        (&article["date_published"], &article["content_html"]),
        (&json!("2021-08-18T00:00:00Z"), &json!("<p>The boats.</p>"))
    );
    assert_eq!(article["warnings"][0]["code"], "front_matter_repeated");
}

#[test]
fn bombs_in_front_matter_are_articles_with_a_warning() {
    // A debug build on a busy machine reads ten megabytes line by line.
    let bounds = Bounds {
        time: Duration::from_secs(120),
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let levels = (1..9).map(|level| format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(9)));
    let aliases = format!("title: Harbour\na0: &a0 lol\n{}", levels.collect::<String>());
    for (name, yaml) in [
        ("aliases", aliases),
        ("depth", format!("title: Harbour\ndeep: {}\n", "[".repeat(100_000))),
        ("blocks", format!("title: Harbour\ndeep:\n{}\n", "- ".repeat(100_000))),
        (
            "ten megabytes",
            format!(
                "title: Harbour\nnote: {}\n",
                "boats ".repeat(10 << 20).split_at(10 << 20).0
            ),
        ),
        (
            "ten megabytes of a list",
            format!("title: Harbour\nlist: [{}]\n", "a,".repeat(5 << 20)),
        ),
        (
            "ten megabytes of keys",
            format!("title: Harbour\n{}", "a: b\n".repeat(2 << 20)),
        ),
    ] {
        let document = format!("---\n{yaml}---\n<p>The boats.</p>\n");
        let mut connection = server.connect().patient();
        let target = "/v1/normalize?fields=title,content_text,warnings,input.kind";
        let length = document.len();
        connection.write(format!(
            "POST {target} HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n"
        ));
        connection.write(document);
        let article = connection.reply().json();
        assert_eq!(
            (&article["title"], &article["content_text"], &article["input"]["kind"]),
            (&json!("Harbour"), &json!("The boats."), &json!("post")),
            "{name}"
        );
        assert_eq!(article["warnings"][0]["code"], "front_matter_lenient", "{name}");
    }
}

/// Rendered as Markdown, their lines indented by four would be code.
#[test]
fn no_post_of_a_feed_is_taken_for_markdown() {
    let folders = env::var_os("PAGES").unwrap_or_default();
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages");
    let own = fs::read_dir(own)
        .expect("the pages")
        .map(|case| case.expect("a case").path());
    let folders = own.chain(env::split_paths(&folders).filter(|path| path.is_dir()));
    let files = folders.flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let posts = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut checked = 0;
    for path in posts {
        let bytes = fs::read(&path).expect("a post");
        for content_type in [None, Some(MARKDOWN), Some("text/plain")] {
            let document = RawDocument {
                bytes: &bytes,
                content_type,
                ..Default::default()
            };
            let deadline = Deadline::after(Duration::from_secs(60));
            let answer = PIPELINE
                .normalize(&document, &Default::default(), &deadline)
                .expect("an article");
            let article: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(
                (&article["input"]["kind"], &article["input"]["offsets"]),
                (&json!("post"), &json!("input")),
                "{} as {content_type:?}",
                path.display()
            );
            let blocks = |text: &str| text.matches("<pre").count();
            let code = blocks(article["content_html"].as_str().expect("a text"));
            assert!(code <= blocks(&String::from_utf8_lossy(&bytes)), "{}", path.display());
        }
        checked += 1;
    }
    assert!(checked > 10, "only {checked} posts");
}

#[test]
fn removals_in_markdown_count_in_what_was_rendered() {
    let server = Server::start();
    let markdown = "# Harbour\n\n<ins class=\"adsbygoogle\">Buy!</ins>\n\nThe boats come back.\n";
    let article = post(&server, "/v1/normalize", MARKDOWN, markdown).json();
    assert_eq!(article["input"]["offsets"], "rendered");
    let rendered = "<h1>Harbour</h1>\n<p><ins class=\"adsbygoogle\">Buy!</ins></p>\n<p>The boats come back.</p>\n";
    let removed = &article["removed"][0];
    let [start, end] = ["byte_start", "byte_end"].map(|key| removed[key].as_u64().expect("a number") as usize);
    assert_eq!(&rendered[start..end], "<ins class=\"adsbygoogle\">Buy!</ins>");
}

#[test]
fn markdown_past_its_bound_is_refused() {
    let server = Server::start();
    let items = post(&server, "/v1/normalize", MARKDOWN, "-\n+\n".repeat(100_000));
    items.is_problem(422, "too_many_elements");
    let large = post(&server, "/v1/normalize", MARKDOWN, "word ".repeat(3 << 20));
    large.is_problem(413, "body_too_large");
    assert_eq!(post(&server, "/v1/normalize", HTML, PAGE).status, 200);
}

const BOUNDARY: &str = "multipart/form-data; boundary=b";

/// A part of a form: its name, with what else its header says, its type, and what it holds.
fn part(name: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut part = format!("--b\r\nContent-Disposition: form-data; name={name}\r\n").into_bytes();
    if !content_type.is_empty() {
        part.extend(format!("Content-Type: {content_type}\r\n").as_bytes());
    }
    part.extend([b"\r\n", body, b"\r\n"].concat());
    part
}

#[test]
fn forms_hold_a_document_and_what_is_asked_of_it() {
    let server = Server::start();
    let form = |parts: &[Vec<u8>]| [&parts.concat()[..], b"--b--\r\n"].concat();
    let of_browser = form(&[
        part("\"url\"", "", b"https://a.example/x"),
        part("\"mode\"", "", b"recall"),
        part("\"remove\"", "", b".a"),
        part("\"remove\"", "", b".b"),
        part(
            "\"file\"; filename=\"x.html\"",
            "text/html; charset=gbk",
            b"<p class=a>A<p class=b>B<p><a href=y>\xD6\xD0</a>",
        ),
    ]);
    let article = post(
        &server,
        "/v1/normalize?fields=content_html,url,input&remove=p",
        BOUNDARY,
        of_browser,
    )
    .json();
    assert_eq!(
        article["content_html"]
            .as_str()
            .map(|html| html.contains("https://a.example/y")),
        Some(true),
        "{article}"
    );
    assert!(
        !article["content_html"].as_str().expect("a text").contains('A'),
        "{article}"
    );
    assert_eq!(
        (
            &article["url"],
            &article["input"]["charset"],
            &article["input"]["bytes"]
        ),
        (&json!("https://a.example/x"), &json!("GBK"), &json!(43))
    );
    let markdown = form(&[part(
        "file; filename=a.md",
        "application/octet-stream",
        b"# Harbour\n\nThe *boats*.",
    )]);
    assert_eq!(
        post(&server, "/v1/normalize", BOUNDARY, markdown).json()["input"]["kind"],
        "markdown"
    );
    let text = post(
        &server,
        "/v1/normalize",
        BOUNDARY,
        form(&[part("file", "", PAGE.as_bytes()), part("format", "", b"text")]),
    );
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    for (body, status, code) in [
        (form(&[]), 400, "bad_form"),
        (form(&[part("url", "", b"https://a.example/")]), 400, "bad_form"),
        (form(&[part("file", "", b"x"), part("file", "", b"y")]), 400, "bad_form"),
        (form(&[part("file", "", b"x"), part("url", "", b"/x")]), 400, "bad_form"),
        (
            form(&[part("file", "", b"x"), part("nope", "", b"y")]),
            400,
            "unknown_option",
        ),
        (
            form(&[part("file", "", b"x"), part("mode", "", b"y")]),
            400,
            "bad_option",
        ),
        (form(&[part("file", "image/png", b"x")]), 415, "unsupported_media_type"),
        (
            form(&[part("file; filename=\"\"", "application/octet-stream", b"")]),
            400,
            "empty_body",
        ),
        (part("file", "", b"cut off"), 400, "bad_form"),
        (b"no form".to_vec(), 400, "bad_form"),
    ] {
        post(&server, "/v1/normalize", BOUNDARY, body).is_problem(status, code);
    }
    post(&server, "/v1/normalize", "multipart/form-data", "x").is_problem(400, "bad_form");
    let encoded = "url=https%3A%2F%2Fa.example%2F&file=%3Cp%3E%E4%B8%AD+x";
    let article = post(&server, "/v1/normalize", "application/x-www-form-urlencoded", encoded).json();
    assert_eq!(
        (&article["content_text"], &article["url"]),
        (&json!("中 x"), &json!("https://a.example/"))
    );
    let itself = post(&server, "/v1/normalize", "application/x-www-form-urlencoded", "a=b&c=d").json();
    assert_eq!(itself["content_text"], "a=b&c=d");
}

#[test]
fn any_other_type_is_415_with_what_is_taken() {
    let server = Server::start();
    for content_type in [
        "text/css",
        "image/png",
        "application/pdf",
        "multipart/mixed; boundary=b",
        "application/ld+json",
        "text/xml",
    ] {
        let refused = post(&server, "/v1/normalize", content_type, PAGE);
        refused.is_problem(415, "unsupported_media_type");
        let taken = refused.header("accept-post").expect("the types that are taken");
        assert!(
            taken.contains("multipart/form-data") && taken.contains("text/markdown"),
            "{taken}"
        );
    }
}

/// The lines of a batch's answer, the last one apart.
#[track_caller]
fn lines(reply: &Reply) -> (Vec<Value>, Value) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let lines = reply
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let mut lines: Vec<Value> = lines.collect();
    let last = lines.pop().expect("a last line");
    (lines, last)
}

const FEED: &str = include_str!("../../examples/feed.xml");

#[test]
fn a_feed_is_a_batch_and_no_document() {
    let server = Server::start();
    let refused = post(&server, "/v1/normalize", "", FEED).is_problem(422, "feed");
    assert!(
        refused["detail"].as_str().expect("a text").contains("/v1/batch"),
        "{refused}"
    );
    for content_type in [
        "",
        "application/rss+xml; charset=utf-8",
        "text/xml",
        "application/x-www-form-urlencoded",
    ] {
        let reply = post(&server, "/v1/batch", content_type, FEED);
        let (found, last) = lines(&reply);
        assert_eq!(
            last,
            json!({"totals": {"documents": 2, "ok": 2, "failed": 0}, "problem": null})
        );
        let article = &found[0]["article"];
        assert_eq!(
            (&found[0]["id"], &article["id"]),
            (&json!("harbour-17"), &json!("harbour-17"))
        );
        for (field, value) in [
            ("title", json!("The night boats come back")),
            ("url", json!("https://news.example.com/harbour")),
            ("authors", json!([{"name": "Ada Brandt", "url": null}])),
            ("site_name", json!("Harbour News")),
            ("date_published", json!("2023-03-06T07:30:00+01:00")),
            ("image", json!("https://news.example.com/boats.jpg")),
            ("summary", json!("The market opens at six.")),
            ("language", json!("en")),
        ] {
            assert_eq!(article[field], value, "{field}");
        }
        let html = "<p>Every morning the boats come back with what the night has given them.</p><p>The market opens at six.</p>";
        assert_eq!(article["content_html"], html);
        assert_eq!(
            (&article["input"]["kind"], &article["input"]["offsets"]),
            (&json!("post"), &json!("input"))
        );
        assert_eq!(
            article["removed"][0]["byte_start"],
            FEED.find("<ins").expect("it is there") - FEED.find("<p>").expect("it is there")
        );
        assert_eq!(article["provenance"]["authors"]["source"], "front_matter");
        assert_eq!(
            found[1]["article"]["content_html"],
            "<p>The quay was built in two years.</p>"
        );
    }
    let (found, last) = lines(&post(
        &server,
        "/v1/batch?fields=title",
        "",
        &FEED[..FEED.find("A new quay").expect("it is there")],
    ));
    assert_eq!(
        (&found[0]["status"], &found[1]["problem"]["code"]),
        (&json!(200), &json!("bad_feed"))
    );
    assert_eq!(last["totals"], json!({"documents": 2, "ok": 1, "failed": 1}));
    let (found, last) = lines(&post(&server, "/v1/batch", "", PAGE));
    assert_eq!((found.len(), &last["problem"]["code"]), (0, &json!("bad_feed")));
    let utf_16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(FEED.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(lines(&post(&server, "/v1/batch", "", utf_16)).1["totals"]["ok"], 2);
}

#[test]
fn a_feed_past_the_bound_is_told() {
    let bounds = Bounds {
        body_bytes: 10_000,
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let (_, last) = lines(&post(
        &server,
        "/v1/batch",
        "",
        FEED.replace("six", &"six".repeat(5000)),
    ));
    assert_eq!(last["problem"]["code"], "body_too_large");
    assert!(server.gives_memory_back());
}

#[test]
fn the_command_line_takes_feeds_and_goes_on_within_them() {
    let folder = std::env::temp_dir().join(format!("copydesk-feed-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let [feed, output] = ["feed.xml", "out.ndjson"].map(|name| folder.join(name).to_string_lossy().into_owned());
    fs::write(&feed, FEED).expect("a file");
    let arguments = ["batch", "--resume", &output, &feed];
    assert_eq!(run(copydesk(&arguments), b"").0, 0);
    let whole = fs::read(&output).expect("an output");
    let end = whole.iter().position(|byte| *byte == b'\n').expect("a line");
    fs::write(&output, &whole[..end + 9]).expect("a file");
    assert_eq!(run(copydesk(&arguments), b"").0, 0);
    assert!(fs::read(&output).expect("an output") == whole);
    fs::remove_dir_all(&folder).expect("it is ours");
}
