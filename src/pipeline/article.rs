//! The article put together from its parts.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::invisible_text;
use crate::{
    engine::{
        self, ActiveRules, Content, Document,
        document::NONE,
        extract::{
            guard,
            page_kind::PageKind,
            reason::{RejectionReason, RemovalReason},
            score::{self, page_kind},
            selection::{self, Removal, Selection},
        },
        outside_body::Place,
        ranges,
        visibility::{self, Technique},
    },
    error::{Warning, WarningCode},
    input::{Kind, Page, RawDocument},
    metadata::{
        Facts, Stats,
        text::{fingerprint, stats},
    },
    options::{Hidden, Options},
    output::{
        html,
        json::{self, Article, Fields, Input, Quality, Removed},
        markdown,
    },
    rules::Category,
};

/// Removals that an answer lists at most: the largest.
const REMOVED_LISTED: usize = 200;
/// Characters of a removal's preview.
const PREVIEW_CHARACTERS: usize = 60;
/// The substance from which on a page counts as an article.
const LEAST_SUBSTANCE: f32 = 0.15;

/// The fields that need no facts about the article.
const WITHOUT_FACTS: &[&str] = &[
    "schema_version",
    "id",
    "context",
    "content_html",
    "content_markdown",
    "content_text",
    "type",
    "stats",
    "fingerprint",
    "content_hash",
    "quality",
    "removed",
    "removed_total",
    "input",
    "rules_revision",
];

/// Whether an answer has any field that needs metadata.
pub(super) fn has_facts(fields: &Fields) -> bool {
    match fields {
        Fields::Core | Fields::All => true,
        Fields::Named(named) => named.iter().any(|(name, _)| !WITHOUT_FACTS.contains(&name.as_str())),
    }
}

/// The reasons that make of a page a list of others.
const INDEX_REASONS: &[&str] = &[RejectionReason::Teasers.as_str(), RejectionReason::MostlyLinks.as_str()];

/// The share of the visible characters inside an article that may be left out without a warning.
const REMOVED_INSIDE: f32 = 0.05;

/// What has become of a document by the time its article is put together.
pub(super) struct ArticleParts<'a> {
    pub(super) raw: &'a RawDocument<'a>,
    pub(super) page: &'a Page<'a>,
    pub(super) document: &'a Document<'a>,
    pub(super) selection: &'a Selection,
    pub(super) rolled_back: &'a [guard::RolledBack],
    /// Visible characters of the hidden parts that read like sentences.
    pub(super) hidden_sentences: u32,
    pub(super) kind: Kind,
    pub(super) choice: &'a ActiveRules,
    /// Where most of the content was found, if that is not the body.
    pub(super) place: Option<Place>,
}

