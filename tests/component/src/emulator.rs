//! The real emulator, on free ports and with nothing in it.

use crate::bigquery::{Column, Table};
use crate::http::Request;
use serde_json::{Value as Json, json};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// DuckDB looks for its extensions under HOME; imported once, the emulator starts without network.
const IMPORT_EXTENSIONS: &str = "
import duckdb, duckdb_extensions
connection = duckdb.connect()
for extension in ('spatial', 'avro'):
    duckdb_extensions.import_extension(extension, con=connection)
";

/// A running emulator; ends when dropped.
pub struct Emulator {
    process: Child,
    /// Where its REST API listens.
    pub address: SocketAddr,
    project: &'static str,
}

impl Emulator {
    /// Starts the emulator of the virtual environment whose Python is `BQEMU_PYTHON`, else of `.venv`, which `npm test` sets
    /// up.
    ///
    /// # Panics
    /// When there is none or it does not start.
    #[must_use]
    pub fn start(project: &'static str) -> Self {
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
        let python = std::env::var_os("BQEMU_PYTHON").map_or(default, PathBuf::from);
        let program = python.with_file_name("bqemulator");
        assert!(
            program.exists(),
            "no emulator at {}: run `npm test`, which installs it, or set BQEMU_PYTHON to the Python of an environment that \
             has it",
            program.display()
        );
        let home = python.parent().and_then(Path::parent).expect("python is in the environment's bin").join("home");
        if !home.join(".duckdb").exists() {
            fs::create_dir_all(&home).expect("the environment can be written to");
            let imported = Command::new(&python).args(["-c", IMPORT_EXTENSIONS]).env("HOME", &home).status();
            assert!(imported.is_ok_and(|status| status.success()), "DuckDB's extensions cannot be imported");
        }
        let [address, grpc] = [free_address(), free_address()];
        let process = Command::new(program)
            .args(["start", "--ephemeral", "--project", project, "--log-level", "error"])
            .args(["--rest-host", "127.0.0.1", "--rest-port", &address.port().to_string()])
            .args(["--grpc-host", "127.0.0.1", "--grpc-port", &grpc.port().to_string()])
            .env("HOME", home)
            .stdout(Stdio::null())
            .spawn()
            .expect("the emulator can be run");
        let mut emulator = Self { process, address, project };
        let deadline = Instant::now() + Duration::from_secs(60);
        while emulator.send("GET", "/readyz", &Json::Null).0 != 200 {
            let exited = emulator.process.try_wait().expect("a child can be asked");
            assert!(exited.is_none(), "the emulator ended: {exited:?}");
            assert!(Instant::now() < deadline, "the emulator is not ready after a minute");
            thread::sleep(Duration::from_millis(50));
        }
        emulator
    }

    /// Asks the project's part of the REST API; returns status and answer.
    ///
    /// # Panics
    /// When the emulator does not answer.
    pub fn ask(&self, method: &str, path: &str, body: &Json) -> (u16, Json) {
        self.send(method, &format!("/bigquery/v2/projects/{}{path}", self.project), body)
    }

    /// Creates a dataset.
    ///
    /// # Panics
    /// When the emulator does not.
    pub fn create_dataset(&self, dataset: &str) {
        let reference = json!({ "projectId": self.project, "datasetId": dataset });
        let (status, answer) = self.ask("POST", "/datasets", &json!({ "datasetReference": reference }));
        assert_eq!(status, 200, "{answer}");
    }

    /// Creates a table, without its rows.
    ///
    /// # Panics
    /// When the emulator does not.
    pub fn create_table(&self, table: &Table) {
        let reference = json!({ "projectId": self.project, "datasetId": table.dataset, "tableId": table.name });
        let fields: Vec<Json> = table.columns.iter().map(Column::schema).collect();
        let body = json!({ "tableReference": reference, "schema": { "fields": fields } });
        let (status, answer) = self.ask("POST", &format!("/datasets/{}/tables", table.dataset), &body);
        assert_eq!(status, 200, "{answer}");
    }

    /// Inserts the rows of a table.
    ///
    /// # Panics
    /// When the emulator does not take all of them.
    pub fn insert_rows(&self, table: &Table) {
        let rows: Vec<Json> = table.inserted_rows().into_iter().map(|row| json!({ "json": row })).collect();
        let path = format!("/datasets/{}/tables/{}/insertAll", table.dataset, table.name);
        let (status, answer) = self.ask("POST", &path, &json!({ "rows": rows }));
        assert!(status == 200 && answer["insertErrors"].as_array().is_none_or(Vec::is_empty), "{answer}");
    }

    fn send(&self, method: &str, target: &str, body: &Json) -> (u16, Json) {
        let request = Request {
            method: method.into(),
            path: target.into(),
            query: Vec::new(),
            target: target.into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        request.forward(self.address).map_or((0, Json::Null), |response| {
            (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
        })
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener has an address")
}
