//! Every form in which a document arrives, through the real server: a table of what was sent and what it was taken for.

use std::{env, fs, time::Duration};

use copydesk::{
    bounds::{Bounds, Deadline},
    config::Wire,
    input::Document,
};
use serde_json::{Value, json};

use crate::{
    equation::PIPELINE,
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
    let server = Server::with(bounds, Wire::default());
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
            let document = Document {
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
