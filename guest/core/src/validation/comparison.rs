//! The full comparison of a table with its source, by buckets of time: what it found, and what was mended.

use serde::Serialize;

use super::spot_check::{CheckError, Named};
use super::tallies::{Buckets, Tallies};
use crate::time::{Micros, to_rfc3339};

/// Buckets that are named.
const NAMED_BUCKETS: usize = 20;

/// Whether source and Harper are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonStatus {
    /// They are, as far as checkpoints claim.
    Healthy,
    /// Rows are missing in Harper, are altered there, or have no origin in the source.
    IssuesFound,
    /// There is nothing to compare.
    NoData,
    /// Ids made of key columns are in no order of time: such tables are not compared by buckets.
    NotCompared,
    /// BigQuery or Harper could not be asked.
    CheckFailed,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The verdict.
    pub status: ComparisonStatus,
    /// What it is based on.
    #[serde(flatten)]
    pub differences: Differences,
    /// Why the check failed.
    pub error: Option<CheckError>,
}

/// One bucket that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketCounts {
    /// RFC 3339, where it begins.
    pub from: String,
    /// RFC 3339, where it ends.
    pub to: String,
    /// Rows in the source.
    pub rows: u64,
    /// Records in Harper.
    pub records: u64,
}

/// Buckets that differ, of which the first ones are named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Differing {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub buckets: Vec<BucketCounts>,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repaired {
    /// Rows that were missing or altered and have been written.
    pub written: u64,
    /// Records without an origin that have been removed; SyncAudit has their contents.
    pub removed: u64,
    /// Rows that Harper refused; SyncAudit has them.
    pub refused: u64,
}

/// Where source and Harper differ. Ids and counts only, never contents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Differences {
    /// RFC 3339: rows from here on may have come after the last poll and were not compared.
    pub compared_to: Option<String>,
    /// Rows of the source that were compared.
    pub rows_compared: u64,
    /// Records of Harper that were compared.
    pub records_compared: u64,
    /// Buckets that were compared.
    pub buckets_compared: u64,
    /// Buckets of which the two do not have the same.
    pub differing: Differing,
    /// Rows that Harper should have and has not.
    pub missing: Named,
    /// Records whose content is not that of their row.
    pub altered: Named,
    /// Records that no row of the source is the origin of.
    pub phantoms: Named,
    /// Rows that may have come after the last poll.
    pub pending: Named,
    /// Records older than everything in the source: it drops its old rows, Harper keeps them.
    pub deleted_in_source: u64,
    /// Rows of differing buckets that could not be decoded, and records of buckets with too many of them.
    pub not_checked: u64,
    /// Rows of the source that have no timestamp and are never synced.
    pub without_timestamp: u64,
    /// What was mended; null when that was not asked for.
    pub repaired: Option<Repaired>,
    /// Query jobs that were run for this.
    pub query_jobs: u32,
}

impl Differences {
    /// Takes in which buckets differ.
    pub fn differ(&mut self, source: &Tallies, harper: &Tallies, buckets: &Buckets) {
        let counts = buckets.numbers.iter().map(|number| BucketCounts {
            from: to_rfc3339(Buckets::start(*number, buckets.width)),
            to: to_rfc3339(Buckets::start(number + 1, buckets.width)),
            rows: source.of(*number).rows,
            records: harper.of(*number).rows,
        });
        self.differing =
            Differing { count: buckets.numbers.len() as u64, buckets: counts.take(NAMED_BUCKETS).collect() };
    }

    /// Takes in a record that no row is the origin of.
    pub fn phantom(&mut self, id: &str, at: Option<Micros>, oldest: Option<Micros>) -> bool {
        let is_dropped = at.is_some_and(|at| oldest.is_none_or(|oldest| at < oldest));
        if is_dropped {
            self.deleted_in_source += 1;
        } else {
            self.phantoms.push(id);
        }
        !is_dropped
    }

    /// The verdict, given whether the check came to its end.
    #[must_use]
    pub fn judge(self, outcome: Result<(), CheckError>) -> Comparison {
        let faults = self.missing.count + self.altered.count + self.phantoms.count;
        let status = match &outcome {
            Err(_) => ComparisonStatus::CheckFailed,
            Ok(()) if faults > 0 => ComparisonStatus::IssuesFound,
            Ok(()) if self.rows_compared + self.records_compared == 0 => ComparisonStatus::NoData,
            Ok(()) => ComparisonStatus::Healthy,
        };
        Comparison { status, differences: self, error: outcome.err() }
    }

    /// The verdict on a table that cannot be compared by buckets.
    #[must_use]
    pub fn not_compared(self) -> Comparison {
        Comparison { status: ComparisonStatus::NotCompared, differences: self, error: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::StorageFailure;
    use crate::validation::tallies::Counter;

    #[test]
    fn missing_altered_and_foreign_records_are_issues_and_what_is_explained_is_none() {
        let mut differences = Differences { rows_compared: 3, ..Differences::default() };
        differences.pending.push("a");
        assert!(!differences.phantom("b", Some(4), Some(5)), "dropped by the source");
        assert!(!differences.phantom("b", Some(4), None), "the source is empty");
        assert_eq!(differences.deleted_in_source, 2);
        assert_eq!(differences.clone().judge(Ok(())).status, ComparisonStatus::Healthy);
        for fault in [0, 1, 2] {
            let mut faulty = differences.clone();
            match fault {
                0 => faulty.missing.push("c"),
                1 => faulty.altered.push("c"),
                _ => assert!(faulty.phantom("c", None, Some(5)), "no sync has written it"),
            }
            assert_eq!(faulty.judge(Ok(())).status, ComparisonStatus::IssuesFound);
        }
    }

    #[test]
    fn nothing_compared_is_no_data_and_a_failure_keeps_what_was_found() {
        assert_eq!(Differences::default().judge(Ok(())).status, ComparisonStatus::NoData);
        let mut differences = Differences::default();
        differences.missing.push("a");
        let failed = differences.judge(Err(StorageFailure::Unavailable("disk full".into()).into()));
        assert_eq!((failed.status, failed.differences.missing.count), (ComparisonStatus::CheckFailed, 1));
    }

    #[test]
    fn differing_buckets_are_named_with_the_counts_of_both_sides() {
        let counted = |records: &[Micros]| {
            let mut counter = Counter::new(1_000_000);
            records.iter().for_each(|at| counter.add(*at, 1));
            counter.into_tallies()
        };
        let (source, harper) = (counted(&[1, 2]), counted(&[1]));
        let buckets = Buckets { width: 1_000_000, numbers: Tallies::differing(&source, &harper) };
        let mut differences = Differences::default();

        differences.differ(&source, &harper, &buckets);

        let named = BucketCounts {
            from: "1970-01-01T00:00:00Z".into(),
            to: "1970-01-01T00:00:01Z".into(),
            rows: 2,
            records: 1,
        };
        assert_eq!(differences.differing, Differing { count: 1, buckets: vec![named] });
    }
}
