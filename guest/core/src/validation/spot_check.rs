//! Whether samples of source and Harper agree, both ways.
//!
//! From BigQuery to Harper: rows that a checkpoint claims must have their record. From Harper to BigQuery: records must
//! have their row. What merely has not happened yet, or is so on purpose, is named and no issue.

use std::collections::HashSet;

use serde::Serialize;

use crate::failure::Failure;
use crate::record_id::RecordId;
use crate::source::TableMetadata;
use crate::sql::{TimestampKind, Window};
use crate::sync::StorageFailure;
use crate::time::{self, DAY, Micros};

/// Rows of the source that are looked up in Harper, at most.
pub const ROWS: u32 = 100;
/// Records of Harper that are looked up in the source, at most.
pub const RECORDS: u32 = 5;
/// Ids of each kind that are named.
const NAMED_IDS: usize = 20;

/// Whether samples agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpotCheckStatus {
    /// They do.
    Healthy,
    /// Rows are missing in Harper, or records have no row in the source.
    IssuesFound,
    /// There is nothing to compare.
    NoData,
    /// BigQuery or Harper could not be asked.
    CheckFailed,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpotCheck {
    /// The verdict.
    pub status: SpotCheckStatus,
    /// What it is based on.
    #[serde(flatten)]
    pub findings: Findings,
    /// RFC 3339: when the samples were taken, earlier than now if another look was not worth its price.
    pub sampled_at: Option<String>,
    /// Why the check failed.
    pub error: Option<CheckError>,
}

/// Why BigQuery or Harper could not be asked.
#[derive(Debug, Clone, Serialize)]
pub struct CheckError {
    /// In their words.
    pub message: String,
    /// BigQuery's reason, or `storage`.
    pub reason: String,
    /// What to do about it; may be empty.
    pub advice: String,
}

impl From<Failure> for CheckError {
    fn from(failure: Failure) -> Self {
        Self { advice: failure.advice(), message: failure.message, reason: failure.reason }
    }
}

impl From<StorageFailure> for CheckError {
    fn from(failure: StorageFailure) -> Self {
        Self { message: failure.to_string(), reason: "storage".into(), advice: String::new() }
    }
}

/// Ids, of which the first ones are named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub ids: Vec<String>,
}

impl Named {
    /// Takes in one more.
    pub fn push(&mut self, id: &str) {
        self.count += 1;
        if self.ids.len() < NAMED_IDS {
            self.ids.push(id.to_owned());
        }
    }
}

/// What was compared and how it came out. Ids only, never contents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// Rows of the source that were looked up in Harper.
    pub rows_checked: u64,
    /// Rows that Harper should have and has not. Those that were rejected are in SyncAudit.
    pub missing: Named,
    /// Rows so recent that they may have come after the last poll: the next ones reach back to them.
    pub pending: Named,
    /// Records of Harper that were looked up in the source.
    pub records_checked: u64,
    /// Records that no row of the source is the origin of.
    pub phantoms: Named,
    /// Records older than everything in the source: it drops its old rows, Harper keeps them.
    pub deleted_in_source: Named,
    /// Records that share their timestamps with more rows than were read.
    pub not_checked: Named,
    /// Rows of the source that have no timestamp and are never synced.
    pub without_timestamp: Option<u64>,
    /// Query jobs that were run for this.
    pub query_jobs: u32,
}

impl Findings {
    /// Takes in what Harper has of a row of the source. `may_be_late` says whether the row may have come after the last poll.
    pub fn row(&mut self, id: &RecordId, is_stored: bool, may_be_late: bool) {
        self.rows_checked += 1;
        match (is_stored, may_be_late) {
            (true, _) => {}
            (false, true) => self.pending.push(id.as_str()),
            (false, false) => self.missing.push(id.as_str()),
        }
    }

