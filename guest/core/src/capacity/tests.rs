use super::*;
use crate::config;
use crate::time::{DAY, HOUR};

/// Reads 50,000 rows/s from batches of 5,000 on, half of the time at work; slower in smaller batches. 20 rows arrive a second.
fn measured() -> Measured {
    let trial = |batch_rows: u32, elapsed_ms: f64| Trial {
        batch_rows,
        page_rows: batch_rows / 4,
        rows: 10_000,
        elapsed_ms,
        busy_ms: 110.0,
    };
    Measured {
        arrivals: Arrivals {
            bounds_micros: Some((0, 100 * DAY)),
            rows: 1_000_000,
            recent_rows: [72_000, 864_000, 1_000_000],
        },
        sample_rows: 10_000,
        record_bytes: 320.0,
        answer_bytes: 160.0,
        query_ms: 1_500.0,
        round_trip_ms: 100.0,
        poll_bytes_billed: 100 << 20,
        trials: vec![trial(500, 2_000.0), trial(1_000, 1_000.0), trial(5_000, 200.0), trial(20_000, 198.0)],
    }
}

fn goal() -> Goal {
    Goal { target_lag_s: 60.0, harper_rows_per_second: None, thread_trials: Vec::new() }
}

fn advised(measured: &Measured, goal: &Goal) -> TableAdvice {
    let text = r"bigquery: {projectId: p, dataset: d, table: t, timestampColumn: ts}";
    let (config, errors) = config::parse(text);
    assert_eq!(errors, []);
    of_table(&config.unwrap().tables[0], measured, goal)
}

#[test]
fn harpers_writer_is_what_holds_back_a_source_that_is_read_faster_than_it_stores() {
    let advice = advised(&measured(), &goal());
    assert_eq!(advice.bottleneck, Bottleneck::HarperWriter);
    assert_eq!(advice.rows_per_second, 16_000.0);
    assert_eq!(advice.backfill_s, 62.5);
}

#[test]
fn a_source_that_is_read_slowly_is_bound_by_waiting_or_by_decoding_whichever_takes_longer() {
    let fast = Goal { harper_rows_per_second: Some(1e6), ..goal() };
    let mut measured = measured();
    assert_eq!(advised(&measured, &fast).bottleneck, Bottleneck::EngineCpu);
    measured.trials.iter_mut().for_each(|trial| trial.busy_ms = 80.0);
    assert_eq!(advised(&measured, &fast).bottleneck, Bottleneck::Network);
}

#[test]
fn larger_records_are_stored_at_a_lower_rate_unless_the_rate_is_told() {
    let large = Measured { record_bytes: 3_200.0, ..measured() };
    assert_eq!(advised(&large, &goal()).harper_rows_per_second, 1_600.0);
    let told = Goal { harper_rows_per_second: Some(9_000.0), ..goal() };
    assert_eq!(advised(&large, &told).harper_rows_per_second, 9_000.0);
}

#[test]
fn the_batch_is_the_smallest_that_is_fast_enough_and_fits_in_memory() {
    assert_eq!(advised(&measured(), &goal()).initial_batch_size, 5_000);
    let slow = Goal { harper_rows_per_second: Some(5_000.0), ..goal() };
    assert_eq!(advised(&measured(), &slow).initial_batch_size, 1_000, "nobody needs to read faster");
    let huge = Measured { record_bytes: 20_000.0, ..measured() };
    assert_eq!(advised(&huge, &Goal { harper_rows_per_second: Some(1e6), ..goal() }).initial_batch_size, 1_000);
}

#[test]
fn a_lag_is_kept_by_an_interval_that_leaves_time_for_the_poll_itself() {
    let advice = advised(&measured(), &goal());
    // 20 rows/s over 10 minutes are read again: 12,000 rows at 50,000 rows/s.
    let fixed_s = 0.1 + 1.5 + 0.24;
    assert_eq!(advice.poll_interval_s, Some(58.0));
    assert!((advice.poll_s - fixed_s).abs() < 0.2, "{}", advice.poll_s);
    assert!(advice.poll_interval_s.unwrap() + advice.poll_s <= 60.0);
    let usd = advice.usd_a_day.unwrap();
    assert!((usd - 86_400.0 / 58.0 * cost::price_usd(100 << 20)).abs() < 1e-9, "{usd}");
}

