//! Compares tables with their sources, and says how they stand.

use ingestor_core::validation::{self, ProgressVerdict};
use serde_json::json;

use crate::engine::Engine;

/// Validates one table, or all.
pub fn validate(engine: &mut Engine, table_id: Option<&str>) -> Result<String, String> {
    let now = engine.now();
    let chosen: Vec<_> =
        engine.tables.iter().filter(|table| table_id.is_none_or(|id| table.sync.config().id == id)).collect();
    if let (true, Some(id)) = (chosen.is_empty(), table_id) {
        return Err(format!("there is no table `{id}`"));
    }
    let mut results = serde_json::Map::new();
    let mut is_healthy = true;
    for table in chosen {
        let status = table.sync.status(now);
        let progress = validation::progress(table.sync.watermark().is_some(), status.error.is_some(), status.phase);
        is_healthy &= progress == ProgressVerdict::Healthy;
        results.insert(status.table_id, json!({ "progress": { "status": progress } }));
    }
    let status = if is_healthy { "healthy" } else { "issues_detected" };
    Ok(json!({ "status": status, "checkResults": results }).to_string())
}
