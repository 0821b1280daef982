use super::{rejected, with};
use crate::config::parse;

/// Lines, and of the one error they cause the key path, what was found, part of what is expected, and part of the help.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn check(text: &str, path: &str, (_, _, found, expected, help): &Case) {
    let errors = rejected(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let error = &errors[0];
    assert_eq!(error.path, path, "{error}");
    assert_eq!(error.found, *found, "{error}");
    assert!(error.expected.contains(expected), "{error}");
    assert!(error.help.contains(help), "{error}");
}

#[test]
fn what_is_wrong_in_a_table_is_named_with_its_key() {
    let cases: &[Case] = &[
        ("columns: [id]", "timestampColumn", "\"created_at\"", "one of `columns`", "Add `created_at` to `columns`"),
        ("columns: [createdAt]", "timestampColumn", "\"created_at\"", "one of", "Did you mean `createdAt`?"),
        ("columns: []", "columns", "an empty list", "['*']", "leave `columns` out"),
        ("columns: all", "columns", "\"all\"", "a list of column names", "in brackets"),
        ("columns: ['*', created_at]", "columns[0]", "\"*\"", "alone", "['*']"),
        ("columns: [created_at, 5]", "columns[1]", "5", "BigQuery column", "\"5\""),
        ("columns: [created_at, Created_At]", "columns[1]", "\"Created_At\"", "each column once", "Remove"),
        ("columns: [created_at, 'COUNT(*)']", "columns[1]", "\"COUNT(*)\"", "BigQuery column", "without quotes or SQL"),
        ("columns: [created_at, '(SELECT 1) AS x']", "columns[1]", "\"(SELECT 1) AS x\"", "column", "Table `orders`: "),
        ("columns: [created_at, 'a`b']", "columns[1]", "\"a`b\"", "BigQuery column", "name alone"),
        ("keyColumns: ['*']", "keyColumns[0]", "\"*\"", "BigQuery column", "name alone"),
        ("keyColumns: id", "keyColumns", "\"id\"", "a list of column names", "in brackets"),
        ("columns: [created_at]\nkeyColumns: [sku]", "keyColumns[0]", "\"sku\"", "one of `columns`", "Add `sku`"),
        ("columns: [created_at]\nindexes: [sku]", "indexes[0]", "\"sku\"", "one of `columns`", "Add `sku`"),
        ("mode: appends", "mode", "\"appends\"", "`watermark`", "not available in this version"),
        ("mode: changes", "mode", "\"changes\"", "`watermark`", "not available in this version"),
        ("mode: watermarks", "mode", "\"watermarks\"", "`appends` or `changes`", "Did you mean `watermark`?"),
        ("numeric: decimal", "numeric", "\"decimal\"", "`string` or `number`", "one of these"),
        ("maximumBytesBilled: 1", "maximumBytesBilled", "1", "10485760", "digits only"),
        ("maximumBytesBilled: 1 GB", "maximumBytesBilled", "\"1 GB\"", "an integer", "unit"),
        ("colums: [a]", "colums", "an unknown key", "a known key", "Did you mean `columns`?"),
        ("secret: hunter2", "secret", "an unknown key", "a known key", "Known here: id, dataset"),
        ("pollInterval: 5", "pollInterval", "an unknown key", "a known key", "into `sync` of this table"),
        ("credentials: x.json", "credentials", "an unknown key", "a known key", "directly under `bigquery`"),
        ("sync: 5", "sync", "5", "an object", "indented"),
        ("sync: { autoStart: true }", "sync.autoStart", "an unknown key", "a known key", "beside `bigquery`"),
        ("sync: { steadyThreshold: 5 }", "sync.steadyThreshold", "an unknown key", "a known key", "phases"),
        ("sync: { initialBatchSize: 0 }", "sync.initialBatchSize", "0", "from 1 to 100000", "digits only"),
        ("sync: { catchupBatchSize: -5 }", "sync.catchupBatchSize", "-5", "from 1 to 100000", "digits only"),
        ("sync: { steadyBatchSize: 1.5 }", "sync.steadyBatchSize", "1.5", "an integer", "fraction"),
        ("sync: { steadyBatchSize: '5' }", "sync.steadyBatchSize", "\"5\"", "an integer", "no quotes"),
        ("sync: { steadyBatchSize: 4294967297 }", "sync.steadyBatchSize", "4294967297", "an integer", "digits"),
        ("sync: { pollInterval: 0 }", "sync.pollInterval", "0", "from 1ms to", "`30s`"),
        ("sync: { pollInterval: soon }", "sync.pollInterval", "\"soon\"", "a duration", "`10 minutes`"),
        ("sync: { lookback: -10m }", "sync.lookback", "\"-10m\"", "a duration from 0s", "`1h`"),
        ("sync: { lookback: true }", "sync.lookback", "true", "a duration", "milliseconds"),
        ("sync: { lookbackRows: 0 }", "sync.lookbackRows", "0", "an integer from 1", "digits only"),
        ("sync: { probeTrust: never }", "sync.probeTrust", "\"never\"", "a duration", "milliseconds"),
        ("sync: { readers: 0 }", "sync.readers", "0", "`all` or an integer from 1", "`all`"),
        ("sync: { readers: some }", "sync.readers", "\"some\"", "`all`", "digits"),
        ("sync: { startTimestamp: 5 }", "sync.startTimestamp", "5", "a point in time", "quotes"),
        ("sync: { startTimestamp: yesterday }", "sync.startTimestamp", "\"yesterday\"", "point in time", "2025-12-01"),
    ];
    for case in cases {
        let (lines, key, ..) = *case;
        check(&with(lines, ""), &format!("bigquery.tables[0].{key}"), case);
        let (config, _) = parse(&with(lines, ""));
        assert_eq!(config.map(|config| config.tables), Some(vec![]), "{lines}");
    }
}

