//! The stream of `/v1/clean`: what goes, what stays byte for byte, however the page is cut, and how it behaves on the wire.
//!
//! The classes used here are `advertisement` (a rule that is compiled in drops it), `gone` (`remove=` asks for it) and
//! `keep` (`keep=` does). The properties make pages from dice, so that a failing page shrinks to a small one; what must
//! come out of a page is known from how it was made, not from any code of the engine.

use std::{borrow::Cow, sync::LazyLock};

use copydesk::{
    bounds::{Bounds, Deadline},
    engine::stream::removals::RemovedRegion,
    error::Error,
    input::RawDocument,
    options::{CleanOptions, Options},
    pipeline::{Cleaner, CompileCost, Pipeline},
    rules::{RuleSources, read},
};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, any},
    prop_assert, prop_assert_eq, proptest,
    sample::select,
};

use crate::support::{Connection, Server};

/// What is held back until its end is sure.
const HELD_BYTES: usize = 64 << 10;

/// Compiled once: a property asks for it a thousand times.
fn pipeline() -> &'static Pipeline {
    static PIPELINE: LazyLock<Pipeline> =
        LazyLock::new(|| Pipeline::built_in(Bounds::default()).expect("the built-in rules load"));
    &PIPELINE
}

fn options(query: &[(&str, &str)]) -> CleanOptions {
    let pairs = query.iter().map(|(name, value)| (Cow::from(*name), Cow::from(*value)));
    CleanOptions::from_pairs(pairs).expect("good options")
}

/// A cleaner that drops `.advertisement` and `.gone` and keeps `.keep`.
fn cleaner(charset: Option<&str>) -> Cleaner {
    let mut query = vec![("remove", ".gone"), ("keep", ".keep")];
    query.extend(charset.map(|label| ("charset", label)));
    pipeline().cleaner(None, &options(&query)).expect("a cleaner")
}

/// Cleans a page in pieces of the given sizes, used in turn; 0 ends it with one piece.
fn run(cleaner: Cleaner, page: &[u8], sizes: &[usize]) -> Result<Vec<u8>, Error> {
    run_noting(cleaner, page, sizes).map(|(out, _)| out)
}

/// The same, with what has gone where the cleaner notes it.
fn run_noting(mut cleaner: Cleaner, page: &[u8], sizes: &[usize]) -> Result<(Vec<u8>, Vec<RemovedRegion>), Error> {
    let (mut out, mut removals) = (Vec::new(), Vec::new());
    let mut rest = page;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let size = if *size == 0 { rest.len() } else { rest.len().min(*size) };
        let (piece, behind) = rest.split_at(size);
        cleaner.write(piece)?;
        out.extend(cleaner.take());
        removals.extend(cleaner.take_losses());
        rest = behind;
    }
    cleaner.end()?;
    out.extend(cleaner.take());
    removals.extend(cleaner.take_losses());
    Ok((out, removals))
}

