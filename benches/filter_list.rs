//! What a large filter list costs, beside the same work without it in the same run: `cargo bench --bench filter_list`.
//!
//! The list is of our own making, in EasyList's proportions: 13,600 rules for every page, of which most are a class or an
//! id, and 10,000 for some domains. Each measure is held against what is promised, and the run fails where it is not.

mod pages;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use copydesk::{
    bounds::{Bounds, Deadline},
    input::RawDocument,
    options::{CleanOptions, Options},
    pipeline::Pipeline,
    rules::{RuleSources, read},
};

const GENERIC: usize = 13_600;
const OF_DOMAINS: usize = 10_000;
/// What is promised.
const LOAD_AT_MOST: Duration = Duration::from_millis(500);
const SLOWER_AT_MOST: f64 = 0.15;
/// Turns with and without the list, one after the other, so that both see the same machine. The middle one counts.
const TURNS: usize = 41;
/// Real pages, where they lie beside the project.
const REAL_PAGES: &str = "../shared/bench/data/scrapinghub.tar.xz";
const REAL_PAGES_TAKEN: usize = 60;
/// What a socket gives at once.
const PIECE_BYTES: usize = 16 << 10;

fn list() -> String {
    const KINDS: &[&str] = &["ad", "ads", "advert", "banner", "sponsor", "promo", "dfp", "adbox"];
    let mut roll = pages::dice();
    let word = |roll: &mut dyn FnMut(usize) -> usize, letters: usize| -> String {
        (0..letters).map(|_| char::from(b'a' + roll(26) as u8)).collect()
    };
    let mut list = String::from("[Adblock Plus 2.0]\n");
    for _ in 0..GENERIC {
        let kind = KINDS[roll(KINDS.len())];
        let letters = 3 + roll(7);
        let name = format!("{kind}{}{}", ["-", "_"][roll(2)], word(&mut roll, letters));
        let other = word(&mut roll, 4);
        let _ = match roll(100) {
            0..60 => writeln!(list, "##.{name}"),
            60..96 => writeln!(list, "###{name}"),
            96 => writeln!(list, "##[data-{other}=\"{name}\"]"),
            97 => writeln!(list, "##a[href^=\"https://{name}.example/\"]"),
            98 => writeln!(list, "##div[id^=\"{name}\"]"),
            _ => writeln!(list, "##.{name} > div[class*=\"{other}\"]"),
        }; // a String takes all
    }
    for _ in 0..OF_DOMAINS {
        let domains: Vec<_> = (0..1 + roll(3))
            .map(|_| format!("{}.example", word(&mut roll, 7)))
            .collect();
        let _ = writeln!(
            list,
            "{}##.{}_{}",
            domains.join(","),
            word(&mut roll, 6),
            KINDS[roll(KINDS.len())]
        );
    }
    list
}

struct Page {
    name: String,
    bytes: Vec<u8>,
}

/// The generated page, a short one, and real ones as one.
fn documents() -> Vec<Vec<Page>> {
    let page = |name: &str, bytes: Vec<u8>| Page {
        name: name.to_owned(),
        bytes,
    };
    let post = include_bytes!("../examples/post.md").to_vec();
    let mut sets = vec![
        vec![page("a generated page of a megabyte", pages::generated())],
        (0..100).map(|_| page("a hundred short posts", post.clone())).collect(),
    ];
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(REAL_PAGES);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("real-pages");
    let unpacked = archive.exists()
        && fs::create_dir_all(&folder).is_ok()
        && Command::new("tar")
            .args(["-xJf".as_ref(), archive.as_os_str(), "-C".as_ref(), folder.as_os_str()])
            .status()
            .is_ok_and(|status| status.success());
    if unpacked {
        let mut files = Vec::new();
        walk(&folder, &mut files);
        files.sort();
        let read = files
            .into_iter()
            .take(REAL_PAGES_TAKEN)
            .map(|file| fs::read(file).expect("a page"));
        sets.push(read.map(|bytes| page("real pages", bytes)).collect());
    } else {
        println!("real pages are not beside the project: skipped");
    }
    sets
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => walk(&path, files),
            false if path.extension().is_some_and(|end| end == "html") => files.push(path),
            false => {}
        }
    }
}

