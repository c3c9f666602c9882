//! Why a document or a request was refused, without a word about HTTP.
//!
//! [`Error`] is for what cannot be an article at all; each variant has a stable code, and one table in `http::error`
//! maps codes to statuses. Broken input that can still be an article is no error: it is a [`Warning`] in the answer.

use serde::Serialize;

/// A refusal. The text says what was refused and, where the caller can act, how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was sent, or nothing but white space.
    #[error("the body is empty")]
    EmptyBody,
    /// The bytes are a picture, an archive or another binary form.
    #[error("the body is not text: {detail}")]
    NotText {
        /// What the bytes look like.
        detail: String,
    },
    /// A declared media type that we do not take.
    #[error("the media type {given} is not supported")]
    UnsupportedType {
        /// The type as declared.
        given: String,
    },
    /// A charset that the road asked for cannot read.
    #[error("the charset {given} is not supported here: {detail}")]
    UnsupportedCharset {
        /// The label as given.
        given: String,
        /// Why, and what works instead.
        detail: String,
    },
    /// A body that broke off, or a file that cannot be read.
    #[error("the body could not be read to its end: {detail}")]
    BadBody {
        /// What the system or the peer did.
        detail: String,
    },
    /// More bytes than [`crate::bounds::Bounds::body_bytes`].
    #[error("the body is larger than {limit_bytes} bytes")]
    BodyTooLarge {
        /// The bound, in bytes.
        limit_bytes: usize,
    },
    /// Markdown of more bytes than [`crate::bounds::Bounds::markdown_bytes`], or than a body may have once it is HTML.
    #[error("the body is Markdown, and larger than the {limit_bytes} bytes that are rendered")]
    MarkdownTooLarge {
        /// The bound, in bytes.
        limit_bytes: usize,
    },
    /// An option that does not exist.
    #[error("unknown option {name:?}; this route takes {known}")]
    UnknownOption {
        /// The name as sent.
        name: String,
        /// The names that exist, for the reader.
        known: &'static str,
    },
    /// An option that exists, with a value that means nothing.
    #[error("bad value for option {name:?}: {detail}")]
    BadOption {
        /// The option's name.
        name: String,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// A selector that cannot be parsed or can never work.
    #[error("bad selector in option {name:?}: {detail}")]
    BadSelector {
        /// The option's name.
        name: String,
        /// Where, why, and what would be right.
        detail: String,
    },
    /// JSON that is no envelope.
    #[error("the envelope cannot be read: {detail}")]
    BadEnvelope {
        /// What is wrong, and what would be right.
        detail: String,
    },
    /// A form that cannot be read, or that holds no document.
    #[error("the form cannot be read: {detail}")]
    BadForm {
        /// What is wrong, and what would be right.
        detail: String,
    },
    /// Front matter on one line: `curl -d @file` removes every newline.
    #[error(
        "the front matter has lost its newlines (\"---title: …\"); `curl -d @file` removes them, use `curl --data-binary @file`"
    )]
    NewlinesRemoved,
    /// An RSS or Atom feed: many articles, where one was expected.
    #[error(
        "the body is a whole feed, not one document; /v1/batch and `copydesk batch` give an article for each entry"
    )]
    Feed,
    /// XML that is no feed, or an entry of one that cannot be read.
    #[error("the feed cannot be read: {detail}")]
    BadFeed {
        /// What is wrong.
        detail: String,
    },
    /// Elements open inside one another beyond the bound.
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// The bound, in open elements.
        limit: usize,
    },
    /// More elements than the bound.
    #[error("the document has more than {limit} elements")]
    TooManyElements {
        /// The bound, in elements.
        limit: usize,
    },
    /// One token (a tag, a comment) is larger than the parser may hold.
    #[error("one token of the document needs more parser memory than {limit_bytes} bytes")]
    TokenTooLarge {
        /// The bound, in bytes.
        limit_bytes: usize,
    },
    /// The clean article would be larger than the bound.
    #[error("the clean article would be larger than {limit_bytes} bytes")]
    OutputTooLarge {
        /// The bound, in bytes.
        limit_bytes: usize,
    },
    /// The document's time is used up.
    #[error("the document took longer than its time budget of {budget_ms} ms")]
    Deadline {
        /// The budget, in milliseconds.
        budget_ms: u64,
    },
}

impl Error {
    /// The stable, snake_case name of this refusal: part of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Error::EmptyBody => "empty_body",
            Error::NotText { .. } => "not_text",
            Error::UnsupportedType { .. } => "unsupported_media_type",
            Error::UnsupportedCharset { .. } => "unsupported_charset",
            Error::BadBody { .. } => "bad_body",
            Error::BodyTooLarge { .. } | Error::MarkdownTooLarge { .. } => "body_too_large",
            Error::UnknownOption { .. } => "unknown_option",
            Error::BadOption { .. } => "bad_option",
            Error::BadSelector { .. } => "bad_selector",
            Error::BadEnvelope { .. } => "bad_envelope",
            Error::BadForm { .. } => "bad_form",
            Error::NewlinesRemoved => "newlines_removed",
            Error::Feed => "feed",
            Error::BadFeed { .. } => "bad_feed",
            Error::TooDeep { .. } => "too_deep",
            Error::TooManyElements { .. } => "too_many_elements",
            Error::TokenTooLarge { .. } => "token_too_large",
            Error::OutputTooLarge { .. } => "output_too_large",
            Error::Deadline { .. } => "deadline",
        }
    }
}

/// Something about a document that the caller should know, and that did not stop it from becoming an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The stable, snake_case name: part of the contract.
    pub code: &'static str,
    /// What was found, for a person to read.
    pub detail: String,
}

impl Warning {
    /// A warning with its code and its text.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Warning {
            code,
            detail: detail.into(),
        }
    }
}
