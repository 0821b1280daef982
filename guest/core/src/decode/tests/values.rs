//! What becomes of values of each type.

use super::*;
use proptest::prelude::*;

/// What a column of this type and mode holds for a wire value, as JSON text; or why the row is set aside.
fn stored_with(numeric: NumericForm, mut column: Value, wire: &Value) -> Result<String, String> {
    column["name"] = json!("c");
    let settings = Rc::new(LayoutSettings { numeric, ..(*settings(&[])).clone() });
    let page = decode_with(&settings, &body(json!([column]), &[json!([wire])])).unwrap();
    assert_eq!(page.rows_read, 1);
    if let [undecodable] = &page.undecodable[..] {
        assert!(page.batch.is_empty());
        return Err(undecodable.reason.clone());
    }
    let record = std::str::from_utf8(page.batch.record_json(0)).unwrap();
    serde_json::from_str::<Value>(record).expect("records are JSON");
    let value = record.split_once(r#","c":"#).unwrap().1;
    Ok(value.strip_suffix('}').unwrap().to_owned())
}

fn stored(type_name: &str, wire: &str) -> Result<String, String> {
    stored_with(NumericForm::String, json!({ "type": type_name }), &json!(wire))
}

fn assert_stored(type_name: &str, cases: &[(&str, &str)]) {
    for &(wire, expected) in cases {
        assert_eq!(stored(type_name, wire).as_deref(), Ok(expected), "{type_name} {wire}");
    }
}

fn assert_refused(type_name: &str, wires: &[&str]) {
    for wire in wires {
        let reason = stored(type_name, wire).expect_err(wire);
        assert!(reason.starts_with("`c` is ") && reason.ends_with(type_name), "{reason}");
    }
}

#[test]
fn null_is_null_whatever_the_type() {
    for type_name in ["STRING", "INT64", "FLOAT64", "TIMESTAMP", "JSON", "BYTES", "NUMERIC", "GEOGRAPHY"] {
        assert_eq!(stored_with(NumericForm::String, json!({ "type": type_name }), &Value::Null).unwrap(), "null");
    }
}

#[test]
fn an_int64_is_a_number_where_a_double_holds_it_exactly() {
    assert_stored(
        "INT64",
        &[
            ("0", "0"),
            ("-1", "-1"),
            ("9007199254740991", "9007199254740991"),
            ("-9007199254740991", "-9007199254740991"),
            ("9007199254740992", r#""9007199254740992""#),
            ("9007199254740993", r#""9007199254740993""#),
            ("-9007199254740993", r#""-9007199254740993""#),
            ("9223372036854775807", r#""9223372036854775807""#),
            ("-9223372036854775808", r#""-9223372036854775808""#),
        ],
    );
    assert_refused(
        "INT64",
        &["", "-", "1.0", "+1", "01", "-0", "1e3", "0x1", "9223372036854775808", "-9223372036854775809"],
    );
    assert_refused("INT64", &["99999999999999999999", "18446744073709551617", "one", " 1", "1 "]);
}

#[test]
fn a_float64_is_a_number_or_the_name_of_what_is_none() {
    assert_stored(
        "FLOAT64",
        &[
            ("1.5", "1.5"),
            ("1e+16", "1e+16"),
            ("1.0E16", "1.0E16"),
            ("1e-07", "1e-07"),
            ("-0.0", "-0.0"),
            ("100.0", "100.0"),
            ("1.7976931348623157E308", "1.7976931348623157E308"),
            ("4.9E-324", "4.9E-324"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("nan", r#""NaN""#),
            ("NaN", r#""NaN""#),
            ("inf", r#""Infinity""#),
            ("Infinity", r#""Infinity""#),
            ("-inf", r#""-Infinity""#),
            ("-Infinity", r#""-Infinity""#),
        ],
    );
    assert_refused("FLOAT64", &["", "1e999", "one", "1,5", "--1", "0x1p3"]);
}

#[test]
fn a_numeric_is_the_exact_decimal_without_needless_zeros() {
    for type_name in ["NUMERIC", "BIGNUMERIC"] {
        assert_stored(
            type_name,
            &[
                ("1.100000000", r#""1.1""#),
                ("100.000000000", r#""100""#),
                ("100", r#""100""#),
                ("1E-9", r#""0.000000001""#),
                ("-1.5e3", r#""-1500""#),
                ("12.34e1", r#""123.4""#),
                ("12.34e-1", r#""1.234""#),
                ("-0", r#""0""#),
                ("0E-9", r#""0""#),
                ("-0.000", r#""0""#),
                ("007.50", r#""7.5""#),
                (".5", r#""0.5""#),
                ("5.", r#""5""#),
                ("99999999999999999999999999999.999999999", r#""99999999999999999999999999999.999999999""#),
                (
                    "-578960446186580977117854925043439539266.34992332820282019728792003956564819968",
                    r#""-578960446186580977117854925043439539266.34992332820282019728792003956564819968""#,
                ),
            ],
        );
        assert_refused(type_name, &["", ".", "-", "e5", "1e", "1e5.", "1.2.3", "NaN", "1e999999999", "1e99999999999"]);
    }
}

#[test]
fn a_numeric_is_a_number_when_configured() {
    let stored = |wire| stored_with(NumericForm::Number, json!({"type": "NUMERIC"}), &json!(wire));
    assert_eq!(stored("1.100000000").unwrap(), "1.1");
    assert_eq!(stored("-1E-9").unwrap(), "-0.000000001");
}

#[test]
fn booleans_and_strings_are_themselves() {
    assert_stored("BOOL", &[("true", "true"), ("false", "false")]);
    assert_refused("BOOL", &["1", "yes", ""]);
    assert_stored("STRING", &[("", r#""""#), ("a \"b\" \\ \n", r#""a \"b\" \\ \n""#), ("😀 é", r#""😀 é""#)]);
    assert_stored("BYTES", &[("AAEC/w==", r#""AAEC/w==""#)]);
}

#[test]
fn a_megabyte_of_text_is_a_string() {
    let text = "0123456é".repeat(125_000);
    assert_eq!(stored("STRING", &text).unwrap(), format!("\"{text}\""));
}

#[test]
fn a_timestamp_is_rfc3339_from_either_wire_form() {
    assert_stored(
        "TIMESTAMP",
        &[
            ("1764590400123456", r#""2025-12-01T12:00:00.123456Z""#),
            ("1764590400000000", r#""2025-12-01T12:00:00Z""#),
            ("1.764590400123456E9", r#""2025-12-01T12:00:00.123456Z""#),
            ("1.7645904E9", r#""2025-12-01T12:00:00Z""#),
            ("1764590400.1", r#""2025-12-01T12:00:00.100000Z""#),
            ("1.7645904001234559E9", r#""2025-12-01T12:00:00.123456Z""#),
            ("0", r#""1970-01-01T00:00:00Z""#),
            ("0.0", r#""1970-01-01T00:00:00Z""#),
            ("-1", r#""1969-12-31T23:59:59.999999Z""#),
            ("-1.0E-6", r#""1969-12-31T23:59:59.999999Z""#),
            ("-62135596800000000", r#""0001-01-01T00:00:00Z""#),
            ("-6.21355968E10", r#""0001-01-01T00:00:00Z""#),
            ("253402300799999999", r#""9999-12-31T23:59:59.999999Z""#),
            ("253402300799.999999", r#""9999-12-31T23:59:59.999999Z""#),
        ],
    );
    assert_refused("TIMESTAMP", &["253402300800000000", "-62135596800000001", "1e30", "1e-999", "9e18", ""]);
    assert_refused("TIMESTAMP", &["99999999999999999999", "2025-12-01 12:00:00 UTC", "NaN", "1.5.5"]);
}

#[test]
fn civil_times_are_bigquerys_canonical_strings() {
    assert_stored("DATE", &[("2025-12-15", r#""2025-12-15""#), ("0001-01-01", r#""0001-01-01""#)]);
    assert_refused("DATE", &["2025-02-29", "2025-13-01", "2025-1-1", "0000-01-01", "2025/01/01", "2025-12-155", ""]);
    assert_stored(
        "TIME",
        &[
            ("19:59:00", r#""19:59:00""#),
            ("19:59:00.000", r#""19:59:00""#),
            ("12:00:00.1", r#""12:00:00.100000""#),
            ("23:59:59.999999", r#""23:59:59.999999""#),
            ("00:00:00.000001000", r#""00:00:00.000001""#),
        ],
    );
    assert_refused("TIME", &["24:00:00", "12:60:00", "12:00:60", "12:00", "12:00:00.", "12:00:00.0000001", "1:2:3"]);
    assert_stored(
        "DATETIME",
        &[
            ("2025-01-01T12:00:00.123456", r#""2025-01-01T12:00:00.123456""#),
            ("2025-01-01 12:00:00.5", r#""2025-01-01T12:00:00.500000""#),
            ("9999-12-31T23:59:59", r#""9999-12-31T23:59:59""#),
        ],
    );
    assert_refused("DATETIME", &["2025-01-01", "2025-02-30T00:00:00", "2025-01-01T25:00:00", "2025-01-01T12:00:00Z"]);
}

#[test]
fn a_json_column_is_the_parsed_value() {
    assert_stored(
        "JSON",
        &[
            (r#"{"a": [1, "x\ny", null], "b": {}}"#, r#"{"a":[1,"x\u000ay",null],"b":{}}"#),
            ("null", "null"),
            ("1.50", "1.50"),
            ("\"text\"", "\"text\""),
            (" [] ", "[]"),
        ],
    );
    assert_refused("JSON", &["", "{", "{'a':1}", "1 2", "undefined", "NaN"]);
}

#[test]
fn other_types_keep_bigquerys_string() {
    assert_stored("GEOGRAPHY", &[("POINT(-122.35 47.62)", r#""POINT(-122.35 47.62)""#)]);
    assert_stored("INTERVAL", &[("1-2 3 4:5:6.789", r#""1-2 3 4:5:6.789""#)]);
    assert_stored("RANGE", &[("[2025-01-01, UNBOUNDED)", r#""[2025-01-01, UNBOUNDED)""#)]);
    assert_stored("TENSOR", &[("whatever it is", r#""whatever it is""#)]);
    assert_stored("RECORD", &[("[, 5)", r#""[, 5)""#)]);
}

#[test]
fn arrays_and_structs_are_arrays_and_objects_at_any_depth() {
    let column = json!({"type": "RECORD", "mode": "REPEATED", "fields": [
        {"name": "id", "type": "INTEGER"},
        {"name": "tags", "type": "STRING", "mode": "REPEATED"},
        {"name": "at", "type": "STRUCT", "fields": [{"name": "t", "type": "TIMESTAMP"}, {"name": "n", "type": "NUMERIC"}]},
    ]});
    let point = |id: Value, tags: Value, at: Value| json!({"v": {"f": [{"v": id}, {"v": tags}, {"v": at}]}});
    let at = json!({"f": [{"v": "1764590400000000"}, {"v": "1.50"}]});
    let wire = json!([
        point(json!("1"), json!([{"v": "a"}, {"v": null}, {"v": "b"}]), at),
        point(json!("9007199254740993"), json!([]), json!(null)),
        {"v": null},
    ]);
    let expected = concat!(
        r#"[{"id":1,"tags":["a",null,"b"],"at":{"t":"2025-12-01T12:00:00Z","n":"1.5"}},"#,
        r#"{"id":"9007199254740993","tags":[],"at":null},null]"#
    );
    assert_eq!(stored_with(NumericForm::String, column.clone(), &wire).unwrap(), expected);
    assert_eq!(stored_with(NumericForm::String, column.clone(), &json!([])).unwrap(), "[]");
    assert_eq!(stored_with(NumericForm::String, column, &json!(null)).unwrap(), "null");
}

#[test]
fn a_value_of_the_wrong_shape_is_told_with_its_path() {
    let strings = json!({"type": "STRING", "mode": "REPEATED"});
    let record = json!({"type": "RECORD", "fields": [{"name": "x", "type": "INTEGER"}]});
    let reason = |column: &Value, wire| stored_with(NumericForm::String, column.clone(), &wire).unwrap_err();
    assert_eq!(reason(&strings, json!("a")), "`c` is \"a\", which is no ARRAY of STRING");
    assert_eq!(reason(&record, json!("a")), "`c` is \"a\", which is no STRUCT");
    assert_eq!(reason(&record, json!({"f": [{"v": "a"}]})), "`c.x` is \"a\", which is no INT64");
    assert_eq!(reason(&record, json!({"f": [{"v": 5}]})), "`c.x` is 5, which is no INT64");
    assert_eq!(reason(&json!({"type": "STRING"}), json!({"f": []})), "`c` is {\"f\":[]}, which is no STRING");
}

#[test]
fn a_value_with_escapes_is_read_like_one_without() {
    let body = body(json!([{"name": "n", "type": "INT64"}]), &[json!(["17"])]).replace("\"17\"", r#""\u0031\u0037""#);
    assert_eq!(record(&decode(&body).unwrap(), 0)["n"], json!(17));
}

#[test]
fn reserved_column_names_are_renamed() {
    let columns = json!([
        {"name": "id", "type": "STRING"}, {"name": "order", "type": "STRING"}, {"name": "then", "type": "STRING"},
        {"name": "MixedCase", "type": "STRING"}, {"name": "my-col", "type": "STRING"},
    ]);
    let page = decode(&body(columns, &[json!(["a", "b", "c", "d", "e"])])).unwrap();
    let record = record(&page, 0);
    let values = ["id_", "order", "then_", "MixedCase", "my-col"].map(|name| record[name].as_str().unwrap());
    assert_eq!(values, ["a", "b", "c", "d", "e"]);
    assert_eq!(record["id"], page.batch.rows[0].id.as_str());
}

proptest! {
    #[test]
    fn floats_are_the_nearest_ones_and_only_json_numbers_stay_as_they_are(
        wire in "-?[0-9]{0,17}(\\.[0-9]{0,16})?(e-?[0-9])?",
    ) {
        let (mut out, mut canonical) = (Vec::new(), Vec::new());
        let read = scalar::float(wire.as_bytes(), &mut out, &mut canonical);
        let value = wire.parse::<f64>().ok();
        prop_assert_eq!(read.is_some(), value.is_some());
        if let Some(value) = value {
            prop_assert_eq!(canonical, value.to_bits().to_le_bytes());
            let is_json = serde_json::from_str::<serde_json::Number>(&wire).is_ok();
            prop_assert_eq!(out, if is_json { wire } else { format!("{value:?}") }.into_bytes());
        }
    }

    #[test]
    fn integers_are_read_up_to_the_last_of_any_number_of_digits(wire in "-?[0-9]{1,20}|[0-9/:a]{6,18}") {
        let (mut out, mut canonical) = (Vec::new(), Vec::new());
        let read = scalar::integer(wire.as_bytes(), &mut out, &mut canonical);
        let is_one = wire.parse::<i64>().is_ok_and(|value| value.to_string() == wire);
        prop_assert_eq!(read.is_some(), is_one);
    }
}
