//! The table of `docs/performance.md`.

use super::parties::Parties;

/// One row: measured values, and the goal.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) compared_with: String,
    /// Maximum value that meets the goal; `None` for a row without a goal.
    pub(super) goal: Option<f64>,
    /// One value per round; empty if nothing could be measured.
    pub(super) values: Vec<f64>,
    /// The figures behind the ratios.
    pub(super) note: String,
}

impl Row {
    pub(super) fn skipped(what: &str, compared_with: &str, goal: f64, why: &str) -> Self {
        Self {
            what: what.to_owned(),
            compared_with: compared_with.to_owned(),
            goal: Some(goal),
            values: Vec::new(),
            note: format!("skipped: {why}"),
        }
    }

    fn verdict(&self) -> &'static str {
        let (Some(goal), false) = (self.goal, self.values.is_empty()) else { return "" };
        if median(&self.values) <= goal { "met" } else { "**missed**" }
    }

    fn line(&self) -> String {
        let number = |value: f64| if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
        let measured = if self.values.is_empty() { String::new() } else { number(median(&self.values)) };
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = if self.values.len() > 1 { format!("{}–{}", number(least), number(most)) } else { String::new() };
        let goal = self.goal.map(number).unwrap_or_default();
        let (what, other, note, verdict) = (&self.what, &self.compared_with, &self.note, self.verdict());
        format!("| {what} | {other} | {goal} | {measured} | {range} | {verdict} | {note} |\n")
    }
}

pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len() % 2 == 1 { at(middle) } else { (at(middle.wrapping_sub(1)) + at(middle)) / 2.0 }
}

pub(super) fn table(rows: &[Row], parties: &Parties) -> String {
    let mut text = format!(
        "Written by `cargo xtask bench transfers`. Each program runs on one core, and the server, a sandbox that counts \
         the bytes that it receives, on the other one, over loopback. A ratio is taken inside a round; the table has the \
         median and the range. CPU time is user and kernel of the whole process, in steps of 10 ms. Files are in memory \
         (tmpfs), the state folder is on disk. Compared with {}.\n\n\
         | work | compared with | goal | measured | range | | medians |\n|---|---|---|---|---|---|---|\n",
        parties.versions()
    );
    for row in rows {
        text += &row.line();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_compared_with_the_goal() {
        let row = |values: &[f64]| Row {
            what: "upload".to_owned(),
            compared_with: "curl".to_owned(),
            goal: Some(1.0),
            values: values.to_vec(),
            note: String::new(),
        };
        assert_eq!(row(&[0.5, 1.5]).line(), "| upload | curl | 1.00 | 1.00 | 0.50–1.50 | met |  |\n");
        assert_eq!(row(&[1.2]).line(), "| upload | curl | 1.00 | 1.20 |  | **missed** |  |\n");
        assert!(Row::skipped("upload", "curl", 1.0, "no curl").line().ends_with("|  | skipped: no curl |\n"));
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert!(median(&[]).is_nan());
    }
}
