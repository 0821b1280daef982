//! What a client needs to know.

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
