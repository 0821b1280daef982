//! Checkpoints: what a worker claims to have stored, and where it stands in a job's result.
//!
//! `last_timestamp` is a [claim](crate::claims) about `slots`. It moves only when a job's result has been drained.

use serde::{Deserialize, Serialize};

use crate::claims::Claim;
use crate::cost::Days;
use crate::phase::Phase;
use crate::slots::SlotRange;
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
    /// Hash slots that the worker reads, of 1024: `0-1023`. `last_timestamp` and `job` are about these.
    pub slots: SlotRange,
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
    /// What the worker claims besides, of slots that it read before or had read further.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// What its queries of the last days came to.
    #[serde(default, skip_serializing_if = "Days::is_empty")]
    pub cost: Days,
    /// With keys: the checkpoints of others that this one takes the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<Superseded>,
    /// What went wrong last, if it has not been mended since.
    pub error: Option<String>,
}

impl Checkpoint {
    /// Everything that the worker claims.
    pub fn all_claims(&self) -> impl Iterator<Item = Claim> {
        let current = self.last_timestamp.map(|watermark| Claim { slots: self.slots, watermark });
        self.claims.iter().copied().chain(current)
    }
}

/// A checkpoint of another worker: all that it wrote until then, to a table with keys, has been taken into account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Superseded {
    /// Who wrote it.
    pub node_id: String,
    /// When it was written.
    #[serde(with = "rfc3339")]
    pub last_sync_time: Option<Micros>,
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
    records(json).into_iter().filter_map(|record| serde_json::from_value(record).ok()).collect()
}

/// Ids of the records that [`parse_all`] leaves out: another version of this plugin wrote them, or a person did.
#[must_use]
pub fn foreign_ids(json: &str) -> Vec<serde_json::Value> {
    let foreign = records(json).into_iter().filter(|record| Checkpoint::deserialize(record).is_err());
    foreign.map(|mut record| record["id"].take()).collect()
}

fn records(json: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(json).unwrap_or_default()
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
            slots: SlotRange::ALL,
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
            claims: Vec::new(),
            cost: Days::default(),
            supersedes: Vec::new(),
            error: None,
        }
    }

    #[test]
    fn a_checkpoint_without_further_claims_is_written_as_ever_and_one_with_them_for_people() {
        let mut checkpoint = checkpoint();
        let json = serde_json::to_value(&checkpoint).unwrap();
        assert_eq!((&json["slots"], json.get("claims")), (&"0-1023".into(), None));
        checkpoint.slots = SlotRange::new(0, 511).unwrap();
        checkpoint.claims = vec![Claim { slots: SlotRange::new(512, 1_023).unwrap(), watermark: 1 }];
        let json = serde_json::to_value(&checkpoint).unwrap();
        let claims = serde_json::json!([{ "slots": "512-1023", "lastTimestamp": "1970-01-01T00:00:00.000001Z" }]);
        assert_eq!(json["claims"], claims);
        assert_eq!(parse_all(&serde_json::json!([json]).to_string()), [checkpoint.clone()]);
        assert_eq!(checkpoint.all_claims().count(), 2);
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
        assert_eq!(foreign_ids(&json.to_string()), ["0"]);
        assert_eq!((parse_all("no JSON"), foreign_ids("no JSON")), (vec![], vec![]));
    }
}
