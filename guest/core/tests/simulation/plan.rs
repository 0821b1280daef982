//! What happens in one simulated world, as a value: drawn from a seed, carried out, and shrunk when it shows a mistake.

use ingestor_core::failure::FailureKind;
use ingestor_core::time::{self, DAY, HOUR, MILLISECOND, MINUTE, Micros, SECOND};
use proptest::prelude::*;

use crate::broken::Variant;
use crate::source::{EPOCH, Fault, clock};
use crate::world::World;

/// A table, its settings, and a history.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides what is left to chance: delays, the order of rows in a result, what survives a crash.
    pub chance: u64,
    pub table: Table,
    pub settings: Settings,
    /// What is in the table before anybody reads it.
    pub backlog: Vec<Burst>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub column_type: &'static str,
    /// Whether rows are identified by a key column.
    pub is_keyed: bool,
    /// How long metadata do not count new rows.
    pub uncounted_ms: u64,
    /// Whether it is partitioned by day, and so large that it is read by windows.
    pub is_large: bool,
    pub largest_result: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub batch_rows: u32,
    pub min_page_rows: u32,
    pub poll_interval_ms: u64,
    pub probe_trust_ms: u64,
    pub lookback_ms: u64,
    pub lookback_rows: u64,
    pub nodes: usize,
    pub replication_ms: u64,
}

/// Something that happens, after a while.
#[derive(Debug, Clone)]
pub struct Step {
    pub after: After,
    pub what: What,
}

#[derive(Debug, Clone, Copy)]
pub enum After {
    /// So many actions and events: between any two of them.
    Turns(u16),
    Ms(u64),
}

#[derive(Debug, Clone)]
pub enum What {
    Rows(Burst),
    /// Of every so many rows one is deleted.
    Delete(usize),
    /// Rows whose numbers begin with this digit are refused by storage.
    Refuse(u8),
    EndEngine(usize),
    KillNode(usize),
    /// A worker starts, on a machine whose clock is ahead by this.
    Start {
        node: usize,
        clock_error_ms: i64,
    },
    Pause {
        node: usize,
        ms: u64,
    },
    Fault(Fault),
    StorageDown {
        ms: u64,
    },
    /// A node comes to believe in workers on these nodes, rightly or not.
    See {
        node: usize,
        view: u8,
    },
}

/// Rows that arrive together.
#[derive(Debug, Clone)]
pub struct Burst {
    pub rows: u16,
    pub first: When,
    /// From one row's timestamp to the next one's.
    pub apart: Micros,
}

/// A timestamp.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// So much before the source's present.
    Ago(Micros),
    /// The timestamp of the row that was added last, and a bit.
    LikeLast(Micros),
    /// So much after the present.
    Ahead(Micros),
    At(Micros),
    Null,
}

/// What came of a plan.
#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    pub actions: u64,
    pub crashes: u64,
    pub faults: u64,
    pub rows: u64,
}

impl Outcome {
    pub fn add(&mut self, other: Self) {
        self.actions += other.actions;
        self.crashes += other.crashes;
        self.faults += other.faults;
        self.rows += other.rows;
    }
}

/// After this much time without trouble, everything has to be there.
const CALM_MS: u64 = 2 * 60 * 60 * 1_000;

