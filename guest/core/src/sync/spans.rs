//! How many rows were read of each short span of time, and where in it they are. That is cheap to ask for, so a poll that
//! looks back over many rows reads those spans only of which the source says something else by now.

use std::collections::BTreeMap;

use crate::sql::{Gaps, Window};
use crate::time::{self, Micros, SECOND};

/// A lookback has about this many spans.
const SPANS: Micros = 600;

/// The rows of a span. Their number alone would not tell of a late row that came when another one was deleted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    rows: u64,
    /// Sum of their distances from where the span begins, in microseconds.
    offset_micros: u64,
}

/// Rows by span. Spans are all as long, one after the other from the beginning of time.
#[derive(Debug)]
pub struct Spans {
    width: Micros,
    /// What is earlier is not counted.
    since: Micros,
    /// By where the span begins; none for spans without rows.
    tallies: BTreeMap<Micros, Tally>,
}

impl Spans {
    pub fn new(lookback: Micros, since: Micros) -> Self {
        Self { width: (lookback / SPANS).max(SECOND), since, tallies: BTreeMap::new() }
    }

    /// Length of a span.
    pub fn width(&self) -> Micros {
        self.width
    }

    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    pub fn clear(&mut self) {
        self.tallies.clear();
    }

    /// Where the span begins that a timestamp is in.
    pub fn start_of(&self, timestamp: Micros) -> Micros {
        timestamp - (timestamp - time::MIN).rem_euclid(self.width)
    }

    pub fn add(&mut self, timestamp: Micros) {
        if timestamp >= self.since {
            let start = self.start_of(timestamp);
            let tally = self.tallies.entry(start).or_default();
            tally.rows += 1;
            tally.offset_micros += timestamp.abs_diff(start);
        }
    }

    /// Takes over what a job has counted that read these windows, and forgets what it would not have counted.
    pub fn update(&mut self, windows: impl Iterator<Item = Window>, counted: Self) {
        for Window { low, high } in windows {
            let (low, high) = (low.unwrap_or(Micros::MIN), high.unwrap_or(Micros::MAX));
            self.tallies.retain(|start, _| *start < low || *start >= high);
        }
        self.tallies.extend(counted.tallies);
        self.tallies = self.tallies.split_off(&counted.since);
    }

    /// The parts of the source that have changed, given `span`, `row_count` and `offset_sum` of each span there.
    pub fn changed(&self, counts: &[Vec<Option<String>>]) -> Gaps {
        let mut changed: Vec<Micros> = counts
            .iter()
            .filter_map(|row| {
                let number = |index: usize| row.get(index)?.as_deref()?.parse::<i64>().ok();
                let start = number(0)?.checked_mul(self.width)?.checked_add(time::MIN)?;
                let tally = Tally { rows: number(1)?.unsigned_abs(), offset_micros: number(2)?.unsigned_abs() };
                (self.tallies.get(&start) != Some(&tally)).then_some(start)
            })
            .collect();
        changed.sort_unstable();
        let mut gaps = Gaps::default();
        for start in changed {
            gaps.add(start, start + self.width);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(spans: &Spans, timestamp: Micros, rows: u64, offset_micros: u64) -> Vec<Option<String>> {
        let span = (timestamp - time::MIN) / spans.width;
        vec![Some(span.to_string()), Some(rows.to_string()), Some(offset_micros.to_string())]
    }

    #[test]
    fn spans_with_another_number_of_rows_or_with_other_rows_have_changed() {
        let mut spans = Spans::new(600 * SECOND, time::MIN);
        for at in [0, 1, SECOND, 5 * SECOND, 7 * SECOND + 3] {
            spans.add(at);
        }
        let counts =
            [(0, 2, 1), (SECOND, 2, 9), (2 * SECOND, 1, 0), (5 * SECOND, 1, 0), (7 * SECOND, 1, 4), (-SECOND, 1, 0)];
        let counts: Vec<_> = counts.iter().map(|(at, rows, offsets)| row(&spans, *at, *rows, *offsets)).collect();
        let window = |low, high| Window { low: Some(low), high: Some(high) };
        assert_eq!(
            spans.changed(&counts).windows(),
            [window(-SECOND, 0), window(SECOND, 3 * SECOND), window(7 * SECOND, 8 * SECOND)]
        );
    }

    #[test]
    fn what_a_job_has_counted_replaces_what_was_known_of_its_windows() {
        let mut spans = Spans::new(600 * SECOND, time::MIN);
        let mut counted = Spans::new(600 * SECOND, SECOND);
        for at in [0, SECOND, 2 * SECOND, 3 * SECOND] {
            spans.add(at);
        }
        counted.add(0);
        counted.add(2 * SECOND);
        counted.add(2 * SECOND + 1);
        spans.update([Window { low: Some(2 * SECOND), high: None }].into_iter(), counted);
        let tally = |rows, offset_micros| Tally { rows, offset_micros };
        assert_eq!(spans.tallies, BTreeMap::from([(SECOND, tally(1, 0)), (2 * SECOND, tally(2, 1))]));
    }
}
