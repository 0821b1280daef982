//! From the setup to an engine: configuration, credentials and what the host should know of them.

use ingestor_bigquery::{Client, Settings};
use ingestor_core::cluster::Cluster;
use ingestor_core::config::{self, Config, Count};
use ingestor_core::sql::TableRef;
use wasip2::random::random;

use crate::bindings::exports::harperdb::bigquery_ingestor::sync::{Access, ConfigError, Plan, PlannedTable, Setup};
use crate::engine::Engine;
use crate::table::Table;

/// Signs of life within the time after which a silent worker is taken for gone.
const BEATS: u64 = 5;

/// Reads the setup. Without a usable configuration there is no engine, but a plan that says why.
pub fn configure(setup: Setup) -> (Option<Engine>, Plan) {
    let (config, errors) = config::parse(&setup.config);
    let mut plan = Plan {
        tables: Vec::new(),
        errors: errors.into_iter().map(told).collect(),
        auto_start: true,
        threads_per_node: 1,
        access: Access { read: Vec::new(), control: Vec::new() },
        heartbeat_interval_ms: 3_000,
        hosts: Vec::new(),
    };
    let Some(config) = config else { return (None, plan) };
    plan.auto_start = config.auto_start;
    plan.threads_per_node = match config.threads_per_node {
        Count::All => 0,
        Count::Of(threads) => threads,
    };
    plan.access = Access { read: config.access.read.clone(), control: config.access.control.clone() };
    plan.heartbeat_interval_ms = config.heartbeat_ms / BEATS;
    let client = match Client::new(settings(&config, &setup)) {
        Ok(client) => client,
        Err(error) => {
            plan.errors.push(told(error.in_config("Mend it and the plugin starts by itself.")));
            return (None, plan);
        }
    };
    plan.hosts = client.hosts();
    plan.tables = config.tables.iter().map(|table| planned(&config, table)).collect();
    let tables = config
        .tables
        .iter()
        .map(|table| Table::new(table.clone(), &config.project_id, &setup.node_id, random::get_random_u64()))
        .collect();
    // Beats arrive at the others one interval apart at the most, so that is what is left to notice the silence.
    let cluster = Cluster::new(&setup.node_id, config.heartbeat_ms - plan.heartbeat_interval_ms);
    (Some(Engine::new(client, tables, cluster, config.validation)), plan)
}

fn settings(config: &Config, setup: &Setup) -> Settings {
    Settings {
        project_id: config.project_id.clone(),
        location: config.location.clone(),
        api_endpoint: config.api_endpoint.clone(),
        emulator_host: setup.emulator_host.clone(),
        metadata_host: setup.metadata_host.clone(),
        credentials: setup.credentials.clone(),
        retry: config.retry,
        request_timeout_ms: config.request_timeout_ms,
    }
}

fn planned(config: &Config, table: &config::TableConfig) -> PlannedTable {
    let source =
        TableRef { project: config.project_id.clone(), dataset: table.dataset.clone(), table: table.table.clone() };
    PlannedTable { id: table.id.clone(), source: source.to_string(), target_table: table.target_table.clone() }
}

fn told(error: config::ConfigError) -> ConfigError {
    ConfigError { path: error.path, found: error.found, expected: error.expected, help: error.help }
}
