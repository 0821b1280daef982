//! Which request each operation of the API is.

use std::rc::Rc;

use ingestor_core::decode::PageDecoder;
use ingestor_core::retry::RetryPolicy;
use ingestor_core::sql::{Query, TableRef};
use ingestor_core::time::Micros;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wasip2::io::poll::Pollable;

use crate::auth::{Authenticator, Source};
use crate::call::{Call, Expected};
use crate::endpoint::{API_PATH, Endpoint, Scheme};
use crate::exchange::{Request, Verb};
use crate::host;
use crate::job::{self, JobOptions};
use crate::settings::{Settings, SettingsError};
use crate::source_clock::SourceClock;

/// Signs that need no encoding in a URL (RFC 3986, section 2.3).
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Makes the decoder of a page; asked again for every try.
pub type NewDecoder = Box<dyn Fn() -> PageDecoder>;

/// Which part of a job's result to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// First row, from 0; not used together with a page token.
    pub start_index: u64,
    /// Rows at the most; BigQuery may give fewer.
    pub max_results: u32,
    /// From the page before.
    pub page_token: Option<String>,
    /// How long BigQuery may wait for the job to complete before it answers that it has not.
    pub timeout_ms: u64,
}

/// BigQuery, as one account sees it.
pub struct Client {
    api: Rc<Endpoint>,
    pub(crate) project_id: String,
    pub(crate) location: String,
    pub(crate) retry: RetryPolicy,
    pub(crate) request_timeout_ms: u64,
    pub(crate) auth: Authenticator,
    pub(crate) clock: SourceClock,
    /// A timer and when it fires.
    pub(crate) timer: Option<(u64, Pollable)>,
}

