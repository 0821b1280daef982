//! Measures how fast rows are generated, on one core, and shows a hash of them, which is the same on every platform:
//! `cargo run --release --package ingestor-maritime --example rows-per-second`

use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

use ingestor_core::time::{DAY, Micros};
use ingestor_maritime::fleet::Fleet;
use ingestor_maritime::rows::{Generator, Rows};
use ingestor_maritime::table::Table;
use ingestor_maritime::timetable::{Cadence, Lateness, Window};

/// 2025-11-01T00:00:00Z.
const START: Micros = 1_761_955_200_000_000;
const RUNS: usize = 3;

fn main() {
    for total_vessels in [1_000, 100_000] {
        let generator = Generator {
            fleet: Fleet::new(1, total_vessels).expect("a fleet of a possible size"),
            cadence: Cadence::default(),
            lateness: Lateness::default(),
        };
        for table in Table::ALL {
            measure(table.name(), total_vessels, || generator.rows(table, Window::arriving(START..START + 7 * DAY)));
        }
        measure("vessel_metadata, all", total_vessels, || generator.metadata_snapshot(START));
    }
}

/// Prints the best of several runs.
fn measure<'g>(name: &str, total_vessels: u32, rows: impl Fn() -> Rows<'g>) {
    let run = || {
        let mut piece = Vec::new();
        let (mut count, mut bytes, mut hash) = (0, 0, DefaultHasher::new());
        let mut elapsed = Duration::ZERO;
        let mut rows = rows();
        loop {
            let begun = Instant::now();
            let written = rows.fill(&mut piece, 1 << 20);
            elapsed += begun.elapsed();
            if written == 0 {
                return (elapsed.as_secs_f64(), count, bytes, hash.finish());
            }
            count += written;
            bytes += piece.len();
            hash.write(&piece);
            piece.clear();
        }
    };
    let (seconds, count, bytes, hash) = (0..RUNS).map(|_| run()).min_by(|a, b| a.0.total_cmp(&b.0)).expect("some runs");
    println!(
        "{name:22} {total_vessels:7} vessels: {count:8} rows, {:7.0} rows/s, {:4.0} MB/s, {} bytes a row, hash {hash:016x}",
        count as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        bytes / count.max(1)
    );
}
