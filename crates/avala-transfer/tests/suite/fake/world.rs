//! The state of the fake, and its faults.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use avala_client::Avala;
use avala_client::transport::{Body, RateLimiter, Sent, TransportError, TransportErrorKind};
use avala_transfer::{Transfers, TransfersBuilder};
use http::{Request, Response};
use serde_json::Value;
use tokio::time::Instant;

pub(crate) type Reply = Result<Response<Body>, TransportError>;

/// The fake. Clones share its state.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

pub(crate) struct State {
    started: Instant,
    /// Time of the server's clock at the start.
    epoch: SystemTime,
    /// Lifetime of presigned URLs.
    pub(crate) url_life: Duration,
    /// How long the storage takes for an object.
    pub(crate) put_time: Duration,
    /// How long the API takes for a call.
    pub(crate) call_time: Duration,
    /// Larger files are sent in parts.
    pub(crate) part_size: u64,
    /// Whether the server negotiates version 1.
    pub(crate) is_version_1: bool,
    /// Whether several parts can be signed at once.
    pub(crate) signs_many: bool,
    pub(crate) quota: u64,
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) datasets: Vec<Value>,
    /// Upload sessions of recordings, by the UID of the recording.
    pub(crate) sessions: BTreeMap<String, Session>,
    /// `METHOD path` of each call of the API.
    pub(crate) calls: Vec<String>,
    pub(crate) puts: Vec<PutLog>,
    /// Requests that the storage is processing.
    pub(crate) puts_now: usize,
    /// API keys of the calls.
    pub(crate) keys: std::collections::BTreeSet<String>,
    /// Headers that reached the storage.
    pub(crate) storage_headers: Vec<http::HeaderMap>,
    pub(crate) faults: Vec<Fault>,
    /// Number of requests of which one fails randomly.
    pub(crate) random_faults: Option<(fastrand::Rng, u64)>,
    pub(crate) grants: HashMap<String, Grant>,
    pub(crate) uids: u64,
}

pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) batch: Option<String>,
    pub(crate) size: u64,
    pub(crate) parts: BTreeMap<u64, Vec<u8>>,
    pub(crate) is_complete: bool,
}

/// The upload of a recording.
pub(crate) struct Session {
    pub(crate) uid: String,
    /// Size, and whether it is confirmed.
    pub(crate) files: BTreeMap<String, (u64, bool)>,
    pub(crate) status: &'static str,
}

/// A request to the storage.
#[derive(Clone, Debug)]
pub(crate) struct PutLog {
    pub(crate) key: String,
    pub(crate) part: Option<u64>,
    pub(crate) bytes: usize,
    pub(crate) status: u16,
    /// Requests that the storage was processing when this one began, itself included.
    pub(crate) at_once: usize,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) key: String,
    pub(crate) part: Option<(String, u64)>,
    pub(crate) expires_at: SystemTime,
}

/// A fault of requests whose `METHOD path` contains a text.
pub(crate) struct Fault {
    pub(crate) on: String,
    pub(crate) times: usize,
    pub(crate) effect: Effect,
}

