//! Prints results: a value, or the records of a list.

use std::io::{self, BufWriter, Stdout, Write as _};

use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome};
use crate::output::format::Format;
use crate::output::style::Style;
use crate::output::{delimited, escape, json, names, table, yaml};
use crate::terminal::Terminal;

/// Prints results to stdout.
pub(crate) struct Printer {
    out: BufWriter<Stdout>,
    pub(crate) style: Style,
    pub(crate) terminal: Terminal,
    unknown_fields: UnknownFields,
    /// Names of fields that a result can have.
    known: Vec<String>,
}

/// How to treat selected fields that the result does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnknownFields {
    /// Wrong usage: nothing is printed.
    Usage,
    /// The change was made, and its result may have a value that cannot be read again, such as a secret: the result is
    /// printed in full, with the exit code of partial success.
    PrintWhole,
    /// The output has records of several kinds: the fields are empty.
    Empty,
}

impl Printer {
    pub(crate) fn new(style: Style, terminal: Terminal) -> Self {
        let out = BufWriter::with_capacity(64 << 10, io::stdout());
        Self { out, style, terminal, unknown_fields: UnknownFields::Usage, known: Vec::new() }
    }

    /// Sets the fields that a result can have.
    pub(crate) fn set_known(&mut self, known: Vec<String>) {
        self.known = known;
    }

    /// Fails if `--fields` has a name that the result of a change cannot have. Called before the change is made.
    pub(crate) fn require_known(&self) -> Outcome {
        let fields = self.style.fields.as_deref().filter(|_| self.style.jq.is_none()).unwrap_or_default();
        match names::unknown("--fields", fields, &self.known, &[]) {
            None => Ok(()),
            Some(unknown) => Err(Failure::usage(format!("{unknown}; nothing was sent, and --jq selects any other"))),
        }
    }

    /// Declares that the command makes a change.
    pub(crate) fn set_changing(&mut self) {
        self.unknown_fields = UnknownFields::PrintWhole;
    }

    /// Declares that records of several kinds are printed, so that a field need not be in the first one.
    pub(crate) fn set_mixed(&mut self) {
        self.unknown_fields = UnknownFields::Empty;
    }

    /// Fails if `--fields` or `--sort` has a name that none of the first records has.
    fn check_names(&mut self, records: &[Data]) -> Outcome {
        if self.unknown_fields == UnknownFields::Empty || records.is_empty() {
            return Ok(());
        }
        let is_selected = self.style.jq.is_none();
        let fields = self.style.fields.as_deref().filter(|_| is_selected);
        let unknown = fields.and_then(|fields| names::unknown("--fields", fields, &self.known, records));
        let sort = self.style.sort.as_ref().map(|(path, _)| std::slice::from_ref(path));
        let unknown = unknown.or_else(|| sort.and_then(|sort| names::unknown("--sort", sort, &self.known, records)));
        let is_changed = self.unknown_fields == UnknownFields::PrintWhole;
        self.unknown_fields = UnknownFields::Empty;
        match unknown {
            None => Ok(()),
            Some(unknown) if is_changed => {
                self.style.fields = None;
                Err(Failure::new(ExitCode::Partial, format!("the command is done, but {unknown}")))
            }
            Some(unknown) => Err(Failure::usage(unknown)),
        }
    }

    pub(crate) fn write(&mut self, text: &str) -> Outcome {
        self.out.write_all(text.as_bytes()).map_err(|error| Failure::stdout(&error))
    }

    pub(crate) fn flush(&mut self) -> Outcome {
        self.out.flush().map_err(|error| Failure::stdout(&error))
    }

    /// Prints a result. A list is printed like with [`list`](Self::list).
    pub(crate) fn value(&mut self, data: &Data, columns: &[&str]) -> Outcome {
        if let Data::List(elements) = data {
            let mut list = self.list(columns);
            for element in elements {
                list.record(element.clone())?;
            }
            return list.finish();
        }
        let names = self.check_names(std::slice::from_ref(data));
        if names.as_ref().is_err_and(|failure| failure.code != ExitCode::Partial) {
            return names;
        }
        self.print_value(data)?;
        names
    }

