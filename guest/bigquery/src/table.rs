//! Tables as `tables.get` describes them: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables>.

use ingestor_core::failure::Failure;
use ingestor_core::source::TableMetadata;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Reads the answer of `tables.get`.
pub(crate) fn parse(body: &[u8]) -> Result<TableMetadata, Failure> {
    /// The one part that every table has, and nothing else that might come by mistake.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        #[serde(rename = "tableReference")]
        _table_reference: IgnoredAny,
        #[serde(flatten)]
        table: TableMetadata,
    }
    serde_json::from_slice(body)
        .map(|answer: Answer| answer.table)
        .map_err(|error| Failure::malformed(format!("the answer does not describe a table: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::failure::FailureKind;
    use ingestor_core::schema::FieldType;
    use ingestor_core::source::{PartitionUnit, TimePartitioning};
    use serde_json::json;

    #[test]
    fn a_streamed_partitioned_table_is_described_in_full() {
        let body = json!({
            "kind": "bigquery#table",
            "etag": "abc==",
            "tableReference": { "projectId": "p", "datasetId": "d", "tableId": "t" },
            "schema": { "fields": [{ "name": "at", "type": "TIMESTAMP", "mode": "REQUIRED", "description": "when" }] },
            "numBytes": "2048",
            "numRows": "9007199254740993",
            "lastModifiedTime": "1764590400123",
            "type": "TABLE",
            "location": "EU",
            "timePartitioning": { "type": "DAY", "field": "at", "expirationMs": "86400000" },
            "requirePartitionFilter": true,
            "streamingBuffer": { "estimatedRows": "10", "estimatedBytes": "100", "oldestEntryTime": "1764590400000" },
        });
        let table = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(table.schema.fields[0].field_type, FieldType::Timestamp);
        assert_eq!((table.num_rows, table.num_bytes), (Some(9_007_199_254_740_993), Some(2_048)));
        assert_eq!(table.last_modified_ms, Some(1_764_590_400_123));
        assert!(table.has_streaming_buffer);
        assert_eq!(
            table.time_partitioning,
            Some(TimePartitioning { unit: PartitionUnit::Day, field: Some("at".into()) })
        );
    }

    #[test]
    fn a_view_has_no_counts() {
        let body = json!({ "tableReference": {}, "type": "VIEW" });
        let table = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!((table.num_rows, table.has_streaming_buffer), (None, false));
    }

    #[test]
    fn html_cut_json_and_json_of_something_else_are_no_tables() {
        for body in ["<html></html>", r#"{"tableReference":{},"num"#, "{}", "null", r#"{"kind":"bigquery#job"}"#] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().kind, FailureKind::Malformed, "{body}");
        }
    }
}
