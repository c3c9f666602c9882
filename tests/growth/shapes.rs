//! Shapes of documents that might cost more than their bytes: each is made at any size, of one thing many times over.
//!
//! One table a kind of input. A shape is named by its table and by what is repeated, so that a failure names its cause.

use copydesk::{
    bounds::Deadline,
    error::Error,
    http::{BatchContext, DocumentChunk, Entry},
    input::{RawDocument, feed},
    options::{CleanOptions, Options},
    pipeline::Pipeline,
};

/// One request.
pub(crate) struct Request {
    pub(crate) route: Route,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) options: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// All that comes over the wire.
    pub(crate) fn bytes(&self) -> usize {
        let options = self.options.iter().map(|(name, value)| name.len() + value.len());
        self.body.len() + options.sum::<usize>() + self.content_type.map_or(0, str::len)
    }
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Normalize,
    Clean,
    /// A feed: cut, then every entry.
    Feed,
}

/// How a request of about so many bytes is made.
type Make = Box<dyn Fn(usize) -> Request + Send + Sync>;

/// A kind of request that can be made at any size.
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) make: Make,
}

/// Sends a request: every step that the service takes after its bytes have arrived. A refusal is an answer.
///
/// # Errors
/// [`Error::Deadline`], and whatever else the request is refused for.
pub(crate) fn send(pipeline: &Pipeline, request: &Request, deadline: &Deadline) -> Result<(), Error> {
    let pairs = || {
        request
            .options
            .iter()
            .map(|(name, value)| ((*name).into(), value.as_str().into()))
    };
    match request.route {
        Route::Normalize => {
            let document = RawDocument {
                bytes: &request.body,
                content_type: request.content_type,
                ..RawDocument::default()
            };
            pipeline.normalize(&document, &Options::from_pairs(pairs())?, deadline)?;
        }
        Route::Clean => {
            let mut cleaner = pipeline.cleaner(request.content_type, &CleanOptions::from_pairs(pairs())?)?;
            for piece in request.body.chunks(16 << 10) {
                cleaner.write(piece)?;
                cleaner.take();
            }
            cleaner.end()?;
        }
        Route::Feed => {
            let batch = BatchContext::new(pipeline.clone(), Options::from_pairs(pairs())?, None)?;
            let mut chunk = DocumentChunk::new(0);
            for entry in feed::split(&request.body, request.content_type)? {
                chunk.push(Entry::Feed(entry), pipeline.bounds());
            }
            batch.work(&chunk, deadline);
        }
    }
    Ok(())
}

/// Text that the score takes for an article, so that all of what is read beside an article is read.
const ARTICLE: &str = "<p>The boats come back to the harbour at four, and the town is awake by then, as it has been for years.</p>\
<p>Nobody in the houses above the quay sleeps longer, since the engines are loud, and the gulls are louder still.</p>\
<p>By six, the catch is sold, the nets are hung up to dry, and the harbour is as still as it was, until the next day.</p>";

fn unit_times(unit: &str, bytes: usize) -> String {
    unit.repeat((bytes / unit.len().max(1)).max(1))
}

/// `unit` again and again, each with its own number where it says `#`.
fn numbered(unit: &str, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + unit.len());
    let mut number = 0_usize;
    while text.len() < bytes {
        text.push_str(&unit.replace('#', &number.to_string()));
        number += 1;
    }
    text
}

/// What is repeated: as it stands, or numbered where it holds a `#`.
fn many(unit: &str, bytes: usize) -> String {
    match unit.contains('#') {
        true => numbered(unit, bytes),
        false => unit_times(unit, bytes),
    }
}

fn everything() -> Vec<(&'static str, String)> {
    vec![
        ("fields", "all".into()),
        ("explain", "true".into()),
        ("url", "https://example.org/a/b.html".into()),
    ]
}

fn normalize(content_type: Option<&'static str>, body: impl Into<Vec<u8>>) -> Request {
    Request {
        route: Route::Normalize,
        content_type,
        options: everything(),
        body: body.into(),
    }
}

fn html(body: impl Into<Vec<u8>>) -> Request {
    normalize(Some("text/html; charset=utf-8"), body)
}

fn page(head: &str, body: &str) -> Request {
    html(format!(
        "<!doctype html><html lang=en><head>{head}</head><body><h1>The boats come back</h1>{body}<article>{ARTICLE}</article></body></html>"
    ))
}

struct Shapes(Vec<Shape>);

impl Shapes {
    fn add(&mut self, table: &str, what: &str, make: impl Fn(usize) -> Request + Send + Sync + 'static) {
        let name = format!("{table}: {}", what.escape_debug());
        assert!(
            self.0.iter().all(|shape| shape.name != name),
            "{name} stands here twice"
        );
        self.0.push(Shape {
            name,
            make: Box::new(make),
        });
    }

