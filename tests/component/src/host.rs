//! A host of the engine component under wasmtime: no files, no environment, HTTP to the configured hosts only.

use crate::artifact;
use crate::bindings::EngineHost;
use crate::bindings::exports::harperdb::bigquery_ingestor::sync::Heartbeat;
pub use crate::bindings::exports::harperdb::bigquery_ingestor::sync::{ConfigError, Extent, Plan, Setup};
use crate::clock::Clock;
use crate::imports::Imports;
pub use crate::imports::LogRecord;
use crate::storage::Storage;
use serde_json::Value as Json;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker};

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
    /// Whether a component that tries to get out takes the engine's place. What came of that are the errors of its plan.
    pub intrudes: bool,
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
        Self { setup, clock_ahead_ms: 0, environment: Vec::new(), lets_out: true, intrudes: false }
    }
}

/// A running engine.
pub struct Engine {
    store: Store<Imports>,
    bindings: EngineHost,
    /// What became of the configuration.
    pub plan: Plan,
    /// `tables` of the last status.
    pub status: Json,
    /// Of validations that ended during steps.
    pub reports: Vec<Json>,
    clock: Clock,
    /// On its clock.
    wake_at: Duration,
}

impl Engine {
    /// Instantiates and configures the component.
    ///
    /// # Panics
    /// When the component traps or does not fit the contract.
    #[must_use]
    pub fn start(start: Start, storage: Arc<Mutex<Storage>>) -> Self {
        let (engine, component) = if start.intrudes { artifact::intruder() } else { artifact::compiled() };
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("WASI links");
        wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker).expect("wasi:http links");
        EngineHost::add_to_linker::<_, HasSelf<Imports>>(&mut linker, |imports| imports).expect("our interfaces link");
        let clock = Clock::ahead_by(start.clock_ahead_ms);
        let imports = Imports::new(storage, &clock, &start.environment);
        let mut store = Store::new(engine, imports);
        let bindings = EngineHost::instantiate(&mut store, component, &linker).expect("the component fits its host");
        let plan = bindings.harperdb_bigquery_ingestor_sync().call_configure(&mut store, &start.setup);
        let plan = plan.expect("configure does not trap");
        if start.lets_out {
            store.data_mut().outgoing.allowed = plan.hosts.iter().cloned().collect();
        }
        Self { store, bindings, plan, status: Json::Null, reports: Vec::new(), wake_at: clock.elapsed(), clock }
    }

    /// Shows it these workers, alive; returns how it sees the cluster.
    ///
    /// # Panics
    /// When the engine traps or its answer is not JSON.
    pub fn observe_workers(&mut self, workers: &[&str]) -> Json {
        let heartbeats: Vec<Heartbeat> =
            workers.iter().map(|worker| Heartbeat { worker: (*worker).into(), beat: 1 }).collect();
        let cluster =
            self.bindings.harperdb_bigquery_ingestor_sync().call_observe_workers(&mut self.store, &heartbeats);
        self.wake_at = self.clock.elapsed();
        serde_json::from_str(&cluster.expect("observing does not trap")).expect("the workers are JSON")
    }

    /// Sleeps until there is work, for `patience` at the most, and does some of it.
    ///
    /// # Errors
    /// When the engine traps: by its own fault, or because storage was told to kill it.
    pub fn step(&mut self, patience: Duration) -> wasmtime::Result<()> {
        thread::sleep(self.time_to_sleep().min(patience));
        let progress = self.bindings.harperdb_bigquery_ingestor_sync().call_step(&mut self.store, 50)?;
        self.wake_at = self.clock.elapsed().saturating_add(Duration::from_millis(progress.wake_after_ms));
        self.status = serde_json::from_str::<Json>(&progress.status).expect("the status is JSON")["tables"].take();
        let reports = progress.reports.iter().map(|report| serde_json::from_str::<Json>(report));
        self.reports.extend(reports.map(|report| report.expect("the report is JSON")));
        Ok(())
    }

    /// How long there is nothing to do.
    fn time_to_sleep(&self) -> Duration {
        self.wake_at.saturating_sub(self.clock.elapsed())
    }

    /// Lets this much time pass on its clocks. It does what is due meanwhile, and what it would sleep is skipped; `skipped` is told
    /// of that.
    ///
    /// # Panics
    /// When the engine traps.
    pub fn pass(&mut self, duration: Duration, mut skipped: impl FnMut(Duration)) {
        let end = self.clock.elapsed() + duration;
        while let Some(left) = end.checked_sub(self.clock.elapsed()) {
            // Up to a whole millisecond later, so that it comes to an end.
            let pause = Duration::from_millis(self.time_to_sleep().min(left).as_micros().div_ceil(1_000) as u64);
            self.clock.skip(pause);
            skipped(pause);
            self.step(Duration::ZERO).expect("the engine does not trap");
        }
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

    /// Validates while the sync is stopped, and returns the report.
    ///
    /// # Panics
    /// When the engine traps, or has not reported within a minute.
    pub fn validate(&mut self, extent: Extent) -> Json {
        self.order_validation(extent);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            assert!(Instant::now() < deadline, "no report yet; log {:#?}", self.log());
            let sync = self.bindings.harperdb_bigquery_ingestor_sync();
            let progress = sync.call_step_validation(&mut self.store, 50).expect("validation does not trap");
            if let Some(report) = progress.reports.first() {
                return serde_json::from_str(report).expect("the report is JSON");
            }
        }
    }

    /// Asks for a validation, which `step` carries out beside the sync; its report is in `reports` then.
    ///
    /// # Panics
    /// When the engine traps or has no table.
    pub fn order_validation(&mut self, extent: Extent) {
        let sync = self.bindings.harperdb_bigquery_ingestor_sync();
        let ordered = sync.call_validate(&mut self.store, extent).expect("validate does not trap");
        ordered.expect("there are tables");
        self.wake_at = self.clock.elapsed();
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
