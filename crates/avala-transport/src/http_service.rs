//! Bound of the services and layers that users add.

use bytes::Bytes;
use http::{Request, Response};
use tower::{BoxError, Service};

use self::sealed::Adaptation;
use crate::body::Body;
use crate::classify::Place;
use crate::layer::adapt::Adapt;
use crate::stack;
use crate::stack::Transport;

/// Service of HTTP requests: an HTTP client, a fake, or a service around calls. A short form of its bounds.
///
/// Every service is one that
///
/// - is a [`Service`](https://docs.rs/tower/0.5/tower/trait.Service.html)`<http::Request<`[`Body`]`>>`,
/// - responds with `http::Response<B>`, where `B` is any body with `Data = Bytes` that is `Send`,
/// - has an error that converts into [`BoxError`](crate::BoxError), and a future that is `Send`,
/// - and is `Clone + Send + Sync + 'static` itself.
///
/// A [`Transport`] is one, and so is `tower::service_fn` with a function that is `Clone + Send + Sync`. A layer can be
/// added if it is a `Layer<Transport>` whose service is one.
///
/// ```
/// use avala_transport::{Body, HttpService, TransportBuilder};
/// use http::{Request, Response};
///
/// fn check(service: impl HttpService) {
///     let transport = TransportBuilder::new().service(service).build();
/// }
///
/// check(tower::service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::from("{}"))) }));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as an HTTP service",
    note = "it has to be `Service<http::Request<avala_transport::Body>, Response = http::Response<B>>` with any body `B`, \
            and `Clone + Send + Sync + 'static`; its error has to convert into `BoxError`, and its future has to be `Send`",
    note = "in a stack of this crate's layers, `AdaptLayer` goes last, right above a service with another body or error"
)]
pub trait HttpService: sealed::Adapted {
    /// Boxes the service without adding layers. Its errors are classified as
    /// [`AdaptLayer`](crate::layer::AdaptLayer) describes.
    fn into_transport(self) -> Transport {
        self.adapt(Adaptation { place: Place::Innermost, classifier: None })
    }
}

impl<S: sealed::Adapted> HttpService for S {}

pub(crate) mod sealed {
    use crate::classify::{Classifier, Place};
    use crate::stack::Transport;

    /// Implemented for exactly the services that qualify. Hides the type of their bodies.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be used as an HTTP service",
        note = "it has to be `Service<http::Request<avala_transport::Body>, Response = http::Response<B>>` with any body `B`, \
                and `Clone + Send + Sync + 'static`; its error has to convert into `BoxError`, and its future has to be `Send`",
        note = "in a stack of this crate's layers, `AdaptLayer` goes last, right above a service with another body or error"
    )]
    pub trait Adapted: Clone + Send + Sync + 'static {
        /// Boxes the service, with its body and its errors converted.
        #[doc(hidden)]
        fn adapt(self, how: Adaptation) -> Transport;
    }

    /// How the errors of a service are classified.
    pub struct Adaptation {
        pub(crate) place: Place,
        pub(crate) classifier: Option<Classifier>,
    }
}

impl<S, B> sealed::Adapted for S
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn adapt(self, Adaptation { place, classifier }: Adaptation) -> Transport {
        stack::boxed(Adapt::new(self, place, classifier))
    }
}
