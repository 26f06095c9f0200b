//! One call.
#![expect(clippy::print_stdout, reason = "it is a program of a user")]

use avala_client::{Avala, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let dataset = Avala::from_env()?.datasets().get("550e8400-e29b-41d4-a716-446655440000").await?;
    println!("{}", dataset.name);
    Ok(())
}
