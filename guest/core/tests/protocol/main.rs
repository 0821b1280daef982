//! How workers share a table, tried in every order that events can have in a small world.

mod world;

use stateright::{Checker, Model};
use world::{CLAIMED_IS_STORED, Mistake, Setup};

/// Each begins alone.
const TWO_WORKERS: Setup = Setup { views: &[0b01, 0b10], times: 2, changes_of_view: 3, crashes: 1, mistake: None };
/// The third has just joined.
const THREE_WORKERS: Setup =
    Setup { views: &[0b011, 0b011, 0b111], times: 1, changes_of_view: 2, crashes: 0, mistake: None };

#[test]
fn two_workers_that_come_go_and_crash_lose_nothing_whatever_the_order_of_events() {
    TWO_WORKERS.checker().threads(2).spawn_bfs().join().assert_properties();
}

#[test]
fn a_cluster_that_grows_to_three_loses_nothing_whatever_the_order_of_events() {
    THREE_WORKERS.checker().threads(2).spawn_bfs().join().assert_properties();
}

#[test]
fn a_worker_that_starts_at_its_own_last_checkpoint_after_a_resize_is_found_out() {
    assert!(is_found(Mistake::OwnCheckpointCounts));
}

#[test]
fn a_worker_that_starts_at_the_best_claim_instead_of_the_least_is_found_out() {
    assert!(is_found(Mistake::BestClaimCounts));
}

#[test]
fn a_worker_that_goes_on_in_a_result_without_its_new_slots_is_found_out() {
    assert!(is_found(Mistake::ResultIsKept));
}

/// Whether a claim about rows that are not stored comes of it.
fn is_found(mistake: Mistake) -> bool {
    let checker = Setup { mistake: Some(mistake), ..TWO_WORKERS }.checker().threads(2).spawn_bfs().join();
    checker.discovery(CLAIMED_IS_STORED).is_some()
}
