//! The only module that knows HTTP: routes, layers, and the state of requests.
//!
//! [`ROUTES`] is the whole surface as data: the router is built from it, and a test compares it with `openapi.yaml`.
//! Nothing here opens a connection of its own.

mod compress;
mod content_encoding;
mod decompress;
mod error_codes;
mod request_log;
mod auth;
mod batch;
mod connection;
mod error;
mod form;
mod head;
mod health;
mod limits;
mod lines;
mod metrics;
mod negotiate;
mod normalize;
mod openapi;
mod pages;
mod request_id;
mod rules;
mod serve;
mod stream;

use std::sync::{Arc, PoisonError, RwLock};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Response, header},
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use crate::{
    config::HttpTimeouts,
    pipeline::Pipeline,
    rules::{RuleError, RuleSet},
    workers::Workers,
};

pub use auth::Tokens;
pub use error_codes::{ErrorEntry, describe};
pub use lines::{BatchContext, BatchTotals, ChunkOutput, DocumentChunk, DocumentOutcome, Entry};
pub use serve::{Drained, listen, serve, serve_admin};

/// What every request shares.
#[derive(Debug)]
pub struct App {
    /// Replaced whole when the rules are read again; a request keeps the one that it began with.
    pipeline: RwLock<Pipeline>,
    /// Why the rules could not be read again, until they can.
    rules_fault: RwLock<Option<String>>,
    workers: Workers,
    timeouts: HttpTimeouts,
    tokens: Option<Tokens>,
    health: health::Health,
    metrics: metrics::Metrics,
    cutting: request_log::CutCounter,
    overload_log: request_log::OverloadLogThrottle,
}

impl App {
    /// The service over these parts, open to everyone. It is not ready before [`serve`] runs it.
    pub fn new(pipeline: Pipeline, workers: Workers, timeouts: HttpTimeouts) -> Arc<Self> {
        App::guarded(pipeline, workers, timeouts, None)
    }

    /// The same for clients with one of these tokens.
    pub fn guarded(pipeline: Pipeline, workers: Workers, timeouts: HttpTimeouts, tokens: Option<Tokens>) -> Arc<Self> {
        Arc::new(App {
            pipeline: RwLock::new(pipeline),
            rules_fault: RwLock::default(),
            workers,
            timeouts,
            tokens,
            health: health::Health::default(),
            metrics: metrics::Metrics::new(),
            cutting: request_log::CutCounter::default(),
            overload_log: request_log::OverloadLogThrottle::default(),
        })
    }

    /// The pipeline with the rules that are in force now.
    fn pipeline(&self) -> Pipeline {
        self.pipeline.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rules_fault(&self) -> Option<String> {
        self.rules_fault.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts rules that were read again in force, all or nothing: with a fault anywhere the ones in force stay. Blocks while
    /// they are compiled.
    pub fn reload_rules(&self, read: Result<RuleSet, Vec<RuleError>>) {
        self.metrics.reloaded("rules", read.is_ok());
        let told = |fault| *self.rules_fault.write().unwrap_or_else(PoisonError::into_inner) = fault;
        // The log comes last, so that what it reports holds everywhere.
        match read {
            Ok(rules) => {
                let (revision, count) = (rules.revision().to_owned(), rules.rules().len());
                let bounds = *self.pipeline().bounds();
                *self.pipeline.write().unwrap_or_else(PoisonError::into_inner) = Pipeline::new(rules, bounds);
                told(None);
                tracing::info!(revision, rules = count, "the rules were read again");
            }
            Err(errors) => {
                let fault = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                told(Some(fault.clone()));
                tracing::error!(fault, "the rules could not be read again; the old ones stay");
            }
        }
    }

    /// Reads again what may change while it runs; what cannot be read stays as it was, and the log says so. Blocks.
    pub fn reload(&self) {
        if let Some(tokens) = &self.tokens {
            let outcome = tokens.reload();
            self.metrics.reloaded("tokens", outcome.is_ok());
            match outcome {
                Ok(()) => tracing::info!("the tokens were read again"),
                Err(error) => tracing::error!(%error, "the tokens could not be read again; the old ones stay"),
            }
        }
    }
}

/// The methods of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbs {
    /// `GET`, and `HEAD` by leaving out the body.
    Read,
    /// `POST`, for a body that is a stream.
    Post,
    /// `POST`, and `PUT` because `curl -T file` says so.
    Submit,
}

impl Verbs {
    /// As the `Allow` header lists them.
    pub fn allow(self) -> &'static str {
        match self {
            Verbs::Read => "GET, HEAD",
            Verbs::Post => "POST",
            Verbs::Submit => "POST, PUT",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Verbs::Read => MethodFilter::GET, // axum answers HEAD with it
            Verbs::Post => MethodFilter::POST,
            Verbs::Submit => MethodFilter::POST.or(MethodFilter::PUT),
        }
    }
}

/// Who may ask, where there are tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever has a token.
    Token,
    /// Everyone: probes have no tokens.
    Open,
    /// Everyone: a page that holds nothing of a document, and no browser has a token before it has the page.
    Page,
}

/// One row of the surface.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The path, which is also its label in logs.
    pub path: &'static str,
    /// The methods that it answers.
    pub verbs: Verbs,
    /// Who may ask.
    pub access: Access,
    handler: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

