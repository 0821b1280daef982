//! A host of the engine component under wasmtime: no files, no environment, HTTP to the configured hosts only.

use crate::artifact;
use crate::outgoing::Outgoing;
use crate::storage::{Failure, Storage, Write};
use serde_json::Value as Json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

mod bindings {
    #![allow(missing_docs, reason = "generated from wit/, which has the words")]
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package component-tests:host;
            world engine-host {
                import harperdb:bigquery-ingestor/storage@2.0.0;
                import harperdb:bigquery-ingestor/logging@2.0.0;
                export harperdb:bigquery-ingestor/sync@2.0.0;
            }
        ",
        imports: { default: trappable },
        with: { "harperdb:bigquery-ingestor/storage.write": super::StartedWrite },
    });
}

use bindings::EngineHost;
pub use bindings::exports::harperdb::bigquery_ingestor::sync::{ConfigError, Plan, Setup};
use bindings::harperdb::bigquery_ingestor::{logging, storage};

/// What the engine is started with besides its storage.
pub struct Start {
    /// The configuration, credentials and name of the worker.
    pub setup: Setup,
    /// How far its wall clock is ahead of ours.
    pub clock_ahead_ms: i64,
    /// Environment variables to tempt it with.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Whether the hosts of its plan may be reached.
    pub lets_out: bool,
}

impl Start {
    /// The first worker of a node, with this configuration.
    #[must_use]
    pub fn new(config: &Json) -> Self {
        let setup = Setup {
            config: config.to_string(),
            credentials: None,
            emulator_host: None,
            metadata_host: None,
            node_id: "node1-0".into(),
        };
        Self { setup, clock_ahead_ms: 0, environment: Vec::new(), lets_out: true }
    }
}

/// One record of the log.
#[derive(Debug, Clone)]
pub struct LogRecord {
    /// `trace` to `error`.
    pub level: String,
    /// `cycle`, `retry`, ...
    pub event: String,
    /// For people.
    pub message: String,
    /// An object.
    pub fields: Json,
}

/// A running engine.
pub struct Engine {
    store: Store<World>,
    bindings: EngineHost,
    /// What became of the configuration.
    pub plan: Plan,
    /// `tables` of the last status.
    pub status: Json,
    wake_at: Instant,
}

