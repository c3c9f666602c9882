//! Units of rich content: what each form of code, table, list, heading and callout comes out as.

use std::time::Duration;

use copydesk::{
    bounds::Deadline,
    input::RawDocument,
    options::{Format, Options},
};
use serde_json::Value;

use crate::conservation::PIPELINE;

fn answer(fragment: &str, query: &str, format: Format) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let options = Options {
        format: Some(format),
        ..Options::from_pairs(pairs).expect("good options")
    };
    let document = RawDocument {
        bytes: fragment.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(Duration::from_secs(600));
    let answer = PIPELINE.normalize(&document, &options, &deadline).expect("an article");
    String::from_utf8(answer.body).expect("UTF-8")
}

fn html(fragment: &str) -> String {
    answer(fragment, "", Format::Html).trim_end().to_owned()
}

fn text(fragment: &str) -> String {
    answer(fragment, "", Format::Text).trim_end().to_owned()
}

/// Each fragment stands behind a paragraph; what comes of it is compared.
#[track_caller]
fn assert_html(cases: &[(&str, &str)]) {
    for (fragment, expected) in cases {
        let html = html(&format!("<p>begin</p>{fragment}"));
        assert_eq!(html, format!("<p>begin</p>{expected}"), "{fragment}");
    }
}

#[test]
fn code_lines_are_exact() {
    assert_html(&[
        (
            "<pre><code>a\n  b\n\n\tc\n</code></pre>",
            "<pre><code>a\n  b\n\n\tc</code></pre>",
        ),
        ("<pre><code>one line</code></pre>", "<pre><code>one line</code></pre>"),
        (
            "<pre><code><div class=line>a</div><div class=line></div><div class=line>  b</div></code></pre>",
            "<pre><code>a\n\n  b</code></pre>",
        ),
        (
            "<pre><code><span class=line>a</span>\n<span class=line></span>\n<span class=line>b</span></code></pre>",
            "<pre><code>a\n\nb</code></pre>",
        ),
        (
            "<pre><code><span class=token-line>a<br></span><span class=token-line>b<br></span></code></pre>",
            "<pre><code>a\nb</code></pre>",
        ),
        (
            "<pre class=prettyprint><ol class=linenums><li>a</li>\n<li>  b</li></ol></pre>",
            "<pre><code>a\n  b</code></pre>",
        ),
        (
            "<pre><code>a<br>b<br><br>c</code></pre>",
            "<pre><code>a\nb\n\nc</code></pre>",
        ),
        (
            "<pre><code>a&nbsp;=&nbsp;1 &lt; 2</code></pre>",
            "<pre><code>a = 1 &lt; 2</code></pre>",
        ),
        (
            "<pre>Stone on\n   stone <b>we</b>\n</pre>",
            "<pre>Stone on\n   stone <b>we</b></pre>",
        ),
    ]);
}

#[test]
fn code_languages_by_highlighter() {
    for (open, close, language) in [
        ("<pre><code class=language-rust>", "</code></pre>", "rust"),
        ("<pre class=\"lang-py prettyprint\"><code>", "</code></pre>", "py"),
        ("<pre class=\"brush: java; gutter: false\">", "</pre>", "java"),
        ("<pre class=\"brush:css\">", "</pre>", "css"),
        (
            "<div class=\"highlight highlight-source-shell\"><pre>",
            "</pre></div>",
            "shell",
        ),
        (
            "<div class=\"highlight highlight-text-html-basic\"><pre>",
            "</pre></div>",
            "html",
        ),
        (
            "<div class=\"highlight-python3 notranslate\"><div class=highlight><pre>",
            "</pre></div></div>",
            "python3",
        ),
        (
            "<div class=\"language-ruby highlighter-rouge\"><div class=highlight><pre class=highlight><code>",
            "</code></pre></div></div>",
            "ruby",
        ),
        (
            "<div class=highlight><pre class=chroma><code class=language-go data-lang=go>",
            "</code></pre></div>",
            "go",
        ),
        ("<pre><code class=\"hljs python\">", "</code></pre>", "python"),
        (
            "<pre class=\"shiki github-dark\" data-language=ts><code>",
            "</code></pre>",
            "ts",
        ),
        (
            "<div class=sourceCode><pre class=\"sourceCode haskell\"><code>",
            "</code></pre></div>",
            "haskell",
        ),
        ("<pre class=\"src src-emacs-lisp\">", "</pre>", "emacs-lisp"),
        (
            "<div class=\"mw-highlight mw-highlight-lang-c\"><pre>",
            "</pre></div>",
            "c",
        ),
        (
            "<pre class=EnlighterJSRAW data-enlighter-language=php>",
            "</pre>",
            "php",
        ),
        ("<pre lang=sql>", "</pre>", "sql"),
    ] {
        let expected = format!("<p>begin</p><pre><code class=\"language-{language}\">x = 1</code></pre>");
        assert_eq!(html(&format!("<p>begin</p>{open}x = 1{close}")), expected, "{open}");
    }
    assert_html(&[
        (
            "<pre><code class=language-none>a</code></pre>",
            "<pre><code>a</code></pre>",
        ),
        (
            "<pre><code class=\"hljs wrap\">a</code></pre>",
            "<pre><code>a</code></pre>",
        ),
        (
            "<pre><code class=\"language-a_b\">a</code></pre>",
            "<pre><code>a</code></pre>",
        ),
    ]);
}

