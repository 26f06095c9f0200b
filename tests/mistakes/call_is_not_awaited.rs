//! A call that is not awaited does nothing.

pub async fn rename(avala: avala_client::Avala) {
    let change = avala_client::types::UpdateFleetDevice::default().name("front camera");
    avala.fleet().devices().update("d1", &change);
}
