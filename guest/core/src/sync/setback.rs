//! What happens after a failure: back to what the last checkpoint says, after a pause, with the error in sight meanwhile.

use super::{Action, ErrorStatus, Level, Now, State, StorageFailure, TableSync};
use crate::failure::{Failure, FailureKind};
use crate::retry::backoff_ms;
use crate::sql;

/// An expired result is queried again at once, but not for ever.
const EXPIRIES_TAKEN_LIGHTLY: u32 = 3;
/// For what may heal by itself.
const SHORT_PAUSE_MS: u64 = 60_000;
/// For what somebody has to mend.
const LONG_PAUSE_MS: u64 = 300_000;

impl TableSync {
    /// Gives up what is under way and goes back to what the last checkpoint says.
    pub(super) fn retreat(&mut self, until_ms: u64) {
        self.generation += 1;
        self.actions.retain(|action| matches!(action, Action::Audit(_) | Action::Log(_)));
        self.windows.clear();
        if matches!(self.state, State::EnsuringTable) || self.is_ensuring_while_reading() {
            self.ensured = None;
        }
        self.state = State::Waiting { until_ms };
    }

    pub(super) fn is_ensuring_while_reading(&self) -> bool {
        matches!(&self.state, State::Reading(reading) if reading.ensuring)
    }

    pub(super) fn fail(&mut self, failure: &Failure, now: Now) {
        let window = self.reading_mut().map(|reading| reading.job.window());
        let may_pass =
            matches!(failure.kind, FailureKind::Transient | FailureKind::Malformed | FailureKind::Unauthorized);
        if failure.job_failed || !may_pass {
            // Nothing more is to be had of this job.
            self.job = None;
        }
        if matches!(self.state, State::CountingSpans { .. }) {
            // Without counts the lookback is read whole.
            self.spans.clear();
        }
        match (failure.kind, window) {
            (FailureKind::ResultExpired, _) if self.failures < EXPIRIES_TAKEN_LIGHTLY => {
                self.failures += 1;
                let message = "the job's result is gone; querying again".into();
                self.log(Level::Warn, "job_expired", message, serde_json::json!({}));
                self.retreat(now.monotonic_ms);
            }
            (FailureKind::ResponseTooLarge, Some(_)) if !self.poll.gaps.windows().is_empty() => {
                // A single window can be cut.
                self.spans.clear();
                self.retreat(now.monotonic_ms);
            }
            (FailureKind::ResponseTooLarge, Some(window)) => {
                self.generation += 1;
                self.actions.retain(|action| matches!(action, Action::Audit(_) | Action::Log(_)));
                self.state = State::AskingBounds(window);
                self.ask(sql::select_bounds(&self.table, &self.config.timestamp_column, self.kind, &window));
            }
            _ => {
                let message = format!("{}: {failure}", self.table);
                self.report(failure.reason.clone(), message, failure.advice(), failure.kind, now);
            }
        }
    }

    pub(super) fn fail_storing(&mut self, failure: &StorageFailure, now: Now) {
        let (reason, kind) = match failure {
            StorageFailure::Unavailable(_) => ("storageUnavailable", FailureKind::Transient),
            StorageFailure::Refused(_) => ("storageRefused", FailureKind::Invalid),
        };
        let message = format!("{}: {failure}", self.config.target_table);
        self.report(reason.into(), message, String::new(), kind, now);
    }

    /// Shows an error, and tries again at a slow pace.
    pub(super) fn report(&mut self, reason: String, message: String, advice: String, kind: FailureKind, now: Now) {
        let pause_ms = self.pause_ms(kind);
        self.failures += 1;
        let since = self.error.as_ref().map_or(now.source_micros, |error| error.since);
        let fields =
            serde_json::json!({ "reason": reason, "advice": advice, "failures": self.failures, "retryInMs": pause_ms });
        self.log(Level::Error, "error", message.clone(), fields);
        self.error = Some(ErrorStatus { message, reason, advice, since });
        self.retreat(now.monotonic_ms + pause_ms);
    }

    pub(super) fn pause_ms(&self, kind: FailureKind) -> u64 {
        // That a table is missing is told for nothing, and it may be created at any time.
        let may_heal_soon = matches!(kind, FailureKind::Transient | FailureKind::NotFound);
        let cap_ms = if may_heal_soon { SHORT_PAUSE_MS } else { LONG_PAUSE_MS };
        let random = self.seed.rotate_left(self.failures);
        backoff_ms(self.config.poll_interval_ms.min(cap_ms), self.failures, cap_ms, random)
    }

    pub(super) fn recover(&mut self) {
        self.failures = 0;
        if self.error.take().is_some() {
            self.log(Level::Info, "recovered", format!("{} syncs again", self.table), serde_json::json!({}));
        }
    }
}

pub(super) fn result_too_large() -> Failure {
    let message = "the result is too large even for a single timestamp";
    Failure::new(FailureKind::Invalid, "responseTooLarge", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::sync::Limits;

    #[test]
    fn a_table_that_does_not_exist_is_looked_for_every_minute_however_often_it_was_missing() {
        let text = r#"{"bigquery": {"projectId": "p", "tables": [{"id": "t", "dataset": "d", "table": "t",
            "timestampColumn": "ts", "targetTable": "T"}]}}"#;
        let mut tables = config::parse(text).0.unwrap().tables;
        let mut sync = TableSync::new(tables.remove(0), "p", "a-0", 1, Limits::default());

        sync.failures = 20;

        assert!(sync.pause_ms(FailureKind::NotFound) <= 60_000);
        assert!(sync.pause_ms(FailureKind::PermissionDenied) > 60_000, "somebody has to grant it first");
    }
}
