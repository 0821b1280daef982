//! Jobs of the simulated BigQuery: a query's result, kept and read by pages.

use super::query::{Outcome, QueryError};
use super::table;
use super::{Habits, PROJECT};
use crate::values::{self, TimestampForm, wire_row};
use ingestor_core::time::{self, Micros};
use serde_json::{Value as Json, json};
use std::cell::Cell;
use std::sync::OnceLock;

/// A query job that was run.
pub struct Job {
    /// Chosen by the client.
    pub id: String,
    /// The text of its query.
    pub sql: String,
    /// Its `configuration`, as inserted.
    pub configuration: Json,
    /// Whether its result is gone.
    pub is_expired: bool,
    pub(super) created_ms: i64,
    pub(super) incomplete_answers: u32,
    pub(super) empty_pages: u32,
    pub(super) outcome: Result<Outcome, QueryError>,
    pub(super) contents: OnceLock<Vec<String>>,
    /// Whether every row of its result was seen in storage.
    pub(super) is_stored: Cell<bool>,
}

/// Which rows of a result are asked for, and how.
pub(super) struct PageRequest {
    pub start: usize,
    pub max_rows: usize,
    pub form: TimestampForm,
}

impl Job {
    /// The table that it reads rows from, if it does not count or sample them.
    pub(super) fn reads_from(&self) -> Option<&str> {
        self.outcome.as_ref().ok()?.reads_from.as_deref()
    }

    /// Timestamps of the rows of its result, the earliest there is for those without.
    pub(super) fn times(&self, column: &str) -> impl Iterator<Item = Micros> {
        let outcome = self.outcome.as_ref().ok();
        let position = outcome.and_then(|outcome| outcome.columns.iter().position(|known| known.name == column));
        let rows = outcome.map_or(&[][..], |outcome| &outcome.rows);
        rows.iter().map(move |row| position.and_then(|position| table::micros(&row[position])).unwrap_or(time::MIN))
    }

    /// Rows of its result.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.outcome.as_ref().map_or(0, |outcome| outcome.rows.len())
    }

    /// What Harper is to hold of each row of the result, as [`values::content`].
    pub(super) fn contents(&self) -> &[String] {
        self.contents.get_or_init(|| {
            let Ok(outcome) = &self.outcome else { return Vec::new() };
            outcome.rows.iter().map(|row| values::content(&table::record(&outcome.columns, row))).collect()
        })
    }

    /// `jobReference`
    pub(super) fn reference(&self) -> Json {
        json!({ "projectId": PROJECT, "jobId": self.id, "location": "US" })
    }

    /// `jobs.insert`, `jobs.get`
    pub(super) fn resource(&self) -> Json {
        let mut status = json!({ "state": "DONE" });
        if let Err(error) = &self.outcome {
            status["errorResult"] = json!({ "reason": error.reason, "message": error.message });
            status["errors"] = json!([status["errorResult"]]);
        } else if self.incomplete_answers > 0 {
            status = json!({ "state": "RUNNING" });
        }
        let created = self.created_ms.to_string();
        json!({
            "kind": "bigquery#job",
            "id": format!("{PROJECT}:US.{}", self.id),
            "jobReference": self.reference(),
            "configuration": self.configuration,
            "status": status,
            "statistics": { "creationTime": created, "startTime": created },
        })
    }

    /// `getQueryResults` of a job that did not fail, with its members in BigQuery's order.
    pub(super) fn page(&mut self, habits: &Habits, request: &PageRequest) -> String {
        let mut members = vec![("kind", json!("bigquery#getQueryResultsResponse")), ("jobReference", self.reference())];
        let Ok(outcome) = &self.outcome else { return object(&members) };
        if self.incomplete_answers > 0 {
            self.incomplete_answers -= 1;
            members.push(("jobComplete", json!(false)));
            return object(&members);
        }
        let PageRequest { start, max_rows, form } = *request;
        let total = outcome.rows.len();
        let mut rows = Vec::new();
        let mut bytes = 0;
        if self.empty_pages > 0 && max_rows > 0 {
            self.empty_pages -= 1;
        } else {
            let row_limit = max_rows.min(habits.page_rows.unwrap_or(usize::MAX));
            for row in outcome.rows.iter().skip(start).take(row_limit) {
                let row = wire_row(row.iter(), form);
                bytes += row.to_string().len();
                if !rows.is_empty() && habits.page_bytes.is_some_and(|limit| bytes > limit) {
                    break;
                }
                rows.push(row);
            }
        }
        let fields: Vec<Json> = outcome.columns.iter().map(super::Column::schema).collect();
        members.push(("schema", json!({ "fields": fields })));
        members.push(("totalRows", json!(total.to_string())));
        let next = start + rows.len();
        let token = (next < total).then(|| ("pageToken", json!(format!("{TOKEN_PREFIX}{next}"))));
        // Without rows there is no member.
        let rows = (!rows.is_empty()).then(|| ("rows", json!(rows)));
        if habits.token_after_rows {
            members.extend(rows.into_iter().chain(token));
        } else {
            members.extend(token.into_iter().chain(rows));
        }
        members.extend([
            ("totalBytesProcessed", json!("100")),
            ("jobComplete", json!(true)),
            ("cacheHit", json!(false)),
        ]);
        object(&members)
    }
}

const TOKEN_PREFIX: &str = "BFAE=";

/// The row that a page token stands for.
pub(super) fn start_of(token: &str) -> Option<usize> {
    token.strip_prefix(TOKEN_PREFIX)?.parse().ok()
}

fn object(members: &[(&str, Json)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", members.join(","))
}
