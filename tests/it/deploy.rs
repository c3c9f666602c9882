//! What lies in `deploy/`, held against the binary: its settings, routes, rules, metrics and codes.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use copydesk::{
    bounds::Bounds,
    error::ErrorCode,
    http::{Access, ROUTES},
    pipeline::Pipeline,
    rules::{self, RuleSources},
};
use serde_json::Value;

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Every setting as it is in force with these variables, by the binary's own word.
fn in_force(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_copydesk"))
        .args(["config", "print"])
        .env_clear()
        .envs(variables)
        .output()
        .expect("the binary runs");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pairs = said.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn time(text: &str) -> Duration {
    humantime::parse_duration(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// How long a process with these settings may take to end.
fn end(settings: &BTreeMap<String, String>) -> Duration {
    time(&settings["COPYDESK_DRAIN_DELAY"]) + time(&settings["COPYDESK_GRACE"])
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn the_deployment_fits_the_binary() {
    let deployment = yaml("kubernetes/deployment.yaml");
    let pod = &deployment["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let variables: BTreeMap<_, _> = container["env"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| ["name", "value"].map(|key| entry[key].as_str().expect("a text").to_owned()))
        .map(|[name, value]| (name, value))
        .collect();
    let settings = in_force(&variables);

    let spare = pod["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    assert!(
        Duration::from_secs(spare) > end(&settings),
        "what is in flight would be cut"
    );

    let port = |name: &str| {
        let ports = container["ports"].as_array().expect("a list");
        let found = ports.iter().find(|port| port["name"] == name);
        found.unwrap_or_else(|| panic!("no port {name}"))["containerPort"].to_string()
    };
    assert!(settings["COPYDESK_BIND"].ends_with(&format!(":{}", port("http"))));
    assert!(settings["COPYDESK_ADMIN_BIND"].ends_with(&format!(":{}", port("admin"))));
    let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["prometheus.io/port"], port("admin"));

    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let get = &container[probe]["httpGet"];
        let path = get["path"].as_str().expect("a path");
        let route = ROUTES.iter().find(|route| route.path == path);
        assert!(
            route.is_some_and(|route| route.access == Access::Open),
            "{probe}: {path}"
        );
        port(get["port"].as_str().expect("a port by its name"));
    }

    let memory = container["resources"]["limits"]["memory"].as_str().expect("a size");
    assert_eq!(container["resources"]["requests"]["memory"], memory);
    let limited = variables
        .into_iter()
        .chain([("COPYDESK_MEMORY_LIMIT".to_owned(), format!("{memory}B"))]);
    let limited = in_force(&limited.collect());
    let comment = text("kubernetes/deployment.yaml");
    let body = &limited["COPYDESK_MAX_BODY"];
    assert!(
        comment.contains(&format!("bodies of {body} ")),
        "the largest body is {body}"
    );

    let user = include_str!("../../Dockerfile")
        .lines()
        .find_map(|line| line.strip_prefix("USER "))
        .expect("a user");
    let context = &pod["securityContext"];
    assert_eq!(user, format!("{}:{}", context["runAsUser"], context["runAsGroup"]));
}

#[test]
fn the_manifests_speak_of_one_deployment() {
    let deployment = yaml("kubernetes/deployment.yaml");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    for (file, selector) in [
        ("deployment", "/spec/selector/matchLabels"),
        ("service", "/spec/selector"),
        ("disruption", "/spec/selector/matchLabels"),
        ("network", "/spec/podSelector/matchLabels"),
    ] {
        let manifest = yaml(&format!("kubernetes/{file}.yaml"));
        assert_eq!(manifest.pointer(selector), Some(labels), "{file}");
    }
    let target = &yaml("kubernetes/autoscaler.yaml")["spec"]["scaleTargetRef"];
    assert_eq!(
        (&target["kind"], &target["name"]),
        (&deployment["kind"], &deployment["metadata"]["name"])
    );
    let network = &yaml("kubernetes/network.yaml")["spec"];
    assert_eq!(strings(&network["policyTypes"]), ["Ingress", "Egress"]);
    assert_eq!(network["egress"], Value::Array(Vec::new()), "nothing goes out");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "kustomization.yaml")
        .collect();
    files.sort();
    let kustomization = yaml("kubernetes/kustomization.yaml");
    let mut listed = strings(&kustomization["resources"]);
    listed.sort_unstable();
    assert_eq!(listed, files);
}

#[test]
fn the_rules_of_the_config_map_hold() {
    let map = yaml("kubernetes/rules.yaml");
    let deployment = yaml("kubernetes/deployment.yaml");
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], map["metadata"]["name"]);
    let mounted = pod["containers"][0]["volumeMounts"][0]["mountPath"]
        .as_str()
        .expect("a path");
    assert!(text("kubernetes/deployment.yaml").contains(&format!("COPYDESK_RULES, value: {mounted}}}")));

    let folder = std::env::temp_dir().join(format!("copydesk-config-map-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for (name, rules) in map["data"].as_object().expect("files") {
        fs::write(folder.join(name), rules.as_str().expect("a text")).expect("a file");
    }
    let sources = RuleSources {
        folders: vec![folder.clone()],
        ..RuleSources::default()
    };
    let set = rules::read(&sources);
    fs::remove_dir_all(&folder).expect("it was there");
    let set = set.expect("good rules").0;
    assert!(set.rules().iter().any(|rule| rule.id == "house/partner-box"));
    let (_, broken) = Pipeline::new(set, Bounds::default()).check_examples();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn compose_and_systemd_wait_for_the_drain() {
    let service = &yaml("compose/compose.yaml")["services"]["copydesk"];
    let variables = service["environment"].as_object().expect("variables");
    let variables = variables
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()));
    let settings = in_force(&variables.collect());
    assert!(time(service["stop_grace_period"].as_str().expect("a time")) > end(&settings));
    assert_eq!(strings(&service["healthcheck"]["test"]), ["CMD", "/copydesk", "health"]);

    let unit = text("systemd/copydesk.service");
    let line = |key: &str| {
        let found = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {key}"))
    };
    let variables = line("Environment").split(' ').filter_map(|pair| pair.split_once('='));
    let settings = in_force(
        &variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    );
    let stop = Duration::from_secs(line("TimeoutStopSec").parse().expect("seconds"));
    assert!(stop > end(&settings));
    assert!(line("ExecStart").ends_with("/copydesk serve"));
}

