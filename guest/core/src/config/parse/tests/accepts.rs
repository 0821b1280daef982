use super::{accepted, with};
use crate::config::{
    Access, BatchSizes, Columns, Config, Count, NumericForm, ProbeTrust, SyncMode, TableConfig, Validation, parse,
};
use crate::retry::RetryPolicy;

fn listed(names: &[&str]) -> Columns {
    Columns::Listed(names.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn the_shortest_configuration_gets_every_default() {
    let config = accepted(&with("", ""));
    let expected = Config {
        project_id: "my-project".into(),
        credentials: None,
        location: "US".into(),
        api_endpoint: None,
        retry: RetryPolicy { max_retries: 5, initial_delay_ms: 1_000 },
        request_timeout_ms: 60_000,
        auto_start: true,
        threads_per_node: Count::Of(1),
        heartbeat_ms: 15_000,
        validation: Validation { enabled: true, interval_ms: 300_000 },
        access: Access { read: vec![], control: vec![] },
        tables: vec![TableConfig {
            id: "orders".into(),
            dataset: "shop".into(),
            table: "orders".into(),
            timestamp_column: "created_at".into(),
            columns: Columns::All,
            target_table: "Orders".into(),
            batch_sizes: BatchSizes { initial: 10_000, catchup: 1_000, steady: 500 },
            poll_interval_ms: 30_000,
            probe_trust: ProbeTrust::For(900_000),
            lookback_ms: 600_000,
            lookback_rows: 50_000,
            start_timestamp: None,
            readers: Count::All,
            key_columns: vec![],
            indexes: vec![],
            mode: SyncMode::Watermark,
            maximum_bytes_billed: None,
            numeric: NumericForm::String,
        }],
    };
    assert_eq!(config, expected);
}

#[test]
fn every_setting_is_read() {
    let config = accepted(
        "
bigquery:
  projectId: example.com:my-project
  credentials: keys/service-account-key.json
  location: europe-west1
  apiEndpoint: http://localhost:9050/
  maxRetries: 0
  initialRetryDelay: 250
  requestTimeout: 5s
  tables:
    - id: orders
      dataset: shop
      table: 'orders 2025'
      timestampColumn: created_at
      columns: [created_at, my-col, first name, order]
      targetTable: Orders
      keyColumns: [order]
      indexes: ['first name']
      mode: watermark
      maximumBytesBilled: 1000000000
      numeric: number
      sync:
        initialBatchSize: 1
        catchupBatchSize: 2
        steadyBatchSize: 3
        pollInterval: 1 minute
        probeTrust: always
        lookback: 0
        lookbackRows: 7
        startTimestamp: 2025-12-01
        readers: 2
    - id: stock
      dataset: shop
      table: stock
      timestampColumn: at
      targetTable: Stock
sync: { readers: 3, autoStart: false, threadsPerNode: all, heartbeat: 5s }
validation: { enabled: false, interval: 60 }
access: { read: [viewer, 'data team'], control: [operator] }
synthesizer: { totalVessels: many, anything: [else] }
rest: true
",
    );
    assert_eq!(config.project_id, "example.com:my-project");
    assert_eq!(config.credentials.as_deref(), Some("keys/service-account-key.json"));
    assert_eq!(config.location, "europe-west1");
    assert_eq!(config.api_endpoint.as_deref(), Some("http://localhost:9050"));
    assert_eq!(config.retry, RetryPolicy { max_retries: 0, initial_delay_ms: 250 });
    assert_eq!(config.request_timeout_ms, 5_000);
    assert!(!config.auto_start);
    assert_eq!((config.threads_per_node, config.heartbeat_ms), (Count::All, 5_000));
    assert_eq!(config.validation, Validation { enabled: false, interval_ms: 60_000 });
    assert_eq!(config.access.read, ["viewer", "data team"]);
    assert_eq!(config.access.control, ["operator"]);
    let table = &config.tables[0];
    assert_eq!(table.table, "orders 2025");
    assert_eq!(table.columns, listed(&["created_at", "my-col", "first name", "order"]));
    assert_eq!(table.key_columns, ["order"]);
    assert_eq!(table.indexes, ["first name"]);
    assert_eq!(table.mode, SyncMode::Watermark);
    assert_eq!(table.maximum_bytes_billed, Some(1_000_000_000));
    assert_eq!(table.numeric, NumericForm::Number);
    assert_eq!(table.batch_sizes, BatchSizes { initial: 1, catchup: 2, steady: 3 });
    assert_eq!(table.poll_interval_ms, 60_000);
    assert_eq!(table.probe_trust, ProbeTrust::Always);
    assert_eq!((table.lookback_ms, table.lookback_rows), (0, 7));
    assert_eq!(table.start_timestamp, Some(1_764_547_200_000_000));
    assert_eq!(table.readers, Count::Of(1), "a table with keys has one reader");
    assert_eq!(config.tables[1].readers, Count::Of(3));
}

#[test]
fn the_single_table_form_becomes_one_table() {
    let config = accepted(
        "
bigquery:
  projectId: my-project
  dataset: shop
  table: orders
  timestampColumn: created_at
  credentials: service-account-key.json
  columns: ['*']
sync:
  pollInterval: 1000
",
    );
    assert_eq!(config.tables.len(), 1);
    let table = &config.tables[0];
    assert_eq!((table.id.as_str(), table.target_table.as_str()), ("orders", "BigQueryData"));
    assert_eq!((table.dataset.as_str(), table.table.as_str()), ("shop", "orders"));
    assert_eq!(table.columns, Columns::All);
    assert_eq!(table.poll_interval_ms, 1_000);
}

#[test]
fn json_is_read_like_yaml() {
    let json = "{\n\t\"bigquery\": {\n\t\t\"projectId\": \"my-project\",\n\t\t\"tables\": [{\"id\": \"orders\", \
                \"dataset\": \"shop\", \"table\": \"orders\",\n\t\t\t\"timestampColumn\": \"created_at\", \
                \"targetTable\": \"Orders\"}]\n\t}\n}\n";
    assert_eq!(accepted(json), accepted(&with("", "")));
}

#[test]
fn line_separators_of_unicode_do_not_end_json() {
    let (config, errors) = parse("{\"bigquery\": {\"projectId\": \"p\", \"tables\": [{\"a\u{2028}b\u{85}c\": 1}]}}");
    assert!(config.is_some(), "{errors:?}");
    assert!(errors.iter().any(|error| error.path.contains("a\u{2028}b\u{85}c")), "{errors:?}");
}

#[test]
fn sections_may_stand_in_bigquery_as_well_as_beside_it() {
    let beside = with("", "sync: { autoStart: false, lookback: 1h }\naccess: { read: [viewer] }");
    let inside = with("", "  sync: { autoStart: false, lookback: 1h }\n  access: { read: [viewer] }");
    assert_eq!(accepted(&inside), accepted(&beside));
    assert_eq!(accepted(&inside).tables[0].lookback_ms, 3_600_000);
}

#[test]
fn what_a_table_says_wins_over_what_goes_for_all() {
    let global = "sync: { initialBatchSize: 100, steadyBatchSize: 30, pollInterval: 9000, readers: 3 }";
    let table = &accepted(&with("sync: { steadyBatchSize: 7, readers: all }", global)).tables[0];
    assert_eq!(table.batch_sizes, BatchSizes { initial: 100, catchup: 1_000, steady: 7 });
    assert_eq!(table.poll_interval_ms, 9_000);
    assert_eq!(table.readers, Count::All);
}

#[test]
fn a_key_without_a_value_counts_as_absent() {
    let text = with("columns:\nsync:\n  # pollInterval: 5\nkeyColumns:", "sync:\nvalidation:");
    assert_eq!(accepted(&text), accepted(&with("", "")));
}

#[test]
fn all_columns_are_written_with_or_without_a_list() {
    for columns in ["'*'", "['*']"] {
        assert_eq!(accepted(&with(&format!("columns: {columns}"), "")).tables[0].columns, Columns::All);
    }
}

#[test]
fn a_start_is_utc_unless_it_says_otherwise() {
    let cases = [
        ("2025-12-01T12:00:00.123456Z", 1_764_590_400_123_456),
        ("2025-12-01T12:00:00", 1_764_590_400_000_000),
        ("2025-12-01T13:00:00+01:00", 1_764_590_400_000_000),
        ("2025-12-01", 1_764_547_200_000_000),
        ("1969-12-31T23:59:59.999999Z", -1),
    ];
    for (text, expected) in cases {
        let config = accepted(&with(&format!("sync: {{ startTimestamp: '{text}' }}"), ""));
        assert_eq!(config.tables[0].start_timestamp, Some(expected), "{text}");
    }
}

#[test]
fn an_endpoint_is_kept_without_what_every_request_adds() {
    for endpoint in ["https://proxy.example/bq/bigquery/v2/", "https://proxy.example/bq/", "https://proxy.example/bq"] {
        let text = with("", "").replace("  tables:", &format!("  apiEndpoint: {endpoint}\n  tables:"));
        assert_eq!(accepted(&text).api_endpoint.as_deref(), Some("https://proxy.example/bq"));
    }
}

#[test]
fn healthy_tables_run_beside_one_with_an_error() {
    let text = with(
        "",
        "
    - { id: broken, dataset: shop, table: returns, timestampColumn: at, targetTable: Returns, sync: { lookback: -1 } }
    - { id: items, dataset: shop, table: items, timestampColumn: at, targetTable: Items }",
    );
    let (config, errors) = parse(&text);
    let ids: Vec<String> = config.unwrap().tables.into_iter().map(|table| table.id).collect();
    assert_eq!(ids, ["orders", "items"]);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].path, "bigquery.tables[1].sync.lookback");
}
