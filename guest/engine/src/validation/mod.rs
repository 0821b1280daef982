//! Compares tables with their sources, and says how they stand: when somebody asks, and every so often.
//!
//! A validation is a future that the engine's loop polls, so the syncs go on beside it. There is one at a time, and it takes
//! one table after the other.

mod comparison;
mod harper;
mod line;
mod repair;
mod source;
mod spot_check;
mod table_check;
mod tallied;

use std::collections::{BTreeMap, VecDeque};

use ingestor_bigquery::{Call, Client};
use ingestor_core::cluster::Cluster;
use ingestor_core::config::Validation;
use ingestor_core::sync::{Level, Notice, Now};
use ingestor_core::time::{Micros, to_rfc3339};
use ingestor_core::validation::{AuditStatus, CheckResults, Report, Sampled, Trigger};
use serde::Serialize;
use serde_json::json;

use crate::log;
use crate::table::Table;
use table_check::{Checked, TableCheck};

/// How much is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Some rows.
    Samples,
    /// Every row.
    Whole,
    /// Every row, and what differs is mended.
    Repair,
}

/// A schedule that is late by more has been asleep, as the sync was stopped.
const ASLEEP_MS: u64 = 60_000;

/// A validation that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    trigger: Trigger,
    extent: Extent,
}

/// Validations, one after the other.
pub struct Validator {
    schedule: Validation,
    due_at_ms: u64,
    orders: VecDeque<Order>,
    run: Option<Run>,
    reports: Vec<String>,
    /// The last samples of each table that were taken on schedule.
    sampled: BTreeMap<String, Sampled>,
}

/// A validation under way.
struct Run {
    order: Order,
    since: Micros,
    /// Positions of the tables that are still to be validated.
    tables: VecDeque<usize>,
    check: Option<TableCheck>,
    results: BTreeMap<String, CheckResults>,
}

/// A validation under way, for people.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStatus {
    /// RFC 3339
    since: String,
    trigger: Trigger,
    repair: bool,
    table_id: Option<String>,
    /// How many more were asked for meanwhile.
    queued: usize,
}

impl Validator {
    pub fn new(schedule: Validation, now_ms: u64) -> Self {
        let due_at_ms = now_ms.saturating_add(schedule.interval_ms);
        Self { schedule, due_at_ms, orders: VecDeque::new(), run: None, reports: Vec::new(), sampled: BTreeMap::new() }
    }

    /// Takes a command in. Of those that wait for the one that runs, equal ones are one.
    pub fn order(&mut self, extent: Extent) {
        let order = Order { trigger: Trigger::Command, extent };
        if !self.orders.contains(&order) {
            self.orders.push_back(order);
        }
    }

    /// When the next one is due by itself, on a clock that never jumps.
    pub fn due_at_ms(&self) -> Option<u64> {
        self.schedule.enabled.then_some(self.due_at_ms)
    }

    /// Adds the one that is due, while the sync runs. One that runs already takes its place.
    pub fn keep_to_schedule(&mut self, now_ms: u64) {
        if !self.schedule.enabled || now_ms < self.due_at_ms {
            return;
        }
        let is_asleep = now_ms - self.due_at_ms > ASLEEP_MS;
        self.due_at_ms = now_ms.saturating_add(self.schedule.interval_ms);
        if !is_asleep && self.run.is_none() && self.orders.is_empty() {
            self.orders.push_back(Order { trigger: Trigger::Schedule, extent: Extent::Samples });
        }
    }

    /// The request in flight.
    pub fn call(&self) -> Option<&Call> {
        self.run.as_ref()?.check.as_ref()?.call()
    }

    pub fn is_busy(&self) -> bool {
        self.run.is_some() || !self.orders.is_empty()
    }

    pub fn status(&self) -> Option<RunStatus> {
        let run = self.run.as_ref()?;
        Some(RunStatus {
            since: to_rfc3339(run.since),
            trigger: run.order.trigger,
            repair: run.order.extent == Extent::Repair,
            table_id: run.check.as_ref().map(|check| check.table_id.clone()),
            queued: self.orders.len(),
        })
    }

    /// Reports of those that have ended since, as JSON.
    pub fn take_reports(&mut self) -> Vec<String> {
        std::mem::take(&mut self.reports)
    }

    /// Gives it one turn. Returns whether it did something, or has more to do without waiting.
    pub fn advance(&mut self, client: &mut Client, tables: &mut [Table], cluster: &Cluster, now: Now) -> bool {
        let Some(run) = &mut self.run else {
            let Some(order) = self.orders.pop_front() else { return false };
            // Each table is validated by one worker of the cluster.
            let is_ours = |position: &usize| cluster.is_first_reader(&tables[*position].sync.config().id);
            let tables = (0..tables.len()).filter(is_ours).collect();
            let since = now.source_micros;
            self.run = Some(Run { order, since, tables, check: None, results: BTreeMap::new() });
            return true;
        };
        let Some(check) = &mut run.check else {
            match run.tables.pop_front() {
                Some(position) => {
                    let table = &mut tables[position];
                    let is_scheduled = run.order.trigger == Trigger::Schedule;
                    let last = self.sampled.get(&table.sync.config().id).filter(|_| is_scheduled).cloned();
                    run.check = Some(TableCheck::start(table, position, run.order.extent, last, now));
                }
                None => self.finish(),
            }
            return true;
        };
        let (has_worked, checked) = check.advance(client);
        for scan in check.take_scans() {
            tables[check.position].sync.count_query(scan, now.source_micros);
        }
        if let Some(Checked { results, metadata }) = checked {
            let id = &check.table_id;
            log::notice(&notice(id, run.order.trigger, &results));
            if let Some(metadata) = metadata.filter(|_| run.order.trigger == Trigger::Schedule) {
                let sampled = Sampled { check: results.spot_check.clone(), metadata, at_ms: now.monotonic_ms };
                self.sampled.insert(id.clone(), sampled);
            }
            run.results.insert(id.clone(), results);
            run.check = None;
        }
        has_worked
    }

    fn finish(&mut self) {
        let Some(run) = self.run.take() else { return };
        let report = Report::new(run.order.trigger, run.results);
        self.reports.push(serde_json::to_string(&report).expect("a report is JSON"));
    }
}

/// One line a table; ids of records are in the report only.
fn notice(table_id: &str, trigger: Trigger, checks: &CheckResults) -> Notice {
    let status = checks.status();
    let level = if status == AuditStatus::Healthy { Level::Info } else { Level::Warn };
    let findings = &checks.spot_check.findings;
    let mut fields = json!({
        "tableId": table_id,
        "trigger": trigger,
        "status": status,
        "progress": checks.progress.status,
        "smokeTest": checks.smoke_test.status,
        "spotCheck": checks.spot_check.status,
        "missing": findings.missing.count,
        "phantoms": findings.phantoms.count,
        "queryJobs": findings.query_jobs,
    });
    if let Some(comparison) = &checks.comparison {
        let differences = &comparison.differences;
        fields["comparison"] = json!(comparison.status);
        fields["differing"] = json!(differences.differing.count);
        fields["missing"] = json!(differences.missing.count);
        fields["altered"] = json!(differences.altered.count);
        fields["phantoms"] = json!(differences.phantoms.count);
        fields["repaired"] = json!(differences.repaired);
        fields["queryJobs"] = json!(findings.query_jobs + differences.query_jobs);
    }
    Notice { level, event: "validation", message: format!("{table_id} has been compared with its source"), fields }
}
