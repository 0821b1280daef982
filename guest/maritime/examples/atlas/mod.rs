//! Where land is, from the outlines of Natural Earth (public domain) as npm's `world-atlas` brings them. `npm ci` at the
//! repository's root puts them there.

use std::path::Path;

use serde_json::Value;

/// How fine the grid is.
const CELLS_PER_DEGREE: usize = 20;
const COLUMNS: usize = 360 * CELLS_PER_DEGREE;
const ROWS: usize = 180 * CELLS_PER_DEGREE;

/// A grid of the world, row by row from the north pole, from 180° W to the east.
pub struct Land(Vec<bool>);

impl Land {
    /// Reads the outlines.
    pub fn read() -> Land {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/world-atlas/land-50m.json");
        let text = std::fs::read(&file)
            .unwrap_or_else(|error| panic!("{} cannot be read ({error}): run `npm ci` first", file.display()));
        let topology: Value = serde_json::from_slice(&text).expect("the outlines are JSON");
        let mut land = Land(vec![false; COLUMNS * ROWS]);
        for polygon in polygons(&topology) {
            land.fill(&polygon);
        }
        land
    }

    /// Whether a point, in degrees, is on land.
    pub fn is_at(&self, latitude: f64, longitude: f64) -> bool {
        let cell = |degrees: f64, cells: usize| ((degrees * CELLS_PER_DEGREE as f64) as usize).min(cells - 1);
        self.0[cell(90.0 - latitude, ROWS) * COLUMNS + cell(longitude + 180.0, COLUMNS)]
    }

    /// Fills a polygon, given by its rings, by the even-odd rule along the middles of the grid's rows.
    fn fill(&mut self, rings: &[Vec<(f64, f64)>]) {
        let edges = || rings.iter().flat_map(|ring| ring.windows(2).map(|edge| (edge[0], edge[1])));
        for row in 0..ROWS {
            let latitude = 90.0 - (row as f64 + 0.5) / CELLS_PER_DEGREE as f64;
            let mut crossings: Vec<f64> = edges()
                .filter(|((_, from), (_, to))| (*from > latitude) != (*to > latitude))
                .map(|((x, y), (to_x, to_y))| x + (latitude - y) / (to_y - y) * (to_x - x))
                .map(|longitude| (longitude + 180.0) * CELLS_PER_DEGREE as f64)
                .collect();
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                for column in (pair[0] + 0.5).floor() as i64..(pair[1] + 0.5).floor() as i64 {
                    self.0[row * COLUMNS + column.rem_euclid(COLUMNS as i64) as usize] = true;
                }
            }
        }
    }
}

/// The same ring without jumps from 180° E to 180° W: beyond, longitudes go on.
fn unwrapped(ring: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut turns = 0.0;
    let mut before = None;
    let points = ring.into_iter().map(|(longitude, latitude)| {
        let step = before.map_or(0.0, |before: f64| longitude - before);
        before = Some(longitude);
        turns -= (step / 360.0).round();
        (longitude + turns * 360.0, latitude)
    });
    points.collect()
}

/// The polygons of TopoJSON: rings of arcs, which are differences of integers.
fn polygons(topology: &Value) -> Vec<Vec<Vec<(f64, f64)>>> {
    let number = |value: &Value| value.as_f64().expect("a number");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let transform = |name: &str, axis: usize| number(&topology["transform"][name][axis]);
    let arcs: Vec<Vec<(f64, f64)>> = list(&topology["arcs"])
        .iter()
        .map(|arc| {
            let (mut x, mut y) = (0.0, 0.0);
            let points = list(arc).into_iter().map(|step| {
                x += number(&step[0]);
                y += number(&step[1]);
                (
                    x * transform("scale", 0) + transform("translate", 0),
                    y * transform("scale", 1) + transform("translate", 1),
                )
            });
            points.collect()
        })
        .collect();
    let ring = |indexes: &Value| {
        let arc = |index: &Value| match index.as_i64().expect("an arc's number") {
            // The ones' complement stands for the arc the other way around.
            index if index < 0 => arcs[!index as usize].iter().rev().copied().collect::<Vec<_>>(),
            index => arcs[index as usize].clone(),
        };
        unwrapped(list(indexes).iter().flat_map(arc).collect())
    };
    let geometries = list(&topology["objects"]["land"]["geometries"]);
    let polygons = geometries.iter().flat_map(|geometry| list(&geometry["arcs"]));
    polygons.map(|rings| list(&rings).iter().map(ring).collect()).collect()
}
