//! The table's columns: which of them are read, what they become in Harper, and how they change.

use super::{Level, TableSync};
use crate::config::{Columns, TableConfig};
use crate::failure::{Failure, FailureKind};
use crate::schema::{Attribute, Mode, Schema};
use crate::sql::{TableRef, TimestampKind};

impl TableSync {
    pub(super) fn selected(&self, schema: &Schema) -> Schema {
        selected(schema, &self.config)
    }

    pub(super) fn attributes_of(&self, schema: &Schema) -> Vec<Attribute> {
        let is_indexed = |column: &str| {
            let mut indexed = [&self.config.timestamp_column].into_iter().chain(&self.config.indexes);
            indexed.any(|name| name.eq_ignore_ascii_case(column))
        };
        self.selected(schema).attributes(self.config.numeric, is_indexed)
    }

    /// Says once which columns are kept under another name.
    pub(super) fn report_renames(&mut self) {
        let selected = self.selected(&self.metadata.schema);
        let names = selected.harper_names();
        let renamed: Vec<String> = selected
            .fields
            .iter()
            .zip(&names)
            .filter(|(field, name)| field.name != **name)
            .map(|(field, name)| format!("{} as {name}", field.name))
            .collect();
        if !renamed.is_empty() {
            let message = format!(
                "records need some names of {}'s columns, so these are kept: {}",
                self.table,
                renamed.join(", ")
            );
            self.log(Level::Info, "renamed", message, serde_json::json!({ "renamed": renamed }));
        }
    }

    /// Says which columns came, went, or have another type; nothing when there is nothing to say.
    pub(super) fn report_schema_change(&mut self, before: &[Attribute], attributes: &[Attribute]) {
        let names = |of: &[Attribute], without: &[Attribute]| -> Vec<String> {
            let is_new = |attribute: &&Attribute| !without.contains(attribute);
            of.iter()
                .filter(is_new)
                .map(|attribute| format!("{} {}", attribute.name, attribute.bigquery_type))
                .collect()
        };
        let (added, removed) = (names(attributes, before), names(before, attributes));
        if added.is_empty() && removed.is_empty() {
            return;
        }
        let message = format!("the schema of {} changed", self.table);
        self.log(Level::Warn, "schema", message, serde_json::json!({ "added": added, "removed": removed }));
    }
}

/// The columns that are read.
#[must_use]
pub fn selected(schema: &Schema, config: &TableConfig) -> Schema {
    let mut selected = schema.clone();
    if let Columns::Listed(columns) = &config.columns {
        selected.fields.retain(|field| columns.iter().any(|column| column.eq_ignore_ascii_case(&field.name)));
    }
    selected
}

/// The type of the timestamp column, once all columns that the configuration names are known to exist.
///
/// # Errors
/// When the schema lacks a column that the configuration names, or the timestamp column has no order in time.
pub fn timestamp_kind(schema: &Schema, config: &TableConfig, table: &TableRef) -> Result<TimestampKind, Failure> {
    let listed = match &config.columns {
        Columns::All => &[][..],
        Columns::Listed(columns) => columns,
    };
    let named = [
        ("timestampColumn", std::slice::from_ref(&config.timestamp_column)),
        ("columns", listed),
        ("keyColumns", &config.key_columns),
        ("indexes", &config.indexes),
    ];
    let id = &config.id;
    let missing = named.into_iter().find_map(|(key, columns)| {
        columns.iter().find(|column| schema.position(column).is_none()).map(|column| (key, column))
    });
    if let Some((key, column)) = missing {
        let names: Vec<String> = schema.fields.iter().map(|field| format!("`{}`", field.name)).collect();
        let has = names.join(", ");
        let message = format!("table `{id}`: `{key}` names `{column}`, which {table} does not have; it has {has}");
        return Err(Failure::new(FailureKind::Invalid, "noSuchColumn", message));
    }
    let field = &schema.fields[schema.position(&config.timestamp_column).expect("just looked for")];
    let is_array = field.mode == Mode::Repeated;
    TimestampKind::of(field.field_type).filter(|_| !is_array).ok_or_else(|| {
        let (column, kind) = (&field.name, field.sql_type());
        let message =
            format!("table `{id}`: `timestampColumn` is `{column}`, {kind}; it must be a TIMESTAMP, DATETIME or DATE");
        Failure::new(FailureKind::Invalid, "noTimestamp", message)
    })
}
