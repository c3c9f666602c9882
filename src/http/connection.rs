//! One connection from its first byte to its last: what is waited for, how long, and how it is closed.
//!
//! hyper has one timer, for a request's head. This one distinguishes three waits: for a head that is coming, for a request that
//! may never come, and for a peer that leaves its answer unread. A body's own time is kept where it is read (`limits`).
//!
//! # A client that sends no more
//! A client may close its sending half behind a whole request and still read the answer (RFC 9112, section 9.6); one that is
//! gone sends the very same FIN. Only a byte from the server distinguishes them: a socket that is closed answers it with a reset. So
//! what is sent then is an interim `100 Continue`, which every client of HTTP/1.1 reads over (RFC 9110, section 15.2.1); on
//! a reset, then or later, the work ends. Where no interim answer may be sent, to HTTP/1.0 or once the answer has begun, the
//! answer's own bytes find out: the work for a client that is gone goes on until then.

use std::{
    io,
    net::Shutdown,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, http::Version};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};
use tower::ServiceExt as _;

use super::{App, error::ApiError};
use crate::{config::HttpTimeouts, error::ErrorCode};

/// Bytes of a request's head, and of each piece of a body. A head past it is answered with 431.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long a connection without a request is kept once a drain has begun: its next request may be on
/// the way, and nothing that was accepted is to be lost.
const LAST_CALL: Duration = Duration::from_secs(1);
/// How long a connection must have been idle to be closed for others to come in.
const CROWDED_IDLE: Duration = Duration::from_secs(1);
/// The timers are looked at this often at least, because what they wait for changes meanwhile.
const LOOK: Duration = Duration::from_secs(2);

/// What all connections listen to.
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) drain: watch::Sender<bool>,
    /// There are as many connections as there may be.
    pub(super) crowded: Notify,
}

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, router: Router, app: Arc<App>, signals: Arc<Signals>) {
    let (timeouts, watch) = (app.timeouts, Arc::new(ConnectionWatch::new()));
    let asked = Notify::new();
    let service = service_fn(|mut request: Request<Incoming>| {
        watch.begin_work(request.version());
        asked.notify_one();
        request.extensions_mut().insert(Arc::clone(&watch));
        router.clone().oneshot(request.map(Body::new))
    });
    let stream = Arc::new(stream);
    let mut peer = PeerStream {
        stream: Arc::clone(&stream),
        has_ended: false,
        is_probed: false,
    };
    let stream = WatchedStream {
        stream: Arc::clone(&stream),
        watch: Arc::clone(&watch),
    };
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .half_close(true)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let mut drain = signals.drain.subscribe();
    let mut last_call = None;
    let mut told = false;
    let mut second_look: Option<Instant> = None;
    loop {
        if peer.needs_probe() && watch.takes_interim() && peer.probe().is_err() {
            return;
        }
        if last_call.is_some() && !told && watch.is_working() {
            serving.as_mut().graceful_shutdown();
            told = true;
        }
        let look = watch
            .next_look(&timeouts)
            .min(last_call.filter(|_| !told).unwrap_or_else(far))
            .max(second_look.unwrap_or_else(Instant::now));
        tokio::select! {
            // In this order: what has come is read before any timer is looked at.
            biased;
            // Its errors are the peer's: bad requests, resets. What was asked for has its own line in the log.
            served = serving.as_mut() => {
                // hyper answers every bad head but this one, which is HTTP/2's.
                if served.is_err_and(|error| error.is_parse()) && !watch.has_written() {
                    peer.refuse_http2();
                }
                return;
            }
            _ = drain.wait_for(|&draining| draining), if last_call.is_none() => {
                last_call = Some(Instant::now() + LAST_CALL);
            }
            () = asked.notified(), if (last_call.is_some() && !told) || peer.needs_probe() => {}
            is_gone = peer.is_gone() => {
                if is_gone {
                    return;
                }
            }
            () = signals.crowded.notified() => {
                if watch.is_idle_for(CROWDED_IDLE) {
                    return app.metrics.ended("crowded");
                }
            }
            () = sleep_until(look) => {
                // A service that was kept waiting itself, by a busy or a frozen machine, would blame its peers for that, and
                // hang up on requests that lie there: so it looks twice, and reads what there is in between.
                match (watch.overdue(&timeouts), second_look) {
                    (Some(reason), Some(_)) => {
                        tracing::debug!(reason, "a connection was ended");
                        return app.metrics.ended(reason);
                    }
                    (overdue, _) => second_look = overdue.map(|_| Instant::now() + HttpTimeouts::SECOND_LOOK),
                }
                if !told && last_call.is_some_and(|end| end <= Instant::now()) && !watch.is_working() {
                    return;
                }
            }
        }
    }
}

