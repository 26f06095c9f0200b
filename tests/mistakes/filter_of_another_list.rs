//! A filter that this list does not have.

pub async fn list(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    avala.datasets().list().project("p1").await?;
    Ok(())
}