    fn print_value(&mut self, data: &Data) -> Outcome {
        if let Some(filter) = &self.style.jq {
            filter.write(data, &mut self.out)?;
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

    /// Starts a list.
    pub(crate) fn list<'a>(&'a mut self, columns: &'a [&'a str]) -> ListWriter<'a> {
        ListWriter::new(self, columns)
    }

    /// Returns records sorted and selected by `--sort` and `--fields`, for a part of another value.
    pub(crate) fn select(&mut self, mut records: Vec<Data>) -> Outcome<Vec<Data>> {
        self.check_names(&records)?;
        self.style.sort_records(&mut records);
        let records = records.iter().map(|record| self.selected(record)).collect();
        self.style.fields = None;
        Ok(records)
    }

    /// Prints the result of a change: a sentence on a terminal, or a value for programs.
    pub(crate) fn done(&mut self, sentence: &str, data: &Data) -> Outcome {
        self.set_changing();
        if self.style.format == Format::Table && !self.style.is_selected() {
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
/// Records are printed as they arrive, except with tables, `--sort` and `--jq` on an array, which need all of them. A
/// list that is not finished is not complete: its JSON array is not closed.
pub(crate) struct ListWriter<'a> {
    printer: &'a mut Printer,
    columns: &'a [&'a str],
    /// The columns of a delimited format, determined by the first record.
    header: Option<Vec<String>>,
    /// Records that are printed at the end.
    kept: Vec<Data>,
    /// Whether the names of `--fields` and `--sort` were checked.
    is_checked: bool,
    /// The failure to report after the records.
    failure: Option<Failure>,
    count: usize,
}

impl<'a> ListWriter<'a> {
    pub(crate) fn new(printer: &'a mut Printer, columns: &'a [&'a str]) -> Self {
        Self { printer, columns, header: None, kept: Vec::new(), is_checked: false, failure: None, count: 0 }
    }

    /// Prints or keeps a record.
    pub(crate) fn record(&mut self, record: Data) -> Outcome {
        if self.needs_all() || !self.is_checked {
            self.kept.push(record);
            return Ok(());
        }
        self.print(&record)
    }

    fn needs_all(&self) -> bool {
        let style = &self.printer.style;
        let is_filtered_array = style.jq.is_some() && style.format != Format::NdJson;
        let is_table = style.format == Format::Table && style.template.is_none();
        style.sort.is_some() || is_filtered_array || is_table
    }

    /// Checks the names of the options against the first records.
    fn check_names(&mut self) -> Outcome {
        if !self.is_checked && !self.kept.is_empty() {
            self.is_checked = true;
            match self.printer.check_names(&self.kept) {
                Err(failure) if failure.code == ExitCode::Partial => self.failure = Some(failure),
                checked => return checked,
            }
        }
        Ok(())
    }

    /// Writes everything printed so far to stdout, at the end of a page.
    pub(crate) fn flush(&mut self) -> Outcome {
        self.check_names()?;
        if !self.needs_all() {
            for record in std::mem::take(&mut self.kept) {
                self.print(&record)?;
            }
        }
        self.printer.flush()
    }

    /// Ends the list.
    pub(crate) fn finish(mut self) -> Outcome {
        self.check_names()?;
        let failure = self.failure.take();
        self.end()?;
        failure.map_or(Ok(()), Err)
    }

    fn end(mut self) -> Outcome {
        let mut kept = std::mem::take(&mut self.kept);
        let style = &self.printer.style;
        style.sort_records(&mut kept);
        if let (Some(filter), true) = (&style.jq, style.format != Format::NdJson) {
            filter.write(&Data::List(kept), &mut self.printer.out)?;
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
            return filter.write(record, &mut self.printer.out);
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
