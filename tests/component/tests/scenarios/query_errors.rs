//! A query that fails is an error with BigQuery's reason, never "no new rows".

use crate::support::{NOON, positions, seconds_from};
use component_tests::bigquery::QueryErrors;
use component_tests::world::{PATIENCE, World};

#[test]
fn http_200_with_errors_and_an_empty_schema_and_http_400_an_error_with_bigquerys_reason_never_no_new_rows() {
    for form in [QueryErrors::AtOnce, QueryErrors::InTheJob, QueryErrors::InAnOkAnswer] {
        let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
        world.bigquery.state().habits.query_errors = form;
        world.bigquery.state().habits.query_failure = Some(("invalidQuery", "Unrecognized name: speed at [1:8]"));
        let mut engine = world.engine();

        engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());

        let table = engine.table("positions");
        assert_eq!(table["error"]["reason"], "invalidQuery", "{form:?}: {table}");
        assert!(table["error"]["message"].to_string().contains("Unrecognized name: speed"), "{form:?}: {table}");
        assert!(table["watermark"].is_null(), "{form:?}: {table}");
        assert!(engine.log().iter().any(|record| record.message.contains("Unrecognized name: speed")), "{form:?}");
    }
}

#[test]
fn a_query_that_fails_once_in_passing_is_run_again_under_another_id() {
    for form in [QueryErrors::AtOnce, QueryErrors::InTheJob, QueryErrors::InAnOkAnswer] {
        let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
        world.bigquery.state().habits.query_errors = form;
        world.bigquery.state().habits.query_failure = Some(("backendError", "Error encountered during execution"));
        let mut engine = world.engine();
        engine.run_until(PATIENCE, |_| world.proxy.count("POST", "/bigquery/v2/projects/harbour/jobs") > 0);

        world.bigquery.state().habits.query_failure = None;
        world.run_until_equal(&mut engine);

        assert_eq!(world.stored("positions").len(), 25, "{form:?}");
    }
}
