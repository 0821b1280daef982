//! From the setup to a synthesizer: configuration, credentials and what the host should know of them.

use ingestor_bigquery::{Client, Settings};
use ingestor_core::config::{self, SynthesizerConfig};
use ingestor_maritime::table::Table;

use crate::bindings::exports::harperdb::bigquery_ingestor::generation::{ConfigError, Plan, Setup};
use crate::feed::Feed;
use crate::history::Synthesizer;
use crate::tables::Tables;
use crate::warehouse::Warehouse;

/// Reads the setup. Without a usable configuration there is no synthesizer, but a plan that says why.
pub fn configure(setup: Setup) -> (Option<Synthesizer>, Plan) {
    let (config, errors) = config::parse_synthesizer(&setup.config);
    let mut plan = Plan {
        errors: errors.into_iter().map(told).collect(),
        dataset: String::new(),
        location: String::new(),
        tables: Vec::new(),
        hosts: Vec::new(),
    };
    let Some(config) = config else { return (None, plan) };
    let client = match Client::new(settings(&config, setup)) {
        Ok(client) => client,
        Err(error) => {
            plan.errors.push(told(error.in_config("Mend it and run the command again.")));
            return (None, plan);
        }
    };
    let tables = Tables::new(&config);
    plan.dataset = tables.full_dataset();
    plan.location = config.location.clone();
    plan.tables = Table::ALL.map(|kind| tables.name(kind).to_owned()).to_vec();
    plan.hosts = client.hosts();
    let feed = match Feed::new(&config) {
        Ok(feed) => feed,
        Err(error) => {
            plan.errors.push(ConfigError {
                path: "synthesizer.totalVessels".into(),
                found: config.total_vessels.to_string(),
                expected: error.to_string(),
                help: "Write digits only.".into(),
            });
            return (None, plan);
        }
    };
    (Some(Synthesizer { config, warehouse: Warehouse { client }, tables, feed }), plan)
}

fn settings(config: &SynthesizerConfig, setup: Setup) -> Settings {
    Settings {
        project_id: config.project_id.clone(),
        location: config.location.clone(),
        api_endpoint: config.api_endpoint.clone(),
        emulator_host: setup.emulator_host,
        metadata_host: setup.metadata_host,
        credentials: setup.credentials,
        retry: config.retry,
        request_timeout_ms: config.request_timeout_ms,
    }
}

fn told(error: config::ConfigError) -> ConfigError {
    ConfigError { path: error.path, found: error.found, expected: error.expected, help: error.help }
}
