//! A whole world: BigQuery, Harper nodes, workers on them, and the time that passes. One seed decides everything that
//! happens by chance. After every action it is checked that no checkpoint claims more than is stored.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use ingestor_core::checkpoint::{self, Checkpoint};
use ingestor_core::config::{self, TableConfig};
use ingestor_core::phase::Phase;
use ingestor_core::record_id::RecordId;
use ingestor_core::slots::{SlotRange, slot_of};
use ingestor_core::sync::{Action, Event, Limits};
use ingestor_core::time::{MILLISECOND, Micros, SECOND};

use crate::broken::Variant;
use crate::source::{Row, Source, clock};
use crate::storage::{Replica, Storage, content, name_and_timestamp};
use crate::worker::{CLOCK_ERROR_MS, PROJECT, Worker};

pub struct World {
    pub source: Source,
    pub storage: Storage,
    /// One at most on each node.
    pub workers: Vec<Option<Worker>>,
    pub now_ms: u64,
    pub counts: Counts,
    pub variant: Variant,
    pub limits: Limits,
    /// The nodes on which each node believes that there are workers: a bit a node. Its own is always among them.
    pub views: Vec<u8>,
    /// How long replication takes at the most.
    pub replication_ms: u64,
    /// The first promise that was broken.
    pub violation: Option<String>,
    /// Whether to print what happens.
    pub is_traced: bool,
    config: TableConfig,
    /// What is under way, by when it is due and in the order of its beginning.
    pending: BTreeMap<(u64, u64), Pending>,
    begun: u64,
    incarnations: u64,
    rng: Rng,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub actions: u64,
    pub crashes: u64,
}

struct Pending {
    node: usize,
    incarnation: u64,
    generation: u64,
    deed: Deed,
}

enum Deed {
    Tell(Event),
    WriteRows { commit: u64, records: Vec<(String, String)> },
    WriteCheckpoint { commit: u64, checkpoint: Box<Checkpoint>, claim: Option<Claim> },
    Replicate(Replica),
}

/// What a moved watermark promises.
#[derive(Debug, Clone, Copy)]
struct Claim {
    slots: SlotRange,
    watermark: Micros,
    /// Rows that were visible then.
    visible_until_ms: u64,
}

/// Clocks agree only so far; a row this much later than the lookback may be lost, and may not.
const GRACE: Micros = 10 * SECOND;

impl World {
    /// One node with one worker. `table` has the settings of the table besides its names, as JSON members.
    pub fn new(seed: u64, table: &str) -> Self {
        Self::of_column_type(seed, table, "TIMESTAMP")
    }

    /// The same with another type of the timestamp column.
    pub fn of_column_type(seed: u64, table: &str, column_type: &'static str) -> Self {
        let mut world = Self::with_nodes(seed, table, column_type, 1);
        world.start(0, 0);
        world
    }

