//! The rows stored last, so that reaching back costs no look into the target table.

use std::collections::BTreeSet;

use crate::time::Micros;

/// A bounded set of rows by timestamp and content hash, which forgets the oldest first.
#[derive(Debug)]
pub struct RecentRows {
    rows: BTreeSet<(Micros, u64)>,
    capacity: usize,
}

impl RecentRows {
    pub fn new(capacity: usize) -> Self {
        Self { rows: BTreeSet::new(), capacity }
    }

    pub fn contains(&self, timestamp: Micros, content_hash: u64) -> bool {
        self.rows.contains(&(timestamp, content_hash))
    }

    pub fn insert(&mut self, timestamp: Micros, content_hash: u64) {
        self.rows.insert((timestamp, content_hash));
        if self.rows.len() > self.capacity {
            self.rows.pop_first();
        }
    }

    pub fn forget_before(&mut self, timestamp: Micros) {
        self.rows = self.rows.split_off(&(timestamp, 0));
    }

    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// Whether there may be more rows than are known.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= self.capacity
    }

    /// The timestamp of the first of the last `count` known rows up to `newest`.
    pub fn start_of_last(&self, count: u64, newest: Micros) -> Micros {
        let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
        let rows = self.rows.range(..=(newest, u64::MAX)).rev().take(count);
        rows.last().map_or(newest, |row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_rows_are_forgotten_first() {
        let mut recent = RecentRows::new(2);
        recent.insert(30, 3);
        assert!(!recent.is_full());
        recent.insert(10, 1);
        recent.insert(20, 2);
        assert!(!recent.contains(10, 1) && recent.contains(20, 2) && recent.contains(30, 3));
        assert!(recent.is_full());
        recent.forget_before(25);
        assert!(!recent.contains(20, 2) && recent.contains(30, 3));
    }

    #[test]
    fn the_last_rows_up_to_the_newest_are_counted_back_from_it() {
        let mut recent = RecentRows::new(9);
        for at in [10, 20, 30, 90] {
            recent.insert(at, 1);
        }
        let start = |count| recent.start_of_last(count, 35);
        assert_eq!([start(0), start(1), start(2), start(9)], [30, 30, 20, 10]);
        assert_eq!(recent.start_of_last(9, 5), 5, "none is known");
    }
}
