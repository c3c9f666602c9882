//! The stream, however it is cut, against the same page in one piece.
#![no_main]

use std::borrow::Cow;

use copydesk::{engine::stream::removals::RemovedRegion, options::CleanOptions, pipeline::Cleaner};
use copydesk_fuzz::{PIPELINE, choose};
use libfuzzer_sys::fuzz_target;

const CHARSETS: [Option<&str>; 6] = [
    None,
    Some("utf-8"),
    Some("gbk"),
    Some("shift_jis"),
    Some("big5"),
    Some("windows-1252"),
];

fn cleaner(charset: Option<&str>) -> Cleaner {
    let mut pairs = vec![("remove", ".gone, b > i"), ("keep", ".keep")];
    pairs.extend(charset.map(|label| ("charset", label)));
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| (Cow::from(name), Cow::from(value)));
    let options = CleanOptions::from_pairs(pairs).expect("options of ours");
    PIPELINE
        .cleaner(None, &options)
        .expect("charsets that stream")
        .noting_losses()
}

/// What comes of a page in pieces of these sizes, in turn: its bytes and its losses, or a refusal's code.
fn run(mut cleaner: Cleaner, page: &[u8], sizes: &[u8]) -> Result<(Vec<u8>, Vec<RemovedRegion>), &'static str> {
    let (mut out, mut losses, mut rest) = (Vec::new(), Vec::new(), page);
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |&size| usize::from(size) + 1);
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        cleaner.write(piece).map_err(|error| error.code())?;
        out.extend(cleaner.take());
        losses.extend(cleaner.take_losses());
        rest = behind;
    }
    cleaner.end().map_err(|error| error.code())?;
    out.extend(cleaner.take());
    losses.extend(cleaner.take_losses());
    Ok((out, losses))
}

fuzz_target!(|data: &[u8]| {
    let Some((charset, data)) = choose(&CHARSETS, data) else {
        return;
    };
    let Some((sizes, page)) = data.split_at_checked(4) else {
        return;
    };
    let whole = run(cleaner(*charset), page, &[]);
    let cut = run(cleaner(*charset), page, sizes);
    assert_eq!(whole, cut, "cut in pieces of {sizes:?}");
    let Ok((out, losses)) = whole else { return };
    // What is told of is what has gone, and nothing else has.
    let (mut left, mut behind) = (page.to_vec(), page.len());
    for RemovedRegion { range, .. } in losses.iter().rev() {
        assert!(
            range.start < range.end && range.end <= behind,
            "{losses:?} of {}",
            page.len()
        );
        left.drain(range.clone());
        behind = range.start;
    }
    assert!(left == out, "{losses:?}");
});
