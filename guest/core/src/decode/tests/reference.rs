//! The same decoding in the plainest way: a tree of the whole answer, then a tree of each record.

use super::*;
use crate::schema::{Field, FieldType, Mode, Schema};

/// The records of an answer, without ids; None for those that are set aside.
pub fn records(body: &str) -> Vec<Option<Value>> {
    let page: Value = serde_json::from_str(body).unwrap();
    let schema: Schema = serde_json::from_value(page["schema"].clone()).unwrap();
    let rows = page["rows"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| record(&schema.fields, row).filter(|record| !record["ts"].is_null())).collect()
}

fn record(fields: &[Field], row: &Value) -> Option<Value> {
    let cells = row["f"].as_array()?;
    let members = fields.iter().zip(cells).map(|(field, cell)| {
        let value = if field.mode == Mode::Repeated && !cell["v"].is_null() {
            let elements = cell["v"].as_array()?;
            elements.iter().map(|element| value(field, &element["v"])).collect::<Option<Vec<_>>>()?.into()
        } else {
            value(field, &cell["v"])?
        };
        Some((field.name.clone(), value))
    });
    Some(Value::Object(members.collect::<Option<_>>()?))
}

fn value(field: &Field, wire: &Value) -> Option<Value> {
    if wire.is_null() {
        return Some(Value::Null);
    }
    if field.field_type == FieldType::Record {
        return record(&field.fields, wire);
    }
    let text = wire.as_str()?;
    Some(match field.field_type {
        FieldType::Integer => match text.parse::<i64>().ok()? {
            number if number.unsigned_abs() < 1 << 53 => json!(number),
            number => json!(number.to_string()),
        },
        FieldType::Float => match text.to_lowercase().as_str() {
            "nan" => json!("NaN"),
            "inf" | "infinity" => json!("Infinity"),
            "-inf" | "-infinity" => json!("-Infinity"),
            number => serde_json::from_str(number).ok()?,
        },
        FieldType::Boolean => serde_json::from_str::<bool>(text).ok()?.into(),
        FieldType::Timestamp => {
            let at = jiff::Timestamp::from_microsecond(text.parse().ok()?).unwrap();
            let precision = if at.subsec_microsecond() == 0 && at.subsec_millisecond() == 0 { 0 } else { 6 };
            json!(format!("{at:.precision$}"))
        }
        FieldType::Json => serde_json::from_str(text).ok()?,
        _ => json!(text),
    })
}
