//! Updates `docs/performance.md`: each task writes its own sections; the notes are written by hand.

use std::collections::BTreeMap;
use std::fs;

use crate::outcome::Outcome;
use crate::process::root;

const FILE: &str = "docs/performance.md";

/// The sections in the order of the file.
const SECTIONS: &[&str] = &[
    "Goals",
    "Instructions",
    "Measurements",
    "Build cost",
    "Command line",
    "Distribution",
    "Agents",
    "Transfers",
    "Notes",
];

/// Replaces these sections, and the preamble if given.
pub(crate) fn update(preamble: Option<&str>, sections: &[(&'static str, &str)]) -> Outcome {
    let path = root().join(FILE);
    // The file does not exist on the first run.
    let text = updated(&fs::read_to_string(&path).unwrap_or_default(), preamble, sections);
    fs::write(&path, text).map_err(|error| format!("{FILE}: {error}"))
}

fn updated(before: &str, preamble: Option<&str>, sections: &[(&'static str, &str)]) -> String {
    let mut parts = before.split("\n## ");
    let kept = parts.next().unwrap_or_default();
    let mut bodies: BTreeMap<&str, &str> = parts.filter_map(|part| part.split_once('\n')).collect();
    bodies.extend(sections.iter().copied());
    let mut text = preamble.unwrap_or(kept).trim_end().to_owned() + "\n";
    for heading in SECTIONS {
        if let Some(body) = bodies.get(heading) {
            text += &format!("\n## {heading}\n\n{}\n", body.trim());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_replaced_is_kept() {
        let first = updated("", Some("# Title"), &[("Goals", "all met")]);
        assert_eq!(first, "# Title\n\n## Goals\n\nall met\n");
        let second =
            updated(&(first + "\n## Notes\n\nby hand\n"), None, &[("Build cost", "little"), ("Goals", "some")]);
        assert_eq!(second, "# Title\n\n## Goals\n\nsome\n\n## Build cost\n\nlittle\n\n## Notes\n\nby hand\n");
    }
}
