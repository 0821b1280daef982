//! What the commands do.

use std::ops::RangeInclusive;

use ingestor_core::config::closest;
use ingestor_core::time::{DAY, HOUR, MILLISECOND, Micros, parse_stored, to_rfc3339};
use ingestor_maritime::table::Table;
use serde_json::{Map, Value, json};

use crate::failure::Stop;
use crate::feed::Span;
use crate::history::{Beginning, Synthesizer};
use crate::report::{self, Progress, Rows, moment};
use crate::warehouse::integer;

/// Scenarios, and the history they have.
const SCENARIOS: [(&str, Micros); 3] = [("small", HOUR), ("realistic", DAY), ("stress", 7 * DAY)];
/// How many days of history one may ask for.
const DAYS: RangeInclusive<i64> = 1..=365;
/// Pause before what failed for a passing reason is done again.
const SETBACK_PAUSE_MS: i64 = 30_000;

/// How much history `extent` asks for: a scenario, or a number of days.
fn history_micros(extent: &str) -> Result<Micros, Stop> {
    if let Some((_, micros)) = SCENARIOS.iter().find(|(name, _)| *name == extent) {
        return Ok(*micros);
    }
    if let Ok(days) = extent.parse::<i64>() {
        return if DAYS.contains(&days) {
            Ok(days * DAY)
        } else {
            Err(Stop::new(format!("{days} days of history: expected 1 to 365."), "Ask for less, or for a scenario."))
        };
    }
    let advice = match closest(extent, SCENARIOS.map(|(name, _)| name)) {
        Some(name) => format!("Did you mean {name}?"),
        None => "Write small, realistic, stress, or a number of days.".to_owned(),
    };
    Err(Stop::new(format!("{extent:?} is no scenario and no number of days."), advice))
}

fn moment_of(text: &str) -> Result<Micros, Stop> {
    parse_stored(text).ok_or_else(|| {
        Stop::new(
            format!("--until: {text:?} is no point in time."),
            "Write it like 2025-12-01 or 2025-12-01T12:00:00Z.",
        )
    })
}

impl Synthesizer {
    /// See `initialize` in `wit/synthesizer.wit`.
    pub fn initialize(
        &mut self,
        extent: &str,
        until: Option<&str>,
        dry_run: bool,
        made: &mut Vec<String>,
    ) -> Result<Value, Stop> {
        let length = history_micros(extent)?;
        let until = until.map(moment_of).transpose()?;
        let there = self.tables.ensure(&mut self.warehouse, dry_run, made)?;
        // Only now BigQuery has told its time.
        let until = until.unwrap_or_else(|| self.feed.floor(self.warehouse.now()));
        self.fill(until - length..until, there, dry_run, made)
    }

    /// See `start` in `wit/synthesizer.wit`.
    pub fn start(
        &mut self,
        backfill: bool,
        until: Option<&str>,
        dry_run: bool,
        made: &mut Vec<String>,
    ) -> Result<Value, Stop> {
        let until = until.map(moment_of).transpose()?;
        let there = self.tables.ensure(&mut self.warehouse, dry_run, made)?;
        let now = self.feed.floor(self.warehouse.now());
        let end = until.map_or(now, |until| until.min(now));
        let kept = if backfill { Micros::from(self.config.retention_days) * DAY } else { 0 };
        let filled = self.fill(end - kept..end, there, dry_run, made)?;
        if !dry_run {
            self.follow(end, until)?;
        }
        Ok(filled)
    }

    /// Loads what is missing of a span that ends now.
    fn fill(&mut self, span: Span, there: [bool; 3], dry_run: bool, made: &mut Vec<String>) -> Result<Value, Stop> {
        let gaps = match there[Table::VesselPositions as usize] {
            true => self.gaps(&span)?,
            false => self.all_missing(&span),
        };
        let mut rows = self.estimate(&gaps);
        if !dry_run {
            let fleet = if there[Table::VesselMetadata as usize] { 0 } else { self.feed.vessels() };
            let mut progress = Progress::new(rows.total() + fleet);
            let outcome = self.load(&gaps, &span, there, &mut progress);
            rows = progress.done;
            if rows.total() > 0 {
                made.push(format!("{} rows", rows.total()));
            }
            outcome?;
            progress.end();
        }
        Ok(json!({ "from": moment(span.start), "until": moment(span.end), "loaded": self.by_table(rows) }))
    }