#[test]
fn code_without_pre_ends_where_it_ends() {
    let block = "<pre><code class=\"language-go\">a\n  b</code></pre><p>end</p>";
    assert_html(&[
        ("<div><code class=language-go>a\n  b</code><p>end</p></div>", block),
        (
            "<div><code class=\"language-go block\">\n    a\n  b\n </code><p>end</p></div>",
            block,
        ),
        ("<div><code class=\"hl block\"> </code><p>end</p></div>", "<p>end</p>"),
        (
            "<div><code class=\"hl block\">\n  a\n  b\n</code> end</div>",
            "<pre><code>  a\n  b</code></pre><p>end</p>",
        ),
        ("<div class=code-block data-lang=go>a\n  b</div><p>end</p>", block),
        (
            "<div class=\"code-block code-block-1\">a\n  b</div><p>end</p>",
            "<p>a b</p><p>end</p>",
        ),
    ]);
}

#[test]
fn blocks_with_roles_of_a_table_are_one() {
    let cell = |role: &str, text: &str| format!("<div role={role}><div>{text}</div></div>");
    let row = |cells: String| format!("<div role=\"row\">{cells}</div>");
    let head = row(cell("columnheader", "Berth") + &cell("columnheader", "Keeper"));
    let rows =
        row(cell("cell", "North") + &cell("cell", "")) + &row(cell("gridcell", "South") + &cell("gridcell", "Ada"));
    let table = "<table><tr><th>Berth</th><th>Keeper</th></tr><tr><td>North</td><td></td></tr><tr><td>South</td><td>Ada</td>\
                 </tr></table><p>end</p>";
    assert_html(&[
        (
            &format!(
                "<div role=\"table\"><div role=rowgroup>{head}</div><div role=rowgroup>{rows}</div></div><p>end</p>"
            ),
            table,
        ),
        (&format!("<div role=grid>{head}{rows}</div><p>end</p>"), table),
        (
            &format!("<div role=grid>Text of no cell. {head}{rows}</div>"),
            "<p>Text of no cell.</p><p>Berth</p><p>Keeper</p><p>North</p><p>South</p><p>Ada</p>",
        ),
        ("<div role=grid><div role=row>one</div></div>", "<p>one</p>"),
    ]);
}

#[test]
fn numbers_of_notes_are_no_part_of_words() {
    let note = "<p>The town<sup id=r1><a href=\"#n1\">1</a></sup> is old.</p><ol><li id=n1>By eighty years. \
                <a href=\"#r1\">\u{21a9}</a></li></ol>";
    assert_eq!(text(note), "The town[1] is old.\n\nBy eighty years.");
    let article = answer(note, "fields=summary", Format::Json);
    let article: Value = serde_json::from_str(&article).expect("JSON");
    assert_eq!(article["summary"], "The town is old.");
}

