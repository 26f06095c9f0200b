//! Starts Redis servers for tests, and calls them.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use avala_limits_redis::{RedisLimits, RedisLimitsBuilder};
use avala_transport::{ApiKey, BaseUrl, ConcurrencyGroup, Decision, Grant, LimitStore, RateLimit, StoreCall};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

/// Guard against a hang, long enough for a slow machine.
pub(crate) const GUARD: Duration = Duration::from_secs(60);

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Returns whether `redis-server` is installed. Prints a message once if it is not.
fn is_installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !found {
            eprintln!("SKIPPED: tests with Redis need `redis-server`; on Debian: apt-get install redis-server");
        }
        found
    })
}

/// A `redis-server` on a free port of loopback, without persistence. It ends with the value.
#[derive(Debug)]
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    options: Vec<String>,
    program: Vec<String>,
    directory: TempDir,
}

impl Redis {
    /// Starts a server; `None` if it is not installed.
    pub(crate) async fn start(options: &[&str]) -> Option<Self> {
        Self::start_with(&["redis-server"], options).await
    }

    /// Starts a server with another program, such as `faketime`.
    pub(crate) async fn start_with(program: &[&str], options: &[&str]) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (program, options) = (owned(program), owned(options));
        let child = spawn(&program, port, &options, &directory);
        let redis = Self { child, port, options, program, directory };
        redis.ready().await;
        Some(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Returns the value of an option of the server.
    pub(crate) fn option(&self, name: &str) -> &str {
        let position = self.options.iter().position(|option| option == name).unwrap();
        &self.options[position + 1]
    }

    async fn ready(&self) {
        if self.options.iter().any(|option| option == "--tls-port") {
            // The caller waits until the server responds.
            return;
        }
        let client = redis::Client::open(self.url()).unwrap();
        let started = Instant::now();
        loop {
            if let Ok(Ok(mut connection)) = timeout(millis(500), client.get_multiplexed_async_connection()).await {
                let pong = redis::cmd("PING").query_async::<String>(&mut connection).await;
                // A server with a password responds too, with an error.
                if pong.is_ok() || self.options.iter().any(|option| option == "--requirepass") {
                    return;
                }
            }
            assert!(started.elapsed() < GUARD, "redis-server does not start");
            sleep(millis(20)).await;
        }
    }

    /// Runs a command.
    pub(crate) async fn run(&self, command: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut packed = redis::cmd(command[0]);
        packed.arg(&command[1..]);
        packed.query_async(&mut connection).await.unwrap()
    }

    /// Returns a field of the generation of the limits.
    pub(crate) async fn generation(&self, field: &str) -> String {
        let key = self.keys("*:limits").await.remove(0);
        redis::from_redis_value(self.run(&["HGET", &key, field]).await).unwrap()
    }

    /// Changes the numbers of the user's limit. `change` is Lua: `state` has when the bucket is full, a part of a
    /// microsecond, and when the gate opens; `now` is the time.
    pub(crate) async fn change_user_limit(&self, change: &str) {
        let key = self.keys("*:limits").await.remove(0);
        let script = format!(
            "local text = redis.call('HGET', KEYS[1], 'user') \
             local state = {{struct.unpack('<dddddd', text, 3)}} \
             local time = redis.call('TIME') \
             local now = time[1] * 1000000 + time[2] \
             {change} \
             local numbers = struct.pack('<c2dddddd', 'a2', unpack(state, 1, 6)) \
             return redis.call('HSET', KEYS[1], 'user', numbers .. string.sub(text, 51))"
        );
        self.run(&["EVAL", &script, "1", &key]).await;
    }

    pub(crate) async fn keys(&self, pattern: &str) -> Vec<String> {
        redis::from_redis_value(self.run(&["KEYS", pattern]).await).unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Returns whether the server ended without being killed.
    #[cfg(feature = "tls")]
    pub(crate) fn has_ended(&self) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Restarts the server on the same port, without its data. `program` replaces the former one.
    pub(crate) async fn restart(&mut self, program: Option<&[&str]>) {
        self.stop();
        if let Some(program) = program {
            self.program = program.iter().map(|text| (*text).to_owned()).collect();
        }
        self.child = spawn(&self.program, self.port, &self.options, &self.directory);
        self.ready().await;
    }
}

fn spawn(program: &[String], port: u16, options: &[String], directory: &TempDir) -> Child {
    Command::new(&program[0])
        .args(&program[1..])
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(directory.path())
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-CONT", &self.child.id().to_string()]).stderr(Stdio::null()).status();
        self.stop();
    }
}

pub(crate) fn base_url() -> BaseUrl {
    BaseUrl::parse("https://api.avala.ai/api/v1").unwrap()
}

pub(crate) fn api_key() -> ApiKey {
    ApiKey::new("avk_test").unwrap()
}

/// Returns a builder with a timeout that a slow machine does not exceed.
pub(crate) fn builder(url: impl Into<String>, limit: RateLimit) -> RedisLimitsBuilder {
    RedisLimits::builder(&base_url(), &api_key()).url(url).limit(limit).timeout(Duration::from_secs(10))
}

pub(crate) async fn limits(redis: &Redis, limit: RateLimit) -> RedisLimits {
    builder(redis.url(), limit).connect().await.unwrap()
}

pub(crate) fn call() -> StoreCall {
    StoreCall::new(ConcurrencyGroup::DEFAULT)
}

pub(crate) async fn decide(limits: &RedisLimits, call: StoreCall) -> Decision {
    timeout(GUARD, limits.acquire(call)).await.expect("a decision takes no minute")
}

pub(crate) async fn granted(limits: &RedisLimits, call: StoreCall) -> Grant {
    match decide(limits, call).await {
        Decision::Granted(mut grant) => {
            grant.used();
            grant
        }
        other => panic!("{other:?}: {:?}", limits.problem()),
    }
}

/// Counts the calls that are granted immediately.
pub(crate) async fn free(limits: &RedisLimits, most: usize) -> usize {
    for count in 0..most {
        match decide(limits, call().with_max_wait(Duration::ZERO)).await {
            Decision::Granted(mut grant) => grant.used(),
            Decision::TooLong(_) => return count,
            other => panic!("{other:?}: {:?}", limits.problem()),
        }
    }
    most
}

/// Reads an array of bulk strings; `None` if it is not complete.
pub(crate) fn request(buffer: &[u8]) -> Option<(Vec<String>, usize)> {
    let mut at = 0;
    let mut line = || {
        let end = buffer[at..].windows(2).position(|pair| pair == b"\r\n")?;
        let text = String::from_utf8_lossy(&buffer[at..at + end]).into_owned();
        at += end + 2;
        Some(text)
    };
    let count: usize = line()?.strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    let mut rest = at;
    for _ in 0..count {
        let end = rest + buffer[rest..].windows(2).position(|pair| pair == b"\r\n")?;
        let length: usize = std::str::from_utf8(&buffer[rest + 1..end]).ok()?.parse().ok()?;
        words.push(String::from_utf8_lossy(buffer.get(end + 2..end + 2 + length)?).into_owned());
        rest = end + 4 + length;
    }
    (rest <= buffer.len()).then_some((words, rest))
}
