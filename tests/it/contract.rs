//! `openapi.yaml` against the router and the real answers, both ways.

use std::collections::BTreeSet;

use copydesk::{error::ErrorCode, http::ROUTES};
use serde_json::{Value, json};

use crate::support::{PAGE, Reply, Server};

/// The description, with its `$ref`s as they are.
fn description() -> Value {
    serde_saphyr::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML")
}

/// Follows a `$ref` within the description.
fn resolve<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(path) => description
            .pointer(path.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => value,
    }
}

/// What is wrong with `instance` by `schema`, nothing when all is well.
fn faults(description: &Value, schema: &Value, instance: &Value) -> Vec<String> {
    let root = json!({"allOf": [schema], "components": description["components"]});
    let validator = jsonschema::draft202012::new(&root).expect("a schema that compiles");
    validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Checks an answer against the operation that it came from: status, type, headers and schema.
#[track_caller]
fn check(description: &Value, method: &str, path: &str, reply: &Reply) {
    let operation = &description["paths"][path][method.to_lowercase()];
    assert!(operation.is_object(), "{method} {path} is not described");
    let response = &operation["responses"][reply.status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path} answers {} and does not say so",
        reply.status
    );
    let response = resolve(description, response);
    for name in response["headers"]
        .as_object()
        .into_iter()
        .flat_map(|headers| headers.keys())
    {
        assert!(
            reply.header(&name.to_lowercase()).is_some(),
            "{method} {path} {} has no {name}",
            reply.status
        );
    }
    if method == "HEAD" {
        return;
    }
    let given = reply.header("content-type").expect("a content type");
    let essence = given.split(';').next().unwrap_or_default();
    let content = &response["content"][essence];
    assert!(
        content.is_object(),
        "{method} {path} {} answers {essence} and does not say so",
        reply.status
    );
    if essence == "application/x-ndjson" {
        for line in reply.text().lines() {
            let line: Value = serde_json::from_str(line).expect("a line of JSON");
            let faults = faults(description, &content["schema"], &line);
            assert!(
                faults.is_empty(),
                "{method} {path} {}: {faults:#?}\n{line}",
                reply.status
            );
        }
    } else if essence.ends_with("json") {
        let faults = faults(description, &content["schema"], &reply.json());
        assert!(
            faults.is_empty(),
            "{method} {path} {}: {faults:#?}\n{}",
            reply.status,
            reply.text()
        );
    }
}

