//! No document takes more memory than is counted for it before the work begins: held by an allocator that counts.
//!
//! The measuring runs in a process of its own, this binary again with one thread, so that nothing else allocates.

use std::{fmt::Write as _, process::Command, sync::OnceLock};

use copydesk::{
    bounds::{Bounds, Deadline},
    input::{BodyCost, RawDocument, work_bytes},
    options::Options,
    pipeline::Pipeline,
};
use peak_alloc::PeakAlloc;
use url::form_urlencoded;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Set for the process that measures.
const MEASURES: &str = "COPYDESK_TEST_MEASURES";
/// Bytes of a shape: past this, all that is counted grows as they do.
const BYTES: usize = 66 << 10;

/// Runs a test of this file again, alone in a process: whether this is that process.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(MEASURES).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args([&format!("memory::{test}"), "--exact", "--nocapture", "--test-threads=1"])
        .env(MEASURES, "1")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    if std::env::var_os("COPYDESK_TEST_SHOWS").is_some() {
        println!("{said}");
    }
    false
}

/// The most bytes that `work` had at once beyond those there were.
fn peak_of<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let made = work();
    (ALLOCATOR.peak_usage().saturating_sub(before), made)
}

/// What a hostile body begins with, what it repeats, and what it ends with.
type Shape = (&'static str, &'static str, &'static str);

const HTML: &[Shape] = &[
    ("", "<p>x", ""),
    ("", "<p>", ""),
    ("", "<p><img src=a alt=b>\n", ""),
    ("<article><p>text", "<img src=a>", ""),
    ("<article><p>text", "<a href=a>b", ""),
    ("<article><p>text", "<a href=a>b</a> ", ""),
    (
        "<article>",
        "<a href=http://a.example/b title=c><img src=d alt=e></a>",
        "",
    ),
    ("<article>", "<h2>a</h2>", ""),
    ("<article>", "<ul><li>a", ""),
    ("<article>", "<li>a", ""),
    ("<table>", "<tr><td>a", ""),
    ("<table><tr>", "<td>1", ""),
    ("<article>", "<div>a</div>", ""),
    ("", "<div>a", ""),
    ("", "<b>a", ""),
    ("", "<b><p>a", ""),
    ("", "<i><b></i>a", ""),
    ("", "a<br>", ""),
    ("", "a<br><br>b", ""),
    ("", "&lt; words ", ""),
    ("", "&lt;", ""),
    ("", "&amp;amp;", ""),
    ("", "&CounterClockwiseContourIntegral;", ""),
    ("", "<", ""),
    ("", "< ", ""),
    ("", "<b", ""),
    ("", "</", ""),
    ("", "a</>", ""),
    ("", "</p>", ""),
    ("", "a</b>", ""),
    ("", "<!>", ""),
    ("", "a<!---->", ""),
    ("", "<!--a-->", ""),
    ("", "<?a>", ""),
    ("", "a\n", ""),
    ("", "a\n\n", ""),
    ("", "\n", ""),
    ("<div>", "a\n", ""),
    ("<pre>", "a\n", ""),
    ("<pre>", "\r\n&", ""),
    ("<textarea>", "a\n", ""),
    ("", "a ", ""),
    ("", "中文。", ""),
    ("", "\u{3000}中", ""),
    ("", "\u{200b}a", ""),
    ("<p ", "a ", ""),
    ("<p class='", "a ", ""),
    ("<p>", "<p a b c d e f g h>", ""),
    ("<meta name=author content='", "A B, ", ""),
    ("", "<meta name=keywords content=a,b,c>", ""),
    ("", "<meta property=article:tag content=a>", ""),
    ("", "<meta property=og:image content=http://a.example/b>", ""),
    ("", "<link rel=canonical href=http://a.example/>", ""),
    ("<script type=application/ld+json>[", "{},", "1]</script>"),
    ("<script type=application/ld+json>[", "{\"a\":1},", "1]</script>"),
    (
        "<script type=application/ld+json>{\"@type\":\"Article\",\"author\":[",
        "{\"name\":\"A B\"},",
        "{}]}</script>",
    ),
    (
        "",
        "<script type=application/ld+json>{\"@type\":\"Article\"}</script>",
        "",
    ),
    ("", "<span itemprop=author>A B</span>", ""),
    ("", "<time datetime=2024-01-01>a</time>", ""),
    ("", "<p class=byline>By A B</p>", ""),
    ("", "<figure><img src=a><figcaption>b</figcaption></figure>", ""),
    ("", "<video src=a></video>", ""),
    ("", "<iframe src=http://a.example></iframe>", ""),
    ("", "<p>a<div class=advertisement>b</div>", ""),
    ("", "<script>a</script>b", ""),
    ("", "<svg><a></svg>b", ""),
    ("", "<math>a</math>", ""),
    (
        "<base href=http://a.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>",
        "<a href=b>c</a>",
        "",
    ),
    ("", "<option>a", ""),
    ("", "<ruby>a<rt>b", ""),
    ("", "\"", ""),
    ("", "*", ""),
    ("", "\\", ""),
    ("", "</p a a a a", ""),
    ("<p>", "<p><b><i>", ""),
    ("", "A sentence of some words, as there are many.\n", ""),
    ("---\na:\n", "- b\n", ""),
    ("---\n", "a: b\n", ""),
];

const MARKDOWN: &[Shape] = &[
    ("", "- a\n", ""),
    ("", "_a_ b", ""),
    ("", "[a](b) ", ""),
    ("", "&", ""),
    ("", "[a] ", ""),
    ("", "|12345", ""),
    ("", "a\n\n\n\n", ""),
    ("", "a\n\n", ""),
    ("", "> ", ""),
    ("", "`a` ", ""),
    ("", "***", ""),
    ("", "# a\n", ""),
    ("|a|b|\n|-|-|\n", "|1|2|\n", ""),
    ("", "![a](b)", ""),
    ("", "<b>a", ""),
    ("", "1. a\n   ", ""),
    ("", "[^a]: b\n", ""),
    ("", "\\a", ""),
    ("", "***a** b* ", ""),
    ("", "<", ""),
];

const TEXT: &[Shape] = &[
    ("", "a\n\n", ""),
    ("", "a\n", ""),
    ("a", "\n", ""),
    ("", "<", ""),
    ("", "< ", ""),
    ("", "a\r\n", ""),
    ("", "a\r", ""),
    ("", "中\n", ""),
    ("", "A sentence of some words, as there are many.\n", ""),
];

const QUERIES: &[&str] = &[
    "fields=all",
    "",
    "fields=all&explain=true",
    "format=markdown",
    "format=html",
    "format=text",
    "fields=title",
    "fields=all&mode=recall&remove=i",
    "fields=all&mode=precision&remove=b+p&keep=a",
];

fn page((head, piece, tail): Shape, bytes: usize) -> String {
    head.to_owned() + &piece.repeat(bytes / piece.len()) + tail
}

fn envelope(page: &str) -> String {
    let text = serde_json::to_string(page).expect("JSON");
    format!("{{\"document\":{text}}}")
}

fn pipeline() -> &'static Pipeline {
    static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE.get_or_init(|| Pipeline::built_in(Bounds::default()).expect("the built-in rules load"))
}

