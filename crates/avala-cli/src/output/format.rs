//! Output formats.

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
    ("table", Format::Table, "aligned columns; fitted to a terminal, never truncated in a pipe"),
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

    /// Returns whether programs parse all output, including stderr.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::NdJson)
    }
}
