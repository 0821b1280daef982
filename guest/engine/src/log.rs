//! Structured log records, handed to the host.

use ingestor_core::sync::{Level, Notice};

use crate::bindings::harperdb::bigquery_ingestor::logging::{self, Level as HostLevel};

/// Hands a notice to the host's log.
pub fn notice(notice: &Notice) {
    let level = match notice.level {
        Level::Debug => HostLevel::Debug,
        Level::Info => HostLevel::Info,
        Level::Warn => HostLevel::Warn,
        Level::Error => HostLevel::Error,
    };
    logging::log(level, notice.event, &notice.message, &notice.fields.to_string());
}
