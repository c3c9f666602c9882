//! The pages for people: each is whole, loads nothing from elsewhere, and shows what is true.

use std::collections::BTreeSet;

use copydesk::{
    bounds::Bounds,
    config::HttpTimeouts,
    error::ErrorCode,
    http::{ROUTES, describe},
};

use crate::support::{Reply, Server};

/// The values of an attribute, wherever it stands in this markup.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let parts = html.split(&format!(" {attribute}=\"")).skip(1).collect::<Vec<_>>();
    parts.into_iter().filter_map(|part| part.split('"').next()).collect()
}

/// An address on a page, from the root.
fn resolved(page: &str, address: &str) -> String {
    let page = url::Url::parse(&format!("http://copydesk.test{page}")).expect("a URL");
    let whole = page.join(address).expect("an address");
    assert_eq!(whole.host_str(), Some("copydesk.test"), "{address} leads elsewhere");
    whole.path().to_owned()
}

#[test]
fn a_page_loads_only_what_is_served_here() {
    let server = Server::start();
    for page in ["/", "/docs", "/docs/errors", "/docs/errors/queue_full"] {
        let reply = server.get(page);
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
        let html = reply.text();
        let mut found = 0;
        for address in [values(html, "href"), values(html, "src")].concat() {
            if address.starts_with('#') {
                continue;
            }
            let address = resolved(page, address);
            assert_eq!(server.get(&address).status, 200, "{page} names {address}");
            found += 1;
        }
        assert!(found > 2, "{page}");
        assert!(!html.contains("<style") && !html.contains(" style="), "{page}");
        for script in html.split("<script").skip(1) {
            assert!(
                script
                    .split('>')
                    .nth(1)
                    .is_some_and(|inside| inside.starts_with("</script")),
                "{page}"
            );
        }
    }
}

#[test]
fn a_module_imports_only_what_is_served_here() {
    let server = Server::start();
    let mut waiting = vec!["/assets/preview.js".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let reply = server.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        for import in reply.text().split(" from \"").skip(1) {
            waiting.push(resolved(&path, import.split('"').next().expect("a path")));
        }
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn the_policies_let_nothing_in() {
    let server = Server::start();
    for (page, scripts) in [
        ("/", true),
        ("/docs", true),
        ("/docs/errors", false),
        ("/docs/errors/feed", false),
    ] {
        let reply = server.get(page);
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; "), "{page}: {policy}");
        assert_eq!(policy.contains("script-src 'self'"), scripts, "{page}: {policy}");
        // The library of the reference writes styles as it runs; nobody writes scripts.
        assert_eq!(
            policy.matches("unsafe").count(),
            usize::from(page == "/docs"),
            "{page}: {policy}"
        );
        assert!(!policy.contains("http") && !policy.contains('*'), "{page}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
    }
    // One frame is made, and it may neither run scripts, send forms nor have an origin.
    let script = server.get("/assets/article.js");
    let script = script.text();
    assert_eq!(script.matches("\"iframe\"").count(), 1);
    assert!(script.contains("sandbox: SANDBOX"));
    assert!(script.contains("const SANDBOX = \"allow-popups allow-popups-to-escape-sandbox\";"));
    assert!(!server.get("/").text().contains("<iframe"));
}

#[test]
fn an_asset_is_sent_once() {
    let server = Server::start();
    let first = server.get("/assets/preview.css");
    let tag = first.header("etag").expect("a tag");
    let again = |tag: &str| {
        server
            .request("GET", "/assets/preview.css")
            .header("If-None-Match", tag)
            .send()
    };
    let same = again(tag);
    assert_eq!((same.status, same.body.len()), (304, 0));
    assert_eq!(same.header("etag"), Some(tag));
    assert_eq!(again("\"another\"").body, first.body);
    server.get("/assets/nothing.css").is_problem(404, "not_found");
    server.get("/assets/..%2Fmod.rs").is_problem(404, "not_found");
}

#[test]
fn the_reference_is_packed_for_those_who_can_unpack() {
    let server = Server::start();
    let get = |encoding: &str| -> Reply {
        let request = server.request("GET", "/assets/redoc.js");
        request.header("Accept-Encoding", encoding).send()
    };
    let (packed, plain) = (get("gzip, br"), get("identity"));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(plain.header("content-encoding"), None);
    assert!(packed.body.starts_with(b"\x1f\x8b") && packed.body.len() * 2 < plain.body.len());
    assert!(plain.text().contains("redoc.standalone.js.LICENSE"));
    for reply in [&packed, &plain] {
        assert_eq!(reply.header("vary"), Some("accept-encoding"));
    }
}

#[test]
fn every_error_has_a_page_that_says_what_to_do() {
    let server = Server::start();
    let list = server.get("/docs/errors");
    for code in ErrorCode::ALL {
        let entry = describe(*code);
        let page = server.get(&format!("/docs/errors/{code}"));
        assert_eq!(page.status, 200, "{code}");
        let text = page.text();
        for part in [code.as_str(), entry.title, &entry.status.to_string()] {
            assert!(text.contains(part), "{code}: no {part}");
        }
        assert!(!text.contains('`'), "{code}");
        assert!(list.text().contains(&format!("href=\"errors/{code}\"")));
    }
    server.get("/docs/errors/no_such_code").is_problem(404, "not_found");
}

#[test]
fn the_preview_can_be_left_out() {
    let wire = HttpTimeouts {
        preview: false,
        ..HttpTimeouts::default()
    };
    let server = Server::with(Bounds::default(), wire);
    server.get("/").is_problem(404, "not_found");
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/docs")) {
        let path = route.path.replace("{code}", "feed");
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
}

#[test]
fn each_sample_shows_its_trouble() {
    let server = Server::start();
    let page = server.get("/");
    let samples = values(page.text(), "data-sample");
    assert_eq!(samples.len(), 4);
    for (sample, kept, rule) in [
        ("sample-post.md", "第四条船", "sina/app-qr"),
        ("sample-news.html", "two short and one long", "generic/ad-slot"),
        ("sample-code.html", "self.jobs.push_back(job);", "score/navigation"),
        ("sample-broken.html", "jam jar", "generic/script"),
    ] {
        assert!(samples.contains(&sample));
        let document = server.get(&format!("/assets/{sample}"));
        let reply = server.request("POST", "/v1/normalize").body(document.body).send();
        let article = reply.json();
        assert_eq!(article["quality"]["is_article"], true, "{sample}");
        assert!(
            article["content_text"].as_str().is_some_and(|text| text.contains(kept)),
            "{sample}: {article}"
        );
        let removed = article["removed"].as_array().expect("a list");
        assert!(
            removed.iter().any(|range| range["rule"] == rule),
            "{sample}: {removed:?}"
        );
    }
}
