//! Whole answers, as BigQuery and the emulator write them, however they arrive.

use super::*;
use crate::config::NumericForm;
use std::rc::Rc;

const SYNCED_AT: i64 = 1_764_590_400_000_000;

fn settings() -> Rc<LayoutSettings> {
    Rc::new(LayoutSettings { timestamp_column: "ts".into(), key_columns: vec![], numeric: NumericForm::String })
}

fn decode(body: &str) -> Result<Page, DecodeError> {
    let mut decoder = PageDecoder::new(settings(), None, SYNCED_AT);
    decoder.push(body.as_bytes())?;
    decoder.finish()
}

#[test]
fn an_answer_of_bigquery_is_decoded() {
    let page = decode(
        r#"{
  "kind": "bigquery#getQueryResultsResponse",
  "schema": {"fields": [{"name": "ts", "type": "TIMESTAMP"}, {"name": "n", "type": "INTEGER"}]},
  "jobReference": {"projectId": "p", "jobId": "j", "location": "US"},
  "totalRows": "2",
  "pageToken": "next",
  "rows": [
    {"f": [{"v": "1764590400123456"}, {"v": "7"}]},
    {"f": [{"v": "1764590401000000"}, {"v": null}]}
  ],
  "totalBytesProcessed": "160",
  "jobComplete": true,
  "cacheHit": false
}"#,
    )
    .unwrap();
    assert!(page.job_complete);
    assert_eq!(page.total_rows, Some(2));
    assert_eq!(page.page_token.as_deref(), Some("next"));
    assert_eq!(page.total_bytes_processed, Some(160));
    assert_eq!(page.cache_hit, Some(false));
    assert_eq!(page.rows_read, 2);
    let id = page.batch.rows[0].id;
    let expected = format!(
        r#"{{"id":"{}","_syncedAt":"2025-12-01T12:00:00Z","ts":"2025-12-01T12:00:00.123456Z","n":7}}"#,
        id.as_str()
    );
    assert_eq!(page.batch.record_json(0), expected.as_bytes());
    assert_eq!(page.batch.rows[1].timestamp_micros, 1_764_590_401_000_000);
}
