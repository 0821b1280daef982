//! Checkpoints: what a worker claims to have stored, and where it stands in a job's result.
//!
//! `last_timestamp` is a claim that stays true whoever reads it: all rows that were visible when the job ran, in these
//! slots, with a timestamp up to it, are stored. It moves only when a job's result has been drained.

use serde::{Deserialize, Serialize};

use crate::phase::Phase;
use crate::sql::Window;
use crate::time::Micros;

/// A record of the `SyncCheckpoint` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// `tableId:nodeId`
    pub id: String,
    /// The table's id in the configuration.
    pub table_id: String,
    /// The worker that wrote it: `hostname-workerIndex`.
    pub node_id: String,
    /// Hash slots that the claim is about, of 1024: `0-1023`.
    pub slots: String,
    /// What was read: `project.dataset.table/timestampColumn`. A claim about another source is none about this one.
    pub source: String,
    /// The watermark; null before the first job has been drained.
    #[serde(with = "rfc3339")]
    pub last_timestamp: Option<Micros>,
    /// Rows that this worker has written for this table, ever.
    pub records_ingested: u64,
    /// When this record was written.
    #[serde(with = "rfc3339")]
    pub last_sync_time: Option<Micros>,
    /// Phase at that time.
    pub phase: Phase,
    /// Rows a page at that time.
    pub batch_size: u32,
    /// Seconds behind the source at that time; null when nothing is known yet.
    pub lag_seconds: Option<u64>,
    /// The job being drained, if any.
    pub job_id: Option<String>,
    /// How far it has been drained.
    pub job: Option<JobProgress>,
    /// What went wrong last, if it has not been mended since.
    pub error: Option<String>,
}

/// A job whose result is being drained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobProgress {
    /// Chosen by us.
    pub id: String,
    /// First timestamp that it reads.
    #[serde(with = "rfc3339")]
    pub low: Option<Micros>,
    /// Timestamp that it stops before; none for everything there is.
    #[serde(with = "rfc3339")]
    pub high: Option<Micros>,
    /// The source's clock when the poll began that the job belongs to: what is visible then is seen by all jobs of the
    /// poll, and the watermark goes no further.
    #[serde(with = "rfc3339")]
    pub inserted_at: Option<Micros>,
    /// Rows of the result, from its beginning, that have been stored.
    pub rows_done: u64,
    /// Rows of the result; none until the job is done.
    pub total_rows: Option<u64>,
    /// The largest timestamp among `rows_done` that is not beyond `inserted_at`.
    #[serde(with = "rfc3339")]
    pub max_timestamp: Option<Micros>,
    /// Whether it reaches back less than the whole lookback; then there may be late rows that it does not see, and it
    /// moves no watermark.
    #[serde(default)]
    pub is_partial: bool,
}

impl JobProgress {
    /// What the job reads.
    #[must_use]
    pub fn window(&self) -> Window {
        Window { low: self.low, high: self.high }
    }
}

/// Reads the checkpoints in a JSON array, leaving out those that are not ours.
#[must_use]
pub fn parse_all(json: &str) -> Vec<Checkpoint> {
    let records: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    records.into_iter().filter_map(|record| serde_json::from_value(record).ok()).collect()
}

/// Timestamps as RFC 3339 text, in microseconds, or null.
mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::time::{self, Micros};

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(at: &Option<Micros>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_str(&time::to_rfc3339(*at)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Micros>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        time::parse_rfc3339(&text).map(Some).ok_or_else(|| D::Error::custom("not an RFC 3339 timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            id: "orders:node1-0".into(),
            table_id: "orders".into(),
            node_id: "node1-0".into(),
            slots: "0-1023".into(),
            source: "p.d.orders/created_at".into(),
            last_timestamp: Some(1_764_590_400_123_456),
            records_ingested: 7,
            last_sync_time: Some(1_764_590_500_000_000),
            phase: Phase::Catchup,
            batch_size: 1_000,
            lag_seconds: Some(100),
            job_id: Some("j".into()),
            job: Some(JobProgress {
                id: "j".into(),
                low: None,
                high: None,
                inserted_at: Some(1),
                rows_done: 3,
                total_rows: Some(9),
                max_timestamp: None,
                is_partial: false,
            }),
            error: None,
        }
    }

    #[test]
    fn a_checkpoint_survives_json_with_all_its_microseconds() {
        let json = serde_json::to_string(&[checkpoint()]).unwrap();
        assert!(json.contains(r#""lastTimestamp":"2025-12-01T12:00:00.123456Z""#), "{json}");
        assert_eq!(parse_all(&json), [checkpoint()]);
    }

    #[test]
    fn checkpoints_of_another_make_are_left_out() {
        let ours = serde_json::to_value(checkpoint()).unwrap();
        let json =
            serde_json::json!([{ "id": "0", "nodeId": 0, "lastTimestamp": "2025-12-01T12:00:00.123000000Z" }, ours]);
        assert_eq!(parse_all(&json.to_string()), [checkpoint()]);
        assert_eq!(parse_all("no JSON"), []);
    }
}
