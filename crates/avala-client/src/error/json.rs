//! JSON that may be cut: read up to its end or its first error.

use super::limits;

/// A complete value.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Null,
    /// A number or a boolean, as it was written.
    Scalar(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// A value that is nested too deeply.
    TooDeep,
}

/// Result of reading.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    /// The complete values: a list or object may lack its end.
    pub(super) node: Option<Node>,
    pub(super) end: End,
    /// Whether the text is JSON for every parser, and every value of it is in `node`.
    pub(super) is_strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// The text is one value.
    Complete,
    /// The text ends inside the value.
    Cut,
    /// The text is not JSON.
    Invalid,
}

/// Reads `text`. If it `was_cut`, a number at its end may not be complete.
pub(super) fn parse(text: &str, was_cut: bool) -> Parsed {
    let mut parser = Parser { bytes: text.as_bytes(), text, at: 0, was_cut, is_strict: true };
    let (node, mut end) = parser.value(0);
    parser.blank();
    if end == End::Complete && parser.at < parser.bytes.len() {
        end = End::Invalid;
    }
    if end == End::Complete && was_cut {
        end = End::Cut;
    }
    Parsed { node, end, is_strict: parser.is_strict }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    was_cut: bool,
    is_strict: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Returns the value that starts here, as far as it is complete.
    fn value(&mut self, depth: usize) -> (Option<Node>, End) {
        self.blank();
        match self.peek() {
            None => (None, End::Cut),
            Some(b'[' | b'{') if depth >= limits::DEPTH => self.skip(),
            Some(b'[') => {
                let mut items = Vec::new();
                let end = self.list(depth, &mut items);
                (Some(Node::List(items)), end)
            }
            Some(b'{') => {
                let mut pairs = Vec::new();
                let end = self.object(depth, &mut pairs);
                (Some(Node::Object(pairs)), end)
            }
            Some(b'"') => match self.string() {
                Ok(text) => (Some(Node::Text(text)), End::Complete),
                Err(end) => (None, end),
            },
            Some(_) => self.scalar(),
        }
    }

    fn list(&mut self, depth: usize, items: &mut Vec<Node>) -> End {
        self.at += 1;
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return End::Complete;
        }
        loop {
            let (item, end) = self.value(depth + 1);
            items.extend(item);
            if end != End::Complete {
                return end;
            }
            match self.separator(b']') {
                Ok(true) => {}
                Ok(false) => return End::Complete,
                Err(end) => return end,
            }
        }
    }

    fn object(&mut self, depth: usize, pairs: &mut Vec<(String, Node)>) -> End {
        self.at += 1;
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return End::Complete;
        }
        loop {
            self.blank();
            let name = match self.peek() {
                Some(b'"') => match self.string() {
                    Ok(name) => name,
                    Err(end) => return end,
                },
                None => return End::Cut,
                Some(_) => return End::Invalid,
            };
            self.blank();
            match self.peek() {
                Some(b':') => self.at += 1,
                None => return End::Cut,
                Some(_) => return End::Invalid,
            }
            let (value, end) = self.value(depth + 1);
            pairs.extend(value.map(|value| (name, value)));
            if end != End::Complete {
                return end;
            }
            match self.separator(b'}') {
                Ok(true) => {}
                Ok(false) => return End::Complete,
                Err(end) => return end,
            }
        }
    }

    /// Returns whether another item follows.
    fn separator(&mut self, close: u8) -> Result<bool, End> {
        self.blank();
        let byte = self.peek().ok_or(End::Cut)?;
        self.at += 1;
        match byte {
            b',' => Ok(true),
            byte if byte == close => Ok(false),
            _ => Err(End::Invalid),
        }
    }

    /// Returns a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> (Option<Node>, End) {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if self.at == self.bytes.len() && self.was_cut {
            return (None, End::Cut);
        }
        match text {
            "null" => (Some(Node::Null), End::Complete),
            "true" | "false" => (Some(Node::Scalar(text.to_owned())), End::Complete),
            _ if serde_json::from_str::<serde_json::Number>(text).is_ok() => {
                (Some(Node::Scalar(text.to_owned())), End::Complete)
            }
            _ => (None, End::Invalid),
        }
    }

    fn string(&mut self) -> Result<String, End> {
        self.at += 1;
        let mut text = String::new();
        let mut copied = self.at;
        loop {
            let byte = self.peek().ok_or(End::Cut)?;
            if byte == b'"' || byte == b'\\' {
                text.push_str(self.text.get(copied..self.at).unwrap_or_default());
            }
            self.at += 1;
            match byte {
                b'"' => return Ok(text),
                b'\\' => {
                    let escape = self.peek().ok_or(End::Cut)?;
                    self.at += 1;
                    text.push(match escape {
                        b'"' | b'\\' | b'/' => char::from(escape),
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => self.escaped_unit()?,
                        _ => return Err(End::Invalid),
                    });
                    copied = self.at;
                }
                // Other parsers reject these, but the message is still useful.
                0..=0x1f => self.is_strict = false,
                _ => {}
            }
        }
    }

    /// Returns the character of a `\u`, with the second half of a pair if it has one.
    fn escaped_unit(&mut self) -> Result<char, End> {
        let first = self.hex()?;
        if !(0xd800..0xe000).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if first < 0xdc00 && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        self.is_strict = false;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, End> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(End::Cut)?;
        let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16).ok_or(End::Invalid));
        let code = digits.reduce(|code, digit| Ok(code? * 16 + digit?)).unwrap_or(Err(End::Invalid))?;
        self.at += 4;
        Ok(code)
    }

    /// Skips a list or object without recursion.
    fn skip(&mut self) -> (Option<Node>, End) {
        self.is_strict = false;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => match self.string() {
                    Ok(_) => continue,
                    Err(end) => return (None, end),
                },
                b'[' | b'{' => depth += 1,
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return (Some(Node::TooDeep), End::Complete);
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        (None, End::Cut)
    }
}

