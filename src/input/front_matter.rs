//! stub
/// Front matter.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontMatter {
    /// The values by key, in document order.
    pub values: serde_json::Map<String, serde_json::Value>,
}
