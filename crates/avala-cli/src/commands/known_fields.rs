//! The fields of what each call returns, so that a field that a server leaves out is not taken for a misspelled one.

/// Lines of calls and the fields that their results have; a test compares it with the contract.
const TABLE: &str = include_str!("known_fields.txt");

/// Returns the fields of the result of a call, or of its records; none if nothing is known of them.
pub(crate) fn of(call: &str) -> Vec<String> {
    let line = TABLE.lines().find_map(|line| {
        let (calls, fields) = line.split_once(": ")?;
        calls.split(' ').any(|known| known == call).then_some(fields)
    });
    line.into_iter().flat_map(|fields| fields.split(' ')).map(str::to_owned).collect()
}
