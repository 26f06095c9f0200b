//! Draws `docs/layers.svg`, the layers between a call and the network, from the text in `docs/layers.txt`.

use std::fmt::Write as _;
use std::fs;

use crate::outcome::Outcome;
use crate::process::root;

const TEXT: &str = "docs/layers.txt";
const IMAGE: &str = "docs/layers.svg";

/// Writes the image.
pub(crate) fn write() -> Outcome {
    let path = root().join(IMAGE);
    fs::write(&path, image(&text()?)?).map_err(|error| format!("{IMAGE}: {error}"))
}

/// Fails if the image does not show the text.
pub(crate) fn check() -> Outcome {
    let written = fs::read_to_string(root().join(IMAGE)).unwrap_or_default();
    if written == image(&text()?)? {
        Ok(())
    } else {
        Err(format!("{IMAGE} does not show {TEXT}; run `cargo xtask diagram`"))
    }
}

fn text() -> Result<String, String> {
    fs::read_to_string(root().join(TEXT)).map_err(|error| format!("{TEXT}: {error}"))
}

const WIDTH: usize = 760;
const ROW: usize = 30;

/// Draws a row for each line: `name | description`. A line that begins with `+` is a position for user layers;
/// a line that begins with `#` is a heading.
fn image(text: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let height = lines.len() * ROW + 10;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n  \
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (index, line) in lines.iter().enumerate() {
        let y = index * ROW + 5;
        let baseline = y + 19;
        if let Some(heading) = line.strip_prefix('#') {
            let heading = escape(heading.trim());
            let _ = writeln!(svg, "  <text x=\"8\" y=\"{baseline}\" font-weight=\"bold\">{heading}</text>");
            continue;
        }
        let (is_user, line) = line.strip_prefix('+').map_or((false, *line), |rest| (true, rest));
        let (name, about) =
            line.split_once('|').ok_or_else(|| format!("{TEXT}: `{line}` is not `name | description`"))?;
        let (fill, dash) = if is_user { ("#fff4d6", " stroke-dasharray=\"5 3\"") } else { ("#e8f1fb", "") };
        let (name, about) = (escape(name.trim()), escape(about.trim()));
        let height = ROW - 4;
        let _ = writeln!(
            svg,
            "  <rect x=\"8\" y=\"{y}\" width=\"200\" height=\"{height}\" rx=\"4\" fill=\"{fill}\" stroke=\"#5b7083\"{dash}/>"
        );
        let _ = writeln!(svg, "  <text x=\"18\" y=\"{baseline}\">{name}</text>");
        let _ = writeln!(svg, "  <text x=\"222\" y=\"{baseline}\" fill=\"#33475b\">{about}</text>");
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_row_and_text_is_escaped() {
        let svg = image("# Call\nretry | a < b\n+ yours | your layers\n").unwrap();
        assert_eq!(svg.matches("<rect x=").count(), 2);
        assert!(svg.contains("a &lt; b") && svg.contains("stroke-dasharray"));
        assert!(image("no bar").is_err());
    }
}
