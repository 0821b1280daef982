//! The text of every query. The one place where identifiers are quoted; values go in as query parameters, never as text.

mod tallies;

use std::fmt;

pub use tallies::{MOST_TALLIES, select_in_buckets, select_tallies};

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde_json::{Value, json};

use crate::config::Columns;
use crate::schema::FieldType;
use crate::slots::{SlotRange, slot_sql};
use crate::time::{self, Micros};

/// A BigQuery table, displayed as `project.dataset.table`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableRef {
    /// Google Cloud project.
    pub project: String,
    /// BigQuery dataset.
    pub dataset: String,
    /// Table within the dataset.
    pub table: String,
}

impl TableRef {
    /// `` `project.dataset.table` ``
    #[must_use]
    pub fn quoted(&self) -> String {
        quote(&self.to_string())
    }
}

impl fmt::Display for TableRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.project, self.dataset, self.table)
    }
}

/// Type of a timestamp column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampKind {
    /// TIMESTAMP.
    Timestamp,
    /// DATETIME, taken as UTC.
    DateTime,
    /// DATE, taken as midnight UTC.
    Date,
}

impl TimestampKind {
    /// None for types that no sync can go by.
    #[must_use]
    pub fn of(field_type: FieldType) -> Option<Self> {
        match field_type {
            FieldType::Timestamp => Some(Self::Timestamp),
            FieldType::DateTime => Some(Self::DateTime),
            FieldType::Date => Some(Self::Date),
            _ => None,
        }
    }

    /// The point in time as a parameter of this type, so that BigQuery compares the bare column and can leave out partitions.
    /// Days are floored; times that BigQuery does not have become the nearest it has.
    fn parameter(self, name: &'static str, at: Micros) -> Parameter {
        let civil = DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
            .checked_add(SignedDuration::from_micros(at.clamp(time::MIN, time::MAX)))
            .expect("the years 1 to 9999 are civil time");
        let (kind, value) = match self {
            Self::Timestamp => (ParameterKind::Timestamp, format!("{civil:.6}Z")),
            Self::DateTime => (ParameterKind::DateTime, format!("{civil:.6}")),
            Self::Date => (ParameterKind::Date, civil.date().to_string()),
        };
        Parameter { name, kind, value }
    }
}

/// Type of a query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are BigQuery's")]
pub enum ParameterKind {
    Timestamp,
    DateTime,
    Date,
    String,
}

impl ParameterKind {
    fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "TIMESTAMP",
            Self::DateTime => "DATETIME",
            Self::Date => "DATE",
            Self::String => "STRING",
        }
    }
}

/// A value that the query refers to as `@name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Without the `@`.
    pub name: &'static str,
    /// Its type.
    pub kind: ParameterKind,
    /// Its value in the spelling that the REST API wants.
    pub value: String,
}

/// A GoogleSQL query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The text.
    pub sql: String,
    /// The values that the text refers to.
    pub parameters: Vec<Parameter>,
}

impl Query {
    /// `queryParameters` of the REST API; goes with `parameterMode: NAMED`.
    #[must_use]
    pub fn query_parameters_json(&self) -> Value {
        self.parameters
            .iter()
            .map(|parameter| {
                json!({
                    "name": parameter.name,
                    "parameterType": { "type": parameter.kind.name() },
                    "parameterValue": { "value": parameter.value },
                })
            })
            .collect()
    }
}

/// A range of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Itself included; None for the beginning.
    pub low: Option<Micros>,
    /// Itself excluded; None for the end.
    pub high: Option<Micros>,
}

/// Names of parameters that are ends of gaps.
const GAP_ENDS: [[&str; 2]; 8] = [
    ["from0", "to0"],
    ["from1", "to1"],
    ["from2", "to2"],
    ["from3", "to3"],
    ["from4", "to4"],
    ["from5", "to5"],
    ["from6", "to6"],
    ["from7", "to7"],
];

/// A few ranges of time that a query reads besides its window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps(Vec<Window>);

impl Gaps {
    /// Adds a range that begins where no other ends later. When there are too many, neighbours become one.
    pub fn add(&mut self, start: Micros, end: Micros) {
        match self.0.last_mut() {
            Some(last) if last.high == Some(start) => last.high = Some(end),
            _ => self.0.push(Window { low: Some(start), high: Some(end) }),
        }
        if self.0.len() > GAP_ENDS.len() {
            let between = |position: &usize| self.0[position + 1].low.zip(self.0[*position].high).map(|(a, b)| a - b);
            let nearest = (0..self.0.len() - 1).min_by_key(between).expect("there are several");
            self.0[nearest].high = self.0.remove(nearest + 1).high;
        }
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.0
    }
}

