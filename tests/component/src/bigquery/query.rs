//! Runs the queries that the engine sends. Not an SQL engine: it knows the shapes of `guest/core/src/sql.rs` and calls
//! everything else a syntax error.

use super::table::{self, Column, Table};
use crate::values::{Value, text};
use ingestor_core::slots::{SlotRange, slot_of, slot_sql};
use ingestor_core::time::MIN;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What a query returned.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Columns of the result.
    pub columns: Vec<Column>,
    /// Rows of the result.
    pub rows: Vec<Vec<Value>>,
    /// The table whose rows of a window it reads, all of them; none when it counts or samples.
    pub reads_from: Option<String>,
}

/// Why a query did not run: BigQuery's reason and message.
#[derive(Debug, Clone)]
pub struct QueryError {
    /// `invalidQuery`, `notFound`
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// In backticks.
    Name(String),
    /// Keywords, functions, numbers.
    Word(String),
    /// `@low`
    Parameter(String),
    /// `>=` and the like.
    Symbol(String),
}

/// Runs `sql` with `queryParameters` of the REST API.
///
/// # Errors
/// When it names what does not exist, or is of no known shape.
pub fn run(sql: &str, parameters: &Json, tables: &BTreeMap<String, Table>) -> Result<Outcome, QueryError> {
    let mut parser = Parser { tokens: tokens(sql)?, at: 0, parameters };
    parser.word("SELECT")?;
    let items = parser.items()?;
    parser.word("FROM")?;
    let source = parser.name()?;
    let is_listing = parser.skip(&symbol("."));
    if is_listing {
        return parser.partitions(tables);
    }
    let table = tables.get(&source).ok_or_else(|| not_found(&source))?;
    let mut rows: Vec<&Vec<Value>> = table.rows.iter().collect();
    if parser.skip(&word("WHERE")) {
        let condition = parser.any_of(table)?;
        rows.retain(|row| condition(row));
    }
    if parser.skip(&word("GROUP")) {
        parser.word("BY")?;
        parser.word("span")?;
        if parser.at == parser.tokens.len() {
            return spans(&items, table, &rows);
        }
    }
    let is_sample = parser.skip(&word("LIMIT"));
    if is_sample {
        let limit = parser.any_word()?.parse().map_err(|_| syntax("a limit"))?;
        rows.truncate(limit);
    }
    if parser.at < parser.tokens.len() {
        return Err(syntax(&format!("{:?}", parser.tokens[parser.at])));
    }
    let outcome = select(&items, table, &rows)?;
    let counts = items.iter().any(|item| matches!(item, Item::Computed { .. }));
    Ok(Outcome { reads_from: (!is_sample && !counts).then_some(source), ..outcome })
}

/// An item of the select list.
enum Item {
    Everything,
    Column(String),
    /// An aggregate, or what rows are grouped by.
    Computed {
        /// The column that it is computed from, if any.
        column: Option<String>,
        /// The last number in it.
        number: Option<i64>,
        alias: String,
    },
}

/// Counts rows by spans of time, as `select_counts` of the core asks for.
fn spans(items: &[Item], table: &Table, rows: &[&Vec<Value>]) -> Result<Outcome, QueryError> {
    let [Item::Computed { column: Some(name), number: Some(width), .. }, ..] = items else {
        return Err(syntax("GROUP BY"));
    };
    let position = column(table, name)?;
    let mut spans: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for at in rows.iter().filter_map(|row| table::micros(&row[position])) {
        let since_year_1 = at - MIN;
        let (count, offset_sum) = spans.entry(since_year_1 / width).or_default();
        *count += 1;
        *offset_sum += since_year_1 % width;
    }
    let columns = ["span", "row_count", "offset_sum"].map(|name| Column::new(name, "INTEGER")).to_vec();
    let row = |(span, (count, offset_sum))| [span, count, offset_sum].map(Value::Int).to_vec();
    Ok(Outcome { columns, rows: spans.into_iter().map(row).collect(), reads_from: None })
}

fn select(items: &[Item], table: &Table, rows: &[&Vec<Value>]) -> Result<Outcome, QueryError> {
    let mut outcome = Outcome::default();
    let mut positions = Vec::new();
    let mut aggregates = Vec::new();
    for item in items {
        match item {
            Item::Everything => positions.extend(0..table.columns.len()),
            Item::Column(name) => positions.push(column(table, name)?),
            Item::Computed { column: name, alias, .. } => {
                let column = name.as_deref().map(|name| column(table, name)).transpose()?;
                let times = || rows.iter().filter_map(|row| table::micros(&row[column?]));
                let (name, value) = match alias.as_str() {
                    "row_count" => ("row_count", Some(rows.len() as i64)),
                    "min_micros" => ("min_micros", times().min()),
                    "max_micros" => ("max_micros", times().max()),
                    other => return Err(syntax(other)),
                };
                outcome.columns.push(Column::new(name, "INTEGER"));
                aggregates.push(value.map_or(Value::Null, Value::Int));
            }
        }
    }
    if !aggregates.is_empty() {
        outcome.rows = vec![aggregates];
        return Ok(outcome);
    }
    outcome.columns = positions.iter().map(|&position| table.columns[position].clone()).collect();
    outcome.rows = rows.iter().map(|row| positions.iter().map(|&position| row[position].clone()).collect()).collect();
    Ok(outcome)
}

