//! What stands before the first tag: front matter whole, broken, bombs and none.
#![no_main]

use copydesk::input::{self, RawDocument};
use copydesk_fuzz::bounds;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // A document without front matter is for other targets.
    let bytes = if data.starts_with(b"---") {
        data.to_vec()
    } else {
        [b"---\n", data].concat()
    };
    let document = RawDocument {
        bytes: &bytes,
        content_type: Some("text/markdown; charset=utf-8"),
        ..RawDocument::default()
    };
    let Ok(page) = input::read(&document, &bounds()) else {
        return;
    };
    assert!(page.text.is_char_boundary(page.body.start) && page.text.is_char_boundary(page.body.end));
    if let Some(front) = &page.front_matter {
        for key in ["title", "date", "author", "categories", "tags"] {
            front.text(key);
            front.list(key);
        }
    }
});
