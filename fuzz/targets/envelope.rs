//! JSON that is an envelope, nearly one, or anything else, down the whole road.
#![no_main]

use copydesk::{input::RawDocument, options::Options};
use copydesk_fuzz::{PIPELINE, normalize};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let document = RawDocument {
        bytes: data,
        content_type: Some("application/json"),
        ..RawDocument::default()
    };
    let Some(answer) = normalize(&PIPELINE, &document, &Options::default()) else {
        return;
    };
    // A byte order mark before it is taken, though JSON has none.
    let json = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let sent: Value = serde_json::from_slice(json).expect("what was taken was JSON");
    // Other forms are asked for by the options in it.
    if let Ok(Value::Object(article)) = serde_json::from_slice(&answer)
        && let (Some(context), Some(given)) = (article.get("context"), sent.get("context"))
    {
        assert_eq!(context, given, "it comes back untouched");
    }
});
