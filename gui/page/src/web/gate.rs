//! What a request must be, before anything is looked at that is in it.

use hyper::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, ORIGIN, REFERER};
use hyper::{Method, StatusCode};

/// The header that holds the page's own secret.
pub(super) const SECRET: &str = "x-kortti";

/// The address of the page, as a browser says it.
#[derive(Clone, Debug)]
pub(super) struct Address {
    port: u16,
}

impl Address {
    pub(super) fn new(port: u16) -> Self {
        Self { port }
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    /// The name of the cookie. Cookies are not told apart by port, so the port is in it.
    pub(super) fn cookie(&self) -> String {
        format!("kortti-{}", self.port)
    }

    /// Lets a request pass that can be the page's.
    ///
    /// # Errors
    /// The status of the answer: 421 for another or no host (a name of somebody else that leads here, as in DNS rebinding), 403 for another
    /// origin and for a write that does not say by origin and referer that it is the page's, 415 for anything but JSON (which is what makes a browser ask before a foreign page
    /// may send it), 405 for other methods.
    pub(super) fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<(), StatusCode> {
        if only(headers, HOST.as_str()) != Some(self.host().as_str()) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        let origin = self.origin();
        if headers.contains_key(ORIGIN) && only(headers, ORIGIN.as_str()) != Some(origin.as_str()) {
            return Err(StatusCode::FORBIDDEN);
        }
        // The policy that goes with the page (`files::HEADERS`) has its browser say where a request comes from.
        let is_below =
            |referer: &str| referer.strip_prefix(&origin).is_some_and(|path| path.starts_with('/'));
        if headers.contains_key(REFERER) && !only(headers, REFERER.as_str()).is_some_and(is_below) {
            return Err(StatusCode::FORBIDDEN);
        }
        let is_told = headers.contains_key(ORIGIN) && headers.contains_key(REFERER);
        match *method {
            Method::GET => Ok(()),
            Method::POST if !is_told => Err(StatusCode::FORBIDDEN),
            Method::POST if only(headers, CONTENT_TYPE.as_str()) != Some("application/json") => {
                Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Method::POST => Ok(()),
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// The cookies of that name, and the secret, that a request brings. Another port's server can set a cookie of the same name, which then
    /// comes along.
    pub(super) fn credentials<'h>(&self, headers: &'h HeaderMap) -> (Vec<&'h str>, Option<&'h str>) {
        let name = self.cookie();
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|all| all.split(';'));
        let cookies = pairs.filter_map(|pair| pair.trim().strip_prefix(&name)?.strip_prefix('='));
        (cookies.collect(), only(headers, SECRET))
    }
}

/// The value of a header that is there once; two are as good as none.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    const HERE: (&str, &str) = ("host", "127.0.0.1:4711");
    const OURS: (&str, &str) = ("origin", "http://127.0.0.1:4711");
    const FROM: (&str, &str) = ("referer", "http://127.0.0.1:4711/");
    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn who_may_pass() {
        let address = Address::new(4711);
        for (method, lines, verdict) in [
            (Method::GET, vec![HERE], Ok(())),
            (Method::GET, vec![HERE, OURS], Ok(())),
            (Method::GET, vec![HERE, ("referer", "http://127.0.0.1:4711/")], Ok(())),
            (Method::POST, vec![HERE, OURS, FROM, JSON], Ok(())),
            (Method::POST, vec![HERE, OURS, ("referer", "http://127.0.0.1:4711/js/main.js"), JSON], Ok(())),
            (Method::POST, vec![HERE, OURS, JSON], Err(403)),
            (Method::POST, vec![HERE, OURS, ("referer", ""), JSON], Err(403)),
            (Method::POST, vec![HERE, OURS, ("referer", "http://127.0.0.1:4711"), JSON], Err(403)),
            (Method::POST, vec![HERE, OURS, ("referer", "https://127.0.0.1:4711/"), JSON], Err(403)),
            (Method::POST, vec![HERE, OURS, FROM, FROM, JSON], Err(403)),
            (Method::GET, vec![], Err(421)),
            (Method::GET, vec![HERE, HERE], Err(421)),
            (Method::GET, vec![("host", "127.0.0.1")], Err(421)),
            (Method::GET, vec![("host", "127.0.0.1:4712")], Err(421)),
            (Method::GET, vec![("host", "localhost:4711")], Err(421)),
            (Method::GET, vec![("host", "127.0.0.1.evil.example:4711")], Err(421)),
            (Method::GET, vec![("host", "127.evil.example:4711")], Err(421)),
            (Method::GET, vec![HERE, ("origin", "http://evil.example")], Err(403)),
            (Method::GET, vec![HERE, ("referer", "http://evil.example/")], Err(403)),
            (Method::GET, vec![HERE, ("referer", "http://127.0.0.1:47112/")], Err(403)),
            (Method::GET, vec![HERE, ("referer", "http://127.0.0.1:4711@evil.example/")], Err(403)),
            (Method::POST, vec![HERE, FROM, JSON], Err(403)),
            (Method::POST, vec![HERE, ("origin", "null"), FROM, JSON], Err(403)),
            (Method::POST, vec![HERE, ("origin", "https://127.0.0.1:4711"), FROM, JSON], Err(403)),
            (Method::POST, vec![HERE, ("origin", "http://127.0.0.1:8080"), FROM, JSON], Err(403)),
            (Method::POST, vec![HERE, OURS, OURS, FROM, JSON], Err(403)),
            (Method::POST, vec![HERE, OURS, FROM], Err(415)),
            (Method::POST, vec![HERE, OURS, FROM, ("content-type", "text/plain")], Err(415)),
            (
                Method::POST,
                vec![HERE, OURS, FROM, ("content-type", "application/json; charset=utf-8")],
                Err(415),
            ),
            (
                Method::POST,
                vec![HERE, OURS, FROM, ("content-type", "text/plain; application/json")],
                Err(415),
            ),
            (Method::OPTIONS, vec![HERE, OURS], Err(405)),
            (Method::PUT, vec![HERE, OURS, FROM, JSON], Err(405)),
            (Method::HEAD, vec![HERE], Err(405)),
        ] {
            let found = address.admit(&method, &headers(&lines)).map_err(|status| status.as_u16());
            assert_eq!(found, verdict, "{method} {lines:?}");
        }
    }

    #[test]
    fn credentials_are_found_among_others() {
        let address = Address::new(4711);
        for (lines, found) in [
            (vec![("cookie", "kortti-4711=A")], (vec!["A"], None)),
            (vec![("cookie", "x=1; kortti-4711=A; kortti-47112=B"), (SECRET, "S")], (vec!["A"], Some("S"))),
            (vec![("cookie", "kortti-4711=X; kortti-4711=A")], (vec!["X", "A"], None)),
            (vec![("cookie", "kortti-4712=A")], (vec![], None)),
            (vec![("cookie", "x=kortti-4711=A")], (vec![], None)),
            (vec![(SECRET, "S"), (SECRET, "T")], (vec![], None)),
        ] {
            let headers = headers(&lines);
            assert_eq!(address.credentials(&headers), found, "{lines:?}");
        }
    }
}
