//! Bodies and clients that mean harm, or are merely broken: each a named test with its clear answer.

use std::{
    io::{ErrorKind, Write as _},
    time::{Duration, Instant},
};

use copydesk::{bounds::Bounds, config::HttpTimeouts};

use crate::support::{Connection, PAGE, PATIENCE, Server};

/// One MiB over the default bound.
const SEVENTEEN_MIB: usize = 17 << 20;

/// Short, but long enough for a busy machine.
const SHORT: Duration = Duration::from_millis(300);

fn impatient() -> Server {
    let wire = HttpTimeouts {
        header_timeout: SHORT,
        body_timeout: SHORT,
        ..HttpTimeouts::default()
    };
    Server::with(Bounds::default(), wire)
}

#[test]
fn an_empty_body() {
    let server = Server::start();
    for target in ["/v1/normalize", "/v1/clean"] {
        server
            .request("POST", target)
            .body("")
            .send()
            .is_problem(400, "empty_body");
        server.request("POST", target).send().is_problem(400, "empty_body");
    }
    let mut connection = server.connect();
    connection.write("PUT /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    connection.reply().is_problem(400, "empty_body");
}

#[test]
fn seventeen_mib_with_its_length_from_a_client_that_reads_last() {
    let server = Server::start();
    let mut connection = server.connect();
    for _ in 0..2 {
        connection.write(format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {SEVENTEEN_MIB}\r\n\r\n"
        ));
        connection.write(vec![b'x'; SEVENTEEN_MIB]);
        connection.reply().is_problem(413, "body_too_large");
    }
    connection.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(connection.reply().status, 200, "the connection is as good as new");
}

#[test]
fn seventeen_mib_in_chunks_from_a_client_that_reads_last() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..17 {
        connection.write_chunk(&[b'x'; 1 << 20]);
    }
    connection.write("0\r\n\r\n");
    connection.reply().is_problem(413, "body_too_large");
}

#[test]
fn a_wrong_method_and_a_wrong_path_with_a_large_body() {
    let server = Server::start();
    for (target, status, code) in [
        ("DELETE /v1/normalize", 405, "method_not_allowed"),
        ("POST /v1/nope", 404, "not_found"),
        ("POST /v1/normalize?nope=1", 400, "unknown_option"),
    ] {
        let mut connection = server.connect();
        connection.write(format!(
            "{target} HTTP/1.1\r\nHost: t\r\nContent-Length: {SEVENTEEN_MIB}\r\n\r\n"
        ));
        connection.write(vec![b'x'; SEVENTEEN_MIB]);
        connection.reply().is_problem(status, code);
    }
}

#[test]
fn a_client_that_asks_first_is_refused_before_it_sends() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: {SEVENTEEN_MIB}\r\n\r\n"
    ));
    assert_eq!(
        connection.line(),
        "HTTP/1.1 413 Payload Too Large",
        "and no 100 before it"
    );

    let mut connection = server.connect();
    let length = PAGE.len();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    ));
    assert_eq!(connection.line(), "HTTP/1.1 100 Continue");
    assert_eq!(connection.line(), "");
    connection.write(PAGE);
    assert_eq!(connection.reply().status, 200);
}

#[test]
fn half_sent_headers_are_not_waited_for() {
    let server = impatient();
    let mut silent = server.connect();
    let mut half = server.connect();
    half.write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nX-Half: ");
    assert!(half.is_closed());
    assert!(silent.is_closed());
}

#[test]
fn a_slow_body_is_408() {
    let server = impatient();
    for target in ["/v1/normalize", "/v1/clean"] {
        let mut connection = server.connect();
        connection.write(format!(
            "POST {target} HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n"
        ));
        connection.reply().is_problem(408, "slow_body");
    }
    let mut trickle = server.connect();
    trickle.write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n<p>half");
    trickle.reply().is_problem(408, "slow_body");
}

#[test]
fn a_stream_that_stalls_is_cut_and_not_ended() {
    let server = impatient();
    let mut connection = server.connect();
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(PAGE.as_bytes());
    let reply = connection.reply();
    assert_eq!(reply.status, 200);
    assert!(!reply.whole, "no last chunk: nobody can take this for the whole page");
}

#[test]
fn a_stream_that_trickles_is_cut_and_not_ended() {
    let server = impatient();
    let mut connection = server.connect();
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(PAGE.as_bytes());
    assert_eq!(connection.head().status, 200);
    // Each pause is shorter than any pause may be.
    connection
        .stream()
        .set_read_timeout(Some(SHORT / 4))
        .expect("a timeout");
    let begun = Instant::now();
    let cut = loop {
        assert!(begun.elapsed() < PATIENCE, "it trickles on");
        let written = connection.stream().write_all(b"1\r\nx\r\n");
        match (written, connection.chunk()) {
            (Ok(()), Ok(Some(_))) => {}
            (Ok(()), Err(error)) if error.kind() == ErrorKind::WouldBlock => {}
            (_, last) => break last,
        }
    };
    assert!(!matches!(cut, Ok(None)), "cut, and not ended");
}

