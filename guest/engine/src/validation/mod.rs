//! Compares tables with their sources, and says how they stand.

mod harper;
mod source;
mod spot_check;

use std::collections::BTreeMap;

use ingestor_bigquery::Client;
use ingestor_core::checkpoint::Checkpoint;
use ingestor_core::claims::{self, Claim};
use ingestor_core::slots::SlotRange;
use ingestor_core::sync::{ErrorStatus, Level, Notice, Now, TableStatus};
use ingestor_core::validation::{AuditStatus, CheckResults, Findings, Progress, ProgressFacts, Report, SmokeTest};
use serde_json::json;

use crate::engine::Engine;
use crate::table::Table;
use crate::{log, store};
use harper::Harper;
use source::Source;

/// Validates one table, or all that fall to this worker: each is validated by one worker of the cluster.
pub fn validate(engine: &mut Engine, table_id: Option<&str>) -> Result<String, String> {
    let now = engine.now();
    let mut results = BTreeMap::new();
    for table in &mut engine.tables {
        let id = table.sync.config().id.clone();
        if table_id.map_or_else(|| engine.cluster.is_first_reader(&id), |wanted| wanted == id) {
            let checks = check(&mut engine.client, table, now);
            log::notice(&notice(&id, &checks));
            results.insert(id, checks);
        }
    }
    match table_id {
        Some(id) if results.is_empty() => Err(format!("there is no table `{id}`")),
        _ => Ok(serde_json::to_string(&Report::new(results)).expect("a report is JSON")),
    }
}

fn check(client: &mut Client, table: &mut Table, now: Now) -> CheckResults {
    let TableStatus { lag_seconds, error, .. } = table.sync.status(now);
    let now = now.source_micros;
    let mut facts = ProgressFacts { has_checkpoint: false, watermark: None, lag_seconds, error, now };
    let smoke_test = SmokeTest::judge(Harper::of(table).newest(now), now);
    // Checkpoints are read anew: a sync that is stopped knows of none, and other workers may be further.
    let spot_check = match store::load_checkpoints(&table.sync.config().id) {
        Ok((checkpoints, _)) => {
            let source = table.sync.source();
            let about_source = checkpoints.iter().filter(|checkpoint| checkpoint.source == source);
            facts.has_checkpoint = about_source.clone().next().is_some();
            let claims: Vec<Claim> = about_source.flat_map(Checkpoint::all_claims).collect();
            facts.watermark = claims::watermark_of(SlotRange::ALL, &claims);
            spot_check::run(Source::new(client, table), facts.watermark)
        }
        Err(failure) => {
            let reason = "storageUnavailable".into();
            let unread = ErrorStatus { message: failure.to_string(), reason, advice: String::new(), since: now };
            facts.error.get_or_insert(unread);
            Findings::default().judge(Err(failure.into()))
        }
    };
    CheckResults { progress: Progress::judge(facts), smoke_test, spot_check }
}

/// One line a table; ids of records are in the report only.
fn notice(table_id: &str, checks: &CheckResults) -> Notice {
    let status = checks.status();
    let level = if status == AuditStatus::Healthy { Level::Info } else { Level::Warn };
    let findings = &checks.spot_check.findings;
    let fields = json!({
        "tableId": table_id,
        "status": status,
        "progress": checks.progress.status,
        "smokeTest": checks.smoke_test.status,
        "spotCheck": checks.spot_check.status,
        "missing": findings.missing.count,
        "phantoms": findings.phantoms.count,
        "queryJobs": findings.query_jobs,
    });
    Notice { level, event: "validated", message: format!("{table_id} has been compared with its source"), fields }
}
