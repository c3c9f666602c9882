//! Bearer tokens: the clients that may send documents.
//!
//! # Security
//! A token is compared as its SHA-256, in constant time, with every known one: neither a token's text nor which of them
//! matched can be learnt from the time it took. Tokens are kept as hashes only and never logged. The check comes before a
//! byte of the body is read.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::error::ApiError;
use crate::{error::ErrorCode, files};

/// Shorter tokens can be guessed.
const MIN_CHARACTERS: usize = 16;
/// Bytes of a file of tokens at most: thousands of them.
const FILE_BYTES: u64 = 1 << 20;

/// The tokens in force, with the file that they come from.
#[derive(Debug)]
pub struct Tokens {
    file: PathBuf,
    hashes: RwLock<Vec<[u8; 32]>>,
}

impl Tokens {
    /// Reads a file of tokens: one a line; blank lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// Those of [`files::read`], and `InvalidData` for a file that holds none, or one that is too short.
    pub fn read(file: &Path) -> io::Result<Self> {
        Ok(Tokens {
            hashes: RwLock::new(hashes(&files::read(file, FILE_BYTES)?)?),
            file: file.to_owned(),
        })
    }

    /// Reads the file again; what it does not allow to be read stays as it was.
    pub(super) fn reload(&self) -> io::Result<()> {
        let hashes = hashes(&files::read(&self.file, FILE_BYTES)?)?;
        *self.hashes.write().unwrap_or_else(PoisonError::into_inner) = hashes;
        Ok(())
    }

    /// # Errors
    /// 401 for a request that shows none of the tokens.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let given = headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes)
            .and_then(bearer);
        let hash = <[u8; 32]>::from(Sha256::digest(given.unwrap_or_default()));
        let known = self.hashes.read().unwrap_or_else(PoisonError::into_inner);
        let fits = known
            .iter()
            .fold(Choice::from(0), |fits, known| fits | known.ct_eq(&hash));
        if given.is_some() && bool::from(fits) {
            return Ok(());
        }
        let detail = "this service asks for a bearer token that it knows, in the Authorization header";
        Err(ApiError::new(ErrorCode::Unauthorized, detail)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
    }
}

fn hashes(bytes: &[u8]) -> io::Result<Vec<[u8; 32]>> {
    let no = |why: String| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return no("the file is not UTF-8".to_owned());
    };
    let mut hashes = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let token = line.trim();
        if token.is_empty() || token.starts_with('#') {
            continue;
        }
        if token.len() < MIN_CHARACTERS || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            // Its line, and never its text.
            return no(format!(
                "line {} is no token of {MIN_CHARACTERS} visible characters or more",
                number + 1
            ));
        }
        hashes.push(Sha256::digest(token).into());
    }
    if hashes.is_empty() {
        return no("it holds no token".to_owned());
    }
    Ok(hashes)
}

/// The token of an `Authorization` header.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_line_by_line() {
        assert_eq!(
            hashes(b"# two\n\n0123456789abcdef\n  0123456789abcdeg  \n")
                .expect("two")
                .len(),
            2
        );
        for (text, word) in [
            ("", "no token"),
            ("# none\n", "no token"),
            ("x\nshort\n", "line 1"),
            ("0123456789abcde é\n", "line 1"),
        ] {
            let refusal = hashes(text.as_bytes()).expect_err("no good").to_string();
            assert!(refusal.contains(word) && !refusal.contains("short"), "{refusal}");
        }
    }

    #[test]
    fn only_the_bearer_scheme_counts() {
        assert_eq!(bearer(b"bEaReR  abc "), Some(&b"abc"[..]));
        assert_eq!(bearer(b"Basic abc"), None);
        assert_eq!(bearer(b"Bearer"), None);
    }
}
