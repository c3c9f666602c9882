//! The work on a document, counted in steps, and its end when the time is over.
//!
//! A step is about a byte read or an item of a list visited. Every loop whose length the document decides calls [`count`],
//! most of them through the functions that all of them share: the text of an element, its attributes, a pattern. Once the
//! deadline has passed, `count` unwinds to [`within`], which returns [`Error::Deadline`]: so a loop can end anywhere, and no
//! function between has to pass an error on. It is not a panic: no hook sees it, nothing is printed.
//!
//! The same count measures growth exactly, on any machine: `tests/it/complexity.rs`.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    thread,
};

use crate::{bounds::Deadline, error::Error};

/// Steps between two looks at the clock: some hundred microseconds.
const STEPS_A_LOOK: u64 = 1 << 16;

thread_local! {
    static COUNTED: Cell<u64> = const { Cell::new(0) };
    /// The count at which the clock is looked at next.
    static NEXT_LOOK: Cell<u64> = const { Cell::new(STEPS_A_LOOK) };
    static DEADLINE: RefCell<Option<Deadline>> = const { RefCell::new(None) };
}

/// What `count` unwinds with.
struct Stopped(Error);

/// Does some work until `deadline` at most, which [`count`] looks at on its way.
///
/// # Errors
/// The work's own, and [`Error::Deadline`].
pub fn within<T>(deadline: &Deadline, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    deadline.check()?;
    let _scope = DeadlineScope::of(deadline);
    // What is left half done is dropped with the work: nothing outlives it that it changes.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| match payload.downcast::<Stopped>() {
        Ok(stopped) => Err(stopped.0),
        Err(panic) => panic::resume_unwind(panic),
    })
}

/// Counts some steps, and stops the work around it if its time is over.
pub fn count(steps: usize) {
    let counted = COUNTED.get() + steps as u64;
    COUNTED.set(counted);
    if counted >= NEXT_LOOK.get() {
        look(counted);
    }
}

/// All steps of this thread so far.
pub fn counted() -> u64 {
    COUNTED.get()
}

#[cold]
fn look(counted: u64) {
    NEXT_LOOK.set(counted + STEPS_A_LOOK);
    let checked = DEADLINE.with_borrow(|deadline| deadline.as_ref().map_or(Ok(()), Deadline::check));
    // What is dropped while it unwinds may count as well.
    if let Err(error) = checked
        && !thread::panicking()
    {
        panic::resume_unwind(Box::new(Stopped(error)));
    }
}

/// A deadline in force; the one before it comes back when this is dropped.
struct DeadlineScope(Option<Deadline>);

impl DeadlineScope {
    fn of(deadline: &Deadline) -> Self {
        DeadlineScope(DEADLINE.replace(Some(deadline.clone())))
    }
}

impl Drop for DeadlineScope {
    fn drop(&mut self) {
        DEADLINE.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    fn endless() -> Result<(), Error> {
        loop {
            count(1000);
        }
    }

    #[test]
    fn an_endless_loop_ends_at_its_deadline() {
        let ended = within(&Deadline::after(Duration::from_millis(5)), endless);
        assert_eq!(ended, Err(Error::Deadline { budget_ms: 5 }));
    }

    #[test]
    fn an_endless_loop_ends_when_nobody_waits() {
        let asker = Arc::new(());
        let deadline = Deadline::after(Duration::from_secs(600)).while_asked(&asker);
        let mut asker = Some(asker);
        let ended = within(&deadline, || {
            loop {
                count(1000);
                asker.take();
            }
        });
        assert!(matches!(ended, Err::<(), _>(Error::Deadline { .. })));
    }

    #[test]
    fn an_inner_deadline_ends_alone() {
        let outer = Deadline::after(Duration::from_secs(600));
        let inner = || within(&Deadline::after(Duration::from_millis(1)), endless);
        assert_eq!(within(&outer, || Ok(inner().is_err())), Ok(true));
        count(1 << 20);
    }

    #[test]
    fn steps_add_up_and_a_panic_passes() {
        let before = counted();
        count(3);
        count(4);
        assert_eq!(counted() - before, 7);
        let work = || -> Result<(), Error> { panic::resume_unwind(Box::new("a bug")) };
        let deadline = Deadline::after(Duration::from_secs(600));
        let panicked = panic::catch_unwind(AssertUnwindSafe(|| within(&deadline, work)));
        assert_eq!(
            panicked
                .err()
                .and_then(|panic| panic.downcast::<&str>().ok())
                .as_deref(),
            Some(&"a bug")
        );
    }
}
