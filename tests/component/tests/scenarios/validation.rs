//! Validation finds what is wrong, names what is merely different, and is quiet otherwise.

mod comparison;

use component_tests::bigquery::{Column, PROJECT, Table};
use component_tests::emulator::Emulator;
use component_tests::host::{Engine, Extent, Start};
use component_tests::storage::Storage;
use component_tests::values::{Value, rfc3339, text};
use component_tests::world::{PATIENCE, World};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// 2025-12-01T12:00:00Z
const NOON: i64 = 1_764_590_400_000_000;
const SECOND: i64 = 1_000_000;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_micros() as i64
}

fn rows(times: impl IntoIterator<Item = i64>) -> Vec<Vec<Value>> {
    (0..).zip(times).map(|(n, at)| vec![Value::Timestamp(at), Value::Int(n)]).collect()
}

fn positions(times: impl IntoIterator<Item = i64>) -> Table {
    let columns = vec![Column::new("ts", "TIMESTAMP"), Column::new("n", "INTEGER")];
    Table::new("positions", columns).with_rows(rows(times))
}

fn seconds_from(start: i64, count: i64) -> impl Iterator<Item = i64> {
    (0..count).map(move |n| start + n * SECOND)
}

/// The id of a record with this timestamp.
fn id_at(micros: i64, content_hash: u64) -> String {
    format!("{:016x}{content_hash:016x}", micros.cast_unsigned() ^ (1 << 63))
}

fn put(world: &World, record: Json) {
    let id = record["id"].as_str().expect("an id").to_owned();
    world.storage().tables.get_mut("positions").expect("records").insert(id, record);
}

fn validate(engine: &mut Engine) -> Json {
    engine.validate(Extent::Samples)
}

/// The report's status, and the spot check of `positions`.
fn spot_check(engine: &mut Engine) -> (String, Json) {
    let mut report = validate(engine);
    let status = report["status"].as_str().expect("a report has a status").to_owned();
    (status, report["checkResults"]["positions"]["spotCheck"].take())
}

#[test]
fn a_table_in_step_is_healthy_time_after_time() {
    let world = World::new(vec![positions(seconds_from(now() - 2_000 * SECOND, 2_000))]);
    let mut engine = world.sync();

    for time in 0..20 {
        let report = validate(&mut engine);

        assert_eq!(report["status"], "healthy", "time {time}: {report:#}");
        let checks = &report["checkResults"]["positions"];
        for check in ["progress", "smokeTest", "spotCheck"] {
            assert_eq!(checks[check]["status"], "healthy", "time {time}: {report:#}");
        }
        let spot_check = &checks["spotCheck"];
        assert!(spot_check["rowsChecked"].as_u64() > Some(10), "time {time}: {report:#}");
        assert_eq!(spot_check["recordsChecked"], 5, "time {time}: {report:#}");
        assert!(spot_check["queryJobs"].as_u64() <= Some(4), "time {time}: {report:#}");
        for list in ["missing", "phantoms", "pending", "deletedInSource", "notChecked"] {
            assert_eq!(spot_check[list]["count"], 0, "time {time}: {report:#}");
        }
    }
}

#[test]
fn a_record_that_was_removed_from_harper_is_found_missing() {
    let world = World::new(vec![positions(seconds_from(NOON, 50))]);
    let mut engine = world.sync();
    let (id, _) =
        world.storage().tables.get_mut("positions").and_then(|records| records.pop_first()).expect("a record");

    let (status, spot_check) = spot_check(&mut engine);

    assert_eq!((status.as_str(), &spot_check["status"]), ("issues_detected", &json!("issues_found")), "{spot_check:#}");
    assert_eq!(spot_check["missing"], json!({ "count": 1, "ids": [id] }));
}

#[test]
fn a_record_that_was_not_in_the_source_is_a_phantom() {
    for foreign in [id_at(NOON + SECOND / 2, 7), "foreign".to_owned()] {
        let world = World::new(vec![positions(seconds_from(NOON, 4))]);
        let mut engine = world.sync();
        put(&world, json!({ "id": foreign, "ts": rfc3339(NOON + SECOND / 2), "n": 7 }));

        let (status, spot_check) = spot_check(&mut engine);

        assert_eq!(status, "issues_detected", "{spot_check:#}");
        assert_eq!(spot_check["phantoms"], json!({ "count": 1, "ids": [foreign] }));
        assert_eq!(spot_check["missing"]["count"], 0);
    }
}

#[test]
fn rows_without_a_timestamp_are_named() {
    let table = positions(seconds_from(NOON, 20)).with_rows([vec![Value::Null, Value::Int(100)]]);
    let world = World::new(vec![table]);
    let mut engine = world.sync();

    let (status, spot_check) = spot_check(&mut engine);

    assert_eq!(status, "healthy", "{spot_check:#}");
    assert_eq!(spot_check["withoutTimestamp"], 1);
}

