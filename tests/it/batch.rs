//! Batches through the real server and the command line: order, bad lines, streaming, ends that are told.

use std::{
    fs,
    io::{Read as _, Write as _},
    num::NonZeroUsize,
    process::Stdio,
    time::Duration,
};

use copydesk::{bounds::Bounds, config::HttpTimeouts, workers::Limits};
use serde_json::{Value, json};

use crate::{
    process::{copydesk, run},
    support::{Connection, PAGE, PATIENCE, Server},
};

/// The lines of an answer, the last one apart.
#[track_caller]
fn lines(body: &[u8]) -> (Vec<Value>, Value) {
    assert!(body.ends_with(b"\n"), "the last line has an end");
    let text = std::str::from_utf8(body).expect("UTF-8");
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let last = lines.pop().expect("a last line");
    assert!(last.get("totals").is_some(), "{last}");
    (lines, last)
}

fn envelope(number: usize) -> String {
    let document = format!("<p>Document {number} tells of the harbour, which was built by fishermen.</p>");
    json!({"id": format!("d{number}"), "document": document}).to_string()
}

fn open(server: &Server, more: &str) -> Connection {
    let mut connection = server.connect();
    connection.write(format!(
        "POST /v1/batch?fields=id,content_text HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{more}\r\n"
    ));
    connection
}

#[test]
fn answers_come_in_order_and_bad_lines_are_problems() {
    let server = Server::start();
    let mut input = Vec::new();
    // The first is the slowest by far.
    let slow = json!({"id": "slow", "document": format!("<p>Slow{}</p>", "<b>x</b> ".repeat(20_000))}).to_string();
    input.extend(slow.as_bytes());
    input.extend(b"\r\n\n   \n");
    for number in 1..200 {
        input.extend(envelope(number).as_bytes());
        input.push(b'\n');
    }
    for bad in [
        &b"not JSON"[..],
        b"{\"id\":\"b201\",\"documnt\":\"x\"}",
        b"{\"document\":\"\xFF\"}",
        b"{\"id\":\"b203\",\"document\":\"\"}",
        b"{\"id\":\"b204\",\"document\":\"x\",\"options\":{\"format\":\"html\"}}",
        b"{\"id\":\"b205\",\"document\":\"<rss version='2.0'><channel>\"}",
        b"{\"id\":\"b206\",\"document\":\"x\",\"content_type\":\"image/png\"}",
    ] {
        input.extend(bad);
        input.push(b'\n');
    }
    input.extend(
        json!({"id": "last", "html": PAGE, "options": {"fields": "title"}})
            .to_string()
            .as_bytes(),
    );
    let reply = server
        .request("POST", "/v1/batch?fields=id,content_text")
        .header("Content-Type", "application/x-ndjson")
        .header("X-Request-Id", "batch-1")
        .body(input)
        .send();
    assert_eq!((reply.status, reply.whole), (200, true));
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let (lines, last) = lines(&reply.body);
    assert_eq!(
        last,
        json!({"totals": {"documents": 208, "ok": 201, "failed": 7}, "problem": null})
    );
    assert_eq!(lines.len(), 208);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["index"], at);
    }
    assert_eq!((&lines[0]["id"], &lines[0]["status"]), (&json!("slow"), &json!(200)));
    assert_eq!(
        lines[42],
        json!({"index": 42, "id": "d42", "status": 200, "article": {
            "id": "d42", "content_text": "Document 42 tells of the harbour, which was built by fishermen.",
        }})
    );
    for (at, id, status, code) in [
        (200, Value::Null, 400, "bad_envelope"),
        (201, Value::Null, 400, "bad_envelope"),
        (202, Value::Null, 400, "bad_envelope"),
        (203, json!("b203"), 400, "empty_body"),
        (204, json!("b204"), 400, "bad_option"),
        (205, json!("b205"), 422, "feed"),
        (206, json!("b206"), 415, "unsupported_media_type"),
    ] {
        let line = &lines[at];
        assert_eq!((&line["id"], &line["status"]), (&id, &json!(status)), "{line}");
        assert!(line.get("article").is_none());
        let problem = &line["problem"];
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)));
        assert_eq!(
            (&problem["instance"], &problem["request_id"]),
            (&json!("/v1/batch"), &json!("batch-1"))
        );
    }
    assert_eq!(
        lines[207]["article"],
        json!({"title": "Harbour"}),
        "its own options win"
    );
    let figures = server.get("/metrics");
    assert!(
        figures.text().contains("kind=\"fragment\",outcome=\"ok\"} 200"),
        "{}",
        figures.text()
    );
    assert!(
        figures.text().contains("outcome=\"bad_envelope\"} 3"),
        "{}",
        figures.text()
    );
}