    /// Takes in what the source has of a record.
    pub fn record(&mut self, record: &StoredRecord, answer: &SourceAnswer) {
        self.records_checked += 1;
        let list = match record.origin {
            Some((id, _)) if answer.ids.contains(&id) => return,
            Some((_, at)) if answer.oldest.is_none_or(|oldest| at < oldest) => &mut self.deleted_in_source,
            Some(_) if !answer.is_complete => &mut self.not_checked,
            _ => &mut self.phantoms,
        };
        list.push(&record.id);
    }

    /// The verdict, given whether the check came to its end.
    #[must_use]
    pub fn judge(self, outcome: Result<(), CheckError>) -> SpotCheck {
        let status = match &outcome {
            Err(_) => SpotCheckStatus::CheckFailed,
            Ok(()) if self.missing.count + self.phantoms.count > 0 => SpotCheckStatus::IssuesFound,
            Ok(()) if self.rows_checked + self.records_checked == 0 => SpotCheckStatus::NoData,
            Ok(()) => SpotCheckStatus::Healthy,
        };
        SpotCheck { status, findings: self, sampled_at: None, error: outcome.err() }
    }
}

/// Bytes a day that samples on schedule may scan of a table.
const DAILY_BYTES: u64 = 10 << 30;
const DAY_MS: u64 = 24 * 3_600_000;

/// Samples that were taken on schedule.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// How they came out.
    pub check: SpotCheck,
    /// The source at that time.
    pub metadata: TableMetadata,
    /// When, on a clock that never jumps.
    pub at_ms: u64,
}

impl Sampled {
    /// Whether these do for now: all was well, and either the source has not changed within a day, or another look would scan it
    /// whole too soon, as it is not partitioned by the timestamp column.
    #[must_use]
    pub fn stands(&self, metadata: &TableMetadata, timestamp_column: &str, now_ms: u64) -> bool {
        let age_ms = now_ms.saturating_sub(self.at_ms);
        let is_still = *metadata == self.metadata && !metadata.has_streaming_buffer && metadata.num_rows.is_some();
        let least_age_ms = if is_still { DAY_MS } else { least_age_ms(metadata, timestamp_column) };
        self.check.status == SpotCheckStatus::Healthy && age_ms < least_age_ms
    }
}

/// Two queries scan what is not partitioned by the timestamp column.
fn least_age_ms(metadata: &TableMetadata, timestamp_column: &str) -> u64 {
    let field = metadata.time_partitioning.as_ref().and_then(|partitioning| partitioning.field.as_deref());
    if field.is_some_and(|field| field.eq_ignore_ascii_case(timestamp_column)) {
        return 0;
    }
    let bytes = metadata.num_bytes.unwrap_or(0).saturating_mul(2);
    (u128::from(DAY_MS) * u128::from(bytes) / u128::from(DAILY_BYTES.max(bytes))) as u64
}

/// A record of Harper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// As it stands there.
    pub id: String,
    /// The id and the timestamp of the row that it was made of; none when no sync can have written it.
    pub origin: Option<(RecordId, Micros)>,
}

impl StoredRecord {
    /// A record with this id. Its timestamp is that of its id, unless ids are made of keys; then it is `timestamp`.
    #[must_use]
    pub fn new(id: &str, is_keyed: bool, timestamp: Option<Micros>) -> Self {
        let origin = RecordId::parse(id).and_then(|parsed| {
            let at = if is_keyed { timestamp? } else { parsed.timestamp() };
            (time::MIN..=time::MAX).contains(&at).then_some((parsed, at))
        });
        Self { id: id.to_owned(), origin }
    }
}

/// What the source has at the timestamps of some records.
#[derive(Debug, Clone, Default)]
pub struct SourceAnswer {
    /// Ids of its rows.
    pub ids: HashSet<RecordId>,
    /// Whether these are all.
    pub is_complete: bool,
    /// The smallest timestamp in the source; none when it is empty.
    pub oldest: Option<Micros>,
}

/// Which part of the source has timestamps, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Smallest timestamp.
    pub min: Micros,
    /// Largest timestamp.
    pub max: Micros,
    /// Rows between them.
    pub rows: u64,
}

