//! The equation: every visible character of a document is in its content or in exactly one removed range, and each range,
//! cut out of the bytes that were sent, is what the list of removals says.
//!
//! What is visible is asked of html5ever, so nothing here believes the engine about its own input.

use std::{borrow::Cow, collections::BTreeMap, env, fs, sync::LazyLock};

use copydesk::{
    bounds::{Bounds, Deadline},
    engine::{self, Rulebook, outside_body},
    input::RawDocument,
    options::Options,
    pipeline::Pipeline,
    rules::{DocumentContext, RuleSet},
};
use encoding_rs::{Encoding, GBK, UTF_8};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};
use regex::{Captures, Regex};
use serde_json::Value;

use crate::{content_tree, dom};

pub(crate) static PIPELINE: LazyLock<Pipeline> =
    LazyLock::new(|| Pipeline::built_in(Bounds::default()).expect("the built-in rules load"));

/// How often each visible character occurs.
type Bag = BTreeMap<char, i64>;

fn add(bag: &mut Bag, text: &str, times: i64) {
    for c in dom::visible(text) {
        *bag.entry(c).or_default() += times;
    }
}

/// Whether it holds content that a parser does not show; `outside_body.rs` has the tests about that.
fn is_revealed(html: &str) -> bool {
    let rules = Rulebook::new(RuleSet::built_in().expect("the built-in rules load")).choose(
        DocumentContext::default(),
        &[],
        &[],
        &[],
    );
    let bounds = PIPELINE.bounds();
    let document = engine::parse(html, &rules.expect("no rules"), bounds, &Deadline::after(bounds.time));
    document.is_ok_and(|document| outside_body::reveal(&document).is_some())
}

/// Checks one document, of which `html` is what follows the front matter. Not checked is one with more removals than are
/// listed.
pub(crate) fn check(bytes: &[u8], encoding: &'static Encoding, html: &str, query: &str) -> Result<(), String> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let options = Options::from_pairs(pairs).map_err(|e| e.to_string())?;
    let content_type = format!("text/html; charset={}", encoding.name());
    let document = RawDocument {
        bytes,
        content_type: Some(&content_type),
        ..RawDocument::default()
    };
    let deadline = Deadline::after(PIPELINE.bounds().time);
    if is_revealed(html) {
        return Ok(());
    }
    let answer = PIPELINE
        .normalize(&document, &options, &deadline)
        .map_err(|e| e.to_string())?;
    let article: Value = serde_json::from_slice(&answer.body).map_err(|e| e.to_string())?;
    let removed = article["removed"].as_array().ok_or("no list")?;
    if article["removed_total"] != removed.len() {
        return Ok(());
    }
    let mut left = Bag::new();
    let shown = dom::shown(&dom::document(html)).text();
    add(&mut left, &shown, 1);
    // The HTML, which has what the running text leaves beside itself: captions.
    let content = article["content_html"].as_str().ok_or("no content")?;
    if let Some(fault) = content_tree::fault(content) {
        return Err(fault);
    }
    let content = without_embeds(content, &shown);
    add(&mut left, &dom::shown(&dom::document(&content)).text(), -1);
    let mut end = 0;
    for removal in removed {
        let at = |name: &str| removal[name].as_u64().map(|n| n as usize).ok_or("no offset");
        let range = at("byte_start")?..at("byte_end")?;
        if range.start < end || range.is_empty() || range.end > bytes.len() {
            return Err(format!("{range:?} is out of order: {removal}"));
        }
        end = range.end;
        let (cut, _) = encoding.decode_without_bom_handling(&bytes[range]);
        if at("characters")? > 0 {
            let text = visible_in(&cut);
            add(&mut left, &text, -1);
            let preview: String = dom::visible(removal["preview"].as_str().unwrap_or_default()).collect();
            if text.chars().count() != at("characters")? || preview.is_empty() || !text.starts_with(&preview) {
                return Err(format!("{removal} is not {} characters: {cut:?}", text.chars().count()));
            }
        }
    }
    left.retain(|_, times| *times != 0);
    match left.is_empty() {
        true => Ok(()),
        false => Err(format!("over or missing: {left:?} in {}", article["content_html"])),
    }
}

/// The content without the links that take the place of videos and the like: paragraphs of one link whose text, an address or
/// a label from an attribute, the document does not show.
fn without_embeds<'c>(content: &'c str, shown: &str) -> Cow<'c, str> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<p><a [^>]*>([^<]*)</a></p>").expect("a pattern"));
    let shown: String = dom::visible(shown).collect();
    LINK.replace_all(content, |link: &Captures<'_>| {
        let text = htmlize::unescape(&link[1]);
        let text: String = dom::visible(&text).collect();
        let stays = shown.contains(&text);
        if stays { link[0].to_owned() } else { String::new() }
    })
}

/// The visible characters of a piece of a document, wherever it was cut out.
fn visible_in(cut: &str) -> String {
    dom::shown(&dom::document(&format!("<!doctype html><body>{cut}"))).text()
}

#[derive(Debug, Clone)]
struct Case {
    form: &'static str,
    tokens: Vec<String>,
    query: &'static str,
}

impl Case {
    fn html(&self) -> String {
        let body = self.tokens.concat();
        match self.form {
            "page" => format!("<!doctype html><html><head><title>t</title></head><body>{body}</body></html>"),
            _ => format!("<!doctype html>{body}"),
        }
    }

