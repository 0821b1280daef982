//! Every BigQuery type with its extremes, stored as the table in docs/configuration says.

use crate::support::NOON;
use component_tests::bigquery::{Column, Table};
use component_tests::host::Engine;
use component_tests::storage::Storage;
use component_tests::values::{Value, text};
use component_tests::world::World;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

/// A table of one column of a type, with a row for each of these values.
fn table_of(column: Column, values: impl IntoIterator<Item = Value>) -> Table {
    let rows = (NOON..).zip(values).map(|(at, value)| vec![Value::Timestamp(at), value]);
    Table::new("values", vec![Column::new("ts", "TIMESTAMP"), column]).with_rows(rows)
}

/// What a column `v` of this type is stored as, row by row.
fn stored(column: Column, values: impl IntoIterator<Item = Value>) -> Vec<Json> {
    let world = World::new(vec![table_of(column, values)]);
    let _engine = world.sync();
    let storage = world.storage();
    storage.records("values").map(|record| record["v"].clone()).collect()
}

#[test]
fn integers_are_numbers_as_far_as_numbers_are_exact_and_strings_beyond() {
    let exact = (1 << 53) - 1;
    let values = [0, -1, exact, -exact, exact + 1, exact + 2, -exact - 1, i64::MIN, i64::MAX].map(Value::Int);
    assert_eq!(
        stored(Column::new("v", "INTEGER"), values),
        [
            json!(0),
            json!(-1),
            json!(exact),
            json!(-exact),
            json!("9007199254740992"),
            json!("9007199254740993"),
            json!("-9007199254740992"),
            json!("-9223372036854775808"),
            json!("9223372036854775807"),
        ]
    );
}

#[test]
fn floats_are_numbers_and_what_json_has_no_number_for_is_a_string() {
    let numbers = [0.0, 1.5, -2.25, 1e16, 1e-7, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    let stored_numbers = stored(Column::new("v", "FLOAT"), numbers.map(Value::Float));
    assert_eq!(stored_numbers.iter().map(Json::as_f64).collect::<Vec<_>>(), numbers.map(Some));

    let others = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Value::Float);
    assert_eq!(stored(Column::new("v", "FLOAT"), others), ["NaN", "Infinity", "-Infinity"]);
}

#[test]
fn decimals_are_exact_strings() {
    let decimals = ["0", "100", "-0.000000001", "99999999999999999999999999999.999999999"];
    assert_eq!(stored(Column::new("v", "NUMERIC"), decimals.map(text)), decimals);
    let big = ["578960446186580977117854925043439539266.34992332820282019728792003956564819967", "-1.5"];
    assert_eq!(stored(Column::new("v", "BIGNUMERIC"), big.map(text)), big);
}

#[test]
fn texts_come_through_whatever_is_in_them() {
    let megabyte = "m".repeat(1 << 20);
    let texts =
        ["", "⚓ 🚢 \u{1d11e}", "\"quoted\" \\ back\\slash", "line\nfeed\ttab\u{0}nul\u{7f}", "null", &megabyte];
    assert_eq!(stored(Column::new("v", "STRING"), texts.map(text)), texts);
}

#[test]
fn booleans_and_bytes_have_their_json_form() {
    assert_eq!(stored(Column::new("v", "BOOLEAN"), [true, false].map(Value::Bool)), [true, false]);
    let bytes = ["", "AA==", "3q2+7w=="];
    assert_eq!(stored(Column::new("v", "BYTES"), bytes.map(Value::Base64)), bytes);
}

#[test]
fn timestamps_have_six_digits_or_none() {
    let times = [-62_135_596_800_000_000, -1, 0, NOON + 500_000, 253_402_300_799_999_999].map(Value::Timestamp);
    assert_eq!(
        stored(Column::new("v", "TIMESTAMP"), times),
        [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00Z",
            "2025-12-01T12:00:00.500000Z",
            "9999-12-31T23:59:59.999999Z",
        ]
    );
}

#[test]
fn civil_times_places_and_spans_keep_bigquerys_spelling() {
    let cases: [(&str, &[&str]); 6] = [
        ("DATE", &["0001-01-01", "9999-12-31"]),
        ("TIME", &["00:00:00", "23:59:59.999999"]),
        ("DATETIME", &["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"]),
        ("GEOGRAPHY", &["POINT(-122.35 47.62)"]),
        ("INTERVAL", &["1-2 3 4:5:6.789"]),
        ("RANGE", &["[2025-01-01, 2025-02-01)", "[2025-01-01, UNBOUNDED)"]),
    ];
    for (kind, texts) in cases {
        assert_eq!(stored(Column::new("v", kind), texts.iter().map(|&value| text(value))), texts, "{kind}");
    }
}

