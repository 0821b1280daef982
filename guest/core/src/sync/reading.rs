//! Draining one job's result: pages are fetched side by side, and committed one after the other in the order of rows.

use std::collections::VecDeque;
use std::rc::Rc;

use super::prefetch::Paging;
use super::spans::Spans;
use crate::checkpoint::JobProgress;
use crate::decode::{Batch, Page, RowLayout, UndecodableRow};
use crate::phase::Phase;
use crate::record_id::RecordId;
use crate::slots::SlotRange;
use crate::time::Micros;

/// A job and what has been fetched of its result.
#[derive(Debug)]
pub struct Reading {
    pub job: JobProgress,
    /// What the job was announced to read.
    pub slots: SlotRange,
    pub stage: Stage,
    /// Whether the job was inserted before the table was probed last.
    pub is_resumed: bool,
    /// When the job was opened; its pages are cut accordingly.
    pub phase: Phase,
    /// Layout of the result's rows, once a page has been seen.
    pub layout: Option<Rc<RowLayout>>,
    /// The largest id in the target table when the job was opened; no larger id can be stored already.
    pub last_id: Option<RecordId>,
    /// Whether the target table is being given attributes that appeared in this result.
    pub ensuring: bool,
    /// Ranges of rows, in order, that have been asked for and not yet handed to storage.
    pub segments: VecDeque<Segment>,
    /// The first row that no segment covers.
    pub next_index: u64,
    /// Pages on their way to storage, in order.
    pub commits: VecDeque<Commit>,
    /// Rows read of each span, while it can be known: not of a job that was resumed.
    pub spans: Option<Spans>,
    /// When the job was opened, and what came of it since.
    pub opened_at_ms: u64,
    /// When rows were last stored.
    pub stored_at_ms: u64,
    pub rows_read: u64,
    pub rows_written: u64,
    /// What the job is billed, as far as its pages told since it was opened.
    pub bytes_billed: u64,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A checkpoint that names the job is being written, so that a restarted worker will look for it.
    Announcing,
    /// The job is being inserted.
    Inserting,
    /// Its result is being read.
    Draining,
    /// Everything is stored; the checkpoint that says so is being written.
    Closing,
}

/// A range of rows of the result.
#[derive(Debug)]
pub struct Segment {
    pub id: u64,
    pub start: u64,
    /// At least 1.
    pub rows: u32,
    pub page_token: Option<String>,
    pub state: SegmentState,
    /// When it was asked for, and when the answer began, in milliseconds of the monotonic clock.
    pub asked_at_ms: u64,
    pub begun_at_ms: Option<u64>,
}

#[derive(Debug)]
pub enum SegmentState {
    /// To be asked for at this time, in milliseconds.
    Wanted { not_before_ms: u64 },
    /// Asked for.
    Fetching,
    /// Fetched; storage is being asked which of its rows it has.
    Checking(Fetched, Vec<usize>),
    /// Fetched, and nothing is left in it but what is to be written; for keyed tables storage has to be asked first.
    Ready { fetched: Fetched, checked: bool },
}

/// What came of a page.
#[derive(Debug)]
pub struct Fetched {
    pub batch: Batch,
    pub undecodable: Vec<UndecodableRow>,
    /// The largest timestamp of the page that is not beyond the source's clock.
    pub max_timestamp: Option<Micros>,
    /// The page's first row, and the first one after it.
    pub start: u64,
    pub end: u64,
    /// When the answer began.
    pub begun_at_ms: u64,
}

/// A page on its way to storage.
#[derive(Debug)]
pub struct Commit {
    pub id: u64,
    pub fetched: Fetched,
    pub stage: CommitStage,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CommitStage {
    Rows,
    Checkpoint(JobProgress),
}

impl Reading {
    pub fn new(
        job: JobProgress,
        slots: SlotRange,
        stage: Stage,
        phase: Phase,
        last_id: Option<RecordId>,
        now_ms: u64,
    ) -> Self {
        Self {
            next_index: job.rows_done,
            job,
            slots,
            stage,
            is_resumed: stage == Stage::Draining,
            phase,
            layout: None,
            last_id,
            ensuring: false,
            segments: VecDeque::new(),
            commits: VecDeque::new(),
            spans: None,
            opened_at_ms: now_ms,
            stored_at_ms: now_ms,
            rows_read: 0,
            rows_written: 0,
            bytes_billed: 0,
        }
    }

