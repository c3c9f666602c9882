//! The whole road on one page: what the service, the command line and the tests call.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    bounds::{Bounds, Deadline},
    engine::{
        self, Choice, Content, Links, Outline, Rulebook, guard, lines,
        outline::NONE,
        score,
        verdict::{self, Reason, Removal, Verdict},
        write,
    },
    error::{Error, Warning},
    input::{self, Document, Kind, Page},
    metadata::{self, Facts, Stats, stats},
    options::{CleanOptions, Format, Options},
    output::{
        html,
        json::{self, Article, Input, Quality, Removed},
        markdown, text,
    },
    rules::{Category, Origin, RuleError, RuleSet, Selector},
};

pub use crate::engine::stream::Cleaner;

/// Removals that an answer lists at most: the largest.
const REMOVED_LISTED: usize = 200;
/// Characters of a removal's preview.
const PREVIEW_CHARACTERS: usize = 60;
/// The quality from which on a page counts as an article.
const ARTICLE_QUALITY: f32 = 0.15;

/// The engine with its rules and bounds: cheap to clone, shared by all workers.
#[derive(Debug, Clone)]
pub struct Pipeline {
    rulebook: Rulebook,
    bounds: Bounds,
}

/// One finished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The form of `body`.
    pub format: Format,
    /// The bytes to send: compact JSON with one newline at its end, or the content alone.
    pub body: Vec<u8>,
}

impl Pipeline {
    /// A pipeline over these rules and bounds.
    pub fn new(rules: RuleSet, bounds: Bounds) -> Self {
        Pipeline {
            rulebook: Rulebook::new(rules),
            bounds,
        }
    }

    /// A pipeline over the rules that are compiled in.
    ///
    /// # Errors
    /// Broken built-in rules, which a test keeps from ever being shipped.
    pub fn built_in(bounds: Bounds) -> Result<Self, RuleError> {
        Ok(Self::new(RuleSet::built_in()?, bounds))
    }

    /// The bounds of each document.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        self.rulebook.rules()
    }

    /// One raw document in, one answer out. Blocks for the time that the work takes, until `deadline` at most.
    ///
    /// # Errors
    /// What cannot be an article, and what is past a bound.
    pub fn normalize(&self, document: &Document<'_>, options: &Options, deadline: &Deadline) -> Result<Answer, Error> {
        if document.bytes.len() > self.bounds.body_bytes {
            return Err(Error::BodyTooLarge {
                limit_bytes: self.bounds.body_bytes,
            });
        }

        // Bytes become text.
        let document = Document {
            url: options.url.as_ref().or(document.url),
            ..*document
        };
        let page = input::read(&document)?;
        let url = metadata::known_url(options.url.as_ref(), document.content_location, &page);
        let sources = page.front_matter.as_ref().map(metadata::feed_names).unwrap_or_default();
        let host = url.as_ref().and_then(|(url, _)| url.host_str()).map(str::to_owned);
        let origin = Origin {
            host,
            sources: sources.into_iter().map(str::to_owned).collect(),
        };
        let choice = self.choose(origin, &options.remove, &options.keep, &options.without)?;
        deadline.check()?;

        // The handlers see it pass, once.
        let source = &page.text[page.body.clone()];
        let mut outline = engine::survey(source, &choice, &self.bounds, deadline)?;

        // What stays, and why the rest does not.
        let kind = kind_of(&page, &outline);
        let mut lines = lines::read(&outline, &choice);
        let scored = match kind {
            Kind::Page => score::choose(&outline, options.mode),
            Kind::Post | Kind::Fragment | Kind::Markdown => score::Choice::of_everything(&outline),
        };
        let rolled_back = guard::check(&mut outline, &mut lines, |outline| match kind {
            Kind::Page => scored.ranges.clone(),
            _ => score::choose(outline, options.mode).ranges,
        });
        let verdict = verdict::decide(&outline, &lines, &scored.ranges);
        deadline.check()?;

        // The content, and the facts around it.
        let address = metadata::address(url, &outline);
        let content = write::write(
            &outline,
            &verdict.kept,
            &Links::new(address.base.clone()),
            self.bounds.output_bytes,
        )?;
        let content_text = text::render(&content);
        let format = options.format.unwrap_or_default();
        match format {
            Format::Json => {}
            Format::Html => return Ok(line(format, html::render(&content))),
            Format::Markdown => return Ok(line(format, markdown::render(&content))),
            Format::Text => return Ok(line(format, content_text)),
        }
        let facts = metadata::collect(&metadata::Sources {
            page: &page,
            outline: &outline,
            fields: &lines.fields,
            verdict: &verdict,
            content: &content,
            text: &content_text,
            address: &address,
        });
        let explain = options.explain.then(|| explain(&scored, kind));
        let road = Road {
            document: &document,
            page: &page,
            outline: &outline,
            verdict: &verdict,
            rolled_back: &rolled_back,
            kind,
            choice: &choice,
        };
        let article = road.article(facts, &content, content_text, &scored, options);
        // Nothing in an article can fail to be JSON; if it ever does, it is a bug and not the document's fault.
        let body = json::render(&article, &options.fields, explain.as_ref()).unwrap_or_else(|e| unreachable!("{e}"));
        Ok(Answer { format, body })
    }

    /// A cleaner for one HTML stream. `content_type` is the header as declared, for its charset.
    ///
    /// # Errors
    /// An option that names no rule, or a charset that cannot be streamed.
    pub fn cleaner(&self, content_type: Option<&str>, options: &CleanOptions) -> Result<Cleaner, Error> {
        let host = options.url.as_ref().and_then(Url::host_str).map(str::to_owned);
        let origin = Origin {
            host,
            sources: Vec::new(),
        };
        let choice = self.choose(origin, &options.remove, &options.keep, &options.without)?;
        Cleaner::new(choice, self.bounds, content_type, options.charset.as_deref())
    }

    fn choose(
        &self,
        origin: Origin,
        remove: &[Selector],
        keep: &[Selector],
        without: &[String],
    ) -> Result<Choice, Error> {
        self.rulebook
            .choose(origin, remove, keep, without)
            .map_err(|id| Error::BadOption {
                name: "without".into(),
                detail: format!("there is no rule {id:?}"),
            })
    }
}

