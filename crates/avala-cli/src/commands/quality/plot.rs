//! Plots quality targets: one row per target, with its value as a bar and its threshold as a line.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::escape;

const WIDTH: i32 = 900;
const ROW: i32 = 56;
const TOP: i32 = 64;
const LEFT: i32 = 280;
const RIGHT: i32 = 60;

const MET: RGBColor = RGBColor(46, 125, 50);
const BREACHED: RGBColor = RGBColor(198, 40, 40);
const TRACK: RGBColor = RGBColor(236, 239, 241);
const INK: RGBColor = RGBColor(38, 50, 56);
const QUIET: RGBColor = RGBColor(96, 112, 120);

/// A quality target.
struct Bar {
    name: String,
    metric: String,
    operator: String,
    threshold: f64,
    /// The last value; `None` if the target was never evaluated.
    value: Option<f64>,
    is_breached: bool,
}

/// Converts a record of the API to a bar.
fn bar(target: &Data) -> Bar {
    let text = |name: &str| target.get(name).map(Data::display).unwrap_or_default();
    Bar {
        name: text("name"),
        metric: text("metric"),
        operator: text("operator"),
        threshold: target.get("threshold").and_then(Data::as_f64).unwrap_or_default(),
        value: target.get("last_value").and_then(Data::as_f64),
        is_breached: target.get("is_breached") == Some(&Data::Bool(true)),
    }
}

/// Returns the plot of quality targets as SVG. Each row has its own scale, because metrics have different units.
pub(super) fn svg(title: &str, targets: &[Data]) -> Outcome<String> {
    let bars: Vec<Bar> = targets.iter().map(bar).collect();
    let rows = i32::try_from(bars.len().max(1)).unwrap_or(1);
    let height = u32::try_from(TOP + rows * ROW + 48).unwrap_or(u32::MAX);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH.unsigned_abs(), height)).into_drawing_area();
        draw(&area, title, &bars, height).map_err(|error| Failure::other(format!("cannot draw the plot: {error}")))?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawing = Result<(), DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>>;

fn draw(area: &Area<'_>, title: &str, bars: &[Bar], height: u32) -> Drawing {
    area.fill(&WHITE)?;
    area.draw(&label(title, (24, 18), 22, INK, HPos::Left))?;
    if bars.is_empty() {
        area.draw(&label("The project has no quality targets.", (24, TOP + 12), 15, QUIET, HPos::Left))?;
    }
    for (row, bar) in (0..).zip(bars) {
        draw_row(area, bar, TOP + row * ROW)?;
    }
    let bottom = i32::try_from(height).unwrap_or(i32::MAX) - 28;
    let legend = "bar: last value (green: met, red: breached)  ·  line: threshold  ·  each row has its own scale";
    area.draw(&label(legend, (24, bottom), 13, QUIET, HPos::Left))?;
    area.present()
}

fn draw_row(area: &Area<'_>, bar: &Bar, top: i32) -> Drawing {
    area.draw(&label(&shorten(&bar.name, 32), (24, top + 4), 16, INK, HPos::Left))?;
    let rule = format!("{} {} {}", shorten(&bar.metric, 24), sign(&bar.operator), number(bar.threshold));
    area.draw(&label(&rule, (24, top + 25), 13, QUIET, HPos::Left))?;
    let (start, end) = (LEFT, WIDTH - RIGHT - 60);
    area.draw(&Rectangle::new([(start, top + 8), (end, top + 30)], TRACK.filled()))?;
    let scale = [bar.threshold.abs(), bar.value.unwrap_or_default().abs()].into_iter().fold(0.0, f64::max) * 1.15;
    let at = |value: f64| {
        let share = if scale > 0.0 { (value / scale).clamp(0.0, 1.0) } else { 0.0 };
        start + (share * f64::from(end - start)).round() as i32
    };
    let color = if bar.is_breached { BREACHED } else { MET };
    match bar.value {
        Some(value) => {
            let width = at(value).max(start + 2);
            area.draw(&Rectangle::new([(start, top + 8), (width, top + 30)], color.filled()))?;
            area.draw(&label(&number(value), (end + 10, top + 10), 16, color, HPos::Left))?;
        }
        None => area.draw(&label("not evaluated", (end + 10, top + 12), 13, QUIET, HPos::Left))?,
    }
    let line = at(bar.threshold);
    area.draw(&PathElement::new(vec![(line, top + 2), (line, top + 36)], INK.stroke_width(3)))
}

fn label(text: &str, at: (i32, i32), size: i32, color: RGBColor, side: HPos) -> Text<'static, (i32, i32), String> {
    let style = ("sans-serif", size).into_font().color(&color).pos(Pos::new(side, VPos::Top));
    Text::new(escape::line(text).into_owned(), at, style)
}

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn sign(operator: &str) -> &str {
    match operator {
        "gt" => ">",
        "gte" => "≥",
        "lt" => "<",
        "lte" => "≤",
        other => other,
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let target = Data::parse(
            r#"{"name":"<script>alert(1)</script>\u001b","metric":"iou","operator":"gte","threshold":0,"last_value":null}"#,
        );
        let svg = svg("a & b", &[target.unwrap()]).unwrap();
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;") && !svg.contains('\u{1b}'), "{svg}");
        assert!(svg.contains("a &amp; b") && svg.trim_end().ends_with("</svg>"));
    }
}
