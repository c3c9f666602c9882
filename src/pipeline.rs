//! The whole road on one page: what the service, the command line and the tests call.

use std::sync::Arc;

use crate::{
    bounds::Bounds,
    error::Error,
    input::Document,
    options::{CleanOptions, Format, Options},
    rules::RuleSet,
};

/// The engine with its rules and bounds: cheap to clone, shared by all workers.
#[derive(Debug, Clone)]
pub struct Pipeline {
    rules: Arc<RuleSet>,
    bounds: Bounds,
}

/// One finished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The form of `body`.
    pub format: Format,
    /// The bytes to send: compact JSON with one newline at its end, or the content alone.
    pub body: Vec<u8>,
}

impl Pipeline {
    /// A pipeline over these rules and bounds.
    pub fn new(rules: Arc<RuleSet>, bounds: Bounds) -> Self {
        Pipeline { rules, bounds }
    }

    /// The bounds of each document.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// One raw document in, one answer out. Blocks for the time that the work takes.
    ///
    /// # Errors
    /// What cannot be an article, and what is past a bound.
    pub fn normalize(&self, document: &Document<'_>, options: &Options) -> Result<Answer, Error> {
        if document.bytes.is_empty() {
            return Err(Error::EmptyBody);
        }
        Ok(Answer {
            format: options.format.unwrap_or_default(),
            body: b"{}\n".to_vec(),
        })
    }

    /// A cleaner for one HTML stream. `content_type` is the header as declared, for its charset.
    ///
    /// # Errors
    /// A charset that cannot be streamed.
    pub fn cleaner(&self, content_type: Option<&str>, options: &CleanOptions) -> Result<Cleaner, Error> {
        let _ = (content_type, options);
        Ok(Cleaner { out: Vec::new() })
    }
}

/// Cleans HTML as it passes. `Send`, not `Sync`.
#[derive(Debug)]
pub struct Cleaner {
    out: Vec<u8>,
}

impl Cleaner {
    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// A token past the parser's bound. After an error nothing more may be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// The document is over.
    ///
    /// # Errors
    /// As [`Cleaner::write`].
    pub fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The bytes that may go out by now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}
