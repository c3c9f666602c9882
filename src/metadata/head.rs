//! What the page says about itself in `meta`, `link`, `title` and `base`.

use crate::engine::{Outline, lines::squash, tags::Tag};

/// The facts of a page's head. Each is the first one found, decoded, white space squashed; empty ones do not count.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) title: Option<String>,
    pub(super) og_title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) og_description: Option<String>,
    pub(super) site_name: Option<String>,
    pub(super) author: Option<String>,
    pub(super) published: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) date: Option<String>,
    pub(super) section: Option<String>,
    pub(super) image: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) base: Option<String>,
    pub(super) language: Option<String>,
    pub(super) direction: Option<String>,
    pub(super) tags: Vec<String>,
}

fn clean(value: &str) -> Option<String> {
    Some(squash(&htmlize::unescape_attribute(value))).filter(|text| !text.is_empty())
}

impl Head {
    pub(super) fn read(outline: &Outline<'_>) -> Self {
        let mut head = Head::default();
        for (i, element) in outline.elements.iter().enumerate() {
            let id = i as u32;
            let attribute = |name: &str| outline.attribute(id, name).and_then(clean);
            let is = |name: &str, value: &str| {
                let given = outline.attribute(id, name);
                given.is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
            };
            match element.tag {
                Tag::HTML => {
                    head.language = attribute("lang").or_else(|| attribute("xml:lang"));
                    head.direction = attribute("dir");
                }
                // An svg may hold a title of its own.
                Tag::TITLE if head.title.is_none() && !in_foreign(outline, id) => {
                    head.title = Some(squash(&htmlize::unescape(outline.raw_text(id)))).filter(|text| !text.is_empty());
                }
                Tag::BASE if head.base.is_none() => head.base = attribute("href"),
                Tag::LINK if head.canonical.is_none() && is("rel", "canonical") => head.canonical = attribute("href"),
                Tag::META => {
                    let name = ["property", "name", "itemprop"].into_iter().find_map(attribute);
                    if let Some(name) = name {
                        head.meta(&name.to_ascii_lowercase(), || attribute("content"));
                    }
                }
                _ => {}
            }
        }
        head
    }

    fn meta(&mut self, name: &str, content: impl FnOnce() -> Option<String>) {
        let slot = match name {
            "og:title" => &mut self.og_title,
            "description" => &mut self.description,
            "og:description" => &mut self.og_description,
            "og:site_name" => &mut self.site_name,
            "author" => &mut self.author,
            "article:published_time" | "og:published_time" => &mut self.published,
            "article:modified_time" | "og:updated_time" => &mut self.modified,
            "date" | "pubdate" | "publishdate" | "publish_date" | "datepublished" | "weibo: article:create_at" => {
                &mut self.date
            }
            "article:section" => &mut self.section,
            "og:image" => &mut self.image,
            "article:tag" => {
                self.tags.extend(content());
                return;
            }
            "keywords" | "news_keywords" if self.tags.is_empty() => {
                let content = content().unwrap_or_default();
                let words = content.split([',', '，', ';', '；']).map(str::trim);
                self.tags = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
                return;
            }
            _ => return,
        };
        if slot.is_none() {
            *slot = content();
        }
    }

    /// The only `h1` of the page.
    pub(super) fn heading(&self, outline: &Outline<'_>) -> Option<String> {
        let mut headings = outline
            .elements
            .iter()
            .filter(|e| e.tag == Tag::H1 && e.seen && e.first_run < e.next_run);
        let (only, None) = (headings.next()?, headings.next()) else {
            return None;
        };
        let text: String = (only.first_run..only.next_run)
            .map(|run| outline.run_text(run))
            .collect();
        clean(&text)
    }
}

fn in_foreign(outline: &Outline<'_>, mut element: u32) -> bool {
    while let Some(e) = outline.elements.get(element as usize) {
        if matches!(e.tag, Tag::SVG | Tag::MATH) {
            return true;
        }
        element = e.parent;
    }
    false
}
