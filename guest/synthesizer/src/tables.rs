//! The three tables in BigQuery: whether they are there, and as they have to be.

use ingestor_bigquery::TableDefinition;
use ingestor_core::config::SynthesizerConfig;
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::schema::{Field, FieldType, Mode, Schema};
use ingestor_core::sql::TableRef;
use ingestor_maritime::table::{Column, Table};
use serde_json::json;

use crate::failure::Stop;
use crate::report;
use crate::warehouse::Warehouse;

/// Where the tables are.
pub struct Tables {
    project: String,
    pub dataset: String,
    location: String,
    positions: String,
}

impl Tables {
    pub fn new(config: &SynthesizerConfig) -> Self {
        Self {
            project: config.project_id.clone(),
            dataset: config.dataset.clone(),
            location: config.location.clone(),
            positions: config.table.clone(),
        }
    }

    pub fn name(&self, table: Table) -> &str {
        if table == Table::VesselPositions { &self.positions } else { table.name() }
    }

    pub fn reference(&self, kind: Table) -> TableRef {
        TableRef { project: self.project.clone(), dataset: self.dataset.clone(), table: self.name(kind).to_owned() }
    }

    pub fn full_dataset(&self) -> String {
        format!("{}.{}", self.project, self.dataset)
    }

    /// Makes what is missing, and notes it in `made`; with `dry_run` it only looks. Returns which tables were there before,
    /// and so may have rows.
    pub fn ensure(&self, warehouse: &mut Warehouse, dry_run: bool, made: &mut Vec<String>) -> Result<[bool; 3], Stop> {
        let mut there = [false; 3];
        if self.dataset_is_there(warehouse)? {
            // All that are there are looked at before any is made.
            for kind in Table::ALL {
                there[kind as usize] = self.is_there(warehouse, kind)?;
            }
        } else if !dry_run {
            warehouse.create_dataset(&self.dataset)?;
            note(made, format!("dataset {}", self.full_dataset()));
        }
        for kind in Table::ALL.into_iter().filter(|kind| !dry_run && !there[*kind as usize]) {
            let table = self.reference(kind);
            warehouse.create_table(&table, &definition(kind))?;
            note(made, format!("table {table}"));
        }
        Ok(there)
    }

    /// Whether the dataset is there; fails when it is somewhere else.
    pub fn dataset_is_there(&self, warehouse: &mut Warehouse) -> Result<bool, Stop> {
        let Some(dataset) = warehouse.dataset(&self.dataset)? else { return Ok(false) };
        if dataset.location.eq_ignore_ascii_case(&self.location) {
            return Ok(true);
        }
        Err(Stop::new(
            format!(
                "The dataset {} is in {}, but bigquery.location says {}.",
                self.full_dataset(),
                dataset.location,
                self.location
            ),
            format!("Set bigquery.location to {}, or synthesizer.dataset to another dataset.", dataset.location),
        ))
    }

    /// Whether a table is there; fails when it has other columns.
    fn is_there(&self, warehouse: &mut Warehouse, kind: Table) -> Result<bool, Stop> {
        let table = self.reference(kind);
        let Some(metadata) = warehouse.table(&table)? else { return Ok(false) };
        let differences = differences(&definition(kind).schema, &metadata.schema);
        if differences.is_empty() {
            return Ok(true);
        }
        Err(Stop::new(
            format!("The table {table} has another schema: {}.", differences.join("; ")),
            "Set synthesizer.dataset to a dataset of its own, or delete the table if nobody needs it.",
        ))
    }
}

fn note(made: &mut Vec<String>, what: String) {
    report::event(&json!({ "event": "created", "what": what }));
    made.push(what);
}

/// What a table is made as.
fn definition(table: Table) -> TableDefinition {
    let field = |column: &Column| Field {
        name: column.name.to_owned(),
        field_type: match column.kind {
            "TIMESTAMP" => FieldType::Timestamp,
            "INTEGER" => FieldType::Integer,
            "FLOAT" => FieldType::Float,
            _ => FieldType::String,
        },
        mode: if column.required { Mode::Required } else { Mode::Nullable },
        fields: Vec::new(),
    };
    TableDefinition {
        schema: Schema { fields: table.columns().iter().map(field).collect() },
        partitioned_by: table.is_partitioned().then(|| table.timestamp_column()),
        clustered_by: table.clustering(),
    }
}

/// What keeps rows of `wanted` from being appended to a table with the columns of `found`; more columns do not, unless
/// each row must have them.
fn differences(wanted: &Schema, found: &Schema) -> Vec<String> {
    let of_column = |field: &Field| {
        let Some(position) = found.position(&field.name) else {
            return Some(format!("`{}` is missing", field.name));
        };
        let other = &found.fields[position];
        let (is, should_be) = (other.sql_type(), field.sql_type());
        (is != should_be).then(|| format!("`{}` is {is} instead of {should_be}", field.name))
    };
    let must_have = |field: &&Field| field.mode == Mode::Required && wanted.position(&field.name).is_none();
    let required = found.fields.iter().filter(must_have).map(|field| format!("`{}` is required there", field.name));
    wanted.fields.iter().filter_map(of_column).chain(required).take(5).collect()
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let advice = match failure.kind {
            FailureKind::PermissionDenied => {
                let permission = failure.permission.clone().unwrap_or("the missing permission".to_owned());
                format!(
                    "Grant {permission}: roles/bigquery.jobUser and, to make the dataset, roles/bigquery.user on the \
                     project, roles/bigquery.dataEditor on the dataset."
                )
            }
            FailureKind::Transient => {
                "Run the same command again: it goes on where it ended. If it stays: look at the \
                 connection to BigQuery and at https://status.cloud.google.com."
                    .to_owned()
            }
            _ => failure.advice(),
        };
        let is_passing = failure.kind == FailureKind::Transient;
        Self { is_passing, ..Self::new(format!("BigQuery: {failure}."), advice) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_other_columns_is_told_apart() {
        let wanted = definition(Table::PortEvents).schema;
        let mut found = wanted.clone();
        assert_eq!(differences(&wanted, &found), Vec::<String>::new());
        found.fields[1].field_type = FieldType::Integer;
        found.fields.remove(2);
        found.fields.push(Field {
            name: "tenant".into(),
            field_type: FieldType::String,
            mode: Mode::Required,
            fields: Vec::new(),
        });
        assert_eq!(
            differences(&wanted, &found),
            ["`port_id` is INT64 instead of STRING", "`port_name` is missing", "`tenant` is required there"]
        );
    }
}