/// Whether a row is wanted.
type Condition = Box<dyn Fn(&[Value]) -> bool>;

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    parameters: &'a Json,
}

impl Parser<'_> {
    fn items(&mut self) -> Result<Vec<Item>, QueryError> {
        let mut items = Vec::new();
        loop {
            items.push(match self.next()? {
                Token::Symbol(star) if star == "*" => Item::Everything,
                Token::Name(name) => Item::Column(name),
                Token::Word(_) => {
                    let (mut column, mut number) = (None, None);
                    while !self.skip(&word("AS")) {
                        match self.next()? {
                            Token::Name(name) => column = Some(name),
                            Token::Word(word) => number = word.parse().ok().or(number),
                            _ => {}
                        }
                    }
                    Item::Computed { column, number, alias: self.any_word()? }
                }
                other => return Err(syntax(&format!("{other:?}"))),
            });
            if !self.skip(&symbol(",")) {
                return Ok(items);
            }
        }
    }

    /// Conditions of which one has to hold; AND binds more strongly than OR.
    fn any_of(&mut self, table: &Table) -> Result<Condition, QueryError> {
        let mut conditions = vec![self.all_of(table)?];
        while self.skip(&word("OR")) {
            conditions.push(self.all_of(table)?);
        }
        Ok(Box::new(move |row| conditions.iter().any(|holds| holds(row))))
    }

    fn all_of(&mut self, table: &Table) -> Result<Condition, QueryError> {
        let mut conditions = vec![self.condition(table)?];
        while self.skip(&word("AND")) {
            conditions.push(self.condition(table)?);
        }
        Ok(Box::new(move |row| conditions.iter().all(|holds| holds(row))))
    }

    fn condition(&mut self, table: &Table) -> Result<Condition, QueryError> {
        if self.skip(&symbol("(")) {
            if !matches!(self.tokens.get(self.at), Some(Token::Name(_))) {
                return self.in_slots(table);
            }
            let condition = self.any_of(table)?;
            return if self.skip(&symbol(")")) { Ok(condition) } else { Err(syntax("an open parenthesis")) };
        }
        let position = column(table, &self.name()?)?;
        let micros = move |row: &[Value]| table::micros(&row[position]);
        if self.skip(&word("IS")) {
            let wanted = self.skip(&word("NOT"));
            self.word("NULL")?;
            return Ok(Box::new(move |row| (row[position] != Value::Null) == wanted));
        }
        if self.skip(&word("IN")) {
            let mut wanted = Vec::new();
            while self.skip(&symbol(if wanted.is_empty() { "(" } else { "," })) {
                wanted.push(self.point_in_time()?);
            }
            return match self.next()? {
                Token::Symbol(end) if end == ")" => {
                    Ok(Box::new(move |row| micros(row).is_some_and(|at| wanted.contains(&at))))
                }
                other => Err(syntax(&format!("{other:?}"))),
            };
        }
        let Token::Symbol(operator) = self.next()? else { return Err(syntax("a comparison")) };
        let bound = self.point_in_time()?;
        let holds = move |at: i64| match operator.as_str() {
            ">=" => at >= bound,
            ">" => at > bound,
            "<" => at < bound,
            "<=" => at <= bound,
            _ => at == bound,
        };
        Ok(Box::new(move |row| micros(row).is_some_and(&holds)))
    }

    /// The rest of a condition about slots: `slot_sql` of the core, and the slots.
    fn in_slots(&mut self, table: &Table) -> Result<Condition, QueryError> {
        let start = self.at;
        while !self.skip(&word("BETWEEN")) {
            self.next()?;
        }
        let Some(Token::Name(name)) = self.tokens[start..self.at].iter().find(|it| matches!(it, Token::Name(_))) else {
            return Err(syntax("a hash of no column"));
        };
        let expected = tokens(&format!("{})", slot_sql(&format!("UNIX_MICROS(`{name}`)"))))?;
        if self.tokens[start..self.at - 1] != expected {
            return Err(syntax("another hash than that of slots"));
        }
        let position = column(table, name)?;
        let first = self.any_word()?.parse().ok();
        self.word("AND")?;
        let last = self.any_word()?.parse().ok();
        let slots =
            first.zip(last).and_then(|(first, last)| SlotRange::new(first, last)).ok_or_else(|| syntax("slots"))?;
        Ok(Box::new(move |row| table::micros(&row[position]).is_some_and(|at| slots.contains(slot_of(at)))))
    }

    fn point_in_time(&mut self) -> Result<i64, QueryError> {
        table::parse_micros(&self.parameter()?).ok_or_else(|| syntax("a point in time"))
    }

    /// The rest of a query to `INFORMATION_SCHEMA.PARTITIONS`.
    fn partitions(&mut self, tables: &BTreeMap<String, Table>) -> Result<Outcome, QueryError> {
        while !matches!(self.next()?, Token::Parameter(_)) {}
        self.at -= 1;
        let name = self.parameter()?;
        let table = tables.values().find(|table| table.name == name);
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        if let Some((table, partitioned_by)) = table.and_then(|table| Some((table, table.partitioned_by?))) {
            let position = column(table, partitioned_by)?;
            for row in &table.rows {
                let day = table::micros(&row[position]).map(|at| crate::values::rfc3339(at)[..10].replace('-', ""));
                *counts.entry(day.unwrap_or_else(|| "__NULL__".into())).or_default() += 1;
            }
        }
        let names = [("partition_id", "STRING"), ("total_rows", "INTEGER"), ("total_logical_bytes", "INTEGER")];
        let columns = names.map(|(name, kind)| Column::new(name, kind)).to_vec();
        let rows =
            counts.into_iter().map(|(id, rows)| vec![text(id), Value::Int(rows), Value::Int(rows * 100)]).collect();
        Ok(Outcome { columns, rows, reads_from: None })
    }

    fn parameter(&mut self) -> Result<String, QueryError> {
        let Token::Parameter(name) = self.next()? else { return Err(syntax("a parameter")) };
        let known = self.parameters.as_array().into_iter().flatten().find(|parameter| parameter["name"] == name);
        let value = known.and_then(|parameter| parameter["parameterValue"]["value"].as_str());
        value.map(str::to_owned).ok_or_else(|| QueryError {
            reason: "invalidQuery",
            message: format!("Query parameter '{name}' not found"),
        })
    }

    fn next(&mut self) -> Result<Token, QueryError> {
        let token = self.tokens.get(self.at).cloned().ok_or_else(|| syntax("the end"))?;
        self.at += 1;
        Ok(token)
    }

    fn skip(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, expected: &str) -> Result<(), QueryError> {
        if self.skip(&word(expected)) { Ok(()) } else { Err(syntax(&format!("no {expected}"))) }
    }

    fn any_word(&mut self) -> Result<String, QueryError> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            other => Err(syntax(&format!("{other:?}"))),
        }
    }

    fn name(&mut self) -> Result<String, QueryError> {
        match self.next()? {
            Token::Name(name) => Ok(name),
            other => Err(syntax(&format!("{other:?}"))),
        }
    }
}

