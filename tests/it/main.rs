//! One binary for all integration tests: many files, one link.

mod api;
mod batch;
mod broken;
mod contract;
mod corpus;
mod cost;
mod deploy;
mod docs;
mod dom;
mod envelope;
mod facts;
mod guard;
mod equation;
mod hostile;
mod operate;
mod outputs;
mod pages;
mod process;
mod rules;
mod safety;
mod stream;
mod support;
mod tidy;
mod traffic;
mod tree;
mod trust;
