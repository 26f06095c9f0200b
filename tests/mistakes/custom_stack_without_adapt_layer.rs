//! A stack of one's own whose innermost service has another error, and no `AdaptLayer` above it.

use avala_client::transport::layer::CollectLayer;
use avala_client::transport::Body;
use http::{Request, Response};

pub fn client() -> avala_client::Avala {
    let service = tower::service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::default())) });
    avala_client::Avala::from_service(tower::ServiceBuilder::new().layer(CollectLayer::new(1024)).service(service))
}