#[test]
fn code_gutters_and_bars_go() {
    let code = "<pre><code class=\"language-js\">a\nb</code></pre>";
    assert_html(&[
        (
            "<figure class=\"highlight js\"><figcaption><span>a.js</span></figcaption><table><tr><td class=gutter><pre><span \
             class=line>1</span><br><span class=line>2</span><br></pre></td><td class=code><pre><span class=line>a</span><br>\
             <span class=line>b</span><br></pre></td></tr></table></figure>",
            code,
        ),
        (
            "<div class=highlight><table class=lntable><tr><td class=lntd><pre class=chroma><code><span class=lnt>1\n</span>\
             <span class=lnt>2\n</span></code></pre></td><td class=lntd><pre class=chroma><code class=language-js><span \
             class=line><span class=cl>a\n</span></span><span class=line><span class=cl>b\n</span></span></code></pre></td>\
             </tr></table></div>",
            code,
        ),
        (
            "<div class=highlight><pre><code class=language-js><span style=\"display:flex\"><span style=\"user-select:none\">1\
             </span><span>a\n</span></span><span style=\"display:flex\"><span style=\"user-select:none\">2</span><span>b\n\
             </span></span></code></pre></div>",
            code,
        ),
        (
            "<div class=language-js><div class=code-header><span>a.js</span><button>Copy</button></div><pre><code>a\nb</code>\
             </pre></div>",
            code,
        ),
        (
            "<pre><code class=\"hljs language-js\"><div class=code__header><span>js</span><button>Copy</button></div>a\nb\
             </code></pre>",
            code,
        ),
        (
            "<pre><code class=\"language-js hljs\">a\nb</code><ul class=hljs-ln-numbers><li>1</li><li>2</li></ul></pre>",
            code,
        ),
        (
            "<table class=\"highlight language-js\"><tr><td class=blob-num>1</td><td class=blob-code>a</td></tr><tr><td \
             class=blob-num>2</td><td class=blob-code>b</td></tr></table>",
            code,
        ),
        (
            "<div class=\"syntaxhighlighter js\"><table><tr><td class=gutter><div class=line>1</div><div class=line>2</div>\
             </td><td class=code><div class=container><div class=line><code>a</code></div><div class=line><code>b</code>\
             </div></div></td></tr></table></div>",
            code,
        ),
        (
            "<table class=\"highlight language-js\"><tr><td class=blob-num data-line-number=1></td><td class=blob-code>a</td>\
             </tr><tr><td class=blob-num data-line-number=2></td><td class=blob-code>b</td></tr></table>",
            code,
        ),
        (
            "<div class=\"expressive-code\"><figure class=\"frame has-title\"><figcaption class=header><span>a.js</span>\
             </figcaption><pre data-language=js><code><div class=ec-line><div class=code>a</div></div><div class=ec-line>\
             <div class=code>b</div></div></code></pre><div class=copy><button>x</button></div></figure></div>",
            code,
        ),
    ]);
}

#[test]
fn code_beside_prose_stays_apart() {
    assert_html(&[
        (
            "<div class=code-post><p>Prose before it.</p><pre><code>a</code></pre></div>",
            "<p>Prose before it.</p><pre><code>a</code></pre>",
        ),
        (
            "<table><tr><th>Name</th><th>Code</th></tr><tr><td>Rust</td><td><pre><code>a</code></pre></td></tr></table>",
            "<table><tr><th>Name</th><th>Code</th></tr><tr><td>Rust</td><td><pre><code>a</code></pre></td></tr></table>",
        ),
        (
            "<figure><figcaption>Listing one</figcaption><pre><code>a</code></pre></figure>",
            "<figure><figcaption>Listing one</figcaption><pre><code>a</code></pre></figure>",
        ),
    ]);
}

#[test]
fn units_are_found_behind_text_at_the_top() {
    for top in ["", "\n", "text"] {
        let html = html(&format!("{top}<pre><code class=language-go>a</code></pre>"));
        assert!(
            html.ends_with("<pre><code class=\"language-go\">a</code></pre>"),
            "{top:?}: {html}"
        );
    }
}

