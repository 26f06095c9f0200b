//! Measures the rows.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::parties::{Figures, Parties, has};
use super::plan::Plan;
use super::report::{Row, median};
use crate::process::log;

/// Rate of each connection of the relay, in bytes per second.
const RELAY_RATE: u64 = 50_000_000;
/// Maximum memory for one file and for many, in MiB: for many, the budget and 16.
const FILE_MIB: f64 = 32.0;
const FILES_MIB: f64 = 64.0 + 16.0;
/// Size of a small file, in bytes.
const SMALL: usize = 20_000;

type Rows = Result<Vec<Row>, String>;

fn row(what: &str, compared_with: &str, goal: impl Into<Option<f64>>, values: Vec<f64>, note: String) -> Row {
    let (what, compared_with) = (what.to_owned(), compared_with.to_owned());
    Row { what, compared_with, goal: goal.into(), values, note }
}

/// Returns a text with the medians of some figures.
fn note(parties: &[(&str, &[Figures])]) -> String {
    let one = |(name, figures): &(&str, &[Figures])| {
        let column = |figure: fn(&Figures) -> f64| median(&figures.iter().map(figure).collect::<Vec<_>>());
        let (wall, cpu) = (column(|figures| figures.wall_ms), column(|figures| figures.cpu_ms));
        format!("{name}: wall {wall:.0} ms, CPU {cpu:.0} ms, {:.1} MiB", column(|figures| figures.peak_mib))
    };
    parties.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn ratios(ours: &[Figures], others: &[Figures], figure: fn(&Figures) -> f64) -> Vec<f64> {
    ours.iter().zip(others).map(|(ours, other)| figure(ours) / figure(other)).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn wall(figures: &Figures) -> f64 {
    figures.wall_ms
}

fn cpu(figures: &Figures) -> f64 {
    figures.cpu_ms
}

/// Uploads with a PUT of curl, which needs the signed header.
fn curl_put(file: &str, url: &str, more: &[&str], parties: &Parties) -> Result<Figures, String> {
    let arguments = ["--silent", "--fail", "-H", "Content-Type: application/octet-stream", "-H", "Expect:"];
    let arguments = [&arguments[..], more, &["-T", file, url]].concat();
    parties.measure(Path::new("curl"), &arguments)
}

/// Measures the upload of a large file over one connection.
pub(super) fn large_upload(parties: &Parties, plan: &Plan) -> Rows {
    let what = format!("upload of {} MiB, one connection", plan.large >> 20);
    let sandbox = parties.sandbox("upload.log", &["--quiet", "--part-size", "134217728"])?;
    let (api, file) = (format!("{}/api/v1", sandbox.url), text(&parties.file("large.mcap", plan.large)?));
    let (mut ours, mut curl, mut hash) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..plan.rounds[0] {
        log(&format!("upload, round {}", round + 1));
        let state = text(&parties.state.join(format!("upload{round}")));
        ours.push(parties.measure_transfers(&["upload", &api, &state, &format!("large{round}"), &file, "1"])?);
        if has("curl") {
            let url = parties.transfers(&["presign", &api, &plan.large.to_string()])?;
            curl.push(curl_put(&file, &url, &[], parties)?);
        }
        hash.push(parties.measure_transfers(&["hash", &file])?);
    }
    let peaks = ours.iter().map(|figures| figures.peak_mib).collect();
    let mut rows = vec![row("peak memory of it, MiB", "curl", FILE_MIB, peaks, String::new())];
    if curl.is_empty() {
        rows.push(Row::skipped(&format!("{what}: wall"), "`curl -T`", 1.05, "no curl"));
        return Ok(rows);
    }
    let without_hash: Vec<f64> = ours
        .iter()
        .zip(&hash)
        .zip(&curl)
        .map(|((ours, hash), curl)| (ours.cpu_ms - hash.cpu_ms) / curl.cpu_ms)
        .collect();
    let notes = note(&[("SDK", &ours), ("curl", &curl), ("SHA-256 alone", &hash)]);
    rows.insert(0, row(&format!("{what}: wall"), "`curl -T`", 1.05, ratios(&ours, &curl, wall), notes));
    rows.insert(1, row("the same: CPU without SHA-256", "`curl -T`", 1.25, without_hash, String::new()));
    rows.insert(2, row("the same: CPU with SHA-256", "`curl -T`", None, ratios(&ours, &curl, cpu), String::new()));
    Ok(rows)
}

/// Measures the upload of the same file in parts over slow connections.
pub(super) fn through_a_relay(parties: &Parties, plan: &Plan) -> Rows {
    let what = "the same in parts with 4 connections, 50 MB/s each: wall";
    if !has("curl") {
        return Ok(vec![Row::skipped(what, "`curl -T`", 0.3, "no curl")]);
    }
    let ca = text(&parties.state.join("ca.pem"));
    let sandbox = parties.sandbox("relay.log", &["--quiet", "--part-size", "16777216", "--tls", "--ca-file", &ca])?;
    let proxy = sandbox.proxy_url.as_deref().ok_or("the sandbox has no proxy")?;
    let port = proxy.rsplit(':').next().unwrap_or_default().trim_end_matches('/');
    let relay = parties.relay(port, RELAY_RATE)?;
    let (api, file) = ("https://api.avala.ai/api/v1", text(&parties.files.join("large.mcap")));
    let (mut ours, mut curl) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds[1] {
        log(&format!("upload through the relay, round {}", round + 1));
        let (state, name) = (text(&parties.state.join(format!("relay{round}"))), format!("relay{round}"));
        let arguments = ["upload", api, &state, &name, &file, "4", &relay.url, &ca];
        ours.push(parties.measure_transfers(&arguments)?);
        let url = parties.transfers(&["presign", api, &plan.large.to_string(), &relay.url, &ca])?;
        curl.push(curl_put(&file, &url, &["--proxy", &relay.url, "--cacert", &ca], parties)?);
    }
    let notes = note(&[("SDK", &ours), ("curl", &curl)]);
    Ok(vec![row(what, "`curl -T`", 0.3, ratios(&ours, &curl, wall), notes)])
}

/// Measures the download of a large export to a folder in memory.
pub(super) fn download(parties: &Parties, plan: &Plan) -> Rows {
    let sandbox = parties.sandbox("download.log", &["--quiet", "--export-size", &plan.large.to_string()])?;
    let api = format!("{}/api/v1", sandbox.url);
    let target = parties.files.join("download.bin");
    let (folder, path) = (text(&parties.files), text(&target));
    let (mut ours, mut curl, mut aria2) = (Vec::new(), Vec::new(), Vec::new());
    let fresh = || {
        // Not there in the first round.
        let _ = fs::remove_file(&target);
    };
    for round in 0..plan.rounds[2] {
        log(&format!("download, round {}", round + 1));
        let export = parties.transfers(&["export", &api])?;
        let export: Value = serde_json::from_str(&export).map_err(|error| format!("{export}: {error}"))?;
        let field = |name: &str| export.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (uid, url) = (field("uid"), field("url"));
        let state = text(&parties.state.join(format!("download{round}")));
        fresh();
        ours.push(parties.measure_transfers(&["download", &api, &state, &uid, &path])?);
        if fs::metadata(&target).map(|file| file.len()).ok() != Some(plan.large) {
            return Err("the SDK did not download all bytes".to_owned());
        }
        if has("curl") {
            fresh();
            curl.push(parties.measure(Path::new("curl"), &["--silent", "--fail", "-o", &path, &url])?);
        }
        if has("aria2c") {
            fresh();
            let options = ["--no-conf", "--quiet", "--file-allocation=none", "-x4", "-s4"];
            let arguments = [&options[..], &["-d", &folder, "-o", "download.bin", &url]].concat();
            aria2.push(parties.measure(Path::new("aria2c"), &arguments)?);
        }
    }
    fresh();
    let what = format!("download of {} MiB with 4 ranges", plan.large >> 20);
    let peaks = ours.iter().map(|figures| figures.peak_mib).collect();
    let memory = row("peak memory of it, MiB", "aria2", FILE_MIB, peaks, String::new());
    if curl.is_empty() || aria2.is_empty() {
        let why = if curl.is_empty() { "no curl" } else { "no aria2" };
        return Ok(vec![Row::skipped(&format!("{what}: wall"), "`aria2c -x4`, curl", 1.0, why), memory]);
    }
    let of_better = |figure: fn(&Figures) -> f64| -> Vec<f64> {
        let better = curl.iter().zip(&aria2).map(|(curl, aria2)| figure(curl).min(figure(aria2)));
        ours.iter().zip(better).map(|(ours, better)| figure(ours) / better).collect()
    };
    let notes = note(&[("SDK", &ours), ("aria2", &aria2), ("curl", &curl)]);
    let with = "the better of `aria2c -x4` and curl";
    Ok(vec![
        row(&format!("{what}: wall"), with, 1.0, of_better(wall), notes),
        row("the same: CPU", with, 1.0, of_better(cpu), String::new()),
        memory,
    ])
}

/// Measures many small files; the figures are per file.
pub(super) fn many_files(parties: &Parties, plan: &Plan) -> Rows {
    let sandbox = parties.sandbox("files.log", &["--quiet"])?;
    let (count, fewer) = plan.files;
    let ours = parties.folder("many", count, SMALL)?;
    let theirs = parties.folder("fewer", fewer, SMALL)?;
    let rows = small_files(parties, &sandbox.url, (&ours, count), (&theirs, fewer), plan.rounds[3])?;
    let what = format!("upload of {count} files of 20 kB");
    let with = format!("official client, {fewer} files, per file");
    let peaks = rows.ours.iter().map(|figures| figures.peak_mib).collect();
    Ok(vec![
        rows.row(&format!("{what}: wall"), &with, 0.1, wall),
        rows.row("the same: CPU", &with, 0.1, cpu),
        row("peak memory of it, MiB", "", FILES_MIB, peaks, String::new()),
    ])
}

/// Measures fewer files with a delay of every response.
pub(super) fn latency(parties: &Parties, plan: &Plan) -> Rows {
    let sandbox = parties.sandbox("latency.log", &["--quiet", "--latency-ms", "50"])?;
    let folder = parties.folder("slow", plan.slow_files, SMALL)?;
    let files = (folder.as_path(), plan.slow_files);
    let rows = small_files(parties, &sandbox.url, files, files, plan.rounds[1])?;
    let what = format!("upload of {} files of 20 kB with 50 ms of latency: wall", plan.slow_files);
    Ok(vec![rows.row(&what, "official client", 0.35, wall)])
}

/// Figures of small files of both clients, per file.
struct SmallFiles {
    ours: Vec<Figures>,
    theirs: Vec<Figures>,
}

impl SmallFiles {
    fn row(&self, what: &str, with: &str, goal: f64, figure: fn(&Figures) -> f64) -> Row {
        if self.theirs.is_empty() {
            return Row::skipped(what, with, goal, "no official client");
        }
        let notes = note(&[("SDK", &self.ours), ("official client", &self.theirs)]);
        row(what, with, goal, ratios(&self.ours, &self.theirs, figure), format!("for 1,000 files, {notes}"))
    }
}

fn small_files(
    parties: &Parties,
    url: &str,
    ours: (&Path, u64),
    theirs: (&Path, u64),
    rounds: usize,
) -> Result<SmallFiles, String> {
    let for_thousand = |figures: Figures, count: u64| {
        let part = 1000.0 / count as f64;
        Figures { wall_ms: figures.wall_ms * part, cpu_ms: figures.cpu_ms * part, ..figures }
    };
    let mut rows = SmallFiles { ours: Vec::new(), theirs: Vec::new() };
    let label = ours.0.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for round in 0..rounds {
        log(&format!("small files, round {}", round + 1));
        let state = text(&parties.state.join(format!("{label}{round}")));
        let arguments = ["upload", &format!("{url}/api/v1"), &state, &format!("{label}{round}"), &text(ours.0), "10"];
        rows.ours.push(for_thousand(parties.measure_transfers(&arguments)?, ours.1));
        if let Some(figures) = parties.official_upload(url, theirs.0, &format!("official-{label}{round}"))? {
            rows.theirs.push(for_thousand(figures, theirs.1));
        }
    }
    Ok(rows)
}

/// Counts the calls of the API per file: the difference between many and few files, so that the calls per run do not
/// count.
pub(super) fn calls(parties: &Parties) -> Rows {
    const FEW: u64 = 100;
    const MANY: u64 = 300;
    let sandbox = parties.sandbox("calls.log", &[])?;
    let (api, log_file) = (format!("{}/api/v1", sandbox.url), parties.state.join("calls.log"));
    let logged = || {
        // The last line is written after its response.
        std::thread::sleep(std::time::Duration::from_millis(300));
        fs::read_to_string(&log_file).unwrap_or_default().matches(" /api/v1/").count()
    };
    let mut counts = Vec::new();
    for files in [FEW, MANY] {
        let (name, folder) = (format!("calls{files}"), text(&parties.folder(&format!("calls{files}"), files, 100)?));
        let state = text(&parties.state.join(&name));
        for _ in 0..2 {
            let before = logged();
            parties.transfers(&["upload", &api, &state, &name, &folder, "10"])?;
            counts.push((logged() - before) as f64);
        }
    }
    let [few, few_again, many, many_again] = counts[..] else { return Err("no counts".to_owned()) };
    let per_file = |many: f64, few: f64| vec![(many - few) / (MANY - FEW) as f64];
    Ok(vec![
        row("API calls per file", "", 2.0, per_file(many, few), String::new()),
        row("API calls per finished file", "", 0.0, per_file(many_again, few_again), String::new()),
    ])
}

/// Measures the memory for a very large sparse file.
pub(super) fn memory(parties: &Parties, plan: &Plan) -> Rows {
    let sandbox = parties.sandbox("memory.log", &["--quiet", "--part-size", "16777216"])?;
    let path = parties.files.join("largest.mcap");
    let sparse = fs::File::create(&path).and_then(|file| file.set_len(plan.largest));
    sparse.map_err(|error| format!("{}: {error}", path.display()))?;
    log("memory");
    let (api, state) = (format!("{}/api/v1", sandbox.url), text(&parties.state.join("largest")));
    let figures = parties.measure_transfers(&["upload", &api, &state, "largest", &text(&path), "10"])?;
    let what = format!("peak memory of an upload of {} GiB (sparse), MiB", plan.largest >> 30);
    Ok(vec![row(&what, "", FILE_MIB, vec![figures.peak_mib], note(&[("SDK", &[figures])]))])
}
