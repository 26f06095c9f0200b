//! A key where a provider of keys is expected.

pub fn client() -> Result<avala_client::Avala, avala_client::Error> {
    avala_client::Avala::builder().api_key_provider("avk_1").build()
}
