//! `copydesk rules list|check|explain|test`: what is dropped and why, and whether rule files are sound.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
};

use super::Failure;
use crate::{
    bounds::Bounds,
    output::rules::{render, routes},
    pipeline::Pipeline,
    rules::{Rule, RuleSet, RuleSources, read},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The rules in force, a line each
    List {
        #[command(flatten)]
        sources: SourceArgs,
        /// Only those for documents of this host
        #[arg(long)]
        host: Option<String>,
        /// As JSON, as GET /v1/rules gives it
        #[arg(long)]
        json: bool,
    },
    /// Load everything and report every fault, and every line of a filter list that cannot be used
    Check {
        #[command(flatten)]
        sources: SourceArgs,
    },
    /// What one rule does, why, and an example
    Explain {
        /// As in `removed[].rule`
        id: String,
        #[command(flatten)]
        sources: SourceArgs,
    },
    /// Run every rule's examples
    Test {
        /// A folder of rules, tested together with the built-in ones
        folder: Option<PathBuf>,
        #[command(flatten)]
        sources: SourceArgs,
    },
}

/// Where rules come from beside the built-in ones.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct SourceArgs {
    /// A folder of rule files; may repeat, the last one is the strongest
    #[arg(long = "rules", value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// A filter list in EasyList's syntax; may repeat
    #[arg(long = "filter-list", value_name = "FILE")]
    filter_lists: Vec<PathBuf>,
}

impl SourceArgs {
    fn sources(&self) -> RuleSources {
        RuleSources {
            folders: self.folders.clone(),
            filter_lists: self.filter_lists.clone(),
        }
    }

    pub(super) fn load(&self) -> Result<RuleSet, Failure> {
        read(&self.sources()).map(|(set, _)| set).map_err(Failure::Rules)
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::List { sources, host, json } => {
            let set = sources.load()?;
            if *json {
                let json = render(&set, host.as_deref()).map_err(|e| Failure::No(e.to_string()))?;
                return print(&String::from_utf8_lossy(&json));
            }
            let meant = |rule: &&Rule| host.is_none() || rule.scope.is_for_host(host.as_deref());
            print(&set.rules().iter().filter(meant).map(line).collect::<String>())
        }
        Command::Check { sources } => {
            let (set, skipped) = read(&sources.sources()).map_err(Failure::Rules)?;
            let mut report = String::new();
            for skip in &skipped {
                let _ = writeln!(report, "{}:{}: skipped: {}", skip.list, skip.line, skip.reason); // a String takes all
            }
            let _ = writeln!(
                report,
                "{} rules, {} lines of filter lists skipped, revision {}",
                set.rules().len(),
                skipped.len(),
                set.revision()
            );
            print(&report)
        }
        Command::Explain { id, sources } => {
            let set = sources.load()?;
            match set.rules().iter().find(|rule| rule.id == *id) {
                Some(rule) => print(&explain(rule)),
                None => Err(Failure::No(format!(
                    "there is no rule {id:?}; `copydesk rules list` shows them all"
                ))),
            }
        }
        Command::Test { folder, sources } => {
            let mut sources = sources.clone();
            sources.folders.extend(folder.clone());
            let pipeline = Pipeline::new(sources.load()?, Bounds::default());
            let (passed, broken) = pipeline.check_examples();
            let mut report: String = broken.iter().map(|example| format!("{example}\n")).collect();
            let _ = writeln!(report, "{passed} examples passed, {} failed", broken.len());
            print(&report)?;
            if broken.is_empty() {
                Ok(())
            } else {
                Err(Failure::No("examples failed".into()))
            }
        }
    }
}

/// One rule, one line: id, category, action, routes, scope, why.
fn line(rule: &Rule) -> String {
    let scope = match rule.scope.is_everywhere() {
        true => "everywhere".to_owned(),
        false => {
            let not = rule.scope.not_hosts.iter().map(|host| format!("~{host}"));
            let languages = rule.scope.languages.iter().map(|tag| format!("lang={tag}"));
            let named = rule.scope.hosts.iter().chain(&rule.scope.sources).cloned();
            let all = named.chain(not).chain(languages);
            all.collect::<Vec<_>>().join(",")
        }
    };
    format!(
        "{}\t{}\t{}\t{}\t{scope}\t{}\n",
        rule.id,
        word(&rule.category),
        word(&rule.action),
        routes(rule).join(","),
        rule.why
    )
}

/// What a rule file calls it.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn explain(rule: &Rule) -> String {
    let mut text = line(rule).replace('\t', "\n  ");
    for (name, value) in [
        ("select", (!rule.select.is_empty()).then(|| rule.select.join(", "))),
        ("comment", rule.comment.as_ref().map(ToString::to_string)),
        ("text", rule.text.as_ref().map(ToString::to_string)),
        ("field", rule.field.map(|field| word(&field))),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name}: {value}"); // a String takes all
        }
    }
    for example in &rule.examples {
        let _ = writeln!(text, "\n  in:  {}\n  out: {}", example.input, example.out);
        for (field, value) in &example.fields {
            let _ = writeln!(text, "  {}: {value}", word(field));
        }
    }
    text
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(Failure::output)
}
