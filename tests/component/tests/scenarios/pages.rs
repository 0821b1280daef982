//! However BigQuery cuts a result into pages.

use crate::support::{NOON, positions, seconds_from};
use component_tests::bigquery::{Column, Table};
use component_tests::values::{Value, text};
use component_tests::world::World;

fn texts(lengths: impl IntoIterator<Item = usize>) -> Table {
    let columns = vec![Column::new("ts", "TIMESTAMP"), Column::new("note", "STRING")];
    let row = |(at, length)| vec![Value::Timestamp(at), text("x".repeat(length))];
    Table::new("notes", columns).with_rows(seconds_from(NOON, i64::MAX).zip(lengths).map(row))
}

#[test]
fn pages_of_one_row_add_up() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(1);

    let _engine = world.sync();

    assert_eq!(world.stored("positions").len(), 25);
}

#[test]
fn a_page_may_end_anywhere_in_a_chunk() {
    // The page around it takes a few hundred bytes, so that some of the pages end at a border of 16 KiB or 64 KiB, and
    // others a byte before or behind it.
    let lengths = (15_600..15_900).step_by(3).chain(65_000..65_060);
    let world = World::new(vec![texts(lengths)]).with_batch_size(1);

    let _engine = world.sync();

    assert_eq!(world.bigquery.state().jobs_run.len(), 1);
}

#[test]
fn a_page_of_twenty_megabytes_is_read_whole() {
    let mut world = World::new(vec![texts((0..20).map(|n| (1 << 20) + n))]);
    // The simulation takes its time to write so large a page.
    world.config["bigquery"]["requestTimeout"] = 30_000.into();

    let _engine = world.sync();

    assert_eq!(world.stored("notes").len(), 20);
}

#[test]
fn a_page_that_is_shorter_than_asked_loses_nothing_to_the_pages_after_it() {
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
fn an_empty_page_with_a_token_is_not_the_end() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
    world.bigquery.state().habits.empty_pages = 2;

    let _engine = world.sync();

    assert_eq!(world.stored("positions").len(), 25);
}

#[test]
fn a_job_that_is_not_complete_is_asked_again_until_it_is() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
    world.bigquery.state().habits.incomplete_answers = 3;

    let _engine = world.sync();

    assert_eq!(world.bigquery.state().jobs_run.len(), 1);
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
