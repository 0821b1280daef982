//! Whether recent data can be read from Harper.

use serde::Serialize;

use crate::sync::StorageFailure;
use crate::time::{MINUTE, Micros, to_rfc3339};

/// Data of this age or younger is recent.
const RECENT: Micros = 5 * MINUTE;
/// How far ahead of the source's clock a timestamp is still taken for now rather than for a mistake.
pub const TOLERATED_FUTURE: Micros = 5 * MINUTE;

/// Whether recent data can be read from Harper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmokeTestStatus {
    /// There is a record of the last 5 minutes.
    Healthy,
    /// There is none.
    NoRecentData,
    /// Harper did not answer.
    QueryFailed,
    /// Harper has no such table.
    TableNotFound,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SmokeTest {
    /// The verdict.
    pub status: SmokeTestStatus,
    /// RFC 3339: the newest timestamp among the records that were read.
    pub newest_timestamp: Option<String>,
    /// Harper's words.
    pub error: Option<String>,
}

impl SmokeTest {
    /// Judges by the newest timestamp up to `now` (and a little beyond), none when there are no records.
    #[must_use]
    pub fn judge(newest: Result<Option<Micros>, StorageFailure>, now: Micros) -> Self {
        let (status, newest, error) = match newest {
            Ok(Some(newest)) if newest >= now.saturating_sub(RECENT) => (SmokeTestStatus::Healthy, Some(newest), None),
            Ok(newest) => (SmokeTestStatus::NoRecentData, newest, None),
            // Reading asks for nothing that could be refused but the table.
            Err(StorageFailure::Refused(message)) => (SmokeTestStatus::TableNotFound, None, Some(message)),
            Err(StorageFailure::Unavailable(message)) => (SmokeTestStatus::QueryFailed, None, Some(message)),
        };
        Self { status, newest_timestamp: newest.map(to_rfc3339), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_764_590_400_000_000;

    #[test]
    fn five_minutes_are_recent() {
        let at_age = |age| SmokeTest::judge(Ok(Some(NOW - age)), NOW);
        assert_eq!(at_age(5 * MINUTE).status, SmokeTestStatus::Healthy);
        let old = at_age(5 * MINUTE + 1);
        assert_eq!(old.status, SmokeTestStatus::NoRecentData);
        assert_eq!(old.newest_timestamp.as_deref(), Some("2025-12-01T11:54:59.999999Z"));
    }

    #[test]
    fn no_record_a_missing_table_and_a_broken_disk_are_told_apart() {
        assert_eq!(SmokeTest::judge(Ok(None), NOW).status, SmokeTestStatus::NoRecentData);
        let missing = SmokeTest::judge(Err(StorageFailure::Refused("no table Vessels".into())), NOW);
        assert_eq!(missing.status, SmokeTestStatus::TableNotFound);
        let broken = SmokeTest::judge(Err(StorageFailure::Unavailable("disk full".into())), NOW);
        assert_eq!((broken.status, broken.error.as_deref()), (SmokeTestStatus::QueryFailed, Some("disk full")));
    }
}
