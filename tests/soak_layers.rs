//! User layers of the soak: a layer around each call that counts calls and their ends, and a layer around each attempt
//! that reports to an audit service which is down.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use avala_client::AvalaBuilder;
use avala_client::transport::{Body, BoxError, CallOptions, RateLimiter, Transport, TransportBuilder, TransportError};
use http::{Request, Response};
use tower::layer::layer_fn;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

/// The operations of calls and lists that the soak pauses and drops.
const LEFT_ALONE: &[&str] = &["datasets.list", "agents.list"];

/// Counts of the layers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    audits: Arc<AtomicUsize>,
}

impl Seen {
    /// Returns the number of calls whose start, but not whose end, the layer saw.
    pub(crate) fn unseen(&self) -> usize {
        self.begun.load(Ordering::Relaxed).abs_diff(self.ended.load(Ordering::Relaxed))
    }

    /// Returns the number of attempts that failed because of the audit service.
    pub(crate) fn audits(&self) -> usize {
        self.audits.load(Ordering::Relaxed)
    }

    /// Adds both layers to a client. One attempt in `one_in` fails, after it has done its work.
    pub(crate) fn add_layers(&self, builder: AvalaBuilder, one_in: usize) -> Result<AvalaBuilder, TransportError> {
        let audit_service = TransportBuilder::new()
            .rate_limiter(RateLimiter::off())
            .service(service_fn(|_: Request<Body>| async {
                Err::<Response<Body>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
            }))
            .retry(avala_client::transport::RetryPolicy::default().max_attempts(1))
            .build()?;
        let (begun, ended) = (Arc::clone(&self.begun), Arc::clone(&self.ended));
        let count = layer_fn(move |inner: Transport| {
            let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
            BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
                // The soak drops these calls before their end.
                let operation =
                    request.extensions().get::<CallOptions>().and_then(|options| options.operation).unwrap_or_default();
                let counted = usize::from(!LEFT_ALONE.contains(&operation));
                begun.fetch_add(counted, Ordering::Relaxed);
                let (inner, ended) = (inner.clone(), Arc::clone(&ended));
                async move {
                    let result = inner.oneshot(request).await;
                    ended.fetch_add(counted, Ordering::Relaxed);
                    result
                }
            }))
        });
        let (number, audits) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&self.audits));
        let audit = layer_fn(move |inner: Transport| {
            let (audit_service, number, audits) = (audit_service.clone(), Arc::clone(&number), Arc::clone(&audits));
            BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
                let (inner, audit_service, audits) = (inner.clone(), audit_service.clone(), Arc::clone(&audits));
                let must_audit = number.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_in);
                async move {
                    let mut entry = Request::post("/audit/").body(Body::from("done"))?;
                    *entry.extensions_mut() = request.extensions().clone();
                    let response = inner.oneshot(request).await?;
                    if must_audit {
                        audits.fetch_add(1, Ordering::Relaxed);
                        audit_service.oneshot(entry).await?;
                    }
                    Ok::<_, BoxError>(response)
                }
            }))
        });
        Ok(builder.layer_per_call(count).layer_per_attempt(audit))
    }
}
