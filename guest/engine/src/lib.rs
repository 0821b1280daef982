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

use bindings::exports::harperdb::bigquery_ingestor::sync::{Extent, Guest, Heartbeat, Plan, Progress, Setup};
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
        ENGINE.with_borrow_mut(|engine| engine.as_mut().map_or_else(nothing_to_do, |engine| engine.step(budget_ms)))
    }

    fn validate(extent: Extent) -> Result<(), String> {
        let extent = match extent {
            Extent::Samples => validation::Extent::Samples,
            Extent::Whole => validation::Extent::Whole,
            Extent::Repair => validation::Extent::Repair,
        };
        ENGINE.with_borrow_mut(|engine| {
            engine.as_mut().ok_or("no table is configured")?.validator.order(extent);
            Ok(())
        })
    }

    fn step_validation(budget_ms: u64) -> Progress {
        ENGINE.with_borrow_mut(|engine| {
            engine.as_mut().map_or_else(nothing_to_do, |engine| engine.step_validation(budget_ms))
        })
    }
}

fn nothing_to_do() -> Progress {
    Progress { wake_after_ms: u64::MAX, status: r#"{"tables":[],"validation":null}"#.into(), reports: Vec::new() }
}

bindings::export!(Component with_types_in bindings);