impl Plan {
    /// Carries the plan out.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn run(&self, variant: Variant) -> Result<Outcome, String> {
        let mut world = self.world(variant);
        for burst in &self.backlog {
            self.add(&mut world, burst);
        }
        world.start(0, 0);
        for step in &self.steps {
            match step.after {
                After::Ms(ms) => world.run_for(ms),
                After::Turns(turns) => (0..turns).for_each(|_| world.turn(world.now_ms + 60_000)),
            }
            self.take(&mut world, &step.what);
            if let Some(violation) = &world.violation {
                return Err(violation.clone());
            }
        }
        world.source.faults.clear();
        world.storage.down_until_ms = 0;
        if world.workers.iter().all(Option::is_none) {
            world.start(0, 0);
        }
        world.see_everybody();
        world.run_until_equal(CALM_MS);
        match world.violation.clone().or_else(|| world.difference()) {
            Some(violation) => Err(violation),
            None => Ok(Outcome {
                actions: world.counts.actions,
                crashes: world.counts.crashes,
                faults: world.source.counts.faults,
                rows: world.source.rows.len() as u64,
            }),
        }
    }

    fn world(&self, variant: Variant) -> World {
        let Settings { batch_rows, poll_interval_ms, probe_trust_ms, lookback_ms, lookback_rows, .. } = self.settings;
        let keys = if self.table.is_keyed { r#""keyColumns": ["name"], "# } else { "" };
        let text = format!(
            r#"{keys}"sync": {{"initialBatchSize": {batch_rows}, "catchupBatchSize": {batch_rows}, "steadyBatchSize": {batch_rows},
                "pollInterval": {poll_interval_ms}, "probeTrust": {probe_trust_ms}, "lookback": {lookback_ms},
                "lookbackRows": {lookback_rows}}}"#
        );
        let mut world = World::with_nodes(self.chance, &text, self.table.column_type, self.settings.nodes);
        world.variant = variant;
        world.limits.min_page_rows = self.settings.min_page_rows;
        world.replication_ms = self.settings.replication_ms;
        world.source.largest_result = self.table.largest_result.unwrap_or(usize::MAX);
        world.source.row_bytes = if self.table.is_large { 1 << 30 } else { 0 };
        world
    }

    fn take(&self, world: &mut World, what: &What) {
        let node = |node: usize| node % self.settings.nodes;
        match *what {
            What::Rows(ref burst) => self.add(world, burst),
            What::Delete(every) => {
                let now_ms = world.now_ms;
                world.source.rows.iter_mut().step_by(every).for_each(|row| {
                    row.deleted_at_ms.get_or_insert(now_ms);
                });
            }
            What::Refuse(digit) => world.storage.refused_name = Some(format!("r{digit}")),
            What::EndEngine(at) => world.end_engine(node(at)),
            What::KillNode(at) => world.kill_node(node(at)),
            What::Start { node: at, clock_error_ms } => {
                // Keyed records are read, compared and written: by one worker at a time.
                if self.table.is_keyed {
                    (0..self.settings.nodes).for_each(|other| world.kill_node(other));
                }
                world.start(node(at), clock_error_ms);
            }
            What::Pause { node: at, ms } => {
                let until_ms = world.now_ms + ms;
                if let Some(worker) = &mut world.workers[node(at)] {
                    worker.paused_until_ms = worker.paused_until_ms.max(until_ms);
                }
            }
            What::Fault(fault) => world.source.faults.push_back(fault),
            What::StorageDown { ms } => world.storage.down_until_ms = world.now_ms + ms,
            What::See { node: at, view } => world.see(node(at), view),
        }
    }

    fn add(&self, world: &mut World, burst: &Burst) {
        for number in 0..i64::from(burst.rows) {
            let now = clock(world.now_ms);
            let last = world.source.rows.iter().rev().find_map(|row| row.timestamp).unwrap_or(EPOCH);
            let first = match burst.first {
                When::Ago(micros) => Some(now - micros),
                // Each row is the last one for the next.
                When::LikeLast(micros) => Some(last.saturating_add(micros) - number * burst.apart),
                When::Ahead(micros) => Some(now + micros),
                When::At(micros) => Some(micros),
                When::Null => None,
            };
            let timestamp = first.map(|first| (first + number * burst.apart).clamp(time::MIN, time::MAX));
            let index = world.source.rows.len();
            let name = if self.table.is_keyed { format!("r{}-", index % 7) } else { format!("r{index}-") };
            world.add_row(timestamp, name, self.table.uncounted_ms);
        }
    }
}

/// All plans.
pub fn plans() -> impl Strategy<Value = Plan> {
    let steps = prop::collection::vec((after(), what()).prop_map(|(after, what)| Step { after, what }), 0..40);
    (any::<u64>(), table(), settings(), prop::collection::vec(burst(), 0..6), steps)
        .prop_map(|(chance, table, settings, backlog, steps)| Plan { chance, table, settings, backlog, steps })
}

