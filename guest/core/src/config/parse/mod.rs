//! From text to a checked configuration, with all errors at once.

mod connection;
mod node;
mod sync;
mod synthesizer;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use self::connection::Connection;
use self::node::{Errors, Node, Object, Unit};
use self::sync::{GlobalSync, SyncSettings};
use super::names::NameKind;
use super::{Access, Config, ConfigError, SynthesizerConfig, TableConfig, Validation, suggest};

/// Sections that stand beside `bigquery` or in it.
const SECTION_KEYS: &[&str] = &["sync", "validation", "access", "synthesizer"];
const MONTH_MS: u64 = 30 * 24 * 3_600_000;

/// See [`super::parse`].
pub(super) fn config(text: &str) -> (Option<Config>, Vec<ConfigError>) {
    let errors = Errors::default();
    let config = match value(text) {
        Ok(value) => root(&value, &errors),
        Err(error) => return (None, vec![error]),
    };
    (config, errors.into_list())
}

/// See [`super::parse_synthesizer`].
pub(super) fn synthesizer(text: &str) -> (Option<SynthesizerConfig>, Vec<ConfigError>) {
    let errors = Errors::default();
    let config = match value(text) {
        Ok(value) => synthesizer::config(&value, &errors),
        Err(error) => return (None, vec![error]),
    };
    let errors = errors.into_list();
    (config.filter(|_| errors.is_empty()), errors)
}

fn value(text: &str) -> Result<Value, ConfigError> {
    let not_yaml = |path: String, reason: &str| ConfigError {
        path,
        found: format!("text that is not valid ({})", node::shortened(reason, 200)),
        expected: "YAML or JSON".to_owned(),
        help: "Check indentation, quotes and brackets there and in the line before.".to_owned(),
    };
    // First as YAML's own value: it knows of keys that stand twice.
    let yaml: yaml_serde::Value = yaml_serde::from_str(&without_line_separators(text)).map_err(|error| {
        let path = error.location().map_or("configuration".to_owned(), |location| {
            format!("configuration, line {}, column {}", location.line(), location.column())
        });
        let reason = error.to_string();
        // The one message that repeats a value.
        let reason = if reason.contains("invalid type: ") { "a number with too many digits" } else { &reason };
        not_yaml(path, reason)
    })?;
    serde_json::to_value(&yaml).map_err(|error| not_yaml("configuration".to_owned(), &error.to_string()))
}

/// JSON may have these characters in strings as they are; for YAML they end a line.
fn without_line_separators(text: &str) -> Cow<'_, str> {
    const SEPARATORS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];
    if !text.trim_start().starts_with('{') || !text.contains(SEPARATORS) {
        return text.into();
    }
    let escaped = |character: char| match character {
        separator if SEPARATORS.contains(&separator) => format!("\\u{:04x}", u32::from(separator)),
        other => other.into(),
    };
    text.chars().map(escaped).collect::<String>().into()
}

fn root(value: &Value, errors: &Errors) -> Option<Config> {
    let root = whole(value, errors)?;
    let bigquery = bigquery(&root)?;
    let section = |key| one_place(&root, &bigquery, key);
    let sync = GlobalSync::read(section("sync"));
    let validation = validation(section("validation"));
    let access = access(section("access"));
    let connection = Connection::read(&bigquery);
    let errors_outside_tables = errors.count();
    let tables = tables(&bigquery, &sync.tables);
    if errors_outside_tables > 0 {
        return None;
    }
    let connection = connection?;
    Some(Config {
        project_id: connection.project_id,
        credentials: connection.credentials,
        location: connection.location,
        api_endpoint: connection.api_endpoint,
        retry: connection.retry,
        request_timeout_ms: connection.request_timeout_ms,
        auto_start: sync.auto_start,
        threads_per_node: sync.threads_per_node,
        heartbeat_ms: sync.heartbeat_ms,
        validation,
        access,
        tables: tables?,
    })
}

fn whole<'a>(value: &'a Value, errors: &'a Errors) -> Option<Object<'a>> {
    if !value.is_object() {
        let node = Node { path: "configuration".to_owned(), value, errors };
        node.reject("an object with `bigquery`", "Begin with a line `bigquery:` and indent its settings below.");
        return None;
    }
    Node { path: String::new(), value, errors }.object()
}

