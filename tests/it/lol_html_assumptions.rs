//! What the engine takes for granted about `lol_html`, one fact a test: an upgrade that changes one of them fails here, by
//! name, and not somewhere in an article.

use std::{cell::RefCell, ops::Range, rc::Rc};

use lol_html::{
    DocumentContentHandlers, EndTagHandler, HtmlRewriter, MemorySettings, RewriteStrSettings, Settings, element,
    errors::RewritingError,
    html_content::{Comment, Doctype},
    rewrite_str,
};

/// A token that a handler was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    kind: &'static str,
    range: Range<usize>,
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Token(Token),
    Out(Vec<u8>),
}

type Log = Rc<RefCell<Vec<Event>>>;

fn tell(log: &Log) -> impl Fn(&'static str, Range<usize>) + use<> {
    let log = Rc::clone(log);
    move |kind, range| log.borrow_mut().push(Event::Token(Token { kind, range }))
}

/// Runs a rewriter with the handlers that the engine attaches: every start tag, the end of raw text, comments, doctype.
fn run(chunks: &[&[u8]], memory_bytes: usize) -> (Vec<Event>, Result<(), RewritingError>) {
    let log = Log::default();
    let (on_comment, on_doctype, on_element) = (tell(&log), tell(&log), tell(&log));
    let document = DocumentContentHandlers::default()
        .comments(move |comment: &mut Comment<'_>| {
            on_comment("comment", comment.source_location().bytes());
            Ok(())
        })
        .doctype(move |doctype: &mut Doctype<'_>| {
            on_doctype("doctype", doctype.source_location().bytes());
            Ok(())
        });
    let ends = Rc::clone(&log);
    let settings = Settings::new()
        .append_document_content_handler(document)
        .append_element_content_handler(element!("*", move |element| {
            on_element("start", element.source_location().bytes());
            if matches!(
                element.tag_name().as_str(),
                "script" | "style" | "title" | "textarea" | "xmp"
            ) {
                let ends = tell(&ends);
                let handler: EndTagHandler<'static> = Box::new(move |end| {
                    ends("end", end.source_location().bytes());
                    Ok(())
                });
                let _ = element.on_end_tag(handler);
            }
            Ok(())
        }))
        .with_strict(false)
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(memory_bytes));
    let out = Rc::clone(&log);
    let mut rewriter = HtmlRewriter::new(settings, move |bytes: &[u8]| {
        if !bytes.is_empty() {
            out.borrow_mut().push(Event::Out(bytes.to_vec()));
        }
    });
    let written = chunks.iter().try_for_each(|chunk| rewriter.write(chunk));
    let ended = written.and_then(|()| rewriter.end());
    (log.take(), ended)
}

fn tokens(chunks: &[&[u8]]) -> Vec<Token> {
    let (events, ended) = run(chunks, usize::MAX);
    ended.expect("nothing to refuse");
    events
        .into_iter()
        .filter_map(|event| match event {
            Event::Token(token) => Some(token),
            Event::Out(_) => None,
        })
        .collect()
}

fn shown(html: &str) -> Vec<String> {
    tokens(&[html.as_bytes()])
        .into_iter()
        .map(|token| format!("{} {}", token.kind, &html[token.range]))
        .collect()
}

/// What stands between the tokens.
fn gaps(html: &str) -> Vec<&str> {
    let mut at = 0;
    let mut gaps = Vec::new();
    for token in tokens(&[html.as_bytes()]) {
        gaps.push(&html[at..token.range.start]);
        at = token.range.end;
    }
    gaps.push(&html[at..]);
    gaps.retain(|gap| !gap.is_empty());
    gaps
}

const PAGE: &str = "<!doctype html><title>a &lt; b</title><p class='x > y'>text &amp; <b>bold</p >more</b></i><!-- c --><br/>\
    <script>if (a<b) '</p>' <!--<script></script>--></script><img src=x>1 < 2 </br></><中文></p x='>'>end";

#[test]
fn between_two_tokens_are_only_text_and_end_tags() {
    assert_eq!(
        gaps(PAGE),
        [
            "a &lt; b",
            "text &amp; ",
            "bold</p >more</b></i>",
            "if (a<b) '</p>' <!--<script></script>-->",
            "1 < 2 </br></><中文></p x='>'>end"
        ]
    );
}

#[test]
fn a_tokens_place_is_absolute_and_hangs_on_no_chunk() {
    let whole = tokens(&[PAGE.as_bytes()]);
    for size in [1, 2, 3, 7, 64] {
        let chunks: Vec<&[u8]> = PAGE.as_bytes().chunks(size).collect();
        assert_eq!(tokens(&chunks), whole, "in chunks of {size}");
    }
    for token in whole {
        let bytes = &PAGE.as_bytes()[token.range.clone()];
        assert!(bytes.starts_with(b"<") && bytes.ends_with(b">"), "{token:?}");
    }
}

