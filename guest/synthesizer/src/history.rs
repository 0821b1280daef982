//! What is missing of a time, found in BigQuery itself, and loading it. Nothing but the data remembers what was loaded.
//!
//! Each position has a timestamp of its own, so counting tells whether a bucket of time is complete. Events and changes
//! are in the tables before the positions of their time, so where positions are complete they are too.

use std::collections::{HashMap, HashSet};

use ingestor_core::config::SynthesizerConfig;
use ingestor_core::failure::Failure;
use ingestor_core::time::{DAY, Micros, to_rfc3339};
use ingestor_maritime::table::Table;

use crate::failure::Stop;
use crate::feed::{Feed, Part, Span};
use crate::load::{self, Destination, LoadJob, RowKey, Source};
use crate::report::{Progress, Rows};
use crate::tables::Tables;
use crate::warehouse::{Warehouse, integer};

/// Positions of a load job at the most, unless one bucket has more: what an interrupted run has to send again.
const JOB_ROWS: u64 = 1_048_576;
/// Keys of rows that are asked for at once.
const MAX_KEYS: u64 = 50_000;
/// The register is older than any history, but not by more than this.
const OLDEST_ENTRY: Micros = 2_000 * DAY;

/// Everything that a command works with.
pub struct Synthesizer {
    pub config: SynthesizerConfig,
    pub warehouse: Warehouse,
    pub tables: Tables,
    pub feed: Feed,
}

/// A span of whose positions some or all are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub span: Span,
    /// Positions that have arrived by now.
    pub expected: u64,
    /// Positions that are there.
    pub there: u64,
}

/// What is known of other tables than that of the positions before the gaps of a span are closed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beginning {
    /// By table: whether nothing of the span is there.
    is_empty: [bool; 3],
    /// Whether the fleet is loaded together with the first changes: one job instead of two.
    takes_fleet: bool,
}

/// The tables whose rows are sent before the positions of their time.
const OTHERS: [Table; 2] = [Table::VesselMetadata, Table::PortEvents];