/// Everything that this service answers.
pub const ROUTES: &[Route] = &[
    route("/v1/normalize", Verbs::Submit, |verbs| on(verbs, normalize::normalize)),
    route("/v1/batch", Verbs::Post, |verbs| on(verbs, batch::batch)),
    route("/v1/clean", Verbs::Post, |verbs| on(verbs, stream::clean)),
    route("/v1/rules", Verbs::Read, |verbs| on(verbs, rules::rules)),
    route("/metrics", Verbs::Read, |verbs| on(verbs, metrics::metrics)),
    open("/livez", |verbs| on(verbs, health::livez)),
    open("/readyz", |verbs| on(verbs, health::readyz)),
    open("/startupz", |verbs| on(verbs, health::startupz)),
    open("/healthz", |verbs| on(verbs, health::readyz)),
    open("/version", |verbs| on(verbs, health::version)),
    page(PREVIEW, |verbs| on(verbs, pages::preview)),
    page("/docs", |verbs| on(verbs, pages::docs)),
    page("/docs/errors", |verbs| on(verbs, pages::errors)),
    page("/docs/errors/{code}", |verbs| on(verbs, pages::error)),
    page("/assets/{file}", |verbs| on(verbs, pages::asset)),
    page("/openapi.yaml", |verbs| on(verbs, openapi::openapi)),
];

/// The preview page, which an operator may turn off.
const PREVIEW: &str = "/";

const fn route(path: &'static str, verbs: Verbs, handler: fn(MethodFilter) -> MethodRouter<Arc<App>>) -> Route {
    let access = Access::Token;
    Route {
        path,
        verbs,
        access,
        handler,
    }
}

const fn open(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<Arc<App>>) -> Route {
    let (verbs, access) = (Verbs::Read, Access::Open);
    Route {
        path,
        verbs,
        access,
        handler,
    }
}

const fn page(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<Arc<App>>) -> Route {
    let (verbs, access) = (Verbs::Read, Access::Page);
    Route {
        path,
        verbs,
        access,
        handler,
    }
}

/// The routes, with what every request passes.
pub fn router(app: Arc<App>) -> Router {
    let served = |route: &&Route| app.timeouts.preview || route.path != PREVIEW;
    let mut routes = routes(&app, ROUTES.iter().filter(served));
    if app.tokens.is_some() {
        routes = routes.layer(middleware::from_fn_with_state(Arc::clone(&app), request_log::authorize));
    }
    layered(routes, app)
}

/// Health and metrics alone, for an address that only the operator's machines reach: no tokens.
fn admin_router(app: Arc<App>) -> Router {
    let served = |route: &&Route| route.access == Access::Open || route.path == "/metrics";
    let routes = routes(&app, ROUTES.iter().filter(served));
    layered(routes, app)
}

fn routes<'a>(app: &Arc<App>, rows: impl Iterator<Item = &'a Route>) -> Router {
    let mut router = Router::new().fallback(error::not_found);
    for route in rows {
        let allow = HeaderValue::from_static(route.verbs.allow());
        let refuse = move || async move { error::method_not_allowed(allow) };
        let mut methods = (route.handler)(route.verbs.filter()).fallback(refuse);
        if route.verbs == Verbs::Read {
            methods = methods.layer(middleware::from_fn_with_state(Arc::clone(app), compress::whole_answers));
        }
        router = router.route(route.path, methods);
    }
    router.with_state(Arc::clone(app))
}

/// What every request passes, from the outside in. One layer of many parts: as many layers would be copied, and put on the
/// heap, one within the other for each request.
fn layered(router: Router, app: Arc<App>) -> Router {
    router.layer((
        // The id exists before anything can fail, and the log line sees what really went out.
        middleware::from_fn_with_state(app, request_log::observe),
        // Addresses hold options, and those can hold a document's address: it goes to no other site.
        set_default(header::REFERRER_POLICY, "no-referrer"),
        // A response that is no page of this service loads nothing and is shown in no frame.
        set_default(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        // No response may be sniffed to another type.
        set_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A panic on an async thread is a problem like any other, not a cut connection.
        CatchPanicLayer::custom(error::panicked as fn(_) -> _),
    ))
}

fn set_default(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

fn set_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// Marks an answer that holds HTML from a document: any page can post a form here and show what comes back, so what
/// comes back must not run in this origin.
fn sandbox<B>(response: &mut Response<B>) {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
}

/// Names the rules that an answer was made by, whatever form it has.
const RULES_REVISION: HeaderName = HeaderName::from_static("x-rules-revision");

fn rules_revision(pipeline: &Pipeline) -> HeaderValue {
    let revision = HeaderValue::from_str(pipeline.rules().revision());
    // A name of a hash and its digits in hex.
    revision.unwrap_or_else(|e| unreachable!("{e}"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use axum::{body::Body, extract::Request, routing::get};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::bounds::Bounds;

    async fn boom() {
        panic!("the words of somebody's document")
    }

    #[test]
    fn a_panic_is_a_problem_that_quotes_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let pipeline = Pipeline::built_in(Bounds::default()).expect("the built-in rules load");
            let app = App::new(pipeline, Workers::new(NonZeroUsize::MIN), HttpTimeouts::default());
            let router = layered(Router::new().route("/boom", get(boom)), app);
            let request = Request::get("/boom")
                .header("host", "t")
                .header("x-request-id", "boom-1")
                .body(Body::empty());
            let answer = router.oneshot(request.expect("a request")).await.expect("never fails");
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.headers()["x-request-id"], "boom-1");
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(
                (&problem["code"], &problem["request_id"]),
                (&"internal".into(), &"boom-1".into())
            );
            assert!(!problem.to_string().contains("document"), "{problem}");
        });
    }
}
