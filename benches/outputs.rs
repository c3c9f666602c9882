//! What each output costs, and what `fields` spares: `cargo bench --bench outputs`.
//!
//! Each page is worked on once for each form and group of fields, one after the other in each turn so that all see the same
//! machine. What is printed is the middle turn as a share of the whole article (`core`). `COPYDESK_PAGES` names folders of
//! real pages, parted by `:`; without it there is one page of our own making.

mod pages;

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use copydesk::{
    bounds::{Bounds, Deadline},
    input::RawDocument,
    options::Options,
    pipeline::Pipeline,
    rules::{RuleSources, read},
};

const TURNS: usize = 21;
/// Pages of each folder, by name.
const PAGES_TAKEN: usize = 60;
/// Bytes of the page of our own making.
const PAGE_BYTES: usize = 64 << 10;

/// What is asked for, as a query; the first one is what the others are held against.
const ASKED: &[(&str, &str)] = &[
    ("core", ""),
    ("all", "fields=all"),
    ("no facts", "fields=content_text"),
    ("facts alone", "fields=title,authors,date_published,image,tags"),
    ("content_html", "fields=content_html"),
    ("content_markdown", "fields=content_markdown"),
    ("links", "fields=links"),
    ("fingerprint", "fields=fingerprint"),
    ("content_hash", "fields=content_hash"),
    ("id", "fields=id"),
    ("removed", "fields=removed"),
    ("format=html", "format=html"),
    ("format=markdown", "format=markdown"),
    ("format=text", "format=text"),
];

fn documents() -> Vec<Vec<u8>> {
    let Ok(folders) = std::env::var("COPYDESK_PAGES") else {
        let mut page = pages::generated();
        page.truncate(PAGE_BYTES);
        return vec![page];
    };
    let read = |folder: &str| {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        let files = files.into_iter().take(PAGES_TAKEN);
        files.map(|file| fs::read(file).expect("a page")).collect::<Vec<_>>()
    };
    folders.split(':').flat_map(read).collect()
}

fn main() {
    let (set, _) = read(&RuleSources::default()).expect("the built-in rules");
    let pipeline = Pipeline::new(set, Bounds::default());
    let documents = documents();
    let options: Vec<Options> = ASKED
        .iter()
        .map(|(_, query)| Options::from_pairs(url::form_urlencoded::parse(query.as_bytes())).expect("good options"))
        .collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(TURNS); ASKED.len()];
    for _ in 0..TURNS {
        for (options, times) in options.iter().zip(&mut times) {
            let begin = Instant::now();
            for bytes in &documents {
                let document = RawDocument {
                    bytes,
                    content_type: Some("text/html"),
                    ..RawDocument::default()
                };
                let answer = pipeline.normalize(&document, options, &Deadline::after(Duration::from_secs(60)));
                assert!(answer.is_ok());
            }
            times.push(begin.elapsed());
        }
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let whole = middle(&mut times[0]);
    println!("{} pages, {whole:.1?} for the whole articles", documents.len());
    for ((name, _), times) in ASKED.iter().zip(&mut times) {
        let time = middle(times);
        println!(
            "{name:18} {time:>10.1?} {:>6.1} %",
            time.as_secs_f64() / whole.as_secs_f64() * 100.0
        );
    }
}
