//! What makes rows the same and what makes them different.

use super::*;

/// The content hash of a row with column `ts` and these columns.
fn hash(columns: Value, row: Value) -> u64 {
    let page = decode(&body(columns, &[row])).unwrap();
    assert_eq!(page.undecodable, []);
    page.batch.rows[0].content_hash
}

fn hash_of(type_name: &str, wire: Value) -> u64 {
    hash(json!([{"name": "c", "type": type_name}]), json!([wire]))
}

fn hash_of_array(type_name: &str, wire: Value) -> u64 {
    hash(json!([{"name": "c", "type": type_name, "mode": "REPEATED"}]), json!([wire]))
}

fn assert_all_different(hashes: &[u64]) {
    let distinct: std::collections::HashSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len(), "{hashes:x?}");
}

#[test]
fn an_id_is_made_of_timestamp_and_content() {
    let page = decode(&body(json!([]), &[json!([])])).unwrap();
    let row = &page.batch.rows[0];
    assert_eq!(row.timestamp_micros, NOON);
    assert_eq!(row.id, crate::record_id::RecordId::from_content(NOON, row.content_hash));
    let canonical = [b"\x02\0\0\0ts\x08\0\0\0", &NOON.to_le_bytes()[..]].concat();
    assert_eq!(row.content_hash, crate::record_id::content_hash(&canonical));
    // Fixed for good: another value would store every row a second time.
    assert_eq!(row.id.as_str(), "800644e2b7f75000a14b51bfa308d58d");
}

#[test]
fn the_canonical_form_of_every_type_is_fixed_for_good() {
    let columns = json!([
        {"name": "s", "type": "STRING"}, {"name": "i", "type": "INT64"}, {"name": "f", "type": "FLOAT64"},
        {"name": "n", "type": "NUMERIC"}, {"name": "b", "type": "BOOL"}, {"name": "d", "type": "DATE"},
        {"name": "j", "type": "JSON"}, {"name": "a", "type": "INT64", "mode": "REPEATED"},
        {"name": "r", "type": "RECORD", "fields": [{"name": "y", "type": "TIME"}, {"name": "x", "type": "DATETIME"}]},
    ]);
    let row = json!(["é", "1", "1.5", "2.50", "true", "2025-01-01", "{\"k\": 1}", [{"v": "1"}, {"v": null}],
        {"f": [{"v": "12:00:00"}, {"v": "2025-01-01T00:00:00"}]}]);
    assert_eq!(hash(columns, row), 2_674_152_153_617_309_120);
}

#[test]
fn the_order_of_columns_makes_no_difference() {
    let (a, b) = (json!({"name": "a", "type": "STRING"}), json!({"name": "b", "type": "INT64"}));
    assert_eq!(hash(json!([a, b]), json!(["x", "1"])), hash(json!([b, a]), json!(["1", "x"])));
    let nested = |members: Value, values: Value| {
        hash(json!([{"name": "r", "type": "RECORD", "fields": members}]), json!([{"f": values}]))
    };
    let (x, one) = (json!({"v": "x"}), json!({"v": "1"}));
    assert_eq!(nested(json!([a, b]), json!([x, one])), nested(json!([b, a]), json!([one, x])));
}

#[test]
fn columns_that_are_added_and_null_make_no_difference() {
    let name = json!({"name": "name", "type": "STRING"});
    let old = hash(json!([name]), json!(["x"]));
    let added = json!({"name": "added", "type": "INT64"});
    assert_eq!(hash(json!([name, added]), json!(["x", null])), old);
    let added = json!({"name": "added", "type": "STRING", "mode": "REPEATED"});
    assert_eq!(hash(json!([added, name]), json!([[], "x"])), old);
}

