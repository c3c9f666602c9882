//! The bounded pool that documents are worked on in, shared by the service and the command line.
//!
//! A permit is one running document. It is held by the work itself, not by the request that waits for it: when a client
//! goes away, its document still occupies the core until it looks at its deadline, and the next one must not start
//! beside it. Work runs on its own threads, so that a busy core never keeps a health check waiting for a turn.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

/// The pool. Cheap to clone; every clone shares the permits.
#[derive(Debug, Clone)]
pub struct Workers {
    permits: Arc<Semaphore>,
}

/// Why work came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The budget was used up, waiting or working.
    Late,
    /// The work panicked. It took nothing else with it.
    Panicked,
}

impl Workers {
    /// A pool for this many documents at once.
    pub fn new(concurrency: NonZeroUsize) -> Self {
        Workers {
            permits: Arc::new(Semaphore::new(concurrency.get())),
        }
    }

    /// Runs `work` when its turn comes and answers with what it made, all within `budget`.
    ///
    /// Work that has begun cannot be stopped from outside: it checks its own deadline, and keeps its permit until then.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run<T: Send + 'static>(
        &self,
        budget: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let end = Instant::now() + budget;
        let permits = Arc::clone(&self.permits);
        let permit = timeout_at(end, permits.acquire_owned())
            .await
            .map_err(|_| Failure::Late)?
            .expect("the semaphore is never closed");
        let span = tracing::Span::current();
        let running = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        });
        timeout_at(end, running)
            .await
            .map_err(|_| Failure::Late)?
            .map_err(|_| Failure::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(60);

    fn one_worker() -> (tokio::runtime::Runtime, Workers) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .expect("a runtime");
        (runtime, Workers::new(NonZeroUsize::MIN))
    }

    #[test]
    fn a_panic_gives_its_permit_back() {
        let (runtime, workers) = one_worker();
        runtime.block_on(async {
            let first = workers.run(LONG, || panic!("as hostile input might")).await;
            assert_eq!(first, Err::<(), _>(Failure::Panicked));
            assert_eq!(workers.run(LONG, || 7).await, Ok(7));
        });
    }

    #[test]
    fn work_that_is_late_keeps_its_permit_until_it_ends() {
        let (runtime, workers) = one_worker();
        let (release, hold) = mpsc::channel::<()>();
        runtime.block_on(async {
            let short = Duration::from_millis(20);
            let late = workers.run(short, move || hold.recv()).await;
            assert_eq!(late, Err(Failure::Late));
            assert_eq!(
                workers.run(short, || ()).await,
                Err(Failure::Late),
                "the permit is still taken"
            );
            drop(release);
            assert_eq!(workers.run(LONG, || ()).await, Ok(()));
        });
    }
}
