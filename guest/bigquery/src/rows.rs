//! Results of small queries, whole and without conversion.

use ingestor_core::cost::Scan;
use ingestor_core::decode::ErrorProto;
use ingestor_core::failure::Failure;
use ingestor_core::schema::Schema;
use serde::Deserialize;

/// Rows of nullable scalar values, as BigQuery spells them.
pub type Rows = Vec<Vec<Option<String>>>;

/// A query that has run.
#[derive(Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its result.
    pub rows: Rows,
    /// What it read for that.
    pub scan: Scan,
}

/// Reads the answer of `jobs.getQueryResults`; None while the job is still running.
pub(crate) fn parse(body: &[u8]) -> Result<Option<Answered>, Failure> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| Failure::malformed(format!("the answer does not hold scalar rows: {error}")))?;
    if !answer.job_complete {
        return Ok(None);
    }
    // As in pages: errors beside a schema are warnings.
    if let Some(error) = answer.errors.first().filter(|_| answer.schema.fields.is_empty()) {
        return Err(Failure::of_job(&error.reason, &error.message));
    }
    let scan = Scan {
        bytes_processed: answer.total_bytes_processed.and_then(|bytes| bytes.parse().ok()),
        is_cached: answer.cache_hit,
    };
    let rows = answer.rows.into_iter().map(|row| row.f.into_iter().map(|cell| cell.v).collect()).collect();
    Ok(Some(Answered { rows, scan }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    job_complete: bool,
    #[serde(default)]
    schema: Schema,
    #[serde(default)]
    errors: Vec<ErrorProto>,
    #[serde(default)]
    rows: Vec<Row>,
    total_bytes_processed: Option<String>,
    #[serde(default)]
    cache_hit: bool,
}

#[derive(Deserialize)]
struct Row {
    f: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    v: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_as_they_are_spelled() {
        let body = br#"{"jobComplete":true,"rows":[{"f":[{"v":"20251201"},{"v":null}]}],"totalRows":"1"}"#;
        assert_eq!(parse(body).unwrap().unwrap().rows, [[Some("20251201".into()), None]]);
    }

    #[test]
    fn warnings_do_not_take_the_rows_away() {
        let body = br#"{"jobComplete":true,"schema":{"fields":[{"name":"n","type":"INTEGER"}]},
            "errors":[{"reason":"invalid","message":"a warning"}],"rows":[{"f":[{"v":"7"}]}]}"#;
        assert_eq!(parse(body).unwrap().unwrap().rows, [[Some("7".into())]]);
    }

    #[test]
    fn what_was_read_for_the_answer_is_told() {
        let scan = |members: &str| {
            let body = format!(r#"{{"jobComplete":true,"rows":[]{members}}}"#);
            parse(body.as_bytes()).unwrap().unwrap().scan
        };
        let read = scan(r#","totalBytesProcessed":"8000000","cacheHit":false"#);
        assert_eq!(read, Scan { bytes_processed: Some(8_000_000), is_cached: false });
        assert!(scan(r#","totalBytesProcessed":"0","cacheHit":true"#).is_cached);
        assert_eq!(scan(""), Scan::default());
    }

    #[test]
    fn a_running_job_has_no_rows_yet_and_a_failed_one_none_at_all() {
        assert_eq!(parse(br#"{"jobComplete":false}"#).unwrap(), None);
        let failed =
            br#"{"jobComplete":true,"errors":[{"reason":"invalidQuery","message":"no such column"}],"rows":[]}"#;
        assert_eq!(parse(failed).unwrap_err().reason, "invalidQuery");
        assert!(parse(b"<html>").is_err());
    }
}
