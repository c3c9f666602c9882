//! Megabytes a second of the stream, beside lol_html alone with one handler that does nothing: `cargo bench --bench stream`.

mod pages;

use std::{hint::black_box, time::Duration};

use copydesk::{bounds::Bounds, options::CleanOptions, pipeline::Pipeline};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lol_html::{HtmlRewriter, Settings, element};

/// What a socket gives at once.
const PIECE_BYTES: usize = 16 << 10;

fn throughput(criterion: &mut Criterion) {
    let page = pages::generated();
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
