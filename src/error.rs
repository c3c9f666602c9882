//! Why a document or a request was refused, without a word about HTTP.
//!
//! [`Error`] is for what cannot be an article at all; each variant has a stable code, and one table in `http::error`
//! maps codes to statuses. Broken input that can still be an article is no error: it is a [`Warning`] in the answer.

use serde::{Serialize, Serializer};

use crate::codes::codes;

codes! {
    /// Why a request was refused, by the status that it is answered with. The descriptions are in `http::error_codes`.
    pub enum ErrorCode {
    /// The body is empty.
    EmptyBody = "empty_body",
    /// Unknown option.
    UnknownOption = "unknown_option",
    /// Bad option.
    BadOption = "bad_option",
    /// Bad selector.
    BadSelector = "bad_selector",
    /// Bad envelope.
    BadEnvelope = "bad_envelope",
    /// Bad form.
    BadForm = "bad_form",
    /// Bad request target.
    BadTarget = "bad_target",
    /// Bad request header.
    BadHeader = "bad_header",
    /// The body broke off.
    BadBody = "bad_body",
    /// The compressed body is broken.
    BadEncoding = "bad_encoding",
    /// A token is needed.
    Unauthorized = "unauthorized",
    /// No such route.
    NotFound = "not_found",
    /// Method not allowed.
    MethodNotAllowed = "method_not_allowed",
    /// Not acceptable.
    NotAcceptable = "not_acceptable",
    /// The body came too slowly.
    SlowBody = "slow_body",
    /// The answer was not read.
    Stalled = "stalled",
    /// The body is too large.
    BodyTooLarge = "body_too_large",
    /// Unsupported media type.
    UnsupportedMediaType = "unsupported_media_type",
    /// Unsupported charset.
    UnsupportedCharset = "unsupported_charset",
    /// Unsupported content encoding.
    UnsupportedEncoding = "unsupported_encoding",
    /// The body is not text.
    NotText = "not_text",
    /// Unknown expectation.
    ExpectationFailed = "expectation_failed",
    /// The newlines were removed.
    NewlinesRemoved = "newlines_removed",
    /// A whole feed instead of one document.
    Feed = "feed",
    /// Bad feed.
    BadFeed = "bad_feed",
    /// Nested too deep.
    TooDeep = "too_deep",
    /// Too many elements.
    TooManyElements = "too_many_elements",
    /// A token is too large.
    TokenTooLarge = "token_too_large",
    /// The article is too large.
    OutputTooLarge = "output_too_large",
    /// Too much work.
    QueueFull = "queue_full",
    /// Internal error.
    Internal = "internal",
    /// Unsupported transfer coding.
    UnsupportedTransferEncoding = "unsupported_transfer_encoding",
    /// Out of memory for documents.
    MemoryFull = "memory_full",
    /// Not ready yet.
    Starting = "starting",
    /// Draining.
    Draining = "draining",
    /// The time budget is used up.
    Deadline = "deadline",
    /// HTTP version not supported here.
    HttpVersion = "http_version",
    }
}

codes! {
    /// What a caller should know about a document that became an article all the same.
    pub enum WarningCode {
        /// The text holds marks that change the direction of what follows.
        BidiControls = "bidi_controls",
        /// The bytes are not in the declared charset.
        CharsetOverruled = "charset_overruled",
        /// A declared charset has a name that no encoding has.
        CharsetUnknown = "charset_unknown",
        /// The article comes from a part of the page that a script would have shown.
        ContentOutsideBody = "content_outside_body",
        /// The `Content-Type` header cannot be parsed.
        ContentTypeBroken = "content_type_broken",
        /// A field for a date holds no date.
        DateUnreadable = "date_unreadable",
        /// A time has no zone, and UTC was assumed.
        DateWithoutZone = "date_without_zone",
        /// The text reads as UTF-8 encoded twice; it stays as it is.
        DoubleEncoded = "double_encoded",
        /// The front matter is no valid YAML and was read line by line.
        FrontMatterLenient = "front_matter_lenient",
        /// A key stands more than once in the front matter.
        FrontMatterRepeated = "front_matter_repeated",
        /// The front matter never ends.
        FrontMatterUnclosed = "front_matter_unclosed",
        /// The document holds sentences that a reader does not see.
        HiddenText = "hidden_text",
        /// The text holds characters without width.
        InvisibleCharacters = "invisible_characters",
        /// The declared language is not the one of the text.
        LanguageDisagrees = "language_disagrees",
        /// NUL characters became U+FFFD.
        NulBytes = "nul_bytes",
        /// More than 5 % of the text between the article's first and last word was removed.
        RemovedInside = "removed_inside",
        /// A rule was ignored since it would have removed too much of the article.
        RuleRolledBack = "rule_rolled_back",
        /// An element or comment never ends, and a browser would show nothing of what follows.
        Unclosed = "unclosed",
        /// Bytes that are invalid in the charset became U+FFFD.
        UndecodableBytes = "undecodable_bytes",
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for WarningCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

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
    /// A charset that the route cannot read.
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
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::EmptyBody => ErrorCode::EmptyBody,
            Error::NotText { .. } => ErrorCode::NotText,
            Error::UnsupportedType { .. } => ErrorCode::UnsupportedMediaType,
            Error::UnsupportedCharset { .. } => ErrorCode::UnsupportedCharset,
            Error::BadBody { .. } => ErrorCode::BadBody,
            Error::BodyTooLarge { .. } | Error::MarkdownTooLarge { .. } => ErrorCode::BodyTooLarge,
            Error::UnknownOption { .. } => ErrorCode::UnknownOption,
            Error::BadOption { .. } => ErrorCode::BadOption,
            Error::BadSelector { .. } => ErrorCode::BadSelector,
            Error::BadEnvelope { .. } => ErrorCode::BadEnvelope,
            Error::BadForm { .. } => ErrorCode::BadForm,
            Error::NewlinesRemoved => ErrorCode::NewlinesRemoved,
            Error::Feed => ErrorCode::Feed,
            Error::BadFeed { .. } => ErrorCode::BadFeed,
            Error::TooDeep { .. } => ErrorCode::TooDeep,
            Error::TooManyElements { .. } => ErrorCode::TooManyElements,
            Error::TokenTooLarge { .. } => ErrorCode::TokenTooLarge,
            Error::OutputTooLarge { .. } => ErrorCode::OutputTooLarge,
            Error::Deadline { .. } => ErrorCode::Deadline,
        }
    }
}

/// Something about a document that the caller should know, and that did not stop it from becoming an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The stable, snake_case name: part of the contract.
    pub code: WarningCode,
    /// What was found, for a person to read.
    pub detail: String,
}

impl Warning {
    /// A warning with its code and its text.
    pub fn new(code: WarningCode, detail: impl Into<String>) -> Self {
        Warning {
            code,
            detail: detail.into(),
        }
    }
}
