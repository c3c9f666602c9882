//! What an operator does to the process and sees of it: settings, signals, logs, limits of the machine.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    process::{Process, copydesk, run},
    support::{Connection, PAGE, PATIENCE},
    traffic::Scratch,
};

/// A request that is in flight: the server has asked for its body.
fn flying(address: SocketAddr, id: &str) -> Connection {
    let mut connection = Connection::to(address);
    let length = PAGE.len();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nX-Request-Id: {id}\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    ));
    assert_eq!(connection.line(), "HTTP/1.1 100 Continue");
    connection
}

fn status_of(address: SocketAddr, path: &str) -> u16 {
    let mut connection = Connection::to(address);
    connection.write(format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
    connection.reply().status
}

#[test]
fn the_drain_delay_serves_on_and_is_not_ready() {
    let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--drain-delay", "700ms"]);
    process.signal("TERM");
    process.wait_for("draining");
    assert_eq!(status_of(address, "/readyz"), 503, "new connections are still served");
    let mut connection = Connection::to(address);
    let length = PAGE.len();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n{PAGE}"
    ));
    let reply = connection.reply();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once_and_the_log_names_what_was_cut() {
    let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--drain-delay", "20s"]);
    let _flying = flying(address, "cut-1");
    process.signal("TERM");
    process.wait_for("draining");
    process.signal("INT");
    process.wait_for("a second signal ends it at once");
    let line = process.wait_for("request");
    assert_eq!((&line["id"], &line["cut"]), (&"cut-1".into(), &true.into()), "{line}");
    assert_eq!(process.ended().code(), Some(1));
}

#[test]
fn a_stream_is_cut_at_the_grace_without_its_end() {
    let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--grace", "300ms"]);
    let mut connection = Connection::to(address);
    connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(PAGE.as_bytes());
    assert_eq!(connection.head().status, 200);
    process.signal("TERM");
    while let Ok(Some(_)) = connection.chunk() {}
    assert!(connection.chunk().is_err(), "cut, and not ended");
    assert_eq!(process.wait_for("request")["cut"], true);
    assert_eq!(process.ended().code(), Some(1));
}

#[test]
fn no_accepted_request_is_lost_in_a_drain() {
    for _ in 0..5 {
        let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0"]);
        let threads: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn(move || {
                    let length = PAGE.len();
                    let mut answered = 0;
                    // Each has its own connection: once it is open, its request must be answered.
                    while let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) {
                        let mut connection = Connection::of(stream);
                        connection.write(format!(
                            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                        ));
                        connection.write(PAGE);
                        let reply = connection.reply();
                        assert!((reply.status, reply.whole) == (200, true), "{reply:?}");
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        process.wait_for("request");
        process.signal("TERM");
        let answered: Vec<usize> = threads
            .into_iter()
            .map(|thread| thread.join().expect("nothing is lost"))
            .collect();
        assert!(answered.iter().all(|&count| count > 0), "{answered:?}");
        assert_eq!(process.ended().code(), Some(0));
    }
}

/// The document takes seconds. The line is written only where its work stopped before its end.
#[test]
fn a_document_whose_client_has_left_is_given_up() {
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--timeout", "10m", "--log", "debug"]);
    let page = PAGE.repeat((8 << 20) / PAGE.len());
    let length = page.len();
    let mut leaver = Connection::to(address);
    leaver.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nX-Request-Id: left-1\r\nContent-Length: {length}\r\n\r\n"
    ));
    leaver.write(&page);
    await_figure(address, "copydesk_workers_busy", |busy| busy == 1.0);
    drop(leaver);
    let line = process.wait_for("a document was cancelled: its client has left");
    assert_eq!(line["span"]["id"], "left-1", "{line}");
    await_figure(address, "copydesk_workers_busy", |busy| busy == 0.0);
    let outcome = "copydesk_documents_total{kind=\"unknown\",outcome=\"broken_off\"}";
    await_figure(address, outcome, |count| count == 1.0);
}