#[test]
fn a_lag_shorter_than_a_poll_cannot_be_kept() {
    let advice = advised(&measured(), &Goal { target_lag_s: 2.0, ..goal() });
    assert_eq!((advice.poll_interval_s, advice.usd_a_day), (None, None));
    assert!(advice.because.iter().any(|line| line.contains("no interval keeps this lag")), "{:#?}", advice.because);
}

#[test]
fn a_table_stays_in_its_steady_phase_however_long_the_lag_may_be() {
    assert_eq!(advised(&measured(), &Goal { target_lag_s: 7_200.0, ..goal() }).poll_interval_s, Some(540.0));
}

#[test]
fn steady_pages_hold_what_a_poll_brings_and_are_never_larger_than_those_of_the_catchup() {
    let mut quiet = measured();
    quiet.arrivals.recent_rows = [3_600, 86_400, 604_800];
    let advice = advised(&quiet, &goal());
    assert_eq!((advice.catchup_batch_size, advice.steady_batch_size), (2_000, 1_000));
    assert_eq!(advised(&measured(), &goal()).steady_batch_size, 2_000);
}

#[test]
fn rows_arrive_as_in_the_busiest_of_hour_day_and_week_or_as_ever_if_none_came_lately() {
    let rate = |recent_rows| Arrivals { recent_rows, ..measured().arrivals }.rows_per_second().per_second();
    assert_eq!(rate([72_000, 72_000, 72_000]), 20.0);
    assert_eq!(rate([0, 864_000, 864_000]), 10.0);
    assert_eq!(rate([0, 0, 0]), 1_000_000.0 / (100.0 * 86_400.0));
    let instant = Arrivals { bounds_micros: Some((HOUR, HOUR)), rows: 5, recent_rows: [0; 3] };
    assert_eq!(instant.rows_per_second().per_second(), 5.0, "a table of one instant has a rate, too");
}

#[test]
fn one_worker_on_one_node_is_enough_until_new_rows_take_most_of_its_time() {
    let advice = of_all(&[advised(&measured(), &goal())], &goal());
    assert_eq!((advice.threads_per_node, advice.nodes), (1, Some(1)));
}

/// A table whose rows are read as fast as they come by 1.4 times one worker.
fn slowly_read() -> TableAdvice {
    let (reading_rows_per_second, arrival_rows_per_second) = (10.0, 9.8);
    TableAdvice { reading_rows_per_second, arrival_rows_per_second, ..advised(&measured(), &goal()) }
}

#[test]
fn more_threads_are_for_tables_that_one_does_not_keep_up_with_if_they_are_faster_indeed() {
    let trials = |rates: [f64; 3]| {
        let of = |(threads, rows_per_second)| ThreadTrial { threads, rows_per_second };
        Goal { thread_trials: [1, 2, 4].into_iter().zip(rates).map(of).collect(), ..goal() }
    };
    let advised = |rates| of_all(&[slowly_read()], &trials(rates));
    assert_eq!(advised([100.0, 180.0, 190.0]).threads_per_node, 2);
    assert_eq!(advised([100.0, 120.0, 190.0]).threads_per_node, 4);
    let bound = advised([100.0, 99.0, 98.0]);
    assert_eq!((bound.threads_per_node, bound.nodes), (1, Some(2)), "another node has a network of its own");
}

#[test]
fn no_number_of_nodes_stores_more_than_one_harper_database_does() {
    let table = TableAdvice { arrival_rows_per_second: 12_000.0, ..advised(&measured(), &goal()) };
    let advice = of_all(&[table], &goal());
    assert_eq!(advice.nodes, None);
    assert!(advice.because[1].contains("more nodes do not help"), "{:#?}", advice.because);
}

#[test]
fn the_arithmetic_is_shown_with_its_figures() {
    let because = advised(&measured(), &goal()).because.join("\n");
    for part in [
        "72,000 rows / 3,600 s = 20 rows/s in the last hour",
        "10,000 rows in 200 ms = 50,000 rows/s with a batch of 5,000; the engine worked for 55 %",
        "16,000 rows/s of 320 bytes in docs/performance.md, not measured here",
        "= 58.1 s, rounded down to 58 s",
        "1,490 polls a day x 100 MiB",
        "1,000,000 rows / 16,000 rows/s = 62.5 s",
    ] {
        assert!(because.contains(part), "{part} is not in\n{because}");
    }
}
