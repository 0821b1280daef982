//! What an idle table costs.

use crate::support::{SECOND, now, positions, seconds_from};
use component_tests::world::{PATIENCE, World};

const METADATA: &str = "/bigquery/v2/projects/harbour/datasets/fleet/tables/positions";

#[test]
fn an_idle_table_is_polled_100_times_within_probe_trust_0_query_jobs() {
    let world = World::new(vec![positions(seconds_from(now() - 60 * SECOND, 25))]).with("sync.pollInterval", 5);
    let mut engine = world.sync();
    let polls = world.proxy.count("GET", METADATA);
    assert_eq!(world.bigquery.state().jobs_run.len(), 1);

    engine.run_until(PATIENCE, |_| world.proxy.count("GET", METADATA) >= polls + 100);

    assert_eq!(world.bigquery.state().jobs_run.len(), 1);
}

#[test]
fn a_table_whose_metadata_shows_a_streaming_buffer_is_queried_at_every_poll() {
    let mut table = positions(seconds_from(now() - 60 * SECOND, 25));
    table.streaming = true;
    let world = World::new(vec![table]).with("sync.pollInterval", 5);
    let mut engine = world.sync();
    let (polls, queries) = (world.proxy.count("GET", METADATA), world.bigquery.state().jobs_run.len());

    engine.run_until(PATIENCE, |_| world.proxy.count("GET", METADATA) >= polls + 10);

    let queries = world.bigquery.state().jobs_run.len() - queries;
    assert!((9..=11).contains(&queries), "{queries} queries in 10 polls");
    assert_eq!(world.storage().puts, 25, "rows that are there already are not written again");
}

#[test]
fn trust_in_unchanged_metadata_runs_out() {
    let world = World::new(vec![positions(seconds_from(now() - 60 * SECOND, 25))])
        .with("sync.pollInterval", 20)
        .with("sync.probeTrust", 200);
    let mut engine = world.sync();

    engine.run_until(PATIENCE, |_| world.bigquery.state().jobs_run.len() == 3);
}
