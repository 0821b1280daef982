//! Datasets and tables: made, described, deleted.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets>

use ingestor_core::failure::Failure;
use ingestor_core::schema::Schema;
use ingestor_core::sql::TableRef;
use serde::Deserialize;
use serde_json::json;

use crate::call::{Call, Expected};
use crate::client::{Client, encoded};
use crate::exchange::Verb;

/// A dataset as `datasets.get` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DatasetMetadata {
    /// Where its tables are: `US`, `europe-west3`.
    pub location: String,
}

/// A table to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// Its columns.
    pub schema: Schema,
    /// The column by whose days it is partitioned.
    pub partitioned_by: Option<&'static str>,
    /// The columns that its partitions are sorted by.
    pub clustered_by: &'static [&'static str],
}

impl Client {
    /// `datasets.get`. Answers `Answer::Dataset`.
    #[must_use]
    pub fn get_dataset(&self, dataset: &str) -> Call {
        let path = format!("{}?prettyPrint=false", self.dataset_path(dataset));
        self.call("datasets.get", Verb::Get, path, Vec::new(), Expected::Dataset)
    }

    /// `datasets.insert`, in the location of the client. Answers `Answer::Done`.
    #[must_use]
    pub fn create_dataset(&self, dataset: &str) -> Call {
        let body = json!({
            "datasetReference": { "projectId": self.project_id, "datasetId": dataset },
            "location": self.location,
        });
        let path = format!("/projects/{}/datasets?prettyPrint=false", encoded(&self.project_id));
        self.call("datasets.insert", Verb::Post, path, body.to_string().into_bytes(), Expected::Done)
    }

    /// `tables.insert`. Answers `Answer::Done`.
    #[must_use]
    pub fn create_table(&self, table: &TableRef, definition: &TableDefinition) -> Call {
        let mut body = json!({
            "tableReference": { "projectId": table.project, "datasetId": table.dataset, "tableId": table.table },
            "schema": definition.schema,
        });
        if let Some(column) = definition.partitioned_by {
            body["timePartitioning"] = json!({ "type": "DAY", "field": column });
        }
        if !definition.clustered_by.is_empty() {
            body["clustering"] = json!({ "fields": definition.clustered_by });
        }
        let path = format!("{}/tables?prettyPrint=false", self.dataset_path(&table.dataset));
        self.call("tables.insert", Verb::Post, path, body.to_string().into_bytes(), Expected::Done)
    }

    /// `tables.delete`. Answers `Answer::Done`.
    #[must_use]
    pub fn delete_table(&self, table: &TableRef) -> Call {
        let path = format!("{}/tables/{}", self.dataset_path(&table.dataset), encoded(&table.table));
        self.call("tables.delete", Verb::Delete, path, Vec::new(), Expected::Done)
    }

    fn dataset_path(&self, dataset: &str) -> String {
        format!("/projects/{}/datasets/{}", encoded(&self.project_id), encoded(dataset))
    }
}

/// Reads the answer of `datasets.get`.
pub(crate) fn parse_dataset(body: &[u8]) -> Result<DatasetMetadata, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::malformed(format!("the answer does not describe a dataset: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingestor_core::failure::FailureKind;

    #[test]
    fn a_dataset_is_known_by_its_location() {
        let body = br#"{"kind":"bigquery#dataset","location":"EU","id":"p:d"}"#;
        assert_eq!(parse_dataset(body), Ok(DatasetMetadata { location: "EU".into() }));
        assert_eq!(parse_dataset(b"<html>").unwrap_err().kind, FailureKind::Malformed);
    }
}