    fn document(&self) -> (String, String) {
        let html = self.html();
        match self.form {
            "post" => (format!("---\ntitle: 标题\nauthor: 新浪财经\n---\n\n{html}"), html),
            _ => (html.clone(), html),
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let open = select(
        &[
            "p",
            "div",
            "span",
            "b",
            "a href=/x",
            "em",
            "ul",
            "ol",
            "li",
            "h2",
            "blockquote",
            "pre",
            "section",
            "figure",
            "figcaption",
            "dl",
            "dt",
            "dd",
            "article",
            "aside",
            "nav",
            "footer",
            "center",
            "ruby",
            "rt",
            "code",
            "div class=ad",
            "div class='related x'",
            "p class=article-editor",
            "div class=appendQr_wrap",
            "p hidden",
            "div style='display:none'",
            "span class=sr-only",
            "ins class=adsbygoogle",
            "button",
            "form",
            "div id=keep",
            "p class=keep",
            "x-y",
            "table",
            "tr",
            "td",
            "th",
            "caption",
            "tbody",
            "select",
            "noscript",
            "object",
            "header",
            "h1",
            "summary",
            "details",
            "svg",
            "plaintext",
            "template",
        ][..],
    );
    let close = select(
        &[
            "p",
            "div",
            "span",
            "b",
            "a",
            "em",
            "ul",
            "li",
            "h2",
            "blockquote",
            "pre",
            "section",
            "figure",
            "table",
            "td",
            "tr",
            "article",
            "aside",
            "nav",
            "form",
            "button",
            "select",
            "svg",
            "object",
            "noscript",
            "x-y",
            "template",
            "ruby",
        ][..],
    );
    let text = select(
        &[
            "正文一段",
            "word ",
            "，",
            "。",
            "责任编辑：王小明 AB012",
            "来源：某某日报",
            "原标题：某地发布",
            "\n",
            " ",
            "&nbsp;",
            "&amp;",
            "&lt;b&gt;",
            "a<b>c",
            "1 < 2",
            "　　缩进",
            "long enough text to be a paragraph, with a comma or two, and more of it",
            "这一段有足够的字数，可以让评分认为它是一个段落，而不是别的什么东西，也有逗号。",
            "&#8203;",
            "\u{200b}",
            "\u{feff}",
            "👍🏽",
            "&notit;",
            "&#0;",
            "https://example.com",
            "（完）",
            "编辑",
            "点击下载",
            "\t",
            "\r\n",
            "&amp",
            "]]>",
        ][..],
    );
    let odd = select(
        &[
            "<br>",
            "<hr>",
            "<img src=/a.png alt=x>",
            "<img src=/a.png width=1 height=1>",
            "<!-- c -->",
            "</br>",
            "</>",
            "<",
            "<!--article_adlist[<p>来源：中国新闻网</p>]article_adlist-->",
            "<style>.a{b:c}</style>",
            "<script>if(a<b)'</div>'</script>",
            "<textarea>t</textarea>",
            "<iframe>x</iframe>",
            "<xmp>&lt;x</xmp>",
            "<wbr>",
            "<input value=x>",
            "<!doctype html>",
        ][..],
    );
    let token = prop_oneof![
        4 => open.prop_map(|name| format!("<{name}>")),
        4 => close.prop_map(|name| format!("</{name}>")),
        5 => text.prop_map(str::to_owned),
        2 => odd.prop_map(str::to_owned),
    ];
    let query = select(
        &[
            "",
            "remove=.related,b",
            "keep=.keep,%23keep",
            "remove=li&keep=.ad,ul",
            "mode=recall&without=generic/hidden",
        ][..],
    );
    let form = select(&["fragment", "post", "page"][..]);
    (form, proptest::collection::vec(token, 1..40), query).prop_map(|(form, tokens, query)| Case {
        form,
        tokens,
        query,
    })
}

#[test]
fn every_visible_character_is_kept_or_removed_once() {
    let config = Config {
        cases: 400,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&cases(), |case| {
            let (document, html) = case.document();
            prop_assert_eq!(
                check(document.as_bytes(), UTF_8, &html, case.query),
                Ok(()),
                "{:?}",
                document
            );
            // What GBK does not have is sent as character references, which count in its bytes as they stand there.
            let (bytes, _, _) = GBK.encode(&document);
            let (text, _) = GBK.decode_without_bom_handling(&bytes);
            let html = match text.find("<!doctype") {
                Some(start) => Cow::Borrowed(&text[start..]),
                None => Cow::Owned(html),
            };
            prop_assert_eq!(check(&bytes, GBK, &html, case.query), Ok(()), "in GBK: {:?}", text);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// On whole pages: our own, and those in the folders that `PAGES` names, parted by colons.
#[test]
fn every_visible_character_of_whole_pages() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages");
    let own = fs::read_dir(own)
        .expect("the pages")
        .map(|case| case.expect("a case").path());
    let others = env::var_os("PAGES").unwrap_or_default();
    let folders = own.chain(env::split_paths(&others).filter(|path| path.is_dir()));
    let mut pages: Vec<_> = folders
        .flat_map(|folder| fs::read_dir(folder).expect("a folder"))
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .collect();
    pages.sort();
    let (mut checked, mut wrong) = (0, Vec::new());
    for path in pages {
        let bytes = fs::read(&path).expect("a page");
        // Others are told by the pages that are made of these in other encodings.
        let Ok(html) = str::from_utf8(&bytes) else { continue };
        checked += 1;
        if let Err(error) = check(&bytes, UTF_8, html, "") {
            wrong.push(format!("{}: {:.300}", path.display(), error));
        }
    }
    assert!(checked > 10, "only {checked} pages");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
