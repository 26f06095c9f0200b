//! Prints results: one value, or a list record by record.

use std::cmp::Ordering;
use std::io::{self, BufWriter, Stdout, Write as _};

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::format::Format;
use crate::output::style::Style;
use crate::output::{delimited, escape, json, table, yaml};
use crate::terminal::Terminal;

/// Prints results to stdout.
pub(crate) struct Printer {
    out: BufWriter<Stdout>,
    pub(crate) style: Style,
    pub(crate) terminal: Terminal,
}

impl Printer {
    pub(crate) fn new(style: Style, terminal: Terminal) -> Self {
        Self { out: BufWriter::with_capacity(64 << 10, io::stdout()), style, terminal }
    }

    pub(crate) fn write(&mut self, text: &str) -> Outcome {
        self.out.write_all(text.as_bytes()).map_err(|error| Failure::stdout(&error))
    }

    pub(crate) fn flush(&mut self) -> Outcome {
        self.out.flush().map_err(|error| Failure::stdout(&error))
    }

    /// Prints one result; a list as [`list`](Self::list) does.
    pub(crate) fn value(&mut self, data: &Data, columns: &[&str]) -> Outcome {
        if let Data::List(elements) = data {
            let mut list = self.list(columns);
            for element in elements {
                list.record(element.clone())?;
            }
            return list.finish();
        }
        if let Some(filter) = &self.style.jq {
            let text = filter.lines(data)?;
            self.write(&text)?;
            return self.flush();
        }
        let data = self.selected(data);
        if let Some(template) = &self.style.template {
            let text = template.render(&data)?;
            self.write(&text)?;
            return self.flush();
        }
        let text = match self.style.format {
            Format::Table => table::details(&data, &self.terminal),
            Format::Json => json::pretty(&data, 0) + "\n",
            Format::NdJson => json::compact(&data) + "\n",
            Format::Yaml => yaml::document(&data),
            Format::Uids => data.identity().map(|uid| escape::line(uid).into_owned() + "\n").unwrap_or_default(),
            Format::Csv | Format::Tsv => {
                let columns = delimited::columns_of(&data, &self.style, &[]);
                delimited::header(self.style.format, &columns)?
                    + &delimited::record(self.style.format, &columns, &data)?
            }
        };
        self.write(&text)?;
        self.flush()
    }

    /// Begins a list.
    pub(crate) fn list<'a>(&'a mut self, columns: &'a [&'a str]) -> ListWriter<'a> {
        ListWriter::new(self, columns)
    }

    /// Prints a sentence for people, or a value for programs.
    pub(crate) fn done(&mut self, sentence: &str, data: &Data) -> Outcome {
        let is_selected = self.style.jq.is_some() || self.style.template.is_some() || self.style.fields.is_some();
        if self.style.format == Format::Table && !is_selected {
            self.write(&escape::line(sentence))?;
            self.write("\n")?;
            return self.flush();
        }
        self.value(data, &[])
    }

    /// Returns the members that `--fields` selects, in its order.
    fn selected(&self, data: &Data) -> Data {
        match &self.style.fields {
            Some(fields) if matches!(data, Data::Map(_)) => {
                let member = |path: &String| (path.clone(), data.at(path).cloned().unwrap_or(Data::Null));
                Data::Map(fields.iter().map(member).collect())
            }
            _ => data.clone(),
        }
    }
}

/// A list that is being printed.
///
/// Records are printed as they come, but for tables, `--sort` and `--jq` on an array, which need all of them. A list
/// that is not finished is not complete: its JSON array is not closed.
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
