//! The listener, the accept loop and the drain.
//!
//! axum's own `serve` sets no timeout on a request's head, so that one silent client could hold a connection, and with it
//! a drain, for ever. So the loop is ours, on hyper.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

use super::{App, router};
use crate::config::Wire;

/// Connections that may wait in the kernel for the accept loop.
const BACKLOG: i32 = 1024;
/// Bytes of a request's head, and of each piece of a body. A head past it is answered with 431.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long the loop waits after a failed accept: descriptors have run out, and only other connections can free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection that was accepted, and has sent no request yet, is listened to once a drain has begun: its
/// request may be on the way, and nothing that was accepted is to be lost.
const FIRST_REQUEST_WAIT: Duration = Duration::from_secs(1);

/// How a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still at work when the grace was over.
    pub cut: usize,
}

/// Opens the socket. `[::]` takes IPv4 as well, whatever the system's default is, and where there is no IPv6 it means
/// every IPv4 address: a container image cannot know its host.
///
/// # Errors
/// The system's, as for a port that is taken.
pub fn listen(bind: SocketAddr) -> io::Result<TcpListener> {
    let unspecified_v6 = bind.is_ipv6() && bind.ip().is_unspecified();
    match open(bind) {
        Err(error) if unspecified_v6 && error.kind() != io::ErrorKind::AddrInUse => {
            open(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), bind.port()))
        }
        opened => opened,
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the last connections of the process before it to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `shutdown`, then drains: not ready from the first moment, no new connections, those accepted are
/// answered, and what is still running after the grace is cut.
pub async fn serve(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) -> Drained {
    let router = router(Arc::clone(&app));
    let (drain, _) = watch::channel(false);
    let mut connections = JoinSet::new();
    let open = |connections: &mut JoinSet<()>, stream| {
        connections.spawn(connection(stream, router.clone(), app.wire, drain.subscribe()));
    };
    app.health.started();

    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => open(&mut connections, stream),
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }

    app.health.drain();
    for stream in waiting(listener) {
        open(&mut connections, stream);
    }
    tracing::info!(connections = connections.len(), "draining");
    drain.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let in_time = timeout(app.wire.grace, all).await.is_ok();
    let cut = if in_time { 0 } else { connections.len() };
    connections.abort_all();
    Drained { cut }
}

/// The connections that the kernel has accepted for us and we have not seen yet; the listener closes behind them.
fn waiting(listener: TcpListener) -> Vec<TcpStream> {
    let Ok(listener) = listener.into_std() else {
        return Vec::new();
    };
    std::iter::from_fn(|| listener.accept().ok())
        .filter_map(|(stream, _)| {
            stream.set_nonblocking(true).ok()?;
            TcpStream::from_std(stream).ok()
        })
        .collect()
}

/// A peer that left before we came to it.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// One connection, to its end.
async fn connection(stream: TcpStream, router: Router, wire: Wire, mut drain: watch::Receiver<bool>) {
    // Answers are written whole: waiting for more to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let asked = Notify::new();
    let service = service_fn(|request: Request<Incoming>| {
        asked.notify_one();
        router.clone().oneshot(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(wire.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);

    tokio::select! {
        // Its errors are the peer's: bad requests, resets, timeouts. What was asked for has its own line in the log.
        _ = serving.as_mut() => return,
        _ = drain.wait_for(|&draining| draining) => {}
    }
    tokio::select! {
        _ = serving.as_mut() => return,
        () = asked.notified() => {}
        () = sleep(FIRST_REQUEST_WAIT) => return,
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}
