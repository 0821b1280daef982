//! One operation from first try to answer.

use std::fmt;
use std::rc::Rc;

use ingestor_core::decode::{DecodeError, Page, PageDecoder};
use ingestor_core::failure::{Failure, FailureKind};
use ingestor_core::retry::RetryPolicy;
use ingestor_core::source::TableMetadata;

use crate::attempts::{Attempts, Verdict};
use crate::auth::{Access, Authenticator, FetchId, TokenId};
use crate::catalog::{self, DatasetMetadata};
use crate::client::{Client, NewDecoder};
use crate::exchange::{Exchange, Head, Progress, Request};
use crate::host;
use crate::job::InsertedJob;
use crate::rows::{self, Answered};
use crate::streaming::{self, RefusedRow};
use crate::table;
use crate::upload::{self, Received};

/// Bytes that one call takes before it lets others have their turn.
const BYTES_A_TURN: usize = 256 * 1024;
const NANOS_PER_MS: u64 = 1_000_000;
/// Longest body that is kept as a whole; what is beyond does not arrive.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// What BigQuery answered.
#[derive(Debug)]
pub enum Answer {
    /// To [`Client::get_table`].
    Table(TableMetadata),
    /// To [`Client::insert_query_job`] and [`Client::get_job`].
    Job(InsertedJob),
    /// To [`Client::get_query_results`].
    Page(Page),
    /// To [`Client::get_rows`]; None while the job is still running.
    Rows(Option<Answered>),
    /// To [`Client::get_dataset`].
    Dataset(DatasetMetadata),
    /// To whatever creates or deletes something.
    Done,
    /// To [`Client::insert_all`]: the rows that were not taken.
    Streamed(Vec<RefusedRow>),
    /// To the opening of an upload: what names it in requests.
    Upload(String),
    /// To a part of an upload.
    Received(Received),
}

/// A try that failed and will be followed by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// What went wrong.
    pub failure: Failure,
    /// Number of the try that follows, from 1 for the first repetition.
    pub attempt: u32,
    /// Milliseconds until then.
    pub after_ms: u64,
}

/// Why a call has no answer yet, and when it is tried again, in milliseconds of the monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong last.
    pub failure: Failure,
    /// When it went wrong first.
    pub since_ms: u64,
    /// When the next try is due, or was.
    pub due_ms: u64,
}

/// An operation under way. Dropping it gives it up, at any time.
pub struct Call {
    method: &'static str,
    request: Rc<Request>,
    expected: Expected,
    attempts: Attempts,
    stage: Stage,
    /// The request for a token that this call waits for.
    awaited_fetch: Option<FetchId>,
    retry: Option<Retry>,
    trouble: Option<Trouble>,
    has_more: bool,
    received_bytes: u64,
}

pub(crate) enum Expected {
    Table,
    Job,
    Page(NewDecoder),
    Rows,
    Dataset,
    Done,
    Streamed,
    Upload,
    Received,
}

enum Stage {
    /// A try is due as soon as there is a token.
    Due,
    Trying(Box<Try>),
    Resting {
        until_ns: u64,
    },
    Done,
}

struct Try {
    exchange: Exchange,
    token: Option<TokenId>,
    head: Option<Head>,
    body: Body,
}

enum Body {
    Rows(Box<PageDecoder>),
    Whole(Vec<u8>),
}

/// What a call is waiting for.
pub(crate) enum Awaited<'a> {
    Nothing,
    Instant(u64),
    Server(&'a Exchange),
    /// It is done.
    NeverAgain,
}

impl Call {
    pub(crate) fn new(method: &'static str, request: Request, expected: Expected, policy: RetryPolicy) -> Self {
        Self {
            method,
            request: request.into(),
            expected,
            attempts: Attempts::new(policy),
            stage: Stage::Due,
            awaited_fetch: None,
            retry: None,
            trouble: None,
            has_more: false,
            received_bytes: 0,
        }
    }

    /// The method of the API: `jobs.insert`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The failure that this call is repeated for, once for each repetition: for the log.
    pub fn take_retry(&mut self) -> Option<Retry> {
        self.retry.take()
    }

