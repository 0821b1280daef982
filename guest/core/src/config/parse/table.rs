//! One table: an entry of `bigquery.tables`, or `bigquery` itself in the single-table form.

use std::collections::HashSet;

use super::super::names::NameKind;
use super::super::{Columns, Count, NumericForm, SyncMode, TableConfig, suggest};
use super::node::{Node, Object};
use super::sync::{GLOBAL_KEYS, SyncSettings, TABLE_KEYS};
use super::{SECTION_KEYS, connection};

/// Keys of a table.
pub(super) const KEYS: &[&str] = &[
    "id",
    "dataset",
    "table",
    "timestampColumn",
    "columns",
    "targetTable",
    "sync",
    "keyColumns",
    "indexes",
    "mode",
    "maximumBytesBilled",
    "numeric",
];
/// Target table of the single-table form.
const SINGLE_TARGET: &str = "BigQueryData";
/// The plugin's own tables and resources.
const OWN_TABLES: &[&str] = &["SyncControl", "SyncControlState", "SyncAudit", "SyncCheckpoint", "SyncWorker"];
/// BigQuery bills no query less; with a lower limit all of them would fail.
const LEAST_BILLED_BYTES: u64 = 10 * 1024 * 1024;

/// An entry of `bigquery.tables`. None if anything is wrong with it.
pub(super) fn entry(node: Node, global: &SyncSettings) -> Option<TableConfig> {
    let errors = node.errors;
    let first_error = errors.count();
    let object = node.object()?;
    object.reject_unknown(
        KEYS,
        &[
            (TABLE_KEYS, "Put it into `sync` of this table."),
            (GLOBAL_KEYS, "It goes for all tables: put it into `sync` beside `bigquery`."),
            (connection::KEYS, "It goes for all tables: put it directly under `bigquery`."),
            (SECTION_KEYS, "It goes for all tables: put it beside `bigquery`."),
        ],
    );
    let id = object.required_name("id", NameKind::TableId);
    let target_table = object.required("targetTable", NameKind::TargetTable.rule()).and_then(|node| target(&node));
    let own = object.get("sync").and_then(SyncSettings::of_table).unwrap_or_default();
    let table = read(&object, id.clone(), target_table, &own.or(global));
    if let Some(id) = id {
        errors.name_table(first_error, &id);
    }
    table.filter(|_| errors.count() == first_error)
}

/// The single-table form, whose `sync` is the global one. None if anything is wrong with it.
pub(super) fn single(bigquery: &Object, global: &SyncSettings) -> Option<TableConfig> {
    let first_error = bigquery.errors.count();
    let id = match bigquery.get("id") {
        Some(node) => node.name(NameKind::TableId).map(str::to_owned),
        None => bigquery.get("table").and_then(|node| node.value.as_str()).map(str::to_owned),
    };
    let target_table = bigquery.get("targetTable").map_or(Some(SINGLE_TARGET.to_owned()), |node| target(&node));
    let table = read(bigquery, id, target_table, global);
    table.filter(|_| bigquery.errors.count() == first_error)
}