/// Works on a body, and notes it where it takes more than was counted.
fn check(body: &str, content_type: &str, query: &str, failed: &mut String) {
    let bounds = pipeline().bounds();
    let deadline = Deadline::after(std::time::Duration::from_secs(600));
    let (peak, counted) = {
        let (peak, counted) = peak_of(|| {
            let options = Options::from_pairs(form_urlencoded::parse(query.as_bytes())).expect("options");
            let document = RawDocument {
                bytes: body.as_bytes(),
                content_type: Some(content_type),
                ..RawDocument::default()
            };
            let answer = pipeline().normalize(&document, &options, &deadline);
            drop(answer);
            options.selector_bytes(bounds.depth)
        });
        let body_cost = BodyCost::of(body.as_bytes());
        (
            peak,
            counted + work_bytes(bounds, body_cost, body.as_bytes(), Some(content_type)),
        )
    };
    let shown: String = body.chars().take(60).collect();
    if std::env::var_os("COPYDESK_TEST_SHOWS").is_some() {
        println!(
            "{:.2} {peak} {counted} {} {content_type} {query} {shown:?}",
            peak as f64 / counted as f64,
            body.len()
        );
    }
    if peak > counted {
        let _ = writeln!(
            failed,
            "{peak} bytes for {shown:?} of {} bytes as {content_type} with {query:?}, counted {counted}",
            body.len()
        );
    }
}

