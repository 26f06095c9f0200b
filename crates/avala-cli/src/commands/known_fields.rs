//! The fields of the results of each call: a field that the server omits is then not reported as misspelled.

/// One line per call with the fields of its result. A test compares the lines with the contract.
const TABLE: &str = include_str!("known_fields.txt");

/// Returns the fields of the result of a call, or of its records; an empty list if they are unknown.
pub(crate) fn of(call: &str) -> Vec<String> {
    let line = TABLE.lines().find_map(|line| {
        let (calls, fields) = line.split_once(": ")?;
        calls.split(' ').any(|known| known == call).then_some(fields)
    });
    line.into_iter().flat_map(|fields| fields.split(' ')).map(str::to_owned).collect()
}
