//! Answers as a whole: members in any order, and what is no answer.

use super::*;

const BIGQUERY: &str = r#"{
  "kind": "bigquery#getQueryResultsResponse",
  "schema": {"fields": [{"name": "ts", "type": "TIMESTAMP"}, {"name": "n", "type": "INTEGER"}]},
  "jobReference": {"projectId": "p", "jobId": "j", "location": "US"},
  "totalRows": "3",
  "pageToken": "next",
  "rows": [
    {"f": [{"v": "1764590400123456"}, {"v": "7"}]},
    {"f": [{"v": "1764590401000000"}, {"v": null}]}
  ],
  "totalBytesProcessed": "160",
  "jobComplete": true,
  "cacheHit": false
}
"#;

#[test]
fn an_answer_of_bigquery_is_decoded() {
    let page = decode(BIGQUERY).unwrap();
    assert!(page.job_complete);
    assert_eq!(page.total_rows, Some(3));
    assert_eq!(page.page_token.as_deref(), Some("next"));
    assert_eq!(page.total_bytes_processed, Some(160));
    assert_eq!(page.cache_hit, Some(false));
    assert_eq!(page.rows_read, 2);
    assert_eq!(page.schema.unwrap().fields[1].name, "n");
    let expected = format!(
        r#"{{"id":"{}","_syncedAt":"2025-12-01T12:00:00Z","ts":"2025-12-01T12:00:00.123456Z","n":7}}"#,
        page.batch.rows[0].id.as_str()
    );
    assert_eq!(page.batch.record_json(0), expected.as_bytes());
    assert_eq!(page.batch.rows[1].timestamp_micros, 1_764_590_401_000_000);
}

#[test]
fn members_may_come_in_any_order() {
    let members = [
        r#""schema":{"fields":[{"name":"ts","type":"TIMESTAMP"}]}"#,
        r#""rows":[{"f":[{"v":"1"}]},{"f":[{"v":"2"}]}]"#,
        r#""pageToken":"t""#,
        r#""totalRows":2"#,
        r#""jobComplete":true"#,
    ];
    for first in 0..members.len() {
        for second in (0..members.len()).filter(|&second| second != first) {
            let mut order = vec![members[first], members[second]];
            order.extend(members.iter().filter(|member| !order.contains(member)).copied().collect::<Vec<_>>());
            let page = decode(&format!("{{{}}}", order.join(","))).unwrap();
            let times: Vec<_> = page.batch.rows.iter().map(|row| row.timestamp_micros).collect();
            assert_eq!(times, [1, 2], "{order:?}");
            assert_eq!((page.page_token.as_deref(), page.total_rows, page.job_complete), (Some("t"), Some(2), true));
        }
    }
}

#[test]
fn cells_may_have_white_space_and_members_that_nobody_knows() {
    let page = decode(
        r#"{"schema":{"fields":[{"name":"ts","type":"TIMESTAMP"}]},
            "rows":[ { "x" : [1, {}] , "f" : [ { "y" : null , "v" : "5" , "z" : "}" } ] , "w" : 1 } , {"f":[{"v": "6"}]}]}"#,
    )
    .unwrap();
    let times: Vec<_> = page.batch.rows.iter().map(|row| row.timestamp_micros).collect();
    assert_eq!(times, [5, 6]);
}

