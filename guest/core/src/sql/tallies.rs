//! Queries of the comparison by buckets of time.

use super::{Parameter, Query, TableRef, TimestampKind, Window, column_list, micros, quote, within};
use crate::config::Columns;
use crate::time::{self, Micros};
use crate::validation::{Buckets, CHECKSUM_MODULUS};

/// Rows that the answer to [`select_tallies`] has at the most.
pub const MOST_TALLIES: usize = 20_000;

/// One row for each bucket of `width` microseconds of the window that has rows: `bucket`, its number counted from the year 1,
/// `row_count`, `distinct_count` (of rows that differ in time or checksum), `min_micros`, `max_micros` and `checksum_sum`,
/// over the distinct ones. Rows without a timestamp, unless only some buckets are asked for, are tallied as bucket NULL.
///
/// `checksum` is an expression of a row's columns.
#[must_use]
pub fn select_tallies(
    table: &TableRef,
    timestamp_column: &str,
    kind: TimestampKind,
    window: &Window,
    width: Micros,
    only: Option<&Buckets>,
    checksum: &str,
) -> Query {
    let (mut condition, parameters) = within(timestamp_column, kind, window);
    match only {
        Some(only) => condition.push_str(&in_buckets(timestamp_column, kind, only)),
        None => condition = format!("{condition} OR {} IS NULL", quote(timestamp_column)),
    }
    let at = micros(kind, &quote(timestamp_column));
    let bucket = bucket(&at, width);
    let sql = format!(
        "SELECT bucket, SUM(copies) AS row_count, COUNT(*) AS distinct_count, MIN(micros) AS min_micros, \
         MAX(micros) AS max_micros, SUM(MOD(checksum * checksum, {CHECKSUM_MODULUS})) AS checksum_sum FROM (\
         SELECT bucket, micros, checksum, COUNT(*) AS copies FROM (\
         SELECT {bucket} AS bucket, {at} AS micros, {checksum} AS checksum FROM {} WHERE {condition}) AS sums \
         GROUP BY bucket, micros, checksum) AS tallies GROUP BY bucket LIMIT {}",
        table.quoted(),
        MOST_TALLIES + 1,
    );
    Query { sql, parameters }
}

/// The rows of a window that lie in these buckets.
#[must_use]
pub fn select_in_buckets(
    table: &TableRef,
    columns: &Columns,
    timestamp_column: &str,
    kind: TimestampKind,
    window: &Window,
    buckets: &Buckets,
) -> Query {
    let (condition, parameters): (String, Vec<Parameter>) = within(timestamp_column, kind, window);
    let in_buckets = in_buckets(timestamp_column, kind, buckets);
    let sql = format!("SELECT {} FROM {} WHERE {condition}{in_buckets}", column_list(columns), table.quoted());
    Query { sql, parameters }
}

/// What to append to a condition that is not an alternative, for rows in these buckets only.
fn in_buckets(timestamp_column: &str, kind: TimestampKind, buckets: &Buckets) -> String {
    let at = micros(kind, &quote(timestamp_column));
    let numbers: Vec<String> = buckets.numbers.iter().map(i64::to_string).collect();
    format!(" AND {} IN ({})", bucket(&at, buckets.width), numbers.join(", "))
}

/// The parentheses are for the emulator, which writes DIV as an operator.
fn bucket(micros: &str, width: Micros) -> String {
    format!("DIV(({micros} + {}), {width})", -time::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::ParameterKind;

    fn table() -> TableRef {
        TableRef { project: "p".into(), dataset: "d".into(), table: "t".into() }
    }

    #[test]
    fn one_query_tallies_a_window_and_counts_rows_without_a_timestamp() {
        let window = Window { low: None, high: Some(0) };
        let query = select_tallies(&table(), "ts", TimestampKind::Timestamp, &window, 64, None, "7");
        assert!(query.sql.contains(
            "SELECT DIV((UNIX_MICROS(`ts`) + 62135596800000000), 64) AS bucket, UNIX_MICROS(`ts`) AS micros, \
             7 AS checksum FROM `p.d.t` WHERE `ts` < @high OR `ts` IS NULL)"
        ));
        assert_eq!(query.parameters[0].kind, ParameterKind::Timestamp);
    }

    #[test]
    fn some_buckets_are_read_by_their_numbers() {
        let buckets = Buckets { width: 128, numbers: vec![3, 9] };
        let window = Window { low: Some(0), high: Some(1) };
        let rows = select_in_buckets(&table(), &Columns::All, "day", TimestampKind::Date, &window, &buckets);
        let condition = "WHERE `day` >= @low AND `day` < @high AND \
                         DIV((UNIX_MICROS(TIMESTAMP(`day`)) + 62135596800000000), 128) IN (3, 9)";
        assert_eq!(rows.sql, format!("SELECT * FROM `p.d.t` {condition}"));
        let finer = select_tallies(&table(), "day", TimestampKind::Date, &window, 2, Some(&buckets), "7");
        assert!(finer.sql.contains(condition) && !finer.sql.contains("IS NULL"));
    }
}
