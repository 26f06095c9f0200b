//! A stream without `mut`.

pub async fn first(avala: avala_client::Avala) {
    let tasks = avala.tasks().list().items();
    tasks.next().await;
}