#[test]
fn missing_names_are_named() {
    let cases: &[Case] = &[
        ("id: orders", "id", "nothing", "without /", "Add `id`"),
        ("dataset: shop", "dataset", "nothing", "BigQuery dataset", "Add `dataset`"),
        ("table: orders", "table", "nothing", "BigQuery table", "Add `table`"),
        ("timestampColumn: created_at", "timestampColumn", "nothing", "BigQuery column", "Add `timestampColumn`"),
        ("targetTable: Orders", "targetTable", "nothing", "Harper table", "Add `targetTable`"),
    ];
    for case in cases {
        let (line, key, ..) = *case;
        check(&with("", "").replacen(line, "numeric: string", 1), &format!("bigquery.tables[0].{key}"), case);
    }
}

#[test]
fn hostile_names_are_refused_wherever_they_stand() {
    for line in ["id: orders", "dataset: shop", "table: orders", "timestampColumn: created_at", "targetTable: Orders"] {
        let (key, _) = line.split_once(": ").unwrap();
        let errors = rejected(&with("", "").replacen(line, &format!("{key}: 'a`/; DROP TABLE x'"), 1));
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert_eq!(errors[0].path, format!("bigquery.tables[0].{key}"));
        assert_eq!(errors[0].found, "\"a`/; DROP TABLE x\"");
    }
}

#[test]
fn what_is_wrong_outside_the_tables_leaves_no_configuration() {
    let cases: &[Case] = &[
        ("projectId: My Project", "bigquery.projectId", "\"My Project\"", "Google Cloud project", "not its title"),
        ("projectId: 5", "bigquery.projectId", "5", "Google Cloud project", "\"5\""),
        ("projectId:", "bigquery.projectId", "nothing", "Google Cloud project", "Add `projectId`"),
        ("projectId: p\n  location: eu west", "bigquery.location", "\"eu west\"", "location", "europe-west1"),
        ("projectId: p\n  maxRetries: -1", "bigquery.maxRetries", "-1", "from 0 to 100", "digits"),
        (
            "projectId: p\n  maxRetrys: 1",
            "bigquery.maxRetrys",
            "an unknown key",
            "a known",
            "Did you mean `maxRetries`?",
        ),
        ("projectId: p\n  initialRetryDelay: 0", "bigquery.initialRetryDelay", "0", "from 1ms to 30s", "milliseconds"),
        ("projectId: p\n  requestTimeout: 2h", "bigquery.requestTimeout", "\"2h\"", "from 1ms to 1h", "milliseconds"),
        ("projectId: p\n  readers: 1", "bigquery.readers", "an unknown key", "a known key", "Put it into `sync`"),
        ("projectId: p\n  apiEndpoint: localhost", "bigquery.apiEndpoint", "\"localhost\"", "http", "http://localhost"),
        ("projectId: p\n  apiEndpoint: 'ftp://x'", "bigquery.apiEndpoint", "\"ftp://x\"", "http", "http://localhost"),
        ("projectId: p\n  apiEndpoint: 'http://x:99999'", "bigquery.apiEndpoint", "\"http://x:99999\"", "http", ""),
        ("projectId: p\n  apiEndpoint: 'http://x/?key=1'", "bigquery.apiEndpoint", "\"http://x/?key=1\"", "http", ""),
        (
            "projectId: p\n  apiEndpoint: 'https://me:hunter2@x'",
            "bigquery.apiEndpoint",
            "an address with a user name (not shown)",
            "http",
            "without user name and password",
        ),
        ("projectId: p\n  dataset: shop", "bigquery.dataset", "\"shop\"", "nothing here", "remove `tables`"),
        ("projectId: p\n  sync: { lookback: x }", "bigquery.sync.lookback", "\"x\"", "a duration", "milliseconds"),
        ("projectId: p\n  validation: true", "bigquery.validation", "true", "an object", "indented"),
    ];
    for case in cases {
        let text = with("", "").replace("projectId: my-project", case.0);
        check(&text, case.1, case);
        assert_eq!(parse(&text).0, None, "{}", case.0);
    }
}

