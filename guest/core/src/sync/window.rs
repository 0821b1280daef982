//! How a large backfill is cut into windows of time, one job each.

use crate::source::PartitionUnit;
use crate::sql::{TimestampKind, Window};
use crate::time::{self, Micros};

/// Groups whole partitions into windows of about `window_bytes`, beginning at `low`.
///
/// `rows` are `partition_id`, `total_rows` and `total_logical_bytes`, in any order. The first window reaches down to `low` and the
/// last one has no end, so that together they cover everything, also what no partition has told of.
pub fn of_partitions(
    rows: &[Vec<Option<String>>],
    unit: PartitionUnit,
    low: Option<Micros>,
    window_bytes: u64,
) -> Vec<Window> {
    let mut partitions: Vec<(Micros, u64)> = rows
        .iter()
        .filter_map(|row| {
            let start = partition_start(row.first()?.as_deref()?, unit)?;
            let bytes = row.get(2)?.as_deref()?.parse().ok()?;
            low.is_none_or(|low| start > low).then_some((start, bytes))
        })
        .collect();
    partitions.sort_unstable();
    let mut windows = vec![Window { low, high: None }];
    let mut bytes_so_far = 0_u64;
    for (start, bytes) in partitions {
        let current = windows.last_mut().expect("there is always one");
        if bytes_so_far > 0 && bytes_so_far.saturating_add(bytes) > window_bytes {
            current.high = Some(start);
            windows.push(Window { low: Some(start), high: None });
            bytes_so_far = 0;
        }
        bytes_so_far = bytes_so_far.saturating_add(bytes);
    }
    windows
}

/// When a partition begins, from its id: `20251201`, `2025120112`, `202512`, `2025`.
fn partition_start(id: &str, unit: PartitionUnit) -> Option<Micros> {
    let (digits, rest) = match unit {
        PartitionUnit::Hour => (10, ":00:00Z"),
        PartitionUnit::Day => (8, "T00:00:00Z"),
        PartitionUnit::Month => (6, "-01T00:00:00Z"),
        PartitionUnit::Year => (4, "-01-01T00:00:00Z"),
    };
    if id.len() != digits || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut text = id[..4].to_owned();
    for (separator, from) in [("-", 4), ("-", 6), ("T", 8)] {
        if from < digits {
            text.push_str(separator);
            text.push_str(&id[from..from + 2]);
        }
    }
    text.push_str(rest);
    time::parse_rfc3339(&text)
}

/// Cuts a window in two, given the smallest and the largest timestamp in it. None when it cannot be cut any further.
pub fn halves(window: &Window, min: Micros, max: Micros, kind: TimestampKind) -> Option<[Window; 2]> {
    let step = if kind == TimestampKind::Date { time::DAY } else { 1 };
    let middle = (min + (max - min) / 2 + 1).next_multiple_of_step(step);
    (min < middle && middle <= max)
        .then_some([Window { low: window.low, high: Some(middle) }, Window { low: Some(middle), high: window.high }])
}

trait NextMultiple {
    fn next_multiple_of_step(self, step: Self) -> Self;
}

impl NextMultiple for Micros {
    fn next_multiple_of_step(self, step: Self) -> Self {
        let beyond = self.rem_euclid(step);
        if beyond == 0 { self } else { self - beyond + step }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, bytes: u64) -> Vec<Option<String>> {
        vec![Some(id.into()), Some("1".into()), Some(bytes.to_string())]
    }

    fn at(text: &str) -> Option<Micros> {
        Some(time::parse_rfc3339(text).unwrap())
    }

    #[test]
    fn windows_are_whole_partitions_and_cover_everything() {
        let rows = [row("20251203", 60), row("20251201", 60), row("20251202", 30), row("__NULL__", 500)];
        let windows = of_partitions(&rows, PartitionUnit::Day, None, 100);
        let cut = at("2025-12-03T00:00:00Z");
        assert_eq!(windows, [Window { low: None, high: cut }, Window { low: cut, high: None }]);
    }

    #[test]
    fn partitions_before_the_start_are_not_counted() {
        let rows = [row("2023", 99), row("2024", 99), row("2025", 99)];
        let low = at("2024-06-01T00:00:00Z");
        assert_eq!(of_partitions(&rows, PartitionUnit::Year, low, 100), [Window { low, high: None }]);
    }

    #[test]
    fn every_unit_of_partition_ids_is_read() {
        assert_eq!(partition_start("2025120113", PartitionUnit::Hour), at("2025-12-01T13:00:00Z"));
        assert_eq!(partition_start("202512", PartitionUnit::Month), at("2025-12-01T00:00:00Z"));
        assert_eq!(partition_start("__UNPARTITIONED__", PartitionUnit::Day), None);
    }

    #[test]
    fn halves_meet_and_end_where_nothing_is_left_to_cut() {
        let window = Window { low: None, high: Some(100) };
        let [first, second] = halves(&window, 10, 20, TimestampKind::Timestamp).unwrap();
        assert_eq!((first.low, first.high, second.low, second.high), (None, Some(16), Some(16), Some(100)));
        assert!(halves(&window, 10, 11, TimestampKind::Timestamp).is_some());
        assert_eq!(halves(&window, 10, 10, TimestampKind::Timestamp), None);
        assert_eq!(halves(&window, 0, time::DAY - 1, TimestampKind::Date), None);
    }
}
