//! `copydesk normalize FILE|-`: what `POST /v1/normalize` does, without a server, and the same bytes on stdout; with
//! `--removed FILES…` an audit in their place.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

use super::{Failure, removed, rules::SourceArgs};
use crate::{
    bounds::{Bounds, Deadline},
    error::Error,
    input::RawDocument,
    options::Options,
    pipeline::{Answer, Pipeline},
};

/// The options have the names and the values of the route's query.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The document: a file, or - for stdin; with --removed any number of them
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<PathBuf>,
    /// Tell what went and by which rule, a line of JSON for each document, the one that lost most first
    #[arg(long, conflicts_with_all = ["format", "fields", "explain"])]
    removed: bool,
    /// Its media type, as the Content-Type header would say it [default: found out from the bytes]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Its own URL
    #[arg(long)]
    url: Option<String>,
    /// precision, balanced or recall
    #[arg(long)]
    mode: Option<String>,
    /// json, html, markdown or text
    #[arg(long)]
    format: Option<String>,
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
    sources: SourceArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let options = Options::from_pairs(pairs(args))?;
    let pipeline = Pipeline::new(args.sources.load()?, Bounds::default());
    let content_type = args.content_type.as_deref();
    if args.removed {
        return removed::run(&pipeline, &args.files, |file| {
            normalize(&pipeline, file, content_type, &options)
        });
    }
    let [file] = args.files.as_slice() else {
        return Err(Failure::No("one document at a time; --removed takes any number".into()));
    };
    let answer = normalize(&pipeline, file, content_type, &options)?;
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(&answer.body)
        .and_then(|()| stdout.flush())
        .map_err(Failure::output)
}

fn normalize(
    pipeline: &Pipeline,
    file: &Path,
    content_type: Option<&str>,
    options: &Options,
) -> Result<Answer, Failure> {
    let bounds = pipeline.bounds();
    let bytes = read(file, bounds.body_bytes)?;
    let document = RawDocument {
        bytes: &bytes,
        content_type,
        ..RawDocument::default()
    };
    Ok(pipeline.normalize(&document, options, &Deadline::after(bounds.time))?)
}

fn pairs(args: &Args) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let single = [
        ("url", &args.url),
        ("mode", &args.mode),
        ("format", &args.format),
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

/// Reads a document, one byte past the bound at most: a file without end must not fill the memory.
fn read(file: &Path, limit_bytes: usize) -> Result<Vec<u8>, Failure> {
    let doing = || format!("reading {}", file.display());
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(Failure::system(doing()))?)
    };
    let mut bytes = Vec::new();
    source
        .take(limit_bytes as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(Failure::system(doing()))?;
    if bytes.len() > limit_bytes {
        return Err(Error::BodyTooLarge { limit_bytes }.into());
    }
    Ok(bytes)
}