/// Cleans a page whole and in pieces (byte by byte, if it is small), which must give the same.
#[track_caller]
fn clean(page: impl AsRef<[u8]>) -> String {
    let page = page.as_ref();
    let whole = run(cleaner(None), page, &[0]).expect("it is cleaned");
    let bytes = if page.len() < 10_000 { 1 } else { 5000 };
    for sizes in [&[bytes][..], &[bytes * 7, bytes * 3], &[1021]] {
        let cut = run(cleaner(None), page, sizes).expect("it is cleaned");
        assert_eq!(show(&cut), show(&whole), "cut in pieces of {sizes:?}");
    }
    show(&whole)
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn passes_whole(page: impl AsRef<[u8]>) {
    let page = page.as_ref();
    let clean = clean(page);
    assert!(clean == show(page), "{:.200}", clean);
}

// Ends that are left out

#[test]
fn a_paragraph_ends_where_the_next_block_begins() {
    assert_eq!(
        clean("<p class=advertisement>one<p>two</p><b>three</b>"),
        "<p>two</p><b>three</b>"
    );
    assert_eq!(clean("<p class=advertisement>one<div>two</div>"), "<div>two</div>");
    assert_eq!(
        clean("<div><p class=advertisement>one <i>x</i></div><b>two</b>"),
        "<div></div><b>two</b>"
    );
}

#[test]
fn items_and_cells_end_where_the_next_begins() {
    assert_eq!(
        clean("<ul><li class=advertisement>one<li>two</ul>three"),
        "<ul><li>two</ul>three"
    );
    assert_eq!(
        clean("<ul><li>one<li class=advertisement>two</ul>three"),
        "<ul><li>one</ul>three"
    );
    assert_eq!(
        clean("<table><tr><td class=advertisement>x<td>y</table>z"),
        "<table><tr><td>y</table>z"
    );
    assert_eq!(
        clean("<table><tr class=advertisement><td>x<tr><td>y</table>z"),
        "<table><tr><td>y</table>z"
    );
    assert_eq!(
        clean("<dl><dt class=advertisement>x<dd>y<dt>z</dl>"),
        "<dl><dd>y<dt>z</dl>"
    );
}

#[test]
fn an_end_tag_inside_a_gap_opens_and_shuts_the_gate_where_it_stands() {
    assert_eq!(
        clean("a<div class=advertisement>b<span>c</span>d</div>e</i>f<span>g"),
        "ae</i>f<span>g"
    );
    assert_eq!(clean("<div class=advertisement></div class='>'>a</ x>b"), "a</ x>b");
}

#[test]
fn formatting_that_ends_inside_a_block_is_unhooked() {
    // The `b` ends at its end tag, the `div` that it holds goes on.
    assert_eq!(clean("1<b class=advertisement>2<div>3</b>4</div>5"), "14</div>5");
    // Both are adverts: the second one goes on behind the first, and is cut out there.
    assert_eq!(
        clean("1<b class=advertisement>2<div class=advertisement>3</b>4</div>5"),
        "15"
    );
    // The second one never ends: what stands behind the first passes.
    assert_eq!(
        clean("1<b class=advertisement>2<div class=advertisement>3</b>4<p>5"),
        "14<p>5"
    );
    // A block to keep ends, and what it was in goes on being dropped.
    assert_eq!(
        clean("1<b class=keep>2<div class=advertisement>3</b>4</div>5"),
        "1<b class=keep>2<div class=advertisement>3</b>5"
    );
    assert_eq!(
        clean("1<b class=keep>2<div class=advertisement>3</b>4<p>5"),
        "1<b class=keep>2<div class=advertisement>3</b>4<p>5"
    );
}

// What never ends

#[test]
fn an_unclosed_advert_never_eats_the_page() {
    passes_whole("<p>a</p><div class=advertisement>b<p>c</p>");
    passes_whole("<section><div class=advertisement>b<p>c</p></section><p>d</p>");
    passes_whole("<p>a</p><span class=advertisement>b");
    passes_whole("<div class=advertisement>b<p>the page was cut in mid-ta</");
    passes_whole("<div class=advertisement>b<p>the page was cut in <a href='x");
    passes_whole("<section class=gone>b<p>c</p>");
    passes_whole("<body class=advertisement><p>b</p></body></html>");
    passes_whole("<textarea>b<p>c</p>");
    passes_whole("<noscript class=advertisement>b<p>c</p>");
    passes_whole("<p>a</p><!--article_adlist[ b<p>c</p>");
    passes_whole("<p>a</p><script>b<p>c</p>");
    passes_whole("<p>a</p><style>b</sty");
    passes_whole("<div class=advertisement>a<script>b<p>c</p>");
}

#[test]
fn what_ends_inside_of_what_never_ends_is_cut_out() {
    assert_eq!(
        clean("<div class=advertisement>a<p class=advertisement>b</p><script>c</script><p>d</p>"),
        "<div class=advertisement>a<p>d</p>"
    );
    assert_eq!(
        clean("<section><div class=gone>a<p class=gone>b</p><i class=keep>c</i></section>d"),
        "<section><div class=gone>a<i class=keep>c</i></section>d"
    );
}

#[test]
fn a_region_that_is_too_large_passes_whole() {
    let fits = "x".repeat(HELD_BYTES - "<div class=advertisement></div>".len());
    assert_eq!(clean(format!("a<div class=advertisement>{fits}</div>b")), "ab");
    passes_whole(format!("a<div class=advertisement>{fits}y</div>b"));
    passes_whole(format!("a<div class=gone>{fits}{fits}</div>b"));
    // What is kept further in is no reason to hold the rest.
    passes_whole(format!("a<div class=advertisement>1<p class=keep>2</p>{fits}</div>b"));
    // The next one is another matter, inside of it and behind it.
    assert_eq!(
        clean(format!(
            "<div class=advertisement><p>{fits}{fits}</p><p class=advertisement>1</p>2</div><p class=gone>3</p>4"
        )),
        format!("<div class=advertisement><p>{fits}{fits}</p>2</div>4")
    );
    // What is cut out inside does not count.
    assert_eq!(
        clean(format!(
            "<div class=advertisement><p class=gone>{0}</p><p class=gone>{0}</p><script>{fits}{fits}</script>1</div>2",
            &fits[1000..]
        )),
        "2"
    );
    // The outer one is too large, the inner one is not.
    assert_eq!(
        clean(format!(
            "<div class=advertisement>{}<p class=advertisement>{}</p>1</div>2",
            &fits[1000..],
            &fits[2000..]
        )),
        format!("<div class=advertisement>{}1</div>2", &fits[1000..])
    );
}

#[test]
fn a_page_inside_one_advert_goes_out_as_it_comes() {
    let mut cleaner = cleaner(None);
    let body = b"<body class=advertisement>";
    cleaner.write(body).expect("begun");
    let paragraph = "<p>The boats come back in the morning.</p>".repeat(100);
    let (mut fed, mut out) = (body.len(), 0);
    while fed < 1 << 20 {
        cleaner.write(paragraph.as_bytes()).expect("taken");
        fed += paragraph.len();
        out += cleaner.take().len();
        assert!(fed - out <= HELD_BYTES + paragraph.len(), "{fed} in, {out} out");
    }
}

// Who wins

#[test]
fn keep_wins_inside_a_rule_and_remove_over_all() {
    assert_eq!(
        clean("<div class=advertisement>a<p class=keep>b</p>c<img class=keep>d</div>e"),
        "<p class=keep>b</p><img class=keep>e"
    );
    assert_eq!(
        clean("<div class=keep>a<p class=gone>b</p>c</div>"),
        "<div class=keep>ac</div>"
    );
    assert_eq!(
        clean("<div class=keep>a<p class=advertisement>b</p><script>c</script><img class=advertisement></div>"),
        "<div class=keep>a<p class=advertisement>b</p><script>c</script><img class=advertisement></div>"
    );
    assert_eq!(
        clean("<div class=gone>a<p class=keep>b<i class=gone>c</i></p></div>d"),
        "d"
    );
    assert_eq!(
        clean("<div class=advertisement>a<p class=keep>b<i class=gone>c</i>d</p></div>e"),
        "<p class=keep>bd</p>e"
    );
    assert_eq!(
        clean("<div class='keep gone'>a</div>b<p class='keep advertisement'>c</p>"),
        "b<p class='keep advertisement'>c</p>"
    );
    assert_eq!(
        clean("<div class=keep><!--article_adlist[ x --></div><!--article_adlist[ x -->"),
        "<div class=keep><!--article_adlist[ x --></div>"
    );
}

/// Selectors Level 4, sections 6.1 to 6.3.
#[test]
fn attributes_are_compared_as_selectors_say() {
    let values = ["en", "EN", "en-GB", "english", "de en", "den", ""];
    for (test, matched) in [
        ("", &values[..]),
        ("=en", &["en"]),
        ("=en i", &["en", "EN"]),
        ("~=en", &["en", "de en"]),
        ("~=EN i", &["en", "EN", "de en"]),
        ("|=en", &["en", "en-GB"]),
        ("|=EN i", &["en", "EN", "en-GB"]),
        ("^=en", &["en", "en-GB", "english"]),
        ("^=EN i", &["en", "EN", "en-GB", "english"]),
        ("$=en", &["en", "de en", "den"]),
        ("$=EN i", &["en", "EN", "de en", "den"]),
        ("*=en", &["en", "en-GB", "english", "de en", "den"]),
        ("*=EN i", &["en", "EN", "en-GB", "english", "de en", "den"]),
        ("^=''", &[]),
        ("$=''", &[]),
        ("*=''", &[]),
    ] {
        let selector = format!("[data-x{test}]");
        let paragraph = |value: &&str| format!("<p data-x=\"{value}\">{value}</p>");
        let page: String = values.iter().map(paragraph).collect();
        let left: String = values.iter().filter(|v| !matched.contains(v)).map(paragraph).collect();
        let cleaner = pipeline()
            .cleaner(None, &options(&[("remove", &selector)]))
            .expect("a cleaner");
        let cleaned = run(cleaner, page.as_bytes(), &[0]).expect("cleaned");
        assert_eq!(show(&cleaned), left, "{selector}");
    }
}

// What lol_html removes

#[test]
fn raw_text_goes_and_nothing_in_it_is_a_tag() {
    assert_eq!(
        clean("a<script>'<p class=gone>' <!-- <script> </script> --> </script>b<style>p > q{}</style>c"),
        "abc"
    );
    assert_eq!(clean("a<textarea>b<p class=keep>c</textarea>d"), "ad");
    assert_eq!(
        clean("a<iframe class=gone>b</p></iframe>c<xmp class=gone><p></xmp>d"),
        "acd"
    );
    passes_whole("<title>a <b> c</title><xmp></p><p class=gone></xmp><iframe>d</iframe>");
    passes_whole("<p>a</p><plaintext class=gone></plaintext><p class=gone>c</p>");
    // In a region nothing inside of it ends it.
    assert_eq!(clean("<div class=gone>a<iframe></div></iframe>b</div>c"), "c");
}

#[test]
fn a_script_of_any_size_goes_and_nothing_of_it_is_kept() {
    let script = "x('</p>');".repeat(1 << 18);
    assert_eq!(
        run(
            cleaner(None),
            format!("a<script>{script}</script>b").as_bytes(),
            &[4096]
        )
        .expect("it is cleaned"),
        b"ab"
    );
    // Without an end, a small one passes, and a large one takes the rest with it, as it does in a browser.
    for (times, stays) in [(10, true), (1 << 18, false)] {
        let page = format!("a<script>{}<p>b</p>", "x('</p>');".repeat(times));
        for sizes in [&[4096][..], &[0], &[65_521]] {
            let out = run(cleaner(None), page.as_bytes(), sizes).expect("it is cleaned");
            assert_eq!(show(&out), if stays { page.as_str() } else { "a" });
        }
    }
}

#[test]
fn void_elements_and_comments_go_alone() {
    assert_eq!(
        clean("a<img class=gone>b<br class=advertisement />c<input>d<img>e<hr class=gone>f"),
        "abcd<img>ef"
    );
    assert_eq!(
        clean("a<!--article_adlist[ <p>x</p> ]-->b<!-- stays -->c<!x>d<?y?>"),
        "ab<!-- stays -->c<!x>d<?y?>"
    );
    assert_eq!(
        clean("a<svg><path class=gone /><path></path></svg>b"),
        "a<svg><path></path></svg>b"
    );
    assert_eq!(clean("<div class=gone>a<!-- b --><img>c</div>d"), "d");
}

#[test]
fn foreign_content_is_no_raw_text_and_cdata_is_text() {
    assert_eq!(
        clean("<svg><title>a<b class=gone>b</b></title></svg>c"),
        "<svg><title>a</title></svg>c"
    );
    assert_eq!(clean("a<svg class=gone><![CDATA[ </svg> <p> ]] ]>]]></svg>b"), "ab");
    passes_whole("<svg><![CDATA[ <a ]] </svg> <p class=gone>x</p> ]]></svg><p>b</p>");
    passes_whole("<svg><![CDATA[ <a ]]");
    assert_eq!(clean("<svg></p><style>a<b</style><p class=gone>c</p>d"), "<svg></p>d");
    assert_eq!(
        clean("<svg><style>a</style></svg><svg/><style>b</style>c"),
        "<svg></svg><svg/>c"
    );
}

/// A CDATA section is text for lol_html and goes out piece by piece; nothing in it may be held for a tag.
#[test]
fn a_large_cdata_section_is_not_held() {
    let mut cleaner = cleaner(None);
    cleaner.write(b"<svg><![CDATA[ <a ").expect("begun");
    let text = "<b x=' ]] ".repeat(1000);
    let (mut fed, mut out) = (18, 0);
    for _ in 0..300 {
        cleaner.write(text.as_bytes()).expect("taken");
        fed += text.len();
        out += cleaner.take().len();
        assert!(fed - out < 64, "{fed} in, {out} out");
    }
}

// Bytes

#[test]
fn byte_order_mark_doctype_nul_and_bad_bytes_pass() {
    passes_whole("\u{feff}<!doctype html><html><head><meta charset=gbk></head><body>\u{4e2d}</body></html>");
    passes_whole(b"<!DOCTYPE x \"y>\"><p\0a>\0</p\0a>\xff\xfe\x80<p title='\xff'>\xc3</p>");
    passes_whole(b"</div></p></br></>< a <3 & &amp &#0; <!-- > -- --!> <?php ?> <!ELEMENT> a");
    passes_whole("");
    passes_whole("<");
    assert_eq!(clean(b"\xff<p class=gone>\xfe</p>\xfd"), "\u{fffd}\u{fffd}");
}

#[test]
fn the_charset_is_the_comments_own() {
    // 来源 in a comment of GBK: the rule's pattern reads it, and it goes with its comment.
    let page = b"<meta charset=gbk>\xd6\xd0<!--article_adlist[\xc0\xb4\xd4\xb4\xa3\xba\xd6\xd0]-->\xb9\xfa";
    let out = run(cleaner(None), page, &[1]).expect("it is cleaned");
    assert_eq!(out, b"<meta charset=gbk>\xd6\xd0\xb9\xfa");
    for charset in ["gbk", "gb18030", "big5", "shift_jis", "euc-kr", "windows-1252", "utf-8"] {
        let out = run(cleaner(Some(charset)), b"\x81\x30<p class=gone>\x81</p>\x81<b>", &[1]);
        assert_eq!(out.expect("it is cleaned"), b"\x81\x30\x81<b>");
    }
}

// A fresh rewriter

#[test]
fn a_fresh_rewriter_takes_over_without_a_trace() {
    let tags = "<p>a<li>b<img class=gone><i class=advertisement>c</i>\n".repeat(20_000);
    let clean = "<p>a<li>b\n".repeat(20_000);
    for sizes in [&[0][..], &[16_384], &[999, 1]] {
        let out = run(cleaner(None), tags.as_bytes(), sizes).expect("it is cleaned");
        assert!(out == clean.as_bytes(), "cut in pieces of {sizes:?}");
    }
    // Inside a region, inside svg, and with a tag that is larger than all buffers.
    let many = "<b></b>".repeat(9000);
    let wide = format!("<a title='{}'>", "x".repeat(1 << 20));
    let page = format!(
        "<div class=gone>{many}</div><svg><g>{many}</g></svg>{wide}<svg>{many}{many}<style>a<b></style>{many}</svg>"
    );
    for sizes in [&[0][..], &[16_384], &[1_000_003]] {
        let out = run(cleaner(None), page.as_bytes(), sizes).expect("it is cleaned");
        assert!(out.starts_with(&page.as_bytes()[..HELD_BYTES - 1000]) || out.starts_with(b"<svg>"));
        let behind = show(&out);
        let behind = behind.split_once(&wide).expect("it passes").1;
        assert!(behind.starts_with("<svg><b></b>"), "{:.100}", behind);
    }
}

#[test]
fn what_is_never_closed_takes_no_more_memory_the_longer_it_goes_on() {
    // lol_html would take 100 bytes and more for each tag, were it not for the fresh rewriters.
    let bounds = Bounds {
        parser_bytes: 64 << 10,
        ..Bounds::default()
    };
    let small = Pipeline::built_in(bounds).expect("the built-in rules load");
    for unit in [
        "<p>",
        "<li>",
        "<p>text<li class=a>",
        "</b><dd id=x>",
        "<option>",
        "<tr>",
        "<x></x><p>",
    ] {
        let page = unit.repeat(100_000);
        let cleaner = small.cleaner(None, &CleanOptions::default()).expect("a cleaner");
        let out = run(cleaner, page.as_bytes(), &[65_536]).unwrap_or_else(|error| panic!("{unit}: {error}"));
        assert!(out == page.as_bytes(), "{unit}");
    }
}

#[test]
fn a_comment_that_a_rule_only_reads_stays() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("reading-rules");
    std::fs::create_dir_all(&folder).expect("a folder");
    let rule = |id: &str, action: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\ncategory = \"tracking\"\nwhy = \"A test.\"\naction = \"{action}\"\ncomment = '^ {id} (?<source>.*) $'\n[[rule.example]]\nin = \"<p>a</p>\"\nout = \"<p>a</p>\"\n"
        )
    };
    let file = [rule("taken", "take"), rule("dropped", "drop")].concat();
    std::fs::write(folder.join("own.toml"), file).expect("it is written");
    let sources = RuleSources {
        folders: vec![folder],
        filter_lists: Vec::new(),
    };
    let (rules, _) = read(&sources).expect("sound rules");
    let pipeline = Pipeline::new(rules, Bounds::default());
    let cleaner = pipeline.cleaner(None, &CleanOptions::default()).expect("a cleaner");
    let out = run(cleaner, b"<p>a<!-- taken b --><!-- dropped c --></p>", &[0]).expect("it is cleaned");
    assert_eq!(show(&out), "<p>a<!-- taken b --></p>");
}

