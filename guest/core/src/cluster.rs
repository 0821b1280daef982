//! Which workers there are, and what each of them reads.

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::config::Count;
use crate::slots::SlotRange;

/// A worker's sign of life, as it has reached this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// `hostname-workerIndex`
    pub worker: String,
    /// A number that changes with each sign of life.
    pub beat: u64,
}

/// A live worker, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// `hostname-workerIndex`
    pub node_id: String,
    /// What it reads of tables that all workers read.
    pub slots: Option<SlotRange>,
}

/// Which workers are alive, as seen by one of them.
///
/// Clocks of nodes may differ by minutes, so what counts is how long ago a change arrived here, by the clock here. Whoever
/// is new counts as alive, also if all that is known of it is an old record: to wait for a worker that is gone costs a
/// moment, to take its part too early costs a query.
#[derive(Debug)]
pub struct Cluster {
    own: String,
    patience_ms: u64,
    others: BTreeMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    beat: u64,
    changed_at_ms: u64,
    is_alive: bool,
}

impl Cluster {
    /// A cluster of which only this worker is known. Others are taken for gone when their beat has not changed for
    /// `patience_ms`.
    #[must_use]
    pub fn new(own: &str, patience_ms: u64) -> Self {
        Self { own: own.into(), patience_ms, others: BTreeMap::new() }
    }

    /// Takes in the heartbeats of all workers as they are known here now. A worker that is missing has left.
    pub fn observe(&mut self, heartbeats: impl IntoIterator<Item = Heartbeat>, now_ms: u64) {
        let mut before = std::mem::take(&mut self.others);
        for Heartbeat { worker, beat } in heartbeats {
            if worker == self.own {
                continue;
            }
            let known = before.remove(&worker).filter(|seen| seen.beat == beat);
            let changed_at_ms = known.map_or(now_ms, |seen| seen.changed_at_ms);
            let is_alive = now_ms.saturating_sub(changed_at_ms) < self.patience_ms;
            self.others.insert(worker, Seen { beat, changed_at_ms, is_alive });
        }
    }

    /// The live workers in the order that slots are shared out by; this one is always among them.
    #[must_use]
    pub fn live(&self) -> Vec<&str> {
        let others = self.others.iter().filter(|(_, seen)| seen.is_alive).map(|(worker, _)| worker.as_str());
        let mut live: Vec<&str> = others.chain([self.own.as_str()]).collect();
        live.sort_unstable();
        live
    }

    /// What this worker reads of a table; none when that is left to others.
    #[must_use]
    pub fn slots_of(&self, table_id: &str, readers: Count) -> Option<SlotRange> {
        share(&self.own, &readers_of(table_id, readers, self.live()))
    }

    /// Whether it is for this worker to do what one worker has to do for a table.
    #[must_use]
    pub fn is_first_reader(&self, table_id: &str) -> bool {
        readers_of(table_id, Count::Of(1), self.live()) == [self.own.as_str()]
    }

    /// Every live worker.
    #[must_use]
    pub fn status(&self) -> Vec<WorkerStatus> {
        let live = self.live();
        live.iter().map(|worker| WorkerStatus { node_id: (*worker).into(), slots: share(worker, &live) }).collect()
    }
}

fn share(worker: &str, readers: &[&str]) -> Option<SlotRange> {
    let index = readers.iter().position(|reader| *reader == worker)?;
    SlotRange::share(index, readers.len())
}

