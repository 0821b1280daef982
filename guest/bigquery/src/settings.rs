//! What a client needs to know.

use ingestor_core::config::ConfigError;
use ingestor_core::retry::RetryPolicy;

use crate::auth::CredentialsError;
use crate::endpoint::EndpointError;

/// What a client needs to know. Has no `Debug`, because of the key.
pub struct Settings {
    /// Google Cloud project that jobs run in.
    pub project_id: String,
    /// Where jobs run: `US`, `europe-west3`.
    pub location: String,
    /// Address of the API; Google's unless told, and before `emulator_host`.
    pub api_endpoint: Option<String>,
    /// `BIGQUERY_EMULATOR_HOST`.
    pub emulator_host: Option<String>,
    /// `GCE_METADATA_HOST`.
    pub metadata_host: Option<String>,
    /// Text of the key file.
    pub credentials: Option<String>,
    /// How often and how patiently a failed request is repeated.
    pub retry: RetryPolicy,
    /// Milliseconds without a byte before a try is given up.
    pub request_timeout_ms: u64,
}

/// Settings that no client can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// `apiEndpoint`
    #[error("apiEndpoint: {0}")]
    ApiEndpoint(EndpointError),
    /// `BIGQUERY_EMULATOR_HOST`
    #[error("BIGQUERY_EMULATOR_HOST: {0}")]
    EmulatorHost(EndpointError),
    /// `GCE_METADATA_HOST`
    #[error("GCE_METADATA_HOST: {0}")]
    MetadataHost(EndpointError),
    /// The key file.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

const ADDRESS: &str = "an address such as `http://127.0.0.1:9050`";
const KEY_FILE: &str = "the path of a JSON key file of type service_account or authorized_user";

impl SettingsError {
    /// The same as an error of the configuration, or of the environment variable that stands in for it.
    #[must_use]
    pub fn in_config(&self, help: &str) -> ConfigError {
        let (path, expected) = match self {
            Self::ApiEndpoint(_) => ("bigquery.apiEndpoint", ADDRESS),
            Self::EmulatorHost(_) => ("BIGQUERY_EMULATOR_HOST", ADDRESS),
            Self::MetadataHost(_) => ("GCE_METADATA_HOST", ADDRESS),
            Self::Credentials(_) => ("bigquery.credentials", KEY_FILE),
        };
        ConfigError { path: path.into(), found: self.to_string(), expected: expected.into(), help: help.into() }
    }
}
