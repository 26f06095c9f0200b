//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Row, Table};

use crate::data::Data;
use crate::output::{delimited, escape};
use crate::terminal::Terminal;

/// Longest cell that is laid out on a terminal; the rest would not be visible anyway.
const LONGEST_CELL: usize = 400;

/// A list as a table with a header.
pub(crate) fn records(columns: &[String], records: &[Data], terminal: &Terminal) -> String {
    let mut table = empty(terminal);
    table.set_header(row(columns.iter().map(|column| column.to_uppercase()), terminal));
    for record in records {
        table.add_row(row(columns.iter().map(|column| delimited::cell(record, column)), terminal));
    }
    let text = finish(&table);
    match text.split_once('\n') {
        Some((header, rest)) if terminal.has_color() => format!("\u{1b}[1m{header}\u{1b}[0m\n{rest}"),
        _ => text,
    }
}

/// An object as two columns, or a plain value on a line.
pub(crate) fn details(data: &Data, terminal: &Terminal) -> String {
    let Data::Map(members) = data else { return escape::line(&data.display()).into_owned() + "\n" };
    let mut table = empty(terminal);
    for (name, value) in members {
        let value = if matches!(value, Data::Null) { "-".to_owned() } else { value.display() };
        table.add_row(row([name.clone(), value].into_iter(), terminal));
    }
    finish(&table)
}

fn empty(terminal: &Terminal) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = terminal.width() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

/// A row of one line: a cell that does not fit a terminal ends in `...`.
fn row(cells: impl Iterator<Item = String>, terminal: &Terminal) -> Row {
    let is_fitted = terminal.width().is_some();
    let cell = |text: String| {
        let text = escape::line(&text);
        match text.char_indices().nth(LONGEST_CELL) {
            Some((end, _)) if is_fitted => Cell::new(&text[..end]),
            _ => Cell::new(text),
        }
    };
    let mut row = Row::from(cells.map(cell).collect::<Vec<_>>());
    if is_fitted {
        row.max_height(1);
    }
    row
}

/// The lines without the padding at both ends.
fn finish(table: &Table) -> String {
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()));
        text.push('\n');
    }
    text
}
