//! The quality targets of all active projects as a table, and as a bar chart in SVG.
//!
//! Run it with `cargo run -p avala-examples --bin quality_report`, and with the name of a file to write the SVG there.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::error::Error;
use std::fmt::Write as _;

use avala_client::types::QualityTargetEvaluation;
use avala_examples::connect;

/// A row of the report.
struct Row {
    project: String,
    evaluation: QualityTargetEvaluation,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let connection = connect().await?;
    let avala = &connection.avala;
    let mut rows = Vec::new();
    for project in avala.projects().list().await?.items {
        if project.is_active != Some(true) {
            continue;
        }
        let evaluations = avala.quality_targets().evaluate(&project.uid).await?;
        rows.extend(evaluations.into_iter().map(|evaluation| Row { project: project.name.clone(), evaluation }));
    }

    print!("{}", table(&rows));
    let svg = svg(&rows);
    match std::env::args_os().nth(1) {
        Some(path) => std::fs::write(path, svg)?,
        None => print!("\n{svg}"),
    }
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut table = format!("{:<22} {:<20} {:>8} {:>12}  {}\n", "project", "target", "value", "wanted", "met");
    for Row { project, evaluation } in rows {
        let wanted = format!("{} {}", evaluation.operator, evaluation.threshold);
        let met = if evaluation.is_breached { "no" } else { "yes" };
        let _ = writeln!(
            table,
            "{project:<22} {:<20} {:>8.2} {wanted:>12}  {met}",
            evaluation.name, evaluation.current_value
        );
    }
    table
}

/// Draws one bar per target; its length is the value relative to twice the threshold, and the line marks the threshold.
fn svg(rows: &[Row]) -> String {
    const BAR: f64 = 300.0;
    let height = 24 * rows.len() + 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"620\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n"
    );
    for (index, Row { project, evaluation }) in rows.iter().enumerate() {
        let y = 24 * index + 8;
        let scale = if evaluation.threshold > 0.0 { BAR / 2.0 / evaluation.threshold } else { BAR };
        let width = (evaluation.current_value * scale).clamp(1.0, BAR);
        let color = if evaluation.is_breached { "#c0392b" } else { "#27ae60" };
        let label = escape(&format!("{project}: {}", evaluation.name));
        let _ = writeln!(svg, "  <text x=\"4\" y=\"{}\">{label}</text>", y + 12);
        let _ = writeln!(svg, "  <rect x=\"300\" y=\"{y}\" width=\"{width:.0}\" height=\"16\" fill=\"{color}\"/>");
        if evaluation.threshold > 0.0 {
            let x = 300.0 + BAR / 2.0;
            let _ = writeln!(svg, "  <line x1=\"{x}\" y1=\"{y}\" x2=\"{x}\" y2=\"{}\" stroke=\"#000\"/>", y + 16);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Escapes a name, which can have any character.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
