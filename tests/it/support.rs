//! The real server in this process, and a client that sees the raw wire.
//!
//! The client is plain blocking sockets: what it sends and when is the test's business, and a client library would mend
//! exactly what the tests want to break. Every read has a deadline, so that a hang is a failure with a place.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    num::NonZeroUsize,
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use copydesk::{
    bounds::Bounds,
    config::HttpTimeouts,
    http::{self, App, Drained, Tokens},
    pipeline::Pipeline,
    workers::{Limits, Workers},
};
use serde_json::Value;
use tokio::sync::oneshot;

/// How long a test waits for anything before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A small page that every road takes.
pub(crate) const PAGE: &str = "<!doctype html><html><head><title>Harbour</title></head><body><article><h1>Harbour</h1>\
    <p>The harbour of the town was built by fishermen, and it has been open all year round since then.</p>\
    <p>Every morning the boats come back with what the night has given them, and the market opens.</p>\
    </article></body></html>\n";

/// A running server. It drains when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Its pool, for tests that keep it busy.
    pub(crate) workers: Workers,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Drained>>,
}

impl Server {
    /// With the service's defaults.
    pub(crate) fn start() -> Self {
        Server::with(Bounds::default(), HttpTimeouts::default())
    }

    pub(crate) fn with(bounds: Bounds, wire: HttpTimeouts) -> Self {
        let two = NonZeroUsize::new(2).expect("two");
        Server::within(bounds, wire, Limits::of_cores(two), None)
    }

    pub(crate) fn within(bounds: Bounds, wire: HttpTimeouts, limits: Limits, tokens: Option<Tokens>) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let workers = Workers::with(limits);
        let pool = workers.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let pipeline = Pipeline::built_in(bounds).expect("the built-in rules load");
                let app = App::guarded(pipeline, pool, wire, tokens);
                let listener = http::listen("127.0.0.1:0".parse().expect("an address")).expect("a free port");
                tell.send(listener.local_addr().expect("an address"))
                    .expect("the test waits");
                let stop = async move {
                    let _ = stopped.await;
                };
                http::serve(listener, app, stop, std::future::pending()).await
            })
        });
        Server {
            address: told.recv_timeout(PATIENCE).expect("the server starts"),
            workers,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Drains the server and tells how that went.
    pub(crate) fn stop(mut self) -> Drained {
        self.end().expect("it was running")
    }

    fn end(&mut self) -> Option<Drained> {
        drop(self.stop.take());
        self.thread
            .take()
            .map(|thread| thread.join().expect("the server does not panic"))
    }

    /// Whether all memory comes back, as it does a moment after the answer is whole.
    pub(crate) fn gives_memory_back(&self) -> bool {
        let end = Instant::now() + PATIENCE;
        while self.workers.body_bytes() > 0 && Instant::now() < end {
            std::thread::yield_now();
        }
        self.workers.body_bytes() == 0
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        Request {
            address: self.address,
            method: method.to_owned(),
            head: format!("{method} {target} HTTP/1.1\r\nHost: test\r\n"),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.request("GET", target).send()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// A request with a whole body.
pub(crate) struct Request {
    address: SocketAddr,
    method: String,
    head: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        self
    }

    pub(crate) fn send(self) -> Reply {
        let mut connection = Connection::to(self.address);
        connection.write(format!("{}Connection: close\r\n\r\n", self.head).as_bytes());
        connection.write(&self.body);
        connection.reply_to(&self.method)
    }
}

/// One connection, byte by byte.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// Those of the last chunked answer.
    pub(crate) trailers: Vec<String>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Connection::of(TcpStream::connect_timeout(&address, PATIENCE).expect("the server listens"))
    }

    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Connection {
            stream: BufReader::new(stream),
            trailers: Vec::new(),
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// For work that takes long in a debug build, on threads that yield to whatever else the machine does.
    pub(crate) fn patient(self) -> Self {
        self.stream().set_read_timeout(Some(5 * PATIENCE)).expect("a timeout");
        self
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .get_mut()
            .write_all(bytes.as_ref())
            .expect("the server reads");
    }

    /// One piece of a chunked body.
    pub(crate) fn write_chunk(&mut self, bytes: &[u8]) {
        self.write(format!("{:x}\r\n", bytes.len()));
        self.write(bytes);
        self.write("\r\n");
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line of text");
        line.trim_end().to_owned()
    }

    /// Whether the server closes (or resets) the connection without another word.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0; 1]) {
            Ok(length) => length == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Status and headers.
    pub(crate) fn head(&mut self) -> Reply {
        let status = self.line();
        let mut reply = Reply {
            status: status.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0),
            headers: Vec::new(),
            body: Vec::new(),
            whole: false,
        };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else {
                return reply;
            };
            reply.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The status of the next answer, `None` when the connection ends before there is one.
    pub(crate) fn head_if_any(&mut self) -> Option<u16> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        line.split(' ').nth(1)?.parse().ok()
    }

    /// One chunk of a chunked answer: `None` at its end, an error where it is cut.
    pub(crate) fn chunk(&mut self) -> Result<Option<Vec<u8>>, std::io::Error> {
        let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let mut size = String::new();
        if self.stream.read_line(&mut size)? == 0 {
            return Err(cut());
        }
        let length = usize::from_str_radix(size.trim(), 16).map_err(|_| cut())?;
        if length == 0 {
            self.trailers.clear();
            loop {
                let mut line = String::new();
                match self.stream.read_line(&mut line)? {
                    0 => return Err(cut()),
                    _ if line == "\r\n" => return Ok(None),
                    _ => self.trailers.push(line.trim_end().to_owned()),
                }
            }
        }
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk)?;
        chunk.truncate(length);
        Ok(Some(chunk))
    }

    pub(crate) fn reply(&mut self) -> Reply {
        self.reply_to("GET")
    }

    /// A whole answer to a request of this method; 1xx answers before it are passed over.
    pub(crate) fn reply_to(&mut self, method: &str) -> Reply {
        let mut reply = self.head();
        while (100..200).contains(&reply.status) {
            reply = self.head();
        }
        if method == "HEAD" {
            reply.whole = true;
        } else if reply.header("transfer-encoding") == Some("chunked") {
            let mut last = self.chunk();
            while let Ok(Some(chunk)) = last {
                reply.body.extend(chunk);
                last = self.chunk();
            }
            reply.whole = last.is_ok();
        } else if let Some(length) = reply.header("content-length") {
            reply.body = vec![0; length.parse().expect("a length")];
            reply.whole = self.stream.read_exact(&mut reply.body).is_ok();
        }
        reply
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the answer had the end that it announced.
    pub(crate) whole: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Checks that this is the problem `code` with this status, whole, in the right form.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/docs/errors/{code}"));
        assert_eq!(problem["request_id"], self.header("x-request-id").expect("an id"));
        problem
    }
}
