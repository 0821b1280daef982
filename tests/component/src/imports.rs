//! What the engine component imports, as its host provides it: WASI without files, HTTP, storage and the log.

use crate::bindings::harperdb::bigquery_ingestor::{logging, storage};
use crate::clock::Clock;
use crate::outgoing::Outgoing;
use crate::storage::{Failure, Storage, Write};
use serde_json::Value as Json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

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

/// State of all imports of one engine.
pub struct Imports {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    pub(crate) outgoing: Outgoing,
    resources: ResourceTable,
    storage: Arc<Mutex<Storage>>,
    pub(crate) log: Vec<LogRecord>,
}

/// A `write`: its number in storage.
pub struct StartedWrite(u64);

impl WasiView for Imports {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.resources }
    }
}

impl WasiHttpView for Imports {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.resources, hooks: &mut self.outgoing }
    }
}

impl Imports {
    /// No files, and no host that may be reached yet.
    pub(crate) fn new(storage: Arc<Mutex<Storage>>, clock: &Clock, environment: &[(&str, &str)]) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.envs(environment).inherit_stderr().wall_clock(clock.clone()).monotonic_clock(clock.clone());
        Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outgoing: Outgoing::default(),
            resources: ResourceTable::new(),
            storage,
            log: Vec::new(),
        }
    }

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

impl storage::Host for Imports {
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

    fn remove_rows(&mut self, target_table: String, ids: Vec<String>) -> Outcome<()> {
        self.attempt(|storage| {
            let records = storage.tables.entry(target_table).or_default();
            records.retain(|id, _| !ids.contains(id));
        })
    }

    fn append_audit(&mut self, audit: String) -> Outcome<()> {
        let audit: Json = serde_json::from_str(&audit)?;
        self.attempt(|storage| storage.append_audit(audit))
    }
}

impl storage::HostWrite for Imports {
    fn finish(&mut self, write: Resource<StartedWrite>) -> Outcome<Vec<storage::RefusedRow>> {
        let number = self.resources.get(&write)?.0;
        let pause = self.storage().time_to_finish(number);
        thread::sleep(pause);
        let outcome = self.storage().finish(number);
        let refused = |(index, reason)| storage::RefusedRow { index, reason };
        answer(outcome.map(|rows| rows.into_iter().map(refused).collect()))
    }

    fn drop(&mut self, write: Resource<StartedWrite>) -> wasmtime::Result<()> {
        self.resources.delete(write)?;
        Ok(())
    }
}

impl logging::Host for Imports {
    fn log(&mut self, level: logging::Level, event: String, message: String, fields: String) -> wasmtime::Result<()> {
        let level = format!("{level:?}").trim_start_matches("Level::").to_lowercase();
        self.log.push(LogRecord { level, event, message, fields: serde_json::from_str(&fields)? });
        Ok(())
    }
}
