//! The rule format: where a rule applies, what it takes and what it drops, on both roads.

use std::{collections::BTreeMap, env, fs, path::Path};

use copydesk::{
    bounds::Bounds,
    options::CleanOptions,
    pipeline::Pipeline,
    rules::{RuleSet, RuleSources, read},
};
use serde_json::Value;

use crate::{
    guard::{folder, list, with},
    process::{copydesk, run},
};

/// The built-in rules and those of a file called `mine.toml`.
fn mine(name: &str, file: &str) -> RuleSet {
    let folder = folder(name);
    fs::write(folder.join("mine.toml"), file).expect("it is written");
    let sources = RuleSources {
        folders: vec![folder],
        ..RuleSources::default()
    };
    read(&sources).expect("sound rules").0
}

/// Rules whose every example must hold.
fn shown(name: &str, file: &str) -> RuleSet {
    let (_, broken) = Pipeline::new(mine(name, file), Bounds::default()).check_examples();
    assert!(broken.is_empty(), "{broken:#?}");
    mine(name, file)
}

fn clean(rules: RuleSet, html: &str) -> String {
    let pipeline = Pipeline::new(rules, Bounds::default());
    let mut cleaner = pipeline.cleaner(None, &CleanOptions::default()).expect("a cleaner");
    cleaner.write(html.as_bytes()).expect("a good page");
    cleaner.end().expect("a good page");
    String::from_utf8(cleaner.take()).expect("UTF-8")
}

const GERMAN: &str = r#"
[[rule]]
id = "read-also"
category = "related"
why = "Links to other articles, in German words that mean something else elsewhere."
languages = ["de"]
select = [".mehr"]
text = "Mehr: .*"
[[rule.example]]
in = '<html lang=de-AT><p>Text.</p><p class=mehr>Alles</p><p>Mehr: Boote</p></html>'
out = "<p>Text.</p>"
"#;

#[test]
fn a_rule_for_a_language_holds_where_the_document_says_so() {
    let rules = || shown("language", GERMAN);
    let body = "<p>Text.</p><p class=mehr>Alles</p><p>Mehr: Boote</p>";
    let text = |document: &str| with(rules(), document, "")["content_text"].clone();
    let all = "Text.\n\nAlles\n\nMehr: Boote";
    assert_eq!(text(&format!("---\nlang: DE\n---\n<div>{body}</div>")), "Text.");
    assert_eq!(text(&format!("---\nlang: nl\n---\n<div>{body}</div>")), all);
    // What does not say its language is in none.
    assert_eq!(text(body), all);
    let article = with(rules(), &format!("<html lang=en>{body}"), "");
    let removed = article["removed"].as_array().expect("a list");
    assert!(removed.iter().all(|removal| removal["rule"] != "language/read-also"));
}

#[test]
fn a_rule_for_a_language_means_the_same_to_a_stream() {
    let page = |lang: &str| format!("<html lang={lang}><body><p>Text.</p><p class=mehr>Alles</p></body></html>");
    let dropped = "<html lang=de><body><p>Text.</p></body></html>";
    assert_eq!(clean(mine("language-stream", GERMAN), &page("de")), dropped);
    assert_eq!(clean(mine("language-stream", GERMAN), &page("en")), page("en"));
}

const FIELDS: &str = r#"
[[rule]]
id = "headline"
category = "credit"
why = "The template's own headline."
action = "take"
field = "title"
select = [".headline"]
[[rule.example]]
in = '<div class=headline>The <b>harbour</b><br>opens</div><p>Text.</p>'
out = "<p>The <b>harbour</b><br>opens</p><p>Text.</p>"
fields = { title = "The harbour opens" }

[[rule]]
id = "writer"
category = "credit"
why = "The template names its writers above the text, which is no text."
field = "authors"
select = [".by a"]
[[rule.example]]
in = '<p class=by>By <a href="/a">Ada Rede</a> and <a href="/b">Bo Lind</a></p><p>Text.</p>'
out = "<p>By and</p><p>Text.</p>"
fields = { authors = "Ada Rede, Bo Lind" }

[[rule]]
id = "desk"
category = "credit"
why = "The template names its editor."
field = "editors"
select = [".desk"]
[[rule.example]]
in = '<p>Text.</p><p class=desk>Cy Holm</p>'
out = "<p>Text.</p>"
fields = { editors = "Cy Holm" }

[[rule]]
id = "outlet"
category = "credit"
why = "The agency, as the template names it to machines."
action = "take"
field = "source"
select = ['meta[name="agency"]']
[[rule.example]]
in = '<meta name=agency content="Harbour &amp; Sea"><p>Text.</p>'
out = "<p>Text.</p>"
fields = { source = "Harbour & Sea" }