/// Which rows to read.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// What of them.
    pub columns: &'a Columns,
    /// The column that windows and slots are about. With a DATE column all ends are floored to days.
    pub timestamp_column: &'a str,
    /// Its type.
    pub kind: TimestampKind,
    /// Rows in here.
    pub window: Window,
    /// And in here.
    pub gaps: &'a Gaps,
    /// In these slots only.
    pub slots: SlotRange,
}

/// The rows of a selection, in no particular order. Rows without a timestamp belong to none.
#[must_use]
pub fn select_rows(table: &TableRef, selection: &Selection) -> Query {
    let &Selection { columns, timestamp_column, kind, window, gaps, slots } = selection;
    let (mut condition, mut parameters) = within(timestamp_column, kind, &window);
    for (gap, [from, to]) in gaps.0.iter().zip(GAP_ENDS) {
        let column = quote(timestamp_column);
        condition.push_str(&format!(" OR {column} >= @{from} AND {column} < @{to}"));
        parameters.extend(
            [(from, gap.low), (to, gap.high)].map(|(name, at)| kind.parameter(name, at.expect("gaps have two ends"))),
        );
    }
    if !gaps.0.is_empty() {
        condition = format!("({condition})");
    }
    if slots != SlotRange::ALL {
        condition.push_str(&in_slots(timestamp_column, kind, slots));
    }
    let sql = format!("SELECT {} FROM {} WHERE {condition}", column_list(columns), table.quoted());
    Query { sql, parameters }
}

/// Some rows of a window, whichever BigQuery finds first.
#[must_use]
pub fn select_sample(
    table: &TableRef,
    columns: &Columns,
    timestamp_column: &str,
    kind: TimestampKind,
    window: &Window,
    limit: u32,
) -> Query {
    let (gaps, slots) = (&Gaps::default(), SlotRange::ALL);
    let Query { sql, parameters } =
        select_rows(table, &Selection { columns, timestamp_column, kind, window: *window, gaps, slots });
    Query { sql: format!("{sql} LIMIT {limit}"), parameters }
}

/// Names of parameters that are timestamps to be equal to.
const EQUAL: [&str; 5] = ["at0", "at1", "at2", "at3", "at4"];

/// Some of the rows with one of these timestamps, of which there may be five, and of those from `since` on.
///
/// # Panics
/// With more timestamps, or with none.
#[must_use]
pub fn select_at(
    table: &TableRef,
    columns: &Columns,
    timestamp_column: &str,
    kind: TimestampKind,
    timestamps: &[Micros],
    since: Option<Micros>,
    limit: u32,
) -> Query {
    assert!((1..=EQUAL.len()).contains(&timestamps.len()), "{} timestamps", timestamps.len());
    let mut parameters: Vec<Parameter> =
        EQUAL.iter().zip(timestamps).map(|(name, at)| kind.parameter(name, *at)).collect();
    let names: Vec<String> = parameters.iter().map(|parameter| format!("@{}", parameter.name)).collect();
    let column = quote(timestamp_column);
    let mut condition = format!("{column} IN ({})", names.join(", "));
    if let Some(since) = since {
        condition.push_str(&format!(" OR {column} >= @low"));
        parameters.push(kind.parameter("low", since));
    }
    let sql = format!("SELECT {} FROM {} WHERE {condition} LIMIT {limit}", column_list(columns), table.quoted());
    Query { sql, parameters }
}

/// One row: `min_micros` and `max_micros` of the window's timestamps (NULL if there are none), and `row_count`.
#[must_use]
pub fn select_bounds(table: &TableRef, timestamp_column: &str, kind: TimestampKind, window: &Window) -> Query {
    let (condition, parameters) = within(timestamp_column, kind, window);
    let sql = format!("SELECT {} FROM {} WHERE {condition}", bounds_list(timestamp_column, kind), table.quoted());
    Query { sql, parameters }
}

fn bounds_list(timestamp_column: &str, kind: TimestampKind) -> String {
    let micros = |aggregate: &str| micros(kind, &format!("{aggregate}({})", quote(timestamp_column)));
    format!("{} AS min_micros, {} AS max_micros, COUNT(*) AS row_count", micros("MIN"), micros("MAX"))
}

