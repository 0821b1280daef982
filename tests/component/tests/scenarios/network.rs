//! Every request of a sync, failing in every way that a network and a server have: storage equals the source at the end.

use crate::support::{NOON, SECOND, now, numbered, positions, seconds_from};
use component_tests::faults::{Fault, Seen};
use component_tests::world::{PATIENCE, World};
use std::time::Duration;

const INSERT: &str = "/bigquery/v2/projects/harbour/jobs";
const PAGES: &str = "/bigquery/v2/projects/harbour/queries/*";

/// Two polls: 25 rows in three pages, then two more rows.
fn sync_twice(faults: impl IntoIterator<Item = (usize, Fault)>) -> World {
    let table = positions(seconds_from(now() - 60 * SECOND, 25));
    let world = World::with_faults(vec![table], faults).with_batch_size(10).with_account();
    let mut engine = world.sync();
    world.bigquery.state().insert("positions", numbered(100, [now() - SECOND, now()]));
    world.run_until_equal(&mut engine);
    world
}

/// Makes each request of a sync fail in turn.
fn survives(fault: &Fault) {
    let requests = sync_twice([]).proxy.seen().len();
    assert!(requests >= 8, "token, metadata, job and pages, twice: {requests}");
    for number in 0..requests {
        let world = sync_twice([(number, fault.clone())]);
        let seen = world.proxy.seen();
        if !matches!(fault, Fault::Refused(_)) {
            assert_eq!(seen.iter().filter(|seen| seen.fault.is_some()).count(), 1, "request {number} failed");
        }
        assert!(seen.len() < 4 * requests, "no hammering: {} requests", seen.len());
    }
}

fn status(status: u16, reason: &'static str) -> Fault {
    Fault::Status { status, reason, retry_after_s: None }
}

#[test]
fn for_every_request_of_a_sync_in_turn_500_equal() {
    survives(&status(500, "internalError"));
}

#[test]
fn for_every_request_of_a_sync_in_turn_502_equal() {
    survives(&status(502, "badGateway"));
}

#[test]
fn for_every_request_of_a_sync_in_turn_503_equal() {
    survives(&status(503, "backendError"));
}

#[test]
fn for_every_request_of_a_sync_in_turn_504_equal() {
    survives(&status(504, "gatewayTimeout"));
}

#[test]
fn for_every_request_of_a_sync_in_turn_rate_limit_exceeded_equal() {
    survives(&status(403, "rateLimitExceeded"));
}

#[test]
fn for_every_request_of_a_sync_in_turn_connection_refused_equal() {
    survives(&Fault::Refused(Duration::from_millis(40)));
}

#[test]
fn for_every_request_of_a_sync_in_turn_reset_before_headers_equal() {
    survives(&Fault::ResetBeforeHeaders);
}

#[test]
fn for_every_request_of_a_sync_in_turn_answer_lost_equal() {
    survives(&Fault::AnswerLost);
}

#[test]
fn for_every_request_of_a_sync_in_turn_reset_mid_body_equal() {
    survives(&Fault::ResetMidBody);
}

#[test]
fn for_every_request_of_a_sync_in_turn_truncated_json_equal() {
    survives(&Fault::TruncatedJson);
}

#[test]
fn for_every_request_of_a_sync_in_turn_a_body_that_stalls_equal() {
    survives(&Fault::StalledBody(Duration::from_secs(2)));
}

#[test]
fn for_every_request_of_a_sync_in_turn_an_answer_that_is_html_equal() {
    survives(&Fault::Html);
}

#[test]
fn for_every_request_of_a_sync_in_turn_a_slow_answer_equal() {
    survives(&Fault::Slow(Duration::from_millis(100)));
}

#[test]
fn for_every_request_of_a_sync_in_turn_an_answer_after_the_timeout_equal() {
    survives(&Fault::Slow(Duration::from_millis(800)));
}

#[test]
fn for_every_request_of_a_sync_in_turn_job_complete_false_equal() {
    survives(&Fault::JobIncomplete);
}

#[test]
fn for_every_request_of_a_sync_in_turn_expired_job_equal() {
    survives(&Fault::ResultExpired);
}

#[test]
fn for_every_request_of_a_sync_in_turn_401_equal() {
    survives(&status(401, "authError"));
}

#[test]
fn for_every_request_of_a_sync_in_turn_429_with_retry_after_equal_and_waited_for() {
    let fault = Fault::Status { status: 429, reason: "rateLimitExceeded", retry_after_s: Some(1) };
    let requests = sync_twice([]).proxy.seen().len();
    for number in 0..requests {
        let seen = sync_twice([(number, fault.clone())]).proxy.seen();
        let [limited, repeated] = repetitions(&seen)[..] else { panic!("request {number} was not repeated once") };
        let waited = repeated.at - limited.at;
        assert!(waited >= Duration::from_millis(1_000), "request {number} was repeated after {waited:?}");
    }
}

