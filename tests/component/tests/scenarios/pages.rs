//! However BigQuery cuts a result into pages.

use crate::support::{NOON, positions, seconds_from};
use component_tests::bigquery::{Column, Table};
use component_tests::faults::Seen;
use component_tests::values::{Value, text};
use component_tests::world::World;

const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";

fn texts(lengths: impl IntoIterator<Item = usize>) -> Table {
    let columns = vec![Column::new("ts", "TIMESTAMP"), Column::new("note", "STRING")];
    let row = |(at, length)| vec![Value::Timestamp(at), text("x".repeat(length))];
    Table::new("notes", columns).with_rows(seconds_from(NOON, i64::MAX).zip(lengths).map(row))
}

#[test]
fn the_result_arrives_in_pages_of_1_row() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(1);

    let _engine = world.sync();

    assert_eq!(world.stored("positions").len(), 25);
}

#[test]
fn the_result_arrives_in_pages_of_1_byte_more_than_a_chunk() {
    // What is written, what buffers hold, and what the engine reads at once.
    const CHUNKS: [usize; 3] = [16 << 10, 64 << 10, 256 << 10];
    // The pages of a result of 10 rows differ by the length of their texts only, but for the last, which has no token.
    let around_text = page_lengths([0; 10])[0];
    let lengths = CHUNKS.iter().flat_map(|chunk| [chunk - 1, *chunk, chunk + 1]).map(|length| length - around_text);

    let pages = page_lengths(lengths.chain([0]));

    for chunk in CHUNKS {
        assert!([chunk - 1, chunk, chunk + 1].iter().all(|length| pages.contains(length)), "{pages:?}");
    }
}

/// Syncs texts of these lengths in pages of one row, and returns how many bytes each page has.
fn page_lengths(lengths: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let world = World::new(vec![texts(lengths)]).with_batch_size(1);
    let _engine = world.sync();
    assert_eq!(world.bigquery.state().jobs_run.len(), 1);
    let pages = world.proxy.seen().into_iter().filter(|seen| seen.is("GET", PAGES));
    let length = |seen: Seen| seen.request.forward(world.bigquery.address()).expect("an answer").body.len();
    pages.map(length).collect()
}

#[test]
fn the_result_arrives_in_pages_of_20_mb() {
    let mut world = World::new(vec![texts((0..20).map(|n| (1 << 20) + n))]);
    // The simulation takes its time to write so large a page.
    world.config["bigquery"]["requestTimeout"] = 30_000.into();

    let _engine = world.sync();

    assert_eq!(world.stored("notes").len(), 20);
}

#[test]
fn the_result_arrives_in_pages_shorter_than_asked_while_later_pages_are_in_flight() {
    for page_rows in [3, 7, 9] {
        let world = World::new(vec![positions(seconds_from(NOON, 95))]).with_batch_size(10);
        world.bigquery.state().habits.page_rows = Some(page_rows);

        let _engine = world.sync();

        assert_eq!(world.stored("positions").len(), 95);
        assert_eq!(world.storage().puts, 95, "no row is written twice");
    }
}

#[test]
fn pages_limited_by_bytes_add_up() {
    let world = World::new(vec![texts((0..40).map(|n| if n % 7 == 0 { 3_000 } else { 100 + n }))]).with_batch_size(10);
    world.bigquery.state().habits.page_bytes = Some(2_000);

    let _engine = world.sync();

    assert_eq!(world.stored("notes").len(), 40);
}

#[test]
fn the_result_arrives_as_an_empty_page_with_a_page_token() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
    world.bigquery.state().habits.empty_pages = 2;

    let _engine = world.sync();

    assert_eq!(world.stored("positions").len(), 25);
}

#[test]
fn job_complete_false_three_times_then_rows() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
    world.bigquery.state().habits.incomplete_answers = 3;

    let _engine = world.sync();

    assert_eq!(world.bigquery.state().jobs_run.len(), 1);
    assert_eq!(world.proxy.count("GET", PAGES), 3 + 3, "three times in vain, and for three pages");
    assert_eq!(world.stored("positions").len(), 25);
}

#[test]
fn both_spellings_of_timestamps_and_both_places_of_the_token_are_read() {
    let times = [-62_135_596_800_000_000, -1, 0, 1, NOON + 123_456, 253_402_300_799_999_999];
    let ids = [false, true].map(|is_default| {
        let world = World::new(vec![positions(times)]).with_batch_size(2);
        world.bigquery.state().habits.float_timestamps = is_default;
        world.bigquery.state().habits.token_after_rows = is_default;
        let _engine = world.sync();
        world.ids("positions")
    });
    assert_eq!(ids[0], ids[1]);
}
