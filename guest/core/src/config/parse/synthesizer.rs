//! The section `synthesizer`, beside `bigquery` or in it.

use serde_json::Value;

use super::super::names::NameKind;
use super::super::{Streaming, SynthesizerConfig};
use super::connection::Connection;
use super::node::{Errors, Node, Object};
use super::{bigquery, one_place, whole};

const KEYS: &[&str] = &[
    "dataset",
    "table",
    "totalVessels",
    "batchSize",
    "generationIntervalMs",
    "retentionDays",
    "cleanupIntervalHours",
    "seed",
    "lateShare",
    "lateDelayMs",
    "useStreamingAPIs",
];

const DATASET: &str = "maritime_tracking";
const POSITIONS: &str = "vessel_positions";
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// None without a usable configuration; whatever is wrong with it is among the errors then.
pub(super) fn config(value: &Value, errors: &Errors) -> Option<SynthesizerConfig> {
    let root = whole(value, errors)?;
    let bigquery = bigquery(&root)?;
    let connection = Connection::read(&bigquery);
    let Some(node) = one_place(&root, &bigquery, "synthesizer") else {
        let help =
            "Add it beside `bigquery`, with the dataset to write to: `synthesizer: { dataset: maritime_tracking }`.";
        errors.push("synthesizer", "nothing".to_owned(), "an object", help);
        return None;
    };
    let section = node.object()?;
    section.reject_unknown(KEYS, &[]);
    let integer = |key, range, default| section.get(key).and_then(|node| node.integer(range)).unwrap_or(default);
    let name = |key, kind| section.get(key).and_then(|node: Node| node.name(kind).map(str::to_owned));
    let table = name("table", NameKind::Table).or_else(|| single(&bigquery, "table")).unwrap_or(POSITIONS.to_owned());
    let dataset = name("dataset", NameKind::Dataset)
        .or_else(|| single(&bigquery, "dataset"))
        .or_else(|| synced_dataset(&bigquery, &table))
        .unwrap_or(DATASET.to_owned());
    let hours = |key, default| section.get(key).and_then(|node| node.integer::<u64>(1..=8_760)).unwrap_or(default);
    let connection = connection?;
    Some(SynthesizerConfig {
        project_id: connection.project_id,
        location: connection.location,
        api_endpoint: connection.api_endpoint,
        retry: connection.retry,
        request_timeout_ms: connection.request_timeout_ms,
        dataset,
        table,
        total_vessels: integer("totalVessels", 1..=900_000, 100_000),
        batch_size: integer("batchSize", 1..=1_000_000, 100),
        generation_interval_ms: u64::from(integer("generationIntervalMs", 1_000..=DAY_MS, 60_000)),
        retention_days: integer("retentionDays", 1..=3_650, 30),
        cleanup_interval_ms: hours("cleanupIntervalHours", 24) * HOUR_MS,
        seed: section.get("seed").and_then(|node| node.integer(0..=u64::MAX)).unwrap_or(20_251_215),
        late_share: section.get("lateShare").and_then(|node| node.share()).unwrap_or(0.03),
        late_delay_ms: u64::from(integer("lateDelayMs", 0..=DAY_MS, 300_000)),
        streaming: section.get("useStreamingAPIs").and_then(|node| streaming(&node)).unwrap_or(Streaming::Every(false)),
    })
}

/// A key of the single-table form.
fn single(bigquery: &Object, key: &str) -> Option<String> {
    bigquery.get(key)?.value.as_str().map(str::to_owned)
}

/// The dataset from which the plugin reads the table of positions.
fn synced_dataset(bigquery: &Object, table: &str) -> Option<String> {
    let tables = bigquery.get("tables")?.value.as_array()?;
    let entry = tables.iter().find(|entry| entry["table"] == table)?;
    entry["dataset"].as_str().map(str::to_owned)
}

fn streaming(node: &Node) -> Option<Streaming> {
    if let Value::Bool(all) = node.value {
        return Some(Streaming::Every(*all));
    }
    let names = node.list("true, false, or a list of table names")?;
    Some(Streaming::Tables(names.iter().filter_map(|node| node.name(NameKind::Table)).map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::synthesizer;
    use super::*;

    fn accepted(text: &str) -> SynthesizerConfig {
        let (config, errors) = synthesizer(text);
        assert_eq!(errors, []);
        config.unwrap()
    }

    fn rejected(text: &str) -> Vec<String> {
        let (config, errors) = synthesizer(text);
        assert_eq!(config, None);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_section_with_a_dataset_is_enough() {
        let config = accepted("bigquery: { projectId: p }\nsynthesizer: { dataset: sea }");
        assert_eq!((config.dataset.as_str(), config.table.as_str()), ("sea", "vessel_positions"));
        assert_eq!((config.total_vessels, config.batch_size, config.generation_interval_ms), (100_000, 100, 60_000));
        assert_eq!((config.retention_days, config.cleanup_interval_ms), (30, 86_400_000));
        assert_eq!(config.streaming, Streaming::Every(false));
    }

    #[test]
    fn the_dataset_is_the_one_that_the_plugin_reads_from() {
        let single = "bigquery: { projectId: p, dataset: d, table: t, timestampColumn: at, synthesizer: { seed: 1 } }";
        let config = accepted(single);
        assert_eq!((config.dataset.as_str(), config.table.as_str()), ("d", "t"));
        let several = "bigquery: { projectId: p, tables: [{ id: a, dataset: x, table: other }, \
                       { id: b, dataset: y, table: vessel_positions }] }\nsynthesizer: { seed: 1 }";
        assert_eq!(accepted(several).dataset, "y");
        assert_eq!(accepted("bigquery: { projectId: p }\nsynthesizer: { seed: 1 }").dataset, "maritime_tracking");
    }

    #[test]
    fn tables_to_stream_to_are_all_or_some() {
        let text = |value| format!("bigquery: {{ projectId: p }}\nsynthesizer: {{ useStreamingAPIs: {value} }}");
        assert!(accepted(&text("true")).streaming.includes("port_events"));
        let some = accepted(&text("[port_events]")).streaming;
        assert!(some.includes("port_events") && !some.includes("vessel_positions"));
    }

    #[test]
    fn a_missing_section_and_wrong_values_are_told_where_they_are() {
        assert_eq!(
            rejected("bigquery: { projectId: p }"),
            [
                "synthesizer: found nothing, expected an object. Add it beside `bigquery`, with the dataset to write to: \
              `synthesizer: { dataset: maritime_tracking }`."
            ]
        );
        let wrong =
            "bigquery: { projectId: p }\nsynthesizer: { totalVessel: 5, lateShare: 2, batchSize: 0, dataset: a.b }";
        let errors = rejected(wrong);
        assert_eq!(errors.len(), 4, "{errors:?}");
        assert!(errors[0].contains("Did you mean `totalVessels`?"), "{errors:?}");
        assert!(rejected("synthesizer: {}")[0].starts_with("bigquery: found nothing"));
    }
}
