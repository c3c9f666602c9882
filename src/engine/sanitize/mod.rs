//! What is written: allowed elements, attributes and addresses only, each from a table.

pub(crate) mod allowlist;
pub mod links;
pub mod serialize;
pub(crate) mod tracking;
