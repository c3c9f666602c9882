//! The jobs of a batch: threads that take chunks as fast as they can, and what they make of them, in order.
//!
//! Threads of our own, since handing each document to a pool leaves a core idle for as long as a short one takes. What they
//! still do when the receiver is gone ends with the process.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use super::Failure;
use crate::{
    bounds::Deadline,
    http::{BatchContext, ChunkOutput, DocumentChunk},
};

/// Chunks in progress for each job, done or not: results come in order, and while a document takes as long as a dozen others do
/// the other jobs go on.
const CHUNKS_FOR_EACH_JOB: usize = 16;
/// Bytes of documents in progress for each job past which no more are read.
const BYTES_FOR_EACH_JOB: usize = 4 << 20;

/// A chunk and its turn.
type Next = (u64, DocumentChunk);
/// What a chunk became, and the bytes that it was, or the panic that came of it.
type Done = thread::Result<(ChunkOutput, usize)>;

/// Starts so many.
///
/// # Errors
/// The system has no more threads.
pub(super) fn start(count: usize, batch: &Arc<BatchContext>) -> Result<(ChunkSender, Results), Failure> {
    let in_hand = Arc::new(InFlight::new(count));
    let (sender, chunks) = mpsc::channel();
    let chunks = Arc::new(Mutex::new(chunks));
    let (tell, told) = mpsc::channel();
    for _ in 0..count {
        let (chunks, tell, batch) = (Arc::clone(&chunks), tell.clone(), Arc::clone(batch));
        thread::Builder::new()
            .spawn(move || work(&chunks, &tell, &batch))
            .map_err(Failure::system("starting a job"))?;
    }
    let feeder = ChunkSender {
        sender,
        in_hand: Arc::clone(&in_hand),
        turn: 0,
    };
    let results = Results {
        told,
        in_hand,
        early: BTreeMap::new(),
        turn: 0,
    };
    Ok((feeder, results))
}

/// One job, until there are no more chunks or the receiver is gone.
fn work(chunks: &Mutex<mpsc::Receiver<Next>>, tell: &mpsc::Sender<(u64, Done)>, batch: &BatchContext) {
    loop {
        let Ok((turn, chunk)) = lock(chunks).recv() else { return };
        let deadline = Deadline::after(chunk.budget(batch.bounds()));
        let done = catch_unwind(AssertUnwindSafe(|| (batch.work(&chunk, &deadline), chunk.body_bytes())));
        if tell.send((turn, done)).is_err() {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the jobs their chunks. They end with it.
pub(super) struct ChunkSender {
    sender: mpsc::Sender<Next>,
    in_hand: Arc<InFlight>,
    turn: u64,
}

/// The receiver of chunks is gone, and reports why itself.
pub(super) struct ReceiverGone;

impl ChunkSender {
    /// Waits while too much is in progress.
    pub(super) fn feed(&mut self, chunk: DocumentChunk) -> Result<(), ReceiverGone> {
        self.in_hand.take(chunk.body_bytes());
        let turn = self.turn;
        self.turn += 1;
        self.sender.send((turn, chunk)).map_err(|_| ReceiverGone)
    }
}

/// What the chunks became, in their order, until the last one.
pub(super) struct Results {
    told: mpsc::Receiver<(u64, Done)>,
    in_hand: Arc<InFlight>,
    /// Those whose turn has not come yet.
    early: BTreeMap<u64, Done>,
    turn: u64,
}

impl Iterator for Results {
    type Item = Done;

    fn next(&mut self) -> Option<Done> {
        loop {
            if let Some(done) = self.early.remove(&self.turn) {
                self.turn += 1;
                self.in_hand.give_back(done.as_ref().map_or(0, |(_, bytes)| *bytes));
                return Some(done);
            }
            let (turn, done) = self.told.recv().ok()?;
            self.early.insert(turn, done);
        }
    }
}

/// The chunks that were read and are not written yet.
#[derive(Debug)]
struct InFlight {
    most_chunks: usize,
    most_bytes: usize,
    /// How many there are, and their bytes.
    taken: Mutex<(usize, usize)>,
    given_back: Condvar,
}

impl InFlight {
    fn new(jobs: usize) -> Self {
        InFlight {
            most_chunks: jobs.saturating_mul(CHUNKS_FOR_EACH_JOB),
            most_bytes: jobs.saturating_mul(BYTES_FOR_EACH_JOB),
            taken: Mutex::default(),
            given_back: Condvar::new(),
        }
    }

    /// Waits for a place; one chunk finds it in any case.
    fn take(&self, bytes: usize) {
        let is_full = |(chunks, taken): &mut (usize, usize)| *chunks >= self.most_chunks || *taken > self.most_bytes;
        let taken = self.given_back.wait_while(lock(&self.taken), is_full);
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        *taken = (taken.0 + 1, taken.1 + bytes);
    }

    fn give_back(&self, bytes: usize) {
        let mut taken = lock(&self.taken);
        *taken = (taken.0 - 1, taken.1 - bytes);
        self.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_more_is_read_than_may_be_in_hand() {
        for (chunks, bytes) in [(CHUNKS_FOR_EACH_JOB, 1), (2, BYTES_FOR_EACH_JOB)] {
            let in_hand = Arc::new(InFlight::new(1));
            let (tell, told) = mpsc::channel();
            let reader = Arc::clone(&in_hand);
            thread::spawn(move || {
                for _ in 0..=chunks {
                    reader.take(bytes);
                    tell.send(()).expect("the test listens");
                }
            });
            (0..chunks).for_each(|_| told.recv().expect("there is room"));
            let early = told.recv_timeout(Duration::from_millis(20));
            assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout), "{chunks} of {bytes}");
            in_hand.give_back(bytes);
            told.recv().expect("there is room again");
        }
    }
}