    /// A table whose rows are what is repeated.
    fn table(
        &mut self,
        table: &str,
        rows: &'static [&'static str],
        make: impl Fn(&str) -> Request + Send + Sync + Copy + 'static,
    ) {
        for row in rows {
            self.add(table, row, move |bytes| make(&many(row, bytes)));
        }
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Shape> {
    let mut shapes = Shapes(Vec::new());
    titles(&mut shapes);
    heads(&mut shapes);
    descriptions(&mut shapes);
    elements(&mut shapes);
    attributes(&mut shapes);
    lines(&mut shapes);
    markdown(&mut shapes);
    front_matter(&mut shapes);
    feeds(&mut shapes);
    envelopes(&mut shapes);
    selectors(&mut shapes);
    charsets(&mut shapes);
    styles(&mut shapes);
    shapes.0
}

/// What hides text.
fn styles(shapes: &mut Shapes) {
    shapes.add(
        "style sheets",
        "rules that hide, and elements of their names",
        |bytes| {
            let rules = numbered(".c#{opacity:0} .d#{opacity:1} ", bytes / 2);
            page(
                &format!("<title>Boats</title><style>{rules}</style>"),
                &numbered("<p class='c# d#'>boats w# and more</p>", bytes / 2),
            )
        },
    );
    shapes.add(
        "style sheets",
        "one rule that hides, and elements of its name",
        |bytes| {
            page(
                "<title>Boats</title><style>.c{opacity:0}</style>",
                &unit_times("<p class=c>Boats and more of them.</p>", bytes),
            )
        },
    );
    for style in ["color:#fff0", "visibility:hidden", "font-size:0", "opacity:0"] {
        shapes.add("styles around much text", style, move |bytes| {
            let around = format!("<div style='{style}'>").repeat(64);
            page("", &format!("{around}{}", unit_times("<p>Boats.</p>", bytes)))
        });
    }
    shapes.add("styles", "side by side", |bytes| {
        page(
            "",
            &unit_times(
                "<i style='visibility:hidden'>a<b style='visibility:visible'>b</b></i>",
                bytes,
            ),
        )
    });
    shapes.add("styles", "tag characters", |bytes| {
        page("", &unit_times("<p>boats \u{E0041}\u{E0042} and</p>", bytes))
    });
}

/// Everything that parts a title from the name of a site, and what looks like it.
const SEPARATORS: &[&str] = &[
    "a|",
    "a | ",
    " – — ",
    "：",
    "« a »",
    "a: ",
    "a - ",
    "a-",
    "-",
    "_",
    "某_",
    "某网_",
    "｜",
    "丨",
    " :: ",
    " · ",
    " • ",
    " / ",
    " ~ ",
    "‹›",
    "\u{ad}",
    "&amp;",
    "&shy;",
    "\" ",
    "boats ",
    "某",
    "The boats come back | ",
    "Example ",
    "example.org - ",
    "a b | ",
    "w# ",
    "w# | ",
];

fn titles(shapes: &mut Shapes) {
    let rows = SEPARATORS;
    shapes.table("title", rows, |text| page(&format!("<title>{text}</title>"), ""));
    shapes.table("og:title", rows, |text| {
        page(&format!("<title>Boats</title><meta property=og:title content='{text}'><meta property=og:site_name content='Example'>"), "")
    });
    shapes.table("headline", rows, |text| {
        let json = serde_json::json!({"@context": "https://schema.org", "@type": "NewsArticle", "headline": text,
            "publisher": {"@type": "Organization", "name": "Example"}});
        page(
            &format!("<title>Boats</title><script type=application/ld+json>{json}</script>"),
            "",
        )
    });
    shapes.table("h1", rows, |text| {
        page("<title>The boats come back</title>", &format!("<h1>{text}</h1>"))
    });
    shapes.table("site name", rows, |text| {
        page(
            &format!("<title>The boats come back | Example</title><meta property=og:site_name content='{text}'>"),
            "",
        )
    });
    shapes.table("front matter title", rows, |text| {
        normalize(
            None,
            format!("---\ntitle: '{}'\n---\n{ARTICLE}", text.replace('\'', "")),
        )
    });
    shapes.table(
        "titles and headings",
        &[
            "<h1>w# a | b</h1>",
            "<h2>某# - 某</h2>",
            "<h1><a href=/>w#</a></h1>",
            "<h1><div>",
            "<h1><span class=kicker>w</span>w #</h1>",
        ],
        |text| page("<title>w1 | w2 | w3 | w4</title>", text),
    );
    shapes.add("title", "a long one above many blocks", |bytes| {
        let title = numbered("boats w# ", bytes / 2);
        page(
            &format!("<title>{title}</title><meta name=description content='{title}'>"),
            &numbered("<p>boats w# and more</p>", bytes / 2),
        )
    });
    shapes.add("title", "a long one and many headlines", |bytes| {
        let list = numbered("{\"@type\":\"Article\",\"headline\":\"w#\"},", bytes / 2);
        page(
            &format!(
                "<title>{}</title><script type=application/ld+json>[{list}{{}}]</script>",
                numbered("b# ", bytes / 2)
            ),
            "",
        )
    });
    shapes.add("headings", "inside one another around a long text", |bytes| {
        page(
            "<title>w</title>",
            &format!(
                "{}{}",
                "<h1><div>".repeat((bytes / 256).min(100)),
                unit_times("Some words <b></b>", bytes)
            ),
        )
    });
    for separator in ["a|", " – — ", "：", "« a »", "_"] {
        shapes.add("title and heading alike", separator, move |bytes| {
            let text = unit_times(separator, bytes / 2);
            page(&format!("<title>{text} | Example</title>"), &format!("<h1>{text}</h1>"))
        });
    }
}

/// The names of `meta` that say something about an article.
const METAS: &[&str] = &[
    "og:title",
    "og:description",
    "og:site_name",
    "og:image",
    "og:url",
    "og:locale",
    "og:type",
    "article:author",
    "article:published_time",
    "article:modified_time",
    "article:section",
    "article:tag",
    "twitter:title",
    "twitter:data1",
    "author",
    "date",
    "description",
    "keywords",
    "news_keywords",
    "dc.creator",
    "dc.date",
    "dcterms.issued",
    "citation_author",
    "parsely-title",
    "robots",
    "license",
    "application-name",
    "subtitle",
];

fn heads(shapes: &mut Shapes) {
    for name in METAS {
        for unit in [
            "a, ",
            "2020-05-12 ",
            "Ada#, ",
            "By Ada Lane and ",
            "来源：某网 ",
            "&amp;amp;",
            "http://a.example/",
            " ",
        ] {
            if unit == " " && !matches!(*name, "author" | "date" | "keywords") {
                continue;
            }
            shapes.add(&format!("meta {name}"), unit, move |bytes| {
                page(
                    &format!(
                        "<title>Boats</title><meta name='{name}' property='{name}' content='{}'>",
                        many(unit, bytes)
                    ),
                    "",
                )
            });
        }
        shapes.add("metas", name, move |bytes| {
            page(
                &numbered(&format!("<meta name='{name}' content='Ada# Lane 2020-05-#'>"), bytes),
                "",
            )
        });
    }
    shapes.table(
        "head",
        &[
            "<title>a</title>",
            "<link rel=canonical href=/#>",
            "<base href=/#/>",
            "<link rel=license href=#>",
            "<meta charset=utf-8>",
            "<meta name='a b c d e f' content=x>",
            "<meta http-equiv=content-language content=de>",
            "<script type=application/ld+json>{}</script>",
            "<script>{\"schema.org\":#}</script>",
            "<style>a{b:c}</style>",
            "<noscript><img src=#></noscript>",
            "<!--#-->",
            "<script></script>",
            "<template><p>#</p></template>",
            "<svg><title>a</title></svg>",
        ],
        |text| page(text, ""),
    );
    shapes.table("meta names", &["og:title ", "x "], |text| {
        page(&format!("<meta property='{text}' content=x>"), "")
    });
    shapes.table("lang", &["en-", "a", "-", " "], |text| {
        html(format!("<html lang='{text}'><body>{ARTICLE}"))
    });
    shapes.table("canonical", &["a/", "../", "%41", "?a=b", "&amp;", "某"], |text| {
        page(&format!("<link rel=canonical href='/{text}'>"), "")
    });
    shapes.table("base", &["a/", "../"], |text| {
        page(
            &format!("<base href='/{text}'>"),
            "<p><a href=x>one</a> <a href=y>two</a></p>",
        )
    });
    shapes.add("base", "a long one and many links", |bytes| {
        page(
            &format!("<base href='/{}'>", unit_times("a/", bytes / 2)),
            &unit_times("<p>A line of text that has a <a href=x>link</a> in it.</p>", bytes / 2),
        )
    });
    shapes.add("svg", "titles below many elements", |bytes| {
        page(
            "",
            &(unit_times("<g>", (bytes / 2).min(3 * 3000)).replace("<g>", "<svg><g>")
                + &unit_times("<title>a</title>", bytes / 2)),
        )
    });
}

/// Properties of schema.org that are read.
const PROPERTIES: &[&str] = &[
    "headline",
    "alternativeHeadline",
    "name",
    "author",
    "creator",
    "datePublished",
    "dateModified",
    "description",
    "publisher",
    "image",
    "articleSection",
    "keywords",
    "license",
    "mainEntity",
    "@type",
    "@id",
    "articleBody",
];

fn descriptions(shapes: &mut Shapes) {
    fn block(json: &str) -> Request {
        page(
            &format!("<title>Boats</title><script type=application/ld+json>{json}</script>"),
            "",
        )
    }
    for property in PROPERTIES {
        shapes.add("json-ld text", property, move |bytes| {
            let text = unit_times("Ada Lane, and: ", bytes);
            block(&format!("{{\"@type\":\"Article\",\"{property}\":\"{text}\"}}"))
        });
        shapes.add("json-ld list", property, move |bytes| {
            let list = numbered("\"Ada # Lane\",", bytes);
            block(&format!("{{\"@type\":\"Article\",\"{property}\":[{list}\"x\"]}}"))
        });
        shapes.add("json-ld nested", property, move |bytes| {
            let list = numbered(
                &format!(
                    "{{\"@type\":\"Person\",\"name\":\"Ada #\",\"@id\":\"#\",\"{property}\":{{\"name\":\"x#\"}}}},"
                ),
                bytes,
            );
            block(&format!(
                "{{\"@type\":\"Article\",\"author\":[{list}{{}}],\"{property}\":[{list}{{}}]}}"
            ))
        });
    }
    shapes.table(
        "json-ld graph",
        &[
            "{\"@type\":\"Article\",\"headline\":\"The boats #\"},",
            "{\"@type\":\"Person\",\"@id\":\"p#\",\"name\":\"Ada #\"},",
            "{\"@type\":\"Article\",\"author\":{\"@id\":\"p#\"}},",
            "{\"@id\":\"#\"},",
            "[[[[]]]],",
            "{\"@graph\":[{\"@type\":\"Article\"}]},",
            "{\"@type\":[\"Article\",\"Article\"]},",
            "1,",
            "{},",
        ],
        |text| block(&format!("{{\"@graph\":[{text}{{}}]}}")),
    );
    shapes.table(
        "json-ld broken",
        &[
            "\"",
            "\\",
            "{",
            "[",
            "\"a\" b,",
            "&quot;",
            ",",
            " ",
            "\n",
            "\"   ",
            "\",",
            ",   ",
            "<!--",
            ";",
            "{&quot;",
            "\"a\":\"b\",",
        ],
        |text| block(&format!("{{\"@type\":\"Article\",\"headline\":\"{text}")),
    );
    shapes.table(
        "json-ld blocks",
        &[
            "<script type=application/ld+json>{\"@type\":\"Article\",\"headline\":\"w#\"}</script>",
            "<script type=application/ld+json>{\"@type\":\"Article\",\"author\":{\"@id\":\"#\"}}</script>",
            "<script type=application/ld+json>{\"a\": \"b</script>",
        ],
        |text| page(text, ""),
    );
}

/// Elements that something here treats in its own way.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "image",
    "img",
    "input",
    "ins",
    "kbd",
    "keygen",
    "label",
    "legend",
    "li",
    "link",
    "listing",
    "main",
    "map",
    "mark",
    "marquee",
    "math",
    "menu",
    "meta",
    "meter",
    "mi",
    "mtext",
    "nav",
    "nobr",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "plaintext",
    "pre",
    "progress",
    "q",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "foreignObject",
    "desc",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
    "xmp",
    "my-element",
];

