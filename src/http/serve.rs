//! The listener, the accept loop and the drain.
//!
//! axum's own `serve` sets no timeout on a request's head, so that one silent client could hold a connection, and with it
//! a drain, for ever. So this is a loop of its own, on hyper.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use socket2::{Domain, Protocol, SockFilter, SockRef, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    App, admin_router,
    connection::{self, Signals},
    router,
};

/// Connections that may wait in the kernel for the accept loop.
const BACKLOG: i32 = 1024;
/// How long the loop waits after a failed accept: descriptors have run out, and only other connections can free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often a full server, or a failed accept, is logged and idle connections are closed.
const CROWDED_PAUSE: Duration = Duration::from_secs(1);
/// How long handshakes that were under way when the door closed may take to end.
const HANDSHAKES: Duration = Duration::from_millis(100);
/// A peer that is silent for this long is asked whether it still lives, and again three times: machines vanish without
/// a word, and their connections would stay for ever.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long sent bytes may stay unacknowledged before the kernel closes the connection; without
/// it that is a quarter of an hour.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// How a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Requests that were still at work when the grace was over; each has its line in the log.
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

/// Each connection inherits these options from the listener, so that none costs a call of its own.
fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the last connections of the process before it to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    // Answers are written whole: waiting for more to fill a packet only adds latency.
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `shutdown`, then drains: not ready from the first moment, but serving for the drain delay; then no new
/// connections, those accepted are answered, and what is still running after the grace, or `at_once`, is cut.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()>,
    at_once: impl Future<Output = ()>,
) -> Drained {
    let mut server = Server::new(router(Arc::clone(&app)), Arc::clone(&app));
    app.health.started();
    tokio::select! {
        () = server.open_to(&listener) => {}
        () = shutdown => {}
    }
    app.health.drain();
    let connections = server.guests.len();
    tracing::info!(connections, "draining");
    tokio::select! {
        () = server.drain(listener) => {}
        () = at_once => tracing::warn!("a second signal ends it at once"),
    }
    Drained {
        cut: server.cut().await,
    }
}

/// Serves health and metrics until it is dropped: through a drain, when they matter most.
pub async fn serve_admin(listener: TcpListener, app: Arc<App>) {
    Server::new(admin_router(Arc::clone(&app)), app)
        .open_to(&listener)
        .await;
}

/// The connections of one listener.
struct Server {
    router: Router,
    app: Arc<App>,
    guests: JoinSet<()>,
    signals: Arc<Signals>,
}

impl Server {
    fn new(router: Router, app: Arc<App>) -> Self {
        let signals = Signals {
            drain: watch::Sender::new(false),
            crowded: Notify::new(),
        };
        Server {
            router,
            app,
            guests: JoinSet::new(),
            signals: Arc::new(signals),
        }
    }

    fn admit(&mut self, stream: TcpStream) {
        let signals = Arc::clone(&self.signals);
        let serving = connection::serve(stream, self.router.clone(), Arc::clone(&self.app), signals);
        self.guests.spawn(serving);
    }

    /// Takes connections in, as many as there may be. When the server is full those that wait stay in the kernel's queue,
    /// and idle connections are closed.
    async fn open_to(&mut self, listener: &TcpListener) {
        let mut warned: Option<Instant> = None;
        loop {
            self.app.metrics.connections(self.guests.len());
            let is_full = self.guests.len() >= self.app.timeouts.max_connections;
            tokio::select! {
                accepted = listener.accept(), if !is_full => match accepted {
                    Ok((stream, _)) => self.admit(stream),
                    Err(error) if is_the_peers(&error) => {}
                    Err(error) => {
                        if warned.is_none_or(|last| last.elapsed() > CROWDED_PAUSE) {
                            tracing::warn!(%error, connections = self.guests.len(), "accept failed");
                            warned = Some(Instant::now());
                            self.signals.crowded.notify_waiters();
                        }
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = self.guests.join_next(), if !self.guests.is_empty() => {}
                () = sleep(CROWDED_PAUSE), if is_full => self.signals.crowded.notify_waiters(),
            }
        }
    }

    /// Serves on for the drain delay, closes the door, and sees everyone out, until the grace is over.
    async fn drain(&mut self, listener: TcpListener) {
        let _ = timeout(self.app.timeouts.drain_delay, self.open_to(&listener)).await;
        let grace = Instant::now() + self.app.timeouts.grace;
        for stream in last_ones(listener).await {
            self.admit(stream);
        }
        self.signals.drain.send_replace(true);
        let all = async { while self.guests.join_next().await.is_some() {} };
        if timeout_at(grace, all).await.is_err() {
            tracing::warn!("the grace is over");
        }
    }

    /// Ends what is left, if anything is; how many requests that cut.
    async fn cut(&mut self) -> usize {
        self.app.cutting.begin();
        self.guests.shutdown().await;
        self.app.cutting.requests()
    }
}

/// Drops what would open a connection (SYN in the flags, which are byte 13 of a TCP header), and lets all else pass.
const NO_MORE: [SockFilter; 4] = [
    SockFilter::new(0x30, 0, 0, 13),       // load the byte
    SockFilter::new(0x45, 0, 1, 0x02),     // SYN?
    SockFilter::new(0x06, 0, 0, 0),        // drop
    SockFilter::new(0x06, 0, 0, u32::MAX), // keep
];

/// The connections that the kernel has accepted for us and we have not seen yet; the listener closes behind them.
///
/// A handshake that ends between our last look and the close would be a connection accepted and lost. So new ones are
/// kept out first, in the kernel: their peers hear nothing, try again in a second, and are refused.
async fn last_ones(listener: TcpListener) -> Vec<TcpStream> {
    // Where it is not allowed the window is some microseconds, and not none.
    let _ = SockRef::from(&listener).attach_filter(&NO_MORE);
    let end = Instant::now() + HANDSHAKES;
    let mut streams = Vec::new();
    while let Ok(accepted) = timeout_at(end, listener.accept()).await {
        match accepted {
            Ok((stream, _)) => streams.push(stream),
            Err(error) if is_the_peers(&error) => {}
            Err(_) => break,
        }
    }
    streams
}

/// A peer that left before we came to it.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