fn tokens(sql: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let length = match first {
            '`' => rest[1..].find('`').ok_or_else(|| syntax("an open quote"))? + 2,
            '@' => 1 + rest[1..].find(|character| !is_word(character)).unwrap_or(rest.len() - 1),
            _ if is_word(first) => rest.find(|character| !is_word(character)).unwrap_or(rest.len()),
            '<' | '>' if rest[1..].starts_with('=') => 2,
            _ => first.len_utf8(),
        };
        let (token, tail) = rest.split_at(length);
        tokens.push(match first {
            '`' => Token::Name(token.trim_matches('`').to_owned()),
            '@' => Token::Parameter(token[1..].to_owned()),
            _ if is_word(first) => Token::Word(token.to_owned()),
            _ => Token::Symbol(token.to_owned()),
        });
        rest = tail.trim_start();
    }
    Ok(tokens)
}

fn word(text: &str) -> Token {
    Token::Word(text.to_owned())
}

fn symbol(text: &str) -> Token {
    Token::Symbol(text.to_owned())
}

fn column(table: &Table, name: &str) -> Result<usize, QueryError> {
    let message = || format!("Unrecognized name: {name} at [1:8]");
    table.position(name).ok_or_else(|| QueryError { reason: "invalidQuery", message: message() })
}

fn not_found(source: &str) -> QueryError {
    let message = format!("Not found: Table {} was not found in location US", source.replacen('.', ":", 1));
    QueryError { reason: "notFound", message }
}

fn syntax(at: &str) -> QueryError {
    QueryError { reason: "invalidQuery", message: format!("Syntax error: Unexpected {at} at [1:1]") }
}
