//! Bytes to the finished article, beside an html5ever parse alone, dom_smoothie and trafilatura, in one run:
//!
//! ```text
//! COPYDESK_PAGES=FOLDER[:FOLDER…] cargo bench --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! Without that variable the pages are those of `tests/pages`. The contenders take turns, so that a machine that is busy
//! for a while is busy for all of them; the table at the end is of the fastest sweep of each. All of them allocate with
//! mimalloc, as the service does, and get the same pages: as bytes, or for those that take text only, decoded before.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

use copydesk::{bounds::{Bounds, Deadline}, input::RawDocument, options::Options, pipeline::Pipeline};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use html5ever::{
    tendril::TendrilSink,
    tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer},
    tree_builder::TreeBuilder,
};
use markup5ever_rcdom::{Handle, RcDom};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each contender gets its turn.
const ROUNDS: u32 = 3;
/// Bytes of a folder that are read, in whole pages: a sweep of the slowest contender stays within a few seconds.
const FOLDER_BYTES: usize = 20 << 20;

/// A page as it came, and as text.
struct Page {
    bytes: Vec<u8>,
    text: String,
}

struct Contender {
    name: &'static str,
    run: Box<dyn Fn(&Page)>,
}

fn contenders() -> Vec<Contender> {
    let contender = |name, run: fn(&Page)| Contender {
        name,
        run: Box::new(run),
    };
    let pipeline = Pipeline::built_in(Bounds::default()).expect("the built-in rules load");
    let options = Options::default();
    let copydesk = move |page: &Page| {
        let document = RawDocument {
            bytes: &page.bytes,
            content_type: Some("text/html"),
            ..RawDocument::default()
        };
        let deadline = Deadline::after(Duration::from_secs(600));
        black_box(pipeline.normalize(&document, &options, &deadline).is_ok());
    };
    vec![
        Contender {
            name: "copydesk",
            run: Box::new(copydesk),
        },
        contender("html5ever, parse alone", |page| {
            let parser = html5ever::parse_document(RcDom::default(), Default::default());
            black_box(parser.one(page.text.as_str()));
        }),
        contender("dom_smoothie", |page| {
            let readability = dom_smoothie::Readability::new(page.text.as_str(), None, None);
            black_box(readability.and_then(|mut readability| readability.parse()).is_ok());
        }),
        contender("trafilatura", |page| {
            black_box(trafilatura::extract(&page.text, &trafilatura::Options::default()).is_ok());
        }),
    ]
}

fn pages(folder: &Path) -> Vec<Page> {
    let mut paths = files(folder);
    paths.sort();
    let mut left = FOLDER_BYTES;
    let read = paths.into_iter().map(|path| {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Page { bytes, text }
    });
    read.take_while(|page| {
        let fits = page.bytes.len() <= left;
        left = left.saturating_sub(page.bytes.len());
        fits
    })
    .collect()
}

/// The HTML files of a folder and of those inside it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder that can be read").path());
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            found.push(path);
        }
    }
    found
}

/// Counts tokens on their way to html5ever's tree builder: tags, comments, the doctype, runs of text.
struct Counter {
    builder: TreeBuilder<Handle, RcDom>,
    /// How many, and whether the last one was text.
    count: Rc<RefCell<(usize, bool)>>,
}

impl TokenSink for Counter {
    type Handle = Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Handle> {
        let is_text = matches!(token, Token::CharacterTokens(_) | Token::NullCharacterToken);
        let counts = !matches!(token, Token::ParseError(_) | Token::EOFToken);
        if counts {
            let (count, after_text) = &mut *self.count.borrow_mut();
            *count += usize::from(!(is_text && *after_text));
            *after_text = is_text;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

fn tokens(page: &Page) -> usize {
    let count = Rc::default();
    let sink = Counter {
        builder: TreeBuilder::new(RcDom::default(), Default::default()),
        count: Rc::clone(&count),
    };
    let tokenizer = Tokenizer::new(sink, Default::default());
    let input = BufferQueue::default();
    input.push_back(page.text.as_str().into());
    // It stops at each script, which a browser would run now.
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    count.borrow().0
}

fn compare(criterion: &mut Criterion, folder: &Path, contenders: &[Contender]) {
    let pages = pages(folder);
    let bytes: usize = pages.iter().map(|page| page.bytes.len()).sum();
    let tokens: usize = pages.iter().map(tokens).sum();
    let fastest = RefCell::new(BTreeMap::<&str, Duration>::new());
    for round in 1..=ROUNDS {
        let mut group = criterion.benchmark_group(folder.display().to_string());
        group
            .throughput(Throughput::Bytes(bytes as u64))
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        for contender in contenders {
            group.bench_function(BenchmarkId::new(contender.name, round), |bencher| {
                bencher.iter_custom(|sweeps| {
                    (0..sweeps)
                        .map(|_| {
                            let begun = Instant::now();
                            pages.iter().for_each(|page| (contender.run)(page));
                            let took = begun.elapsed();
                            let mut fastest = fastest.borrow_mut();
                            let best = fastest.entry(contender.name).or_insert(took);
                            *best = (*best).min(took);
                            took
                        })
                        .sum()
                });
            });
        }
        group.finish();
    }
    let fastest = fastest.into_inner();
    println!(
        "\n{}: {} pages, {bytes} bytes, {tokens} tokens",
        folder.display(),
        pages.len()
    );
    println!(
        "{:24} {:>8} {:>10} {:>18}",
        "", "MB/s", "ns/token", "copydesk is faster"
    );
    let Some(ours) = fastest.get("copydesk") else { return }; // a filter of the command line left it out
    for (name, took) in contenders.iter().filter_map(|c| Some((c.name, fastest.get(c.name)?))) {
        let seconds = took.as_secs_f64();
        println!(
            "{name:24} {:8.1} {:10.1} {:17.2}×",
            bytes as f64 / 1e6 / seconds,
            seconds * 1e9 / tokens as f64,
            seconds / ours.as_secs_f64(),
        );
    }
    println!();
}

fn main() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pages");
    let folders = env::var_os("COPYDESK_PAGES").map_or(vec![own], |named| env::split_paths(&named).collect());
    let mut criterion = Criterion::default().configure_from_args();
    let contenders = contenders();
    for folder in folders {
        compare(&mut criterion, &folder, &contenders);
    }
    criterion.final_summary();
}
