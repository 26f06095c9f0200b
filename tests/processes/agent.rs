//! An agent as a separate process, for tests that kill it. `avala_tests::agents::program` describes its argument.

use avala_tests::agents::{Failure, program};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = std::env::args().nth(1).ok_or("the settings are missing")?;
    program::main(&settings).await?;
    Ok(())
}