impl Bounds {
    /// Reads the answer to [`select_bounds`](crate::sql::select_bounds); none when there are no rows.
    #[must_use]
    pub fn parse(rows: &[Vec<Option<String>>]) -> Option<Self> {
        let row = rows.first()?;
        let cell = |index: usize| row.get(index)?.as_deref();
        Some(Self { min: cell(0)?.parse().ok()?, max: cell(1)?.parse().ok()?, rows: cell(2)?.parse().ok()? })
    }
}

/// What checkpoints claim: every row with a timestamp up to the watermark is stored, as far as it was visible at the last poll.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The largest timestamp of all.
    pub watermark: Micros,
    /// How far polls reach back for rows that come late.
    pub lookback: Micros,
    /// Where the sync began, if not at the beginning.
    pub start: Option<Micros>,
    /// Type of the timestamp column.
    pub kind: TimestampKind,
}

impl Claim {
    /// What is claimed.
    #[must_use]
    pub fn window(&self) -> Window {
        Window { low: self.start, high: Some(self.after(self.watermark)) }
    }

    /// The timestamp from which on rows may have come after the last poll without anything being lost.
    #[must_use]
    pub fn late_from(&self) -> Micros {
        let from = self.watermark.saturating_sub(self.lookback).max(time::MIN);
        from - from.rem_euclid(self.step())
    }

    /// A window of the claim that holds about [`ROWS`] rows if they are spread evenly: at the end of the claim, where
    /// everything that is new passes through, or anywhere else, as `random` has it.
    #[must_use]
    pub fn sample_window(&self, bounds: &Bounds, random: u64) -> Window {
        let width = bounds.max - bounds.min;
        let rows = Micros::try_from(bounds.rows).unwrap_or(Micros::MAX).max(1);
        let sample_width = if rows <= Micros::from(ROWS) { width } else { width / rows * Micros::from(ROWS) };
        let latest_low = bounds.max - sample_width;
        let (is_anywhere, random) = (random & 1 == 1, random >> 1);
        let low = if is_anywhere {
            bounds.min + (random % (latest_low - bounds.min + 1).unsigned_abs()).cast_signed()
        } else {
            latest_low
        };
        Window { low: Some(low), high: Some(self.after(low + sample_width)) }
    }

    /// The end of a window that has `at` as its last timestamp.
    fn after(&self, at: Micros) -> Micros {
        at + self.step()
    }

    fn step(&self) -> Micros {
        if self.kind == TimestampKind::Date { DAY } else { 1 }
    }
}

