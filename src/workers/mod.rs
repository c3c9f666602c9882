//! The bounded pool that the service works on documents in.
//!
//! A permit is one running document. It is held by the work itself, not by the request that waits for it: when a client
//! goes away, its document still occupies the core until it looks at its deadline, which is over then, and the next one
//! must not start beside it. Work runs on its own threads, which the kernel puts behind the async ones, so that a busy
//! core never keeps a refusal or a health check waiting for a turn.
//!
//! There are two lanes. Large documents never take the last worker, nor the memory set aside for small ones, and each
//! lane has its own queue: so a small document waits for small ones, and for large ones only in line. Each has its own
//! threads as well, since what a large document frees is kept for the next one on the same thread alone: going around
//! all of them, they would have every heap grow to its peak.
//!
//! # Limits
//! Each queue is bounded in documents and bytes, bodies and answers in memory ([`Reservation`]), and work in memory by the most
//! that a document of its size can take ([`crate::bounds::Bounds::work_bytes`]).

mod memory_budget;
mod ordered;
mod threads;

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustix::process::{getpriority_process, setpriority_process};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use memory_budget::MemoryBudget;
pub use memory_budget::Reservation;
pub use ordered::Ordered;
use threads::LaneThreads;

use crate::bounds::Deadline;

/// Bytes of a body up to which it is small: some tens of milliseconds of work.
const SMALL_BYTES: usize = 1 << 20;
/// How much more a thread at work yields than the rest of the process, as nice(1) counts it: it gets a fifth of an async
/// thread's share of a core that both want. What those do takes microseconds and is waited for. With 5, on one core that
/// is offered four times what it can do in small posts, the async thread itself cannot keep up and a refusal takes 80 ms;
/// with 10 there is too little left where other programs want the core as well.
const NICENESS: i32 = 7;
/// Work memory is counted in pieces of this many bytes, because the counter has 32 bits on small machines.
const PIECE_BYTES: usize = 64 << 10;

/// What all documents together may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Documents worked on at once.
    pub concurrency: NonZeroUsize,
    /// Documents that may wait, in each lane.
    pub queue: usize,
    /// The bytes of the large ones that may wait; of the small ones one part in [`Limits::SMALL_QUEUE_PART`].
    pub queue_bytes: usize,
    /// Memory for bodies and answers.
    pub body_memory_bytes: usize,
    /// Memory for work.
    pub work_memory_bytes: usize,
}

impl Limits {
    /// Small documents have one part in this many of the work memory to themselves.
    pub const SMALL_WORK_PART: usize = 4;

    /// Small documents wait for fewer bytes before them than large ones, since they are done in so much less: ten of 100 KB,
    /// say, where one of 5 MB may wait.
    pub const SMALL_QUEUE_PART: usize = 8;

    /// So many for each worker may wait whatever their bytes: a pipeline with a handful of connections is no overload, not even
    /// where its pages are of several megabytes.
    pub const WAITING_ANYWAY: usize = 4;

    /// How long a queue stays short once it was full, as long as `Retry-After` says. A burst is waited for;
    /// while more comes than can be done, a long queue would only make everyone late.
    const SHORT_FOR: Duration = Duration::from_secs(1);

    /// Limits that only the cores set, to begin with.
    pub fn of_cores(concurrency: NonZeroUsize) -> Self {
        Limits {
            concurrency,
            queue: usize::MAX,
            queue_bytes: usize::MAX,
            body_memory_bytes: usize::MAX,
            work_memory_bytes: usize::MAX,
        }
    }

    /// Threads for small documents, and documents at work at once: two at least, since with one a large document would be
    /// in the way of all small ones until its end, where two share the core.
    pub fn threads(&self) -> usize {
        self.concurrency.get().max(2)
    }

    /// Threads for large documents, which never take the last permit: one fewer.
    pub fn large_threads(&self) -> usize {
        self.threads() - 1
    }
}

/// What a piece of work will cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkCost {
    /// Bytes of the document.
    pub body_bytes: usize,
    /// The most memory that the work on it can take.
    pub work_bytes: usize,
}

/// Why work came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkFailure {
    /// The budget was used up, waiting or working.
    Late,
    /// The work panicked. It took nothing else with it.
    Panicked,
    /// Too many wait already.
    Full,
    /// The memory for bodies is taken.
    NoMemory,
}