#[test]
fn the_sink_has_all_that_is_before_a_token_when_its_handler_runs() {
    for size in [1, 5, 4096] {
        let chunks: Vec<&[u8]> = PAGE.as_bytes().chunks(size).collect();
        let (events, _) = run(&chunks, usize::MAX);
        let mut out = Vec::new();
        for event in events {
            match event {
                Event::Out(bytes) => out.extend(bytes),
                // The end of raw text is told once its own bytes are out as well, or just before.
                Event::Token(token) if token.kind == "end" => assert!(out.len() >= token.range.start),
                Event::Token(token) => assert_eq!(out.len(), token.range.start, "{token:?} in chunks of {size}"),
            }
        }
        assert_eq!(out, PAGE.as_bytes());
    }
}

#[test]
fn raw_text_holds_no_tokens_and_its_end_is_told_exactly() {
    for (html, end) in [
        ("<script>'<p>'</script>x", "</script>"),
        ("<script><!--<script></script><p></script >x", "</script >"),
        ("<script>a</scriptx></SCRIPT\n>x", "</SCRIPT\n>"),
        ("<style><p></style/>x", "</style/>"),
        ("<title><b></title x='y'>x", "</title x='y'>"),
        ("<textarea><p></textarea>x", "</textarea>"),
        ("<xmp><!-- <p></xmp>x", "</xmp>"),
    ] {
        let told = shown(html);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[1], format!("end {end}"));
    }
    for html in [
        "<noscript><p></noscript>",
        "<iframe><p></iframe>",
        "<noembed><p></noembed>",
        "<noframes><p></noframes>",
    ] {
        assert_eq!(shown(html).len(), 1, "{html}");
    }
    assert_eq!(shown("<plaintext><p></plaintext>").len(), 1);
    assert_eq!(shown("<script><p>").len(), 1, "never closed, never told");
}

#[test]
fn what_never_ends_is_told_only_if_it_is_a_comment() {
    for html in [
        "a<p class='x",
        "a<p",
        "a</p",
        "a<",
        "a</",
        "<title>a",
        "<svg><![CDATA[a<p>",
    ] {
        let starts = tokens(&[html.as_bytes()]).len();
        assert_eq!(
            starts,
            usize::from(html.starts_with("<title")) + usize::from(html.starts_with("<svg")),
            "{html}"
        );
        let (events, _) = run(&[html.as_bytes()], usize::MAX);
        let out: Vec<u8> = events
            .iter()
            .filter_map(|event| match event {
                Event::Out(bytes) => Some(bytes.as_slice()),
                Event::Token(_) => None,
            })
            .flatten()
            .copied()
            .collect();
        assert_eq!(out, html.as_bytes(), "and all of it comes out as it came in");
    }
    assert_eq!(shown("a<!-- b <p>"), ["comment <!-- b <p>"]);
    assert_eq!(shown("a<!b <p"), ["comment <!b <p"]);
    assert_eq!(shown("a<!doctyp"), ["comment <!doctyp"]);
}

#[test]
fn comments_arrive_whole_in_all_their_forms() {
    for comment in [
        "<!-- a > b -->",
        "<!-->",
        "<!--->",
        "<!-- a --!>",
        "<!-- <!-- -->",
        "<!x>",
        "<?php echo '?>",
        "</ x>",
        "</3>",
        "<![CDATA[a]]>",
    ] {
        let html = format!("x{comment}y");
        assert_eq!(shown(&html), [format!("comment {comment}")]);
        for size in [1, 2, 3] {
            let chunks: Vec<&[u8]> = html.as_bytes().chunks(size).collect();
            assert_eq!(
                tokens(&chunks),
                tokens(&[html.as_bytes()]),
                "{html:?} in chunks of {size}"
            );
        }
    }
}

#[test]
fn cdata_in_foreign_content_is_no_token_and_hides_its_tags() {
    assert_eq!(
        gaps("<svg><![CDATA[</svg><p>]]></svg>x"),
        ["<![CDATA[</svg><p>]]></svg>x"]
    );
    assert_eq!(gaps("<math><![CDATA[a]]><mi>x"), ["<![CDATA[a]]>", "x"]);
}

#[test]
fn foreign_elements_have_their_namespace_until_html_breaks_out() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&seen);
    let settings = RewriteStrSettings::new().append_element_content_handler(element!("*", move |element| {
        let is_html = element.namespace_uri() == "http://www.w3.org/1999/xhtml";
        log.borrow_mut()
            .push((element.tag_name(), is_html, element.is_self_closing()));
        Ok(())
    }));
    let html = "<svg><g/><desc><i></i></desc><style></style></svg><style></style><svg><p><svg/><style></style></div><svg></div><style>";
    rewrite_str(html, settings.with_strict(false)).expect("nothing to refuse");
    let seen = seen.take();
    let of = |i: usize| (seen[i].0.as_str(), seen[i].1);
    assert_eq!(
        (0..seen.len()).map(of).collect::<Vec<_>>(),
        [
            ("svg", false),
            ("g", false),
            ("desc", true), // its content is HTML, and it is told as if it were itself
            ("i", true),
            ("style", false),
            ("style", true),
            ("svg", false),
            ("p", true),
            // An svg that ended itself, or with what is around it, is still open to lol_html: there the engine starts a fresh
            // rewriter.
            ("svg", false),
            ("style", false),
            ("svg", false),
            ("style", false),
        ]
    );
    assert!(seen[1].2 && !seen[2].2);
}