[[rule]]
id = "time"
category = "credit"
why = "The template prints when it was published; the attribute says it for machines."
field = "date"
select = [".when"]
[[rule.example]]
in = '<p>Text.</p><time class=when datetime="2023-03-06T09:30:00+08:00">on Monday</time>'
out = "<p>Text.</p>"
fields = { date = "2023-03-06T09:30:00+08:00" }
[[rule.example]]
in = '<p>Text.</p><p class=when>2023-03-06 09:30</p>'
out = "<p>Text.</p>"
fields = { date = "2023-03-06T09:30:00Z" }

[[rule]]
id = "cover"
category = "chrome"
why = "The cover stands above the text and is said again in it."
field = "image"
select = [".cover"]
[[rule.example]]
in = '<div class=cover><img data-src="https://a.example/1.jpg" src="x.gif"></div><p>Text.</p>'
out = "<p>Text.</p>"
fields = { image = "https://a.example/1.jpg" }
"#;

#[test]
fn elements_give_fields_and_provenance_names_the_rule() {
    let page = "<h1 class=headline>The harbour opens</h1><p class=by>By <a>Ada Rede</a></p><p class=desk>Cy Holm</p>\
        <meta name=agency content=Sea><p class=when>2023-03-06</p><p class=cover><img src=https://a.example/1.jpg></p><p>Text.</p>";
    let article = with(shown("fields", FIELDS), page, "");
    for (field, rule) in [
        ("title", "mine/headline"),
        ("authors", "mine/writer"),
        ("editors", "mine/desk"),
        ("source", "mine/outlet"),
        ("date_published", "mine/time"),
        ("image", "mine/cover"),
    ] {
        let said = &article["provenance"][field];
        assert_eq!(
            (&said["source"], &said["rule"]),
            (&"rule".into(), &rule.into()),
            "{field}"
        );
    }
    // What the document says of itself comes first, and is no rule's.
    let post = format!("---\ntitle: Another\n---\n{page}");
    let article = with(mine("fields", FIELDS), &post, "");
    assert_eq!(article["title"], "Another");
    assert_eq!(article["provenance"]["title"]["rule"], Value::Null);
    assert_eq!(
        with(mine("fields", FIELDS), page, "without=mine/desk")["editors"],
        Value::Array(vec![])
    );
}

#[test]
fn an_article_is_no_field() {
    let long = format!(
        "<div class=headline>{}</div>",
        "<p>The boats come back.</p>".repeat(100)
    );
    assert_eq!(with(mine("fields-long", FIELDS), &long, "")["title"], Value::Null);
}

#[test]
fn an_example_that_gives_no_such_field_does_not_hold() {
    let wrong = FIELDS.replace("editors = \"Cy Holm\"", "editors = \"Cy\"");
    let (_, broken) = Pipeline::new(mine("fields-wrong", &wrong), Bounds::default()).check_examples();
    assert_eq!(broken.len(), 1);
    assert!(broken[0].to_string().contains("editors: Cy Holm"), "{}", broken[0]);
    let unshown = FIELDS.replace("fields = { title = \"The harbour opens\" }", "");
    let (_, broken) = Pipeline::new(mine("fields-unshown", &unshown), Bounds::default()).check_examples();
    assert!(
        broken[0].to_string().contains("`fields` of its example"),
        "{}",
        broken[0]
    );
}

const REST: &str = r#"
[[rule]]
id = "below"
category = "related"
why = "Below these marks stand other articles."
action = "drop_rest"
select = ["hr.end"]
comment = "^ end of text "
text = "More from us:?"
[[rule.example]]
in = '<div><p>Text.</p><hr class=end><p>Other</p><ul><li>One</li></ul></div><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
[[rule.example]]
in = '<div><p>Text.</p><!-- end of text --><p>Other</p></div><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
[[rule.example]]
in = '<div><p>Text.</p><p>More from us</p><p>Other</p></div><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
[[rule.example]]
in = '<p>Text.<br>More from us:<br>Other</p><p>Behind.</p>'
out = "<p>Text.</p><p>Behind.</p>"
"#;

#[test]
fn everything_behind_a_marker_goes() {
    let page = "<div><p>Text.</p><p>More from us:</p><p>Other</p></div><p>Behind.</p>";
    let article = with(shown("rest", REST), page, "");
    assert_eq!(article["content_text"], "Text.\n\nBehind.");
    let removed = &article["removed"][0];
    assert_eq!(
        (&removed["rule"], &removed["category"]),
        (&"mine/below".into(), &"related".into())
    );
    assert_eq!(article["removed_total"], 1);
    let range = |name: &str| removed[name].as_u64().expect("an offset") as usize;
    assert!(page[range("byte_start")..range("byte_end")].starts_with("<p>More from us:</p><p>Other</p>"));
    // A stream is past the marker's parent before it knows its end, so there it does nothing.
    let page = "<div><p>Text.</p><!-- end of text --><hr class=end><p>Other</p></div>";
    assert_eq!(clean(mine("rest", REST), page), page);
}