#[test]
fn json_is_parsed_and_null_is_null() {
    let documents = [json!({ "a": [1, "2", null, { "b": false }] }), json!([]), json!("text"), json!(1.5)];
    assert_eq!(stored(Column::new("v", "JSON"), documents.clone().map(Value::Json)), documents);
    for kind in ["INTEGER", "FLOAT", "STRING", "TIMESTAMP", "JSON", "BYTES", "BOOLEAN"] {
        assert_eq!(stored(Column::new("v", kind), [Value::Null]), [Json::Null], "{kind}");
    }
}

#[test]
fn arrays_and_records_nest() {
    let members = vec![
        Column::new("at", "TIMESTAMP"),
        Column::new("big", "INTEGER").repeated(),
        Column::record("inner", vec![Column::new("id", "STRING")]),
    ];
    let record = |at, big: &[i64], id| {
        let inner = Value::Struct(vec![("id", id)]);
        Value::Struct(vec![
            ("at", Value::Timestamp(at)),
            ("big", Value::Array(big.iter().copied().map(Value::Int).collect())),
            ("inner", inner),
        ])
    };
    let values = [
        Value::Array(vec![record(NOON, &[1, i64::MAX], text("a")), record(-1, &[], Value::Null)]),
        Value::Array(Vec::new()),
    ];
    assert_eq!(
        stored(Column::record("v", members).repeated(), values),
        [
            json!([
                { "at": "2025-12-01T12:00:00Z", "big": [1, "9223372036854775807"], "inner": { "id": "a" } },
                { "at": "1969-12-31T23:59:59.999999Z", "big": [], "inner": { "id": null } },
            ]),
            json!([]),
        ]
    );
}

#[test]
fn every_bigquery_type_with_its_extremes_null_empty_and_nested_repeated_records_is_stored_as_documented() {
    let numeric = "99999999999999999999999999999.999999999";
    let big = "578960446186580977117854925043439539266.34992332820282019728792003956564819967";
    let megabyte = format!("{}⚓", "m".repeat(1 << 20));
    let list = || Column::record("list", vec![Column::new("k", "STRING"), Column::new("n", "INTEGER").repeated()]);
    let item = |k: &str, n: &[i64]| {
        Value::Struct(vec![("k", text(k)), ("n", Value::Array(n.iter().copied().map(Value::Int).collect()))])
    };
    let stored_item = |k: &str, n: Json| json!({ "k": k, "n": n });
    // For each column: the most, the least, and what is empty; then how Harper keeps them.
    let cases: Vec<(Column, [Value; 3], [Json; 3])> = vec![
        (
            Column::new("i", "INTEGER"),
            [(1 << 53) + 1, i64::MIN, 0].map(Value::Int),
            [json!("9007199254740993"), json!("-9223372036854775808"), json!(0)],
        ),
        (
            Column::new("f", "FLOAT"),
            [f64::MAX, f64::NEG_INFINITY, f64::NAN].map(Value::Float),
            [json!(f64::MAX), json!("-Infinity"), json!("NaN")],
        ),
        (
            Column::new("n", "NUMERIC"),
            [numeric, "-0.000000001", "0"].map(text),
            [numeric, "-0.000000001", "0"].map(Json::from),
        ),
        (Column::new("b", "BIGNUMERIC"), [big, "-1.5", "0"].map(text), [big, "-1.5", "0"].map(Json::from)),
        (
            Column::new("bool", "BOOLEAN"),
            [Value::Bool(true), Value::Bool(false), Value::Null],
            [json!(true), json!(false), json!(null)],
        ),
        (
            Column::new("order", "STRING"),
            [text(&megabyte), text("🚢"), text("")],
            [json!(megabyte), json!("🚢"), json!("")],
        ),
        (
            Column::new("bytes", "BYTES"),
            ["3q2+7w==", "AA==", ""].map(Value::Base64),
            ["3q2+7w==", "AA==", ""].map(Json::from),
        ),
        (
            Column::new("moment", "TIMESTAMP"),
            [253_402_300_799_999_999, -62_135_596_800_000_000, 0].map(Value::Timestamp),
            ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"].map(Json::from),
        ),
        (
            Column::new("then", "DATE"),
            [text("9999-12-31"), text("0001-01-01"), Value::Null],
            [json!("9999-12-31"), json!("0001-01-01"), json!(null)],
        ),
        (
            Column::new("time", "TIME"),
            [text("23:59:59.999999"), text("00:00:00"), Value::Null],
            [json!("23:59:59.999999"), json!("00:00:00"), json!(null)],
        ),
        (
            Column::new("MixedCase", "DATETIME"),
            [text("9999-12-31T23:59:59.999999"), text("0001-01-01T00:00:00"), Value::Null],
            [json!("9999-12-31T23:59:59.999999"), json!("0001-01-01T00:00:00"), json!(null)],
        ),
        (
            Column::new("id", "JSON"),
            [Value::Json(json!({ "a": [null, { "b": "ü" }] })), Value::Json(json!([])), Value::Null],
            [json!({ "a": [null, { "b": "ü" }] }), json!([]), json!(null)],
        ),
        (
            Column::new("place", "GEOGRAPHY"),
            [text("POINT(-122.35 47.62)"), text("POINT EMPTY"), Value::Null],
            [json!("POINT(-122.35 47.62)"), json!("POINT EMPTY"), json!(null)],
        ),
        (
            Column::new("span", "INTERVAL"),
            [text("1-2 3 4:5:6.789"), text("-0-1 0 0:0:0"), Value::Null],
            [json!("1-2 3 4:5:6.789"), json!("-0-1 0 0:0:0"), json!(null)],
        ),
        (
            Column::new("range", "RANGE"),
            [text("[2025-01-01, UNBOUNDED)"), text("[2025-01-01, 2025-01-02)"), Value::Null],
            [json!("[2025-01-01, UNBOUNDED)"), json!("[2025-01-01, 2025-01-02)"), json!(null)],
        ),
        (
            list().repeated(),
            [
                Value::Array(vec![item("🚢", &[1, i64::MAX]), item("", &[])]),
                Value::Array(vec![item("x", &[0])]),
                Value::Array(vec![]),
            ],
            [
                json!([stored_item("🚢", json!([1, "9223372036854775807"])), stored_item("", json!([]))]),
                json!([stored_item("x", json!([0]))]),
                json!([]),
            ],
        ),
    ];
    let columns =
        std::iter::once(Column::new("ts", "TIMESTAMP")).chain(cases.iter().map(|(column, ..)| column.clone()));
    let row = |position: usize| {
        let at = Value::Timestamp(NOON + position as i64);
        std::iter::once(at).chain(cases.iter().map(move |(_, values, _)| values[position].clone())).collect()
    };
    let world = World::new(vec![Table::new("values", columns.collect()).with_rows((0..3).map(row))]);

    let _engine = world.sync();

    let storage = world.storage();
    for (position, record) in storage.records("values").enumerate() {
        for (column, _, stored) in &cases {
            assert_eq!(record[column.attribute()], stored[position], "{} of row {position}", column.name);
        }
    }
    assert_eq!(storage.records("values").count(), 3);
}

