//! Which names are admitted. The rules are BigQuery's own (its pages on datasets, tables and flexible column names) and
//! Harper's; no name that passes needs escaping within backticks.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The kinds of names in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    Project,
    Location,
    Dataset,
    Table,
    Column,
    TargetTable,
    TableId,
    Role,
}

impl NameKind {
    /// Whether the name keeps the rules of its kind.
    pub(super) fn admits(self, name: &str) -> bool {
        let length = name.chars().count();
        (1..=self.longest()).contains(&length)
            && name.chars().all(|character| self.admits_character(character))
            && (self != Self::TargetTable || !name.starts_with(|first: char| first.is_ascii_digit()))
    }

    /// The rule in words.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Project => "the id of a Google Cloud project (a-z, 0-9 and . : -)",
            Self::Location => "a BigQuery location (letters, digits and -)",
            Self::Dataset => "the name of a BigQuery dataset (letters, digits and _)",
            Self::Table => "the name of a BigQuery table (letters, digits, spaces, _ and -)",
            Self::Column => "the name of a BigQuery column (letters, digits, spaces and _ - & % = + : ' < > # |)",
            Self::TargetTable => "the name of a Harper table (letters, digits and _, not beginning with a digit)",
            Self::TableId => "a name without / of at most 200 printable characters",
            Self::Role => "the name of a Harper role",
        }
    }

    /// What to do about a name that is not admitted.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::Project => "Write the project's id, not its title: `projectId: my-project-1234`.",
            Self::Location => {
                "Write it as BigQuery shows it for the dataset: `location: US`, `location: europe-west1`."
            }
            Self::Dataset => "Write the dataset alone: the project stands under `projectId`, the table under `table`.",
            Self::Table => "Write the table alone, without project, dataset, quotes or SQL.",
            Self::Column => {
                "Write the column's name alone, without quotes or SQL; a view in BigQuery can compute columns."
            }
            Self::TargetTable => "Choose a name like `PortEvents`.",
            Self::TableId => "Choose a short name like `port_events`.",
            Self::Role => "Write the role as it is called in Harper.",
        }
    }

    /// In characters.
    fn longest(self) -> usize {
        match self {
            Self::Project | Self::Location => 128,
            Self::Dataset | Self::Table => 1024,
            Self::Column => 300,
            Self::TargetTable | Self::TableId | Self::Role => 200,
        }
    }

    fn admits_character(self, character: char) -> bool {
        match self {
            Self::Project => matches!(character, 'a'..='z' | '0'..='9' | '.' | ':' | '-'),
            Self::Location => character.is_ascii_alphanumeric() || character == '-',
            Self::Dataset | Self::TargetTable => character.is_ascii_alphanumeric() || character == '_',
            Self::Table => is_word_character(character),
            Self::Column => is_word_character(character) || "&%=+:'<>#|".contains(character),
            Self::TableId => character != '/' && is_printable(character),
            Self::Role => is_printable(character),
        }
    }
}

/// Letters, marks, numbers, connectors, dashes and spaces of any script.
fn is_word_character(character: char) -> bool {
    use GeneralCategory::{ConnectorPunctuation, DashPunctuation, SpaceSeparator};
    use GeneralCategoryGroup::{Letter, Mark, Number};
    matches!(character.general_category_group(), Letter | Mark | Number)
        || matches!(character.general_category(), ConnectorPunctuation | DashPunctuation | SpaceSeparator)
}

fn is_printable(character: char) -> bool {
    use GeneralCategory::{LineSeparator, ParagraphSeparator};
    character.general_category_group() != GeneralCategoryGroup::Other
        && !matches!(character.general_category(), LineSeparator | ParagraphSeparator)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 10] = [
        "",
        "a; DROP TABLE x",
        "t` CROSS JOIN `d.secret",
        "(SELECT pw FROM d.secret LIMIT 1) AS leaked",
        "COUNT(*)",
        "back\\slash",
        "new\nline",
        "a.b",
        "a/*b*/",
        "\u{0}",
    ];

    #[test]
    fn nothing_that_could_run_as_sql_is_a_name() {
        for kind in [NameKind::Project, NameKind::Dataset, NameKind::Table, NameKind::Column, NameKind::TargetTable] {
            for name in HOSTILE.into_iter().filter(|&name| !(kind == NameKind::Project && name == "a.b")) {
                assert!(!kind.admits(name), "{kind:?} {name:?}");
            }
        }
    }

    #[test]
    fn every_character_that_could_end_a_quoted_name_is_refused() {
        for kind in [NameKind::Project, NameKind::Dataset, NameKind::Table, NameKind::Column] {
            for character in (0..=0x10ffff_u32).filter_map(char::from_u32) {
                if character == '`' || character == '\\' || character.is_control() {
                    assert!(!kind.admits(&character.to_string()), "{kind:?} {character:?}");
                }
            }
        }
    }

    #[test]
    fn flexible_column_names_are_admitted() {
        for name in [
            "my-col",
            "first name",
            "order",
            "größe",
            "名前",
            "हिन्दी",
            "2nd",
            "a&b",
            "50%",
            "it's",
            "a:b",
            "<x>",
            "#1",
            "a|b",
        ] {
            assert!(NameKind::Column.admits(name), "{name}");
        }
        for character in "!\"$()*,./;?@[\\]^`{}~".chars() {
            assert!(!NameKind::Column.admits(&format!("a{character}b")), "{character}");
        }
        assert!(NameKind::Column.admits(&"é".repeat(300)));
        assert!(!NameKind::Column.admits(&"é".repeat(301)));
    }

    #[test]
    fn each_kind_has_its_rules() {
        let cases = [
            (NameKind::Project, "example.com:my-project-1", true),
            (NameKind::Project, "My_Project", false),
            (NameKind::Location, "europe-west1", true),
            (NameKind::Location, "eu west", false),
            (NameKind::Dataset, "my_dataset_1", true),
            (NameKind::Dataset, "my-dataset", false),
            (NameKind::Table, "my table-1_ä", true),
            (NameKind::Table, "events_*", false),
            (NameKind::Table, "t$20251201", false),
            (NameKind::TargetTable, "_PortEvents1", true),
            (NameKind::TargetTable, "1PortEvents", false),
            (NameKind::TargetTable, "Port-Events", false),
            (NameKind::TableId, "orders (EU), 2nd", true),
            (NameKind::TableId, "eu/orders", false),
            (NameKind::TableId, "zero\u{200b}width", false),
            (NameKind::Role, "data team", true),
        ];
        for (kind, name, expected) in cases {
            assert_eq!(kind.admits(name), expected, "{kind:?} {name}");
        }
        assert!(NameKind::TableId.admits(&"x".repeat(200)));
        assert!(!NameKind::TableId.admits(&"x".repeat(201)));
    }
}
