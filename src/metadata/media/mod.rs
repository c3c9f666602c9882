//! Pictures and videos of an article.

pub(crate) mod pictures;
pub(crate) mod videos;
