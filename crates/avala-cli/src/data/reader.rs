//! Parses JSON that is known to be valid, in one pass.

use avala_client::types::Json;
use serde::de::Error as _;
use serde_json::value::RawValue;

use crate::data::Data;

/// Maximum nesting that is parsed.
const MAX_DEPTH: usize = 120;

impl Data {
    /// Parses a JSON text.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let valid: &RawValue = serde_json::from_str(text)?;
        Reader::new(valid.get()).read().ok_or_else(|| serde_json::Error::custom("nested too deeply, or not Unicode"))
    }

    /// Parses a value of the client, which is valid JSON. A value that is nested too deeply remains a text.
    pub(crate) fn of(json: &Json) -> Self {
        Reader::new(json.get()).read().unwrap_or_else(|| Self::Text(json.get().to_owned()))
    }
}

/// A position in a valid JSON text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads the value; `None` if it is nested too deeply, or contains a text that is not Unicode.
    fn read(mut self) -> Option<Data> {
        self.value(MAX_DEPTH)
    }

    fn value(&mut self, depth: usize) -> Option<Data> {
        match self.peek()? {
            b'n' => self.skip(4, Data::Null),
            b't' => self.skip(4, Data::Bool(true)),
            b'f' => self.skip(5, Data::Bool(false)),
            b'"' => self.string().map(Data::Text),
            b'[' => self.list(depth.checked_sub(1)?),
            b'{' => self.map(depth.checked_sub(1)?),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Data> {
        let mut elements = Vec::new();
        self.at += 1;
        while self.peek()? != b']' {
            elements.push(self.value(depth)?);
            self.end_of_element()?;
        }
        self.skip(1, Data::List(elements))
    }

    fn map(&mut self, depth: usize) -> Option<Data> {
        let mut members = Vec::new();
        self.at += 1;
        while self.peek()? != b'}' {
            let name = self.string()?;
            self.peek()?;
            // The colon.
            self.at += 1;
            members.push((name, self.value(depth)?));
            self.end_of_element()?;
        }
        self.skip(1, Data::Map(members))
    }

    /// Skips a comma, if there is one.
    fn end_of_element(&mut self) -> Option<()> {
        if self.peek()? == b',' {
            self.at += 1;
        }
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        let quoted = self.text.get(self.at..)?;
        let mut bytes = quoted.bytes().enumerate().skip(1);
        let mut has_escapes = false;
        let end = loop {
            match bytes.next()? {
                (_, b'\\') => {
                    has_escapes = true;
                    bytes.next()?;
                }
                (end, b'"') => break end,
                _ => {}
            }
        };
        self.at += end + 1;
        if has_escapes { serde_json::from_str(quoted.get(..=end)?).ok() } else { quoted.get(1..end).map(str::to_owned) }
    }

    /// Reads a number as its text, which keeps all digits.
    fn number(&mut self) -> Option<Data> {
        let rest = self.text.get(self.at..)?;
        let is_end = |byte: u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
        let length = rest.bytes().position(is_end).unwrap_or(rest.len());
        self.skip(length, Data::Number(rest.get(..length)?.to_owned()))
    }

    /// Returns the next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, bytes: usize, data: Data) -> Option<Data> {
        self.at += bytes;
        Some(data)
    }
}
