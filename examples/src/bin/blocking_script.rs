//! A script without `async`: lists, a wait and an error, on a plain thread.
//!
//! Run it with `cargo run -p avala-examples --bin blocking_script`.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::error::Error;
use std::time::Duration;

use avala_client::blocking::Avala;
use avala_client::types::CreateExport;
use avala_examples::{builder_of, has_key};
use avala_sandbox::Sandbox;

fn main() -> Result<(), Box<dyn Error>> {
    if has_key() {
        return run(&Avala::from_env()?);
    }
    // Only the sandbox needs a runtime; a script with a key needs none.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let sandbox = runtime.block_on(Sandbox::start())?;
    run(&Avala::new(builder_of(&sandbox).build()?)?)
}

fn run(avala: &Avala) -> Result<(), Box<dyn Error>> {
    let mut largest = None;
    for dataset in avala.iter(avala.datasets().list()) {
        let dataset = dataset?;
        if largest.as_ref().is_none_or(|(count, _, _)| dataset.item_count > *count) {
            largest = Some((dataset.item_count, dataset.name, dataset.uid));
        }
    }
    let (count, name, uid) = largest.ok_or("the account has no dataset")?;
    println!("{name} is the largest, with {count} items");

    let export = avala.run(avala.exports().create(&CreateExport::dataset(&uid)))?;
    let export = avala.run(avala.exports().wait(&export.uid).poll_interval(Duration::from_millis(500)))?;
    println!("its export is {}", export.status.map(|status| status.to_string()).unwrap_or_default());

    match avala.run(avala.tasks().get("t404")) {
        Ok(task) => println!("task {}", task.uid),
        Err(error) if error.is_not_found() => println!("there is no task t404"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
