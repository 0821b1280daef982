//! What to do with each column; made once per schema.

use super::canonical;
use crate::config::NumericForm;
use crate::schema::{Field, FieldType, Mode, Schema};
use crate::sql::TimestampKind;

/// What the configuration of a table says about its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutSettings {
    /// The column that the sync goes by.
    pub timestamp_column: String,
    /// The columns that identify a row; its whole content does when there are none.
    pub key_columns: Vec<String>,
    /// What NUMERIC and BIGNUMERIC become.
    pub numeric: NumericForm,
}

/// Why rows of a schema cannot be kept at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A configured column is not in the result.
    #[error("{setting} names `{column}`, but the columns are {columns}. Name one of these")]
    ColumnMissing {
        /// `timestampColumn` or `keyColumns`.
        setting: &'static str,
        /// What it says.
        column: String,
        /// The columns there are, shortened.
        columns: String,
    },
    /// The timestamp column has no order in time.
    #[error("timestampColumn names `{column}`, which is {found}. Name a column of type TIMESTAMP, DATETIME or DATE")]
    NoTimestamp {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
}

/// What to do with each column of a schema.
#[derive(Debug)]
pub struct RowLayout {
    pub(super) schema: Schema,
    pub(super) row: Record,
    /// Position of the timestamp column.
    pub(super) timestamp: usize,
    /// Positions of the key columns, in the order of the configuration.
    pub(super) keys: Vec<usize>,
    timestamp_kind: TimestampKind,
}

/// The columns of a row or the members of a STRUCT.
#[derive(Debug)]
pub struct Record {
    pub columns: Vec<Column>,
    /// Positions in `columns`, in the byte order of their names.
    pub by_name: Vec<usize>,
}

#[derive(Debug)]
pub struct Column {
    /// Name in BigQuery, after those of the STRUCTs it is in: `address.street`.
    pub path: String,
    /// What stands before a value in the output: `,"name":`.
    pub key: Vec<u8>,
    /// What stands before a value and its length in the canonical form.
    pub frame: Vec<u8>,
    pub value: ValueKind,
    pub repeated: bool,
    /// Type of a single value, for messages.
    pub type_name: &'static str,
}

#[derive(Debug)]
pub enum ValueKind {
    /// Whatever is kept as BigQuery writes it.
    Text,
    Integer,
    Float,
    Decimal(NumericForm),
    Boolean,
    Timestamp,
    Date,
    Time,
    DateTime,
    Json,
    Record(Record),
}

impl RowLayout {
    /// Makes the layout for rows of this schema.
    ///
    /// # Errors
    ///
    /// When the timestamp column or a key column is missing, or the former has no order in time.
    pub fn new(schema: &Schema, settings: &LayoutSettings) -> Result<Self, LayoutError> {
        let find = |setting, column: &String| {
            schema.position(column).ok_or_else(|| LayoutError::ColumnMissing {
                setting,
                column: column.clone(),
                columns: listed(schema),
            })
        };
        let timestamp = find("timestampColumn", &settings.timestamp_column)?;
        let keys = settings.key_columns.iter().map(|column| find("keyColumns", column)).collect::<Result<_, _>>()?;

        let field = &schema.fields[timestamp];
        let timestamp_kind = TimestampKind::of(field.field_type)
            .filter(|_| field.mode != Mode::Repeated)
            .ok_or_else(|| LayoutError::NoTimestamp { column: field.name.clone(), found: field.sql_type() })?;
        let names = schema.harper_names();
        Ok(Self {
            schema: schema.clone(),
            row: Record::new(&schema.fields, &names, "", settings.numeric),
            timestamp,
            keys,
            timestamp_kind,
        })
    }

    /// The schema that this layout was made for.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The type of the timestamp column.
    #[must_use]
    pub fn timestamp_kind(&self) -> TimestampKind {
        self.timestamp_kind
    }
}

impl Record {
    fn new(fields: &[Field], output_names: &[String], parent: &str, numeric: NumericForm) -> Self {
        let columns = fields.iter().zip(output_names).map(|(field, name)| Column::new(field, name, parent, numeric));
        let mut by_name: Vec<usize> = (0..fields.len()).collect();
        by_name.sort_by_key(|&index| fields[index].name.as_bytes());
        Self { columns: columns.collect(), by_name }
    }
}

impl Column {
    fn new(field: &Field, output_name: &str, parent: &str, numeric: NumericForm) -> Self {
        let path = format!("{parent}{}", field.name);
        let value = match field.field_type {
            FieldType::Integer => ValueKind::Integer,
            FieldType::Float => ValueKind::Float,
            FieldType::Numeric | FieldType::BigNumeric => ValueKind::Decimal(numeric),
            FieldType::Boolean => ValueKind::Boolean,
            FieldType::Timestamp => ValueKind::Timestamp,
            FieldType::Date => ValueKind::Date,
            FieldType::Time => ValueKind::Time,
            FieldType::DateTime => ValueKind::DateTime,
            FieldType::Json => ValueKind::Json,
            // A STRUCT without members does not exist in BigQuery; the emulator calls a RANGE without ends so.
            FieldType::Record if !field.fields.is_empty() => {
                let names: Vec<String> = field.fields.iter().map(|member| member.name.clone()).collect();
                ValueKind::Record(Record::new(&field.fields, &names, &format!("{path}."), numeric))
            }
            _ => ValueKind::Text,
        };
        let quoted = serde_json::to_string(output_name).expect("a string can be written as JSON");
        Self {
            path,
            key: format!(",{quoted}:").into_bytes(),
            frame: canonical::frame(&field.name),
            value,
            repeated: field.mode == Mode::Repeated,
            type_name: field.field_type.name(),
        }
    }
}

/// The columns' names for a message.
fn listed(schema: &Schema) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = schema.fields.iter().take(SHOWN).map(|field| format!("`{}`", field.name)).collect();
    if schema.fields.len() > SHOWN {
        names.push(format!("{} more", schema.fields.len() - SHOWN));
    }
    names.join(", ")
}