impl Synthesizer {
    /// What is missing of the positions about a span that have arrived by its end: gaps small enough for a load job.
    pub fn gaps(&mut self, span: &Span) -> Result<Vec<Gap>, Failure> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let bucket = self.feed.bucket();
        let sql = format!(
            "SELECT DIV(UNIX_MICROS(timestamp), {bucket}) AS bucket, COUNT(*) AS positions FROM {} WHERE {} GROUP BY bucket",
            self.tables.reference(Table::VesselPositions).quoted(),
            within(Table::VesselPositions, span),
        );
        let counted = self.warehouse.query(sql)?;
        let there: HashMap<i64, u64> =
            counted.iter().filter_map(|row| Some((integer(row.first()?)?, integer(row.get(1)?)? as u64))).collect();
        let mut buckets = self.buckets(span);
        for gap in &mut buckets {
            gap.there = there.get(&gap.span.start.div_euclid(bucket)).copied().unwrap_or(0);
        }
        Ok(self.joined(buckets.into_iter().filter(|gap| gap.there < gap.expected)))
    }

    /// The buckets of a span, as if nothing were there.
    fn buckets(&self, span: &Span) -> Vec<Gap> {
        let of_bucket = |(number, expected)| Gap { span: self.bucket(span, number), expected, there: 0 };
        self.feed.positions_by_bucket(span).into_iter().map(of_bucket).collect()
    }

    /// What a span has of a bucket.
    fn bucket(&self, span: &Span, number: i64) -> Span {
        let bucket = self.feed.bucket();
        (number * bucket).max(span.start)..((number + 1) * bucket).min(span.end)
    }

    /// The gaps of a span of which nothing is there. What is expected of them is an estimate.
    pub fn all_missing(&self, span: &Span) -> Vec<Gap> {
        if span.is_empty() {
            return Vec::new();
        }
        let bucket = self.feed.bucket();
        let numbers = span.start.div_euclid(bucket)..=(span.end - 1).div_euclid(bucket);
        let gaps = numbers.map(|number| {
            let span = self.bucket(span, number);
            Gap { expected: self.feed.estimate(Table::VesselPositions, &span), span, there: 0 }
        });
        self.joined(gaps)
    }

    /// Joins neighbours of which nothing is there, as many as fit in a load job. Which do follows from their spans alone, so
    /// that the next run makes the same jobs.
    fn joined(&self, buckets: impl Iterator<Item = Gap>) -> Vec<Gap> {
        joined(buckets, |span| self.feed.estimate(Table::VesselPositions, span))
    }

    /// Loads what is missing: of the fleet as it was at the beginning of a span, and in the gaps of the span. `there` are the
    /// tables that may have rows.
    pub fn load(
        &mut self,
        gaps: &[Gap],
        span: &Span,
        there: [bool; 3],
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let before = span.start - OLDEST_ENTRY..span.start;
        let mut beginning = Beginning::default();
        for table in OTHERS.into_iter().filter(|_| !gaps.is_empty()) {
            beginning.is_empty[table as usize] = !there[table as usize] || self.count(table, span)? == 0;
        }
        let register = Table::VesselMetadata;
        let entries = if there[register as usize] { self.count(register, &before)? } else { 0 };
        beginning.takes_fleet = entries == 0 && beginning.is_empty[register as usize];
        if entries < self.feed.vessels() && !beginning.takes_fleet {
            let present = if entries == 0 { HashSet::new() } else { self.keys(register, &before)? };
            let mut running = Vec::new();
            self.send(register, &Part::Fleet(span.start), present, progress, &mut running)?;
            await_all(&mut running, &mut self.warehouse)?;
        }
        self.close(gaps, span, beginning, progress)
    }

    /// Loads what is missing in the gaps of a span, of all three tables, as far as it has arrived by its end.
    pub fn close(
        &mut self,
        gaps: &[Gap],
        whole: &Span,
        mut beginning: Beginning,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let until = whole.end;
        // Load jobs that BigQuery works on while the next rows are on their way.
        let mut running = Vec::new();
        let mut closed_to = whole.start;
        for Gap { span, there, .. } in gaps {
            // Late rows about the time before it may be missing with it.
            let reaching_back = (span.start - self.feed.max_delay()).max(closed_to)..span.end;
            closed_to = span.end;
            for table in OTHERS {
                let is_empty = beginning.is_empty[table as usize];
                let present = if is_empty { HashSet::new() } else { self.keys(table, &reaching_back)? };
                let with_fleet = table == Table::VesselMetadata && std::mem::take(&mut beginning.takes_fleet);
                let span = reaching_back.clone();
                let part =
                    if with_fleet { Part::FleetAndHistory { span, until } } else { Part::History { span, until } };
                self.send(table, &part, present, progress, &mut running)?;
            }
            let present = if *there > 0 { self.keys(Table::VesselPositions, span)? } else { HashSet::new() };
            let part = Part::History { span: span.clone(), until };
            self.send(Table::VesselPositions, &part, present, progress, &mut running)?;
        }
        await_all(&mut running, &mut self.warehouse)
    }

    /// Loads what arrives during a span of which nothing was loaded yet.
    pub fn emit(&mut self, span: &Span, progress: &mut Progress) -> Result<(), Failure> {
        let mut running = Vec::new();
        for table in OTHERS.into_iter().chain([Table::VesselPositions]) {
            self.send(table, &Part::Arriving(span.clone()), HashSet::new(), progress, &mut running)?;
        }
        await_all(&mut running, &mut self.warehouse)
    }

    /// Sends rows to a table, but for those that are `present`. Positions only appear when `running` jobs are through.
    fn send(
        &mut self,
        kind: Table,
        part: &Part,
        present: HashSet<RowKey>,
        progress: &mut Progress,
        running: &mut Vec<LoadJob>,
    ) -> Result<(), Failure> {
        let table = self.tables.reference(kind);
        let streams = self.config.streaming.includes(&table.table);
        let name = format!("{} {part:?} but {}", self.feed.name, present.len());
        let mut source = Source::new(self.feed.rows(kind, part), present);
        let mut to = Destination { warehouse: &mut self.warehouse, kind, table, progress };
        if streams {
            if kind == Table::VesselPositions {
                await_all(running, to.warehouse)?;
            }
            return load::by_streaming(&mut to, &mut source);
        }
        let job = load::by_job(&mut to, &mut source, &name, running)?;
        if kind == Table::VesselPositions {
            await_all(running, &mut self.warehouse)?;
        }
        if let Some(mut job) = job {
            job.close(&mut self.warehouse)?;
            running.push(job);
        }
        Ok(())
    }

    /// The keys of the rows that are there about a span.
    fn keys(&mut self, table: Table, span: &Span) -> Result<HashSet<RowKey>, Failure> {
        let count = self.count(table, span)?;
        if count == 0 {
            return Ok(HashSet::new());
        }
        if count > MAX_KEYS && span.end - span.start > 1 {
            let middle = span.start + (span.end - span.start) / 2;
            let mut keys = self.keys(table, &(span.start..middle))?;
            keys.extend(self.keys(table, &(middle..span.end))?);
            return Ok(keys);
        }
        let mmsi = if table == Table::PortEvents { "vessel_mmsi" } else { "mmsi" };
        let sql = format!(
            "SELECT UNIX_MICROS({}) AS micros, {mmsi} FROM {} WHERE {}",
            table.timestamp_column(),
            self.tables.reference(table).quoted(),
            within(table, span),
        );
        let rows = self.warehouse.query(sql)?;
        Ok(rows.iter().filter_map(|row| Some((integer(row.first()?)?, row.get(1)?.as_ref()?.parse().ok()?))).collect())
    }

    fn count(&mut self, table: Table, span: &Span) -> Result<u64, Failure> {
        let sql = format!(
            "SELECT COUNT(*) AS positions FROM {} WHERE {}",
            self.tables.reference(table).quoted(),
            within(table, span)
        );
        let rows = self.warehouse.query(sql)?;
        Ok(rows.first().and_then(|row| integer(row.first()?)).unwrap_or(0) as u64)
    }

    /// About how many rows closing these gaps will send.
    pub fn estimate(&self, gaps: &[Gap]) -> Rows {
        let mut rows = Rows::default();
        for gap in gaps {
            rows.add(Table::VesselPositions, gap.expected - gap.there);
            for table in [Table::PortEvents, Table::VesselMetadata] {
                let about = self.feed.estimate(table, &gap.span) as f64;
                rows.add(table, (about * (gap.expected - gap.there) as f64 / gap.expected as f64) as u64);
            }
        }
        rows
    }

    /// Deletes what is older than a moment; the fleet stays. BigQuery takes nothing for deleting whole days.
    pub fn delete_before(&mut self, moment: Micros) -> Result<(), Stop> {
        for kind in [Table::VesselPositions, Table::PortEvents] {
            let (table, column) = (self.tables.reference(kind).quoted(), kind.timestamp_column());
            let before = to_rfc3339(moment);
            self.warehouse.query(format!("DELETE FROM {table} WHERE {column} < TIMESTAMP '{before}'"))?;
        }
        Ok(())
    }
}

