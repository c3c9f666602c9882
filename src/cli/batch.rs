//! `copydesk batch`: documents from files, folders or stdin, and an article a line on stdout, as `POST /v1/batch` gives
//! them.
//!
//! Lines come in the order of the documents, so that the lines of an output say how far it got: `--resume` goes on there.

use std::{
    borrow::Cow,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Seek as _, SeekFrom, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{
    Failure,
    jobs::{self, ChunkSender, ReceiverGone},
    rules::SourceArgs,
};
use crate::{
    bounds::Bounds,
    error::Error,
    http::{BatchContext, BatchTotals, ChunkOutput, DocumentChunk, Entry},
    input::{
        feed,
        request::line_splitter::{InputLine, LineSplitter},
    },
    options::Options,
    pipeline::Pipeline,
};

/// Bytes read at once.
const PIECE_BYTES: usize = 256 << 10;
/// How often the progress is printed.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// The options have the names and the values of the route's query.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Documents, feeds (.xml, .rss, .atom), folders of them, or files of envelopes, one a line (.ndjson, .jsonl); - for such lines on stdin [default: -]
    #[arg(value_name = "FILE|FOLDER|-")]
    sources: Vec<PathBuf>,
    /// Documents worked on at once [default: the cores this process may use]
    #[arg(long, value_name = "COUNT")]
    jobs: Option<NonZeroUsize>,
    /// Write to this file instead of stdout, and go on behind what is whole in it already
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// precision, balanced or recall
    #[arg(long)]
    mode: Option<String>,
    /// core, all, or a list of fields
    #[arg(long, value_name = "FIELDS")]
    fields: Option<String>,
    /// all, likely or certain: how sure the facts must be
    #[arg(long, value_name = "LEVEL")]
    facts: Option<String>,
    /// drop or keep: text that a reader does not see
    #[arg(long, value_name = "WHAT")]
    hidden: Option<String>,
    /// Drop what this selector matches; may repeat
    #[arg(long, value_name = "SELECTOR")]
    remove: Vec<String>,
    /// Keep what this selector matches; may repeat
    #[arg(long, value_name = "SELECTOR")]
    keep: Vec<String>,
    /// Leave this rule out; may repeat
    #[arg(long, value_name = "RULE_ID")]
    without: Vec<String>,
    /// Tell how each decision was made
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    rules: SourceArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let options = Options::from_pairs(pairs(args))?;
    let pipeline = Pipeline::new(args.rules.load()?, Bounds::default());
    let batch = Arc::new(BatchContext::new(pipeline, options, None)?);
    let sources = listed(&args.sources)?;
    let mut sink = LineSink::open(args.resume.as_deref())?;
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZeroUsize::MIN);
    let totals = work_off(sources, jobs.get(), &batch, &mut sink)?;
    if totals.failed == 0 {
        return Ok(());
    }
    Err(Failure::No(format!(
        "{} of {} documents failed; their lines say why",
        totals.failed, totals.documents
    )))
}

/// A thread reads, the jobs work, and what they make is written in order. What is still at work when the output is closed ends
/// with the process.
fn work_off(
    sources: Vec<BatchSource>,
    jobs: usize,
    batch: &Arc<BatchContext>,
    sink: &mut LineSink,
) -> Result<BatchTotals, Failure> {
    let mut progress = ProgressLine::begin(&sources, sink);
    let (feeder, results) = jobs::start(jobs, batch)?;
    let reader = DocumentReader::new(feeder, *batch.bounds(), sink.totals.documents);
    let reading = thread::spawn(move || reader.read_all(sources));
    for done in results {
        let (output, bytes) = done.map_err(|_| Failure::No("a worker ended before its work".into()))?;
        sink.write(&output)?;
        progress.tell(&sink.totals, bytes);
    }
    progress.end();
    match reading.join() {
        Ok(read) => read?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    sink.end(batch)
}

/// Where documents come from.
#[derive(Debug)]
enum BatchSource {
    /// A file that is one.
    Document(PathBuf),
    /// A file of envelopes.
    Lines(PathBuf),
    /// The same on stdin.
    Stdin,
}

/// All sources in their order, folders opened, their files by name.
fn listed(paths: &[PathBuf]) -> Result<Vec<BatchSource>, Failure> {
    if paths.is_empty() {
        return Ok(vec![BatchSource::Stdin]);
    }
    let mut found = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            found.push(BatchSource::Stdin);
        } else if path.is_dir() {
            folder(path, &mut found)?;
        } else {
            // A file that is not there is an error of the command, not of a line.
            fs::metadata(path).map_err(Failure::system(format!("reading {}", path.display())))?;
            found.push(of_file(path.clone()));
        }
    }
    Ok(found)
}