    /// Nodes without workers.
    pub fn with_nodes(seed: u64, table: &str, column_type: &'static str, nodes: usize) -> Self {
        let text = format!(
            r#"{{"bigquery": {{"projectId": "{PROJECT}", "tables": [{{"id": "t", "dataset": "d", "table": "t",
                "timestampColumn": "ts", "targetTable": "T", {table}}}]}}}}"#
        );
        let (config, errors) = config::parse(&text);
        assert_eq!(errors, []);
        let config = config.expect("a configuration").tables.remove(0);
        let mut storage = Storage::new(nodes);
        storage.mixes_up_checkpoints = config.key_columns.is_empty();
        Self {
            source: Source::new(&config, column_type),
            storage,
            workers: (0..nodes).map(|_| None).collect(),
            now_ms: 0,
            counts: Counts::default(),
            variant: Variant::Ours,
            limits: Limits::default(),
            views: vec![0; nodes],
            replication_ms: 0,
            violation: None,
            is_traced: std::env::var_os("SIMULATION_TRACE").is_some(),
            config,
            pending: BTreeMap::new(),
            begun: 0,
            incarnations: 0,
            rng: Rng::with_seed(seed),
        }
    }

    /// Adds a row that is visible from now on.
    pub fn add(&mut self, timestamp: Micros, name: impl Into<String>) {
        self.add_row(Some(timestamp), name, 0);
    }

    /// Adds a row that is visible from now on, and counted by metadata after a delay.
    pub fn add_row(&mut self, timestamp: Option<Micros>, name: impl Into<String>, uncounted_ms: u64) {
        let timestamp = timestamp.map(|at| self.source.floor(at));
        let (visible_at_ms, counted_at_ms) = (self.now_ms, self.now_ms + uncounted_ms);
        let row = Row { timestamp, name: name.into(), visible_at_ms, counted_at_ms, deleted_at_ms: None };
        self.source.rows.push(row);
    }

    /// Starts a worker, in the place of the one that may run there.
    pub fn start(&mut self, node: usize, clock_error_ms: i64) {
        self.incarnations += 1;
        let identity = (node, self.incarnations);
        let (config, rng) = (&self.config, &mut self.rng);
        let worker = Worker::new(config, self.variant, self.limits, identity, clock_error_ms, self.now_ms, rng);
        self.workers[node] = Some(worker);
        self.see(node, self.views[node]);
    }

    /// A node comes to believe that there are workers on these nodes.
    pub fn see(&mut self, node: usize, view: u8) {
        self.views[node] = view;
        let is_seen = |other: &usize| *other == node || view & (1 << other) != 0;
        let live: Vec<usize> = (0..self.workers.len()).filter(is_seen).collect();
        let index = live.iter().position(|other| *other == node).expect("it sees itself");
        let readers = if self.config.key_columns.is_empty() { live.len() } else { 1 };
        let Some(worker) = &mut self.workers[node] else { return };
        let now = worker.now(self.now_ms);
        worker.sync.set_slots(SlotRange::share(index, readers), now);
    }

    /// All nodes come to know which workers there are.
    pub fn see_everybody(&mut self) {
        let live = self.workers.iter().enumerate().filter(|(_, worker)| worker.is_some());
        let view = live.fold(0, |view, (node, _)| view | 1 << node);
        (0..self.workers.len()).for_each(|node| self.see(node, view));
    }

    /// Ends an engine. What it asked of storage is still done, but nobody hears of it.
    pub fn end_engine(&mut self, node: usize) {
        self.counts.crashes += u64::from(self.workers[node].take().is_some());
    }

    /// Kills a node: of what it was writing, some is done and some is not.
    pub fn kill_node(&mut self, node: usize) {
        self.end_engine(node);
        let is_write = |pending: &Pending| !matches!(pending.deed, Deed::Tell(_) | Deed::Replicate(_));
        let keys: Vec<_> =
            self.pending.iter().filter(|(_, it)| it.node == node && is_write(it)).map(|(key, _)| *key).collect();
        let (mut rows_go_on, mut checkpoints_go_on) = (true, true);
        for key in keys {
            let Some(pending) = self.pending.remove(&key) else { continue };
            match pending.deed {
                Deed::WriteRows { records, .. } if rows_go_on => {
                    rows_go_on = self.rng.bool();
                    let written = if rows_go_on {
                        self.storage.write(node, &records).1
                    } else {
                        self.storage.write_partly(node, &records, &mut self.rng)
                    };
                    self.replicate(node, &Replica::Rows(written));
                }
                Deed::WriteCheckpoint { checkpoint, claim, .. } if checkpoints_go_on => {
                    checkpoints_go_on = self.rng.bool();
                    if checkpoints_go_on {
                        self.commit_checkpoint(node, checkpoint, claim);
                    }
                }
                _ => {}
            }
        }
    }

    /// A new worker that knows of no checkpoint, as after somebody emptied that table.
    pub fn forget_checkpoints(&mut self) {
        self.storage.nodes.iter_mut().for_each(|node| node.checkpoints.clear());
        self.pending.clear();
        self.start(0, 0);
    }

    /// Lets `ms` milliseconds pass.
    pub fn run_for(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        while self.now_ms < end_ms && self.violation.is_none() {
            self.turn(end_ms);
        }
    }

    /// Runs until everything that has to be stored is stored on every node, for `ms` milliseconds at the most.
    pub fn run_until_equal(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        let mut pause_ms = 1_000;
        while self.difference().is_some() && self.now_ms < end_ms && self.violation.is_none() {
            self.run_for(pause_ms);
            pause_ms *= 2;
        }
    }

    /// One action, or one event, or the passing of time until there is one.
    pub fn turn(&mut self, end_ms: u64) {
        for node in 0..self.workers.len() {
            let Some(worker) = self.workers[node].as_mut().filter(|it| it.paused_until_ms <= self.now_ms) else {
                continue;
            };
            let now = worker.now(self.now_ms);
            if let Some(action) = worker.sync.poll(now) {
                self.counts.actions += 1;
                if self.is_traced {
                    println!("{} node {node}: {action:?}", self.now_ms);
                }
                return self.carry_out(node, action);
            }
        }
        let due_ms = self.pending.first_key_value().map(|((due_ms, _), _)| *due_ms);
        let wake_ms = self.workers.iter().flatten().filter_map(Worker::wake_at_ms).min().unwrap_or(u64::MAX);
        match due_ms {
            Some(due_ms) if due_ms <= wake_ms.max(self.now_ms) && due_ms < end_ms => {
                let ((due_ms, begun), pending) = self.pending.pop_first().expect("there is one");
                self.now_ms = self.now_ms.max(due_ms);
                self.happen(begun, pending);
            }
            _ => self.now_ms = wake_ms.clamp(self.now_ms + 1, end_ms.max(self.now_ms + 1)),
        }
    }

    fn carry_out(&mut self, node: usize, action: Action) {
        let now_ms = self.now_ms;
        let Some(worker) = &mut self.workers[node] else { return };
        let event = match action {
            Action::LoadCheckpoints => {
                let records: Vec<&Checkpoint> = self.storage.nodes[node].checkpoints.values().collect();
                let loaded = checkpoint::parse_all(&serde_json::to_string(&records).expect("checkpoints are JSON"));
                worker.job = None;
                let own = loaded.iter().find(|checkpoint| checkpoint.node_id == worker.node_id);
                worker.committed = own.and_then(|own| own.job.clone());
                worker.claimed = loaded.iter().filter_map(|checkpoint| checkpoint.last_timestamp).max();
                Event::CheckpointsLoaded(self.storage.available(loaded, now_ms))
            }
            Action::Probe => Event::Probed(self.source.metadata(now_ms)),
            Action::EnsureTable(_) => Event::TableEnsured(self.storage.available((), now_ms)),
            Action::FindLastId => {
                let last_id = self.storage.nodes[node].last_id();
                Event::LastIdFound(self.storage.available(last_id, now_ms))
            }
            Action::InsertJob { job_id, query } => {
                let rows = worker.variant.select(self.source.rows_in(&query, now_ms), worker.claimed);
                Event::JobInserted(self.source.insert_job(job_id, rows, now_ms, &mut self.rng))
            }
            Action::FetchPage(fetch) => {
                let is_backfill = worker.sync.status(worker.now(now_ms)).phase == Phase::Initial;
                if is_backfill && worker.rows_under_way(&fetch) > u64::from(self.config.batch_sizes.initial) {
                    self.violation = Some(format!("more than a batch is under way with {fetch:?}"));
                }
                let page = self.source.page(&fetch, now_ms, &mut self.rng);
                Event::PageFetched { segment: fetch.segment, page }
            }
            Action::Ask { query, .. } => Event::Asked(self.source.answer(&query, now_ms)),
            Action::FindMissing { segment, ids } => {
                let stored = &self.storage.nodes[node];
                let is_missing = |(_, id): &(usize, &RecordId)| stored.get(id).is_none();
                let missing = ids.iter().enumerate().filter(is_missing).map(|(position, _)| position as u32).collect();
                Event::MissingFound { segment, missing: self.storage.available(missing, now_ms) }
            }
            Action::ReadTimestamps { segment, ids } => {
                let timestamp = |id: &RecordId| name_and_timestamp(self.storage.nodes[node].get(id)?).1;
                let timestamps = ids.iter().map(timestamp).collect();
                Event::TimestampsRead { segment, timestamps: self.storage.available(timestamps, now_ms) }
            }
            Action::WriteRows { commit } => return self.begin_rows(node, commit),
            Action::WriteCheckpoint { commit, checkpoint } => return self.begin_checkpoint(node, commit, checkpoint),
            Action::Audit(record) => return self.storage.audits.push(record),
            Action::Log(_) => return,
        };
        let due_ms = now_ms + self.rng.u64(0..50);
        self.begin(node, due_ms, Deed::Tell(event));
    }

    fn begin_rows(&mut self, node: usize, commit: u64) {
        let now_ms = self.now_ms;
        let Some(worker) = &mut self.workers[node] else { return };
        let batch = worker.sync.rows_to_write(commit);
        let text = |index| String::from_utf8(batch.record_json(index).to_vec()).expect("records are UTF-8");
        let ids = batch.rows.iter().map(|row| row.id.as_str().to_owned());
        let records = ids.enumerate().map(|(index, id)| (id, text(index))).collect();
        worker.rows_due_ms = worker.rows_due_ms.max(now_ms + self.rng.u64(0..50));
        let due_ms = worker.rows_due_ms;
        if worker.variant == Variant::CheckpointBeforeRows {
            let event = Event::RowsWritten { commit, refused: Ok(Vec::new()) };
            self.begin(node, now_ms, Deed::Tell(event));
        }
        self.begin(node, due_ms, Deed::WriteRows { commit, records });
    }

    fn begin_checkpoint(&mut self, node: usize, commit: u64, checkpoint: Box<Checkpoint>) {
        let Some(worker) = &mut self.workers[node] else { return };
        let drained = worker.job.as_ref().and_then(|job| Some((job, self.source.job(&job.id)?)));
        let claim = match (checkpoint.last_timestamp, drained) {
            (Some(watermark), Some((job, inserted))) if checkpoint.last_timestamp != worker.claimed => {
                let claimed_as_of = job.inserted_at.unwrap_or(Micros::MAX) - CLOCK_ERROR_MS * MILLISECOND;
                // Rows may have come within the millisecond, but after the job.
                let visible_until = (clock(inserted.inserted_at_ms) - MILLISECOND).min(claimed_as_of) - clock(0);
                u64::try_from(visible_until / MILLISECOND).ok().map(|visible_until_ms| Claim {
                    slots: checkpoint.slots,
                    watermark,
                    visible_until_ms,
                })
            }
            _ => None,
        };
        worker.claimed = checkpoint.last_timestamp;
        worker.job.clone_from(&checkpoint.job);
        worker.checkpoints_due_ms = worker.checkpoints_due_ms.max(self.now_ms + self.rng.u64(0..50));
        let due_ms = worker.checkpoints_due_ms;
        self.begin(node, due_ms, Deed::WriteCheckpoint { commit, checkpoint, claim });
    }

    fn begin(&mut self, node: usize, due_ms: u64, deed: Deed) {
        let Some(worker) = &self.workers[node] else { return };
        let pending = Pending { node, incarnation: worker.incarnation, generation: worker.sync.generation(), deed };
        self.begun += 1;
        self.pending.insert((due_ms, self.begun), pending);
    }

    fn happen(&mut self, begun: u64, pending: Pending) {
        let node = pending.node;
        let is_down = self.now_ms < self.storage.down_until_ms;
        let event = match pending.deed {
            Deed::Tell(event) => event,
            Deed::WriteRows { commit, records } => {
                let (refused, written) = if is_down {
                    (Vec::new(), self.storage.write_partly(node, &records, &mut self.rng))
                } else {
                    self.storage.write(node, &records)
                };
                self.replicate(node, &Replica::Rows(written));
                if self.variant == Variant::CheckpointBeforeRows {
                    return;
                }
                Event::RowsWritten { commit, refused: self.storage.available(refused, self.now_ms) }
            }
            Deed::WriteCheckpoint { commit, checkpoint, claim } => {
                if !is_down {
                    let author = self.workers[node].as_mut().filter(|it| it.incarnation == pending.incarnation);
                    author.into_iter().for_each(|worker| worker.has_committed(checkpoint.job.as_ref()));
                    self.commit_checkpoint(node, checkpoint, claim);
                }
                Event::CheckpointWritten { commit, outcome: self.storage.available((), self.now_ms) }
            }
            Deed::Replicate(replica) => return self.storage.receive(node, &replica),
        };
        let Some(worker) = &mut self.workers[node] else { return };
        if worker.incarnation != pending.incarnation {
            return;
        }
        if self.now_ms < worker.paused_until_ms {
            // Once awake it hears of its commits in the order in which it made them, however often it was paused.
            let key = (worker.paused_until_ms, begun);
            self.pending.insert(key, Pending { deed: Deed::Tell(event), ..pending });
        } else if worker.sync.generation() == pending.generation {
            if self.is_traced {
                println!("{} node {node} hears: {event:?}", self.now_ms);
            }
            let is_answer = matches!(event, Event::Probed(_) | Event::Asked(_) | Event::JobInserted(_));
            worker.has_heard |= is_answer;
            let now = worker.now(self.now_ms);
            worker.sync.handle(event, now);
        }
    }

    /// Brings what a node has committed to all others: late, in any order, now and then twice.
    fn replicate(&mut self, from: usize, replica: &Replica) {
        for node in (0..self.workers.len()).filter(|node| *node != from) {
            for _ in 0..if self.rng.u8(..8) == 0 { 2 } else { 1 } {
                self.begun += 1;
                let due_ms = self.now_ms + self.rng.u64(0..=self.replication_ms);
                let pending = Pending { node, incarnation: 0, generation: 0, deed: Deed::Replicate(replica.clone()) };
                self.pending.insert((due_ms, self.begun), pending);
            }
        }
    }

    fn commit_checkpoint(&mut self, node: usize, checkpoint: Box<Checkpoint>, claim: Option<Claim>) {
        if let Some(progress) = &checkpoint.job {
            // What it leaves out belongs to others.
            let is_ours = |row: &&Row| row.timestamp.is_some_and(|at| checkpoint.slots.contains(slot_of(at)));
            let claimed = self.source.newly_done(&progress.id, progress.rows_done as usize);
            let lacking = claimed.iter().filter(is_ours).find(|row| !self.is_stored(row));
            let broken = lacking.map(|row| format!("a checkpoint claims the rows done of a job, but lacks {row:?}"));
            self.violation = self.violation.take().or(broken);
        }
        if let Some(claim) = claim {
            let is_claimed = |row: &&Row| {
                row.visible_at_ms <= claim.visible_until_ms
                    && row.timestamp.is_some_and(|ts| ts <= claim.watermark && claim.slots.contains(slot_of(ts)))
                    && self.is_promised(row)
            };
            let is_lost = |row: &&Row| !self.is_stored(row) && !self.may_be_hidden(row);
            let lacking = self.source.rows.iter().filter(is_claimed).find(is_lost);
            let broken =
                lacking.map(|row| format!("a checkpoint claims the rows up to the watermark, but lacks {row:?}"));
            self.violation = self.violation.take().or(broken);
        }
        let replica = self.storage.write_checkpoint(node, checkpoint);
        self.replicate(node, &replica);
    }

    /// Whether a row has to be stored: it has a timestamp, is there, and came no later than the lookback allows.
    fn is_promised(&self, row: &Row) -> bool {
        let Some(timestamp) = row.timestamp else { return false };
        let lookback = i64::try_from(self.config.lookback_ms).expect("days") * MILLISECOND;
        let on_time = self.source.floor(clock(row.visible_at_ms) - lookback + GRACE);
        row.deleted_at_ms.is_none() && (row.visible_at_ms == 0 || timestamp >= on_time)
    }

    /// Whether a row that is not stored may have gone unnoticed: where there are too many rows to read again, they are
    /// counted, and it has taken the place of a deleted one with its very timestamp (docs/reliability.md, "Known and not
    /// mended"). It looks at every row, so ask it only about those that lack.
    fn may_be_hidden(&self, row: &Row) -> bool {
        let makes_room = |other: &Row| {
            other.deleted_at_ms.is_some()
                && other.timestamp == row.timestamp
                && other.visible_at_ms <= row.visible_at_ms
        };
        self.source.rows.len() as u64 > self.config.lookback_rows && self.source.rows.iter().any(makes_room)
    }

    fn is_stored(&self, row: &Row) -> bool {
        let is_there = if self.config.key_columns.is_empty() {
            self.storage.has_committed(&self.source.record(row))
        } else {
            // A later row of the same key takes the place of an earlier one.
            self.storage.latest(&row.name) >= row.timestamp
        };
        is_there || self.storage.has_audited(&row.name)
    }

    /// How what is stored differs from what a fresh full read of the table gives, but for rows that were refused or came
    /// later than the lookback.
    pub fn difference(&self) -> Option<String> {
        let is_refused = |row: &Row| self.storage.refuses(&row.name) || self.storage.has_audited(&row.name);
        let is_wanted = |row: &&Row| self.is_promised(row) && !is_refused(row);
        let wanted: Vec<&Row> = self.source.rows.iter().filter(is_wanted).collect();
        let nodes = self.storage.nodes.iter().enumerate();
        let mut differences = nodes.filter_map(|(number, node)| {
            let got: BTreeSet<&str> = node.records().map(content).collect();
            let lost = if self.config.key_columns.is_empty() {
                wanted.iter().find(|row| !got.contains(&*self.source.record(row)) && !self.may_be_hidden(row))
            } else {
                let latest: BTreeMap<String, Option<Micros>> = node.records().map(name_and_timestamp).collect();
                let is_lost = |row: &Row| latest.get(&row.name).is_none_or(|stored| *stored < row.timestamp);
                wanted.iter().find(|row| is_lost(row) && !self.may_be_hidden(row))
            };
            if let Some(row) = lost {
                return Some(format!("node {number} lacks {row:?}"));
            }
            if got.len() != node.records().len() {
                return Some(format!("node {number} has a row twice"));
            }
            let dated = self.source.rows.iter().filter(|row| row.timestamp.is_some());
            let known: BTreeSet<String> = dated.map(|row| self.source.record(row)).collect();
            got.into_iter().find(|record| !known.contains(*record)).map(|it| format!("node {number} has foreign {it}"))
        });
        differences.next()
    }

    /// Asserts that what is stored is what a fresh full read of the table gives.
    pub fn assert_equal(&self) {
        assert_eq!(self.violation.clone().or_else(|| self.difference()), None);
    }
}