impl Engine {
    /// Instantiates and configures the component.
    ///
    /// # Panics
    /// When the component traps or does not fit the contract.
    #[must_use]
    pub fn start(start: Start, storage: Arc<Mutex<Storage>>) -> Self {
        let (engine, component) = artifact::compiled();
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("WASI links");
        wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker).expect("wasi:http links");
        EngineHost::add_to_linker::<_, HasSelf<World>>(&mut linker, |world| world).expect("our interfaces link");
        let mut wasi = WasiCtx::builder();
        wasi.envs(&start.environment).inherit_stderr().wall_clock(ShiftedClock { ahead_ms: start.clock_ahead_ms });
        let world = World {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outgoing: Outgoing::default(),
            resources: ResourceTable::new(),
            storage,
            log: Vec::new(),
        };
        let mut store = Store::new(engine, world);
        let bindings = EngineHost::instantiate(&mut store, component, &linker).expect("the component fits its host");
        let plan = bindings.harperdb_bigquery_ingestor_sync().call_configure(&mut store, &start.setup);
        let plan = plan.expect("configure does not trap");
        if start.lets_out {
            store.data_mut().outgoing.allowed = plan.hosts.iter().cloned().collect();
        }
        Self { store, bindings, plan, status: Json::Null, wake_at: Instant::now() }
    }

    /// Sleeps until there is work, for `patience` at the most, and does some of it.
    ///
    /// # Errors
    /// When the engine traps: by its own fault, or because storage was told to kill it.
    pub fn step(&mut self, patience: Duration) -> wasmtime::Result<()> {
        thread::sleep(self.wake_at.saturating_duration_since(Instant::now()).min(patience));
        let progress = self.bindings.harperdb_bigquery_ingestor_sync().call_step(&mut self.store, 50)?;
        self.wake_at = Instant::now() + Duration::from_millis(progress.wake_after_ms);
        self.status = serde_json::from_str::<Json>(&progress.status).expect("the status is JSON")["tables"].take();
        Ok(())
    }

    /// Steps until `is_done`.
    ///
    /// # Panics
    /// When it is not done within `patience`, or the engine traps.
    pub fn run_until(&mut self, patience: Duration, mut is_done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        while !is_done(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not done after {patience:?}; status {:#}; log {:#?}", self.status, self.log());
            self.step(left).expect("the engine does not trap");
        }
    }

    /// Runs for this long.
    ///
    /// # Panics
    /// When the engine traps.
    pub fn run_for(&mut self, duration: Duration) {
        let deadline = Instant::now() + duration;
        self.run_until(duration * 2, |_| Instant::now() >= deadline);
    }

    /// The report of `validate`.
    ///
    /// # Errors
    /// When there is no such table.
    ///
    /// # Panics
    /// When the engine traps or its report is not JSON.
    pub fn validate(&mut self, table_id: Option<&str>) -> Result<Json, String> {
        let report = self.bindings.harperdb_bigquery_ingestor_sync().call_validate(&mut self.store, table_id);
        Ok(serde_json::from_str(&report.expect("validate does not trap")?).expect("the report is JSON"))
    }

    /// The status of a table; null before the first step.
    #[must_use]
    pub fn table(&self, table_id: &str) -> &Json {
        let tables = self.status.as_array().map_or(&[][..], Vec::as_slice);
        tables.iter().find(|table| table["tableId"] == table_id).unwrap_or(&Json::Null)
    }

    /// Whether no table has anything to do before its next poll, and none has an error.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let tables = self.status.as_array().map_or(&[][..], Vec::as_slice);
        let is_idle =
            |table: &Json| table["job"].is_null() && table["error"].is_null() && !table["nextPollAt"].is_null();
        !tables.is_empty() && tables.iter().all(is_idle)
    }

    /// What was logged so far.
    #[must_use]
    pub fn log(&self) -> &[LogRecord] {
        &self.store.data().log
    }
}

struct World {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outgoing: Outgoing,
    resources: ResourceTable,
    storage: Arc<Mutex<Storage>>,
    log: Vec<LogRecord>,
}

/// A `write`: its number in storage.
pub struct StartedWrite(u64);

impl WasiView for World {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.resources }
    }
}

impl WasiHttpView for World {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.resources, hooks: &mut self.outgoing }
    }
}

impl World {
    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out an operation on storage that can be failed.
    fn attempt<T>(&self, operation: impl FnOnce(&mut Storage) -> T) -> Outcome<T> {
        let mut storage = self.storage();
        let begun = storage.begin();
        answer(begun.map(|()| operation(&mut storage)))
    }

    fn start_write(&mut self, write: Write) -> wasmtime::Result<Resource<StartedWrite>> {
        let number = self.storage().start(write);
        Ok(self.resources.push(StartedWrite(number))?)
    }
}

type Outcome<T> = wasmtime::Result<Result<T, storage::StorageError>>;

fn answer<T>(outcome: Result<T, Failure>) -> Outcome<T> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Unavailable(reason)) => Ok(Err(storage::StorageError::Unavailable(reason))),
        Err(Failure::Refused(reason)) => Ok(Err(storage::StorageError::Refused(reason))),
        Err(Failure::Crash) => Err(wasmtime::Error::msg("killed")),
    }
}

impl storage::Host for World {
    fn ensure_table(&mut self, target_table: String, attributes: Vec<storage::Attribute>) -> Outcome<()> {
        let outcome = self.attempt(|storage| {
            if let Some(reason) = storage.failures.refuse_table.get(&target_table) {
                return Err(storage::StorageError::Refused(reason.clone()));
            }
            let attributes = attributes.into_iter().map(|it| (it.name, it.harper_type, it.indexed)).collect();
            storage.attributes.insert(target_table, attributes);
            Ok(())
        })?;
        Ok(outcome.and_then(|ensured| ensured))
    }

