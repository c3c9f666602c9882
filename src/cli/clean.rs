//! `copydesk clean < page.html`: what `POST /v1/clean` does, without a server, clean HTML out while the page comes in.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufWriter, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{Failure, rules::SourceArgs};
use crate::{
    bounds::Bounds,
    error::Error,
    options::CleanOptions,
    output::removals,
    pipeline::{Cleaner, Pipeline},
};

/// Bytes read at once: what a pipe holds.
const PIECE_BYTES: usize = 64 << 10;

/// The options have the names and the values of the route's query.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The document's own URL
    #[arg(long)]
    url: Option<String>,
    /// Drop what this selector matches; may repeat
    #[arg(long, value_name = "SELECTOR")]
    remove: Vec<String>,
    /// Keep what this selector matches; may repeat
    #[arg(long, value_name = "SELECTOR")]
    keep: Vec<String>,
    /// Leave this rule out; may repeat
    #[arg(long, value_name = "RULE_ID")]
    without: Vec<String>,
    /// The document's charset
    #[arg(long, value_name = "LABEL")]
    charset: Option<String>,
    /// Write what is removed to this file, a line of JSON for each region
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    sources: SourceArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let options = CleanOptions::from_pairs(pairs(args))?;
    let pipeline = Pipeline::new(args.sources.load()?, Bounds::default());
    let mut cleaner = pipeline.cleaner(None, &options)?;
    let mut report = None;
    if let Some(path) = &args.report {
        report = Some(CleanReport::create(path)?);
        cleaner = cleaner.noting_losses();
    }
    let mut stdin = io::stdin().lock();
    let mut stdout = io::stdout().lock();
    let mut piece = vec![0; PIECE_BYTES];
    let mut any = false;
    loop {
        let length = match stdin.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::system("reading stdin")(error)),
        };
        any = true;
        cleaner.write(&piece[..length])?;
        report.as_mut().map_or(Ok(()), |report| report.tell(&mut cleaner))?;
        // Flushed each time, so that a reader sees the page while it arrives.
        stdout
            .write_all(&cleaner.take())
            .and_then(|()| stdout.flush())
            .map_err(Failure::output)?;
    }
    if !any {
        return Err(Error::EmptyBody.into());
    }
    cleaner.end()?;
    if let Some(report) = &mut report {
        report.tell(&mut cleaner)?;
        report.file.flush().map_err(report.failure())?;
    }
    stdout
        .write_all(&cleaner.take())
        .and_then(|()| stdout.flush())
        .map_err(Failure::output)
}

/// Where `--report` goes. What was known when the cleaning failed is in it.
struct CleanReport<'a> {
    path: &'a Path,
    file: BufWriter<File>,
}

impl<'a> CleanReport<'a> {
    fn create(path: &'a Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(failure(path))?;
        let file = BufWriter::new(file);
        Ok(CleanReport { path, file })
    }

    /// Writes what has gone since the last time.
    fn tell(&mut self, cleaner: &mut Cleaner) -> Result<(), Failure> {
        for loss in cleaner.take_losses() {
            let line = removals::render(&loss, cleaner.rules());
            writeln!(self.file, "{line}").map_err(self.failure())?;
        }
        Ok(())
    }

    fn failure(&self) -> impl FnOnce(io::Error) -> Failure + use<> {
        failure(self.path)
    }
}

fn failure(path: &Path) -> impl FnOnce(io::Error) -> Failure + use<> {
    Failure::system(format!("writing {}", path.display()))
}

fn pairs(args: &Args) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let single = [("url", &args.url), ("charset", &args.charset)];
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
    single
        .chain(lists)
        .map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)))
}
