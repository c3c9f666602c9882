//! What many clients, slow ones and unknown ones may do to each other: queue, memory, timers, places, tokens, figures.

use std::{
    io::{ErrorKind, Write as _},
    num::NonZeroUsize,
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant},
};

use copydesk::{
    bounds::{Bounds, Deadline},
    config::HttpTimeouts,
    http::Tokens,
    workers::{Lane, Limits, WorkCost, Workers},
};

use crate::support::{Connection, PAGE, PATIENCE, Server};

const SHORT: Duration = Duration::from_millis(300);
const SMALL: WorkCost = WorkCost {
    body_bytes: 100,
    work_bytes: 100,
};
const LARGE: WorkCost = WorkCost {
    body_bytes: 2 << 20,
    work_bytes: 100,
};

fn limits() -> Limits {
    Limits {
        queue: 1,
        ..Limits::of_cores(NonZeroUsize::MIN)
    }
}

fn within(limits: Limits) -> Server {
    Server::within(Bounds::default(), HttpTimeouts::default(), limits, None)
}

fn patient(wire: HttpTimeouts) -> Server {
    Server::with(Bounds::default(), wire)
}

/// Work in the server's pool that goes on until this is dropped.
struct Busy {
    _release: Vec<mpsc::Sender<()>>,
    _runtime: tokio::runtime::Runtime,
}

fn keep_busy(workers: &Workers, loads: &[WorkCost], spin: bool) -> Busy {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut release = Vec::new();
    for &load in loads {
        let (sender, hold) = mpsc::channel::<()>();
        let workers = workers.clone();
        runtime.spawn(async move {
            let work = move |_: &Deadline| {
                while spin && hold.try_recv() == Err(mpsc::TryRecvError::Empty) {}
                let _ = hold.recv();
            };
            workers.run(load, 2 * PATIENCE, work).await
        });
        release.push(sender);
    }
    Busy {
        _release: release,
        _runtime: runtime,
    }
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

/// A request's head, and none of its body.
fn announce(connection: &mut Connection, length: usize, more: &str) {
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n{more}\r\n"
    ));
}

#[test]
fn a_full_queue_is_429_before_the_body_is_sent() {
    let server = within(limits());
    let busy = keep_busy(&server.workers, &[SMALL; 3], false);
    wait_until("one waits", || server.workers.waiting(Lane::Small) == 1);
    let mut connection = server.connect();
    announce(&mut connection, PAGE.len(), "Expect: 100-continue\r\n");
    let begun = Instant::now();
    let reply = connection.head();
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    let reply = server.request("POST", "/v1/normalize").body(PAGE).send();
    reply.is_problem(429, "queue_full");
    assert_eq!(server.get("/readyz").status, 200, "load never takes it out of service");
    drop(busy);
    // While an overload lasts nobody waits for a worker that is about to be free.
    wait_until("the workers are free", || server.workers.running() == 0);
    assert_eq!(server.request("POST", "/v1/normalize").body(PAGE).send().status, 200);
    let figures = server.get("/metrics");
    assert!(
        figures
            .text()
            .contains("copydesk_rejections_total{reason=\"queue_full\"} 2"),
        "{}",
        figures.text()
    );
}

#[test]
fn a_document_whose_client_has_left_leaves_the_queue() {
    let server = within(limits());
    let _busy = keep_busy(&server.workers, &[SMALL; 2], false);
    wait_until("both are at work", || server.workers.running() == 2);
    let mut connection = server.connect();
    announce(&mut connection, PAGE.len(), "");
    connection.write(PAGE);
    wait_until("it waits", || server.workers.waiting(Lane::Small) == 1);
    drop(connection);
    wait_until("its place is free", || server.workers.waiting(Lane::Small) == 0);
    wait_until("its memory is given back", || server.workers.body_bytes() == 0);
}

#[test]
fn large_documents_do_not_starve_small_ones() {
    let server = within(limits());
    let _busy = keep_busy(&server.workers, &[LARGE; 2], false);
    wait_until("one runs and one waits", || {
        server.workers.waiting(Lane::Large) == 1 && server.workers.running() == 1
    });
    let large = format!("{PAGE}{}", " ".repeat(LARGE.body_bytes));
    for _ in 0..10 {
        assert_eq!(server.request("POST", "/v1/normalize").body(PAGE).send().status, 200);
    }
    let reply = server.request("POST", "/v1/normalize").body(large).send();
    reply.is_problem(429, "queue_full");
}

