//! Starts a sandbox.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::net::TcpListener;

use super::SandboxBuilder;
use crate::app::{App, Settings, UploadSettings};
#[cfg(feature = "tls")]
use crate::authority::Authority;
use crate::documented_limits::DocumentedLimits;
#[cfg(feature = "tls")]
use crate::known_hosts::{MANAGED_STORAGE, STORAGE_ORIGIN};
use crate::pipeline::Pipeline;
#[cfg(feature = "tls")]
use crate::proxy;
use crate::rate_limit::{Limiter, RateLimit};
use crate::request_log::RequestLog;
#[cfg(feature = "tls")]
use crate::sandbox::Proxy;
use crate::sandbox::Sandbox;
use crate::server::{self, Tls};
use crate::state::clock::Clock;
use crate::state::storage::links::Links;
use crate::webhook::DeliveryWorker;
use crate::{demo, router, seed};

/// How long URLs of the storage host are valid unless set.
const URL_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Calls a minute without a key.
const ANONYMOUS_CALLS: u64 = 30;

impl Sandbox {
    /// Starts a sandbox on a free port, with the demo seed and the key `avk_test`.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start() -> io::Result<Self> {
        Box::pin(Self::builder().start()).await
    }

    /// Returns a builder of a sandbox with other settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }
}

impl SandboxBuilder {
    pub(super) async fn start_sandbox(self) -> io::Result<Sandbox> {
        let settings = self;
        check_key(&settings.api_key)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address = listener.local_addr()?;
        #[cfg(feature = "tls")]
        let authority = if settings.tls { Some(Arc::new(Authority::new()?)) } else { None };
        #[cfg(feature = "tls")]
        let tls = match &authority {
            Some(authority) => Tls::On(authority.acceptor("127.0.0.1")?),
            None => Tls::Off,
        };
        #[cfg(not(feature = "tls"))]
        let tls = Tls::Off;
        let scheme = if matches!(tls, Tls::Off) { "http" } else { "https" };
        let url = format!("{scheme}://{address}");
        let mut tables = seed::tables(settings.seed, &url, &settings.extras)?;
        tables.storage.bodies = settings.bodies;
        tables.storage.item_size = settings.item_size;
        tables.storage.export_size = settings.export_size;
        tables.storage.clock.set_offset(settings.clock_offset_ms);
        tables.accounts.give_key(&demo::OWNER.into(), &settings.api_key);
        if let Some(token) = &settings.access_token {
            check_key(token)?;
            tables.accounts.give_token(&demo::OWNER.into(), token);
        }
        let (app, outbox) = App::new(Settings::new(&url, &settings, tables.storage.clock.clone()), tables);
        let worker = DeliveryWorker { app: app.clone(), outbox, waits: settings.webhook_retries };
        let anonymous = settings.limits.then(|| RateLimit::per_minute(ANONYMOUS_CALLS));
        let pipeline = Arc::new(Pipeline {
            router: router::router(app.clone()),
            app,
            limiter: Limiter::new(settings.rate_limit.filter(|_| settings.limits)),
            anonymous_limiter: Limiter::new(anonymous),
            log: RequestLog::default(),
            latency: settings.latency,
            on_response: settings.on_response,
        });
        #[cfg(feature = "tls")]
        let proxy = match authority {
            Some(authority) => Some(start_proxy(settings.proxy_port, authority, &pipeline, address.port()).await?),
            None => None,
        };
        let run = server::run(listener, Arc::clone(&pipeline), worker, tls);
        let server = tokio::spawn(run).abort_handle();
        Ok(Sandbox {
            url,
            key: settings.api_key,
            pipeline,
            server,
            #[cfg(feature = "tls")]
            proxy,
        })
    }
}

#[cfg(feature = "tls")]
async fn start_proxy(
    port: u16,
    authority: Arc<Authority>,
    pipeline: &Arc<Pipeline>,
    api_port: u16,
) -> io::Result<Proxy> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let ca_certificate_pem = authority.pem().to_owned();
    let task = tokio::spawn(proxy::run(listener, authority, Arc::clone(pipeline), api_port)).abort_handle();
    Ok(Proxy { url, ca_certificate_pem, task })
}

impl Settings {
    fn new(url: &str, builder: &SandboxBuilder, clock: Clock) -> Self {
        let (storage_url, managed_storage_url) = (url.to_owned(), format!("{url}/recordings"));
        #[cfg(feature = "tls")]
        let (storage_url, managed_storage_url) = match builder.tls {
            true => (STORAGE_ORIGIN.to_owned(), MANAGED_STORAGE.to_owned()),
            false => (storage_url, managed_storage_url),
        };
        Self {
            url: url.to_owned(),
            links: Links { base: storage_url, lifetime: builder.url_lifetime.unwrap_or(URL_LIFETIME), clock },
            managed_storage_url,
            bare_member_lists: builder.bare_member_lists,
            update_existing_agents: builder.update_existing_agents,
            documented_limits: DocumentedLimits::new(builder.documented_limits),
            uploads: UploadSettings { longest_lifetime: builder.url_lifetime, ..builder.uploads },
            execution_page_limit: builder.execution_page_limit,
            start_listed_executions: builder.start_listed_executions,
        }
    }
}

fn check_key(key: &str) -> io::Result<()> {
    match HeaderValue::from_str(key) {
        Ok(_) if !key.is_empty() => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the key is empty or cannot be sent in a header")),
    }
}
