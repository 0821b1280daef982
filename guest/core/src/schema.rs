//! A BigQuery table's schema, and what becomes of it in Harper.

use serde::{Deserialize, Serialize};

/// `schema` of a table or of a query's result, as the REST API writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Columns in table order.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// One column, or one member of a STRUCT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name as in BigQuery.
    pub name: String,
    /// Type as written by BigQuery (`INTEGER`) or by the emulator (`INT64`).
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// NULLABLE when absent.
    #[serde(default)]
    pub mode: Mode,
    /// Members of a STRUCT.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
}

/// Column types; both the legacy and the GoogleSQL spelling of each are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are BigQuery's")]
pub enum FieldType {
    String,
    Bytes,
    #[serde(alias = "INT64")]
    Integer,
    #[serde(alias = "FLOAT64")]
    Float,
    Numeric,
    BigNumeric,
    #[serde(alias = "BOOL")]
    Boolean,
    Timestamp,
    Date,
    Time,
    DateTime,
    Geography,
    Json,
    Interval,
    Range,
    #[serde(alias = "STRUCT")]
    Record,
    /// A type that did not exist when this was written: kept as BigQuery's string.
    #[serde(other)]
    Other,
}

/// Whether a column may be NULL or holds an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are BigQuery's")]
pub enum Mode {
    #[default]
    Nullable,
    Required,
    Repeated,
}
