//! What a row's hash is taken of: its content in a form that does not depend on how the answer spells it.
//!
//! A record (a row or a STRUCT) is the sequence of its members that are not NULL, in the byte order of their names; each is
//! the length of its name, its name, the length of its value and its value. An array is the sequence of its elements, each
//! after its length; an empty one counts as NULL, as BigQuery's answers do not tell them apart. Lengths are 32 bits,
//! little-endian. NULLs are left out so that a column added in BigQuery does not rename the rows that are there already.

use std::ops::Range;

use super::layout::Record;

/// The length that marks a NULL in an array.
const NULL: [u8; 4] = u32::MAX.to_le_bytes();

/// The canonical form of the row at hand, while it is gathered.
#[derive(Default)]
pub struct Canonical {
    /// Members of the records that are open, in the order of arrival.
    pub bytes: Vec<u8>,
    /// Where they are in `bytes`; empty for NULL.
    members: Vec<Range<usize>>,
}

/// A record whose members are being gathered.
#[derive(Clone, Copy)]
pub struct OpenRecord {
    start: usize,
    first_member: usize,
}

impl Canonical {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.members.clear();
    }

    pub fn open_record(&self) -> OpenRecord {
        OpenRecord { start: self.bytes.len(), first_member: self.members.len() }
    }

    /// Begins a member with this frame and returns where.
    pub fn open_member(&mut self, frame: &[u8]) -> usize {
        self.bytes.extend_from_slice(frame);
        self.bytes.len() - frame.len()
    }

    /// Ends the member that began at `start` with a frame of this length. It is left out when it is not `present`.
    pub fn close_member(&mut self, start: usize, frame_bytes: usize, present: bool) {
        if present {
            self.fill_in_length(start + frame_bytes);
        } else {
            self.bytes.truncate(start);
        }
        self.members.push(start..self.bytes.len());
    }

    /// The value of a member.
    pub fn member(&self, open: OpenRecord, record: &Record, index: usize) -> Option<&[u8]> {
        let member = self.members[open.first_member + index].clone();
        self.bytes[member].get(record.columns[index].frame.len()..)
    }

    /// Appends members in this order and returns them.
    pub fn arrange(&mut self, open: OpenRecord, order: &[usize]) -> &[u8] {
        let start = self.bytes.len();
        for &index in order {
            self.bytes.extend_from_within(self.members[open.first_member + index].clone());
        }
        &self.bytes[start..]
    }

    /// Puts a nested record's canonical form in the place of its members.
    pub fn close_record(&mut self, open: OpenRecord, record: &Record) {
        let members_end = self.bytes.len();
        self.arrange(open, &record.by_name);
        self.bytes.drain(open.start..members_end);
        self.members.truncate(open.first_member);
    }

    /// Begins an array's element and returns where.
    pub fn open_element(&mut self) -> usize {
        self.bytes.extend_from_slice(&NULL);
        self.bytes.len() - NULL.len()
    }

    /// Ends the element that began at `start`.
    pub fn close_element(&mut self, start: usize, present: bool) {
        if present {
            self.fill_in_length(start + NULL.len());
        }
    }

    /// Fills in the length of the value that began at `start`, just before it.
    fn fill_in_length(&mut self, start: usize) {
        let length = length(self.bytes.len() - start);
        self.bytes[start - length.len()..start].copy_from_slice(&length);
    }
}

/// What stands before a member's value: the length of its name, its name, and room for the value's length.
pub fn frame(name: &str) -> Vec<u8> {
    let room = length(0);
    [&length(name.len()), name.as_bytes(), &room].concat()
}

/// A length as it precedes a name or value. No row is larger than 4 GiB.
fn length(bytes: usize) -> [u8; 4] {
    (bytes as u32).to_le_bytes()
}
