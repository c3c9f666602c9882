//! The order of trust: whose word about an article is taken, and what happens where the sources disagree.

use std::time::Duration;

use copydesk::{bounds::Deadline, input::RawDocument, options::Options};
use serde_json::Value;

use crate::conservation::PIPELINE;

const TEXT: &str = "<p>The lake froze over in the second week of the year, and for the first time since anyone in the village \
    could remember people walked across it, carrying baskets and pulling children on sledges behind them.</p>\
    <p>By the end of the month there was a market on the ice, with stoves and benches, and nobody spoke of the thaw.</p>";

fn article(head: &str, body: &str, url: Option<&str>) -> Value {
    let html = format!("<!DOCTYPE html><html lang=en><head>{head}</head><body><main>{body}</main></body></html>");
    let query = url.map(|url| ("url".into(), url.into()));
    let options = Options::from_pairs(query.into_iter()).expect("options");
    let document = RawDocument {
        bytes: html.as_bytes(),
        content_type: Some("text/html"),
        ..RawDocument::default()
    };
    // Time enough for a machine that is slow.
    let deadline = Deadline::after(Duration::from_secs(600));
    let answer = PIPELINE.normalize(&document, &options, &deadline).expect("an article");
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn names(article: &Value) -> Vec<&str> {
    let authors = article["authors"].as_array().expect("a list");
    authors.iter().filter_map(|author| author["name"].as_str()).collect()
}

/// All who can say who wrote it and when, the most trusted first: with the first ones taken away, the next one wins.
#[test]
fn each_source_is_believed_when_those_before_it_are_silent() {
    let heads = [
        (
            "json_ld",
            r#"<script type="application/ld+json">{"@type":"NewsArticle","author":{"@type":"Person","name":"Ada One"},"datePublished":"2020-01-01T08:00:00Z"}</script>"#,
        ),
        ("microdata", ""),
        ("rdfa", ""),
        (
            "open_graph",
            r#"<meta property="article:author" content="Ada Four"><meta property="article:published_time" content="2020-01-04T08:00:00Z">"#,
        ),
        (
            "dublin_core",
            r#"<meta name="DC.Creator" content="Ada Five"><meta name="DC.date.issued" content="2020-01-05T08:00:00Z">"#,
        ),
        (
            "meta",
            r#"<meta name="author" content="Ada Six"><meta name="date" content="2020-01-06T08:00:00Z">"#,
        ),
        ("html", ""),
    ];
    let bodies = [
        (
            1,
            r#"<p><span itemprop="author">Ada Two</span> <time itemprop="datePublished" datetime="2020-01-02T08:00:00Z">then</time></p>"#,
        ),
        (
            2,
            r#"<p><span property="schema:author">Ada Three</span> <span property="schema:datePublished" content="2020-01-03T08:00:00Z">then</span></p>"#,
        ),
        (
            6,
            r#"<p class="byline">By Ada Seven</p><p class="date">7 January 2020, 08:00</p>"#,
        ),
    ];
    let numbers = ["One", "Two", "Three", "Four", "Five", "Six", "Seven"];
    for first in 0..heads.len() {
        let head: String = heads[first..].iter().map(|(_, html)| *html).collect();
        let body: String = bodies
            .iter()
            .filter(|(i, _)| *i >= first)
            .map(|(_, html)| *html)
            .collect();
        let article = article(&head, &format!("<h1>The frozen lake</h1>{body}{TEXT}"), None);
        let source = heads[first].0;
        let day = format!("2020-01-{:02}T08:00:00Z", first + 1);
        assert_eq!(article["date_published"], day, "{source}");
        assert_eq!(article["provenance"]["date_published"]["source"], source);
        // Who wrote it is compared, and not believed by rank: alone each is believed.
        let bodies: String = bodies
            .iter()
            .filter(|(i, _)| *i == first)
            .map(|(_, html)| *html)
            .collect();
        let alone = self::article(heads[first].1, &format!("<h1>The frozen lake</h1>{bodies}{TEXT}"), None);
        assert_eq!(names(&alone), [format!("Ada {}", numbers[first])], "{source}");
        assert_eq!(alone["provenance"]["authors"]["source"], source);
    }
}

#[test]
fn facts_below_the_level_asked_for_are_left_out() {
    let head = r#"<meta name="author" content="Ada Lane"><title>The frozen lake</title>"#;
    let html = format!(
        "<!DOCTYPE html><html lang=en><head>{head}</head><body><main><h1>The frozen lake</h1>{TEXT}</main></body></html>"
    );
    let given = |level: &str| {
        let options = Options::from_pairs([("facts".into(), level.into())].into_iter()).expect("options");
        let document = RawDocument {
            bytes: html.as_bytes(),
            content_type: Some("text/html"),
            ..RawDocument::default()
        };
        let answer = PIPELINE.normalize(&document, &options, &Deadline::after(Duration::from_secs(600)));
        let article: Value = serde_json::from_slice(&answer.expect("an article").body).expect("JSON");
        article
    };
    assert_eq!(names(&given("all")), ["Ada Lane"]);
    let certain = given("certain");
    assert!(names(&certain).is_empty() && certain["byline"].is_null() && certain["summary"].is_null());
    assert!(certain["provenance"]["authors"].is_null());
}

#[test]
fn what_readers_and_quotations_say_is_not_the_articles() {
    let comment = r#"<div class="comment"><span class="author">Bo Ek</span> <time datetime="2019-03-04T10:00:00Z">4 March 2019</time><p>Nice.</p></div>"#;
    let tweet = r#"<blockquote class="twitter-tweet"><p>Ice!</p>Cy Day (@cy) <a href="https://example.org/1">May 5, 2020</a></blockquote>"#;
    for others in [comment, tweet] {
        let page = article("", &format!("<h1>The frozen lake</h1>{others}{TEXT}{TEXT}"), None);
        assert!(page["date_published"].is_null(), "{others}: {}", page["date_published"]);
        assert!(names(&page).is_empty(), "{:?}", names(&page));
    }
}

#[test]
fn json_ld_names_the_picture_in_each_of_its_forms() {
    let picture = "https://example.org/a.jpg";
    for value in [
        r#""https://example.org/a.jpg""#,
        r#"["https://example.org/a.jpg","https://example.org/b.jpg"]"#,
        r#"{"@type":"ImageObject","url":"https://example.org/a.jpg"}"#,
        r#"{"@type":"ImageObject","contentUrl":"https://example.org/a.jpg"}"#,
        r#"[{"@type":"ImageObject","url":"https://example.org/a.jpg"}]"#,
        r##"{"@id":"#a"}"##,
        r##"[{"@id":"#a"}]"##,
        r#"{"@type":"ImageObject","url":["https://example.org/a.jpg"]}"#,
    ] {
        let graph = format!(
            r##"{{"@graph":[{{"@type":"Article","headline":"The frozen lake","image":{value}}},{{"@type":"ImageObject","@id":"#a","url":"{picture}"}}]}}"##
        );
        let head = format!(r#"<script type="application/ld+json">{graph}</script>"#);
        let page = article(&head, TEXT, Some("https://example.org/"));
        assert_eq!(page["image"], picture, "{value}");
        assert_eq!(page["provenance"]["image"]["source"], "json_ld");
    }
}

#[test]
fn labels_say_which_of_two_dates_is_which() {
    for line in [
        "<p class=meta>Updated March 9, 2024 · First published March 5, 2024</p>",
        "<div class=dates><span class=updated>Updated 9 March 2024</span> <span class=published>Published 5 March 2024</span></div>",
    ] {
        let page = article("", &format!("<h1>The frozen lake</h1>{line}{TEXT}"), None);
        assert_eq!(page["date_published"], "2024-03-05T00:00:00Z", "{line}");
        assert_eq!(page["date_modified"], "2024-03-09T00:00:00Z", "{line}");
    }
    let told = "<p>The market will be held on 14 July 2031, the village said, after the one of 3 May 2029.</p>";
    let page = article("", &format!("<h1>The frozen lake</h1>{told}{TEXT}"), None);
    assert!(page["date_published"].is_null(), "{}", page["date_published"]);
}

#[test]
fn the_url_has_the_last_word_about_the_day() {
    let url = Some("https://example.org/2020/01/08/the-frozen-lake/");
    let silent = article("", &format!("<h1>The frozen lake</h1>{TEXT}"), url);
    assert_eq!(silent["date_published"], "2020-01-08T00:00:00Z");
    assert_eq!(silent["provenance"]["date_published"]["source"], "url");
    let same = r#"<meta property="article:published_time" content="2020-01-08T22:00:00-05:00">"#;
    assert_eq!(article(same, TEXT, url)["date_published"], "2020-01-08T22:00:00-05:00");
}

#[test]
fn a_day_becomes_the_minute_that_another_source_has() {
    let head = r#"<meta name="publishdate" content="2020-01-08">"#;
    let body = format!("<h1>The frozen lake</h1><p class=info>2020-01-08 09:41 Desk</p>{TEXT}");
    let exact = article(head, &body, None);
    assert_eq!(exact["date_published"], "2020-01-08T09:41:00Z");
    assert_eq!(exact["date_precision"], "minute");
    assert_eq!(exact["provenance"]["date_published"]["source"], "html");
}

#[test]
fn the_site_gives_way_to_a_person() {
    let site = r#"<meta property="og:site_name" content="Lake Daily">"#;
    let meta = format!(r#"{site}<meta name="author" content="Lake Daily">"#);
    let alone = article(&meta, TEXT, None);
    assert_ne!(alone["provenance"]["authors"]["confidence"], "certain");
    let shown = article(
        &meta,
        &format!("<h1>The frozen lake</h1><p class=author>By Ada Lane</p>{TEXT}"),
        None,
    );
    assert_eq!(names(&shown), ["Ada Lane"]);
    assert_eq!(shown["byline"], "By Ada Lane");
    let person = |name: &str| {
        format!(
            r#"{site}<script type="application/ld+json">{{"@type":"Article","author":{{"@type":"Person","name":"{name}"}}}}</script>"#
        )
    };
    assert_eq!(names(&article(&person("Lake Daily"), TEXT, None)), ["Lake Daily"]);
    let facebook = r#"<meta property="article:author" content="https://facebook.com/lake">"#;
    assert!(names(&article(facebook, TEXT, None)).is_empty());
}

#[test]
fn a_users_name_gives_way_to_the_whole_name() {
    let head = r#"<script type="application/ld+json">{"@type":"Article","author":"ada.lane"}</script><meta name="author" content="Ada Lane">"#;
    assert_eq!(names(&article(head, TEXT, None)), ["Ada Lane"]);
}

#[test]
fn who_speaks_elsewhere_on_the_page_is_not_the_author() {
    let aside = r#"<h1>The frozen lake</h1><div class="related-posts"><span class="author">Bo Ek</span></div>"#;
    let picture = r#"<figure><img src=a.jpg><figcaption itemprop="creator">Cy Day</figcaption></figure>"#;
    let page = article("", &format!("{aside}{picture}{TEXT}"), None);
    assert!(names(&page).is_empty(), "{:?}", names(&page));
}

#[test]
fn authors_of_a_byline_keep_their_pages() {
    let body = format!(
        r#"<h1>The frozen lake</h1><p class="byline">By <a href="/ada">Ada Lane</a> and <a href="/bo">Bo Ek</a></p>{TEXT}"#
    );
    let page = article("", &body, Some("https://example.org/lake"));
    assert_eq!(names(&page), ["Ada Lane", "Bo Ek"]);
    assert_eq!(page["authors"][1]["url"], "https://example.org/bo");
    assert_eq!(page["byline"], "By Ada Lane and Bo Ek");
}

#[test]
fn a_summary_is_the_pages_own_or_its_first_paragraph() {
    let own = article(
        r#"<meta name="description" content="A market on the ice.">"#,
        TEXT,
        None,
    );
    assert_eq!(own["summary"], "A market on the ice.");
    let none = article("", TEXT, None);
    assert!(
        none["summary"]
            .as_str()
            .expect("a string")
            .starts_with("The lake froze over")
    );
    assert_eq!(none["provenance"]["summary"]["source"], "html");
    let dated = article("", &format!("<p>8 January 2020, 14:05</p>{TEXT}"), None);
    assert_eq!(dated["summary"], none["summary"]);
}

/// A time in UTC, and what readers see on another day: the page's own clocks are known by both.
#[test]
fn a_moment_in_utc_is_given_on_the_clocks_of_the_place() {
    let meta = |value: &str| format!(r#"<meta property="article:published_time" content="{value}">"#);
    let shown = |line: &str| format!("<h1>The frozen lake</h1><p class=info>{line}</p>{TEXT}");
    let date = |head: &str, line: &str| article(head, &shown(line), None)["date_published"].clone();
    let utc = meta("2020-01-09T05:30:59Z");
    assert_eq!(date(&utc, "January 8, 2020 at 11:30 p.m."), "2020-01-08T23:30:59-06:00");
    // The same day says nothing, nor do minutes that no two clocks are apart, nor a day alone.
    assert_eq!(date(&utc, "January 9, 2020 at 6:30 a.m."), "2020-01-09T05:30:59Z");
    assert_eq!(date(&utc, "January 8, 2020 at 11:37 p.m."), "2020-01-09T05:30:59Z");
    assert_eq!(date(&utc, "January 8, 2020"), "2020-01-09T05:30:59Z");
    let twice = utc + r#"<meta name="date" content="2020-01-08T23:30:00-06:00">"#;
    assert_eq!(date(&twice, ""), "2020-01-08T23:30:00-06:00");
    let without_zone = meta("2020-01-09T05:30:00") + r#"<meta name="date" content="2020-01-09T04:30:00Z">"#;
    assert_eq!(date(&without_zone, ""), "2020-01-09T05:30:00+01:00");
}

#[test]
fn a_day_after_the_document_was_fetched_is_not_believed() {
    let html = format!(
        r#"<html lang=en><head><meta name="date" content="2030-01-08T00:00:00Z"></head><body><h1>The frozen lake</h1>
            <p class=date>8 January 2020</p>{TEXT}</body></html>"#
    );
    let published = |fetched_at: Option<&str>| {
        let document = RawDocument {
            bytes: html.as_bytes(),
            content_type: Some("text/html"),
            fetched_at: fetched_at.map(|time| time.parse().expect("a time")),
            ..RawDocument::default()
        };
        let deadline = Deadline::after(Duration::from_secs(600));
        let answer = PIPELINE
            .normalize(&document, &Options::default(), &deadline)
            .expect("an article");
        let article: Value = serde_json::from_slice(&answer.body).expect("JSON");
        article["date_published"].clone()
    };
    assert_eq!(published(None), "2030-01-08T00:00:00Z");
    assert_eq!(published(Some("2030-02-01T00:00:00Z")), "2030-01-08T00:00:00Z");
    assert_eq!(published(Some("2020-02-01T00:00:00Z")), "2020-01-08T00:00:00Z");
}

#[test]
fn two_who_agree_with_what_readers_see_are_believed_before_one() {
    let json_ld =
        r#"<script type="application/ld+json">{"@type":"Article","datePublished":"2020-01-06T18:19+01:00"}</script>"#;
    let other = r#"<meta name="DC.Date" content="2020-01-07T07:30+01:00">"#;
    let body = format!("<h1>The frozen lake</h1><p class=info>7 January 2020, 07:30</p>{TEXT}");
    let both = article(&format!("{json_ld}{other}"), &body, None);
    assert_eq!(both["date_published"], "2020-01-07T07:30:00+01:00");
    assert_eq!(both["provenance"]["date_published"]["source"], "dublin_core");
}

/// What stands alone in the head gives way to the day that is marked below the title, but for that of a change.
#[test]
fn the_day_marked_below_the_title_is_the_one_that_readers_see() {
    let head = r#"<meta property="article:published_time" content="2020-01-06T18:19:00Z">"#;
    let body = |mark: &str| format!("<h1>The frozen lake</h1>{mark}{TEXT}");
    let day = |head: &str, mark: &str| article(head, &body(mark), None)["date_published"].clone();
    let time = "<time datetime=2020-02-02>2 February 2020</time>";
    assert_eq!(day(head, time), "2020-02-02T00:00:00Z");
    for other in [
        "<p>2 February 2020</p>",
        "<time class=updated datetime=2020-02-02>2 February 2020</time>",
        "<time datetime=2020-02-02>2 February</time> <time datetime=2020-03-03>3 March</time>",
    ] {
        assert_eq!(day(head, other), "2020-01-06T18:19:00Z", "{other}");
    }
    let changed = format!(r#"{head}<meta property="article:modified_time" content="2020-02-02T08:00:00Z">"#);
    assert_eq!(day(&changed, time), "2020-01-06T18:19:00Z");
    // What repeats the moment of the change has not been published then.
    let twice = format!(r#"{changed}<meta property="dc:date" content="2020-02-02T08:00:00Z">"#);
    assert_eq!(day(&twice, ""), "2020-01-06T18:19:00Z");
}

#[test]
fn the_only_time_of_a_page_says_when_it_was_published() {
    let day = |head: &str, mark: &str| {
        let menu = "<ul><li><a href=/a>Another page</a></ul>".repeat(400);
        let body = format!("<h1>The frozen lake</h1>{TEXT}{menu}<footer>{mark}</footer>");
        article(head, &body, None)["date_published"].clone()
    };
    let time = "<time datetime=2020-02-02T09:00:00.0000000Z>2 February</time>";
    assert_eq!(day("", time), "2020-02-02T09:00:00Z");
    assert_eq!(
        day("", &format!("{time}<time datetime=2020-03-03>3 March</time>")),
        Value::Null
    );
    let core = r#"<meta name="dcterms.date" content="2020-01-06T18:19:00Z">"#;
    assert_eq!(day(core, time), "2020-02-02T09:00:00Z");
    let graph = r#"<meta property="article:published_time" content="2020-01-06T18:19:00Z">"#;
    assert_eq!(day(graph, time), "2020-01-06T18:19:00Z");
}

#[test]
fn an_address_keeps_the_day_of_the_first_edition() {
    let head = r#"<meta property="article:published_time" content="2020-06-01T08:00:00Z">"#;
    let at = |url| article(head, TEXT, Some(url))["date_published"].clone();
    assert_eq!(at("https://example.org/2017/7/12/a"), "2017-07-12T00:00:00Z");
    assert_eq!(at("https://example.org/2020/5/20/a"), "2020-06-01T08:00:00Z");
}

#[test]
fn the_page_says_whether_the_month_stands_first() {
    let head = r#"<meta name="date" content="11/01/2023 12:43">"#;
    let day =
        |line: &str| article(head, &format!("<h1>The frozen lake</h1>{line}{TEXT}"), None)["date_published"].clone();
    assert_eq!(day("<p>1 November 2023</p>"), "2023-11-01T12:43:00Z");
    assert_eq!(day("<p>11 January 2023</p>"), "2023-01-11T12:43:00Z");
}

#[test]
fn the_day_of_a_change_is_believed_where_nothing_else_is_said() {
    let body = format!("<h1>The frozen lake</h1>{TEXT}<p>Last updated: 8 January 2020</p>");
    assert_eq!(article("", &body, None)["date_published"], "2020-01-08T00:00:00Z");
}

#[test]
fn the_urls_day_says_on_whose_clocks_it_was() {
    let head = r#"<meta property="article:published_time" content="2019-12-31T23:11:59+00:00">"#;
    let at = |url| article(head, TEXT, Some(url))["date_published"].clone();
    assert_eq!(at("https://example.de/2020/01/01/a/"), "2020-01-01T00:11:59+01:00");
    assert_eq!(at("https://example.de/2019/12/31/a/"), "2019-12-31T23:11:59+00:00");
}

#[test]
fn a_title_is_without_the_line_above_it() {
    let title = |head: &str, heading: &str| article(head, &format!("{heading}{TEXT}"), None)["title"].clone();
    for heading in [
        "<h1><span class=kicker>Winter</span> The frozen lake</h1>",
        "<h1><span class=overline>Winter</span><span class=visually-hidden> – </span>The frozen lake</h1>",
        "<h1><div class=entry-section><a href=/news/>Local News | </a></div><span>The frozen lake</span></h1>",
    ] {
        assert_eq!(title("", heading), "The frozen lake", "{heading}");
    }
    let head = r#"<meta property="og:title" content="The frozen lake">"#;
    assert_eq!(
        title(head, "<h1><em>Winter</em> The frozen lake</h1>"),
        "The frozen lake"
    );
    assert_eq!(
        title(head, "<h1>Winter: The frozen lake</h1>"),
        "Winter: The frozen lake"
    );
    assert_eq!(
        title("", "<h1><span class=label>The frozen lake</span></h1>"),
        "The frozen lake"
    );
}

#[test]
fn a_heading_that_leads_home_names_the_site() {
    let head = "<title>Notes from here - The frozen lake</title>";
    let body = format!("<h1><a href='/'>Notes from here</a></h1><h2>The frozen lake</h2>{TEXT}");
    assert_eq!(
        article(head, &body, Some("https://example.org/lake"))["title"],
        "The frozen lake"
    );
}

#[test]
fn cards_and_labels_name_who_wrote_it() {
    let card = r#"<meta name="twitter:label1" content="Verfasst von"><meta name="twitter:data1" content="Ada Lane">
        <meta name="twitter:label2" content="Lesezeit"><meta name="twitter:data2" content="4 Minuten">"#;
    assert_eq!(names(&article(card, TEXT, None)), ["Ada Lane"]);
    let other = r#"<meta name="twitter:label1" content="Lesezeit"><meta name="twitter:data1" content="4 Minuten">"#;
    assert!(names(&article(other, TEXT, None)).is_empty());
    let below = format!("<h1>The frozen lake</h1>{TEXT}<p>Author: Ada Lane</p>");
    assert_eq!(names(&article("", &below, None)), ["Ada Lane"]);
}

#[test]
fn a_time_without_a_zone_has_the_countrys() {
    let head = r#"<meta name="date" content="2020-07-08 09:41">"#;
    let at = |url| article(head, TEXT, Some(url));
    assert_eq!(
        at("https://example.de/a")["date_published"],
        "2020-07-08T09:41:00+02:00"
    );
    assert_eq!(
        at("https://example.cn/a")["date_published"],
        "2020-07-08T09:41:00+08:00"
    );
    let unknown = at("https://example.org/a");
    assert_eq!(unknown["date_published"], "2020-07-08T09:41:00Z");
    assert_eq!(unknown["warnings"][0]["code"], "date_without_zone");
    assert_eq!(at("https://example.cn/a")["warnings"], serde_json::json!([]));
    let day = article(
        r#"<meta name="date" content="2020-07-08">"#,
        TEXT,
        Some("https://example.cn/a"),
    );
    assert_eq!(day["date_published"], "2020-07-08T00:00:00+08:00");
    assert_eq!(day["date_precision"], "day");
}

#[test]
fn the_days_of_a_list_are_those_of_its_articles() {
    let item = |day: u8| {
        format!("<li><h3><a href=/{day}>Ice {day}</a></h3>{TEXT}<span class=date>{day} March 2024</span></li>")
    };
    let list = (1..6).map(item).collect::<String>();
    let page = article("", &format!("<h1>Search results</h1><ul>{list}</ul>"), None);
    assert_eq!(page["date_published"], Value::Null);
    let one = article("", &format!("<h1>Ice</h1><ul>{}</ul>", item(3)), None);
    assert_eq!(one["date_published"], "2024-03-03T00:00:00Z");
}

#[test]
fn where_nobody_says_the_day_labels_titles_and_scripts_are_asked() {
    let labelled = format!("<h1>The frozen lake</h1>{TEXT}<h5>Date:</h5><p>8 January 2020</p>");
    let day = "2020-01-08T00:00:00Z";
    assert_eq!(article("", &labelled, None)["date_published"], day);
    let title = "<title>The frozen lake | Lake Daily | 08.01.2020</title>";
    assert_eq!(article(title, TEXT, None)["date_published"], day);
    let state = |days: &str| format!("<script>window.state = {{{days}}}</script>");
    let one = state(r#""article":{"publishedAt":"2020-01-08"}"#);
    assert_eq!(article(&one, TEXT, None)["date_published"], day);
    let two = state(r#""a":{"publishedAt":"2020-01-08"},"b":{"publishedAt":"2020-01-09"}"#);
    assert_eq!(article(&two, TEXT, None)["date_published"], Value::Null);
}

#[test]
fn names_in_capitals_are_spelled_as_elsewhere() {
    let head = r#"<meta name="author" content="Ada van Lane">"#;
    let body = format!(r#"<h1>The frozen lake</h1><p itemprop="author">ADA VAN LANE</p>{TEXT}"#);
    assert_eq!(names(&article(head, &body, None)), ["Ada van Lane"]);
    assert_eq!(names(&article("", &body, None)), ["ADA VAN LANE"]);
}

#[test]
fn dublin_core_in_a_property_is_rdfa() {
    let head = r#"<meta property="og:title" content="Ice"><meta property="dc:title" content="The frozen lake">"#;
    let page = article(head, TEXT, None);
    assert_eq!(page["title"], "The frozen lake");
    assert_eq!(page["provenance"]["title"]["source"], "rdfa");
}

#[test]
fn json_ld_is_known_by_its_words_where_its_script_says_no_type() {
    let head = r#"<script>{"@context": "https://schema.org", "@type": "NewsArticle", "author": "Ada Lane"}</script>"#;
    assert_eq!(names(&article(head, TEXT, None)), ["Ada Lane"]);
}

#[test]
fn what_else_a_page_says_of_its_article() {
    let head = r#"<script type="application/ld+json">{"@type":"NewsArticle","alternativeHeadline":"A market on the ice",
        "articleSection":["News","Lakes"],"license":{"url":"https://creativecommons.org/licenses/by/4.0/"}}</script>"#;
    let video = r#"<p><video poster=p.jpg><source src="/ice.mp4" type="video/mp4"></video></p>
        <iframe src="https://www.youtube.com/embed/x1"></iframe><iframe src="https://ads.example.net/x"></iframe>
        <lite-youtube videoid="x2"></lite-youtube>"#;
    let body = format!("<h1>The frozen lake</h1>{TEXT}{video}{TEXT}");
    let page = article(head, &body, Some("https://example.org/lake"));
    assert_eq!(page["subtitle"], "A market on the ice");
    assert_eq!(page["section"], "News");
    assert_eq!(page["categories"], serde_json::json!(["News", "Lakes"]));
    assert_eq!(page["license"], "https://creativecommons.org/licenses/by/4.0/");
    assert_eq!(
        page["videos"],
        serde_json::json!([
            {"url": "https://example.org/ice.mp4", "type": "video/mp4"},
            {"url": "https://www.youtube.com/embed/x1", "type": null},
            {"url": "https://www.youtube.com/watch?v=x2", "type": null},
        ])
    );
    let links = r#"<p><a rel="category tag" href=/c>Lakes</a> <a rel=tag href=/t>ice</a> <a rel=license href="/l">Free</a></p>"#;
    let page = article(
        "",
        &format!("<h1>The frozen lake</h1>{TEXT}{links}"),
        Some("https://example.org/lake"),
    );
    assert_eq!(page["categories"], serde_json::json!(["Lakes"]));
    assert_eq!(page["tags"], serde_json::json!(["ice"]));
    assert_eq!(page["license"], "https://example.org/l");
}

#[test]
fn a_declared_language_is_held_against_the_script_of_the_text() {
    let text =
        "<p>湖在一月的第二个星期结了冰，村里的人第一次走过湖面，提着篮子，拉着雪橇上的孩子，直到月底冰上有了集市。</p>"
            .repeat(3);
    let page = article("", &text, None);
    assert_eq!(page["language"], "zh");
    assert_eq!(page["warnings"][0]["code"], "language_disagrees");
    assert_eq!(article("", TEXT, None)["language"], "en");
}

/// Nothing timed: what cost the square of its size would not end.
#[test]
fn pages_made_of_marks_end() {
    let long = format!("<div class=\"{}\">", "x".repeat(100_000));
    let marks = "<p class=author>x</p><p class=date>y 1</p>".repeat(20_000);
    let nested = format!("{}x{}", "<b class=author>".repeat(200), "</b>".repeat(200));
    let links = format!("<p class=byline>{}</p>", "<a href=x></a>".repeat(50_000));
    let blocks = "<script type=application/ld+json>{</script>".repeat(20_000);
    let metas = "<meta name=author content=x>".repeat(50_000);
    for body in [long + &marks, nested, links] {
        article(&blocks, &format!("{body}{TEXT}"), None);
        article(&metas, &format!("{TEXT}{body}{TEXT}"), None);
    }
}
