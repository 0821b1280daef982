//! The source by buckets of time: one aggregate query over everything that checkpoints claim.

use ingestor_core::failure::Failure;
use ingestor_core::source::TableMetadata;
use ingestor_core::sql::{self, MOST_TALLIES};
use ingestor_core::sync;
use ingestor_core::time::{DAY, Micros};
use ingestor_core::validation::{self, Bounds, Buckets, CheckError, Checksum, Claim, Tallies};

use super::harper::Harper;
use super::source::Source;

/// How much wider buckets are made when there were too many.
const WIDENING: Micros = 1_024;

/// Taken where Harper has no records to go by: up to a thousand buckets of about a day.
const UNKNOWN_SPAN: Micros = 1_000 * DAY;

/// What the source has, and how it was asked.
pub struct Tallied {
    pub claim: Claim,
    pub checksum: Checksum,
    pub width: Micros,
    pub source: Tallies,
    pub query_jobs: u32,
}

impl Tallied {
    /// Asks for buckets of about as many rows each, given the time that Harper's records span.
    pub async fn ask(
        source: &mut Source,
        harper: &Harper,
        metadata: &TableMetadata,
        claim: Claim,
    ) -> Result<Self, CheckError> {
        let jobs_before = source.query_jobs;
        let config = &source.config;
        let checksum = Checksum::new(&sync::selected(&metadata.schema, config), &config.timestamp_column, claim.kind);
        let high = claim.window().high.unwrap_or(Micros::MAX);
        let span = harper.span(high)?.unwrap_or(UNKNOWN_SPAN);
        let rows = metadata.num_rows.unwrap_or(u64::MAX);
        let mut width = validation::first_width(claim.kind, span, rows);
        loop {
            let answer = tally(source, &claim, &checksum, width, None).await?;
            if let Some(tallies) = answer {
                let query_jobs = source.query_jobs - jobs_before;
                return Ok(Self { claim, checksum, width, source: tallies, query_jobs });
            }
            width = width.saturating_mul(WIDENING);
        }
    }

    /// What of the source has timestamps.
    pub fn bounds(&self) -> Option<Bounds> {
        let (min, max) = self.source.oldest().zip(self.source.newest())?;
        Some(Bounds { min, max, rows: self.source.rows() })
    }

    /// The same of finer buckets within some of these.
    pub async fn finer(
        &self,
        source: &mut Source,
        width: Micros,
        within: &Buckets,
    ) -> Result<Option<Tallies>, Failure> {
        tally(source, &self.claim, &self.checksum, width, Some(within)).await
    }
}

/// None when there are too many buckets.
async fn tally(
    source: &mut Source,
    claim: &Claim,
    checksum: &Checksum,
    width: Micros,
    only: Option<&Buckets>,
) -> Result<Option<Tallies>, Failure> {
    let column = &source.config.timestamp_column;
    let query = sql::select_tallies(&source.table, column, claim.kind, &claim.window(), width, only, &checksum.sql());
    let answer = source.rows(&query).await?;
    if answer.len() > MOST_TALLIES {
        return Ok(None);
    }
    let tallies = Tallies::parse(&answer);
    tallies.map(Some).ok_or_else(|| Failure::malformed("the answer does not hold tallies".to_owned()))
}