/// The two lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Documents that are done in a moment.
    Small,
    /// All others.
    Large,
}

impl Lane {
    /// Both.
    pub const ALL: [Lane; 2] = [Lane::Small, Lane::Large];

    /// As a label.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Small => "small",
            Lane::Large => "large",
        }
    }
}

/// The pool. Cheap to clone; every clone shares the permits.
#[derive(Debug, Clone)]
pub struct Workers {
    limits: Limits,
    /// Running documents.
    permits: Arc<Semaphore>,
    /// Running large documents: one fewer.
    large: Arc<Semaphore>,
    /// Memory of running large documents, in pieces.
    memory: Arc<Semaphore>,
    memory_pieces: u32,
    queues: Arc<[LaneQueue; 2]>,
    begun: Instant,
    budget: Arc<MemoryBudget>,
    threads: Arc<[LaneThreads; 2]>,
    /// Of a thread at work; `None` where the kernel does not report it.
    niceness: Option<i32>,
}

impl Workers {
    /// A pool for this many documents at once, with nothing else to bound it.
    pub fn new(concurrency: NonZeroUsize) -> Self {
        Workers::with(Limits::of_cores(concurrency))
    }

    /// A pool within these limits.
    pub fn with(limits: Limits) -> Self {
        let large_bytes = limits.work_memory_bytes - limits.work_memory_bytes / Limits::SMALL_WORK_PART;
        let memory_pieces = (large_bytes / PIECE_BYTES)
            .min(Semaphore::MAX_PERMITS)
            .min(u32::MAX as usize);
        let niceness = getpriority_process(None).ok().map(|ours| ours + NICENESS);
        Workers {
            permits: Arc::new(Semaphore::new(limits.threads())),
            large: Arc::new(Semaphore::new(limits.large_threads())),
            memory: Arc::new(Semaphore::new(memory_pieces)),
            memory_pieces: memory_pieces as u32,
            queues: Arc::default(),
            begun: Instant::now(),
            budget: Arc::new(MemoryBudget::new(limits.body_memory_bytes)),
            threads: Arc::new(
                [limits.threads(), limits.large_threads()].map(|count| LaneThreads::start(count, niceness)),
            ),
            niceness,
            limits,
        }
    }

    /// Documents that may be at work at once.
    pub fn threads(&self) -> usize {
        self.limits.threads()
    }

    /// Memory for a body that is about to be read: none of it yet.
    pub fn reservation(&self) -> Reservation {
        Reservation::new(Arc::clone(&self.budget))
    }

    /// Whether a body of this many bytes would find a place now: asked before it is read, since a refusal then costs
    /// neither side the sending of it.
    ///
    /// # Errors
    /// [`WorkFailure::Full`] or [`WorkFailure::NoMemory`].
    pub fn has_room_for(&self, body_bytes: usize) -> Result<(), WorkFailure> {
        let lane = if body_bytes > SMALL_BYTES {
            Lane::Large
        } else {
            Lane::Small
        };
        if !self.fits_in_queue(lane, body_bytes) {
            return Err(WorkFailure::Full);
        }
        if !self.budget.has_room_for(body_bytes, body_bytes) {
            return Err(WorkFailure::NoMemory);
        }
        Ok(())
    }

