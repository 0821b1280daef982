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

    /// The timestamp from which on `capacity` rows are known; none while there are fewer.
    pub fn start_when_full(&self) -> Option<Micros> {
        (self.rows.len() >= self.capacity).then(|| self.rows.first().map_or(Micros::MIN, |row| row.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_rows_are_forgotten_first() {
        let mut recent = RecentRows::new(2);
        recent.insert(30, 3);
        assert_eq!(recent.start_when_full(), None);
        recent.insert(10, 1);
        recent.insert(20, 2);
        assert!(!recent.contains(10, 1) && recent.contains(20, 2) && recent.contains(30, 3));
        assert_eq!(recent.start_when_full(), Some(20));
        recent.forget_before(25);
        assert!(!recent.contains(20, 2) && recent.contains(30, 3));
    }
}