// Errors

#[test]
fn after_an_error_it_stays_that_error() {
    let deep = "<div>".repeat(5000);
    let mut cleaner = cleaner(None);
    let first = cleaner.write(deep.as_bytes()).expect_err("too deep");
    assert_eq!(first.code().as_str(), "too_deep");
    assert_eq!(cleaner.write(b"<p>a</p>"), Err(first.clone()));
    assert_eq!(cleaner.end(), Err(first.clone()));
    assert_eq!(cleaner.end(), Err(first));
}

#[test]
fn a_token_that_is_too_large() {
    let bounds = Bounds {
        parser_bytes: 1 << 20,
        ..Bounds::default()
    };
    let pipeline = Pipeline::built_in(bounds).expect("the built-in rules load");
    for beginning in ["<a title='", "<!-- ", "<div class=gone><a title='", "</a title='"] {
        let mut cleaner = pipeline.cleaner(None, &options(&[])).expect("a cleaner");
        cleaner.write(beginning.as_bytes()).expect("begun");
        let refusal = (0..64).find_map(|_| cleaner.write(&[b'x'; 32 << 10]).err());
        assert_eq!(refusal.expect("too large").code().as_str(), "token_too_large");
        assert!(cleaner.write(b"'>").is_err() && cleaner.end().is_err());
    }
}