/// An id between those of the first and the last record, for reading from there on.
#[must_use]
pub fn random_start(first: &str, last: &str, random: u64) -> RecordId {
    let high_half = |id: &str| id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let (low, high) = (high_half(first).unwrap_or(0), high_half(last).unwrap_or(u64::MAX));
    let distance = high.saturating_sub(low).saturating_add(1);
    RecordId::from_key(u128::from(low.saturating_add(random % distance)) << 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOON: Micros = 1_764_590_400_000_000;

    fn id(at: Micros) -> RecordId {
        RecordId::from_content(at, 7)
    }

    fn record(at: Micros) -> StoredRecord {
        StoredRecord::new(id(at).as_str(), false, None)
    }

    fn answer(ids: &[RecordId]) -> SourceAnswer {
        SourceAnswer { ids: ids.iter().copied().collect(), is_complete: true, oldest: Some(NOON) }
    }

    fn claim(kind: TimestampKind) -> Claim {
        Claim { watermark: NOON, lookback: 600 * time::SECOND, start: None, kind }
    }

    #[test]
    fn a_row_that_harper_lacks_is_missing_unless_it_may_have_come_late() {
        let mut findings = Findings::default();
        findings.row(&id(NOON), true, false);
        findings.row(&id(NOON + 1), false, true);
        assert_eq!(findings.clone().judge(Ok(())).status, SpotCheckStatus::Healthy);
        assert_eq!(findings.pending.ids, [id(NOON + 1).as_str()]);

        findings.row(&id(NOON + 2), false, false);
        assert_eq!(findings.missing.ids, [id(NOON + 2).as_str()]);
        assert_eq!(findings.judge(Ok(())).status, SpotCheckStatus::IssuesFound);
    }

    #[test]
    fn a_record_without_a_row_is_a_phantom() {
        let mut findings = Findings::default();
        findings.record(&record(NOON), &answer(&[id(NOON)]));
        assert_eq!(findings.clone().judge(Ok(())).status, SpotCheckStatus::Healthy);
        findings.record(&record(NOON), &answer(&[id(NOON + 1)]));
        assert_eq!((findings.phantoms.count, findings.records_checked), (1, 2));
        assert_eq!(findings.judge(Ok(())).status, SpotCheckStatus::IssuesFound);
    }

    #[test]
    fn a_record_that_no_sync_can_have_written_is_a_phantom_whatever_the_source_says() {
        let unknown = SourceAnswer::default();
        for id in ["foreign", "ffffffffffffffff0000000000000000", "8006450A2B3C4D5E0000000000000000"] {
            let mut findings = Findings::default();
            findings.record(&StoredRecord::new(id, false, None), &unknown);
            assert_eq!(findings.phantoms.ids, [id]);
        }
        let mut findings = Findings::default();
        findings.record(&StoredRecord::new(RecordId::from_key(1).as_str(), true, None), &unknown);
        assert_eq!(findings.phantoms.count, 1, "a keyed record without a timestamp");
    }

    #[test]
    fn records_older_than_the_source_were_deleted_there() {
        let mut findings = Findings::default();
        findings.record(&record(NOON - 1), &answer(&[]));
        findings.record(&record(NOON), &SourceAnswer { is_complete: true, ..SourceAnswer::default() });
        assert_eq!((findings.deleted_in_source.count, findings.phantoms.count), (2, 0));
        assert_eq!(findings.judge(Ok(())).status, SpotCheckStatus::Healthy);
    }

    #[test]
    fn a_record_that_hides_among_too_many_rows_is_not_called_a_phantom() {
        let mut findings = Findings::default();
        findings.record(&record(NOON), &SourceAnswer { is_complete: false, ..answer(&[id(NOON + 1)]) });
        assert_eq!((findings.not_checked.count, findings.phantoms.count), (1, 0));
    }

    #[test]
    fn nothing_compared_is_no_data_and_a_failure_keeps_what_was_found() {
        assert_eq!(Findings::default().judge(Ok(())).status, SpotCheckStatus::NoData);
        let failed = Findings { query_jobs: 2, ..Findings::default() }.judge(Err(Failure::of_job(
            "bytesBilledLimitExceeded",
            "too much",
        )
        .into()));
        assert_eq!((failed.status, failed.findings.query_jobs), (SpotCheckStatus::CheckFailed, 2));
        assert_eq!(failed.error.unwrap().reason, "bytesBilledLimitExceeded");
    }

    #[test]
    fn samples_stand_while_nothing_changes_and_where_another_look_scans_too_much() {
        let partitioned = |num_rows: u64, num_bytes: u64| -> TableMetadata {
            let partitioning = json!({ "type": "DAY", "field": "ts" });
            serde_json::from_value(
                json!({ "numRows": num_rows, "numBytes": num_bytes, "timePartitioning": partitioning }),
            )
            .unwrap()
        };
        let whole =
            |num_rows, num_bytes: u64| TableMetadata { time_partitioning: None, ..partitioned(num_rows, num_bytes) };
        let sampled = |metadata| {
            let check = Findings { rows_checked: 1, ..Findings::default() }.judge(Ok(()));
            Sampled { check, metadata, at_ms: 0 }
        };
        let small = sampled(partitioned(1, 1 << 20));
        assert!(small.stands(&partitioned(1, 1 << 20), "ts", DAY_MS - 1));
        assert!(!small.stands(&partitioned(1, 1 << 20), "ts", DAY_MS));
        assert!(!small.stands(&partitioned(2, 1 << 40), "ts", 0), "pruning makes another look cheap");
        assert!(!sampled(whole(1, 1 << 20)).stands(&whole(2, 1 << 20), "ts", 60_000), "so does being small");
        let large = sampled(whole(1, 1 << 30));
        assert!(
            large.stands(&whole(2, 1 << 30), "ts", DAY_MS / 5 - 1)
                && !large.stands(&whole(2, 1 << 30), "ts", DAY_MS / 5)
        );
        let huge = sampled(whole(1, 1 << 50));
        assert!(huge.stands(&whole(2, 1 << 50), "ts", DAY_MS - 1) && !huge.stands(&whole(2, 1 << 50), "ts", DAY_MS));

        let mut faulty = small;
        faulty.check.status = SpotCheckStatus::IssuesFound;
        assert!(!faulty.stands(&partitioned(1, 1 << 20), "ts", 0));
    }

    #[test]
    fn only_the_first_ids_are_named() {
        let mut findings = Findings::default();
        (0..50).for_each(|n| findings.row(&id(n), false, false));
        assert_eq!((findings.missing.count, findings.missing.ids.len()), (50, NAMED_IDS));
    }

    #[test]
    fn a_claim_reaches_to_the_end_of_its_last_day_and_late_rows_begin_on_a_whole_one() {
        let by_micros = claim(TimestampKind::Timestamp);
        assert_eq!(by_micros.window(), Window { low: None, high: Some(NOON + 1) });
        assert_eq!(by_micros.late_from(), NOON - 600 * time::SECOND);
        let midnight = NOON - NOON.rem_euclid(DAY);
        let by_days = Claim { watermark: midnight, ..claim(TimestampKind::Date) };
        assert_eq!(by_days.window().high, Some(midnight + DAY));
        assert_eq!(by_days.late_from(), midnight - DAY);
    }

    #[test]
    fn a_small_table_is_sampled_whole() {
        let bounds = Bounds { min: NOON - 1_000, max: NOON, rows: u64::from(ROWS) };
        for random in [0, 1, u64::MAX] {
            let window = claim(TimestampKind::Timestamp).sample_window(&bounds, random);
            assert_eq!(window, Window { low: Some(NOON - 1_000), high: Some(NOON + 1) });
        }
    }

    #[test]
    fn bounds_of_nothing_are_none() {
        let cell = |text: &str| Some(text.to_owned());
        let some = vec![vec![cell("-1"), cell("5"), cell("2")]];
        assert_eq!(Bounds::parse(&some), Some(Bounds { min: -1, max: 5, rows: 2 }));
        assert_eq!(Bounds::parse(&[vec![None, None, cell("0")]]), None);
    }

    proptest! {
        #[test]
        fn a_sample_window_lies_within_the_claim(
            ends in [time::MIN..=time::MAX, time::MIN..=time::MAX],
            rows in 1..=u64::MAX,
            random in any::<u64>(),
        ) {
            let bounds = Bounds { min: ends[0].min(ends[1]), max: ends[0].max(ends[1]), rows };
            let claim = Claim { watermark: bounds.max, ..claim(TimestampKind::Timestamp) };
            let window = claim.sample_window(&bounds, random);
            let (low, high) = (window.low.unwrap(), window.high.unwrap());
            prop_assert!(bounds.min <= low && low < high && high <= bounds.max + 1);
        }

        #[test]
        fn reading_starts_between_the_first_and_the_last_record(
            ends in [any::<u128>(), any::<u128>()],
            random in any::<u64>(),
        ) {
            let (first, last) = (RecordId::from_key(ends[0].min(ends[1])), RecordId::from_key(ends[0].max(ends[1])));
            let start = random_start(first.as_str(), last.as_str(), random);
            prop_assert!(start.as_str()[..16] >= first.as_str()[..16] && start <= last);
        }
    }
}
