//! Typed values, and what each looks like on BigQuery's wire and in Harper: the table in docs, told a second time, so
//! that the engine's decoder is held against something that it did not write.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde_json::{Map, Number, Value as Json, json};

/// `jiff::Timestamp` ends a day before BigQuery's does, civil time does not.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// One cell of a BigQuery row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// BOOL.
    Bool(bool),
    /// INT64.
    Int(i64),
    /// FLOAT64.
    Float(f64),
    /// TIMESTAMP, in microseconds since 1970.
    Timestamp(i64),
    /// BYTES, by its base64.
    Base64(&'static str),
    /// JSON.
    Json(Json),
    /// STRING and every type that crosses the wire as Harper keeps it: NUMERIC, DATE, TIME, DATETIME, GEOGRAPHY, ...
    Text(String),
    /// ARRAY.
    Array(Vec<Value>),
    /// STRUCT.
    Struct(Vec<(&'static str, Value)>),
}

/// STRING, DATE, NUMERIC and the like.
pub fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// TIMESTAMP from RFC 3339 text.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn timestamp(rfc3339: &str) -> Value {
    let civil: DateTime = rfc3339.trim_end_matches('Z').parse().expect("an RFC 3339 timestamp in UTC");
    Value::Timestamp((civil.duration_since(EPOCH).as_nanos() / 1_000) as i64)
}

/// How TIMESTAMP is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampForm {
    /// `formatOptions.useInt64Timestamp`
    Micros,
    /// BigQuery's default.
    FloatSeconds,
}

impl Value {
    /// What stands for the cell under `v`.
    #[must_use]
    pub fn wire(&self, form: TimestampForm) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => json!(value.to_string()),
            Self::Int(value) => json!(value.to_string()),
            Self::Float(value) if value.is_infinite() => json!(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
            Self::Float(value) => json!(format!("{value:?}").replace('e', "E")),
            Self::Timestamp(micros) if form == TimestampForm::Micros => json!(micros.to_string()),
            Self::Timestamp(micros) => json!(float_seconds(*micros)),
            Self::Base64(value) => json!(value),
            Self::Json(value) => json!(value.to_string()),
            Self::Text(value) => json!(value),
            Self::Array(values) => values.iter().map(|value| json!({ "v": value.wire(form) })).collect(),
            Self::Struct(members) => wire_row(members.iter().map(|(_, value)| value), form),
        }
    }

    /// What `insertAll` takes.
    #[must_use]
    pub fn inserted(&self) -> Json {
        match self {
            Self::Timestamp(micros) => json!(rfc3339(*micros)),
            Self::Int(value) => json!(value.to_string()),
            Self::Json(value) => json!(value.to_string()),
            Self::Array(values) => values.iter().map(Self::inserted).collect(),
            Self::Struct(members) => {
                members.iter().map(|(name, value)| ((*name).to_owned(), value.inserted())).collect::<Map<_, _>>().into()
            }
            other => other.stored(),
        }
    }

    /// What Harper is to keep.
    #[must_use]
    pub fn stored(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => json!(value),
            Self::Int(value) if value.unsigned_abs() < 1 << 53 => json!(value),
            Self::Int(value) => json!(value.to_string()),
            Self::Float(value) if value.is_finite() => json!(value),
            Self::Float(value) if value.is_nan() => json!("NaN"),
            Self::Float(value) => json!(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
            Self::Timestamp(micros) => json!(rfc3339(*micros)),
            Self::Base64(value) => json!(value),
            Self::Json(value) => value.clone(),
            Self::Text(value) => json!(value),
            Self::Array(values) => values.iter().map(Self::stored).collect(),
            Self::Struct(members) => {
                members.iter().map(|(name, value)| ((*name).to_owned(), value.stored())).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// A row of cells as BigQuery writes it.
pub fn wire_row<'a>(cells: impl Iterator<Item = &'a Value>, form: TimestampForm) -> Json {
    json!({ "f": cells.map(|cell| json!({ "v": cell.wire(form) })).collect::<Vec<_>>() })
}

/// A record's content as text to compare: members sorted, numbers as doubles (which is all that Harper has), and without
/// what the engine adds (`id`, `_syncedAt`).
#[must_use]
pub fn content(record: &Json) -> String {
    let mut record = as_doubles(record.clone());
    if let Json::Object(members) = &mut record {
        members.retain(|name, _| name != "id" && name != "_syncedAt");
    }
    record.to_string()
}

fn as_doubles(value: Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64().and_then(Number::from_f64)),
        Json::Array(values) => values.into_iter().map(as_doubles).collect(),
        Json::Object(members) => {
            members.into_iter().map(|(name, value)| (name, as_doubles(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// `1.764590400123456E9`, exactly.
fn float_seconds(micros: i64) -> String {
    let digits = micros.unsigned_abs().to_string();
    let (first, rest) = digits.split_at(1);
    let fraction = rest.trim_end_matches('0');
    let sign = if micros < 0 { "-" } else { "" };
    let exponent = rest.len() as i64 - 6;
    if micros == 0 {
        "0.0".into()
    } else {
        format!("{sign}{first}.{}E{exponent}", if fraction.is_empty() { "0" } else { fraction })
    }
}

/// RFC 3339 in UTC, with six fractional digits, or none when they are zero.
///
/// # Panics
/// Outside the years 1 to 9999.
#[must_use]
pub fn rfc3339(micros: i64) -> String {
    let civil = EPOCH.checked_add(SignedDuration::from_micros(micros)).expect("a year that BigQuery has");
    if micros % 1_000_000 == 0 { format!("{civil}Z") } else { format!("{civil:.6}Z") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_two_spellings_on_the_wire_and_one_in_harper() {
        let at = timestamp("2025-12-01T12:00:00.123456Z");
        assert_eq!(at.wire(TimestampForm::Micros), "1764590400123456");
        assert_eq!(at.wire(TimestampForm::FloatSeconds), "1.764590400123456E9");
        assert_eq!(at.stored(), "2025-12-01T12:00:00.123456Z");
        assert_eq!(timestamp("1969-12-31T23:59:59Z").wire(TimestampForm::FloatSeconds), "-1.0E0");
        assert_eq!(timestamp("9999-12-31T23:59:59.999999Z").stored(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Value::Timestamp(500_000).stored(), "1970-01-01T00:00:00.500000Z");
    }
}