#[test]
fn dashboard_and_alerts_ask_for_what_is_told() {
    let metrics = include_str!("../../src/http/metrics.rs");
    for file in [
        "grafana/dashboard.json",
        "prometheus/alerts.yaml",
        "prometheus/alerts.test.yaml",
    ] {
        let text = text(file).replace("\\\"", "\"");
        let names = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter_map(|word| word.strip_prefix("copydesk_"));
        let mut asked = 0;
        for name in names {
            let ends = ["_total", "_bucket", "_sum", "_count", "_info", "_bytes", "_seconds"];
            let told = |name: &str| metrics.contains(&format!("\"{name}\""));
            let bare = ends
                .iter()
                .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
            assert!(told(name) || told(bare), "{file}: nothing tells copydesk_{name}");
            asked += 1;
        }
        assert!(asked > 2, "{file}");
        for (label, known) in [
            (
                "code",
                ErrorCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
            ),
            ("route", ROUTES.iter().map(|route| route.path).collect()),
        ] {
            for operator in ["=", "=~"] {
                for part in text.split(&format!("{label}{operator}\"")).skip(1) {
                    for value in part.split('"').next().unwrap_or_default().split('|') {
                        assert!(known.contains(&value), "{file}: {label} {value}");
                    }
                }
            }
        }
    }
    let dashboard: Value = serde_json::from_str(&text("grafana/dashboard.json")).expect("JSON");
    assert!(dashboard["panels"].as_array().is_some_and(|panels| panels.len() > 8));
}