#[test]
fn nothing_more_is_taken_after_the_end() {
    let mut cleaner = cleaner(None);
    cleaner.write(b"<p>a</p>").expect("taken");
    cleaner.end().expect("the end");
    assert_eq!(cleaner.take(), b"<p>a</p>");
    cleaner.write(b"<p>b</p>").expect("passed over");
    cleaner.end().expect("the end");
    assert_eq!(cleaner.take(), b"");
}

// Properties

/// Bytes that decide what a page is made of; no more of them, and everything is the simplest.
struct Dice<'a>(std::slice::Iter<'a, u8>);

impl Dice<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte) % sides)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// What is to become of the bytes that are written now.
#[derive(Clone, Copy, Default)]
struct Fate {
    removed: bool,
    dropped: bool,
    kept: bool,
}

/// A page that is being made, and what must come of it.
struct Maker<'a> {
    dice: Dice<'a>,
    text: &'a [&'a [u8]],
    /// Whether there may be what to keep, and what was never closed: only the stream's own rules say what comes of these.
    wild: bool,
    page: Vec<u8>,
    clean: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Wish {
    None,
    Drop,
    Remove,
    Keep,
}

impl Fate {
    fn with(self, wish: Wish) -> Self {
        match wish {
            Wish::None => self,
            Wish::Drop => Fate { dropped: true, ..self },
            Wish::Remove => Fate { removed: true, ..self },
            Wish::Keep => Fate { kept: true, ..self },
        }
    }
}

impl<'a> Maker<'a> {
    fn put(&mut self, bytes: &[u8], fate: Fate) {
        self.page.extend(bytes);
        if !fate.removed && (!fate.dropped || fate.kept) {
            self.clean.extend(bytes);
        }
    }