    /// What keeps this call from its answer; None while nothing has gone wrong.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Whether the last [`advance`](Self::advance) left off although more had arrived.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether an answer that is no refusal has begun to arrive, and not come to its end.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        let Stage::Trying(current) = &self.stage else { return false };
        current.head.as_ref().is_some_and(|head| is_success(head.status))
    }

    /// Bytes of answers that have arrived, over all tries.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Does what can be done without waiting, a bounded amount of it. None means: wait (or see to others) and call
    /// again. The result comes once; after it there is nothing but None.
    pub fn advance(&mut self, client: &mut Client) -> Option<Result<Answer, Failure>> {
        let mut bytes_left = BYTES_A_TURN;
        let result = self.advance_within(client, &mut bytes_left);
        self.has_more = bytes_left == 0 && result.is_none();
        result
    }

    fn advance_within(&mut self, client: &mut Client, bytes_left: &mut usize) -> Option<Result<Answer, Failure>> {
        loop {
            let step = match &mut self.stage {
                Stage::Done => return None,
                Stage::Resting { until_ns } => {
                    if host::monotonic_ns() < *until_ns {
                        return None;
                    }
                    self.stage = Stage::Due;
                    continue;
                }
                Stage::Due => self.begin(client)?,
                Stage::Trying(current) => {
                    current.advance(&self.expected, client, bytes_left, &mut self.received_bytes)?
                }
            };
            match step {
                Ok(None) => {}
                Ok(Some(answer)) => {
                    self.stage = Stage::Done;
                    return Some(Ok(answer));
                }
                Err(failure) => {
                    if let Some(failure) = self.fail(failure, client) {
                        self.stage = Stage::Done;
                        return Some(Err(failure));
                    }
                }
            }
        }
    }

    pub(crate) fn awaited<'a>(&'a self, auth: &'a Authenticator) -> Awaited<'a> {
        match &self.stage {
            Stage::Done => Awaited::NeverAgain,
            Stage::Resting { until_ns } => Awaited::Instant(*until_ns),
            Stage::Trying(current) => Awaited::Server(&current.exchange),
            Stage::Due => match auth.exchange() {
                Some(exchange) if self.awaited_fetch.is_some() => Awaited::Server(exchange),
                _ => Awaited::Nothing,
            },
        }
    }

    #[cfg(test)]
    pub(crate) fn path_and_query(&self) -> &str {
        &self.request.path_and_query
    }

    /// Sends the request if there is a token; None while there is none yet.
    fn begin(&mut self, client: &mut Client) -> Option<Result<Option<Answer>, Failure>> {
        let authorization = match client.auth.access(self.awaited_fetch, &mut client.clock) {
            Access::Granted(authorization) => authorization,
            Access::Pending(fetch) => {
                self.awaited_fetch = Some(fetch);
                return None;
            }
            Access::Refused(failure) => return Some(Err(failure)),
        };
        self.awaited_fetch = None;
        let header = authorization.as_ref().map(|(header, _)| header.as_ref());
        let started = Exchange::start(self.request.clone(), header, client.request_timeout_ms).map(|exchange| {
            let token = authorization.as_ref().map(|(_, id)| *id);
            self.stage = Stage::Trying(Box::new(Try { exchange, token, head: None, body: Body::Whole(Vec::new()) }));
            None
        });
        Some(started)
    }

    /// Prepares the next try, or returns the failure if there shall be none.
    fn fail(&mut self, failure: Failure, client: &mut Client) -> Option<Failure> {
        self.awaited_fetch = None;
        let used_token = match &self.stage {
            Stage::Trying(current) => current.token,
            _ => None,
        };
        // Only the API's refusal of a token calls for another. Without credentials, or when none are granted, there is none.
        if failure.kind == FailureKind::Unauthorized && used_token.is_none() {
            return Some(failure);
        }
        match self.attempts.judge(&failure, host::random_u64()) {
            Verdict::GiveUp => return Some(failure),
            Verdict::AgainWithNewToken => {
                if let Some(token) = used_token {
                    client.auth.reject(token);
                }
                self.stage = Stage::Due;
            }
            Verdict::Again { after_ms } => {
                let now_ns = host::monotonic_ns();
                let until_ns = now_ns.saturating_add(after_ms.saturating_mul(NANOS_PER_MS));
                self.stage = Stage::Resting { until_ns };
                let (now_ms, due_ms) = (now_ns / NANOS_PER_MS, until_ns / NANOS_PER_MS);
                let since_ms = self.trouble.as_ref().map_or(now_ms, |trouble| trouble.since_ms);
                self.trouble = Some(Trouble { failure: failure.clone(), since_ms, due_ms });
                self.retry = Some(Retry { failure, attempt: self.attempts.repeated(), after_ms });
            }
        }
        None
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("method", &self.method)
            .field("path", &self.request.path_and_query)
            .finish()
    }
}

