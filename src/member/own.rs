//! A member's own pages: what it publishes of the table, its health, its cache.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::header::EXPECT;
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use serde_json::json;
use tokio::time::timeout;

use super::{Plane, manage, metrics};
use crate::access_log::Counts;
use crate::auth::AuthCounts;
use crate::net::body::Body;
use crate::net::serve::READ_AHEAD;
use crate::net::shared_body::SharedBody;
use crate::site::{HasSite, own_page};

/// Answers a request in origin-form.
pub(super) async fn answer(
    plane: &Arc<Plane>,
    head: &Parts,
    body: &SharedBody,
    peer: SocketAddr,
) -> Response<Body> {
    let response = page(plane, head, body, peer).await;
    if head.version == Version::HTTP_2 && !head.headers.contains_key(EXPECT) {
        let limit = plane.config.limits.serve.header;
        drop(timeout(limit, body.drain(READ_AHEAD)).await);
    }
    response
}

async fn page(
    plane: &Arc<Plane>,
    head: &Parts,
    body: &SharedBody,
    peer: SocketAddr,
) -> Response<Body> {
    if let Some(response) = plane.publisher.answer(head).await {
        return response;
    }
    if let Some(response) = manage::answer(plane, head, body, peer).await {
        return response;
    }
    match (&head.method, head.uri.path()) {
        (&Method::GET | &Method::HEAD, "/healthz") => {
            own_page(StatusCode::OK, "application/json", health(plane))
        }
        (&Method::GET | &Method::HEAD, "/metrics") => metrics::page(plane),
        (&Method::OPTIONS, "*") => own_page(StatusCode::OK, "text/plain", ""),
        _ => own_page(
            StatusCode::NOT_FOUND,
            "text/plain",
            "this is a proxy; it has pages of its own at /pat, /proxy.pac, /wpad.dat, /healthz and /metrics\n",
        ),
    }
}

fn health(plane: &Plane) -> String {
    let snapshot = plane.current.load();
    let table = snapshot.site().map(|site| {
        let header = site.table().header();
        json!({
            "array_name": header.array_name,
            "array_enabled": header.array_enabled,
            "config_id": header.config_id,
            "digest": site.digest().to_string(),
            "members": site.table().members().len(),
            "listed": snapshot.ready().is_some_and(|ready| ready.me.is_some()),
        })
    });
    let document = json!({
        "status": if table.is_some() { "ok" } else { "no table" },
        "role": "member",
        "name": plane.config.name,
        "table": table,
        "counts": plane.stats.as_json(),
        "auth": plane.auth.as_ref().map(|auth| {
            let AuthCounts { users, wrong, busy, computed, refused_files } = auth.counts();
            json!({
                "users": users, "wrong": wrong, "busy": busy, "computed": computed,
                "refused_files": refused_files,
            })
        }),
        "access_log": plane.access_log.as_ref().map(|log| {
            let Counts { lines, dropped, failed } = log.counts();
            json!({ "lines": lines, "dropped": dropped, "failed": failed })
        }),
    });
    format!("{document}\n")
}