fn normalize(pipeline: &Pipeline, page: &[u8], options: &Options) {
    let document = RawDocument {
        bytes: page,
        ..RawDocument::default()
    };
    let answer = pipeline.normalize(&document, options, &Deadline::after(Duration::from_secs(60)));
    std::hint::black_box(answer.expect("an article"));
}

fn clean(pipeline: &Pipeline, page: &[u8], options: &CleanOptions) {
    let mut cleaner = pipeline.cleaner(None, options).expect("a cleaner");
    for piece in page.chunks(PIECE_BYTES) {
        cleaner.write(piece).expect("a good page");
        std::hint::black_box(cleaner.take());
    }
    cleaner.end().expect("a good page");
    std::hint::black_box(cleaner.take());
}

/// How much longer `with` takes than `without`: the middle of many turns.
fn slower(mut with: impl FnMut(), mut without: impl FnMut()) -> f64 {
    let time = |work: &mut dyn FnMut()| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..TURNS).map(|_| time(&mut with) / time(&mut without)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[TURNS / 2] - 1.0
}

fn main() {
    let text = list();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("list.txt");
    fs::write(&file, &text).expect("a file");
    let sources = RuleSources {
        filter_lists: vec![file],
        ..RuleSources::default()
    };
    let mut broken = 0;
    let mut hold = |holds: bool, text: String| {
        println!("{} {text}", if holds { "ok  " } else { "FAIL" });
        broken += usize::from(!holds);
    };

    let begun = Instant::now();
    let (set, skipped) = read(&sources).expect("a sound list");
    assert_eq!(skipped.len(), 0, "{skipped:?}");
    let with = Pipeline::new(set, Bounds::default());
    let load = begun.elapsed();
    let shown = format!(
        "{} rules loaded in {load:.0?} ({LOAD_AT_MOST:?} at most)",
        with.rules().rules().len()
    );
    hold(load < LOAD_AT_MOST, shown);

    let without = Pipeline::built_in(Bounds::default()).expect("the built-in rules load");
    // At a host that the list has rules for.
    let domain = text
        .lines()
        .last()
        .and_then(|line| line.split([',', '#']).next())
        .expect("a domain");
    let query = format!("url=https://www.{domain}/1");
    let pairs = || url::form_urlencoded::parse(query.as_bytes());
    let options = Options::from_pairs(pairs()).expect("options");
    let clean_options = CleanOptions::from_pairs(pairs()).expect("options");
    for set in documents() {
        let bytes: usize = set.iter().map(|page| page.bytes.len()).sum();
        let name = format!("{} ({} KiB)", set[0].name, bytes >> 10);
        let normalizing = |pipeline| set.iter().for_each(|page| normalize(pipeline, &page.bytes, &options));
        let share = slower(|| normalizing(&with), || normalizing(&without));
        let shown = format!(
            "normalize, {name}: {:+.1} % ({:.0} at most)",
            share * 100.0,
            SLOWER_AT_MOST * 100.0
        );
        hold(share <= SLOWER_AT_MOST, shown);
        let cleaning = |pipeline| set.iter().for_each(|page| clean(pipeline, &page.bytes, &clean_options));
        let share = slower(|| cleaning(&with), || cleaning(&without));
        let shown = format!(
            "clean, {name}: {:+.1} % ({:.0} at most)",
            share * 100.0,
            SLOWER_AT_MOST * 100.0
        );
        hold(share <= SLOWER_AT_MOST, shown);
    }
    assert_eq!(broken, 0, "a promise did not hold");
}