fn elements(shapes: &mut Shapes) {
    for name in ELEMENTS {
        for (table, unit) in [
            ("element", format!("<{name}>a</{name}>")),
            ("open element", format!("<{name}>a")),
            ("end tag", format!("</{name}>a")),
            ("crossed with b", format!("<{name}><b>a</{name}></b>")),
            ("with a block", format!("<{name}><p>Some words of text</{name}>")),
            (
                "element with attributes",
                format!("<{name} id=x# class='a b#' href=/# src=/#.jpg title=t alt=a>a</{name}>"),
            ),
        ] {
            shapes.add(table, name, move |bytes| page("", &many(&unit, bytes)));
        }
        // Elements open inside one another as deep as they may be, and text or tags below them all.
        shapes.add("deep element", name, move |bytes| {
            let deep = format!("<{name}>").repeat((bytes / 16 / (name.len() + 2)).clamp(1, 1000));
            page(
                "",
                &format!("{deep}{}", unit_times("<i>a</i>b<br><p>", bytes * 15 / 16)),
            )
        });
        shapes.add("clean", name, move |bytes| Request {
            route: Route::Clean,
            content_type: Some("text/html; charset=utf-8"),
            options: Vec::new(),
            body: numbered(
                &format!("<{name} class='a ad#'>a<p class=advertisement>x</{name}>"),
                bytes,
            )
            .into_bytes(),
        });
    }
    shapes.table(
        "markup",
        &[
            "<",
            "<a",
            "<a ",
            "<a b",
            "<a b='",
            "</",
            "</a",
            "<!",
            "<!--",
            "<!-- x -->",
            "<!doctype html>",
            "<?php ",
            "<![CDATA[",
            "]]>",
            "&",
            "&amp",
            "&amp;",
            "&#",
            "&#x41;",
            "&#0;",
            "&#1114112;",
            "&notit;",
            "&CounterClockwiseContourIntegral;",
            "\0",
            "\u{feff}",
            "\u{ad}",
            "\u{200b}",
            "\r",
            "\r\n",
            "\n\n",
            "\t",
            " ",
            "\u{a0}",
            "\u{3000}",
            "某",
            "😀",
            "e\u{301}",
            "\u{301}",
            "a ",
            "a. ",
            "。",
            "a",
            "A",
            "1",
            "<a b=c d=e>",
            "<b><i></b></i>",
            "<a><a>",
            "<table><td>",
            "<table>a",
            "<table><tr><td>a</td></tr></table>",
            "<table><table>",
            "<p><table>",
            "<ul><li>a",
            "<ul><li><p>a</p>",
            "<dl><dt>a<dd>b",
            "<select><option>a",
            "<ruby>a<rt>b",
            "<svg><p>",
            "<svg><foreignObject><p>",
            "<math><mi>a",
            "<b><p>",
            "<b><p>a</b>",
            "<a href=x><div>",
            "<font color=a><p>",
            "<font color=#><p>",
            "<b><i><u><p></b>",
            "<nobr>",
            "<h1><h2>",
            "<button><p>",
            "<form><p>",
            "<details><summary>a</summary>b</details>",
            "<pre>a\n</pre>",
            "<pre><code>a\n",
            "<figure><img src=#.jpg><figcaption>a</figcaption></figure>",
            "<picture><source srcset=a#.jpg><img src=b#.jpg></picture>",
            "<video><source src=#.mp4></video>",
            "<iframe src=https://www.youtube.com/embed/#></iframe>",
            "<img src=#.jpg alt='Some words'>",
            "<img data-src=#.jpg srcset='a.jpg 1x, b.jpg 2x'>",
            "<br>",
            "<br><br>a",
            "<hr>",
            "<time datetime=2020-05-#>x</time>",
            "<a rel=author href=/#>Ada #</a>",
            "<a rel=tag href=/#>t#</a>",
            "<span class=author>Ada #</span>",
            "<span class=date>2020-05-1#</span>",
            "<span itemprop=author><span itemprop=name>Ada #</span></span>",
            "<div class=comment>Some words of text, and more.</div>",
            "<p class=advertisement>x</p>",
            "<div hidden>a</div>",
            "<div style='display:none'>a</div>",
            "<div style='color:#'>a</div>",
            "<div class=author><div class=date>",
            "<div itemprop=author><b>",
            "<p>Some words of text, and more, and more of it.</p>",
            "<div>Some words of text<div>",
            "<p><b>Some words</b><br>of text",
            "<sup><a href=#fn#>#</a></sup>",
            "<a href=/#>Some words</a> ",
            "<li><a href=/#>Some words</a></li>",
            "<!--#--><p>a",
            "<div id=#>",
            "<div class=c#>",
            "<span>a</span>",
        ],
        |text| page("", text),
    );
    shapes.table(
        "fragment",
        &[
            "<p>Some words of text, and more.</p>",
            "<div>a",
            "<ul><li>a",
            "<table><tr><td>a",
            "<table><tr><td>a</td></tr></table>",
            "<b>a</b>",
            "a<br>",
            "<p>a<b>",
            "<a href=/#>a</a>",
            "<img src=#.jpg>",
            "<pre>a|b\n</pre>",
            "<code>`</code>",
            "<code>a``b</code>",
            "<blockquote>a",
            "<h2>a</h2>",
            "<em>*</em>",
            "*",
            "_",
            "`",
            "[",
            "]",
            "\\",
            "<td>a|",
            "|",
            "#",
            "\n- ",
            "\n1. ",
            "\n> ",
            "<sup>a</sup>",
            "<ol start=#><li>a</ol>",
            "<li><p>a<p>b",
            "<ul><li>a<ol><li>b</ol></ul>",
            "<em>a</em><em>b</em>",
            "<b> a </b>",
            "<a href='/a b(c)#'>x</a>",
            "<a href=/#><img src=#.jpg></a>",
            "<table><tr><th>a<th>b<tr><td>c|d</table>",
            "<pre><code class=language-a>```</code></pre>",
            "&lt;b&gt;",
            "<i><b><s><u>a</u></s></b></i>",
        ],
        |text| html(text),
    );
    for (span, cells) in [
        ("colspan=1000", "<td colspan=1000>a"),
        ("rowspan=1000", "<td rowspan=65534>a"),
        ("both", "<td colspan=1000 rowspan=65534>a"),
        ("rows", "<tr><td colspan=1000>"),
        ("col span", "<col span=1000>"),
    ] {
        shapes.add("table", span, move |bytes| {
            html(format!("<table><tr>{}", unit_times(cells, bytes)))
        });
        shapes.add("table in a page", span, move |bytes| {
            page("", &format!("<table><tr>{}", unit_times(cells, bytes)))
        });
    }
    shapes.add("table", "a wide row, then many of one cell", |bytes| {
        html(format!(
            "<table><tr>{}{}",
            unit_times("<td>a", bytes / 2),
            unit_times("<tr><td>b", bytes / 2)
        ))
    });
    shapes.add("markup", "copies of a page", |bytes| {
        html(unit_times(include_str!("../pages/page-news/in.html"), bytes))
    });
}

