//! What the fuzz targets share.

use std::{path::PathBuf, sync::LazyLock, time::Duration};

use copydesk::{bounds::{Bounds, Deadline}, error::Error, input::RawDocument, options::{CleanOptions, Options}, pipeline::Pipeline, rules::{self, RuleSources}};
use serde_json::Value;

/// Smaller than the service's, so that what is too large is seen within a fuzzer's small inputs, and with more time than a
/// document of that size can ever need: a deadline is a finding.
pub fn bounds() -> Bounds {
    Bounds {
        depth: 512,
        elements: 20_000,
        output_bytes: 4 << 20,
        time: Duration::from_secs(20),
        ..Bounds::default()
    }
}

/// The road with the built-in rules.
pub static PIPELINE: LazyLock<Pipeline> =
    LazyLock::new(|| Pipeline::built_in(bounds()).expect("the built-in rules load"));

/// A page that has something of everything.
pub const PAGE: &str = include_str!("../tests/pages/page-news/in.html");

/// One document down the whole road: JSON, or a refusal that is the document's own fault.
pub fn normalize(pipeline: &Pipeline, document: &RawDocument<'_>, options: &Options) -> Option<Vec<u8>> {
    match pipeline.normalize(document, options, &Deadline::after(pipeline.bounds().time)) {
        Ok(answer) => Some(answer.body),
        Err(Error::Deadline { .. }) => panic!("it takes too long"),
        Err(_) => None,
    }
}

/// The same document down the other road, in one piece; a refusal is its own fault.
pub fn clean(pipeline: &Pipeline, bytes: &[u8]) {
    let mut cleaner = pipeline.cleaner(None, &CleanOptions::default()).expect("no options");
    if cleaner.write(bytes).is_ok() {
        let _ = cleaner.end();
    }
}

/// What an article says of what was removed, checked: disjoint, ascending, within the document; of Markdown, within
/// what was made of it, which is not at hand.
pub fn check_removed(article: &Value, document_bytes: usize) {
    let document_bytes = if article["input"]["offsets"] == "rendered" {
        usize::MAX
    } else {
        document_bytes
    };
    let mut end = 0;
    for removal in article["removed"].as_array().into_iter().flatten() {
        let at = |name: &str| removal[name].as_u64().expect("an offset") as usize;
        let (from, to) = (at("byte_start"), at("byte_end"));
        assert!(
            end <= from && from < to && to <= document_bytes,
            "{removal} behind {end} of {document_bytes}"
        );
        end = to;
    }
}

/// The first byte, as a choice, and the rest.
pub fn choose<'a, T>(from: &'a [T], data: &'a [u8]) -> Option<(&'a T, &'a [u8])> {
    let (first, rest) = data.split_first()?;
    Some((&from[usize::from(*first) % from.len()], rest))
}

/// A road with these rules beside the built-in ones, `None` where they are refused.
fn with_rules(kind: RuleSource, text: &[u8]) -> Option<Pipeline> {
    // In memory, where there is such a place: it is written for each input.
    let folder = PathBuf::from("/dev/shm");
    let folder = if folder.is_dir() { folder } else { std::env::temp_dir() };
    let folder = folder.join(format!("copydesk-fuzz-{}", std::process::id()));
    let file = folder.join("mine.toml");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(&file, text).expect("a file");
    let sources = match kind {
        RuleSource::File => RuleSources {
            folders: vec![folder],
            ..RuleSources::default()
        },
        RuleSource::FilterList => RuleSources {
            filter_lists: vec![file],
            ..RuleSources::default()
        },
    };
    let (rules, _) = rules::read(&sources).ok()?;
    Some(Pipeline::new(rules, bounds()))
}

/// Reads these rules and, unless they are refused, obeys them on a page of ours, which no rule takes away.
pub fn obey(kind: RuleSource, text: &[u8]) {
    let Some(pipeline) = with_rules(kind, text) else {
        return;
    };
    let document = RawDocument {
        bytes: PAGE.as_bytes(),
        ..RawDocument::default()
    };
    normalize(&pipeline, &document, &Options::default()).expect("no rule takes a page away");
}

/// Where rules of one's own come from.
#[derive(Debug, Clone, Copy)]
pub enum RuleSource {
    /// A rule file.
    File,
    /// A filter list in EasyList's syntax.
    FilterList,
}