#[test]
fn the_description_and_the_router_name_the_same_routes() {
    let described: BTreeSet<(String, String)> = description()["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("operations").keys();
            methods.map(move |method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let routed: BTreeSet<(String, String)> = ROUTES
        .iter()
        .flat_map(|route| {
            route
                .verbs
                .allow()
                .split(", ")
                .map(|method| (route.path.to_owned(), method.to_owned()))
        })
        .collect();
    assert_eq!(described, routed);
}

/// A path with the examples of its parameters in it.
fn filled(item: &Value, path: &str) -> String {
    let parameters = item["get"]["parameters"].as_array();
    let parts = parameters.into_iter().flatten().filter(|part| part["in"] == "path");
    parts.fold(path.to_owned(), |path, part| {
        let [name, example] = ["name", "example"].map(|key| part[key].as_str().expect("a text"));
        path.replace(&format!("{{{name}}}"), example)
    })
}

#[test]
fn every_operation_answers_as_described() {
    let (description, server) = (description(), Server::start());
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in item
            .as_object()
            .expect("operations")
            .keys()
            .map(|method| method.to_uppercase())
        {
            let request = server.request(&method, &filled(item, path));
            let reply = if matches!(method.as_str(), "POST" | "PUT") {
                request.body(PAGE)
            } else {
                request
            }
            .send();
            assert_eq!(reply.status, 200, "{method} {path}");
            check(&description, &method, path, &reply);
        }
    }
}

#[test]
fn every_refusal_answers_as_described() {
    let (description, server) = (description(), Server::start());
    for (method, path, query, headers, body, status) in [
        ("POST", "/v1/normalize", "", "", "", 400),
        ("PUT", "/v1/normalize", "", "", "", 400),
        ("POST", "/v1/normalize", "?nope", "", PAGE, 400),
        ("POST", "/v1/normalize", "", "Accept: image/png", PAGE, 406),
        ("POST", "/v1/normalize", "", "Content-Encoding: br", PAGE, 400),
        ("POST", "/v1/normalize", "", "Content-Encoding: compress", PAGE, 415),
        ("POST", "/v1/normalize", "", "Content-Type: application/json", "{}", 400),
        (
            "POST",
            "/v1/normalize",
            "",
            "Content-Type: multipart/form-data",
            PAGE,
            400,
        ),
        ("POST", "/v1/clean", "", "", "", 400),
        ("POST", "/v1/clean", "", "Content-Type: image/png", PAGE, 415),
    ] {
        let mut request = server.request(method, &format!("{path}{query}"));
        if let Some((name, value)) = headers.split_once(": ") {
            request = request.header(name, value);
        }
        let reply = request.body(body).send();
        assert_eq!(reply.status, status, "{method} {path}{query} {headers}");
        check(&description, method, path, &reply);
    }
    let large = server
        .request("POST", "/v1/normalize")
        .body(vec![b'x'; 17 << 20])
        .send();
    check(&description, "POST", "/v1/normalize", &large);
    // These belong to no operation, and have the same form.
    let problem = json!({"$ref": "#/components/schemas/Problem"});
    for reply in [server.get("/nope"), server.request("DELETE", "/livez").send()] {
        assert_eq!(faults(&description, &problem, &reply.json()), [""; 0]);
    }
}

#[test]
fn a_whole_article_is_as_described() {
    let (description, server) = (description(), Server::start());
    let article = json!({"$ref": "#/components/schemas/Article"});
    let post = "---\ntitle: Harbour\ndate: 2021-08-18 07:55:23\n---\n<p>The boats come back in the morning.</p>\n";
    // What is not in the body has sources of its own.
    let sentence = "<p>The boats come back in the morning, and the harbour master counts them from the pier.</p>";
    let outside = [
        format!(
            "<body><div id=app></div><noscript><main>{}</main></noscript>",
            sentence.repeat(5)
        ),
        format!(
            "<body><main><template shadowrootmode=open>{}</template></main>",
            sentence.repeat(5)
        ),
        format!(
            "<body><div id=app></div><script>var state = {{html: \"{}\"}}</script>",
            sentence.repeat(5)
        ),
    ];
    let outside = outside.iter().map(String::as_str);
    for document in [PAGE, post, sentence].into_iter().chain(outside) {
        let reply = server.request("POST", "/v1/normalize").body(document).send();
        assert_eq!(
            faults(&description, &article, &reply.json()),
            [""; 0],
            "{}",
            reply.text()
        );
    }
    let envelope = json!({
        "id": "a-17", "url": "https://news.example.com/harbour", "document": PAGE, "context": [1, null],
        "metadata": {"authors": ["Ada Brandt"], "subtitle": "A day", "license": "CC BY 4.0", "source": "Harbour News"},
    });
    assert_eq!(
        faults(
            &description,
            &json!({"$ref": "#/components/schemas/Envelope"}),
            &envelope
        ),
        [""; 0]
    );
    let request = server
        .request("POST", "/v1/normalize")
        .header("Content-Type", "application/json");
    let reply = request.body(envelope.to_string()).send();
    assert_eq!(
        faults(&description, &article, &reply.json()),
        [""; 0],
        "{}",
        reply.text()
    );
    let all = server
        .request("POST", "/v1/normalize?fields=all")
        .body(PAGE)
        .send()
        .json();
    let known = description
        .pointer("/components/schemas/PartialArticle/properties")
        .and_then(Value::as_object);
    let known: BTreeSet<&String> = known
        .expect("properties")
        .keys()
        .filter(|name| *name != "explain")
        .collect();
    assert_eq!(
        all.as_object().expect("an object").keys().collect::<BTreeSet<_>>(),
        known
    );
}

#[test]
fn the_codes_are_those_of_the_table() {
    let description = description();
    let codes = description
        .pointer("/components/schemas/Problem/properties/code/enum")
        .and_then(Value::as_array);
    let described: Vec<&str> = codes.expect("an enum").iter().filter_map(Value::as_str).collect();
    let table: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(described, table);
}

#[test]
fn every_example_fits_its_schema() {
    let description = description();
    let mut found = 0;
    walk(&description, &mut |value| {
        if let (Some(example), Some(schema)) = (value.get("example"), value.get("schema")) {
            found += 1;
            assert_eq!(faults(&description, schema, example), [""; 0], "{example}");
        }
    });
    assert!(found > 15, "only {found} examples");
}

#[test]
fn every_reference_leads_somewhere() {
    let description = description();
    walk(&description, &mut |value| {
        resolve(&description, value);
    });
}

#[test]
fn the_description_and_the_image_say_the_version_of_the_crate() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(include_str!("../../Dockerfile").contains(&format!("ARG VERSION={version}\n")));
    assert_eq!(description()["info"]["version"], version);
}

fn walk(value: &Value, visit: &mut dyn FnMut(&Value)) {
    visit(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|field| walk(field, visit)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}
