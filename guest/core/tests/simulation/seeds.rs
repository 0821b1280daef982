//! From seeds to plans to findings.
//!
//! `SIMULATION_SEED=7` carries one seed out. `SIMULATION_SECONDS=3600` goes on from `SIMULATION_FIRST_SEED` (0) for that
//! long; `npm run test:soak` does so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::broken::Variant;
use crate::plan::{Outcome, Plan, plans};

const SEEDS: u64 = 10_000;
/// A test that finds each mistake in fewer seeds than it runs by default leaves room for mistakes that are rarer.
const SEEDS_TO_CATCH_A_MISTAKE: u64 = 1_000;

#[derive(Debug)]
struct Summary {
    seeds: u64,
    total: Outcome,
    findings: Vec<u64>,
}

/// Carries out seeds, on all processors, until `goes_on` says no or there is a finding.
fn explore(first: u64, variant: Variant, goes_on: impl Fn(u64) -> bool + Sync) -> Summary {
    let next = AtomicU64::new(first);
    let summary = Mutex::new(Summary { seeds: 0, total: Outcome::default(), findings: Vec::new() });
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if !goes_on(seed) || !summary.lock().expect("no thread panics").findings.is_empty() {
            return;
        }
        let outcome = carry_out(&plan_of(seed).1.current(), variant);
        let mut summary = summary.lock().expect("no thread panics");
        summary.seeds += 1;
        match outcome {
            Ok(outcome) => summary.total.add(outcome),
            Err(violation) => {
                println!("{variant:?}, seed {seed}: {violation}");
                summary.findings.push(seed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    summary.into_inner().expect("no thread panicked")
}

fn plan_of(seed: u64) -> (TestRunner, impl ValueTree<Value = Plan>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { failure_persistence: None, max_shrink_iters: 5_000, max_shrink_time: 30_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tree = plans().new_tree(&mut runner).expect("plans have no conditions");
    (runner, tree)
}

fn carry_out(plan: &Plan, variant: Variant) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| plan.run(variant))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("without a message")))
    })
}

/// The shortest history found that shows what a seed shows.
fn explain(seed: u64) -> String {
    let (mut runner, tree) = plan_of(seed);
    let shrunk = runner.run_one(tree, |plan| carry_out(&plan, Variant::Ours).map(|_| ()).map_err(TestCaseError::fail));
    match shrunk {
        Err(TestError::Fail(reason, plan)) => format!("seed {seed}: {reason}\n{plan:#?}"),
        other => format!("seed {seed}: {other:?}"),
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is `{text}`; it must be a number")))
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_claimed_that_is_not_stored() {
    let begun = Instant::now();
    let summary = if let Some(seed) = number("SIMULATION_SEED") {
        explore(seed, Variant::Ours, |candidate| candidate == seed)
    } else if let Some(seconds) = number("SIMULATION_SECONDS") {
        let first = number("SIMULATION_FIRST_SEED").unwrap_or(0);
        explore(first, Variant::Ours, |_| begun.elapsed() < Duration::from_secs(seconds))
    } else {
        explore(0, Variant::Ours, |seed| seed < SEEDS)
    };
    let Summary { seeds, total: Outcome { actions, crashes, faults, rows }, findings } = summary;
    println!(
        "simulation: {seeds} seeds, {rows} rows, {actions} actions, {crashes} crashes, {faults} faults in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    let findings: Vec<String> = findings.into_iter().map(explain).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn well_known_mistakes_are_caught() {
    for variant in
        [Variant::PagesByTimestamp, Variant::CheckpointBeforeRows, Variant::WatermarkFromTheFuture, Variant::NoLookback]
    {
        let summary = explore(0, variant, |seed| seed < SEEDS_TO_CATCH_A_MISTAKE);
        assert!(!summary.findings.is_empty(), "{variant:?} was not caught within {} seeds", summary.seeds);
        println!("{variant:?} was caught within {} seeds", summary.seeds);
    }
}
