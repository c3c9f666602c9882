//! What the pages are made of, as the binary carries it.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use sha2::{Digest as _, Sha256};

/// One file.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) form: Form,
    pub(super) bytes: &'static [u8],
    /// Another one for other bytes; weak, since they go out compressed in more than one way.
    pub(super) tag: HeaderValue,
}

/// How its bytes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Plain,
    /// Compressed, as they lie in the repository too.
    Gzip,
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
/// Samples are documents to send, not pages to open.
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! assets {
    ($($name:literal, $file:literal, $media_type:ident, $form:ident;)*) => {
        /// All of them.
        pub(super) static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| vec![$({
            let bytes = include_bytes!($file);
            Asset { name: $name, media_type: $media_type, form: Form::$form, bytes, tag: tag(bytes) }
        }),*]);
    };
}

assets! {
    "icon.svg", "icon.svg", SVG, Plain;
    "plain.css", "plain.css", CSS, Plain;
    "preview.css", "preview.css", CSS, Plain;
    "article.css", "article.css", CSS, Plain;
    "preview.js", "preview.js", JS, Plain;
    "service.js", "service.js", JS, Plain;
    "article.js", "article.js", JS, Plain;
    "source.js", "source.js", JS, Plain;
    "facts.js", "facts.js", JS, Plain;
    "json.js", "json.js", JS, Plain;
    "dom.js", "dom.js", JS, Plain;
    "docs.js", "docs.js", JS, Plain;
    "docs.css", "docs.css", CSS, Plain;
    "redoc.js", "redoc.standalone.js.gz", JS, Gzip;
    "temml.js", "temml.js.gz", JS, Gzip;
    "sample-post.md", "samples/post.md", TEXT, Plain;
    "sample-news.html", "samples/news.html", TEXT, Plain;
    "sample-code.html", "samples/code.html", TEXT, Plain;
    "sample-broken.html", "samples/broken.html", TEXT, Plain;
}

fn tag(bytes: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // Quotes and hex digits.
    HeaderValue::from_str(&format!("W/\"{hex}\"")).unwrap_or_else(|e| unreachable!("{e}"))
}
