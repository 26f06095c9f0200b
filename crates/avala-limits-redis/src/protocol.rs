//! Arguments and responses of the scripts.

use std::time::Duration;

use avala_transport::ConcurrencyGroup;
use redis::{Cmd, Value};

use crate::error::{LimitsError, LimitsErrorKind};

/// Maximum wait that the script returns: a gate of an hour, and reservations of two minutes.
const LONGEST: u64 = 2 * 3_600 * 1_000_000;

/// The largest exact integer of Lua.
const LARGEST: u64 = 1 << 53;

/// One limit in a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct WireLimit {
    pub(crate) field: String,
    pub(crate) rate: u64,
    pub(crate) burst: u64,
    pub(crate) from_server: bool,
    pub(crate) remaining: Option<u64>,
    pub(crate) closed: Duration,
    pub(crate) put_back: u32,
    pub(crate) closings: u64,
    /// Whether the call already has a due reservation.
    pub(crate) held: bool,
}

/// A permit in a request.
#[derive(Debug, Clone)]
pub(crate) struct WirePermit {
    pub(crate) group: ConcurrencyGroup,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) permits: u32,
    pub(crate) lease: Duration,
}

/// One run of the script.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) key: String,
    pub(crate) new_generation: String,
    pub(crate) generation: String,
    /// Expected time of Redis' clock, in microseconds; zero if unknown.
    pub(crate) expected_time: u64,
    /// How long the process waits for the response; unset if the clock is known to have jumped.
    pub(crate) patience: Option<Duration>,
    pub(crate) learning: Duration,
    pub(crate) limits: Vec<WireLimit>,
    pub(crate) advance: u32,
    pub(crate) permit: Option<WirePermit>,
    pub(crate) spare: bool,
    /// Maximum wait of each call.
    pub(crate) waits: Vec<Duration>,
}

impl Request {
    /// Adds keys and arguments to a command.
    pub(crate) fn fill(&self, command: &mut Cmd) {
        command.arg(1 + usize::from(self.permit.is_some())).arg(&self.key);
        if let Some(permit) = &self.permit {
            command.arg(&permit.key);
        }
        command.arg(&self.new_generation).arg(&self.generation).arg(self.expected_time);
        match self.patience {
            Some(patience) => command.arg(micros(patience)),
            None => command.arg("-1"),
        };
        command.arg(micros(self.learning)).arg(self.limits.len());
        for limit in &self.limits {
            command.arg(&limit.field).arg(limit.rate).arg(limit.burst).arg(u8::from(limit.from_server));
            match limit.remaining {
                Some(remaining) => command.arg(remaining),
                None => command.arg("-1"),
            };
            command.arg(micros(limit.closed)).arg(limit.put_back).arg(limit.closings).arg(u8::from(limit.held));
        }
        command.arg(self.advance);
        match &self.permit {
            Some(permit) => command.arg(permit.permits).arg(&permit.id).arg(micros(permit.lease)),
            None => command.arg(0).arg("-").arg(0),
        };
        command.arg(u8::from(self.spare));
        for wait in &self.waits {
            command.arg(micros(*wait));
        }
    }
}

/// Converts to microseconds, rounded up so that no wait becomes shorter, and limited to a number that is exact in Lua.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX).min(LONGEST)
}

/// Decision of the script about one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The call has a token after this wait.
    Reserved(Duration),
    /// The call has a token of its scope after this wait, but no token of the user's limit.
    ReservedInScope(Duration),
    /// The call would have to wait this long, and took no token.
    Refused(Duration),
}

