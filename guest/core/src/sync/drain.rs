//! Draining a job's result into storage: the part of [`TableSync`] from the inserted job to the moved watermark.

use super::reading::{Commit, CommitStage, Fetched, Reading, SegmentState, Stage};
use super::{ANNOUNCEMENT, Action, AuditRecord, Level, Now, PageFetch, RefusedRow, RefusedStatus, State, TableSync};
use crate::claims::{self, Claim};
use crate::decode::{Page, UndecodableRow};
use crate::failure::{Failure, FailureKind};
use crate::record_id::RecordId;
use crate::schema::Attribute;
use crate::slots::{SlotRange, slot_of};
use crate::source::Drained;
use crate::sql::{self, Selection};
use crate::time::Micros;
use std::collections::HashMap;

impl TableSync {
    /// Asks for whatever the reading can do now.
    pub(super) fn advance_reading(&mut self, now: Now) {
        self.fetch_pages(now);
        while self.start_commit(now) {}
        let State::Reading(reading) = &mut self.state else { return };
        if reading.is_drained() {
            self.close(now);
        }
    }

    fn fetch_pages(&mut self, now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        if reading.stage != Stage::Draining {
            return;
        }
        let paging = self.prefetch.paging(&self.limits, reading.phase, &self.config.batch_sizes);
        reading.cover(paging, &mut self.next_id);
        for segment in &mut reading.segments {
            let SegmentState::Wanted { not_before_ms } = segment.state else { continue };
            if not_before_ms > now.monotonic_ms {
                continue;
            }
            segment.state = SegmentState::Fetching;
            segment.asked_at_ms = now.monotonic_ms;
            segment.begun_at_ms = None;
            self.actions.push_back(Action::FetchPage(PageFetch {
                segment: segment.id,
                job_id: reading.job.id.clone(),
                start_index: segment.start,
                max_rows: segment.rows,
                page_token: segment.page_token.clone(),
                layout: reading.layout.clone(),
            }));
        }
    }

    pub(super) fn page_begun(&mut self, segment: u64, silent_until_ms: u64, now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        let Some(segment) = reading.segments.iter_mut().find(|candidate| candidate.id == segment) else { return };
        if segment.begun_at_ms.replace(now.monotonic_ms).is_some() {
            return;
        }
        // The first page waits for the job, too.
        if reading.job.total_rows.is_some() {
            let [least_ms, most_ms] =
                [silent_until_ms, now.monotonic_ms].map(|at| at.saturating_sub(segment.asked_at_ms));
            self.prefetch.answered(least_ms, most_ms);
        }
    }

    pub(super) fn page_fetched(&mut self, segment: u64, page: Result<Page, Failure>, now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        let Some(position) = reading.segments.iter().position(|candidate| candidate.id == segment) else { return };
        let page = match page {
            Ok(page) => page,
            Err(failure) => return self.fail(&failure, now),
        };
        if reading.segments[position].begun_at_ms.is_none() {
            self.page_begun(segment, now.monotonic_ms, now);
        }
        self.count_result(&page, now.source_micros);
        let State::Reading(reading) = &mut self.state else { return };
        let schema = page.schema.clone();
        if let Err(short) = reading.accept(position, page, &mut self.next_id, now.monotonic_ms) {
            let message = format!("the result ended after {} of {} rows", short.rows, short.total_rows);
            return self.fail(&Failure::new(FailureKind::Malformed, "shortResult", message), now);
        }
        if let Some(schema) = schema {
            self.ensure_attributes_of(&schema);
        }
        self.leave_out_stored_rows(segment);
        self.advance_reading(now);
    }

    /// A column may have been added, or its type changed, between the probe and the query.
    fn ensure_attributes_of(&mut self, schema: &crate::schema::Schema) {
        let attributes = self.attributes_of(schema);
        let ensured = self.ensured.get_or_insert_default();
        let holds = |known: &Attribute, wanted: &Attribute| {
            known.name == wanted.name && known.harper_type == wanted.harper_type
        };
        let is_new = |wanted: &Attribute| !ensured.iter().any(|known| holds(known, wanted));
        let added: Vec<_> = attributes.into_iter().filter(is_new).collect();
        if added.is_empty() {
            return;
        }
        ensured.retain(|known| !added.iter().any(|attribute| attribute.name == known.name));
        ensured.extend(added);
        let all = ensured.clone();
        if let Some(reading) = self.reading_mut() {
            reading.ensuring = true;
        }
        self.actions.push_back(Action::EnsureTable(all));
    }

