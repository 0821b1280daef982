//! Draws a month of generated positions on a map of the world:
//! `cargo run --release --package ingestor-maritime --example traffic-map`
//!
//! It reads the rows as anybody would, writes `docs/images/traffic.png`, and says how many of the positions under way are on
//! land. Some are: canals, rivers and harbours are land at the scale of the outlines.

mod atlas;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use atlas::Land;
use ingestor_core::time::{DAY, HOUR, Micros};
use ingestor_maritime::fleet::{Fleet, VesselType};
use ingestor_maritime::rows::Generator;
use ingestor_maritime::table::Table;
use ingestor_maritime::timetable::{Cadence, Lateness, Window};
use ingestor_maritime::world::ports::PORTS;
use serde_json::Value;

/// 2025-11-01T00:00:00Z.
const START: Micros = 1_761_955_200_000_000;
const DAYS: Micros = 30;
const VESSELS: u32 = 5_000;
const POSITIONS_PER_HOUR: u32 = 2_000;

/// The part of the world that is shown: degrees of longitude from 180° W, degrees of latitude.
const WIDTH: usize = 1440;
const PIXELS_PER_DEGREE: usize = WIDTH / 360;
const NORTH: f64 = 68.0;
const SOUTH: f64 = -52.0;
const HEIGHT: usize = (NORTH - SOUTH) as usize * PIXELS_PER_DEGREE;

type Color = [u8; 3];
const SEA: Color = [10, 20, 38];
const LAND: Color = [44, 54, 68];
const PORT: Color = [255, 255, 255];
/// In the order of [`VesselType::ALL`].
const TRAFFIC: [Color; 6] =
    [[255, 196, 61], [94, 200, 120], [242, 95, 76], [90, 169, 240], [226, 120, 220], [70, 220, 214]];
/// How bright a pixel is, by how many positions are in it.
const BRIGHTNESS: [(u32, f64); 4] = [(1, 0.35), (2, 0.55), (5, 0.8), (15, 1.0)];

fn main() {
    let land = Land::read();
    let mut counts = vec![[0_u32; TRAFFIC.len()]; WIDTH * HEIGHT];
    let (mut positions, mut underway, mut ashore) = (0_u64, 0_u64, 0_u64);
    each_position(|row| {
        let degrees = |column: &str| row[column].as_f64().expect("degrees");
        let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
        positions += 1;
        if row["status"] == "UNDERWAY_USING_ENGINE" {
            underway += 1;
            ashore += u64::from(land.is_at(latitude, longitude));
        }
        let kind = VesselType::ALL.iter().position(|kind| row["vessel_type"] == kind.name()).expect("a type");
        if let Some(pixel) = pixel(latitude, longitude) {
            counts[pixel][kind] += 1;
        }
    });
    println!("{positions} positions, {underway} under way, {:.2} % of those on land", percent(ashore, underway));

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/traffic.png");
    write_png(&file, &indexes(&land, &counts));
    println!("{}: {} bytes", file.display(), file.metadata().expect("the file was written").len());
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn each_position(mut seen: impl FnMut(&Value)) {
    let generator = Generator {
        fleet: Fleet::new(1, VESSELS).expect("a fleet of a possible size"),
        cadence: Cadence { batch_size: POSITIONS_PER_HOUR, interval_micros: HOUR },
        lateness: Lateness::default(),
    };
    let mut rows = generator.rows(Table::VesselPositions, Window::arriving(START..START + DAYS * DAY));
    let mut piece = Vec::new();
    while rows.fill(&mut piece, 1 << 20) > 0 {
        serde_json::Deserializer::from_slice(&piece).into_iter().for_each(|row| seen(&row.expect("rows are JSON")));
        piece.clear();
    }
}

fn pixel(latitude: f64, longitude: f64) -> Option<usize> {
    let row = ((NORTH - latitude) * PIXELS_PER_DEGREE as f64).floor();
    let column = (((longitude + 180.0) * PIXELS_PER_DEGREE as f64) as usize).min(WIDTH - 1);
    (0.0..HEIGHT as f64).contains(&row).then(|| row as usize * WIDTH + column)
}

/// Indexes into the palette: sea, land, ports, then each type at each brightness.
fn indexes(land: &Land, counts: &[[u32; TRAFFIC.len()]]) -> Vec<u8> {
    let mut indexes: Vec<u8> = (0..WIDTH * HEIGHT)
        .map(|pixel| {
            let middle = |index: usize| (index as f64 + 0.5) / PIXELS_PER_DEGREE as f64;
            let total: u32 = counts[pixel].iter().sum();
            let brightness = BRIGHTNESS.iter().rposition(|&(least, _)| total >= least);
            match brightness {
                None => u8::from(land.is_at(NORTH - middle(pixel / WIDTH), middle(pixel % WIDTH) - 180.0)),
                Some(brightness) => {
                    let most = (0..TRAFFIC.len()).max_by_key(|&kind| counts[pixel][kind]).unwrap_or(0);
                    (3 + most * BRIGHTNESS.len() + brightness) as u8
                }
            }
        })
        .collect();
    for port in &PORTS {
        if let Some(middle) = pixel(port.quays.0, port.quays.1) {
            for offset in [0, 1, WIDTH, WIDTH + 1] {
                indexes[middle - WIDTH - 1 + offset] = 2;
            }
        }
    }
    indexes
}

fn write_png(file: &Path, indexes: &[u8]) {
    let dimmed = |color: Color, brightness: f64| -> Color {
        std::array::from_fn(|part| {
            (f64::from(SEA[part]) + (f64::from(color[part]) - f64::from(SEA[part])) * brightness) as u8
        })
    };
    let traffic = TRAFFIC.iter().flat_map(|&color| BRIGHTNESS.map(|(_, brightness)| dimmed(color, brightness)));
    let palette: Vec<u8> = [SEA, LAND, PORT].into_iter().chain(traffic).flatten().collect();
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be made");
    let writer = BufWriter::new(File::create(file).expect("the picture can be written"));
    let mut encoder = png::Encoder::new(writer, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut picture = encoder.write_header().expect("the picture can be written");
    picture.write_image_data(indexes).expect("the picture can be written");
}
