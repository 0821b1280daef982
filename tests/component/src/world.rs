//! A world for one test: a simulated BigQuery, a proxy that can fail before it, storage, and engines that come and go.

use crate::bigquery::{BigQuery, PROJECT, State, Table};
use crate::faults::{Fault, Proxy};
use crate::host::{Engine, Start};
use crate::storage::Storage;
use crate::values::content;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The column that every table of these tests is synced by.
pub const TIMESTAMP_COLUMN: &str = "ts";

/// Longer than any sync of these tests takes, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Everything around an engine.
pub struct World {
    /// The source.
    pub bigquery: BigQuery,
    /// What stands before it.
    pub proxy: Proxy,
    /// The configuration that engines are started with.
    pub config: Json,
    /// Text of the key file, if there is one.
    pub credentials: Option<String>,
    storage: Arc<Mutex<Storage>>,
}

impl World {
    /// A world in which these tables are to be synced, each to a target table of its own name.
    #[must_use]
    pub fn new(tables: Vec<Table>) -> Self {
        Self::with_faults(tables, [])
    }

    /// The same, in which the requests with these numbers fail.
    #[must_use]
    pub fn with_faults(tables: Vec<Table>, faults: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        let entries = tables.iter().map(table_config).collect();
        let bigquery = BigQuery::start(tables);
        let proxy = Proxy::start_with(bigquery.address(), faults);
        Self::around(bigquery, proxy, entries)
    }

    /// A world whose source is another server that holds these tables. The simulated BigQuery has them as well, to compare
    /// with.
    #[must_use]
    pub fn before(source: SocketAddr, tables: Vec<Table>) -> Self {
        let entries = tables.iter().map(table_config).collect();
        Self::around(BigQuery::start(tables), Proxy::start(source), entries)
    }

    fn around(bigquery: BigQuery, proxy: Proxy, tables: Vec<Json>) -> Self {
        let config = json!({
            "bigquery": {
                "projectId": PROJECT,
                "apiEndpoint": format!("http://{}", proxy.address()),
                "initialRetryDelay": 10,
                "requestTimeout": 500,
                "tables": tables,
            },
        });
        let mut storage = Storage::default();
        let state = bigquery.shared_state();
        storage.check_claims(Box::new(move |checkpoint, stored| {
            let state: MutexGuard<'_, State> = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.find_broken_claim(checkpoint, TIMESTAMP_COLUMN, |content| stored.contains(content))
        }));
        Self { bigquery, proxy, config, credentials: None, storage: Arc::new(Mutex::new(storage)) }
    }

    /// Sets a member of the first table's configuration, or of its `sync`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        let table = &mut self.config["bigquery"]["tables"][0];
        match key.strip_prefix("sync.") {
            Some(key) => table["sync"][key] = value.into(),
            None => table[key] = value.into(),
        }
        self
    }

    /// Rows a page in every phase.
    #[must_use]
    pub fn with_batch_size(self, rows: u32) -> Self {
        ["initialBatchSize", "catchupBatchSize", "steadyBatchSize"]
            .into_iter()
            .fold(self, |world, key| world.with(&format!("sync.{key}"), rows))
    }

    /// Gives the world a service account with a key file, without which nothing is answered any more.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn with_account(mut self) -> Self {
        // Short, and good for nothing but being quick.
        let key = RsaPrivateKey::new(&mut OsRng, 512).expect("a key");
        self.credentials = Some(
            json!({
                "type": "service_account",
                "client_email": "sync@harbour.iam.gserviceaccount.com",
                "private_key_id": "k1",
                "private_key": key.to_pkcs8_pem(LineEnding::LF).expect("a key has a PEM form").as_str(),
                "token_uri": format!("http://{}/token", self.proxy.address()),
            })
            .to_string(),
        );
        self.bigquery.state().tokens.public_key = Some(key.to_public_key());
        self
    }

    /// What an engine is started with here.
    #[must_use]
    pub fn start(&self) -> Start {
        let mut start = Start::new(&self.config);
        start.setup.credentials.clone_from(&self.credentials);
        start
    }

    /// Starts an engine on the storage as it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine_from(self.start())
    }

    /// Starts an engine on the storage as it is, in another way.
    ///
    /// # Panics
    /// When the configuration has errors.
    #[must_use]
    pub fn engine_from(&self, start: Start) -> Engine {
        let engine = Engine::start(start, self.storage.clone());
        assert!(engine.plan.errors.is_empty(), "{:#?}", engine.plan.errors);
        engine
    }

    /// What is stored.
    pub fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts an engine and runs it until storage equals the source; returns it for more.
    ///
    /// # Panics
    /// When that does not happen, or a checkpoint claimed more than was stored.
    #[must_use]
    pub fn sync(&self) -> Engine {
        let mut engine = self.engine();
        self.run_until_equal(&mut engine);
        engine
    }

    /// Runs an engine until storage equals the source and nothing is left to do.
    ///
    /// # Panics
    /// When that does not happen, or a checkpoint claimed more than was stored.
    pub fn run_until_equal(&self, engine: &mut Engine) {
        engine.run_until(PATIENCE, |engine| engine.is_idle() && self.differences().is_empty());
        self.assert_equal();
    }

    /// Lets this much time pass for an engine and for the source, most of it in no time.
    ///
    /// # Panics
    /// When the engine traps.
    pub fn pass(&self, engine: &mut Engine, duration: Duration) {
        engine.pass(duration, |skipped| self.bigquery.state().habits.clock_ahead_ms += skipped.as_millis() as i64);
    }

    /// Checks that storage equals the source, that ids are as they should be and no checkpoint ever claimed too much.
    ///
    /// # Panics
    /// When not.
    pub fn assert_equal(&self) {
        let differences = self.differences();
        assert!(
            differences.is_empty(),
            "{} differences: {:#?}",
            differences.len(),
            &differences[..differences.len().min(5)]
        );
        assert_eq!(self.storage().broken_claims, Vec::<String>::new());
    }

    /// What is stored of a table, as [`content`].
    #[must_use]
    pub fn stored(&self, table: &str) -> BTreeSet<String> {
        self.storage().records(table).map(content).collect()
    }

    /// Ids of what is stored of a table.
    #[must_use]
    pub fn ids(&self, table: &str) -> BTreeSet<String> {
        self.storage().tables.get(table).into_iter().flat_map(|records| records.keys().cloned()).collect()
    }

    /// What a fresh full read gives and what is stored, where they differ: missing rows, rows too many, wrong ids.
    fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for entry in self.config["bigquery"]["tables"].as_array().into_iter().flatten() {
            let name = entry["table"].as_str().expect("a table has a name");
            let wanted: BTreeSet<String> =
                self.bigquery.state().table(name).records(TIMESTAMP_COLUMN).iter().map(content).collect();
            let stored = self.stored(name);
            differences.extend(wanted.difference(&stored).map(|row| format!("{name}: missing {row}")));
            differences.extend(stored.difference(&wanted).map(|row| format!("{name}: not in the source {row}")));
            let records = self.ids(name).len();
            if records != stored.len() {
                differences.push(format!("{name}: {records} records for {} distinct rows", stored.len()));
            }
        }
        differences
    }
}

fn table_config(table: &Table) -> Json {
    json!({
        "id": table.name,
        "dataset": table.dataset,
        "table": table.name,
        "timestampColumn": TIMESTAMP_COLUMN,
        "targetTable": table.name,
        "sync": { "pollInterval": 100 },
    })
}
