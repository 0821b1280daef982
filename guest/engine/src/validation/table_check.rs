//! The validation of one table, turn by turn.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ingestor_bigquery::{Call, Client};
use ingestor_core::checkpoint::Checkpoint;
use ingestor_core::claims::{self, Claim};
use ingestor_core::cost::Scan;
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::slots::SlotRange;
use ingestor_core::source::TableMetadata;
use ingestor_core::sync::{ErrorStatus, Now, TableStatus};
use ingestor_core::validation::{CheckResults, Differences, Findings, Progress, ProgressFacts, Sampled, SmokeTest};

use super::harper::Harper;
use super::line::Line;
use super::source::Source;
use super::spot_check::{self, Looked};
use super::{Extent, comparison};
use crate::clock;
use crate::store;
use crate::table::Table;

/// How long one answer may take.
const PATIENCE_MS: u64 = 300_000;

/// How often a failed request is repeated: less than a sync's, since the next validation is not far. With the default delays a
/// source that is down is given up after about 3 seconds.
const MAX_RETRIES: u32 = 2;

/// What came of it.
pub struct Checked {
    pub results: CheckResults,
    /// The source, when samples were taken of it.
    pub metadata: Option<TableMetadata>,
}

pub struct TableCheck {
    pub table_id: String,
    /// Of the table among those of the engine.
    pub position: usize,
    work: Pin<Box<dyn Future<Output = Checked>>>,
    line: Line,
    call: Option<Call>,
    deadline_ms: u64,
}

impl TableCheck {
    /// Begins; samples of `last` need not be taken again as long as they stand.
    pub fn start(table: &mut Table, position: usize, extent: Extent, last: Option<Sampled>, now: Now) -> Self {
        let line = Line::default();
        let table_id = table.sync.config().id.clone();
        let TableStatus { lag_seconds, error, .. } = table.sync.status(now);
        let now = now.source_micros;
        let facts = ProgressFacts { has_checkpoint: false, watermark: None, lag_seconds, error, now };
        let about = table.sync.source();
        let source = Source::of(table, line.clone());
        let work = Box::pin(check(source, about, facts, extent, last));
        Self { table_id, position, work, line, call: None, deadline_ms: 0 }
    }

    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// What its queries have read since.
    pub fn take_scans(&self) -> Vec<Scan> {
        self.line.take_scans()
    }

    /// Returns whether it did something, or has more to do without waiting; and the results, once it has ended.
    pub fn advance(&mut self, client: &mut Client) -> (bool, Option<Checked>) {
        if let Some(call) = &mut self.call {
            match answer_of(call, client, self.deadline_ms) {
                Some(answer) => self.line.answer(answer),
                None => return (call.has_more(), None),
            }
            self.call = None;
        }
        match self.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(checked) => (true, Some(checked)),
            Poll::Pending => {
                self.call = self.line.take_question().map(|question| question(client));
                self.deadline_ms = clock::monotonic_ms().saturating_add(PATIENCE_MS);
                (true, None)
            }
        }
    }
}

fn answer_of(
    call: &mut Call,
    client: &mut Client,
    deadline_ms: u64,
) -> Option<Result<ingestor_bigquery::Answer, Failure>> {
    if let Some(answer) = call.advance(client) {
        return Some(answer);
    }
    if let Some(retry) = call.take_retry()
        && retry.attempt > MAX_RETRIES
    {
        return Some(Err(retry.failure));
    }
    (clock::monotonic_ms() >= deadline_ms).then(|| {
        let message = format!("BigQuery did not answer {} within {PATIENCE_MS} ms", call.method());
        Err(Failure::new(FailureKind::Transient, "timeout", message))
    })
}

/// `about` is what checkpoints of this table say they are about.
async fn check(
    mut source: Source,
    about: String,
    mut facts: ProgressFacts,
    extent: Extent,
    last: Option<Sampled>,
) -> Checked {
    let now = facts.now;
    let harper = Harper::of(&source);
    let smoke_test = SmokeTest::judge(harper.newest(now), now);
    // Checkpoints are read anew: a sync that is stopped knows of none, and other workers may be further.
    let checkpoints = match store::load_checkpoints(&source.config.id) {
        Ok((checkpoints, _)) => checkpoints,
        Err(failure) => {
            let reason = "storageUnavailable".into();
            let unread = ErrorStatus { message: failure.to_string(), reason, advice: String::new(), since: now };
            facts.error.get_or_insert(unread);
            let spot_check = Findings::default().judge(Err(failure.into()));
            let progress = Progress::judge(facts);
            let results = CheckResults { progress, smoke_test, spot_check, comparison: None };
            return Checked { results, metadata: None };
        }
    };
    let about_source = checkpoints.iter().filter(|checkpoint| checkpoint.source == about);
    facts.has_checkpoint = about_source.clone().next().is_some();
    let claims: Vec<Claim> = about_source.flat_map(Checkpoint::all_claims).collect();
    facts.watermark = claims::watermark_of(SlotRange::ALL, &claims);
    let looked = spot_check::run(&mut source, extent, facts.watermark, last, now).await;
    let Looked { check: spot_check, tallied, metadata } = looked;
    let comparison = match tallied {
        _ if extent == Extent::Samples => None,
        Some(tallied) => Some(comparison::run(&mut source, &tallied, extent == Extent::Repair).await),
        None if harper.is_keyed() => Some(Differences::default().not_compared()),
        None => Some(Differences::default().judge(spot_check.error.clone().map_or(Ok(()), Err))),
    };
    let results = CheckResults { progress: Progress::judge(facts), smoke_test, spot_check, comparison };
    Checked { results, metadata }
}
