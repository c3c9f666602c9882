//! Rules as operators use them: the guard, the order of precedence, folders and lists that change under a running
//! service, and the commands that check them.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use copydesk::{
    bounds::{Bounds, Deadline},
    input::RawDocument,
    options::Options,
    pipeline::Pipeline,
    rules::{RuleSet, RuleSources, read},
};
use serde_json::Value;

use crate::{
    process::{Process, copydesk, run},
    support::{Connection, Server},
};

/// A folder of this test's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

const RULE: &str = "[[rule]]\nid = \"teaser\"\ncategory = \"promotion\"\nwhy = \"our own teasers\"\nselect = [\".teaser\"]\n\
    [[rule.example]]\nin = '<p>a</p><p class=\"teaser\">b</p>'\nout = '<p>a</p>'\n";
const POST: &str = "<p>The text itself stays.</p><p class=teaser>Read our other texts.</p>";

pub(crate) fn with(rules: RuleSet, body: &str, query: &str) -> Value {
    let options = Options::from_pairs(url::form_urlencoded::parse(query.as_bytes())).expect("good options");
    let document = RawDocument {
        bytes: body.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    let pipeline = Pipeline::new(rules, Bounds::default());
    let answer = pipeline
        .normalize(&document, &options, &Deadline::after(Duration::from_secs(60)))
        .expect("an article");
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn list(lines: &str) -> RuleSet {
    let file = folder("list").join(format!("list-{}.txt", lines.len()));
    fs::write(&file, lines).expect("it is written");
    read(&RuleSources {
        folders: Vec::new(),
        filter_lists: vec![file],
    })
    .expect("a sound list")
    .0
}

fn wrapped(class: &str) -> String {
    let paragraph = "<p>One paragraph of the article, with words and commas enough to be read as a real one.</p>";
    format!(
        "<html><body><div id=wrapper class=\"page {class}\"><h1>Title</h1>{}</div></body></html>",
        paragraph.repeat(12)
    )
}

#[test]
fn a_list_that_names_the_wrapper_does_not_take_the_article() {
    let article = with(list("##.ad_body\n##.ad_box\n"), &wrapped("ad_body"), "");
    assert!(
        article["content_text"]
            .as_str()
            .expect("text")
            .contains("One paragraph"),
        "{article}"
    );
    assert_eq!(article["warnings"][0]["code"], "rule_rolled_back");
    // The caller's own word is obeyed even then.
    let article = with(list("##.ad_body\n"), &wrapped("x"), "remove=.page");
    assert_eq!(article["content_text"], "");
}

#[test]
fn remove_wins_over_keep_and_keep_over_rules() {
    let rules = || RuleSet::built_in().expect("sound rules");
    let body = "<p>a</p><div class=\"advertisement\"><p>b</p><p class=x>c</p></div>";
    let text = |query: &str| with(rules(), body, query)["content_text"].clone();
    assert_eq!(text(""), "a");
    assert_eq!(text("keep=.x"), "a\n\nc");
    assert_eq!(text("keep=.x&remove=p.x"), "a");
    assert_eq!(text("without=generic/ad-slot"), "a\n\nb\n\nc");
}

#[test]
fn lists_hold_for_their_domains_and_not_where_they_are_excepted() {
    let lines = "news.example##.x\n~good.example##.y\n##.z\ngood.example#@#.z\n";
    let body = "<p>a</p><p class=x>x</p><p class=y>y</p><p class=z>z</p>";
    let text = |url: &str| with(list(lines), body, &format!("url={url}"))["content_text"].clone();
    assert_eq!(text("https://www.news.example/1"), "a");
    assert_eq!(text("https://good.example/1"), "a\n\nx\n\ny\n\nz");
    assert_eq!(text("https://other.example/1"), "a\n\nx");
}

#[test]
fn later_files_win_by_id_and_can_switch_others_off() {
    let folder = folder("order");
    fs::write(
        folder.join("generic.toml"),
        RULE.replace("teaser\"\ncat", "style\"\ncat"),
    )
    .expect("it is written");
    fs::write(folder.join("mine.toml"), "off = [\"generic/script\"]\n").expect("it is written");
    let (set, _) = read(&RuleSources {
        folders: vec![folder.clone()],
        filter_lists: Vec::new(),
    })
    .expect("sound rules");
    let style = set
        .rules()
        .iter()
        .find(|rule| rule.id == "generic/style")
        .expect("it is there");
    assert_eq!(style.why, "our own teasers");
    assert!(set.rules().iter().all(|rule| rule.id != "generic/script"));
    fs::write(folder.join("mine.toml"), "off = [\"generic/nothing\"]\n").expect("it is written");
    let errors = read(&RuleSources {
        folders: vec![folder],
        filter_lists: Vec::new(),
    })
    .expect_err("no such rule");
    assert!(errors[0].to_string().contains("generic/nothing"));
}

fn post(address: SocketAddr) -> Value {
    let mut connection = Connection::to(address);
    let length = POST.len();
    connection.write(format!(
        "POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{POST}"
    ));
    let reply = connection.reply();
    assert_eq!(reply.status, 200);
    reply.json()
}

fn ready(address: SocketAddr) -> Value {
    let mut connection = Connection::to(address);
    connection.write("GET /readyz?verbose HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    connection.reply().json()
}

#[test]
fn a_folder_that_changes_is_read_again_and_a_broken_one_changes_nothing() {
    let folder = folder("reload");
    let shown = folder.to_str().expect("a path in UTF-8");
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--rules", shown]);
    let before = post(address);
    assert!(before["content_text"].as_str().expect("text").contains("other texts"));
    // As a ConfigMap is mounted: the file is a link by way of `..data`, which is swapped for a link to another folder.
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.join(name)).expect("a link");
    fs::create_dir(folder.join("..one")).expect("a folder");
    fs::write(folder.join("..one/mine.toml"), RULE.replace(".teaser", ".other")).expect("it is written");
    link("..one", "..data");
    link("..data/mine.toml", "mine.toml");
    process.wait_for("the rules were read again");
    let between = post(address);
    assert_eq!(between["content_text"], before["content_text"]);
    fs::create_dir(folder.join("..two")).expect("a folder");
    fs::write(folder.join("..two/mine.toml"), RULE).expect("it is written");
    link("..two", "..data_tmp");
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("it is swapped");
    process.wait_for("the rules were read again");
    let after = post(address);
    assert_eq!(after["content_text"], "The text itself stays.");
    assert_eq!(after["removed"][0]["rule"], "mine/teaser");
    assert_ne!(between["rules_revision"], after["rules_revision"]);

    fs::write(folder.join("broken.toml"), "[[rule]]\nid = 1\n").expect("it is written");
    process.wait_for("the rules could not be read again; the old ones stay");
    assert_eq!(post(address), after);
    let told = ready(address);
    assert!(
        told["rules_fault"]
            .as_str()
            .expect("a fault")
            .contains("broken.toml:2:"),
        "{told}"
    );

    fs::remove_file(folder.join("broken.toml")).expect("it is removed");
    process.wait_for("the rules were read again");
    assert_eq!(ready(address)["rules_fault"], Value::Null);
    process.signal("HUP");
    process.wait_for("the rules were read again");
    assert_eq!(post(address), after);
}

#[test]
fn rules_that_change_under_load_fail_no_request() {
    let folder = folder("reload-load");
    let shown = folder.to_str().expect("a path in UTF-8");
    let (process, address) = Process::serve(&["--bind", "127.0.0.1:0", "--rules", shown]);
    let before = post(address)["rules_revision"].clone();
    let over = AtomicBool::new(false);
    let seen: Vec<BTreeSet<String>> = std::thread::scope(|scope| {
        let client = || {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                // Each answer is by one set, whole: the article and the revision agree.
                let article = post(address);
                let revision = article["rules_revision"].as_str().expect("a revision").to_owned();
                let dropped = article["removed"][0]["rule"] == "mine/teaser";
                assert_eq!(dropped, article["rules_revision"] != before, "{article}");
                seen.insert(revision);
            }
            seen
        };
        let clients: Vec<_> = (0..3).map(|_| scope.spawn(client)).collect();
        for why in ["our own teasers", "as before", "and again"] {
            fs::write(folder.join(".mine"), RULE.replace("our own teasers", why)).expect("it is written");
            fs::rename(folder.join(".mine"), folder.join("mine.toml")).expect("it is renamed");
            process.wait_for("the rules were read again");
        }
        post(address);
        over.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join().expect("every request is answered"))
            .collect()
    });
    assert!(seen.iter().any(|revisions| revisions.len() > 1), "{seen:?}");
}

