//! What a row's checksum is made of: of each column a number that BigQuery and this file compute alike.
//!
//! How the two write values of other types as text differs, so of those columns nothing is taken: arrays, STRUCTs, decimals,
//! JSON, BYTES, TIME and the rarer ones.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::schema::{Field, FieldType, Mode, Schema};
use crate::sql::{self, TimestampKind};
use crate::time::{self, Micros, SECOND};

/// 2^31 - 1, a prime: the square of anything less fits 64 bits, which BigQuery refuses to overflow.
pub const CHECKSUM_MODULUS: i64 = 2_147_483_647;
/// Stands for NULL; no remainder is as large.
const NULL: i64 = CHECKSUM_MODULUS;
/// Columns that are looked at: the sum of so many terms below 2^51 fits 64 bits.
const MOST_COLUMNS: usize = 4_000;
/// Floating point numbers are compared to so many parts of one. Harper keeps some of them with one digit less.
const FLOAT_PARTS: f64 = 1e6;
/// Larger ones, of which so many parts do not fit 64 bits, count as NULL.
const LARGEST_FLOAT: f64 = 9e12;
/// Attributes declared as Date keep milliseconds only.
const TIME_UNIT: Micros = SECOND / 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Integer,
    Boolean,
    Float,
    Text,
    Time(TimestampKind),
}

#[derive(Debug)]
struct Column {
    /// In BigQuery.
    name: String,
    /// In Harper.
    attribute: String,
    measure: Measure,
}

/// How the checksum of a table's rows is computed.
#[derive(Debug)]
pub struct Checksum {
    columns: Vec<Column>,
    timestamp_column: String,
    kind: TimestampKind,
}

impl Checksum {
    /// Of rows with these columns.
    #[must_use]
    pub fn new(schema: &Schema, timestamp_column: &str, kind: TimestampKind) -> Self {
        let measured = schema.fields.iter().zip(schema.harper_names()).filter_map(|(field, attribute)| {
            let measure = Measure::of(field).filter(|_| !field.name.eq_ignore_ascii_case(timestamp_column))?;
            Some(Column { name: field.name.clone(), attribute, measure })
        });
        let mut columns: Vec<Column> = measured.collect();
        // By name: the order of columns means nothing.
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        columns.truncate(MOST_COLUMNS);
        Self { columns, timestamp_column: timestamp_column.into(), kind }
    }

    /// Names in Harper of the columns that are looked at, besides the timestamp column.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.attribute.as_str())
    }

    /// The checksum as an expression in GoogleSQL.
    #[must_use]
    pub fn sql(&self) -> String {
        let at = sql::micros(self.kind, &sql::quote(&self.timestamp_column));
        let terms = self.columns.iter().map(|column| column.measure.sql(&sql::quote(&column.name)));
        let weighted = (1..).zip(terms).map(|(position, term)| {
            format!(" + IFNULL(MOD({term}, {CHECKSUM_MODULUS}), {NULL}) * {}", weight(position))
        });
        let sum: String = weighted.collect();
        format!("MOD(IFNULL(MOD({at}, {CHECKSUM_MODULUS}), {NULL}) * {}{sum}, {CHECKSUM_MODULUS})", weight(0))
    }

    /// The checksum of a record that is about this point in time.
    #[must_use]
    pub fn of(&self, at: Micros, record: &Value) -> i64 {
        let terms = self.columns.iter().map(|column| column.measure.of_stored(&record[&column.attribute]));
        let weighted = (1..)
            .zip(terms)
            .map(|(position, term)| term.map_or(NULL, |term| term % CHECKSUM_MODULUS) * weight(position));
        (at % CHECKSUM_MODULUS * weight(0) + weighted.sum::<i64>()) % CHECKSUM_MODULUS
    }

    /// What a row adds to the sum of its bucket.
    #[must_use]
    pub fn square(checksum: i64) -> i64 {
        checksum * checksum % CHECKSUM_MODULUS
    }
}

/// From 1 to 2^20, another one for each of 2^20 columns.
fn weight(position: i64) -> i64 {
    1 + (position * 40_503 + 17) % 1_048_573
}

impl Measure {
    fn of(field: &Field) -> Option<Self> {
        if field.mode == Mode::Repeated {
            return None;
        }
        match field.field_type {
            FieldType::Integer => Some(Self::Integer),
            FieldType::Boolean => Some(Self::Boolean),
            FieldType::Float => Some(Self::Float),
            FieldType::String => Some(Self::Text),
            other => TimestampKind::of(other).map(Self::Time),
        }
    }

