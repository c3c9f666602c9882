//! The only room that knows HTTP: routes, layers, and what crosses the wire.
//!
//! [`ROUTES`] is the whole surface as data: the router is built from it, and a test compares it with `openapi.yaml`.
//! Nothing here opens a connection of its own.

mod access;
mod error;
mod health;
mod limits;
mod negotiate;
mod normalize;
mod openapi;
mod request_id;
mod serve;
mod stream;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Response, header},
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use crate::{config::Wire, pipeline::Pipeline, workers::Workers};

pub use error::KINDS;
pub use serve::{Drained, listen, serve};

/// What every request shares.
#[derive(Debug)]
pub struct App {
    pipeline: Pipeline,
    workers: Workers,
    wire: Wire,
    health: health::Health,
}

impl App {
    /// The service over these parts. It is not ready before [`serve`] runs it.
    pub fn new(pipeline: Pipeline, workers: Workers, wire: Wire) -> Arc<Self> {
        Arc::new(App {
            pipeline,
            workers,
            wire,
            health: health::Health::default(),
        })
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

/// One row of the surface.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The path, which is also its label in logs.
    pub path: &'static str,
    /// The methods that it answers.
    pub verbs: Verbs,
    handler: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

/// Everything that this service answers.
pub const ROUTES: &[Route] = &[
    route("/v1/normalize", Verbs::Submit, |verbs| on(verbs, normalize::normalize)),
    route("/v1/clean", Verbs::Post, |verbs| on(verbs, stream::clean)),
    route("/openapi.yaml", Verbs::Read, |verbs| on(verbs, openapi::openapi)),
    route("/livez", Verbs::Read, |verbs| on(verbs, health::livez)),
    route("/readyz", Verbs::Read, |verbs| on(verbs, health::readyz)),
    route("/startupz", Verbs::Read, |verbs| on(verbs, health::startupz)),
    route("/healthz", Verbs::Read, |verbs| on(verbs, health::readyz)),
    route("/version", Verbs::Read, |verbs| on(verbs, health::version)),
];

const fn route(path: &'static str, verbs: Verbs, handler: fn(MethodFilter) -> MethodRouter<Arc<App>>) -> Route {
    Route { path, verbs, handler }
}

/// The routes, with what every request passes.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new().fallback(error::not_found);
    for route in ROUTES {
        let allow = HeaderValue::from_static(route.verbs.allow());
        let refuse = move || async move { error::method_not_allowed(allow) };
        router = router.route(route.path, (route.handler)(route.verbs.filter()).fallback(refuse));
    }
    layered(router.with_state(Arc::clone(&app)), app)
}

/// What every request passes, from the inside out.
fn layered(router: Router, app: Arc<App>) -> Router {
    router
        // A panic on an async thread is a problem like any other, not a cut connection.
        .layer(CatchPanicLayer::custom(error::panicked))
        // A body that was refused half read: outside the panics, so that theirs is read as well.
        .layer(middleware::from_fn_with_state(Arc::clone(&app), limits::read_the_rest))
        // No answer of ours is ever what a browser guesses it to be.
        .layer(set_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Outermost: the id exists before anything can fail, and the log line sees what really went out.
        .layer(middleware::from_fn_with_state(app, access::observe))
}

fn set_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// Marks an answer that holds HTML from a document: any page can post a form here and show what comes back, so what
/// comes back must not run as ours.
fn sandbox<B>(response: &mut Response<B>) {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
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
            let app = App::new(pipeline, Workers::new(NonZeroUsize::MIN), Wire::default());
            let router = layered(Router::new().route("/boom", get(boom)), app);
            let request = Request::get("/boom")
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
