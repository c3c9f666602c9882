//! Markdown bodies: which bodies are any, and the HTML that they are rendered to.
//!
//! CommonMark with tables, footnotes, strikethrough and the attributes of headings, by pulldown-cmark. The HTML goes down the
//! same path as all other HTML: what Markdown lets through is not safe by that.
//!
//! Absent on purpose: what templates add (`{% include %}`, shortcodes), which is text to everyone but the site's own
//! generator; and lists of tasks, whose boxes are form controls, so that `[x]` stays as it was written.

use std::fmt;

use pulldown_cmark::{Event, Options, Parser, Tag, html};

use crate::{bounds::Bounds, error::Error, steps};

/// Bytes of Markdown for each element that it may make. Prose has one in fifty, a table of numbers one in five.
const BYTES_PER_ELEMENT: usize = 4;
/// The elements that a short document may make beyond that: a table of single digits has more of them.
const SPARE_ELEMENTS: usize = 4096;

/// Renders a body.
///
/// # Errors
/// [`Error::MarkdownTooLarge`] for one of more than [`Bounds::markdown_bytes`], or of more than [`Bounds::body_bytes`] as
/// HTML; [`Error::TooManyElements`] past [`elements_at_most`], as lists of empty items are, and tables of missing cells.
pub(crate) fn render(markdown: &str, bounds: &Bounds) -> Result<String, Error> {
    let limit_bytes = bounds.markdown_bytes();
    if markdown.len() > limit_bytes {
        return Err(Error::MarkdownTooLarge { limit_bytes });
    }
    let limit = bounds.elements.min(elements_at_most(markdown.len()));
    let mut left = limit;
    let mut is_over = false;
    steps::count(markdown.len());
    let events = Parser::new_ext(markdown, options()).map_while(|event| {
        steps::count(1);
        match left.checked_sub(elements_of(&event)) {
            Some(rest) => left = rest,
            None => is_over = true,
        }
        (!is_over).then_some(event)
    });
    let mut html = BoundedHtml {
        html: String::with_capacity(markdown.len() + markdown.len() / 4),
        limit_bytes: bounds.body_bytes,
    };
    let written = html::write_html_fmt(&mut html, events);
    if is_over {
        return Err(Error::TooManyElements { limit });
    }
    // Writing fails where the bound is, and nowhere else.
    written.map_err(|_| Error::MarkdownTooLarge {
        limit_bytes: bounds.body_bytes,
    })?;
    Ok(html.html)
}

/// The most elements that a Markdown body of so many bytes is allowed to make.
pub fn elements_at_most(bytes: usize) -> usize {
    bytes / BYTES_PER_ELEMENT + SPARE_ELEMENTS
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES
}

fn elements_of(event: &Event<'_>) -> usize {
    match event {
        Event::Start(Tag::FootnoteDefinition(_) | Tag::CodeBlock(_)) | Event::FootnoteReference(_) => 2,
        Event::Start(_) | Event::Code(_) | Event::HardBreak | Event::Rule => 1,
        // HTML is counted where it is read.
        _ => 0,
    }
}

/// HTML up to a bound.
struct BoundedHtml {
    html: String,
    limit_bytes: usize,
}

impl fmt::Write for BoundedHtml {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() > self.limit_bytes - self.html.len() {
            return Err(fmt::Error);
        }
        steps::count(text.len());
        self.html.push_str(text);
        Ok(())
    }
}

/// Whether a body that is not declared Markdown shows that it is: a heading, a fence, a table, a reference, or a link as only
/// Markdown writes them. Lists, emphasis and quotes are no sign, since plain text has them too.
pub(crate) fn shows(text: &str) -> bool {
    let has_link = memchr::memmem::find_iter(text.as_bytes(), "](").any(|at| is_target(&text[at + 2..]));
    has_link || text.lines().any(is_sign)
}

/// Whether what stands between the round brackets of a link begins so. No more of it is read: most of a text may stand there.
fn is_target(text: &str) -> bool {
    let target = text.trim_start_matches('<');
    ["http://", "https://", "/", "./", "../", "#", "mailto:"]
        .iter()
        .any(|start| target.starts_with(start))
}

fn is_sign(line: &str) -> bool {
    let line = line.trim_end();
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return false;
    }
    match text.as_bytes().first() {
        Some(b'#') => {
            let title = text.trim_start_matches('#');
            text.len() - title.len() <= 6 && title.starts_with([' ', '\t']) && !title.trim().is_empty()
        }
        Some(b'`' | b'~') => text.starts_with("```") || text.starts_with("~~~"),
        Some(b'|' | b':' | b'-') => is_delimiter_row(text),
        Some(b'[') => text
            .split_once("]: ")
            .is_some_and(|(label, target)| !label[1..].contains([']', '[']) && is_target(target)),
        _ => false,
    }
}

