//! A page number for a list that has only cursors.

pub async fn list(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    avala.tasks().list().page(2).await?;
    Ok(())
}
