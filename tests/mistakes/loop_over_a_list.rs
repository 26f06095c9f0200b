//! A `for` loop over a list, whose pages arrive asynchronously.

pub async fn list(avala: avala_client::Avala) {
    for task in avala.tasks().list() {
        drop(task);
    }
}