#[test]
fn a_marker_at_the_top_does_not_take_the_article() {
    let page = format!(
        "<div><p>More from us</p>{}</div>",
        "<p>The boats come back in the morning, and the market opens.</p>".repeat(20)
    );
    let article = with(mine("rest-top", REST), &page, "");
    assert!(article["content_text"].as_str().expect("text").contains("The boats"));
    assert_eq!(article["warnings"][0]["code"], "rule_rolled_back");
}

#[test]
fn a_keep_rule_wins_over_drop_rules_for_elements_lines_and_comments() {
    let rules = || {
        mine(
            "keep",
            r#"
[[rule]]
id = "ours"
category = "promotion"
why = "Our own words, which other rules take for noise."
action = "keep"
select = [".ours"]
text = "END"
comment = "article_adlist"
[[rule.example]]
in = '<p>Text.</p><p class="ours advertisement">Ours</p><p>END</p>'
out = "<p>Text.</p><p>Ours</p><p>END</p>"
"#,
        )
    };
    let page = "<p>Text.</p><p class=\"ours advertisement\">Ours</p><!--article_adlist[x]article_adlist--><p>END</p>";
    assert_eq!(with(rules(), page, "")["content_text"], "Text.\n\nOurs\n\nEND");
    assert_eq!(clean(rules(), page), page);
}

/// The folder of deliberately broken rule files and lists, each with what `rules check` says of it beside it.
/// `COPYDESK_BLESS=1 cargo test broken_rule` writes that anew; read the difference before it is committed.
const BROKEN: &str = "tests/rules/broken";

#[test]
fn each_broken_rule_file_is_told_with_its_line_and_what_would_be_right() {
    let (code, _, told) = run(copydesk(&["rules", "check", "--rules", BROKEN]), b"");
    assert_eq!(code, 64);
    let mut of_files: BTreeMap<String, String> = BTreeMap::new();
    let mut file = String::new();
    for line in told.trim_start_matches("copydesk: ").lines() {
        // A line that names no file goes on with the fault of the one before.
        let (named, rest) = match line.strip_prefix(&format!("{BROKEN}/")) {
            Some(rest) => (rest.split(':').next(), rest),
            None => (None, line),
        };
        file = named.map_or(file, str::to_owned);
        of_files.entry(file.clone()).or_default().push_str(&format!("{rest}\n"));
    }
    let (code, skipped, _) = run(
        copydesk(&["rules", "check", "--filter-list", &format!("{BROKEN}/list.txt")]),
        b"",
    );
    assert_eq!(code, 0, "a list is never refused for a line");
    let skipped = skipped
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{BROKEN}/")));
    of_files.insert("list.txt".into(), skipped.map(|line| format!("{line}\n")).collect());

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(BROKEN);
    let files = fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_none_or(|e| e != "expected"))
        .collect();
    files.sort();
    assert!(files.len() > 12, "{BROKEN} is not where it was");
    for path in files {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let got = of_files.remove(&name).unwrap_or_default();
        let expected = folder.join(format!("{name}.expected"));
        if env::var_os("COPYDESK_BLESS").is_some() {
            fs::write(&expected, &got).expect("it is written");
        }
        assert!(!got.is_empty(), "{name} is not broken");
        assert_eq!(got, fs::read_to_string(&expected).unwrap_or_default(), "{name}");
    }
    assert!(of_files.is_empty(), "{of_files:#?}");
}

