//! stub
use serde::Serialize;
/// Who decided on the charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CharsetSource {
    /// a
    Bom,
}
/// stub
#[derive(Debug, Clone, Default)]
pub struct Offsets;
