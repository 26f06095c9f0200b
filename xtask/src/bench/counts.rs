//! Counts allocations, which are reproducible.

use serde_json::Value;

use super::programs::{Programs, figures};

#[derive(Default)]
pub(super) struct Counts {
    /// Allocations of a small call, by client.
    pub(super) allocations: Vec<(&'static str, f64)>,
    pub(super) item_bytes: f64,
    pub(super) item_text_bytes: f64,
    /// Peak heap size while streaming items, in bytes.
    pub(super) streamed_bytes: f64,
}

pub(super) fn count(programs: &Programs, port: u16) -> Result<Counts, String> {
    let mut counts = Counts::default();
    let ask = |arguments: &[&str]| figures(programs.client("allocations").args(arguments));
    for client in ["hyper", "hyper-util", "reqwest", "avala"] {
        counts.allocations.push((client, number(&ask(&["call", client, &port.to_string()])?, "allocations_per_call")?));
    }
    let kept = ask(&["kept"])?;
    counts.item_bytes = number(&kept, "item_bytes")?;
    counts.item_text_bytes = number(&kept, "text_bytes")?;
    counts.streamed_bytes = number(&ask(&["streamed", &port.to_string()])?, "most_bytes")?;
    Ok(counts)
}

fn number(figures: &Value, name: &str) -> Result<f64, String> {
    figures.get(name).and_then(Value::as_f64).ok_or_else(|| format!("no {name} in {figures}"))
}