fn folder(path: &Path, found: &mut Vec<BatchSource>) -> Result<(), Failure> {
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries = entries.map_err(Failure::system(format!("reading {}", path.display())))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // A link to a folder may lead around in a circle.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !is_hidden {
            folder(&path, found)?;
        } else if path.is_file() && !is_hidden {
            found.push(of_file(path));
        }
    }
    Ok(())
}

fn of_file(path: PathBuf) -> BatchSource {
    match extension(&path).as_str() {
        "ndjson" | "jsonl" => BatchSource::Lines(path),
        _ => BatchSource::Document(path),
    }
}

fn extension(path: &Path) -> String {
    path.extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase()
}

fn content_type(path: &Path) -> Option<&'static str> {
    match extension(path).as_str() {
        "html" | "htm" => Some("text/html"),
        "xhtml" => Some("application/xhtml+xml"),
        "md" | "markdown" => Some("text/markdown"),
        "txt" => Some("text/plain"),
        _ => None,
    }
}

/// Reads documents into chunks, on a thread of its own.
struct DocumentReader {
    feeder: ChunkSender,
    bounds: Bounds,
    /// Documents whose lines are there already.
    skip: u64,
    /// Documents seen.
    seen: u64,
    chunk: DocumentChunk,
}

impl DocumentReader {
    fn new(feeder: ChunkSender, bounds: Bounds, skip: u64) -> Self {
        DocumentReader {
            feeder,
            bounds,
            skip,
            seen: 0,
            chunk: DocumentChunk::new(skip),
        }
    }

    fn read_all(mut self, sources: Vec<BatchSource>) -> Result<(), Failure> {
        for source in sources {
            let read = match source {
                BatchSource::Document(path) => self.document(&path),
                BatchSource::Lines(path) => match File::open(&path) {
                    Ok(file) => self
                        .lines(file)
                        .map_err(Failure::system(format!("reading {}", path.display())))?,
                    Err(cause) => return Err(Failure::system(format!("reading {}", path.display()))(cause)),
                },
                BatchSource::Stdin => self
                    .lines(io::stdin().lock())
                    .map_err(Failure::system("reading stdin"))?,
            };
            if read.is_err() {
                return Ok(());
            }
        }
        let _ = self.flush();
        if self.seen < self.skip {
            let (seen, skip) = (self.seen, self.skip);
            return Err(Failure::No(format!(
                "the output has {skip} lines, and there are only {seen} documents: it is of others"
            )));
        }
        Ok(())
    }

    fn document(&mut self, path: &Path) -> Result<(), ReceiverGone> {
        if matches!(extension(path).as_str(), "xml" | "rss" | "atom" | "rdf") {
            return self.feed(path);
        }
        if self.is_there_already() {
            return Ok(());
        }
        let id = path.to_string_lossy().into_owned();
        let entry = match self.read(path) {
            Err(error) => Entry::Refused { id: Some(id), error },
            Ok(bytes) if extension(path) == "json" => Entry::Envelope(bytes),
            Ok(bytes) => Entry::Bare {
                id,
                content_type: content_type(path),
                bytes,
            },
        };
        self.take(entry)
    }

    /// A feed is read again when a batch is resumed, since only it knows how many documents it is.
    fn feed(&mut self, path: &Path) -> Result<(), ReceiverGone> {
        let entries = match self.read(path).and_then(|bytes| feed::split(&bytes, None)) {
            Ok(entries) => entries.into_iter().map(Entry::Feed).collect(),
            Err(error) => vec![Entry::Refused {
                id: Some(path.to_string_lossy().into_owned()),
                error,
            }],
        };
        for entry in entries {
            if !self.is_there_already() {
                self.take(entry)?;
            }
        }
        Ok(())
    }