fn removing(html: &str) -> String {
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!(".ad", |element| {
            element.remove();
            Ok(())
        }))
        .append_document_content_handler(
            DocumentContentHandlers::default().comments(|comment: &mut Comment<'_>| {
                comment.remove();
                Ok(())
            }),
        );
    rewrite_str(html, settings.with_strict(false)).expect("nothing to refuse")
}

#[test]
fn remove_is_exact_where_no_end_can_be_implied() {
    assert_eq!(removing("a<script class=ad>'</p>'</script>b"), "ab");
    assert_eq!(removing("a<style class=ad><p></style>b"), "ab");
    assert_eq!(
        removing("a<img class=ad>b<br class=ad />c<hr class=ad></hr>d"),
        "abc</hr>d"
    );
    assert_eq!(removing("a<!-- <p> -->b<!x>c"), "abc");
}

#[test]
fn remove_eats_the_page_where_an_end_is_implied() {
    // Why the stream has a gate of its own.
    assert_eq!(removing("<p class=ad>one<p>two</p><b>three</b>"), "");
    assert_eq!(removing("<ul><li class=ad>one<li>two</ul>three"), "<ul>three");
}

#[test]
fn end_tags_pop_to_their_name_and_know_no_implied_ends() {
    let ends = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&ends);
    let settings = RewriteStrSettings::new().append_element_content_handler(element!("p", move |element| {
        let log = Rc::clone(&log);
        let handler: EndTagHandler<'static> = Box::new(move |end| {
            log.borrow_mut().push(end.source_location().bytes());
            Ok(())
        });
        let _ = element.on_end_tag(handler);
        Ok(())
    }));
    rewrite_str("<div><p>a<p>b</div>c</p><p>d", settings).expect("nothing to refuse");
    assert_eq!(
        *ends.borrow(),
        [13..19, 13..19],
        "both at the closer that popped them, none for the last one"
    );
}

#[test]
fn strict_refuses_what_browsers_read() {
    let html = "<select><xmp><p></xmp></select>";
    let one = || element!("x", |_| Ok(()));
    let strict = RewriteStrSettings::new().append_element_content_handler(one());
    assert!(matches!(
        rewrite_str(html, strict),
        Err(RewritingError::ParsingAmbiguity(_))
    ));
    let lax = RewriteStrSettings::new()
        .append_element_content_handler(one())
        .with_strict(false);
    assert_eq!(rewrite_str(html, lax).expect("nothing to refuse"), html);
}

#[test]
fn memory_is_bounded_by_an_error() {
    let long = format!("<p title='{}'>", "x".repeat(100_000));
    // A token counts only when it is cut.
    let (first, second) = long.as_bytes().split_at(50_000);
    assert!(run(&[first, second], 1 << 20).1.is_ok());
    let (_, ended) = run(&[first, second], 10_000);
    assert!(
        matches!(ended, Err(RewritingError::MemoryLimitExceeded(_))),
        "{ended:?}"
    );
    let deep = "<p>".repeat(100_000);
    let (_, ended) = run(&[deep.as_bytes()], 1 << 20);
    assert!(
        matches!(ended, Err(RewritingError::MemoryLimitExceeded(_))),
        "its stack counts: {ended:?}"
    );
}

#[test]
fn a_fresh_rewriter_takes_over_at_any_border_of_plain_html() {
    let html = "<p>a<b>b</p><p>c</b><!-- d --><ul><li>e<li><script><p></script></ul>f";
    let whole = tokens(&[html.as_bytes()]);
    for border in whole
        .iter()
        .filter(|token| token.kind == "start" && token.range.end < 50)
        .map(|token| token.range.end)
    {
        let rest = tokens(&[&html.as_bytes()[border..]]);
        let moved: Vec<Token> = rest
            .into_iter()
            .map(|token| Token {
                range: border + token.range.start..border + token.range.end,
                ..token
            })
            .collect();
        assert!(whole.ends_with(&moved), "from {border}");
    }
}

#[test]
fn bytes_and_references_arrive_as_they_were_written() {
    let html = "<p title='&quot;中\u{0}' TITLE=2>&amp;\u{0}</p>";
    assert_eq!(shown(html), ["start <p title='&quot;中\u{0}' TITLE=2>"]);
    assert_eq!(gaps(html), ["&amp;\u{0}</p>"]);
    // Not even UTF-8 is asked for.
    let bytes = b"<p>\xff\xfe<b \xff>\xe4\xb8";
    let (events, ended) = run(&[bytes], usize::MAX);
    ended.expect("nothing to refuse");
    let out: Vec<u8> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Out(bytes) => Some(bytes),
            Event::Token(_) => None,
        })
        .flatten()
        .collect();
    assert_eq!(out, bytes);
}
