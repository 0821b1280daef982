//! One answer of `jobs.getQueryResults` or `jobs.query`, as its bytes arrive.

use super::batch::Batch;
use super::layout::{LayoutError, LayoutSettings, RowLayout};
use super::row::{RowDecoder, shortened};
use super::scan::{Ignore, Scanner, Stop};
use crate::cost::Scan;
use crate::schema::Schema;
use crate::time::Micros;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::rc::Rc;
use xxhash_rust::xxh3::xxh3_64;

/// A decoded answer.
#[derive(Debug)]
pub struct Page {
    /// Whether the job is done; without it there are no rows yet. False when the answer does not say.
    pub job_complete: bool,
    /// Rows of the whole result.
    pub total_rows: Option<u64>,
    /// What to ask the next page with; None on the last one.
    pub page_token: Option<String>,
    /// Columns of the result. An answer without any has None.
    pub schema: Option<Schema>,
    /// For the decoders of the job's other pages.
    pub layout: Option<Rc<RowLayout>>,
    /// Errors and warnings of the job. The emulator reports failed queries so, with HTTP 200 and no schema.
    pub errors: Vec<ErrorProto>,
    /// The rows, as records.
    pub batch: Batch,
    /// Rows that are not in `batch`, in the order of the page.
    pub undecodable: Vec<UndecodableRow>,
    /// All rows of the page, also those that are not in `batch`.
    pub rows_read: u64,
    /// Bytes that the query processed.
    pub total_bytes_processed: Option<u64>,
    /// Whether the result came from BigQuery's cache.
    pub cache_hit: Option<bool>,
}

impl Page {
    /// What its job read.
    #[must_use]
    pub fn scan(&self) -> Scan {
        Scan { bytes_processed: self.total_bytes_processed, is_cached: self.cache_hit.unwrap_or(false) }
    }
}

/// An error as BigQuery writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ErrorProto {
    /// A short code: `invalidQuery`.
    pub reason: String,
    /// BigQuery's words.
    pub message: String,
}

/// A row that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecodableRow {
    /// Position in the page, from 0.
    pub position: u32,
    /// Which column has what that it should not.
    pub reason: String,
    /// The row as BigQuery wrote it, cut off after 4 KiB.
    pub content: String,
    /// Hash of the row as BigQuery wrote it, all of it.
    pub content_hash: u64,
}

/// Why an answer cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or not the answer of this method.
    #[error("byte {offset} of the answer: {problem}")]
    Malformed {
        /// Bytes before the problem.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// The answer ends too early.
    #[error("the answer ends after {length_bytes} bytes, before it is complete")]
    Truncated {
        /// Bytes that arrived.
        length_bytes: u64,
    },
    /// Rows of this schema cannot be kept.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Bytes of an undecodable row that are kept.
const MAX_CONTENT_BYTES: usize = 4096;

/// Decodes one answer as it arrives. After an error it is of no further use.
pub struct PageDecoder {
    settings: Rc<LayoutSettings>,
    rows: RowDecoder,
    page: Page,
    /// What has arrived and is not decoded yet.
    buffer: Vec<u8>,
    /// Bytes that were decoded and dropped.
    dropped_bytes: u64,
    /// Length of `buffer` from which on it is worth another try, so that a value that arrives in many pieces is not
    /// read again with each of them.
    retry_at_bytes: usize,
    /// `rows`, when they came before the schema, and where they were.
    early_rows: Option<(Vec<u8>, u64)>,
    expected: Expected,
}

/// What comes next in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Object,
    FirstMember,
    NextMember,
    FirstRow,
    NextRow,
    Nothing,
}

impl PageDecoder {
    /// A decoder for one answer. `layout` is that of an earlier page of the same job; `synced_at` goes into each record.
    #[must_use]
    pub fn new(settings: Rc<LayoutSettings>, layout: Option<Rc<RowLayout>>, synced_at: Micros) -> Self {
        let page = Page {
            job_complete: false,
            total_rows: None,
            page_token: None,
            schema: None,
            layout,
            errors: Vec::new(),
            batch: Batch::default(),
            undecodable: Vec::new(),
            rows_read: 0,
            total_bytes_processed: None,
            cache_hit: None,
        };
        Self {
            settings,
            rows: RowDecoder::new(synced_at),
            page,
            buffer: Vec::new(),
            dropped_bytes: 0,
            retry_at_bytes: 0,
            early_rows: None,
            expected: Expected::Object,
        }
    }

