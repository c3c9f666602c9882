//! copydesk turns raw article documents into clean, structured articles.
//!
//! The modules, in the order in which a document passes them; each imports only from those before it (`tests/it/tidy.rs`).

mod codes;
pub mod error;
pub mod bounds;
pub mod files;
pub mod steps;
pub mod pattern;
pub mod input;
pub mod rules;
pub mod engine;
pub mod metadata;
pub mod output;
pub mod options;
pub mod pipeline;
pub mod workers;
pub mod config;
pub mod http;
pub mod cli;