#[test]
fn what_is_wrong_beside_bigquery_leaves_no_configuration() {
    let cases: &[Case] = &[
        ("sync: [1]", "sync", "a list", "an object", "indented"),
        ("sync: { autoStart: 'yes' }", "sync.autoStart", "\"yes\"", "true or false", "without quotes"),
        ("sync: { heartbeat: 200 }", "sync.heartbeat", "200", "a duration from 1s to 1h", "`30s`"),
        ("sync: { threadsPerNode: 0 }", "sync.threadsPerNode", "0", "`all` or an integer", "digits"),
        ("sync: { poll: 5 }", "sync.poll", "an unknown key", "a known key", "Known here: initialBatchSize"),
        ("sync: { catchupThreshold: 5 }", "sync.catchupThreshold", "an unknown key", "a known key", "Remove it"),
        ("validation: { interval: 0 }", "validation.interval", "0", "from 1s to", "seconds (300)"),
        ("validation: { enable: true }", "validation.enable", "an unknown key", "a known", "Did you mean `enabled`?"),
        ("access: { read: viewer }", "access.read", "\"viewer\"", "a list of role names", "in brackets"),
        ("access: { control: [viewer, 5] }", "access.control[1]", "5", "a Harper role", "\"5\""),
        ("access: { write: [viewer] }", "access.write", "an unknown key", "a known key", "Known here: read, control."),
    ];
    for case in cases {
        check(&with("", case.0), case.1, case);
        assert_eq!(parse(&with("", case.0)).0, None, "{}", case.0);
    }
}

#[test]
fn all_errors_come_at_once() {
    let errors = rejected(
        "
bigquery:
  project: my-project
  location: 5
  tables:
    - { id: a, dataset: d, table: 5, timestampColumn: at, targetTable: A, columns: [x], sync: { lookbackRows: 0 } }
    - 5
sync: { autoStart: 1 }
",
    );
    let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "bigquery.project",
            "sync.autoStart",
            "bigquery.projectId",
            "bigquery.location",
            "bigquery.tables[0].sync.lookbackRows",
            "bigquery.tables[0].table",
            "bigquery.tables[0].timestampColumn",
            "bigquery.tables[1]",
        ]
    );
}

#[test]
fn a_second_table_of_the_same_id_or_target_is_left_out() {
    let second = "
    - { id: orders, dataset: shop, table: returns, timestampColumn: at, targetTable: Orders }";
    let (config, errors) = parse(&with("", second));
    assert_eq!(config.unwrap().tables.len(), 1);
    let said: Vec<(&str, &str)> = errors.iter().map(|error| (error.path.as_str(), error.found.as_str())).collect();
    assert_eq!(said, [("bigquery.tables[1].id", "\"orders\""), ("bigquery.tables[1].targetTable", "\"Orders\"")]);
    assert!(errors[1].help.starts_with("bigquery.tables[0] has it already."));
}

