//! Settings of a finished stack, for a client on it.
//!
//! A [`Transport`](crate::Transport) is a boxed service, whose content is not accessible. But a box can be cloned, and
//! then clones its content. So the outermost service of a stack reports its settings while it is cloned for that
//! purpose.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::Service;

use crate::base_url::BaseUrl;
use crate::layer::rate_limit::RateLimiter;

/// Settings of a [`Transport`](crate::Transport) that a client on it needs.
///
/// ```
/// use avala_transport::{BaseUrl, TransportBuilder, TransportSettings};
/// # use avala_transport::testing::ScriptedService;
///
/// let builder = TransportBuilder::new().base_url(BaseUrl::parse("https://eu.avala.example/v2")?);
/// # let builder = builder.service(ScriptedService::new());
/// let transport = builder.build()?;
/// let settings = TransportSettings::of(&transport).ok_or("not a transport")?;
/// assert_eq!(settings.base_url().host(), "eu.avala.example");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TransportSettings(Arc<Known>);

#[derive(Debug)]
struct Known {
    base_url: BaseUrl,
    rate_limiter: RateLimiter,
    timeout: Duration,
    max_body_bytes: usize,
}

impl TransportSettings {
    pub(crate) fn new(base_url: BaseUrl, rate_limiter: RateLimiter, timeout: Duration, max_body_bytes: usize) -> Self {
        Self(Arc::new(Known { base_url, rate_limiter, timeout, max_body_bytes }))
    }

    /// Returns the settings of a transport, or of the one transport inside a service that clones it.
    ///
    /// `None` for a service without a transport, with several of them, or with one that its clones share. Clones the
    /// service once, and sends nothing.
    #[must_use]
    pub fn of<S: Clone>(service: &S) -> Option<Self> {
        let _search = Search::start()?;
        drop(service.clone());
        match SEARCH.try_with(|search| search.replace(Search::Off)) {
            Ok(Search::Found(settings)) => Some(settings),
            _ => None,
        }
    }

    /// Returns the base URL that requests are sent to.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.base_url
    }

    /// Returns the rate limiter, whose state the transport updates.
    #[must_use]
    pub fn rate_limiter(&self) -> &RateLimiter {
        &self.0.rate_limiter
    }

    /// Returns the default timeout of a whole call.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Returns the maximum size of a response body that is read into memory, in bytes.
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.0.max_body_bytes
    }
}

/// The search of this thread for a transport.
enum Search {
    Off,
    Nothing,
    Found(TransportSettings),
    Several,
}

thread_local! {
    static SEARCH: RefCell<Search> = const { RefCell::new(Search::Off) };
}

/// Ends the search also if a clone panics.
struct EndOfSearch;

impl Drop for EndOfSearch {
    fn drop(&mut self) {
        let _ = SEARCH.try_with(|search| search.replace(Search::Off));
    }
}

impl Search {
    /// Starts a search; `None` while the thread ends.
    fn start() -> Option<EndOfSearch> {
        SEARCH.try_with(|search| search.replace(Self::Nothing)).ok().map(|_| EndOfSearch)
    }

    fn find(self, settings: &TransportSettings) -> Self {
        match self {
            Self::Off => Self::Off,
            Self::Nothing => Self::Found(settings.clone()),
            Self::Found(_) | Self::Several => Self::Several,
        }
    }
}

/// The outermost service of a stack.
pub(crate) struct Described<S> {
    inner: S,
    settings: TransportSettings,
}

impl<S> Described<S> {
    pub(crate) fn new(inner: S, settings: TransportSettings) -> Self {
        Self { inner, settings }
    }
}

impl<S: Clone> Clone for Described<S> {
    fn clone(&self) -> Self {
        // Disabled meanwhile: a transport below this one is a part of it.
        let search = SEARCH.try_with(|search| search.replace(Search::Off));
        let clone = Self { inner: self.inner.clone(), settings: self.settings.clone() };
        if let Ok(search @ (Search::Nothing | Search::Found(_) | Search::Several)) = search {
            let _ = SEARCH.try_with(|state| state.replace(search.find(&self.settings)));
        }
        clone
    }
}

impl<S: Service<R>, R> Service<R> for Described<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described<S>(inner: S, host: &str) -> Described<S> {
        let base_url = BaseUrl::parse(&format!("https://{host}")).unwrap();
        Described::new(inner, TransportSettings::new(base_url, RateLimiter::default(), Duration::from_secs(7), 8))
    }

    fn host_of<S: Clone>(service: &S) -> Option<String> {
        TransportSettings::of(service).map(|settings| settings.base_url().host().to_owned())
    }

    #[test]
    fn only_one_transport_is_found_and_the_outer_one_of_two() {
        assert_eq!(host_of(&()), None);
        assert_eq!(host_of(&(1, described((), "a.example"))), Some("a.example".to_owned()));
        assert_eq!(host_of(&described(described((), "b.example"), "a.example")), Some("a.example".to_owned()));
        assert_eq!(host_of(&(described((), "a.example"), described((), "b.example"))), None, "which one is unknown");
        assert_eq!(host_of(&Arc::new(described((), "a.example"))), None);
    }

    #[test]
    fn search_ends_with_a_panic_of_a_clone() {
        struct Bomb;
        impl Clone for Bomb {
            fn clone(&self) -> Self {
                panic!("boom")
            }
        }
        let failed = std::panic::catch_unwind(|| host_of(&Bomb)).unwrap_err();
        assert_eq!(failed.downcast_ref(), Some(&"boom"));
        drop(described((), "a.example").clone());
        assert_eq!(host_of(&()), None);
    }
}