    /// A file within the bound.
    fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let limit_bytes = self.bounds.body_bytes;
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| {
                let expected = file.metadata().map_or(0, |known| known.len());
                // One more, by which the end is seen without growing.
                bytes.reserve_exact(expected.min(limit_bytes as u64) as usize + 1);
                file.take(limit_bytes as u64 + 1).read_to_end(&mut bytes)
            })
            .map_err(|cause| Error::BadBody {
                detail: cause.to_string(),
            })?;
        match bytes.len() > limit_bytes {
            true => Err(Error::BodyTooLarge { limit_bytes }),
            false => Ok(bytes),
        }
    }

    fn lines(&mut self, mut source: impl Read) -> io::Result<Result<(), ReceiverGone>> {
        let limit_bytes = self.bounds.body_bytes;
        let mut lines = LineSplitter::new(limit_bytes);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let length = match source.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            lines.push(&piece[..length]);
            while let Some(line) = lines
                .next_line()
                .or_else(|| (length == 0).then(|| lines.last_line()).flatten())
            {
                if self.is_there_already() {
                    continue;
                }
                let entry = match line {
                    InputLine::Whole(bytes) => Entry::Envelope(bytes),
                    InputLine::TooLong => Entry::Refused {
                        id: None,
                        error: Error::BodyTooLarge { limit_bytes },
                    },
                };
                if let Err(unwanted) = self.take(entry) {
                    return Ok(Err(unwanted));
                }
            }
            // What has come is not kept waiting for what may come.
            if let Err(unwanted) = self.flush() {
                return Ok(Err(unwanted));
            }
            if length == 0 {
                return Ok(Ok(()));
            }
        }
    }

    fn is_there_already(&mut self) -> bool {
        self.seen += 1;
        self.seen <= self.skip
    }

    fn take(&mut self, entry: Entry) -> Result<(), ReceiverGone> {
        self.chunk.push(entry, &self.bounds);
        if self.chunk.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ReceiverGone> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, DocumentChunk::new(self.seen));
        self.feeder.feed(chunk)
    }
}

/// Where lines go, and how many are there.
struct LineSink {
    file: Box<dyn Write>,
    is_terminal: bool,
    totals: BatchTotals,
}

impl LineSink {
    fn open(resume: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = resume else {
            return Ok(LineSink {
                file: Box::new(io::stdout()),
                is_terminal: io::stdout().is_terminal(),
                totals: BatchTotals::default(),
            });
        };
        let doing = || format!("opening {}", path.display());
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(Failure::system(doing()))?;
        let (end, totals) = whole(&file, path)?;
        file.set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)))
            .map_err(Failure::system(doing()))?;
        Ok(LineSink {
            file: Box::new(file),
            is_terminal: false,
            totals,
        })
    }

    fn write(&mut self, output: &ChunkOutput) -> Result<(), Failure> {
        self.totals.count(output);
        self.file
            .write_all(&output.lines)
            .and_then(|()| self.file.flush())
            .map_err(Failure::output)
    }

    fn end(&mut self, batch: &BatchContext) -> Result<BatchTotals, Failure> {
        let line = batch.totals_line(&self.totals);
        self.file
            .write_all(&line)
            .and_then(|()| self.file.flush())
            .map_err(Failure::output)?;
        Ok(self.totals)
    }
}

/// How far an output is complete, and what is in it. The line of totals is no document's, and half a line is none.
fn whole(file: &File, path: &Path) -> Result<(u64, BatchTotals), Failure> {
    #[derive(Deserialize)]
    struct Head {
        index: u64,
        status: u16,
    }
    let mut reader = BufReader::new(file);
    let (mut end, mut totals, mut line) = (0, BatchTotals::default(), Vec::new());
    loop {
        line.clear();
        let length = reader
            .read_until(b'\n', &mut line)
            .map_err(Failure::system(format!("reading {}", path.display())))?;
        if !line.ends_with(b"\n") || line.starts_with(b"{\"totals\":") {
            return Ok((end, totals));
        }
        let head = serde_json::from_slice::<Head>(&line).ok();
        let Some(head) = head.filter(|head| head.index == totals.documents) else {
            let number = totals.documents + 1;
            return Err(Failure::No(format!(
                "{} is no output of a batch: its line {number} is not document {number}",
                path.display()
            )));
        };
        totals.documents += 1;
        if head.status == 200 {
            totals.ok += 1;
        } else {
            totals.failed += 1;
        }
        end += length as u64;
    }
}

