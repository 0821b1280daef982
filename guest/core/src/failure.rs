//! What went wrong with a request to BigQuery, and whether it is worth another try.
//!
//! Reasons and their statuses are BigQuery's: <https://cloud.google.com/bigquery/docs/error-messages>.

use serde::Deserialize;

use crate::decode::Page;

/// Messages and reasons are cut after this many bytes.
const MAX_MESSAGE_BYTES: usize = 500;

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({reason})")]
pub struct Failure {
    /// What to do about it.
    pub kind: FailureKind,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// BigQuery's reason (`invalidQuery`, `rateLimitExceeded`) or ours (`connectionReset`, `timeout`).
    pub reason: String,
    /// BigQuery's words, shortened; never with credentials in them.
    pub message: String,
    /// The missing permission, when BigQuery names it: `bigquery.tables.getData`.
    pub permission: Option<String>,
    /// How long the server asked us to wait.
    pub retry_after_ms: Option<u64>,
    /// Whether the job has failed, as opposed to the request about it: then the same request cannot succeed any more,
    /// only a new job can.
    pub job_failed: bool,
}

/// What to do about a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Rate limits, quota, outages, lost connections: the same request may succeed later.
    Transient,
    /// The token is not accepted, or none was granted: the same request with a new token may succeed.
    Unauthorized,
    /// A permission is missing.
    PermissionDenied,
    /// No such project, dataset or table.
    NotFound,
    /// BigQuery does not know the job, or not its result, any more (results live for 24 hours): only a new job helps.
    ResultExpired,
    /// A job of this id exists.
    AlreadyExists,
    /// The result is too large to be read without a destination table.
    ResponseTooLarge,
    /// The query would bill more than `maximumBytesBilled`.
    BytesBilledLimitExceeded,
    /// The query or the request is wrong: repeating it is useless.
    Invalid,
    /// The answer is not one of BigQuery's.
    Malformed,
}

impl Failure {
    /// A failure of our own making or of the way to the server; `reason` in BigQuery's camelCase style.
    #[must_use]
    pub fn new(kind: FailureKind, reason: impl Into<String>, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        let permission =
            (kind == FailureKind::PermissionDenied).then(|| permission_in(&message)).flatten().map(String::from);
        let reason = shortened(reason.into());
        let job_failed = reason.starts_with("job") || reason == "stopped";
        Self { kind, status: None, reason, message, permission, retry_after_ms: None, job_failed }
    }

