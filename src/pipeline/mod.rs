//! The whole road on one page: what the service, the command line and the tests call.

mod invisible_text;
mod article;
mod examples;
mod trace;

use url::Url;

pub use crate::engine::{CompileCost, stream::cleaner::Cleaner};
pub use examples::BrokenExample;
pub use trace::Trace;

use crate::{
    bounds::{Bounds, Deadline},
    engine::{
        self, ActiveRules, Document, Links, Rulebook, Units,
        extract::{guard, line_score, lines, score, selection},
        outside_body,
        sanitize::serialize,
        visibility,
    },
    error::Error,
    input::{self, Envelope, Kind, Page, RawDocument},
    metadata,
    options::{CleanOptions, Format, Hidden, Options},
    output::{front_matter, html, json, markdown, text},
    rules::{Category, DocumentContext, RuleError, RuleSet, Selector},
    steps,
};
use article::ArticleParts;
use trace::StageTimer;

/// The engine with its rules and bounds: cheap to clone, shared by all workers.
#[derive(Debug, Clone)]
pub struct Pipeline {
    rulebook: Rulebook,
    bounds: Bounds,
}

/// One finished answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The form of `body`.
    pub format: Format,
    /// The bytes to send: compact JSON with one newline at its end, or the content alone.
    pub body: Vec<u8>,
    /// How it was made.
    pub trace: Trace,
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

    /// One raw document in, or an envelope with one, and one answer out. Blocks for the time that the work takes, until
    /// `deadline` at most.
    ///
    /// # Errors
    /// What cannot be an article, and what is past a bound.
    pub fn normalize(&self, raw: &RawDocument<'_>, options: &Options, deadline: &Deadline) -> Result<Answer, Error> {
        if input::is_envelope(raw.content_type) {
            return self.normalize_enveloped(&Envelope::read(raw.bytes)?, options, deadline);
        }
        steps::within(deadline, || self.normalize_document(raw, options, deadline))
    }

    /// The same for an envelope that has been read. Its options win over `options`, but for the document's `url`.
    ///
    /// # Errors
    /// As [`Pipeline::normalize`], and what is wrong in the options.
    pub fn normalize_enveloped(
        &self,
        envelope: &Envelope,
        options: &Options,
        deadline: &Deadline,
    ) -> Result<Answer, Error> {
        let mut own = options.overridden_by(&envelope.options)?;
        own.url = options.url.clone().or_else(|| envelope.url.clone()).or(own.url);
        steps::within(deadline, || {
            self.normalize_document(&envelope.document(), &own, deadline)
        })
    }

    fn normalize_document(
        &self,
        raw: &RawDocument<'_>,
        options: &Options,
        deadline: &Deadline,
    ) -> Result<Answer, Error> {
        if raw.bytes.len() > self.bounds.body_bytes {
            return Err(Error::BodyTooLarge {
                limit_bytes: self.bounds.body_bytes,
            });
        }

        let mut timer = StageTimer::begin();
        // Bytes become text.
        let raw = RawDocument {
            url: options.url.as_ref().or(raw.url),
            ..*raw
        };
        let page = input::read(&raw, &self.bounds)?;
        let url = metadata::known_url(options.url.as_ref(), raw.content_location, &page);
        let sources = page.front_matter.as_ref().map(metadata::feed_names).unwrap_or_default();
        let host = url.as_ref().and_then(|(url, _)| url.host_str()).map(str::to_owned);
        let context = DocumentContext {
            host,
            sources: sources.into_iter().map(str::to_owned).collect(),
            language: input::language::declared(&page),
        };
        let choice = self.choose(context, &options.remove, &options.keep, &options.without)?;
        timer.end_of("input");
        deadline.check()?;

        // The handlers see it pass: once, but for a page with content that its body does not show.
        let first = engine::parse(page.html(), &choice, &self.bounds, deadline)?;
        let revealed = outside_body::reveal(&first);
        let mut document = match &revealed {
            Some(revealed) => {
                drop(first);
                engine::parse(&revealed.source, &choice, &self.bounds, deadline)?
            }
            None => first,
        };
        timer.end_of("survey");

        // What stays, and why the rest does not.
        let kind = kind_of(&page, &document);
        let mut units = Units::find(&document);
        let mut scored = match kind {
            Kind::Page => score::choose(
                &document,
                &units,
                url.as_ref().map(|(url, _)| url.as_str()),
                options.mode,
            ),
            Kind::Post | Kind::Fragment | Kind::Markdown => score::Ranking::of_everything(&document),
        };
        let appended = match kind {
            Kind::Page => outside_body::append(&document, &scored.ranges),
            _ => None,
        };
        let whole = appended
            .as_ref()
            .map(|appended| engine::parse(&appended.source, &choice, &self.bounds, deadline))
            .transpose()?;
        // What never ends in the document takes what stands behind it as well.
        let appended = appended
            .as_ref()
            .zip(whole.filter(|whole| whole.unterminated.is_none()));
        let outside = match appended {
            Some((appended, whole)) => {
                document = whole;
                units = Units::find(&document);
                scored.keep_only(&document, &appended.parts[0].0);
                Some(appended)
            }
            None => revealed.as_ref(),
        };
        let rule = |rule: u16| &choice.rules().rules()[rule as usize];
        match options.hidden {
            Hidden::Keep => document.forget_rules(|number| rule(number).category == Category::Hidden),
            Hidden::Drop => visibility::mend_rule(&mut document, |number| rule(number).id == "generic/hidden"),
        }
        let mut lines = lines::read(&document, &choice);
        let rolled_back = guard::check(&mut document, &mut lines, choice.rules(), |document| match kind {
            Kind::Page => scored.ranges.clone(),
            _ => score::choose(document, &units, None, options.mode).ranges,
        });
        // A fragment has been cut out already: an answer that is sent again stays as it is.
        if matches!(kind, Kind::Post | Kind::Markdown) {
            lines.scored = line_score::read(&document, &lines, options.mode);
        }
        let whole = 0..document.source.len();
        let text = match kind {
            Kind::Page => scored.ranges.as_slice(),
            _ => std::slice::from_ref(&whole),
        };
        let hidden = visibility::find(&document, text);
        let hidden_sentences = visibility::sentences(
            &document,
            &hidden,
            if kind == Kind::Page { &scored.inside } else { &whole },
        );
        if options.hidden == Hidden::Drop {
            lines.hidden = hidden;
        }
        let mut selection = selection::decide(&document, &lines, &units, &scored.ranges);
        selection
            .removed
            .retain(|removal| removal.range.start < page.html().len());
        timer.end_of("score");
        deadline.check()?;

        // The content, and the facts around it.
        let address = metadata::address(url, raw.base, &document);
        let content = serialize::write(
            &document,
            &units,
            &selection.kept,
            &Links::new(address.base.clone()),
            self.bounds.article_bytes(page.html().len(), document.elements.len()),
        )?;
        let captions = match kind {
            Kind::Page => text::Captions::Beside,
            Kind::Post | Kind::Fragment | Kind::Markdown => text::Captions::InLine,
        };
        let content_text = text::render(&content, captions);
        let found = ArticleParts {
            raw: &raw,
            page: &page,
            document: &document,
            selection: &selection,
            rolled_back: &rolled_back,
            hidden_sentences,
            kind,
            choice: &choice,
            place: outside.and_then(|revealed| revealed.origin(&document, &selection.kept)),
        };
        let format = options.format.unwrap_or_default();
        let answer = |body| Answer {
            format,
            body,
            trace: found.trace(timer),
        };
        match format {
            Format::Json | Format::Markdown => {}
            Format::Html => return Ok(answer(line(html::render(&content)))),
            Format::Text => return Ok(answer(line(content_text))),
        }
        let credits = line_score::credits(&document, &lines.scored);
        let sources = metadata::Sources {
            page: &page,
            document: &document,
            rules: choice.rules(),
            fields: &lines.fields,
            selection: &selection,
            content: &content,
            text: &content_text,
            credits: &credits,
            address: &address,
        };
        // Nobody works for what nobody has asked for.
        let mut facts = match format == Format::Json && !article::has_facts(&options.fields) {
            true => metadata::Facts::default(),
            false => metadata::collect(&sources),
        };
        facts.keep(options.facts);
        if format == Format::Markdown {
            let post = front_matter::render(&facts) + &markdown::render(&content);
            return Ok(answer(line(post)));
        }
        let explain = options
            .explain
            .then(|| article::explain(&scored, kind, &document, &facts));
        let article = found.article(facts, &content, content_text, &scored, options);
        // Nothing in an article can fail to be JSON; if it ever does, it is a bug and not the document's fault.
        let body = json::render(&article, &options.fields, explain.as_ref()).unwrap_or_else(|e| unreachable!("{e}"));
        Ok(answer(body))
    }

    /// A cleaner for one HTML stream. `content_type` is the header as declared, for its charset.
    ///
    /// # Errors
    /// An option that names no rule, or a charset that cannot be streamed.
    pub fn cleaner(&self, content_type: Option<&str>, options: &CleanOptions) -> Result<Cleaner, Error> {
        let choice = self.choose(origin_of(options), &options.remove, &options.keep, &options.without)?;
        Cleaner::new(choice, self.bounds, content_type, options.charset.as_deref())
    }

    /// What [`Pipeline::cleaner`] will have to compile.
    pub fn compile_cost(&self, options: &CleanOptions) -> CompileCost {
        self.rulebook.compile_cost(origin_of(options), &options.without)
    }

    fn choose(
        &self,
        context: DocumentContext,
        remove: &[Selector],
        keep: &[Selector],
        without: &[String],
    ) -> Result<ActiveRules, Error> {
        self.rulebook
            .choose(context, remove, keep, without)
            .map_err(|id| Error::BadOption {
                name: "without".into(),
                detail: format!("there is no rule {id:?}"),
            })
    }
}

/// What is known of a stream before it begins.
fn origin_of(options: &CleanOptions) -> DocumentContext {
    DocumentContext {
        host: options.url.as_ref().and_then(Url::host_str).map(str::to_owned),
        ..DocumentContext::default()
    }
}

fn line(mut text: String) -> Vec<u8> {
    text.push('\n');
    text.into_bytes()
}

fn kind_of(page: &Page<'_>, document: &Document<'_>) -> Kind {
    if page.rendered.is_some() {
        Kind::Markdown
    } else if page.front_matter.is_some() {
        Kind::Post
    } else if document.is_document {
        Kind::Page
    } else {
        Kind::Fragment
    }
}