/// One line on a terminal, written over and over.
struct ProgressLine {
    is_shown: bool,
    begun: Instant,
    told: Instant,
    /// Documents that were there before.
    before: u64,
    /// All that there are, where that is known.
    all: Option<u64>,
    bytes: usize,
}

impl ProgressLine {
    fn begin(sources: &[BatchSource], sink: &LineSink) -> Self {
        let only_documents = sources.iter().all(|source| matches!(source, BatchSource::Document(_)));
        let now = Instant::now();
        ProgressLine {
            is_shown: io::stderr().is_terminal() && !sink.is_terminal,
            begun: now,
            told: now,
            before: sink.totals.documents,
            all: only_documents.then_some(sources.len() as u64),
            bytes: 0,
        }
    }

    fn tell(&mut self, totals: &BatchTotals, bytes: usize) {
        self.bytes += bytes;
        if self.is_shown && self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            // A terminal that is gone is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K{}", self.line(totals, self.begun.elapsed()));
        }
    }

    fn line(&self, totals: &BatchTotals, elapsed: Duration) -> String {
        let megabytes = self.bytes as f64 / 1e6 / elapsed.as_secs_f64().max(0.001);
        let done = totals.documents;
        let of = self.all.map(|all| format!(" of {all}")).unwrap_or_default();
        let left = self.all.map(|all| {
            let each = elapsed.as_secs_f64() / (done - self.before).max(1) as f64;
            let seconds = (each * all.saturating_sub(done) as f64) as u64;
            format!(", {} left", humantime::format_duration(Duration::from_secs(seconds)))
        });
        let (failed, left) = (totals.failed, left.unwrap_or_default());
        format!("{done}{of} documents, {megabytes:.1} MB/s, {failed} failed{left}")
    }

    fn end(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn pairs(args: &Args) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let single = [
        ("mode", &args.mode),
        ("fields", &args.fields),
        ("facts", &args.facts),
        ("hidden", &args.hidden),
    ];
    let single = single
        .into_iter()
        .flat_map(|(name, value)| value.as_deref().map(|value| (name, value)));
    let lists = [
        ("remove", &args.remove),
        ("keep", &args.keep),
        ("without", &args.without),
    ];
    let lists = lists
        .into_iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_str())));
    let explain = args.explain.then_some(("explain", "true"));
    single
        .chain(lists)
        .chain(explain)
        .map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_is_one_line() {
        let now = Instant::now();
        let mut progress = ProgressLine {
            is_shown: false,
            begun: now,
            told: now,
            before: 10,
            all: Some(100),
            bytes: 0,
        };
        let totals = BatchTotals {
            documents: 40,
            ok: 38,
            failed: 2,
        };
        progress.tell(&totals, 6_000_000);
        let line = progress.line(&totals, Duration::from_secs(3));
        assert_eq!(line, "40 of 100 documents, 2.0 MB/s, 2 failed, 6s left");
        progress.all = None;
        let line = progress.line(&totals, Duration::from_secs(3));
        assert_eq!(line, "40 documents, 2.0 MB/s, 2 failed");
    }

    #[test]
    fn a_files_name_says_its_type() {
        for (name, kind) in [
            ("a.HTML", Some("text/html")),
            ("a.md", Some("text/markdown")),
            ("a.txt", Some("text/plain")),
            ("a", None),
        ] {
            assert_eq!(content_type(Path::new(name)), kind);
        }
        assert!(matches!(of_file("x/a.ndjson".into()), BatchSource::Lines(_)));
        assert!(matches!(of_file("x/a.json".into()), BatchSource::Document(_)));
    }
}