fn line(format: Format, mut text: String) -> Answer {
    text.push('\n');
    Answer {
        format,
        body: text.into_bytes(),
    }
}

fn kind_of(page: &Page<'_>, outline: &Outline<'_>) -> Kind {
    if page.front_matter.is_some() {
        Kind::Post
    } else if outline.is_document {
        Kind::Page
    } else {
        Kind::Fragment
    }
}

fn explain(scored: &score::Choice, kind: Kind) -> Value {
    json!({ "kind": kind, "candidates": scored.candidates.iter().map(|c| json!({
        "tag": c.tag, "id": c.id, "class": c.class, "points": c.points, "characters": c.characters, "link_density": c.link_density, "chosen": c.chosen,
    })).collect::<Vec<_>>() })
}

/// What has become of a document by the time its article is put together.
struct Road<'a> {
    document: &'a Document<'a>,
    page: &'a Page<'a>,
    outline: &'a Outline<'a>,
    verdict: &'a Verdict,
    rolled_back: &'a [guard::RolledBack],
    kind: Kind,
    choice: &'a Choice,
}

impl Road<'_> {
    fn article(
        &self,
        facts: Facts,
        content: &Content,
        content_text: String,
        scored: &score::Choice,
        options: &Options,
    ) -> Article {
        let removed = if options.fields.has("removed") {
            self.removed()
        } else {
            Vec::new()
        };
        let stats = stats::measure(&content_text, json::linked_characters(content));
        let quality = self.quality(&stats, scored);
        let mut warnings = self.page.warnings.clone();
        warnings.extend(self.swallowed());
        warnings.extend(self.rolled_back.iter().map(|back| self.guard_warning(back)));
        warnings.extend(facts.warnings);
        let want = |name: &str, make: &dyn Fn() -> String| {
            if options.fields.has(name) {
                make()
            } else {
                String::new()
            }
        };
        Article {
            schema_version: json::SCHEMA_VERSION,
            id: want("id", &|| sha256(self.document.bytes)),
            url: facts.url,
            canonical_url: facts.canonical_url,
            links: if options.fields.has("links") {
                json::links(content, facts.domain.as_deref())
            } else {
                Vec::new()
            },
            domain: facts.domain,
            context: None,
            title: facts.title,
            title_raw: facts.title_raw,
            subtitle: None,
            summary: facts.summary,
            content_html: want("content_html", &|| html::render(content)),
            content_markdown: want("content_markdown", &|| markdown::render(content)),
            content_hash: want("content_hash", &|| sha256(content_text.as_bytes())),
            content_text,
            authors: facts.authors,
            byline: facts.byline,
            editors: facts.editors,
            source: facts.source,
            site_name: facts.site_name,
            date_precision: facts.date_published.as_ref().map(|date| date.precision),
            date_published: facts.date_published.map(|date| date.rfc3339),
            date_published_raw: facts.date_published_raw,
            date_modified: facts.date_modified.map(|date| date.rfc3339),
            language: facts.language,
            direction: facts.direction,
            kind: if quality.is_article { "article" } else { "other" },
            section: facts.section,
            tags: facts.tags,
            categories: facts.categories,
            license: None,
            image: facts.image,
            images: facts.images,
            videos: Vec::new(),
            stats,
            fingerprint: None,
            quality,
            removed,
            removed_total: self.verdict.removed.len(),
            provenance: facts.provenance,
            input: Input {
                content_type: self.page.content_type,
                kind: self.kind,
                charset: self.page.charset,
                charset_source: self.page.charset_source,
                bytes: self.page.bytes,
                offsets: "input",
                front_matter: self.page.front_matter.as_ref().map(|front| front.values.clone()),
            },
            warnings,
            rules_revision: self.choice.rules().revision().to_owned(),
        }
    }

    /// The largest removals, in document order.
    fn removed(&self) -> Vec<Removed> {
        let mut largest: Vec<&Removal> = self.verdict.removed.iter().collect();
        if largest.len() > REMOVED_LISTED {
            // Rules come before the score at the same size: they are what someone may want to change.
            largest.sort_by_key(|removal| {
                (
                    std::cmp::Reverse(removal.characters),
                    matches!(removal.reason, Reason::Score(_)),
                    removal.range.start,
                )
            });
            largest.truncate(REMOVED_LISTED);
            largest.sort_by_key(|removal| removal.range.start);
        }
        let mut offsets = self.page.offsets.mapper(self.document.bytes);
        largest
            .into_iter()
            .map(|removal| {
                let (rule, category) = match removal.reason {
                    Reason::Caller => ("user/remove".to_owned(), Category::User),
                    Reason::Rule(number) => {
                        let rule = &self.choice.rules().rules()[number as usize];
                        (rule.id.clone(), rule.category)
                    }
                    Reason::Score(name) => (name.to_owned(), score::category(name)),
                };
                let attribute = |name: &str| {
                    let value = (removal.element != NONE)
                        .then(|| self.outline.attribute(removal.element, name))
                        .flatten();
                    value
                        .filter(|value| !value.is_empty())
                        .map(|value| htmlize::unescape_attribute(value).into_owned())
                };
                Removed {
                    rule,
                    category,
                    tag: self.outline.name(removal.element),
                    id: attribute("id"),
                    class: attribute("class"),
                    byte_start: offsets.to_input(self.page.body.start + removal.range.start),
                    byte_end: offsets.to_input(self.page.body.start + removal.range.end),
                    characters: removal.characters,
                    preview: verdict::preview(self.outline, removal, PREVIEW_CHARACTERS),
                }
            })
            .collect()
    }

    fn quality(&self, stats: &Stats, scored: &score::Choice) -> Quality {
        let mut reasons = Vec::new();
        if stats.characters == 0 {
            reasons.push(
                if self.outline.elements.iter().any(|e| e.tag == engine::tags::Tag::IMG) {
                    "images_only"
                } else {
                    "no_text"
                },
            );
        } else if scored.quality < ARTICLE_QUALITY {
            reasons.push(if stats.link_density > 0.5 {
                "mostly_links"
            } else {
                "little_text"
            });
        }
        // A post or a fragment was sent as an article; a page has to show it.
        let is_article = stats.characters > 0 && (self.kind != Kind::Page || scored.quality >= ARTICLE_QUALITY);
        Quality {
            score: round(scored.quality),
            is_article,
            reasons,
        }
    }

    fn guard_warning(&self, back: &guard::RolledBack) -> Warning {
        let id = &self.choice.rules().rules()[back.rule as usize].id;
        let percent = (back.share * 100.0).round();
        Warning::new(
            "rule_rolled_back",
            format!(
                "{id} would take {percent} % of the article ({} characters), and was not obeyed",
                back.characters
            ),
        )
    }

    fn swallowed(&self) -> Option<Warning> {
        let swallowed = self.outline.swallowed?;
        let lost = self.outline.source.len() - swallowed.at;
        Some(Warning::new(
            "unclosed",
            format!(
                "{} that never ends takes the last {lost} bytes, as in a browser",
                swallowed.what
            ),
        ))
    }
}

fn round(x: f32) -> f32 {
    (x * 1000.0).round() / 1000.0
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
    }
    text
}
