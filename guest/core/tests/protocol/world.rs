//! A small world of workers that share one table, for a model checker: every order of events is tried.
//!
//! Ranges, claims and starting points are the product's own; reading is reduced to its steps. What replication may do to
//! checkpoints is left as free as it can be: at each start a worker sees of each other worker any one of the checkpoints
//! that it ever wrote, or none.

use std::collections::BTreeSet;

use ingestor_core::claims::{self, Claim};
use ingestor_core::slots::{SLOTS, SlotRange};
use stateright::{Model, Property};

/// The promise.
pub const CLAIMED_IS_STORED: &str = "what is claimed is stored";

/// Rows lie in this many slots, as far from each other as can be.
const ROW_SLOTS: u16 = 4;

/// What is explored, and what is wrong on purpose.
#[derive(Clone, Copy)]
pub struct Setup {
    /// Whom each worker believes to be alive at first: a bit a worker.
    pub views: &'static [u8],
    /// Points in time at which there is a row in each of the slots.
    pub times: u8,
    /// How often workers may change their minds about who is alive, all together.
    pub changes_of_view: u8,
    pub crashes: u8,
    pub mistake: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// A worker that was given other slots starts at its own last checkpoint.
    OwnCheckpointCounts,
    /// A worker starts at the best claim over its slots instead of the least of them.
    BestClaimCounts,
    /// A worker that was given slots beside its own goes on in the result that it reads.
    ResultIsKept,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// Rows up to this time are visible.
    now: u8,
    stored: Rows,
    workers: Vec<Worker>,
    changes_of_view: u8,
    crashes: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Worker {
    /// Whom it believes to be alive: a bit a worker.
    view: u8,
    /// None before it has read the checkpoints.
    memory: Option<Memory>,
    record: Option<Record>,
    /// Everything it ever claimed at once, for others to see late and in any order.
    published: BTreeSet<Vec<Claim>>,
}

/// What a crash takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Memory {
    slots: SlotRange,
    watermark: Option<i64>,
    claims: Vec<Claim>,
    job: Option<Job>,
}

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Record {
    slots: SlotRange,
    watermark: Option<i64>,
    claims: Vec<Claim>,
    job: Option<Job>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Job {
    inserted_at: u8,
    rows: Rows,
    /// Rows of the result that have been drained, in the order of their numbers.
    done: Rows,
}

/// A set of rows: a bit for each time and slot.
type Rows = u16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Rows arrive.
    TimePasses,
    /// A worker comes to believe in other workers.
    View(usize, u8),
    /// A worker reads the checkpoints; of each other worker it sees that with this number, or none.
    Start(usize, Vec<Option<usize>>),
    /// A worker queries.
    Query(usize),
    /// A worker stores the next row of its result and writes a checkpoint.
    Drain(usize),
    /// The watermark moves.
    Close(usize),
    /// A worker dies, perhaps after it has stored a row and before it could say so.
    Crash(usize, bool),
}

fn slot(row: u32) -> u16 {
    (row as u16 % ROW_SLOTS) * (SLOTS / ROW_SLOTS)
}

fn time(row: u32) -> i64 {
    i64::from(row) / i64::from(ROW_SLOTS) + 1
}

fn numbers(rows: Rows) -> impl Iterator<Item = u32> {
    (0..Rows::BITS).filter(move |row| rows & (1 << row) != 0)
}

impl Worker {
    fn slots(&self, own: usize) -> Option<SlotRange> {
        let index = (self.view & ((1 << own) - 1)).count_ones();
        SlotRange::share(index as usize, self.view.count_ones() as usize)
    }

    /// Writes a checkpoint with what the memory holds.
    fn publish(&mut self) {
        let Some(Memory { slots, watermark, claims, job }) = self.memory.clone() else { return };
        let claims = claims::beyond(&claims, slots, watermark);
        let record = Record { slots, watermark, claims, job };
        self.published.insert(record.all_claims());
        self.record = Some(record);
    }
}

