//! A load generator for the scripts beside it: what wrk does, with a rate that does not wait for the answers.
//!
//! ```text
//! hammer load ADDRESS PATH CONNECTIONS SECONDS RATE   RATE in requests a second, 0 for as fast as they are answered;
//!                                                     of a folder each file in turn
//! hammer ask ADDRESS PATH SECONDS RATE                the same for a GET, each on a connection of its own
//! hammer road PATH                                    the same road in this process, as often as each line on stdin says
//! hammer slices FILE BYTES                            how long /v1/clean takes for each slice of so many bytes
//! ```
//! The last line is JSON. A request is late from the moment at which it should have been sent, so that a server which
//! stops answering does not look fast. A client reads while it writes, and hangs up when it is refused before it has
//! written everything, as curl does.

use std::{
    collections::BTreeMap,
    env, fs, io,
    net::SocketAddr,
    pin::pin,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use copydesk::{
    bounds::{Bounds, Deadline},
    input::RawDocument,
    options::{CleanOptions, Options},
    pipeline::Pipeline,
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// The service's own: the road in this process is measured beside the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["load", address, path, connections, seconds, rate] => load(address, path, connections, seconds, rate),
        ["ask", address, path, seconds, rate] => ask(address, path, seconds, rate),
        ["road", path] => road(path),
        ["slices", file, bytes] => slices(file, bytes),
        _ => Err(io::Error::other(
            "hammer load ADDRESS PATH CONNECTIONS SECONDS RATE | hammer ask ADDRESS PATH SECONDS RATE | hammer road PATH | hammer slices FILE BYTES",
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hammer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> io::Result<f64> {
    text.parse()
        .map_err(|_| io::Error::other(format!("{text:?} is no number")))
}

/// What became of all requests: times in milliseconds by status; 0 is a connection that broke, and the first of those say
/// why.
#[derive(Debug, Default)]
struct Outcomes {
    times: BTreeMap<u16, Vec<f64>>,
    errors: Vec<String>,
}

/// As many reasons as anyone reads.
const ERRORS_KEPT: usize = 10;

/// A file's bytes, or those of each file of a folder by their names.
fn bodies(path: &str) -> io::Result<Vec<Vec<u8>>> {
    let mut files = vec![path.into()];
    if fs::metadata(path)?.is_dir() {
        files = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        files.sort();
    }
    files.into_iter().map(fs::read).collect()
}

fn load(address: &str, path: &str, connections: &str, seconds: &str, rate: &str) -> io::Result<()> {
    let mut requests = Vec::new();
    for body in bodies(path)? {
        let head = format!(
            "POST /v1/normalize HTTP/1.1\r\nHost: hammer\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        requests.push([head.into_bytes(), body].concat());
    }
    run(
        address,
        requests,
        number(connections)? as u64,
        number(seconds)?,
        number(rate)?,
    )
}

fn ask(address: &str, path: &str, seconds: &str, rate: &str) -> io::Result<()> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: hammer\r\nConnection: close\r\n\r\n");
    run(
        address,
        vec![request.into_bytes()],
        ASKERS,
        number(seconds)?,
        number(rate)?,
    )
}

/// Connections that questions are asked on: as many as could be waiting for an answer at once.
const ASKERS: u64 = 16;

fn run(address: &str, requests: Vec<Vec<u8>>, connections: u64, seconds: f64, rate: f64) -> io::Result<()> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let requests = Arc::new(requests);
    let outcomes = Arc::new(Mutex::new(Outcomes::default()));
    // The number of the next request. With a rate it is due at that number over the rate, whoever is free then.
    let next = Arc::new(AtomicU64::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (requests, outcomes, next) = (Arc::clone(&requests), Arc::clone(&outcomes), Arc::clone(&next));
            tasks.spawn(client(address, requests, outcomes, next, begun, seconds, rate));
        }
        tasks.join_all().await;
    });
    let elapsed = begun.elapsed().as_secs_f64();
    let mut statuses = serde_json::Map::new();
    let Outcomes { times, errors } = std::mem::take(&mut *outcomes.lock().expect("no panic"));
    for (status, mut times) in times {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let figures = json!({
            "count": times.len(), "per_second": times.len() as f64 / elapsed,
            "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
        });
        statuses.insert(status.to_string(), figures);
    }
    println!(
        "{}",
        json!({"seconds": elapsed, "rate": rate, "connections": connections, "statuses": statuses, "errors": errors})
    );
    Ok(())
}

async fn client(
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    outcomes: Arc<Mutex<Outcomes>>,
    next: Arc<AtomicU64>,
    begun: Instant,
    seconds: f64,
    rate: f64,
) {
    let mut stream = None;
    loop {
        let mut due = begun.elapsed().as_secs_f64();
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if rate > 0.0 {
            due = turn as f64 / rate;
            let wait = Duration::from_secs_f64(due).saturating_sub(begun.elapsed());
            if due < seconds {
                tokio::time::sleep(wait).await;
            }
        }
        if due >= seconds || begun.elapsed().as_secs_f64() >= seconds * 1.5 {
            return;
        }
        // Every client may be busy when a request is due: from here on it is the server's time, and before it ours too.
        let asked = begun.elapsed().as_secs_f64();
        let request = &requests[turn as usize % requests.len()];
        let outcome = exchange(&mut stream, address, request).await;
        let now = begun.elapsed().as_secs_f64();
        let mut outcomes = outcomes.lock().expect("no panic");
        if let Err(error) = &outcome
            && outcomes.errors.len() < ERRORS_KEPT
        {
            outcomes
                .errors
                .push(format!("{:.0} ms after it was sent: {error}", (now - asked) * 1000.0));
        }
        let status = outcome.unwrap_or(0);
        outcomes.times.entry(status).or_default().push((now - due) * 1000.0);
    }
}

/// One request and its answer on a connection that is kept while both sides keep it.
async fn exchange(kept: &mut Option<TcpStream>, address: SocketAddr, request: &[u8]) -> io::Result<u16> {
    let (mut stream, when) = match kept.take() {
        Some(stream) => (stream, "on a kept connection"),
        None => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            (stream, "on a new connection")
        }
    };
    let conversed = converse(&mut stream, request).await;
    let (status, keep) = conversed.map_err(|error| io::Error::other(format!("{error}, {when}")))?;
    if keep {
        *kept = Some(stream);
    }
    Ok(status)
}

