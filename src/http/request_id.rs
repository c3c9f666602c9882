//! The id of a request: the caller's when it is well-formed, else a random one.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::{HeaderMap, HeaderName};

/// The header, in both directions.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids than this are refused: they go into every log line.
const MAX_CHARACTERS: usize = 128;

/// The id to use for a request with these headers.
pub(super) fn of(headers: &HeaderMap) -> String {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_well_formed(id))
        .map_or_else(fresh, str::to_owned)
}

/// The W3C trace context of the caller, where it is well-formed: carried into the log, and nowhere else.
pub(super) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let good = lengths == [2, 32, 16, 2] && parts.iter().all(|part| part.bytes().all(is_hex));
    good.then(|| text.to_owned())
}

/// An id may stand in a header, a log line and a file name without any escaping.
fn is_well_formed(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:+/=-".contains(&byte);
    (1..=MAX_CHARACTERS).contains(&id.len()) && id.bytes().all(allowed)
}

/// 128 bits in hex: a counter through two keyed hashes, whose keys the standard library draws from the system's
/// randomness once. Unique within the process by the counter, between processes by the keys; it is a name, no secret.
fn fresh() -> String {
    static KEYS: LazyLock<(RandomState, RandomState)> = LazyLock::new(Default::default);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{:016x}", KEYS.0.hash_one(count), KEYS.1.hash_one(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken() {
        for (id, good) in [
            ("abc-123", true),
            ("Root=1-67891233-abcdef012345678912345678", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("", false),
            ("two words", false),
            ("quote\"", false),
            ("line\n", false),
            ("ключ", false),
        ] {
            assert_eq!(is_well_formed(id), good, "{id:?}");
        }
        assert!(is_well_formed(&"a".repeat(128)) && !is_well_formed(&"a".repeat(129)));
    }

    #[test]
    fn fresh_ids_differ() {
        let (one, two) = (fresh(), fresh());
        assert!(one != two && one.len() == 32 && is_well_formed(&one));
    }
}
