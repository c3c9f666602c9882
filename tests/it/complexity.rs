//! What a document costs grows with its bytes and no faster, whatever it is made of.
//!
//! Shapes (`tests/growth/shapes.rs`) are sent at four sizes, and their steps counted (`copydesk::steps`), which is exact on
//! any machine; nothing is timed. Here a sample; `tests/growth/run` sends all of them, larger, and counts instructions too.

#[path = "../growth/growth.rs"]
mod growth;
#[path = "../growth/shapes.rs"]
mod shapes;

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    error::Error,
    http::{DocumentChunk, Entry},
    input::RawDocument,
    options::Options,
};
use growth::{Growth, MOST};
use serde_json::Value;

use crate::conservation::PIPELINE;

/// The first size: at eight times as much, all that is bounded by a number of its own still grows.
const BYTES: usize = 2 << 10;

/// One shape in so many is sent.
const SAMPLE: usize = 11;

/// Shapes that once grew faster than their bytes, which are always sent.
const ONCE_SUPERLINEAR: &[&str] = &[
    "title: a|",
    "title: a | ",
    "title:  – — ",
    "title: ：",
    "og:title: a|",
    "headline: a|",
    "title and heading alike: « a »",
    "title: a long one above many blocks",
    "json-ld text: headline",
    "sniffed: [](",
    "plain: [a](",
    "rss: channel and items: language",
    "rss: channel and items: title",
    "rss: root: namespaces and items",
    "atom: root: language and entries",
    "figure: many pictures and a long caption",
    "figure: many pictures and many captions",
    "pictures: removed by a rule, and the same kept",
    "meta author: Ada#, ",
];

#[test]
fn no_shape_costs_more_a_byte_the_larger_it_is() {
    let once: HashSet<&str> = ONCE_SUPERLINEAR.iter().copied().collect();
    let mut known = 0;
    let sent: Vec<_> = shapes::all()
        .into_iter()
        .enumerate()
        .filter(|(i, shape)| {
            let is_known = once.contains(shape.name.as_str());
            known += usize::from(is_known);
            is_known || i % SAMPLE == 0
        })
        .map(|(_, shape)| shape)
        .collect();
    assert_eq!(known, once.len(), "a shape has lost its name");
    assert!(sent.len() >= 300, "{} shapes", sent.len());
    let next = AtomicUsize::new(0);
    let grow = || {
        let mut faults = Vec::new();
        while let Some(shape) = sent.get(next.fetch_add(1, Ordering::Relaxed)) {
            let growth = Growth::of(shape, BYTES, &PIPELINE);
            if growth.excess() > MOST {
                faults.push(format!("{}: {:?} steps", shape.name, growth.cost));
            }
        }
        faults
    };
    let faults: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(grow)).collect();
        let done = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        done.flatten().collect()
    });
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Work in the middle of a loop ends soon, and says why.
#[test]
fn work_stops_wherever_it_is_when_its_time_is_over() {
    let page = include_str!("../pages/page-news/in.html").repeat(200);
    let document = RawDocument {
        bytes: page.as_bytes(),
        ..RawDocument::default()
    };
    let whole = copydesk::steps::counted();
    let deadline = Deadline::after(Duration::from_secs(600));
    PIPELINE
        .normalize(&document, &Options::default(), &deadline)
        .expect("an article");
    let whole = copydesk::steps::counted() - whole;
    let before = copydesk::steps::counted();
    let over = Deadline::after(Duration::from_millis(1));
    let refused = PIPELINE
        .normalize(&document, &Options::default(), &over)
        .expect_err("too late");
    assert!(matches!(refused, Error::Deadline { .. }));
    let steps = copydesk::steps::counted() - before;
    assert!(steps < whole / 2, "{steps} of {whole} steps");
}

fn article(html: &str) -> Value {
    let document = RawDocument {
        bytes: html.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(Duration::from_secs(600));
    let answer = PIPELINE.normalize(&document, &Options::default(), &deadline);
    serde_json::from_slice(&answer.expect("an article").body).expect("JSON")
}

#[test]
fn a_long_caption_is_that_of_as_many_pictures_as_it_may_be_copied_to() {
    let captions = |bytes: usize| {
        let figure = format!(
            "<figure>{}<figcaption>{}</figcaption></figure><img src=/b.jpg>",
            "<img src=/a.jpg>".repeat(100),
            "a".repeat(bytes)
        );
        let images = article(&figure)["images"].as_array().expect("a list").clone();
        images.iter().filter(|image| image["caption"].is_string()).count()
    };
    assert_eq!(captions(300), 100);
    assert_eq!(captions(32 << 10), 2);
    assert_eq!(captions(1 << 20), 1);
}

#[test]
fn the_last_caption_of_a_figure_is_that_of_its_pictures() {
    let figure = "<figure><img src=/a.jpg><figcaption>One</figcaption><figcaption>Two</figcaption></figure>";
    assert_eq!(article(figure)["images"][0]["caption"], "Two");
}

#[test]
fn a_base_that_is_too_long_is_none() {
    let link = |base: &str| {
        let page = format!("<base href='https://a.example/{base}'><p>See <a href=b>this</a>.");
        article(&page)["content_html"].as_str().expect("a string").to_owned()
    };
    assert!(link("c/").contains("\"https://a.example/c/b\""));
    assert!(link(&"c/".repeat(2000)).contains("\"b\""));
}

#[test]
fn a_heading_that_never_ends_is_no_title() {
    let page = format!(
        "<html><body><h1>{}",
        "<p>The boats come back to the harbour.</p>".repeat(1000)
    );
    assert!(article(&page)["title"].as_str().is_none_or(|title| title.len() < 2000));
}

#[test]
fn a_chunk_of_many_documents_has_the_time_of_four() {
    let bounds = Bounds::default();
    let mut chunk = DocumentChunk::new(0);
    let entry = || Entry::Envelope(b"{}".to_vec());
    chunk.push(entry(), &bounds);
    assert_eq!(chunk.budget(&bounds), bounds.time);
    (0..20).for_each(|_| chunk.push(entry(), &bounds));
    assert_eq!(chunk.budget(&bounds), bounds.time * 4);
}
