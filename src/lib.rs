//! copydesk turns raw article documents into clean, structured articles.
//!
//! The rooms, in the order a document walks through them; each imports only from those before it (`tests/it/tidy.rs`).

pub mod bounds;
pub mod error;
pub mod input;
pub mod metadata;
pub mod options;
pub mod pipeline;
pub mod rules;
