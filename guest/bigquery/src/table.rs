//! Tables as `tables.get` describes them: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables>.

use ingestor_core::failure::Failure;
use ingestor_core::schema::Schema;
use serde::{Deserialize, Deserializer};

/// What BigQuery knows about a table without running a query. Counts are estimates while rows are being streamed in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableMetadata {
    /// Its columns; none for an empty definition.
    #[serde(default)]
    pub schema: Schema,
    /// Table, view or something else.
    #[serde(rename = "type", default)]
    pub kind: TableKind,
    /// Rows, without those in the streaming buffer; None for views.
    #[serde(default, deserialize_with = "decimal")]
    pub num_rows: Option<u64>,
    /// Logical bytes, without those in the streaming buffer; None for views.
    #[serde(default, deserialize_with = "decimal")]
    pub num_bytes: Option<u64>,
    /// Milliseconds since 1970 of the last change to data or definition, streamed rows not counted.
    #[serde(rename = "lastModifiedTime", default, deserialize_with = "decimal")]
    pub last_modified_ms: Option<u64>,
    /// Whether rows were streamed in lately that the counts do not know yet.
    #[serde(rename = "streamingBuffer", default, deserialize_with = "is_present")]
    pub has_streaming_buffer: bool,
    /// How it is partitioned by time, if it is.
    #[serde(default)]
    pub time_partitioning: Option<TimePartitioning>,
    /// Whether queries must restrict the partition column.
    #[serde(default)]
    pub require_partition_filter: bool,
    /// Where it is stored: `US`, `europe-west3`.
    #[serde(default)]
    pub location: Option<String>,
    /// Changes whenever the table does.
    #[serde(default)]
    pub etag: Option<String>,
}

/// `type` of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are BigQuery's")]
pub enum TableKind {
    #[default]
    Table,
    View,
    MaterializedView,
    External,
    Snapshot,
    /// A kind that did not exist when this was written.
    #[serde(other)]
    Other,
}

/// Partitions of a table, one for each unit of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TimePartitioning {
    /// `HOUR`, `DAY`, `MONTH` or `YEAR`.
    #[serde(rename = "type")]
    pub unit: String,
    /// The column; None when rows are partitioned by when they arrived.
    #[serde(default)]
    pub field: Option<String>,
}

impl TableMetadata {
    /// Reads the answer of `tables.get`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Failure> {
        /// The one part that every table has, and nothing else that might come by mistake.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            #[serde(rename = "tableReference")]
            _table_reference: serde::de::IgnoredAny,
            #[serde(flatten)]
            table: TableMetadata,
        }
        serde_json::from_slice(body)
            .map(|answer: Answer| answer.table)
            .map_err(|error| Failure::malformed(format!("the answer does not describe a table: {error}")))
    }
}

/// The API writes 64-bit numbers as strings.
fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Decimal {
        Text(String),
        Number(u64),
    }
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Decimal::Number(number)) => Ok(Some(number)),
        Some(Decimal::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<serde::de::IgnoredAny>::deserialize(deserializer)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::failure::FailureKind;
    use ingestor_core::schema::FieldType;
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
        let table = TableMetadata::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(table.schema.fields[0].field_type, FieldType::Timestamp);
        assert_eq!(table.kind, TableKind::Table);
        assert_eq!((table.num_rows, table.num_bytes), (Some(9_007_199_254_740_993), Some(2_048)));
        assert_eq!(table.last_modified_ms, Some(1_764_590_400_123));
        assert!(table.has_streaming_buffer && table.require_partition_filter);
        assert_eq!(table.time_partitioning, Some(TimePartitioning { unit: "DAY".into(), field: Some("at".into()) }));
        assert_eq!((table.location.as_deref(), table.etag.as_deref()), (Some("EU"), Some("abc==")));
    }

    #[test]
    fn a_view_has_no_counts_and_an_unknown_kind_is_no_error() {
        for (text, kind) in
            [("VIEW", TableKind::View), ("MATERIALIZED_VIEW", TableKind::MaterializedView), ("GRAPH", TableKind::Other)]
        {
            let body = json!({ "tableReference": {}, "type": text });
            let table = TableMetadata::parse(body.to_string().as_bytes()).unwrap();
            assert_eq!((table.kind, table.num_rows, table.has_streaming_buffer), (kind, None, false));
        }
    }

    #[test]
    fn html_cut_json_and_json_of_something_else_are_no_tables() {
        for body in ["<html></html>", r#"{"tableReference":{},"num"#, "{}", "null", r#"{"kind":"bigquery#job"}"#] {
            assert_eq!(TableMetadata::parse(body.as_bytes()).unwrap_err().kind, FailureKind::Malformed, "{body}");
        }
    }
}