    fn wish(&mut self) -> (Wish, &'static str) {
        let keep = if self.wild { " class='a keep'" } else { "" };
        let wishes = [
            (Wish::None, ""),
            (Wish::None, " class=news title='a > b'"),
            (Wish::Drop, " class=advertisement"),
            (Wish::Drop, " CLASS='x\tadvertisement ' x=\"</p>\""),
            (Wish::Remove, " id=x class=\"gone y\""),
            (if self.wild { Wish::Keep } else { Wish::None }, keep),
        ];
        self.dice.pick(&wishes)
    }

    fn open(&mut self, tag: &str, fate: Fate) -> Fate {
        let (wish, attributes) = self.wish();
        let fate = fate.with(wish);
        self.put(format!("<{tag}{attributes}>").as_bytes(), fate);
        fate
    }

    fn some_text(&mut self, fate: Fate) {
        let text = self.dice.pick(self.text);
        self.put(text, fate);
    }

    /// What may stand inside a paragraph.
    fn line(&mut self, fate: Fate, depth: usize) {
        for _ in 0..self.dice.roll(4) {
            match self.dice.roll(8) {
                0..3 => self.some_text(fate),
                3 => {
                    let inside = self.open("span", fate);
                    if depth > 0 {
                        self.line(inside, depth - 1);
                    }
                    self.put(b"</span >", inside);
                }
                4 => {
                    let tag = self.dice.pick(&["img", "br", "wbr"]);
                    self.open(tag, fate);
                }
                5 => {
                    let (comment, wish) = self.dice.pick(&[
                        (&b"<!-- a <p> -->"[..], Wish::None),
                        (b"<!--article_adlist[ <p> ]-->", Wish::Drop),
                        (b"<!--article_adlist[ --!>", Wish::Drop),
                        (b"<!>", Wish::None),
                    ]);
                    self.put(comment, fate.with(wish));
                }
                6 => {
                    let (tag, wish) = self.dice.pick(&[
                        ("script", Wish::Drop),
                        ("style", Wish::Drop),
                        ("iframe", Wish::None),
                        ("textarea", Wish::Drop),
                    ]);
                    let inside = self.open(tag, fate.with(wish));
                    self.put(b"</div><p class=gone>'<!-- ", inside);
                    self.some_text(inside);
                    self.put(format!("--></{tag}\n>").as_bytes(), inside);
                }
                _ => {
                    let stray = self.dice.pick(&[&b"</em>"[..], b"</>", b"</x-y a='>'>", b"</h2>"]);
                    self.put(stray, fate);
                }
            }
        }
    }

    /// What may stand inside a block.
    fn blocks(&mut self, fate: Fate, depth: usize) {
        for _ in 0..self.dice.roll(5) {
            match self.dice.roll(if depth > 0 { 9 } else { 3 }) {
                0..2 => self.line(fate, 2),
                2 => {
                    let inside = self.open("p", fate);
                    self.line(inside, 2);
                    self.put(b"</P>", inside);
                }
                3 | 4 => {
                    let tag = self.dice.pick(&["div", "section", "blockquote"]);
                    let inside = self.open(tag, fate);
                    self.blocks(inside, depth - 1);
                    self.put(format!("</{tag}>").as_bytes(), inside);
                }
                5 => self.implied(fate, "section", &["p"], depth),
                6 => self.implied(fate, "ul", &["li"], depth),
                7 => {
                    self.put(b"<table><tr>", fate);
                    for _ in 0..self.dice.roll(4) {
                        let inside = self.open("td", fate);
                        self.blocks(inside, depth - 1);
                    }
                    self.put(b"</table>", fate);
                }
                _ if self.wild => self.wild(fate, depth),
                _ => {}
            }
        }
    }

    /// Elements whose end tags are left out.
    fn implied(&mut self, fate: Fate, around: &str, tags: &[&str], depth: usize) {
        self.put(format!("<{around}>").as_bytes(), fate);
        for _ in 0..self.dice.roll(4) {
            let tag = self.dice.pick(tags);
            let inside = self.open(tag, fate);
            match tag {
                "p" => self.line(inside, 2),
                _ => self.blocks(inside, depth - 1),
            }
        }
        self.put(format!("</{around}>").as_bytes(), fate);
    }

    fn wild(&mut self, fate: Fate, depth: usize) {
        if self.dice.roll(2) == 0 {
            // Never closed: it passes, whatever the rules say; only what it keeps is kept.
            self.put(b"<section>", fate);
            let (wish, attributes) = self.wish();
            let inside = match wish {
                Wish::Keep => fate.with(wish),
                _ => fate,
            };
            self.put(format!("<div{attributes}>").as_bytes(), inside);
            self.blocks(inside, depth - 1);
            self.put(b"</section>", fate);
            return;
        }
        // Formatting that ends inside a block that it holds: each goes up to its own end.
        let outer = self.open("b", fate);
        self.line(outer, 1);
        let (wish, attributes) = self.wish();
        let both = outer.with(wish);
        self.put(format!("<div{attributes}>").as_bytes(), both);
        self.blocks(both, depth - 1);
        self.put(b"</b>", both);
        let inner = fate.with(wish);
        self.blocks(inner, depth - 1);
        self.put(b"</div>", inner);
    }
}

/// Makes a page: itself, and what must come of it.
fn make(dice: &[u8], text: &[&[u8]], wild: bool) -> (Vec<u8>, Vec<u8>) {
    let mut maker = Maker {
        dice: Dice(dice.iter()),
        text,
        wild,
        page: Vec::new(),
        clean: Vec::new(),
    };
    while maker.dice.0.len() > 0 {
        maker.blocks(Fate::default(), 5);
        maker.put(b"\n", Fate::default());
    }
    (maker.page, maker.clean)
}

const ASCII: &[&[u8]] = &[
    b"word ",
    b"more words, ",
    b"a > b ",
    b"1 < 2 ",
    b"&amp; ",
    b"<3 ",
    b"]]> ",
    b"\n",
];

