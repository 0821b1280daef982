//! The sync engine as a WASI component: it drives `ingestor-core` with HTTP, clocks, randomness and our storage.

mod bindings;
mod clock;
mod engine;
mod log;
mod plan;
mod store;
mod table;
mod validation;

use std::cell::RefCell;

use bindings::exports::harperdb::bigquery_ingestor::sync::{Guest, Heartbeat, Plan, Progress, Setup};
use engine::Engine;
use ingestor_core::cluster;

struct Component;

thread_local! {
    /// What `configure` left. The component has one thread only.
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

impl Guest for Component {
    fn configure(setup: Setup) -> Plan {
        let (engine, plan) = plan::configure(setup);
        ENGINE.set(engine);
        plan
    }

    fn observe_workers(heartbeats: Vec<Heartbeat>) -> String {
        let heartbeats = heartbeats.into_iter().map(|Heartbeat { worker, beat }| cluster::Heartbeat { worker, beat });
        ENGINE.with_borrow_mut(|engine| match engine {
            Some(engine) => engine.observe_workers(heartbeats),
            None => "[]".into(),
        })
    }

    fn step(budget_ms: u64) -> Progress {
        ENGINE.with_borrow_mut(|engine| match engine {
            Some(engine) => engine.step(budget_ms),
            None => Progress { wake_after_ms: u64::MAX, status: r#"{"tables":[]}"#.into() },
        })
    }

    fn validate(table_id: Option<String>) -> Result<String, String> {
        ENGINE.with_borrow_mut(|engine| match engine {
            Some(engine) => validation::validate(engine, table_id.as_deref()),
            None => Err("no table is configured".into()),
        })
    }
}

bindings::export!(Component with_types_in bindings);
