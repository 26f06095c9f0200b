//! Integers that are written as floating point numbers, of any size.

/// Returns the integer in the text of a number, of any size: `1e16` and `9007199254740993.0`.
pub(crate) fn exact_integer(text: &str) -> Option<i128> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let shift = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let digits = format!("{whole}{fraction}");
    if let Ok(zeros) = usize::try_from(shift) {
        // No integer of a model has more digits.
        return (zeros <= 20).then(|| digits + &"0".repeat(zeros))?.parse().ok();
    }
    let kept = digits.len().checked_sub(usize::try_from(shift.checked_neg()?).ok()?)?;
    let (kept, dropped) = digits.split_at_checked(kept)?;
    dropped.bytes().all(|digit| digit == b'0').then(|| kept.parse().ok())?
}

#[cfg(test)]
mod tests {
    use crate::field::{Field, Mode, Slot, read_text};

    #[test]
    fn large_integer_with_a_point_is_exact_from_its_text() {
        let exact = |json: &str| u64::read_slot(&mut serde_json::Deserializer::from_str(json), Mode::Exact).unwrap();
        for (json, expected) in [
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("1e16", 10_000_000_000_000_000),
            ("9007199254740993000e-3", 9_007_199_254_740_993),
            ("1.8446744073709551615e19", u64::MAX),
            ("-0.0", 0),
        ] {
            assert!(matches!(exact(json), Slot::Value(read) if read == expected), "{json}");
            assert_eq!(read_text::<u64>(json, Mode::Strict).unwrap(), expected, "{json}");
        }
        assert_eq!(read_text::<i64>("-1e16", Mode::Strict).unwrap(), -10_000_000_000_000_000);
        for odd in
            ["9007199254740993.5", "1e20", "1e999999999999", "1e-1", "18446744073709551616.0", "\"7.0\"", "-1e16"]
        {
            assert!(matches!(exact(odd), Slot::Odd(json) if json.get() == odd), "{odd}");
            assert!(read_text::<u64>(odd, Mode::Strict).is_err(), "{odd}");
        }
    }
}
