//! Links to objects in responses: presigned again with each response.

use std::time::Duration;

use avala_types::Json;
use http::Method;

use super::sign::Presign;
use crate::schema::{DatasetItem, Slice};
use crate::state::clock::Clock;

/// Prefix of the placeholders for links to objects in the data.
const MARK: &str = "storage:";

/// Signs links to objects.
#[derive(Clone)]
pub(crate) struct Links {
    /// Address of the storage host.
    pub(crate) base: String,
    /// How long a link is valid.
    pub(crate) lifetime: Duration,
    pub(crate) clock: Clock,
}

/// Returns the placeholder for a link to an object in the data.
pub(crate) fn link_to(key: &str) -> String {
    format!("{MARK}{key}")
}

/// Returns the key of a link in the data.
pub(crate) fn key_of(link: &str) -> Option<&str> {
    link.strip_prefix(MARK)
}

impl Links {
    /// Returns a URL for fetching an object.
    pub(crate) fn url(&self, key: &str) -> String {
        let presign = Presign {
            method: Method::GET,
            base: &self.base,
            key,
            parameters: &[],
            headers: &[],
            lifetime: self.lifetime,
        };
        presign.sign(self.clock.now())
    }

    /// Returns an item with URLs for its links.
    pub(crate) fn item(&self, item: &DatasetItem) -> DatasetItem {
        let mut view = item.clone();
        let single = [
            &mut view.url,
            &mut view.gpu_texture_url,
            &mut view.video_thumbnail,
            &mut view.data_url,
            &mut view.thumbnail_url,
        ];
        single.into_iter().flatten().chain(&mut view.thumbnails).for_each(|link| self.sign(link));
        view
    }

    /// Returns a slice with URLs for its links.
    pub(crate) fn slice(&self, slice: &Slice) -> Slice {
        let mut view = slice.clone();
        view.featured_slice_item_urls.iter_mut().for_each(|link| self.sign(link));
        view
    }

    /// Returns a JSON text with URLs for its links.
    pub(crate) fn text(&self, json: &Json) -> Json {
        let mark = format!("\"{MARK}");
        let mut parts = json.get().split(&mark);
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Keys of links have no quotes.
            let (key, rest) = part.split_once('"').unwrap_or((part, ""));
            text.push_str(&format!("\"{}\"{rest}", self.url(key)));
        }
        serde_json::from_str(&text).unwrap_or_else(|_| json.clone())
    }

    fn sign(&self, link: &mut String) {
        if let Some(key) = key_of(link) {
            *link = self.url(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_a_text_become_urls() {
        let links = Links { base: "http://h".to_owned(), lifetime: Duration::from_secs(9), clock: Clock::default() };
        let json: Json =
            serde_json::from_str(r#"{"a": "storage:demo/x.jpg", "n": 1e400, "b": ["storage:y"]}"#).unwrap();
        let text = links.text(&json).get().to_owned();
        assert!(text.starts_with(r#"{"a": "http://h/demo/x.jpg?X-Amz-"#), "{text}");
        assert!(text.contains(r#", "n": 1e400, "b": ["http://h/y?X-Amz-"#), "{text}");
    }
}
