//! Tokens: fetched, renewed, and clear errors when there are none to be had.

use crate::support::{NOON, positions, seconds_from};
use component_tests::faults::Fault;
use component_tests::host::Engine;
use component_tests::storage::Storage;
use component_tests::world::World;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";

fn world() -> World {
    World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10).with_account()
}

/// Runs until the table has an error, and some time more; returns the error's text.
fn error_of(engine: &mut Engine) -> String {
    engine.run_until(Duration::from_secs(5), |engine| !engine.table("positions")["error"].is_null());
    let error = engine.table("positions")["error"].to_string();
    engine.run_for(Duration::from_secs(1));
    error
}

#[test]
fn one_token_serves_a_whole_sync_and_is_asked_for_with_the_accounts_signature() {
    let world = world();

    let _engine = world.sync();

    let state = world.bigquery.state();
    assert_eq!(state.tokens.given, 1);
    assert_eq!(state.tokens.claims["iss"], "sync@harbour.iam.gserviceaccount.com");
    assert_eq!(state.tokens.claims["scope"], "https://www.googleapis.com/auth/bigquery");
}

#[test]
fn http_401_in_mid_sync_a_new_token_and_on_it_goes() {
    let world = world();
    world.proxy.fail_next("GET", PAGES, Fault::Status { status: 401, reason: "authError", retry_after_s: None });

    let mut engine = world.sync();
    world.bigquery.state().tokens.expire();
    let before = world.bigquery.state().tokens.given;
    engine.run_until(Duration::from_secs(5), |_| world.bigquery.state().tokens.given > before);
    world.run_until_equal(&mut engine);

    assert_eq!((before, world.bigquery.state().tokens.given), (2, 3));
}

#[test]
fn a_key_that_the_token_server_does_not_know_is_a_clear_error_without_hammering() {
    let world = world().with("sync.pollInterval", 30_000);
    let other_account = World::new(Vec::new()).with_account();
    world.bigquery.state().tokens.public_key = other_account.bigquery.state().tokens.public_key.take();

    let error = error_of(&mut world.engine());

    assert!(error.contains("invalid_grant") && error.contains("Invalid JWT Signature"), "{error}");
    assert!(world.proxy.count("POST", "/token") <= 3, "{} requests", world.proxy.count("POST", "/token"));
}

#[test]
fn a_key_without_permission_403_a_clear_error_within_seconds_no_hammering() {
    let world = world().with("sync.pollInterval", 30_000);
    world.bigquery.state().habits.forbids_all = true;

    let error = error_of(&mut world.engine());

    assert!(error.contains("accessDenied") && error.contains("bigquery.tables.get"), "{error}");
    assert!(world.proxy.seen().len() <= 3, "{} requests", world.proxy.seen().len());
}

#[test]
fn a_key_that_is_not_a_service_account_a_clear_error_within_seconds() {
    for text in ["", "not JSON: s3cret", r#"{"type":"external_account","s3cret":1}"#, r#"{"private_key":"s3cret"}"#] {
        let mut world = World::new(vec![positions(seconds_from(NOON, 25))]);
        world.credentials = Some(text.into());
        let started_at = Instant::now();
        let mut engine = Engine::start(world.start(), Arc::new(Mutex::new(Storage::default())));
        engine.run_for(Duration::from_millis(100));

        let said = format!("{:?} {} {:?}", engine.plan.errors, engine.status, engine.log());
        assert!(said.contains("key file") || said.contains("credentials"), "{text}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
        assert!(started_at.elapsed() < Duration::from_secs(5));
        assert_eq!(world.proxy.seen().len(), 0);
    }
}