impl Record {
    fn all_claims(&self) -> Vec<Claim> {
        let current = self.watermark.map(|watermark| Claim { slots: self.slots, watermark });
        let mut all: Vec<Claim> = self.claims.iter().copied().chain(current).collect();
        all.sort_unstable();
        all
    }
}

impl World {
    fn visible(&self) -> Rows {
        ((1_u32 << (u16::from(self.now) * ROW_SLOTS)) - 1) as Rows
    }

    fn is_stored(&self, claim: &Claim) -> bool {
        numbers(self.visible() & !self.stored)
            .all(|row| !claim.slots.contains(slot(row)) || time(row) > claim.watermark)
    }
}

impl Setup {
    /// As `TableSync::set_slots`.
    fn share(&self, memory: Memory, slots: SlotRange) -> Option<Memory> {
        let are_fewer = memory.slots.covers(slots);
        (are_fewer || self.mistake == Some(Mistake::ResultIsKept)).then_some(Memory { slots, ..memory })
    }

    /// As `TableSync::start_from`.
    fn start(&self, worker: &Worker, slots: SlotRange, of_others: Vec<Claim>) -> Memory {
        let own = worker.record.as_ref();
        let own_claims: Vec<Claim> = own.map(Record::all_claims).unwrap_or_default();
        let mut claims = Vec::new();
        own_claims.iter().for_each(|claim| claims::add(&mut claims, *claim));
        let all: Vec<Claim> = of_others.into_iter().chain(own_claims).collect();
        let watermark = match self.mistake {
            Some(Mistake::OwnCheckpointCounts) if own.is_some() => own.and_then(|own| own.watermark),
            Some(Mistake::BestClaimCounts) => {
                let overlaps =
                    |claim: &&Claim| claim.slots.contains(slots.first()) || slots.contains(claim.slots.first());
                all.iter().filter(overlaps).map(|claim| claim.watermark).max()
            }
            _ => claims::watermark_of(slots, &all),
        };
        let job = own.filter(|own| own.slots.covers(slots)).and_then(|own| own.job);
        Memory { slots, watermark, claims, job }
    }
}

