//! How many rows were read of each short span of time. Counts are cheap to ask for, so a poll that looks back over many
//! rows reads those spans only of which the source has another number of rows by now.

use std::collections::BTreeMap;

use crate::sql::{Gaps, Window};
use crate::time::{self, Micros, SECOND};

/// A lookback has about this many spans.
const SPANS: Micros = 600;

/// Rows by span. Spans are all as long, one after the other from the beginning of time.
#[derive(Debug)]
pub struct Spans {
    width: Micros,
    /// What is earlier is not counted.
    since: Micros,
    /// By where the span begins; none for spans without rows.
    rows: BTreeMap<Micros, u64>,
}

impl Spans {
    pub fn new(lookback: Micros, since: Micros) -> Self {
        Self { width: (lookback / SPANS).max(SECOND), since, rows: BTreeMap::new() }
    }

    /// Length of a span.
    pub fn width(&self) -> Micros {
        self.width
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// Where the span begins that a timestamp is in.
    pub fn start_of(&self, timestamp: Micros) -> Micros {
        timestamp - (timestamp - time::MIN).rem_euclid(self.width)
    }

    pub fn add(&mut self, timestamp: Micros) {
        if timestamp >= self.since {
            *self.rows.entry(self.start_of(timestamp)).or_default() += 1;
        }
    }

    /// Takes over what a job has counted that read these windows, and forgets what it would not have counted.
    pub fn update(&mut self, windows: impl Iterator<Item = Window>, counted: Self) {
        for Window { low, high } in windows {
            let (low, high) = (low.unwrap_or(Micros::MIN), high.unwrap_or(Micros::MAX));
            self.rows.retain(|start, _| *start < low || *start >= high);
        }
        self.rows.extend(counted.rows);
        self.rows = self.rows.split_off(&counted.since);
    }

    /// The parts of the source that have changed, given its numbers of rows: `span` and `row_count` of each span.
    pub fn changed(&self, counts: &[Vec<Option<String>>]) -> Gaps {
        let number = |cell: &Option<String>| cell.as_deref()?.parse::<i64>().ok();
        let counts = counts.iter().filter_map(|row| Some((number(row.first()?)?, number(row.get(1)?)?)));
        let mut changed: Vec<Micros> = counts
            .filter_map(|(span, rows)| Some((span.checked_mul(self.width)?.checked_add(time::MIN)?, rows)))
            .filter(|(start, rows)| self.rows.get(start).copied().unwrap_or(0) != rows.unsigned_abs())
            .map(|(start, _)| start)
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

    fn row(spans: &Spans, timestamp: Micros, rows: u64) -> Vec<Option<String>> {
        let span = (timestamp - time::MIN) / spans.width;
        vec![Some(span.to_string()), Some(rows.to_string())]
    }

    #[test]
    fn spans_with_another_number_of_rows_have_changed() {
        let mut spans = Spans::new(600 * SECOND, time::MIN);
        for at in [0, 1, SECOND, 5 * SECOND] {
            spans.add(at);
        }
        let counts = [(0, 2), (SECOND, 2), (2 * SECOND, 1), (5 * SECOND, 1), (-SECOND, 1)];
        let counts: Vec<_> = counts.iter().map(|(at, rows)| row(&spans, *at, *rows)).collect();
        let window = |low, high| Window { low: Some(low), high: Some(high) };
        assert_eq!(spans.changed(&counts).windows(), [window(-SECOND, 0), window(SECOND, 3 * SECOND)]);
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
        assert_eq!(spans.rows, BTreeMap::from([(SECOND, 1), (2 * SECOND, 2)]));
    }
}