    /// Drops the rows of a page that are another worker's by now or known to be stored, and asks storage about those that
    /// may be.
    fn leave_out_stored_rows(&mut self, segment: u64) {
        let State::Reading(reading) = &mut self.state else { return };
        let last_id = reading.last_id;
        let Some(segment) = reading.segments.iter_mut().find(|candidate| candidate.id == segment) else { return };
        let SegmentState::Ready { fetched, checked } = &mut segment.state else { return };
        let (recent, slots) = (&self.recent, self.slots);
        let is_ours = |at| slots.is_none_or(|slots| slots == SlotRange::ALL || slots.contains(slot_of(at)));
        fetched.batch.retain(&mut |_, row| {
            is_ours(row.timestamp_micros) && !recent.contains(row.timestamp_micros, row.content_hash)
        });
        if !self.config.key_columns.is_empty() {
            return;
        }
        *checked = true;
        let may_be_stored = |id: &RecordId| last_id.is_some_and(|last| *id <= last);
        let rows = fetched.batch.rows.iter().enumerate();
        let (positions, ids): (Vec<usize>, Vec<RecordId>) =
            rows.filter(|(_, row)| may_be_stored(&row.id)).map(|(position, row)| (position, row.id)).unzip();
        if ids.is_empty() {
            return;
        }
        let id = segment.id;
        let state = std::mem::replace(&mut segment.state, SegmentState::Fetching);
        let SegmentState::Ready { fetched, .. } = state else { unreachable!("just matched") };
        segment.state = SegmentState::Checking(fetched, positions);
        self.actions.push_back(Action::FindMissing { segment: id, ids });
    }

    pub(super) fn missing_found(&mut self, segment: u64, missing: &[u32]) {
        let recent = &mut self.recent;
        let State::Reading(reading) = &mut self.state else { return };
        let Some((mut fetched, positions)) = take_checking(reading, segment) else { return };
        let mut asked = positions.iter().enumerate().peekable();
        let mut missing = missing.iter().peekable();
        fetched.batch.retain(&mut |position, row| {
            let Some((number, _)) = asked.next_if(|(_, candidate)| **candidate == position) else { return true };
            let is_missing = missing.next_if(|candidate| **candidate as usize == number).is_some();
            if !is_missing {
                recent.insert(row.timestamp_micros, row.content_hash);
            }
            is_missing
        });
        put_ready(reading, segment, fetched);
    }

    /// Of rows with one key the latest counts, among those in the page and the one that is stored.
    pub(super) fn timestamps_read(&mut self, segment: u64, timestamps: &[Option<Micros>]) {
        let State::Reading(reading) = &mut self.state else { return };
        let Some((mut fetched, _)) = take_checking(reading, segment) else { return };
        let mut latest: HashMap<RecordId, (Micros, usize)> = HashMap::new();
        for (position, row) in fetched.batch.rows.iter().enumerate() {
            let best = latest.entry(row.id).or_insert((row.timestamp_micros, position));
            if row.timestamp_micros >= best.0 {
                *best = (row.timestamp_micros, position);
            }
        }
        fetched.batch.retain(&mut |position, row| {
            let is_latest = latest.get(&row.id).is_some_and(|best| best.1 == position);
            let stored = timestamps.get(position).copied().flatten();
            is_latest && stored.is_none_or(|stored| stored <= row.timestamp_micros)
        });
        put_ready(reading, segment, fetched);
    }

    /// Hands the next page to storage, if it is its turn.
    fn start_commit(&mut self, now: Now) -> bool {
        let State::Reading(reading) = &mut self.state else { return false };
        if reading.ensuring || reading.writes_under_way() >= self.limits.writes {
            return false;
        }
        let Some(segment) = reading.segments.front_mut() else { return false };
        match &mut segment.state {
            SegmentState::Ready { checked: true, .. } => {}
            SegmentState::Ready { fetched, checked: false } if reading.commits.is_empty() => {
                // Keyed rows are compared with what is stored, so everything before them has to be.
                let ids: Vec<RecordId> = fetched.batch.rows.iter().map(|row| row.id).collect();
                let id = segment.id;
                let state = std::mem::replace(&mut segment.state, SegmentState::Fetching);
                let SegmentState::Ready { fetched, .. } = state else { unreachable!("just matched") };
                segment.state = SegmentState::Checking(fetched, Vec::new());
                self.actions.push_back(Action::ReadTimestamps { segment: id, ids });
                return false;
            }
            _ => return false,
        }
        let segment = reading.segments.pop_front().expect("there is a front");
        let SegmentState::Ready { fetched, .. } = segment.state else { unreachable!("just matched") };
        let id = self.next_id();
        let is_empty = fetched.batch.is_empty();
        let reading = self.reading_mut().expect("still reading");
        reading.commits.push_back(Commit { id, fetched, stage: CommitStage::Rows });
        if is_empty && reading.commits.len() == 1 {
            self.rows_written(id, &[], now);
        } else {
            self.actions.push_back(Action::WriteRows { commit: id });
        }
        true
    }

