//! Finds the name of a field.

/// Finds a name. It is compared with the one at `next` first, because most servers send fields in the same order each
/// time, and with the others after that.
#[inline]
pub(crate) fn find(names: &[&str], name: &str, next: &mut usize) -> Option<usize> {
    let (before, after) = names.split_at_checked(*next).unwrap_or((names, &[]));
    let place = |names: &[&str]| names.iter().position(|known| *known == name);
    let found = place(after).map(|index| index + before.len()).or_else(|| place(before))?;
    *next = found + 1;
    Some(found)
}
