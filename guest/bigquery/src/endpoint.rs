//! Addresses of servers, as Google's clients understand `apiEndpoint` and `BIGQUERY_EMULATOR_HOST`.

/// Where BigQuery is when nothing else is said.
const GOOGLE: &str = "https://bigquery.googleapis.com";
/// Path that every request of the API starts with.
pub(crate) const API_PATH: &str = "/bigquery/v2";

/// Protocol of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// `scheme://authority/path`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub scheme: Scheme,
    /// `host` or `host:port`
    pub authority: String,
    /// Empty, or starts with a slash; never ends with one.
    pub path: String,
}

/// An address that nothing can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not the address of a server: {problem}")]
pub struct EndpointError {
    /// What stands there.
    pub found: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Endpoint {
    /// The BigQuery API: `api_endpoint` if given, else `emulator_host`, else Google's. Both may come with or without a
    /// scheme and with or without `/bigquery/v2`.
    pub fn of_api(api_endpoint: Option<&str>, emulator_host: Option<&str>) -> Result<Self, EndpointError> {
        let mut endpoint = Self::parse(api_endpoint.or(emulator_host).unwrap_or(GOOGLE))?;
        if !endpoint.path.ends_with(API_PATH) {
            endpoint.path.push_str(API_PATH);
        }
        Ok(endpoint)
    }

    /// Any address; without a scheme `https` is meant for Google's own hosts and `http` for all others, which are
    /// emulators, proxies and metadata servers.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let error = |problem| EndpointError { found: text.to_owned(), problem };
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(Scheme::Http), rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(Scheme::Https), rest),
            Some(_) => return Err(error("only http:// and https:// are understood")),
            None => (None, text),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(EndpointError { found: "…@…".into(), problem: "user and password do not belong here" });
        }
        let (host, port) = split_port(authority);
        if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte)) {
            return Err(error("expected a host name, such as localhost:9050"));
        }
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(error("the port must be a number up to 65535"));
        }
        if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%:".contains(&byte)) {
            return Err(error("nothing may follow the path"));
        }
        let google = host.ends_with(".googleapis.com");
        let scheme = scheme.unwrap_or(if google { Scheme::Https } else { Scheme::Http });
        Ok(Self { scheme, authority: authority.to_owned(), path: path.trim_end_matches('/').to_owned() })
    }

    /// Whether what is sent stays private: encrypted, or within this machine.
    pub fn is_private(&self) -> bool {
        let (host, _) = split_port(&self.authority);
        self.scheme == Scheme::Https || host == "localhost" || host == "[::1]" || host.starts_with("127.")
    }
}

/// Host and port; IPv6 addresses keep their brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: &Endpoint) -> String {
        let scheme = if endpoint.scheme == Scheme::Http { "http" } else { "https" };
        format!("{scheme}://{}{}", endpoint.authority, endpoint.path)
    }

    #[test]
    fn every_spelling_that_googles_clients_accept_leads_to_the_api() {
        for (api_endpoint, emulator_host, expected) in [
            (None, None, "https://bigquery.googleapis.com/bigquery/v2"),
            (Some("https://bigquery.googleapis.com/"), None, "https://bigquery.googleapis.com/bigquery/v2"),
            (Some("bigquery.eu.rep.googleapis.com"), None, "https://bigquery.eu.rep.googleapis.com/bigquery/v2"),
            (Some("http://localhost:9050"), None, "http://localhost:9050/bigquery/v2"),
            (None, Some("localhost:9050"), "http://localhost:9050/bigquery/v2"),
            (None, Some("http://127.0.0.1:9050/bigquery/v2"), "http://127.0.0.1:9050/bigquery/v2"),
            (None, Some("http://127.0.0.1:9050/bigquery/v2/"), "http://127.0.0.1:9050/bigquery/v2"),
            (Some("emulator"), Some("localhost:9050"), "http://emulator/bigquery/v2"),
            (Some("https://proxy.example/google"), None, "https://proxy.example/google/bigquery/v2"),
            (Some("http://[::1]:9050"), None, "http://[::1]:9050/bigquery/v2"),
        ] {
            let endpoint = Endpoint::of_api(api_endpoint, emulator_host).unwrap();
            assert_eq!(url(&endpoint), expected, "{api_endpoint:?} {emulator_host:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "http://", "ftp://host", "host:port", "host:70000", "a b", "host/?x=1", "host/#x", ":9050"] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let error = Endpoint::parse("https://me:secret@host").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn only_encrypted_and_local_addresses_are_private() {
        for (text, private) in [
            ("https://oauth2.googleapis.com/token", true),
            ("http://localhost:1234/token", true),
            ("http://127.0.0.1:1234/token", true),
            ("http://[::1]:1234/token", true),
            ("http://example.com/token", false),
            ("http://localhost.example.com/token", false),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().is_private(), private, "{text}");
        }
    }
}
