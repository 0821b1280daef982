//! Tables that many scenarios use.

use component_tests::bigquery::{Column, Table};
use component_tests::values::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// 2025-12-01T12:00:00Z
pub const NOON: i64 = 1_764_590_400_000_000;

/// One second.
pub const SECOND: i64 = 1_000_000;

/// A table `positions` of `ts` and a number, with a row at each of these times.
pub fn positions(times: impl IntoIterator<Item = i64>) -> Table {
    let columns = vec![Column::new("ts", "TIMESTAMP"), Column::new("n", "INTEGER")];
    Table::new("positions", columns).with_rows(numbered(0, times))
}

/// Rows of `positions`, numbered from `first`.
pub fn numbered(first: i64, times: impl IntoIterator<Item = i64>) -> Vec<Vec<Value>> {
    (first..).zip(times).map(|(n, at)| vec![Value::Timestamp(at), Value::Int(n)]).collect()
}

/// `count` times, a second apart.
pub fn seconds_from(start: i64, count: i64) -> impl Iterator<Item = i64> {
    (0..count).map(move |n| start + n * SECOND)
}

/// Our clock.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_micros() as i64
}