    pub(super) fn rows_written(&mut self, commit: u64, refused: &[RefusedRow], now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        let Some(position) = reading.commits.iter().position(|candidate| candidate.id == commit) else { return };
        let fetched = &reading.commits[position].fetched;
        // It was busy with this page only once the page before was stored.
        let busy_since_ms = fetched.begun_at_ms.max(reading.stored_at_ms);
        self.prefetch.taken_up(fetched.end - fetched.start, now.monotonic_ms.saturating_sub(busy_since_ms));
        reading.stored_at_ms = now.monotonic_ms;
        let stored = fetched.batch.len() - refused.len();
        let mut job = reading.job.clone();
        job.rows_done = fetched.end;
        job.max_timestamp = job.max_timestamp.max(fetched.max_timestamp);
        let rejected = self.rejected_rows(position, refused);
        let reading = self.reading_mut().expect("still reading");
        reading.rows_written += stored as u64;
        reading.job = job.clone();
        let is_last = job.total_rows.is_some_and(|total| job.rows_done >= total);
        self.remember(position, refused, now);
        self.records_ingested += stored as u64;
        if let Some(last) = rejected.last() {
            let known = self.refused.take();
            let (rows, since) = known.map_or((0, now.source_micros), |known| (known.rows, known.since));
            self.refused =
                Some(RefusedStatus { rows: rows + rejected.len() as u64, reason: last.reason.clone(), since });
            let message = format!("{} rows could not be stored; they are in SyncAudit", rejected.len());
            self.log(Level::Warn, "rows_rejected", message, serde_json::json!({ "rows": rejected.len() }));
            self.actions.extend(rejected.into_iter().map(Action::Audit));
        }
        let reading = self.reading_mut().expect("still reading");
        if is_last {
            // Closing writes the next checkpoint.
            reading.commits.remove(position);
        } else {
            reading.commits[position].stage = CommitStage::Checkpoint(job.clone());
            self.write_checkpoint(commit, Some(job), now);
        }
        self.advance_reading(now);
    }

    fn rejected_rows(&mut self, position: usize, refused: &[RefusedRow]) -> Vec<AuditRecord> {
        let table_id = self.config.id.clone();
        let State::Reading(reading) = &self.state else { return Vec::new() };
        let fetched = &reading.commits[position].fetched;
        let audited = &mut self.audited;
        let mut is_new = |row: &&UndecodableRow| {
            if audited.len() >= AUDITED_ROWS {
                audited.clear();
            }
            audited.insert(row.content_hash)
        };
        let record = |record_id: Option<String>, reason: &str, content: &str| AuditRecord {
            status: "row_rejected",
            table_id: table_id.clone(),
            record_id,
            job_id: reading.job.id.clone(),
            reason: reason.into(),
            content: content.chars().take(AUDITED_CHARS).collect(),
        };
        let undecodable =
            fetched.undecodable.iter().filter(&mut is_new).map(|row| record(None, &row.reason, &row.content));
        let refused = refused.iter().map(|row| {
            let id = fetched.batch.rows[row.index].id.as_str().to_owned();
            record(Some(id), &row.reason, &String::from_utf8_lossy(fetched.batch.record_json(row.index)))
        });
        undecodable.chain(refused).collect()
    }

    /// Keeps in mind what the next polls will meet again when they reach back. That includes refused rows: they are in
    /// the audit, once.
    fn remember(&mut self, position: usize, refused: &[RefusedRow], now: Now) {
        let since = now.source_micros.saturating_sub(self.lookback().saturating_mul(2));
        let State::Reading(reading) = &self.state else { return };
        let rows = &reading.commits[position].fetched.batch.rows;
        let refused = refused.iter().map(|refused| &rows[refused.index]);
        for row in rows.iter().filter(|row| row.timestamp_micros >= since).chain(refused) {
            self.recent.insert(row.timestamp_micros, row.content_hash);
        }
    }

