//! A type of the user that serde cannot read.

pub struct Mine {
    pub name: String,
}

pub async fn get(avala: avala_client::Avala) -> Result<Mine, avala_client::Error> {
    avala.datasets().get("d1").decode_as::<Mine>().await
}