fn bigquery<'a>(root: &Object<'a>) -> Option<Object<'a>> {
    let Some(node) = root.get("bigquery") else {
        let help = match suggest::closest("bigquery", root.keys().filter(|&key| key != "bigquery")) {
            Some(key) => format!("Did you mean `bigquery` by `{key}`?"),
            None => "Add a section `bigquery` with `projectId` and `tables`.".to_owned(),
        };
        root.errors.push("bigquery", "nothing".to_owned(), "an object", help);
        return None;
    };
    let bigquery = node.object()?;
    bigquery.reject_unknown(
        &[connection::KEYS, SECTION_KEYS, table::KEYS, &["tables"]].concat(),
        &[(sync::TABLE_KEYS, "Put it into `sync`."), (sync::GLOBAL_KEYS, "Put it into `sync`.")],
    );
    Some(bigquery)
}

/// A section that may stand beside `bigquery` or in it, but not in both places.
fn one_place<'a>(root: &Object<'a>, bigquery: &Object<'a>, key: &str) -> Option<Node<'a>> {
    let beside = root.get(key);
    let inside = bigquery.get(key);
    if let (Some(_), Some(inside)) = (&beside, &inside) {
        inside.reject("one section of this name", format!("`{key}` stands beside `bigquery` as well: join the two."));
    }
    inside.or(beside)
}

/// None if there is no table to speak of; tables with errors are left out.
fn tables(bigquery: &Object, global: &SyncSettings) -> Option<Vec<TableConfig>> {
    const EXPECTED: &str = "a list of at least one table";
    let mut single_keys = table::KEYS.iter().filter(|&&key| key != "sync" && bigquery.get(key).is_some()).peekable();
    let Some(node) = bigquery.get("tables") else {
        if single_keys.peek().is_some() {
            return Some(table::single(bigquery, global).into_iter().collect());
        }
        let help = "Add `tables` with an entry for each table to sync.";
        bigquery.errors.push(&bigquery.path_of("tables"), "nothing".to_owned(), EXPECTED, help);
        return None;
    };
    if single_keys.peek().is_some() {
        for key in single_keys {
            bigquery.get(key)?.reject(
                "nothing here beside `tables`",
                format!("Move `{key}` into the entry of its table, or remove `tables` to sync a single table."),
            );
        }
        return None;
    }
    let entries = node.list(EXPECTED)?;
    if entries.is_empty() {
        node.reject(EXPECTED, "Add an entry for each table to sync.");
        return None;
    }
    let (mut ids, mut targets) = (HashMap::new(), HashMap::new());
    let mut tables = Vec::new();
    for entry in entries {
        let id_is_unique = require_unique(&entry, "id", &mut ids, "Give each table an id of its own.");
        let target_is_unique = require_unique(
            &entry,
            "targetTable",
            &mut targets,
            "Rows of two sources would overwrite each other: choose another table and join them when you query.",
        );
        let table = table::entry(entry, global);
        tables.extend(table.filter(|_| id_is_unique && target_is_unique));
    }
    Some(tables)
}

/// Reports an entry that has the same text under the key as one before it.
fn require_unique<'a>(entry: &Node<'a>, key: &str, seen: &mut HashMap<&'a str, String>, help: &str) -> bool {
    let Some(text) = entry.value.get(key).and_then(Value::as_str) else { return true };
    let Some(first) = seen.get(text) else {
        seen.insert(text, entry.path.clone());
        return true;
    };
    let value = &entry.value[key];
    let node = Node { path: format!("{}.{key}", entry.path), value, errors: entry.errors };
    node.reject("a name that no other table has", format!("{first} has it already. {help}"));
    false
}

fn validation(node: Option<Node>) -> Validation {
    let section = node.and_then(Node::object);
    if let Some(section) = &section {
        section.reject_unknown(&["enabled", "interval"], &[]);
    }
    let get = |key| section.as_ref().and_then(|section| section.get(key));
    let interval_ms = get("interval").and_then(|node| node.duration_ms(1_000..=MONTH_MS, Unit::Seconds));
    Validation {
        enabled: get("enabled").and_then(|node| node.flag()).unwrap_or(true),
        interval_ms: interval_ms.unwrap_or(300_000),
    }
}

fn access(node: Option<Node>) -> Access {
    let section = node.and_then(Node::object);
    if let Some(section) = &section {
        section.reject_unknown(&["read", "control"], &[]);
    }
    let roles = |key| {
        let items = section.as_ref().and_then(|section| section.get(key)?.list("a list of role names"));
        let names = items.unwrap_or_default().into_iter().filter_map(|item| item.name(NameKind::Role));
        names.map(str::to_owned).collect()
    };
    Access { read: roles("read"), control: roles("control") }
}