    /// Takes the next bytes of the answer, however it was cut into pieces.
    ///
    /// # Errors
    ///
    /// As soon as the bytes so far cannot be the beginning of an answer, or have a schema whose rows cannot be kept.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() < self.retry_at_bytes { Ok(()) } else { self.decode() }
    }

    /// Ends the answer.
    ///
    /// # Errors
    ///
    /// When it is not complete, has rows without a schema, or for the reasons of [`PageDecoder::push`].
    pub fn finish(mut self) -> Result<Page, DecodeError> {
        self.decode()?;
        if self.expected != Expected::Nothing {
            return Err(DecodeError::Truncated { length_bytes: self.dropped_bytes + self.buffer.len() as u64 });
        }
        if let Some((rows, offset)) = self.early_rows.take() {
            self.decode_early_rows(rows, offset)?;
        }
        self.page.batch = self.rows.batch;
        Ok(self.page)
    }

    /// Decodes `rows` on their own, as if the answer continued with them. Without a schema, they have to be none.
    fn decode_early_rows(&mut self, rows: Vec<u8>, offset: u64) -> Result<(), DecodeError> {
        if self.page.layout.is_none() {
            let none = matches!(rows.strip_prefix(b"["), Some(rest) if rest.trim_ascii() == b"]");
            let problem = || "rows without a schema".to_owned();
            return if none { Ok(()) } else { Err(DecodeError::Malformed { offset, problem: problem() }) };
        }
        self.buffer = rows;
        self.buffer.drain(..1);
        self.buffer.push(b'}');
        self.dropped_bytes = offset + 1;
        self.expected = Expected::FirstRow;
        self.decode()
    }

    /// Decodes what is complete in the buffer and drops it.
    fn decode(&mut self) -> Result<(), DecodeError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut scanner = Scanner::partial(&buffer);
        let mut decoded = 0;
        let stop = loop {
            match self.step(&mut scanner) {
                Ok(()) => decoded = scanner.position(),
                Err(stop) => break stop,
            }
        };
        let stopped = self.dropped_bytes + scanner.position() as u64;
        buffer.drain(..decoded);
        self.dropped_bytes += decoded as u64;
        self.retry_at_bytes = buffer.len() + buffer.len() / 2;
        self.buffer = buffer;
        match stop {
            StepStop::Scan(Stop::Incomplete) => Ok(()),
            StepStop::Scan(Stop::Malformed(problem)) => {
                Err(DecodeError::Malformed { offset: stopped, problem: problem.to_owned() })
            }
            StepStop::Scan(Stop::Unreadable) => unreachable!("rows that are unreadable are set aside"),
            StepStop::Member(problem) => Err(DecodeError::Malformed { offset: stopped, problem }),
            StepStop::Layout(error) => Err(DecodeError::Layout(error)),
        }
    }

    /// Decodes one row, or one member that is not `rows`.
    fn step(&mut self, scanner: &mut Scanner) -> Result<(), StepStop> {
        match self.expected {
            Expected::Object => {
                scanner.expect(b'{', "a JSON object was expected")?;
                self.expected = Expected::FirstMember;
            }
            Expected::FirstMember => {
                if scanner.accept(b'}')? {
                    self.expected = Expected::Nothing;
                } else {
                    self.member(scanner)?;
                }
            }
            Expected::NextMember => {
                if scanner.accept(b',')? {
                    self.member(scanner)?;
                } else {
                    scanner.expect(b'}', "a comma or the end of the answer was expected")?;
                    self.expected = Expected::Nothing;
                }
            }
            Expected::FirstRow => {
                if scanner.accept(b']')? {
                    self.expected = Expected::NextMember;
                } else {
                    self.row(scanner)?;
                }
            }
            Expected::NextRow => {
                if scanner.accept(b',')? {
                    self.row(scanner)?;
                } else {
                    scanner.expect(b']', "a comma or the end of the rows was expected")?;
                    self.expected = Expected::NextMember;
                }
            }
            Expected::Nothing => {
                scanner.peek()?;
                return Err(Stop::Malformed("there is more after the end of the answer").into());
            }
        }
        Ok(())
    }

    fn row(&mut self, scanner: &mut Scanner) -> Result<(), Stop> {
        let Some(layout) = &self.page.layout else { return Err(Stop::Malformed("rows without a schema")) };
        scanner.peek()?;
        let start = scanner.position();
        match self.rows.decode(layout, scanner) {
            Ok(()) => {}
            Err(Stop::Unreadable) => {
                scanner.set_position(start);
                scanner.walk(&mut Ignore)?;
                self.page.undecodable.push(UndecodableRow {
                    position: self.page.rows_read as u32,
                    reason: self.rows.take_reason(),
                    content: shortened(scanner.since(start), MAX_CONTENT_BYTES),
                    content_hash: xxh3_64(scanner.since(start)),
                });
            }
            Err(stop) => return Err(stop),
        }
        self.page.rows_read += 1;
        self.expected = Expected::NextRow;
        Ok(())
    }

    fn member(&mut self, scanner: &mut Scanner) -> Result<(), StepStop> {
        let key = scanner.key()?.raw;
        let first = scanner.peek()?;
        if key == b"rows" && first == b'[' && self.page.layout.is_some() {
            scanner.expect(b'[', "an array of rows was expected")?;
            self.expected = Expected::FirstRow;
            return Ok(());
        }
        let start = scanner.position();
        scanner.walk(&mut Ignore)?;
        self.expected = Expected::NextMember;
        if first == b'n' {
            return Ok(()); // null says as much as absence.
        }
        let value = scanner.since(start);
        match key {
            b"jobComplete" => self.page.job_complete = parse(key, value)?,
            b"totalRows" => self.page.total_rows = Some(parse::<Count>(key, value)?.number(key)?),
            b"pageToken" => self.page.page_token = Some(parse(key, value)?).filter(|token: &String| !token.is_empty()),
            b"errors" => self.page.errors = parse(key, value)?,
            b"totalBytesProcessed" => {
                self.page.total_bytes_processed = Some(parse::<Count>(key, value)?.number(key)?);
            }
            b"cacheHit" => self.page.cache_hit = Some(parse(key, value)?),
            b"schema" => self.schema(parse(key, value)?).map_err(StepStop::Layout)?,
            b"rows" if first == b'[' => {
                self.early_rows = Some((value.to_vec(), self.dropped_bytes + start as u64));
            }
            b"rows" => return Err(Stop::Malformed("`rows` is no array").into()),
            _ => {}
        }
        Ok(())
    }

    /// Keeps the layout of an earlier page when the schema is the same.
    fn schema(&mut self, schema: Schema) -> Result<(), LayoutError> {
        if schema.fields.is_empty() {
            return Ok(());
        }
        if self.page.layout.as_ref().is_none_or(|layout| *layout.schema() != schema) {
            self.page.layout = Some(Rc::new(RowLayout::new(&schema, &self.settings)?));
        }
        self.page.schema = Some(schema);
        Ok(())
    }
}

