//! Tables for terminals.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Row, Table};
use unicode_width::UnicodeWidthStr as _;

use crate::data::Data;
use crate::output::{delimited, escape};
use crate::terminal::Terminal;

/// Maximum length of a cell that is laid out on a terminal. The rest would not be visible.
const LONGEST_CELL: usize = 400;

/// Maximum column width of a table without truncation. Columns after a longer cell are not aligned.
const WIDEST_COLUMN: usize = 400;

/// Returns a list as a table with a header.
pub(crate) fn records(columns: &[String], records: &[Data], terminal: &Terminal) -> String {
    let header = columns.iter().map(|column| column.to_uppercase()).collect();
    let row = |record| columns.iter().map(|column| delimited::cell(record, column)).collect();
    let text = layout(std::iter::once(header).chain(records.iter().map(row)).collect(), terminal);
    match text.split_once('\n') {
        Some((header, rest)) if terminal.has_color() => format!("\u{1b}[1m{header}\u{1b}[0m\n{rest}"),
        _ => text,
    }
}

/// Returns an object as two columns, or any other value on one line.
pub(crate) fn details(data: &Data, terminal: &Terminal) -> String {
    let Data::Map(members) = data else { return escape::line(&data.display()).into_owned() + "\n" };
    let row = |name: String, value: &Data| {
        let value = if matches!(value, Data::Null) { "-".to_owned() } else { value.display() };
        vec![name, value]
    };
    let mut rows = Vec::new();
    for (name, value) in members {
        match value {
            // The names are the paths that `--fields` takes.
            Data::Map(inner) if !inner.is_empty() => {
                rows.extend(inner.iter().map(|(member, value)| row(format!("{name}.{member}"), value)));
            }
            value => rows.push(row(name.clone(), value)),
        }
    }
    layout(rows, terminal)
}

/// Formats rows as lines: fitted to a terminal, or complete without a terminal.
fn layout(rows: Vec<Vec<String>>, terminal: &Terminal) -> String {
    let rows = rows.into_iter().map(|row| row.iter().map(|cell| escape::line(cell).into_owned()).collect()).collect();
    match terminal.width() {
        Some(width) => fitted(rows, width),
        None => whole(&rows),
    }
}

fn whole(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default().min(WIDEST_COLUMN)).collect();
    let mut text = String::new();
    for row in rows {
        let start = text.len();
        for (cell, width) in row.iter().zip(&widths) {
            if text.len() > start {
                text.push_str("  ");
            }
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
    }
    text
}

/// Formats each row as one line: a cell that does not fit ends in `...`.
fn fitted(rows: Vec<Vec<String>>, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for cells in rows {
        let mut row = Row::from(cells.into_iter().map(shortened).collect::<Vec<_>>());
        row.max_height(1);
        table.add_row(row);
    }
    let mut text = String::new();
    for line in table.lines() {
        let line = line.trim_end();
        text.push_str(line.strip_prefix(' ').unwrap_or(line));
        text.push('\n');
    }
    text
}

fn shortened(text: String) -> Cell {
    match text.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => Cell::new(&text[..end]),
        None => Cell::new(text),
    }
}