#[test]
fn rows_that_the_source_has_dropped_for_their_age_are_named_and_no_issue() {
    let world = World::new(vec![positions(seconds_from(NOON, 5))]);
    let mut engine = world.sync();
    let remaining = rows(seconds_from(NOON, 5)).split_off(2);
    world.bigquery.state().add_table(positions([]).with_rows(remaining));

    let (status, spot_check) = spot_check(&mut engine);

    assert_eq!((status.as_str(), &spot_check["status"]), ("healthy", &json!("healthy")), "{spot_check:#}");
    assert_eq!(spot_check["deletedInSource"]["count"], 2);
}

#[test]
fn rows_that_came_after_the_last_poll_are_pending_and_no_issue() {
    let world = World::new(vec![positions(seconds_from(NOON, 20))]);
    let mut engine = world.sync();
    let late = [NOON + 10 * SECOND + 1, NOON + 100 * SECOND];
    world.bigquery.state().insert("positions", rows(late));

    let (status, findings) = spot_check(&mut engine);

    assert_eq!(status, "healthy", "{findings:#}");
    assert_eq!(findings["rowsChecked"], 21, "what lies beyond the watermark is not claimed");
    assert_eq!(findings["pending"]["count"], 1);
    world.run_until_equal(&mut engine);
    let (_, findings) = spot_check(&mut engine);
    assert_eq!((&findings["rowsChecked"], &findings["pending"]["count"]), (&json!(22), &json!(0)));
}

#[test]
fn a_row_that_came_later_than_the_lookback_is_found_missing() {
    let world = World::new(vec![positions(seconds_from(NOON, 20).chain([NOON + 3_600 * SECOND]))]);
    let mut engine = world.sync();
    world.bigquery.state().insert("positions", rows([NOON + 1]));

    let (status, spot_check) = spot_check(&mut engine);

    assert_eq!(status, "issues_detected", "{spot_check:#}");
    assert_eq!(spot_check["missing"]["count"], 1);
}

#[test]
fn a_sync_that_does_not_run_is_validated_by_its_checkpoints() {
    let world = World::new(vec![positions(seconds_from(NOON, 20))]);
    drop(world.sync());
    let mut stopped = world.engine();

    let report = validate(&mut stopped);

    let checks = &report["checkResults"]["positions"];
    assert_eq!(checks["progress"]["status"], "severely_lagging", "{report:#}");
    let newest = "2025-12-01T12:00:19Z";
    assert_eq!(checks["progress"]["watermark"], newest);
    assert_eq!(checks["smokeTest"], json!({ "status": "no_recent_data", "newestTimestamp": newest, "error": null }));
    assert_eq!((&checks["spotCheck"]["status"], &checks["spotCheck"]["rowsChecked"]), (&json!("healthy"), &json!(20)));
}

#[test]
fn a_table_that_was_never_synced_has_no_checkpoint_and_no_data() {
    let world = World::new(vec![positions(seconds_from(NOON, 20))]);

    let report = validate(&mut world.engine());

    assert_eq!(report["status"], "issues_detected", "{report:#}");
    let checks = &report["checkResults"]["positions"];
    assert_eq!(checks["progress"]["status"], "no_checkpoint");
    assert_eq!(checks["spotCheck"]["status"], "no_data");
}

#[test]
fn a_source_that_cannot_be_asked_is_a_failed_check_with_bigquerys_reason() {
    let world = World::new(vec![positions(seconds_from(NOON, 20))]);
    let mut engine = world.sync();
    world.bigquery.state().habits.forbids_all = true;

    let (status, spot_check) = spot_check(&mut engine);

    assert_eq!((status.as_str(), &spot_check["status"]), ("error", &json!("check_failed")), "{spot_check:#}");
    assert_eq!(spot_check["error"]["reason"], "accessDenied");
}

#[test]
fn storage_that_cannot_be_asked_is_an_error_and_no_loss() {
    let world = World::new(vec![positions(seconds_from(NOON, 20))]);
    let mut engine = world.sync();
    world.storage().failures.unavailable = true;

    let report = validate(&mut engine);

    assert_eq!(report["status"], "error", "{report:#}");
    let checks = &report["checkResults"]["positions"];
    assert_eq!(checks["progress"]["status"], "stalled", "{report:#}");
    assert_eq!(checks["smokeTest"]["status"], "query_failed", "{report:#}");
    assert!(checks["spotCheck"]["error"]["message"].to_string().contains("disk full"), "{report:#}");
}

#[test]
fn a_validation_bills_no_more_than_a_poll_may() {
    let world = World::new(vec![positions(seconds_from(NOON, 20))]).with("maximumBytesBilled", 1_000_000_000);
    let mut engine = world.sync();
    let jobs_before = world.bigquery.state().jobs_run.len();

    let (_, spot_check) = spot_check(&mut engine);

    let state = world.bigquery.state();
    let jobs = &state.jobs_run[jobs_before..];
    assert_eq!(spot_check["queryJobs"], jobs.len(), "{jobs:?}");
    for job in jobs {
        let query = &state.jobs[job].configuration["query"];
        assert_eq!(query["maximumBytesBilled"], "1000000000", "{query}");
    }
}

