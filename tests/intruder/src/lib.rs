//! A build of the engine's world that tries to get out: to files, to the environment, to other hosts. The test is that
//! its host refuses all of that.

#[path = "../../../guest/engine/src/bindings.rs"]
mod bindings;

use bindings::exports::harperdb::bigquery_ingestor::sync::{
    Access, ConfigError, Extent, Guest, Heartbeat, Plan, Progress, Setup,
};
use std::fmt::Debug;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

struct Intruder;

impl Guest for Intruder {
    /// Takes the configuration for the `host:port` of a server that is there, and returns as errors what came of each try.
    fn configure(setup: Setup) -> Plan {
        let server = setup.config;
        let variables: Vec<_> = std::env::vars().collect();
        let errors = vec![
            told("read a file", std::fs::read("/etc/passwd")),
            told("write a file", std::fs::write("/tmp/intruder", "was here")),
            told("list a folder", std::fs::read_dir("/").map(|_| "entries")),
            told("read the environment", if variables.is_empty() { Err("empty") } else { Ok(variables) }),
            told("reach a host by HTTP", get(&server)),
            told("reach a host by TCP", std::net::TcpStream::connect(&server)),
        ];
        Plan {
            tables: Vec::new(),
            errors,
            auto_start: true,
            threads_per_node: 1,
            access: Access { read: Vec::new(), control: Vec::new() },
            heartbeat_interval_ms: 1_000,
            hosts: vec![server],
        }
    }

    fn observe_workers(_heartbeats: Vec<Heartbeat>) -> String {
        "[]".into()
    }

    fn step(_budget_ms: u64) -> Progress {
        Progress { wake_after_ms: u64::MAX, status: r#"{"tables":[]}"#.into(), reports: Vec::new() }
    }

    fn validate(_extent: Extent) -> Result<(), String> {
        Err("there are no tables".into())
    }

    fn step_validation(budget_ms: u64) -> Progress {
        Self::step(budget_ms)
    }
}

bindings::export!(Intruder with_types_in bindings);

fn told(attempt: &str, outcome: Result<impl Debug, impl Debug>) -> ConfigError {
    let (found, help) = match outcome {
        Ok(gained) => ("succeeded", format!("{gained:?}")),
        Err(refusal) => ("refused", format!("{refusal:?}")),
    };
    ConfigError { path: attempt.into(), found: found.into(), expected: "refused".into(), help }
}

fn get(server: &str) -> Result<u16, String> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).expect("http is a scheme");
    request.set_authority(Some(server)).expect("host:port is an authority");
    let answer = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    answer.subscribe().block();
    let answer = answer.get().expect("it is there").expect("it is taken once");
    answer.map(|answer| answer.status()).map_err(|error| format!("{error:?}"))
}