#[test]
fn bodies_past_the_memory_are_503() {
    let server = within(Limits {
        body_memory_bytes: 4 << 20,
        ..Limits::of_cores(NonZeroUsize::MIN)
    });
    let mut slow = server.connect();
    announce(&mut slow, 3 << 20, "");
    slow.write(vec![b'x'; 5 << 19]);
    wait_until("the body is in hand", || server.workers.body_bytes() > 2 << 20);
    let mut connection = server.connect();
    announce(&mut connection, 2 << 20, "Expect: 100-continue\r\n");
    let reply = connection.head();
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(
        server.request("POST", "/v1/normalize").body(PAGE).send().status,
        200,
        "small ones find room"
    );
    drop(slow);
    wait_until("it is given back", || server.workers.body_bytes() == 0);
}

#[test]
fn streams_past_the_memory_are_503_and_growing_ones_are_cut() {
    let server = within(Limits {
        body_memory_bytes: 4 << 20,
        ..Limits::of_cores(NonZeroUsize::MIN)
    });
    let stream = |more: &str| {
        let mut connection = server.connect();
        connection.write(format!(
            "POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n{more}\r\n"
        ));
        connection
    };
    let mut running: Vec<Connection> = (0..4).map(|_| stream("")).collect();
    for connection in &mut running {
        connection.write_chunk(&PAGE.repeat(100).into_bytes());
        assert_eq!(connection.head().status, 200);
    }
    let reply = stream("Expect: 100-continue\r\n").head();
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("1")),
        "{reply:?}"
    );
    for mut connection in running.drain(..) {
        connection.write("0\r\n\r\n");
        while let Ok(Some(_)) = connection.chunk() {}
    }
    wait_until("it is given back", || server.workers.body_bytes() == 0);

    // A comment without its end waits for it, and there is less memory than that.
    let mut growing = stream("");
    growing.write_chunk(PAGE.as_bytes());
    growing.write_chunk(b"<!-- ");
    for _ in 0..32 {
        let piece = [b'x'; 64 << 10];
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend(piece);
        chunk.extend(b"\r\n");
        if growing.stream().write_all(&chunk).is_err() {
            break;
        }
    }
    assert!(!growing.reply().whole, "cut, and not ended");
    wait_until("it is given back", || server.workers.body_bytes() == 0);
}

#[test]
fn an_answer_takes_memory_until_it_is_read() {
    let bounds = Bounds {
        time: 6 * PATIENCE,
        ..Bounds::default()
    };
    let server = Server::with(bounds, HttpTimeouts::default());
    let page = format!("<p>{}</p>\n", "The boats come back. ".repeat(300_000));
    let mut connection = server.connect().patient();
    announce(&mut connection, page.len(), "");
    connection.write(&page);
    let reply = connection.head();
    assert_eq!(reply.status, 200);
    assert!(
        server.workers.body_bytes() > page.len(),
        "{}",
        server.workers.body_bytes()
    );
    drop(connection);
    wait_until("it is given back", || server.workers.body_bytes() == 0);
}

#[test]
fn alive_while_every_worker_is_busy() {
    let server = Server::start();
    let _busy = keep_busy(&server.workers, &[SMALL; 2], true);
    wait_until("both are at work", || server.workers.running() == 2);
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(server.get("/livez").status, 200);
            begun.elapsed()
        })
        .collect();
    times.sort();
    // The middle one: the other tests want the cores as well.
    assert!(times[10] < Duration::from_millis(100), "{times:?}");
}

#[test]
fn one_byte_a_second_is_too_slow() {
    let server = Server::start();
    let mut trickles: Vec<Connection> = (0..8).map(|_| server.connect()).collect();
    for connection in &mut trickles {
        announce(connection, 1000, "");
        connection.write("<p>");
    }
    assert_eq!(server.workers.running(), 0, "they hold no worker");
    assert_eq!(server.request("POST", "/v1/normalize").body(PAGE).send().status, 200);
    let begun = Instant::now();
    for connection in &mut trickles {
        let problem = connection.reply().is_problem(408, "slow_body");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("4096 bytes in 5s"))
        );
    }
    assert!(begun.elapsed() < HttpTimeouts::default().body_timeout);
}

#[test]
fn between_requests_there_is_a_timer_of_its_own() {
    let server = patient(HttpTimeouts {
        idle_timeout: SHORT,
        ..HttpTimeouts::default()
    });
    let mut fresh = server.connect();
    let mut used = server.connect();
    used.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(used.reply().status, 200);
    assert!(used.is_closed(), "after its idle time");
    fresh.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(fresh.reply().status, 200, "its head may still come");

    let server = patient(HttpTimeouts {
        header_timeout: SHORT,
        ..HttpTimeouts::default()
    });
    let mut used = server.connect();
    for _ in 0..2 {
        used.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
        assert_eq!(used.reply().status, 200);
    }
    used.write("GET /livez HTT");
    assert!(
        used.is_closed(),
        "half a head is not waited for, on a used connection either"
    );
    let figures = server.get("/metrics");
    assert!(
        figures
            .text()
            .contains("connections_ended_total{reason=\"header_timeout\"} 1")
    );
}

