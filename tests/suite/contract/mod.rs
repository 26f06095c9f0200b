//! Every call of the contract on the wire: the client sends the fields of `tests/contract/endpoints.json`, and nothing
//! else.
//!
//! Each row has a case in `calls/`: the client's call with its required arguments, and with all arguments. A
//! server on a loopback port records the requests.

mod calls;
mod case;
mod check;
mod examples;
mod operations;
mod server;

use std::collections::BTreeMap;

use avala_client::Avala;
use avala_client::transport::{RateLimiter, RetryPolicy};
use avala_tests::contract::{Endpoint, endpoints};

use server::Recorder;

const KEY: &str = "avk_contract";

fn client(url: &str) -> Avala {
    let builder = Avala::builder().api_key(KEY).base_url(url).allow_insecure_base_url(true);
    builder.rate_limiter(RateLimiter::off()).retry(RetryPolicy::none()).build().unwrap().strict_decoding(true)
}

#[tokio::test]
async fn every_call_sends_the_fields_of_its_row() {
    let recorder = Recorder::start().await;
    let avala = client(recorder.url());
    let mut rows: BTreeMap<String, Endpoint> =
        endpoints().unwrap().into_iter().map(|row| (row.call.clone(), row)).collect();
    let mut wrong = Vec::new();
    for case in calls::all(&avala) {
        match rows.remove(case.call) {
            Some(row) => wrong.extend(check::case(&row, case, &recorder).await),
            None => wrong.push(format!("{}: a case without a row of its own", case.call)),
        }
    }
    wrong.extend(rows.keys().map(|call| format!("{call}: a row without a case")));
    assert!(wrong.is_empty(), "{} differences from the contract:\n{}\n", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_call_of_the_client_has_a_row() {
    let rows: Vec<String> = endpoints().unwrap().into_iter().map(|row| row.call).collect();
    let wrong = operations::differences(&rows);
    assert!(wrong.is_empty(), "{} differences from the contract:\n{}\n", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_call_has_an_example_that_uses_it() {
    let wrong = examples::missing();
    assert!(wrong.is_empty(), "{} functions:\n{}\n", wrong.len(), wrong.join("\n"));
    let (functions, rows) = (examples::count(), endpoints().unwrap().len());
    assert!(functions > rows, "found {functions} functions for {rows} rows: is their source elsewhere now?");
}
