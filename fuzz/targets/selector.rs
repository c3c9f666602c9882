//! A selector: refused, or matched on both roads.
#![no_main]

use std::borrow::Cow;

use copydesk::{input::RawDocument, options::{CleanOptions, Options}};
use copydesk_fuzz::{PAGE, PIPELINE, normalize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let pairs = || {
        ["keep", "remove"]
            .map(|name| (Cow::from(name), Cow::from(text)))
            .into_iter()
    };
    let options = Options::from_pairs(pairs());
    let clean = CleanOptions::from_pairs(pairs());
    assert_eq!(options.is_ok(), clean.is_ok(), "one dialect everywhere");
    let (Ok(options), Ok(clean)) = (options, clean) else {
        return;
    };
    let document = RawDocument {
        bytes: PAGE.as_bytes(),
        ..RawDocument::default()
    };
    normalize(&PIPELINE, &document, &options);
    let mut cleaner = PIPELINE.cleaner(None, &clean).expect("its selectors were read");
    cleaner.write(PAGE.as_bytes()).expect("a page of ours");
    cleaner.end().expect("a page of ours");
});