impl ArticleParts<'_> {
    pub(super) fn article(
        &self,
        mut facts: Facts,
        content: &Content,
        content_text: String,
        scored: &score::Ranking,
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
        warnings.extend(self.unterminated());
        if let Some(place) = self.place {
            warnings.push(outside_body(place));
            for field in ["content", "content_html", "content_markdown", "content_text"] {
                facts.say(field, place.into(), None);
            }
        }
        warnings.extend(self.rolled_back.iter().map(|back| self.guard_warning(back)));
        warnings.extend(self.removed_inside(scored));
        warnings.extend(self.hidden_text(options.hidden));
        warnings.extend(facts.warnings);
        warnings.extend(invisible_text::told(&content_text));
        let want = |name: &str, make: &dyn Fn() -> String| {
            if options.fields.has(name) {
                make()
            } else {
                String::new()
            }
        };
        Article {
            schema_version: json::SCHEMA_VERSION,
            id: want("id", &|| match self.raw.id {
                Some(id) => id.to_owned(),
                None => sha256(self.raw.bytes),
            }),
            url: facts.url,
            canonical_url: facts.canonical_url,
            links: if options.fields.has("links") {
                json::links(content, facts.domain.as_deref())
            } else {
                Vec::new()
            },
            domain: facts.domain,
            context: (self.raw.context)
                .filter(|_| options.fields.has("context"))
                .map(ToOwned::to_owned),
            title: facts.title,
            title_raw: facts.title_raw,
            subtitle: facts.subtitle,
            summary: facts.summary,
            content_html: want("content_html", &|| html::render(content)),
            content_markdown: want("content_markdown", &|| markdown::render(content)),
            fingerprint: options
                .fields
                .has("fingerprint")
                .then(|| fingerprint::simhash(&content_text))
                .flatten(),
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
            kind: type_of(&quality, scored),
            section: facts.section,
            tags: facts.tags,
            categories: facts.categories,
            license: facts.license,
            image: facts.image,
            images: facts.images,
            videos: facts.videos,
            stats,
            quality,
            removed,
            removed_total: self.selection.removed.len(),
            provenance: facts.provenance,
            input: Input {
                content_type: self.page.content_type,
                kind: self.kind,
                charset: self.page.charset,
                charset_source: self.page.charset_source,
                bytes: self.page.bytes,
                offsets: if self.page.rendered.is_some() {
                    "rendered"
                } else {
                    "input"
                },
                front_matter: self.page.front_matter.as_ref().map(|front| front.values.clone()),
            },
            warnings,
            rules_revision: self.choice.rules().revision().to_owned(),
        }
    }

    /// The largest removals, in document order.
    fn removed(&self) -> Vec<Removed> {
        let mut largest: Vec<&Removal> = self.selection.removed.iter().collect();
        if largest.len() > REMOVED_LISTED {
            // Rules come before the score at the same size: an operator can change them.
            largest.sort_by_key(|removal| {
                (
                    std::cmp::Reverse(removal.characters),
                    matches!(removal.reason, RemovalReason::Score(_)),
                    removal.range.start,
                )
            });
            largest.truncate(REMOVED_LISTED);
            largest.sort_by_key(|removal| removal.range.start);
        }
        let mut offset = self.page.html_mapper(self.raw.bytes);
        largest
            .into_iter()
            .map(|removal| {
                let attribute = |name: &str| {
                    let value = (removal.element != NONE)
                        .then(|| self.document.attribute(removal.element, name))
                        .flatten();
                    value
                        .filter(|value| !value.is_empty())
                        .map(|value| htmlize::unescape_attribute(value).into_owned())
                };
                Removed {
                    rule: removal.reason.name(self.choice.rules()).to_owned(),
                    category: removal.reason.category(self.choice.rules()),
                    tag: self.document.name(removal.element),
                    id: attribute("id"),
                    class: attribute("class"),
                    byte_start: offset(removal.range.start),
                    byte_end: offset(removal.range.end),
                    characters: removal.characters,
                    technique: match removal.reason {
                        RemovalReason::Hidden(technique) => Some(technique.as_str()),
                        reason if reason.category(self.choice.rules()) == Category::Hidden => (removal.element != NONE)
                            .then(|| visibility::of_element(self.document, removal.element))
                            .flatten()
                            .map(Technique::as_str),
                        _ => None,
                    },
                    preview: selection::preview(self.document, removal, PREVIEW_CHARACTERS),
                }
            })
            .collect()
    }

    fn quality(&self, stats: &Stats, scored: &score::Ranking) -> Quality {
        let mut reasons = Vec::new();
        if stats.characters == 0 {
            reasons.push(
                if self
                    .document
                    .elements
                    .iter()
                    .any(|e| e.tag == engine::html::tags::Tag::IMG)
                {
                    RejectionReason::ImagesOnly
                } else {
                    RejectionReason::NoText
                },
            );
        } else if scored.substance < LEAST_SUBSTANCE {
            reasons.push(if stats.link_density > 0.5 {
                RejectionReason::MostlyLinks
            } else {
                RejectionReason::LittleText
            });
        }
        reasons.extend_from_slice(&scored.rejections);
        reasons.extend(other_kind(scored).map(RejectionReason::Kind));
        // A post or a fragment was sent as an article; a page has to show it.
        let is_article = stats.characters > 0 && (self.kind != Kind::Page || reasons.is_empty());
        Quality {
            score: round(scored.quality),
            is_article,
            reasons: reasons.into_iter().map(RejectionReason::as_str).collect(),
        }
    }

    fn guard_warning(&self, back: &guard::RolledBack) -> Warning {
        let id = &self.choice.rules().rules()[back.rule as usize].id;
        let percent = (back.share * 100.0).round();
        Warning::new(
            WarningCode::RuleRolledBack,
            format!(
                "{id} would take {percent} % of the article ({} characters), and was ignored",
                back.characters
            ),
        )
    }

    /// What the score left out of the middle of the article, where it is much.
    fn removed_inside(&self, scored: &score::Ranking) -> Option<Warning> {
        let (all, left_out) = self.selection.left_out_by_score(self.document, &scored.inside);
        let share = left_out as f32 / all.max(1) as f32;
        (share > REMOVED_INSIDE).then(|| {
            let percent = (share * 100.0).round();
            let detail = format!("{left_out} characters ({percent} %) between the first and the last text of the article were left out; `removed` lists them");
            Warning::new(WarningCode::RemovedInside, detail)
        })
    }

    /// Hidden text that could be an instruction to a machine.
    fn hidden_text(&self, hidden: Hidden) -> Option<Warning> {
        let done = match hidden {
            Hidden::Drop => "were removed; `removed` lists them",
            Hidden::Keep => "stay in the content",
        };
        let detail = format!(
            "{} characters of sentences that a reader does not see {done}",
            self.hidden_sentences
        );
        (self.hidden_sentences > 0).then(|| Warning::new(WarningCode::HiddenText, detail))
    }

    fn unterminated(&self) -> Option<Warning> {
        let unterminated = self.document.unterminated?;
        let lost = self.document.source.len() - unterminated.at;
        Some(Warning::new(
            WarningCode::Unclosed,
            format!(
                "{} that never ends takes the last {lost} bytes, as in a browser",
                unterminated.what
            ),
        ))
    }
}

