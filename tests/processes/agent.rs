//! An agent as a process of its own, for tests that kill it. Its argument is in `avala_tests::agents::program`.

use avala_tests::agents::{Failure, program};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = std::env::args().nth(1).ok_or("the settings are missing")?;
    program::main(&settings).await?;
    Ok(())
}