/// Attributes that something here reads.
const ATTRIBUTES: &[&str] = &[
    "class",
    "id",
    "style",
    "href",
    "src",
    "srcset",
    "data-src",
    "data-srcset",
    "alt",
    "title",
    "lang",
    "dir",
    "hidden",
    "rel",
    "itemprop",
    "property",
    "datetime",
    "content",
    "name",
    "role",
    "aria-label",
    "aria-hidden",
    "sizes",
    "width",
    "colspan",
    "start",
    "type",
    "data-x",
    "cite",
];

fn attributes(shapes: &mut Shapes) {
    for name in ATTRIBUTES {
        for unit in [
            "a ",
            "a, ",
            "advertisement ",
            "author date ",
            "a.jpg 1x, ",
            "a;b:c;",
            "/../",
            "%2e",
            "&amp;",
            "utm_source=a&",
            "javascript:",
            "data:,",
            "某",
            " ",
            "1",
        ] {
            let elements: &[&str] = match *name {
                "src" | "srcset" | "data-src" | "data-srcset" | "alt" | "sizes" | "width" => &["img"],
                "href" | "rel" | "name" => &["a"],
                "datetime" => &["time"],
                "colspan" => &["td"],
                _ => &["p"],
            };
            for element in elements {
                shapes.add(&format!("{element} {name}"), unit, move |bytes| {
                    page(
                        "",
                        &format!(
                            "<{element} {name}='{}'>Some words of text, and more, and more.</{element}>",
                            unit_times(unit, bytes)
                        ),
                    )
                });
            }
        }
        shapes.add("attribute again", name, move |bytes| {
            page(
                "",
                &format!("<p{}>Some words.", unit_times(&format!(" {name}=a"), bytes)),
            )
        });
        shapes.add("on every element", name, move |bytes| {
            page(
                "",
                &numbered(&format!("<p {name}='Some words#'>Some words of text."), bytes),
            )
        });
    }
    shapes.table("classes", &["c# ", "comment ", "sidebar ", "ad-# "], |text| {
        page("", &format!("<div class='{text}'>{ARTICLE}</div>"))
    });
    shapes.add("figure", "many pictures and a long caption", |bytes| {
        let pictures = numbered("<img src=/#.jpg>", bytes / 2);
        let caption = unit_times("Some words ", bytes / 2);
        html(format!("<figure>{pictures}<figcaption>{caption}</figcaption></figure>"))
    });
    shapes.add("figure", "many pictures and many captions", |bytes| {
        let pictures = numbered("<img src=/#.jpg>", bytes / 2);
        let captions = unit_times("<figcaption>a</figcaption>", bytes / 2);
        html(format!("<figure>{pictures}{captions}</figure>"))
    });
    shapes.add("pictures", "removed by a rule, and the same kept", |bytes| {
        let pictures = numbered("<img src=/#.jpg>", bytes / 2);
        html(format!(
            "<p>{ARTICLE}<div class=advertisement>{pictures}</div><p>{pictures}"
        ))
    });
    shapes.add("names", "below many classes", |bytes| {
        let marks = unit_times("<time datetime=x>a</time><span class=author>a</span>", bytes / 2);
        let classes = unit_times("abcd ", bytes / 2);
        page("", &format!("<div class='{classes}'>{marks}</div>"))
    });
    shapes.add("names", "around white space", |bytes| {
        let open = "<div class=date>".repeat((bytes / 64).min(500));
        page("", &format!("{open}{}", unit_times("&nbsp;", bytes / 2)))
    });
    shapes.table(
        "attributes",
        &[" a#=b", " a", "=", "'", "\"", "/", " =", " a='#'"],
        |text| page("", &format!("<p {text}>Some words.")),
    );
    shapes.add("classes", "a long class below many elements", |bytes| {
        let inner = unit_times(
            "<p class=x>Some words of text, and more, and more of it.</p>",
            bytes / 2,
        );
        page(
            "",
            &format!(
                "<div class='{}'>{inner}</div>",
                unit_times("author comment a ", bytes / 2)
            ),
        )
    });
    shapes.add("attributes", "a long address, and many links to it", |bytes| {
        page(
            "",
            &format!(
                "<p><a href='/{}'>x</a>{}",
                unit_times("a", bytes / 2),
                unit_times("<a href=x>Some words</a>", bytes / 2)
            ),
        )
    });
}

