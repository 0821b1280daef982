//! One row: `{"f":[{"v":"…"},…]}` to a record in the batch.

use super::append::append;
use super::batch::{Batch, RowMeta, SEPARATOR};
use super::canonical::Canonical;
use super::layout::{Column, Record, RowLayout, ValueKind};
use super::scan::{Ignore, Scanner, Stop};
use super::{json, scalar};
use crate::record_id::{self, RecordId};
use crate::schema::SYNCED_AT;
use crate::sql::TimestampKind;
use crate::time::{self, Micros};

/// Decodes rows into a batch; holds the buffers that they share.
pub struct RowDecoder {
    pub batch: Batch,
    /// How every record begins, with zeros for the id.
    prefix: Vec<u8>,
    canonical: Canonical,
    /// A string without its escapes.
    text: Vec<u8>,
    /// For strings inside of JSON columns.
    scratch: Vec<u8>,
    /// Why the last row was unreadable.
    reason: String,
}

/// Where the id's digits begin, counted from the separator before the record.
const ID_POSITION: usize = SEPARATOR.len() + br#"{"id":""#.len();

impl RowDecoder {
    pub fn new(synced_at: Micros) -> Self {
        let mut prefix = SEPARATOR.to_vec();
        let id = "0".repeat(32);
        let synced_at = time::to_rfc3339(synced_at);
        prefix.extend_from_slice(format!(r#"{{"id":"{id}","{SYNCED_AT}":"{synced_at}""#).as_bytes());
        Self {
            batch: Batch::default(),
            prefix,
            canonical: Canonical::default(),
            text: Vec::new(),
            scratch: Vec::new(),
            reason: String::new(),
        }
    }

    /// Adds the row that comes next. When it cannot, the batch is as before, and the scanner somewhere in the row.
    pub fn decode(&mut self, layout: &RowLayout, scanner: &mut Scanner) -> Result<(), Stop> {
        let start = self.batch.bytes.len();
        self.canonical.clear();
        let decoded = self.append(layout, scanner);
        if decoded.is_err() {
            self.batch.bytes.truncate(start);
        }
        decoded
    }

    /// Why the last row was unreadable.
    pub fn take_reason(&mut self) -> String {
        std::mem::take(&mut self.reason)
    }

    fn append(&mut self, layout: &RowLayout, scanner: &mut Scanner) -> Result<(), Stop> {
        let start = self.batch.bytes.len();
        let row = self.canonical.open_record();
        append(&self.prefix, &mut self.batch.bytes);
        self.members(&layout.row, scanner)?;
        self.batch.bytes.push(b'}');
        let end = u32::try_from(self.batch.bytes.len()).map_err(|_| Stop::Malformed("more than 4 GiB in one page"))?;

        for &index in layout.keys.iter().chain([&layout.timestamp]) {
            if self.canonical.member(row, index).is_none() {
                let role = if index == layout.timestamp { "timestampColumn" } else { "one of keyColumns" };
                return self.unreadable(format!("`{}`, {role}, is NULL", layout.row.columns[index].path));
            }
        }
        let Some(timestamp_micros) =
            self.canonical.member(row, layout.timestamp).and_then(|value| match layout.timestamp_kind() {
                TimestampKind::Timestamp => value.try_into().ok().map(Micros::from_le_bytes),
                TimestampKind::DateTime | TimestampKind::Date => scalar::civil_micros(value),
            })
        else {
            return self.unreadable(format!("`{}` is no point in time", layout.row.columns[layout.timestamp].path));
        };
        let content_hash = record_id::content_hash(self.canonical.arrange(row, &layout.row, &layout.row.by_name));
        let id = if layout.keys.is_empty() {
            RecordId::from_content(timestamp_micros, content_hash)
        } else {
            RecordId::from_key(record_id::key_hash(self.canonical.arrange(row, &layout.row, &layout.keys)))
        };
        self.batch.bytes[start + ID_POSITION..][..id.0.len()].copy_from_slice(&id.0);
        let start = (start + SEPARATOR.len()) as u32;
        self.batch.rows.push(RowMeta { id, timestamp_micros, content_hash, start, end });
        Ok(())
    }

    /// The cells of a row or STRUCT, each after its key, the first one's comma included.
    fn members(&mut self, record: &Record, scanner: &mut Scanner) -> Result<(), Stop> {
        if !scanner.accept_exactly(br#"{"f":["#) {
            scanner.enter_member(b"f")?;
            scanner.expect(b'[', "an array of cells was expected")?;
        }
        for (index, column) in record.columns.iter().enumerate() {
            if index > 0 {
                scanner.expect(b',', "the number of cells is not that of the columns")?;
            }
            append(&column.key, &mut self.batch.bytes);
            let member = self.canonical.open_member();
            let present = self.cell(column, column.repeated, scanner)?;
            self.canonical.close_member(member, present);
        }
        scanner.expect(b']', "the number of cells is not that of the columns")?;
        scanner.leave_object()
    }

    /// A cell, `{"v":…}`. Says whether its value counts: NULL and the empty array do not.
    fn cell(&mut self, column: &Column, repeated: bool, scanner: &mut Scanner) -> Result<bool, Stop> {
        if !repeated && let Some(quoted) = scanner.accept_usual_cell() {
            return match self.usual(column, quoted) {
                Some(()) => Ok(true),
                None => self.unreadable(not_a_value(column, "", quoted)),
            };
        }
        scanner.enter_member(b"v")?;
        let present = if scanner.accept_null()? {
            self.batch.bytes.extend_from_slice(b"null");
            false
        } else if repeated {
            self.array(column, scanner)?
        } else {
            self.single(column, scanner)?;
            true
        };
        scanner.leave_object()?;
        Ok(present)
    }

    fn array(&mut self, column: &Column, scanner: &mut Scanner) -> Result<bool, Stop> {
        if !scanner.accept(b'[')? {
            return self.wrong_type(column, "ARRAY of ", scanner);
        }
        self.batch.bytes.push(b'[');
        let mut count = 0;
        if !scanner.accept(b']')? {
            loop {
                let element = self.canonical.open_element();
                let present = self.cell(column, false, scanner)?;
                self.canonical.close_element(element, present);
                count += 1;
                if !scanner.accept(b',')? {
                    break;
                }
                self.batch.bytes.push(b',');
            }
            scanner.expect(b']', "a comma or the end of this array was expected")?;
        }
        self.batch.bytes.push(b']');
        Ok(count > 0)
    }

    /// A value that is neither NULL nor an array.
    fn single(&mut self, column: &Column, scanner: &mut Scanner) -> Result<(), Stop> {
        if let ValueKind::Record(record) = &column.value {
            return if scanner.peek()? == b'{' {
                self.nested(record, scanner)
            } else {
                self.wrong_type(column, "", scanner)
            };
        }
        if scanner.peek()? != b'"' {
            return self.wrong_type(column, "", scanner);
        }
        let start = scanner.position();
        let string = scanner.string()?;
        if let ValueKind::Text = column.value {
            self.batch.bytes.extend_from_slice(scanner.since(start));
            json::unescape(string, &mut self.canonical.values);
            return Ok(());
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        json::unescape(string, &mut text);
        let read = self.scalar(column, &text);
        self.text = text;
        match read {
            Some(()) => Ok(()),
            None => self.unreadable(not_a_value(column, "", scanner.since(start))),
        }
    }

    /// A value whose text, in quotes here, is ASCII and has no escapes.
    fn usual(&mut self, column: &Column, quoted: &[u8]) -> Option<()> {
        let text = &quoted[1..quoted.len() - 1];
        if let ValueKind::Text = column.value {
            append(quoted, &mut self.batch.bytes);
            append(text, &mut self.canonical.values);
            return Some(());
        }
        self.scalar(column, text)
    }

    /// A value that is not kept as it is written; None when the text is no such value.
    fn scalar(&mut self, column: &Column, text: &[u8]) -> Option<()> {
        let (out, canonical) = (&mut self.batch.bytes, &mut self.canonical.values);
        match &column.value {
            ValueKind::Integer => scalar::integer(text, out, canonical),
            ValueKind::Float => scalar::float(text, out, canonical),
            ValueKind::Decimal(form) => scalar::decimal(text, *form, out, canonical),
            ValueKind::Boolean => scalar::boolean(text, out, canonical),
            ValueKind::Timestamp => scalar::timestamp(text, out, canonical),
            ValueKind::Date => scalar::date(text, out, canonical),
            ValueKind::Time => scalar::time(text, out, canonical),
            ValueKind::DateTime => scalar::datetime(text, out, canonical),
            ValueKind::Json => json::value(text, out, canonical, &mut self.scratch),
            ValueKind::Text | ValueKind::Record(_) => None,
        }
    }

    fn nested(&mut self, record: &Record, scanner: &mut Scanner) -> Result<(), Stop> {
        let open = self.canonical.open_record();
        let brace = self.batch.bytes.len();
        self.members(record, scanner)?;
        self.batch.bytes[brace] = b'{'; // in the place of the first member's comma
        self.batch.bytes.push(b'}');
        self.canonical.close_record(open, record);
        Ok(())
    }

    /// Gives the row up because of the value that comes next.
    #[cold]
    fn wrong_type<T>(&mut self, column: &Column, array: &str, scanner: &mut Scanner) -> Result<T, Stop> {
        let start = scanner.position();
        scanner.walk(&mut Ignore)?;
        self.unreadable(not_a_value(column, array, scanner.since(start)))
    }

    #[cold]
    fn unreadable<T>(&mut self, reason: String) -> Result<T, Stop> {
        self.reason = reason;
        Err(Stop::Unreadable)
    }
}

#[cold]
fn not_a_value(column: &Column, array: &str, text: &[u8]) -> String {
    const SHOWN_BYTES: usize = 100;
    format!("`{}` is {}, which is no {array}{}", column.path, shortened(text, SHOWN_BYTES), column.type_name)
}

/// At most so many bytes of a text, for messages.
pub fn shortened(text: &[u8], max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return String::from_utf8_lossy(text).into_owned();
    }
    // A character that was cut in two would show as a replacement character.
    let whole = text[..max_bytes].utf8_chunks().next().map_or("", |chunk| chunk.valid());
    format!("{whole}…")
}
