//! One binary for all integration tests: many files, one link.

mod api;
mod contract;
mod docs;
mod dom;
mod guard;
mod equation;
mod hostile;
mod operate;
mod process;
mod stream;
mod support;
mod tidy;
mod tree;
mod traffic;