/// How far back [`select_arrivals`] counts, shortest first: an hour, a day, a week.
pub const ARRIVAL_SPANS: [Micros; 3] = [time::HOUR, time::DAY, 7 * time::DAY];

/// One row about what is dated before `now`: `min_micros`, `max_micros` and `row_count` as of [`select_bounds`], and how many of these
/// rows are from the last hour, day and week. It reads the timestamp column only.
#[must_use]
pub fn select_arrivals(table: &TableRef, timestamp_column: &str, kind: TimestampKind, now: Micros) -> Query {
    let column = quote(timestamp_column);
    let (condition, mut parameters) = within(timestamp_column, kind, &Window { low: None, high: Some(now) });
    let names = ["hour", "day", "week"];
    let counts = names.map(|name| format!("COUNTIF({column} >= @{name}) AS last_{name}")).join(", ");
    parameters.extend(names.iter().zip(ARRIVAL_SPANS).map(|(name, span)| kind.parameter(name, now - span)));
    let sql =
        format!("SELECT {}, {counts} FROM {} WHERE {condition}", bounds_list(timestamp_column, kind), table.quoted());
    Query { sql, parameters }
}

/// One row for each span of `width` microseconds of the window that has rows in these slots: `span`, its number counted from the year 1,
/// `row_count`, and `offset_sum`, how many microseconds its rows are away from where it begins, all together.
#[must_use]
pub fn select_counts(
    table: &TableRef,
    timestamp_column: &str,
    kind: TimestampKind,
    window: &Window,
    slots: SlotRange,
    width: Micros,
) -> Query {
    let (mut condition, parameters) = within(timestamp_column, kind, window);
    if slots != SlotRange::ALL {
        condition.push_str(&in_slots(timestamp_column, kind, slots));
    }
    // The parentheses are for the emulator, which writes DIV and MOD as operators.
    let micros = format!("({} + {})", micros(kind, &quote(timestamp_column)), -time::MIN);
    let sql = format!(
        "SELECT DIV({micros}, {width}) AS span, COUNT(*) AS row_count, SUM(MOD({micros}, {width})) AS offset_sum FROM {} \
         WHERE {condition} GROUP BY span",
        table.quoted(),
    );
    Query { sql, parameters }
}

/// One row: `row_count` of the rows without a timestamp, which no window holds.
#[must_use]
pub fn select_null_count(table: &TableRef, timestamp_column: &str) -> Query {
    let sql = format!("SELECT COUNT(*) AS row_count FROM {} WHERE {} IS NULL", table.quoted(), quote(timestamp_column));
    Query { sql, parameters: Vec::new() }
}

/// One row for each partition: `partition_id` (`20251201`, `__NULL__`, `__UNPARTITIONED__`, NULL when the table has none),
/// `total_rows` and `total_logical_bytes`.
#[must_use]
pub fn select_partitions(table: &TableRef) -> Query {
    let sql = format!(
        "SELECT partition_id, total_rows, total_logical_bytes FROM {}.{}.INFORMATION_SCHEMA.PARTITIONS \
         WHERE table_name = @table ORDER BY partition_id",
        quote(&table.project),
        quote(&table.dataset),
    );
    let parameter = Parameter { name: "table", kind: ParameterKind::String, value: table.table.clone() };
    Query { sql, parameters: vec![parameter] }
}

/// The condition that a row lies in the window, and the parameters it uses.
fn within(timestamp_column: &str, kind: TimestampKind, window: &Window) -> (String, Vec<Parameter>) {
    let column = quote(timestamp_column);
    // Nothing lies beyond BigQuery's last microsecond, and a parameter could not say it.
    let high = window.high.filter(|&high| high <= time::MAX);
    let parameters: Vec<Parameter> = [("low", window.low), ("high", high)]
        .into_iter()
        .filter_map(|(name, at)| Some(kind.parameter(name, at?)))
        .collect();
    let condition = match (window.low, high) {
        (None, None) => format!("{column} IS NOT NULL"),
        (Some(_), None) => format!("{column} >= @low"),
        (None, Some(_)) => format!("{column} < @high"),
        (Some(_), Some(_)) => format!("{column} >= @low AND {column} < @high"),
    };
    (condition, parameters)
}

/// What to append to a condition that is not an alternative, for rows in these slots only.
fn in_slots(timestamp_column: &str, kind: TimestampKind, slots: SlotRange) -> String {
    let slot = slot_sql(&micros(kind, &quote(timestamp_column)));
    format!(" AND ({slot}) BETWEEN {} AND {}", slots.first(), slots.last())
}

