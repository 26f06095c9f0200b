//! Reads decimals, up to eight digits at once, before and after the point: most coordinates have three on each side.

/// A number without its sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decimal {
    /// The number without its point.
    pub(super) digits: u64,
    /// How many of the digits are after the point.
    pub(super) decimals: usize,
    /// Length of its text in bytes.
    pub(super) length: usize,
}

/// Powers of ten.
const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// One in each byte.
const ONES: u64 = u64::MAX / 0xff;

/// Returns a byte, changed so that digits are 0 to 9.
const fn value_of(byte: u8) -> u64 {
    (byte ^ b'0') as u64
}

/// Returns the number of digits before the first other byte. Digits are 0 to 9 here; 8 means that there is no other.
#[inline]
fn count_digits(bytes: u64) -> usize {
    let others = ((bytes & (ONES * 0x7f)) + ONES * (0x80 - 10)) | bytes;
    (others & (ONES * 0x80)).trailing_zeros() as usize / 8
}

/// Returns eight bytes of a text, where digits are 0 to 9.
#[inline]
fn eight_at(text: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*text.get(at..)?.first_chunk()?) ^ (ONES * u64::from(b'0')))
}

/// Reads the number at a position of a text. `None` if it has eight digits before the point or more than 64 bits, has an
/// exponent, is at the end of the text, or is not valid.
#[inline]
pub(super) fn decimal(text: &[u8], at: usize) -> Option<Decimal> {
    let (bytes, ninth) = (eight_at(text, at)?, *text.get(at + 8)?);
    let whole = count_digits(bytes);
    // No number begins with zero and another digit.
    if whole == 0 || whole == 8 || (whole > 1 && bytes & 0xff == 0) {
        return None;
    }
    let (mut digits, mut count, mut length) = (bytes, whole, whole);
    if (bytes >> (8 * whole)) & 0xff == value_of(b'.') {
        // Without the point, so that the digits are next to each other.
        let before = (1 << (8 * whole)) - 1;
        digits = (bytes & before) | ((bytes >> 8) & !before) | (value_of(ninth) << 56);
        count = count_digits(digits);
        length = count + 1;
        if count == whole {
            return None;
        }
        if count == 8 {
            return longer(text, at, Decimal { digits: from_digits(digits), decimals: count - whole, length });
        }
    }
    let next = (digits >> (8 * count)) & 0xff;
    if is_exponent(next) {
        return None;
    }
    // The last digit moves to the last byte, and zeros before the first.
    Some(Decimal { digits: from_digits(digits << (64 - 8 * count)), decimals: count - whole, length })
}

#[inline]
fn is_exponent(value: u64) -> bool {
    value == value_of(b'e') || value == value_of(b'E')
}

/// Reads the rest of a number whose first eight digits were read.
fn longer(text: &[u8], at: usize, mut read: Decimal) -> Option<Decimal> {
    loop {
        let bytes = eight_at(text, at + read.length)?;
        let count = count_digits(bytes);
        let more = if count == 0 { 0 } else { from_digits(bytes << (64 - 8 * count)) };
        read.digits = read.digits.checked_mul(*TENS.get(count)?)?.checked_add(more)?;
        read.decimals += count;
        read.length += count;
        if count < 8 {
            return (!is_exponent((bytes >> (8 * count)) & 0xff)).then_some(read);
        }
    }
}

/// Returns the number of eight digits, each of which is a byte; the first byte is the first digit.
///
/// Neighbours are put together three times: to numbers of two digits, of four, and of eight.
#[inline]
fn from_digits(digits: u64) -> u64 {
    const EVERY_FOURTH: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits * 10 + (digits >> 8);
    // The first and the third pair, and the second and the fourth, in the upper half of each product.
    let odd = (pairs & EVERY_FOURTH).wrapping_mul((1_000_000 << 32) + 100);
    let even = ((pairs >> 16) & EVERY_FOURTH).wrapping_mul((10_000 << 32) + 1);
    odd.wrapping_add(even) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Decimal> {
        decimal(format!("x{text}").as_bytes(), 1)
    }

    #[test]
    fn every_split_of_up_to_19_digits_is_read() {
        for count in 1..=19 {
            for whole in 1..=count.min(7) {
                let decimals = count - whole;
                let digits = &"9876543211234567899"[..count];
                let point = if decimals > 0 { "." } else { "" };
                let text = format!("{}{point}{}", &digits[..whole], &digits[whole..]);
                let expected = Decimal { digits: digits.parse().unwrap(), decimals, length: text.len() };
                // What comes after the number is not a part of it.
                for rest in [",\"y\":12.5", "}11111111", "]        ", " ........", "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}"] {
                    assert_eq!(read(&format!("{text}{rest}")), Some(expected), "{text}{rest}");
                }
            }
        }
    }

    #[test]
    fn leading_zeros_are_a_part_of_the_digits_after_the_point_only() {
        assert_eq!(read("0.007,\"y\":1"), Some(Decimal { digits: 7, decimals: 3, length: 5 }));
        assert_eq!(read("0,0000000"), Some(Decimal { digits: 0, decimals: 0, length: 1 }));
        assert_eq!(read("00.5,0000"), None);
        assert_eq!(read("0123,0000"), None);
    }

    #[test]
    fn what_needs_another_look_is_left() {
        for text in [
            "12345678,",
            "12345678.5",
            "1e5,00000",
            "1.5E5,000",
            "1.23456789e5,00000000",
            "1.,000000",
            "1.e5,0000",
            ".5,000000",
            ",00000000",
            "1234567.,",
            "-1.5,0000",
            "1.5",
            "123.45678",
            "1.2345678,",
            "1.23456789012345678901,0000000",
            "18446.744073709551616,0000000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
