//! Why something could not be done.

use ingestor_core::failure::{Failure, FailureKind};

/// Why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub message: String,
    pub advice: String,
}

impl Stop {
    pub fn new(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { message: message.into(), advice: advice.into() }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let advice = match failure.kind {
            FailureKind::BytesBilledLimitExceeded => {
                "The table has grown since the estimate; nothing was billed. Run the command again.".to_owned()
            }
            FailureKind::Transient if failure.message.contains("bigquery.credentials") => {
                "Set bigquery.credentials, or GOOGLE_APPLICATION_CREDENTIALS, to the key file of an account that may run queries \
                 (roles/bigquery.jobUser) and read the tables (roles/bigquery.dataViewer)."
                    .to_owned()
            }
            FailureKind::Transient => "Run the command again. If it stays: look at the connection to BigQuery, and at \
                 https://status.cloud.google.com."
                .to_owned(),
            _ => failure.advice(),
        };
        Self { message: failure.to_string(), advice }
    }
}
