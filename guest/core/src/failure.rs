//! What went wrong with a request to BigQuery, and whether it is worth another try.

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
    /// How long the server asked us to wait.
    pub retry_after_ms: Option<u64>,
}

/// What to do about a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Rate limits, quota, outages, lost connections: the same request may succeed later.
    Transient,
    /// The token is not accepted: the same request with a new token may succeed.
    Unauthorized,
    /// A permission is missing.
    PermissionDenied,
    /// No such project, dataset, table or job.
    NotFound,
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