#[derive(Clone)]
pub(crate) enum Effect {
    /// The request is not processed and the connection is lost.
    Lose,
    /// The request is processed and its response is lost.
    LoseResponse,
    /// The request is not processed; this is the response.
    Status(u16, Vec<(&'static str, String)>),
    /// The response has this body instead of the real one.
    Replace(fn(&mut Value)),
    /// The request is processed, and the response has this body with status 200.
    Text(&'static str),
    /// The body is read up to so many bytes, then the connection is lost after a while.
    CutAfter(usize, Duration),
}

impl World {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            started: Instant::now(),
            epoch: SystemTime::UNIX_EPOCH + Duration::from_secs(1_736_933_400),
            url_life: Duration::from_secs(900),
            put_time: Duration::ZERO,
            call_time: Duration::ZERO,
            part_size: 5 << 20,
            is_version_1: false,
            signs_many: true,
            quota: 1 << 40,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            datasets: Vec::new(),
            sessions: BTreeMap::new(),
            calls: Vec::new(),
            puts: Vec::new(),
            puts_now: 0,
            keys: Default::default(),
            storage_headers: Vec::new(),
            faults: Vec::new(),
            random_faults: None,
            grants: HashMap::new(),
            uids: 0,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn fault(&self, on: &str, times: usize, effect: Effect) {
        self.state().faults.push(Fault { on: on.to_owned(), times, effect });
    }

    pub(crate) fn client(&self) -> Avala {
        self.client_with(RateLimiter::off())
    }

    pub(crate) fn client_with(&self, limiter: RateLimiter) -> Avala {
        self.client_of("avk_test", limiter)
    }

    /// Creates a client with another key.
    pub(crate) fn client_of(&self, key: &str, limiter: RateLimiter) -> Avala {
        let world = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let world = world.clone();
            async move { world.api(request).await }
        });
        Avala::builder().api_key(key).rate_limiter(limiter).service(service).build().unwrap()
    }

    pub(crate) fn transfers(&self, state: &Path) -> TransfersBuilder {
        self.transfers_of(self.client(), state)
    }

    pub(crate) fn transfers_of(&self, client: Avala, state: &Path) -> TransfersBuilder {
        let world = self.clone();
        Transfers::builder(client).state_folder(state).storage_connections(move |builder| {
            let world = world.clone();
            builder.service(tower::service_fn(move |request: Request<Body>| {
                let world = world.clone();
                async move { world.storage(request).await }
            }))
        })
    }

    /// Returns the effect of the first matching fault.
    pub(crate) fn effect(&self, request: &str) -> Option<Effect> {
        let mut state = self.state();
        if let Some((random, one_in)) = &mut state.random_faults
            && random.u64(0..*one_in) == 0
        {
            return Some(match random.u8(0..5) {
                0 => Effect::Lose,
                1 => Effect::LoseResponse,
                2 => Effect::Status(503, vec![]),
                3 => Effect::Status(429, vec![("retry-after", "1".to_owned())]),
                _ => Effect::CutAfter(random.usize(0..300_000), Duration::from_secs(1)),
            });
        }
        let fault = state.faults.iter_mut().find(|fault| fault.times > 0 && request.contains(&fault.on))?;
        fault.times -= 1;
        Some(fault.effect.clone())
    }

    /// Returns how many calls contain a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.state().calls.iter().filter(|call| call.contains(text)).count()
    }
}

impl State {
    pub(crate) fn now(&self) -> SystemTime {
        self.epoch + self.started.elapsed()
    }

    /// Returns a future time of the server's clock, in the format of headers.
    pub(crate) fn date_in(&self, time: Duration) -> String {
        http_date(self.now() + time)
    }

    pub(crate) fn uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.uids)
    }

    /// Returns a presigned URL.
    pub(crate) fn presign(&mut self, key: &str, part: Option<(String, u64)>) -> String {
        self.presign_at("https://bucket.s3.amazonaws.com", key, part)
    }

    pub(crate) fn presign_at(&mut self, base: &str, key: &str, part: Option<(String, u64)>) -> String {
        let date = basic_date(self.now());
        self.uids += 1;
        let signature = format!("{:064x}", self.uids);
        let seconds = self.url_life.as_secs();
        let part_query =
            part.as_ref().map(|(id, number)| format!("uploadId={id}&partNumber={number}&")).unwrap_or_default();
        // The expiry counts from the whole second that the URL names.
        let whole = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(whole) + self.url_life;
        self.grants.insert(signature.clone(), Grant { key: key.to_owned(), part, expires_at });
        let path: String = key.split('/').map(encode).collect::<Vec<_>>().join("/");
        format!(
            "{base}/{path}?{part_query}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIATEST%2F20250115%2Fauto%2Fs3%2Faws4_request&\
             X-Amz-Date={date}&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=content-length%3Bhost&X-Amz-Signature={signature}"
        )
    }
}

fn encode(segment: &str) -> String {
    segment
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

pub(crate) fn basic_date(time: SystemTime) -> String {
    let date = http_date(time);
    // `Wed, 15 Jan 2025 09:30:00 GMT`
    let fields: Vec<&str> = date.split([' ', ':']).collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == fields[2]).unwrap() + 1;
    format!("{}{month:02}{}T{}{}{}Z", fields[3], fields[1], fields[4], fields[5], fields[6])
}

pub(crate) fn http_date(time: SystemTime) -> String {
    httpdate::fmt_http_date(time)
}

pub(crate) fn lost(sent: Sent) -> TransportError {
    TransportError::new(TransportErrorKind::ConnectionLost, "the connection was lost").with_sent(sent)
}
