//! Who else has written a table with keys.
//!
//! Of a key, the latest row has to be written last. A worker that starts before replication has brought it the records
//! does not know them: it writes older rows over newer ones, and so undoes what others claim. What it may have undone lies
//! behind its own watermark, less the lookback: up to there it has itself written, or found, the latest of each key. So a
//! worker takes the writing of others into account by going back to their watermarks, and its checkpoint says which of
//! theirs it has taken into account. Those speak for nobody any more; one of which nobody says so may have been undone, or
//! have undone something.

use std::collections::BTreeMap;

use crate::checkpoint::{Checkpoint, Superseded};
use crate::time::Micros;

/// What other workers write is read again when their checkpoints have not changed for this long: they have stopped, and
/// what they wrote after their last checkpoint has been written, too.
const QUIET_MS: u64 = 30_000;

/// Checkpoints of other workers, each known by the time when it was written, which only its writer compares.
#[derive(Debug, Default)]
pub struct Writers {
    /// By worker: as of which of its checkpoints all that it wrote is behind us, or will be read again.
    heeded: BTreeMap<String, Option<Micros>>,
    /// By worker: another checkpoint than the one that was heeded, and since when it is known here.
    unheeded: BTreeMap<String, (Option<Micros>, u64)>,
}

impl Writers {
    /// Takes everybody into account. Returns the watermark to start from, and whether a job of our own may be resumed:
    /// none that began before others wrote.
    pub fn start(&mut self, checkpoints: &[&Checkpoint], own: &str) -> (Option<Micros>, bool) {
        let resumes = checkpoints.iter().find(|checkpoint| checkpoint.node_id == own).is_some_and(|ours| {
            let is_known = |other: &&Checkpoint| other.node_id == own || supersedes(ours, other);
            !is_superseded(ours, checkpoints) && checkpoints.iter().all(is_known)
        });
        *self = Self::default();
        checkpoints.iter().for_each(|checkpoint| self.heed_those_of(checkpoint));
        checkpoints.iter().for_each(|checkpoint| self.heed(checkpoint));
        self.heeded.remove(own);
        let current = checkpoints.iter().filter(|checkpoint| !is_superseded(checkpoint, checkpoints));
        (current.map(|checkpoint| checkpoint.last_timestamp).min().flatten(), resumes)
    }

    /// Takes those into account who have written since, and stopped. Returns the least of their watermarks.
    pub fn look_round(&mut self, checkpoints: &[&Checkpoint], own: &str, now_ms: u64) -> Option<Option<Micros>> {
        let before = std::mem::take(&mut self.unheeded);
        let mut least = None;
        for checkpoint in checkpoints {
            let (worker, written_at) = (&checkpoint.node_id, checkpoint.last_sync_time);
            if worker == own || self.heeded.get(worker) == Some(&written_at) || is_superseded(checkpoint, checkpoints) {
                continue;
            }
            let known = before.get(worker).filter(|known| known.0 == written_at);
            let since_ms = known.map_or(now_ms, |known| known.1);
            if now_ms.saturating_sub(since_ms) < QUIET_MS {
                self.unheeded.insert(worker.clone(), (written_at, since_ms));
                continue;
            }
            self.heed_those_of(checkpoint);
            self.heed(checkpoint);
            least =
                Some(least.map_or(checkpoint.last_timestamp, |least: Option<_>| least.min(checkpoint.last_timestamp)));
        }
        self.heeded.remove(own);
        least
    }

    /// Whether nobody has written what is not taken into account yet.
    pub fn are_all_heeded(&self) -> bool {
        self.unheeded.is_empty()
    }

    /// For our own checkpoint.
    pub fn superseded(&self) -> Vec<Superseded> {
        let entry =
            |(node_id, at): (&String, &Option<Micros>)| Superseded { node_id: node_id.clone(), last_sync_time: *at };
        self.heeded.iter().map(entry).collect()
    }

    fn heed(&mut self, checkpoint: &Checkpoint) {
        self.heeded.insert(checkpoint.node_id.clone(), checkpoint.last_sync_time);
    }

    fn heed_those_of(&mut self, checkpoint: &Checkpoint) {
        let of_them = checkpoint.supersedes.iter().map(|it| (it.node_id.clone(), it.last_sync_time));
        self.heeded.extend(of_them);
    }
}

fn supersedes(checkpoint: &Checkpoint, other: &Checkpoint) -> bool {
    let is_other = |it: &Superseded| it.node_id == other.node_id && it.last_sync_time == other.last_sync_time;
    checkpoint.supersedes.iter().any(is_other)
}

