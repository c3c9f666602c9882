//! Megabytes a second of the stream, beside lol_html alone with one handler that does nothing: `cargo bench --bench stream`.
//!
//! The pages are of our own making, in the form of what the web sends: a head, navigation, paragraphs with links, adverts
//! that rules drop, scripts, comments, and end tags that are left out.

use std::{hint::black_box, time::Duration};

use copydesk::{bounds::Bounds, options::CleanOptions, pipeline::Pipeline};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lol_html::{HtmlRewriter, Settings, element};

/// What a socket gives at once.
const PIECE_BYTES: usize = 16 << 10;

/// A page of about a megabyte, the same each time.
fn page() -> Vec<u8> {
    const WORDS: &[&str] = &[
        "harbour",
        "the",
        "of",
        "boats",
        "morning",
        "and",
        "come",
        "back",
        "with",
        "what",
        "night",
        "has",
        "given",
        "them",
        "market",
        "opens",
        "every",
        "day",
        "town",
        "fishermen",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut roll = move |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % sides as u64) as usize
    };
    let mut page =
        String::from("<!doctype html><html lang=en><head><meta charset=utf-8><title>Harbour</title></head><body>");
    while page.len() < 1 << 20 {
        let mut text = String::new();
        for _ in 0..20 + roll(60) {
            text.push_str(WORDS[roll(WORDS.len())]);
            text.push(' ');
        }
        let number = roll(100_000);
        page.push_str(&match roll(10) {
            0 => format!("<ul class=\"nav nav-list\"><li class=item><a href=\"/a/{number}\">{}</a><li class=item><a href=/b>two</a></ul>\n", &text[..20]),
            1 => format!("<div class=\"box advertisement\" id=\"ad-{number}\"><a href=\"https://ads.example/{number}\"><img src=\"/x.gif\" width=300 height=250></a></div>\n"),
            2 => format!("<script>window.dataLayer = window.dataLayer || []; push({{\"id\": {number}, \"text\": \"{text}\"}});</script>\n"),
            3 => format!("<!-- block {number} --><div class=\"row\"><div class=\"col col-6\"><span class=label>{}</span></div></div>\n", &text[..30]),
            4 => format!("<figure class=image><img src=\"https://img.example/{number}.jpg\" alt=\"{}\" loading=lazy><figcaption>{}</figcaption></figure>\n", &text[..40], &text[..50]),
            _ => format!("<p class=\"text text-{}\" data-id=\"{number}\">{text}<a href=\"https://a.example/{number}\" title=\"{}\">{}</a> <em>{}</em> {text}</p>\n", roll(9), &text[..30], &text[..15], &text[..10]),
        });
    }
    page.push_str("</body></html>\n");
    page.into_bytes()
}

fn throughput(criterion: &mut Criterion) {
    let page = page();
    let mut group = criterion.benchmark_group("stream");
    group
        .throughput(Throughput::Bytes(page.len() as u64))
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    group.bench_function("lol_html with one handler", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::with_capacity(page.len());
            let settings = Settings::new().append_element_content_handler(element!("*", |_| Ok(())));
            let mut rewriter = HtmlRewriter::new(settings, |chunk: &[u8]| out.extend_from_slice(chunk));
            for piece in page.chunks(PIECE_BYTES) {
                rewriter.write(piece).expect("no limit is set");
            }
            rewriter.end().expect("no limit is set");
            black_box(out.len())
        });
    });
    let pipeline = Pipeline::built_in(Bounds::default()).expect("the built-in rules load");
    group.bench_function("clean with the built-in rules", |bencher| {
        bencher.iter(|| {
            let mut cleaner = pipeline.cleaner(None, &CleanOptions::default()).expect("a cleaner");
            let mut length = 0;
            for piece in page.chunks(PIECE_BYTES) {
                cleaner.write(piece).expect("a good page");
                length += cleaner.take().len();
            }
            cleaner.end().expect("a good page");
            black_box(length + cleaner.take().len())
        });
    });
    group.finish();
}

criterion_group!(benches, throughput);
criterion_main!(benches);
