//! BigQuery's REST API (v2) over wasi:http, for a guest without threads and without an async runtime.
//!
//! A [`Client`] makes [`Call`]s: logical requests that take care of credentials, retries and timeouts. Nothing blocks
//! but [`Client::wait`]: the caller advances its calls in turn, and waits when none of them can go on. That is how
//! several pages and tables are in flight at once.
//!
//! | file | subject |
//! |---|---|
//! | `settings` | what a client needs to know |
//! | `client` | which request each operation is |
//! | `wait` | the only place that blocks |
//! | `call` | one operation: token, tries, answer |
//! | `attempts` | whether to try once more, and when |
//! | `exchange` | one HTTP request and its answer |
//! | `header` | what answer headers say |
//! | `auth` | tokens, by kind of credentials |
//! | `endpoint` | addresses of servers |
//! | `job`, `table`, `rows` | bodies of requests and answers |
//! | `catalog` | datasets and tables: made, deleted |
//! | `upload` | a load job whose rows are sent while they are made |
//! | `streaming` | rows by `insertAll` |
//! | `source_clock` | BigQuery's clock, estimated |
//! | `host` | clocks and randomness of the host |

mod attempts;
mod auth;
mod call;
mod catalog;
mod client;
mod endpoint;
mod exchange;
mod header;
mod host;
mod job;
mod rows;
mod settings;
mod source_clock;
mod streaming;
mod table;
mod upload;
mod wait;

pub use auth::CredentialsError;
pub use call::{Answer, Call, Retry, Trouble};
pub use catalog::{DatasetMetadata, TableDefinition};
pub use client::{Client, NewDecoder, PageRequest};
pub use endpoint::EndpointError;
pub use job::{InsertedJob, JobOptions};
pub use rows::Answered;
pub use settings::{Settings, SettingsError};
pub use streaming::{RefusedRow, StreamedRow};
pub use upload::{Opened, PART_BYTES, Received, Upload};
