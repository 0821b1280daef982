//! Harper's tables as far as the engine knows of them, in memory, with the failures that tests ask for.
//!
//! Stricter than the real one: a write is carried out when its `finish` is called, at the latest possible moment, so that
//! an engine that claims rows before it has waited for them is found out.

use crate::values::content;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

/// Looks at a checkpoint before it is committed; returns what it claims wrongly.
pub type ClaimCheck = Box<dyn Fn(&Json, &HashSet<String>) -> Option<String> + Send>;

/// Says why a record is refused; none when it is fine.
pub type RowRefusal = Box<dyn Fn(&Json) -> Option<String> + Send>;

/// Everything that survives a crash of the engine.
#[derive(Default)]
pub struct Storage {
    /// Records by target table and id.
    pub tables: BTreeMap<String, BTreeMap<String, Json>>,
    /// Names, types and whether indexed, of the attributes that `ensure-table` asked for, by target table.
    pub attributes: BTreeMap<String, Vec<(String, String, bool)>>,
    /// `SyncCheckpoint` by id.
    pub checkpoints: BTreeMap<String, Json>,
    /// `SyncAudit` in order.
    pub audits: Vec<Json>,
    /// Rows committed, those that replaced one included.
    pub puts: usize,
    /// Checkpoints committed.
    pub checkpoint_writes: usize,
    /// Wrong claims found.
    pub broken_claims: Vec<String>,
    /// What goes wrong.
    pub failures: Failures,
    /// How long it takes to write a row.
    pub row_time: Duration,
    check: Option<ClaimCheck>,
    contents: HashSet<String>,
    pending_rows: VecDeque<(u64, Write)>,
    pending_checkpoints: VecDeque<(u64, Write)>,
    finished: BTreeMap<u64, Result<Vec<(u32, String)>, Failure>>,
    next_write: u64,
}

/// What goes wrong, until it is set otherwise.
#[derive(Default)]
pub struct Failures {
    /// Rows refused for what they are.
    pub refuse_row: Option<RowRefusal>,
    /// Whether everything is refused for the time being.
    pub unavailable: bool,
    /// The target tables that cannot be made what they should be, and why.
    pub refuse_table: BTreeMap<String, String>,
    /// Operations left until the engine is killed in the middle of one.
    pub crash_after: Option<u32>,
}

/// Why an operation was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// May work later.
    Unavailable(String),
    /// Will not work.
    Refused(String),
    /// The engine is to die here.
    Crash,
}

/// Something to be written.
pub enum Write {
    /// Records to a target table.
    Rows(String, Vec<Json>),
    /// A checkpoint.
    Checkpoint(Json),
}

impl Storage {
    /// Checks every checkpoint before it is committed.
    pub fn check_claims(&mut self, check: ClaimCheck) {
        self.check = Some(check);
    }

    /// The records of a target table in the order of their ids.
    pub fn records(&self, target_table: &str) -> impl Iterator<Item = &Json> {
        self.tables.get(target_table).into_iter().flat_map(BTreeMap::values)
    }

    /// Forgets writes that were under way, as a crash does.
    pub fn crash(&mut self) {
        self.pending_rows.clear();
        self.pending_checkpoints.clear();
        self.failures.crash_after = None;
    }

    /// Counts an operation; it fails when one is to fail.
    ///
    /// # Errors
    /// As `failures` says.
    pub fn begin(&mut self) -> Result<(), Failure> {
        if let Some(left) = &mut self.failures.crash_after {
            if *left == 0 {
                return Err(Failure::Crash);
            }
            *left -= 1;
        }
        if self.failures.unavailable { Err(Failure::Unavailable("disk full".into())) } else { Ok(()) }
    }

    /// Takes a write in; nothing is committed yet. What a checkpoint claims has to be, though.
    pub fn start(&mut self, write: Write) -> u64 {
        self.next_write += 1;
        match &write {
            Write::Rows(..) => self.pending_rows.push_back((self.next_write, write)),
            Write::Checkpoint(checkpoint) => {
                let broken = self.check.as_ref().and_then(|check| check(checkpoint, &self.contents));
                self.broken_claims.extend(broken);
                self.pending_checkpoints.push_back((self.next_write, write));
            }
        }
        self.next_write
    }

    /// How long the rows of a write take that is about to be finished.
    #[must_use]
    pub fn time_to_finish(&self, number: u64) -> Duration {
        let rows_of = |(pending, write): &(u64, Write)| match write {
            Write::Rows(_, rows) if *pending <= number => rows.len() as u32,
            _ => 0,
        };
        let is_rows = self.pending_rows.iter().any(|(pending, _)| *pending == number);
        if is_rows { self.row_time * self.pending_rows.iter().map(rows_of).sum() } else { Duration::ZERO }
    }

    /// Carries out the writes of the same kind up to this one, in the order they were started, and returns the rows that
    /// were refused.
    ///
    /// # Errors
    /// As `failures` says; a write that failed is not tried again.
    ///
    /// # Panics
    /// When the write was finished before.
    pub fn finish(&mut self, number: u64) -> Result<Vec<(u32, String)>, Failure> {
        let is_rows = self.pending_rows.iter().any(|(pending, _)| *pending == number);
        let next = |storage: &mut Self| {
            let queue = if is_rows { &mut storage.pending_rows } else { &mut storage.pending_checkpoints };
            queue.pop_front_if(|(pending, _)| *pending <= number)
        };
        while let Some((pending, write)) = next(self) {
            let outcome = self.begin().map(|()| self.commit(write));
            if outcome == Err(Failure::Crash) {
                return Err(Failure::Crash);
            }
            self.finished.insert(pending, outcome);
        }
        self.finished.remove(&number).expect("a write is finished once")
    }

    fn commit(&mut self, write: Write) -> Vec<(u32, String)> {
        match write {
            Write::Rows(target_table, rows) => {
                let mut refused = Vec::new();
                for (index, row) in rows.into_iter().enumerate() {
                    if let Some(reason) = self.failures.refuse_row.as_ref().and_then(|refuse| refuse(&row)) {
                        refused.push((index as u32, reason));
                        continue;
                    }
                    self.puts += 1;
                    self.contents.insert(content(&row));
                    let id = row["id"].as_str().expect("every record has its id").to_owned();
                    self.tables.entry(target_table.clone()).or_default().insert(id, row);
                }
                refused
            }
            Write::Checkpoint(checkpoint) => {
                self.checkpoint_writes += 1;
                let id = checkpoint["id"].as_str().expect("every checkpoint has its id").to_owned();
                self.checkpoints.insert(id, checkpoint);
                Vec::new()
            }
        }
    }

    /// The checkpoints of a table.
    #[must_use]
    pub fn checkpoints_of(&self, table_id: &str) -> Json {
        self.checkpoints.values().filter(|checkpoint| checkpoint["tableId"] == table_id).cloned().collect()
    }

    /// The record with this id, or null.
    #[must_use]
    pub fn record(&self, target_table: &str, id: &str) -> Json {
        self.tables.get(target_table).and_then(|table| table.get(id)).cloned().unwrap_or_default()
    }

    /// Appends to the audit, with what the host adds.
    pub fn append_audit(&mut self, mut audit: Json) {
        audit["id"] = json!(format!("audit-{}", self.audits.len()));
        self.audits.push(audit);
    }
}
