//! A load job whose rows are sent while they are made, by BigQuery's resumable upload:
//! <https://cloud.google.com/bigquery/docs/reference/api-uploads>. Nothing is in the table before the last part has
//! arrived; then all of it is.

use std::rc::Rc;

use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::retry::RetryPolicy;
use ingestor_core::sql::TableRef;
use serde_json::{Value, json};

use crate::call::{Answer, Call, Expected};
use crate::client::Client;
use crate::exchange::Verb;
use crate::job::InsertedJob;

/// Bytes of a part; all but the last have to be a multiple of 256 KiB. Node hands one over as a whole
/// (host-shim/src/synthesizer/shared-writes.js).
pub const PART_BYTES: usize = 8 * 1024 * 1024;
/// A part, and what its rows may exceed it by.
const BUFFER_BYTES: usize = PART_BYTES + PART_BYTES / 4;
/// Parts that may fail in a row before the upload is given up.
const MAX_FAILURES_IN_A_ROW: u32 = 5;
/// What an upload of which more is expected is answered with: no error, although it is not in the 200s.
pub(crate) const INCOMPLETE: u16 = 308;

/// What came of opening an upload.
pub enum Opened {
    /// Rows may follow.
    Upload(Box<Upload>),
    /// A job of this id is there already, from an earlier run.
    JobExisted,
}

/// How much of an upload has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// So many bytes; more are expected.
    Bytes(u64),
    /// All of it: the job runs or has run.
    Everything(InsertedJob),
}

/// An upload under way. Dropping it gives it up, and leaves no trace.
pub struct Upload {
    path_and_query: String,
    /// What comes after the part under way.
    buffer: Vec<u8>,
    /// What was sent last, as long as it may have to be sent again.
    part: Rc<Vec<u8>>,
    /// Where `part` begins.
    part_start: u64,
    is_last: bool,
    call: Option<Call>,
    /// What the last part was answered with.
    job: Option<InsertedJob>,
    failures_in_a_row: u32,
}