/// The status of the answer, and whether the connection is good for another request.
async fn converse(stream: &mut TcpStream, request: &[u8]) -> io::Result<(u16, bool)> {
    let (reader, mut writer) = stream.split();
    let mut reading = pin!(answer(reader));
    tokio::select! {
        biased;
        answered = &mut reading => Ok((answered?.0, false)),
        // A server that refuses may also close before it has read everything: its answer can still be read.
        written = writer.write_all(request) => {
            let (status, keep) = reading.await?;
            Ok((status, keep && written.is_ok()))
        }
    }
}

/// The status of an answer that has come whole, and whether the server keeps the connection.
async fn answer(reader: impl AsyncRead + Unpin) -> io::Result<(u16, bool)> {
    let mut reader = BufReader::with_capacity(256 << 10, reader);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("no status line"))?;
    let (mut length, mut keep) = (0, true);
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            "connection" => keep = value.trim() != "close",
            _ => {}
        }
    }
    let mut left = reader.take(length);
    if tokio::io::copy(&mut left, &mut tokio::io::sink()).await? < length {
        return Err(io::Error::other("the answer broke off"));
    }
    Ok((status, keep))
}

fn road(path: &str) -> io::Result<()> {
    let bodies = bodies(path)?;
    let bounds = Bounds::default();
    let pipeline = Pipeline::built_in(bounds).map_err(io::Error::other)?;
    for line in io::stdin().lines() {
        let count = number(&line?)? as usize;
        for body in bodies.iter().cycle().take(count) {
            let document = RawDocument {
                bytes: body,
                content_type: Some("text/html"),
                ..RawDocument::default()
            };
            let answer = pipeline.normalize(&document, &Options::default(), &Deadline::after(bounds.time));
            // A page may have no text; that is an answer as well.
            let _ = std::hint::black_box(answer);
        }
        println!("{}", json!({"count": count}));
    }
    Ok(())
}

/// What waits for the end of its token from here on is worked on away from the async threads.
const ELSEWHERE_BYTES: usize = 256 << 10;

fn slices(file: &str, bytes: &str) -> io::Result<()> {
    let (page, bytes) = (fs::read(file)?, number(bytes)? as usize);
    let pipeline = Pipeline::built_in(Bounds::default()).map_err(io::Error::other)?;
    let mut fastest = vec![f64::INFINITY; page.len().div_ceil(bytes)];
    // The kernel takes the core away now and then: of a few rounds the best is what the work takes.
    for _ in 0..5 {
        let cleaner = pipeline.cleaner(Some("text/html; charset=utf-8"), &CleanOptions::default());
        let mut cleaner = cleaner.map_err(io::Error::other)?;
        for (slice, fastest) in page.chunks(bytes).zip(&mut fastest) {
            if cleaner.waiting_bytes() > ELSEWHERE_BYTES {
                *fastest = 0.0;
            }
            let begun = Instant::now();
            cleaner.write(slice).map_err(io::Error::other)?;
            std::hint::black_box(cleaner.take());
            *fastest = fastest.min(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    fastest.sort_by(f64::total_cmp);
    let at = |share: f64| fastest[((fastest.len() - 1) as f64 * share) as usize];
    println!(
        "{}",
        json!({"count": fastest.len(), "p50_ms": at(0.5), "max_ms": at(1.0)})
    );
    Ok(())
}
