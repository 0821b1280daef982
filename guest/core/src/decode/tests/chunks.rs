//! Any answer in any pieces: the same records as from the reference, and never a panic.

use super::*;
use proptest::prelude::*;

fn schema() -> Value {
    let leaf = |name: &str, type_name: &str| json!({"name": name, "type": type_name});
    json!({"fields": [
        leaf("text", "STRING"), leaf("ts", "TIMESTAMP"), leaf("int", "INTEGER"), leaf("float", "FLOAT64"),
        leaf("bool", "BOOL"), leaf("json", "JSON"),
        {"name": "texts", "type": "STRING", "mode": "REPEATED"},
        {"name": "points", "type": "RECORD", "mode": "REPEATED", "fields": [
            leaf("y", "FLOAT"), leaf("x", "INT64"), {"name": "at", "type": "TIMESTAMP", "mode": "REPEATED"},
        ]},
    ]})
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,40}", "\\PC{0,20}", "[\"\\\\/\n\té😀\u{0}\u{7f}]{0,20}"]
}

fn timestamp() -> impl Strategy<Value = Value> {
    prop_oneof![(crate::time::MIN..=crate::time::MAX), (0..NOON / 1_000_000).prop_map(|seconds| seconds * 1_000_000)]
        .prop_map(|micros| json!(micros.to_string()))
}

fn integer() -> impl Strategy<Value = Value> {
    prop_oneof![any::<i64>(), -1000..1000_i64].prop_map(|number| json!(number.to_string()))
}

fn float() -> impl Strategy<Value = Value> {
    const SPECIAL: [&str; 6] = ["NaN", "nan", "inf", "-Infinity", "1.0E16", "1e-07"];
    prop_oneof![
        any::<f64>().prop_map(|number| json!(number.to_string())),
        prop::sample::select(&SPECIAL[..]).prop_map(|text| json!(text))
    ]
}

fn json_text() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    let tree = leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    (tree, any::<bool>()).prop_map(|(tree, pretty)| {
        json!(if pretty { serde_json::to_string_pretty(&tree).unwrap() } else { tree.to_string() })
    })
}

/// A cell that is sometimes NULL and seldom nonsense.
fn cell(value: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    prop_oneof![20 => value, 3 => Just(json!(null)), 1 => Just(json!("nonsense")), 1 => Just(json!({"f": "nonsense"}))]
        .prop_map(|value| json!({"v": value}))
}

fn cells(element: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    cell(prop::collection::vec(element, 0..4).prop_map(Value::from))
}

fn row() -> impl Strategy<Value = Value> {
    let point = (cell(float()), cell(integer()), cells(timestamp().prop_map(|value| json!({"v": value}))))
        .prop_map(|(y, x, at)| json!({"v": {"f": [y, x, at]}}));
    let texts = text().prop_map(|text| json!({"v": text}));
    let time = timestamp().prop_map(|value| json!({"v": value}));
    let boolean = any::<bool>().prop_map(|value| json!(value.to_string()));
    let cells = (
        cell(text().prop_map(Value::from)),
        time,
        cell(integer()),
        cell(float()),
        cell(boolean),
        cell(json_text()),
        cells(texts),
        cells(point),
    );
    cells.prop_map(|(text, ts, int, float, bool, json, texts, points)| {
        json!({"f": [text, ts, int, float, bool, json, texts, points]})
    })
}

/// An answer, compact or with white space, with or without escapes for what is not ASCII.
fn answer() -> impl Strategy<Value = String> {
    (prop::collection::vec(row(), 0..8), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(rows, pretty, ascii, rows_first)| {
            let (rows, schema) = (json!({ "rows": rows }), json!({"schema": schema()}));
            let write = |value: &Value| {
                let text = if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() };
                text[1..text.len() - 1].to_owned()
            };
            let (rows, schema) = (write(&rows), write(&schema));
            let body = if rows_first { format!("{{{rows},{schema}}}") } else { format!("{{{schema},{rows}}}") };
            if ascii { escaped(&body) } else { body }
        },
    )
}

/// The same JSON with `\u` escapes for all that is not ASCII.
fn escaped(body: &str) -> String {
    let mut out = String::new();
    for unit in body.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(byte as char),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}

/// Decodes a body that arrives in pieces of these sizes, over and over.
fn decode_in_pieces(body: &[u8], sizes: &[usize]) -> Result<Page, DecodeError> {
    let mut decoder = PageDecoder::new(settings(&[]), None, NOON);
    let mut rest = body;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        decoder.push(piece)?;
        rest = after;
    }
    decoder.finish()
}

/// Everything that a page says, for comparison.
fn told(page: &Page) -> (Vec<&[u8]>, &[UndecodableRow], u64) {
    let records = (0..page.batch.len()).map(|index| page.batch.record_json(index)).collect();
    (records, &page.undecodable, page.rows_read)
}

proptest! {
    #[test]
    fn records_are_those_of_the_reference(body in answer()) {
        let page = decode(&body).unwrap();
        let mut index = 0;
        for (position, expected) in reference::records(&body).into_iter().enumerate() {
            let undecodable = page.undecodable.iter().any(|row| row.position as usize == position);
            prop_assert_eq!(undecodable, expected.is_none(), "row {}", position);
            let Some(mut expected) = expected else { continue };
            expected["id"] = json!(page.batch.rows[index].id.as_str());
            expected["_syncedAt"] = json!("2025-12-01T12:00:00Z");
            prop_assert_eq!(record(&page, index), expected);
            index += 1;
        }
        prop_assert_eq!(index, page.batch.len());
    }

    #[test]
    fn the_pieces_that_an_answer_arrives_in_make_no_difference(
        body in answer(),
        sizes in prop::collection::vec(1_usize..200, 1..10),
    ) {
        let whole = decode(&body).unwrap();
        for sizes in [&sizes[..], &[1]] {
            let pieces = decode_in_pieces(body.as_bytes(), sizes).unwrap();
            prop_assert_eq!(told(&pieces), told(&whole));
        }
    }

    #[test]
    fn slices_hold_every_record_once(body in answer(), max_rows in 1_usize..5, max_bytes in 0_usize..2000) {
        let mut page = decode(&body).unwrap();
        let expected: Vec<Value> = (0..page.batch.len()).map(|index| record(&page, index)).collect();
        let slices = page.batch.slices(max_rows, max_bytes);
        let (mut records, mut start) = (Vec::new(), 0);
        for &end in &slices.ends {
            let slice: Vec<Value> = serde_json::from_slice(&slices.bytes[start..end as usize]).unwrap();
            prop_assert!((1..=max_rows).contains(&slice.len()));
            records.extend(slice);
            start = end as usize;
        }
        prop_assert_eq!(start, slices.bytes.len());
        prop_assert_eq!(records, expected);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_in_pieces(&bytes, &[7]);
    }

    #[test]
    fn a_damaged_answer_never_panics_and_what_is_kept_is_json(
        body in answer(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = body.into_bytes();
        for (position, byte) in damage {
            let position = position.index(bytes.len());
            bytes[position] = byte;
        }
        if let Ok(page) = decode_in_pieces(&bytes, &[64]) {
            for index in 0..page.batch.len() {
                // A `Value` would want whole surrogate pairs, which JSON does not.
                prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(page.batch.record_json(index)).is_ok());
            }
        }
    }
}