fn is_superseded(checkpoint: &Checkpoint, by: &[&Checkpoint]) -> bool {
    by.iter().any(|other| other.node_id != checkpoint.node_id && supersedes(other, checkpoint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Days;
    use crate::phase::Phase;
    use crate::slots::SlotRange;

    /// `supersedes` has workers and the times of their checkpoints.
    fn checkpoint(
        worker: &str,
        written_at: Micros,
        watermark: Option<Micros>,
        supersedes: &[(&str, Micros)],
    ) -> Checkpoint {
        let entry = |(worker, at): &(&str, Micros)| Superseded { node_id: (*worker).into(), last_sync_time: Some(*at) };
        Checkpoint {
            id: format!("t:{worker}"),
            table_id: "t".into(),
            node_id: worker.into(),
            slots: SlotRange::ALL,
            source: "p.d.t/ts".into(),
            last_timestamp: watermark,
            records_ingested: 0,
            last_sync_time: Some(written_at),
            phase: Phase::Steady,
            batch_size: 1,
            lag_seconds: None,
            job_id: None,
            job: None,
            claims: Vec::new(),
            cost: Days::default(),
            supersedes: supersedes.iter().map(entry).collect(),
            error: None,
        }
    }

    #[test]
    fn a_worker_starts_at_the_least_watermark_that_nobody_supersedes() {
        let a = checkpoint("a", 1, Some(10), &[]);
        let b = checkpoint("b", 2, Some(90), &[("a", 1)]);
        let c = checkpoint("c", 3, Some(50), &[]);
        let start = |all: &[&Checkpoint]| Writers::default().start(all, "d").0;
        assert_eq!(start(&[]), None);
        assert_eq!(start(&[&a, &b]), Some(90));
        assert_eq!(start(&[&a, &b, &c]), Some(50));
        let went_on = checkpoint("a", 4, Some(20), &[]);
        assert_eq!(start(&[&went_on, &b]), Some(20), "`b` knows of an earlier one");
        let unfinished = checkpoint("c", 3, None, &[]);
        assert_eq!(start(&[&a, &b, &unfinished]), None, "it may have undone anything");
    }

    #[test]
    fn a_job_is_resumed_unless_somebody_else_has_written_since_it_began() {
        let before = checkpoint("b", 1, Some(10), &[]);
        let own = checkpoint("a", 2, Some(10), &[("b", 1)]);
        let resumes = |all: &[&Checkpoint]| Writers::default().start(all, "a").1;
        assert!(resumes(&[&own, &before]));
        assert!(!resumes(&[&own, &checkpoint("b", 3, Some(10), &[])]));
        assert!(!resumes(&[&own, &before, &checkpoint("c", 3, Some(10), &[("a", 2)])]));
        assert!(!resumes(&[&before]), "there is none");
    }

    #[test]
    fn who_writes_meanwhile_is_heeded_once_and_when_it_has_stopped() {
        let mut writers = Writers::default();
        let known = checkpoint("b", 1, Some(10), &[]);
        writers.start(&[&known], "a");
        assert_eq!(writers.look_round(&[&known], "a", 0), None);

        let [first, last] = [2, 3].map(|at| checkpoint("b", at, Some(5), &[]));
        assert_eq!(writers.look_round(&[&first], "a", 0), None);
        assert_eq!(writers.look_round(&[&last], "a", QUIET_MS), None, "it goes on");
        assert!(!writers.are_all_heeded());
        assert_eq!(writers.look_round(&[&last], "a", 2 * QUIET_MS), Some(Some(5)));
        assert_eq!(writers.look_round(&[&last], "a", 3 * QUIET_MS), None);
        assert!(writers.are_all_heeded());
        assert_eq!(writers.superseded(), checkpoint("a", 4, None, &[("b", 3)]).supersedes);
    }

    #[test]
    fn who_supersedes_others_stands_for_them() {
        let mut writers = Writers::default();
        let b = checkpoint("b", 2, Some(90), &[("c", 1)]);
        writers.start(&[&b], "a");
        let late = checkpoint("c", 1, Some(5), &[]);
        assert_eq!(writers.look_round(&[&b, &late], "a", 0), None);
        assert!(writers.are_all_heeded());
        assert_eq!(writers.superseded(), checkpoint("a", 4, None, &[("b", 2), ("c", 1)]).supersedes);
    }
}