    /// A number, or NULL.
    fn sql(self, column: &str) -> String {
        match self {
            Self::Integer => column.to_owned(),
            Self::Boolean => format!("CAST({column} AS INT64)"),
            Self::Float => {
                format!("CAST(ROUND(IF(ABS({column}) < {LARGEST_FLOAT}, {column}, NULL) * {FLOAT_PARTS}) AS INT64)")
            }
            Self::Text => format!("CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256({column})), 1, 7)) AS INT64)"),
            Self::Time(kind) => {
                format!("DIV(({} + {}), {TIME_UNIT})", sql::micros(kind, column), -time::MIN)
            }
        }
    }

    /// The same of a value as records hold it.
    fn of_stored(self, value: &Value) -> Option<i64> {
        match self {
            Self::Integer => value.as_i64().or_else(|| value.as_str()?.parse().ok()),
            Self::Boolean => value.as_bool().map(i64::from),
            Self::Float => {
                // A column that was a decimal before has left its text.
                let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
                (number.abs() < LARGEST_FLOAT).then(|| (number * FLOAT_PARTS).round() as i64)
            }
            Self::Text => {
                let hash = Sha256::digest(value.as_str()?.as_bytes());
                Some(i64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) >> 4))
            }
            Self::Time(_) => Some((time::parse_stored(value.as_str()?)? - time::MIN) / TIME_UNIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn checksum() -> Checksum {
        let schema = serde_json::from_value(json!({ "fields": [
            { "name": "ts", "type": "TIMESTAMP" }, { "name": "n", "type": "INTEGER" }, { "name": "id", "type": "STRING" },
            { "name": "x", "type": "FLOAT" }, { "name": "is_new", "type": "BOOL" }, { "name": "day", "type": "DATE" },
            { "name": "list", "type": "STRING", "mode": "REPEATED" }, { "name": "json", "type": "JSON" },
        ]}));
        Checksum::new(&schema.unwrap(), "ts", TimestampKind::Timestamp)
    }

    fn record() -> Value {
        json!({ "n": 7, "id_": "ada", "x": 1.25, "is_new": true, "day": "2025-12-01", "list": ["a"], "json": {} })
    }

    #[test]
    fn every_column_that_both_sides_evaluate_alike_counts() {
        let all = checksum();
        assert_eq!(all.attributes().collect::<Vec<_>>(), ["day", "id_", "is_new", "n", "x"]);
        let plain = all.of(1, &record());
        assert_ne!(plain, all.of(2, &record()));
        for (attribute, value) in [
            ("n", json!(8)),
            ("n", json!("9007199254740993")),
            ("id_", json!("adb")),
            ("x", json!(1.250001)),
            ("is_new", json!(false)),
            ("is_new", json!(null)),
            ("day", json!("2025-12-02")),
        ] {
            let mut altered = record();
            altered[attribute] = value;
            assert_ne!(plain, all.of(1, &altered), "{altered}");
        }
    }

    #[test]
    fn what_harper_keeps_in_another_form_is_the_same() {
        let all = checksum();
        let plain = all.of(1, &record());
        for (attribute, value) in [
            ("n", json!("7")),
            ("x", json!(1.250_000_000_000_1)),
            ("day", json!("2025-12-01T00:00:00.000Z")),
            ("list", json!([])),
            ("json", json!(null)),
            ("_syncedAt", json!("2025-12-01T00:00:00Z")),
        ] {
            let mut other = record();
            other[attribute] = value;
            assert_eq!(plain, all.of(1, &other), "{other}");
        }
        let mut without = record();
        without["n"] = Value::Null;
        let with_null = all.of(1, &without);
        without.as_object_mut().unwrap().remove("n");
        assert_eq!(all.of(1, &without), with_null, "a column that was added later is NULL in old rows");
    }

    #[test]
    fn the_query_names_columns_as_bigquery_does() {
        let sql = checksum().sql();
        assert!(sql.starts_with("MOD(IFNULL(MOD(UNIX_MICROS(`ts`), 2147483647), 2147483647) * 18 + "), "{sql}");
        assert!(sql.contains("SHA256(`id`)") && !sql.contains("`list`") && !sql.contains("`json`"), "{sql}");
    }

    proptest! {
        #[test]
        fn no_row_overflows(at in time::MIN..=time::MAX, n in any::<i64>(), x in any::<f64>(), text in ".*") {
            let record = json!({ "n": n.to_string(), "x": x, "id_": text });
            let of = checksum().of(at, &record);
            prop_assert!(of.abs() < CHECKSUM_MODULUS && Checksum::square(of) < CHECKSUM_MODULUS);
        }
    }
}
