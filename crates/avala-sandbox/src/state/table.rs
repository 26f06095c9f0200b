//! A table of rows with UIDs.

use std::collections::{BTreeMap, HashMap};

use crate::error::ApiError;

/// Rows in the order of their creation, each with a UID from the table.
///
/// UIDs are the same in every run: they are computed from the table's scope and a counter.
pub(crate) struct Table<T> {
    scope: u32,
    rows: BTreeMap<u64, T>,
    numbers: HashMap<String, u64>,
    last_number: u64,
}

impl<T> Table<T> {
    /// Creates an empty table. Tables with different scopes give different UIDs.
    pub(crate) fn new(scope: &str) -> Self {
        Self { scope: fnv1a(scope.as_bytes()), rows: BTreeMap::new(), numbers: HashMap::new(), last_number: 0 }
    }

    /// Adds the row that `make` creates from its UID.
    pub(crate) fn add(&mut self, make: impl FnOnce(&str) -> T) -> &mut T {
        self.last_number += 1;
        let number = self.last_number;
        let uid = uid_of(self.scope, number);
        let row = make(&uid);
        self.numbers.insert(uid, number);
        self.rows.entry(number).insert_entry(row).into_mut()
    }

    /// Returns the row with this UID, or 404.
    pub(crate) fn get(&self, uid: impl AsRef<str>) -> Result<&T, ApiError> {
        let number = self.numbers.get(uid.as_ref());
        number.and_then(|number| self.rows.get(number)).ok_or_else(ApiError::not_found)
    }

    /// Returns the row with this UID for a change, or 404.
    pub(crate) fn get_mut(&mut self, uid: impl AsRef<str>) -> Result<&mut T, ApiError> {
        let number = self.numbers.get(uid.as_ref());
        number.and_then(|number| self.rows.get_mut(number)).ok_or_else(ApiError::not_found)
    }

    /// Returns the first row that matches, or 404.
    pub(crate) fn find(&self, fits: impl Fn(&T) -> bool) -> Result<&T, ApiError> {
        self.rows.values().find(|row| fits(row)).ok_or_else(ApiError::not_found)
    }

    /// Returns the first row that matches for a change, or 404.
    pub(crate) fn find_mut(&mut self, fits: impl Fn(&T) -> bool) -> Result<&mut T, ApiError> {
        self.rows.values_mut().find(|row| fits(row)).ok_or_else(ApiError::not_found)
    }

    /// Removes the row with this UID, or 404. Its UID is not used again.
    pub(crate) fn remove(&mut self, uid: impl AsRef<str>) -> Result<T, ApiError> {
        let number = self.numbers.remove(uid.as_ref());
        number.and_then(|number| self.rows.remove(&number)).ok_or_else(ApiError::not_found)
    }

    /// Removes the rows that do not match, and returns their number.
    pub(crate) fn retain(&mut self, fits: impl Fn(&T) -> bool) -> usize {
        let before = self.rows.len();
        self.rows.retain(|_, row| fits(row));
        self.numbers.retain(|_, number| self.rows.contains_key(number));
        before - self.rows.len()
    }

    /// Fails with 400 if a field names a row that does not exist.
    pub(crate) fn require(&self, field: &str, uids: impl IntoIterator<Item: AsRef<str>>) -> Result<(), ApiError> {
        uids.into_iter().try_for_each(|uid| self.get(&uid).map(drop).map_err(|_| ApiError::no_such(field, &uid)))
    }

    /// Returns the rows with their numbers, in the order of their creation.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u64, &T)> {
        self.rows.iter().map(|(number, row)| (*number, row))
    }

    /// Returns the rows in the order of their creation.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &T> + Clone {
        self.rows.values()
    }

    /// Returns the rows for a change, in the order of their creation.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Returns the UID of an object without a table: the same for the same scope and number.
pub(crate) fn uid_in(scope: &str, number: u64) -> String {
    uid_of(fnv1a(scope.as_bytes()), number)
}

fn uid_of(scope: u32, number: u64) -> String {
    format!("{scope:08x}-0000-4000-8000-{number:012x}")
}

/// Returns a hash that stays the same in every run and every build, unlike that of the standard library.
pub(crate) fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_and_their_uids() {
        let mut table = Table::new("letters");
        let uids: Vec<String> = ["b", "a", "c"].map(|letter| table.add(|uid| format!("{letter} {uid}")).clone()).into();
        assert_eq!(table.rows().cloned().collect::<Vec<_>>(), uids);
        for row in &uids {
            let (_, uid) = row.split_once(' ').unwrap();
            assert_eq!(table.get(uid).unwrap(), row);
        }
        assert_eq!(table.get("b"), Err(ApiError::not_found()));
        let mut again = Table::new("letters");
        assert_eq!(*again.add(|uid| format!("b {uid}")), uids[0]);
        assert_ne!(*Table::new("other").add(|uid| format!("b {uid}")), uids[0]);
    }
}
