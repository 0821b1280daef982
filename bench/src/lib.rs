//! Answers of BigQuery to measure with, the same in every run.

use std::fmt::Write;

/// `rows` positions of vessels, eight columns of six types, as `jobs.getQueryResults` writes them without white space.
#[must_use]
pub fn vessel_positions(rows: usize) -> String {
    let mut page = String::from(
        r#"{"kind":"bigquery#getQueryResultsResponse","schema":{"fields":[{"name":"timestamp","type":"TIMESTAMP"},{"name":"mmsi","type":"STRING"},{"name":"vessel_name","type":"STRING"},{"name":"latitude","type":"FLOAT"},{"name":"longitude","type":"FLOAT"},{"name":"speed_knots","type":"NUMERIC"},{"name":"heading","type":"INTEGER"},{"name":"moored","type":"BOOLEAN"}]},"jobReference":{"projectId":"p","jobId":"j","location":"US"},"#,
    );
    write!(page, r#""totalRows":"{rows}","rows":["#).expect("a string takes all");
    for row in 0..rows {
        let random = scrambled(row as u64);
        let micros = 1_764_590_400_000_000 + row as u64 * 731_923;
        let (vessel, moored) = (random % 977, random >> 20 & 7 == 0);
        let latitude = (random >> 8 & 0xff_ffff) as f64 / 186_413.0 - 45.0;
        let longitude = (random >> 32 & 0xff_ffff) as f64 / 46_603.0 - 180.0;
        let (knots, heading) = (random >> 24 & 31, random >> 40 & 255);
        let separator = if row == 0 { "" } else { "," };
        write!(
            page,
            r#"{separator}{{"f":[{{"v":"{micros}"}},{{"v":"{}"}},{{"v":"MV Northern Star {vessel}"}},{{"v":"{latitude}"}},{{"v":"{longitude}"}},{{"v":"{knots}.5"}},{{"v":"{heading}"}},{{"v":"{moored}"}}]}}"#,
            367_000_000 + vessel,
        )
        .expect("a string takes all");
    }
    page.push_str(r#"],"totalBytesProcessed":"0","jobComplete":true,"cacheHit":false}"#);
    page
}

/// A number that looks random (splitmix64).
fn scrambled(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
