//! The loop over all tables: requests in flight together, writes under way beside them.

use std::collections::VecDeque;

use ingestor_bigquery::{Call, Client};
use ingestor_core::cluster::{Cluster, Heartbeat};
use ingestor_core::config::Validation;
use ingestor_core::sync::{Now, TableStatus};
use serde::Serialize;

use crate::bindings::exports::harperdb::bigquery_ingestor::sync::Progress;
use crate::clock::{self, NANOS_PER_MS};
use crate::table::{PendingWrite, Table};
use crate::validation::{RunStatus, Validator};

/// Everything that is configured, and how it stands.
pub struct Engine {
    pub client: Client,
    pub tables: Vec<Table>,
    pub cluster: Cluster,
    pub validator: Validator,
    /// In the order they were started.
    writes: VecDeque<PendingWrite>,
}

#[derive(Serialize)]
struct Status {
    tables: Vec<TableStatus>,
    validation: Option<RunStatus>,
}

impl Engine {
    pub fn new(client: Client, tables: Vec<Table>, cluster: Cluster, validation: Validation) -> Self {
        let validator = Validator::new(validation, clock::monotonic_ms());
        Self { client, tables, cluster, validator, writes: VecDeque::new() }
    }

    pub fn now(&self) -> Now {
        now(&self.client)
    }

    /// Learns which workers there are, and shares the tables with them. Returns the live ones as JSON.
    pub fn observe_workers(&mut self, heartbeats: impl IntoIterator<Item = Heartbeat>) -> String {
        self.cluster.observe(heartbeats, clock::monotonic_ms());
        let now = self.now();
        for table in &mut self.tables {
            table.share(&self.cluster, now);
        }
        serde_json::to_string(&self.cluster.status()).expect("workers are JSON")
    }

    /// Works for about `budget_ms` milliseconds, or until there is nothing to do.
    pub fn step(&mut self, budget_ms: u64) -> Progress {
        let deadline_ms = clock::monotonic_ms().saturating_add(budget_ms);
        let wake_after_ms = loop {
            self.validator.keep_to_schedule(clock::monotonic_ms());
            let has_worked = self.start_work() | self.advance_requests();
            let has_validated = self.advance_validation();
            let now_ms = clock::monotonic_ms();
            if now_ms >= deadline_ms && (has_worked || has_validated || self.is_busy()) {
                break 0;
            }
            if has_worked {
                continue;
            }
            // With nothing left to decode, waiting for the oldest write loses no time: storage is the bottleneck then.
            if let Some(write) = self.writes.pop_front() {
                let table = &mut self.tables[write.table];
                write.finish(table, || now(&self.client));
                continue;
            }
            if has_validated {
                continue;
            }
            let wakes = self.tables.iter().filter_map(|table| table.sync.wake_at_ms());
            let wake_at_ms = wakes.chain(self.validator.due_at_ms()).min().unwrap_or(u64::MAX);
            if wake_at_ms <= now_ms {
                continue;
            }
            let calls: Vec<&Call> = self.tables.iter().flat_map(Table::calls).chain(self.validator.call()).collect();
            if calls.is_empty() {
                break wake_at_ms.saturating_sub(now_ms);
            }
            self.client.wait(&calls, deadline_ms.min(wake_at_ms).saturating_mul(NANOS_PER_MS));
        };
        self.progress(wake_after_ms)
    }

    /// The same for a validation only.
    pub fn step_validation(&mut self, budget_ms: u64) -> Progress {
        let deadline_ms = clock::monotonic_ms().saturating_add(budget_ms);
        let wake_after_ms = loop {
            let has_validated = self.advance_validation();
            if clock::monotonic_ms() >= deadline_ms && self.validator.is_busy() {
                break 0;
            }
            match self.validator.call() {
                _ if has_validated => {}
                Some(call) => self.client.wait(&[call], deadline_ms.saturating_mul(NANOS_PER_MS)),
                None => break u64::MAX,
            }
        };
        self.progress(wake_after_ms)
    }

    fn progress(&mut self, wake_after_ms: u64) -> Progress {
        Progress { wake_after_ms, status: self.status(), reports: self.validator.take_reports() }
    }

    fn advance_validation(&mut self) -> bool {
        let now = self.now();
        self.validator.advance(&mut self.client, &mut self.tables, &self.cluster, now)
    }

    fn start_work(&mut self) -> bool {
        let mut started = Vec::new();
        let mut has_worked = false;
        for (position, table) in self.tables.iter_mut().enumerate() {
            let now = now(&self.client);
            has_worked |= table.start_work(position, &mut self.client, now, &mut started);
        }
        self.writes.extend(started);
        has_worked
    }

    fn advance_requests(&mut self) -> bool {
        let mut has_worked = false;
        for table in &mut self.tables {
            let now = now(&self.client);
            has_worked |= table.advance_requests(&mut self.client, now);
        }
        has_worked
    }

    fn is_busy(&self) -> bool {
        !self.writes.is_empty()
            || self.validator.is_busy()
            || self.tables.iter().any(|table| table.calls().next().is_some())
    }

    fn status(&self) -> String {
        let now = self.now();
        let tables = self.tables.iter().map(|table| table.status(now)).collect();
        let validation = self.validator.status();
        serde_json::to_string(&Status { tables, validation }).expect("a status is JSON")
    }
}

fn now(client: &Client) -> Now {
    Now { monotonic_ms: clock::monotonic_ms(), source_micros: client.source_now_micros() }
}
