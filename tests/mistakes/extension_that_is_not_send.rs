//! An extension of a call that cannot go to another thread.

use std::rc::Rc;

pub async fn get(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    avala.datasets().get("d1").extension(Rc::new(7)).await?;
    Ok(())
}