    pub(super) fn checkpoint_written(&mut self, commit: u64, now: Now) {
        let State::Reading(reading) = &mut self.state else { return };
        match reading.stage {
            Stage::Announcing if commit == ANNOUNCEMENT => {
                reading.stage = Stage::Inserting;
                let job = reading.job.clone();
                let column = &self.config.timestamp_column;
                // As announced, even if some of these slots are another worker's by now.
                let slots = reading.slots;
                let (columns, window, gaps) = (&self.config.columns, job.window(), &self.poll.gaps);
                let selection = Selection { columns, timestamp_column: column, kind: self.kind, window, gaps, slots };
                let query = sql::select_rows(&self.table, &selection);
                self.actions.push_back(Action::InsertJob { job_id: job.id.clone(), query });
                self.job = Some(job);
            }
            Stage::Closing => self.closed(now),
            _ => {
                let Some(position) = reading.commits.iter().position(|candidate| candidate.id == commit) else {
                    return;
                };
                if let Some(Commit { stage: CommitStage::Checkpoint(job), .. }) = reading.commits.remove(position) {
                    self.job = Some(job);
                }
                self.advance_reading(now);
            }
        }
    }

    /// Moves the watermark: everything that the job saw is stored.
    fn close(&mut self, now: Now) {
        let reading = self.reading_mut().expect("only a reading closes");
        reading.stage = Stage::Closing;
        let job = reading.job.clone();
        let inserted_at = job.inserted_at.unwrap_or(Micros::MIN);
        let covered = job.high.map(|high| high - 1).filter(|end| *end <= inserted_at);
        let drained = job.max_timestamp.max(covered);
        self.newest = self.newest.max(drained);
        if !job.is_partial {
            self.watermark = self.watermark.max(drained);
            let claimed = self.slots.zip(self.watermark).map(|(slots, watermark)| Claim { slots, watermark });
            claimed.into_iter().for_each(|claim| claims::add(&mut self.claims, claim));
        }
        if self.windows.is_empty() && job.high.is_none() {
            self.synced_through = self.synced_through.max(job.inserted_at);
        }
        self.update_phase(now);
        let commit = self.next_id();
        self.write_checkpoint(commit, None, now);
    }

    fn closed(&mut self, now: Now) {
        self.job = None;
        let State::Reading(mut reading) =
            std::mem::replace(&mut self.state, State::Waiting { until_ms: now.monotonic_ms })
        else {
            return;
        };
        let took_ms = now.monotonic_ms.saturating_sub(reading.opened_at_ms);
        let paging = self.prefetch.paging(&self.limits, reading.phase, &self.config.batch_sizes);
        let fields = serde_json::json!({
            "job": reading.job.id, "rowsRead": reading.rows_read, "rowsWritten": reading.rows_written, "tookMs": took_ms,
            "bytesBilled": reading.bytes_billed,
            "pageRows": paging.page_rows, "pagesAhead": paging.ahead, "latencyMs": self.prefetch.latency_ms(),
            "phase": self.phase, "lagSeconds": self.lag_seconds(now), "watermark": self.watermark.map(crate::time::to_rfc3339),
        });
        let message = format!("{} rows read, {} written in {took_ms} ms", reading.rows_read, reading.rows_written);
        self.log(Level::Info, "cycle", message, fields);
        if let Some(watermark) = self.watermark {
            self.recent.forget_before(watermark.saturating_sub(self.lookback()));
        }
        if let Some(counted) = reading.spans.take() {
            let windows = self.poll.gaps.windows().iter().copied().chain([reading.job.window()]);
            self.spans.update(windows, counted);
        }
        self.recover();
        if !self.windows.is_empty() {
            return self.open_next_window();
        }
        if reading.job.high.is_none() {
            self.newest_rows = reading.rows_written;
            if !reading.job.is_partial {
                self.looked_back_at = reading.job.inserted_at;
            }
            // A job from before the last probe has not seen what that probe may have told of.
            self.drained = (!reading.is_resumed)
                .then(|| Drained { metadata: self.metadata.clone(), queried_at_ms: reading.opened_at_ms });
            self.wait_for_next_poll(now);
        }
    }
}

/// Undecodable rows that are remembered, at 8 bytes each; beyond, they are audited again when they are met again.
const AUDITED_ROWS: usize = 10_000;
/// Characters of a rejected row that are kept.
const AUDITED_CHARS: usize = 4_096;

fn take_checking(reading: &mut Reading, segment: u64) -> Option<(Fetched, Vec<usize>)> {
    let segment = reading.segments.iter_mut().find(|candidate| candidate.id == segment)?;
    match std::mem::replace(&mut segment.state, SegmentState::Fetching) {
        SegmentState::Checking(fetched, positions) => Some((fetched, positions)),
        other => {
            segment.state = other;
            None
        }
    }
}

fn put_ready(reading: &mut Reading, segment: u64, fetched: Fetched) {
    if let Some(segment) = reading.segments.iter_mut().find(|candidate| candidate.id == segment) {
        segment.state = SegmentState::Ready { fetched, checked: true };
    }
}