    fn write_rows(
        &mut self,
        target_table: String,
        rows: Vec<u8>,
        slice_ends: Vec<u32>,
    ) -> wasmtime::Result<Resource<StartedWrite>> {
        let mut records: Vec<Json> = Vec::new();
        let mut start = 0;
        for end in slice_ends {
            let slice: Vec<Json> = serde_json::from_slice(&rows[start..end as usize])?;
            records.extend(slice);
            start = end as usize;
        }
        assert_eq!(start, rows.len(), "slices cover the rows");
        self.start_write(Write::Rows(target_table, records))
    }

    fn write_checkpoint(&mut self, checkpoint: String) -> wasmtime::Result<Resource<StartedWrite>> {
        self.start_write(Write::Checkpoint(serde_json::from_str(&checkpoint)?))
    }

    fn load_checkpoints(&mut self, table_id: String) -> Outcome<String> {
        self.attempt(|storage| storage.checkpoints_of(&table_id).to_string())
    }

    fn find_missing(&mut self, target_table: String, ids: Vec<String>) -> Outcome<Vec<u32>> {
        self.attempt(|storage| {
            let is_missing = |(_, id): &(u32, &String)| storage.record(&target_table, id).is_null();
            (0..).zip(&ids).filter(is_missing).map(|(position, _)| position).collect()
        })
    }

    fn read_rows(&mut self, target_table: String, ids: Vec<String>) -> Outcome<Vec<u8>> {
        self.attempt(|storage| {
            let records: Json = ids.iter().map(|id| storage.record(&target_table, id)).collect();
            records.to_string().into_bytes()
        })
    }

    fn read_range(&mut self, target_table: String, range: storage::IdRange) -> Outcome<Vec<u8>> {
        self.attempt(|storage| {
            let within = |record: &&Json| {
                let id = record["id"].as_str().unwrap_or_default();
                id >= range.first.as_str() && (range.end.is_empty() || id < range.end.as_str())
            };
            let mut records: Vec<&Json> = storage.records(&target_table).filter(within).collect();
            if range.descending {
                records.reverse();
            }
            records.truncate(range.limit as usize);
            serde_json::to_vec(&records).expect("records are JSON")
        })
    }

    fn append_audit(&mut self, audit: String) -> Outcome<()> {
        let audit: Json = serde_json::from_str(&audit)?;
        self.attempt(|storage| storage.append_audit(audit))
    }
}

impl storage::HostWrite for World {
    fn finish(&mut self, write: Resource<StartedWrite>) -> Outcome<Vec<storage::RefusedRow>> {
        let number = self.resources.get(&write)?.0;
        let outcome = self.storage().finish(number);
        let refused = |(index, reason)| storage::RefusedRow { index, reason };
        answer(outcome.map(|rows| rows.into_iter().map(refused).collect()))
    }

    fn drop(&mut self, write: Resource<StartedWrite>) -> wasmtime::Result<()> {
        self.resources.delete(write)?;
        Ok(())
    }
}

impl logging::Host for World {
    fn log(&mut self, level: logging::Level, event: String, message: String, fields: String) -> wasmtime::Result<()> {
        let level = format!("{level:?}").trim_start_matches("Level::").to_lowercase();
        self.log.push(LogRecord { level, event, message, fields: serde_json::from_str(&fields)? });
        Ok(())
    }
}

struct ShiftedClock {
    ahead_ms: i64,
}

impl HostWallClock for ShiftedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let ours = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        let shift = Duration::from_millis(self.ahead_ms.unsigned_abs());
        if self.ahead_ms < 0 { ours - shift } else { ours + shift }
    }
}