/// What begins lines that name people, days and sources, and what looks like a part of them.
const LABELS: &[&str] = &[
    "By Ada Lane ",
    "Von Ada Lane ",
    "By ",
    "Autor: ",
    "作者：某某 ",
    "来源：某网 ",
    "来源：",
    "责任编辑：某某 ",
    "（记者 某某）",
    "（",
    "(",
    "记者 ",
    "文/",
    "编辑：",
    "12 May 2020 ",
    "2020-05-12 ",
    "2020年5月12日 ",
    "2020",
    "12:30 ",
    "May ",
    "May 12, ",
    "1/2/2020 ",
    "Published ",
    "发布时间：",
    "原标题：",
    "Read more ",
    "Share ",
    "阅读 ",
    "点击 ",
    "http://a.example/ ",
    "www.",
    "a@b.c ",
    "@",
    "#",
    "Foto: dpa ",
    "(AP) ",
    "LONDON (Reuters) — ",
    "[",
    "】",
    "【",
    "\"",
    "“",
    "——",
    "...",
    "…",
    "1.",
    "a1",
    "•",
    "| ",
    "a | b ",
    ", ",
    "and ",
    "& ",
    "12",
    "12.",
    "1 min read ",
    "Copyright ",
    "© ",
    "Advertisement ",
    "广告 ",
    "图片来源：",
    "新华社",
    "电",
    "责任编辑：某# ",
    "编辑：某#、",
    "Tags: t#, ",
    "By Ada# Lane ",
    "记者 某# ",
    "讯",
    "（原标题：",
    "声明：",
    "扫码",
];

fn lines(shapes: &mut Shapes) {
    for label in LABELS {
        shapes.add("one line", label, move |bytes| {
            page("", &format!("<p>{}</p>", many(label, bytes)))
        });
        shapes.add("lines", label, move |bytes| {
            page("", &many(&format!("<p>{label}"), bytes))
        });
        shapes.add("lines of an article", label, move |bytes| {
            html(many(&format!("<p>{label}</p>"), bytes))
        });
        shapes.add("lines by breaks", label, move |bytes| {
            page(
                "",
                &format!("<div class=author>{}</div>", many(&format!("{label}<br>"), bytes)),
            )
        });
        shapes.add("plain text", label, move |bytes| {
            normalize(Some("text/plain"), many(&format!("{label}\n"), bytes))
        });
        shapes.add("in a byline", label, move |bytes| {
            page(
                "",
                &many(&format!("<span class=byline itemprop=author>{label}</span>"), bytes),
            )
        });
    }
}

/// Constructs of Markdown, whole and begun.
const MARKDOWN: &[&str] = &[
    "[](",
    "[a](",
    "[",
    "]",
    "![",
    "](",
    "[]",
    "[a]",
    "[a](/b) ",
    "[a](<",
    "[a](b \"",
    "[a][",
    "[a]: /b\n",
    "[a#]: /b\n",
    "[a#] ",
    "[^a]",
    "[^#]: x\n\n",
    "[^#] ",
    "*",
    "**",
    "*a ",
    "**a ",
    "*a*",
    "a*",
    "_",
    "_a ",
    "__a",
    "*_",
    "*a_ ",
    "**a *b ",
    "~~",
    "~~a ",
    "~",
    "`",
    "``",
    "`a",
    "`a` ",
    "``a` ",
    "` `` ",
    "```\n",
    "~~~\n",
    "<",
    "<a",
    "<a ",
    "<a b=",
    "<a b='",
    "<!--",
    "<!-- ",
    "<?",
    "<!A",
    "<![CDATA[",
    "</a",
    "<http://a.b",
    "<a@b",
    ">",
    "> ",
    "> a\n",
    ">\n",
    ">>> a\n",
    "|",
    "|a",
    "a|b\n-|-\n",
    "|a|b|\n",
    "#",
    "# a\n",
    "## a #\n",
    "a\n===\n",
    "a\n---\n",
    "---\n",
    "- ",
    "- a\n",
    "-\n",
    "* a\n\n",
    "1. a\n",
    "1.",
    "1)",
    "  - a\n",
    "    a\n",
    "\ta\n",
    "\t",
    " ",
    "\n",
    "\n\n",
    "  \n",
    "\\",
    "\\\n",
    "\\[",
    "&",
    "&amp;",
    "&#35;",
    "a{#b}\n",
    "# a {#b",
    "{",
    "{% a %}",
    "<div>\n",
    "<div>\n\n",
    "<p>a</p>\n",
    "<b>",
    "a\n",
    "a ",
    "\0",
    "\r",
    "某",
    "😀",
    "http://a.example/ ",
    "- [ ] a\n",
    "term\n: def\n",
    "$",
    "[a](b) *c* `d` <e>\n",
    "- a\n  - b\n",
    "> - a\n",
    "a <b",
    "*a [",
    "[*a](",
    "![a](b) ",
    "\"",
    "'",
    "\u{a0}",
    "* * *\n",
    "+ a\n",
    "`\\",
    "<a href=\"",
    "[a\n",
    "[\\",
    "([",
    "[![",
    "[a](\\",
    "[a]((",
    "[a](b '",
    "![[",
    "*[",
    "_[",
    "[`",
    "<![",
    "<?a",
    "[^",
    "[^[",
    "~~[",
    "|`",
    "- > ",
    "* - + ",
    "1. - ",
];

