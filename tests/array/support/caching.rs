//! Members that store, and what they say of it.

use std::net::SocketAddr;
use std::path::Path;

use parray::config::file::MemberFile;
use serde_json::{Value, json};

use super::array::Array;
use super::client::{Reply, exchange, page};
use super::pages::Pages;

/// A member alone.
pub(crate) async fn member(origin: &Pages) -> (Array, SocketAddr) {
    member_with(origin, |_| {}).await
}

/// The same with its settings adjusted.
pub(crate) async fn member_with(
    origin: &Pages,
    adjust: impl FnMut(&mut MemberFile),
) -> (Array, SocketAddr) {
    let array = Array::start_with(1, origin.address, adjust).await;
    let address = array.members[0];
    (array, address)
}

/// The same with a folder, which it makes, and bodies of more than a mebibyte on disk only.
pub(crate) async fn member_with_disk(origin: &Pages) -> (Array, SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (array, address) = member_with(origin, |settings| {
        settings.cache.folder = Some(folder.path().join("cache"));
    })
    .await;
    (array, address, folder)
}

/// A request with further lines of fields, each with its line end.
pub(crate) async fn ask(proxy: SocketAddr, method: &str, url: &str, fields: &str) -> Reply {
    let host = url.split('/').nth(2).unwrap();
    let length = if method == "GET" || method == "HEAD" { "" } else { "Content-Length: 0\r\n" };
    let text = format!(
        "{method} {url} HTTP/1.1\r\nHost: {host}\r\n{fields}{length}Connection: close\r\n\r\n"
    );
    exchange(proxy, &text).await
}

/// What a member says of its cache.
pub(crate) async fn statistics(member: SocketAddr) -> Value {
    serde_json::from_str(&page(member, "/api/v1/cache").await.body).unwrap()
}

/// Waits until a member has counted so many.
pub(crate) async fn until_counted(member: SocketAddr, what: &str, count: u64) {
    while statistics(member).await["requests"][what].as_u64().unwrap() < count {
        tokio::task::yield_now().await;
    }
}

/// Waits until nothing is being fetched for several.
pub(crate) async fn settled(member: SocketAddr) {
    while statistics(member).await["fetches"] != 0 {
        tokio::task::yield_now().await;
    }
}

/// Sends a document to the API of a member's cache.
pub(crate) async fn manage(member: SocketAddr, what: &str, document: &Value) -> Reply {
    manage_with(member, what, document, "").await
}

/// The same with further fields.
pub(crate) async fn manage_with(
    member: SocketAddr,
    what: &str,
    document: &Value,
    fields: &str,
) -> Reply {
    let document = document.to_string();
    let text = format!(
        "POST /api/v1/cache/{what} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{document}",
        document.len()
    );
    exchange(member, &text).await
}

/// What a member has stored for a URL.
pub(crate) async fn look(member: SocketAddr, url: &str) -> Vec<Value> {
    let reply = manage(member, "look", &json!({ "url": url })).await;
    let found: Value = serde_json::from_str(&reply.body).unwrap();
    found["stored"].as_array().unwrap().clone()
}

/// Waits until a member has a response stored for a URL, and tells where.
pub(crate) async fn stored(member: SocketAddr, url: &str) -> Value {
    loop {
        if let Some(first) = look(member, url).await.into_iter().next() {
            return first;
        }
        tokio::task::yield_now().await;
    }
}

/// Waits until what is stored for a URL is on disk.
pub(crate) async fn on_disk(member: SocketAddr, url: &str) {
    while !stored(member, url).await["place"].as_str().unwrap().contains("disk") {
        tokio::task::yield_now().await;
    }
}

/// Waits until no file of a cache is unfinished.
pub(crate) async fn nothing_unfinished_stays(cache: &Path) {
    while std::fs::read_dir(cache.join("new")).unwrap().count() > 0 {
        tokio::task::yield_now().await;
    }
}

/// `Cache-Status` of a reply.
pub(crate) fn cache_status(reply: &Reply) -> &str {
    reply.header("cache-status").unwrap_or("none")
}

/// Whether a reply came out of what is stored.
pub(crate) fn is_hit(reply: &Reply) -> bool {
    cache_status(reply).contains("; hit;")
}
