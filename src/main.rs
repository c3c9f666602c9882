//! Reads the command line, runs it, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use copydesk::cli::{self, Cli};

/// Documents are many small allocations on many threads, and musl's own allocator, which a static binary would use,
/// takes one lock for all of them. Its second version: the third gives freed memory back a second later, and what hostile
/// bodies take in a second is more than the memory limit leaves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_silent() {
                eprintln!("copydesk: {failure}");
            }
            failure.exit_code()
        }
    }
}