fn markdown(shapes: &mut Shapes) {
    shapes.table("markdown", MARKDOWN, |text| normalize(Some("text/markdown"), text));
    shapes.table("sniffed", MARKDOWN, |text| normalize(None, text));
    shapes.table("plain", MARKDOWN, |text| normalize(Some("text/plain"), text));
    shapes.table("markdown in a table", MARKDOWN, |text| {
        normalize(
            Some("text/markdown"),
            format!("|a|b|\n|-|-|\n|{}|x|\n", text.replace('\n', " ")),
        )
    });
    shapes.table("markdown in a line", MARKDOWN, |text| {
        normalize(Some("text/markdown"), format!("# a\n\n{}", text.replace('\n', " ")))
    });
    for (name, open, close) in [
        ("brackets", "[", "](x)"),
        ("pictures", "![", "](x)"),
        ("stars", "*a ", " a*"),
        ("double stars", "**a ", " a**"),
        ("quotes", "> ", ""),
        ("lists", "- ", ""),
        ("tags", "<b>", "</b>"),
        ("code", "`", "`"),
        ("angles", "<", ">"),
        ("round brackets", "[a](", ")"),
        ("tildes", "~~a ", " a~~"),
        ("references", "[a", "][b]"),
    ] {
        shapes.add("markdown nested", name, move |bytes| {
            let count = bytes / (open.len() + close.len());
            normalize(
                Some("text/markdown"),
                format!("# a\n\n{}x{}", open.repeat(count), close.repeat(count)),
            )
        });
    }
    shapes.add("markdown", "code spans of every length", |bytes| {
        let mut text = String::new();
        let mut length = 1;
        while text.len() < bytes {
            text += &"`".repeat(length);
            text.push(' ');
            length += 1;
        }
        normalize(Some("text/markdown"), text)
    });
    shapes.add("markdown", "one definition, many references", |bytes| {
        normalize(
            Some("text/markdown"),
            format!(
                "[a]: /{}\n\n{}",
                unit_times("x", bytes / 2),
                unit_times("[a] ", bytes / 2)
            ),
        )
    });
    shapes.add("markdown", "a wide table of short rows", |bytes| {
        let width = (bytes as f64).sqrt() as usize / 3;
        normalize(
            Some("text/markdown"),
            format!(
                "{}\n{}\n{}",
                "|a".repeat(width),
                "|-".repeat(width),
                unit_times("|1\n", bytes / 2)
            ),
        )
    });
    shapes.add("markdown", "lists nested by indent", |bytes| {
        let depth = (bytes as f64).sqrt() as usize;
        normalize(
            Some("text/markdown"),
            (0..depth).map(|n| "  ".repeat(n) + "- a\n").collect::<String>(),
        )
    });
    shapes.add("markdown", "a deep list, then lines", |bytes| {
        normalize(
            Some("text/markdown"),
            format!(
                "{}a\n{}",
                "- ".repeat((bytes / 16).min(400)),
                unit_times("b\n", bytes * 15 / 16)
            ),
        )
    });
    shapes.add("markdown", "deep quotes, then lines", |bytes| {
        normalize(
            Some("text/markdown"),
            format!(
                "{}a\n{}",
                ">".repeat((bytes / 16).min(400)),
                unit_times("b\n", bytes * 15 / 16)
            ),
        )
    });
}

fn front_matter(shapes: &mut Shapes) {
    shapes.table(
        "yaml",
        &[
            "a#: b\n",
            "a: b\n",
            "- a\n",
            "a:\n",
            "a:\n- b\n",
            "  ",
            "a: 'b'\n",
            "a: \"b\\n\"\n",
            "a: 'b\n",
            "a: \"\n",
            "a: |\n  b\n",
            "a: >\n  b\n",
            "a: [b, c]\n",
            "[",
            "{",
            "a: [",
            "a: {b: c}\n",
            "&a# b: c\n",
            "*a\n",
            "a#: &x#\n",
            "a: *x\n",
            "<<: *a\n",
            "? a\n",
            ": ",
            "# a\n",
            "#",
            "!a ",
            "!!str a: b\n",
            "%",
            "@",
            "`",
            "\t",
            "a: b: c\n",
            "'a': ",
            "-",
            "- ",
            "- - ",
            "---\n",
            "...\n",
            "\n",
            "某：某\n",
            "title: a\n",
            "tags: a, b\n",
            "date: 2020-05-12\n",
            "a:\n  b#:\n",
            "a",
            ",",
            "\"",
            "'",
            "\\",
            "title: 他说: 涨了\n",
            "title: \"a\" b\n",
            "a: >-\n",
            "a: |+\n\n",
            "- a: b\n  c: d\n",
            " a: b\n",
        ],
        |text| normalize(None, format!("---\n{text}\n---\n{ARTICLE}")),
    );
    shapes.table(
        "yaml value",
        &[
            "a", "a ", "a: ", "'", "\"", "\\", "[", "{", "#", " #", "- ", "a, ", "&a ", "*a ", "\n  ", "\n", "某",
        ],
        |text| {
            normalize(
                None,
                format!("---\ntitle: {text}\nauthor: {text}\ntags: [{text}]\n---\n{ARTICLE}"),
            )
        },
    );
    shapes.add("yaml", "indented ever deeper", |bytes| {
        let depth = (bytes as f64).sqrt() as usize;
        normalize(
            None,
            format!(
                "---\n{}---\n{ARTICLE}",
                (0..depth).map(|n| " ".repeat(n) + "a:\n").collect::<String>()
            ),
        )
    });
    shapes.table(
        "toml",
        &[
            "a# = 1\n",
            "a = 1\n",
            "a.b# = 1\n",
            "[a#]\n",
            "[[a]]\n",
            "a = [",
            "a# = \"b\"\n",
            "a = {b = ",
            "a = \"",
            "a = '''\n",
            "#",
            "a.",
            "a# = 2020-05-12\n",
            "x# = [1, 2]\n",
            "[a.b.c#]\n",
        ],
        |text| normalize(None, format!("+++\n{text}\n+++\n{ARTICLE}")),
    );
    shapes.table(
        "json front matter",
        &[
            "\"a#\":1,",
            "\"a\":1,",
            "\"a\":[",
            "\"a\":{",
            "\"tags#\":[\"a\",\"b\"],",
            "{",
            "[",
            "\"",
            "\\",
            " ",
            "\n",
            "1",
            "\"a\":\"\\u0041\",",
        ],
        |text| normalize(None, format!("{{\n{text}\"z\":1\n}}\n{ARTICLE}")),
    );
    shapes.table(
        "no front matter",
        &[
            "---", "--- ", "+++", "---\n", "---\na\n", "{", ";;;\n", "---\r", " ---", "\u{feff}", "a: b\n", "---a: b",
        ],
        |text| normalize(None, text),
    );
    for key in [
        "tags",
        "author",
        "authors",
        "categories",
        "keywords",
        "editors",
        "source",
        "date",
        "description",
        "image",
        "link",
        "language",
        "site_name",
    ] {
        shapes.add("front matter list", key, move |bytes| {
            normalize(
                None,
                format!(
                    "---\ntitle: a\n{key}:\n{}---\n{ARTICLE}",
                    numbered("- Ada # Lane, and more\n", bytes)
                ),
            )
        });
        shapes.add("front matter text", key, move |bytes| {
            normalize(
                None,
                format!(
                    "---\ntitle: a\n{key}: {}\n---\n{ARTICLE}",
                    numbered("Ada # Lane, and more; ", bytes)
                ),
            )
        });
    }
}

