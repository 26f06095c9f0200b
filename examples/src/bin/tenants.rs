//! Several tenants over one pool of connections: each has its own key, rate limit and default timeout.
//!
//! Run it with `cargo run -p avala-examples --bin tenants`.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use avala_client::transport::{ConnectionPool, RateLimit, TransportBuilder};
use avala_client::types::{CreateDataset, DataType, Secret, Signup};
use avala_client::{Avala, Error as AvalaError};
use avala_examples::builder_of;
use avala_sandbox::Sandbox;

/// The clients of all tenants, created when they are first used.
struct Tenants {
    pool: ConnectionPool,
    base_url: String,
    keys: BTreeMap<&'static str, Secret>,
    clients: Mutex<BTreeMap<&'static str, Avala>>,
}

impl Tenants {
    /// Returns the client of a tenant; its clones share one rate limit.
    fn client(&self, tenant: &'static str) -> Result<Avala, AvalaError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(avala) = clients.get(tenant) {
            return Ok(avala.clone());
        }
        let key = self.keys.get(tenant).cloned().unwrap_or_else(|| Secret::from(""));
        let avala = Avala::builder()
            .api_key(key)
            .base_url(&self.base_url)
            .allow_insecure_base_url(true)
            // A busy tenant waits for its own limit, without delaying other tenants.
            .rate_limit(RateLimit::per_minute(100).burst(10))
            .timeout(Duration::from_secs(20))
            .connection_pool(self.pool.clone())
            .build()?;
        clients.insert(tenant, avala.clone());
        Ok(avala)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    // A second account gives the second key. With the real API the keys come from a database.
    let signup = Signup::new("grace@globex.example", "a long passphrase");
    let second = builder_of(&sandbox).build()?.signup().create(&signup).await?;
    let tenants = Tenants {
        pool: TransportBuilder::new().build_pool()?,
        base_url: sandbox.url().to_owned(),
        keys: BTreeMap::from([("acme", Secret::from(sandbox.api_key())), ("globex", second.api_key)]),
        clients: Mutex::default(),
    };

    for (number, tenant) in ["acme", "globex", "acme"].into_iter().enumerate() {
        let avala = tenants.client(tenant)?;
        let dataset = CreateDataset::new("Drives", format!("{tenant}-{number}"), DataType::Image);
        let created = avala.datasets().create(&dataset).await?;
        let limit = avala.rate_limit().and_then(|limit| limit.limit);
        println!("{tenant}: dataset {}, limit {limit:?}", created.slug);
    }
    let clients = tenants.clients.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{} clients share one pool", clients.len());
    Ok(())
}
