//! The threads that documents of a lane are worked on: as many as may be at work, always the same ones, so that each finds
//! its heap and its caches as the document before left them. A pool that grows would spread the work over twice as many.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use rustix::process::setpriority_process;
use tokio::sync::oneshot;

/// A handle to them. They end when it is dropped and nothing is left to do.
#[derive(Debug)]
pub(super) struct LaneThreads(mpsc::Sender<Job>);

type Job = Box<dyn FnOnce() + Send>;

impl LaneThreads {
    /// Starts so many, at this niceness where it is known.
    ///
    /// # Panics
    /// Where the system has no thread to give.
    pub(super) fn start(count: usize, niceness: Option<i32>) -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..count {
            let jobs = Arc::clone(&jobs);
            let run = move || {
                // About the calling thread alone, and lowering it is always permitted.
                let _ = niceness.map(|niceness| setpriority_process(None, niceness));
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    // The panic hook has logged it; the waiting side sees that nothing came.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            };
            let started = thread::Builder::new().name("worker".into()).spawn(run);
            started.expect("the system gives a thread for each worker");
        }
        LaneThreads(sender)
    }

    /// Runs some work when a thread is free. What it made comes to the receiver, or nothing after a panic.
    pub(super) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
        let (tell, told) = oneshot::channel();
        let span = tracing::Span::current();
        let job = Box::new(move || {
            let _ = tell.send(span.in_scope(work));
        });
        // They wait for jobs as long as this handle is there.
        let _ = self.0.send(job);
        told
    }
}
