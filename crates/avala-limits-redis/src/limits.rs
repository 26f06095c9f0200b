//! The limits, and the reservation of a call.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_transport::{
    ConcurrencyGroup, Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, RateLimit, StoreCall,
};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::error::LimitsError;
use crate::keys::{Keys, USER, scope_field};
use crate::link::{Link, Script};
use crate::permits::{HeldPermit, LEARNING, Permits};
use crate::protocol::{Reply, Request, Verdict, WirePermit};
use crate::queue::{Outcome, Queue};
use crate::stats::{LimitStats, Stats, increment};
use crate::token::Token;
use crate::view::View;

/// Age after which a reservation is checked before it is used, because a gate may have closed.
const RECHECK: Duration = Duration::from_millis(100);
/// First and maximum pause before a call tries to get a permit again. The pause doubles.
const PERMIT_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PERMIT_PAUSE: Duration = Duration::from_secs(1);
/// Pause before a call tries again whose reservation would be too far ahead.
const FAR_AHEAD: Duration = Duration::from_secs(20);

/// Limits in Redis or Valkey, shared by all processes that use the same API key.
///
/// Pass a clone to [`RateLimiter::shared`](avala_transport::RateLimiter::shared), with the share of this process for
/// the time when Redis cannot be used. Clones share one connection. See the [crate](crate) for the guarantees.
///
/// ```no_run
/// use avala_limits_redis::RedisLimits;
/// use avala_transport::{ApiKey, BaseUrl, RateLimit, RateLimiter, TransportBuilder};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let base_url = BaseUrl::parse("https://api.avala.ai/api/v1")?;
/// let api_key = ApiKey::new("avk_example")?;
/// let limits = RedisLimits::builder(&base_url, &api_key)
///     .url("redis://127.0.0.1/")
///     .limit(RateLimit::per_minute(600).burst(12))
///     .connect()
///     .await?;
/// // Eight processes: each may send an eighth on its own.
/// let limiter = RateLimiter::shared(limits, RateLimit::per_minute(75).burst(1));
/// let transport = TransportBuilder::new().base_url(base_url).api_key(api_key).rate_limiter(limiter).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisLimits(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) link: Arc<Link>,
    pub(crate) keys: Keys,
    pub(crate) limit: RateLimit,
    pub(crate) shadow: bool,
    pub(crate) batch: u32,
    pub(crate) script: Script,
    pub(crate) short_script: Script,
    pub(crate) permits: Arc<Permits>,
    pub(crate) stats: Stats,
    pub(crate) view: Arc<Mutex<View>>,
    pub(crate) queue: Mutex<Queue>,
}

impl RedisLimits {
    /// Returns why Redis is currently not used; `None` while it is used, and before the first call.
    #[must_use]
    pub fn problem(&self) -> Option<LimitsError> {
        self.0.link.problem()
    }

    /// Returns a warning about the server's settings: a `maxmemory-policy` that may evict limits, or is unknown.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.0.link.warning()
    }

    /// Returns counts since the start of this process.
    #[must_use]
    pub fn stats(&self) -> LimitStats {
        self.0.stats.read(&self.0.link)
    }

    /// Returns the unused tokens and permits of this process to Redis. Call it before the process exits; permits that
    /// are not returned expire after 6 s.
    pub async fn close(&self) {
        self.0.view().drop_tokens(Instant::now(), self.0.limit);
        // Leases that are not released here expire.
        let _ = self.0.exchange(None, None, &[], false, None, 0).await;
        self.0.permits.release_all().await;
    }
}

impl fmt::Debug for RedisLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimits").field("link", &self.link).field("shadow", &self.shadow).finish_non_exhaustive()
    }
}

impl LimitStore for RedisLimits {
    fn acquire(&self, call: StoreCall) -> LimitFuture {
        let limits = Arc::clone(&self.0);
        if limits.shadow {
            limits.count(call);
            return Box::pin(async { Decision::Local });
        }
        Box::pin(async move {
            let decision = limits.decide(call).await.unwrap_or(Decision::Local);
            limits.stats.count(&decision);
            decision
        })
    }

