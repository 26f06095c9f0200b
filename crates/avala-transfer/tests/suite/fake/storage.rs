//! The storage host of the fake: as strict as S3.

use std::time::Duration;

use avala_client::transport::{Body, Sent};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::world::{Effect, PutLog, Reply, World, http_date, lost};

/// A request that the storage is processing.
struct Processing(World);

impl Drop for Processing {
    fn drop(&mut self) {
        self.0.state().puts_now -= 1;
    }
}

impl World {
    pub(crate) async fn storage(&self, request: Request<Body>) -> Reply {
        let _processing = Processing(self.clone());
        let at_once = {
            let mut state = self.state();
            state.puts_now += 1;
            state.puts_now
        };
        self.process(request, at_once).await
    }

    async fn process(&self, request: Request<Body>, at_once: usize) -> Reply {
        let began = Instant::now();
        let (parts, mut body) = request.into_parts();
        self.state().storage_headers.push(parts.headers.clone());
        let has_credentials =
            ["authorization", "cookie", "x-avala-api-key"].iter().any(|name| parts.headers.contains_key(*name));
        if has_credentials {
            return Ok(self.error(400, "InvalidArgument"));
        }
        if parts.method == http::Method::POST {
            return self.form(&parts.headers, body, at_once).await;
        }
        let query = parts.uri.query().unwrap_or_default();
        let signature = query.rsplit_once("X-Amz-Signature=").map(|(_, signature)| signature).unwrap_or_default();
        let Some(grant) = self.state().grants.get(signature).cloned() else {
            return Ok(self.error(403, "SignatureDoesNotMatch"));
        };
        let part = grant.part.as_ref().map(|(_, number)| *number);
        let log = |bytes: usize, status: u16| {
            let (key, ended) = (grant.key.clone(), Instant::now());
            self.state().puts.push(PutLog { key, part, bytes, status, at_once, began, ended });
        };
        if grant.expires_at <= self.state().now() {
            log(0, 403);
            return Ok(self.error(403, "AccessDenied"));
        }
        let number = part.map(|number| format!("#{number}")).unwrap_or_default();
        let effect = self.effect(&format!("{} /{}{number}", parts.method, grant.key));
        if let Some(Effect::Status(status, headers)) = &effect {
            log(0, *status);
            let mut response = self.error(*status, "Fault");
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            return Ok(response);
        }
        let is_conditional = parts.headers.contains_key("if-none-match");
        if part.is_none() && is_conditional && self.state().objects.contains_key(&grant.key) {
            log(0, 412);
            return Ok(self.error(412, "PreconditionFailed"));
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                log(bytes.len(), 0);
                return Err(lost(Sent::Maybe));
            };
            bytes.extend_from_slice(&frame.into_data().unwrap());
            if let Some(Effect::CutAfter(limit, wait)) = &effect
                && bytes.len() >= *limit
            {
                tokio::time::sleep(*wait).await;
                log(bytes.len(), 0);
                return Err(lost(Sent::Maybe));
            }
        }
        let wait = self.state().put_time;
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
        if matches!(effect, Some(Effect::Lose)) {
            log(bytes.len(), 0);
            return Err(lost(Sent::Maybe));
        }
        log(bytes.len(), 200);
        let mut state = self.state();
        match &grant.part {
            Some((uid, number)) => match state.uploads.get_mut(uid) {
                Some(upload) => drop(upload.parts.insert(*number, bytes)),
                None => drop(state.objects.insert(format!("{}#{number}", grant.key), bytes)),
            },
            None => drop(state.objects.insert(grant.key.clone(), bytes)),
        }
        drop(state);
        if matches!(effect, Some(Effect::LoseResponse)) {
            return Err(lost(Sent::Yes));
        }
        let date = http_date(self.state().now());
        let body = if let Some(Effect::Text(text)) = effect { Body::from(text) } else { Body::empty() };
        Ok(Response::builder().header("date", date).header("etag", "\"e1\"").body(body).unwrap())
    }

    async fn form(&self, headers: &HeaderMap, body: Body, at_once: usize) -> Reply {
        let bytes = body.read_to_bytes(1 << 30).await.map_err(|_| lost(Sent::Maybe))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(headers["content-type"].to_str().unwrap().starts_with("multipart/form-data; boundary="));
        let key = text.split_once("name=\"key\"\r\n\r\n").unwrap().1.split("\r\n").next().unwrap().to_owned();
        if let Some(Effect::Status(status, _)) = self.effect(&format!("POST /{key}")) {
            return Ok(self.error(status, "Fault"));
        }
        let start = text.find("name=\"file\"").unwrap();
        let file = bytes.slice(start..);
        let head = file.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let end = file.windows(4).rposition(|window| window == b"\r\n--").unwrap();
        let (began, ended, bytes) = (Instant::now(), Instant::now(), end - head);
        self.state().puts.push(PutLog { key: key.clone(), part: None, bytes, status: 204, at_once, began, ended });
        self.state().objects.insert(key, file[head..end].to_vec());
        Ok(Response::builder().status(204).body(Body::empty()).unwrap())
    }

    fn error(&self, status: u16, code: &str) -> Response<Body> {
        let date = http_date(self.state().now());
        let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        Response::builder().status(status).header("date", date).body(Body::from(text)).unwrap()
    }
}