impl Node {
    /// Returns the value as JSON.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write(&mut json);
        json
    }

    fn write(&self, json: &mut String) {
        match self {
            Self::Null => json.push_str("null"),
            Self::Scalar(text) => json.push_str(text),
            Self::Text(text) => write_string(text, json),
            Self::TooDeep => write_string("…", json),
            Self::List(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    item.write(json);
                }
                json.push(']');
            }
            Self::Object(pairs) => {
                json.push('{');
                for (index, (name, value)) in pairs.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    write_string(name, json);
                    json.push(':');
                    value.write(json);
                }
                json.push('}');
            }
        }
    }

    pub(super) fn get(&self, wanted: &str) -> Option<&Self> {
        match self {
            Self::Object(pairs) => pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn write_string(text: &str, json: &mut String) {
    // This cannot fail: JSON can express every string.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_and_written_unchanged() {
        for text in
            ["null", "[]", "{}", r#"{"a":[1,-2.5e3,true,false,null],"b":{"c":"x\"\\\n"},"a":"again"}"#, r#""größe 🤖""#]
        {
            let parsed = parse(text, false);
            assert_eq!((parsed.end, parsed.is_strict), (End::Complete, true), "{text}");
            assert_eq!(parsed.node.unwrap().to_json(), text);
        }
        let escaped = parse(r#" ["\u0061\ud83e\udd16\/"] "#, false);
        assert_eq!(escaped.node, Some(Node::List(vec![Node::Text("a🤖/".to_owned())])));
    }

    #[test]
    fn values_before_a_cut_are_kept_and_the_cut_value_dropped() {
        let whole = r#"{"detail":"No.","fields":{"a":["x","y"],"n":12},"last":"z"}"#;
        for length in 1..whole.len() {
            let parsed = parse(&whole[..length], true);
            assert_eq!(parsed.end, End::Cut, "{length}");
            let kept = parsed.node.unwrap().to_json();
            assert!(serde_json::from_str::<serde_json::Value>(&kept).is_ok(), "{kept}");
            assert!(["\"No\"", ":1,", ":1}"].iter().all(|half| !kept.contains(half)), "{kept}");
        }
        assert_eq!(parse("12", true).node, None);
    }

    #[test]
    fn text_that_is_not_json_is_invalid() {
        for text in
            ["<html>", "{'a': 1}", "[1,]", "{\"a\" 1}", "{} {}", "nul", "01", "\"\\x\"", "{\"a\":NaN}", "[oops] x"]
        {
            assert_eq!(parse(text, false).end, End::Invalid, "{text}");
        }
        for text in ["", " ", "[", "{\"a\":", "\"x", "\"\\u00"] {
            assert_eq!(parse(text, false).end, End::Cut, "{text}");
        }
    }

    #[test]
    fn deep_values_are_omitted_without_recursion() {
        let deep = format!("{{\"detail\":\"No.\",\"a\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
        let parsed = parse(&deep, false);
        assert_eq!((parsed.end, parsed.is_strict), (End::Complete, false));
        let kept = parsed.node.unwrap().to_json();
        assert!(kept.len() < 300 && serde_json::from_str::<serde_json::Value>(&kept).is_ok(), "{kept}");
        assert_eq!(parse(&"[".repeat(100_000), false).end, End::Cut);
    }

    #[test]
    fn a_lone_surrogate_is_replaced() {
        let parsed = parse(r#""half \ud83d""#, false);
        assert_eq!((parsed.node, parsed.is_strict), (Some(Node::Text("half \u{fffd}".to_owned())), false));
    }
}
