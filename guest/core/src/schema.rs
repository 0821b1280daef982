//! A BigQuery table's schema, and what becomes of it in Harper.

use crate::config::NumericForm;
use serde::{Deserialize, Serialize};

/// The attribute that every record has for the time of its last write by the sync, RFC 3339.
pub const SYNCED_AT: &str = "_syncedAt";

/// Attribute names that columns cannot have in Harper: the first two are the records' own, the others break its record
/// objects, as they are names that JavaScript gives a meaning to.
const RESERVED_NAMES: [&str; 6] = ["id", SYNCED_AT, "then", "toJSON", "getId", "__proto__"];

/// An attribute of a Harper table that holds a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name in Harper.
    pub name: String,
    /// `String`, `Boolean`, or `Any` where numbers may also be exact strings and for whatever has parts.
    pub harper_type: &'static str,
    /// The type in BigQuery, for messages: `TIMESTAMP`, `ARRAY<INT64>`.
    pub bigquery_type: String,
    /// Whether queries should find and sort by it without a scan.
    pub indexed: bool,
}

/// `schema` of a table or of a query's result, as the REST API writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Columns in table order.
    #[serde(default)]
    pub fields: Vec<Field>,
}

impl Schema {
    /// The columns' names in Harper, in table order: BigQuery's, followed by `_` where they are reserved.
    #[must_use]
    pub fn harper_names(&self) -> Vec<String> {
        let free = |name: &str| !RESERVED_NAMES.contains(&name) && !self.fields.iter().any(|other| other.name == name);
        let harper_name = |field: &Field| {
            let mut name = field.name.clone();
            if RESERVED_NAMES.contains(&name.as_str()) {
                while !free(&name) {
                    name.push('_');
                }
            }
            name
        };
        self.fields.iter().map(harper_name).collect()
    }

    /// The attributes of the Harper table that holds these columns, `_syncedAt` included, the key `id` not.
    /// `is_indexed` is asked with the columns' names in BigQuery.
    #[must_use]
    pub fn attributes(&self, numeric: NumericForm, is_indexed: impl Fn(&str) -> bool) -> Vec<Attribute> {
        let columns = self.harper_names().into_iter().zip(&self.fields).map(|(name, field)| Attribute {
            name,
            harper_type: field.harper_type(numeric),
            bigquery_type: field.sql_type(),
            indexed: is_indexed(&field.name),
        });
        let synced_at = Attribute {
            name: SYNCED_AT.into(),
            harper_type: "String",
            bigquery_type: FieldType::Timestamp.name().into(),
            indexed: false,
        };
        columns.chain([synced_at]).collect()
    }

    /// Where the column of this name is. BigQuery's column names differ in more than case.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }
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

impl Field {
    /// The Harper type that holds every value of this column.
    fn harper_type(&self, numeric: NumericForm) -> &'static str {
        use FieldType::{BigNumeric, Boolean, Float, Integer, Json, Numeric, Record};
        match self.field_type {
            _ if self.mode == Mode::Repeated => "Any",
            Integer | Float | Json | Record => "Any",
            Numeric | BigNumeric if numeric == NumericForm::Number => "Any",
            Boolean => "Boolean",
            _ => "String",
        }
    }

    /// The type as GoogleSQL writes it: `ARRAY<STRUCT<name STRING, age INT64>>`.
    #[must_use]
    pub fn sql_type(&self) -> String {
        let mut name = self.field_type.name().to_owned();
        if self.field_type == FieldType::Record {
            let members: Vec<String> =
                self.fields.iter().map(|member| format!("{} {}", member.name, member.sql_type())).collect();
            name = format!("{name}<{}>", members.join(", "));
        }
        if self.mode == Mode::Repeated { format!("ARRAY<{name}>") } else { name }
    }
}

impl FieldType {
    /// The name in GoogleSQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Integer => "INT64",
            Self::Float => "FLOAT64",
            Self::Numeric => "NUMERIC",
            Self::BigNumeric => "BIGNUMERIC",
            Self::Boolean => "BOOL",
            Self::Timestamp => "TIMESTAMP",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::DateTime => "DATETIME",
            Self::Geography => "GEOGRAPHY",
            Self::Json => "JSON",
            Self::Interval => "INTERVAL",
            Self::Range => "RANGE",
            Self::Record => "STRUCT",
            Self::Other => "a type unknown to this version",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(json: &str) -> Schema {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn both_spellings_of_a_type_are_read_and_unknown_ones_are_other() {
        let schema = schema(
            r#"{"fields":[{"name":"a","type":"INTEGER","mode":"REQUIRED"},{"name":"b","type":"INT64"},
                {"name":"c","type":"FLOAT"},{"name":"d","type":"FLOAT64","description":"kept out"},
                {"name":"e","type":"BOOL"},{"name":"f","type":"STRUCT","fields":[]},{"name":"g","type":"TENSOR"}]}"#,
        );
        let types: Vec<_> = schema.fields.iter().map(|field| field.field_type).collect();
        use FieldType::*;
        assert_eq!(types, [Integer, Integer, Float, Float, Boolean, Record, Other]);
    }

    #[test]
    fn reserved_names_get_underscores_until_they_are_unique() {
        let schema = schema(
            r#"{"fields":[{"name":"id","type":"STRING"},{"name":"id_","type":"STRING"},{"name":"then","type":"STRING"},
                {"name":"_syncedAt","type":"STRING"},{"name":"ID2","type":"STRING"}]}"#,
        );
        assert_eq!(schema.harper_names(), ["id__", "id_", "then_", "_syncedAt_", "ID2"]);
    }

    #[test]
    fn attributes_have_a_type_that_holds_every_value() {
        let schema = schema(
            r#"{"fields":[{"name":"s","type":"STRING"},{"name":"b","type":"BOOLEAN"},{"name":"i","type":"INTEGER"},
                {"name":"n","type":"NUMERIC"},{"name":"t","type":"TIMESTAMP"},
                {"name":"a","type":"BOOL","mode":"REPEATED"},
                {"name":"r","type":"RECORD","mode":"REPEATED","fields":[{"name":"x","type":"INTEGER"},{"name":"y","type":"DATE"}]}]}"#,
        );
        let attributes = |numeric| -> Vec<(String, &str, String)> {
            let attributes = schema.attributes(numeric, |_| false).into_iter();
            attributes.map(|attribute| (attribute.name, attribute.harper_type, attribute.bigquery_type)).collect()
        };
        let expected = [
            ("s", "String", "STRING"),
            ("b", "Boolean", "BOOL"),
            ("i", "Any", "INT64"),
            ("n", "String", "NUMERIC"),
            ("t", "String", "TIMESTAMP"),
            ("a", "Any", "ARRAY<BOOL>"),
            ("r", "Any", "ARRAY<STRUCT<x INT64, y DATE>>"),
            ("_syncedAt", "String", "TIMESTAMP"),
        ]
        .map(|(name, harper_type, bigquery_type)| (name.to_owned(), harper_type, bigquery_type.to_owned()));
        assert_eq!(attributes(NumericForm::String), expected);
        assert_eq!(attributes(NumericForm::Number)[3].1, "Any");
    }
}