#[test]
fn rules_that_do_not_load_stop_the_start_and_are_all_told() {
    let folder = folder("broken");
    fs::write(folder.join("a.toml"), RULE.replace("promotion", "promo")).expect("it is written");
    fs::write(folder.join("b.toml"), RULE.replace(".teaser", "p + p")).expect("it is written");
    let shown = folder.to_str().expect("a path in UTF-8");
    let (code, _, told) = run(copydesk(&["serve", "--bind", "127.0.0.1:0", "--rules", shown]), b"");
    assert_eq!(code, 64);
    assert!(told.contains("a.toml:3: unknown variant `promo`"), "{told}");
    assert!(
        told.contains("b.toml:5: at character 4 of \"p + p\": the combinator `+`"),
        "{told}"
    );
}

#[test]
fn the_commands_list_explain_and_test() {
    let (code, listed, _) = run(copydesk(&["rules", "list"]), b"");
    assert_eq!(code, 0);
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("sina/app-qr\tpromotion\tdrop\tnormalize,batch,clean\t")),
        "{listed}"
    );
    let (code, text, _) = run(copydesk(&["rules", "explain", "credits/editor-line"]), b"");
    assert!(
        code == 0 && text.contains("normalize,batch\n") && text.contains("out: "),
        "{text}"
    );
    assert_eq!(run(copydesk(&["rules", "explain", "no/such"]), b"").0, 1);
    let folder = folder("test");
    fs::write(
        folder.join("mine.toml"),
        RULE.replace("out = '<p>a</p>'", "out = '<p>b</p>'"),
    )
    .expect("it is written");
    let (code, report, _) = run(copydesk(&["rules", "test", folder.to_str().expect("UTF-8")]), b"");
    assert!(code == 1 && report.contains("mine/teaser: from"), "{report}");
}

#[test]
fn every_built_in_example_holds() {
    let pipeline = Pipeline::built_in(Bounds::default()).expect("sound rules");
    let (passed, broken) = pipeline.check_examples();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(passed >= pipeline.rules().rules().len());
}

#[test]
fn the_rules_in_force_are_told() {
    let server = Server::start();
    let all = server.get("/v1/rules").json();
    let count = |listing: &Value| listing["rules"].as_array().expect("rules").len();
    let elsewhere = server.get("/v1/rules?host=news.example").json();
    assert!(count(&all) > count(&elsewhere) && count(&elsewhere) > 10);
    assert_eq!(all["revision"], server.get("/version").json()["rules_revision"]);
    server.get("/v1/rules?hosts=x").is_problem(400, "unknown_option");
}
