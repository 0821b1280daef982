//! Writes `tests/land-cells.txt`, by which a test knows where no ship can be:
//! `cargo run --release --package ingestor-maritime --example land-cells`
//!
//! Of each half degree from 90° N to 90° S a line: where, counted in half degrees from 180° W, land begins and ends. A cell is
//! land when all of it is; so neither coasts nor canals nor rivers are.

mod atlas;

use std::fmt::Write;
use std::path::Path;

use atlas::Land;

const CELLS_PER_DEGREE: usize = 2;
/// In how many places a cell is looked at, in each direction.
const LOOKS: usize = 10;

fn main() {
    let land = Land::read();
    let mut lines = String::new();
    for row in 0..180 * CELLS_PER_DEGREE {
        let is_land: Vec<bool> = (0..360 * CELLS_PER_DEGREE).map(|column| is_land_only(&land, row, column)).collect();
        let spans = is_land.chunk_by(|a, b| a == b).scan(0, |at, cells| {
            let start = *at;
            *at += cells.len();
            Some((cells[0], start, *at))
        });
        let spans: Vec<_> = spans.filter(|span| span.0).map(|(_, start, end)| format!("{start}-{end}")).collect();
        writeln!(lines, "{}", spans.join(" ")).expect("strings can be written to");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/land-cells.txt");
    std::fs::write(&file, lines).expect("the file can be written");
}

fn is_land_only(land: &Land, row: usize, column: usize) -> bool {
    let degrees =
        |cell: usize, look: usize| (cell as f64 + (look as f64 + 0.5) / LOOKS as f64) / CELLS_PER_DEGREE as f64;
    let mut looks = (0..LOOKS).flat_map(|y| (0..LOOKS).map(move |x| (y, x)));
    looks.all(|(y, x)| land.is_at(90.0 - degrees(row, y), degrees(column, x) - 180.0))
}
