//! What the host is told while the work goes on; the events are those of `wit/synthesizer.wit`.

use ingestor_core::time::{Micros, to_rfc3339};
use ingestor_maritime::table::Table;
use serde_json::{Value, json};

use crate::bindings::harperdb::bigquery_ingestor::reporting;

/// Tells of one event.
pub fn event(event: &Value) {
    reporting::report(&event.to_string());
}

/// Rows of each table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows([u64; 3]);

impl Rows {
    pub fn add(&mut self, table: Table, rows: u64) {
        self.0[table as usize] += rows;
    }

    pub fn of(self, table: Table) -> u64 {
        self.0[table as usize]
    }

    pub fn total(self) -> u64 {
        self.0.iter().sum()
    }
}

/// How far the loading of many rows is.
pub struct Progress {
    pub done: Rows,
    /// About how many rows there will be; None for not telling.
    total: Option<u64>,
    told: u64,
}

/// Rows between two reports.
const REPORT_ROWS: u64 = 10_000;

impl Progress {
    pub fn new(total: u64) -> Self {
        Self { done: Rows::default(), total: Some(total), told: 0 }
    }

    /// Counts, but tells nobody.
    pub fn silent() -> Self {
        Self { done: Rows::default(), total: None, told: 0 }
    }

    pub fn add(&mut self, table: Table, rows: u64) {
        self.done.add(table, rows);
        let done = self.done.total();
        if let Some(total) = self.total.filter(|_| done >= self.told + REPORT_ROWS) {
            self.tell(table, total.max(done));
        }
    }

    /// Tells that there is nothing left to do.
    pub fn end(&mut self) {
        if self.total.is_some() && self.told > 0 {
            self.tell(Table::VesselPositions, self.done.total());
        }
    }

    fn tell(&mut self, table: Table, total: u64) {
        self.told = self.done.total();
        event(&json!({ "event": "progress", "table": table.name(), "rowsDone": self.told, "rowsTotal": total }));
    }
}

/// A point in time for people and programs.
pub fn moment(micros: Micros) -> Value {
    to_rfc3339(micros).into()
}