    /// Adds segments until there are as many as there may be, or the result is covered. Until its size is known, there is
    /// one.
    pub fn cover(&mut self, paging: Paging, next_id: &mut u64) {
        let Paging { page_rows, ahead, under_way_rows } = paging;
        let ahead = if self.job.total_rows.is_some() { ahead } else { 1 };
        while self.segments.len() < ahead {
            let left = self.job.total_rows.map_or(u64::MAX, |total| total.saturating_sub(self.next_index));
            let rows = u64::from(page_rows).min(left);
            if rows == 0 || self.under_way_rows() + rows > under_way_rows {
                return;
            }
            let segment = Segment::new(next_id, self.next_index, rows as u32, None, 0);
            self.segments.push_back(segment);
            self.next_index += rows;
        }
    }

    /// Rows from the first that no checkpoint tells of to the last that has been asked for.
    fn under_way_rows(&self) -> u64 {
        let oldest_commit = self.commits.front().map(|commit| commit.fetched.start);
        let first = oldest_commit.or_else(|| self.segments.front().map(|segment| segment.start));
        first.map_or(0, |first| self.next_index.saturating_sub(first))
    }

    /// Whether every row of the result is stored, and every checkpoint about them.
    pub fn is_drained(&self) -> bool {
        self.stage == Stage::Draining
            && self.segments.is_empty()
            && self.commits.is_empty()
            && self.job.total_rows.is_some_and(|total| self.next_index >= total)
    }

    /// Rows handed to storage of which it has not said yet that they are committed.
    pub fn writes_under_way(&self) -> usize {
        self.commits.iter().filter(|commit| commit.stage == CommitStage::Rows).count()
    }

    /// The earliest time at which a segment is to be asked for.
    pub fn wake_at_ms(&self) -> Option<u64> {
        let waiting = self.segments.iter().filter_map(|segment| match segment.state {
            SegmentState::Wanted { not_before_ms } => Some(not_before_ms),
            _ => None,
        });
        waiting.min()
    }

    /// Takes a page in. The rest of a page that is shorter than asked becomes a segment that comes next.
    ///
    /// Fails when the result ends before its last row.
    pub fn accept(&mut self, position: usize, page: Page, next_id: &mut u64, now_ms: u64) -> Result<(), ShortResult> {
        let segment = &mut self.segments[position];
        if !page.job_complete {
            segment.state = SegmentState::Wanted { not_before_ms: now_ms + INCOMPLETE_DELAY_MS };
            return Ok(());
        }
        let end = segment.start + page.rows_read;
        let total = page.total_rows.unwrap_or(end);
        self.job.total_rows = Some(total);
        if page.layout.is_some() {
            self.layout = page.layout;
        }
        let asked_to = (segment.start + u64::from(segment.rows)).min(total);
        if end < asked_to && page.rows_read == 0 {
            let Some(token) = page.page_token.filter(|token| segment.page_token.as_ref() != Some(token)) else {
                return Err(ShortResult { rows: end, total_rows: total });
            };
            segment.page_token = Some(token);
            segment.state = SegmentState::Wanted { not_before_ms: now_ms };
            return Ok(());
        }
        self.rows_read += page.rows_read;
        let latest = self.job.inserted_at.unwrap_or(Micros::MAX);
        let stamps = page.batch.rows.iter().map(|row| row.timestamp_micros);
        if let Some(spans) = &mut self.spans {
            stamps.clone().filter(|timestamp| *timestamp <= latest).for_each(|timestamp| spans.add(timestamp));
        }
        let max_timestamp = stamps.filter(|timestamp| *timestamp <= latest).max();
        let fetched = Fetched {
            batch: page.batch,
            undecodable: page.undecodable,
            max_timestamp,
            start: segment.start,
            end,
            begun_at_ms: segment.begun_at_ms.unwrap_or(now_ms),
        };
        segment.state = SegmentState::Ready { fetched, checked: false };
        if end < asked_to {
            let rest = Segment::new(next_id, end, (asked_to - end) as u32, None, now_ms);
            self.segments.insert(position + 1, rest);
        }
        self.next_index = self.next_index.min(total).max(asked_to);
        Ok(())
    }
}

/// Pause before asking again for the result of a job that still runs; the server waits by itself, too.
const INCOMPLETE_DELAY_MS: u64 = 100;

/// A result that ended before its last row.
#[derive(Debug, PartialEq, Eq)]
pub struct ShortResult {
    pub rows: u64,
    pub total_rows: u64,
}

impl Segment {
    fn new(next_id: &mut u64, start: u64, rows: u32, page_token: Option<String>, not_before_ms: u64) -> Self {
        *next_id += 1;
        let state = SegmentState::Wanted { not_before_ms };
        Self { id: *next_id, start, rows, page_token, state, asked_at_ms: not_before_ms, begun_at_ms: None }
    }
}
