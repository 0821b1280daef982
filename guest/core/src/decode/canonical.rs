//! What a row's hash is taken of: its content in a form that does not depend on how the answer spells it.
//!
//! A record (a row or a STRUCT) is the sequence of its members that are not NULL, in the byte order of their names; each is
//! the length of its name, its name, the length of its value and its value. An array is the sequence of its elements, each
//! after its length; an empty one counts as NULL, as BigQuery's answers do not tell them apart. Lengths are 32 bits,
//! little-endian. NULLs are left out so that a column added in BigQuery does not rename the rows that are there already.

use super::layout::Record;

/// The length that marks a NULL in an array.
const NULL: [u8; 4] = u32::MAX.to_le_bytes();

/// The canonical form of the row at hand, while it is gathered.
#[derive(Default)]
pub struct Canonical {
    /// Values, in the order of arrival.
    pub bytes: Vec<u8>,
    /// Where the values of the records that are open are in `bytes`; None for NULL.
    members: Vec<Option<Span>>,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
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

    /// Adds the member whose value begins at `start`; NULL when it is not `present`.
    pub fn add_member(&mut self, start: usize, present: bool) {
        self.members.push(present.then_some(Span { start, end: self.bytes.len() }));
    }

    /// The value of a member.
    pub fn member(&self, record: OpenRecord, index: usize) -> Option<&[u8]> {
        self.members[record.first_member + index].map(|span| &self.bytes[span.start..span.end])
    }

    /// Appends members that are not NULL, in this order, in canonical form, and returns it.
    pub fn arrange(&mut self, open: OpenRecord, record: &Record, order: &[usize]) -> &[u8] {
        let start = self.bytes.len();
        for &index in order {
            if let Some(span) = self.members[open.first_member + index] {
                self.bytes.extend_from_slice(&record.columns[index].frame);
                self.bytes.extend_from_slice(&length(span.end - span.start));
                self.bytes.extend_from_within(span.start..span.end);
            }
        }
        &self.bytes[start..]
    }

    /// Puts a nested record's canonical form in the place of its members' values.
    pub fn close_record(&mut self, open: OpenRecord, record: &Record) {
        let values_end = self.bytes.len();
        self.arrange(open, record, &record.by_name);
        self.bytes.drain(open.start..values_end);
        self.members.truncate(open.first_member);
    }

    /// Begins an array's element and returns the position of its length.
    pub fn open_element(&mut self) -> usize {
        self.bytes.extend_from_slice(&NULL);
        self.bytes.len() - NULL.len()
    }

    /// Fills in the length of the element that began at `start`, unless it is NULL.
    pub fn close_element(&mut self, start: usize, present: bool) {
        if present {
            let value = start + NULL.len();
            let length = length(self.bytes.len() - value);
            self.bytes[start..value].copy_from_slice(&length);
        }
    }
}

/// The length of a name or value, as it precedes it. No row is larger than 4 GiB.
pub fn length(bytes: usize) -> [u8; 4] {
    (bytes as u32).to_le_bytes()
}