#[test]
fn a_line_gives_what_normalize_gives() {
    let server = Server::start();
    let one = json!({"id": "a", "document": PAGE, "url": "https://a.example/x", "context": {"a": "}\n"}}).to_string();
    let alone = server
        .request("POST", "/v1/normalize")
        .header("Content-Type", "application/json")
        .body(one.as_str())
        .send();
    let batch = server.request("POST", "/v1/batch").body(one.as_str()).send();
    let expected = format!(
        "{{\"index\":0,\"id\":\"a\",\"status\":200,\"article\":{}}}\n",
        alone.text().trim_end()
    );
    assert!(batch.text().starts_with(&expected), "{}", batch.text());
}

#[test]
fn a_line_is_answered_before_the_next_is_sent() {
    let server = Server::start();
    let mut connection = open(&server, "");
    let mut head = None;
    for number in 0..3 {
        connection.write_chunk(format!("{}\n", envelope(number)).as_bytes());
        head.get_or_insert_with(|| assert_eq!(connection.head().status, 200));
        let line: Value =
            serde_json::from_slice(&connection.chunk().expect("it goes on").expect("a line")).expect("JSON");
        assert_eq!(line["id"], format!("d{number}"));
    }
    connection.write(b"0\r\n\r\n");
    let last: Value = serde_json::from_slice(&connection.chunk().expect("it goes on").expect("a line")).expect("JSON");
    assert_eq!(last["totals"]["documents"], 3);
    assert_eq!(connection.chunk().expect("an end"), None);
}

