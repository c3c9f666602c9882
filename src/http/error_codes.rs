//! Every problem that this service can answer with: one table, for the status, for the pages under
//! `/docs/errors/` and for docs/api.md.

use crate::error::ErrorCode;

/// What there is to say about a code.
#[derive(Debug, Clone, Copy)]
pub struct ErrorEntry {
    /// The HTTP status.
    pub status: u16,
    /// What it is, in a few words that never change.
    pub title: &'static str,
    /// When it is answered; code stands between backticks.
    pub when: &'static str,
    /// What to do about it; code stands between backticks.
    pub advice: &'static str,
}

/// The entry of a code.
#[rustfmt::skip] // a table: when and advice stand below their code
pub const fn describe(code: ErrorCode) -> ErrorEntry {
    match code {
        ErrorCode::EmptyBody => entry(400, "The body is empty",
            "nothing came, or only white space",
            "Send the document as the body: `curl --data-binary @page.html`. An upload whose file was not found sends nothing, too."),
        ErrorCode::UnknownOption => entry(400, "Unknown option",
            "the route has no such option",
            "Options are query parameters, and `detail` lists those that the route knows. A `#`, `+` or `&` in a URL that was not encoded cuts an option in two: write `%23`, `%2B`, `%26`."),
        ErrorCode::BadOption => entry(400, "Bad option",
            "a value that means nothing, or an option given twice",
            "`detail` names the option and what it takes. An option that may not repeat was perhaps given twice."),
        ErrorCode::BadSelector => entry(400, "Bad selector",
            "a selector that is empty or cannot be read",
            "Selectors are CSS: names, classes, ids, attributes, `:nth-child()` and its like, `:not()`, descendant and child combinators. In a URL write `#` as `%23`: what follows a bare one never arrives."),
        ErrorCode::BadEnvelope => entry(400, "Bad envelope",
            "JSON that is no envelope",
            "`detail` names the key and what it takes. The envelope holds the document as text in `document`, or as `document_base64`; another JSON is not a document."),
        ErrorCode::BadForm => entry(400, "Bad form",
            "a form without a document, or that cannot be read",
            "The document is the field `file`: `curl -F file=@page.html -F url=https://a.example/`. All other fields are `url` and options."),
        ErrorCode::BadTarget => entry(400, "Bad request target",
            "a request line whose target is neither a path nor a whole address",
            "Begin the path with `/`. A client that joins a base address and a path without a slash is the usual cause."),
        ErrorCode::BadHeader => entry(400, "Bad request header",
            "a header that is not plain ASCII; or no `Host`, two, or one that is no host",
            "Write the header in plain ASCII. An address with other letters goes into the `url` option, percent-encoded. HTTP/1.1 wants one `Host` header, with a host and perhaps a port."),
        ErrorCode::BadBody => entry(400, "The body broke off",
            "the body broke off",
            "The connection ended, or the chunks were malformed, before the body was whole. Send it again."),
        ErrorCode::BadEncoding => entry(400, "The compressed body is broken",
            "a body that is not compressed as its `Content-Encoding` says, or only half",
            "`detail` says which coding could not be taken off, and why. Leave `Content-Encoding` out where the body is not compressed any more, as after a crawl whose client has decompressed it."),
        ErrorCode::Unauthorized => entry(401, "A token is needed",
            "missing or unknown bearer token",
            "Send `Authorization: Bearer TOKEN` with a token of the service's `--tokens-file`. Health checks and these pages need none."),
        ErrorCode::NotFound => entry(404, "No such route",
            "no such route",
            "The routes are in `/docs`. A missing or doubled slash is the usual cause."),
        ErrorCode::MethodNotAllowed => entry(405, "Method not allowed",
            "not this method; `Allow` lists those that are",
            "The `Allow` header lists the methods that this route takes."),
        ErrorCode::NotAcceptable => entry(406, "Not acceptable",
            "`Accept` names nothing that can be given",
            "Leave `Accept` out, or name `application/json`, `text/html`, `text/markdown` or `text/plain`."),
        ErrorCode::SlowBody => entry(408, "The body came too slowly",
            "the body took too long, or came too slowly",
            "Send the body faster, or raise `--body-timeout` or lower `--body-rate` where slow links are expected."),
        ErrorCode::Stalled => entry(408, "The answer was not read",
            "at the end of a batch: its answer was not read",
            "Read while you send. A client that writes its whole body before it reads stands still; send what comes after the last line again, in pieces of less than 1 MiB."),
        ErrorCode::BodyTooLarge => entry(413, "The body is too large",
            "more than `--max-body`, decompressed, or than is rendered of Markdown; or a compressed stream that opens to more than 200 times what came",
            "Raise `--max-body` (and the memory limit with it), or stream the page through `/v1/clean`, which takes any size. What is compressed better than 200 to 1 goes in smaller requests, or as it is."),
        ErrorCode::UnsupportedMediaType => entry(415, "Unsupported media type",
            "not a type that is taken; `Accept-Post` lists those",
            "The `Accept-Post` header lists what is taken. Leave `Content-Type` out and the bytes decide."),
        ErrorCode::UnsupportedCharset => entry(415, "Unsupported charset",
            "a charset that cannot be streamed",
            "Encode the document as UTF-8, or send it to `/v1/normalize`, which reads every charset of the web."),
        ErrorCode::UnsupportedEncoding => entry(415, "Unsupported content encoding",
            "a `Content-Encoding` that is not known, or more than four; `Accept-Encoding` lists those that are taken",
            "The `Accept-Encoding` header lists what is taken: gzip, deflate, br and zstd, up to four over one another. Or send the body as it is, without `Content-Encoding`."),
        ErrorCode::NotText => entry(415, "The body is not text",
            "a picture, an archive or other binary data",
            "`detail` says what the bytes look like. Text in UTF-16 needs a byte order mark or a charset."),
        ErrorCode::ExpectationFailed => entry(417, "Unknown expectation",
            "an `Expect` other than `100-continue`",
            "Leave `Expect` out, or send `Expect: 100-continue`."),
        ErrorCode::NewlinesRemoved => entry(422, "The newlines were removed",
            "front matter on one line: see below",
            "`curl -d @file` removes newlines, and with them the front matter. Use `--data-binary @file`, or `-T file`."),
        ErrorCode::Feed => entry(422, "A whole feed instead of one document",
            "a whole feed; `/v1/batch` takes those",
            "A feed is many documents. Send it to `/v1/batch`, which answers with an article for each entry: `curl -T feed.xml -X POST localhost:8080/v1/batch`."),
        ErrorCode::BadFeed => entry(422, "Bad feed",
            "XML that is no feed, or an entry of one that cannot be read",
            "`detail` says what is wrong. An entry is read on its own, so the others are articles all the same."),
        ErrorCode::TooDeep => entry(422, "Nested too deep",
            "elements nested past the bound",
            "No page that people read is nested so deep. A template that never closes its elements is the usual cause."),
        ErrorCode::TooManyElements => entry(422, "Too many elements",
            "more elements than the bound",
            "Raise `--max-elements` (and the memory limit with it) where pages of this size are expected."),
        ErrorCode::TokenTooLarge => entry(422, "A token is too large",
            "one tag or comment larger than the parser may hold",
            "One tag or comment is larger than the parser may hold: often a picture written into an attribute as a `data:` URL."),
        ErrorCode::OutputTooLarge => entry(422, "The article is too large",
            "the clean article would be larger than its bound: a link around a million blocks is written a million times",
            "Links or formatting around very many blocks are written again for each block. Remove them with `remove=`."),
        ErrorCode::QueueFull => entry(429, "Too much work",
            "too many documents wait already; come back after `Retry-After`",
            "Come back after `Retry-After`. Where that happens often, more cores or another instance help; a longer queue only makes everyone late."),
        ErrorCode::Internal => entry(500, "Internal error",
            "a fault of the service; its log has the cause under the `request_id`",
            "This is a fault of the service, not of your document. Its log has the cause under the `request_id`."),
        ErrorCode::UnsupportedTransferEncoding => entry(501, "Unsupported transfer coding",
            "a `Transfer-Encoding` other than `chunked`, once",
            "Send `Transfer-Encoding: chunked` alone, or a `Content-Length`. A body that is compressed says so in `Content-Encoding`."),
        ErrorCode::MemoryFull => entry(503, "Out of memory for documents",
            "the memory for documents is taken; come back after `Retry-After`",
            "Come back after `Retry-After`. Where that happens often, give the service more memory."),
        ErrorCode::Starting => entry(503, "Not ready yet",
            "not ready yet",
            "The service is still reading its rules. Come back in a moment."),
        ErrorCode::Draining => entry(503, "Draining",
            "shutting down; come back after `Retry-After`",
            "This instance shuts down. Come back after `Retry-After`: another one has the traffic by then."),
        ErrorCode::Deadline => entry(504, "The time budget is used up",
            "the document's time is used up",
            "Raise `--timeout`, or give the service more cores: waiting for a worker counts too."),
        ErrorCode::HttpVersion => entry(505, "HTTP version not supported here",
            "`/v1/clean` over HTTP/1.0; HTTP/2",
            "Speak HTTP/1.1. In nginx that is `proxy_http_version 1.1`; curl's `--http2-prior-knowledge` and gRPC's clients speak HTTP/2, which a proxy can translate."),
    }
}

const fn entry(status: u16, title: &'static str, when: &'static str, advice: &'static str) -> ErrorEntry {
    ErrorEntry {
        status,
        title,
        when,
        advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_order_of_their_status() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| describe(*code).status));
    }

    #[test]
    fn each_says_what_to_do() {
        for code in ErrorCode::ALL {
            let ErrorEntry { when, advice, .. } = describe(*code);
            for text in [when, advice] {
                assert!(!text.is_empty() && text.matches('`').count() % 2 == 0, "{code}: {text}");
            }
        }
    }
}