/// Everything is read before anything is missed, so that all errors come at once.
fn read(
    object: &Object,
    id: Option<String>,
    target_table: Option<String>,
    settings: &SyncSettings,
) -> Option<TableConfig> {
    let dataset = object.required_name("dataset", NameKind::Dataset);
    let table = object.required_name("table", NameKind::Table);
    let columns = object.get("columns").map_or(Some(Columns::All), |node| columns(&node));
    let timestamp_column = object.required("timestampColumn", NameKind::Column.rule()).and_then(|node| {
        let name = node.name(NameKind::Column)?;
        require_listed(&node, name, columns.as_ref());
        Some(name.to_owned())
    });
    let more_columns = |key| {
        object.get(key).and_then(|node| names(&node, "a list of column names", columns.as_ref())).unwrap_or_default()
    };
    let key_columns = more_columns("keyColumns");
    let indexes = more_columns("indexes");
    let mode = object.get("mode").and_then(|node| mode(&node)).unwrap_or(SyncMode::Watermark);
    let maximum_bytes_billed =
        object.get("maximumBytesBilled").and_then(|node| node.integer(LEAST_BILLED_BYTES..=i64::MAX as u64));
    let numeric_forms = [("string", NumericForm::String), ("number", NumericForm::Number)];
    let numeric = object.get("numeric").and_then(|node| node.choice(&numeric_forms)).unwrap_or(NumericForm::String);
    Some(TableConfig {
        id: id?,
        dataset: dataset?,
        table: table?,
        timestamp_column: timestamp_column?,
        columns: columns?,
        target_table: target_table?,
        batch_sizes: settings.batch_sizes(),
        poll_interval_ms: settings.poll_interval_ms(),
        probe_trust: settings.probe_trust(),
        lookback_ms: settings.lookback_ms(),
        lookback_rows: settings.lookback_rows(),
        start_timestamp: settings.start_timestamp(),
        // Versions of a row are in different slots, and whoever writes one has to know the one before.
        readers: if key_columns.is_empty() { settings.readers() } else { Count::Of(1) },
        key_columns,
        indexes,
        mode,
        maximum_bytes_billed,
        numeric,
    })
}

fn target(node: &Node) -> Option<String> {
    let name = node.name(NameKind::TargetTable)?;
    if OWN_TABLES.contains(&name) {
        node.reject("a table of your own", "The plugin keeps its own state under this name: choose another.");
        return None;
    }
    Some(name.to_owned())
}

fn mode(node: &Node) -> Option<SyncMode> {
    let modes = [("watermark", SyncMode::Watermark), ("appends", SyncMode::Appends), ("changes", SyncMode::Changes)];
    let mode = node.choice(&modes)?;
    if mode != SyncMode::Watermark {
        node.reject("`watermark`", "The other modes are not available in this version: write `mode: watermark`.");
    }
    Some(mode)
}

fn columns(node: &Node) -> Option<Columns> {
    const EXPECTED: &str = "a list of column names, or ['*'] for all columns";
    let is_star = |value: &serde_json::Value| value == "*";
    if is_star(node.value) {
        return Some(Columns::All);
    }
    let items = node.list(EXPECTED)?;
    if items.is_empty() {
        node.reject(EXPECTED, "List the columns to read, or leave `columns` out to read all.");
        return None;
    }
    match items.iter().position(|item| is_star(item.value)) {
        Some(_) if items.len() == 1 => Some(Columns::All),
        Some(star) => {
            items[star].reject("`*` alone, or names only", "Write ['*'] for all columns, or list names without `*`.");
            None
        }
        None => names(node, EXPECTED, None).map(Columns::Listed),
    }
}

/// A list of different column names, all of which are read.
fn names(node: &Node, expected: &str, columns: Option<&Columns>) -> Option<Vec<String>> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    let items = node.list(expected)?;
    let item_count = items.len();
    for item in items {
        let Some(name) = item.name(NameKind::Column) else { continue };
        require_listed(&item, name, columns);
        // BigQuery's column names differ by more than case.
        if seen.insert(name.to_lowercase()) {
            names.push(name.to_owned());
        } else {
            item.reject("each column once", "Remove one of the two.");
        }
    }
    (names.len() == item_count).then_some(names)
}

/// Reports a column that is needed but not read.
fn require_listed(node: &Node, name: &str, columns: Option<&Columns>) {
    let Some(Columns::Listed(listed)) = columns else { return };
    if listed.iter().any(|column| column == name) {
        return;
    }
    let help = match suggest::closest(name, listed.iter().map(String::as_str)) {
        Some(column) => format!("Did you mean `{column}`? Otherwise add `{name}` to `columns`."),
        None => format!("Add `{name}` to `columns`, or read all columns with ['*']."),
    };
    node.reject("one of `columns`", help);
}
