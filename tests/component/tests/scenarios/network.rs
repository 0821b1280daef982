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
fn internal_errors_are_survived_at_every_request() {
    survives(&status(500, "internalError"));
}

#[test]
fn bad_gateways_are_survived_at_every_request() {
    survives(&status(502, "badGateway"));
}

#[test]
fn unavailability_is_survived_at_every_request() {
    survives(&status(503, "backendError"));
}

#[test]
fn gateway_timeouts_are_survived_at_every_request() {
    survives(&status(504, "gatewayTimeout"));
}

#[test]
fn exceeded_rate_limits_are_survived_at_every_request() {
    survives(&status(403, "rateLimitExceeded"));
}

#[test]
fn refused_connections_are_survived_at_every_request() {
    survives(&Fault::Refused(Duration::from_millis(40)));
}

#[test]
fn resets_before_the_answer_are_survived_at_every_request() {
    survives(&Fault::ResetBeforeHeaders);
}

#[test]
fn lost_answers_are_survived_at_every_request() {
    survives(&Fault::AnswerLost);
}

#[test]
fn resets_in_the_middle_of_an_answer_are_survived_at_every_request() {
    survives(&Fault::ResetMidBody);
}

#[test]
fn truncated_answers_are_survived_at_every_request() {
    survives(&Fault::TruncatedJson);
}

#[test]
fn answers_that_stall_are_survived_at_every_request() {
    survives(&Fault::StalledBody(Duration::from_secs(2)));
}

#[test]
fn pages_for_people_are_survived_at_every_request() {
    survives(&Fault::Html);
}

#[test]
fn slow_answers_are_survived_at_every_request() {
    survives(&Fault::Slow(Duration::from_millis(100)));
}

#[test]
fn answers_that_come_too_late_are_survived_at_every_request() {
    survives(&Fault::Slow(Duration::from_millis(800)));
}

#[test]
fn jobs_that_are_not_complete_are_survived_at_every_request() {
    survives(&Fault::JobIncomplete);
}

#[test]
fn results_that_have_expired_are_survived_at_every_request() {
    survives(&Fault::ResultExpired);
}

#[test]
fn expired_tokens_are_survived_at_every_request() {
    survives(&status(401, "authError"));
}

#[test]
fn a_server_that_asks_for_time_gets_it_at_every_request() {
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
fn the_wait_doubles_with_every_failure_of_a_request() {
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
fn an_insert_whose_answer_was_lost_runs_one_job() {
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

    engine.run_until(Duration::from_secs(5), |engine| {
        engine.log().iter().any(|record| record.level == "warn" || record.level == "error")
    });
    world.run_until_equal(&mut engine);

    assert!(engine.table("positions")["error"].is_null(), "healed");
}