#[test]
fn columns_my_col_first_name_and_a_reserved_word_synced() {
    let names = ["my-col", "first name", "order", "SELECT", "id", "then", "toJSON", "getId", "_syncedAt", "MixedCase"];
    let mut columns = vec![Column::new("ts", "TIMESTAMP")];
    columns.extend(names.map(|name| Column::new(name, "STRING")));
    let mut cells = vec![Value::Timestamp(NOON)];
    cells.extend(names.map(text));
    let mut listed = vec!["ts"];
    listed.extend(names);
    let world = World::new(vec![Table::new("odd", columns).with_rows([cells])]).with("columns", json!(listed));

    let engine = world.sync();

    let storage = world.storage();
    let record = storage.records("odd").next().expect("one record");
    assert_eq!(
        (&record["id_"], &record["then_"], &record["first name"]),
        (&json!("id"), &json!("then"), &json!("first name"))
    );
    let renamed =
        engine.log().iter().filter(|record| record.event == "renamed" && record.message.contains("id as id_")).count();
    assert_eq!(renamed, 1, "said once: {:#?}", engine.log());
}

#[test]
fn a_subquery_a_function_call_or_a_backtick_as_a_column_or_table_name_a_configuration_error() {
    let hostile = [
        ("columns", json!(["ts", "(SELECT pw FROM d.secret LIMIT 1) AS leaked"]), "bigquery.tables[0].columns[1]"),
        ("columns", json!(["ts", "UPPER(n)"]), "bigquery.tables[0].columns[1]"),
        ("columns", json!(["ts", "n` FROM `d.secret"]), "bigquery.tables[0].columns[1]"),
        ("table", json!("t` CROSS JOIN `d.secret"), "bigquery.tables[0].table"),
        ("table", json!("(SELECT pw FROM d.secret)"), "bigquery.tables[0].table"),
        ("table", json!("UNNEST(x)"), "bigquery.tables[0].table"),
        ("dataset", json!("a; DROP TABLE x"), "bigquery.tables[0].dataset"),
        ("timestampColumn", json!("ts` IS NULL OR `ts"), "bigquery.tables[0].timestampColumn"),
    ];
    for (key, value, path) in hostile {
        let world = World::new(vec![table_of(Column::new("n", "STRING"), [])]).with(key, value);
        let mut engine = Engine::start(world.start(), Arc::new(Mutex::new(Storage::default())));
        engine.run_for(std::time::Duration::from_millis(50));

        let paths: Vec<&str> = engine.plan.errors.iter().map(|error| error.path.as_str()).collect();
        assert!(paths.contains(&path), "{key}: {paths:?}");
        assert_eq!(world.proxy.seen().len(), 0, "{key}");
    }
}
