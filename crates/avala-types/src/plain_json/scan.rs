//! Reads the tokens of a JSON text.

use super::decimal::decimal;
use super::skip;
use super::unusual::Unusual;

/// A position in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'de> {
    text: &'de str,
    at: usize,
}

/// A number.
pub(super) enum Number<'de> {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    /// Any other number, whose value takes more work.
    Other(&'de str),
}

/// A string.
pub(super) enum Text<'de> {
    /// Without escapes, and without its quotes.
    Plain(&'de str),
    /// With its quotes: it has to be decoded.
    Escaped(&'de str),
}

/// Maximum number of digits that always fit into 64 bits.
const MAX_DIGITS: usize = 19;

/// Every integer below it is a floating point number.
const EXACT: u64 = 1 << 53;

/// Powers of ten, which are floating point numbers.
const POWERS: [f64; 18] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17];

/// Compares two short texts of the same length. A call of `memcmp` would take longer than the rest of reading a key.
#[inline]
fn is_same(left: &[u8], right: &[u8]) -> bool {
    match left.len() {
        0..4 => left.iter().eq(right),
        4..8 => left.first_chunk::<4>() == right.first_chunk() && left.last_chunk::<4>() == right.last_chunk(),
        8..=16 => left.first_chunk::<8>() == right.first_chunk() && left.last_chunk::<8>() == right.last_chunk(),
        17..=32 => left.first_chunk::<16>() == right.first_chunk() && left.last_chunk::<16>() == right.last_chunk(),
        _ => left == right,
    }
}

impl<'de> Scan<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the number of bytes before the position.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Skips white space and returns the first byte of the next token, which is not taken.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.at = skip::spaces(self.text.as_bytes(), self.at);
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes the next token if it is this punctuation mark.
    #[inline]
    pub(super) fn take(&mut self, mark: u8) -> bool {
        let end = skip::mark(self.text.as_bytes(), self.at, mark);
        self.at = end.unwrap_or(self.at);
        end.is_some()
    }

    /// Takes a key if it is this one, which has no escapes. The position is at its first quote.
    #[inline]
    pub(super) fn take_key(&mut self, key: &str) -> bool {
        let end = self.at + 1 + key.len();
        let bytes = self.text.as_bytes();
        let is_next = bytes.get(end) == Some(&b'"')
            && bytes.get(self.at + 1..end).is_some_and(|text| is_same(text, key.as_bytes()));
        if is_next {
            self.at = end + 1;
        }
        is_next
    }

    /// Takes a member of an object up to its value, if it is this one, as `,"name":`: so if there is no white space. The
    /// first member has no comma before it.
    #[inline]
    pub(super) fn take_member(&mut self, is_first: bool, member: &str) -> bool {
        let member = member.as_bytes().get(usize::from(is_first)..).unwrap_or_default();
        let end = self.at + member.len();
        let is_next = self.text.as_bytes().get(self.at..end).is_some_and(|text| is_same(text, member));
        if is_next {
            self.at = end;
        }
        is_next
    }

    /// Takes a literal such as `true`.
    pub(super) fn literal(&mut self, literal: &str) -> Result<(), Unusual> {
        self.at = skip::literal(self.text.as_bytes(), self.at, literal.as_bytes()).ok_or(Unusual)?;
        Ok(())
    }

    /// Takes a string. The position is at its first quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text<'de>, Unusual> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let end = skip::plain_text(bytes, start + 1);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return self.text.get(start + 1..end).map(Text::Plain).ok_or(Unusual);
        }
        self.at = skip::rest_of_string(bytes, end).ok_or(Unusual)?;
        self.text.get(start..self.at).map(Text::Escaped).ok_or(Unusual)
    }

    /// Takes a number.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number<'de>, Unusual> {
        let start = self.at;
        let mut digits = 0_u64;
        let append = |digit| digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
        let number = skip::number(self.text.as_bytes(), start, append).ok_or(Unusual)?;
        self.at = number.end;
        if number.whole + number.decimals <= MAX_DIGITS && !number.has_exponent {
            if number.decimals > 0 {
                if digits < EXACT
                    && let Some(power) = POWERS.get(number.decimals)
                {
                    // Both are exact, so that their quotient is rounded only once.
                    let value = digits as f64 / power;
                    return Ok(Number::Float(if number.is_negative { -value } else { value }));
                }
            } else if !number.is_negative {
                return Ok(Number::Unsigned(digits));
            } else if let Ok(digits @ 1..) = i64::try_from(digits) {
                return Ok(Number::Negative(-digits));
            }
        }
        self.text.get(start..number.end).map(Number::Other).ok_or(Unusual)
    }

    /// Takes a number of few digits as a floating point number; takes nothing if there is another number, or none.
    #[inline]
    pub(super) fn float(&mut self) -> Option<f64> {
        let bytes = self.text.as_bytes();
        let is_negative = bytes.get(self.at) == Some(&b'-');
        let start = self.at + usize::from(is_negative);
        if let Some(decimal) = decimal(bytes, start)
            && decimal.digits < EXACT
            && let Some(power) = POWERS.get(decimal.decimals)
        {
            self.at = start + decimal.length;
            let value = decimal.digits as f64 / power;
            return Some(if is_negative { -value } else { value });
        }
        self.other_float()
    }

    /// Takes a number with many digits before the point, or at the end of the text.
    fn other_float(&mut self) -> Option<f64> {
        let mut digits = 0_u64;
        let append = |digit| digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
        let number = skip::number(self.text.as_bytes(), self.at, append)?;
        let is_exact = number.whole + number.decimals <= MAX_DIGITS && digits < EXACT && !number.has_exponent;
        let power = POWERS.get(number.decimals).filter(|_| is_exact)?;
        self.at = number.end;
        let value = digits as f64 / power;
        Some(if number.is_negative { -value } else { value })
    }

    /// Takes a whole value, and returns its text.
    pub(super) fn value(&mut self) -> Result<&'de str, Unusual> {
        let start = skip::spaces(self.text.as_bytes(), self.at);
        self.at = skip::value(self.text.as_bytes(), start).ok_or(Unusual)?;
        self.text.get(start..self.at).ok_or(Unusual)
    }
}
