//! Finds problems in the cuboids of one result. Pure functions, no API.

use crate::geometry::{Cuboid, overlap};

/// A cuboid with its label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Labelled {
    pub(crate) label: String,
    pub(crate) cuboid: Cuboid,
}

/// The limits of the checks, in metres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The shortest side.
    pub(crate) min_side: f64,
    /// The longest side.
    pub(crate) max_side: f64,
    /// The range of the sensor.
    pub(crate) max_range: f64,
    /// The largest accepted overlap of two cuboids.
    pub(crate) max_overlap: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_side: 0.1, max_side: 30.0, max_range: 120.0, max_overlap: 0.05 }
    }
}

/// Returns a sentence for each fault: size, range, overlap. Cuboids are named by label and position in the list, from
/// 1.
pub(crate) fn findings(cuboids: &[Labelled], limits: &Limits) -> Vec<String> {
    let named: Vec<(String, &Cuboid)> = cuboids
        .iter()
        .enumerate()
        .map(|(index, labelled)| (format!("{} {}", labelled.label, index + 1), &labelled.cuboid))
        .collect();
    let mut found = Vec::new();
    let mut valid = Vec::new();
    for (name, cuboid) in &named {
        if !cuboid.is_valid() {
            found.push(format!("{name} has a size or position that is not a number, or a side of zero"));
            continue;
        }
        valid.push((name, cuboid));
        let is_small = |side: &&f64| **side < limits.min_side;
        let is_large = |side: &&f64| **side > limits.max_side;
        if let Some(side) = cuboid.size.iter().find(is_small) {
            found.push(format!("{name} has a side of {side:.2} m, at least {} m are expected", limits.min_side));
        }
        if let Some(side) = cuboid.size.iter().find(is_large) {
            found.push(format!("{name} has a side of {side:.1} m, at most {} m are expected", limits.max_side));
        }
        if cuboid.range() > limits.max_range {
            found.push(format!("{name} is {:.0} m away, the sensor sees {} m", cuboid.range(), limits.max_range));
        }
    }
    for (index, (first, a)) in valid.iter().enumerate() {
        for (second, b) in valid.iter().skip(index + 1) {
            let part = overlap(a, b);
            if part > limits.max_overlap {
                found.push(format!("{first} and {second} overlap by {:.0} %", part * 100.0));
            }
        }
    }
    found
}

/// Joins the first findings to one reason, so that it stays short.
pub(crate) fn reason(findings: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut reason = findings.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if let Some(more) = findings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        reason.push_str(&format!("; and {more} more"));
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    fn car(center: [f64; 3], size: [f64; 3]) -> Labelled {
        Labelled { label: "car".to_owned(), cuboid: Cuboid { center, size, yaw: 0.0 } }
    }

    #[test]
    fn good_cuboids_have_no_findings() {
        let cars = [car([10.0, 0.0, 1.0], [4.5, 2.0, 1.5]), car([10.0, 5.0, 1.0], [4.5, 2.0, 1.5])];
        assert!(findings(&cars, &Limits::default()).is_empty());
        assert!(findings(&[], &Limits::default()).is_empty());
    }

    #[test]
    fn each_fault_is_found_with_its_figures() {
        let cars = [
            car([10.0, 0.0, 1.0], [4.0, 2.0, 1.5]),
            car([12.0, 0.0, 1.0], [4.0, 2.0, 1.5]),
            car([200.0, 0.0, 1.0], [4.0, 0.01, 1.5]),
            car([50.0, 0.0, 1.0], [80.0, 2.0, f64::NAN]),
            car([-60.0, 0.0, 1.0], [80.0, 2.0, 1.0]),
        ];
        assert_eq!(
            findings(&cars, &Limits::default()),
            [
                "car 3 has a side of 0.01 m, at least 0.1 m are expected",
                "car 3 is 200 m away, the sensor sees 120 m",
                "car 4 has a size or position that is not a number, or a side of zero",
                "car 5 has a side of 80.0 m, at most 30 m are expected",
                "car 1 and car 2 overlap by 50 %",
            ]
        );
    }

    #[test]
    fn a_reason_is_short() {
        let many: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        assert_eq!(reason(&many), "0; 1; 2; 3; 4; and 95 more");
        assert_eq!(reason(&many[..2]), "0; 1");
    }
}