/// The interim response that distinguishes a client that still reads from one that is gone.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The other side of a connection, beside what hyper reads of it.
struct PeerStream {
    stream: Arc<TcpStream>,
    /// It sends no more.
    has_ended: bool,
    /// It has been sent an interim answer since.
    is_probed: bool,
}

impl PeerStream {
    /// Waits until it sends no more, and after that until it resets the connection. Returns whether it is gone.
    async fn is_gone(&mut self) -> bool {
        match self.stream.ready(self.interest()).await {
            Ok(ready) if ready.is_error() => true,
            Ok(_) => {
                self.has_ended = true;
                false
            }
            Err(_) => true, // the runtime ends
        }
    }

    /// On Linux `PRIORITY` alone is satisfied by a closed sending half, and not by data that lies there unread as well.
    #[cfg(target_os = "linux")]
    fn interest(&self) -> Interest {
        if self.has_ended {
            Interest::ERROR
        } else {
            Interest::PRIORITY | Interest::ERROR
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn interest(&self) -> Interest {
        Interest::ERROR
    }

    fn needs_probe(&self) -> bool {
        self.has_ended && !self.is_probed
    }

    /// Sends the interim answer. A part of it would spoil the answer behind it: then the connection is of no use any more.
    fn probe(&mut self) -> io::Result<()> {
        self.is_probed = true;
        match self.stream.try_write(CONTINUE) {
            Ok(length) if length == CONTINUE.len() => Ok(()),
            Ok(_) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The answer to HTTP/2's preface, which hyper drops without one. It fits the send buffer of a fresh connection.
    fn refuse_http2(&self) {
        let detail = "this is HTTP/2, and the service speaks HTTP/1.1 only; put a proxy in front of it";
        let _ = self
            .stream
            .try_write(&ApiError::new(ErrorCode::HttpVersion, detail).to_bytes());
    }
}

fn far() -> Instant {
    Instant::now() + LOOK
}

/// What a connection is doing, as its bytes and its requests show.
#[derive(Debug)]
pub(super) struct ConnectionWatch(Mutex<ConnState>);

#[derive(Debug, Clone, Copy)]
struct ConnState {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// Since when the peer has taken nothing of what we have for it.
    unread: Option<Instant>,
    /// The handler of the request also watches for an unread response, and needs time to report it.
    is_looked_after: bool,
    /// An interim response may still go out before the one to the current request.
    takes_interim: bool,
    /// A byte has been written.
    has_written: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A head is coming; a new connection is taken to have one on the way.
    Head,
    /// A request is being answered.
    Work,
    /// Nothing.
    Idle,
}

impl ConnectionWatch {
    fn new() -> Self {
        ConnectionWatch(Mutex::new(ConnState {
            phase: Phase::Head,
            since: Instant::now(),
            unread: None,
            is_looked_after: false,
            takes_interim: false,
            has_written: false,
        }))
    }

    fn state(&self) -> MutexGuard<'_, ConnState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.since) = (phase, Instant::now());
        state.is_looked_after = false;
    }

    /// The work on this request ends by itself when its answer is left unread: we only watch over it.
    pub(super) fn is_looked_after(&self) {
        self.state().is_looked_after = true;
    }

    fn begin_work(&self, version: Version) {
        self.enter(Phase::Work);
        self.state().takes_interim = version >= Version::HTTP_11;
    }

    /// The answer begins: nothing may go out in front of it any more.
    pub(super) fn begin_answer(&self) {
        self.state().takes_interim = false;
    }

    /// Whether an interim answer may be sent now: none to HTTP/1.0, and none into another answer.
    fn takes_interim(&self) -> bool {
        let state = self.state();
        state.phase == Phase::Work && state.takes_interim && state.unread.is_none()
    }

    fn has_written(&self) -> bool {
        self.state().has_written
    }

    /// The answer has been handed to hyper; what the peer has not taken of it shows as `unread`.
    pub(super) fn end_work(&self) {
        self.enter(Phase::Idle);
    }

    fn has_read(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
        if state.unread.is_some() {
            state.unread = Some(Instant::now());
        }
    }

    /// A request is being answered, or its response is still being sent.
    fn is_working(&self) -> bool {
        let state = self.state();
        state.phase == Phase::Work || state.unread.is_some()
    }

    fn is_idle_for(&self, time: Duration) -> bool {
        let state = self.state();
        state.phase == Phase::Idle && state.unread.is_none() && state.since.elapsed() >= time
    }

    /// The end of our stall_timer, with its reason.
    fn end(&self, timeouts: &HttpTimeouts) -> Option<(Instant, &'static str)> {
        let state = *self.state();
        if let Some(since) = state.unread {
            let times = if state.is_looked_after { 2 } else { 1 };
            return Some((since + timeouts.stall_timeout * times, "stalled"));
        }
        match state.phase {
            Phase::Head => Some((state.since + timeouts.header_timeout, "header_timeout")),
            Phase::Idle => Some((state.since + timeouts.idle_timeout, "idle_timeout")),
            Phase::Work => None,
        }
    }

    fn overdue(&self, timeouts: &HttpTimeouts) -> Option<&'static str> {
        self.end(timeouts)
            .filter(|(end, _)| *end <= Instant::now())
            .map(|(_, reason)| reason)
    }

    fn next_look(&self, timeouts: &HttpTimeouts) -> Instant {
        let shortest = timeouts
            .header_timeout
            .min(timeouts.idle_timeout)
            .min(timeouts.stall_timeout);
        let look = Instant::now() + LOOK.min(shortest);
        self.end(timeouts).map_or(look, |(end, _)| end.min(look))
    }
}

/// A stream that reports what passes to its watch.
#[derive(Debug)]
struct WatchedStream {
    stream: Arc<TcpStream>,
    watch: Arc<ConnectionWatch>,
}

impl WatchedStream {
    fn note(&self, written: &Poll<io::Result<usize>>) {
        let mut state = self.watch.state();
        match written {
            Poll::Pending => {
                state.unread.get_or_insert_with(Instant::now);
            }
            Poll::Ready(_) => (state.unread, state.has_written) = (None, true),
        }
    }
}

/// Repeats what the socket was not ready for, when it is.
fn when_ready<T>(
    mut is_ready: impl FnMut() -> Poll<io::Result<()>>,
    mut act: impl FnMut() -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        ready!(is_ready())?;
        match act() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return Poll::Ready(done),
        }
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &self.stream;
        let read = ready!(when_ready(
            || stream.poll_read_ready(cx),
            || stream.try_read_buf(buffer)
        ))?;
        if read > 0 {
            self.watch.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = &self.stream;
        let polled = when_ready(|| stream.poll_write_ready(cx), || stream.try_write(bytes));
        self.note(&polled);
        polled
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = &self.stream;
        let polled = when_ready(|| stream.poll_write_ready(cx), || stream.try_write_vectored(slices));
        self.note(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // nothing is held back here
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
    }
}