#[test]
fn an_audit_tells_what_went_by_rule_the_worst_document_first() {
    let folder = folder("audit");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("it is written");
    write("a.html", "<p>Nothing goes here.</p>");
    write("b.html", "<p>Aaaa</p><p class=advertisement>Bbbb</p><p>12 likes</p>");
    write("c.html", "<p>Aaaa aaaa</p><p class=advertisement>Bb</p>");
    write("d.html", "");
    let files: Vec<String> = ["a.html", "b.html", "c.html", "d.html", "e.html"].map(path).to_vec();
    let mut words = vec!["normalize", "--removed"];
    words.extend(files.iter().map(String::as_str));
    let (code, out, told) = run(copydesk(&words), b"");
    assert_eq!(code, 1);
    assert!(told.contains("2 of 5 documents could not be read"), "{told}");
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of: Vec<_> = lines
        .iter()
        .map(|line| line["file"].as_str().expect("a file").to_owned())
        .collect();
    assert_eq!(of, ["b.html", "c.html", "a.html", "d.html", "e.html"].map(path));
    assert_eq!(
        lines[0]
            .to_string()
            .split_once(",\"characters\"")
            .expect("characters")
            .1,
        ":15,\"removed\":11,\"share\":0.7333,\"rules\":[\
        {\"rule\":\"promotion/counters\",\"category\":\"chrome\",\"characters\":7,\"share\":0.4667},\
        {\"rule\":\"generic/ad-slot\",\"category\":\"advertisement\",\"characters\":4,\"share\":0.2667}],\"rolled_back\":0}"
    );
    assert_eq!((&lines[1]["share"], &lines[2]["share"]), (&0.2.into(), &0.0.into()));
    assert!(
        lines[3]["problem"]
            .as_str()
            .expect("a problem")
            .starts_with("empty_body")
    );
    assert!(
        lines[4]["problem"]
            .as_str()
            .expect("a problem")
            .contains("No such file")
    );
    // All is well: exit code 0. Two documents without the flag: no.
    assert_eq!(run(copydesk(&["normalize", "--removed", &files[0]]), b"").0, 0);
    assert_eq!(run(copydesk(&["normalize", &files[0], &files[1]]), b"").0, 1);
}

#[test]
fn a_stream_obeys_filter_lists() {
    let lines = "##.ad_box\nnews.example##.x\n~news.example##.y\n##.z\nnews.example#@#.z\n##div > .w[data-ad^=\"1\"]\n##.a:has(b)\n";
    let page = "<div><p>Text</p><p class=ad_box>b</p><p class=x>x</p><p class=y>y</p><p class=z>z</p><i class=w data-ad=12>w</i></div>";
    let at = |url: &str| {
        let pipeline = Pipeline::new(list(lines), Bounds::default());
        let options =
            CleanOptions::from_pairs(url::form_urlencoded::parse(format!("url={url}").as_bytes())).expect("options");
        let mut cleaner = pipeline.cleaner(None, &options).expect("a cleaner");
        cleaner.write(page.as_bytes()).expect("a good page");
        cleaner.end().expect("a good page");
        String::from_utf8(cleaner.take()).expect("UTF-8")
    };
    assert_eq!(
        at("https://www.news.example/1"),
        "<div><p>Text</p><p class=y>y</p><p class=z>z</p></div>"
    );
    assert_eq!(at("https://other.example/1"), "<div><p>Text</p><p class=x>x</p></div>");
}

#[test]
fn a_stream_looks_for_nothing_in_a_script_behind_an_empty_svg() {
    let script = "<script>write('<div class=\"advertisement\">x</div><p hidden>y</p>')</script>";
    for before in ["<svg/>", "<p><svg><path/></p>", "<math/><b>"] {
        let page = format!("<p>a</p>{before}{script}<p>b</p><div class=advertisement>c</div><p>d</p>");
        let pipeline = Pipeline::new(RuleSet::built_in().expect("sound rules"), Bounds::default());
        let options =
            CleanOptions::from_pairs(url::form_urlencoded::parse(b"without=generic/script")).expect("options");
        let mut cleaner = pipeline.cleaner(None, &options).expect("a cleaner");
        cleaner.write(page.as_bytes()).expect("a good page");
        cleaner.end().expect("a good page");
        let got = String::from_utf8(cleaner.take()).expect("UTF-8");
        assert_eq!(got, page.replace("<div class=advertisement>c</div>", ""));
    }
}

#[test]
fn what_only_looks_like_a_tag_is_text() {
    let text = |html: &str| {
        let article = with(RuleSet::built_in().expect("sound rules"), html, "");
        article["content_text"].as_str().expect("text").to_owned()
    };
    assert_eq!(text("<p>The <meter> element</p>"), "The <meter> element");
    assert_eq!(text("<p>if (a<b && b->next) <b>x</b></p>"), "if (a<b && b->next) x");
    assert_eq!(text("<pre>while(i<n || p->q) {}</pre>"), "while(i<n || p->q) {}");
    assert_eq!(text("<p>List<avg[0]> is odd</p>"), "List<avg[0]> is odd");
    // Tags that only have odd attributes are tags, and what acts is text at most.
    assert_eq!(
        text("<meter value=1>full</meter><a href=\"?a=1&&b=2\">x</a><div && x>y</div>"),
        "fullx\n\ny"
    );
    assert_eq!(text("<script && x>alert(1)</script>z"), "z");
    // A stream lets it pass, and goes on.
    let page = "<p>a<b && b->c</p><p class=advertisement>d</p><p>e</p>";
    let cleaned = clean(RuleSet::built_in().expect("sound rules"), page);
    assert_eq!(cleaned, "<p>a<b && b->c</p><p>e</p>");
}