fn await_all(running: &mut Vec<LoadJob>, warehouse: &mut Warehouse) -> Result<(), Failure> {
    running.drain(..).try_for_each(|job| job.wait(warehouse))
}

fn joined(buckets: impl Iterator<Item = Gap>, positions: impl Fn(&Span) -> u64) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for bucket in buckets {
        match gaps.last_mut() {
            Some(last)
                if last.span.end == bucket.span.start
                    && last.there + bucket.there == 0
                    && positions(&(last.span.start..bucket.span.end)) <= JOB_ROWS =>
            {
                last.span.end = bucket.span.end;
                last.expected += bucket.expected;
            }
            _ => gaps.push(bucket),
        }
    }
    gaps
}

/// A condition that a partitioned table can be pruned by.
fn within(table: Table, span: &Span) -> String {
    let column = table.timestamp_column();
    let (from, until) = (to_rfc3339(span.start), to_rfc3339(span.end));
    format!("{column} >= TIMESTAMP '{from}' AND {column} < TIMESTAMP '{until}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(span: Span, expected: u64, there: u64) -> Gap {
        Gap { span, expected, there }
    }

    #[test]
    fn neighbours_of_which_nothing_is_there_share_a_load_job() {
        let joined = |gaps: &[Gap], rows| joined(gaps.iter().cloned(), |span| (span.end - span.start) as u64 * rows);
        let empty = [gap(0..10, 100, 0), gap(10..20, 100, 0)];
        assert_eq!(joined(&empty, 10), [gap(0..20, 200, 0)]);
        assert_eq!(joined(&empty, JOB_ROWS / 20), [gap(0..20, 200, 0)]);
        assert_eq!(joined(&empty, JOB_ROWS / 20 + 1), empty);
        let apart = [gap(0..10, 100, 0), gap(20..30, 100, 0), gap(30..40, 100, 7), gap(40..50, 100, 0)];
        assert_eq!(joined(&apart, 10), apart);
    }
}