#[test]
fn a_stream_that_breaks_off_is_cut_and_not_ended() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(PAGE.as_bytes());
    connection.write("this is no chunk\r\n");
    assert!(!connection.reply().whole);
}

#[test]
fn a_body_that_is_no_chunked_body() {
    let server = Server::start();
    let mut connection = server.connect();
    connection
        .write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nnothing of the sort\r\n");
    connection.reply().is_problem(400, "bad_body");
}

/// What announces more than it sends, and then says that it is over.
#[test]
fn a_body_that_ends_early() {
    let server = Server::start();
    for target in ["/v1/normalize", "/v1/clean", "/v1/batch"] {
        let mut connection = server.connect();
        let length = PAGE.len() + 1;
        connection.write(format!(
            "POST {target} HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n{PAGE}"
        ));
        let half = connection.stream().shutdown(std::net::Shutdown::Write);
        half.expect("half a connection");
        let reply = connection.reply();
        match target {
            "/v1/normalize" => assert_eq!(reply.is_problem(400, "bad_body")["status"], 400),
            "/v1/clean" => assert!(reply.status == 200 && !reply.whole, "cut, and not ended"),
            _ => assert!(
                reply.whole && reply.text().contains("\"code\":\"bad_body\""),
                "{}",
                reply.text()
            ),
        }
    }
}

#[test]
fn a_bad_chunk_behind_good_ones() {
    let server = Server::start();
    for bad in [
        "zz\r\n<p>\r\n",
        "3\r\n<p>x\r\n",
        "ffffffffffffffffff\r\n",
        "-1\r\n",
        "\r\n",
    ] {
        let mut connection = server.connect();
        connection.write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.write_chunk(PAGE.as_bytes());
        connection.write(bad);
        connection.reply().is_problem(400, "bad_body");
    }
    assert!(server.gives_memory_back());
}

#[test]
fn a_length_that_is_none_and_two_that_differ() {
    let server = Server::start();
    for lengths in [
        "Content-Length: 7x\r\n",
        "Content-Length: -7\r\n",
        "Content-Length: 7\r\nContent-Length: 8\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        // What a proxy and a service read differently is how requests are smuggled.
        "Content-Length: 7\r\nTransfer-Encoding: chunked, identity\r\n",
    ] {
        let mut connection = server.connect();
        connection.write(format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\n{lengths}\r\n<p>x</p>"
        ));
        assert_eq!(connection.reply().status, 400, "{lengths:?}");
    }
}

#[test]
fn a_header_of_100_kb() {
    let server = Server::start();
    // What is read at once may be twice the bound: so a head may pass that is not twice as large.
    for (kib, may_pass) in [(100, true), (300, false)] {
        let mut connection = server.connect();
        let long = "x".repeat(kib << 10);
        // The server may hang up on it in the middle.
        let head = format!("GET /livez HTTP/1.1\r\nHost: t\r\nX-Long: {long}\r\n\r\n");
        let _ = connection.stream().write_all(head.as_bytes());
        match connection.head_if_any() {
            None | Some(431) => {}
            status => assert!(may_pass && status == Some(200), "{kib} KiB: {status:?}"),
        }
    }
    assert_eq!(server.get("/livez").status, 200);
}

#[test]
fn a_million_query_parameters() {
    let server = Server::start();
    let mut connection = server.connect();
    let target = format!("POST /v1/normalize?{} HTTP/1.1\r\n", "a&".repeat(1_000_000));
    let _ = connection.stream().write_all(target.as_bytes());
    assert!(matches!(connection.head_if_any(), None | Some(414 | 431)));
    // As many as fit into a head.
    for (parameters, code) in [
        ("a&".repeat(30_000), "unknown_option"),
        ("mode=recall&".repeat(5000), "bad_option"),
        ("&".repeat(60_000), ""),
    ] {
        let reply = server
            .request("POST", &format!("/v1/normalize?{parameters}"))
            .body(PAGE)
            .send();
        match code {
            "" => assert_eq!(reply.status, 200),
            code => assert_eq!(reply.is_problem(400, code)["status"], 400),
        }
    }
    let with_selectors = |count: usize| {
        let target = format!("/v1/normalize?{}", "remove=.a&".repeat(count));
        server.request("POST", &target).body(PAGE).send()
    };
    assert_eq!(with_selectors(2000).status, 200);
    with_selectors(4097).is_problem(400, "bad_selector");
}

