//! Response bodies: built once, always the same.

use std::fmt::Write as _;

use serde_json::json;

/// UID of the small dataset.
pub const DATASET: &str = "550e8400-e29b-41d4-a716-446655440000";
/// The owner of all lists.
pub const OWNER: &str = "acme";
/// The list of 100 large pages.
pub const PAGES: &str = "night-drives";
/// An endless list that repeats the same pages.
pub const ENDLESS: &str = "endless";
/// A list of 20 pages with a delay of 20 ms each.
pub const SLOW: &str = "slow";
/// UID of the sequence.
pub const SEQUENCE: &str = "3f2b8c1e-7a54-4b8e-9d10-5c6f7e8a9b0c";

/// Number of large pages.
pub const PAGE_COUNT: usize = 100;
/// Number of slow pages.
pub const SLOW_PAGE_COUNT: usize = 20;
/// Items per page.
pub const PAGE_ITEMS: usize = 100;
/// Frames of the sequence.
pub const FRAMES: usize = 2_000;
/// Cameras per frame.
pub const CAMERAS: usize = 6;

/// Reproducible numbers that look like measurements.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// Returns a number from 0 to `most`, with three decimals.
    fn decimal(&mut self, most: u64) -> f64 {
        (self.next() % (most * 1_000)) as f64 / 1_000.0
    }
}

/// Returns the small dataset, in about 400 bytes.
#[must_use]
pub fn dataset() -> String {
    format!(
        r#"{{"uid":"{DATASET}","name":"Night drives","slug":"night-drives","item_count":10000,"owner_name":"acme","status":"created","data_type":"lidar","is_sequence":true,"created_at":"2025-01-15T09:30:00.123456Z","updated_at":"2025-03-02T17:45:12.654321Z","visibility":"private","project_count":3,"size_bytes":73400320000,"annotations_count":48213}}"#
    )
}

