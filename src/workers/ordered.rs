//! Concurrent work with results in order: as many tasks at once as the window is wide.
//!
//! The producer stops when the window is full, so that one slow document holds up no more than the window; a consumer that
//! empties it sets the pace. Tasks that are left when the window is dropped are cancelled.

use std::{collections::VecDeque, future::Future};

use tokio::task::JoinHandle;

use super::WorkFailure;

/// Results to come, the oldest first.
#[derive(Debug)]
pub struct Ordered<T> {
    width: usize,
    running: VecDeque<RunningTask<T>>,
}

impl<T: Send + 'static> Ordered<T> {
    /// A window over so many pieces of work, one at least.
    pub fn new(width: usize) -> Self {
        Ordered {
            width: width.max(1),
            running: VecDeque::new(),
        }
    }

    /// Whether another piece may begin.
    pub fn has_room(&self) -> bool {
        self.running.len() < self.width
    }

    /// Whether no task is in progress.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Begins a piece.
    pub fn push(&mut self, work: impl Future<Output = T> + Send + 'static) {
        self.running.push_back(RunningTask(tokio::spawn(work)));
    }

    /// The oldest result, `None` when no task is in progress. Nothing is lost when this future is dropped.
    ///
    /// # Errors
    /// [`WorkFailure::Panicked`].
    pub async fn next(&mut self) -> Option<Result<T, WorkFailure>> {
        let done = (&mut self.running.front_mut()?.0).await;
        self.running.pop_front();
        Some(done.map_err(|_| WorkFailure::Panicked))
    }
}

/// A task that ends with its handle.
#[derive(Debug)]
struct RunningTask<T>(JoinHandle<T>);

impl<T> Drop for RunningTask<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .expect("a runtime")
    }

    #[test]
    fn results_come_in_order_whoever_is_first() {
        runtime().block_on(async {
            let mut window = Ordered::new(3);
            let (release, hold) = tokio::sync::oneshot::channel::<()>();
            window.push(async move {
                let _ = hold.await;
                0
            });
            window.push(async { 1 });
            window.push(async { panic!("as a bug might") });
            assert!(!window.has_room());
            let early = tokio::time::timeout(Duration::from_millis(20), window.next()).await;
            assert!(early.is_err(), "the first is not done");
            drop(release);
            let mut results = Vec::new();
            while let Some(result) = window.next().await {
                results.push(result);
            }
            assert_eq!(results, [Ok(0), Ok(1), Err(WorkFailure::Panicked)]);
            assert!(window.is_empty() && window.has_room());
        });
    }

    #[test]
    fn what_nobody_waits_for_is_given_up() {
        let (tell, told) = mpsc::channel::<()>();
        runtime().block_on(async {
            let mut window = Ordered::new(1);
            window.push(async move {
                std::future::pending::<()>().await;
                drop(tell);
            });
            drop(window);
        });
        assert_eq!(
            told.recv_timeout(Duration::from_secs(60)),
            Err(mpsc::RecvTimeoutError::Disconnected)
        );
    }
}