impl Client {
    /// Checks the settings; sends nothing yet.
    ///
    /// Credentials are taken from the key file if there is one. Without one an emulator (`emulator_host`, or an
    /// `api_endpoint` that is plain http) is given none, and for Google the metadata server is asked.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let given =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (api_endpoint, emulator_host) = (given(&settings.api_endpoint), given(&settings.emulator_host));
        let wrong = if api_endpoint.is_some() { SettingsError::ApiEndpoint } else { SettingsError::EmulatorHost };
        let api = Endpoint::of_api(api_endpoint.as_deref(), emulator_host.as_deref()).map_err(wrong)?;
        let is_emulator = api.scheme == Scheme::Http || (api_endpoint.is_none() && emulator_host.is_some());
        let source = match &settings.credentials {
            Some(text) => Source::from_key_file(text)?,
            None if is_emulator => Source::None,
            None => Source::from_metadata_server(given(&settings.metadata_host).as_deref())
                .map_err(SettingsError::MetadataHost)?,
        };
        Ok(Self {
            api: api.into(),
            project_id: settings.project_id,
            location: settings.location,
            retry: settings.retry,
            request_timeout_ms: settings.request_timeout_ms,
            auth: Authenticator::new(source, settings.request_timeout_ms),
            clock: SourceClock::default(),
            timer: None,
        })
    }

    /// The servers that this client will ever talk to, as `host` or `host:port`.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = vec![self.api.authority.clone()];
        hosts.extend(self.auth.authority().map(str::to_owned));
        hosts.dedup();
        hosts
    }

    /// Now by BigQuery's clock, as far as its answers have shown it: ours, corrected when it is off by more than the one
    /// second that answers are dated to.
    #[must_use]
    pub fn source_now_micros(&self) -> Micros {
        self.clock.at(host::wall_micros())
    }

    /// `tables.get`: what is known about a table without a query, free of charge. Answers `Answer::Table`.
    #[must_use]
    pub fn get_table(&self, table: &TableRef) -> Call {
        let [project, dataset, table] = [&table.project, &table.dataset, &table.table].map(|name| encoded(name));
        let path = format!("/projects/{project}/datasets/{dataset}/tables/{table}?prettyPrint=false");
        self.call("tables.get", Verb::Get, path, Vec::new(), Expected::Table)
    }

    /// `jobs.insert` of a query under an id of our making (letters, digits, `_` and `-`, at most 1024). Answers
    /// `Answer::Job`; a job of this id that is there already is as good as a new one.
    #[must_use]
    pub fn insert_query_job(&self, job_id: &str, query: &Query, options: &JobOptions) -> Call {
        let body = job::insert_body(&self.project_id, &self.location, job_id, query, options);
        let path = format!("/projects/{}/jobs?prettyPrint=false", encoded(&self.project_id));
        self.call("jobs.insert", Verb::Post, path, body.to_string().into_bytes(), Expected::Job)
    }

    /// `jobs.insert` of a dry run, which is free: what the query would read. Answers `Answer::Job`, done, with
    /// `total_bytes_processed`.
    #[must_use]
    pub fn estimate_query(&self, query: &Query) -> Call {
        let body = job::dry_run_body(&self.project_id, &self.location, query);
        let path = format!("/projects/{}/jobs?prettyPrint=false", encoded(&self.project_id));
        self.call("jobs.insert (dry run)", Verb::Post, path, body.to_string().into_bytes(), Expected::Job)
    }

    /// `jobs.getQueryResults`: a part of a job's result. Answers `Answer::Page`, also while the job is still running:
    /// then `job_complete` is false.
    #[must_use]
    pub fn get_query_results(&self, job_id: &str, page: &PageRequest, new_decoder: NewDecoder) -> Call {
        let from = match &page.page_token {
            Some(token) => format!("pageToken={}", encoded(token)),
            None => format!("startIndex={}", page.start_index),
        };
        let part = format!("maxResults={}&{from}", page.max_results);
        self.query_results(job_id, &part, page.timeout_ms, Expected::Page(new_decoder))
    }

    /// `jobs.getQueryResults` of a query with a handful of scalar rows. Answers `Answer::Rows`.
    #[must_use]
    pub fn get_rows(&self, job_id: &str, timeout_ms: u64) -> Call {
        self.query_results(job_id, "maxResults=100000", timeout_ms, Expected::Rows)
    }

    /// `jobs.get`: how a job of ours stands. Answers `Answer::Job`.
    #[must_use]
    pub fn get_job(&self, job_id: &str) -> Call {
        let (project, job, location) = (encoded(&self.project_id), encoded(job_id), encoded(&self.location));
        let path = format!("/projects/{project}/jobs/{job}?location={location}&prettyPrint=false");
        self.call("jobs.get", Verb::Get, path, Vec::new(), Expected::Job)
    }

    fn query_results(&self, job_id: &str, part: &str, timeout_ms: u64, expected: Expected) -> Call {
        // BigQuery may keep silent for `timeoutMs`, which must not look like a dead connection.
        let timeout_ms = timeout_ms.min(self.request_timeout_ms / 2);
        let path = format!(
            "/projects/{}/queries/{}?location={}&{part}&timeoutMs={timeout_ms}\
             &formatOptions.useInt64Timestamp=true&prettyPrint=false",
            encoded(&self.project_id),
            encoded(job_id),
            encoded(&self.location),
        );
        self.call("jobs.getQueryResults", Verb::Get, path, Vec::new(), expected)
    }

    /// A request whose path counts from `/bigquery/v2`; its body, if any, is JSON.
    pub(crate) fn call(
        &self,
        method: &'static str,
        verb: Verb,
        path: String,
        body: Vec<u8>,
        expected: Expected,
    ) -> Call {
        let headers = if body.is_empty() { Vec::new() } else { vec![("content-type", "application/json".to_owned())] };
        let path_and_query = format!("{}{path}", self.api.path);
        Call::new(method, self.request(verb, path_and_query, headers, body), expected, self.retry)
    }

    pub(crate) fn request(
        &self,
        method: Verb,
        path_and_query: String,
        headers: Vec<(&'static str, String)>,
        body: impl Into<Rc<Vec<u8>>>,
    ) -> Request {
        Request { method, server: self.api.clone(), path_and_query, headers, body: body.into() }
    }

    /// The path of uploads: `/upload/bigquery/v2`, behind whatever the address of the API begins with.
    pub(crate) fn upload_path(&self) -> String {
        let prefix = self.api.path.strip_suffix(API_PATH).unwrap_or_default();
        format!("{prefix}/upload{API_PATH}/projects/{}/jobs", encoded(&self.project_id))
    }
}

pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            project_id: "example.com:shipping".into(),
            location: "europe-west3".into(),
            api_endpoint: None,
            emulator_host: None,
            metadata_host: None,
            credentials: None,
            retry: RetryPolicy::default(),
            request_timeout_ms: 30_000,
        }
    }

    fn page_request() -> PageRequest {
        PageRequest { start_index: 20_000, max_results: 10_000, page_token: None, timeout_ms: 60_000 }
    }

    fn path_of_page(page: &PageRequest) -> String {
        let client = Client::new(settings()).ok().unwrap();
        client.get_query_results("job-1", page, Box::new(|| unreachable!())).path_and_query().to_owned()
    }

    const USER: &str = r#"{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"r"}"#;

    #[test]
    fn the_hosts_are_the_api_and_whoever_grants_tokens() {
        let text = |text: &str| Some(text.to_owned());
        for (settings, hosts) in [
            (settings(), vec!["bigquery.googleapis.com", "metadata.google.internal"]),
            (
                Settings { metadata_host: text("10.0.0.1:80"), ..settings() },
                vec!["bigquery.googleapis.com", "10.0.0.1:80"],
            ),
            (
                Settings { credentials: text(USER), ..settings() },
                vec!["bigquery.googleapis.com", "oauth2.googleapis.com"],
            ),
            (Settings { emulator_host: text("localhost:9050"), ..settings() }, vec!["localhost:9050"]),
            (Settings { emulator_host: text("https://emulator"), ..settings() }, vec!["emulator"]),
            (
                Settings { emulator_host: text(" "), ..settings() },
                vec!["bigquery.googleapis.com", "metadata.google.internal"],
            ),
            (Settings { api_endpoint: text("http://10.0.0.2:9050"), ..settings() }, vec!["10.0.0.2:9050"]),
            (
                Settings {
                    api_endpoint: text("https://private.example"),
                    emulator_host: text("localhost:1"),
                    ..settings()
                },
                vec!["private.example", "metadata.google.internal"],
            ),
            (
                Settings { emulator_host: text("localhost:9050"), credentials: text(USER), ..settings() },
                vec!["localhost:9050", "oauth2.googleapis.com"],
            ),
        ] {
            assert_eq!(Client::new(settings).ok().unwrap().hosts(), hosts);
        }
    }

    #[test]
    fn a_wrong_address_is_reported_under_the_name_of_its_setting() {
        let wrong = Some("ftp://host".to_owned());
        for (settings, name) in [
            (Settings { api_endpoint: wrong.clone(), ..settings() }, "apiEndpoint"),
            (Settings { emulator_host: wrong.clone(), ..settings() }, "BIGQUERY_EMULATOR_HOST"),
            (Settings { metadata_host: wrong.clone(), ..settings() }, "GCE_METADATA_HOST"),
        ] {
            let error = Client::new(settings).err().unwrap().to_string();
            assert!(error.starts_with(&format!("{name}: \"ftp://host\"")), "{error}");
        }
    }

    #[test]
    fn names_are_encoded_in_paths() {
        let client = Client::new(settings()).ok().unwrap();
        let table = TableRef { project: "example.com:p".into(), dataset: "d".into(), table: "my table".into() };
        let call = client.get_table(&table);
        assert_eq!(
            call.path_and_query(),
            "/bigquery/v2/projects/example.com%3Ap/datasets/d/tables/my%20table?prettyPrint=false"
        );
    }

    #[test]
    fn a_page_is_asked_for_by_its_first_row_with_integer_timestamps_in_the_jobs_location() {
        assert_eq!(
            path_of_page(&page_request()),
            "/bigquery/v2/projects/example.com%3Ashipping/queries/job-1?location=europe-west3&maxResults=10000\
             &startIndex=20000&timeoutMs=15000&formatOptions.useInt64Timestamp=true&prettyPrint=false"
        );
    }

    #[test]
    fn a_page_token_takes_the_place_of_the_first_row() {
        let path = path_of_page(&PageRequest { page_token: Some("a/b=".into()), ..page_request() });
        assert!(path.contains("&pageToken=a%2Fb%3D&") && !path.contains("startIndex"), "{path}");
    }

    #[test]
    fn bigquery_is_never_asked_to_keep_silent_for_longer_than_half_the_request_timeout() {
        assert!(path_of_page(&page_request()).contains("timeoutMs=15000"));
        assert!(path_of_page(&PageRequest { timeout_ms: 10_000, ..page_request() }).contains("timeoutMs=10000"));
    }
}
