//! Lists, printed record by record.

use std::cmp::Ordering;

use crate::data::Data;
use crate::failure::Outcome;
use crate::output::{Format, Printer, delimited, escape, json, table, yaml};

/// A list that is being printed.
///
/// Records are printed as they come, but for tables, `--sort` and `--jq` on an array, which need all of them. A list that
/// is not finished is not complete: its JSON array is not closed.
pub(crate) struct ListWriter<'a> {
    printer: &'a mut Printer,
    columns: &'a [&'a str],
    /// The columns of a delimited format, known with the first record.
    header: Option<Vec<String>>,
    /// Records that have to wait for the others.
    kept: Vec<Data>,
    count: usize,
}

impl<'a> ListWriter<'a> {
    pub(crate) fn new(printer: &'a mut Printer, columns: &'a [&'a str]) -> Self {
        Self { printer, columns, header: None, kept: Vec::new(), count: 0 }
    }

    /// Prints or keeps a record.
    pub(crate) fn record(&mut self, record: Data) -> Outcome {
        let style = &self.printer.style;
        let is_filtered_array = style.jq.is_some() && style.format != Format::NdJson;
        let is_table = style.format == Format::Table && style.template.is_none();
        if style.sort.is_some() || is_filtered_array || is_table {
            self.kept.push(record);
            return Ok(());
        }
        self.print(&record)
    }

    /// Writes everything printed so far to stdout, at the end of a page.
    pub(crate) fn flush(&mut self) -> Outcome {
        self.printer.flush()
    }

    /// Ends the list.
    pub(crate) fn finish(mut self) -> Outcome {
        let mut kept = std::mem::take(&mut self.kept);
        let style = &self.printer.style;
        if let Some((path, is_descending)) = &style.sort {
            kept.sort_by(|a, b| {
                let order = compare(a.at(path), b.at(path));
                if *is_descending { order.reverse() } else { order }
            });
        }
        if let (Some(filter), true) = (&style.jq, style.format != Format::NdJson) {
            let text = filter.lines(&Data::List(kept))?;
            self.printer.write(&text)?;
            return self.printer.flush();
        }
        if style.format == Format::Table && style.template.is_none() {
            let columns = delimited::columns_of(kept.first().unwrap_or(&Data::Null), style, self.columns);
            let text = table::records(&columns, &kept, &self.printer.terminal);
            self.printer.write(&text)?;
            return self.printer.flush();
        }
        for record in kept {
            self.print(&record)?;
        }
        let is_empty = self.count == 0;
        let end = match self.printer.style.format {
            _ if self.printer.style.template.is_some() || self.printer.style.jq.is_some() => "",
            Format::Json if is_empty => "[]\n",
            Format::Json => "\n]\n",
            Format::Yaml if is_empty => "[]\n",
            Format::Csv | Format::Tsv if is_empty => {
                let columns = delimited::columns_of(&Data::Null, &self.printer.style, self.columns);
                &delimited::header(self.printer.style.format, &columns)?
            }
            _ => "",
        };
        self.printer.write(end)?;
        self.printer.flush()
    }

    fn print(&mut self, record: &Data) -> Outcome {
        let style = &self.printer.style;
        if let Some(filter) = &style.jq {
            let text = filter.lines(record)?;
            return self.printer.write(&text);
        }
        let record = self.printer.selected(record);
        let text = if let Some(template) = &style.template {
            template.render(&record)?
        } else {
            match style.format {
                Format::Json if self.count == 0 => format!("[\n  {}", json::pretty(&record, 1)),
                Format::Json => format!(",\n  {}", json::pretty(&record, 1)),
                Format::NdJson | Format::Table => json::compact(&record) + "\n",
                Format::Yaml => {
                    let mut text = String::new();
                    yaml::item(&mut text, &record, 0);
                    text
                }
                Format::Uids => record.identity().map(|uid| escape::line(uid).into_owned() + "\n").unwrap_or_default(),
                format @ (Format::Csv | Format::Tsv) => {
                    let mut text = String::new();
                    if self.header.is_none() {
                        let columns = delimited::columns_of(&record, style, self.columns);
                        text = delimited::header(format, &columns)?;
                        self.header = Some(columns);
                    }
                    text + &delimited::record(format, self.header.as_deref().unwrap_or_default(), &record)?
                }
            }
        };
        self.count += 1;
        self.printer.write(&text)
    }
}

/// Numbers by value, everything else by its text; what is missing comes last.
fn compare(a: Option<&Data>, b: Option<&Data>) -> Ordering {
    let is_missing = |value: Option<&Data>| matches!(value, None | Some(Data::Null));
    match (a, b) {
        _ if is_missing(a) || is_missing(b) => is_missing(a).cmp(&is_missing(b)),
        (Some(a), Some(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.display().cmp(&b.display()),
        },
        _ => Ordering::Equal,
    }
}