impl Try {
    /// Takes what has arrived; None when there is nothing to take, or enough was taken for this turn.
    fn advance(
        &mut self,
        expected: &Expected,
        client: &mut Client,
        bytes_left: &mut usize,
        received_bytes: &mut u64,
    ) -> Option<Result<Option<Answer>, Failure>> {
        if *bytes_left == 0 {
            return None;
        }
        Some(match self.exchange.advance() {
            Err(failure) => Err(failure),
            Ok(Progress::Pending) => return None,
            Ok(Progress::Head(head)) => {
                self.take_head(head, expected, client);
                Ok(None)
            }
            Ok(Progress::Bytes(bytes)) => {
                *bytes_left = bytes_left.saturating_sub(bytes.len());
                *received_bytes += bytes.len() as u64;
                self.body.push(&bytes).map(|()| None)
            }
            Ok(Progress::End) => self.finish(expected).map(Some),
        })
    }

    fn take_head(&mut self, head: Head, expected: &Expected, client: &mut Client) {
        client.clock.observe(&head);
        if let Expected::Page(new_decoder) = expected
            && is_success(head.status)
        {
            self.body = Body::Rows(Box::new(new_decoder()));
        }
        self.head = Some(head);
    }

    fn finish(&mut self, expected: &Expected) -> Result<Answer, Failure> {
        let head = self.head.as_ref();
        let (status, retry_after_ms) = head.map_or((0, None), |head| (head.status, head.retry_after_ms));
        match std::mem::replace(&mut self.body, Body::Whole(Vec::new())) {
            Body::Rows(decoder) => {
                let page = decoder.finish().map_err(undecodable)?;
                Failure::in_page(&page).map_or(Ok(Answer::Page(page)), Err)
            }
            Body::Whole(_) if status == upload::INCOMPLETE && matches!(expected, Expected::Received) => {
                let received_bytes = head.and_then(|head| head.received_bytes).unwrap_or(0);
                Ok(Answer::Received(Received::Bytes(received_bytes)))
            }
            Body::Whole(body) if is_success(status) => match expected {
                Expected::Table => table::parse(&body).map(Answer::Table),
                Expected::Job => InsertedJob::parse(&body).map(Answer::Job),
                Expected::Rows => rows::parse(&body).map(Answer::Rows),
                Expected::Dataset => catalog::parse_dataset(&body).map(Answer::Dataset),
                Expected::Done => Ok(Answer::Done),
                Expected::Streamed => streaming::parse(&body).map(Answer::Streamed),
                Expected::Upload => {
                    upload::session_query(head.and_then(|head| head.location.as_deref())).map(Answer::Upload)
                }
                Expected::Received => InsertedJob::parse(&body).map(|job| Answer::Received(Received::Everything(job))),
                Expected::Page(_) => Err(Failure::malformed("an answer without a beginning")),
            },
            Body::Whole(body) => {
                let failure = Failure::from_answer(status, &body, retry_after_ms);
                match (expected, failure.kind) {
                    (Expected::Job, FailureKind::AlreadyExists) => {
                        Ok(Answer::Job(InsertedJob { existed: true, ..InsertedJob::default() }))
                    }
                    _ => Err(failure),
                }
            }
        }
    }
}

impl Body {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Rows(decoder) => decoder.push(bytes).map_err(undecodable),
            Self::Whole(body) => {
                let room = MAX_BODY_BYTES.saturating_sub(body.len());
                body.extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(())
            }
        }
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn undecodable(error: DecodeError) -> Failure {
    match error {
        DecodeError::Layout(_) => Failure::new(FailureKind::Invalid, "schemaNotStorable", error.to_string()),
        DecodeError::Malformed { .. } | DecodeError::Truncated { .. } => Failure::malformed(error.to_string()),
    }
}
