//! Jobs: what `jobs.insert` is sent for a query, and how jobs are described.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job>

use ingestor_core::failure::Failure;
use ingestor_core::sql::Query;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What may be said about a query job besides its query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobOptions {
    /// BigQuery refuses the query if it would bill more.
    pub maximum_bytes_billed: Option<u64>,
    /// Shown in BigQuery's job list and in billing exports; keys and values of lower-case letters, digits, `-` and `_`.
    pub labels: Vec<(String, String)>,
}

/// A job that runs or has run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InsertedJob {
    /// Whether a job of this id was there already: an earlier try got through although its answer was lost.
    pub existed: bool,
    /// Whether it is through; it has not failed then.
    pub is_done: bool,
    /// When it started, in milliseconds since 1970; None while it is queued.
    pub start_time_ms: Option<u64>,
    /// Bytes that the query reads, once known.
    pub total_bytes_processed: Option<u64>,
}

impl InsertedJob {
    /// Reads the answer of `jobs.insert` or `jobs.get`. A job that has failed already is a failure here.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|error| Failure::malformed(format!("the answer does not describe a job: {error}")))?;
        if let Some(error) = answer.status.error_result {
            return Err(Failure::of_job(&error.reason, &error.message));
        }
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Ok(Self {
            existed: false,
            is_done: answer.status.state == "DONE",
            start_time_ms: number(answer.statistics.start_time),
            total_bytes_processed: number(answer.statistics.total_bytes_processed),
        })
    }
}

/// The body of `jobs.insert` for a query.
pub(crate) fn insert_body(project: &str, location: &str, job_id: &str, query: &Query, options: &JobOptions) -> Value {
    let mut query_configuration = query_configuration(query);
    if let Some(bytes) = options.maximum_bytes_billed {
        query_configuration["maximumBytesBilled"] = bytes.to_string().into();
    }
    let labels: Map<String, Value> =
        options.labels.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    json!({
        "jobReference": { "projectId": project, "jobId": job_id, "location": location },
        "configuration": { "query": query_configuration, "labels": labels },
    })
}

/// The body of `jobs.insert` for a query that is only to be estimated: no job comes of it, and nothing is billed.
/// <https://cloud.google.com/bigquery/docs/running-queries#dry-run>
pub(crate) fn dry_run_body(project: &str, location: &str, query: &Query) -> Value {
    json!({
        "jobReference": { "projectId": project, "location": location },
        "configuration": { "dryRun": true, "query": query_configuration(query) },
    })
}

fn query_configuration(query: &Query) -> Value {
    json!({
        "query": query.sql,
        "useLegacySql": false,
        "parameterMode": "NAMED",
        "queryParameters": query.query_parameters_json(),
    })
}

#[derive(Deserialize)]
struct Answer {
    status: Status,
    #[serde(default)]
    statistics: Statistics,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    state: String,
    error_result: Option<ErrorResult>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorResult {
    reason: String,
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Statistics {
    start_time: Option<String>,
    total_bytes_processed: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::failure::FailureKind;

    fn query() -> Query {
        Query { sql: "SELECT 1".into(), parameters: Vec::new() }
    }

    #[test]
    fn a_query_is_inserted_under_our_job_id_as_googlesql() {
        let options =
            JobOptions { maximum_bytes_billed: Some(1 << 40), labels: vec![("sync".into(), "vessels".into())] };
        let body = insert_body("p", "EU", "sync_1", &query(), &options);
        assert_eq!(body["jobReference"], json!({ "projectId": "p", "jobId": "sync_1", "location": "EU" }));
        assert_eq!(body["configuration"]["labels"], json!({ "sync": "vessels" }));
        let query = &body["configuration"]["query"];
        assert_eq!(query["useLegacySql"], json!(false), "without it BigQuery takes the query for legacy SQL");
        assert_eq!(query["maximumBytesBilled"], json!("1099511627776"));
    }

    #[test]
    fn without_a_limit_none_is_sent() {
        let body = insert_body("p", "US", "sync_1", &query(), &JobOptions::default());
        assert_eq!(body["configuration"]["query"].get("maximumBytesBilled"), None);
    }

    #[test]
    fn an_estimate_is_asked_for_without_a_job_id_so_that_no_job_can_come_of_it() {
        let body = dry_run_body("p", "EU", &query());
        assert_eq!(body["configuration"]["dryRun"], json!(true));
        assert_eq!(body["configuration"]["query"]["useLegacySql"], json!(false));
        assert_eq!(body["jobReference"], json!({ "projectId": "p", "location": "EU" }));
    }

    #[test]
    fn a_running_job_and_one_that_is_done_are_both_inserted() {
        let running = json!({ "status": { "state": "RUNNING" }, "statistics": { "creationTime": "1" } });
        assert_eq!(InsertedJob::parse(running.to_string().as_bytes()), Ok(InsertedJob::default()));
        let done = json!({
            "status": { "state": "DONE" },
            "statistics": { "startTime": "1764590400123", "totalBytesProcessed": "10485760" },
        });
        assert_eq!(
            InsertedJob::parse(done.to_string().as_bytes()),
            Ok(InsertedJob {
                existed: false,
                is_done: true,
                start_time_ms: Some(1_764_590_400_123),
                total_bytes_processed: Some(10_485_760)
            })
        );
    }

    #[test]
    fn a_job_that_failed_at_once_is_a_failure_although_http_said_200() {
        let error = json!({ "reason": "invalidQuery", "message": "Unrecognized name: x", "location": "query" });
        let body = json!({ "status": { "state": "DONE", "errorResult": error, "errors": [error] } });
        let failure = InsertedJob::parse(body.to_string().as_bytes()).unwrap_err();
        assert_eq!((failure.kind, failure.job_failed), (FailureKind::Invalid, true));
        assert_eq!(failure.to_string(), "Unrecognized name: x (invalidQuery)");
    }

    #[test]
    fn an_answer_without_a_status_is_no_job() {
        for body in ["<html>", "{}", r#"{"status":{"state":"RUNN"#] {
            assert_eq!(InsertedJob::parse(body.as_bytes()).unwrap_err().kind, FailureKind::Malformed, "{body}");
        }
    }
}