/// Texts by the label of their charset, some of them broken.
const TEXTS: &[(&str, &[&[u8]])] = &[
    (
        "utf-8",
        &[
            b"word ",
            b"1 < 2 ",
            "\u{6b63}\u{6587}".as_bytes(),
            b"\0",
            b"\xff\xf0",
            b"\xe4\xb8",
            b"&#x4e2d;",
        ],
    ),
    (
        "gbk",
        &[
            b"word ",
            b"1 < 2 ",
            b"\xd5\xfd\xce\xc4",
            b"\xd5",
            b"\x81\x7e\x81\x40",
            b"\xff",
        ],
    ),
    (
        "shift_jis",
        &[
            b"word ",
            b"1 < 2 ",
            b"\x83\x5c\x83\x7c",
            b"\x83",
            b"\xa0\xfd",
            b"\x81\x5e",
        ],
    ),
    (
        "windows-1252",
        &[b"word ", b"1 < 2 ", b"\xe9t\xe9", b"\x81\x8d", b"\xa0\0"],
    ),
    ("big5", &[b"word ", b"1 < 2 ", b"\xa4\xa4\xa4\x5c", b"\xa4", b"\x80"]),
];

/// Every charset that a stream can be in.
const CHARSETS: &[&str] = &[
    "utf-8",
    "gbk",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "windows-1252",
    "windows-1251",
    "koi8-r",
    "iso-8859-2",
    "iso-8859-8-i",
    "macintosh",
    "windows-874",
    "x-user-defined",
    "ibm866",
];

/// Pieces of markup, most of them broken one way or another.
const SOUP: &[&[u8]] = &[
    b"<p>",
    b"</p>",
    b"<p class=advertisement>",
    b"<div class=gone>",
    b"<div class=keep>",
    b"</div>",
    b"<b class=gone>",
    b"</b>",
    b"<b class=keep>",
    b"<span class=advertisement>",
    b"</span>",
    b"<li class=gone>",
    b"<li>",
    b"<ul>",
    b"</ul>",
    b"<table>",
    b"</table>",
    b"<tr>",
    b"<td class=advertisement>",
    b"<td>",
    b"<script>",
    b"</script>",
    b"<style>",
    b"</style>",
    b"<!--article_adlist[",
    b"-->",
    b"<!-- ",
    b"<textarea>",
    b"</textarea>",
    b"<svg>",
    b"</svg>",
    b"<title>",
    b"</title>",
    b"<![CDATA[",
    b"]]>",
    b"<math><mi>",
    b"</math>",
    b"<select>",
    b"<option class=gone>",
    b"</select>",
    b"<form class=gone>",
    b"</form>",
    b"<a class=gone>",
    b"</a>",
    b"<img class=gone>",
    b"<br>",
    b"</br>",
    b"<head class=gone>",
    b"</head>",
    b"<body>",
    b"</body>",
    b"<template class=gone>",
    b"</template>",
    b"<h1>",
    b"<h2 class=gone>",
    b"</h1>",
    b"<",
    b"</",
    b"<!",
    b"<p class='gone",
    b"'>",
    b"text ",
    b" ",
    b"\0",
    b"\xff",
    b"\xd5\xfd",
    b"<x-y class=gone>",
    b"</x-y>",
    b"<!doctype html>",
    b"<noscript>",
    b"</noscript>",
    b"<foreignobject>",
    b"<desc>",
    b"<svg/>",
    b"<path class=gone />",
];

fn soup(dice: &[u8], filler: usize) -> Vec<u8> {
    let mut page = Vec::new();
    for byte in dice {
        match usize::from(*byte) {
            // A few large ones, to fill what is held.
            255 => page.resize(page.len() + filler, b'x'),
            i => page.extend(SOUP[i % SOUP.len()]),
        }
    }
    page
}

/// Whether `part` is `whole` with bytes taken out.
fn is_left_of(part: &[u8], whole: &[u8]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|byte| whole.any(|other| other == byte))
}

fn without_blanks(text: &[u8]) -> String {
    show(text).split_ascii_whitespace().collect()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn a_page_loses_exactly_what_it_must(
        dice in vec(any::<u8>(), 0..400),
        (charset, text) in select(TEXTS),
        sizes in vec(1usize..90, 1..6),
    ) {
        let (page, clean) = make(&dice, text, true);
        for sizes in [&[0][..], &sizes] {
            let out = run(cleaner(Some(charset)), &page, sizes).expect("it is cleaned");
            prop_assert_eq!(show(&out), show(&clean), "page: {}", show(&page));
            prop_assert!(out == clean);
        }
    }

    #[test]
    fn both_roads_take_the_same(dice in vec(any::<u8>(), 0..200)) {
        let (page, clean) = make(&dice, ASCII, false);
        let page = [b"<p>An article that is kept as a whole.</p>", page.as_slice()].concat();
        let clean = [b"<p>An article that is kept as a whole.</p>", clean.as_slice()].concat();
        let (out, rolled_back) = normalized(&page);
        if !rolled_back {
            prop_assert_eq!(without_blanks(&out), without_blanks(&clean), "page: {}", show(&page));
        }
    }

    #[test]
    fn soup_is_the_same_however_it_is_cut(
        dice in vec(any::<u8>(), 0..120),
        filler in select(&[10usize, 30_000, 65_500][..]),
        sizes in vec(1usize..40, 1..6),
        large in 1000usize..40_000,
    ) {
        let page = soup(&dice, filler);
        let whole = run(cleaner(Some("gbk")), &page, &[0]).expect("it is cleaned");
        prop_assert!(is_left_of(&whole, &page));
        let small = if page.len() < 20_000 { sizes } else { vec![large] };
        let cut = run(cleaner(Some("gbk")), &page, &small).expect("it is cleaned");
        prop_assert!(cut == whole, "page: {}\nwhole: {}\ncut: {}", show(&page), show(&whole), show(&cut));
    }

    #[test]
    fn what_is_told_of_is_what_has_gone(
        dice in vec(any::<u8>(), 0..300),
        sizes in vec(1usize..200, 1..20),
    ) {
        let page = soup(&dice, 0);
        let noted = |sizes: &[usize]| run_noting(cleaner(None).noting_losses(), &page, sizes).expect("it is cleaned");
        let (out, removals) = noted(&sizes);
        let mut left = page.clone();
        let mut behind = page.len();
        for loss in removals.iter().rev() {
            prop_assert!(loss.range.start < loss.range.end && loss.range.end <= behind, "{removals:?}\n{}", show(&page));
            left.drain(loss.range.clone());
            behind = loss.range.start;
        }
        prop_assert_eq!(show(&left), show(&out), "{:?}\n{}", removals, show(&page));
        prop_assert_eq!((out, removals), noted(&[0]), "{}", show(&page));
    }

    #[test]
    fn where_nothing_matches_nothing_changes(
        bytes in vec(any::<u8>(), 0..3000),
        dice in vec(any::<u8>(), 0..100),
        charset in select(CHARSETS),
        sizes in vec(1usize..200, 1..6),
    ) {
        let pipeline = pipeline();
        let mut query = vec![("charset", charset)];
        query.extend(pipeline.rules().rules().iter().map(|rule| ("without", rule.id.as_str())));
        let options = options(&query);
        for page in [[&bytes[..], &soup(&dice, 9)].concat(), [&soup(&dice, 9)[..], &bytes].concat()] {
            if let Ok(cleaner) = pipeline.cleaner(None, &options) {
                match run(cleaner, &page, &sizes) {
                    Ok(out) => prop_assert_eq!(out, page),
                    // A byte order mark has the last word.
                    Err(error) => prop_assert_eq!(error.code().as_str(), "unsupported_charset"),
                }
            }
        }
    }
}