    /// Adds what happens, interval by interval, and deletes what is too old.
    fn follow(&mut self, mut done: Micros, until: Option<Micros>) -> Result<(), Stop> {
        let cleanup_interval = self.config.cleanup_interval_ms as Micros * MILLISECOND;
        let mut cleanup_due = Micros::MIN;
        // Whether some of what follows `done` may be there already.
        let mut in_doubt = false;
        while until.is_none_or(|until| done < until) {
            let now = self.warehouse.now();
            let end = until.map_or(self.feed.floor(now), |until| until.min(self.feed.floor(now)));
            if end <= done && now < cleanup_due {
                let next = done + self.feed.interval();
                self.warehouse.sleep_until((until.map_or(next, |until| until.min(next))).min(cleanup_due));
                continue;
            }
            let worked = if now >= cleanup_due { self.clean_up(now) } else { self.advance(&(done..end), in_doubt) };
            match worked {
                Ok(()) if now >= cleanup_due => cleanup_due = now + cleanup_interval,
                Ok(()) => (done, in_doubt) = (end, false),
                Err(stop) if stop.is_passing => {
                    in_doubt = true;
                    let message = &stop.message;
                    report::event(&json!({ "event": "waiting", "message": message, "afterMs": SETBACK_PAUSE_MS }));
                    self.warehouse.sleep_until(now + SETBACK_PAUSE_MS * MILLISECOND);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Loads what arrives during a span; when in doubt, but for what is there.
    fn advance(&mut self, span: &Span, in_doubt: bool) -> Result<(), Stop> {
        let mut progress = Progress::silent();
        if in_doubt {
            let whole = span.start - self.feed.max_delay()..span.end;
            let gaps = self.gaps(&whole)?;
            self.close(&gaps, &whole, Beginning::default(), &mut progress)?;
        } else {
            self.emit(span, &mut progress)?;
        }
        let rows = self.by_table(progress.done);
        report::event(&json!({ "event": "emitted", "until": moment(span.end), "rows": rows }));
        Ok(())
    }

    fn clean_up(&mut self, now: Micros) -> Result<(), Stop> {
        let before = (now.div_euclid(DAY) - i64::from(self.config.retention_days)) * DAY;
        self.delete_before(before)?;
        report::event(&json!({ "event": "cleaned", "before": moment(before) }));
        Ok(())
    }

    /// See `stats` in `wit/synthesizer.wit`.
    pub fn stats(&mut self) -> Result<Value, Stop> {
        let is_there = self.tables.dataset_is_there(&mut self.warehouse)?;
        let mut tables = Vec::new();
        for kind in Table::ALL {
            let table = self.tables.reference(kind);
            let metadata = if is_there { self.warehouse.table(&table)? } else { None };
            let Some(metadata) = metadata else {
                tables
                    .push(json!({ "table": table.table, "rows": null, "bytes": null, "oldest": null, "newest": null }));
                continue;
            };
            let column = kind.timestamp_column();
            let sql = format!(
                "SELECT COUNT(*), UNIX_MICROS(MIN({column})), UNIX_MICROS(MAX({column})) FROM {}",
                table.quoted()
            );
            let row = self.warehouse.query(sql)?.into_iter().next().unwrap_or_default();
            let number = |index: usize| row.get(index).cloned().flatten().and_then(|text| text.parse::<i64>().ok());
            tables.push(json!({
                "table": table.table,
                "rows": number(0),
                "bytes": metadata.num_bytes,
                "oldest": number(1).map(to_rfc3339),
                "newest": number(2).map(to_rfc3339),
            }));
        }
        Ok(json!({ "dataset": self.tables.full_dataset(), "tables": tables }))
    }

    /// See `clear` in `wit/synthesizer.wit`.
    pub fn clear(&mut self, drop_tables: bool, dry_run: bool) -> Result<Value, Stop> {
        let is_there = self.tables.dataset_is_there(&mut self.warehouse)?;
        let mut cleared = Vec::new();
        for kind in Table::ALL {
            let table = self.tables.reference(kind);
            if !is_there || self.warehouse.table(&table)?.is_none() {
                continue;
            }
            // What BigQuery says of a table may be older than its rows.
            let counted = self.warehouse.query(format!("SELECT COUNT(*) AS entries FROM {}", table.quoted()))?;
            if !dry_run && drop_tables {
                self.warehouse.delete_table(&table)?;
            } else if !dry_run {
                self.warehouse.query(format!("TRUNCATE TABLE {}", table.quoted()))?;
            }
            let rows = counted.first().and_then(|row| integer(row.first()?));
            cleared.push(json!({ "table": table.table, "rows": rows }));
        }
        Ok(json!({ "dataset": self.tables.full_dataset(), "tables": cleared }))
    }

    fn by_table(&self, rows: Rows) -> Value {
        let entry = |kind: Table| (self.tables.name(kind).to_owned(), rows.of(kind).into());
        Value::Object(Table::ALL.into_iter().map(entry).collect::<Map<String, Value>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_asked_for_by_scenario_or_in_days() {
        assert_eq!(history_micros("stress"), Ok(7 * DAY));
        assert_eq!(history_micros("365"), Ok(365 * DAY));
        for extent in ["0", "366", "-1", "1.5", "smal", ""] {
            assert!(history_micros(extent).is_err(), "{extent}");
        }
        assert_eq!(history_micros("smal").unwrap_err().advice, "Did you mean small?");
    }
}