#[test]
fn a_peer_that_leaves_its_answer_unread_is_ended() {
    let server = patient(HttpTimeouts {
        stall_timeout: SHORT,
        ..HttpTimeouts::default()
    });
    let mut connection = server.connect();
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let refused = (0..256).find_map(|_| connection.stream().write_all(chunk.as_bytes()).err());
    let kind = refused.expect("it did not all fit between us").kind();
    assert!(
        matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{kind}"
    );
}

#[test]
fn a_full_house_shows_out_who_sits_idle() {
    let server = patient(HttpTimeouts {
        max_connections: 3,
        ..HttpTimeouts::default()
    });
    let mut idle: Vec<Connection> = (0..3).map(|_| server.connect()).collect();
    for connection in &mut idle {
        connection.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!(
        server.get("/livez").status,
        200,
        "it waited in the kernel, and then had a place"
    );
    assert!(idle.iter_mut().any(Connection::is_closed));
}

/// A file that is gone with the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn file(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("copydesk-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn without_a_token_there_are_only_health_and_the_pages() {
    let file = Scratch::file("tokens", "# ours\nfirst-token-0123456789\n\nsecond-token-0123456789\n");
    let tokens = Tokens::read(&file.0).expect("two tokens");
    let limits = Limits::of_cores(NonZeroUsize::MIN);
    let server = Server::within(Bounds::default(), HttpTimeouts::default(), limits, Some(tokens));
    for path in ["/livez", "/readyz", "/startupz", "/healthz", "/version"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in [
        "/",
        "/docs",
        "/docs/errors/unauthorized",
        "/assets/preview.js",
        "/openapi.yaml",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in ["/metrics", "/v1/rules"] {
        server.get(path).is_problem(401, "unauthorized");
    }
    server.get("/nope").is_problem(404, "not_found");
    for (given, status) in [
        ("Bearer first-token-0123456789", 200),
        ("bearer second-token-0123456789", 200),
        ("Bearer third-token-0123456789", 401),
        ("Bearer first-token-012345678", 401),
        ("Bearer ", 401),
        ("Basic first-token-0123456789", 401),
    ] {
        for target in ["/v1/normalize", "/v1/clean"] {
            let request = server.request("POST", target).header("Authorization", given);
            let reply = request.body(PAGE).send();
            assert_eq!(reply.status, status, "{given} {target}");
        }
    }
    let mut connection = server.connect();
    announce(&mut connection, PAGE.len(), "Expect: 100-continue\r\n");
    let reply = connection.head();
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")));
}

#[test]
fn figures_have_bounded_labels() {
    let server = Server::start();
    server.request("POST", "/v1/normalize").body(PAGE).send();
    server.request("POST", "/v1/normalize").body("").send();
    server.request("POST", "/v1/clean").body(PAGE).send();
    for path in ["/a", "/b", "/c?d"] {
        server.get(path);
    }
    server.request("BREW", "/livez").send();
    // A line is counted when the connection has let go of it: a moment after its last byte.
    wait_until("all are counted", || {
        server
            .get("/metrics")
            .text()
            .contains("method=\"OTHER\",status=\"405\"} 1")
    });
    let reply = server.get("/metrics");
    assert!(
        reply
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    let text = reply.text();
    for line in [
        "copydesk_requests_total{route=\"/v1/normalize\",method=\"POST\",status=\"200\"} 1",
        "copydesk_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"} 3",
        "copydesk_errors_total{route=\"/v1/normalize\",code=\"empty_body\"} 1",
        "copydesk_documents_total{kind=\"page\",outcome=\"ok\"} 1",
        "copydesk_documents_total{kind=\"stream\",outcome=\"ok\"} 1",
        "copydesk_stage_duration_seconds_count{stage=\"survey\"} 1",
        "copydesk_request_duration_seconds_count{route=\"/v1/normalize\"} 2",
        "copydesk_queue_depth{lane=\"large\"} 0",
        "copydesk_build_info{version=",
        "copydesk_rules_revision{revision=",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "# EOF",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    let figure = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().parse().expect("a number")
    };
    assert!(figure("process_resident_memory_bytes ") > 1e6 && figure("process_threads ") > 1.0);
    assert!(figure("process_open_fds ") < figure("process_max_fds "));
    assert!(figure("process_cpu_seconds_total ") < 1e5);
    assert!(!text.contains("/a\"") && !text.contains("BREW"));
}
