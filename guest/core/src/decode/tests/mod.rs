//! Whole answers, as BigQuery and the emulator write them, however they arrive.

mod chunks;
mod ids;
mod pages;
mod reference;
mod values;

use super::*;
use crate::config::NumericForm;
use serde_json::{Value, json};
use std::rc::Rc;

/// 2025-12-01T12:00:00Z
const NOON: i64 = 1_764_590_400_000_000;

fn settings(key_columns: &[&str]) -> Rc<LayoutSettings> {
    Rc::new(LayoutSettings {
        timestamp_column: "ts".into(),
        key_columns: key_columns.iter().map(|&column| column.to_owned()).collect(),
        numeric: NumericForm::String,
    })
}

fn decode_with(settings: &Rc<LayoutSettings>, body: &str) -> Result<Page, DecodeError> {
    let mut decoder = PageDecoder::new(settings.clone(), None, NOON);
    decoder.push(body.as_bytes())?;
    decoder.finish()
}

fn decode(body: &str) -> Result<Page, DecodeError> {
    decode_with(&settings(&[]), body)
}

/// An answer with column `ts`, at noon in every row, and after it these columns and rows.
fn body(columns: Value, rows: &[Value]) -> String {
    let mut fields = vec![json!({"name": "ts", "type": "TIMESTAMP"})];
    fields.extend(columns.as_array().unwrap().iter().cloned());
    let rows: Vec<Value> = rows
        .iter()
        .map(|cells| {
            let cells = cells.as_array().unwrap().iter().cloned();
            let cells = std::iter::once(json!(NOON.to_string())).chain(cells).map(|value| json!({ "v": value }));
            json!({"f": cells.collect::<Vec<_>>()})
        })
        .collect();
    json!({"schema": {"fields": fields}, "rows": rows, "jobComplete": true}).to_string()
}

/// The record at a position.
fn record(page: &Page, index: usize) -> Value {
    serde_json::from_slice(page.batch.record_json(index)).unwrap()
}
