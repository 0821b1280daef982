//! Which rows there are: what the model's ships report.

use std::collections::VecDeque;
use std::ops::Range;

use ingestor_core::config::SynthesizerConfig;
use ingestor_core::time::{DAY, HOUR, MILLISECOND, Micros};
use ingestor_maritime::fleet::{Fleet, FleetError};
use ingestor_maritime::rows::{Generator, Rows};
use ingestor_maritime::table::Table;
use ingestor_maritime::timetable::{Cadence, Lateness, Window};

/// Time, from the first moment up to, but without, the end.
pub type Span = Range<Micros>;

/// Rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Those that are about a span and have arrived by `until`.
    History { span: Span, until: Micros },
    /// Those that arrive during a span.
    Arriving(Span),
    /// One of each vessel, from before a moment.
    Fleet(Micros),
    /// One of each vessel from before a span, and then its history.
    FleetAndHistory { span: Span, until: Micros },
}

/// Positions of a bucket at the most, where one interval has no more.
const BUCKET_ROWS: Micros = 50_000;
/// How many port events a vessel has in a day, about, and how many changes of its register entry.
const EVENTS_A_DAY: f64 = 0.6;
const CHANGES_A_DAY: f64 = 0.03;

pub struct Feed {
    generator: Generator,
    /// All that its rows depend on: feeds of one name have the same rows.
    pub name: String,
}

impl Feed {
    pub fn new(config: &SynthesizerConfig) -> Result<Self, FleetError> {
        let cadence = Cadence {
            batch_size: config.batch_size,
            interval_micros: config.generation_interval_ms as Micros * MILLISECOND,
        };
        let lateness =
            Lateness { share: config.late_share, max_delay_micros: config.late_delay_ms as Micros * MILLISECOND };
        let fleet = Fleet::new(config.seed, config.total_vessels)?;
        let name = format!("{} {} {cadence:?} {lateness:?}", config.seed, config.total_vessels);
        Ok(Self { generator: Generator { fleet, cadence, lateness }, name })
    }

    /// One after the other.
    pub fn rows(&self, table: Table, part: &Part) -> VecDeque<Rows<'_>> {
        let fleet = |at| self.generator.metadata_snapshot(at);
        let history = |span: &Span, until| self.generator.rows(table, Window::history(span.clone(), until));
        match part {
            Part::History { span, until } => [history(span, *until)].into(),
            Part::Arriving(span) => [self.generator.rows(table, Window::arriving(span.clone()))].into(),
            Part::Fleet(at) => [fleet(*at)].into(),
            Part::FleetAndHistory { span, until } => [fleet(span.start), history(span, *until)].into(),
        }
    }

    pub fn vessels(&self) -> u64 {
        self.generator.fleet.total_vessels().into()
    }

    pub fn interval(&self) -> Micros {
        self.generator.cadence.interval_micros
    }

    /// The latest end of an interval that is not after `at`.
    pub fn floor(&self, at: Micros) -> Micros {
        at - at.rem_euclid(self.interval())
    }

    /// How late rows are at the most.
    pub fn max_delay(&self) -> Micros {
        self.generator.lateness.max_delay_micros
    }

    /// Length of the buckets that time is cut into, from 1970 on, to be compared with what is there.
    pub fn bucket(&self) -> Micros {
        let Cadence { batch_size, interval_micros } = self.generator.cadence;
        let intervals = BUCKET_ROWS / Micros::from(batch_size);
        intervals.max(1).saturating_mul(interval_micros).min(HOUR)
    }

    /// How many positions about each bucket of a span have arrived by its end: the bucket's number, and positions.
    pub fn positions_by_bucket(&self, span: &Span) -> Vec<(i64, u64)> {
        let bucket = self.bucket();
        let first = span.start.div_euclid(bucket);
        let mut counts = vec![0; usize::try_from((span.end - 1).div_euclid(bucket) - first + 1).unwrap_or(0)];
        for time in self.generator.position_times(Window::history(span.clone(), span.end)) {
            counts[(time.div_euclid(bucket) - first) as usize] += 1;
        }
        (first..).zip(counts).collect()
    }

    /// About how many rows a table has about a span.
    pub fn estimate(&self, table: Table, span: &Span) -> u64 {
        let a_day = match table {
            Table::VesselPositions => return self.generator.expected_positions(span),
            Table::PortEvents => EVENTS_A_DAY,
            Table::VesselMetadata => CHANGES_A_DAY,
        };
        let days = (span.end - span.start).max(0) as f64 / DAY as f64;
        (days * a_day * self.vessels() as f64) as u64
    }
}