/// Returns one page of a list. `next` is the path and query of the next page.
#[must_use]
pub fn page(number: usize, next: Option<&str>) -> String {
    let items: Vec<String> = (0..PAGE_ITEMS).map(|index| item(number * PAGE_ITEMS + index)).collect();
    let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
    format!(r#"{{"next":{next},"previous":null,"results":[{}]}}"#, items.join(","))
}

/// Returns one item in about 4.4 kB, most of it annotations. Fields are in the order of the API's own models.
#[must_use]
pub fn item(number: usize) -> String {
    let mut numbers = Numbers(number as u64);
    let uid = make_uid(&mut numbers);
    let metadata = json!({
        "width": 1920, "height": 1080, "frame_id": number, "exposure_us": numbers.next() % 20_000,
        "gps": {"lat": 48.0 + numbers.decimal(1), "lon": 11.0 + numbers.decimal(1), "alt": numbers.decimal(600)},
        "imu": {"accel": [numbers.decimal(9), numbers.decimal(9), 9.81], "gyro": [numbers.decimal(1), 0.001, 0.0]},
        "sensor": {"vendor": "Ouster", "model": "OS1-128", "firmware": "2.5.3"}, "weather": ["night", "rain"],
    });
    let objects: Vec<_> = (0..15)
        .map(|object| {
            let label = ["car", "truck", "pedestrian", "cyclist"][object % 4];
            json!({
                "id": make_uid(&mut numbers), "label": label,
                "box": {
                    "x": numbers.decimal(1_920), "y": numbers.decimal(1_080),
                    "w": numbers.decimal(400), "h": numbers.decimal(300),
                },
                "attributes": {"occluded": object % 3 == 0, "truncated": false, "confidence": numbers.decimal(1)},
                "track": numbers.next() % 500,
            })
        })
        .collect();
    let annotations = json!({"version": 3, "objects": objects});
    format!(
        r#"{{"id":{id},"uid":"{uid}","is_hidden":false,"key":"drives/2025-01-15/frame-{number:06}.pcd","dataset":"{DATASET}","dataset_owner_name":"acme","dataset_slug":"night-drives","url":"https://storage.avala.ai/acme/night-drives/frame-{number:06}.pcd?X-Amz-Expires=3600&X-Amz-Signature={signature}","gpu_texture_url":null,"thumbnails":["https://storage.avala.ai/t/{uid}/128.jpg","https://storage.avala.ai/t/{uid}/512.jpg"],"video_thumbnail":null,"metadata":{metadata},"export_snippet":{{"image":{{"id":{id},"file_name":"frame-{number:06}.png","license":1}}}},"annotations":{annotations},"crop_data":null,"related_items":[{{"uid":"{uid}","role":"camera_front"}},{{"uid":"{uid}","role":"camera_rear"}}],"related_sequence_uid":"{SEQUENCE}","created_at":"2025-01-15T09:30:00.{micros:06}Z","updated_at":"2025-03-02T17:45:12.{micros:06}Z"}}"#,
        id = 1_000_000 + number,
        signature = make_uid(&mut numbers).replace('-', "").repeat(2),
        micros = numbers.next() % 1_000_000,
    )
}

/// Returns the sequence: 2,000 frames from 6 cameras, in about 6.4 MB.
#[must_use]
pub fn sequence() -> String {
    let mut numbers = Numbers(7);
    let frames: Vec<String> = (0..FRAMES).map(|index| frame(index, &mut numbers)).collect();
    format!(
        r#"{{"uid":"{SEQUENCE}","is_hidden":false,"key":"drives/2025-01-15","custom_uuid":null,"status":"annotating","featured_image":null,"number_of_frames":{FRAMES},"views":[{{"camera":"front"}}],"crop_data":null,"predefined_labels":[],"frames":[{}],"metrics":{{"distance_m":{}}},"dataset_uid":"{DATASET}","dataset_data_type":"lidar","device_id":"vehicle-7","allow_lidar_calibration":true,"lidar_calibration_enabled":true,"camera_calibration_enabled":true}}"#,
        frames.join(","),
        numbers.decimal(90_000),
    )
}

fn frame(index: usize, numbers: &mut Numbers) -> String {
    let images: Vec<String> = (0..CAMERAS).map(|camera| image(index, camera, numbers)).collect();
    format!(
        r#"{{"key":"drives/2025-01-15/{index:06}.pcd","camera_model":"pinhole","device_position":{},"device_heading":{},"images":[{}]}}"#,
        position(numbers),
        heading(numbers),
        images.join(",")
    )
}

fn image(index: usize, camera: usize, numbers: &mut Numbers) -> String {
    let name = ["front", "front_left", "front_right", "rear", "rear_left", "rear_right"][camera % 6];
    format!(
        r#"{{"image_url":"https://storage.avala.ai/acme/night-drives/{name}/{index:06}.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20250115T093000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature={}","camera_id":"{name}","position":{},"heading":{},"width":1920,"height":1080,"fx":{:.3},"fy":{:.3},"cx":{:.3},"cy":{:.3},"model":"pinhole"}}"#,
        make_uid(numbers).replace('-', "").repeat(2),
        position(numbers),
        heading(numbers),
        1_000.0 + numbers.decimal(100),
        1_000.0 + numbers.decimal(100),
        950.0 + numbers.decimal(10),
        530.0 + numbers.decimal(10),
    )
}

fn position(numbers: &mut Numbers) -> String {
    let (x, y, z) = (numbers.decimal(900), numbers.decimal(900), numbers.decimal(20));
    format!(r#"{{"x":{x},"y":{y},"z":{z}}}"#)
}

fn heading(numbers: &mut Numbers) -> String {
    let (x, y, z) = (numbers.decimal(1), numbers.decimal(1), numbers.decimal(1));
    format!(r#"{{"x":{x},"y":{y},"z":{z},"w":0.7071067811865476}}"#)
}

fn make_uid(numbers: &mut Numbers) -> String {
    let mut text = String::with_capacity(36);
    for length in [8, 4, 4, 4, 12] {
        if !text.is_empty() {
            text.push('-');
        }
        for _ in 0..length {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{:x}", numbers.next() % 16);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_those_that_the_goals_speak_of() {
        assert!((350..450).contains(&dataset().len()), "{}", dataset().len());
        let page = page(0, None).len();
        assert!((430_000..450_000).contains(&page), "{page}");
        let sequence = sequence().len();
        assert!((6_200_000..6_600_000).contains(&sequence), "{sequence}");
    }
}
