//! A layer whose error type is not an error.

use avala_client::transport::Transport;

pub fn client() -> Result<avala_client::Avala, avala_client::Error> {
    let layer = tower::layer::layer_fn(|inner: Transport| tower::util::MapErr::new(inner, |_| ()));
    avala_client::Avala::builder().api_key("avk_1").layer_per_call(layer).build()
}
