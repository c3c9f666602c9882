//! Requests at the edges of HTTP/1.1: half-closed connections, odd heads, expectations, chunks. Each is answered or closed
//! as RFC 9110 and 9112 say.

use std::{
    io::Read as _,
    net::Shutdown,
    num::NonZeroUsize,
    sync::mpsc,
    time::{Duration, Instant},
};

use copydesk::{
    bounds::{Bounds, Deadline},
    config::HttpTimeouts,
    workers::{Lane, Limits, WorkCost},
};

use crate::support::{Connection, PAGE, PATIENCE, Reply, Server};

/// A request with a whole body and no more said of it.
fn post(target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nHost: t\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// The answer to these bytes, on a connection of their own.
fn answer_to(server: &Server, bytes: &str) -> Reply {
    let mut connection = server.connect();
    connection.write(bytes);
    connection.reply()
}

/// A connection whose sending half is closed behind these bytes.
fn half_closed(server: &Server, bytes: &str) -> Connection {
    let mut connection = server.connect();
    connection.write(bytes);
    connection.stream().shutdown(Shutdown::Write).expect("it is open");
    connection
}

#[test]
fn a_half_closed_client_gets_its_whole_answer() {
    let server = Server::start();
    let lines = "{\"document\":\"<p>The boats come back in the morning.</p>\"}\n".repeat(100);
    let article = server.request("POST", "/v1/normalize").body(PAGE).send();
    for _ in 0..2 {
        let reply = half_closed(&server, &post("/v1/normalize", "", PAGE)).reply();
        assert_eq!((reply.status, &reply.body), (200, &article.body));
        let reply = half_closed(&server, &post("/v1/clean", "", PAGE)).reply();
        assert!(reply.whole && reply.text() == PAGE, "{reply:?}");
        let reply = half_closed(&server, &post("/v1/batch", "", &lines)).reply();
        assert!(reply.whole, "{reply:?}");
        assert_eq!(reply.text().lines().count(), 101);
        assert!(
            reply
                .text()
                .ends_with("{\"totals\":{\"documents\":100,\"ok\":100,\"failed\":0},\"problem\":null}\n")
        );
    }
}

#[test]
fn every_pipelined_request_of_a_half_closed_client_is_answered() {
    let server = Server::start();
    let requests =
        post("/v1/normalize", "", PAGE) + &post("/v1/clean", "", PAGE) + "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n";
    let mut connection = half_closed(&server, &requests);
    for _ in 0..3 {
        let reply = connection.reply();
        assert!(reply.whole && reply.status == 200, "{reply:?}");
    }
    assert!(connection.is_closed());
}

#[test]
fn a_half_closed_client_that_breaks_its_body_off_is_400() {
    let server = Server::start();
    for request in [
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\n<p>",
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n",
    ] {
        half_closed(&server, request).reply().is_problem(400, "bad_body");
    }
}

/// The one worker is kept busy, so that the document waits.
#[test]
fn a_client_that_sends_no_more_is_asked_whether_it_reads() {
    let limits = Limits {
        queue: 1,
        ..Limits::of_cores(NonZeroUsize::MIN)
    };
    let server = Server::within(Bounds::default(), HttpTimeouts::default(), limits, None);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("a runtime");
    let small = WorkCost {
        body_bytes: 100,
        work_bytes: 100,
    };
    let release: Vec<mpsc::Sender<()>> = (0..2)
        .map(|_| {
            let (sender, hold) = mpsc::channel::<()>();
            let workers = server.workers.clone();
            let work = move |_: &Deadline| hold.recv().is_ok();
            runtime.spawn(async move { workers.run(small, 2 * PATIENCE, work).await });
            sender
        })
        .collect();
    let waits = |count: usize| {
        let end = Instant::now() + PATIENCE;
        while server.workers.waiting(Lane::Small) != count {
            assert!(Instant::now() < end, "not {count} documents wait");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let end = Instant::now() + PATIENCE;
    while server.workers.running() != 2 {
        assert!(Instant::now() < end, "both are not at work");
    }
    let mut reads = half_closed(&server, &post("/v1/normalize", "", PAGE));
    assert_eq!(reads.head().status, 100);
    waits(1);
    drop(release);
    assert_eq!(reads.reply().status, 200);
    assert!(reads.is_closed());
}

#[test]
fn http_1_0_gets_no_interim_answer() {
    let server = Server::start();
    let length = PAGE.len();
    let request =
        format!("POST /v1/normalize HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n{PAGE}");
    let mut text = String::new();
    let connection = half_closed(&server, &request);
    let read = (&mut connection.stream()).read_to_string(&mut text);
    read.expect("an answer and its end");
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{text}");
}

#[test]
fn heads_that_no_server_may_take() {
    let server = Server::start();
    let chunks = "5\r\n<p>a \r\n0\r\n\r\n";
    let coded =
        |coding: &str| format!("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: {coding}\r\n\r\n{chunks}");
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
    for (request, status, code) in [
        (get("/livez", ""), 400, "bad_header"),
        (get("/livez", "Host: a\r\nHost: b\r\n"), 400, "bad_header"),
        (get("/livez", "Host: a\r\nHost: a\r\n"), 400, "bad_header"),
        (get("/livez", "Host: a/b\r\n"), 400, "bad_header"),
        (get("/livez", "Host: http://a\r\n"), 400, "bad_header"),
        (get("/livez", "Host: u@a\r\n"), 400, "bad_header"),
        (get("livez", "Host: a\r\n"), 400, "bad_target"),
        (get("*", "Host: a\r\n"), 400, "bad_target"),
        (coded("gzip, chunked"), 501, "unsupported_transfer_encoding"),
        (coded("chunked, chunked"), 501, "unsupported_transfer_encoding"),
        (
            coded("gzip\r\nTransfer-Encoding: chunked"),
            501,
            "unsupported_transfer_encoding",
        ),
        (
            post("/v1/normalize", "Expect: junk\r\n", PAGE),
            417,
            "expectation_failed",
        ),
        (
            post("/v1/batch", "Expect: 100-continue, junk\r\n", PAGE),
            417,
            "expectation_failed",
        ),
        (
            post("/v1/clean", "Expect: 100-continue\r\nExpect: junk\r\n", PAGE),
            417,
            "expectation_failed",
        ),
    ] {
        answer_to(&server, &request).is_problem(status, code);
    }
}

#[test]
fn heads_that_every_server_must_take() {
    let server = Server::start();
    for head in [
        "GET /livez HTTP/1.0\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
        "\r\nGET /livez HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /livez HTTP/1.1\nHost: t\n\n",
        // The whole address wins over `Host`.
        "GET http://t:80/livez HTTP/1.1\r\nHost: other\r\n\r\n",
        "GET https://t/livez?verbose HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: t\r\nExpect: 100-Continue\r\n\r\n",
    ] {
        assert_eq!(answer_to(&server, head).status, 200, "{head:?}");
    }
    let both = format!(
        "POST /v1/clean HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{PAGE}\r\n0\r\n\r\n",
        PAGE.len()
    );
    let mut connection = server.connect();
    connection.write(both);
    let reply = connection.reply();
    assert_eq!(reply.text(), PAGE, "the chunks are the body");
    assert!(connection.is_closed(), "others may have read it otherwise");
}

#[test]
fn heads_that_cannot_be_parsed() {
    let server = Server::start();
    for head in [
        "GET\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: t\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nX: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nX: a\rb\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}",
    ] {
        let mut connection = server.connect();
        connection.write(head);
        let reply = connection.reply();
        assert_eq!(
            (reply.status, reply.header("connection")),
            (400, Some("close")),
            "{head:?}"
        );
        assert!(connection.is_closed(), "{head:?}");
    }
}

#[test]
fn http_2_is_told_that_it_is_505() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let reply = connection.reply();
    assert_eq!((reply.status, reply.header("connection")), (505, Some("close")));
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    assert_eq!(reply.json()["code"], "http_version");
    assert!(connection.is_closed());
}

#[test]
fn expect_100_continue_is_answered_before_the_head() {
    let server = Server::start();
    let line = "{\"document\":\"<p>a</p>\"}\n";
    for _ in 0..10 {
        for (target, body) in [("/v1/normalize", PAGE), ("/v1/clean", PAGE), ("/v1/batch", line)] {
            let mut connection = server.connect();
            let length = body.len();
            connection.write(format!(
                "POST {target} HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            ));
            assert_eq!(connection.head().status, 100, "{target}");
            connection.write(body);
            let reply = connection.reply();
            assert!(reply.whole && reply.status == 200, "{target}: {reply:?}");
        }
    }
    // What is refused by its head asks for no body.
    let mut connection = server.connect();
    connection.write("POST /v1/batch?nope=1 HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    assert_eq!(connection.head().status, 400);
}

#[test]
fn chunks_that_are_none() {
    let server = Server::start();
    let head = "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "fffffffffffffffff\r\n<p>a\r\n0\r\n\r\n".to_owned(),
        "zz\r\n<p>a\r\n0\r\n\r\n".to_owned(),
        "0x4\r\n<p>a\r\n0\r\n\r\n".to_owned(),
        "4\n<p>a\n0\n\n".to_owned(),
        "4\r\n<p>aXX0\r\n\r\n".to_owned(),
        "4;a=\nb\r\n<p>a\r\n0\r\n\r\n".to_owned(),
        format!("4;{}\r\n<p>a\r\n0\r\n\r\n", "x".repeat(20_000)),
        format!("4\r\n<p>a\r\n0\r\n{}\r\n", "X-A: b\r\n".repeat(5000)),
    ] {
        let mut connection = server.connect();
        connection.write(format!("{head}{chunks}"));
        let problem = connection.reply().is_problem(400, "bad_body");
        let detail = problem["detail"].as_str().expect("text");
        assert!(!detail.ends_with("connection"), "it says why: {detail}");
        assert!(connection.is_closed(), "what follows may be anything: {chunks:.40}");
    }
}

#[test]
fn chunks_in_all_their_forms() {
    let server = Server::start();
    let head = "POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut connection = server.connect();
    for chunks in [
        "4;a=b;c=\"d;e\"\r\n<p>a\r\n0\r\n\r\n",
        "004\r\n<p>a\r\n000;last\r\n\r\n",
        "1\r\n<\r\n1\r\np\r\n2\r\n>a\r\n0\r\nX-A: b\r\nContent-Length: 99\r\n\r\n",
    ] {
        connection.write(format!("{head}{chunks}"));
        let reply = connection.reply();
        assert!(reply.whole && reply.text() == "<p>a", "{chunks:?}: {reply:?}");
    }
    connection.write(format!("{head}0\r\n\r\n"));
    assert_eq!(
        connection.reply().status,
        400,
        "an empty body, and the connection goes on"
    );
    connection.write("GET /livez HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    assert_eq!(connection.reply().status, 200);
    assert!(connection.is_closed());
}

#[test]
fn http_1_0_may_keep_its_connection() {
    let server = Server::start();
    let mut connection = server.connect();
    for _ in 0..2 {
        connection.write("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let reply = connection.reply();
        assert_eq!((reply.status, reply.header("connection")), (200, Some("keep-alive")));
    }
    connection.write("GET /livez HTTP/1.0\r\n\r\n");
    assert_eq!(connection.reply().status, 200);
    assert!(connection.is_closed());
}
