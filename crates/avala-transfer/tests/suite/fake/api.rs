//! The API of the fake: accounts, quota, uploads and datasets.

use avala_client::transport::{Body, Sent};
use http::{Request, Response};
use serde_json::{Value, json};

use super::world::{Effect, Reply, State, Upload, World, http_date, lost};

const OWNER: &str = "ada";

impl World {
    pub(crate) async fn api(&self, request: Request<Body>) -> Reply {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().trim_start_matches("/api/v1").to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let call = format!("{} {path}", parts.method);
        let body = body.read_to_bytes(16 << 20).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        self.state().calls.push(call.clone());
        if let Some(key) = parts.headers.get("x-avala-api-key").and_then(|key| key.to_str().ok()) {
            self.state().keys.insert(key.to_owned());
        }
        let wait = self.state().call_time;
        if wait > std::time::Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
        let effect = self.effect(&call);
        match &effect {
            Some(Effect::Lose | Effect::CutAfter(..)) => return Err(lost(Sent::Maybe)),
            Some(Effect::Status(status, headers)) => {
                let mut response = self.respond(*status, json!({ "detail": "a fault" }));
                for (name, value) in headers {
                    response.headers_mut().insert(*name, value.parse().unwrap());
                }
                return Ok(response);
            }
            _ => {}
        }
        let (status, mut value) = self.state().handle(&call, &query, &body);
        match effect {
            Some(Effect::LoseResponse) => Err(lost(Sent::Yes)),
            Some(Effect::Replace(change)) => {
                change(&mut value);
                Ok(self.respond(status, value))
            }
            _ => Ok(self.respond(status, value)),
        }
    }

    fn respond(&self, status: u16, value: Value) -> Response<Body> {
        let date = http_date(self.state().now());
        Response::builder().status(status).header("date", date).body(Body::from(value.to_string())).unwrap()
    }
}

impl State {
    fn handle(&mut self, call: &str, query: &str, body: &Value) -> (u16, Value) {
        let segments: Vec<&str> = call.split('/').collect();
        match segments.as_slice() {
            ["GET ", "users", "me", ""] => (200, json!({ "uid": "u1", "username": OWNER })),
            ["GET ", "datasets", "manual-upload", "quota", ""] => (200, json!({ "used": 0, "limit": self.quota })),
            ["POST ", "datasets", "manual-upload", "file-upload-url", ""] => self.upload_url(body),
            ["POST ", "datasets", "manual-upload", "uploads", uid, "parts", ""] => self.sign_parts(uid, body),
            ["POST ", "datasets", "manual-upload", "uploads", uid, "complete", ""] => self.complete(uid),
            ["POST ", "datasets", "manual-upload", ""] => self.create(body),
            ["GET ", "datasets", owner, slug, ""] => {
                self.dataset(|set| set["owner_name"] == *owner && set["slug"] == *slug)
            }
            ["GET ", "datasets", uid, ""] => self.dataset(|set| set["uid"] == *uid),
            _ => self.fleet(call, &segments, query, body),
        }
    }

    fn upload_url(&mut self, body: &Value) -> (u16, Value) {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let key = format!("__u__=/u1/{}/{}", text("dataset_name").unwrap(), text("file_path_in_dataset").unwrap());
        let size = body["content_length"].as_u64().unwrap();
        if size > self.quota {
            return (413, json!({ "detail": "too large", "limit": self.quota, "used": 0 }));
        }
        if self.is_version_1 || body["upload_protocol_version"] != 2 {
            return (200, json!({ "url": "https://bucket.s3.amazonaws.com/", "fields": { "key": key } }));
        }
        let batch = text("dataset_upload_uid");
        let known = self.uploads.iter().find(|(_, upload)| upload.key == key && upload.batch == batch);
        let uid = known.map(|(uid, _)| uid.clone()).unwrap_or_else(|| self.uid());
        self.uploads.entry(uid.clone()).or_insert(Upload {
            key: key.clone(),
            batch,
            size,
            parts: Default::default(),
            is_complete: false,
        });
        let upload = &self.uploads[&uid];
        if size <= self.part_size {
            let is_complete = upload.is_complete;
            let url = self.presign(&key, None);
            let headers = json!({ "If-None-Match": "*" });
            return (
                200,
                json!({ "upload_uid": uid, "method": "PUT", "url": url, "headers": headers, "complete": is_complete }),
            );
        }
        let parts: Vec<_> =
            upload.parts.iter().map(|(number, bytes)| json!({ "part_number": number, "size": bytes.len() })).collect();
        let count = size.div_ceil(self.part_size);
        (
            200,
            json!({ "upload_uid": uid, "method": "MULTIPART", "part_size": self.part_size, "part_count": count,
                "uploaded_parts": parts, "complete": upload.is_complete }),
        )
    }

    fn sign_parts(&mut self, uid: &str, body: &Value) -> (u16, Value) {
        let numbers: Vec<u64> = body["part_numbers"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        if numbers.len() > 1 && !self.signs_many {
            return (400, json!({ "part_numbers": ["One at a time."] }));
        }
        let Some(upload) = self.uploads.get(uid) else { return (404, json!({ "detail": "Not found." })) };
        let key = upload.key.clone();
        let sign = |number: &u64| {
            let url = self.presign(&key, Some((uid.to_owned(), *number)));
            json!({ "part_number": number, "url": url })
        };
        let parts: Vec<_> = numbers.iter().map(sign).collect();
        (200, json!({ "parts": parts }))
    }

    fn complete(&mut self, uid: &str) -> (u16, Value) {
        let part_size = self.part_size;
        let Some(upload) = self.uploads.get_mut(uid) else { return (404, json!({ "detail": "Not found." })) };
        if upload.size > part_size && !upload.is_complete {
            if upload.parts.len() as u64 != upload.size.div_ceil(part_size) {
                return (400, json!({ "detail": "Parts are missing." }));
            }
            let whole = upload.parts.values().map(Vec::as_slice).collect::<Vec<_>>().concat();
            self.objects.insert(upload.key.clone(), whole);
        }
        if self.objects.get(&upload.key).map(|object| object.len() as u64) != Some(upload.size) {
            return (400, json!({ "detail": "The stored object does not match." }));
        }
        upload.is_complete = true;
        (200, json!({}))
    }

    fn create(&mut self, body: &Value) -> (u16, Value) {
        let is_taken = self.datasets.iter().any(|set| set["slug"] == body["slug"]);
        if is_taken {
            return (400, json!({ "slug": ["A dataset with this slug already exists."] }));
        }
        let prefix = format!("__u__=/u1/{}/", body["name"].as_str().unwrap());
        let items = self.objects.keys().filter(|key| key.starts_with(&prefix)).count();
        let uid = self.uid();
        self.datasets.push(json!({
            "uid": uid, "name": body["name"], "slug": body["slug"], "owner_name": OWNER, "status": "created",
            "data_type": body["data_type"], "item_count": items,
        }));
        (201, self.datasets.last().unwrap().clone())
    }

    fn dataset(&self, is_it: impl Fn(&Value) -> bool) -> (u16, Value) {
        match self.datasets.iter().find(|set| is_it(set)) {
            Some(dataset) => (200, dataset.clone()),
            None => (404, json!({ "detail": "Not found." })),
        }
    }
}