/// The second line of a table: `|---|:-:|`.
fn is_delimiter_row(text: &str) -> bool {
    let cells = || text.trim_matches('|').split('|').map(str::trim);
    text.contains('|')
        && cells().all(|cell| {
            let dashes = cell.strip_prefix(':').unwrap_or(cell);
            let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
            !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(markdown: &str) -> String {
        render(markdown, &Bounds::default()).expect("HTML")
    }

    #[test]
    fn the_forms_of_markdown() {
        for (markdown, html) in [
            ("# Title {#id}\n\ntext\n", "<h1 id=\"id\">Title</h1>\n<p>text</p>\n"),
            ("~~gone~~ [x](/y)", "<p><del>gone</del> <a href=\"/y\">x</a></p>\n"),
            (
                "|a|b|\n|-|-|\n|1|2|\n",
                "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>\n",
            ),
            ("- [x] done\n", "<ul>\n<li>[x] done</li>\n</ul>\n"),
            (
                "<div class=\"note\">\n\n*raw*\n\n</div>\n",
                "<div class=\"note\">\n<p><em>raw</em></p>\n</div>\n",
            ),
            (
                "```rust\na < b\n```\n",
                "<pre><code class=\"language-rust\">a &lt; b\n</code></pre>\n",
            ),
            ("一\\\n二", "<p>一<br />\n二</p>\n"),
            ("{% raw %}", "<p>{% raw %}</p>\n"),
        ] {
            assert_eq!(rendered(markdown), html, "{markdown}");
        }
        let footnote = rendered("text[^1]\n\n[^1]: The note.\n");
        assert!(
            footnote.contains("<a href=\"#1\">1</a>") && footnote.contains("<p>The note.</p>"),
            "{footnote}"
        );
    }

    #[test]
    fn targets_without_end_are_read_once() {
        for unit in ["[](", "[a](", "[a](<", "](", "[a]((", "[a]: "] {
            assert!(!shows(&unit.repeat(1_000_000 / unit.len())), "{unit}");
        }
    }

    #[test]
    fn markdown_is_told_from_plain_text() {
        for markdown in [
            "text\n\n## Heading",
            "```\ncode\n```",
            "  ~~~",
            "a|b\n--|:-:\n1|2",
            "|---|",
            "see [this](https://a.example/b)",
            "![](./a.png)",
            "[this]: https://a.example",
            "[a](#b)",
        ] {
            assert!(shows(markdown), "{markdown}");
        }
        for text in [
            "",
            "#话题# 标题",
            "#",
            "# ",
            "####### seven",
            "    # indented",
            "- a\n- b",
            "> quoted",
            "1. one",
            "a * b * c",
            "f[0](x)",
            "`a`",
            "---",
            "a | b",
            "- | x",
            "[1]: a note",
            "[](",
            "[a](<<",
            "[a]",
            "[]: x",
        ] {
            assert!(!shows(text), "{text}");
        }
    }

    #[test]
    fn hostile_markdown_is_refused_by_name_or_rendered_within_bounds() {
        let bounds = Bounds::default();
        for unit in [
            "*",
            "_a_",
            "**a",
            "[",
            "![",
            "[](",
            "`",
            "<",
            "&",
            "\\",
            ">",
            "- ",
            "-\n",
            "#\n",
            "\t",
            "~~~\n",
            "[^a]",
            "<!--",
            "\r",
            "|",
            "a|b\n-|-\n",
            "1.\n",
            "\n",
            "[a]: x\n",
            "<a",
            "\0",
            "😀",
        ] {
            let markdown = unit.repeat(200_000 / unit.len());
            match render(&markdown, &bounds) {
                Ok(html) => assert!(html.len() <= 12 * markdown.len(), "{unit:?} became {}", html.len()),
                Err(error) => assert_eq!(error.code().as_str(), "too_many_elements", "{unit:?}"),
            }
        }
        let cells = format!("{}\n{}\n{}", "|a".repeat(1000), "|-".repeat(1000), "|1\n".repeat(1000));
        assert_eq!(
            render(&cells, &bounds).expect_err("a bomb").code().as_str(),
            "too_many_elements"
        );
        let references = format!("[a]: {}\n\n{}", "x".repeat(100_000), "[a] ".repeat(100_000));
        assert!(rendered(&references).len() < 2_000_000);
    }

    #[test]
    fn past_the_bound_it_is_refused() {
        let small = Bounds {
            body_bytes: 1000,
            elements: 1000,
            ..Bounds::default()
        };
        let long = "word ".repeat(small.markdown_bytes() / 5 + 1);
        assert_eq!(
            render(&long, &small).expect_err("too large").code().as_str(),
            "body_too_large"
        );
        let grows = "&".repeat(300);
        assert_eq!(
            render(&grows, &small).expect_err("too large").code().as_str(),
            "body_too_large"
        );
    }
}
