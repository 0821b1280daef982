//! The benchmark as a WASI component: it measures the tables of a configuration as the engine would read them, with the engine's own
//! client and decoder, and asks `ingestor_core::capacity` for settings.
//!
//! | file | subject |
//! |---|---|
//! | `plan` | from the setup to a benchmark |
//! | `estimate` | what the queries of a table would read |
//! | `measure` | running them, and reading the sample with several batch sizes |
//! | `warehouse` | BigQuery, one question after the other |
//! | `failure` | why something could not be done |

mod bindings;
mod estimate;
mod failure;
mod measure;
mod plan;
mod warehouse;

use std::cell::RefCell;

use bindings::exports::harperdb::bigquery_ingestor::measurement::{Failure, Goal, Guest, Plan, Setup};
use estimate::Estimate;
use failure::Stop;
use ingestor_core::capacity::{self, Measured, TableAdvice, ThreadTrial};
use ingestor_core::config::TableConfig;
use ingestor_core::cost;
use ingestor_core::sql::TableRef;
use serde_json::{Value, json};
use warehouse::Warehouse;

/// What is measured, as far as it got.
pub struct Benchmark {
    warehouse: Warehouse,
    tables: Vec<Table>,
}

/// A table of the configuration.
pub struct Table {
    config: TableConfig,
    source: TableRef,
    estimate: Option<Estimate>,
    measured: Option<Measured>,
}

struct Component;

thread_local! {
    /// What `configure` left. The component has one thread only.
    static BENCHMARK: RefCell<Option<Benchmark>> = const { RefCell::new(None) };
}

impl Guest for Component {
    fn configure(setup: Setup) -> Plan {
        let (benchmark, plan) = plan::configure(setup);
        BENCHMARK.set(benchmark);
        plan
    }

    fn estimate(table_id: String, sample_rows: u32) -> Result<String, Failure> {
        on_table(&table_id, |warehouse, table| {
            let estimate = estimate::of_table(warehouse, table, sample_rows)?;
            let shown = estimate.shown(&table_id, &table.source);
            table.estimate = Some(estimate);
            Ok(shown)
        })
    }

    fn measure(table_id: String) -> Result<String, Failure> {
        on_table(&table_id, |warehouse, table| {
            let estimate = table.estimate.as_ref();
            let estimate = estimate.ok_or_else(|| Stop::new("nothing was estimated", "Call estimate first."))?;
            let (measured, bytes_billed, job_id) = measure::table(warehouse, &table.config, estimate)?;
            let mut shown = json!(measured);
            shown["tableId"] = table_id.as_str().into();
            shown["jobId"] = job_id.into();
            shown["bytesBilled"] = bytes_billed.into();
            shown["usd"] = cost::price_usd(bytes_billed).into();
            table.measured = Some(measured);
            Ok(shown)
        })
    }

    fn read(table_id: String, job_id: String, batch_rows: u32) -> Result<String, Failure> {
        on_table(&table_id, |warehouse, table| {
            Ok(json!(measure::result(warehouse, &table.config, job_id, batch_rows.max(1))?))
        })
    }

    fn advise(goal: Goal) -> String {
        let thread_trials = goal
            .thread_trials
            .iter()
            .map(|trial| ThreadTrial { threads: trial.threads, rows_per_second: trial.rows_per_second });
        let goal = capacity::Goal {
            target_lag_s: goal.target_lag_seconds,
            harper_rows_per_second: goal.harper_rows_per_second,
            thread_trials: thread_trials.collect(),
        };
        BENCHMARK
            .with_borrow(|benchmark| advise(benchmark.as_ref().map_or(&[][..], |benchmark| &benchmark.tables), &goal))
    }
}

fn advise(tables: &[Table], goal: &capacity::Goal) -> String {
    let advised: Vec<(&str, TableAdvice)> = tables
        .iter()
        .filter_map(|table| {
            let advice = capacity::of_table(&table.config, table.measured.as_ref()?, goal);
            Some((table.config.id.as_str(), advice))
        })
        .collect();
    let tables = advised.iter().map(|(id, advice)| {
        let mut shown = json!(advice);
        shown["tableId"] = (*id).into();
        shown
    });
    let all: Vec<TableAdvice> = advised.iter().map(|(_, advice)| advice.clone()).collect();
    json!({ "tables": tables.collect::<Vec<_>>(), "overall": capacity::of_all(&all, goal) }).to_string()
}

fn on_table(id: &str, work: impl FnOnce(&mut Warehouse, &mut Table) -> Result<Value, Stop>) -> Result<String, Failure> {
    let outcome = BENCHMARK.with_borrow_mut(|benchmark| {
        let benchmark =
            benchmark.as_mut().ok_or_else(|| Stop::new("nothing is configured", "Call configure first."))?;
        let table = benchmark.tables.iter_mut().find(|table| table.config.id == id);
        let table =
            table.ok_or_else(|| Stop::new(format!("there is no table `{id}`"), "Name one of the configuration."))?;
        work(&mut benchmark.warehouse, table)
    });
    outcome
        .map(|shown| shown.to_string())
        .map_err(|Stop { message, advice }| Failure { message: format!("table `{id}`: {message}"), advice })
}

bindings::export!(Component with_types_in bindings);