    /// An answer that is not one of BigQuery's: cut short, HTML, or JSON of another kind.
    #[must_use]
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Malformed, "malformedAnswer", message)
    }

    /// The failure that an HTTP answer with an error status stands for. Understands BigQuery's form, that of OAuth
    /// token endpoints, and anything else (proxies answer in HTML) by its status alone.
    #[must_use]
    pub fn from_answer(status: u16, body: &[u8], retry_after_ms: Option<u64>) -> Self {
        let mut failure = match serde_json::from_slice(body) {
            Ok(ErrorAnswer { error: ErrorBody::Google(error), .. }) => {
                let first = error.errors.into_iter().next().unwrap_or_default();
                let reason = [first.reason, error.status].into_iter().find(|text| !text.is_empty());
                let message = [error.message, first.message].into_iter().find(|text| !text.is_empty());
                Self::by_reason(Some(status), reason, message.unwrap_or_else(|| format!("HTTP status {status}")))
            }
            Ok(ErrorAnswer { error: ErrorBody::OAuth(error), error_description }) => {
                let message = error_description.unwrap_or_else(|| error.clone());
                Self::by_reason(Some(status), Some(error), message)
            }
            Err(_) => Self::by_reason(Some(status), None, format!("HTTP status {status}: {}", readable(body))),
        };
        failure.retry_after_ms = retry_after_ms;
        failure
    }

    /// The failure of a job: its `status.errorResult`, or the first of `errors` in a result that has no schema.
    #[must_use]
    pub fn of_job(reason: &str, message: &str) -> Self {
        Self { job_failed: true, ..Self::by_reason(None, Some(reason.to_owned()), message.to_owned()) }
    }

    /// The failure that a page of results reports although HTTP said 200. Errors beside a schema, or of a job that still
    /// runs, are warnings.
    #[must_use]
    pub fn in_page(page: &Page) -> Option<Self> {
        let error = page.errors.first().filter(|_| page.job_complete && page.schema.is_none())?;
        Some(Self::of_job(&error.reason, &error.message))
    }

    fn by_reason(status: Option<u16>, reason: Option<String>, message: String) -> Self {
        let kind = kind_of(status, reason.as_deref().unwrap_or_default(), &message);
        let reason = reason.unwrap_or_else(|| format!("http{}", status.unwrap_or_default()));
        Self { status, ..Self::new(kind, reason, message) }
    }

    /// What the operator can do about it, in a sentence or two.
    #[must_use]
    pub fn advice(&self) -> String {
        match self.kind {
            FailureKind::Transient => "It is tried again. If it stays: look at the connection to BigQuery, at \
                 https://status.cloud.google.com and at the quotas of the project."
                .into(),
            FailureKind::Unauthorized => "Check that bigquery.credentials names a key that still exists and is \
                 enabled, and that the clock of this machine is right."
                .into(),
            FailureKind::PermissionDenied => match self.permission.as_deref() {
                Some(permission) if permission.starts_with("bigquery.jobs.") => {
                    format!("Grant {permission} on the project, for example by the role roles/bigquery.jobUser.")
                }
                Some(permission) => {
                    format!("Grant {permission} on the dataset, for example by the role roles/bigquery.dataViewer.")
                }
                None => "Grant the account roles/bigquery.jobUser on the project and roles/bigquery.dataViewer on the \
                     dataset, and check that billing is enabled."
                    .into(),
            },
            FailureKind::NotFound => "Check projectId, dataset, table and location: a dataset is only found in its \
                 own location. A table that is created later is picked up by itself."
                .into(),
            FailureKind::ResultExpired => "The query is run again from the last checkpoint.".into(),
            FailureKind::AlreadyExists => "The job of this id is used as it is.".into(),
            FailureKind::ResponseTooLarge => "Read less at a time: fewer columns, or a table partitioned by its \
                 timestamp column."
                .into(),
            FailureKind::BytesBilledLimitExceeded => "Raise maximumBytesBilled, read fewer columns, or partition the \
                 table by its timestamp column."
                .into(),
            FailureKind::Invalid if self.status.is_none() && !self.job_failed => "Check apiEndpoint, \
                 BIGQUERY_EMULATOR_HOST and token_uri: host names and IPv4 addresses, with or without a port."
                .into(),
            FailureKind::Invalid => "Compare dataset, table, columns and timestampColumn in the configuration with \
                 the table's schema."
                .into(),
            FailureKind::Malformed => "Check that apiEndpoint or BIGQUERY_EMULATOR_HOST names a BigQuery API, and \
                 what proxies on the way do."
                .into(),
        }
    }
}

fn kind_of(status: Option<u16>, reason: &str, message: &str) -> FailureKind {
    if status == Some(401) {
        return FailureKind::Unauthorized;
    }
    match reason {
        "rateLimitExceeded"
        | "quotaExceeded"
        | "backendError"
        | "internalError"
        | "jobBackendError"
        | "jobInternalError"
        | "jobRateLimitExceeded"
        | "tableUnavailable"
        | "timeout"
        | "stopped" => FailureKind::Transient,
        "accessDenied" | "billingNotEnabled" | "blocked" | "insufficientPermissions" => FailureKind::PermissionDenied,
        "notFound" => not_found_kind(message),
        "duplicate" => FailureKind::AlreadyExists,
        "responseTooLarge" => FailureKind::ResponseTooLarge,
        "bytesBilledLimitExceeded" => FailureKind::BytesBilledLimitExceeded,
        "invalidQuery" | "invalid" | "badRequest" | "resourcesExceeded" | "notImplemented" => FailureKind::Invalid,
        _ => match status {
            Some(403) => FailureKind::PermissionDenied,
            Some(404) => not_found_kind(message),
            Some(409) => FailureKind::AlreadyExists,
            Some(408 | 429 | 500 | 502..=599) => FailureKind::Transient,
            Some(100..=399) => FailureKind::Malformed,
            _ => FailureKind::Invalid,
        },
    }
}

/// Jobs are `Job project:location.id`, and `job:project.id` in the emulator. A result that has expired while its job is
/// still known is reported as a missing table in a hidden dataset, `Table project:_hash.anon...`: no dataset of a user
/// starts with an underscore.
fn not_found_kind(message: &str) -> FailureKind {
    let what = message.strip_prefix("Not found: ").unwrap_or(message);
    let is_job = ["Job ", "job:"].iter().any(|prefix| what.starts_with(prefix));
    let is_hidden_table = what.starts_with("Table ") && what.contains(":_");
    if is_job || is_hidden_table { FailureKind::ResultExpired } else { FailureKind::NotFound }
}

/// `bigquery.tables.getData` in `Permission bigquery.tables.getData denied on table p:d.t`.
fn permission_in(message: &str) -> Option<&str> {
    message
        .split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '.'))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| word.starts_with("bigquery.") && word.split('.').count() == 3 && !word.ends_with(".com"))
}

