//! What BigQuery's `tables.get` tells about a table, and whether that is a reason to query it.

use serde::{Deserialize, Deserializer};

use crate::config::ProbeTrust;
use crate::schema::Schema;

/// A table as `tables.get` describes it: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables>. Reading it is
/// free. Counts do not know of rows that were streamed in lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableMetadata {
    /// Its columns; none for an empty definition.
    #[serde(default)]
    pub schema: Schema,
    /// Rows; none for views.
    #[serde(default, deserialize_with = "decimal")]
    pub num_rows: Option<u64>,
    /// Logical bytes; none for views.
    #[serde(default, deserialize_with = "decimal")]
    pub num_bytes: Option<u64>,
    /// Milliseconds since 1970 of the last change to data or definition.
    #[serde(rename = "lastModifiedTime", default, deserialize_with = "decimal")]
    pub last_modified_ms: Option<u64>,
    /// Whether rows were streamed in lately.
    #[serde(rename = "streamingBuffer", default, deserialize_with = "is_present")]
    pub has_streaming_buffer: bool,
    /// How it is partitioned by time, if it is.
    #[serde(default)]
    pub time_partitioning: Option<TimePartitioning>,
}

/// Partitions of a table, one for each unit of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TimePartitioning {
    /// Length of a partition.
    #[serde(rename = "type")]
    pub unit: PartitionUnit,
    /// The column; none when rows are partitioned by when they arrived.
    #[serde(default)]
    pub field: Option<String>,
}

/// Length of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are BigQuery's")]
pub enum PartitionUnit {
    Hour,
    Day,
    Month,
    Year,
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

/// What a fully drained query saw of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// The table's metadata just before the query.
    pub metadata: TableMetadata,
    /// When the query was made, on a clock that never jumps.
    pub queried_at_ms: u64,
}

/// Whether a poll has to query the table, given its metadata now and what the last drained query saw.
///
/// Metadata of a table that is streamed into is an estimate, so such a table is always queried.
#[must_use]
pub fn must_query(
    metadata: &TableMetadata,
    drained: Option<&Drained>,
    ever_streamed: bool,
    trust: ProbeTrust,
    now_ms: u64,
) -> bool {
    let Some(drained) = drained else { return true };
    let outdated = match trust {
        ProbeTrust::Always => false,
        ProbeTrust::For(trust_ms) => now_ms.saturating_sub(drained.queried_at_ms) >= trust_ms,
    };
    let countable = metadata.num_rows.is_some();
    ever_streamed || metadata.has_streaming_buffer || outdated || !countable || *metadata != drained.metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> TableMetadata {
        TableMetadata { num_rows: Some(10), last_modified_ms: Some(1), ..TableMetadata::default() }
    }

    fn asks(metadata: &TableMetadata, ever_streamed: bool, trust: ProbeTrust, now_ms: u64) -> bool {
        let drained = Drained { metadata: self::metadata(), queried_at_ms: 1_000 };
        must_query(metadata, Some(&drained), ever_streamed, trust, now_ms)
    }

    #[test]
    fn an_unchanged_table_is_not_queried_until_trust_runs_out() {
        assert!(!asks(&metadata(), false, ProbeTrust::For(500), 1_499));
        assert!(asks(&metadata(), false, ProbeTrust::For(500), 1_500));
        assert!(!asks(&metadata(), false, ProbeTrust::Always, u64::MAX));
    }

    #[test]
    fn any_change_is_a_reason_to_query() {
        let more_rows = TableMetadata { num_rows: Some(11), ..metadata() };
        let modified = TableMetadata { last_modified_ms: Some(2), ..metadata() };
        assert!(asks(&more_rows, false, ProbeTrust::Always, 1_000));
        assert!(asks(&modified, false, ProbeTrust::Always, 1_000));
        assert!(must_query(&metadata(), None, false, ProbeTrust::Always, 0));
    }

    #[test]
    fn streamed_tables_and_views_are_always_queried() {
        let streaming = TableMetadata { has_streaming_buffer: true, ..metadata() };
        let view = TableMetadata::default();
        let drained_view = Drained { metadata: view.clone(), queried_at_ms: 0 };
        assert!(asks(&streaming, false, ProbeTrust::Always, 1_000));
        assert!(asks(&metadata(), true, ProbeTrust::Always, 1_000));
        assert!(must_query(&view, Some(&drained_view), false, ProbeTrust::Always, 0));
    }
}
