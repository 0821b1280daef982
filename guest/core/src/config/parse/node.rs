//! Walking a tree of values. A reader returns None when there is nothing to read or when it has put an error on the list;
//! the caller goes on with the default, and looks at the list in the end.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::super::names::NameKind;
use super::super::{ConfigError, duration, suggest};

/// Characters of a text that an error shows.
const LONGEST_SHOWN: usize = 60;

/// Everything found wrong so far.
#[derive(Default)]
pub(super) struct Errors(RefCell<Vec<ConfigError>>);

impl Errors {
    pub(super) fn push(&self, path: &str, found: String, expected: impl Into<String>, help: impl Into<String>) {
        let error = ConfigError { path: path.to_owned(), found, expected: expected.into(), help: help.into() };
        self.0.borrow_mut().push(error);
    }

    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// Says in the help of every error from number `first` on which table it is about.
    pub(super) fn name_table(&self, first: usize, table_id: &str) {
        for error in &mut self.0.borrow_mut()[first..] {
            error.help = format!("Table `{table_id}`: {}", error.help);
        }
    }

    pub(super) fn into_list(self) -> Vec<ConfigError> {
        self.0.into_inner()
    }
}

/// A value and where it stands.
pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
    pub(super) errors: &'a Errors,
}

/// How a plain number is to be read where a duration is expected.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Milliseconds,
    Seconds,
}

impl<'a> Node<'a> {
    pub(super) fn reject(&self, expected: impl Into<String>, help: impl Into<String>) {
        self.errors.push(&self.path, described(self.value), expected, help);
    }

    pub(super) fn text(&self, expected: &str) -> Option<&'a str> {
        if let Value::String(text) = self.value {
            return Some(text);
        }
        let help = match self.value {
            Value::Number(_) | Value::Bool(_) => format!("Put quotes around it: \"{}\".", self.value),
            _ => "Write a text.".to_owned(),
        };
        self.reject(expected, help);
        None
    }

    pub(super) fn name(&self, kind: NameKind) -> Option<&'a str> {
        let name = self.text(kind.rule())?;
        if !kind.admits(name) {
            self.reject(kind.rule(), kind.remedy());
            return None;
        }
        Some(name)
    }

    pub(super) fn flag(&self) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            self.reject("true or false", "Write one of the two, without quotes.");
        }
        flag
    }

    /// An integer within the range.
    pub(super) fn integer<N: TryFrom<u64>>(&self, range: RangeInclusive<u64>) -> Option<N> {
        let number =
            self.value.as_u64().filter(|number| range.contains(number)).and_then(|number| N::try_from(number).ok());
        if number.is_none() {
            let expected = format!("an integer from {} to {}", range.start(), range.end());
            self.reject(expected, "Write digits only: no quotes, sign, fraction or unit.");
        }
        number
    }

    /// A part of a whole, from 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        let share = self.value.as_f64().filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.reject("a number from 0 to 1", "Write 0.03 for three of a hundred.");
        }
        share
    }

    /// Milliseconds of a duration within the range.
    pub(super) fn duration_ms(&self, range_ms: RangeInclusive<u64>, unit: Unit) -> Option<u64> {
        let (factor, example) = match unit {
            Unit::Milliseconds => (1, "milliseconds (30000)"),
            Unit::Seconds => (1_000, "seconds (300)"),
        };
        let duration_ms = match self.value {
            Value::Number(number) => number.as_u64().and_then(|number| number.checked_mul(factor)),
            Value::String(text) => duration::milliseconds(text),
            _ => None,
        };
        let admitted = duration_ms.filter(|duration_ms| range_ms.contains(duration_ms));
        if admitted.is_none() {
            let [shortest, longest] = [*range_ms.start(), *range_ms.end()].map(duration::spelled);
            self.reject(
                format!("a duration from {shortest} to {longest}"),
                format!("Write {example}, or a text with a unit: `30s`, `10 minutes`, `1h`."),
            );
        }
        admitted
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let word = self.value.as_str();
        let chosen = choices.iter().find(|(name, _)| word == Some(*name)).map(|&(_, value)| value);
        if chosen.is_none() {
            let names = || choices.iter().map(|&(name, _)| name);
            let closest = word.and_then(|word| suggest::closest(word, names()));
            let help = closest.map_or("Write one of these words.".to_owned(), |name| format!("Did you mean `{name}`?"));
            self.reject(alternatives(names()), help);
        }
        chosen
    }

    pub(super) fn list(&self, expected: &str) -> Option<Vec<Node<'a>>> {
        let Value::Array(items) = self.value else {
            self.reject(expected, "Write a list, in brackets or as lines that begin with `- `.");
            return None;
        };
        let node = |(index, value)| Node { path: format!("{}[{index}]", self.path), value, errors: self.errors };
        Some(items.iter().enumerate().map(node).collect())
    }

    pub(super) fn object(self) -> Option<Object<'a>> {
        let Value::Object(fields) = self.value else {
            self.reject("an object", "Write `key: value` lines, indented below this key.");
            return None;
        };
        Some(Object { path: self.path, fields, errors: self.errors })
    }
}

/// A value with keys, and where it stands.
pub(super) struct Object<'a> {
    path: String,
    fields: &'a Map<String, Value>,
    pub(super) errors: &'a Errors,
}

/// Keys that are known, but stand in the wrong place, and what to do about them.
pub(super) type Misplaced<'a> = (&'a [&'a str], &'a str);

impl<'a> Object<'a> {
    /// The path of a key, whether it is there or not.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What stands under the key. A key without a value counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.fields.get(key).filter(|value| !value.is_null())?;
        Some(Node { path: self.path_of(key), value, errors: self.errors })
    }

    /// What stands under a key that must be there.
    pub(super) fn required(&self, key: &str, expected: &str) -> Option<Node<'a>> {
        let node = self.get(key);
        if node.is_none() {
            self.errors.push(&self.path_of(key), "nothing".to_owned(), expected, format!("Add `{key}`."));
        }
        node
    }

    pub(super) fn required_name(&self, key: &str, kind: NameKind) -> Option<String> {
        self.required(key, kind.rule())?.name(kind).map(str::to_owned)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.fields.keys().map(String::as_str)
    }

    /// Reports every key that is not known here. Its value is not shown: who knows what it is.
    pub(super) fn reject_unknown(&self, known: &[&str], misplaced: &[Misplaced]) {
        for key in self.keys().filter(|key| !known.contains(key)) {
            let elsewhere = misplaced.iter().find(|(keys, _)| keys.contains(&key)).map(|&(_, help)| help.to_owned());
            let help = elsewhere
                .or_else(|| Some(format!("Did you mean `{}`?", suggest::closest(key, known.iter().copied())?)))
                .unwrap_or_else(|| format!("Known here: {}.", known.join(", ")));
            self.errors.push(
                &self.path_of(&shortened(key, LONGEST_SHOWN)),
                "an unknown key".to_owned(),
                "a known key",
                help,
            );
        }
    }
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

/// A value as errors show it: one short line.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.contains("PRIVATE KEY") => "a private key (not shown)".to_owned(),
        Value::String(text) => format!("{:?}", shortened(text, LONGEST_SHOWN)),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

pub(super) fn shortened(text: &str, longest: usize) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
