//! `copydesk serve`: settings checked, rules loaded, socket opened, served, drained.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::{Mutex, oneshot},
    time::MissedTickBehavior,
};

use super::{Failure, logs, settled};
use crate::{
    config::{Config, InvalidSetting, Settings},
    http::{self, App, Tokens},
    pipeline::Pipeline,
    rules::{RuleSources, fingerprint, read},
    workers::Workers,
};

pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    let config = settled(settings)?;
    let tokens = tokens(&config)?;
    logs::start(config.log);
    let runtime = Builder::new_multi_thread()
        .enable_all()
        // The pool holds as many documents as there are permits, and one thread for moments of streams.
        .max_blocking_threads(config.limits.threads() + 1)
        .build()
        .map_err(Failure::system("starting the async threads"))?;
    let served = runtime.block_on(serve(&config, tokens));
    // A document that is past its grace must not keep the process: its thread ends with it.
    runtime.shutdown_background();
    served
}

/// The tokens that the settings name; a file that holds none would lock everyone out, and is refused.
pub(super) fn tokens(config: &Config) -> Result<Option<Tokens>, InvalidSetting> {
    let Some(file) = &config.tokens_file else {
        return Ok(None);
    };
    let tokens = Tokens::read(file);
    let tokens = tokens.map_err(|error| {
        InvalidSetting::new(
            "--tokens-file",
            file.to_string_lossy(),
            format!("cannot be used: {error}"),
        )
    })?;
    Ok(Some(tokens))
}

async fn serve(config: &Config, tokens: Option<Tokens>) -> Result<(), Failure> {
    let before = fingerprint(&config.rules);
    let (rules, skipped) = read(&config.rules)?;
    if !skipped.is_empty() {
        tracing::warn!(
            lines = skipped.len(),
            "lines of filter lists cannot be used; `copydesk rules check` lists them"
        );
    }
    let pipeline = Pipeline::new(rules, config.bounds);
    let app = App::guarded(pipeline, Workers::with(config.limits), config.timeouts, tokens);

    // Before the port is open: from then on a signal may arrive.
    let shutdown = ShutdownSignals::new().map_err(Failure::system("listening for signals"))?;
    let hangup = signal(SignalKind::hangup()).map_err(Failure::system("listening for signals"))?;
    let open = |address| http::listen(address).map_err(Failure::system(format!("listening on {address}")));
    let listener = open(config.bind)?;
    let address = listener.local_addr().map_err(Failure::system("reading the address"))?;
    let mut beside = tokio::task::JoinSet::new();
    if let Some(bind) = config.admin_bind {
        let listener = open(bind)?;
        let address = listener.local_addr().map_err(Failure::system("reading the address"))?;
        tracing::info!(%address, "admin listening");
        beside.spawn(http::serve_admin(listener, Arc::clone(&app)));
    }
    beside.spawn(reload_on(hangup, Arc::clone(&app), config.rules.clone(), before));
    tracing::info!(
        %address,
        version = env!("CARGO_PKG_VERSION"),
        concurrency = config.limits.concurrency,
        memory_limit = config.memory_limit,
        max_body = config.bounds.body_bytes,
        max_elements = config.bounds.elements,
        max_connections = config.timeouts.max_connections,
        "listening"
    );

    let drained = http::serve(listener, app, shutdown.next(), shutdown.next()).await;
    if drained.cut > 0 {
        let cut = drained.cut;
        tracing::warn!(cut, "drained, and requests were cut");
        return Err(Failure::No(format!(
            "{cut} requests had not finished and were cut; the log names them"
        )));
    }
    tracing::info!("drained");
    Ok(())
}

/// How often the rule files are looked at. Looking costs a few system calls a file; a watch would miss what a mounted
/// ConfigMap does, which swaps a link elsewhere.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Reads tokens and rules again on SIGHUP, and rules also when their files change.
async fn reload_on(mut hangup: Signal, app: Arc<App>, rules: RuleSources, mut seen: u64) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let is_fixed = rules == RuleSources::default();
    loop {
        let told = tokio::select! {
            told = hangup.recv() => match told {
                Some(()) => true,
                None => return,
            },
            _ = look.tick(), if !is_fixed => false,
        };
        // On a thread of its own: a folder may lie on a slow disk, a large list takes its time to read and to compile, and
        // the pool's threads are all at work under load.
        let (sources, app) = (rules.clone(), Arc::clone(&app));
        let (tell, looked) = oneshot::channel();
        std::thread::spawn(move || {
            if told {
                app.reload();
            }
            let now = fingerprint(&sources);
            if told || now != seen {
                app.reload_rules(read(&sources).map(|(set, _)| set));
            }
            // The receiver is gone only when the service has ended.
            let _ = tell.send(now);
        });
        if let Ok(now) = looked.await {
            seen = now;
        }
    }
}

/// The signals that mean "please stop"; the second one means "now".
struct ShutdownSignals(Mutex<(Signal, Signal)>);

impl ShutdownSignals {
    fn new() -> io::Result<Self> {
        let both = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(ShutdownSignals(Mutex::new(both)))
    }

    /// The next of them. A second call returns the second one.
    async fn next(&self) {
        let mut both = self.0.lock().await;
        let (terminate, interrupt) = &mut *both;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