#[test]
fn callouts_have_one_form() {
    let note = "<blockquote class=\"callout\"><p><strong>Note</strong></p><p>Mind the gap.</p></blockquote>";
    assert_html(&[
        (
            "<div class=\"admonition note\"><p class=admonition-title>Note</p><p>Mind the gap.</p></div>",
            note,
        ),
        (
            "<div class=\"markdown-alert markdown-alert-note\"><p class=markdown-alert-title><svg></svg>Note</p><p>Mind the \
             gap.</p></div>",
            note,
        ),
        (
            "<div class=\"theme-admonition theme-admonition-info alert alert--info\"><div class=admonitionHeading_x><span>\
             <svg></svg></span>Note</div><div class=admonitionContent_x><p>Mind the gap.</p></div></div>",
            note,
        ),
        (
            "<div class=callout data-callout=note><div class=callout-title><div class=callout-icon></div><div \
             class=callout-title-inner>Note</div></div><div class=callout-content><p>Mind the gap.</p></div></div>",
            note,
        ),
        (
            "<aside class=\"starlight-aside starlight-aside--note\"><p class=starlight-aside__title>Note</p><div><p>Mind the \
             gap.</p></div></aside>",
            note,
        ),
        (
            "<div class=\"alert alert-info\" role=alert><h4 class=alert-heading>Note</h4><p>Mind the gap.</p></div>",
            note,
        ),
        (
            "<div class=\"admonitionblock note\"><table><tr><td class=icon><div class=title>Note</div></td><td \
             class=content>Mind the gap.</td></tr></table></div>",
            note,
        ),
        (
            "<div class=\"admonition note\"><p class=admonition-title><strong>Note</strong></p><p>Mind the gap.</p></div>",
            note,
        ),
        (
            "<blockquote><p>[!WARNING]<br>Mind the gap.</p></blockquote>",
            "<blockquote class=\"callout\"><p>Mind the gap.</p></blockquote>",
        ),
        (
            "<div class=\"alert-banner\"><p>No callout.</p></div><blockquote><p>[!] a quote</p></blockquote>",
            "<p>No callout.</p><blockquote><p>[!] a quote</p></blockquote>",
        ),
    ]);
}

#[test]
fn details_keep_their_summary() {
    assert_html(&[
        (
            "<details open><summary><h3>When?</h3></summary><p>In two years.</p></details>",
            "<details><summary><h3>When?</h3></summary><p>In two years.</p></details>",
        ),
        (
            "<details><summary>More</summary>text</details>",
            "<details><summary>More</summary><p>text</p></details>",
        ),
        ("<details><p>No summary.</p></details>", "<p>No summary.</p>"),
    ]);
}

#[test]
fn headings_lose_permalinks_and_edit_links() {
    assert_html(&[
        ("<h2 id=a>Cost<a class=headerlink href=#a>¶</a></h2>", "<h2>Cost</h2>"),
        ("<h2>Cost <a href=#a>#</a></h2>", "<h2>Cost</h2>"),
        (
            "<h2><span class=mw-headline>Use</span><span class=mw-editsection>[<a href=/e>edit</a>]</span></h2>",
            "<h2>Use</h2>",
        ),
        (
            "<div class=mw-heading><h2>Use</h2><span class=mw-editsection>[<a href=/e>edit</a>]</span></div>",
            "<h2>Use</h2>",
        ),
        (
            "<div><h2 id=a>Use</h2><a class=sl-anchor-link href=#a><span>Section titled “Use”</span></a></div>",
            "<h2>Use</h2>",
        ),
        ("<h2>Cost<div><button>Link</button></div></h2>", "<h2>Cost</h2>"),
        ("<h3><button>Who pays?</button></h3>", "<h3>Who pays?</h3>"),
        ("<h2><a href=#a>Cost</a></h2>", "<h2><a href=\"#a\">Cost</a></h2>"),
        (
            "<h2>Follow the <a href=/x>link</a></h2>",
            "<h2>Follow the <a href=\"/x\">link</a></h2>",
        ),
        (
            "<a href=/x><h2>Plan</h2><p>With figures</p></a>",
            "<h2><a href=\"/x\">Plan</a></h2><p><a href=\"/x\">With figures</a></p>",
        ),
        (
            "<dl><dt>f()<a class=headerlink href=#f>¶</a></dt><dd>Does it.</dd></dl>",
            "<dl><dt>f()</dt><dd>Does it.</dd></dl>",
        ),
    ]);
}

#[test]
fn tables_are_data_or_layout_as_a_whole() {
    let is_table = |fragment: &str| html(fragment).contains("<table>");
    for data in [
        "<table><tr><td colspan=2>Both</td></tr><tr><td>a</td><td>b</td></tr></table>",
        "<table><tr><th> </th><th>2021</th></tr><tr><th>Waves</th><td>14</td></tr></table>",
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        "<table><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        "<table><thead><tr><th>One column</th></tr></thead><tr><td>a</td></tr></table>",
        "<table><caption>One row</caption><tr><td>a</td><td>b</td></tr></table>",
        "<table><tr><td>North</td><td><table><tr><td>x</td><td>y</td></tr><tr><td>z</td><td>w</td></tr></table></td></tr>\
         <tr><td>South</td><td>none</td></tr></table>",
        "<table><tr><td>a</td><td></td><td>b</td></tr><tr><td>a</td><td>c</td><td>b</td></tr></table>",
    ] {
        assert!(is_table(data), "{data}");
    }
    let long = "<p>A paragraph of the page that is long enough to be one of an article.</p>".repeat(8);
    for layout in [
        "<table><tr><td>a</td><td>b</td></tr></table>".to_owned(),
        "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>".to_owned(),
        "<table role=presentation><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>".to_owned(),
        format!("<table><tr><td>menu</td><td>{long}</td></tr><tr><td>a</td><td>b</td></tr></table>"),
    ] {
        assert!(!is_table(&layout), "{layout}");
    }
}