/// The script's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) generation: String,
    /// Redis' clock in microseconds.
    pub(crate) now: u64,
    /// Number of closings and remaining closed time of each limit.
    pub(crate) limits: [(u64, Duration); 2],
    /// Whether the permit was granted or refused; unset if neither.
    pub(crate) permit: Option<bool>,
    pub(crate) ahead: u32,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Reply {
    /// Returns whether, by Redis' clock, the process no longer waits for the response.
    pub(crate) fn is_late(value: &Value) -> bool {
        matches!(value, Value::BulkString(text) if text == b"late")
    }

    /// Parses a response. An unexpected response is an error, and never a grant.
    pub(crate) fn parse(value: Value, request: &Request) -> Result<Self, LimitsError> {
        Self::read(value, request)
            .ok_or_else(|| LimitsError::new(LimitsErrorKind::Unavailable, "Redis: invalid response"))
    }

    fn read(value: Value, request: &Request) -> Option<Self> {
        let Value::BulkString(bytes) = value else { return None };
        let mut words = std::str::from_utf8(&bytes).ok()?.split(' ');
        let mut next = || words.next();
        let (generation, now) = (next()?, number(next()?)?);
        let limits = [(number(next()?)?, wait(next()?)?), (number(next()?)?, wait(next()?)?)];
        let (permit, ahead) = (next()?, u32::try_from(number(next()?)?).ok()?);
        let permit = match permit {
            "-" => None,
            "y" => Some(true),
            "n" => Some(false),
            _ => return None,
        };
        let verdicts: Vec<Verdict> = words.map(verdict).collect::<Option<_>>()?;
        let expected = if permit == Some(false) { 0 } else { request.waits.len() };
        let reply = Self { generation: generation.to_owned(), now, limits, permit, ahead, verdicts };
        let is_plausible = reply.verdicts.len() == expected
            && reply.ahead <= request.advance
            && (request.permit.is_some() || permit.is_none())
            && !generation.is_empty()
            && generation.len() <= 64;
        is_plausible.then_some(reply)
    }
}

/// Parses a number. Numbers that are not exact in Lua are errors, because no script returns them.
pub(crate) fn number(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= LARGEST)
}

fn wait(text: &str) -> Option<Duration> {
    number(text).filter(|micros| *micros <= LONGEST).map(Duration::from_micros)
}

pub(crate) fn verdict(text: &str) -> Option<Verdict> {
    let wait = wait(text.get(1..)?)?;
    match text.as_bytes().first()? {
        b'g' => Some(Verdict::Reserved(wait)),
        b's' => Some(Verdict::ReservedInScope(wait)),
        b'r' => Some(Verdict::Refused(wait)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            key: "k".into(),
            new_generation: "new".into(),
            generation: String::new(),
            expected_time: 0,
            patience: None,
            learning: Duration::ZERO,
            limits: vec![WireLimit::default()],
            advance: 3,
            permit: None,
            spare: false,
            waits: vec![Duration::ZERO; 2],
        }
    }

    fn words(words: &[&str]) -> Value {
        Value::BulkString(words.join(" ").into_bytes())
    }

    #[test]
    fn response_is_read() {
        let reply = Reply::parse(words(&["id", "5", "7", "0", "0", "9", "-", "3", "g0", "r12"]), &request()).unwrap();
        let waits = [Verdict::Reserved(Duration::ZERO), Verdict::Refused(Duration::from_micros(12))];
        assert_eq!(reply.verdicts, waits);
        assert_eq!((reply.limits[0].0, reply.ahead, reply.permit), (7, 3, None));
    }

    #[test]
    fn nonsense_is_never_a_permission() {
        let good = ["id", "5", "7", "0", "0", "9", "-", "3", "g0", "r12"];
        for length in 0..good.len() {
            assert!(Reply::parse(words(&good[..length]), &request()).is_err(), "{length}");
        }
        for (index, bad) in [
            (0, ""),
            (1, "-5"),
            (2, "1.5"),
            (3, "9999999999999"),
            (5, "x"),
            (6, "y"),
            (6, "?"),
            (7, "4"),
            (8, "0"),
            (8, "g"),
            (8, "g-1"),
            (8, "g+1"),
            (8, "ok"),
            (8, "é0"),
            (9, ""),
        ] {
            let mut texts = good;
            texts[index] = bad;
            assert!(Reply::parse(words(&texts), &request()).is_err(), "{index}: {bad}");
        }
        for value in [Value::Nil, Value::Okay, Value::Int(1), Value::Array(vec![Value::Int(0); 10])] {
            assert!(Reply::parse(value, &request()).is_err());
        }
    }
}
