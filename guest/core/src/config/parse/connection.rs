//! How BigQuery is reached: the keys directly under `bigquery` that are about no single table.

use super::super::names::NameKind;
use super::node::{Node, Object, Unit};
use crate::retry::{MAX_DELAY_MS, RetryPolicy};

pub(super) const KEYS: &[&str] =
    &["projectId", "credentials", "location", "apiEndpoint", "maxRetries", "initialRetryDelay", "requestTimeout"];

const LONGEST_TIMEOUT_MS: u64 = 3_600_000;

pub(super) struct Connection {
    pub(super) project_id: String,
    pub(super) credentials: Option<String>,
    pub(super) location: String,
    pub(super) api_endpoint: Option<String>,
    pub(super) retry: RetryPolicy,
    pub(super) request_timeout_ms: u64,
}

impl Connection {
    /// None without a project.
    pub(super) fn read(bigquery: &Object) -> Option<Self> {
        let project_id = bigquery.required_name("projectId", NameKind::Project);
        let credentials = bigquery.get("credentials").and_then(|node| credentials(&node));
        let location = bigquery.get("location").and_then(|node| node.name(NameKind::Location)).unwrap_or("US");
        let api_endpoint = bigquery.get("apiEndpoint").and_then(|node| api_endpoint(&node));
        let retry = retry(bigquery);
        let request_timeout_ms = bigquery
            .get("requestTimeout")
            .and_then(|node| node.duration_ms(1..=LONGEST_TIMEOUT_MS, Unit::Milliseconds))
            .unwrap_or(60_000);
        Some(Self {
            project_id: project_id?,
            credentials,
            location: location.to_owned(),
            api_endpoint,
            retry,
            request_timeout_ms,
        })
    }
}

/// The path of a key file. A key that was pasted here instead must not reach any log.
fn credentials(node: &Node) -> Option<String> {
    let is_path = |text: &&str| {
        (1..=4096).contains(&text.len())
            && !text.contains(['{', '}'])
            && !text.chars().any(char::is_control)
            && !text.contains("PRIVATE KEY")
    };
    let path = node.value.as_str().filter(is_path);
    if path.is_none() {
        node.errors.push(
            &node.path,
            "something else (not shown)".to_owned(),
            "the path of a key file",
            "Keep the key in a file of its own and write its path: `credentials: service-account-key.json`.",
        );
    }
    path.map(str::to_owned)
}

/// An address without a slash at its end, and without `/bigquery/v2`, which every request adds.
fn api_endpoint(node: &Node) -> Option<String> {
    const EXPECTED: &str = "an http or https URL";
    let text = node.text(EXPECTED)?.trim();
    if text.contains('@') {
        let help = "Write the address without user name and password.";
        node.errors.push(&node.path, "an address with a user name (not shown)".to_owned(), EXPECTED, help);
        return None;
    }
    let is_address = text.parse::<http::Uri>().is_ok_and(|uri| {
        let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_host = uri.authority().is_some_and(|authority| {
            !authority.host().is_empty() && (authority.port_u16().is_some() || authority.as_str() == authority.host())
        });
        has_scheme && has_host && uri.query().is_none()
    });
    if !is_address || text.contains('#') {
        node.reject(EXPECTED, "Write for example `apiEndpoint: http://localhost:9050`.");
        return None;
    }
    let address = text.trim_end_matches('/');
    Some(address.strip_suffix("/bigquery/v2").unwrap_or(address).to_owned())
}

fn retry(bigquery: &Object) -> RetryPolicy {
    let default = RetryPolicy::default();
    let max_retries = bigquery.get("maxRetries").and_then(|node| node.integer(0..=100));
    let initial_delay_ms =
        bigquery.get("initialRetryDelay").and_then(|node| node.duration_ms(1..=MAX_DELAY_MS, Unit::Milliseconds));
    RetryPolicy {
        max_retries: max_retries.unwrap_or(default.max_retries),
        initial_delay_ms: initial_delay_ms.unwrap_or(default.initial_delay_ms),
    }
}