#[test]
fn a_job_that_is_not_complete_has_no_rows() {
    let page = decode(r#"{"jobComplete":false,"jobReference":{"jobId":"j"}}"#).unwrap();
    assert!(!page.job_complete && page.batch.is_empty() && page.rows_read == 0);
    assert!(!decode("{}").unwrap().job_complete, "what is not said is not believed");
}

#[test]
fn an_empty_page_with_a_token_is_one() {
    for rows in ["", r#","rows":[]"#, r#","rows":null"#, r#","rows": [ ] "#] {
        let schema = r#""schema":{"fields":[{"name":"ts","type":"TIMESTAMP"}]}"#;
        let page = decode(&format!(r#"{{{schema},"pageToken":"t","jobComplete":true{rows}}}"#)).unwrap();
        assert_eq!((page.rows_read, page.page_token.as_deref()), (0, Some("t")));
        let page = decode(&format!(r#"{{"pageToken":null,"jobComplete":true{rows}}}"#)).unwrap();
        assert_eq!((page.rows_read, page.page_token), (0, None));
    }
}

#[test]
fn errors_with_status_200_are_told() {
    let page = decode(
        r#"{"jobComplete":true,"rows":[],"schema":{"fields":[]},"totalRows":"0",
            "errors":[{"reason":"invalidQuery","message":"Syntax error","location":"query","debugInfo":""},{}]}"#,
    )
    .unwrap();
    let error = ErrorProto { reason: "invalidQuery".into(), message: "Syntax error".into() };
    assert_eq!(page.errors, [error, ErrorProto::default()]);
    assert!(page.schema.is_none() && page.layout.is_none());
}

#[test]
fn a_layout_is_used_again_while_the_schema_stays() {
    let first = decode(BIGQUERY).unwrap();
    let next = |body: &str| {
        let mut decoder = PageDecoder::new(settings(&[]), first.layout.clone(), NOON);
        decoder.push(body.as_bytes()).unwrap();
        decoder.finish().unwrap()
    };
    assert!(Rc::ptr_eq(next(BIGQUERY).layout.as_ref().unwrap(), first.layout.as_ref().unwrap()));
    let changed = next(&BIGQUERY.replace("INTEGER", "STRING"));
    assert_eq!(record(&changed, 0)["n"], json!("7"));
    let without = next(r#"{"rows":[{"f":[{"v":"1"},{"v":"2"}]}],"jobComplete":true}"#);
    assert_eq!(record(&without, 0)["n"], json!(2));
}

#[test]
fn a_bad_row_does_not_keep_its_neighbours() {
    let columns = json!([{"name": "n", "type": "INT64"}]);
    let rows = [json!(["1"]), json!(["many"]), json!(["3"]), json!([[]])];
    let page = decode(&body(columns, &rows)).unwrap();
    assert_eq!(page.rows_read, 4);
    assert_eq!([record(&page, 0)["n"].clone(), record(&page, 1)["n"].clone()], [json!(1), json!(3)]);
    let reasons: Vec<_> = page.undecodable.iter().map(|row| (row.position, row.reason.as_str())).collect();
    assert_eq!(reasons, [(1, "`n` is \"many\", which is no INT64"), (3, "`n` is [], which is no INT64")]);
    assert_eq!(page.undecodable[0].content, format!(r#"{{"f":[{{"v":"{NOON}"}},{{"v":"many"}}]}}"#));
}

#[test]
fn the_content_of_an_undecodable_row_is_bounded() {
    let columns = json!([{"name": "s", "type": "STRING"}, {"name": "n", "type": "INT64"}]);
    for text in ["x".repeat(100_000), "é".repeat(100_000), format!("x{}", "é".repeat(100_000))] {
        let page = decode(&body(columns.clone(), &[json!([text, text])])).unwrap();
        let row = &page.undecodable[0];
        assert!((4090..=4100).contains(&row.content.len()), "{}", row.content.len());
        assert!(row.content.ends_with(&format!("{}…", text.chars().last().unwrap())));
        assert!(row.reason.len() < 200, "{}", row.reason);
    }
}

#[test]
fn an_answer_that_ends_early_is_truncated_wherever_it_ends() {
    let pages = [BIGQUERY.trim_end().to_owned(), body(json!([{"name": "s", "type": "STRING"}]), &[json!(["é\n"])])];
    for page in pages {
        for end in 0..page.len() {
            let mut decoder = PageDecoder::new(settings(&[]), None, NOON);
            let pushed = decoder.push(&page.as_bytes()[..end]);
            let error = pushed.and_then(|()| decoder.finish().map(|_| ())).unwrap_err();
            assert_eq!(error, DecodeError::Truncated { length_bytes: end as u64 });
        }
    }
}

#[test]
fn what_is_no_answer_is_told_with_its_place() {
    let schema = r#"{"schema":{"fields":[{"name":"ts","type":"TIMESTAMP"}]}"#;
    for (body, offset, problem) in [
        ("<html><body>502</body></html>".to_owned(), 0, "a JSON object was expected"),
        ("[]".to_owned(), 0, "a JSON object was expected"),
        ("{} {}".to_owned(), 3, "there is more after the end of the answer"),
        (r#"{"a" 1}"#.to_owned(), 5, "a colon was expected"),
        (r#"{"a":tree}"#.to_owned(), 5, "a JSON value was expected"),
        (r#"{"a":1 "b":2}"#.to_owned(), 7, "a comma or the end of the answer was expected"),
        (r#"{"rows":{}}"#.to_owned(), 10, "`rows` is no array"),
        (r#"{"rows":[{}]}"#.to_owned(), 8, "rows without a schema"),
        (r#"{"totalRows":"many"}"#.to_owned(), 19, "`totalRows`: many is no number of things"),
        (format!(r#"{schema},"rows":[{{"f":[]}}]}}"#), 70, "an object was expected"),
        (
            format!(r#"{schema},"rows":[{{"f":[{{"v":"1"}},{{"v":"1"}}]}}]}}"#),
            79,
            "the number of cells is not that of the columns",
        ),
        (format!(r#"{schema},"rows":[1]}}"#), 64, "an object was expected"),
    ] {
        let problem = problem.to_owned();
        assert_eq!(decode(&body).unwrap_err(), DecodeError::Malformed { offset, problem }, "{body}");
    }
}

#[test]
fn hostile_nesting_is_an_error() {
    for open in ["[", "{\"a\":"] {
        let body = format!(r#"{{"x":{}"#, open.repeat(1_000_000));
        assert!(matches!(decode(&body), Err(DecodeError::Malformed { .. })));
    }
    let members = r#"{"fields":[{"name":"x","type":"RECORD","fields":["#;
    let body = format!(r#"{{"schema":{}"#, members.repeat(100_000));
    assert!(matches!(decode(&body), Err(DecodeError::Malformed { .. })));
}

#[test]
fn text_that_is_not_utf8_is_an_error() {
    let mut body = body(json!([{"name": "s", "type": "STRING"}]), &[json!(["#"])]).into_bytes();
    let position = body.iter().position(|&byte| byte == b'#').unwrap();
    body[position] = 0xff;
    let mut decoder = PageDecoder::new(settings(&[]), None, NOON);
    assert!(matches!(decoder.push(&body), Err(DecodeError::Malformed { .. })));
}

#[test]
fn a_schema_that_the_configuration_does_not_fit_is_an_error() {
    let with = |settings: Rc<LayoutSettings>, fields: Value| {
        decode_with(&settings, &json!({"schema": {"fields": fields}}).to_string()).unwrap_err().to_string()
    };
    assert_eq!(
        with(settings(&[]), json!([{"name": "a", "type": "STRING"}, {"name": "b", "type": "DATE"}])),
        "timestampColumn names `ts`, but the columns are `a`, `b`. Name one of these"
    );
    assert_eq!(
        with(settings(&["k"]), json!([{"name": "ts", "type": "DATE"}])),
        "keyColumns names `k`, but the columns are `ts`. Name one of these"
    );
    assert_eq!(
        with(settings(&[]), json!([{"name": "ts", "type": "STRING"}])),
        "timestampColumn names `ts`, which is STRING. Name a column of type TIMESTAMP, DATETIME or DATE"
    );
    assert_eq!(
        with(settings(&[]), json!([{"name": "ts", "type": "DATE", "mode": "REPEATED"}])),
        "timestampColumn names `ts`, which is ARRAY<DATE>. Name a column of type TIMESTAMP, DATETIME or DATE"
    );
}
