//! A filter list that somebody mounts: read or refused, and then obeyed without harm.
#![no_main]

use copydesk::{input::Document, options::Options};
use copydesk_fuzz::{PAGE, RuleSource, normalize, with_rules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(pipeline) = with_rules(RuleSource::FilterList, data) else {
        return;
    };
    let document = Document {
        bytes: PAGE.as_bytes(),
        ..Document::default()
    };
    normalize(&pipeline, &document, &Options::default()).expect("no list takes a page away");
});