/// Text of an answer that is not JSON, without its mark-up.
fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * MAX_MESSAGE_BYTES)]);
    let mut inside_tag = false;
    let visible: String = text
        .chars()
        .map(|sign| match sign {
            '<' => {
                inside_tag = true;
                ' '
            }
            '>' => {
                inside_tag = false;
                ' '
            }
            _ if inside_tag => ' ',
            _ => sign,
        })
        .collect();
    if visible.trim().is_empty() { "no text".into() } else { visible }
}

/// In one line and not too long.
fn shortened(message: String) -> String {
    let mut message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if message.len() > MAX_MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        message.push('…');
    }
    message
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorBody,
    error_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorBody {
    Google(GoogleError),
    OAuth(String),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GoogleError {
    message: String,
    status: String,
    errors: Vec<GoogleErrorDetail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GoogleErrorDetail {
    reason: String,
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NumericForm;
    use crate::decode::{LayoutSettings, PageDecoder};
    use FailureKind::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::rc::Rc;

    fn answer(status: u16, reason: &str, message: &str) -> Failure {
        let body = serde_json::json!({
            "error": { "code": status, "message": message, "errors": [{ "reason": reason, "message": message }] }
        });
        Failure::from_answer(status, body.to_string().as_bytes(), None)
    }

    #[test]
    fn the_reason_decides_before_the_status() {
        for (status, reason, kind) in [
            (403, "rateLimitExceeded", Transient),
            (403, "quotaExceeded", Transient),
            (403, "accessDenied", PermissionDenied),
            (400, "tableUnavailable", Transient),
            (400, "invalidQuery", Invalid),
            (403, "responseTooLarge", ResponseTooLarge),
            (400, "bytesBilledLimitExceeded", BytesBilledLimitExceeded),
            (409, "duplicate", AlreadyExists),
            (404, "notFound", NotFound),
            (503, "backendError", Transient),
        ] {
            let failure = answer(status, reason, "words");
            assert_eq!(failure.kind, kind, "{status} {reason}");
            assert_eq!((failure.status, failure.reason.as_str()), (Some(status), reason));
        }
    }

    #[test]
    fn without_a_known_reason_the_status_decides() {
        for (status, kind) in [
            (302, Malformed),
            (400, Invalid),
            (401, Unauthorized),
            (403, PermissionDenied),
            (404, NotFound),
            (408, Transient),
            (409, AlreadyExists),
            (413, Invalid),
            (429, Transient),
            (500, Transient),
            (501, Invalid),
            (502, Transient),
            (503, Transient),
            (504, Transient),
        ] {
            assert_eq!(answer(status, "somethingNew", "words").kind, kind, "{status}");
            assert_eq!(Failure::from_answer(status, b"", None).kind, kind, "{status} without a body");
        }
    }

    #[test]
    fn an_expired_token_is_unauthorized_whatever_the_reason() {
        assert_eq!(answer(401, "accessDenied", "Invalid Credentials").kind, Unauthorized);
    }

    #[test]
    fn a_missing_job_or_hidden_result_table_is_an_expired_result_and_a_missing_table_is_not() {
        for (message, kind) in [
            ("Not found: Job shipping:US.sync_1", ResultExpired),
            ("Not found: job:shipping.sync_1", ResultExpired),
            ("Not found: Table shipping:_0f3a.anon77 was not found in location US", ResultExpired),
            ("Not found: Table shipping:vessels.positions was not found in location US", NotFound),
            ("Not found: table:shipping.vessels.job", NotFound),
            ("Not found: Dataset shipping:jobs", NotFound),
        ] {
            assert_eq!(answer(404, "notFound", message).kind, kind, "{message}");
        }
    }

    #[test]
    fn the_missing_permission_is_named_with_a_role_that_has_it() {
        let message = "Access Denied: Table p:d.t: Permission bigquery.tables.getData denied on table p:d.t (or it may not exist).";
        let failure = answer(403, "accessDenied", message);
        assert_eq!(failure.permission.as_deref(), Some("bigquery.tables.getData"));
        assert!(failure.advice().contains("roles/bigquery.dataViewer"), "{}", failure.advice());

        let message = "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.";
        let failure = answer(403, "accessDenied", message);
        assert_eq!(failure.permission.as_deref(), Some("bigquery.jobs.create"));
        assert!(failure.advice().contains("roles/bigquery.jobUser"), "{}", failure.advice());

        assert_eq!(answer(403, "accessDenied", "see bigquery.googleapis.com/x/y").permission, None);
    }

    #[test]
    fn a_refusal_of_the_token_endpoint_keeps_its_words() {
        let body = br#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
        let failure = Failure::from_answer(400, body, None);
        assert_eq!(failure.kind, Invalid);
        assert_eq!(failure.to_string(), "Invalid JWT Signature. (invalid_grant)");
    }

    #[test]
    fn a_html_answer_shows_its_text_only() {
        let body = b"<html><head><title>502 Bad Gateway</title></head>\n<body><hr>nginx</body></html>";
        let failure = Failure::from_answer(502, body, Some(2_000));
        assert_eq!(failure.message, "HTTP status 502: 502 Bad Gateway nginx");
        assert_eq!((failure.kind, failure.retry_after_ms), (Transient, Some(2_000)));
        assert_eq!(failure.reason, "http502");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let failure = answer(400, "invalidQuery", &"ü".repeat(1_000));
        assert_eq!(failure.message, format!("{}…", "ü".repeat(250)));
    }

    #[test]
    fn messages_are_one_line() {
        assert_eq!(answer(400, "invalidQuery", "Syntax error:\n  at [1:2]\n").message, "Syntax error: at [1:2]");
    }

    #[test]
    fn errors_in_a_page_without_a_schema_are_the_jobs_failure_and_beside_one_they_are_warnings() {
        let page = |answer: &str| {
            let settings =
                LayoutSettings { timestamp_column: "at".into(), key_columns: Vec::new(), numeric: NumericForm::String };
            let mut decoder = PageDecoder::new(Rc::new(settings), None, 0);
            decoder.push(answer.as_bytes()).unwrap();
            decoder.finish().unwrap()
        };
        let errors = r#""errors":[{"reason":"invalidQuery","message":"Unrecognized name: x"}]"#;
        let failed = page(&format!(r#"{{"jobComplete":true,"rows":[],"schema":{{"fields":[]}},{errors}}}"#));
        assert_eq!(Failure::in_page(&failed), Some(Failure::of_job("invalidQuery", "Unrecognized name: x")));

        let schema = r#""schema":{"fields":[{"name":"at","type":"TIMESTAMP"}]}"#;
        let warned = page(&format!(r#"{{"jobComplete":true,{schema},"totalRows":"0",{errors}}}"#));
        assert_eq!(Failure::in_page(&warned), None);
        assert_eq!(Failure::in_page(&page(&format!(r#"{{"jobComplete":false,{errors}}}"#))), None);
    }

    #[test]
    fn a_failed_job_cannot_be_asked_again() {
        let failure = Failure::of_job("jobRateLimitExceeded", "too many queries");
        assert_eq!((failure.kind, failure.job_failed), (Transient, true));
        assert!(answer(503, "jobBackendError", "words").job_failed);
        assert!(answer(400, "stopped", "Job execution was cancelled").job_failed);
        assert!(!answer(503, "backendError", "words").job_failed);
    }

    /// Answers that begin like BigQuery's or a token server's, with members of any kind, and any bytes.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let text = || {
            prop_oneof!["\\PC{0,40}", "[a-z .]{400,2000}", Just("Permission bigquery.jobs.create denied".to_owned())]
        };
        let leaf = || prop_oneof![text().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
        let details = prop::collection::vec((leaf(), leaf()), 0..3).prop_map(|details| {
            details
                .into_iter()
                .map(|(reason, message)| json!({ "reason": reason, "message": message }))
                .collect::<Value>()
        });
        let google = (leaf(), leaf(), details)
            .prop_map(|(message, status, errors)| json!({ "message": message, "status": status, "errors": errors }));
        let known = (prop_oneof![google, leaf()], leaf())
            .prop_map(|(error, description)| json!({ "error": error, "error_description": description }));
        let json = known.prop_map(|known| known.to_string().into_bytes());
        prop_oneof![4 => json, 1 => prop::collection::vec(any::<u8>(), 0..3_000)]
    }

    proptest! {
        #[test]
        fn whatever_a_server_answers_is_a_failure_of_bounded_size(
            status in 300_u16..600,
            body in body(),
            damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut body = body;
            if let Some((position, byte)) = damage.filter(|_| !body.is_empty()) {
                let position = position.index(body.len());
                body[position] = byte;
            }
            let failure = Failure::from_answer(status, &body, None);
            let most = MAX_MESSAGE_BYTES + '…'.len_utf8();
            prop_assert!(failure.message.len() <= most && failure.reason.len() <= most, "{failure:?}");
            prop_assert_eq!(failure.status, Some(status));
            prop_assert!(failure.advice().len() < 4 * MAX_MESSAGE_BYTES);
        }
    }
}