#[test]
fn a_line_past_the_bound_is_passed_over() {
    let bounds = Bounds {
        body_bytes: 10_000,
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let long = json!({"id": "long", "document": "x".repeat(3_000_000)}).to_string();
    let reply = server
        .request("POST", "/v1/batch")
        .body(format!("{}\n{long}\n{}\n{long}", envelope(0), envelope(2)))
        .send();
    let (lines, last) = lines(&reply.body);
    let statuses: Vec<_> = lines
        .iter()
        .map(|line| line["status"].as_u64().expect("a status"))
        .collect();
    assert_eq!(statuses, [200, 413, 200, 413]);
    assert_eq!(last["problem"], Value::Null);
}

#[test]
fn refused_before_it_begins() {
    let server = Server::start();
    let post =
        |target: &str, name: &str, value: &str| server.request("POST", target).header(name, value).body("{}").send();
    post("/v1/batch?nope=1", "X", "y").is_problem(400, "unknown_option");
    post("/v1/batch?url=https://a.example/", "X", "y").is_problem(400, "bad_option");
    post("/v1/batch?format=html", "X", "y").is_problem(400, "bad_option");
    post("/v1/batch", "Accept", "text/html").is_problem(406, "not_acceptable");
    let refused = post("/v1/batch", "Content-Type", "text/csv");
    refused.is_problem(415, "unsupported_media_type");
    assert!(
        refused
            .header("accept-post")
            .is_some_and(|types| types.contains("application/x-ndjson"))
    );
    let empty = server
        .request("POST", "/v1/batch")
        .header("Accept", "application/x-ndjson")
        .body("")
        .send();
    assert_eq!(lines(&empty.body).1["totals"]["documents"], 0);
}

/// A client that writes all it has before it reads a byte: it must come to its end, and see why.
#[test]
fn a_client_that_reads_last_is_told() {
    let wire = HttpTimeouts {
        stall_timeout: Duration::from_secs(1),
        ..HttpTimeouts::default()
    };
    let server = Server::with(Bounds::default(), wire);
    let mut connection = server.connect();
    // More than all buffers between us hold, on its way here and on its way back.
    let text = "The harbour of the town was built by fishermen, and it has been open since then. ".repeat(100);
    let line = format!("{}\n", json!({"document": text}));
    let count = (24 << 20) / line.len();
    let length = line.len() * count;
    connection.write(format!(
        "POST /v1/batch?fields=all HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    ));
    for _ in 0..count {
        connection.write(&line);
    }
    let reply = connection.patient().reply();
    let (lines, last) = lines(&reply.body);
    assert_eq!(last["problem"]["code"], "stalled", "{last}");
    assert_eq!(last["problem"]["status"], 408);
    assert!(
        lines.len() < count && last["totals"]["documents"] == lines.len(),
        "{} of {count}: {last}",
        lines.len()
    );
}

#[test]
fn a_client_that_reads_while_it_sends_gets_all() {
    let server = Server::start();
    let mut connection = open(&server, "");
    let reading = connection.stream().try_clone().expect("a second handle");
    let reader = std::thread::spawn(move || Connection::of(reading).patient().reply());
    let line = format!(
        "{}\n",
        json!({"document": "The boats come back in the morning. ".repeat(300)})
    );
    const COUNT: usize = 2000;
    for _ in 0..COUNT {
        connection.write_chunk(line.as_bytes());
    }
    connection.write(b"0\r\n\r\n");
    let reply = reader.join().expect("no panic");
    assert!(reply.whole);
    assert_eq!(lines(&reply.body).1["totals"]["ok"], COUNT);
    assert!(server.gives_memory_back());
}

#[test]
fn a_batch_that_pauses_too_long_is_ended_with_its_totals() {
    let wire = HttpTimeouts {
        body_timeout: Duration::from_millis(300),
        ..HttpTimeouts::default()
    };
    let server = Server::with(Bounds::default(), wire);
    let mut connection = open(&server, "");
    connection.write_chunk(format!("{}\n{{\"docu", envelope(0)).as_bytes());
    let reply = connection.reply();
    let (lines, last) = lines(&reply.body);
    assert_eq!((lines.len(), &last["problem"]["code"]), (1, &json!("slow_body")));
}

#[test]
fn a_batch_whose_body_breaks_off_is_ended_with_its_totals() {
    let server = Server::start();
    let mut connection = open(&server, "");
    connection.write_chunk(format!("{}\n{{\"docu", envelope(0)).as_bytes());
    connection.write("what is no chunk\r\n");
    let reply = connection.reply();
    let (lines, last) = lines(&reply.body);
    assert_eq!((lines.len(), &last["problem"]["code"]), (1, &json!("bad_body")));
    assert_eq!(last["totals"]["documents"], 1);
}

#[test]
fn a_drain_ends_a_batch_with_its_totals() {
    let wire = HttpTimeouts {
        grace: Duration::from_secs(10),
        ..HttpTimeouts::default()
    };
    let server = Server::with(Bounds::default(), wire);
    let mut connection = open(&server, "");
    connection.write_chunk(format!("{}\n", envelope(0)).as_bytes());
    assert_eq!(connection.head().status, 200);
    let first = connection.chunk().expect("it goes on").expect("a line");
    let stopping = std::thread::spawn(move || server.stop());
    // Lines that come while there is time are still taken.
    connection.write_chunk(format!("{}\n", envelope(1)).as_bytes());
    let mut body = first;
    while let Some(chunk) = connection.chunk().expect("a clean end") {
        body.extend(chunk);
    }
    let (lines, last) = lines(&body);
    assert_eq!((lines.len(), &last["problem"]["code"]), (2, &json!("draining")));
    assert_eq!(stopping.join().expect("no panic").cut, 0);
}

#[test]
fn a_batch_waits_for_memory_and_takes_no_more_than_there_is() {
    let limits = Limits {
        body_memory_bytes: 2 << 20,
        ..Limits::of_cores(NonZeroUsize::new(2).expect("two"))
    };
    let server = Server::within(Bounds::default(), HttpTimeouts::default(), limits, None);
    let line = format!("{}\n", json!({"document": "The boats come back. ".repeat(5000)}));
    let reply = server
        .request("POST", "/v1/batch?fields=title")
        .body(line.repeat(60))
        .send();
    assert_eq!(lines(&reply.body).1["totals"]["ok"], 60);
    let mut held = server.workers.reservation();
    held.set(2 << 20);
    server
        .request("POST", "/v1/batch")
        .body(line)
        .send()
        .is_problem(503, "memory_full");
}

#[test]
fn idle_batches_leave_memory_to_others() {
    let limits = Limits {
        body_memory_bytes: 2 << 20,
        ..Limits::of_cores(NonZeroUsize::new(2).expect("two"))
    };
    let server = Server::within(Bounds::default(), HttpTimeouts::default(), limits, None);
    let held: Vec<Connection> = (0..60)
        .map(|number| {
            let packed = if number % 2 == 0 {
                ""
            } else {
                "Accept-Encoding: gzip\r\n"
            };
            let mut connection = open(&server, packed);
            connection.write_chunk(b"{");
            assert_eq!(connection.head().status, 200);
            connection
        })
        .collect();
    assert_eq!(server.request("POST", "/v1/normalize").body(PAGE).send().status, 200);
    let reply = server
        .request("POST", "/v1/batch")
        .body(format!("{}\n", envelope(0)))
        .send();
    assert_eq!(lines(&reply.body).1["totals"]["ok"], 1);
    drop(held);
    assert!(server.gives_memory_back());
}

/// A folder of its own for each test, gone when it is dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("copydesk-batch-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_command_line_gives_what_the_service_gives_to_a_batch() {
    let server = Server::start();
    let mut input: String = (0..50).map(|number| envelope(number) + "\n").collect();
    input.push_str("{\"id\":5}\n");
    let served = server
        .request("POST", "/v1/batch?fields=core")
        .body(input.as_str())
        .send();
    let (code, out, err) = run(copydesk(&["batch", "--jobs", "2"]), input.as_bytes());
    assert_eq!(code, 1);
    assert!(err.contains("1 of 51 documents failed"), "{err}");
    let (ours, totals) = lines(out.as_bytes());
    let (theirs, _) = lines(&served.body);
    assert_eq!(ours[..50], theirs[..50]);
    assert_eq!(ours[50]["problem"]["code"], theirs[50]["problem"]["code"]);
    assert_eq!(totals["totals"], json!({"documents": 51, "ok": 50, "failed": 1}));
    let alone = run(copydesk(&["batch", "--jobs", "1", "-"]), envelope(0).as_bytes());
    assert_eq!((alone.0, alone.2.as_str()), (0, ""));
}

#[test]
fn files_and_folders_are_documents_by_their_names() {
    let folder = Folder::new("files");
    folder.file("b/post.md", "---\ntitle: Harbour\n---\n<p>The boats come back.</p>\n");
    folder.file("a.html", PAGE);
    folder.file("c.json", &envelope(7));
    folder.file("d.ndjson", &format!("{}\n{}\n", envelope(8), envelope(9)));
    folder.file("e.bin", "words");
    folder.file(".hidden", "x");
    let root = folder.0.to_string_lossy().into_owned();
    let (code, out, _) = run(copydesk(&["batch", "--fields", "title", &root]), b"");
    let (lines, _) = lines(out.as_bytes());
    let ids: Vec<_> = lines
        .iter()
        .map(|line| line["id"].as_str().expect("an id").replace(&root, ""))
        .collect();
    assert_eq!(ids, ["/a.html", "/b/post.md", "d7", "d8", "d9", "/e.bin"]);
    assert_eq!(
        (&lines[0]["article"], &lines[1]["article"]),
        (&json!({"title": "Harbour"}), &json!({"title": "Harbour"}))
    );
    assert_eq!(code, 0, "bytes that no signature names are text");
    let (code, _, err) = run(copydesk(&["batch", "/nowhere/at/all"]), b"");
    assert!(code == 1 && err.contains("/nowhere/at/all"), "{err}");
}

#[test]
fn resume_goes_on_wherever_it_was_cut() {
    let folder = Folder::new("resume");
    let input: String = (0..40).map(|number| envelope(number) + "\n").collect::<String>() + "{}\n";
    let source = folder.file("in.ndjson", &input);
    let output = folder.0.join("out.ndjson").to_string_lossy().into_owned();
    let arguments = ["batch", "--resume", &output, &source];
    assert_eq!(run(copydesk(&arguments), b"").0, 1);
    let whole = fs::read(&output).expect("an output");
    assert_eq!(lines(&whole).0.len(), 41);
    let ends: Vec<usize> = (0..whole.len())
        .filter(|&at| whole[at] == b'\n')
        .map(|at| at + 1)
        .collect();
    for cut in [
        0,
        1,
        ends[0] - 1,
        ends[0],
        ends[0] + 1,
        ends[20] + 50,
        ends[40] - 3,
        ends[40],
        ends[40] + 4,
        whole.len(),
    ] {
        fs::write(&output, &whole[..cut]).expect("a file");
        assert_eq!(run(copydesk(&arguments), b"").0, 1, "cut at {cut}");
        assert!(fs::read(&output).expect("an output") == whole, "cut at {cut}");
    }
    for (text, told) in [
        ("what is no output\n", "no output of a batch"),
        ("{\"index\":1,\"status\":200}\n", "no output of a batch"),
    ] {
        fs::write(&output, text).expect("a file");
        let (code, _, err) = run(copydesk(&arguments), b"");
        assert!(code == 1 && err.contains(told), "{err}");
        assert_eq!(
            fs::read_to_string(&output).expect("it is there"),
            text,
            "nobody's file is touched"
        );
    }
    fs::write(&output, &whole).expect("a file");
    let other = folder.file("other.ndjson", &envelope(0));
    let (code, _, err) = run(copydesk(&["batch", "--resume", &output, &other]), b"");
    assert!(code == 1 && err.contains("it is of others"), "{err}");
}

#[test]
fn what_was_killed_is_finished_exactly_once() {
    let folder = Folder::new("killed");
    const COUNT: usize = 3000;
    let text = "The harbour of the town was built by fishermen. ".repeat(20);
    let input: String = (0..COUNT)
        .map(|number| json!({"id": format!("d{number}"), "document": text}).to_string() + "\n")
        .collect();
    let source = folder.file("in.ndjson", &input);
    let output = folder.0.join("out.ndjson");
    let arguments = ["batch", "--resume", &output.to_string_lossy(), &source];
    let mut killed = 0;
    for kilobytes in [20, 200, 900] {
        let mut command = copydesk(&arguments);
        let mut process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let length = || fs::metadata(&output).map_or(0, |metadata| metadata.len());
        while length() < kilobytes << 10 && process.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        killed += usize::from(process.try_wait().expect("a child").is_none());
        process.kill().expect("it may have ended");
        process.wait().expect("a child");
    }
    assert!(killed > 0, "it was never cut");
    let (code, _, err) = run(copydesk(&arguments), b"");
    assert_eq!((code, err.as_str()), (0, ""));
    let (lines, last) = lines(&fs::read(&output).expect("an output"));
    let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().expect("an id")).collect();
    let expected: Vec<_> = (0..COUNT).map(|number| format!("d{number}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(last["totals"]["ok"], COUNT);
}

#[test]
fn lines_on_stdin_are_answered_while_more_may_come() {
    let mut command = copydesk(&["batch", "--fields", "id"]);
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let (mut stdin, mut stdout) = (
        process.stdin.take().expect("a pipe"),
        process.stdout.take().expect("a pipe"),
    );
    let (tell, told) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = stdout.read(&mut piece) {
            let _ = tell.send(String::from_utf8_lossy(&piece[..length]).into_owned());
        }
    });
    for number in 0..2 {
        writeln!(stdin, "{}", envelope(number)).expect("it reads");
        let line = told.recv_timeout(PATIENCE).expect("an answer while stdin is open");
        assert!(line.contains(&format!("\"id\":\"d{number}\"")), "{line}");
    }
    drop(stdin);
    assert!(process.wait().expect("a child").success());
    reading.join().expect("no panic");
}
