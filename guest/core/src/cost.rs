//! What queries cost in BigQuery: how many ran, what they are billed, and what that comes to, day by day.

use serde::{Deserialize, Serialize};

use crate::time::{Micros, to_rfc3339};

/// A query over a table is billed at least so much: <https://cloud.google.com/bigquery/pricing#on-demand-pricing>
pub const LEAST_BILLED_BYTES: u64 = 10 * MEBIBYTE;

/// On-demand price of the location `US`, in US dollars; what a discount, the free tier or slots make of it is not known here.
pub const USD_PER_TEBIBYTE: f64 = 6.25;

/// Whole days that are kept, the current one among them.
const DAYS_KEPT: usize = 7;

const MEBIBYTE: u64 = 1 << 20;
const TEBIBYTE: f64 = (1_u64 << 40) as f64;
const DAY_MS: u64 = 86_400_000;

/// What BigQuery tells of a query job that has run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    /// Bytes of the columns and partitions that were read; none if BigQuery does not say.
    pub bytes_processed: Option<u64>,
    /// Whether the result came from BigQuery's cache, which is free.
    pub is_cached: bool,
}

impl Scan {
    /// What it is billed: whole mebibytes, and never less than [`LEAST_BILLED_BYTES`].
    #[must_use]
    pub fn bytes_billed(self) -> u64 {
        if self.is_cached {
            return 0;
        }
        let processed = self.bytes_processed.unwrap_or(0).min(u64::MAX - MEBIBYTE);
        processed.next_multiple_of(MEBIBYTE).max(LEAST_BILLED_BYTES)
    }
}

/// What so many bytes cost, in US dollars.
#[must_use]
pub fn price_usd(bytes_billed: u64) -> f64 {
    bytes_billed as f64 / TEBIBYTE * USD_PER_TEBIBYTE
}

/// What a table is billed within a day if each poll is billed so much.
#[must_use]
pub fn bytes_a_day(bytes_billed: u64, poll_interval_ms: u64) -> u64 {
    bytes_billed.saturating_mul(DAY_MS / poll_interval_ms.clamp(1, DAY_MS))
}

/// The queries of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// In UTC: `2025-12-16`.
    pub day: String,
    /// Query jobs that ran to their end.
    pub query_jobs: u64,
    /// What they are billed.
    pub bytes_billed: u64,
}

/// The queries of the last days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(Vec<Day>);

impl Days {
    /// Whether nothing was ever counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The latest one first.
    pub fn latest_first(&self) -> impl Iterator<Item = &Day> {
        self.0.iter().rev()
    }

    /// Begins the day of `at`, unless it is under way. Returns the day that is over by that, if a query ran in it.
    pub fn turn_to(&mut self, at: Micros) -> Option<Day> {
        let day: String = to_rfc3339(at).chars().take_while(|char| *char != 'T').collect();
        let last = self.0.last();
        // A clock that is corrected does not bring a day back.
        if last.is_some_and(|last| day <= last.day) {
            return None;
        }
        let over = last.filter(|last| last.query_jobs > 0).cloned();
        self.0.push(Day { day, query_jobs: 0, bytes_billed: 0 });
        if self.0.len() > DAYS_KEPT {
            self.0.remove(0);
        }
        over
    }

    /// Counts a query to the current day.
    pub fn add(&mut self, bytes_billed: u64) {
        let Some(today) = self.0.last_mut() else { return };
        today.query_jobs += 1;
        today.bytes_billed = today.bytes_billed.saturating_add(bytes_billed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Micros = 1_765_886_400_000_000;
    const DAY: Micros = 86_400_000_000;

    fn billed(bytes_processed: u64) -> u64 {
        Scan { bytes_processed: Some(bytes_processed), is_cached: false }.bytes_billed()
    }

    #[test]
    fn a_query_is_billed_in_whole_mebibytes_and_ten_at_least() {
        assert_eq!(billed(0), 10 << 20);
        assert_eq!(billed(1), 10 << 20);
        assert_eq!(billed(10 << 20), 10 << 20);
        assert_eq!(billed((10 << 20) + 1), 11 << 20);
        assert_eq!(billed(5 << 30), 5 << 30);
        assert_eq!(Scan { bytes_processed: None, is_cached: false }.bytes_billed(), 10 << 20);
    }

    #[test]
    fn a_cached_result_is_free() {
        assert_eq!(Scan { bytes_processed: Some(1 << 30), is_cached: true }.bytes_billed(), 0);
    }

    #[test]
    fn polling_twenty_gigabytes_every_half_minute_costs_hundreds_of_dollars_a_day() {
        let bytes = bytes_a_day(20_000 << 20, 30_000);
        assert_eq!(bytes, 2_880 * (20_000 << 20));
        assert!((price_usd(bytes) - 343.3).abs() < 0.1, "{}", price_usd(bytes));
    }

    #[test]
    fn queries_count_to_the_day_they_ran_in_and_a_day_is_told_once_it_is_over() {
        let mut days = Days::default();
        assert_eq!(days.turn_to(NOON), None);
        days.add(10 << 20);
        days.add(20 << 20);
        assert_eq!(days.turn_to(NOON + DAY / 4), None, "the same day");
        let over = days.turn_to(NOON + DAY).expect("a day is over");
        assert_eq!(over, Day { day: "2025-12-16".into(), query_jobs: 2, bytes_billed: 30 << 20 });
        days.add(10 << 20);
        let kept: Vec<_> = days.latest_first().map(|day| (day.day.as_str(), day.query_jobs)).collect();
        assert_eq!(kept, [("2025-12-17", 1), ("2025-12-16", 2)]);
    }

    #[test]
    fn a_clock_that_is_set_back_over_midnight_goes_on_with_the_day_it_had() {
        let mut days = Days::default();
        days.turn_to(NOON);
        days.add(1);
        assert_eq!(days.turn_to(NOON - DAY), None);
        days.add(1);
        assert_eq!(days.latest_first().map(|day| day.query_jobs).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_week_is_kept() {
        let mut days = Days::default();
        for day in 0..30 {
            days.turn_to(NOON + day * DAY);
        }
        assert_eq!(days.latest_first().count(), 7);
        assert_eq!(days.latest_first().next().unwrap().day, "2026-01-14");
    }
}
