//! No input is a fault of ours: whatever bytes come, of whatever type, in whatever charset and coding, cut wherever, the
//! answer is an article or a refusal that the sender can do something about.

use encoding_rs::Encoding;
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    compressed::{FORMS, pack},
    support::{PAGE, Reply, Server},
};

const TARGETS: [&str; 9] = [
    "/v1/normalize",
    "/v1/normalize?fields=all&explain=true",
    "/v1/normalize?format=markdown&mode=recall",
    "/v1/normalize?format=html&url=https://example.org/a",
    "/v1/normalize?format=text&remove=p&keep=div",
    "/v1/batch",
    "/v1/batch?format=text",
    "/v1/clean",
    "/v1/clean?charset=gbk&remove=b",
];
const TYPES: [&str; 14] = [
    "",
    "text/html",
    "text/html; charset=",
    "application/xhtml+xml",
    "text/markdown",
    "text/plain",
    "application/json",
    "application/x-ndjson",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "image/png",
    "text/html; charset=\"",
    ";;=",
];
const LABELS: [&str; 12] = [
    "utf-8",
    "gbk",
    "gb18030",
    "big5",
    "euc-jp",
    "shift_jis",
    "iso-2022-jp",
    "euc-kr",
    "utf-16le",
    "windows-1252",
    "x-user-defined",
    "replacement",
];
/// What documents are made of.
const PIECES: [&str; 40] = [
    "---\n",
    "title: a: b\n",
    "date: 2024-13-45\n",
    "tags: [a\n",
    "- b\n",
    "&a *a\n",
    "\u{FEFF}",
    "<!doctype html>",
    "<html lang=zh>",
    "<head>",
    "<title>Harbour",
    "<meta charset=gbk>",
    "<base href='//['>",
    "<script type=application/ld+json>{\"@type\":",
    "</script>",
    "<style>",
    "<body>",
    "<div class=advertisement>",
    "<p>",
    "</p>",
    "<a href='javascript:x'>",
    "<table><tr><td>",
    "</table>",
    "<svg><title>",
    "<math><mi>",
    "<template>",
    "<!-- ",
    "-->",
    "<![CDATA[",
    "]]>",
    "<textarea>",
    "<select><xmp>",
    "<img src=data:,x>",
    "&#x110000;",
    "&nbsp",
    "\u{202E}\u{200B}",
    "\0",
    "中文正文，足够长的一段。",
    "<rss><channel><item>",
    "{\"document\":\"<p>a\"}",
];

/// One request.
#[derive(Debug, Clone)]
struct Sent {
    target: &'static str,
    content_type: String,
    encoding: Option<&'static str>,
    body: Vec<u8>,
}

fn documents() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => vec(select(&PIECES[..]), 0..60).prop_map(|pieces| pieces.concat()),
        1 => Just(PAGE.to_owned()),
        1 => vec(select(&PIECES[..]), 0..20).prop_map(|pieces| json!({"document": pieces.concat(), "id": "a"}).to_string()),
        1 => vec(select(&PIECES[..]), 0..20).prop_map(|pieces| {
            let line = json!({"html": pieces.concat(), "url": "https://example.org/"}).to_string();
            let half: String = line.chars().take(line.len() / 3).collect();
            format!("{line}\n\n{half}\n{line}")
        }),
    ]
}

fn requests() -> impl Strategy<Value = Sent> {
    let packing = prop_oneof![3 => Just(None), 1 => select(&FORMS[..]).prop_map(Some)];
    let wire = (select(&TARGETS[..]), select(&TYPES[..]), select(&LABELS[..]), packing);
    // Where the text is cut, where bytes are written into it, and where what goes over the wire is cut.
    let harm = (0.0..1.5f64, vec((0.0..1.0f64, any::<u8>()), 0..6), 0.0..1.5f64);
    (documents(), any::<bool>(), wire, harm).prop_map(|(text, is_encoded, wire, harm)| {
        let (target, content_type, label, packing) = wire;
        let mut body = match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if is_encoded => encoding.encode(&text).0.into_owned(),
            _ => text.into_bytes(),
        };
        cut(&mut body, harm.0);
        let length = body.len();
        for (at, byte) in harm.1.into_iter().filter(|_| length > 0) {
            body[(at * length as f64) as usize] = byte;
        }
        if let Some((form, _)) = packing {
            body = pack(form, &body);
            cut(&mut body, harm.2);
        }
        let content_type = match content_type.strip_suffix("charset=") {
            Some(_) => format!("{content_type}{label}"),
            None => content_type.to_owned(),
        };
        Sent {
            target,
            content_type,
            encoding: packing.map(|(_, encoding)| encoding),
            body,
        }
    })
}

fn cut(bytes: &mut Vec<u8>, share: f64) {
    bytes.truncate((share * bytes.len() as f64) as usize);
}

/// Whether a status is a promise kept, or a refusal that names the sender's part in it.
fn is_fair(status: u64) -> bool {
    status == 200 || (400..500).contains(&status)
}

fn check(sent: &Sent, reply: &Reply) -> Result<(), TestCaseError> {
    prop_assert!(is_fair(reply.status.into()), "{}", String::from_utf8_lossy(&reply.body));
    let content_type = reply.header("content-type").unwrap_or_default();
    if reply.status != 200 {
        prop_assert_eq!(content_type, "application/problem+json");
        prop_assert!(reply.whole && reply.json()["code"].is_string());
        return Ok(());
    }
    // What goes wrong in the middle of a stream can only cut it.
    prop_assert!(reply.whole || sent.target.starts_with("/v1/clean"));
    if content_type == "application/json" {
        prop_assert!(reply.json().is_object());
    }
    if content_type == "application/x-ndjson" {
        for line in reply.text().lines() {
            let line: Value = serde_json::from_str(line).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert!(
                line["status"].is_null() || line["status"].as_u64().is_some_and(is_fair),
                "{}",
                line
            );
            let end = &line["problem"]["status"];
            prop_assert!(end.is_null() || end.as_u64().is_some_and(is_fair), "{}", line);
        }
    }
    Ok(())
}

#[test]
fn no_input_is_a_fault_of_ours() {
    let server = Server::start();
    let config = Config {
        cases: 1500,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&requests(), |sent| {
        let mut request = server.request("POST", sent.target);
        if !sent.content_type.is_empty() {
            request = request.header("Content-Type", &sent.content_type);
        }
        if let Some(encoding) = sent.encoding {
            request = request.header("Content-Encoding", encoding);
        }
        check(&sent, &request.body(sent.body.clone()).send())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}
