//! Finds the name of a field.

/// Returns the name in a member, which is `,"name":`.
#[inline]
pub(crate) fn name_in(member: &str) -> &str {
    member.get(2..member.len().saturating_sub(2)).unwrap_or_default()
}

/// Finds a name among members. It is compared with the one at `next` first, because most servers send fields in the same
/// order each time, and with the others after that.
#[inline]
pub(crate) fn find(members: &[&str], name: &str, next: &mut usize) -> Option<usize> {
    let (before, after) = members.split_at_checked(*next).unwrap_or((members, &[]));
    let is_name = |member: &&str| {
        member.len() == name.len() + 4 && member.as_bytes().get(2..2 + name.len()) == Some(name.as_bytes())
    };
    let place = |members: &[&str]| members.iter().position(is_name);
    let found = place(after).map(|index| index + before.len()).or_else(|| place(before))?;
    *next = found + 1;
    Some(found)
}
