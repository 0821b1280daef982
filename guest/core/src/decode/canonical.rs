//! What a row's hash is taken of: its content in a form that does not depend on how the answer spells it.
//!
//! A record (a row or a STRUCT) is the sequence of its members that are not NULL, in the byte order of their names; each is
//! the length of its name, its name, the length of its value and its value. An array is the sequence of its elements, each
//! after its length; an empty one counts as NULL, as BigQuery's answers do not tell them apart. Lengths are 32 bits,
//! little-endian. NULLs are left out so that a column added in BigQuery does not rename the rows that are there already.

use std::ops::Range;

use super::append::append;
use super::layout::Record;

/// The length that marks a NULL in an array.
const NULL: [u8; 4] = u32::MAX.to_le_bytes();

/// The canonical form of the row at hand, while it is gathered.
#[derive(Default)]
pub struct Canonical {
    /// Values of the members of the records that are open, in the order of arrival.
    pub values: Vec<u8>,
    /// Where they are in `values`; None for NULL.
    members: Vec<Option<Range<usize>>>,
    /// What was put in order last.
    arranged: Vec<u8>,
}

/// A record whose members are being gathered.
#[derive(Clone, Copy)]
pub struct OpenRecord {
    start: usize,
    first_member: usize,
}

impl Canonical {
    pub fn clear(&mut self) {
        self.values.clear();
        self.members.clear();
    }

    pub fn open_record(&self) -> OpenRecord {
        OpenRecord { start: self.values.len(), first_member: self.members.len() }
    }

    /// Begins a member and returns where its value begins.
    pub fn open_member(&self) -> usize {
        self.values.len()
    }

    /// Ends the member whose value began at `start`. It is left out when it is not `present`.
    pub fn close_member(&mut self, start: usize, present: bool) {
        if !present {
            self.values.truncate(start);
        }
        self.members.push(present.then_some(start..self.values.len()));
    }

    /// The value of a member.
    pub fn member(&self, open: OpenRecord, index: usize) -> Option<&[u8]> {
        self.members[open.first_member + index].clone().map(|value| &self.values[value])
    }

    /// Members in this order, each after its frame.
    pub fn arrange(&mut self, open: OpenRecord, record: &Record, order: &[usize]) -> &[u8] {
        self.arranged.clear();
        for &index in order {
            if let Some(value) = self.members[open.first_member + index].clone() {
                append(&record.columns[index].frame, &mut self.arranged);
                append(&length(value.len()), &mut self.arranged);
                append(&self.values[value], &mut self.arranged);
            }
        }
        &self.arranged
    }

    /// Puts a nested record's canonical form in the place of its members.
    pub fn close_record(&mut self, open: OpenRecord, record: &Record) {
        self.arrange(open, record, &record.by_name);
        self.values.truncate(open.start);
        append(&self.arranged, &mut self.values);
        self.members.truncate(open.first_member);
    }

    /// Begins an array's element and returns where.
    pub fn open_element(&mut self) -> usize {
        self.values.extend_from_slice(&NULL);
        self.values.len()
    }

    /// Ends the element whose value began at `start`.
    pub fn close_element(&mut self, start: usize, present: bool) {
        if present {
            let length = length(self.values.len() - start);
            self.values[start - length.len()..start].copy_from_slice(&length);
        }
    }
}

/// What stands before a member's value and its length: the length of its name, and its name.
pub fn frame(name: &str) -> Vec<u8> {
    [&length(name.len()), name.as_bytes()].concat()
}

/// A length as it precedes a name or value. No row is larger than 4 GiB.
fn length(bytes: usize) -> [u8; 4] {
    (bytes as u32).to_le_bytes()
}