/// Why decoding stopped: at the end of what has arrived, or for good.
enum StepStop {
    Scan(Stop),
    /// A member of the answer has a value that it cannot have.
    Member(String),
    Layout(LayoutError),
}

impl From<Stop> for StepStop {
    fn from(stop: Stop) -> Self {
        Self::Scan(stop)
    }
}

fn parse<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StepStop> {
    serde_json::from_slice(value)
        .map_err(|error| StepStop::Member(format!("`{}`: {error}", String::from_utf8_lossy(key))))
}

/// A 64-bit number, which Google's JSON writes as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u64),
    Text(String),
}

impl Count {
    fn number(self, key: &[u8]) -> Result<u64, StepStop> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Text(text) => text.parse().map_err(|_| {
                StepStop::Member(format!("`{}`: {text} is no number of things", String::from_utf8_lossy(key)))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NumericForm;

    const SCHEMA: &str =
        r#"{"schema":{"fields":[{"name":"ts","type":"TIMESTAMP"},{"name":"s","type":"STRING"}]},"rows":["#;

    fn decoder() -> PageDecoder {
        let settings =
            LayoutSettings { timestamp_column: "ts".into(), key_columns: vec![], numeric: NumericForm::String };
        PageDecoder::new(Rc::new(settings), None, 0)
    }

    #[test]
    fn what_is_decoded_is_dropped() {
        let row = r#"{"f":[{"v":"1"},{"v":"some text"}]}"#;
        let body = format!("{SCHEMA}{}]}}", vec![row; 1_000].join(","));
        let mut decoder = decoder();
        for piece in body.as_bytes().chunks(100) {
            decoder.push(piece).unwrap();
            assert!(decoder.buffer.len() < 250, "{} bytes are kept", decoder.buffer.len());
        }
        assert_eq!(decoder.finish().unwrap().rows_read, 1_000);
    }

    #[test]
    fn a_large_row_in_many_pieces_is_not_read_again_with_each() {
        let text = "x".repeat(1_000_000);
        let body = format!(r#"{SCHEMA}{{"f":[{{"v":"1"}},{{"v":"{text}"}}]}}]}}"#);
        let mut decoder = decoder();
        let mut tries = std::collections::HashSet::new();
        for piece in body.as_bytes().chunks(100) {
            decoder.push(piece).unwrap();
            tries.insert(decoder.retry_at_bytes);
        }
        assert!(tries.len() < 40, "{} tries", tries.len());
        assert_eq!(decoder.finish().unwrap().rows_read, 1);
    }
}
