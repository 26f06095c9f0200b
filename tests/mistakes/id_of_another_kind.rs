//! An ID of one kind where another one is expected.

pub async fn task(avala: avala_client::Avala, dataset: avala_client::types::Dataset) -> Result<(), avala_client::Error> {
    avala.tasks().get(dataset.uid).await?;
    Ok(())
}
