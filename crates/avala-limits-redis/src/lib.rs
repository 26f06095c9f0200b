//! Rate limits and agent claims in Redis or Valkey, shared by many processes.
//!
//! Avala limits a user, not a process: ten workers with the same API key exceed the limit together. [`RedisLimits`]
//! keeps the limit in one place. Each attempt reserves a token with one script, and waits in its process until it may
//! be sent.
//!
//! For backends and workers that share one API key. A single process needs no Redis: the client limits itself.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use avala_limits_redis::RedisLimits;
//! use avala_transport::{ApiKey, BaseUrl, RateLimit, RateLimiter};
//!
//! let (base_url, key) = (BaseUrl::parse("https://api.avala.ai/api/v1")?, ApiKey::new("avk_example")?);
//! let limits = RedisLimits::builder(&base_url, &key).url("redis://127.0.0.1/").connect().await?;
//! // The second argument is the share of this process while Redis is unavailable, here an eighth of the limit.
//! let limiter = RateLimiter::shared(limits, RateLimit::per_minute(12).burst(1));
//! // Then `Avala::builder().rate_limiter(limiter)`.
//! # drop(limiter);
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - All processes together send at most `rate * T + burst` calls in any time `T`, and never more than the limit in any
//!   minute: the burst counts towards it.
//! - All times are of Redis' clock, so the clocks of the processes do not matter. If Redis' clock jumps, all stored
//!   state is void.
//! - A 429 closes a gate for all processes. Behind it, calls are sent one at a time.
//! - Uploads and exports hold a permit: a lease that ends after 6 s if its process dies.
//! - Every use of Redis has a timeout of 50 ms, including connecting. If Redis is slow, unavailable, read-only,
//!   loading, full, or sends an error or an invalid response, the process sends its own share of the limit and replaces
//!   the connection. It returns to Redis within a second of its recovery. No error ever means "granted".
//! - After a loss of the store (a restart without persistence, `FLUSHALL`, an eviction), it starts without a burst, and
//!   grants no permits until the holders of permits have presented them.
//! - A script is repeated only if the server did not know it, so a lost response costs the tokens that it granted: one
//!   for each call, and under load those of a batch, unless [`batch`](RedisLimitsBuilder::batch) is 0.
//!
//! A call that is dropped while its round trip is in flight may have used a token, which cannot be returned.
//! The token of a call that is dropped later is used by the next call of this process; if there is none in time, or the
//! call has a scope, the token is lost too.
//!
//! # Settings of the server
//!
//! `maxmemory-policy` must be `noeviction`; see [`RedisLimits::warning`]. The user needs `EVAL`, `EVALSHA` and `INFO`,
//! and the commands of the scripts on keys that start with the prefix: `TIME`, `HMGET`, `HGET`, `HSET`, `HDEL`, `DEL`,
//! `ZADD`, `ZREM`, `ZCARD`, `ZSCORE`, `ZREMRANGEBYSCORE`, `PTTL` and `PEXPIRE`.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `agents` | no | claims of agent executions, for `avala-agents` |
//! | `cluster` | no | Redis Cluster |
//! | `tls` | no | `rediss://` URLs, with Mozilla's root certificates or your own |

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-limits-redis/latest")]

mod alone;
mod builder;
#[cfg(feature = "agents")]
mod claims;
mod error;
mod keys;
mod limits;
mod link;
mod pace;
mod permits;
mod protocol;
mod queue;
mod stats;
mod together;
mod token;
mod view;

pub use self::builder::RedisLimitsBuilder;
#[cfg(feature = "agents")]
pub use self::claims::RedisClaims;
pub use self::error::{LimitsError, LimitsErrorKind};
pub use self::limits::RedisLimits;
pub use self::stats::LimitStats;

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