#[test]
fn the_spelling_of_a_value_makes_no_difference() {
    let same = |type_name, a: &str, b: &str| {
        assert_eq!(hash_of(type_name, json!(a)), hash_of(type_name, json!(b)), "{type_name}: {a} and {b}");
    };
    same("TIMESTAMP", "1764590400123456", "1.764590400123456E9");
    same("FLOAT64", "1e+16", "1.0E16");
    same("FLOAT64", "100.0", "1E2");
    same("FLOAT64", "nan", "NaN");
    same("FLOAT64", "-inf", "-Infinity");
    same("NUMERIC", "1.100000000", "1.1");
    same("NUMERIC", "1E-9", "0.000000001");
    same("TIME", "12:00:00.1", "12:00:00.100000");
    same("DATETIME", "2025-01-01 12:00:00", "2025-01-01T12:00:00.000");
    same("JSON", r#"{"a": "\u00e9"}"#, r#"{"a":"é"}"#);
}

#[test]
fn escapes_make_no_difference() {
    for (type_name, text) in [("STRING", "é/\"\n😀"), ("JSON", "{\"é\":\"/😀\"}"), ("BYTES", "aé/w==")] {
        let plain = body(json!([{"name": "c", "type": type_name}]), &[json!([text])]);
        let escaped = plain.replace('é', "\\u00E9").replace('/', "\\/").replace('😀', "\\ud83d\\uDE00");
        assert_ne!(plain, escaped);
        let hash = |body: &str| decode(body).unwrap().batch.rows[0].content_hash;
        assert_eq!(hash(&plain), hash(&escaped), "{type_name}");
    }
}

#[test]
fn the_form_of_numerics_makes_no_difference() {
    let body = body(json!([{"name": "c", "type": "NUMERIC"}]), &[json!(["1.50"])]);
    let number = Rc::new(LayoutSettings { numeric: NumericForm::Number, ..(*settings(&[])).clone() });
    assert_eq!(
        decode(&body).unwrap().batch.rows[0].content_hash,
        decode_with(&number, &body).unwrap().batch.rows[0].content_hash
    );
}

#[test]
fn different_values_have_different_hashes() {
    assert_all_different(&["NaN", "Infinity", "-Infinity", "0", "1"].map(|wire| hash_of("FLOAT64", json!(wire))));
    assert_ne!(hash_of("FLOAT64", json!("NaN")), hash_of("FLOAT64", json!(null)));
    assert_ne!(hash_of("INT64", json!("9007199254740992")), hash_of("INT64", json!("9007199254740993")));
    assert_ne!(hash_of("TIMESTAMP", json!("1764590400123456")), hash_of("TIMESTAMP", json!("1764590400123457")));
    assert_ne!(hash_of("STRING", json!("")), hash_of("STRING", json!(null)));
    assert_ne!(hash_of("JSON", json!("null")), hash_of("JSON", json!(null)));
}

#[test]
fn what_lies_between_values_counts() {
    let arrays = [
        json!([{"v": "a"}, {"v": "b"}]),
        json!([{"v": "ab"}]),
        json!([{"v": "b"}, {"v": "a"}]),
        json!([{"v": "ab"}, {"v": ""}]),
        json!([{"v": "ab"}, {"v": null}]),
        json!([{"v": null}]),
        json!([]),
    ];
    assert_all_different(&arrays.map(|wire| hash_of_array("STRING", wire)));

    let columns = json!([{"name": "a", "type": "STRING"}, {"name": "b", "type": "STRING"}]);
    let rows = [json!(["x", null]), json!([null, "x"]), json!(["xx", ""]), json!(["x", "x"]), json!(["", "xx"])];
    assert_all_different(&rows.map(|row| hash(columns.clone(), row)));
}

#[test]
fn key_columns_make_the_id_and_the_content_its_hash() {
    let columns =
        json!([{"name": "a", "type": "STRING"}, {"name": "b", "type": "INT64"}, {"name": "c", "type": "STRING"}]);
    let rows = [json!(["x", "1", "old"]), json!(["x", "1", "new"]), json!(["x", "2", "old"])];
    let body = body(columns, &rows);
    let ids = |keys: &[&str]| -> Vec<_> {
        decode_with(&settings(keys), &body).unwrap().batch.rows.iter().map(|row| row.id).collect()
    };
    let by_key = ids(&["a", "b"]);
    assert_eq!(by_key[0], by_key[1]);
    assert_ne!(by_key[0], by_key[2]);
    assert_ne!(by_key[0], ids(&["b", "a"])[0]);
    assert_eq!(ids(&["A", "B"]), by_key, "names of columns differ in more than case");

    let page = decode_with(&settings(&["a", "b"]), &body).unwrap();
    assert_ne!(page.batch.rows[0].content_hash, page.batch.rows[1].content_hash);
}

#[test]
fn rows_without_timestamp_or_key_are_set_aside() {
    let column = json!([{"name": "k", "type": "STRING"}]);
    let keyless = body(column.clone(), &[json!([null]), json!(["x"])]);
    let page = decode_with(&settings(&["k"]), &keyless).unwrap();
    assert_eq!(page.undecodable[0].reason, "`k`, one of keyColumns, is NULL");
    assert_eq!(page.batch.len(), 1);

    let timeless = body(column, &[json!(["x"])]).replace(&format!("\"{NOON}\""), "null");
    let page = decode(&timeless).unwrap();
    assert_eq!(page.undecodable[0].reason, "`ts`, timestampColumn, is NULL");
}

#[test]
fn dates_and_datetimes_are_points_in_time_in_utc() {
    for (type_name, wire, micros) in [
        ("DATE", "2025-12-01", NOON - 12 * crate::time::HOUR),
        ("DATETIME", "2025-12-01T12:00:00.000001", NOON + 1),
        ("TIMESTAMP", "1.764590400000001E9", NOON + 1),
        ("DATE", "0001-01-01", crate::time::MIN),
        ("DATETIME", "9999-12-31T23:59:59.999999", crate::time::MAX),
    ] {
        let body = json!({"schema": {"fields": [{"name": "ts", "type": type_name}]}, "rows": [{"f": [{"v": wire}]}]});
        assert_eq!(decode(&body.to_string()).unwrap().batch.rows[0].timestamp_micros, micros, "{type_name} {wire}");
    }
}
