//! `sync`: settings of every table, which each table may set anew.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::{BatchSizes, Count, ProbeTrust};
use super::node::{Misplaced, Node, Object, Unit};
use crate::time::{self, Micros};

/// Keys that every table may set anew.
pub(super) const TABLE_KEYS: &[&str] = &[
    "initialBatchSize",
    "catchupBatchSize",
    "steadyBatchSize",
    "pollInterval",
    "probeTrust",
    "lookback",
    "lookbackRows",
    "startTimestamp",
    "readers",
];
/// Keys that go for all tables.
pub(super) const GLOBAL_KEYS: &[&str] = &["autoStart", "threadsPerNode", "heartbeat"];
/// Keys of the first version that have no meaning any more.
const RETIRED: Misplaced = (
    &["catchupThreshold", "steadyThreshold"],
    "Remove it: phases change at a lag of 1 hour and of 10 minutes, whatever the table.",
);

/// A page never holds more rows, whatever is asked for (BigQuery, quotas of `tabledata.list`).
const LARGEST_BATCH: u64 = 100_000;
/// Slots are shared out among workers; there is nothing to do for more of them.
const MOST_WORKERS: u64 = 1_024;
const HOUR_MS: u64 = 3_600_000;
const MONTH_MS: u64 = 30 * 24 * HOUR_MS;

/// What one `sync` section says; None where it says nothing.
#[derive(Default, Clone)]
pub(super) struct SyncSettings {
    initial_batch_size: Option<u32>,
    catchup_batch_size: Option<u32>,
    steady_batch_size: Option<u32>,
    poll_interval_ms: Option<u64>,
    probe_trust: Option<ProbeTrust>,
    lookback_ms: Option<u64>,
    lookback_rows: Option<u64>,
    start_timestamp: Option<Micros>,
    readers: Option<Count>,
}

impl SyncSettings {
    fn read(sync: &Object) -> Self {
        let batch_size = |key| sync.get(key).and_then(|node| node.integer(1..=LARGEST_BATCH));
        Self {
            initial_batch_size: batch_size("initialBatchSize"),
            catchup_batch_size: batch_size("catchupBatchSize"),
            steady_batch_size: batch_size("steadyBatchSize"),
            poll_interval_ms: sync
                .get("pollInterval")
                .and_then(|node| node.duration_ms(1..=MONTH_MS, Unit::Milliseconds)),
            probe_trust: sync.get("probeTrust").and_then(|node| probe_trust(&node)),
            lookback_ms: sync.get("lookback").and_then(|node| node.duration_ms(0..=MONTH_MS, Unit::Milliseconds)),
            lookback_rows: sync.get("lookbackRows").and_then(|node| node.integer(1..=10_000_000)),
            start_timestamp: sync.get("startTimestamp").and_then(|node| timestamp(&node)),
            readers: sync.get("readers").and_then(|node| count(&node)),
        }
    }

    /// `sync` of one table.
    pub(super) fn of_table(node: Node) -> Option<Self> {
        let sync = node.object()?;
        sync.reject_unknown(
            TABLE_KEYS,
            &[(GLOBAL_KEYS, "It goes for all tables: put it into `sync` beside `bigquery`."), RETIRED],
        );
        Some(Self::read(&sync))
    }

    /// These settings, and where they say nothing, those of `global`.
    pub(super) fn or(self, global: &Self) -> Self {
        Self {
            initial_batch_size: self.initial_batch_size.or(global.initial_batch_size),
            catchup_batch_size: self.catchup_batch_size.or(global.catchup_batch_size),
            steady_batch_size: self.steady_batch_size.or(global.steady_batch_size),
            poll_interval_ms: self.poll_interval_ms.or(global.poll_interval_ms),
            probe_trust: self.probe_trust.or(global.probe_trust),
            lookback_ms: self.lookback_ms.or(global.lookback_ms),
            lookback_rows: self.lookback_rows.or(global.lookback_rows),
            start_timestamp: self.start_timestamp.or(global.start_timestamp),
            readers: self.readers.or(global.readers),
        }
    }

    pub(super) fn batch_sizes(&self) -> BatchSizes {
        BatchSizes {
            initial: self.initial_batch_size.unwrap_or(10_000),
            catchup: self.catchup_batch_size.unwrap_or(1_000),
            steady: self.steady_batch_size.unwrap_or(500),
        }
    }

    pub(super) fn poll_interval_ms(&self) -> u64 {
        self.poll_interval_ms.unwrap_or(30_000)
    }

    pub(super) fn probe_trust(&self) -> ProbeTrust {
        self.probe_trust.unwrap_or(ProbeTrust::For(15 * 60_000))
    }

    pub(super) fn lookback_ms(&self) -> u64 {
        self.lookback_ms.unwrap_or(10 * 60_000)
    }

    pub(super) fn lookback_rows(&self) -> u64 {
        self.lookback_rows.unwrap_or(50_000)
    }

    pub(super) fn start_timestamp(&self) -> Option<Micros> {
        self.start_timestamp
    }

    pub(super) fn readers(&self) -> Count {
        self.readers.unwrap_or(Count::All)
    }
}

/// The `sync` section beside `bigquery`.
pub(super) struct GlobalSync {
    pub(super) auto_start: bool,
    pub(super) threads_per_node: Count,
    pub(super) heartbeat_ms: u64,
    pub(super) tables: SyncSettings,
}

impl GlobalSync {
    pub(super) fn read(node: Option<Node>) -> Self {
        let sync = node.and_then(Node::object);
        if let Some(sync) = &sync {
            sync.reject_unknown(&[TABLE_KEYS, GLOBAL_KEYS].concat(), &[RETIRED]);
        }
        let get = |key| sync.as_ref().and_then(|sync| sync.get(key));
        Self {
            auto_start: get("autoStart").and_then(|node| node.flag()).unwrap_or(true),
            threads_per_node: get("threadsPerNode").and_then(|node| count(&node)).unwrap_or(Count::Of(1)),
            heartbeat_ms: get("heartbeat")
                .and_then(|node| node.duration_ms(1_000..=HOUR_MS, Unit::Milliseconds))
                .unwrap_or(15_000),
            tables: sync.as_ref().map(SyncSettings::read).unwrap_or_default(),
        }
    }
}

fn count(node: &Node) -> Option<Count> {
    if node.value == "all" {
        return Some(Count::All);
    }
    let number = node.value.as_u64().filter(|number| (1..=MOST_WORKERS).contains(number));
    let count = number.and_then(|number| u32::try_from(number).ok()).map(Count::Of);
    if count.is_none() {
        node.reject(format!("`all` or an integer from 1 to {MOST_WORKERS}"), "Write `all` or digits without quotes.");
    }
    count
}

fn probe_trust(node: &Node) -> Option<ProbeTrust> {
    if node.value == "always" {
        return Some(ProbeTrust::Always);
    }
    node.duration_ms(0..=MONTH_MS, Unit::Milliseconds).map(ProbeTrust::For)
}

/// A point in time; without an offset it is UTC, without a time of day it is midnight.
fn timestamp(node: &Node) -> Option<Micros> {
    const EXPECTED: &str = "a point in time";
    let text = node.text(EXPECTED)?.trim();
    let parsed: Option<jiff::Timestamp> = text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    });
    let micros = parsed.map(jiff::Timestamp::as_microsecond).filter(|micros| (time::MIN..=time::MAX).contains(micros));
    if micros.is_none() {
        node.reject(EXPECTED, "Write it as 2025-12-01T12:00:00Z, or as a day, 2025-12-01.");
    }
    micros
}
