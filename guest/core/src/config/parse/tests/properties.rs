use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{connection, sync, table};
use crate::config::names::NameKind;
use crate::config::{Columns, parse};

/// Trees that know the right words, so that they get past the first check.
fn tree() -> impl Strategy<Value = Value> {
    let keys: Vec<&str> = [
        &["bigquery", "sync", "validation", "access", "tables", "enabled", "interval", "read", "control"],
        connection::KEYS,
        table::KEYS,
        sync::TABLE_KEYS,
        sync::GLOBAL_KEYS,
    ]
    .concat();
    let key = prop_oneof![9 => prop::sample::select(keys).prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "all",
            "*",
            "always",
            "watermark",
            "string",
            "1h",
            "-1s",
            "2025-12-01",
            "at",
            "Orders"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..12)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// An entry of `bigquery.tables` that is often right.
fn entry() -> impl Strategy<Value = Value> {
    let name = || prop::sample::select(vec!["at", "orders", "Orders", "my col", "a`b", ""]);
    let columns = prop::collection::vec(name(), 0..4);
    (name(), name(), name(), name(), prop::option::of(columns), prop::option::of(tree())).prop_map(
        |(id, table, timestamp_column, target_table, columns, sync)| {
            json!({
                "id": id, "dataset": "d", "table": table, "timestampColumn": timestamp_column,
                "targetTable": target_table, "columns": columns, "sync": sync,
            })
        },
    )
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let (config, errors) = parse(&text);
        prop_assert!(config.is_some() || !errors.is_empty());
    }

    #[test]
    fn no_yaml_like_text_makes_it_panic(text in "([a-z*&!|>%@`{}\\[\\]:,#'\"?<~ \t\n-]|bigquery:|tables:\n|  - ){0,60}") {
        let (config, errors) = parse(&text);
        prop_assert!(config.is_some() || !errors.is_empty());
    }

    #[test]
    fn no_tree_makes_it_panic(bigquery in tree(), sync in tree(), tables in prop::option::of(tree())) {
        let mut root = json!({ "bigquery": bigquery, "sync": sync });
        if let (Some(tables), Some(bigquery)) = (tables, root["bigquery"].as_object_mut()) {
            bigquery.insert("tables".to_owned(), tables);
        }
        let (config, errors) = parse(&root.to_string());
        prop_assert!(config.is_some() || !errors.is_empty());
    }

    #[test]
    fn tables_that_are_planned_keep_every_rule(entries in prop::collection::vec(entry(), 1..5)) {
        let text = json!({ "bigquery": { "projectId": "p", "tables": entries } }).to_string();
        let (config, errors) = parse(&text);
        let tables = config.expect("nothing is wrong outside the tables").tables;
        prop_assert!(tables.len() == entries.len() || !errors.is_empty());
        for (position, table) in tables.iter().enumerate() {
            prop_assert!(NameKind::Table.admits(&table.table) && NameKind::Column.admits(&table.timestamp_column));
            prop_assert!(NameKind::TargetTable.admits(&table.target_table) && NameKind::TableId.admits(&table.id));
            if let Columns::Listed(columns) = &table.columns {
                prop_assert!(columns.contains(&table.timestamp_column));
            }
            let sizes = table.batch_sizes;
            prop_assert!(sizes.initial > 0 && sizes.catchup > 0 && sizes.steady > 0 && table.poll_interval_ms > 0);
            for other in &tables[..position] {
                prop_assert!(other.id != table.id && other.target_table != table.target_table);
            }
        }
    }

    #[test]
    fn whatever_stands_under_credentials_stays_there(credentials in tree(), more in tree()) {
        const SECRET: &str = "s3cr3t-v4lu3";
        let hidden = json!({ "private_key": SECRET, "more": credentials });
        let text = json!({ "bigquery": { "projectId": more, "credentials": hidden } }).to_string();
        let (config, errors) = parse(&text);
        prop_assert!(config.is_none());
        for error in errors {
            prop_assert!(!error.to_string().contains(SECRET));
        }
    }
}
