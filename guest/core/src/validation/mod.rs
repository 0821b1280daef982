//! Verdicts on how well a table is in step with its source: three checks, a
//! full comparison when somebody asks for it, and what they amount to.
//!
//! The engine asks storage and BigQuery, and hands what it learned to the functions in here.

mod checksum;
mod comparison;
mod progress;
mod smoke_test;
mod spot_check;
mod tallies;

use std::collections::BTreeMap;

use serde::Serialize;

pub use checksum::{CHECKSUM_MODULUS, Checksum};
pub use comparison::{BucketCounts, Comparison, ComparisonStatus, Differences, Differing, Repaired};
pub use progress::{Progress, ProgressFacts, ProgressStatus};
pub use smoke_test::{SmokeTest, SmokeTestStatus, TOLERATED_FUTURE};
pub use spot_check::{
    Bounds, CheckError, Claim, Findings, Named, RECORDS, ROWS, Sampled, SourceAnswer, SpotCheck, SpotCheckStatus,
    StoredRecord, random_start,
};
pub use tallies::{Buckets, Counter, Tallies, Tally, first_width};

/// What the checks of one table found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckResults {
    /// Whether the sync advances.
    pub progress: Progress,
    /// Whether recent data can be read from Harper.
    pub smoke_test: SmokeTest,
    /// Whether samples of source and Harper agree.
    pub spot_check: SpotCheck,
    /// Whether all of it agrees; only looked at when somebody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// What all checks amount to, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditStatus {
    /// All is well. Neither an empty table nor a source that has been silent for a while is an issue: a sync that misses
    /// something new is lagging.
    Healthy,
    /// A table lags, has stalled or never began, or samples do not agree.
    IssuesDetected,
    /// A check could not be carried out.
    Error,
}

impl CheckResults {
    /// What these checks amount to.
    #[must_use]
    pub fn status(&self) -> AuditStatus {
        let progress = match self.progress.status {
            ProgressStatus::Healthy => AuditStatus::Healthy,
            _ => AuditStatus::IssuesDetected,
        };
        let smoke_test = match self.smoke_test.status {
            SmokeTestStatus::Healthy | SmokeTestStatus::NoRecentData => AuditStatus::Healthy,
            SmokeTestStatus::QueryFailed | SmokeTestStatus::TableNotFound => AuditStatus::Error,
        };
        let spot_check = match self.spot_check.status {
            SpotCheckStatus::Healthy | SpotCheckStatus::NoData => AuditStatus::Healthy,
            SpotCheckStatus::IssuesFound => AuditStatus::IssuesDetected,
            SpotCheckStatus::CheckFailed => AuditStatus::Error,
        };
        let comparison = match self.comparison.as_ref().map(|comparison| comparison.status) {
            Some(ComparisonStatus::IssuesFound) => AuditStatus::IssuesDetected,
            Some(ComparisonStatus::CheckFailed) => AuditStatus::Error,
            None | Some(ComparisonStatus::Healthy | ComparisonStatus::NoData | ComparisonStatus::NotCompared) => {
                AuditStatus::Healthy
            }
        };
        progress.max(smoke_test).max(spot_check).max(comparison)
    }
}

/// Why there is a validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Somebody asked for it: the whole table is compared.
    Command,
    /// `validation.interval` has passed: samples are compared.
    Schedule,
}

/// What a validation returns.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    trigger: Trigger,
    status: AuditStatus,
    check_results: BTreeMap<String, CheckResults>,
}

impl Report {
    /// Sums up the results of tables, which come by their ids.
    #[must_use]
    pub fn new(trigger: Trigger, check_results: BTreeMap<String, CheckResults>) -> Self {
        let status = check_results.values().map(CheckResults::status).max().unwrap_or(AuditStatus::Healthy);
        Self { trigger, status, check_results }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(
        progress: ProgressStatus,
        smoke_test: SmokeTestStatus,
        spot_check: SpotCheckStatus,
    ) -> BTreeMap<String, CheckResults> {
        let checks = CheckResults {
            progress: Progress { status: progress, lag_seconds: None, watermark: None, error: None },
            smoke_test: SmokeTest { status: smoke_test, newest_timestamp: None, error: None },
            spot_check: SpotCheck { status: spot_check, findings: Findings::default(), sampled_at: None, error: None },
            comparison: None,
        };
        BTreeMap::from([("vessels".to_owned(), checks)])
    }

    #[test]
    fn the_worst_check_decides_and_silence_is_no_issue() {
        use AuditStatus::{Error, Healthy, IssuesDetected};
        let cases = [
            (ProgressStatus::Healthy, SmokeTestStatus::Healthy, SpotCheckStatus::Healthy, Healthy),
            (ProgressStatus::Healthy, SmokeTestStatus::NoRecentData, SpotCheckStatus::NoData, Healthy),
            (ProgressStatus::Lagging, SmokeTestStatus::Healthy, SpotCheckStatus::Healthy, IssuesDetected),
            (ProgressStatus::NoCheckpoint, SmokeTestStatus::NoRecentData, SpotCheckStatus::NoData, IssuesDetected),
            (ProgressStatus::Healthy, SmokeTestStatus::Healthy, SpotCheckStatus::IssuesFound, IssuesDetected),
            (ProgressStatus::Healthy, SmokeTestStatus::QueryFailed, SpotCheckStatus::IssuesFound, Error),
            (ProgressStatus::Healthy, SmokeTestStatus::TableNotFound, SpotCheckStatus::Healthy, Error),
            (ProgressStatus::Stalled, SmokeTestStatus::Healthy, SpotCheckStatus::CheckFailed, Error),
        ];
        for (progress, smoke_test, spot_check, expected) in cases {
            let report = Report::new(Trigger::Schedule, results(progress, smoke_test, spot_check));
            assert_eq!(report.status, expected, "{progress:?} {smoke_test:?} {spot_check:?}");
        }
    }

    #[test]
    fn a_report_has_the_products_names() {
        let checks = results(ProgressStatus::SeverelyLagging, SmokeTestStatus::NoRecentData, SpotCheckStatus::NoData);

        let report = serde_json::to_value(Report::new(Trigger::Schedule, checks)).unwrap();

        assert_eq!(report["status"], "issues_detected");
        let vessels = &report["checkResults"]["vessels"];
        assert_eq!(vessels["progress"]["status"], "severely_lagging");
        assert_eq!(vessels["smokeTest"]["status"], "no_recent_data");
        assert_eq!(vessels["spotCheck"]["status"], "no_data");
        assert_eq!(vessels["spotCheck"]["missing"], serde_json::json!({ "count": 0, "ids": [] }));
        assert_eq!(vessels.get("comparison"), None, "samples only");
    }

    #[test]
    fn a_full_comparison_counts_as_much_as_the_other_checks() {
        let mut checks = results(ProgressStatus::Healthy, SmokeTestStatus::Healthy, SpotCheckStatus::Healthy);
        let mut differences = Differences::default();
        differences.missing.push("an id");
        checks.get_mut("vessels").unwrap().comparison = Some(differences.judge(Ok(())));

        let report = serde_json::to_value(Report::new(Trigger::Command, checks)).unwrap();

        assert_eq!((&report["status"], &report["trigger"]), (&"issues_detected".into(), &"command".into()));
        assert_eq!(report["checkResults"]["vessels"]["comparison"]["missing"]["count"], 1);
    }
}