impl Model for Setup {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let worker = |view: &u8| Worker { view: *view, memory: None, record: None, published: BTreeSet::new() };
        let workers = self.views.iter().map(worker).collect();
        let (changes_of_view, crashes) = (self.changes_of_view, self.crashes);
        vec![World { now: 1, stored: 0, workers, changes_of_view, crashes }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.now < self.times {
            actions.push(Action::TimePasses);
        }
        for (own, worker) in world.workers.iter().enumerate() {
            let views = (1..1_u8 << self.views.len()).filter(|view| view & (1 << own) != 0 && *view != worker.view);
            if world.changes_of_view > 0 {
                actions.extend(views.map(|view| Action::View(own, view)));
            }
            let Some(memory) = &worker.memory else {
                let seen = world.workers.iter().enumerate().map(|(other, worker)| {
                    let versions = if other == own { 0 } else { worker.published.len() };
                    [None].into_iter().chain((0..versions).map(Some)).collect()
                });
                actions.extend(choices(seen.collect()).into_iter().map(|seen| Action::Start(own, seen)));
                continue;
            };
            actions.push(match memory.job {
                None => Action::Query(own),
                Some(job) if job.done == job.rows => Action::Close(own),
                Some(_) => Action::Drain(own),
            });
            if world.crashes > 0 {
                actions.push(Action::Crash(own, false));
                if memory.job.is_some_and(|job| job.done != job.rows) {
                    actions.push(Action::Crash(own, true));
                }
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::TimePasses => next.now += 1,
            Action::View(own, view) => {
                let worker = &mut next.workers[own];
                worker.view = view;
                let slots = worker.slots(own)?;
                worker.memory = worker.memory.take().and_then(|memory| self.share(memory, slots));
                next.changes_of_view -= 1;
            }
            Action::Start(own, seen) => {
                let chosen =
                    world.workers.iter().zip(&seen).filter_map(|(worker, version)| {
                        Some(worker.published.iter().nth((*version)?)?.iter().copied())
                    });
                let of_others = chosen.flatten().collect();
                let worker = &mut next.workers[own];
                let slots = worker.slots(own)?;
                worker.memory = Some(self.start(worker, slots, of_others));
            }
            Action::Query(own) => {
                let visible = world.visible();
                let memory = next.workers[own].memory.as_mut()?;
                let is_asked_for =
                    |row: &u32| memory.slots.contains(slot(*row)) && memory.watermark.is_none_or(|at| time(*row) > at);
                let rows = numbers(visible).filter(is_asked_for).fold(0, |rows, row| rows | 1 << row);
                memory.job = Some(Job { inserted_at: world.now, rows, done: 0 });
                next.workers[own].publish();
            }
            Action::Drain(own) => {
                next.stored |= next.workers[own].memory.as_mut()?.drain_one()?;
                next.workers[own].publish();
            }
            Action::Close(own) => {
                let memory = next.workers[own].memory.as_mut()?;
                let inserted_at = i64::from(memory.job.take()?.inserted_at);
                let watermark = memory.watermark.max(Some(inserted_at))?;
                memory.watermark = Some(watermark);
                claims::add(&mut memory.claims, Claim { slots: memory.slots, watermark });
                next.workers[own].publish();
            }
            Action::Crash(own, has_stored) => {
                let mut memory = next.workers[own].memory.take()?;
                if has_stored {
                    next.stored |= memory.drain_one()?;
                }
                next.crashes -= 1;
            }
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(CLAIMED_IS_STORED, |_, world: &World| {
                let mut claims = world.workers.iter().flat_map(|worker| worker.published.iter().flatten());
                claims.all(|claim| world.is_stored(claim))
            }),
            Property::always("no worker starts beyond a row that is not stored", |_, world: &World| {
                world.workers.iter().filter_map(|worker| worker.memory.as_ref()).all(|memory| {
                    let watermark = memory.watermark;
                    watermark.is_none_or(|watermark| world.is_stored(&Claim { slots: memory.slots, watermark }))
                })
            }),
            Property::sometimes(
                "everything is stored, and each worker knows it of its slots",
                |setup: &Setup, world: &World| {
                    let knows = |worker: &Worker| {
                        let known = worker.memory.as_ref().and_then(|memory| memory.watermark);
                        known == Some(i64::from(setup.times)) && worker.view.count_ones() as usize == setup.views.len()
                    };
                    world.workers.iter().all(knows)
                },
            ),
            Property::sometimes("a result is read on with fewer slots", |_, world: &World| {
                let reads_on = |worker: &Worker| {
                    let memory = worker.memory.as_ref();
                    let job = memory.and_then(|memory| Some((memory.slots, memory.job?)));
                    job.is_some_and(|(slots, job)| numbers(job.rows & !job.done).any(|row| !slots.contains(slot(row))))
                };
                world.workers.iter().any(reads_on)
            }),
        ]
    }
}

impl Memory {
    /// The next row of the result as it comes into storage: not at all when it is another worker's by now.
    fn drain_one(&mut self) -> Option<Rows> {
        let job = self.job.as_mut()?;
        let row = numbers(job.rows & !job.done).next()?;
        job.done |= 1 << row;
        Some(if self.slots.contains(slot(row)) { 1 << row } else { 0 })
    }
}

/// Every way to pick one of each.
fn choices<T: Clone>(options: Vec<Vec<T>>) -> Vec<Vec<T>> {
    options.into_iter().fold(vec![Vec::new()], |picked, options| {
        let with = |picked: &Vec<T>, option: &T| picked.iter().cloned().chain([option.clone()]).collect();
        picked.iter().flat_map(|picked| options.iter().map(move |option| with(picked, option))).collect()
    })
}
