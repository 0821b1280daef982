//! What the queries of a table would read, before any of them runs.

use ingestor_core::capacity::LEAST_SAMPLE_ROWS;
use ingestor_core::cost::{self, Scan};
use ingestor_core::source::TableMetadata;
use ingestor_core::sql::{self, ARRIVAL_SPANS, Query, TableRef, TimestampKind, Window};
use ingestor_core::sync::timestamp_kind;
use serde_json::{Value, json};

use crate::Table;
use crate::failure::Stop;
use crate::warehouse::Warehouse;

/// Rows that arrive between estimate and query must not make BigQuery refuse it: one part of so many is added.
const GROWTH_ALLOWED: u64 = 64;

/// The queries that measure a table, each with what it is billed at the most.
pub struct Estimate {
    pub kind: TimestampKind,
    /// How fast the table grows.
    pub arrivals: Limited,
    /// Some of its rows.
    pub sample: Limited,
    /// What a poll with news is billed.
    pub poll_bytes_billed: u64,
    metadata: TableMetadata,
    is_partitioned: bool,
    is_estimated: bool,
}

/// A query, and its announced price.
pub struct Limited {
    pub query: Query,
    pub bytes_processed: Option<u64>,
    pub maximum_bytes_billed: u64,
}

/// Asks BigQuery; all of that is free.
pub fn of_table(warehouse: &mut Warehouse, table: &Table, sample_rows: u32) -> Result<Estimate, Stop> {
    let (config, source) = (&table.config, &table.source);
    let metadata = warehouse.table(source)?;
    require_rows(&metadata, source)?;
    let kind = timestamp_kind(&metadata.schema, config, source)?;
    let now = warehouse.now();
    let column = config.timestamp_column.as_str();
    let sample = |low| {
        let window = Window { low, high: None };
        sql::select_sample(source, &config.columns, column, kind, &window, sample_rows)
    };
    let arrivals = sql::select_arrivals(source, column, kind, now);
    let arrivals_bytes = warehouse.estimate(&arrivals)?;
    let whole = sample(None);
    // A table that has rows is not read without reading bytes: the emulator's 0 is no estimate.
    let whole_bytes = warehouse.estimate(&whole)?.filter(|bytes| *bytes > 0);
    let is_estimated = whole_bytes.is_some() && arrivals_bytes.is_some();
    let is_partitioned = is_partitioned_by(&metadata, column);
    let limited = |query, bytes_processed: Option<u64>| {
        let bytes = bytes_processed.filter(|_| is_estimated).or(metadata.num_bytes);
        let bytes = bytes.ok_or_else(|| no_estimate(source))?;
        let bytes_processed = Some(bytes.saturating_add(bytes / GROWTH_ALLOWED));
        let maximum_bytes_billed = Scan { bytes_processed, is_cached: false }.bytes_billed();
        if let Some(limit) = config.maximum_bytes_billed.filter(|limit| *limit < maximum_bytes_billed) {
            return Err(above_limit(source, maximum_bytes_billed, limit));
        }
        Ok::<_, Stop>(Limited { query, bytes_processed: Some(bytes), maximum_bytes_billed })
    };
    let mut chosen = limited(whole, whole_bytes)?;
    let mut poll_bytes_billed = chosen.maximum_bytes_billed;
    if let Some(whole_bytes) = whole_bytes.filter(|_| is_partitioned) {
        // The latest partitions alone are cheaper, if there is enough in them.
        for span in ARRIVAL_SPANS.into_iter().rev() {
            let query = sample(Some(now - span));
            let bytes = warehouse.estimate(&query)?.unwrap_or(whole_bytes);
            let recent = limited(query, Some(bytes))?;
            poll_bytes_billed = recent.maximum_bytes_billed;
            let rows = metadata.num_rows.unwrap_or(0) as f64 * bytes as f64 / whole_bytes as f64;
            if rows >= f64::from(sample_rows) && recent.maximum_bytes_billed < chosen.maximum_bytes_billed {
                chosen = recent;
            }
        }
    }
    Ok(Estimate {
        kind,
        arrivals: limited(arrivals, arrivals_bytes)?,
        sample: chosen,
        poll_bytes_billed,
        metadata,
        is_partitioned,
        is_estimated,
    })
}

impl Estimate {
    /// See `estimate` in `wit/benchmark.wit`.
    pub fn shown(&self, table_id: &str, source: &TableRef) -> Value {
        let queries = [("arrivals", &self.arrivals), ("sample", &self.sample)];
        let bytes_billed: u64 = queries.iter().map(|(_, query)| query.maximum_bytes_billed).sum();
        let queries = queries.map(|(purpose, query)| {
            json!({
                "purpose": purpose,
                "bytesProcessed": query.bytes_processed,
                "bytesBilled": query.maximum_bytes_billed,
                "usd": cost::price_usd(query.maximum_bytes_billed),
            })
        });
        json!({
            "tableId": table_id,
            "source": source.to_string(),
            "rows": self.metadata.num_rows,
            "bytes": self.metadata.num_bytes,
            "isPartitioned": self.is_partitioned,
            "isEstimated": self.is_estimated,
            "queries": queries,
            "bytesBilled": bytes_billed,
            "usd": cost::price_usd(bytes_billed),
        })
    }
}

/// Metadata does not know of rows that were streamed in lately, nor of those of views.
fn require_rows(metadata: &TableMetadata, source: &TableRef) -> Result<(), Stop> {
    match metadata.num_rows {
        Some(rows) if rows < LEAST_SAMPLE_ROWS && !metadata.has_streaming_buffer => Err(too_small(source, rows)),
        _ => Ok(()),
    }
}

/// Why a table, or what was read of it, cannot be measured.
pub fn too_small(what: impl std::fmt::Display, rows: u64) -> Stop {
    let message = match rows {
        0 => format!("{what} is empty: there is nothing to measure"),
        _ => format!("{what} has {rows} rows: too few for a sample, which needs {LEAST_SAMPLE_ROWS} at the least"),
    };
    Stop::new(message, "Name a table with more rows, by --table; the defaults are good for small ones.")
}

fn above_limit(source: &TableRef, bytes: u64, limit: u64) -> Stop {
    Stop::new(
        format!(
            "a query of {source} would be billed {bytes} bytes, more than its maximumBytesBilled of {limit} allows"
        ),
        "Nothing was spent. The plugin's own queries would be refused as well: raise maximumBytesBilled, read fewer columns, or \
         partition the table by its timestamp column.",
    )
}

fn no_estimate(source: &TableRef) -> Stop {
    Stop::new(
        format!("BigQuery neither estimates queries of {source} nor tells its size, so no price can be announced"),
        "Measure the table that it is made from.",
    )
}

fn is_partitioned_by(metadata: &TableMetadata, column: &str) -> bool {
    let field = metadata.time_partitioning.as_ref().and_then(|partitioning| partitioning.field.as_deref());
    field.is_some_and(|field| field.eq_ignore_ascii_case(column))
}
