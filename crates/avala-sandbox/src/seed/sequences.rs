//! Sequences of frames: a vehicle with six cameras that drives a curve.

use std::f64::consts::TAU;

use avala_types::{DataType, Json};
use serde::Serialize;
use serde_json::json;

use super::items;
use crate::schema::{DatasetSequence, FrameImage, Quat, Vec3};
use crate::state::dataset::{DatasetRow, SequenceRow};
use crate::state::storage::links::link_to;

/// The sequences, by name and number of frames.
const SEQUENCES: [(&str, usize); 3] = [("morning-round", 40), ("noon-round", 12), ("night-round", 5)];

/// A camera of the rig: its name, its direction (in turns, to the left) and whether it is a fisheye.
const CAMERAS: [(&str, f64, bool); 6] = [
    ("front", 0.0, true),
    ("front-left", 0.15, false),
    ("rear-left", 0.35, false),
    ("rear", 0.5, true),
    ("rear-right", 0.65, false),
    ("front-right", 0.85, false),
];

#[derive(Serialize)]
struct Frame {
    key: String,
    timestamp_ns: u64,
    model: &'static str,
    camera_model: Option<&'static str>,
    xi: Option<f64>,
    alpha: Option<f64>,
    device_position: Vec3,
    device_heading: Quat,
    images: Vec<NamedImage>,
}

/// An image with the name of its camera, in one of the fields that uploaders use and that no model has.
#[derive(Serialize)]
struct NamedImage {
    camera: &'static str,
    #[serde(flatten)]
    image: FrameImage,
}

/// Fills a dataset with sequences. Each of their frames is an item.
pub(super) fn add(row: &mut DatasetRow) -> serde_json::Result<()> {
    for (name, frame_count) in SEQUENCES {
        let mut sequence = DatasetSequence::new("");
        sequence.key = Some(name.to_owned());
        sequence.custom_uuid = Some(format!("rig-7/{name}"));
        sequence.status = Some("completed".to_owned());
        sequence.number_of_frames = Some(frame_count as u64);
        sequence.views = Some(json!(CAMERAS.map(|(camera, _, _)| json!({ "camera": camera }))).into());
        sequence.metrics = Some(json!({ "distance_m": frame_count as f64 * 0.5 }).into());
        sequence.dataset_uid = Some(row.dataset.uid.clone());
        sequence.dataset_data_type = Some(DataType::Lidar);
        sequence.device_id = Some("rig-7".to_owned());
        sequence.allow_lidar_calibration = Some(true);
        sequence.lidar_calibration_enabled = Some(true);
        sequence.camera_calibration_enabled = Some(true);
        let frames: Vec<Frame> = (0..frame_count).map(|index| frame(name, index)).collect();
        let frames = Json::encode(&frames)?;
        row.sequences.add(|uid| {
            sequence.uid = uid.into();
            SequenceRow { sequence, frames, outcomes: Vec::new(), objects: Vec::new() }
        });
        items::add_frames(row, name, frame_count)?;
    }
    Ok(())
}

fn frame(sequence: &str, index: usize) -> Frame {
    let turn = index as f64 / 160.0;
    let radius = 20.0;
    Frame {
        key: format!("{sequence}/{index:06}.pcd"),
        timestamp_ns: 1_736_928_000_000_000_000 + index as u64 * 100_000_000,
        model: "pinhole",
        camera_model: None,
        xi: None,
        alpha: None,
        device_position: vec3(radius * sin(turn), radius * (1.0 - cos(turn)), 0.0),
        device_heading: heading(turn),
        images: CAMERAS.iter().map(|camera| image(sequence, index, *camera)).collect(),
    }
}

fn image(sequence: &str, index: usize, (camera, turn, is_fisheye): (&'static str, f64, bool)) -> NamedImage {
    let mut image = FrameImage::new();
    image.image_url = Some(link_to(&format!("demo/sequences/{sequence}/{camera}/{index:06}.jpg")));
    image.position = Some(vec3(0.6 * cos(turn), 0.6 * sin(turn), 2.1));
    image.heading = Some(heading(turn));
    (image.width, image.height) = (Some(1920), Some(1208));
    (image.fx, image.fy) = if is_fisheye { (Some(640.5), Some(640.25)) } else { (Some(1266.417), Some(1266.209)) };
    (image.cx, image.cy) = (Some(959.75), Some(603.5));
    if is_fisheye {
        image.model = Some("doublesphere".to_owned());
        (image.xi, image.alpha) = (Some(-0.18), Some(0.59));
    } else {
        image.model = Some("pinhole".to_owned());
    }
    NamedImage { camera, image }
}

fn vec3(x: f64, y: f64, z: f64) -> Vec3 {
    Vec3 { x: round(x), y: round(y), z: round(z) }
}

/// Returns the orientation after a fraction of a turn to the left.
fn heading(turn: f64) -> Quat {
    Quat { x: 0.0, y: 0.0, z: round(sin(turn / 2.0)), w: round(cos(turn / 2.0)) }
}

fn sin(turn: f64) -> f64 {
    (turn * TAU).sin()
}

fn cos(turn: f64) -> f64 {
    (turn * TAU).cos()
}

/// Rounds to a micrometre, because the last digits of a sine depend on the machine.
fn round(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