impl Upload {
    /// Opens an upload of newline-delimited JSON that is appended to a table which is there.
    pub fn open(client: &mut Client, job_id: &str, table: &TableRef) -> Result<Opened, Failure> {
        let body = job(&client.project_id, &client.location, job_id, table).to_string().into_bytes();
        let path_and_query = format!("{}?uploadType=resumable&prettyPrint=false", client.upload_path());
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-upload-content-type", "application/octet-stream".to_owned()),
        ];
        let request = client.request(Verb::Post, path_and_query, headers, body);
        let call = Call::new("jobs.insert", request, Expected::Upload, client.retry);
        match client.complete(call) {
            Ok(Answer::Upload(query)) => Ok(Opened::Upload(Box::new(Self {
                path_and_query: format!("{}?{query}", client.upload_path()),
                buffer: Vec::new(),
                part: Rc::default(),
                part_start: 0,
                is_last: false,
                call: None,
                job: None,
                failures_in_a_row: 0,
            }))),
            Err(failure) if failure.kind == FailureKind::AlreadyExists => Ok(Opened::JobExisted),
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::malformed("an upload was answered with something else")),
        }
    }

    /// What rows can be collected in before there is an upload, to become its [`buffer`](Self::buffer).
    #[must_use]
    pub fn new_buffer() -> Vec<u8> {
        Vec::with_capacity(BUFFER_BYTES)
    }

    /// Where the next rows go: lines of JSON, each with its end. Call [`pump`](Self::pump) after every few of them.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Sends what can be sent; waits only when a whole part is buffered and the one before it has not arrived.
    pub fn pump(&mut self, client: &mut Client) -> Result<(), Failure> {
        self.advance(client)?;
        if self.call.is_some() && self.buffer.len() > PART_BYTES {
            self.await_part(client)?;
        }
        // The last part must not be empty, so a whole one waits until more is there.
        if self.call.is_none() && self.buffer.len() > PART_BYTES {
            let rest = self.buffer.split_off(PART_BYTES);
            self.send(client, rest);
            self.advance(client)?;
        }
        Ok(())
    }

    /// Sends what is left; the job is on its way when the last part is answered. Call [`pump`](Self::pump) until then, or
    /// [`job`](Self::job), which waits for it.
    pub fn close(&mut self, client: &mut Client) -> Result<(), Failure> {
        self.await_part(client)?;
        while self.buffer.len() > PART_BYTES {
            let rest = self.buffer.split_off(PART_BYTES);
            self.send(client, rest);
            self.await_part(client)?;
        }
        self.is_last = true;
        self.send(client, Vec::new());
        self.advance(client)
    }

    /// Waits until the last part of a closed upload is answered.
    pub fn job(mut self, client: &mut Client) -> Result<InsertedJob, Failure> {
        self.await_part(client)?;
        self.job.ok_or_else(|| Failure::malformed("an upload has ended without a job"))
    }

    /// Sends the buffer as a part, and leaves `rest` in it.
    fn send(&mut self, client: &Client, rest: Vec<u8>) {
        self.part_start += self.part.len() as u64;
        self.part = std::mem::replace(&mut self.buffer, rest).into();
        if !self.is_last {
            self.buffer.reserve(BUFFER_BYTES);
        }
        self.call = Some(self.put(client));
    }

    /// Goes on with the part under way as far as possible without waiting.
    fn advance(&mut self, client: &mut Client) -> Result<(), Failure> {
        let Some(outcome) = self.call.as_mut().and_then(|call| call.advance(client)) else { return Ok(()) };
        self.call = None;
        self.settle(client, outcome)
    }

    fn await_part(&mut self, client: &mut Client) -> Result<(), Failure> {
        while let Some(call) = self.call.take() {
            let outcome = client.complete(call);
            self.settle(client, outcome)?;
        }
        Ok(())
    }

    /// Takes the outcome of a part: goes on, or finds out what has arrived and sends the rest again.
    fn settle(&mut self, client: &mut Client, outcome: Result<Answer, Failure>) -> Result<(), Failure> {
        let received = match outcome {
            Ok(Answer::Received(received)) => received,
            Ok(_) => return Err(Failure::malformed("a part of an upload was answered with something else")),
            Err(failure) if failure.kind == FailureKind::Transient && !failure.job_failed => {
                self.failures_in_a_row += 1;
                if self.failures_in_a_row > MAX_FAILURES_IN_A_ROW {
                    return Err(failure);
                }
                match client.complete(self.ask(client))? {
                    Answer::Received(received) => received,
                    _ => return Err(failure),
                }
            }
            Err(failure) => return Err(failure),
        };
        let received_bytes = match received {
            Received::Everything(job) => {
                self.part = Rc::default();
                self.job = Some(job);
                return Ok(());
            }
            Received::Bytes(bytes) => bytes,
        };
        let end = self.part_start + self.part.len() as u64;
        if received_bytes == end && !self.is_last {
            self.failures_in_a_row = 0;
            return Ok(());
        }
        let Some(arrived) = received_bytes.checked_sub(self.part_start).filter(|_| received_bytes < end) else {
            let message =
                format!("of an upload {received_bytes} bytes have arrived, which does not fit to what was sent");
            return Err(Failure::malformed(message));
        };
        Rc::make_mut(&mut self.part).drain(..usize::try_from(arrived).unwrap_or(usize::MAX));
        self.part_start = received_bytes;
        self.call = Some(self.put(client));
        Ok(())
    }

    fn put(&self, client: &Client) -> Call {
        let end = self.part_start + self.part.len() as u64;
        let total = if self.is_last { end.to_string() } else { "*".to_owned() };
        let range = match self.part.is_empty() {
            true => format!("bytes */{total}"),
            false => format!("bytes {}-{}/{total}", self.part_start, end - 1),
        };
        self.call(client, range, self.part.clone(), RetryPolicy { max_retries: 0, ..client.retry })
    }

    /// Asks how much has arrived.
    fn ask(&self, client: &Client) -> Call {
        let end = self.part_start + self.part.len() as u64;
        let total = if self.is_last { end.to_string() } else { "*".to_owned() };
        self.call(client, format!("bytes */{total}"), Rc::default(), client.retry)
    }

    fn call(&self, client: &Client, range: String, body: Rc<Vec<u8>>, policy: RetryPolicy) -> Call {
        let headers = vec![("content-range", range), ("content-type", "application/octet-stream".to_owned())];
        let request = client.request(Verb::Put, self.path_and_query.clone(), headers, body);
        Call::new("jobs.insert", request, Expected::Received, policy)
    }
}

fn job(project: &str, location: &str, job_id: &str, table: &TableRef) -> Value {
    json!({
        "jobReference": { "projectId": project, "jobId": job_id, "location": location },
        "configuration": {
            "load": {
                "destinationTable": {
                    "projectId": table.project, "datasetId": table.dataset, "tableId": table.table,
                },
                "sourceFormat": "NEWLINE_DELIMITED_JSON",
                "createDisposition": "CREATE_NEVER",
                "writeDisposition": "WRITE_APPEND",
            },
            "labels": { "application": "maritime-data-synthesizer" },
        },
    })
}

/// What names an upload in requests: the query of its address. The rest of the address is the API's, as we reach it.
pub(crate) fn session_query(location: Option<&str>) -> Result<String, Failure> {
    location
        .and_then(|address| address.split_once('?'))
        .map(|(_, query)| query.to_owned())
        .filter(|query| query.contains("upload_id="))
        .ok_or_else(|| Failure::malformed("an upload was opened, but its address is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_an_upload_is_taken_for_its_query_only() {
        let address = "https://elsewhere.example/upload/bigquery/v2/projects/p/jobs?uploadType=resumable&upload_id=AB";
        assert_eq!(session_query(Some(address)).unwrap(), "uploadType=resumable&upload_id=AB");
        assert!(session_query(Some("https://elsewhere.example/")).is_err());
        assert!(session_query(None).is_err());
    }

    #[test]
    fn rows_are_appended_to_a_table_that_is_there() {
        let table = TableRef { project: "p".into(), dataset: "d".into(), table: "t".into() };
        let job = job("q", "EU", "job-1", &table);
        assert_eq!(job["jobReference"], json!({ "projectId": "q", "jobId": "job-1", "location": "EU" }));
        assert_eq!(job["configuration"]["load"]["createDisposition"], "CREATE_NEVER");
        assert_eq!(job["configuration"]["load"]["destinationTable"]["tableId"], "t");
    }
}
