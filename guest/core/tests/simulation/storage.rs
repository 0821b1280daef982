//! Simulated Harper nodes: what each has committed, and how it reaches the others.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use fastrand::Rng;
use ingestor_core::checkpoint::Checkpoint;
use ingestor_core::record_id::RecordId;
use ingestor_core::sync::{AuditRecord, RefusedRow, StorageFailure};
use ingestor_core::time::{self, Micros};

/// A record on its way: its id, its JSON, and the number of the write, by which the last one wins.
pub type Versioned = (String, Rc<str>, u64);

/// What one node has.
#[derive(Debug, Default)]
pub struct Node {
    rows: BTreeMap<String, (Rc<str>, u64)>,
    pub checkpoints: BTreeMap<String, Checkpoint>,
    /// The number of the write that each checkpoint is of.
    versions: BTreeMap<String, u64>,
}

/// Something that replication brings to a node.
#[derive(Debug, Clone)]
pub enum Replica {
    Rows(Rc<[Versioned]>),
    Checkpoint(Box<Checkpoint>, u64),
}

#[derive(Debug)]
pub struct Storage {
    pub nodes: Vec<Node>,
    pub audits: Vec<AuditRecord>,
    /// Nothing can be written or read until then.
    pub down_until_ms: u64,
    /// Rows whose name contains this are refused.
    pub refused_name: Option<String>,
    pub rows_written: u64,
    /// Whether an older checkpoint may take the place of a newer one, which Harper does not let happen: what claims stay
    /// true is tried harder so. With keys, workers have to know the last one.
    pub mixes_up_checkpoints: bool,
    /// Every row that some node has committed, without what Harper adds.
    contents: BTreeSet<String>,
    latest: BTreeMap<String, Option<Micros>>,
    writes: u64,
}

impl Storage {
    pub fn new(nodes: usize) -> Self {
        Self {
            nodes: (0..nodes).map(|_| Node::default()).collect(),
            audits: Vec::new(),
            down_until_ms: 0,
            refused_name: None,
            rows_written: 0,
            mixes_up_checkpoints: true,
            contents: BTreeSet::new(),
            latest: BTreeMap::new(),
            writes: 0,
        }
    }

    /// Fails while storage is down.
    pub fn available<T>(&self, value: T, now_ms: u64) -> Result<T, StorageFailure> {
        if now_ms < self.down_until_ms {
            return Err(StorageFailure::Unavailable("disk full".into()));
        }
        Ok(value)
    }

    /// Commits rows on a node, but for those it refuses.
    pub fn write(&mut self, node: usize, records: &[(String, String)]) -> (Vec<RefusedRow>, Rc<[Versioned]>) {
        self.writes += 1;
        let (mut refused, mut written) = (Vec::new(), Vec::new());
        for (index, (id, json)) in records.iter().enumerate() {
            if self.refuses(json) {
                refused.push(RefusedRow { index, reason: "not allowed here".into() });
                continue;
            }
            self.contents.insert(content(json).to_owned());
            let (name, timestamp) = name_and_timestamp(json);
            let latest = self.latest.entry(name).or_default();
            *latest = timestamp.max(*latest);
            written.push((id.clone(), Rc::from(json.as_str()), self.writes));
        }
        self.rows_written += written.len() as u64;
        self.receive(node, &Replica::Rows(written.clone().into()));
        (refused, written.into())
    }

    /// Some of the rows, as when a node dies in the midst of a write.
    pub fn write_partly(&mut self, node: usize, records: &[(String, String)], rng: &mut Rng) -> Rc<[Versioned]> {
        let some: Vec<_> = records.iter().filter(|_| rng.bool()).cloned().collect();
        self.write(node, &some).1
    }

    /// Commits a checkpoint on a node; returns what replication takes to the others.
    pub fn write_checkpoint(&mut self, node: usize, checkpoint: Box<Checkpoint>) -> Replica {
        self.writes += 1;
        let replica = Replica::Checkpoint(checkpoint, self.writes);
        self.receive(node, &replica);
        replica
    }

    pub fn receive(&mut self, node: usize, replica: &Replica) {
        let node = &mut self.nodes[node];
        match replica {
            Replica::Rows(rows) => {
                for (id, json, version) in &**rows {
                    let stored = node.rows.entry(id.clone()).or_insert_with(|| (json.clone(), *version));
                    if *version > stored.1 {
                        *stored = (json.clone(), *version);
                    }
                }
            }
            Replica::Checkpoint(checkpoint, version) => {
                let latest = node.versions.entry(checkpoint.id.clone()).or_default();
                if self.mixes_up_checkpoints || version >= latest {
                    *latest = *version;
                    node.checkpoints.insert(checkpoint.id.clone(), Checkpoint::clone(checkpoint));
                }
            }
        }
    }

    pub fn refuses(&self, text: &str) -> bool {
        self.refused_name.as_ref().is_some_and(|name| text.contains(name.as_str()))
    }

    /// Whether some node has ever committed this row.
    pub fn has_committed(&self, content: &str) -> bool {
        self.contents.contains(content)
    }

    /// The largest timestamp that was ever committed with a name.
    pub fn latest(&self, name: &str) -> Option<Micros> {
        self.latest.get(name).copied().flatten()
    }

    pub fn has_audited(&self, name: &str) -> bool {
        self.audits.iter().any(|audit| audit.content.contains(name))
    }
}

impl Node {
    pub fn last_id(&self) -> Option<RecordId> {
        self.rows.last_key_value().and_then(|(id, _)| RecordId::parse(id))
    }

    pub fn get(&self, id: &RecordId) -> Option<&str> {
        self.rows.get(id.as_str()).map(|(json, _)| &**json)
    }

    pub fn records(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rows.values().map(|(json, _)| &**json)
    }
}

/// A record without `id` and `_syncedAt`, which come first.
pub fn content(json: &str) -> &str {
    &json[json.find(r#""ts":"#).expect("a record has its timestamp")..]
}

/// Both columns of a record.
pub fn name_and_timestamp(json: &str) -> (String, Option<Micros>) {
    let record: serde_json::Value = serde_json::from_str(json).expect("records are JSON");
    let text = |member: &str| record[member].as_str().expect("both are text").to_owned();
    (text("name"), time::parse_stored(&text("ts")))
}