    /// Runs `work` when its turn comes and answers with what it made, all within `budget`.
    ///
    /// Work that has begun cannot be stopped from outside: it checks the deadline that it is given, and keeps its permit
    /// until then. The deadline is over as well when this future is dropped, since its client has left.
    ///
    /// # Errors
    /// See [`WorkFailure`].
    pub async fn run<T: Send + 'static>(
        &self,
        load: WorkCost,
        budget: Duration,
        work: impl FnOnce(&Deadline) -> T + Send + 'static,
    ) -> Result<T, WorkFailure> {
        let end = Instant::now() + budget;
        let asker = Arc::new(());
        let deadline = Deadline::after(budget).while_asked(&asker);
        let lane = self.lane(load);
        let turn = self.turn(lane, load, end).await?;
        let running = self.threads[lane as usize].run(move || {
            let _turn = turn;
            work(&deadline)
        });
        timeout_at(end, running)
            .await
            .map_err(|_| WorkFailure::Late)?
            .map_err(|_| WorkFailure::Panicked)
    }

    /// Runs a moment's work on a thread beside those for documents, without a permit: work that has begun and is too long for
    /// an async thread, as a turn of a stream may be.
    pub fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let (span, niceness) = (tracing::Span::current(), self.niceness);
        tokio::task::spawn_blocking(move || {
            // Set each time, since the runtime starts the threads: a system call of a fraction of a
            // microsecond, about the calling thread alone, and lowering it is always permitted.
            let _ = niceness.map(|niceness| setpriority_process(None, niceness));
            span.in_scope(work)
        })
    }

    /// What a running document holds.
    async fn turn(&self, lane: Lane, load: WorkCost, end: Instant) -> Result<Vec<OwnedSemaphorePermit>, WorkFailure> {
        // The order is the same for all, so that no deadlock is possible.
        let wanted = match lane {
            Lane::Small => vec![(&self.permits, 1)],
            Lane::Large => vec![
                (&self.large, 1),
                (&self.memory, self.pieces(load.work_bytes)),
                (&self.permits, 1),
            ],
        };
        let mut held = Vec::with_capacity(wanted.len());
        let mut place = None;
        for (semaphore, count) in wanted {
            let semaphore = Arc::clone(semaphore);
            let permit = match Arc::clone(&semaphore).try_acquire_many_owned(count) {
                Ok(permit) => permit,
                Err(_) => {
                    if place.is_none() {
                        place = Some(self.enter(lane, load.body_bytes)?);
                    }
                    let waiting = semaphore.acquire_many_owned(count);
                    let permit = timeout_at(end, waiting).await.map_err(|_| WorkFailure::Late)?;
                    permit.expect("the semaphores are never closed")
                }
            };
            held.push(permit);
        }
        Ok(held)
    }

    /// A document is small when it is short and all that can run at once of its kind fit into the memory for them.
    fn lane(&self, load: WorkCost) -> Lane {
        let small_memory = self.limits.work_memory_bytes / Limits::SMALL_WORK_PART / self.limits.threads();
        if load.body_bytes <= SMALL_BYTES && load.work_bytes <= small_memory {
            Lane::Small
        } else {
            Lane::Large
        }
    }

    /// Never more than there are: the settings see to it that the dearest document fits.
    fn pieces(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(PIECE_BYTES))
            .unwrap_or(u32::MAX)
            .min(self.memory_pieces)
    }

    fn queue(&self, lane: Lane) -> &LaneQueue {
        &self.queues[lane as usize]
    }

    /// Whether there is a place for one more of these bytes; an empty queue takes any one document. A queue that has none is
    /// short from then on, so that admitted requests are soon answered: it takes one for two cores, and on a single one, where
    /// two documents at work are in each other's way already, none.
    fn fits_in_queue(&self, lane: Lane, body_bytes: usize) -> bool {
        let Limits {
            queue,
            queue_bytes,
            concurrency,
            ..
        } = self.limits;
        let threads = self.limits.threads();
        let anyway = threads * Limits::WAITING_ANYWAY;
        let (most_bytes, when_short) = match lane {
            Lane::Small => (queue_bytes / Limits::SMALL_QUEUE_PART, concurrency.get() / 2),
            Lane::Large => (queue_bytes, (self.limits.large_threads() / 2).max(1)),
        };
        let own = self.queue(lane);
        let documents = self.waiting(lane);
        if lane == Lane::Small && documents == 0 && self.permits.available_permits() > 0 {
            return true; // and waits for nothing
        }
        let bytes = own.bytes.load(Ordering::Relaxed).saturating_add(body_bytes);
        let fits = documents == 0 || documents < queue && (documents < anyway || bytes <= most_bytes);
        let is_short = || self.begun.elapsed() < own.short_until();
        if fits && (documents < when_short || !is_short()) {
            return true;
        }
        own.shorten(self.begun.elapsed() + Limits::SHORT_FOR);
        false
    }

    fn enter(&self, lane: Lane, body_bytes: usize) -> Result<QueueSlot, WorkFailure> {
        if !self.fits_in_queue(lane, body_bytes) {
            return Err(WorkFailure::Full);
        }
        self.queue(lane).documents.fetch_add(1, Ordering::Relaxed);
        self.queue(lane).bytes.fetch_add(body_bytes, Ordering::Relaxed);
        Ok(QueueSlot {
            queues: Arc::clone(&self.queues),
            lane,
            body_bytes,
        })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Documents that wait in this lane.
    pub fn waiting(&self, lane: Lane) -> usize {
        self.queue(lane).documents.load(Ordering::Relaxed)
    }

    /// Documents at work.
    pub fn running(&self) -> usize {
        self.limits.threads() - self.permits.available_permits()
    }

    /// Memory that bodies and answers take.
    pub fn body_bytes(&self) -> usize {
        self.budget.taken_bytes()
    }
}

