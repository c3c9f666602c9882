//! One connection from its first byte to its last: who is waited for, how long, and how it is told to go.
//!
//! hyper has one timer, for a request's head. Ours tells three waits apart: for a head that is coming, for a request that
//! may never come, and for a peer that leaves its answer unread. A body's own time is kept where it is read (`limits`).

use std::{
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};
use tower::ServiceExt as _;

use super::App;
use crate::config::Wire;

/// Bytes of a request's head, and of each piece of a body. A head past it is answered with 431.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long a connection that has no request in hand is listened to once a drain has begun: its next request may be on
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
    let (wire, watch) = (app.wire, Arc::new(Watch::new()));
    let asked = Notify::new();
    let service = service_fn(|mut request: Request<Incoming>| {
        watch.begin_work();
        asked.notify_one();
        request.extensions_mut().insert(Arc::clone(&watch));
        router.clone().oneshot(request.map(Body::new))
    });
    let stream = Watched {
        stream,
        watch: Arc::clone(&watch),
    };
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let mut drain = signals.drain.subscribe();
    let mut last_call = None;
    let mut told = false;
    let mut second_look: Option<Instant> = None;
    loop {
        if last_call.is_some() && !told && watch.is_working() {
            serving.as_mut().graceful_shutdown();
            told = true;
        }
        let look = watch
            .next_look(&wire)
            .min(last_call.filter(|_| !told).unwrap_or_else(far))
            .max(second_look.unwrap_or_else(Instant::now));
        tokio::select! {
            // In this order: what has come is read before any timer is looked at.
            biased;
            // Its errors are the peer's: bad requests, resets. What was asked for has its own line in the log.
            _ = serving.as_mut() => return,
            _ = drain.wait_for(|&draining| draining), if last_call.is_none() => {
                last_call = Some(Instant::now() + LAST_CALL);
            }
            () = asked.notified(), if last_call.is_some() && !told => {}
            () = signals.crowded.notified() => {
                if watch.is_idle_for(CROWDED_IDLE) {
                    return app.metrics.ended("crowded");
                }
            }
            () = sleep_until(look) => {
                // A service that was kept waiting itself, by a busy or a frozen machine, would blame its peers for that, and
                // hang up on requests that lie there: so it looks twice, and reads what there is in between.
                match (watch.overdue(&wire), second_look) {
                    (Some(reason), Some(_)) => {
                        tracing::debug!(reason, "a connection was ended");
                        return app.metrics.ended(reason);
                    }
                    (overdue, _) => second_look = overdue.map(|_| Instant::now() + Wire::SECOND_LOOK),
                }
                if !told && last_call.is_some_and(|end| end <= Instant::now()) && !watch.is_working() {
                    return;
                }
            }
        }
    }
}

fn far() -> Instant {
    Instant::now() + LOOK
}

/// What a connection is doing, as its bytes and its requests tell.
#[derive(Debug)]
pub(super) struct Watch(Mutex<State>);

#[derive(Debug, Clone, Copy)]
struct State {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// Since when the peer has taken nothing of what we have for it.
    unread: Option<Instant>,
    /// Whoever works on the request looks after an unread answer as well, and needs time to tell.
    is_looked_after: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A head is coming; a new connection is taken to have one on the way.
    Head,
    /// A request is in hand.
    Work,
    /// Nothing.
    Idle,
}

impl Watch {
    fn new() -> Self {
        Watch(Mutex::new(State {
            phase: Phase::Head,
            since: Instant::now(),
            unread: None,
            is_looked_after: false,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
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

    fn begin_work(&self) {
        self.enter(Phase::Work);
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

    /// A request is in hand, or its answer is still on its way.
    fn is_working(&self) -> bool {
        let state = self.state();
        state.phase == Phase::Work || state.unread.is_some()
    }

    fn is_idle_for(&self, time: Duration) -> bool {
        let state = self.state();
        state.phase == Phase::Idle && state.unread.is_none() && state.since.elapsed() >= time
    }

    /// The end of our patience, with its reason.
    fn end(&self, wire: &Wire) -> Option<(Instant, &'static str)> {
        let state = *self.state();
        if let Some(since) = state.unread {
            let times = if state.is_looked_after { 2 } else { 1 };
            return Some((since + wire.stall_timeout * times, "stalled"));
        }
        match state.phase {
            Phase::Head => Some((state.since + wire.header_timeout, "header_timeout")),
            Phase::Idle => Some((state.since + wire.idle_timeout, "idle_timeout")),
            Phase::Work => None,
        }
    }

    fn overdue(&self, wire: &Wire) -> Option<&'static str> {
        self.end(wire)
            .filter(|(end, _)| *end <= Instant::now())
            .map(|(_, reason)| reason)
    }

    fn next_look(&self, wire: &Wire) -> Instant {
        let shortest = wire.header_timeout.min(wire.idle_timeout).min(wire.stall_timeout);
        let look = Instant::now() + LOOK.min(shortest);
        self.end(wire).map_or(look, |(end, _)| end.min(look))
    }
}

/// A stream that tells its watch what passes.
#[derive(Debug)]
struct Watched {
    stream: TcpStream,
    watch: Arc<Watch>,
}

impl Watched {
    fn note(&self, written: &Poll<io::Result<usize>>) {
        let mut state = self.watch.state();
        match written {
            Poll::Pending => {
                state.unread.get_or_insert_with(Instant::now);
            }
            Poll::Ready(_) => state.unread = None,
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.watch.has_read();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