#[test]
fn no_shape_takes_more_than_is_counted() {
    if !is_alone("no_shape_takes_more_than_is_counted") {
        return;
    }
    check(
        "<p>What is set up once is set up now.",
        "text/html",
        "fields=all",
        &mut String::new(),
    );
    let mut failed = String::new();
    let kinds = [(HTML, "text/html"), (MARKDOWN, "text/markdown"), (TEXT, "text/plain")];
    for (shapes, content_type) in kinds {
        for (number, shape) in shapes.iter().enumerate() {
            let body = page(*shape, BYTES);
            for query in [QUERIES[0], QUERIES[1 + number % (QUERIES.len() - 1)]] {
                check(&body, content_type, query, &mut failed);
            }
            check(&envelope(&body), "application/json", QUERIES[0], &mut failed);
            check(&page(*shape, BYTES / 20), content_type, QUERIES[0], &mut failed);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

/// What is larger than its document: links against a long base, and a link around many blocks.
#[test]
fn no_article_takes_more_than_is_counted() {
    if !is_alone("no_article_takes_more_than_is_counted") {
        return;
    }
    check(
        "<p>What is set up once is set up now.",
        "text/html",
        "fields=all",
        &mut String::new(),
    );
    let mut failed = String::new();
    for length in [100, 1000, 20_000] {
        let base = format!("http://a.example/{}/", "x".repeat(length));
        for piece in ["<a href=b>c</a> ", "<img src=b> ", "<p><a href=b>c</a>"] {
            let body = format!("<base href={base}><article><p>text {}", piece.repeat(2000));
            check(&body, "text/html", "fields=all", &mut failed);
        }
        let body = format!("<article><a href={base}>{}", "<p>text".repeat(2000));
        check(&body, "text/html", "fields=all", &mut failed);
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn no_selectors_take_more_than_is_counted() {
    if !is_alone("no_selectors_take_more_than_is_counted") {
        return;
    }
    check(
        "<p>What is set up once is set up now.",
        "text/html",
        "fields=all",
        &mut String::new(),
    );
    let mut failed = String::new();
    let values = |count: usize, make: &dyn Fn(usize) -> String| -> String {
        let pairs = (0..count).map(|i| ("remove", make(i)));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let nested: String = (0..4000).map(|i| format!("<b class=d{}>", i % 100)).collect();
    for query in [
        values(200, &|_| ["b"; 20].join(" ")),
        values(200, &|_| ["b"; 20].join(">")),
        values(1000, &|i| format!(".d{i} b")),
        values(2, &|_| ["*"; 2000].join(",")),
        values(1000, &|i| format!("[a{i}*=\"{i}\"]")),
        values(15, &|i| {
            format!(
                "[a=\"{}\"]",
                char::from_u32(0x4e00 + i as u32).map_or_else(String::new, |c| c.to_string().repeat(1300))
            )
        }),
        values(60, &|i| format!("b{}", format!(".c{i}").repeat(50))),
        values(60, &|i| format!("b{}", format!(":not(.c{i})").repeat(30))),
        values(500, &|i| format!("b:nth-of-type({})", i + 1)),
    ] {
        for body in ["<p>Text", &nested] {
            check(body, "text/html", &query, &mut failed);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
