//! Finds where the parts of a JSON text end. Each function takes a position, and returns `None` for what is not valid.

/// Returns the position of the first byte that is not white space.
#[inline]
pub(super) fn spaces(bytes: &[u8], mut at: usize) -> usize {
    // Most texts have no white space here, which one comparison finds.
    if bytes.get(at).is_some_and(|byte| *byte > b' ') {
        return at;
    }
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Returns the position after a punctuation mark, which may follow white space.
#[inline]
pub(super) fn mark(bytes: &[u8], at: usize, mark: u8) -> Option<usize> {
    let at = spaces(bytes, at);
    (bytes.get(at) == Some(&mark)).then_some(at + 1)
}

/// Returns the position after a literal such as `true`.
#[inline]
pub(super) fn literal(bytes: &[u8], at: usize, literal: &[u8]) -> Option<usize> {
    let end = at + literal.len();
    (bytes.get(at..end)? == literal).then_some(end)
}

/// Returns the position of the first byte, from inside a string, that cannot be in a string or that ends it.
#[inline]
pub(super) fn plain_text(bytes: &[u8], mut at: usize) -> usize {
    const LOW: u64 = u64::MAX / 0xff;
    const HIGH: u64 = LOW << 7;
    let mut words = 0;
    // Eight bytes at a time. In `special`, the highest bit of each byte that is special is set. A borrow can set it for
    // others too, but only after the first one.
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let eight = u64::from_le_bytes(*eight);
        let quote = (eight ^ (LOW * 0x22)).wrapping_sub(LOW);
        let backslash = (eight ^ (LOW * 0x5c)).wrapping_sub(LOW);
        let control = eight.wrapping_sub(LOW * 0x20);
        let special = (quote | backslash | control) & !eight & HIGH;
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
        words += 1;
        if words == 4 {
            at = long_text(bytes, at);
        }
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// Skips text in steps of 64 bytes, up to a step that has such a byte: for long texts, such as URLs. The compiler uses
/// vector instructions.
fn long_text(bytes: &[u8], mut at: usize) -> usize {
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>())
        && !block.iter().fold(false, |any, byte| any | is_special(byte))
    {
        at += block.len();
    }
    at
}

/// Returns the position after the closing quote of a string, from inside it.
#[inline]
pub(super) fn rest_of_string(bytes: &[u8], at: usize) -> Option<usize> {
    let end = plain_text(bytes, at);
    if bytes.get(end) == Some(&b'"') { Some(end + 1) } else { rest_with_escapes(bytes, end) }
}

/// Skips the rest of a string with escapes, from before an escape.
fn rest_with_escapes(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => {
                at += match bytes.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                    b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => 6,
                    _ => return None,
                };
            }
            // A control character.
            0..0x20 => return None,
            _ => {}
        }
        at = plain_text(bytes, at);
    }
}

/// Returns the position after some digits, possibly none.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut each: impl FnMut(u8)) -> usize {
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        each(digit - b'0');
        at += 1;
    }
    at
}

/// The parts of a number.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) is_negative: bool,
    /// How many digits there are before the point, or in all.
    pub(super) whole: usize,
    /// How many digits there are after the point; 0 without one.
    pub(super) decimals: usize,
    pub(super) has_exponent: bool,
    /// The position after it.
    pub(super) end: usize,
}

/// Finds the parts of a number, which has no sign except a minus, and no zero before other digits. `each` gets the
/// digits before the exponent.
#[inline]
pub(super) fn number(bytes: &[u8], start: usize, mut each: impl FnMut(u8)) -> Option<Number> {
    let is_negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(is_negative);
    let point = digits(bytes, first, &mut each);
    let whole = point - first;
    if whole == 0 || (whole > 1 && bytes.get(first) == Some(&b'0')) {
        return None;
    }
    let (mut end, mut decimals) = (point, 0);
    if bytes.get(point) == Some(&b'.') {
        end = digits(bytes, point + 1, &mut each);
        decimals = end - point - 1;
        if decimals == 0 {
            return None;
        }
    }
    let has_exponent = matches!(bytes.get(end), Some(b'e' | b'E'));
    if has_exponent {
        end = exponent(bytes, end + 1)?;
    }
    Some(Number { is_negative, whole, decimals, has_exponent, end })
}

/// Returns the position after an exponent, from after its letter.
fn exponent(bytes: &[u8], at: usize) -> Option<usize> {
    let first = at + usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
    let end = digits(bytes, first, |_| {});
    (end > first).then_some(end)
}

/// Returns the position after a whole value, which starts here.
pub(super) fn value(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Open::default();
    loop {
        at = match bytes.get(at)? {
            start @ (b'{' | b'[') => {
                let is_object = *start == b'{';
                let inside = spaces(bytes, at + 1);
                if bytes.get(inside) == Some(&closing(is_object)) {
                    inside + 1
                } else {
                    open.push(is_object)?;
                    at = if is_object { key(bytes, inside)? } else { inside };
                    continue;
                }
            }
            b'"' => rest_of_string(bytes, at + 1)?,
            b't' => literal(bytes, at, b"true")?,
            b'f' => literal(bytes, at, b"false")?,
            b'n' => literal(bytes, at, b"null")?,
            _ => number(bytes, at, |_| {})?.end,
        };
        // After a value: the next one of the innermost list or object, or its end.
        loop {
            let Some(is_object) = open.innermost() else { return Some(at) };
            at = spaces(bytes, at);
            match bytes.get(at)? {
                b',' => {
                    at = spaces(bytes, at + 1);
                    if is_object {
                        at = key(bytes, at)?;
                    }
                    break;
                }
                end if *end == closing(is_object) => open.pop(),
                _ => return None,
            }
            at += 1;
        }
    }
}

/// Returns the position of a value, from its key.
#[inline]
fn key(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let at = mark(bytes, rest_of_string(bytes, at + 1)?, b':')?;
    Some(spaces(bytes, at))
}

#[inline]
fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// The lists and objects around a position, one bit each.
#[derive(Default)]
struct Open {
    are_objects: u64,
    depth: u32,
}

impl Open {
    /// Adds a level; `None` if there are too many.
    #[inline]
    fn push(&mut self, is_object: bool) -> Option<()> {
        if self.depth == u64::BITS {
            return None;
        }
        self.are_objects = self.are_objects << 1 | u64::from(is_object);
        self.depth += 1;
        Some(())
    }

    #[inline]
    fn pop(&mut self) {
        self.are_objects >>= 1;
        self.depth -= 1;
    }

    /// Returns whether the innermost one is an object; `None` outside of them.
    #[inline]
    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.are_objects & 1 == 1)
    }
}