/// Those of the live workers that read a table, in the same order. They are found by rendezvous hashing: a worker that
/// comes or goes changes nothing but its own place.
fn readers_of<'a>(table_id: &str, readers: Count, mut live: Vec<&'a str>) -> Vec<&'a str> {
    if let Count::Of(readers) = readers {
        live.sort_by_cached_key(|worker| {
            std::cmp::Reverse((xxh3_64(format!("{table_id}\n{worker}").as_bytes()), *worker))
        });
        live.truncate(readers as usize);
        live.sort_unstable();
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeats(beats: &[(&str, u64)]) -> Vec<Heartbeat> {
        beats.iter().map(|(worker, beat)| Heartbeat { worker: (*worker).into(), beat: *beat }).collect()
    }

    fn cluster_of(own: &str, others: &[&str]) -> Cluster {
        let mut cluster = Cluster::new(own, 12_000);
        cluster.observe(others.iter().map(|worker| Heartbeat { worker: (*worker).into(), beat: 0 }), 0);
        cluster
    }

    #[test]
    fn a_worker_that_knows_of_nobody_reads_everything() {
        let cluster = Cluster::new("a-0", 12_000);
        assert_eq!(cluster.live(), ["a-0"]);
        assert_eq!(cluster.slots_of("t", Count::All), Some(SlotRange::ALL));
    }

    #[test]
    fn a_worker_is_gone_when_nothing_new_of_it_has_arrived_for_a_while_and_back_with_the_next_beat() {
        let mut cluster = Cluster::new("a-0", 12_000);
        // What the beats of others count, and how far their clocks are off, does not matter.
        for (at_ms, beat, live) in [
            (0, 5_000_000, true),
            (11_999, 5_000_000, true),
            (12_000, 5_000_000, false),
            (60_000, 5_000_000, false),
            (60_001, 17, true),
            (72_000, 17, true),
            (72_001, 17, false),
        ] {
            cluster.observe(heartbeats(&[("b-0", beat), ("a-0", at_ms)]), at_ms);
            assert_eq!(cluster.live().len(), if live { 2 } else { 1 }, "at {at_ms}");
        }
        cluster.observe(heartbeats(&[("b-0", 18)]), 80_000);
        cluster.observe(heartbeats(&[]), 80_001);
        assert_eq!(cluster.live(), ["a-0"], "whoever takes its record back has left");
    }

    #[test]
    fn four_threads_of_one_node_and_two_of_another_own_every_slot_once() {
        let workers = ["a-0", "a-1", "a-2", "a-3", "b-0", "b-1"];
        let mut owners = vec![0; usize::from(crate::slots::SLOTS)];
        for own in workers {
            let range = cluster_of(own, &workers).slots_of("t", Count::All).unwrap();
            (range.first()..=range.last()).for_each(|slot| owners[usize::from(slot)] += 1);
        }
        assert!(owners.iter().all(|owners| *owners == 1));
    }

    #[test]
    fn a_table_with_one_reader_is_read_by_one_worker_and_tables_are_spread_over_workers() {
        let workers = ["a-0", "a-1", "b-0"];
        let mut tables_of = [0; 3];
        for table in 0..300 {
            let table = format!("table {table}");
            let reads = |own: &&str| cluster_of(own, &workers).slots_of(&table, Count::Of(1)).is_some();
            let readers: Vec<&str> = workers.into_iter().filter(reads).collect();
            assert_eq!(readers.len(), 1);
            tables_of[workers.iter().position(|worker| *worker == readers[0]).unwrap()] += 1;
        }
        assert!(tables_of.iter().all(|tables| (60..=140).contains(tables)), "{tables_of:?}");
    }

    #[test]
    fn when_a_reader_goes_another_takes_over_and_the_other_tables_stay_where_they_are() {
        let all = ["a-0", "a-1", "b-0", "b-1"];
        for table in 0..100 {
            let table = format!("table {table}");
            let before = readers_of(&table, Count::Of(2), all.to_vec());
            let left = all.into_iter().filter(|worker| *worker != "b-0").collect();
            let after = readers_of(&table, Count::Of(2), left);
            assert_eq!(after.len(), 2);
            assert!(before.iter().filter(|worker| **worker != "b-0").all(|worker| after.contains(worker)));
        }
    }

    #[test]
    fn more_readers_than_workers_are_all_workers() {
        let cluster = cluster_of("b-0", &["a-0"]);
        assert_eq!(cluster.slots_of("t", Count::Of(9)), SlotRange::share(1, 2));
        assert_eq!(cluster.status()[0], WorkerStatus { node_id: "a-0".into(), slots: SlotRange::share(0, 2) });
    }
}