/// What kind of page a page is, if it is no article.
fn other_kind(scored: &score::Ranking) -> Option<PageKind> {
    let kind = page_kind::likeliest(scored.kinds.as_ref()?);
    (!kind.is_article()).then_some(kind)
}

/// The kind of document: that of the page, `other` for what is no article for another reason.
fn type_of(quality: &Quality, scored: &score::Ranking) -> &'static str {
    let is_list = quality.reasons.iter().any(|reason| INDEX_REASONS.contains(reason));
    match other_kind(scored) {
        Some(kind) => kind.as_str(),
        None if quality.is_article => scored
            .kinds
            .as_ref()
            .map_or(PageKind::Article, page_kind::likeliest)
            .as_str(),
        None if is_list => PageKind::Index.as_str(),
        None => "other",
    }
}

fn outside_body(place: Place) -> Warning {
    let detail = match place {
        Place::Noscript => "the text stands in `noscript`, which only readers without scripts see",
        Place::Template => "the text stands in a declarative shadow root",
        Place::ScriptState => "the text stands in what a script puts into the page",
        Place::JsonLd => "the text is `articleBody` of JSON-LD, and the page itself holds little more than a teaser",
    };
    Warning::new(WarningCode::ContentOutsideBody, detail.to_owned())
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

/// Blocks that an explanation lists at most: the first.
const BLOCKS_EXPLAINED: usize = 1000;

/// How the score decided.
pub(super) fn explain(scored: &score::Ranking, kind: Kind, document: &Document<'_>, facts: &Facts) -> Value {
    let candidates = scored.candidates.iter().map(|c| {
        json!({
            "tag": c.tag, "id": c.id, "class": c.class, "points": c.points, "characters": c.characters,
            "link_density": c.link_density, "chosen": c.chosen,
        })
    });
    let blocks = scored.blocks.iter().take(BLOCKS_EXPLAINED).map(|block| {
        let text = ranges::text_in(document, &block.range, PREVIEW_CHARACTERS);
        json!({ "preview": text, "probability": round(block.probability), "kept": block.kept })
    });
    let kinds = scored.kinds.map(|shares| {
        let of = PageKind::ALL.iter().zip(shares);
        of.map(|(kind, share)| (kind.as_str().to_owned(), json!(round(share))))
            .collect::<Map<_, _>>()
    });
    let authors = facts.named.iter().map(
        |one| json!({ "names": one.names, "by": one.kind, "probability": round(one.likely), "features": one.features }),
    );
    json!({
        "kind": kind,
        "page_kinds": kinds,
        "authors": authors.collect::<Vec<_>>(),
        "candidates": candidates.collect::<Vec<_>>(),
        "threshold": round(scored.threshold),
        "blocks": blocks.collect::<Vec<_>>(),
    })
}
