//! The built binary: what it prints, what it obeys, and how it ends.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Connection, PAGE, PATIENCE};

/// The binary with a clean environment: the machine's own PORT is not the test's.
pub(crate) fn copydesk(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copydesk"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// A process with its log lines, killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    lines: Receiver<String>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| tell.send(line))
        });
        Process { child, lines }
    }

    pub(crate) fn serve(arguments: &[&str]) -> (Self, SocketAddr) {
        Process::listening(copydesk(&[&["serve", "--log-format", "json"], arguments].concat()))
    }

    pub(crate) fn listening(command: Command) -> (Self, SocketAddr) {
        let process = Process::start(command);
        let address = process.wait_for("listening")["address"]
            .as_str()
            .expect("an address")
            .parse();
        (process, address.expect("an address"))
    }

    /// The next log line with this message.
    #[track_caller]
    pub(crate) fn wait_for(&self, message: &str) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no line says {message:?}"));
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            if line["message"] == message {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Whether none of its threads runs: each stops when it is next looked at by the kernel.
    fn is_stopped(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it is there");
        let mut states = threads.filter_map(|thread| {
            let status = std::fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
            Some(status.contains("State:\tT"))
        });
        states.all(|is_stopped| is_stopped)
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        // Its log closes when it ends: waiting on that needs no clock of ours.
        let end = Instant::now() + PATIENCE;
        while self
            .lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
        assert!(Instant::now() < end, "the process does not end");
        self.child.wait().expect("a status")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs to the end with `input` on stdin: exit code, stdout, stderr.
pub(crate) fn run(mut command: Command, input: &[u8]) -> (i32, String, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A command that refuses its options never reads, and that is no fault here.
    let _ = child.stdin.take().expect("piped").write_all(input);
    let output = child.wait_with_output().expect("an output");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("an exit code"),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_drain_finishes_what_is_in_flight_and_exits_0() {
    for signal in ["TERM", "INT"] {
        let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0"]);
        let mut flying = Connection::to(address);
        let length = PAGE.len();
        flying.write(format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        ));
        assert_eq!(flying.line(), "HTTP/1.1 100 Continue", "the request is in flight");
        let mut idle = Connection::to(address);
        idle.write("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n");
        assert_eq!(idle.reply().status, 200);
        let mut fresh = Connection::to(address);

        process.signal(signal);
        process.wait_for("draining");
        fresh.write("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n");
        let reply = fresh.reply();
        reply.is_problem(503, "draining");
        assert!(reply.header("retry-after").is_some());
        assert_eq!(reply.header("connection"), Some("close"));
        assert!(idle.is_closed());
        assert!(
            TcpStream::connect_timeout(&address, PATIENCE).is_err(),
            "no new connections"
        );

        assert_eq!(flying.line(), "", "the end of the 100");
        flying.write(PAGE);
        let reply = flying.reply();
        assert_eq!((reply.status, reply.whole), (200, true));
        assert_eq!(process.ended().code(), Some(0), "after SIG{signal}");
    }
}

#[test]
fn what_outlasts_the_grace_is_cut_and_told() {
    let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--grace", "200ms"]);
    let mut flying = Connection::to(address);
    flying.write("POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(flying.line(), "HTTP/1.1 100 Continue");
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(1));
}

#[test]
fn no_command_means_serve_and_port_means_all_addresses() {
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port();
    let mut command = copydesk(&[]);
    command.env("PORT", port.to_string()).env("COPYDESK_LOG_FORMAT", "json");
    let (_process, address) = Process::listening(command);
    assert!(address.ip().is_unspecified() && address.port() == port, "{address}");
    let mut connection = Connection::to(SocketAddr::from(([127, 0, 0, 1], port)));
    connection.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(connection.reply().status, 200);
    // The same variable tells the health command where to ask.
    let mut health = copydesk(&["health"]);
    health.env("PORT", port.to_string());
    assert_eq!(run(health, b""), (0, String::new(), String::new()));
}

#[test]
fn copydesk_bind_wins_over_port() {
    let mut command = copydesk(&["serve"]);
    command
        .env("PORT", "1")
        .env("COPYDESK_BIND", "127.0.0.1:0")
        .env("COPYDESK_LOG_FORMAT", "json");
    let (_process, address) = Process::listening(command);
    assert!(address.ip().is_loopback() && address.port() != 1, "{address}");
}

#[test]
fn bad_settings_exit_64_before_a_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for (name, value) in [
        ("COPYDESK_MAX_BODY", "lots"),
        ("COPYDESK_TIMEOUT", "soon"),
        ("COPYDESK_CONCURRENCY", "0"),
        ("COPYDESK_GRACE", "10"),
        ("COPYDESK_LOG", "loud"),
    ] {
        let mut command = copydesk(&["serve", "--bind", &address]);
        command.env(name, value);
        let (code, stdout, stderr) = run(command, b"");
        assert_eq!(
            (code, stdout.as_str()),
            (64, ""),
            "{name}={value}: a taken port would be a 1"
        );
        assert!(stderr.contains(value) && stderr.lines().count() == 1, "{stderr}");
    }
    let (code, _, stderr) = run(copydesk(&["serve", "--bind", "example.org:80"]), b"");
    assert_eq!(code, 64, "{stderr}");
    let (code, _, stderr) = run(copydesk(&["serve", "--bind", &address]), b"");
    assert!(code == 1 && stderr.contains(&address), "a taken port: {stderr}");
    assert_eq!(run(copydesk(&["serve", "--nope"]), b"").0, 2, "clap's own");
}

#[test]
fn health_exits_0_or_1() {
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0"]);
    let ask = |url: &str| run(copydesk(&["health", "--url", url]), b"").0;
    assert_eq!(ask(&format!("http://{address}/readyz")), 0);
    assert_eq!(ask(&format!("http://{address}/nope")), 1);
    assert_eq!(ask("https://127.0.0.1/"), 1);
    let mut by_variable = copydesk(&["health"]);
    by_variable.env("COPYDESK_BIND", address.to_string());
    assert_eq!(run(by_variable, b"").0, 0);
    drop(process);
    let (code, _, stderr) = run(copydesk(&["health", "--url", &format!("http://{address}/readyz")]), b"");
    assert!(code == 1 && stderr.contains("asking"), "{stderr}");
}

#[test]
fn a_line_a_request_without_a_word_of_the_document() {
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--log", "debug"]);
    let mut connection = Connection::to(address);
    let secret = "<p>xyzzy the secret word</p>";
    let length = secret.len();
    connection.write(format!(
        "POST /v1/normalize?url=https://example.org/xyzzy HTTP/1.1\r\nHost: t\r\nX-Request-Id: seen-1\r\n\
         Content-Length: {length}\r\n\r\n{secret}"
    ));
    connection.reply();
    let line = process.wait_for("request");
    assert_eq!(line["id"], "seen-1");
    assert_eq!(line["route"], "/v1/normalize");
    assert_eq!(line["method"], "POST");
    assert!(
        line["status"].is_number() && line["bytes_out"].as_u64() > Some(0) && line["ms"].is_number(),
        "{line}"
    );
    assert!(!line.to_string().contains("xyzzy"), "{line}");

    connection.write("GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
    connection.reply();
    assert_eq!(process.wait_for("request")["level"], "DEBUG", "health is quiet");
}

#[test]
fn the_command_line_gives_what_the_service_gives() {
    let (_process, address) = Process::serve(&["--bind", "127.0.0.1:0"]);
    let mut connection = Connection::to(address);
    let length = PAGE.len();
    connection.write(format!(
        "PUT /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n{PAGE}"
    ));
    let served = connection.reply();
    assert_eq!(served.status, 200);
    for _ in 0..2 {
        let (code, stdout, stderr) = run(copydesk(&["normalize", "-"]), PAGE.as_bytes());
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, served.text(), ""));
    }
    let file = std::env::temp_dir().join(format!("copydesk-{}.html", std::process::id()));
    std::fs::write(&file, PAGE).expect("a file");
    let (code, stdout, _) = run(copydesk(&["normalize", &file.to_string_lossy()]), b"");
    std::fs::remove_file(&file).expect("it was there");
    assert_eq!((code, stdout.as_str()), (0, served.text()));
}