    fn report(&self, scope: Option<&'static str>, report: LimitReport) {
        let burst = self.0.limit.burst_size().into();
        let is_urgent = self.0.view().report(scope, &report, burst, Instant::now());
        if let (true, Ok(runtime)) = (is_urgent, Handle::try_current()) {
            // Other processes should learn of the gate before they are refused too.
            let limits = Arc::clone(&self.0);
            runtime.spawn(async move { limits.exchange(scope, None, &[], false, None, 0).await });
        }
    }
}

impl Inner {
    pub(crate) fn view(&self) -> MutexGuard<'_, View> {
        // The counts are valid even if a thread panics between two updates.
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each value is written in one step, so it is valid after a panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the call may be sent. After an error, the share of this process decides.
    async fn decide(self: &Arc<Self>, call: StoreCall) -> Result<Decision, LimitsError> {
        let deadline = Instant::now().checked_add(call.max_wait);
        let permit = self.permits.ask(&call);
        let mut held: Option<Token> = None;
        let mut pause = PERMIT_PAUSE;
        loop {
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            let is_plain = permit.is_none() && call.scope.is_none() && !call.background && held.is_none();
            let outcome = match &permit {
                None if is_plain => self.reserve_together(left).await?,
                _ => self.reserve(&call, permit.as_ref().map(HeldPermit::wire), held.take(), left).await?,
            };
            let has_permit = matches!(&outcome, Outcome::Reserved(token) if token.has_permit);
            permit.iter().for_each(|permit| permit.settle(has_permit));
            let token = match outcome {
                Outcome::Reserved(token) => token,
                Outcome::Refused(wait) if call.background || wait > left => return Ok(Decision::TooLong(wait)),
                Outcome::Refused(wait) => {
                    sleep(wait.min(FAR_AHEAD).mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                    continue;
                }
                Outcome::NoPermit if call.background || left < pause => return Ok(Decision::TooLong(pause)),
                Outcome::NoPermit => {
                    sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                    pause = (pause * 2).min(LONGEST_PERMIT_PAUSE);
                    continue;
                }
            };
            let wait = token.start.saturating_duration_since(Instant::now());
            if !token.has_user || (permit.is_some() && !has_permit) {
                // The missing token or permit is taken when the turn comes.
                sleep_until(token.start).await;
                held = Some(token);
                continue;
            }
            if !wait.is_zero() {
                increment(&self.stats.waited);
                sleep_until(token.start).await;
                if !self.still_counts(&token, wait) {
                    held = Some(token);
                    continue;
                }
            }
            permit.iter().for_each(HeldPermit::confirm);
            return Ok(Decision::Granted(Grant::with_guard(RedisGrant { token, _permit: permit })));
        }
    }

    /// Returns whether a reservation can be used after its wait without another round trip.
    fn still_counts(&self, token: &Token, waited: Duration) -> bool {
        let now = Instant::now();
        let mut view = self.view();
        view.is_in_time(token.start, now, self.limit)
            && view.is_current(token.marks, token.scope, now).unwrap_or(waited < RECHECK)
    }

    /// Makes a reservation with a separate round trip, and replaces the reservation in `held`.
    async fn reserve(
        self: &Arc<Self>,
        call: &StoreCall,
        permit: Option<WirePermit>,
        held: Option<Token>,
        left: Duration,
    ) -> Result<Outcome, LimitsError> {
        let wait = if call.background { Duration::ZERO } else { left };
        if held.is_none() && !call.background {
            let short = self.view().short_way(Instant::now(), call.scope, self.limit);
            if let Some(expected) = short
                && let Some(outcome) = self.reserve_shortly(&expected, call.scope, permit.as_ref(), left).await?
            {
                return Ok(outcome);
            }
        }
        let mut outcomes = self.exchange(call.scope, held, &[wait], call.background, permit, 0).await?;
        Ok(outcomes.pop().unwrap_or(Outcome::NoPermit))
    }

    /// Runs the script once, for any number of calls with the same limits.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        scope: Option<&'static str>,
        held: Option<Token>,
        waits: &[Duration],
        spare: bool,
        permit: Option<WirePermit>,
        advance: u32,
    ) -> Result<Vec<Outcome>, LimitsError> {
        let mut request = self.request(scope, held, waits, spare, permit, advance);
        let mut value = self.link.run(&self.script, |command| request.fill(command)).await?;
        if Reply::is_late(&value) {
            // The response arrived in time, so the clock has jumped.
            request.patience = None;
            value = self.link.run(&self.script, |command| request.fill(command)).await?;
        }
        let received = Instant::now();
        let reply = Reply::parse(value, &request).inspect_err(|error| self.link.reject(error))?;
        let (marks, was_lost) = {
            let mut view = self.view();
            let was_lost = view.learn(scope, &reply);
            (view.marks(scope), was_lost)
        };
        if was_lost {
            self.permits.present_soon();
        }
        let has_permit = reply.permit == Some(true);
        let token = |wait, has_user| {
            let token = Token::new(Arc::clone(&self.view), received + wait, marks, scope);
            Outcome::Reserved(token.with(has_user, has_permit))
        };
        let outcome = |verdict: &Verdict| match *verdict {
            Verdict::Reserved(wait) => token(wait, true),
            Verdict::ReservedInScope(wait) => token(wait, false),
            Verdict::Refused(wait) => Outcome::Refused(wait),
        };
        Ok(reply.verdicts.iter().map(outcome).collect())
    }

