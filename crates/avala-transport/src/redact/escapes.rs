//! Resolves the escapes of HTML, scripts and queries.

/// Number of times that escapes are resolved: text that was escaped twice has `&amp;quot;` or `%2522`.
const ROUNDS: usize = 3;

/// The signs of names and values, as HTML and scripts escape them.
const NAMED: &[(&str, char)] = &[
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&amp;", '&'),
    ("&#34;", '"'),
    ("&#034;", '"'),
    ("&#39;", '\''),
    ("&#039;", '\''),
    ("&#58;", ':'),
    ("&#61;", '='),
    ("&#x22;", '"'),
    ("&#x27;", '\''),
    ("&#x3a;", ':'),
    ("&#x3d;", '='),
    ("\\u0022", '"'),
    ("\\u0026", '&'),
    ("\\u0027", '\''),
    ("\\u003a", ':'),
    ("\\u003c", '<'),
    ("\\u003d", '='),
    ("\\u003e", '>'),
    ("\\x22", '"'),
    ("\\x27", '\''),
    ("\\x3a", ':'),
    ("\\x3d", '='),
];

/// Returns the text with its escapes resolved; `None` if it has none.
pub(super) fn resolved(text: &str) -> Option<String> {
    let mut resolved = once(text)?;
    for _ in 1..ROUNDS {
        match once(&resolved) {
            Some(again) => resolved = again,
            None => break,
        }
    }
    Some(resolved)
}

fn once(text: &str) -> Option<String> {
    let mut resolved = String::new();
    // Everything before `copied` is in `resolved`.
    let (mut copied, mut at) = (0, 0);
    while let Some(offset) = text.get(at..)?.find(['&', '%', '\\']) {
        at += offset;
        match escape(text, at) {
            Some((length, sign)) => {
                resolved.push_str(text.get(copied..at)?);
                resolved.push(sign);
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    resolved.push_str(text.get(copied..)?);
    Some(resolved)
}

/// Returns the length of the escape at `at`, and its value.
fn escape(text: &str, at: usize) -> Option<(usize, char)> {
    let rest = text.as_bytes().get(at..)?;
    if let [b'%', high, low, ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let code = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
        return (b' '..=b'~').contains(&code).then_some((3, char::from(code)));
    }
    let starts = |name: &str| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    NAMED.iter().find(|(name, _)| starts(name)).map(|(name, sign)| (name.len(), *sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_signs_are_resolved() {
        for (escaped, expected) in [
            ("&quot;a&QUOT;: &#39;b&#X27;", "\"a\": 'b'"),
            ("&amp;amp;quot;", "\""),
            ("a%22b%2522%zz%e4", "a\"b\"%zz%e4"),
            ("\\u0022a\\u003A\\x27", "\"a:'"),
        ] {
            assert_eq!(resolved(escaped).as_deref(), Some(expected), "{escaped}");
        }
        for plain in ["", "a & b", "100 %", "a\\nb", "größe%", "%f"] {
            assert_eq!(resolved(plain), None, "{plain}");
        }
    }
}