#[test]
fn while_a_request_fails_the_status_says_which_table_which_error_since_when_and_what_comes_next() {
    let probe = "/bigquery/v2/projects/harbour/datasets/fleet/tables/positions";
    let methods =
        [("GET", probe, "tables.get"), ("POST", INSERT, "jobs.insert"), ("GET", PAGES, "jobs.getQueryResults")];
    let faults = [
        (status(429, "rateLimitExceeded"), "rateLimitExceeded"),
        (status(503, "backendError"), "backendError"),
        (Fault::ResetBeforeHeaders, "connectionReset"),
        (Fault::TruncatedJson, "malformedAnswer"),
        (Fault::Html, "malformedAnswer"),
        (Fault::Slow(Duration::from_secs(2)), "timeout"),
    ];
    for ((method, path, name), (fault, reason)) in methods.iter().flat_map(|at| faults.iter().map(move |it| (*at, it)))
    {
        let mut world = World::new(vec![positions(seconds_from(NOON, 5))]);
        world.config["bigquery"]["initialRetryDelay"] = 400.into();
        world.proxy.fail_next(method, path, fault.clone());
        let begun_at = now();
        let mut engine = world.engine();

        engine.run_until(PATIENCE, |engine| !engine.table("positions")["error"].is_null());

        let table = engine.table("positions").clone();
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("RFC 3339").as_microsecond();
        assert_eq!(table["error"]["reason"], *reason, "{name} {fault:?}: {table}");
        let since = at(table["error"]["since"].as_str().expect("since when"));
        // The source's clock is known to a second.
        assert!(since >= begun_at - SECOND && since <= now() + SECOND, "{name} {fault:?}: {table}");
        let next = table["next"].as_str().expect("what comes next");
        let due = next.strip_prefix(&format!("retry of {name} at ")).map(at);
        assert!(due.is_some_and(|due| due > since), "{name} {fault:?}: {table}");

        world.run_until_equal(&mut engine);
        let next = &engine.table("positions")["next"];
        assert!(next.as_str().is_some_and(|next| next.starts_with("poll at ")), "{name} {fault:?}: {next}");
    }
}

/// The request that failed and those like it that followed.
fn repetitions(seen: &[Seen]) -> Vec<&Seen> {
    let first = seen.iter().position(|seen| seen.fault.is_some()).expect("a request failed");
    let same = |other: &&Seen| {
        let (one, other) = (&seen[first].request, &other.request);
        (&one.method, &one.target, one.target.ends_with("/token") || one.body == other.body)
            == (&other.method, &other.target, true)
    };
    seen[first..].iter().filter(same).take(2).collect()
}

#[test]
fn waits_are_as_specified_the_initial_delay_doubled_by_each_failure() {
    let faults = (2..6).map(|number| (number, status(503, "backendError")));
    let mut world = World::with_faults(vec![positions(seconds_from(NOON, 5))], faults);
    world.config["bigquery"]["initialRetryDelay"] = 100.into();

    let _engine = world.sync();

    let seen = world.proxy.seen();
    let failed = seen.iter().position(|seen| seen.fault.is_some()).expect("a request failed");
    for (attempt, pair) in seen[failed..].windows(2).take(4).enumerate() {
        let waited = pair[1].at - pair[0].at;
        let full = Duration::from_millis(100 << attempt);
        // Half of the delay is random; the rest of the allowance is for a busy machine.
        assert!(waited >= full / 2 && waited < full + Duration::from_millis(150), "attempt {attempt}: {waited:?}");
    }
}

#[test]
fn a_retried_jobs_insert_whose_first_answer_was_lost_runs_one_job_not_two() {
    let world = World::new(vec![positions(seconds_from(NOON, 25))]).with_batch_size(10);
    world.proxy.fail_next("POST", INSERT, Fault::AnswerLost);
    world.proxy.fail_next("POST", INSERT, Fault::ResetMidBody);

    let _engine = world.sync();

    assert_eq!(world.proxy.count("POST", INSERT), 3);
    assert_eq!(world.bigquery.state().jobs_run.len(), 1);
}

#[test]
fn a_source_that_is_down_at_the_start_is_waited_for_and_said() {
    let table = positions(seconds_from(NOON, 5));
    let world = World::with_faults(vec![table], [(0, Fault::Refused(Duration::from_millis(700)))]);
    let mut engine = world.engine();

    engine.run_until(PATIENCE, |engine| {
        engine.log().iter().any(|record| record.level == "warn" || record.level == "error")
    });
    world.run_until_equal(&mut engine);

    assert!(engine.table("positions")["error"].is_null(), "healed");
}
