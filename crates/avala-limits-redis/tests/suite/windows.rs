//! Counts of calls in every window of time.

/// Returns by how many calls the worst window exceeds `rate * T + burst`; negative if none does. Times in seconds.
pub(crate) fn excess(times: &[f64], per_minute: f64, burst: f64) -> f64 {
    let rate = per_minute / 60.0;
    // The worst window ends at a call. `lowest` is the minimum of (calls before - rate * time) over all earlier calls.
    let (mut lowest, mut worst) = (f64::INFINITY, f64::NEG_INFINITY);
    for (index, time) in times.iter().enumerate() {
        lowest = lowest.min(index as f64 - rate * time);
        worst = worst.max((index + 1) as f64 - rate * time - lowest);
    }
    worst - burst
}

/// Returns the maximum number of calls in any minute.
pub(crate) fn busiest_minute(times: &[f64]) -> usize {
    let mut first = 0;
    let count = |(index, time): (usize, &f64)| {
        while *time - times[first] >= 60.0 {
            first += 1;
        }
        index - first + 1
    };
    times.iter().enumerate().map(count).max().unwrap_or(0)
}

/// Returns the share of the rate that was used between the first and the last call.
pub(crate) fn used(times: &[f64], per_minute: f64) -> f64 {
    match times {
        [first, .., last] => (times.len() - 1) as f64 / (last - first) / (per_minute / 60.0),
        _ => 0.0,
    }
}