fn feeds(shapes: &mut Shapes) {
    fn feed(text: String) -> Request {
        Request {
            route: Route::Feed,
            content_type: None,
            options: vec![("fields", "all".into())],
            body: text.into_bytes(),
        }
    }
    const ITEM: &str =
        "<item><title>w#</title><link>http://a.example/#</link><description>Some words</description></item>";
    const ENTRY: &str = "<entry><title>w#</title><id>#</id><updated>2020-05-12T00:00:00Z</updated><content type='html'>Some words</content></entry>";
    for field in [
        "title",
        "language",
        "description",
        "link",
        "copyright",
        "generator",
        "category",
        "image",
        "textInput",
        "skipDays",
        "itunes:summary",
        "dc:language",
        "x:y",
        "managingEditor",
        "pubDate",
    ] {
        shapes.add("rss: channel and items", field, move |bytes| {
            feed(format!("<rss xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><title>t</title><{field}>{}</{field}>{}</channel></rss>", unit_times("en a ", bytes / 2), numbered(ITEM, bytes / 2)))
        });
        shapes.add("rss: field of an item", field, move |bytes| {
            feed(format!(
                "<rss><channel><title>t</title><item><{field}>{}</{field}></item></channel></rss>",
                unit_times("a &amp;amp; b ", bytes)
            ))
        });
    }
    shapes.add("rss: root", "namespaces and items", |bytes| {
        feed(format!(
            "<rss {}><channel><title>t</title>{}</channel></rss>",
            numbered("xmlns:a#='http://a.example/#' ", bytes / 2),
            numbered(ITEM, bytes / 2)
        ))
    });
    shapes.add("rss: root", "an attribute and items", |bytes| {
        feed(format!(
            "<rss version='{}'><channel><title>t</title>{}</channel></rss>",
            unit_times("2", bytes / 2),
            numbered(ITEM, bytes / 2)
        ))
    });
    shapes.add("atom: root", "namespaces and entries", |bytes| {
        feed(format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' {}><title>t</title>{}</feed>",
            numbered("xmlns:a#='http://a.example/#' ", bytes / 2),
            numbered(ENTRY, bytes / 2)
        ))
    });
    shapes.add("atom: root", "language and entries", |bytes| {
        feed(format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='{}'><title>t</title>{}</feed>",
            unit_times("en-", bytes / 2),
            numbered(ENTRY, bytes / 2)
        ))
    });
    for field in [
        "title", "subtitle", "id", "rights", "author", "category", "link", "logo", "updated",
    ] {
        shapes.add("atom: head and entries", field, move |bytes| {
            feed(format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><{field}>{}</{field}>{}</feed>",
                unit_times("en a ", bytes / 2),
                numbered(ENTRY, bytes / 2)
            ))
        });
    }
    shapes.table(
        "rss",
        &[
            ITEM,
            "<item>",
            "<item/>",
            "<item><title>a</item>",
            "</item>",
            "<item><![CDATA[",
            "<item><![CDATA[a]]></item>",
            "<item><!--",
            "<item><!-- a --></item>",
            "<a>",
            "<a:b>c</a:b>",
            "&",
            "&amp;",
            "&#x41;",
            "&nbsp;",
            "<",
            "<a b='",
            "<?a ?>",
            "]]>",
            "<item><description>&lt;p&gt;a</description></item>",
            "<item><content:encoded><![CDATA[<p>a</p>]]></content:encoded></item>",
            "<item><media:content url='#.jpg'/></item>",
            "<item><category>a</category></item>",
            "<title>a</title>",
            "<language>en</language>",
            "<item><guid>#</guid></item>",
            "<item><pubDate>Tue, 12 May 2020 00:00:00 GMT</pubDate></item>",
            "<dc:creator>a</dc:creator>",
        ],
        |text| feed(format!("<rss><channel><title>t</title>{text}</channel></rss>")),
    );
    shapes.table(
        "rss item",
        &[
            "<category>a#</category>",
            "<a:b>c</a:b>",
            "<media:group><media:content url='#.jpg'/></media:group>",
            "<a>",
            "<b>c</b>",
            "<title>a</title>",
            "<dc:creator>Ada #</dc:creator>",
            "<author>Ada #</author>",
            "&amp;",
            "<![CDATA[a]]>",
            "<enclosure url='#'/>",
            "<description>&lt;b&gt;</description>",
            "&nbsp;",
            "&",
        ],
        |text| {
            feed(format!(
                "<rss><channel><title>t</title><item>{text}</item></channel></rss>"
            ))
        },
    );
    shapes.table(
        "atom entry",
        &[
            "<category term='a#'/>",
            "<link href='#'/>",
            "<author><name>Ada #</name></author>",
            "<content type='xhtml'><div>a</div></content>",
            "<updated>x</updated>",
            "<content type='html'>&lt;b&gt;",
            "<a:b>c</a:b>",
            "<summary>a</summary>",
            "<published>x",
            "<date>",
        ],
        |text| {
            feed(format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry>{text}</entry></feed>"
            ))
        },
    );
    shapes.table("rdf", &["<item><title>a</title></item>", "<item rdf:about='#'><dc:date>2020-05-12</dc:date></item>"], |text| {
        feed(format!("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel><title>t</title></channel>{text}</rdf:RDF>"))
    });
    shapes.table(
        "feed head",
        &["<!-- a -->", "<?a ?>", "<!a>", " ", "\u{feff}", "<!--", "<?"],
        |text| feed(format!("{text}<rss><channel><title>t</title>{ITEM}</channel></rss>")),
    );
}

fn envelopes(shapes: &mut Shapes) {
    fn envelope(json: String) -> Request {
        normalize(Some("application/json"), json)
    }
    let document = serde_json::Value::from(ARTICLE).to_string();
    for (name, open, unit, close) in [
        ("context list", "[", "1,", "1]"),
        ("context objects", "[", "{},", "{}]"),
        ("context lists", "[", "[],", "[]]"),
        ("context keys", "{", "\"a#\":1,", "\"z\":1}"),
        ("context key twice", "{", "\"a\":1,", "\"a\":1}"),
        ("context text", "\"", "a", "\""),
        ("context escapes", "\"", "\\u00e9", "\""),
        ("context blanks", "[", " ", "]"),
        ("context digits", "", "1", ""),
        ("context float", "1.", "1", "e5"),
        ("context deep", "", "[", ""),
        ("context deep objects", "", "{\"a\":", ""),
    ] {
        let document = document.clone();
        shapes.add("envelope", name, move |bytes| {
            envelope(format!(
                "{{\"document\":{document},\"context\":{open}{}{close}}}",
                many(unit, bytes)
            ))
        });
    }
    for (name, key, open, unit, close) in [
        ("headers", "headers", "{", "\"x-#\":\"a\",", "\"z\":\"a\"}"),
        ("header", "headers", "{\"content-type\":\"", "text/html;", "\"}"),
        ("link header", "headers", "{\"link\":\"", "<a>;rel=b,", "\"}"),
        ("metadata tags", "metadata", "{\"tags\":[", "\"a#\",", "\"z\"]}"),
        (
            "metadata authors",
            "metadata",
            "{\"authors\":[",
            "{\"name\":\"Ada #\"},",
            "{\"name\":\"z\"}]}",
        ),
        (
            "metadata authors as texts",
            "metadata",
            "{\"authors\":[",
            "\"Ada #\",",
            "\"z\"]}",
        ),
        ("metadata title", "metadata", "{\"title\":\"", "a | ", "\"}"),
        ("metadata unknown", "metadata", "{", "\"a#\":1,", "\"z\":1}"),
        ("options remove", "options", "{\"remove\":[", "\".a#\",", "\".z\"]}"),
        (
            "options fields",
            "options",
            "{\"fields\":[",
            "\"title\",",
            "\"title\"]}",
        ),
        (
            "options without",
            "options",
            "{\"without\":[",
            "\"generic/ad-slot\",",
            "\"generic/ad-slot\"]}",
        ),
        ("id", "id", "\"", "a", "\""),
        ("url", "url", "\"https://a.example/", "a/../", "\""),
        ("charset", "charset", "\"", "utf-8", "\""),
        ("content type", "content_type", "\"text/html", ";a=b", "\""),
        ("fetched at", "fetched_at", "\"", "2020", "\""),
        ("unknown keys", "x", "{", "\"a#\":1,", "\"z\":1}"),
    ] {
        let document = document.clone();
        shapes.add("envelope", name, move |bytes| {
            envelope(format!(
                "{{\"document\":{document},\"{key}\":{open}{}{close}}}",
                many(unit, bytes)
            ))
        });
    }
    shapes.table(
        "envelope document",
        &[
            "<p>a</p>",
            "\\u003c",
            "\\n",
            "a",
            "<p>Some words of text, and more.</p>",
            "\\\\",
            "\\ud83d\\ude00",
        ],
        |text| envelope(format!("{{\"document\":\"{text}\"}}")),
    );
    shapes.table("envelope base64", &["PHA+", "AAAA", "===="], |text| {
        envelope(format!("{{\"document_base64\":\"{text}\"}}"))
    });
    shapes.table(
        "json",
        &[
            "[",
            "{",
            "\"",
            "{\"a\":",
            " ",
            "\\",
            "1",
            "{\"document\":\"a\",",
            "\n",
            "\"\\u",
        ],
        |text| envelope(text.to_owned()),
    );
}

