//! `content_markdown` says what `content_html` says: whatever the content, renderers of Markdown show the same blocks with
//! the same marks, and nothing that was text is markup.

use std::{env, fs, path::Path};

use copydesk::{
    bounds::Deadline,
    engine::{Content, Node, html::tags::Tag},
    input::RawDocument,
    options::Options,
    output::{json::Fields, markdown},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};

use crate::{
    conservation::PIPELINE,
    rendered::{difference, difference_of, is_comparable, pulldown},
};

fn comrak(markdown: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.render.r#unsafe = true;
    // It takes an empty numbered item for text where its input ends.
    comrak::markdown_to_html(&format!("{markdown}\n"), &options)
}

/// A part of a document, for content written by hand.
#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Element(Tag, Vec<(&'static str, String)>, Vec<Part>),
}

fn element(tag: Tag, parts: Vec<Part>) -> Part {
    Part::Element(tag, Vec::new(), parts)
}

fn with(tag: Tag, name: &'static str, value: &str, parts: Vec<Part>) -> Part {
    Part::Element(tag, vec![(name, value.to_owned())], parts)
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn content(parts: &[Part]) -> Content {
    let mut content = Content::default();
    write(parts, &mut content);
    content
}

fn write(parts: &[Part], content: &mut Content) {
    for part in parts {
        match part {
            Part::Text(text) => {
                let start = content.text.len();
                content.text.push_str(text);
                content.nodes.push(Node::Text(start..content.text.len()));
            }
            Part::Element(tag, attributes, parts) => {
                content.nodes.push(Node::Open {
                    tag: *tag,
                    attributes: attributes.clone(),
                });
                write(parts, content);
                if !tag.is_void() {
                    content.nodes.push(Node::Close(*tag));
                }
            }
        }
    }
}

fn written(parts: &[Part]) -> String {
    markdown::render(&content(parts))
}

const PIECES: &[&str] = &[
    "*", "_", "`", "[", "]", "(", ")", "!", "<", ">", "&", "|", "\\", "#", "~", "$", ":", "-", "+", "=", "1", ".",
    "1. ", "12) ", "- ", "# ", "、", "，", "。", "：", "「", "」", "“", "”", "a", "b", "核", "word", " ", "\n",
    "\u{3000}", "\u{a0}", "**", "__", "~~", "``", "```", "---", "===", "&amp;", "&#58;", "<b>", "<!--", "-->", "</p>",
    "![", "](", "[x]: y", "[ ] ", "|---|", "$$", "\\\\", "\t", "    ", "%", "￥", "😀", "é", "^", "{", "}", "@", "/",
    "\"", "'",
];

fn hostile() -> impl Strategy<Value = String> {
    vec(select(PIECES), 1..7).prop_map(|pieces| pieces.concat())
}

const ADDRESSES: &[&str] = &[
    "https://a.example/b(c)d",
    "/a(b",
    "/a b",
    "/a|b`c",
    "?a=1&copy;=2",
    "java&colon;x",
    "#a*b*_c_",
    "https://a.example/路径?q=<b>",
    "a\"b'c",
    "/%5B[x](y)",
];

fn inlines(depth: u32) -> BoxedStrategy<Vec<Part>> {
    let leaf = prop_oneof![
        6 => hostile().prop_map(Part::Text),
        1 => hostile().prop_map(|code| element(Tag::CODE, vec![Part::Text(code)])),
        1 => Just(element(Tag::BR, vec![])),
        1 => (select(ADDRESSES), hostile()).prop_map(|(src, alt)| {
            Part::Element(Tag::IMG, vec![("src", src.to_owned()), ("alt", alt)], vec![])
        }),
    ];
    if depth == 0 {
        return vec(leaf, 1..4).boxed();
    }
    const MARKS: &[Tag] = &[
        Tag::B,
        Tag::STRONG,
        Tag::I,
        Tag::EM,
        Tag::S,
        Tag::SUB,
        Tag::SUP,
        Tag::KBD,
        Tag::MARK,
        Tag::ABBR,
    ];
    let marked = (select(MARKS), inlines(depth - 1)).prop_map(|(tag, parts)| element(tag, parts));
    let bold = inlines(depth - 1).prop_map(|parts| element(Tag::B, parts));
    let linked = (select(ADDRESSES), inlines(depth - 1)).prop_map(|(href, parts)| {
        let parts = parts.into_iter().flat_map(unlinked).collect();
        with(Tag::A, "href", href, parts)
    });
    vec(prop_oneof![4 => leaf, 3 => marked, 2 => bold, 1 => linked], 1..5).boxed()
}

/// The same without links, of which the content holds none inside another.
fn unlinked(part: Part) -> Vec<Part> {
    match part {
        Part::Element(tag, attributes, parts) => {
            let parts = parts.into_iter().flat_map(unlinked).collect();
            match tag {
                Tag::A => parts,
                _ => vec![Part::Element(tag, attributes, parts)],
            }
        }
        text => vec![text],
    }
}

fn code() -> impl Strategy<Value = Part> {
    (vec(hostile(), 1..4), any::<bool>()).prop_map(|(lines, has_language)| {
        let lines: Vec<String> = lines.iter().map(|line| line.replace('\n', " ")).collect();
        let code = lines.join("\n").trim().to_owned();
        let class = if has_language {
            vec![("class", "language-rust".to_owned())]
        } else {
            vec![]
        };
        element(Tag::PRE, vec![Part::Element(Tag::CODE, class, vec![Part::Text(code)])])
    })
}

fn table() -> impl Strategy<Value = Part> {
    let span = || prop_oneof![6 => Just("1"), 1 => Just("2"), 1 => Just("3")];
    let cell = (span(), span(), inlines(1), any::<bool>()).prop_map(|(wide, high, parts, is_block)| {
        let spans = vec![("colspan", wide.to_owned()), ("rowspan", high.to_owned())];
        let parts = match is_block {
            true => vec![element(Tag::P, parts.clone()), element(Tag::P, parts)],
            false => parts,
        };
        Part::Element(Tag::TD, spans, parts)
    });
    vec(vec(cell, 1..4).prop_map(|cells| element(Tag::TR, cells)), 1..4).prop_map(|rows| element(Tag::TABLE, rows))
}

fn blocks(depth: u32) -> BoxedStrategy<Vec<Part>> {
    const HEADINGS: &[Tag] = &[Tag::H1, Tag::H2, Tag::H6];
    let leaf = prop_oneof![
        6 => inlines(2).prop_map(|parts| element(Tag::P, parts)),
        2 => (select(HEADINGS), inlines(1)).prop_map(|(tag, parts)| element(tag, parts)),
        2 => code(),
        1 => table(),
        1 => Just(element(Tag::HR, vec![])),
    ];
    if depth == 0 {
        return vec(leaf, 1..3).boxed();
    }
    let item = prop_oneof![
        3 => inlines(1),
        2 => (inlines(1), blocks(depth - 1)).prop_map(|(line, blocks)| line.into_iter().chain(blocks).collect()),
        1 => blocks(depth - 1),
        1 => Just(vec![]),
    ];
    let item = item.prop_map(|parts| element(Tag::LI, parts));
    let kind = prop_oneof![
        Just((Tag::UL, "1")),
        Just((Tag::OL, "1")),
        Just((Tag::OL, "7")),
        Just((Tag::OL, "0"))
    ];
    let list = (kind, vec(item, 1..4)).prop_map(|((tag, start), items)| match tag {
        Tag::OL => with(tag, "start", start, items),
        _ => element(tag, items),
    });
    let quote = blocks(depth - 1).prop_map(|parts| element(Tag::BLOCKQUOTE, parts));
    vec(prop_oneof![4 => leaf, 3 => list, 1 => quote], 1..4).boxed()
}

fn holds_for(cases: u32, render: fn(&str) -> String) {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(20),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&blocks(2), |parts| match difference(&content(&parts), render) {
        Some(difference) => Err(TestCaseError::fail(difference)),
        None => Ok(()),
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn any_content_is_shown_by_pulldown_cmark() {
    holds_for(3000, pulldown);
}

#[test]
fn any_content_is_shown_by_comrak() {
    holds_for(3000, comrak);
}

/// On whole pages: our own, and those in the folders that `PAGES` names, parted by colons.
#[test]
fn pages_say_the_same_in_both_forms() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let mut files: Vec<_> = fs::read_dir(own)
        .expect("tests/pages")
        .flat_map(|entry| {
            let folder = entry.expect("an entry").path();
            [folder.join("in.html"), folder.join("in.md")]
        })
        .filter(|file| file.exists())
        .collect();
    let others = env::var_os("PAGES").unwrap_or_default();
    for folder in env::split_paths(&others).filter(|folder| !folder.as_os_str().is_empty()) {
        let pages = fs::read_dir(folder).expect("a folder of pages");
        files.extend(pages.map(|entry| entry.expect("an entry").path()));
    }
    assert!(files.len() > 20);
    let mut faults = Vec::new();
    for file in files {
        let bytes = fs::read(&file).expect("a page");
        let options = Options {
            fields: Fields::parse("content_html,content_markdown").expect("fields"),
            ..Options::default()
        };
        let document = RawDocument {
            bytes: &bytes,
            ..RawDocument::default()
        };
        let Ok(answer) = PIPELINE.normalize(&document, &options, &Deadline::after(PIPELINE.bounds().time)) else {
            continue;
        };
        let article: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let field = |name: &str| article[name].as_str().expect("a text").to_owned();
        let (html, markdown) = (field("content_html"), field("content_markdown"));
        if !is_comparable(&html) {
            continue;
        }
        for render in [pulldown, comrak] {
            if let Some(difference) = difference_of(&html, &markdown, &render(&markdown)) {
                let short: String = difference.chars().take(1500).collect();
                faults.push(format!("{}: {short}", file.display()));
                break;
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{}\n{} pages differ",
        faults.join("\n\n"),
        faults.len()
    );
}

fn paragraph(parts: Vec<Part>) -> String {
    written(&[element(Tag::P, parts)])
}

#[test]
fn emphasis_stands_where_it_is_read() {
    let bold = |inner: &str| element(Tag::B, vec![text(inner)]);
    let italic = |inner: &str| element(Tag::I, vec![text(inner)]);
    for (parts, markdown) in [
        (vec![bold("核心提示："), text("海港局")], "**核心提示**：海港局"),
        (vec![bold("5%"), text("off")], "**5**%off"),
        (
            vec![text("说"), bold("“等。”"), text("随后")],
            "说<strong>“等。”</strong>随后",
        ),
        (vec![bold("Note:"), text(" text")], "**Note:** text"),
        (vec![text("foo"), bold("bar"), text("baz")], "foo**bar**baz"),
        (vec![text("a"), bold(" b "), text("c")], "a **b** c"),
        (vec![bold("a"), bold("b")], "**ab**"),
        (vec![bold("a"), italic("b")], "**a**<em>b</em>"),
        (vec![element(Tag::B, vec![italic("a")])], "***a***"),
        (
            vec![element(Tag::B, vec![text("a"), italic("b")]), text("c")],
            "<strong>a*b*</strong>c",
        ),
        (vec![element(Tag::B, vec![bold("a"), text("b")])], "**ab**"),
        (vec![bold(" "), text("a"), bold("")], "a"),
    ] {
        assert_eq!(paragraph(parts), markdown);
    }
}

#[test]
fn code_is_closed_by_its_own_fence() {
    let code = |inner: &str| element(Tag::CODE, vec![text(inner)]);
    for (parts, markdown) in [
        (vec![code("a`b")], "``a`b``"),
        (vec![code("a"), code("b")], "`a`<code>b</code>"),
        (vec![text("`"), code("b")], "\\`<code>b</code>"),
        (vec![code("a\nb")], "`a b`"),
        (
            vec![element(
                Tag::CODE,
                vec![text("Vec<"), with(Tag::A, "href", "/u8", vec![text("u8")]), text(">")],
            )],
            "`Vec<`[`u8`](/u8)`>`",
        ),
        (
            vec![element(Tag::CODE, vec![text("x"), element(Tag::SUP, vec![text("2")])])],
            "<code>x<sup>2</sup></code>",
        ),
        (
            vec![element(
                Tag::CODE,
                vec![
                    text("x "),
                    with(Tag::SPAN, "class", "math inline", vec![text("\\(y\\)")]),
                ],
            )],
            "<code>x $y$</code>",
        ),
    ] {
        assert_eq!(paragraph(parts), markdown);
    }
    let block = |class: &'static str, code: &str| {
        let inner = Part::Element(Tag::CODE, vec![("class", class.to_owned())], vec![text(code)]);
        element(Tag::PRE, vec![inner])
    };
    assert_eq!(written(&[block("language-rust", "a\n\nb")]), "```rust\na\n\nb\n```");
    assert_eq!(written(&[block("", "```\na\n```")]), "````\n```\na\n```\n````");
    let item = element(Tag::LI, vec![block("", "a\n\nb")]);
    assert_eq!(
        written(&[element(Tag::BLOCKQUOTE, vec![element(Tag::UL, vec![item])])]),
        "> - ```\n>   a\n>\n>   b\n>   ```"
    );
}

#[test]
fn links_and_pictures_are_what_they_were() {
    let link = |href: &str, parts| with(Tag::A, "href", href, parts);
    let picture = Part::Element(
        Tag::IMG,
        vec![("src", "/a b.png".into()), ("alt", "a]b".into())],
        vec![],
    );
    for (parts, markdown) in [
        (vec![text("Look!"), link("/a", vec![text("here")])], "Look\\![here](/a)"),
        (vec![link("/a(b", vec![text("a]b")])], "[a\\]b](/a%28b)"),
        (vec![link("/a", vec![picture.clone()])], "[![a\\]b](/a%20b.png)](/a)"),
        (vec![link("/a", vec![text(" there ")]), text("x")], "[there](/a) x"),
        (vec![link("/a", vec![element(Tag::B, vec![])])], ""),
        (
            vec![link("javascript&colon;alert(1)", vec![text("a")])],
            "[a](javascript%26colon;alert(1))",
        ),
        (vec![link("/a", vec![text("^1")])], "[\\^1](/a)"),
        (
            vec![link("/a", vec![element(Tag::CODE, vec![text("]: x")]), text("b")])],
            "[<code>\\]: x</code>b](/a)",
        ),
    ] {
        assert_eq!(paragraph(parts), markdown);
    }
}

#[test]
fn what_markdown_has_no_mark_for_is_html() {
    let sup = |inner: &str| element(Tag::SUP, vec![text(inner)]);
    assert_eq!(paragraph(vec![text("10"), sup("6"), text(" kg")]), "10<sup>6</sup> kg");
    assert_eq!(
        paragraph(vec![element(Tag::KBD, vec![text("Ctrl")])]),
        "<kbd>Ctrl</kbd>"
    );
    let reading = [
        element(Tag::RP, vec![text("(")]),
        element(Tag::RT, vec![text("kan")]),
        element(Tag::RP, vec![text(")")]),
    ];
    let ruby = element(Tag::RUBY, std::iter::once(text("漢")).chain(reading).collect());
    assert_eq!(paragraph(vec![ruby]), "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>");
}

#[test]
fn finds_of_the_fuzzer_stay_found() {
    let ruby = |inner: Vec<Part>| element(Tag::RUBY, vec![text("漢"), element(Tag::RT, inner)]);
    for parts in [
        vec![text("a<=mail@host.example>b <3@host.example>")],
        vec![ruby(vec![text("kan"), ruby(vec![text("ji")])])],
        vec![element(Tag::CODE, vec![text("a"), element(Tag::RT, vec![text("b")])])],
        vec![element(
            Tag::CODE,
            vec![text("a`"), element(Tag::BR, vec![]), element(Tag::U, vec![text("b")])],
        )],
        vec![with(
            Tag::A,
            "href",
            "/a",
            vec![element(Tag::CODE, vec![text("]: x")]), text("b")],
        )],
    ] {
        assert_eq!(difference(&content(&[element(Tag::P, parts)]), pulldown), None);
    }
}

#[test]
fn lists_keep_their_items_apart() {
    let item = |inner: &str| element(Tag::LI, vec![text(inner)]);
    let list = |items: Vec<Part>| element(Tag::UL, items);
    assert_eq!(written(&[list(vec![item("a")]), list(vec![item("b")])]), "- a\n\n* b");
    let numbered = with(Tag::OL, "start", "7", vec![item("seven"), item("eight")]);
    let nested = element(Tag::LI, vec![text("Seats:"), numbered]);
    assert_eq!(written(&[list(vec![nested])]), "- Seats:\n\n  7. seven\n  8. eight");
    let nested = element(Tag::LI, vec![text("a"), list(vec![item("b")])]);
    assert_eq!(
        written(&[list(vec![nested, item("[x] done")])]),
        "- a\n  - b\n- [x] done"
    );
    let paragraphs = element(
        Tag::LI,
        vec![element(Tag::P, vec![text("p")]), element(Tag::P, vec![text("q")])],
    );
    assert_eq!(written(&[list(vec![paragraphs, item("a")])]), "- p\n\n  q\n\n- a");
    assert_eq!(
        written(&[list(vec![
            element(Tag::LI, vec![]),
            element(Tag::LI, vec![element(Tag::HR, vec![])])
        ])]),
        "-\n- ___"
    );
}

#[test]
fn text_that_is_no_box_of_ours_is_no_task() {
    let list = element(Tag::UL, vec![element(Tag::LI, vec![text("[X] a")])]);
    assert_eq!(difference(&content(std::slice::from_ref(&list)), pulldown), None);
    assert_eq!(written(&[list]), "- \\[X\\] a");
}

#[test]
fn a_list_too_deep_stands_in_the_last_that_is_read() {
    let deep = |depth: usize| {
        (0..depth).fold(vec![text("end")], |inner, i| {
            vec![element(
                Tag::UL,
                vec![element(Tag::LI, [vec![text(&format!("{i}"))], inner].concat())],
            )]
        })
    };
    assert_eq!(difference(&content(&deep(8)), pulldown), None);
    let far = pulldown(&written(&deep(60)));
    assert_eq!(far.matches("<ul>").count(), 8);
    assert!(far.contains("<p>0end</p>"), "{far}");
}

#[test]
fn tables_have_all_their_cells() {
    let cell = |name: &'static str, span: &str, inner: &str| with(Tag::TD, name, span, vec![text(inner)]);
    let row = |cells| element(Tag::TR, cells);
    let rows = vec![
        row(vec![cell("colspan", "2", "a|b")]),
        row(vec![cell("rowspan", "2", "c"), cell("dir", "ltr", "d")]),
        row(vec![cell("dir", "ltr", "e")]),
    ];
    let caption = element(Tag::CAPTION, vec![text("Waves")]);
    let table = element(Tag::TABLE, vec![caption, element(Tag::TBODY, rows)]);
    assert_eq!(
        written(&[table]),
        "Waves\n\n| a\\|b | |\n| --- | --- |\n| c | d |\n| | e |"
    );
    let inner = element(
        Tag::TABLE,
        vec![
            row(vec![cell("dir", "ltr", "x"), cell("dir", "ltr", "y")]),
            row(vec![cell("dir", "ltr", "z")]),
        ],
    );
    let blocks = vec![
        element(Tag::P, vec![text("p")]),
        inner,
        element(Tag::PRE, vec![element(Tag::RT, vec![text("q\nr|s")])]),
    ];
    let table = element(Tag::TABLE, vec![row(vec![element(Tag::TD, blocks)])]);
    assert_eq!(difference(&content(std::slice::from_ref(&table)), pulldown), None);
    assert_eq!(written(&[table]), "| p<br>x y<br>z<br>`q`<br>`r\\|s` |\n| --- |");
}

#[test]
fn spans_of_four_digits_stay_small() {
    let wide = |name| element(Tag::TR, vec![with(Tag::TD, name, "9999", vec![text("a")]); 40]);
    for name in ["colspan", "rowspan"] {
        let rows = (0..200).map(|_| wide(name)).collect();
        let written = written(&[element(Tag::TABLE, rows)]);
        assert!(written.len() < 40 * 200 * 40, "{}", written.len());
    }
}

#[test]
fn formulas_stand_between_dollars() {
    let inline = |tex: &str| with(Tag::SPAN, "class", "math inline", vec![text(tex)]);
    assert_eq!(
        paragraph(vec![text("Energy is "), inline("\\(E=mc^2\\)"), text(", for $5")]),
        "Energy is $E=mc^2$, for \\$5"
    );
    assert_eq!(
        paragraph(vec![text("由"), inline("\\(x\\)"), text("可知")]),
        "由 $x$ 可知"
    );
    assert_eq!(paragraph(vec![inline("\\(a$b\\)")]), "`a$b`");
    assert_eq!(paragraph(vec![text("It costs $5.")]), "It costs $5.");
    let display = with(Tag::DIV, "class", "math display", vec![text("\\[a\n= b\\]")]);
    assert_eq!(
        written(&[
            element(Tag::P, vec![text("x")]),
            display.clone(),
            element(Tag::P, vec![text("y")])
        ]),
        "x\n\n$$\na\n{}= b\n$$\n\ny"
    );
    let item = element(Tag::LI, vec![text("x"), display.clone(), text("y")]);
    assert_eq!(difference(&content(&[element(Tag::UL, vec![item])]), pulldown), None);
    let rendered = pulldown(&written(&[display]));
    assert!(rendered.contains("math-display"), "{rendered}");
}

#[test]
fn footnotes_have_references_and_definitions() {
    let reference = |label: &str| {
        let attributes = vec![("href", format!("#fn-{label}")), ("id", format!("fnref-{label}"))];
        element(Tag::SUP, vec![Part::Element(Tag::A, attributes, vec![text(label)])])
    };
    let note = |label: &str, parts| with(Tag::LI, "id", &format!("fn-{label}"), parts);
    let section = with(
        Tag::SECTION,
        "class",
        "footnotes",
        vec![element(
            Tag::OL,
            vec![
                note(
                    "1",
                    vec![element(Tag::P, vec![text("One")]), element(Tag::P, vec![text("more")])],
                ),
                note(
                    "2",
                    vec![text("Two"), with(Tag::A, "href", "#fnref-2", vec![text("↩")])],
                ),
                note("3", vec![text("Unused")]),
            ],
        )],
    );
    let body = element(
        Tag::P,
        vec![
            text("a"),
            reference("1"),
            text(" b"),
            reference("2"),
            text(" [^3] "),
            reference("9"),
        ],
    );
    let markdown = written(&[body, section]);
    assert_eq!(
        markdown,
        "a[^1] b[^2] \\[^3\\] <sup>[9](#fn-9)</sup>\n\n[^1]: One\n\n    more\n\n[^2]: Two\n\n3. Unused"
    );
    let rendered = pulldown(&markdown);
    assert_eq!(rendered.matches("footnote-definition-label").count(), 2, "{rendered}");
    let list = element(Tag::OL, vec![element(Tag::LI, vec![text("One")])]);
    let section = with(
        Tag::SECTION,
        "class",
        "footnotes",
        vec![element(Tag::OL, vec![note("1", vec![list])])],
    );
    let body = element(Tag::P, vec![text("a"), reference("1")]);
    assert_eq!(difference(&content(&[body, section]), pulldown), None);
}

#[test]
fn callouts_and_details_keep_their_titles() {
    let quote = |kind: &str, title: &str| {
        let title = element(Tag::P, vec![element(Tag::STRONG, vec![text(title)])]);
        let attributes = vec![("class", "callout".to_owned()), ("callout", kind.to_owned())];
        Part::Element(
            Tag::BLOCKQUOTE,
            attributes,
            vec![title, element(Tag::P, vec![text("Shut in storms.")])],
        )
    };
    assert_eq!(written(&[quote("note", "Note")]), "> [!NOTE]\n> Shut in storms.");
    assert_eq!(
        written(&[quote("warning", "Mind the quay")]),
        "> [!WARNING] Mind the quay\n> Shut in storms."
    );
    let details = element(
        Tag::DETAILS,
        vec![
            element(Tag::SUMMARY, vec![text("More")]),
            element(Tag::P, vec![text("Hidden.")]),
        ],
    );
    assert_eq!(written(&[details]), "**More**\n\nHidden.");
}

#[test]
fn headings_are_one_line() {
    let heading = |parts| written(&[element(Tag::H2, parts)]);
    assert_eq!(heading(vec![text("Written in C #")]), "## Written in C \\#");
    assert_eq!(
        heading(vec![text("a"), element(Tag::BR, vec![]), text("b")]),
        "## a<br>b"
    );
    assert_eq!(heading(vec![text("1. How")]), "## 1. How");
    assert_eq!(heading(vec![]), "");
}

#[test]
fn a_part_of_ruby_stands_in_no_other_part() {
    let html = crate::safety::clean("<p>x</p><p><ruby><b><rp><b><rt>d", "");
    assert_eq!(html, "<p>x</p><p><ruby><b><rp><b>d</b></rp></b></ruby></p>");
}

#[test]
fn a_dollar_beside_a_formula_of_its_cell_is_text() {
    let html = "<table><tr><th>$<h4><math>r</math></h4></th></tr><tr><td>1</td></tr></table>";
    let content = "<p>x</p>".to_owned() + html;
    let document = copydesk::input::RawDocument {
        bytes: content.as_bytes(),
        content_type: Some("text/html"),
        ..copydesk::input::RawDocument::default()
    };
    let options = copydesk::options::Options {
        format: Some(copydesk::options::Format::Markdown),
        ..copydesk::options::Options::default()
    };
    let deadline = copydesk::bounds::Deadline::after(std::time::Duration::from_secs(60));
    let answer = crate::conservation::PIPELINE
        .normalize(&document, &options, &deadline)
        .expect("an article");
    let markdown = String::from_utf8(answer.body).expect("UTF-8");
    assert!(markdown.contains("| \\$<br>$r$ |"), "{markdown}");
}
