//! Memory that is spoken for: what bodies and answers take, counted against one limit.
//!
//! A reservation grows as a body arrives, by what really came and not by what was announced, and is given back when it is
//! dropped. It never waits: a body that does not fit is refused at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The account.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    limit_bytes: usize,
    taken_bytes: AtomicUsize,
}

impl MemoryBudget {
    pub(super) fn new(limit_bytes: usize) -> Self {
        MemoryBudget {
            limit_bytes,
            taken_bytes: AtomicUsize::new(0),
        }
    }

    pub(super) fn taken_bytes(&self) -> usize {
        self.taken_bytes.load(Ordering::Relaxed)
    }

    /// Whether a reservation of this size would be given now. Large ones may take three quarters: the rest is for small ones.
    pub(super) fn has_room_for(&self, grant_bytes: usize, more_bytes: usize) -> bool {
        let limit_bytes = if grant_bytes > super::SMALL_BYTES {
            self.limit_bytes / 4 * 3
        } else {
            self.limit_bytes
        };
        self.taken_bytes().saturating_add(more_bytes) <= limit_bytes
    }
}

/// Memory of one request.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Reservation {
    pub(super) fn new(budget: Arc<MemoryBudget>) -> Self {
        Reservation { budget, bytes: 0 }
    }

    /// Whether there is so much more now.
    pub fn can_grow(&self, bytes: usize) -> bool {
        self.budget.has_room_for(self.bytes + bytes, bytes)
    }

    /// Asks for more; false when there is no more, and then nothing has changed.
    pub fn grow(&mut self, bytes: usize) -> bool {
        // Two at once may both find memory where there is enough for one: by a piece of a body each, which the margin of
        // the limit covers.
        let fits = self.can_grow(bytes);
        if fits {
            self.set(self.bytes + bytes);
        }
        fits
    }

    /// Asks for this much in all: false when there is no more, and then nothing has changed. Less is always given.
    pub fn resize(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes {
            return self.grow(bytes - self.bytes);
        }
        self.set(bytes);
        true
    }

    /// Takes what exists now, whether it fits or not: a response that exists takes its memory.
    pub fn set(&mut self, bytes: usize) {
        let taken = &self.budget.taken_bytes;
        if bytes >= self.bytes {
            taken.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else {
            taken.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back_and_large_ones_leave_room() {
        let budget = Arc::new(MemoryBudget::new(8 << 20));
        let mut large = Reservation::new(Arc::clone(&budget));
        assert!(large.grow(6 << 20));
        assert!(!large.grow(1), "three quarters are taken");
        let mut small = Reservation::new(Arc::clone(&budget));
        assert!(small.grow(1 << 20) && !small.grow(3 << 20));
        assert_eq!(budget.taken_bytes(), 7 << 20);
        drop(large);
        small.set(10);
        assert_eq!(budget.taken_bytes(), 10);
    }
}