/// Depth, aliases and bytes without end: front matter costs one look, and the article is there, with a warning.
#[test]
fn front_matter_bombs() {
    // Debug builds take their time over ten megabytes.
    let server = Server::with(
        Bounds {
            time: 5 * PATIENCE,
            ..Bounds::default()
        },
        HttpTimeouts::default(),
    );
    let aliases: String = (1..30)
        .map(|n| format!("k{n}: &k{n} [*k{m}, *k{m}]\n", m = n - 1))
        .collect();
    for bomb in [
        format!("k0: &k0 [x]\n{aliases}"),
        format!("deep: {}\n", "[".repeat(100_000)),
        format!("deep: {}{}\n", "[".repeat(1000), "]".repeat(1000)),
        format!("long: {}\n", "x".repeat(10 << 20)),
    ] {
        let document = format!("---\ntitle: Harbour\n{bomb}---\n<p>The boats come back.</p>\n");
        let mut connection = server.connect().patient();
        connection.write(format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{document}",
            document.len()
        ));
        let article = connection.reply().json();
        assert_eq!(article["title"], "Harbour", "{bomb:.60}");
        assert_eq!(article["content_text"], "The boats come back.", "{bomb:.60}");
        assert_eq!(article["warnings"][0]["code"], "front_matter_lenient", "{bomb:.60}");
    }
}

#[test]
fn http_1_0_cannot_stream() {
    let server = Server::start();
    let length = PAGE.len();
    let mut connection = server.connect();
    connection.write(format!(
        "POST /v1/clean HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{PAGE}"
    ));
    connection.reply().is_problem(505, "http_version");
    let mut connection = server.connect();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{PAGE}"
    ));
    assert_eq!(connection.reply().status, 200);
}

#[test]
fn a_client_that_goes_away_in_the_middle_takes_nothing_with_it() {
    let server = Server::start();
    for _ in 0..20 {
        let mut connection = server.connect();
        connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.write_chunk(&PAGE.repeat(500).into_bytes());
        assert_eq!(connection.head().status, 200);
    }
    assert_eq!(server.request("POST", "/v1/clean").body(PAGE).send().text(), PAGE);
    let begun = Instant::now();
    assert_eq!(server.stop().cut, 0);
    assert!(begun.elapsed() < PATIENCE, "no connection was left to wait for");
}

#[test]
fn a_client_that_never_reads_stops_the_reading() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.stream().set_write_timeout(Some(SHORT)).expect("a timeout");
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let refused = (0..256).find_map(|_| connection.stream().write_all(chunk.as_bytes()).err());
    let kind = refused.expect("256 MiB did not all fit between us").kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind}");
}

#[test]
fn headers_that_are_no_text() {
    let server = Server::start();
    let mut connection = server.connect();
    connection
        .write(b"POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Type: text/\xff\r\nContent-Length: 1\r\n\r\nx");
    connection.reply().is_problem(400, "bad_header");
}

#[test]
fn a_head_without_end_is_bounded() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write("GET /livez HTTP/1.1\r\nHost: t\r\nX-Long: ");
    let piece = [b'x'; 64 << 10];
    // The server may stop reading at any point after its bound: only the answer counts.
    while connection.stream().write_all(&piece).is_ok() {}
    assert!(matches!(connection.head_if_any(), None | Some(431)));
}

#[test]
fn a_head_that_is_no_http_is_a_bare_status() {
    let server = Server::start();
    for (head, status) in [
        ("GET / HTTP/2.0\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nno header\r\n\r\n".to_owned(), 400),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000)), 414),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(150)), 431),
    ] {
        let mut connection = server.connect();
        connection.write(head);
        let reply = connection.reply();
        assert_eq!((reply.status, reply.header("content-length")), (status, Some("0")));
        assert_eq!(reply.header("connection"), Some("close"));
    }
}

#[test]
fn many_at_once_are_all_answered() {
    let server = Server::start();
    let address = server.address;
    let threads: Vec<_> = (0..32)
        .map(|_| {
            std::thread::spawn(move || {
                let mut connection = Connection::to(address);
                let length = PAGE.len();
                for _ in 0..5 {
                    connection.write(format!(
                        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n"
                    ));
                    connection.write(PAGE);
                    assert_eq!(connection.reply().status, 200);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("every request was answered");
    }
}

#[test]
fn a_document_that_is_late_is_504() {
    let bounds = Bounds {
        time: Duration::from_millis(1),
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let page = PAGE.repeat(10_000);
    server
        .request("POST", "/v1/normalize")
        .body(page)
        .send()
        .is_problem(504, "deadline");
}

#[test]
fn bytes_that_are_no_text_at_all() {
    let server = Server::start();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec();
    let reply = server.request("POST", "/v1/normalize").body(png).send();
    reply.is_problem(415, "not_text");
    assert!(reply.header("accept-post").is_some());
}

#[test]
fn an_empty_selector() {
    let server = Server::start();
    for target in ["/v1/normalize?remove=", "/v1/clean?remove="] {
        server
            .request("POST", target)
            .body(PAGE)
            .send()
            .is_problem(400, "bad_selector");
    }
}

#[test]
fn newlines_removed_by_curl() {
    let server = Server::start();
    let body = "---title: Harbourdate: 2021-08-18---<p>The boats come back.</p>";
    let problem = server
        .request("POST", "/v1/normalize")
        .body(body)
        .send()
        .is_problem(422, "newlines_removed");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("--data-binary"))
    );
}
