//! The envelope through the real server: what it says about its document, and who wins.

use serde_json::{Value, json};

use crate::support::{Reply, Server};

fn post(server: &Server, query: &str, envelope: &Value) -> Reply {
    let target = format!("/v1/normalize{query}");
    let request = server.request("POST", &target);
    request
        .header("Content-Type", "application/json; charset=utf-8")
        .body(envelope.to_string())
        .send()
}

const PAGE: &str = "<!doctype html><html><head><meta charset=gbk><title>页面的标题</title>\
    <meta name=author content='Page Author'></head><body><article><h1>页面的标题</h1>\
    <p>港口由渔民建造，从那以后全年开放，每天早晨船只带着夜里的收获回来。</p>\
    <ins class=adsbygoogle>Advert</ins></article></body></html>";

#[test]
fn context_comes_back_byte_for_byte() {
    let server = Server::start();
    let context = r#"{"n": 123456789012345678901234567890, "e":1e2, "z":-0, "k":1,  "k":2, "t":"\u00e9\/"}"#;
    let envelope = format!(r#"{{"document":"<p>Text","context":{context}}}"#);
    let answer = |target: &str| {
        let reply = server
            .request("POST", target)
            .header("Content-Type", "application/json")
            .body(envelope.clone())
            .send();
        assert_eq!(reply.status, 200);
        String::from_utf8(reply.body).expect("UTF-8")
    };
    for target in ["/v1/normalize", "/v1/normalize?fields=context,title", "/v1/batch"] {
        assert!(answer(target).contains(&format!("\"context\":{context}")), "{target}");
    }
    assert!(!answer("/v1/normalize?fields=title").contains("context"));
}

#[test]
fn what_the_caller_knows_wins_and_is_named() {
    let server = Server::start();
    let envelope = json!({
        "id": "a-17", "url": "https://news.example.com/2024/x", "document": PAGE, "context": {"row": 7, "tags": [null, 1.5]},
        "fetched_at": "2024-05-03T08:00:00Z",
        "metadata": {
            "title": "The caller's title", "authors": ["Ada", {"name": "Bo", "url": "https://b.example/"}],
            "date_published": "2024-05-02T10:00:00+02:00", "language": "zh-Hant", "tags": ["harbour"], "source": "Harbour News",
            "section": "Town", "subtitle": "A day", "license": "CC BY 4.0", "image": "https://i.example/a.jpg",
            "date_modified": "whenever",
        },
    });
    let article = post(&server, "", &envelope).json();
    assert_eq!(article["id"], "a-17");
    assert_eq!(article["url"], "https://news.example.com/2024/x");
    assert_eq!(article["context"], envelope["context"]);
    assert_eq!(article["title"], "The caller's title");
    assert_eq!(
        article["authors"],
        json!([{"name": "Ada", "url": null}, {"name": "Bo", "url": "https://b.example/"}])
    );
    assert_eq!(article["byline"], "Ada, Bo");
    assert_eq!(article["date_published"], "2024-05-02T10:00:00+02:00");
    assert_eq!(article["language"], "zh-Hant");
    assert_eq!(article["source"], json!({"name": "Harbour News", "url": null}));
    assert_eq!(
        (&article["subtitle"], &article["license"]),
        (&json!("A day"), &json!("CC BY 4.0"))
    );
    assert_eq!(
        (&article["tags"], &article["section"]),
        (&json!(["harbour"]), &json!("Town"))
    );
    assert_eq!(article["image"], "https://i.example/a.jpg");
    for field in [
        "title",
        "authors",
        "date_published",
        "language",
        "tags",
        "source",
        "section",
        "license",
        "image",
        "url",
    ] {
        assert_eq!(
            article["provenance"][field]["source"], "caller",
            "{field}: {}",
            article["provenance"]
        );
    }
    let codes: Vec<_> = article["warnings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|w| &w["code"])
        .collect();
    assert!(codes.contains(&&json!("date_unreadable")), "{codes:?}");
}

#[test]
fn text_is_text_whatever_it_declares_and_ranges_count_in_it() {
    let server = Server::start();
    let article = post(&server, "", &json!({"document": PAGE})).json();
    assert_eq!(article["title"], "页面的标题");
    assert_eq!(
        (&article["input"]["charset"], &article["input"]["charset_source"]),
        (&json!("UTF-8"), &json!("caller"))
    );
    assert_eq!(article["input"]["bytes"], PAGE.len());
    assert_eq!(article["warnings"], json!([]));
    let advert = PAGE.find("<ins").expect("it is there");
    let starts: Vec<_> = article["removed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| r["byte_start"].as_u64())
        .collect();
    assert!(starts.contains(&Some(advert as u64)), "{starts:?}");
}

#[test]
fn bytes_have_a_charset_and_ranges_count_in_them() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let server = Server::start();
    let (bytes, ..) = encoding_rs::GBK.encode(PAGE);
    let html = PAGE.replace("<meta charset=gbk>", "");
    let (bare, ..) = encoding_rs::GBK.encode(&html);
    for (envelope, bytes, source) in [
        (json!({"document_base64": STANDARD.encode(&bytes)}), &bytes, "meta"),
        (
            json!({"document_base64": STANDARD.encode(&bare), "charset": "gb2312"}),
            &bare,
            "caller",
        ),
        (
            json!({"document_base64": STANDARD.encode(&bare), "headers": {"content-type": "text/html; charset=gbk"}}),
            &bare,
            "header",
        ),
    ] {
        let article = post(&server, "", &envelope).json();
        assert_eq!(article["title"], "页面的标题", "{source}");
        assert_eq!(
            (&article["input"]["charset"], &article["input"]["charset_source"]),
            (&json!("GBK"), &json!(source))
        );
        let removed = article["removed"].as_array().expect("a list");
        let advert = removed
            .iter()
            .find(|r| r["rule"] == "generic/ad-slot")
            .unwrap_or_else(|| panic!("{article}"));
        let at = |name: &str| advert[name].as_u64().expect("a number") as usize;
        assert_eq!(
            &bytes[at("byte_start")..at("byte_end")],
            b"<ins class=adsbygoogle>Advert</ins>"
        );
    }
}

#[test]
fn the_crawls_headers_give_address_and_language() {
    let server = Server::start();
    let headers =
        json!({"Content-Location": "https://a.example/dir/page", "content-language": "de-AT, en", "Server": "x"});
    let document = "<p>Kurz <a href='other'>und gut</a></p>";
    let article = post(&server, "?fields=all", &json!({"html": document, "headers": headers})).json();
    assert_eq!(
        (&article["url"], &article["provenance"]["url"]["source"]),
        (&json!("https://a.example/dir/page"), &json!("header"))
    );
    assert_eq!(article["links"][0]["url"], "https://a.example/dir/other");
    assert_eq!(
        (&article["language"], &article["provenance"]["language"]["source"]),
        (&json!("de-AT"), &json!("header"))
    );
}

#[test]
fn options_override_the_query_but_for_the_address() {
    let server = Server::start();
    let envelope = json!({
        "document": PAGE, "url": "https://envelope.example/",
        "options": {"fields": ["url", "content_text"], "remove": ["h1"], "mode": "recall"},
    });
    let article = post(&server, "?fields=title&url=https://query.example/", &envelope).json();
    assert_eq!(article["url"], "https://query.example/");
    assert!(
        article.get("title").is_none()
            && article["content_text"]
                .as_str()
                .is_some_and(|text| text.starts_with('港'))
    );
    let text = post(&server, "", &json!({"document": PAGE, "options": {"format": "text"}}));
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    post(&server, "", &json!({"document": PAGE, "options": {"mod": 1}})).is_problem(400, "bad_option");
    post(&server, "", &json!({"document": PAGE, "options": {"mod": "x"}})).is_problem(400, "unknown_option");
}

#[test]
fn what_is_no_envelope_is_told() {
    let server = Server::start();
    for (body, code) in [
        ("", "empty_body"),
        ("<p>x</p>", "bad_envelope"),
        ("{}", "bad_envelope"),
        ("{\"document\":\"\"}", "empty_body"),
        ("{\"documents\":\"x\"}", "bad_envelope"),
    ] {
        let request = server
            .request("POST", "/v1/normalize")
            .header("Content-Type", "application/json");
        request.body(body).send().is_problem(400, code);
    }
    let inner = post(
        &server,
        "",
        &json!({"document": "{}", "content_type": "application/json"}),
    );
    inner.is_problem(415, "unsupported_media_type");
    let large = json!({"document": "x".repeat(17 << 20)});
    post(&server, "", &large).is_problem(413, "body_too_large");
}
