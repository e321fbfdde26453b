//! The identifiers of validation sessions, and the page that follows a validation.

use std::fmt;

use url::Url;

/// The number of attempts that a 6-digit code allows. Guessing succeeds once in 200,000 codes.
pub const CODE_TRIES: i64 = 5;

/// The text is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Returns whether the text matches `[0-9a-zA-Z.=_-]{1,255}`, as the specification requires of
/// `client_secret` and `sid`.
fn is_opaque(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".=_-".contains(&byte))
}

/// The secret by which a client proves that it began a session.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Parses `[0-9a-zA-Z.=_-]{1,255}`.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn parse(text: String) -> Result<Self, Invalid> {
        if is_opaque(&text) { Ok(Self(text)) } else { Err(Invalid) }
    }

    /// Returns the secret, for the link in the email.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the secret, for hashing.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Hides the secret.
impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// The ID of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sid(String);

impl Sid {
    /// Parses `[0-9a-zA-Z.=_-]{1,255}`.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn parse(text: String) -> Result<Self, Invalid> {
        if is_opaque(&text) { Ok(Self(text)) } else { Err(Invalid) }
    }

    /// Returns the ID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hosts that the operator allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// The host as written in URLs: in lower case and ASCII.
    pub host: String,
    /// True if the hosts below it are meant instead.
    pub is_below: bool,
}

impl HostPattern {
    fn allows(&self, host: &str) -> bool {
        match host.strip_suffix(self.host.as_str()) {
            Some(rest) if self.is_below => rest.len() > 1 && rest.ends_with('.'),
            rest => rest == Some(""),
        }
    }
}

/// The page to which the reader of an email is sent after the validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextLink(Url);

/// The longest link, in bytes, which is about what browsers support.
const MAX_LINK_BYTES: usize = 2_000;

impl NextLink {
    /// Parses an HTTP or HTTPS URL without userinfo. If `hosts` is given, one of them must allow
    /// its host.
    ///
    /// # Errors
    /// [`Invalid`] for anything else, and for anything that a URL parser would silently correct:
    /// control characters, spaces and backslashes.
    pub fn parse(text: &str, hosts: Option<&[HostPattern]>) -> Result<Self, Invalid> {
        let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if text.len() > MAX_LINK_BYTES || text.contains(odd) {
            return Err(Invalid);
        }
        let url = Url::parse(text).map_err(|_| Invalid)?;
        let (scheme, rest) = text.split_once("://").ok_or(Invalid)?;
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = url.host_str().filter(|host| !host.is_empty() && !authority.is_empty()).ok_or(Invalid)?;
        let allowed = hosts.is_none_or(|hosts| hosts.iter().any(|pattern| pattern.allows(host)));
        if web && allowed && !authority.contains('@') { Ok(Self(url)) } else { Err(Invalid) }
    }

    /// Returns the host, in ASCII.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the link, in ASCII.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_consists_of_the_specified_characters() {
        let parse = |text: &str| ClientSecret::parse(text.into());
        assert!(parse("monkeys_are.GREAT=-9").is_ok() && parse(&"x".repeat(255)).is_ok());
        for bad in ["", "a b", "a/b", "ä", "a\n", &"x".repeat(256)] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_next_link_is_a_web_address() {
        for good in
            ["https://app.example/done?x=1#y", "http://localhost:8080", "HTTPS://App.Example/", "https://exämple.org/"]
        {
            assert!(NextLink::parse(good, None).is_ok(), "{good}");
        }
        let bad = [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil",
            "\\\\evil",
            "https:\\\\evil",
            "/path",
            "https:evil",
            "https:///evil",
            "http://u:p@h",
            "http://u@h",
            "http://@h",
            "https://h/\r\nSet-Cookie: a",
            "https://h/a b",
            " https://h",
            "ftp://h/",
            "mailto:a@b",
        ];
        for bad in bad {
            assert_eq!(NextLink::parse(bad, None), Err(Invalid), "{bad}");
        }
        assert!(NextLink::parse(&format!("https://h/{}", "x".repeat(2_000)), None).is_err());
    }

    #[test]
    fn the_operator_can_restrict_the_hosts() {
        let pattern = |host: &str, is_below| HostPattern { host: host.to_owned(), is_below };
        let hosts = [pattern("app.example", false), pattern("xn--bcher-kva.example", true), pattern("[::1]", false)];
        for good in [
            "https://APP.example:8443/",
            "https://app%2Eexample/",
            "https://ａｐｐ.example/",
            "https://x.bücher.example",
            "https://a.b.xn--bcher-kva.example",
            "http://[::1]:8080/",
        ] {
            assert!(NextLink::parse(good, Some(&hosts)).is_ok(), "{good}");
        }
        for bad in [
            "https://app.example.evil/",
            "https://app.example./",
            "https://sub.app.example/",
            "https://evilapp.example/",
            "https://bücher.example/",
            "https://evilbücher.example/",
            "https://.bücher.example/",
            "https://app.example@evil.example/",
            "https://evil.example/https://app.example/",
            "https://evil.example?app.example",
            "https://evil.example#app.example",
            "https://evil.example\\.app.example",
            "https://app.example%00.evil.example",
            "https://app.example\t.evil.example",
            "https://аpp.example/",
            "//app.example/",
            "javascript://app.example/%0aalert(1)",
            "data://app.example/",
        ] {
            assert_eq!(NextLink::parse(bad, Some(&hosts)), Err(Invalid), "{bad}");
        }
        assert!(NextLink::parse("https://app.example/", Some(&[])).is_err());
    }
}
