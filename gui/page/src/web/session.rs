//! The session of the page: a token that is good once opens it, and then two secrets name it, which travel on different ways.
//!
//! The cookie is out of reach for scripts, but browsers send it to every port of this machine, and another user may listen on one. The
//! other secret is in the page's own storage, which belongs to its origin, port included, and travels in a header, which no foreign page can
//! set without asking first. Neither is enough by itself.

use std::time::{Duration, Instant};

use shared::hex::Hex;
use shared::{Error, ErrorCode, Result};
use zeroize::Zeroizing;

/// For how long the link is good.
pub(super) const LINK: Duration = Duration::from_secs(120);

/// What becomes of somebody who brings a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trade {
    /// The session is open: what goes into the cookie, and what the page keeps.
    Opened { cookie: String, secret: String },
    /// It is not the token, or it came too late.
    Refused,
    /// It was traded before: somebody else has the link, so the session is over.
    Twice,
}

pub(super) struct Session {
    token: Zeroizing<String>,
    until: Instant,
    cookie: Zeroizing<String>,
    secret: Zeroizing<String>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Open,
    Over,
}

impl Session {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            token: random()?,
            until: Instant::now() + LINK,
            cookie: random()?,
            secret: random()?,
            state: State::New,
        })
    }

    /// The token, for the link.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn trade(&mut self, token: &str, now: Instant) -> Trade {
        if !same(token, &self.token) {
            return Trade::Refused;
        }
        match self.state {
            State::New if now <= self.until => {
                self.state = State::Open;
                Trade::Opened { cookie: self.cookie.to_string(), secret: self.secret.to_string() }
            }
            State::New => Trade::Refused,
            State::Open | State::Over => {
                self.state = State::Over;
                Trade::Twice
            }
        }
    }

    /// Whether somebody with these cookies and this secret is the page.
    pub(super) fn admits(&self, cookies: &[&str], secret: Option<&str>) -> bool {
        self.state == State::Open
            && cookies.iter().any(|cookie| same(cookie, &self.cookie))
            && secret.is_some_and(|secret| same(secret, &self.secret))
    }

    /// From now on nobody is the page.
    pub(super) fn end(&mut self) {
        self.state = State::Over;
    }

    /// Whether the page has been opened.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }
}

/// 256 bits that nobody can guess, as text.
pub(super) fn random() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        Error::new(ErrorCode::System, format!("The system has no random numbers: {error}."))
    })?;
    Ok(Zeroizing::new(Hex(bytes.to_vec()).to_string()))
}

/// Compares without telling by its time where the first difference is.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_once_and_for_a_while() {
        let mut session = Session::new().unwrap();
        let token = session.token().to_owned();
        let now = Instant::now();
        assert!(!session.admits(&[&session.cookie.clone()], Some(&session.secret.clone())));
        assert_eq!(session.trade("", now), Trade::Refused);
        assert_eq!(session.trade(&token[1..], now), Trade::Refused);
        let Trade::Opened { cookie, secret } = session.trade(&token, now) else { panic!("refused") };
        assert!(session.is_open() && session.admits(&[&cookie], Some(&secret)));
        for (cookies, secret) in [
            (&[][..], Some(secret.as_str())),
            (&[cookie.as_str()], None),
            (&[secret.as_str()], Some(cookie.as_str())),
            (&[""], Some("")),
        ] {
            assert!(!session.admits(cookies, secret));
        }
        assert_eq!(session.trade(&token, now), Trade::Twice);
        assert!(!session.admits(&[&cookie], Some(&secret)), "the session is over");
        assert_eq!(session.trade(&token, now), Trade::Twice);

        let mut late = Session::new().unwrap();
        let token = late.token().to_owned();
        assert_eq!(late.trade(&token, Instant::now() + LINK + Duration::from_secs(1)), Trade::Refused);
        assert_ne!(*random().unwrap(), *random().unwrap());
    }
}