#[test]
fn days_as_timestamps_are_compared_too() {
    let days = ["2025-11-29", "2025-11-30", "2025-12-01"];
    let columns = vec![Column::new("ts", "DATE"), Column::new("n", "INTEGER")];
    let rows = (0..90).map(|n| vec![text(days[n as usize % 3]), Value::Int(n)]);
    let world = World::new(vec![Table::new("positions", columns).with_rows(rows)]);
    let mut engine = world.sync();

    for _ in 0..5 {
        let (status, findings) = spot_check(&mut engine);
        assert_eq!((status.as_str(), &findings["rowsChecked"]), ("healthy", &json!(90)), "{findings:#}");
    }
    world.storage().tables.get_mut("positions").expect("records").pop_last();
    let (_, findings) = spot_check(&mut engine);
    assert_eq!(findings["missing"]["count"], 1, "{findings:#}");
}

#[test]
fn a_keyed_record_is_compared_with_the_latest_row_of_its_key() {
    let columns = || vec![Column::new("ts", "TIMESTAMP"), Column::new("vessel", "STRING")];
    let vessel = |name: &str, at: i64| vec![Value::Timestamp(at), text(name)];
    let fleet = |ada_at| Table::new("positions", columns()).with_rows([vessel("ada", ada_at), vessel("eve", NOON + 1)]);
    let world = World::new(vec![fleet(NOON)]).with("keyColumns", json!(["vessel"]));
    let mut engine = world.engine();
    engine.run_until(PATIENCE, |engine| engine.is_idle() && world.ids("positions").len() == 2);
    assert_eq!(spot_check(&mut engine).0, "healthy");

    // The source replaces a row; the next poll will bring it.
    world.bigquery.state().add_table(fleet(NOON + 60 * SECOND));
    let (status, findings) = spot_check(&mut engine);
    assert_eq!(status, "healthy", "{findings:#}");

    let foreign = "0123456789abcdef0123456789abcdef";
    put(&world, json!({ "id": foreign, "ts": rfc3339(NOON + 1), "vessel": "eva" }));
    let (status, findings) = spot_check(&mut engine);
    assert_eq!((status.as_str(), &findings["phantoms"]["ids"]), ("issues_detected", &json!([foreign])), "{findings:#}");
}

#[test]
fn the_emulator_runs_every_query_for_timestamps_of_each_type() {
    let emulator = Emulator::start(PROJECT);
    emulator.create_dataset("fleet");
    for (kind, suffix) in [("TIMESTAMP", "T12:00:00.000001Z"), ("DATETIME", "T12:00:00.000001"), ("DATE", "")] {
        for key_columns in [json!([]), json!(["n"])] {
            let name = format!("{kind}_{}", key_columns.as_array().map_or(0, Vec::len));
            let fields = json!([{ "name": "ts", "type": kind }, { "name": "n", "type": "INTEGER" }]);
            let reference = json!({ "projectId": PROJECT, "datasetId": "fleet", "tableId": name });
            let table = json!({ "tableReference": reference, "schema": { "fields": fields } });
            assert_eq!(emulator.ask("POST", "/datasets/fleet/tables", &table).0, 200);
            let row = |n: i64| json!({ "json": { "ts": format!("2025-12-0{}{suffix}", n % 9 + 1), "n": n } });
            let rows = json!({ "rows": (0..30).map(row).chain([json!({ "json": { "n": 30 } })]).collect::<Vec<_>>() });
            assert_eq!(emulator.ask("POST", &format!("/datasets/fleet/tables/{name}/insertAll"), &rows).0, 200);
            let config = json!({
                "bigquery": {
                    "projectId": PROJECT,
                    "apiEndpoint": format!("http://{}", emulator.address),
                    "tables": [{
                        "id": "positions",
                        "dataset": "fleet",
                        "table": name,
                        "timestampColumn": "ts",
                        "keyColumns": key_columns,
                        "targetTable": "positions",
                    }],
                },
            });
            let storage = Arc::new(Mutex::new(Storage::default()));
            let mut engine = Engine::start(Start::new(&config), storage.clone());
            assert!(engine.plan.errors.is_empty(), "{:#?}", engine.plan.errors);
            let stored = || storage.lock().expect("no test panics with it").records("positions").count();
            engine.run_until(PATIENCE, |engine| engine.is_idle() && stored() == 30);

            let (status, findings) = spot_check(&mut engine);

            assert_eq!(status, "healthy", "{name}: {findings:#}");
            assert_eq!((&findings["rowsChecked"], &findings["recordsChecked"]), (&json!(30), &json!(5)), "{name}");
            assert_eq!((&findings["queryJobs"], &findings["withoutTimestamp"]), (&json!(4), &json!(1)), "{name}");
            assert_eq!(findings["notChecked"]["count"], 0, "{name}: {findings:#}");
        }
    }
}