#[test]
fn refusals_on_the_command_line_are_one_line_and_exit_1() {
    for (arguments, input, word) in [
        (&["normalize", "-"][..], "", "empty_body"),
        (&["normalize", "/no/such/file"], "", "/no/such/file"),
        (&["clean"], "", "empty_body"),
    ] {
        let (code, stdout, stderr) = run(copydesk(arguments), input.as_bytes());
        assert_eq!((code, stdout.as_str()), (1, ""), "{arguments:?}");
        assert!(stderr.contains(word) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn options_of_the_command_line_are_those_of_the_route() {
    let (code, stdout, stderr) = run(copydesk(&["normalize", "--format", "text", "-"]), PAGE.as_bytes());
    assert!(
        code == 0 && stdout.contains("fishermen") && !stdout.contains('{'),
        "{stdout} {stderr}"
    );
    let (code, _, stderr) = run(copydesk(&["normalize", "--mode", "guess", "-"]), PAGE.as_bytes());
    assert!(code == 1 && stderr.contains("bad_option"), "{stderr}");
}

#[test]
fn clean_streams_from_stdin_to_stdout() {
    let mut child = copydesk(&["clean"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let paragraph = "<p>The boats come back in the morning.</p>\n".repeat(100);
    stdin.write_all(paragraph.as_bytes()).expect("it reads");
    let mut first = [0; 12];
    stdout
        .read_exact(&mut first)
        .expect("output while the input is still open");
    assert_eq!(&first, b"<p>The boats");
    drop(stdin);
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).expect("the rest");
    assert_eq!([&first[..], &rest].concat(), paragraph.as_bytes());
    assert!(child.wait().expect("a status").success());
}

#[test]
fn clean_writes_down_what_it_removes() {
    let report = std::env::temp_dir().join(format!("copydesk-report-{}", std::process::id()));
    let path = report.to_str().expect("a path of text");
    let page = "<p>a</p><p class=advertisement>b<script>x</script></p><x-y class=mine>c</x-y>";
    let (code, out, _) = run(
        copydesk(&["clean", "--remove", ".mine", "--report", path]),
        page.as_bytes(),
    );
    let written = std::fs::read_to_string(&report).expect("a report");
    let _ = std::fs::remove_file(&report);
    assert_eq!((code, out.as_str()), (0, "<p>a</p>"));
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"rule":"generic/ad-slot","category":"advertisement","tag":"p","byte_start":8,"byte_end":54}"#,
            r#"{"rule":"user/remove","category":"user","tag":"x-y","byte_start":54,"byte_end":77}"#,
        ]
    );
    let (code, _, error) = run(copydesk(&["clean", "--report", "/no/such/folder/report"]), b"<p>");
    assert!(code == 1 && error.contains("/no/such/folder/report"), "{error}");
}

/// A machine that freezes or is far too busy keeps the service itself waiting: what has come meanwhile is answered, however
/// long ago that was.
#[test]
fn a_service_that_was_held_up_answers_what_has_come() {
    const TIMEOUT: Duration = Duration::from_secs(4);
    let (process, address) = Process::serve(&[
        "--bind",
        "127.0.0.1:0",
        "--header-timeout",
        "4s",
        "--idle-timeout",
        "4s",
    ]);
    let mut connections: Vec<Connection> = (0..16).map(|_| Connection::to(address)).collect();
    let ask = "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n";
    for connection in &mut connections {
        connection.write(ask);
        assert_eq!(connection.reply().status, 200);
    }
    process.signal("STOP");
    while !process.is_stopped() {}
    connections.iter_mut().for_each(|connection| connection.write(ask));
    let first = connections[0].stream();
    first.set_read_timeout(Some(TIMEOUT + TIMEOUT / 4)).expect("a timeout");
    assert!(first.peek(&mut [0]).is_err(), "a stopped process answers nothing");
    first.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    process.signal("CONT");
    for connection in &mut connections {
        assert_eq!(connection.reply().status, 200);
    }
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    let mut child = copydesk(&["clean"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("piped");
    // It ends in the middle of what we write.
    while stdin.write_all(PAGE.as_bytes()).is_ok() {}
    let output = child.wait_with_output().expect("an output");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// A drain must not wait for a connection that was opened and never used, as load balancers do.
#[test]
fn a_silent_connection_does_not_hold_the_drain() {
    let (mut process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--grace", "15s"]);
    let _silent = Connection::to(address);
    let mut half = Connection::to(address);
    half.write("GET /livez HTTP/1.1\r\nHost:");
    let begun = Instant::now();
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
}
