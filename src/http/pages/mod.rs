//! The pages for people: the preview, the reference of the API, a page for each error, and what they are made of.
//!
//! All of it is compiled in, and none of it loads anything from elsewhere. The pages are the same for everyone and hold
//! nothing of a document, so they ask for no token: the preview sends its documents to the same routes as everybody, with
//! the token that its reader typed.
//!
//! # Security
//! No script or style sheet stands in a page itself, so that the policies name no exception for them (the reference has
//! one for styles: its library writes them as it runs). The article is shown in a frame without scripts, forms or an
//! origin, and the frame inherits the page's policy: even markup that got past the sanitiser could load nothing.

mod assets;

use std::{fmt::Write as _, io::Read as _};

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use flate2::bufread::GzDecoder;

use super::{
    compress,
    content_encoding::{self, Coding},
    error::{self, ApiError},
    error_codes::{ErrorEntry, describe},
};
use crate::error::ErrorCode;
use assets::{ASSETS, Asset, Form};

/// Only what this service serves, and no frame but the article's, which has no address.
const PREVIEW_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The same, and styles that the library of the reference makes as it runs.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page that only shows.
const PLAIN_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// `GET /`.
pub(super) async fn preview() -> Response {
    page(include_str!("preview.html").to_owned(), PREVIEW_POLICY)
}

/// `GET /docs`.
pub(super) async fn docs() -> Response {
    page(include_str!("docs.html").to_owned(), DOCS_POLICY)
}

/// `GET /docs/errors`.
pub(super) async fn errors() -> Response {
    let mut rows = String::new();
    for code in ErrorCode::ALL {
        let ErrorEntry { status, when, .. } = describe(*code);
        let when = marked(when);
        let row = format!("<tr><td>{status}<td><a href=\"errors/{code}\">{code}</a><td>{when}\n");
        rows.push_str(&row);
    }
    let table = format!("<table>\n<thead><tr><th>Status<th>Code<th>When\n<tbody>\n{rows}</table>");
    let body = format!(
        "<h1>Errors</h1>\n<p>Every error is <code>application/problem+json</code>. Its <code>type</code> is the address of \
        one of these pages, and its <code>code</code> is stable.</p>\n{table}"
    );
    page(plain("../", "Errors", &body), PLAIN_POLICY)
}

/// `GET /docs/errors/{code}`.
pub(super) async fn error(Path(code): Path<String>) -> Result<Response, ApiError> {
    let Some(code) = ErrorCode::ALL.iter().find(|known| known.as_str() == code) else {
        return Err(error::not_found().await);
    };
    let ErrorEntry {
        status,
        title,
        when,
        advice,
    } = describe(*code);
    let (when, advice) = (marked(when), marked(advice));
    let body = format!(
        "<p class=\"over\"><a href=\"../errors\">Errors</a></p>\n<h1>{title}</h1>\n\
        <p class=\"code\"><code>{code}</code> <span class=\"status\">{status}</span></p>\n\
        <h2>When</h2>\n<p>{when}.</p>\n<h2>What to do</h2>\n<p>{advice}</p>"
    );
    Ok(page(plain("../../", title, &body), PLAIN_POLICY))
}

/// `GET /assets/{file}`.
pub(super) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return Err(error::not_found().await);
    };
    let mut response = if is_known(asset, &headers) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        whole(asset, &headers)?
    };
    let head = response.headers_mut();
    head.insert(header::ETAG, asset.tag.clone());
    // Asked for again each time, and answered by its tag: another version of the service may stand here tomorrow.
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

/// Whether the client has these bytes already, by the weak comparison of tags (RFC 9110, section 13.1.2).
fn is_known(asset: &Asset, headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let mut tags = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let ours = asset.tag.to_str().map(strong).unwrap_or_default();
    tags.any(|tag| strong(tag) == ours || tag.trim() == "*")
}

fn whole(asset: &'static Asset, headers: &HeaderMap) -> Result<Response, ApiError> {
    let mut response = match asset.form {
        Form::Plain => Response::new(Body::from(asset.bytes)),
        Form::Gzip if content_encoding::wish(headers).takes_gzip => {
            let mut response = Response::new(Body::from(asset.bytes));
            compress::name(response.headers_mut(), Some(Coding::Gzip));
            response
        }
        Form::Gzip => {
            let mut decompressed = Vec::new();
            let read = GzDecoder::new(asset.bytes).read_to_end(&mut decompressed);
            read.map_err(|_| ApiError::internal())?;
            Response::new(Body::from(decompressed))
        }
    };
    let media_type = HeaderValue::from_static(asset.media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

fn page(html: String, policy: &'static str) -> Response {
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// A page around a text. `root` leads from its address to `/`.
fn plain(root: &str, title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} – copydesk</title>\n\
        <link rel=\"icon\" href=\"{root}assets/icon.svg\">\n<link rel=\"stylesheet\" href=\"{root}assets/plain.css\">\n\
        </head>\n<body>\n<header><a class=\"name\" href=\"{root}docs\">copydesk</a></header>\n<main>\n{body}\n</main>\n\
        </body>\n</html>\n"
    )
}

/// A text as HTML: what stands between backticks is code.
fn marked(text: &str) -> String {
    let mut html = String::new();
    for (at, part) in text.split('`').enumerate() {
        let escaped = part.replace('&', "&amp;").replace('<', "&lt;");
        // Writing to a string cannot fail.
        let _ = match at % 2 {
            0 => html.write_str(&escaped),
            _ => write!(html, "<code>{escaped}</code>"),
        };
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_nothing_else_gets_through() {
        assert_eq!(
            marked("`a<b>` & `c`, d"),
            "<code>a&lt;b></code> &amp; <code>c</code>, d"
        );
    }

    #[test]
    fn what_is_packed_can_be_unpacked() {
        for asset in ASSETS.iter().filter(|asset| asset.form == Form::Gzip) {
            let response = whole(asset, &HeaderMap::new()).expect("it decompresses");
            assert!(response.headers().get(header::CONTENT_ENCODING).is_none());
        }
    }
}
