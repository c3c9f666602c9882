//! `copydesk serve`: settings checked, rules loaded, socket opened, served, drained.

use std::io;

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
};

use super::{Failure, logs, port_variable};
use crate::{
    config::{Config, Settings},
    http::{self, App},
    pipeline::Pipeline,
    workers::Workers,
};

pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    let config = settings.check(port_variable().as_deref())?;
    logs::start(config.log);
    let runtime = Builder::new_multi_thread()
        .enable_all()
        // The pool holds as many documents as there are permits, and not one thread more.
        .max_blocking_threads(config.concurrency.get())
        .build()
        .map_err(Failure::system("starting the async threads"))?;
    let served = runtime.block_on(serve(&config));
    // A document that is past its grace must not keep the process: its thread ends with it.
    runtime.shutdown_background();
    served
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let pipeline = Pipeline::built_in(config.bounds)?;
    let app = App::new(pipeline, Workers::new(config.concurrency), config.wire);

    // Before the port is open: from then on somebody may want us to stop.
    let shutdown = Shutdown::new().map_err(Failure::system("listening for signals"))?;
    let listener = http::listen(config.bind).map_err(Failure::system(format!("listening on {}", config.bind)))?;
    let address = listener.local_addr().map_err(Failure::system("reading the address"))?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), concurrency = config.concurrency, "listening");

    let drained = http::serve(listener, app, shutdown.wait()).await;
    if drained.cut > 0 {
        let cut = drained.cut;
        return Err(Failure::No(format!(
            "the grace was over before {cut} connections had finished; they were cut"
        )));
    }
    tracing::info!("drained");
    Ok(())
}

/// The signals that mean "please stop".
struct Shutdown {
    terminate: Signal,
    interrupt: Signal,
}

impl Shutdown {
    fn new() -> io::Result<Self> {
        Ok(Shutdown {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