/// A point in time as microseconds since 1970.
pub(crate) fn micros(kind: TimestampKind, at: &str) -> String {
    match kind {
        TimestampKind::Timestamp => format!("UNIX_MICROS({at})"),
        TimestampKind::DateTime | TimestampKind::Date => format!("UNIX_MICROS(TIMESTAMP({at}))"),
    }
}

fn column_list(columns: &Columns) -> String {
    match columns {
        Columns::All => "*".to_owned(),
        Columns::Listed(names) => names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", "),
    }
}

/// A quoted identifier. The configuration admits no name that needs escaping; should one ever come another way, it still
/// cannot leave its quotes: inside them backslash escapes as in a string literal (GoogleSQL, lexical structure).
pub(crate) fn quote(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('`');
    for character in name.chars() {
        match character {
            '`' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push_str(&format!("\\U{:08x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-12-01T12:00:00.123456Z
    const NOON: Micros = 1_764_590_400_123_456;

    fn table() -> TableRef {
        TableRef { project: "my-project".into(), dataset: "fleet".into(), table: "vessel positions".into() }
    }

    /// All columns, by the column `ts`.
    const EVERYTHING: Selection = Selection {
        columns: &Columns::All,
        timestamp_column: "ts",
        kind: TimestampKind::Timestamp,
        window: Window { low: None, high: None },
        gaps: &NO_GAPS,
        slots: SlotRange::ALL,
    };
    const NO_GAPS: Gaps = Gaps(Vec::new());

    fn listed(names: &[&str]) -> Columns {
        Columns::Listed(names.iter().map(|&name| name.into()).collect())
    }

    #[test]
    fn a_window_reads_its_rows_by_the_bare_column() {
        let window = Window { low: Some(NOON), high: Some(NOON + 1) };
        let columns = listed(&["ts", "first name"]);
        let query = select_rows(&table(), &Selection { columns: &columns, window, ..EVERYTHING });
        assert_eq!(
            query.sql,
            "SELECT `ts`, `first name` FROM `my-project.fleet.vessel positions` WHERE `ts` >= @low AND `ts` < @high"
        );
        assert_eq!(
            query.query_parameters_json(),
            json!([
                {
                    "name": "low",
                    "parameterType": { "type": "TIMESTAMP" },
                    "parameterValue": { "value": "2025-12-01T12:00:00.123456Z" },
                },
                {
                    "name": "high",
                    "parameterType": { "type": "TIMESTAMP" },
                    "parameterValue": { "value": "2025-12-01T12:00:00.123457Z" },
                },
            ])
        );
    }

    #[test]
    fn an_open_window_leaves_out_only_rows_without_a_timestamp() {
        let rows = |window| select_rows(&table(), &Selection { window, ..EVERYTHING });
        let everything = rows(Window::default());
        assert_eq!(everything.sql, "SELECT * FROM `my-project.fleet.vessel positions` WHERE `ts` IS NOT NULL");
        assert_eq!(everything.query_parameters_json(), json!([]));
        assert!(rows(Window { low: Some(0), high: None }).sql.ends_with("WHERE `ts` >= @low"));
        assert!(rows(Window { low: None, high: Some(0) }).sql.ends_with("WHERE `ts` < @high"));
    }

    #[test]
    fn a_worker_with_some_of_the_slots_asks_for_those_rows_only() {
        let slots = SlotRange::new(256, 511).unwrap();
        let rows = |kind| select_rows(&table(), &Selection { kind, slots, ..EVERYTHING }).sql;
        assert!(rows(TimestampKind::Timestamp).ends_with(
            "WHERE `ts` IS NOT NULL AND \
             (((MOD(UNIX_MICROS(`ts`) + 62135596800000000, 2147483647) * 1640531527) >> 22) & 1023) BETWEEN 256 AND 511"
        ));
        assert!(rows(TimestampKind::Date).contains("MOD(UNIX_MICROS(TIMESTAMP(`ts`)) + "));
    }

    #[test]
    fn gaps_are_read_besides_the_window() {
        let mut gaps = Gaps::default();
        gaps.add(NOON - 9, NOON - 8);
        gaps.add(NOON - 5, NOON - 4);
        let window = Window { low: Some(NOON), high: None };
        let query = select_rows(&table(), &Selection { window, gaps: &gaps, ..EVERYTHING });
        let condition = "WHERE (`ts` >= @low OR `ts` >= @from0 AND `ts` < @to0 OR `ts` >= @from1 AND `ts` < @to1)";
        assert!(query.sql.ends_with(condition), "{}", query.sql);
        let names: Vec<_> = query.parameters.iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, ["low", "from0", "to0", "from1", "to1"]);
        assert_eq!(query.parameters[2].value, "2025-12-01T12:00:00.123448Z");
    }

    #[test]
    fn neighbouring_gaps_become_one_and_of_too_many_the_nearest() {
        let mut gaps = Gaps::default();
        for start in [0, 1, 10, 20, 30, 32, 40, 50, 60, 70] {
            gaps.add(start, start + 1);
        }
        let ends: Vec<_> = gaps.windows().iter().map(|gap| (gap.low.unwrap(), gap.high.unwrap())).collect();
        assert_eq!(ends, [(0, 2), (10, 11), (20, 21), (30, 33), (40, 41), (50, 51), (60, 61), (70, 71)]);
    }

    #[test]
    fn rows_are_counted_by_spans_that_no_timestamp_is_before() {
        let window = Window { low: Some(0), high: Some(1) };
        let query = select_counts(&table(), "ts", TimestampKind::Timestamp, &window, SlotRange::ALL, 1_000_000);
        assert_eq!(
            query.sql,
            "SELECT DIV((UNIX_MICROS(`ts`) + 62135596800000000), 1000000) AS span, COUNT(*) AS row_count, \
             SUM(MOD((UNIX_MICROS(`ts`) + 62135596800000000), 1000000)) AS offset_sum \
             FROM `my-project.fleet.vessel positions` WHERE `ts` >= @low AND `ts` < @high GROUP BY span"
        );
        let query = select_counts(&table(), "day", TimestampKind::Date, &window, SlotRange::ALL, 1);
        assert!(query.sql.contains("UNIX_MICROS(TIMESTAMP(`day`))"));
    }

    #[test]
    fn parameters_have_the_type_of_the_column() {
        let cases = [
            (TimestampKind::Timestamp, NOON, ParameterKind::Timestamp, "2025-12-01T12:00:00.123456Z"),
            (TimestampKind::Timestamp, 0, ParameterKind::Timestamp, "1970-01-01T00:00:00.000000Z"),
            (TimestampKind::Timestamp, -1, ParameterKind::Timestamp, "1969-12-31T23:59:59.999999Z"),
            (TimestampKind::Timestamp, time::MIN, ParameterKind::Timestamp, "0001-01-01T00:00:00.000000Z"),
            (TimestampKind::Timestamp, time::MAX, ParameterKind::Timestamp, "9999-12-31T23:59:59.999999Z"),
            (TimestampKind::Timestamp, i64::MIN, ParameterKind::Timestamp, "0001-01-01T00:00:00.000000Z"),
            (TimestampKind::Timestamp, i64::MAX, ParameterKind::Timestamp, "9999-12-31T23:59:59.999999Z"),
            (TimestampKind::DateTime, NOON, ParameterKind::DateTime, "2025-12-01T12:00:00.123456"),
            (TimestampKind::Date, NOON, ParameterKind::Date, "2025-12-01"),
            (TimestampKind::Date, -1, ParameterKind::Date, "1969-12-31"),
        ];
        for (kind, at, expected_kind, expected_value) in cases {
            let parameter = kind.parameter("low", at);
            assert_eq!((parameter.kind, parameter.value.as_str()), (expected_kind, expected_value), "{kind:?} {at}");
        }
    }

    #[test]
    fn an_end_beyond_the_last_microsecond_loses_no_row() {
        let window = Window { low: Some(0), high: Some(time::MAX + 1) };
        let query = select_rows(&table(), &Selection { window, ..EVERYTHING });
        assert!(query.sql.ends_with("WHERE `ts` >= @low"));
        assert_eq!(query.parameters.len(), 1);
    }

    #[test]
    fn only_validation_limits_what_it_reads() {
        let window = Window { low: Some(0), high: Some(1) };
        let sample = select_sample(&table(), &Columns::All, "ts", TimestampKind::Timestamp, &window, 20);
        assert!(sample.sql.ends_with("`ts` < @high LIMIT 20"));
        assert_eq!(sample.parameters.len(), 2);
        let at = |since| select_at(&table(), &Columns::All, "ts", TimestampKind::Timestamp, &[NOON, 0], since, 5);
        assert!(at(None).sql.ends_with("WHERE `ts` IN (@at0, @at1) LIMIT 5"));
        let since = at(Some(NOON));
        assert!(since.sql.ends_with("WHERE `ts` IN (@at0, @at1) OR `ts` >= @low LIMIT 5"));
        assert_eq!(since.parameters.iter().map(|parameter| parameter.name).collect::<Vec<_>>(), ["at0", "at1", "low"]);
    }

    #[test]
    fn bounds_are_micros_whatever_the_column_is() {
        let bounds = |kind| select_bounds(&table(), "at", kind, &Window::default()).sql;
        assert_eq!(
            bounds(TimestampKind::Timestamp),
            "SELECT UNIX_MICROS(MIN(`at`)) AS min_micros, UNIX_MICROS(MAX(`at`)) AS max_micros, COUNT(*) AS row_count \
             FROM `my-project.fleet.vessel positions` WHERE `at` IS NOT NULL"
        );
        for kind in [TimestampKind::DateTime, TimestampKind::Date] {
            assert!(bounds(kind).contains("UNIX_MICROS(TIMESTAMP(MAX(`at`))) AS max_micros"));
        }
    }

    #[test]
    fn arrivals_are_counted_over_the_last_hour_day_and_week_in_one_scan_of_the_timestamp_column() {
        let query = select_arrivals(&table(), "at", TimestampKind::Timestamp, NOON);
        assert_eq!(
            query.sql,
            "SELECT UNIX_MICROS(MIN(`at`)) AS min_micros, UNIX_MICROS(MAX(`at`)) AS max_micros, COUNT(*) AS row_count, \
             COUNTIF(`at` >= @hour) AS last_hour, COUNTIF(`at` >= @day) AS last_day, COUNTIF(`at` >= @week) AS last_week \
             FROM `my-project.fleet.vessel positions` WHERE `at` < @high"
        );
        let names: Vec<_> = query.parameters.iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, ["high", "hour", "day", "week"]);
        assert_eq!(query.parameters[1].value, "2025-12-01T11:00:00.123456Z");
    }

    #[test]
    fn rows_without_a_timestamp_can_be_counted() {
        assert_eq!(
            select_null_count(&table(), "ts").sql,
            "SELECT COUNT(*) AS row_count FROM `my-project.fleet.vessel positions` WHERE `ts` IS NULL"
        );
    }

    #[test]
    fn partitions_are_asked_for_by_a_parameter() {
        let query = select_partitions(&table());
        assert!(
            query.sql.contains("FROM `my-project`.`fleet`.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = @table")
        );
        assert_eq!(query.parameters[0].value, "vessel positions");
    }

    #[test]
    fn hostile_names_cannot_leave_their_quotes() {
        let hostile = [
            "t` CROSS JOIN `d.secret",
            "t`; DROP TABLE x; --",
            "(SELECT pw FROM d.secret LIMIT 1) AS leaked",
            "back\\",
            "back\\` OR TRUE --",
            "line\nbreak",
        ];
        for name in hostile {
            let source = TableRef { project: "p".into(), dataset: "d".into(), table: name.into() };
            let (columns, kind) = (&listed(&[name]), TimestampKind::Date);
            let query = select_rows(&source, &Selection { columns, timestamp_column: name, kind, ..EVERYTHING });
            let outside = outside_quotes(&query.sql);
            assert_eq!(outside, "SELECT  FROM  WHERE  IS NOT NULL", "{name}");
        }
    }

    /// What is left of a query when BigQuery has taken out the quoted identifiers.
    fn outside_quotes(sql: &str) -> String {
        let mut outside = String::new();
        let mut quoted = false;
        let mut characters = sql.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' if quoted => assert!(characters.next().is_some(), "a backslash before the end"),
                '`' => quoted = !quoted,
                other if !quoted => outside.push(other),
                other => assert!(!other.is_control(), "a raw control character"),
            }
        }
        assert!(!quoted, "an open quote");
        outside
    }

    #[test]
    fn only_points_in_time_can_be_gone_by() {
        assert_eq!(TimestampKind::of(FieldType::Timestamp), Some(TimestampKind::Timestamp));
        assert_eq!(TimestampKind::of(FieldType::DateTime), Some(TimestampKind::DateTime));
        assert_eq!(TimestampKind::of(FieldType::Date), Some(TimestampKind::Date));
        for field_type in [FieldType::String, FieldType::Integer, FieldType::Time, FieldType::Other] {
            assert_eq!(TimestampKind::of(field_type), None);
        }
    }
}
