//! Work for each byte: the fuzzer is led to the inputs that cost most, and those past what any real page needs are finds.
//!
//! Coverage rewards what no input has done before. So the work on an input, in steps and in bytes allocated, is made
//! coverage: its logarithm chooses a place in the code, and the first input that reaches a higher one is
//! kept and changed further.
#![no_main]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

use copydesk::{input::RawDocument, options::Options, steps};
use copydesk_fuzz::{PAGE, PIPELINE, choose, clean, normalize};
use libfuzzer_sys::fuzz_target;

/// Steps that an input may cost beside those for its bytes: a document of none has some too.
const FREE_STEPS: u64 = 1 << 18;
/// Steps for each byte: what is read a dozen times in each of a dozen stages.
const STEPS_A_BYTE: u64 = 1 << 10;
/// As [`FREE_STEPS`], of bytes allocated: all that were asked for, not all that were held at once.
const FREE_BYTES: u64 = 8 << 20;
/// As [`STEPS_A_BYTE`].
const BYTES_A_BYTE: u64 = 16 << 10;

const TYPES: [Option<&str>; 4] = [None, Some("text/html"), Some("text/markdown"), Some("application/json")];

/// Counts what is asked for.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

fn allocated(bytes: usize) {
    // A thread that ends may still free what it has.
    let _ = ALLOCATED.try_with(|sum| sum.set(sum.get() + bytes as u64));
}

// SAFETY: all is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size.saturating_sub(layout.size()));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One place in the code for each level, so that the first input that reaches it is new to the fuzzer.
macro_rules! levels {
    ($level:expr, $($number:literal)*) => {
        match $level {
            $($number => { black_box($number); })*
            _ => { black_box(u32::MAX); }
        }
    };
}

/// Quarters of the logarithm of the work for each byte, so that a fifth more is another level.
fn level(work: u64, bytes: u64) -> u32 {
    ((work as f64 / bytes as f64).max(1.0).log2() * 4.0) as u32
}

/// What is made once, with the first document, is no work on it.
fn warm_up() {
    run(&RawDocument {
        bytes: PAGE.as_bytes(),
        ..RawDocument::default()
    });
}

fn run(document: &RawDocument<'_>) {
    let all = [("fields".into(), "all".into()), ("explain".into(), "true".into())];
    let options = Options::from_pairs(all.into_iter()).expect("options of ours");
    normalize(&PIPELINE, document, &options);
    clean(&PIPELINE, document.bytes);
}

fuzz_target!(init: warm_up(), |data: &[u8]| {
    let Some((content_type, bytes)) = choose(&TYPES, data) else {
        return;
    };
    let document = RawDocument {
        bytes,
        content_type: *content_type,
        ..RawDocument::default()
    };
    let before = (steps::counted(), ALLOCATED.get());
    run(&document);
    let (steps, memory) = (steps::counted() - before.0, ALLOCATED.get() - before.1);
    let length = bytes.len() as u64;
    assert!(
        steps <= FREE_STEPS + length * STEPS_A_BYTE,
        "{steps} steps for {length} bytes"
    );
    assert!(
        memory <= FREE_BYTES + length * BYTES_A_BYTE,
        "{memory} bytes allocated for {length} bytes"
    );
    // What every document costs says nothing of a short one.
    levels!(level(steps, length + 1024), 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40);
    levels!(level(memory, length + 1024), 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56);
});