    fn request(
        &self,
        scope: Option<&'static str>,
        held: Option<Token>,
        waits: &[Duration],
        spare: bool,
        permit: Option<WirePermit>,
        advance: u32,
    ) -> Request {
        let now = Instant::now();
        let mut view = self.view();
        let marks = view.marks(scope);
        let mut limits = vec![view.wire(None, USER.to_owned(), self.limit, now)];
        if let Some(name) = scope {
            limits.push(view.wire(scope, scope_field(name), self.limit, now));
        }
        if let Some(mut held) = held {
            held.close();
            if held.marks == marks && view.is_in_time(held.start, now, self.limit) {
                // The script checks that the reservation is still valid, and takes the missing token or permit.
                limits[0].held = held.has_user;
                limits.iter_mut().skip(1).for_each(|limit| limit.held = true);
            }
        }
        Request {
            key: self.keys.limits.clone(),
            new_generation: format!("{:032x}", fastrand::u128(..)),
            generation: view.generation.clone(),
            expected_time: view.expected_time(now),
            patience: Some(self.link.timeout()),
            learning: LEARNING,
            limits,
            advance,
            permit,
            spare,
            waits: waits.to_vec(),
        }
    }

    /// Counts a call in Redis without delaying it.
    fn count(self: &Arc<Self>, call: StoreCall) {
        let Ok(runtime) = Handle::try_current() else { return };
        let limits = Arc::clone(self);
        runtime.spawn(async move {
            let call = StoreCall::new(ConcurrencyGroup::DEFAULT).with_scope(call.scope);
            match limits.reserve(&call, None, None, Duration::MAX).await {
                Ok(Outcome::Reserved(mut token)) => {
                    token.close();
                    limits.stats.counted(token.start > Instant::now() || !token.has_user);
                }
                Ok(_) => limits.stats.counted(true),
                Err(_) => increment(&limits.stats.local),
            }
        });
    }
}

/// Tokens and permit of a granted call.
struct RedisGrant {
    token: Token,
    _permit: Option<HeldPermit>,
}

impl GrantGuard for RedisGrant {
    fn used(&mut self) {
        self.token.close();
    }
}