#[test]
fn the_plugins_own_tables_are_no_targets() {
    let errors = rejected(&with("", "").replace("targetTable: Orders", "targetTable: SyncAudit"));
    assert_eq!(errors[0].path, "bigquery.tables[0].targetTable");
}

#[test]
fn a_section_stands_in_one_place() {
    let errors = rejected(&with("", "  sync: { lookback: 1h }\nsync: { lookback: 2h }"));
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].path, "bigquery.sync");
    assert!(errors[0].help.contains("beside `bigquery` as well"));
}

#[test]
fn there_must_be_a_table() {
    for tables in ["", "  tables:", "  tables: []", "  tables: orders", "  tables: { orders: {} }"] {
        let (config, errors) = parse(&format!("bigquery:\n  projectId: p\n{tables}\n"));
        assert_eq!(config, None, "{tables}");
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].path, "bigquery.tables");
    }
}

#[test]
fn a_text_without_bigquery_is_told_what_is_near() {
    let cases = [
        ("bigQuery: {}", "Did you mean `bigquery` by `bigQuery`?"),
        ("big_query: {}", "by `big_query`?"),
        ("rest: true\nbigqeury: {}", "by `bigqeury`?"),
        ("rest: true", "Add a section `bigquery`"),
        ("bigquery:", "Add a section `bigquery`"),
    ];
    for (text, help) in cases {
        let errors = rejected(text);
        assert_eq!((errors.len(), errors[0].path.as_str()), (1, "bigquery"), "{text}");
        assert!(errors[0].help.contains(help), "{}", errors[0]);
    }
}

#[test]
fn a_text_that_is_no_object_is_told_so() {
    for (text, found) in [("", "nothing"), ("- 1", "a list"), ("hello", "\"hello\""), ("5", "5"), ("null", "nothing")] {
        let errors = rejected(text);
        assert_eq!((errors[0].path.as_str(), errors[0].found.as_str()), ("configuration", found));
    }
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    let cases = [
        ("bigquery: [1\nsync: 2", "configuration, line 2, column 5"),
        ("bigquery:\n  a: 1\n  a: 2", "configuration, line 2, column 3"),
        ("bigquery: *unknown", "configuration, line 1, column 11"),
        ("a: 1\n---\nb: 2", "configuration"),
        ("? [1]\n: 2", "configuration"),
    ];
    for (text, path) in cases {
        let errors = rejected(text);
        assert_eq!((errors.len(), errors[0].path.as_str()), (1, path), "{text}");
        assert!(errors[0].found.starts_with("text that is not valid ("), "{}", errors[0]);
    }
}

#[test]
fn credentials_are_never_shown() {
    const SECRET: &str = "MIIEvQIBADANBgkqhkiG9w0";
    let values = [
        format!("{{ type: service_account, private_key: {SECRET} }}"),
        format!("'{{\"private_key\": \"{SECRET}\"}}'"),
        format!("\"-----BEGIN PRIVATE KEY-----\\n{SECRET}\""),
        format!("[{SECRET}]"),
        "123456789012345678901234567890".to_owned(),
        "''".to_owned(),
    ];
    for value in values {
        let text = with("", "").replace("  tables:", &format!("  credentials: {value}\n  tables:"));
        let errors = rejected(&text);
        assert_eq!(errors.len(), 1);
        let shown = errors[0].to_string();
        assert!(!shown.contains(SECRET) && !shown.contains("12345"), "{shown}");
    }
    let key = format!("-----BEGIN PRIVATE KEY-----{SECRET}");
    for text in [with(&format!("numeric: {key}"), ""), with(&format!("{SECRET}s: {key}"), "")] {
        assert!(!rejected(&text)[0].to_string().contains(&key));
    }
}

#[test]
fn long_values_are_shortened() {
    let errors = rejected(&with(&format!("numeric: {}", "x".repeat(10_000)), ""));
    assert!(errors[0].found.chars().count() < 70, "{}", errors[0]);
}

#[test]
fn an_error_reads_as_a_sentence() {
    let errors = rejected(&with("sync: { lookbackRows: 0 }", ""));
    assert_eq!(
        errors[0].to_string(),
        "bigquery.tables[0].sync.lookbackRows: found 0, expected an integer from 1 to 10000000. Table `orders`: Write \
         digits only: no quotes, sign, fraction or unit."
    );
}