fn table() -> impl Strategy<Value = Table> {
    let column_type = prop_oneof![6 => Just("TIMESTAMP"), 1 => Just("DATETIME"), 1 => Just("DATE")];
    let uncounted_ms = prop_oneof![3 => Just(0), 1 => 1_000_u64..120_000];
    let largest_result = prop_oneof![4 => Just(None), 1 => (20_usize..60).prop_map(Some)];
    (column_type, prop::bool::weighted(0.2), uncounted_ms, prop::bool::weighted(0.2), largest_result).prop_map(
        |(column_type, is_keyed, uncounted_ms, is_large, largest_result)| Table {
            column_type,
            is_keyed,
            uncounted_ms,
            is_large,
            largest_result,
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let batch_rows = prop::sample::select(vec![1_u32, 5, 10, 50]);
    // Batches are cut as large ones are: in two, in more, and not at all.
    let min_page_rows = prop::sample::select(vec![1_u32, 5, 25]);
    let poll_interval_ms = prop::sample::select(vec![5_000_u64, 10_000, 30_000]);
    let probe_trust_ms = prop::sample::select(vec![2_000_u64, 60_000, 900_000]);
    let lookback_ms = prop::sample::select(vec![60_000_u64, 600_000]);
    let lookback_rows = prop::sample::select(vec![1_u64, 5, 20, 50_000]);
    let replication_ms = prop::sample::select(vec![50_u64, 5_000, 300_000]);
    let pages = (batch_rows, min_page_rows);
    (pages, poll_interval_ms, probe_trust_ms, lookback_ms, lookback_rows, 1_usize..5, replication_ms).prop_map(
        |(pages, poll_interval_ms, probe_trust_ms, lookback_ms, lookback_rows, nodes, replication_ms)| Settings {
            batch_rows: pages.0,
            min_page_rows: pages.1,
            poll_interval_ms,
            probe_trust_ms,
            lookback_ms,
            lookback_rows,
            nodes,
            replication_ms,
        },
    )
}

fn after() -> impl Strategy<Value = After> {
    prop_oneof![
        3 => (0_u16..60).prop_map(After::Turns),
        2 => (0_u64..5_000).prop_map(After::Ms),
        2 => (0_u64..90_000).prop_map(After::Ms),
        1 => (0_u64..400_000).prop_map(After::Ms),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let node = || 0_usize..4;
    let clock_error_ms = prop_oneof![2 => Just(0_i64), 1 => -600_000_i64..600_000];
    prop_oneof![
        10 => burst().prop_map(What::Rows),
        1 => (2_usize..20).prop_map(What::Delete),
        1 => (0_u8..10).prop_map(What::Refuse),
        2 => node().prop_map(What::EndEngine),
        2 => node().prop_map(What::KillNode),
        5 => (node(), clock_error_ms).prop_map(|(node, clock_error_ms)| What::Start { node, clock_error_ms }),
        1 => (node(), 0_u64..600_000).prop_map(|(node, ms)| What::Pause { node, ms }),
        6 => fault().prop_map(What::Fault),
        1 => (0_u64..60_000).prop_map(|ms| What::StorageDown { ms }),
        3 => (node(), 0_u8..16).prop_map(|(node, view)| What::See { node, view }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::Fails(FailureKind::Transient),
        Fault::Fails(FailureKind::Unauthorized),
        Fault::Fails(FailureKind::PermissionDenied),
        Fault::Fails(FailureKind::NotFound),
        Fault::Fails(FailureKind::Malformed),
        Fault::AnswerLost,
        Fault::JobFails,
        Fault::ShortPage,
        Fault::EmptyPage,
        Fault::SlowJob,
        Fault::ResultsExpire,
    ])
}

fn burst() -> impl Strategy<Value = Burst> {
    let rows = prop_oneof![3 => 1_u16..4, 2 => 1_u16..30];
    let apart = prop::sample::select(vec![0, 1, MILLISECOND, SECOND, MINUTE]);
    (rows, when(), apart).prop_map(|(rows, first, apart)| Burst { rows, first, apart })
}

fn when() -> impl Strategy<Value = When> {
    let extreme =
        prop::sample::select(vec![time::MIN, -1, 0, 1, EPOCH - 400 * DAY, time::MAX - 30 * MINUTE, time::MAX]);
    prop_oneof![
        6 => (0..5 * SECOND).prop_map(When::Ago),
        4 => (0..11 * MINUTE).prop_map(When::Ago),
        2 => (0..3 * DAY).prop_map(When::Ago),
        2 => prop::sample::select(vec![0, 1, MILLISECOND]).prop_map(When::LikeLast),
        1 => (0..2 * HOUR).prop_map(When::Ahead),
        1 => (0..80 * 365 * DAY).prop_map(When::Ahead),
        1 => extreme.prop_map(When::At),
        1 => Just(When::Null),
    ]
}
