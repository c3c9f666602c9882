//! Who, what, when.

pub mod dates;
