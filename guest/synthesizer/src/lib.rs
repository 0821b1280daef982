//! The maritime synthesizer as a WASI component: it writes the ships of `ingestor-maritime` to BigQuery.
//!
//! | file | subject |
//! |---|---|
//! | `plan` | from the setup to a synthesizer |
//! | `commands` | what the commands do |
//! | `history` | what is missing of a time, and loading it |
//! | `feed` | which rows there are |
//! | `load` | rows on their way into a table |
//! | `tables` | the tables as they have to be |
//! | `warehouse` | BigQuery, one question after the other |
//! | `report` | what the host is told meanwhile |
//! | `failure` | why a command ended early |

mod bindings;
mod commands;
mod failure;
mod feed;
mod history;
mod load;
mod plan;
mod report;
mod tables;
mod warehouse;

use std::cell::RefCell;

use bindings::exports::harperdb::bigquery_ingestor::generation::{Failure, Guest, Plan, Setup};
use failure::Stop;
use history::Synthesizer;
use serde_json::Value;

struct Component;

thread_local! {
    /// What `configure` left. The component has one thread only.
    static SYNTHESIZER: RefCell<Option<Synthesizer>> = const { RefCell::new(None) };
}

impl Guest for Component {
    fn configure(setup: Setup) -> Plan {
        let (synthesizer, plan) = plan::configure(setup);
        SYNTHESIZER.set(synthesizer);
        plan
    }

    fn initialize(extent: String, until: Option<String>, dry_run: bool) -> Result<String, Failure> {
        run(|synthesizer, made| synthesizer.initialize(&extent, until.as_deref(), dry_run, made))
    }

    fn start(backfill: bool, until: Option<String>, dry_run: bool) -> Result<String, Failure> {
        run(|synthesizer, made| synthesizer.start(backfill, until.as_deref(), dry_run, made))
    }

    fn stats() -> Result<String, Failure> {
        run(|synthesizer, _| synthesizer.stats())
    }

    fn clear(drop_tables: bool, dry_run: bool) -> Result<String, Failure> {
        run(|synthesizer, _| synthesizer.clear(drop_tables, dry_run))
    }
}

fn run(command: impl FnOnce(&mut Synthesizer, &mut Vec<String>) -> Result<Value, Stop>) -> Result<String, Failure> {
    let mut made = Vec::new();
    let outcome = SYNTHESIZER.with_borrow_mut(|synthesizer| match synthesizer {
        Some(synthesizer) => command(synthesizer, &mut made),
        None => Err(Stop::new("nothing is configured", "Call configure first.")),
    });
    match outcome {
        Ok(outcome) => Ok(outcome.to_string()),
        Err(stop) => Err(Failure { message: stop.message, advice: stop.advice, made }),
    }
}

bindings::export!(Component with_types_in bindings);