fn selectors(shapes: &mut Shapes) {
    fn select(route: Route, selectors: Vec<String>, body: String) -> Request {
        let mut options: Vec<(&'static str, String)> =
            selectors.into_iter().map(|selector| ("remove", selector)).collect();
        if route == Route::Normalize {
            options.extend(everything());
        }
        Request {
            route,
            content_type: Some("text/html; charset=utf-8"),
            options,
            body: body.into_bytes(),
        }
    }
    // A few selectors on a growing document; then a growing list of them on a few elements.
    for selector in [
        ".a",
        "#a",
        "a",
        "*",
        ".a .b",
        ".a > .b",
        "div div div div .x",
        "* * * * *",
        "* > * > * > .x",
        "[a]",
        "[class]",
        "[class=a]",
        "[class~=a]",
        "[class^=a]",
        "[class*=a]",
        "[class$=a]",
        "[class|=a]",
        "[href*=x]",
        ":nth-child(2n+1)",
        ":nth-child(odd) :nth-child(even)",
        ":nth-of-type(2)",
        "p:nth-of-type(3n) b",
        ":first-child",
        ":not(.a)",
        ":not(.a):not(.b) .c",
        "div:not([id]) > p",
        ".a:nth-child(-n+3)",
        "[class*=\"a b\" i]",
    ] {
        for route in [Route::Normalize, Route::Clean] {
            let table = format!("selector {route:?}");
            shapes.add(&format!("{table}, many elements"), selector, move |bytes| {
                select(
                    route,
                    vec![selector.into()],
                    numbered("<p class='c a' id=i#>Some <b>words</b>", bytes),
                )
            });
            shapes.add(&format!("{table}, deep"), selector, move |bytes| {
                let deep = "<div class=b>".repeat((bytes / 16 / 13).clamp(1, 200));
                select(
                    route,
                    vec![selector.into()],
                    deep + &numbered("<p class='c a' id=i#>Some <b>words</b>", bytes * 15 / 16),
                )
            });
            shapes.add(&format!("{table}, long class"), selector, move |bytes| {
                select(
                    route,
                    vec![selector.into()],
                    format!("<p class='{}'>Some words of text.", numbered("c# ", bytes)),
                )
            });
        }
    }
    for unit in [
        ".a# ",
        ".a",
        "#a# > ",
        "*>",
        "* ",
        "[a=b]",
        ":not(.a)",
        ":nth-child(2)",
        ".a#,",
        ":not(",
        "[",
        "\\41 ",
        "(",
        ":",
        "a|",
        "/**/",
    ] {
        shapes.add("long selector", unit, move |bytes| {
            select(Route::Normalize, vec![many(unit, bytes) + "p"], ARTICLE.to_owned())
        });
    }
    for (name, unit) in [
        ("classes", ".a#"),
        ("ids", "#a#"),
        ("descendants", ".a# .b"),
        ("children", "div > .a#"),
        ("tags", "p.a#"),
        ("attributes", "[x=a#]"),
        ("nots", ":not(.a#)"),
        ("nths", ":nth-child(#)"),
    ] {
        for route in [Route::Normalize, Route::Clean] {
            shapes.add(&format!("many selectors {route:?}"), name, move |bytes| {
                let unit = unit.replacen("#a#", "\\#a#", 1);
                let selectors = (0..bytes / unit.len())
                    .map(|n| {
                        unit.replace("\\#", "\u{1}")
                            .replace('#', &n.to_string())
                            .replace('\u{1}', "#")
                    })
                    .collect();
                select(route, selectors, format!("<div class=b>{ARTICLE}</div>"))
            });
        }
    }
}

fn charsets(shapes: &mut Shapes) {
    let declared: &[(&'static str, Option<&'static str>)] = &[
        ("none", None),
        ("utf-8", Some("text/html; charset=utf-8")),
        ("gbk", Some("text/html; charset=gbk")),
        ("gb18030", Some("text/html; charset=gb18030")),
        ("big5", Some("text/html; charset=big5")),
        ("shift_jis", Some("text/html; charset=shift_jis")),
        ("euc-kr", Some("text/html; charset=euc-kr")),
        ("iso-2022-jp", Some("text/html; charset=iso-2022-jp")),
        ("utf-16le", Some("text/html; charset=utf-16le")),
        ("windows-1252", Some("text/html; charset=windows-1252")),
        ("koi8-r", Some("text/html; charset=koi8-r")),
    ];
    for (name, content_type) in declared {
        for (what, unit) in [
            ("high bytes", &b"\xC4\xE3\xBA\xC3"[..]),
            ("broken", b"\xFF\x80"),
            ("escapes", b"\x1B$B0l\x1B(B"),
            ("ascii", b"Some words. "),
            ("nuls", b"a\0b\0"),
            ("tags", b"<p>\xC4\xE3</p>"),
            ("meta", b"<meta charset=x>\xC4\xE3"),
            ("comments", b"<!--\xC4"),
            ("references", b"&eacute;\xC4"),
            ("lead bytes", b"\x81"),
            ("utf-8", "é".as_bytes()),
        ] {
            let content_type = *content_type;
            shapes.add(&format!("charset {name}"), what, move |bytes| {
                normalize(content_type, unit.repeat((bytes / unit.len()).max(1)))
            });
        }
    }
    shapes.table("content type", &[";charset=", ";a=b", "\"", " ", "/", "a"], |text| {
        let text: &'static str = Box::leak(format!("text/html{text}").into_boxed_str());
        normalize(Some(text), ARTICLE)
    });
    shapes.table(
        "prescan",
        &[
            "<meta ",
            "<meta charset=",
            "<meta http-equiv=content-type content='",
            "<!--",
            "</",
            "<a ",
            "<?xml encoding='",
            "<?xml ",
            "<meta charset='x' ",
            "<html lang='",
        ],
        |text| normalize(None, text),
    );
}