/// What `/v1/normalize` leaves of a fragment by its own account, and whether it took back a rule.
fn normalized(page: &[u8]) -> (Vec<u8>, bool) {
    let query = "fields=removed,removed_total,warnings&remove=.gone&keep=.keep";
    let pairs = query.split('&').map(|pair| pair.split_once('=').expect("a pair"));
    let options = Options::from_pairs(pairs.map(|(name, value)| (name.into(), value.into()))).expect("good options");
    let document = RawDocument {
        bytes: page,
        ..RawDocument::default()
    };
    let deadline = Deadline::after(crate::support::PATIENCE);
    let answer = pipeline()
        .normalize(&document, &options, &deadline)
        .expect("an article");
    let article: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let (mut out, mut at) = (Vec::new(), 0);
    for removal in article["removed"].as_array().expect("a list") {
        let offset = |name: &str| removal[name].as_u64().expect("an offset") as usize;
        out.extend(&page[at..offset("byte_start")]);
        at = offset("byte_end");
    }
    out.extend(&page[at..]);
    let total = article["removed_total"].as_u64().expect("a count");
    let warnings = article["warnings"].as_array().expect("a list");
    let rolled_back = total > 200 || warnings.iter().any(|warning| warning["code"] == "rule_rolled_back");
    (out, rolled_back)
}

// On the wire

const CHUNKED: &str = "POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n";

/// A stream whose head is sent.
fn stream(server: &Server, headers: &str) -> Connection {
    let mut connection = server.connect();
    connection.write(format!("{CHUNKED}{headers}\r\n"));
    connection
}

#[test]
fn the_first_byte_is_out_before_the_last_is_in() {
    let server = Server::start();
    let mut connection = stream(&server, "Content-Type: text/html; charset=gbk\r\n");
    let paragraph = b"<p>\xd6\xd0</p><p class=advertisement>\xb9\xfa<script>x</script>\n".repeat(200);
    connection.write_chunk(&paragraph);
    let head = connection.head();
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("text/html; charset=gbk"));
    assert_eq!(
        head.header("content-security-policy"),
        Some("sandbox; default-src 'none'")
    );
    assert_eq!(head.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(head.header("content-length"), None);
    let first = connection.chunk().expect("a chunk").expect("not the end");
    assert!(first.starts_with(b"<p>\xd6\xd0</p><p>\xd6\xd0</p>"), "{}", show(&first));
    connection.write_chunk(b"<p>the end</p>");
    connection.write("0\r\n\r\n");
    let mut out = first;
    while let Some(chunk) = connection.chunk().expect("a whole answer") {
        out.extend(chunk);
    }
    assert_eq!(
        out,
        [b"<p>\xd6\xd0</p>".repeat(200), b"<p>the end</p>".to_vec()].concat()
    );
}

/// What takes long to compile is told before, and is kept for the next request.
#[test]
fn large_lists_are_compiled_once_and_not_on_the_way() {
    let list = std::env::temp_dir().join(format!("copydesk-stream-list-{}", std::process::id()));
    let lines = (0..2000).map(|i| format!("{}##.list-{i}\n", ["", "one.example"][i % 2]));
    std::fs::write(&list, lines.collect::<String>()).expect("it is written");
    let sources = RuleSources {
        folders: Vec::new(),
        filter_lists: vec![list.clone()],
    };
    let (rules, _) = read(&sources).expect("a sound list");
    let _ = std::fs::remove_file(&list);
    let pipeline = Pipeline::new(rules, Bounds::default());
    for (query, compile_cost) in [
        (&[("without", "generic/script")][..], CompileCost::AllRules),
        (&[("url", "https://one.example/")], CompileCost::RulesOfAHost),
    ] {
        let options = options(query);
        assert_eq!(pipeline.compile_cost(&options), compile_cost, "{query:?}");
        let cleaner = pipeline.cleaner(None, &options).expect("a cleaner");
        let page = b"<b class=list-0>a</b><b class=list-1>b</b><script>c</script>";
        let clean = run(cleaner, page, &[0]).expect("it is cleaned");
        let wanted = match compile_cost {
            CompileCost::AllRules => "<b class=list-1>b</b><script>c</script>",
            _ => "",
        };
        assert_eq!(show(&clean), wanted);
        assert_eq!(pipeline.compile_cost(&options), CompileCost::None, "{query:?}");
    }
    assert_eq!(
        self::pipeline().compile_cost(&options(&[("without", "generic/script")])),
        CompileCost::None,
        "the built-in rules are few"
    );
}

#[test]
fn the_options_of_the_route() {
    let server = Server::start();
    let page = "<p class=advertisement>a</p><p class=mine>b</p><section><div class=mine>c</section>";
    for (query, clean) in [
        ("", "<p class=mine>b</p><section><div class=mine>c</section>"),
        ("?remove=.mine", "<section><div class=mine>c</section>"),
        ("?keep=p.advertisement", page),
        ("?without=generic/ad-slot&charset=shift_jis", page),
    ] {
        let reply = server.request("POST", &format!("/v1/clean{query}")).body(page).send();
        assert_eq!((reply.status, reply.text()), (200, clean), "{query}");
    }
    let charset = server.request("POST", "/v1/clean?charset=Shift_JIS").body(page).send();
    assert_eq!(charset.header("content-type"), Some("text/html; charset=Shift_JIS"));
}

