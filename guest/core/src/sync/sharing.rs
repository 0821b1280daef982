//! The share of a table that this worker reads, and how it changes while it does.

use super::{Level, Now, TableSync};
use crate::slots::SlotRange;

impl TableSync {
    /// What this worker reads from now on; none for leaving the table to others. A sync begins with every slot.
    ///
    /// With fewer slots than before it goes on in the same result and leaves out what is not its own any more: all that it
    /// knows of many slots is true of fewer. With any other slots it gives up what is under way and starts from everybody's
    /// claims, without waiting for anybody; rows that are stored by then are not written again.
    pub fn set_slots(&mut self, slots: Option<SlotRange>, now: Now) {
        if slots == self.slots {
            return;
        }
        let are_fewer = self.slots.zip(slots).is_some_and(|(before, after)| before.covers(after));
        let text = |slots: Option<SlotRange>| slots.map_or_else(|| "none".into(), |slots| slots.to_string());
        let fields = serde_json::json!({ "from": self.slots, "to": slots });
        self.log(Level::Info, "rebalance", format!("slots {} -> {}", text(self.slots), text(slots)), fields);
        self.slots = slots;
        // What was counted is about other slots.
        self.spans.clear();
        if let Some(reading) = self.reading_mut() {
            reading.spans = None;
        }
        if are_fewer {
            return;
        }
        self.job = None;
        self.has_started = false;
        self.drained = None;
        self.synced_through = None;
        self.looked_back_at = None;
        self.newest = None;
        if slots.is_none() {
            self.error = None;
        }
        self.retreat(now.monotonic_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, JobProgress};
    use crate::config;
    use crate::cost::Days;
    use crate::phase::Phase;
    use crate::source::TableMetadata;
    use crate::sql::Query;
    use crate::sync::{Action, Event, Limits};
    use crate::time::{MINUTE, Micros};

    const NOW: Now = Now { monotonic_ms: 0, source_micros: 1_764_590_400_000_000 };
    const HOUR_AGO: Micros = NOW.source_micros - 60 * MINUTE;
    const OWN: &str = "a-0";

    fn sync() -> TableSync {
        let text = r#"{"bigquery": {"projectId": "p", "tables": [
            {"id": "t", "dataset": "d", "table": "t", "timestampColumn": "ts", "targetTable": "T"}]}}"#;
        let (config, errors) = config::parse(text);
        assert_eq!(errors, []);
        TableSync::new(config.unwrap().tables.remove(0), "p", OWN, 1, Limits::default())
    }

    fn slots(first: u16, last: u16) -> Option<SlotRange> {
        SlotRange::new(first, last)
    }

    fn checkpoint(node_id: &str, slots: Option<SlotRange>, watermark: Option<Micros>) -> Checkpoint {
        Checkpoint {
            id: format!("t:{node_id}"),
            table_id: "t".into(),
            node_id: node_id.into(),
            slots: slots.unwrap(),
            source: "p.d.t/ts".into(),
            last_timestamp: watermark,
            records_ingested: 0,
            last_sync_time: None,
            phase: Phase::Initial,
            batch_size: 10,
            lag_seconds: None,
            job_id: None,
            job: None,
            claims: Vec::new(),
            cost: Days::default(),
            supersedes: Vec::new(),
            error: None,
        }
    }

    fn with_job(checkpoint: Checkpoint) -> Checkpoint {
        let (low, high, max_timestamp) = (checkpoint.last_timestamp, None, None);
        let inserted_at = Some(HOUR_AGO);
        let (rows_done, total_rows, is_partial) = (7, None, false);
        let job =
            JobProgress { id: "j".into(), low, high, inserted_at, rows_done, total_rows, max_timestamp, is_partial };
        Checkpoint { job: Some(job), ..checkpoint }
    }

    /// What a worker does first about rows: queries, or reads on in a result.
    #[derive(Debug, PartialEq)]
    enum Begun {
        Query(Query),
        Page { job_id: String, start_index: u64 },
        Nothing,
    }

    /// Answers whatever is asked until rows come into it; returns the last checkpoint, too.
    fn begin(sync: &mut TableSync, stored: &[Checkpoint]) -> (Begun, Option<Checkpoint>) {
        let schema = serde_json::from_str(r#"{"fields": [{"name": "ts", "type": "TIMESTAMP"}]}"#).unwrap();
        let metadata = TableMetadata { schema, num_rows: Some(1), ..TableMetadata::default() };
        let mut written = None;
        while let Some(action) = sync.poll(NOW) {
            let event = match action {
                Action::LoadCheckpoints => Event::CheckpointsLoaded(Ok(stored.to_vec())),
                Action::Probe => Event::Probed(Ok(metadata.clone())),
                Action::EnsureTable(_) => Event::TableEnsured(Ok(())),
                Action::FindLastId => Event::LastIdFound(Ok(None)),
                Action::WriteCheckpoint { commit, checkpoint } => {
                    written = Some(*checkpoint);
                    Event::CheckpointWritten { commit, outcome: Ok(()) }
                }
                Action::InsertJob { query, .. } => return (Begun::Query(query), written),
                Action::FetchPage(fetch) => {
                    return (Begun::Page { job_id: fetch.job_id, start_index: fetch.start_index }, written);
                }
                Action::Log(_) => continue,
                other => panic!("nothing else is to be done yet: {other:?}"),
            };
            sync.handle(event, NOW);
        }
        (Begun::Nothing, written)
    }

    fn query(begun: Begun) -> Query {
        match begun {
            Begun::Query(query) => query,
            other => panic!("expected a query, found {other:?}"),
        }
    }

    #[test]
    fn a_worker_queries_its_slots_from_where_all_that_others_have_done_of_them_ends() {
        let stored = [
            checkpoint("b-0", slots(0, 511), Some(HOUR_AGO)),
            checkpoint("c-0", slots(512, 1_023), Some(HOUR_AGO - MINUTE)),
        ];
        for (own, low) in [(slots(0, 255), "10:50:00"), (slots(256, 767), "10:49:00")] {
            let mut sync = sync();
            sync.set_slots(own, NOW);
            let (begun, written) = begin(&mut sync, &stored);
            let query = query(begun);
            let own = own.unwrap();
            let condition = format!("BETWEEN {} AND {}", own.first(), own.last());
            assert!(query.sql.ends_with(&condition), "{}", query.sql);
            assert_eq!(query.parameters[0].value, format!("2025-12-01T{low}.000000Z"));
            assert_eq!(written.unwrap().slots, own);
        }
    }

    #[test]
    fn a_worker_that_joins_one_that_did_everything_does_not_start_over_even_after_that_one_has_gone_on() {
        let mut first = sync();
        let stored = [checkpoint(OWN, slots(0, 1_023), Some(HOUR_AGO))];
        first.set_slots(slots(0, 511), NOW);
        let (_, written) = begin(&mut first, &stored);
        let stored = [Checkpoint { node_id: "b-0".into(), id: "t:b-0".into(), ..written.unwrap() }];
        assert_eq!(stored[0].claims.len(), 1, "what the first one did before is kept beside what it does now");

        let mut second = sync();
        second.set_slots(slots(512, 1_023), NOW);
        assert_eq!(query(begin(&mut second, &stored).0).parameters[0].name, "low");
    }

    #[test]
    fn with_fewer_slots_a_worker_goes_on_and_with_others_it_queries_anew() {
        let mut sync = sync();
        query(begin(&mut sync, &[]).0);
        let generation = sync.generation();

        sync.set_slots(slots(0, 511), NOW);
        assert_eq!((begin(&mut sync, &[]).0, sync.generation()), (Begun::Nothing, generation));

        sync.set_slots(slots(0, 600), NOW);
        assert!(sync.generation() > generation);
        assert!(query(begin(&mut sync, &[]).0).sql.ends_with("BETWEEN 0 AND 600"));
    }

    #[test]
    fn what_was_announced_is_queried_although_a_part_has_been_given_away_meanwhile() {
        let mut sync = sync();
        let announced = loop {
            match sync.poll(NOW) {
                Some(Action::WriteCheckpoint { commit, checkpoint }) => break (commit, checkpoint),
                Some(Action::LoadCheckpoints) => sync.handle(Event::CheckpointsLoaded(Ok(Vec::new())), NOW),
                Some(Action::Probe) => {
                    let schema = serde_json::from_str(r#"{"fields": [{"name": "ts", "type": "TIMESTAMP"}]}"#).unwrap();
                    sync.handle(Event::Probed(Ok(TableMetadata { schema, ..TableMetadata::default() })), NOW);
                }
                Some(Action::EnsureTable(_)) => sync.handle(Event::TableEnsured(Ok(())), NOW),
                Some(Action::FindLastId) => sync.handle(Event::LastIdFound(Ok(None)), NOW),
                other => panic!("{other:?}"),
            }
        };
        sync.set_slots(slots(0, 511), NOW);
        sync.handle(Event::CheckpointWritten { commit: announced.0, outcome: Ok(()) }, NOW);

        // Whoever finds the announcement after a crash takes the result for what it says.
        assert_eq!(announced.1.slots, SlotRange::ALL);
        assert!(query(begin(&mut sync, &[]).0).sql.ends_with("WHERE `ts` IS NOT NULL"));
    }

    #[test]
    fn a_restarted_worker_goes_on_in_its_result_only_if_that_has_all_of_its_slots() {
        let own = |of| with_job(checkpoint(OWN, of, None));
        for (before, now, goes_on) in [
            (slots(0, 1_023), slots(0, 1_023), true),
            (slots(0, 1_023), slots(0, 511), true),
            (slots(0, 511), slots(0, 1_023), false),
            (slots(0, 511), slots(256, 767), false),
        ] {
            let mut sync = sync();
            sync.set_slots(now, NOW);
            let (begun, _) = begin(&mut sync, &[own(before)]);
            let resumed = Begun::Page { job_id: "j".into(), start_index: 7 };
            assert_eq!(begun == resumed, goes_on, "{before:?} {now:?} {begun:?}");
        }
    }

    #[test]
    fn a_worker_without_slots_does_nothing_until_it_has_some() {
        let mut sync = sync();
        sync.set_slots(None, NOW);
        assert_eq!((begin(&mut sync, &[]).0, sync.wake_at_ms()), (Begun::Nothing, None));
        assert_eq!(sync.status(NOW).next_poll_at, None);

        sync.set_slots(Some(SlotRange::ALL), NOW);
        query(begin(&mut sync, &[]).0);
    }
}
