//! Ingestors with one well-known mistake each. What cannot tell them from ours is no test.

use ingestor_core::config::TableConfig;
use ingestor_core::sync::Now;
use ingestor_core::time::{self, Micros};

use crate::source::Row;

/// Ours, or one with a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    Ours,
    /// Reads on from the largest timestamp it has, `ORDER BY ts LIMIT n`: rows that share it with the last row of a
    /// page are lost.
    PagesByTimestamp,
    /// Takes a write for done when it has begun.
    CheckpointBeforeRows,
    /// Takes the largest timestamp for the watermark, however far in the future.
    WatermarkFromTheFuture,
    /// Never looks behind the watermark.
    NoLookback,
}

/// Rows that the variant with LIMIT reads at a time.
const LIMIT: usize = 10;

impl Variant {
    pub fn config(self, config: &TableConfig) -> TableConfig {
        let lookback_ms = if self == Self::NoLookback { 0 } else { config.lookback_ms };
        TableConfig { lookback_ms, ..config.clone() }
    }

    pub fn now(self, now: Now) -> Now {
        // To whom no time is the future, every timestamp is a watermark.
        if self == Self::WatermarkFromTheFuture { Now { source_micros: time::MAX, ..now } } else { now }
    }

    /// The rows that a job reads: those that its query selects, of all that are visible.
    pub fn select(self, selected: Vec<Row>, watermark: Option<Micros>) -> Vec<Row> {
        if self != Self::PagesByTimestamp {
            return selected;
        }
        let mut rows = selected;
        rows.retain(|row| row.timestamp > watermark);
        rows.sort_by_key(|row| row.timestamp);
        rows.truncate(LIMIT);
        rows
    }
}
