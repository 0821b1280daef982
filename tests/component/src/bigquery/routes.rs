//! The REST API of the simulated BigQuery: what each request is answered with.

use super::job::{self, Job, PageRequest};
use super::query::{self, QueryError};
use super::{PROJECT, QueryErrors, State};
use crate::http::{Request, Response};
use crate::values::TimestampForm;
use serde_json::{Value as Json, json};
use std::cell::Cell;
use std::sync::OnceLock;

/// Answers one request.
pub(super) fn answer(state: &mut State, request: &Request) -> Response {
    let date = jiff::Timestamp::from_millisecond(state.now_ms()).ok();
    let date = date.and_then(|now| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok());
    let response = match request.path.as_str() {
        "/token" => state.tokens.answer(request),
        _ if !state.tokens.accepts(request) => {
            error(401, "authError", "Request had invalid authentication credentials.")
        }
        _ if state.habits.forbids_all => {
            error(403, "accessDenied", "Access Denied: User does not have bigquery.tables.get permission")
        }
        path => route(state, request, path),
    };
    response.with_header("date", date.unwrap_or_default())
}

fn route(state: &mut State, request: &Request, path: &str) -> Response {
    let Some(path) = path.strip_prefix("/bigquery/v2/projects/").and_then(|path| path.strip_prefix(PROJECT)) else {
        return error(404, "notFound", &format!("Not found: {path}"));
    };
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["datasets", dataset, "tables", table]) => {
            match state.tables.get(&format!("{PROJECT}.{dataset}.{table}")) {
                Some(table) => Response::json(200, &table.resource(PROJECT)),
                None => error(404, "notFound", &format!("Not found: Table {PROJECT}:{dataset}.{table}")),
            }
        }
        ("POST", ["jobs"]) => insert_job(state, &request.json()),
        ("GET", ["jobs", id]) => match state.jobs.get(*id) {
            Some(job) => Response::json(200, &job.resource()),
            None => job_not_found(id),
        },
        ("DELETE", ["jobs", id, "delete"]) | ("POST", ["jobs", id, "cancel"]) => {
            if state.jobs.contains_key(*id) {
                Response::json(200, &json!({}))
            } else {
                job_not_found(id)
            }
        }
        ("GET", ["queries", id]) => query_results(state, id, request),
        _ => error(404, "notFound", &format!("Not found: {} {path}", request.method)),
    }
}

fn insert_job(state: &mut State, body: &Json) -> Response {
    let id = body["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned();
    let query = &body["configuration"]["query"];
    let is_valid_id = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    if id.is_empty() || id.len() > 1024 || !id.chars().all(is_valid_id) {
        return error(400, "invalid", &format!("Invalid job ID \"{id}\""));
    }
    if query["useLegacySql"] != json!(false) {
        return error(400, "invalidQuery", "Legacy SQL is what runs unless useLegacySql is false");
    }
    if state.jobs.contains_key(&id) {
        return error(409, "duplicate", &format!("Already Exists: Job {PROJECT}:US.{id}"));
    }
    let sql = query["query"].as_str().unwrap_or_default().to_owned();
    let outcome = match state.habits.query_failure {
        Some((reason, message)) => Err(QueryError { reason, message: message.to_owned() }),
        None => query::run(&sql, &query["queryParameters"], &state.tables),
    };
    if let (Err(failure), QueryErrors::AtOnce) = (&outcome, state.habits.query_errors) {
        return query_error(failure);
    }
    let job = Job {
        sql,
        configuration: body["configuration"].clone(),
        is_expired: false,
        created_ms: state.now_ms(),
        incomplete_answers: state.habits.incomplete_answers,
        empty_pages: state.habits.empty_pages,
        outcome,
        contents: OnceLock::new(),
        is_stored: Cell::new(false),
        id: id.clone(),
    };
    let mut resource = job.resource();
    if state.habits.query_errors == QueryErrors::InAnOkAnswer {
        resource["status"] = json!({ "state": "DONE" });
    }
    state.jobs_run.push(id.clone());
    state.jobs.insert(id, job);
    Response::json(200, &resource)
}

fn query_results(state: &mut State, id: &str, request: &Request) -> Response {
    if state.habits.results_expire_after.take_if(|pages| *pages == 0).is_some() {
        state.expire_results();
    }
    if let Some(pages) = &mut state.habits.results_expire_after {
        *pages -= 1;
    }
    let Some(job) = state.jobs.get_mut(id).filter(|job| !job.is_expired) else { return job_not_found(id) };
    if let Err(failure) = &job.outcome {
        if state.habits.query_errors != QueryErrors::InAnOkAnswer {
            return query_error(failure);
        }
        let errors = json!([{ "reason": failure.reason, "message": failure.message }]);
        let reference = job.reference();
        return Response::json(
            200,
            &json!({ "jobReference": reference, "jobComplete": true, "rows": [], "schema": { "fields": [] }, "totalRows": "0", "errors": errors }),
        );
    }
    let number = |name| request.parameter(name).and_then(|text| text.parse().ok());
    let start = match request.parameter("pageToken") {
        None => number("startIndex").unwrap_or(0),
        Some(token) => match job::start_of(token) {
            Some(start) => start,
            None => return error(400, "invalid", "Invalid page token"),
        },
    };
    let asks_micros = request.parameter("formatOptions.useInt64Timestamp") == Some("true");
    let form =
        if asks_micros && !state.habits.float_timestamps { TimestampForm::Micros } else { TimestampForm::FloatSeconds };
    let page = PageRequest { start, max_rows: number("maxResults").unwrap_or(100_000), form };
    Response::text(200, "application/json; charset=UTF-8", job.page(&state.habits, &page))
}

fn query_error(failure: &QueryError) -> Response {
    let status = if failure.reason == "notFound" { 404 } else { 400 };
    error(status, failure.reason, &failure.message)
}

fn job_not_found(id: &str) -> Response {
    error(404, "notFound", &format!("Not found: Job {PROJECT}:US.{id}"))
}

/// An error as BigQuery writes it.
pub(crate) fn error(status: u16, reason: &str, message: &str) -> Response {
    let errors = json!([{ "message": message, "domain": "global", "reason": reason }]);
    Response::json(status, &json!({ "error": { "code": status, "message": message, "errors": errors } }))
}
