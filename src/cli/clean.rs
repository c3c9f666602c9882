//! `copydesk clean < page.html`: the road of `POST /v1/clean` without a server, clean HTML out while the page comes in.

use std::{
    borrow::Cow,
    io::{self, ErrorKind, Read as _, Write as _},
};

use super::{Failure, rules::SourceArgs};
use crate::{bounds::Bounds, error::Error, options::CleanOptions, pipeline::Pipeline};

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
    #[command(flatten)]
    sources: SourceArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let options = CleanOptions::from_pairs(pairs(args))?;
    let pipeline = Pipeline::new(args.sources.load()?, Bounds::default());
    let mut cleaner = pipeline.cleaner(None, &options)?;
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
        // Flushed each time: whoever reads sees the page while it arrives.
        stdout
            .write_all(&cleaner.take())
            .and_then(|()| stdout.flush())
            .map_err(Failure::output)?;
    }
    if !any {
        return Err(Error::EmptyBody.into());
    }
    cleaner.end()?;
    stdout
        .write_all(&cleaner.take())
        .and_then(|()| stdout.flush())
        .map_err(Failure::output)
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
