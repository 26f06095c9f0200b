//! Output of results: one value, or a list record by record, in each format.

mod delimited;
pub(crate) mod escape;
pub(crate) mod jq;
pub(crate) mod json;
mod list;
mod table;
pub(crate) mod template;
mod yaml;

use std::io::{self, BufWriter, Stdout, Write};

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::jq::Filter;
use crate::output::template::Template;
use crate::terminal::Terminal;

pub(crate) use list::ListWriter;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
    NdJson,
    Csv,
    Tsv,
    Yaml,
    Uids,
}

/// The formats with their names and descriptions, for options and help.
pub(crate) const FORMATS: &[(&str, Format, &str)] = &[
    ("table", Format::Table, "columns for people; fitted to a terminal, never cut in a pipe"),
    ("json", Format::Json, "the API's objects with their types; a list is one array"),
    ("ndjson", Format::NdJson, "one JSON object per line, for streams"),
    ("csv", Format::Csv, "comma-separated values with a header"),
    ("tsv", Format::Tsv, "tab-separated values with a header; tabs and line breaks as \\t and \\n"),
    ("yaml", Format::Yaml, "YAML with the same content as json"),
    ("uids", Format::Uids, "one identifier per line"),
];

impl Format {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(known, ..)| *known == name).map(|(_, format, _)| *format)
    }

    /// Whether programs parse everything that is printed, stderr included.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::NdJson)
    }
}

/// What of a result is printed, and how.
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Paths of the members to print; `None` prints the columns of the command, or everything.
    pub(crate) fields: Option<Vec<String>>,
    /// Sort by this path, `true` descending.
    pub(crate) sort: Option<(String, bool)>,
    pub(crate) jq: Option<Filter>,
    pub(crate) template: Option<Template>,
}

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

    /// The members that `--fields` selects, in its order.
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
