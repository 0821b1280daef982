//! Tables of the simulated BigQuery.

use crate::values::Value;
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value as Json, json};

/// A column of a table, or a member of a STRUCT.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    kind: &'static str,
    mode: &'static str,
    members: Vec<Column>,
}

impl Column {
    /// A column that may be NULL, of a type in the REST API's spelling: `INTEGER`, `TIMESTAMP`.
    #[must_use]
    pub fn new(name: &'static str, kind: &'static str) -> Self {
        Self { name, kind, mode: "NULLABLE", members: Vec::new() }
    }

    /// A STRUCT.
    #[must_use]
    pub fn record(name: &'static str, members: Vec<Column>) -> Self {
        Self { members, ..Self::new(name, "RECORD") }
    }

    /// An ARRAY of these.
    #[must_use]
    pub fn repeated(self) -> Self {
        Self { mode: "REPEATED", ..self }
    }

    /// As an entry of `schema.fields`.
    #[must_use]
    pub fn schema(&self) -> Json {
        let mut field = json!({ "name": self.name, "type": self.kind, "mode": self.mode });
        if !self.members.is_empty() {
            field["fields"] = self.members.iter().map(Self::schema).collect();
        }
        field
    }

    /// The name of its attribute in Harper: the same, unless records need the name for themselves.
    #[must_use]
    pub fn attribute(&self) -> String {
        let reserved = ["id", "_syncedAt", "then", "toJSON", "getId"].contains(&self.name);
        if reserved { format!("{}_", self.name) } else { self.name.to_owned() }
    }
}

/// A table with its rows.
#[derive(Debug, Clone)]
pub struct Table {
    /// Dataset it is in.
    pub dataset: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Columns, the one that syncs go by among them.
    pub columns: Vec<Column>,
    /// Whether the metadata shows a streaming buffer.
    pub streaming: bool,
    /// Column that it is partitioned by, in days.
    pub partitioned_by: Option<&'static str>,
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) modified_ms: i64,
}

impl Table {
    /// A table of the dataset `fleet` without rows.
    #[must_use]
    pub fn new(name: &'static str, columns: Vec<Column>) -> Self {
        let (streaming, partitioned_by, rows, modified_ms) = (false, None, Vec::new(), 0);
        Self { dataset: "fleet", name, columns, streaming, partitioned_by, rows, modified_ms }
    }

    /// The same table with these rows.
    #[must_use]
    pub fn with_rows(mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// Position of a column.
    pub(super) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.name == column)
    }

    /// The records that Harper is to hold for the rows with a timestamp.
    ///
    /// # Panics
    /// When there is no such column.
    #[must_use]
    pub fn records(&self, timestamp_column: &str) -> Vec<Json> {
        let position = self.position(timestamp_column).expect("the timestamp column is a column");
        let synced = self.rows.iter().filter(|row| row[position] != Value::Null);
        synced.map(|row| record(&self.columns, row)).collect()
    }

    /// The rows as `insertAll` takes them.
    #[must_use]
    pub fn inserted_rows(&self) -> Vec<Json> {
        let row = |row: &Vec<Value>| -> Json {
            let cells = self.columns.iter().zip(row);
            cells.map(|(column, cell)| (column.name.to_owned(), cell.inserted())).collect::<Map<_, _>>().into()
        };
        self.rows.iter().map(row).collect()
    }

    /// `tables.get`
    pub(super) fn resource(&self, project: &str) -> Json {
        let fields: Vec<Json> = self.columns.iter().map(Column::schema).collect();
        let mut resource = json!({
            "kind": "bigquery#table",
            "id": format!("{project}:{}.{}", self.dataset, self.name),
            "tableReference": { "projectId": project, "datasetId": self.dataset, "tableId": self.name },
            "schema": { "fields": fields },
            "type": "TABLE",
            "location": "US",
            "numRows": self.rows.len().to_string(),
            "numBytes": (self.rows.len() * 100).to_string(),
            "lastModifiedTime": self.modified_ms.to_string(),
        });
        if self.streaming {
            let oldest = self.modified_ms.to_string();
            resource["streamingBuffer"] =
                json!({ "estimatedRows": "1", "estimatedBytes": "100", "oldestEntryTime": oldest });
        }
        if let Some(column) = self.partitioned_by {
            resource["timePartitioning"] = json!({ "type": "DAY", "field": column });
        }
        resource
    }
}

/// What Harper is to keep of a row, without what the engine adds.
pub(super) fn record(columns: &[Column], cells: &[Value]) -> Json {
    columns.iter().zip(cells).map(|(column, cell)| (column.attribute(), cell.stored())).collect::<Map<_, _>>().into()
}

/// A cell of a TIMESTAMP, DATETIME or DATE column as microseconds.
pub(super) fn micros(cell: &Value) -> Option<i64> {
    match cell {
        Value::Timestamp(micros) => Some(*micros),
        Value::Text(text) => parse_micros(text),
        _ => None,
    }
}

/// The spelling of a TIMESTAMP (in UTC), DATETIME or DATE as microseconds.
pub(super) fn parse_micros(text: &str) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0))).ok()?;
    Some((civil.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_nanos() / 1_000) as i64)
}
