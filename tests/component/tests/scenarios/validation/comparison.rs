//! The full comparison, against the real emulator: what it computes is what we compute.

use super::{NOON, SECOND};
use component_tests::bigquery::{Column, PROJECT, Table};
use component_tests::emulator::Emulator;
use component_tests::host::{Engine, Extent, Start};
use component_tests::storage::Storage;
use component_tests::values::{Value, text};
use component_tests::world::PATIENCE;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex, MutexGuard};

/// An engine that has synced the table `positions` of an emulator.
struct Scene {
    emulator: Emulator,
    storage: Arc<Mutex<Storage>>,
    engine: Engine,
}

impl Scene {
    fn new(table: &Table, records: usize) -> Self {
        let emulator = Emulator::start(PROJECT);
        emulator.create_dataset("fleet");
        emulator.create_table(table);
        emulator.insert_rows(table);
        let config = json!({
            "bigquery": {
                "projectId": PROJECT,
                "apiEndpoint": format!("http://{}", emulator.address),
                "tables": [{
                    "id": "positions", "dataset": "fleet", "table": table.name, "timestampColumn": "ts",
                    "targetTable": "positions", "sync": { "pollInterval": 100 },
                }],
            },
            "validation": { "enabled": false },
        });
        let storage = Arc::new(Mutex::new(Storage::default()));
        let mut engine = Engine::start(Start::new(&config), storage.clone());
        assert!(engine.plan.errors.is_empty(), "{:#?}", engine.plan.errors);
        let stored = || storage.lock().expect("no test panics with it").records("positions").count();
        engine.run_until(PATIENCE, |engine| engine.is_idle() && stored() == records);
        Self { emulator, storage, engine }
    }

    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().expect("no test panics with it")
    }

    /// The ids of the records, in the order of time.
    fn ids(&self) -> Vec<String> {
        self.storage().tables["positions"].keys().cloned().collect()
    }

    fn remove(&self, id: &str) {
        self.storage().tables.get_mut("positions").expect("records").remove(id).expect("a record");
    }

    fn compare(&mut self, extent: Extent) -> Json {
        self.engine.validate(extent)["checkResults"]["positions"]["comparison"].take()
    }
}

fn positions(times: impl IntoIterator<Item = i64>) -> Table {
    let columns = vec![Column::new("ts", "TIMESTAMP"), Column::new("n", "INTEGER")];
    Table::new("positions", columns)
        .with_rows((0..).zip(times).map(|(n, at)| vec![Value::Timestamp(at), Value::Int(n)]))
}

/// Values of each type that is looked at: extremes, NULL, and what Harper keeps in another form.
fn of_every_type() -> Table {
    let kinds = ["INTEGER", "BOOLEAN", "FLOAT", "STRING", "TIMESTAMP", "DATETIME", "DATE", "NUMERIC"];
    let names = ["i", "b", "f", "id", "t", "dt", "d", "decimal"];
    let mut columns = vec![Column::new("ts", "TIMESTAMP")];
    columns.extend(names.into_iter().zip(kinds).map(|(name, kind)| Column::new(name, kind)));
    columns.push(Column::new("list", "INTEGER").repeated());
    let integers = [i64::MIN, i64::MAX, -1, 0, 9_007_199_254_740_993];
    let floats = [f64::MAX, f64::MIN_POSITIVE, -117.009_999_999_999_99, 0.1 + 0.2, 9e12];
    let texts =
        ["", "héllo 🚢", "\u{0}'`\\", "NULL", "a very long text, longer than any block that a hash takes in at once"];
    let times = [-62_135_596_800_000_000, 253_402_300_799_999_999, -1, 0, NOON + 1];
    let datetimes = [
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.999999",
        "1969-12-31T23:59:59.999999",
        "1970-01-01T00:00:00",
        "2025-12-01T12:00:00.5",
    ];
    let dates = ["0001-01-01", "9999-12-31", "1969-12-31", "1970-01-01", "2025-12-01"];
    let full = (0..5).map(|n| {
        vec![
            Value::Timestamp(NOON + n as i64),
            Value::Int(integers[n]),
            Value::Bool(n % 2 == 0),
            Value::Float(floats[n]),
            text(texts[n]),
            Value::Timestamp(times[n]),
            text(datetimes[n]),
            text(dates[n]),
            text("1.5"),
            Value::Array(vec![Value::Int(1)]),
        ]
    });
    let mut empty = vec![Value::Timestamp(NOON - SECOND)];
    empty.extend(std::iter::repeat_n(Value::Null, 8));
    empty.push(Value::Array(Vec::new()));
    Table::new("positions", columns).with_rows(full.chain([empty]))
}