/// Waits until `/metrics` has the figure that is wanted.
#[track_caller]
pub(crate) fn await_figure(address: SocketAddr, name: &str, is_wanted: impl Fn(f64) -> bool) -> f64 {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut connection = Connection::to(address);
        connection.write("GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
        let reply = connection.reply();
        let line = reply.text().lines().find_map(|line| line.strip_prefix(name));
        let figure = line.map(|figure| figure.trim().parse().expect("a number"));
        if let Some(figure) = figure.filter(|&figure| is_wanted(figure)) {
            return figure;
        }
        assert!(Instant::now() < end, "{name} is {figure:?}");
    }
}

#[test]
fn a_line_tells_the_road_and_the_trace() {
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0"]);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (given, carried) in [(trace, true), ("00-nonsense", false)] {
        let mut connection = Connection::to(address);
        let length = PAGE.len();
        connection.write(format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\ntraceparent: {given}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{PAGE}"
        ));
        assert_eq!(connection.reply().status, 200);
        let line = process.wait_for("request");
        assert_eq!(line["traceparent"] == trace, carried, "{line}");
        assert_eq!(
            (&line["kind"], &line["charset"]),
            (&"Page".into(), &"UTF-8".into()),
            "{line}"
        );
        for stage in ["read_ms", "wait_ms", "input_ms", "survey_ms", "score_ms", "write_ms"] {
            assert!(line[stage].is_number(), "{stage} in {line}");
        }
        assert!(line["removed"].is_number() && line["whole"] == true, "{line}");
    }
}