/// The requests that wait in one lane.
#[derive(Debug, Default)]
struct LaneQueue {
    documents: AtomicUsize,
    bytes: AtomicUsize,
    /// Milliseconds after the pool began.
    short_until: AtomicU64,
}

impl LaneQueue {
    fn short_until(&self) -> Duration {
        Duration::from_millis(self.short_until.load(Ordering::Relaxed))
    }

    fn shorten(&self, until: Duration) {
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.short_until.store(until, Ordering::Relaxed);
    }
}

/// A slot in a queue, until its turn comes or the waiting request is dropped.
struct QueueSlot {
    queues: Arc<[LaneQueue; 2]>,
    lane: Lane,
    body_bytes: usize,
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        let queue = &self.queues[self.lane as usize];
        queue.documents.fetch_sub(1, Ordering::Relaxed);
        queue.bytes.fetch_sub(self.body_bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);
    const SMALL: WorkCost = WorkCost {
        body_bytes: 10,
        work_bytes: 100,
    };
    const LARGE: WorkCost = WorkCost {
        body_bytes: 2 << 20,
        work_bytes: 40 << 20,
    };

    fn pool(limits: Limits) -> (tokio::runtime::Runtime, Workers) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .expect("a runtime");
        (runtime, Workers::with(limits))
    }

    fn two() -> Limits {
        Limits {
            queue: 1,
            ..Limits::of_cores(NonZeroUsize::MIN)
        }
    }

    /// Work that goes on until its end is dropped.
    async fn hold(workers: &Workers, load: WorkCost) -> mpsc::Sender<()> {
        let (release, hold) = mpsc::channel::<()>();
        let late = workers.run(load, SHORT, move |_| hold.recv()).await;
        assert_eq!(late, Err(WorkFailure::Late));
        release
    }

    #[test]
    fn a_panic_gives_its_permit_back() {
        let (runtime, workers) = pool(two());
        runtime.block_on(async {
            for _ in 0..3 {
                let panicked = workers.run(SMALL, LONG, |_| panic!("as hostile input might")).await;
                assert_eq!(panicked, Err::<(), _>(WorkFailure::Panicked));
            }
            assert_eq!(workers.run(SMALL, LONG, |_| 7).await, Ok(7));
            assert_eq!(workers.running(), 0);
        });
    }

    #[test]
    fn work_that_is_late_keeps_its_permit_until_it_ends() {
        let (runtime, workers) = pool(two());
        runtime.block_on(async {
            let held = [hold(&workers, SMALL).await, hold(&workers, SMALL).await];
            assert_eq!(
                workers.run(SMALL, SHORT, |_| ()).await,
                Err(WorkFailure::Late),
                "both permits are taken"
            );
            drop(held);
            assert_eq!(workers.run(SMALL, LONG, |_| ()).await, Ok(()));
        });
    }

    #[test]
    fn large_documents_leave_a_worker_and_a_queue_to_small_ones() {
        let (runtime, workers) = pool(two());
        runtime.block_on(async {
            let held = hold(&workers, LARGE).await;
            let second = workers.clone();
            let waits = tokio::spawn(async move { second.run(LARGE, LONG, |_| ()).await });
            while workers.waiting(Lane::Large) == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(workers.has_room_for(LARGE.body_bytes), Err(WorkFailure::Full));
            assert_eq!(workers.run(LARGE, LONG, |_| ()).await, Err(WorkFailure::Full));
            assert_eq!(workers.run(SMALL, LONG, |_| ()).await, Ok(()), "small ones pass");
            drop(held);
            assert_eq!(waits.await.expect("no panic"), Ok(()));
            assert_eq!(workers.waiting(Lane::Large), 0);
        });
    }

    #[test]
    fn each_lane_has_its_bytes() {
        let (_runtime, workers) = pool(Limits {
            queue: 100,
            queue_bytes: 20 << 20,
            ..two()
        });
        for (lane, bytes, fit) in [
            (Lane::Large, 30 << 20, 2 * Limits::WAITING_ANYWAY),
            (Lane::Large, 2 << 20, 10),
            (Lane::Small, 600 << 10, 2 * Limits::WAITING_ANYWAY),
        ] {
            let places: Vec<_> = (0..fit).map(|_| workers.enter(lane, bytes).expect("it fits")).collect();
            assert_eq!(
                workers.has_room_for(bytes),
                Err(WorkFailure::Full),
                "after {fit} of {bytes}"
            );
            drop(places);
            assert_eq!(workers.has_room_for(bytes), Ok(()));
            workers.queue(lane).shorten(Duration::ZERO);
        }
    }

    #[test]
    fn a_queue_that_was_full_is_short_for_a_while() {
        let (_runtime, workers) = pool(Limits { queue: 10, ..two() });
        let enter = || workers.enter(Lane::Small, 10);
        let mut places: Vec<_> = (0..10).map(|_| enter().expect("a burst is taken in")).collect();
        assert!(enter().is_err());
        places.truncate(1);
        assert!(enter().is_err(), "who waits is enough");
        places.clear();
        places.push(enter().expect("nothing is at work"));
        workers.queue(Lane::Small).shorten(Duration::ZERO);
        assert!(enter().is_ok(), "the next burst is taken in again");
    }

    #[test]
    fn who_is_not_worked_on_at_once_is_turned_away_from_one_core_during_an_overload() {
        let (runtime, workers) = pool(Limits { queue: 10, ..two() });
        runtime.block_on(async {
            let mut held = vec![hold(&workers, SMALL).await, hold(&workers, SMALL).await];
            assert_eq!(workers.has_room_for(10), Ok(()), "there is no overload yet");
            workers.queue(Lane::Small).shorten(LONG);
            assert_eq!(workers.has_room_for(10), Err(WorkFailure::Full));
            held.pop();
            while workers.running() == 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(workers.has_room_for(10), Ok(()));
        });
    }

    #[test]
    fn work_waits_for_its_memory() {
        let (runtime, workers) = pool(Limits {
            concurrency: NonZeroUsize::new(3).expect("three"),
            work_memory_bytes: 80 << 20,
            ..two()
        });
        runtime.block_on(async {
            let held = hold(&workers, LARGE).await;
            assert_eq!(
                workers.run(LARGE, SHORT, |_| ()).await,
                Err(WorkFailure::Late),
                "60 MiB hold one of 40"
            );
            drop(held);
            assert_eq!(workers.run(LARGE, LONG, |_| ()).await, Ok(()));
        });
    }

    #[test]
    fn whoever_goes_leaves_the_queue() {
        let (runtime, workers) = pool(two());
        runtime.block_on(async {
            let _held = [hold(&workers, SMALL).await, hold(&workers, SMALL).await];
            assert_eq!(workers.run(SMALL, SHORT, |_| ()).await, Err(WorkFailure::Late));
            assert_eq!((workers.waiting(Lane::Small), workers.running()), (0, 2));
        });
    }

    #[test]
    fn work_that_nobody_waits_for_stops() {
        let (runtime, workers) = pool(two());
        runtime.block_on(async {
            let (begun, wait) = tokio::sync::oneshot::channel();
            let asked = workers.clone();
            let asking = tokio::spawn(async move {
                let work = |deadline: &Deadline| {
                    let _ = begun.send(());
                    while deadline.check().is_ok() {}
                };
                asked.run(SMALL, 10 * LONG, work).await
            });
            wait.await.expect("it begins");
            asking.abort();
            let freed = timeout_at(Instant::now() + LONG, async {
                while workers.running() > 0 {
                    tokio::task::yield_now().await;
                }
            });
            freed.await.expect("its permit is given back");
        });
    }

    #[test]
    fn work_yields_to_the_async_threads() {
        let (runtime, workers) = pool(two());
        runtime.block_on(async {
            let niceness = || getpriority_process(None).expect("Linux");
            const LEAST: i32 = 19;
            let before = niceness();
            let at_work = workers.run(SMALL, LONG, move |_| niceness()).await;
            assert_eq!(at_work, Ok((before + NICENESS).min(LEAST)));
            assert_eq!(niceness(), before, "and no other thread");
        });
    }
}