#[test]
fn cells_that_go_leave_their_column() {
    let table =
        "<table><tr><td>a</td><td class=ad>x</td><td>b</td></tr><tr><td>c</td><td>d</td><td>e</td></tr></table>";
    let html = answer(table, "remove=.ad", Format::Html);
    assert!(html.contains("<td>a</td><td></td><td>b</td>"), "{html}");
}

#[test]
fn an_empty_head_is_a_row() {
    let table = "<table><thead><tr><th></th></tr></thead><tbody><tr><td>a</td></tr></tbody></table>";
    assert_html(&[(table, table), ("<table><tr><th></th></tr></table>", "")]);
}

#[test]
fn lists_nest_and_tasks_have_marks() {
    assert_html(&[
        (
            "<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>",
            "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
        ),
        ("<ul><ul><li>b</li></ul></ul>", "<ul><li><ul><li>b</li></ul></li></ul>"),
        (
            "<ul><li><input type=checkbox checked> done</li><li><p><input type=checkbox>open</p></li></ul>",
            "<ul><li>[x] done</li><li><p>[ ] open</p></li></ul>",
        ),
        ("<ul><li><span>a</span></li></ul>", "<ul><li>a</li></ul>"),
    ]);
}

#[test]
fn bold_that_is_none_is_dropped() {
    assert_html(&[(
        "<b style=\"font-weight: normal\" id=docs-internal-guid-1><p>plain <b>bold</b></p></b>",
        "<p>plain <b>bold</b></p>",
    )]);
}

#[test]
fn superscripts_are_raised_in_text() {
    assert_eq!(
        text("<p>10<sup>6</sup> kg, 3×10<sup>−4</sup>, the 1<sup>st</sup>, x<sup>2k</sup></p>"),
        "10⁶ kg, 3×10⁻⁴, the 1st, x^2k"
    );
    assert_eq!(html("<p>10<sup>6</sup></p>"), "<p>10<sup>6</sup></p>");
}

#[test]
fn gutters_go_from_what_is_kept_by_name() {
    let code = "<pre class=keep><code>a<span class=lineno>1</span></code></pre>";
    assert_eq!(answer(code, "keep=.keep", Format::Html), "<pre><code>a</code></pre>\n");
}

#[test]
fn what_a_unit_leaves_out_is_named() {
    let page = "<h2>Cost<a class=headerlink href=#a>¶</a></h2><div class=language-js><span class=title>a.js</span>\
                <pre><code>a</code></pre></div>";
    let article: Value = serde_json::from_str(&answer(page, "", Format::Json)).expect("JSON");
    let removed: Vec<_> = article["removed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|removed| {
            (
                removed["rule"].as_str().unwrap_or_default(),
                removed["preview"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(removed, [("score/permalink", "¶"), ("score/gutter", "a.js")]);
}

#[test]
fn a_line_end_between_ideographs_is_no_blank() {
    for (fragment, wanted) in [
        (
            "<p>第一句。</p><p>海港局星期二决定，\n此前三个冬天，\r\n  风暴把海水推过公路。</p>",
            "海港局星期二决定，此前三个冬天，风暴把海水推过公路。",
        ),
        (
            "<p>第一句。</p><p>港湾局は\n<b>火曜日</b>\n、決めた。</p>",
            "港湾局は火曜日、決めた。",
        ),
        ("<p>One.</p><p>海港 局\nharbour\n局</p>", "海港 局 harbour 局"),
        ("<p>One.</p><p>한국\n사람</p>", "한국 사람"),
        ("<p>One.</p><p>东\n\u{3000}西</p>", "东\u{3000}西"),
    ] {
        let text = text(fragment);
        assert_eq!(text.lines().last(), Some(wanted), "{fragment}");
    }
}
