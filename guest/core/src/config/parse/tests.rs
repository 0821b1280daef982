//! What the configuration accepts, and what it says about the rest.

mod accepts;
mod properties;
mod rejects;

use super::super::{Config, ConfigError, parse};

/// The configuration of a text that has no errors.
fn accepted(text: &str) -> Config {
    let (config, errors) = parse(text);
    assert_eq!(errors, [], "{text}");
    config.expect("no error means a configuration")
}

/// The errors of a text that has some.
fn rejected(text: &str) -> Vec<ConfigError> {
    let (_, errors) = parse(text);
    assert!(!errors.is_empty(), "{text}");
    errors
}

/// A configuration with one table, to which lines are added: settings of the table, and sections of the root.
fn with(table_lines: &str, root_lines: &str) -> String {
    let indented: String = table_lines.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "bigquery:\n  projectId: my-project\n  tables:\n    - id: orders\n      dataset: shop\n      table: orders\n      \
         timestampColumn: created_at\n      targetTable: Orders\n{indented}{root_lines}\n"
    )
}
