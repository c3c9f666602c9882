//! What the head of a request must hold before any route sees it (RFC 9110 and 9112).
//!
//! hyper refuses what cannot be parsed, folded lines and contradicting lengths, with a bare status. What it lets through
//! and a server must not take is refused here, as a problem.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header, uri::Authority},
};

use super::error::ApiError;
use crate::error::ErrorCode;

/// # Errors
/// 400 for a bad target or `Host`, 417 for an expectation and 501 for a transfer coding that are not known.
pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    check_target(request.method(), request.uri())?;
    check_host(headers, request.version())?;
    check_transfer_codings(headers)?;
    // Expectations of HTTP/1.0 are ignored.
    match members(headers, &header::EXPECT).find(|member| !member.eq_ignore_ascii_case(b"100-continue")) {
        Some(_) if request.version() >= Version::HTTP_11 => {
            let detail = "the only expectation known is 100-continue (RFC 9110, section 10.1.1)";
            Err(ApiError::new(ErrorCode::ExpectationFailed, detail))
        }
        _ => Ok(()),
    }
}

/// A path or a whole address; only `CONNECT` has a host alone, and only `OPTIONS` an asterisk.
fn check_target(method: &Method, target: &Uri) -> Result<(), ApiError> {
    let path = target.path();
    let is_whole = target.scheme().is_some() || (path.starts_with('/') && target.authority().is_none());
    if is_whole || *method == Method::CONNECT || (*method == Method::OPTIONS && path == "*") {
        return Ok(());
    }
    let detail = "the target of a request is a path that begins with `/`, or a whole address (RFC 9112, section 3.2)";
    Err(ApiError::new(ErrorCode::BadTarget, detail))
}

fn check_host(headers: &HeaderMap, version: Version) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let fault = match (hosts.next(), hosts.next()) {
        (None, _) if version >= Version::HTTP_11 => "is missing",
        (Some(_), Some(_)) => "stands there twice",
        (Some(host), None) if !is_host(host) => "is no host, with a port or without",
        _ => return Ok(()),
    };
    let detail = format!("the header host {fault} (RFC 9112, section 3.2)");
    Err(ApiError::new(ErrorCode::BadHeader, detail))
}

/// A host with or without a port, or nothing, which is sent where the target has no host.
fn is_host(value: &HeaderValue) -> bool {
    let Ok(host) = value.to_str() else { return false };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let has_port_or_none = match host.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => is_port(port),
        _ => true,
    };
    host.is_empty() || (!host.contains('@') && has_port_or_none && host.parse::<Authority>().is_ok())
}

/// hyper takes off `chunked` alone, and only looks whether it is the last one.
fn check_transfer_codings(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = members(headers, &header::TRANSFER_ENCODING);
    let refusal = match (codings.next(), codings.next()) {
        (None, _) => return Ok(()),
        (Some(only), None) if only.eq_ignore_ascii_case(b"chunked") => return Ok(()),
        _ => {
            let detail = "the only transfer coding known is chunked, once; a body that is compressed says so in \
                          Content-Encoding (RFC 9112, section 6.1)";
            ApiError::new(ErrorCode::UnsupportedTransferEncoding, detail)
        }
    };
    // Where such a body ends others may see differently.
    Err(refusal.with(header::CONNECTION, HeaderValue::from_static("close")))
}

/// The members of a header that is a list, over all its lines.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for host in [
            "",
            "a.example",
            "a:80",
            "a:",
            "[::1]",
            "[::1]:80",
            "127.0.0.1:8080",
            "a_b",
            "xn--p1ai",
        ] {
            assert!(is_host(&HeaderValue::from_static(host)), "{host}");
        }
        for host in ["a/b", "a b", "u@a", "a:b", "http://a", "[::1", "a?b", "a#b"] {
            assert!(!is_host(&HeaderValue::from_static(host)), "{host}");
        }
    }
}
