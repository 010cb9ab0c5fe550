//! The page's files, at addresses of a scheme of our own.

use std::borrow::Cow;

use page::files::{self, HEADERS};
use wry::http::{Method, Request, Response, StatusCode};

/// The scheme.
pub(super) const NAME: &str = "kortti";

/// The page's address. WebView2 knows no schemes of others; there wry makes a host of it.
pub(super) const PAGE: &str = if cfg!(windows) { "http://kortti.localhost/" } else { "kortti://localhost/" };

/// Whether an address is the page itself, wherever in it.
pub(super) fn is_page(url: &str) -> bool {
    url.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

/// What is at an address.
pub(super) fn answer(request: &Request<Vec<u8>>) -> Response<Cow<'static, [u8]>> {
    let uri = request.uri();
    let asked_well = request.method() == Method::GET && uri.query().is_none();
    let file = files::find(uri.path()).filter(|_| asked_well);
    let (status, content): (_, &'static [u8]) = match file {
        Some(file) => (StatusCode::OK, file.content),
        None => (StatusCode::NOT_FOUND, b""),
    };
    let media_type = file.map_or("text/plain; charset=utf-8", |file| file.media_type());
    let mut response = Response::builder().status(status).header("content-type", media_type);
    for (name, value) in HEADERS {
        response = response.header(*name, *value);
    }
    // None of it can be wrong; were it, the page would get nothing.
    response.body(Cow::Borrowed(content)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_is_gone_to() {
        for (url, is) in [("", true), ("#main", true), ("js/main.js", false), ("?x", false), ("//", false)] {
            assert_eq!(is_page(&format!("{PAGE}{url}")), is, "{url}");
        }
        for url in [
            "https://example.org/",
            "file:///etc/passwd",
            "about:blank",
            "kortti://localhost.example/",
            "data:text/html,x",
            "",
        ] {
            assert!(!is_page(url), "{url}");
        }
    }

    #[test]
    fn files_come_with_the_policy_of_the_page() {
        let get = |uri: &str| answer(&Request::builder().uri(uri).body(Vec::new()).unwrap());
        let page = get("kortti://localhost/");
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert!(
            page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'")
        );
        assert!(page.body().starts_with(b"<!doctype html>"));
        assert_eq!(
            get("kortti://localhost/js/main.js").headers()["content-type"],
            "text/javascript; charset=utf-8"
        );
        for nothing in ["kortti://localhost/js", "kortti://localhost/?x", "kortti://localhost/../Cargo.toml"]
        {
            let response = get(nothing);
            assert_eq!((response.status(), response.body().len()), (StatusCode::NOT_FOUND, 0), "{nothing}");
            assert!(response.headers().contains_key("content-security-policy"));
        }
        let post = Request::builder().method("POST").uri("kortti://localhost/").body(Vec::new()).unwrap();
        assert_eq!(answer(&post).status(), StatusCode::NOT_FOUND);
    }
}