#[test]
fn tokens_are_read_again_on_sighup() {
    let file = Scratch::file("reload", "first-token-0123456789\n");
    let path = file.0.to_string_lossy().into_owned();
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--tokens-file", &path]);
    let status = |token: &str| {
        let mut connection = Connection::to(address);
        connection.write(format!(
            "GET /v1/rules HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        ));
        connection.reply().status
    };
    assert_eq!(
        (status("first-token-0123456789"), status("second-token-0123456789")),
        (200, 401)
    );
    std::fs::write(&file.0, "second-token-0123456789\n").expect("a file");
    process.signal("HUP");
    process.wait_for("the tokens were read again");
    assert_eq!(
        (status("first-token-0123456789"), status("second-token-0123456789")),
        (401, 200)
    );
    std::fs::write(&file.0, "short\n").expect("a file");
    process.signal("HUP");
    process.wait_for("the tokens could not be read again; the old ones stay");
    assert_eq!(status("second-token-0123456789"), 200);
}

#[test]
fn a_rules_folder_that_is_gone_leaves_the_rules_in_force() {
    let folder = std::env::temp_dir().join(format!("copydesk-{}-gone", std::process::id()));
    let away = folder.with_extension("away");
    std::fs::create_dir(&folder).expect("a folder");
    let rule = "[[rule]]\nid = \"x\"\ncategory = \"promotion\"\nwhy = \"It is in the way.\"\nselect = [\".x\"]\n\
         [[rule.example]]\nin = '<p>a</p><p class=x>b</p>'\nout = '<p>a</p>'\n";
    // The last file goes first: an empty folder holds no rules of one's own, and one that is gone is a fault.
    for (text, revision) in [(Some(rule), "mine"), (None, "built in")] {
        match text {
            Some(text) => std::fs::write(folder.join("mine.toml"), text).expect("a file"),
            None => std::fs::remove_file(folder.join("mine.toml")).expect("it was there"),
        }
        let shown = folder.to_str().expect("UTF-8");
        let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--rules", shown]);
        let verbose = || {
            let mut connection = Connection::to(address);
            connection.write("GET /readyz?verbose HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
            let reply = connection.reply();
            assert_eq!(reply.status, 200, "still ready with the rules that are {revision}");
            reply.json()
        };
        let before = verbose();
        std::fs::rename(&folder, &away).expect("it was there");
        process.wait_for("the rules could not be read again; the old ones stay");
        let told = verbose();
        assert!(
            told["rules_fault"].as_str().is_some_and(|fault| fault.contains(shown)),
            "{told}"
        );
        assert_eq!(told["rules_revision"], before["rules_revision"]);
        let failed = "copydesk_reloads_total{what=\"rules\",outcome=\"error\"}";
        await_figure(address, failed, |count| count == 1.0);
        std::fs::rename(&away, &folder).expect("it was there");
        process.wait_for("the rules were read again");
        assert_eq!(verbose(), before);
    }
    std::fs::remove_dir_all(&folder).expect("it was there");
}

#[test]
fn the_admin_address_tells_health_and_figures_without_a_token() {
    let file = Scratch::file("admin", "first-token-0123456789\n");
    let path = file.0.to_string_lossy().into_owned();
    let arguments = [
        "--bind",
        "127.0.0.1:0",
        "--admin-bind",
        "127.0.0.1:0",
        "--tokens-file",
        &path,
    ];
    let process = Process::start(copydesk(&[&["serve", "--log-format", "json"], &arguments[..]].concat()));
    let address = |message| -> SocketAddr {
        let line = process.wait_for(message);
        line["address"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("an address")
    };
    let admin = address("admin listening");
    let main = address("listening");
    assert_eq!((status_of(admin, "/metrics"), status_of(main, "/metrics")), (200, 401));
    assert_eq!((status_of(admin, "/readyz"), status_of(main, "/readyz")), (200, 200));
    assert_eq!(status_of(admin, "/v1/normalize"), 404);
}

#[test]
fn a_variable_of_ours_that_is_none_is_an_error_and_kubernetes_is_not() {
    let mut command = copydesk(&["config", "check"]);
    command
        .env("COPYDESK_SERVICE_HOST", "10.0.0.1")
        .env("COPYDESK_PORT", "tcp://10.0.0.1:8080")
        .env("COPYDESK_PORT_8080_TCP_ADDR", "10.0.0.1")
        .env("COPYDESK_TIMEOUT", "5s");
    assert_eq!(run(command, b""), (0, String::new(), String::new()));
    for action in ["check", "print"] {
        let mut command = copydesk(&["config", action]);
        command.env("COPYDESK_MAX_BODIES", "1");
        let (code, stdout, stderr) = run(command, b"");
        assert_eq!((code, stdout.as_str()), (64, ""));
        assert!(
            stderr.contains("COPYDESK_MAX_BODIES") && stderr.lines().count() == 1,
            "{stderr}"
        );
    }
    let (code, _, stderr) = run(copydesk(&["config", "check", "--tokens-file", "/no/such/file"]), b"");
    assert!(code == 64 && stderr.contains("/no/such/file"), "{stderr}");
}

/// A pipe that nobody writes to would be waited for, and a device never ends.
#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_files_of_settings() {
    let folder = std::env::temp_dir().join(format!("copydesk-pipes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let pipe = folder.join("pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let (folder_name, pipe) = (folder.to_string_lossy(), pipe.to_string_lossy());
    for arguments in [
        ["config", "check", "--tokens-file", &pipe],
        ["config", "check", "--tokens-file", "/dev/zero"],
        ["rules", "check", "--rules", &folder_name],
        ["rules", "check", "--filter-list", &pipe],
        ["rules", "check", "--filter-list", "/dev/zero"],
    ] {
        let (code, _, stderr) = run(copydesk(&arguments), b"");
        assert!(
            code != 0 && stderr.contains("not a regular file"),
            "{arguments:?}: {code}, {stderr}"
        );
    }
    std::fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn what_config_prints_can_be_set_again() {
    let mut first = copydesk(&["config", "print", "--timeout", "1500ms"]);
    first.env("COPYDESK_MEMORY_LIMIT", "1GiB");
    let (code, printed, _) = run(first, b"");
    assert_eq!(code, 0);
    assert!(
        printed.contains("COPYDESK_TIMEOUT=1s 500ms\n") && printed.contains("COPYDESK_MEMORY_LIMIT=1GiB\n"),
        "{printed}"
    );
    let mut second = copydesk(&["config", "print"]);
    second.envs(printed.lines().filter_map(|line| line.split_once('=')));
    assert_eq!(run(second, b"").1, printed);
}

#[test]
fn descriptors_that_run_out_come_back() {
    let mut command = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_copydesk");
    let line = format!("ulimit -n 48; exec {binary} serve --log-format json --bind 127.0.0.1:0 --max-connections 500");
    command.args(["-c", &line]).env_clear();
    let (process, address) = Process::listening(command);
    let held: Vec<_> = (0..60).map(|_| Connection::to(address)).collect();
    process.wait_for("accept failed");
    drop(held);
    assert_eq!(status_of(address, "/livez"), 200);
}

/// The memory that a document may take is what the settings count with: measured on a process at work.
#[test]
fn no_document_takes_more_memory_than_is_counted() {
    let bytes = 512 << 10;
    let html = ["<p>x", "<p><img src=a alt=b>\n", "&lt; words "].map(|piece| (piece, "text/html"));
    let markdown =
        ["- a\n", "_a_ b", "[a](b) ", "&", "[a] ", "|12345", "a\n\n\n\n"].map(|piece| (piece, "text/markdown"));
    for (piece, content_type) in html.into_iter().chain(markdown) {
        let page = piece.repeat(bytes / piece.len());
        let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--timeout", "2m"]);
        let before = peak_bytes(&process);
        let mut stream = TcpStream::connect(address).expect("it listens");
        let length = page.len();
        write!(
            stream,
            "POST /v1/normalize?fields=all HTTP/1.1\r\nHost: t\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        )
        .expect("it reads");
        stream.write_all(page.as_bytes()).expect("it reads");
        let reply = Connection::of(stream).patient().reply();
        assert_eq!(
            reply.status,
            200,
            "{:?}",
            String::from_utf8_lossy(&reply.body[..200.min(reply.body.len())])
        );
        let taken = peak_bytes(&process) - before;
        let elements = page.bytes().filter(|&byte| byte == b'<').count();
        let bounds = copydesk::bounds::Bounds::default();
        let work = match content_type {
            "text/html" => bounds.work_bytes(length, elements),
            _ => bounds.markdown_work_bytes(length, copydesk::input::markdown::elements_at_most(length)),
        };
        let counted = work + length;
        assert!(
            taken <= counted + ALLOCATOR_BYTES,
            "{taken} bytes for {:?}, counted {counted}",
            &page[..20]
        );
    }
}

/// What streams are counted with, on those that take the most while they wait.
#[test]
fn no_stream_takes_more_memory_than_is_counted() {
    const MIB: usize = 1 << 20;
    for (streams, page, counted_bytes) in [
        (100, "<p>".repeat(8000), MIB),
        (100, "<div>".repeat(4000), MIB),
        (100, "<x>".repeat(4000), MIB),
        (100, "<p><b></p></b>".repeat(4000), MIB),
        (10, format!("<p><!--{}", "x".repeat(MIB)), 8 * MIB),
        (10, format!("<p><a href='{}", "x".repeat(MIB)), 8 * MIB),
        (10, format!("<p><a {}", "x ".repeat(MIB / 8)), 16 * MIB),
    ] {
        let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--memory-limit", "8GiB"]);
        let before = peak_bytes(&process);
        let open: Vec<Connection> = (0..streams)
            .map(|_| {
                let mut connection = Connection::to(address);
                connection.write("POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
                connection.write_chunk(page.as_bytes());
                connection
            })
            .collect();
        let counted = await_figure(address, "copydesk_body_memory_bytes", |bytes| {
            bytes >= (streams * counted_bytes) as f64
        });
        let taken = peak_bytes(&process) - before;
        assert!(
            taken <= counted as usize + ALLOCATOR_BYTES,
            "{taken} bytes for {streams} of {:?}, counted {counted}",
            &page[..20]
        );
        drop(open);
        await_figure(address, "copydesk_body_memory_bytes", |bytes| bytes == 0.0);
    }
}

/// What the allocator keeps for itself, whatever a document's size: counted as the process's own.
pub(crate) const ALLOCATOR_BYTES: usize = 32 << 20;

pub(crate) fn peak_bytes(process: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).expect("it runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("Linux");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

/// The service opens no connection of its own, whatever a document asks for.
///
/// Under strace every `connect` is seen. Where tracing is not allowed, the service runs in a network of its own that
/// leads nowhere, which shows that it needs none; where that is not allowed either, the test says so.
#[test]
fn no_connection_goes_out() {
    let hostile = "<html><head><base href=http://127.0.0.1:9/><link rel=stylesheet href=x><script src=http://127.0.0.1:9/s></script>\
         </head><body><article><h1>Harbour</h1><img src=http://127.0.0.1:9/i.png><iframe src=http://127.0.0.1:9/f></iframe>\
         <p>The harbour of the town was built by fishermen.</p></article></body></html>";
    let seen = Scratch::file("strace", "");
    let trace = seen.0.to_string_lossy().into_owned();
    let binary = env!("CARGO_BIN_EXE_copydesk");
    let serve = [binary, "serve", "--log-format", "json", "--bind", "127.0.0.1:0"];
    if works(&["strace", "-f", "-e", "trace=connect", "-o", "/dev/null", "true"]) {
        let mut command = Command::new("strace");
        // An exit line for each thread shows that the tracer was there.
        command
            .args(["-f", "-e", "trace=connect,exit_group", "-o", &trace])
            .args(serve);
        let (mut process, address) = Process::listening(command);
        for target in [
            "/v1/normalize?url=http://127.0.0.1:9/page",
            "/v1/clean?url=http://127.0.0.1:9/page",
        ] {
            let mut connection = Connection::to(address);
            let length = hostile.len();
            connection.write(format!(
                "POST {target} HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{hostile}"
            ));
            assert_eq!(connection.reply().status, 200);
        }
        // The signal is for the service and not for its tracer.
        let children = format!("/proc/{0}/task/{0}/children", process.child.id());
        let child = std::fs::read_to_string(children).expect("Linux");
        assert!(works(&["kill", "-s", "TERM", child.trim()]));
        assert!(process.ended().success());
        let calls = std::fs::read_to_string(&seen.0).expect("strace wrote it");
        assert!(calls.contains("exited with 0"), "{calls}");
        assert!(!calls.contains("connect("), "{calls}");
        return;
    }
    if works(&["unshare", "-rn", "sh", "-c", "ip link set lo up"]) {
        let script = format!(
            "ip link set lo up; printf %s \"$PAGE\" | {binary} normalize - && printf %s \"$PAGE\" | {binary} clean"
        );
        let mut command = Command::new("unshare");
        command.args(["-rn", "sh", "-c", &script]).env("PAGE", hostile);
        let (code, stdout, stderr) = run(command, b"");
        assert!(code == 0 && stdout.contains("fishermen"), "{stderr}");
        return;
    }
    eprintln!("NOT TESTED: neither strace nor unshare may run here, so connections were not watched");
}

fn works(command: &[&str]) -> bool {
    let outcome = Command::new(command[0]).args(&command[1..]).output();
    outcome.is_ok_and(|output| output.status.success())
}

#[test]
fn alive_on_one_core_with_every_worker_at_work() {
    if !works(&["taskset", "-c", "0", "true"]) {
        eprintln!("NOT TESTED: there is no taskset here");
        return;
    }
    let mut command = Command::new("taskset");
    let binary = env!("CARGO_BIN_EXE_copydesk");
    command.args([
        "-c",
        "0",
        binary,
        "serve",
        "--log-format",
        "json",
        "--bind",
        "127.0.0.1:0",
        "--timeout",
        "60s",
    ]);
    let (process, address) = Process::listening(command);
    let page = PAGE.repeat(3000);
    let senders: Vec<_> = (0..2)
        .map(|_| {
            let mut connection = Connection::to(address);
            let length = page.len();
            connection.write(format!(
                "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n"
            ));
            connection.write(&page);
            connection
        })
        .collect();
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(status_of(address, "/livez"), 200);
            begun.elapsed()
        })
        .collect();
    times.sort();
    // The middle one: the other tests want this core as well.
    assert!(times[7] < Duration::from_millis(100), "{times:?}");
    drop((senders, process));
}
