//! Situations that must come out right, each by its sentence.

mod reading;
mod storing;
mod windows;
mod workers;

/// Settings of a table that is polled quickly, in large pages.
const QUICK: &str = r#""sync": {"initialBatchSize": 1000, "catchupBatchSize": 100, "steadyBatchSize": 100, "pollInterval": 1000, "probeTrust": 60000}"#;
/// The same in small pages.
const SMALL: &str = r#""sync": {"initialBatchSize": 10, "catchupBatchSize": 10, "steadyBatchSize": 10, "pollInterval": 1000, "probeTrust": 2000}"#;
/// The same, and what has been drained is not looked at again soon.
const TRUSTING: &str = r#""sync": {"initialBatchSize": 10, "catchupBatchSize": 10, "steadyBatchSize": 10, "pollInterval": 1000, "probeTrust": 60000}"#;
