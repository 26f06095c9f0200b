//! CSV and TSV.

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::escape;
use crate::output::format::Format;
use crate::output::style::Style;

/// Returns the columns of a list: `--fields`, or those of the command, or the plain members of the first record.
pub(crate) fn columns_of(first: &Data, style: &Style, columns: &[&str]) -> Vec<String> {
    if let Some(fields) = &style.fields {
        return fields.clone();
    }
    if !columns.is_empty() {
        return columns.iter().map(|&column| column.to_owned()).collect();
    }
    match first {
        Data::Map(members) if style.format == Format::Table => {
            members.iter().filter(|(_, value)| value.is_scalar()).map(|(name, _)| name.clone()).take(8).collect()
        }
        Data::Map(members) => members.iter().map(|(name, _)| name.clone()).collect(),
        _ => vec!["value".to_owned()],
    }
}

/// Returns the value in a column. A record that is not an object has one column.
pub(crate) fn cell(record: &Data, column: &str) -> String {
    match record {
        Data::Map(_) => record.at(column).map(Data::display).unwrap_or_default(),
        scalar => scalar.display(),
    }
}

pub(crate) fn header(format: Format, columns: &[String]) -> Outcome<String> {
    line(format, columns.iter().cloned())
}

pub(crate) fn record(format: Format, columns: &[String], record: &Data) -> Outcome<String> {
    line(format, columns.iter().map(|column| cell(record, column)))
}

fn line(format: Format, cells: impl Iterator<Item = String>) -> Outcome<String> {
    if format == Format::Tsv {
        let cells: Vec<String> = cells.map(|cell| escape::line(&cell.replace('\\', "\\\\")).into_owned()).collect();
        return Ok(cells.join("\t") + "\n");
    }
    let invalid = |error: String| Failure::other(format!("cannot write a record as CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(cells.map(|cell| escape::block(&cell).into_owned()))
        .map_err(|error| invalid(error.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| invalid(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_in_their_column() {
        let data = Data::parse(r#"{"a":"x\ty\n\\","b":"q\"u,o\nte","c":"\u001b[31m"}"#).unwrap();
        let columns = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(record(Format::Tsv, &columns, &data).unwrap(), "x\\ty\\n\\\\\tq\"u,o\\nte\t\\u{1b}[31m\n");
        assert_eq!(record(Format::Csv, &columns, &data).unwrap(), "\"x\ty\n\\\",\"q\"\"u,o\nte\",\\u{1b}[31m\n");
    }
}