#[test]
fn what_was_removed_is_told_in_trailers() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write("POST /v1/clean?report=trailer&remove=.mine HTTP/1.1\r\nHost: t\r\nTE: gzip, trailers\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk(b"<p>a</p><p class=mine>b</p><script>x</script>");
    connection.write("0\r\n\r\n");
    let head = connection.head();
    let names = "copydesk-removed-total, copydesk-removed-bytes, copydesk-removed";
    assert_eq!((head.status, head.header("trailer")), (200, Some(names)));
    let mut out = Vec::new();
    while let Some(chunk) = connection.chunk().expect("a whole answer") {
        out.extend(chunk);
    }
    assert_eq!(show(&out), "<p>a</p>");
    assert_eq!(
        connection.trailers,
        [
            "copydesk-removed-total: 2",
            "copydesk-removed-bytes: 37",
            r#"copydesk-removed: [{"rule":"user/remove","category":"user","tag":"p","byte_start":8,"byte_end":27},{"rule":"generic/script","category":"chrome","tag":"script","byte_start":27,"byte_end":45}]"#,
        ]
    );
}

#[test]
fn trailers_are_for_those_who_take_them() {
    let server = Server::start();
    let send = |report: &str, te: &str| {
        let request = server.request("POST", &format!("/v1/clean?report={report}"));
        request.header("te", te).body("<p>a</p>").send()
    };
    let refused = send("trailer", "deflate");
    refused.is_problem(400, "bad_option");
    assert!(refused.text().contains("TE: trailers"), "{}", refused.text());
    send("file", "trailers").is_problem(400, "bad_option");
    assert_eq!(send("trailer", "trailers;q=0.5").status, 200);
}

#[test]
fn refusals_before_the_first_byte() {
    let server = Server::start();
    let send = |target: &str, body: &[u8]| server.request("POST", target).body(body).send();
    send("/v1/clean", b"").is_problem(400, "empty_body");
    send("/v1/clean?mode=recall", b"<p>").is_problem(400, "unknown_option");
    send("/v1/clean?remove=", b"<p>").is_problem(400, "bad_selector");
    send("/v1/clean?keep=p%20~%20p", b"<p>").is_problem(400, "bad_selector");
    send("/v1/clean?without=no/rule", b"<p>").is_problem(400, "bad_option");
    send("/v1/clean?charset=utf-16", b"<p>").is_problem(415, "unsupported_charset");
    send("/v1/clean?charset=iso-2022-jp", b"<p>").is_problem(415, "unsupported_charset");
    let utf16: Vec<u8> = "\u{feff}<p>a</p>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    send("/v1/clean", &utf16.repeat(200)).is_problem(415, "unsupported_charset");
}

/// UTF-16 of a few bytes is only known for what it is at its end, when the head is out already.
#[test]
fn a_short_page_of_utf_16_is_never_taken_for_a_clean_one() {
    let server = Server::start();
    let reply = server
        .request("POST", "/v1/clean")
        .body(b"\xff\xfe<\0p\0".to_vec())
        .send();
    assert!(reply.status == 415 || !reply.whole, "{reply:?}");
}

#[test]
fn an_error_in_the_middle_cuts_the_stream() {
    let server = Server::start();
    let mut connection = stream(&server, "");
    connection.write_chunk("<p>The boats come back.</p>".repeat(1000).as_bytes());
    assert_eq!(connection.head().status, 200);
    let mut out = Vec::new();
    out.extend(connection.chunk().expect("a chunk").expect("not the end"));
    connection.write_chunk("<b>".repeat(5000).as_bytes());
    let cut = loop {
        match connection.chunk() {
            Ok(Some(chunk)) => out.extend(chunk),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(cut, "no last chunk: nobody can take this for the whole page");
    assert!(out.starts_with(b"<p>The boats"));
    // The service goes on.
    let reply = server.request("POST", "/v1/clean").body("<p>a</p>").send();
    assert_eq!(reply.text(), "<p>a</p>");
}

#[test]
fn an_unclosed_advert_on_the_wire() {
    let server = Server::start();
    let page = format!("<p>a</p><div class=advertisement>b{}", "<p>c</p>".repeat(30_000));
    let reply = server.request("POST", "/v1/clean").body(page.as_str()).send();
    assert!(
        reply.whole && reply.text() == page,
        "{} of {} bytes",
        reply.body.len(),
        page.len()
    );
}

/// Our body pulls the client's: while nobody reads the answer, the rest of the page is not read either.
#[test]
fn a_slow_reader_holds_the_sender_back() {
    let server = Server::start();
    let connection = stream(&server, "");
    let mut sender = connection.stream().try_clone().expect("a second handle");
    sender
        .set_write_timeout(Some(std::time::Duration::from_millis(300)))
        .expect("a timeout");
    let paragraph = "<p>The boats come back in the morning.</p>\n".repeat(1000);
    let chunk = format!("{:x}\r\n{paragraph}\r\n", paragraph.len());
    let mut sent = 0;
    while sent < 256 << 20 && std::io::Write::write_all(&mut sender, chunk.as_bytes()).is_ok() {
        sent += chunk.len();
    }
    // What fits between us is the buffers of two sockets and a few of ours.
    assert!(sent < 64 << 20, "{sent} bytes were taken while nobody read");
}

#[test]
fn a_client_that_goes_away_ends_the_work_at_once() {
    let server = Server::start();
    let is_idle = || {
        let metrics = server.get("/metrics");
        let line = metrics
            .text()
            .lines()
            .find(|line| line.starts_with("copydesk_body_memory_bytes "));
        line.expect("the figure").ends_with(" 0")
    };
    for piece in ["<div class=advertisement><p>a</p>", "<p>The boats come back.</p>\n"] {
        // Nobody reads: the page stands still in the middle.
        let mut connection = stream(&server, "");
        connection.write_chunk(piece.repeat(4000).as_bytes());
        assert_eq!(connection.head().status, 200);
        assert!(!is_idle(), "a stream holds its memory");
        drop(connection);
        let begun = std::time::Instant::now();
        while !is_idle() {
            assert!(
                begun.elapsed() < std::time::Duration::from_secs(10),
                "its memory is given back"
            );
        }
    }
    assert_eq!(server.stop().cut, 0, "nothing was left to cut");
}