#[test]
fn bigquery_and_we_compute_the_same_of_every_type() {
    let mut scene = Scene::new(&of_every_type(), 6);

    let comparison = scene.compare(Extent::Whole);

    assert_eq!(comparison["status"], "healthy", "{comparison:#}");
    assert_eq!((&comparison["rowsCompared"], &comparison["recordsCompared"]), (&json!(6), &json!(6)));
    assert_eq!((&comparison["queryJobs"], &comparison["differing"]["count"]), (&json!(1), &json!(0)));

    for attribute in ["i", "b", "f", "id_", "t", "dt", "d"] {
        let ids = scene.ids();
        let before = std::mem::take(
            &mut scene.storage().tables.get_mut("positions").expect("records").get_mut(&ids[3]).expect("a record")
                [attribute],
        );
        let comparison = scene.compare(Extent::Whole);
        assert_eq!(comparison["altered"], json!({ "count": 1, "ids": [ids[3]] }), "{attribute}: {comparison:#}");
        scene.storage().tables.get_mut("positions").expect("records").get_mut(&ids[3]).expect("a record")[attribute] =
            before;
    }
}

#[test]
fn faults_in_a_crowd_are_found_in_finer_buckets_and_only_those_are_read() {
    let crowd = (0..6_000).map(|n| NOON + n * 100);
    let mut scene = Scene::new(&positions(crowd.chain([NOON - 3_650 * 86_400 * SECOND])), 6_001);
    let ids = scene.ids();
    scene.remove(&ids[1_500]);
    let foreign = format!("{}{:016x}", &ids[2_700][..16], 7);
    let record = json!({ "id": foreign, "ts": "2025-12-01T12:00:00.9Z", "n": 7 });
    scene.storage().tables.get_mut("positions").expect("records").insert(foreign.clone(), record);

    let comparison = scene.compare(Extent::Repair);

    assert_eq!(comparison["status"], "issues_found", "{comparison:#}");
    assert_eq!(comparison["missing"], json!({ "count": 1, "ids": [ids[1_500]] }));
    assert_eq!(comparison["phantoms"], json!({ "count": 1, "ids": [foreign] }));
    assert_eq!(comparison["repaired"], json!({ "written": 1, "removed": 1, "refused": 0 }));
    let buckets = comparison["differing"]["buckets"].as_array().expect("buckets");
    assert_eq!(buckets.len(), 2, "{comparison:#}");
    assert!(buckets.iter().all(|bucket| bucket["rows"].as_u64() < Some(2_000)), "{comparison:#}");
    assert_eq!(comparison["queryJobs"], 3, "tallies, finer ones, rows: {comparison:#}");
    assert_eq!(scene.ids(), ids);
    assert_eq!(scene.compare(Extent::Whole)["status"], "healthy");
    let audits = &scene.storage().audits;
    let removed = audits.iter().find(|audit| audit["status"] == "row_removed").expect("an audit");
    assert_eq!((&removed["recordId"], &removed["tableId"]), (&json!(foreign), &json!("positions")));
    assert!(removed["content"].as_str().is_some_and(|content| content.contains("\"n\":7")), "{removed:#}");
}

#[test]
fn a_table_that_lost_everything_is_filled_again() {
    let mut scene = Scene::new(&positions((0..5_000).map(|n| NOON + n * SECOND)), 5_000);
    scene.storage().tables.get_mut("positions").expect("records").clear();

    let comparison = scene.compare(Extent::Repair);

    assert_eq!(comparison["missing"]["count"], 5_000, "{comparison:#}");
    assert_eq!(comparison["repaired"]["written"], 5_000, "{comparison:#}");
    assert_eq!(scene.compare(Extent::Whole)["status"], "healthy");
}

#[test]
fn rows_that_the_source_has_dropped_stay_in_harper_whatever_is_repaired() {
    let mut scene = Scene::new(&positions((0..100).map(|n| NOON + n * SECOND)), 100);
    let query = json!({ "query": "DELETE FROM `fleet.positions` WHERE n < 30", "useLegacySql": false });
    assert_eq!(scene.emulator.ask("POST", "/queries", &query).0, 200);

    let comparison = scene.compare(Extent::Repair);

    assert_eq!(
        (&comparison["status"], &comparison["deletedInSource"]),
        (&json!("healthy"), &json!(30)),
        "{comparison:#}"
    );
    assert_eq!(scene.ids().len(), 100);
}

#[test]
fn a_sync_goes_on_beside_a_validation() {
    let mut scene = Scene::new(&positions((0..3_000).map(|n| NOON + n * SECOND)), 3_000);
    let late = positions([NOON + 4_000 * SECOND]);
    scene.emulator.insert_rows(&late);
    scene.engine.order_validation(Extent::Whole);
    scene.engine.order_validation(Extent::Whole);
    scene.engine.order_validation(Extent::Repair);

    let Scene { storage, engine, .. } = &mut scene;
    let stored = || storage.lock().expect("no test panics with it").records("positions").count();
    engine.run_until(PATIENCE, |engine| engine.reports.len() == 2 && stored() == 3_001);

    for report in &engine.reports {
        assert_eq!(report["checkResults"]["positions"]["comparison"]["status"], "healthy", "{report:#}");
    }
}
