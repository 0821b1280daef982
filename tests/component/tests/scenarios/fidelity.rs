//! The real emulator: the engine syncs from it, and the simulated BigQuery is held against it, request by request.

use crate::support::{NOON, numbered, positions, seconds_from};
use component_tests::bigquery::{Column, PROJECT, QueryErrors, Table};
use component_tests::emulator::Emulator;
use component_tests::faults::{Fault, Seen};
use component_tests::http::Request;
use component_tests::values::{Value, text};
use component_tests::world::World;
use serde_json::{Value as Json, json};
use std::net::SocketAddr;

const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";

/// An emulator with these tables, and a world whose proxy stands before it.
fn emulated(tables: Vec<Table>) -> (Emulator, World) {
    let emulator = Emulator::start(PROJECT);
    emulator.create_dataset("fleet");
    for table in &tables {
        emulator.create_table(table);
        emulator.insert_rows(table);
    }
    let world = World::before(emulator.address, tables);
    (emulator, world)
}

/// Types that emulator and BigQuery write alike, or nearly so.
fn voyages() -> Table {
    let columns = vec![
        Column::new("ts", "TIMESTAMP"),
        Column::new("count", "INTEGER"),
        Column::new("speed", "FLOAT"),
        Column::new("name", "STRING"),
        Column::new("moored", "BOOLEAN"),
        Column::new("seal", "BYTES"),
        Column::new("day", "DATE"),
        Column::new("log", "JSON"),
        Column::new("stops", "STRING").repeated(),
        Column::record("berth", vec![Column::new("pier", "INTEGER"), Column::new("since", "TIMESTAMP")]),
    ];
    let row = |n: i64| {
        let berth = vec![("pier", Value::Int(n % 5)), ("since", Value::Timestamp(NOON - n))];
        vec![
            Value::Timestamp(NOON + n * 333_333),
            Value::Int(i64::MAX - n),
            if n % 7 == 0 { Value::Null } else { Value::Float(n as f64 / 8.0) },
            text(format!("⚓ {n}")),
            Value::Bool(n % 2 == 0),
            Value::Base64("3q2+7w=="),
            text("2025-12-01"),
            Value::Json(json!({ "n": n })),
            Value::Array((0..n % 3).map(|stop| text(format!("stop {stop}"))).collect()),
            Value::Struct(berth),
        ]
    };
    Table::new("voyages", columns).with_rows((0..25).map(row))
}

#[test]
fn the_engine_syncs_from_the_emulator_and_the_simulation_answers_every_request_as_it_does() {
    let (emulator, world) = emulated(vec![voyages()]);
    let world = world.with_batch_size(10);

    let _engine = world.sync();

    let seen = world.proxy.seen();
    let mut pages = 0;
    for Seen { request, .. } in &seen {
        let [emulated, simulated] =
            [emulator.address, world.bigquery.address()].map(|address| answer(request, address));
        assert_eq!(comparable(&emulated), comparable(&simulated), "{} {}", request.method, request.target);
        pages += usize::from(emulated["rows"].as_array().is_some_and(|rows| !rows.is_empty()));
    }
    assert_eq!(pages, 3, "{seen:#?}");
}

#[test]
fn a_wrong_query_is_reported_by_the_emulator_as_it_is_in_the_simulation() {
    let (emulator, world) = emulated(vec![voyages()]);
    let engine = world.sync();
    drop(engine);
    let insert = world.proxy.seen().into_iter().find(|seen| seen.request.method == "POST").expect("an insert").request;
    let job_id = insert.json()["jobReference"]["jobId"].as_str().expect("a job id").to_owned();
    let body = String::from_utf8(insert.body.clone()).expect("JSON");
    let body = body.replace(&job_id, &format!("{job_id}_wrong")).replace("`ts`", "`tz`").into_bytes();
    let insert = Request { body, ..insert };
    world.bigquery.state().habits.query_errors = QueryErrors::InTheJob;

    let [emulated, simulated] = [emulator.address, world.bigquery.address()].map(|address| {
        let status = answer(&insert, address)["status"].take();
        (status["state"].clone(), status["errorResult"]["reason"].clone())
    });

    assert_eq!(emulated, simulated);
    assert_eq!(emulated, (json!("DONE"), json!("invalidQuery")));
}

#[test]
fn the_emulator_behind_a_failing_network_is_synced_all_the_same() {
    let (emulator, world) = emulated(vec![positions(seconds_from(NOON, 25))]);
    let world = world.with_batch_size(10).with("sync.probeTrust", 100);
    world.proxy.fail_next("GET", PAGES, Fault::ResetMidBody);
    world.proxy.fail_next("GET", PAGES, Fault::TruncatedJson);
    world.proxy.fail_next("POST", "/bigquery/v2/projects/harbour/jobs", Fault::AnswerLost);
    let mut engine = world.sync();

    let late = numbered(100, [NOON + 1, NOON + 24_500_000]);
    world.bigquery.state().insert("positions", late.clone());
    emulator.insert_rows(&positions([]).with_rows(late));
    world.run_until_equal(&mut engine);

    assert_eq!(world.stored("positions").len(), 27);
}

fn answer(request: &Request, address: SocketAddr) -> Json {
    let response = request.forward(address).expect("an answer");
    assert_eq!(response.status, 200, "{}: {}", request.target, String::from_utf8_lossy(&response.body));
    serde_json::from_slice(&response.body).expect("JSON")
}

/// What the engine reads of an answer, with the differences taken out that both sides are known to have.
fn comparable(answer: &Json) -> Json {
    let fields = fields(&answer["schema"]);
    let rows: Vec<Json> = answer["rows"].as_array().into_iter().flatten().map(|row| cells(row, &fields)).collect();
    json!({
        "fields": fields,
        "rows": rows,
        "totalRows": answer["totalRows"],
        "jobComplete": answer["jobComplete"],
        "hasMore": answer["pageToken"].is_string(),
        "state": answer["status"]["state"],
        "jobId": answer["jobReference"]["jobId"],
        "numRows": answer["numRows"],
        "streamingBuffer": answer["streamingBuffer"],
    })
}

/// Fields with their types in one spelling and their modes written out.
fn fields(schema: &Json) -> Vec<Json> {
    let spelling = |kind: &str| match kind {
        "INT64" => "INTEGER".to_owned(),
        "FLOAT64" => "FLOAT".to_owned(),
        "BOOL" => "BOOLEAN".to_owned(),
        "STRUCT" => "RECORD".to_owned(),
        other => other.to_owned(),
    };
    let field = |field: &Json| {
        json!({
            "name": field["name"],
            "type": spelling(field["type"].as_str().unwrap_or_default()),
            "mode": field["mode"].as_str().unwrap_or("NULLABLE"),
            "fields": fields(field),
        })
    };
    schema["fields"].as_array().into_iter().flatten().map(field).collect()
}

/// Cells of a row, floats and JSON by what they mean.
fn cells(row: &Json, fields: &[Json]) -> Json {
    let cell = |(cell, field): (&Json, &Json)| {
        let value = &cell["v"];
        match (field["type"].as_str(), value.as_str()) {
            (Some("FLOAT"), Some(text)) => json!(text.parse::<f64>().expect("a float")),
            (Some("JSON"), Some(text)) => serde_json::from_str(text).expect("JSON"),
            _ => value.clone(),
        }
    };
    row["f"].as_array().into_iter().flatten().zip(fields).map(cell).collect()
}
