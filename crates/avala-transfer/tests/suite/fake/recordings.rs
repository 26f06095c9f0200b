//! The API of the fake: recordings with the plain protocol.

use serde_json::{Value, json};

use super::world::{Session, State};

impl State {
    pub(crate) fn fleet(&mut self, call: &str, segments: &[&str], query: &str, body: &Value) -> (u16, Value) {
        match segments {
            ["GET ", "fleet", "recordings", uid, ""] => (200, json!({ "uid": uid, "status": "ready" })),
            [_, "fleet", "recordings", uid, "upload", action, ""] => self.plain(uid, action, body),
            _ => {
                let _ = query;
                (404, json!({ "detail": format!("no such call: {call}") }))
            }
        }
    }

    fn plain(&mut self, recording: &str, action: &str, body: &Value) -> (u16, Value) {
        let prefix = format!("fleet/org/{recording}/");
        if action == "init" {
            if self.sessions.contains_key(recording) {
                return (409, json!({ "detail": "This recording has an upload session." }));
            }
            let uid = self.uid();
            let file = |file: &Value| {
                (file["path"].as_str().unwrap().to_owned(), (file["size_bytes"].as_u64().unwrap(), false))
            };
            let files = body["files"].as_array().unwrap().iter().map(file).collect();
            let session = Session { uid: uid.clone(), files, status: "initiated" };
            let mut value = session.counts();
            self.sessions.insert(recording.to_owned(), session);
            value["uid"] = json!(uid);
            value["s3_prefix"] = json!(prefix);
            return (201, value);
        }
        let Some(session) = self.sessions.get(recording) else {
            return (404, json!({ "detail": "No upload session found for this recording." }));
        };
        match action {
            "urls" => {
                let paths: Vec<String> =
                    body["file_paths"].as_array().unwrap().iter().map(|p| p.as_str().unwrap().to_owned()).collect();
                let entry = |path: &String| {
                    let key = format!("{prefix}{path}");
                    json!({ "path": path, "put_url": self.presign(&key, None), "s3_key": key,
                        "headers": { "Content-Type": "application/octet-stream" } })
                };
                (200, json!({ "urls": paths.iter().map(entry).collect::<Vec<_>>() }))
            }
            "confirm" => {
                for file in body["files"].as_array().unwrap() {
                    let path = file["path"].as_str().unwrap();
                    let stored = self.objects.get(&format!("{prefix}{path}")).map(|object| object.len() as u64);
                    if stored != file["size_bytes"].as_u64() || file["etag"] != "e1" {
                        return (400, json!({ "files": [format!("{path} is not what was uploaded.")] }));
                    }
                }
                let session = self.sessions.get_mut(recording).unwrap();
                for file in body["files"].as_array().unwrap() {
                    session.files.get_mut(file["path"].as_str().unwrap()).unwrap().1 = true;
                }
                session.status = "uploading";
                let mut value = session.counts();
                value["session_uid"] = json!(session.uid);
                (200, value)
            }
            "finalize" => {
                let session = self.sessions.get_mut(recording).unwrap();
                session.status = "completing";
                (200, json!({ "detail": "The upload is being processed.", "session_uid": session.uid }))
            }
            _ => {
                let pending = session.files.iter().filter(|(_, (_, is_confirmed))| !is_confirmed);
                let pending: Vec<_> = pending.map(|(path, _)| path.clone()).take(1_000).collect();
                let mut value = session.counts();
                value["session_uid"] = json!(session.uid);
                value["pending_paths"] = json!(pending);
                (200, value)
            }
        }
    }
}

impl Session {
    fn counts(&self) -> Value {
        let confirmed = || self.files.values().filter(|(_, is_confirmed)| *is_confirmed);
        json!({
            "status": self.status,
            "total_files": self.files.len(),
            "total_bytes": self.files.values().map(|(size, _)| size).sum::<u64>(),
            "confirmed_files": confirmed().count(),
            "confirmed_bytes": confirmed().map(|(size, _)| size).sum::<u64>(),
        })
    }
}
