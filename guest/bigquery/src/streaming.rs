//! Rows by `tabledata.insertAll`: there at once, and paid by size.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll>

use ingestor_core::failure::Failure;
use ingestor_core::sql::TableRef;
use serde::Deserialize;

use crate::call::{Call, Expected};
use crate::client::{Client, encoded};
use crate::exchange::Verb;

/// One row to stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamedRow<'a> {
    /// BigQuery drops a row that comes a second time under one id within a minute; letters, digits and `-`.
    pub insert_id: &'a str,
    /// A JSON object.
    pub json: &'a [u8],
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Position among the rows of the request.
    pub index: u64,
    /// BigQuery's words.
    pub message: String,
}

impl Client {
    /// `tabledata.insertAll` of at most some hundred rows. Answers `Answer::Streamed`.
    #[must_use]
    pub fn insert_all(&self, table: &TableRef, rows: &[StreamedRow]) -> Call {
        let [project, dataset, name] = [&table.project, &table.dataset, &table.table].map(|name| encoded(name));
        let path = format!("/projects/{project}/datasets/{dataset}/tables/{name}/insertAll?prettyPrint=false");
        self.call("tabledata.insertAll", Verb::Post, path, body(rows), Expected::Streamed)
    }
}

fn body(rows: &[StreamedRow]) -> Vec<u8> {
    let mut body = br#"{"rows":["#.to_vec();
    for (position, row) in rows.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        body.extend_from_slice(br#"{"insertId":""#);
        body.extend_from_slice(row.insert_id.as_bytes());
        body.extend_from_slice(br#"","json":"#);
        body.extend_from_slice(row.json);
        body.push(b'}');
    }
    body.extend_from_slice(b"]}");
    body
}

/// Reads the answer of `tabledata.insertAll`.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<RefusedRow>, Failure> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| Failure::malformed(format!("the answer does not say which rows were taken: {error}")))?;
    let refused = |row: InsertErrors| RefusedRow {
        index: row.index,
        message: row.errors.into_iter().next().unwrap_or_default().message,
    };
    Ok(answer.insert_errors.into_iter().map(refused).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    insert_errors: Vec<InsertErrors>,
}

#[derive(Deserialize)]
struct InsertErrors {
    #[serde(default)]
    index: u64,
    #[serde(default)]
    errors: Vec<RowError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RowError {
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn rows_go_under_their_ids() {
        let rows = [StreamedRow { insert_id: "a", json: b"{\"n\":1}" }, StreamedRow { insert_id: "b", json: b"{}" }];
        let sent: Value = serde_json::from_slice(&body(&rows)).unwrap();
        assert_eq!(sent, json!({ "rows": [{ "insertId": "a", "json": { "n": 1 } }, { "insertId": "b", "json": {} }] }));
    }

    #[test]
    fn rows_that_were_not_taken_are_told_with_their_reasons() {
        let answer = br#"{"insertErrors":[{"index":1,"errors":[{"reason":"invalid","message":"no such field: x"}]}]}"#;
        assert_eq!(parse(answer).unwrap(), [RefusedRow { index: 1, message: "no such field: x".into() }]);
        assert_eq!(parse(br#"{"kind":"bigquery#tableDataInsertAllResponse"}"#).unwrap(), []);
        assert!(parse(b"<html>").is_err());
    }
}
