//! However far BigQuery is: as many pages are asked for ahead as hide the way, and no more than a batch.

use crate::support::{NOON, SECOND, positions, seconds_from};
use component_tests::faults::Seen;
use component_tests::world::World;
use std::time::{Duration, Instant};

const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";
const ROWS: i64 = 3_200;
const BATCH_ROWS: u64 = 400;
/// A batch takes storage 320 ms, a quarter of it 80 ms.
const ROW_TIME: Duration = Duration::from_micros(800);

/// A page that was asked for.
struct Asked {
    from: Instant,
    until: Instant,
    start_row: u64,
    rows: u64,
}

impl Asked {
    fn of(seen: &Seen) -> Self {
        let number = |name| seen.request.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        let until = seen.answered_at.expect("every page was answered");
        Self { from: seen.at, until, start_row: number("startIndex"), rows: number("maxResults") }
    }
}

/// Reads a backfill over a way that takes so much longer. Returns the pages asked for, in the order of their rows.
fn backfill(added_ms: u64) -> Vec<Asked> {
    let table = positions(seconds_from(NOON - 200_000 * SECOND, ROWS));
    let mut world = World::new(vec![table]).with_batch_size(BATCH_ROWS as u32).with("sync.pollInterval", 60_000);
    // A busy machine takes its time for a page; it is not to be asked for twice because of that.
    world.config["bigquery"]["requestTimeout"] = 30_000.into();
    world.storage().row_time = ROW_TIME;
    world.proxy.set_round_trip(Duration::from_millis(added_ms));

    let _engine = world.sync();

    assert_eq!(world.storage().puts as i64, ROWS, "{added_ms} ms: no row is written twice");
    let mut asked: Vec<Asked> = world.proxy.seen().iter().filter(|seen| seen.is("GET", PAGES)).map(Asked::of).collect();
    asked.sort_by_key(|page| page.start_row);
    asked
}

/// The pages that were waited for when this one was asked for, and itself.
fn under_way<'a>(asked: &'a [Asked], page: &'a Asked) -> impl Iterator<Item = &'a Asked> {
    asked.iter().filter(|other| other.from <= page.from && page.from < other.until)
}

/// Pages under way at a time, once the first batches have shown how far it is: the median, since a busy machine makes single
/// pages of a near BigQuery late.
fn depth(asked: &[Asked]) -> usize {
    let settled = asked.iter().filter(|page| page.start_row >= 3 * BATCH_ROWS);
    let mut counts: Vec<usize> = settled.map(|page| under_way(asked, page).count()).collect();
    counts.sort_unstable();
    counts[counts.len() / 2]
}

#[test]
fn the_farther_bigquery_is_the_more_pages_are_asked_for_ahead_within_the_batch() {
    let [near, farther, far] = [5, 50, 200].map(backfill);

    for asked in [&near, &farther, &far] {
        let rows = asked.iter().map(|page| under_way(asked, page).map(|other| other.rows).sum());
        let most: u64 = rows.max().expect("there are pages");
        assert!(most <= BATCH_ROWS, "{most} rows under way");
    }
    let depths = [&near, &farther, &far].map(|asked| depth(asked));
    assert!(depths.is_sorted() && depths[0] < depths[2], "pages under way at a time: {depths:?}");
}
