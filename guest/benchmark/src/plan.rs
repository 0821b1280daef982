//! From the setup to a benchmark, or to a list of errors.

use ingestor_bigquery::{Client, Settings};
use ingestor_core::config::{self, Config};
use ingestor_core::retry::RetryPolicy;
use ingestor_core::sql::TableRef;

use crate::bindings::exports::harperdb::bigquery_ingestor::measurement::{ConfigError, Plan, Setup};
use crate::warehouse::Warehouse;
use crate::{Benchmark, Table};

/// Somebody waits at a terminal: who has to be told soon, not after minutes.
const MOST_RETRIES: u32 = 2;

/// Reads the setup. Without a usable configuration there is no benchmark, but a plan that says why.
pub fn configure(setup: Setup) -> (Option<Benchmark>, Plan) {
    let (config, errors) = config::parse(&setup.config);
    let mut plan = Plan { errors: errors.into_iter().map(told).collect(), tables: Vec::new() };
    let Some(config) = config else { return (None, plan) };
    let client = match Client::new(settings(&config, setup)) {
        Ok(client) => client,
        Err(error) => {
            plan.errors.push(told(error.in_config("Mend it and run the command again.")));
            return (None, plan);
        }
    };
    plan.tables = config.tables.iter().map(|table| table.id.clone()).collect();
    let project = config.project_id;
    let tables = config.tables.into_iter().map(|config| Table {
        source: TableRef { project: project.clone(), dataset: config.dataset.clone(), table: config.table.clone() },
        config,
        estimate: None,
        measured: None,
    });
    (Some(Benchmark { warehouse: Warehouse { client }, tables: tables.collect() }), plan)
}

fn settings(config: &Config, setup: Setup) -> Settings {
    let retry = RetryPolicy { max_retries: config.retry.max_retries.min(MOST_RETRIES), ..config.retry };
    Settings {
        project_id: config.project_id.clone(),
        location: config.location.clone(),
        api_endpoint: config.api_endpoint.clone(),
        emulator_host: setup.emulator_host,
        metadata_host: setup.metadata_host,
        credentials: setup.credentials,
        retry,
        request_timeout_ms: config.request_timeout_ms,
    }
}

fn told(error: config::ConfigError) -> ConfigError {
    ConfigError { path: error.path, found: error.found, expected: error.expected, help: error.help }
}
