//! One pool of connections for several transports.

use avala_transport::testing::{ByteServer, Script, ScriptedService, Step};
use avala_transport::{ApiKey, BaseUrl, RateLimit, RateLimiter, TransportBuilder};

use crate::support::{get, send};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn tenants_share_connections_and_nothing_else() {
    let script = (0..4).fold(Script::new(), |script, _| script.request().send(OK));
    let server = ByteServer::start([script]).await.unwrap();
    let base_url = BaseUrl::parse_insecure_loopback(&server.url()).unwrap();
    let pool = TransportBuilder::new().base_url(base_url.clone()).build_pool().unwrap();
    let tenant = |key: &str| {
        let limiter = RateLimiter::new(RateLimit::per_minute(1_000).burst(1_000));
        let builder = TransportBuilder::new().base_url(base_url.clone()).api_key(ApiKey::new(key).unwrap());
        builder.rate_limiter(limiter).connection_pool(pool.clone()).build().unwrap()
    };
    let tenants = [tenant("avk_acme"), tenant("avk_globex")];
    for transport in tenants.iter().chain(&tenants) {
        send(transport, get("/datasets/")).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
    let heads: Vec<_> =
        server.requests().iter().map(|request| String::from_utf8_lossy(request).to_lowercase()).collect();
    for (head, key) in heads.iter().zip(["acme", "globex", "acme", "globex"]) {
        assert!(head.contains(&format!("avk_{key}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn last_of_service_and_pool_wins() {
    let script = ScriptedService::always(Step::respond(200));
    let server = ByteServer::always(Script::new().request().send(OK)).await.unwrap();
    let base_url = BaseUrl::parse_insecure_loopback(&server.url()).unwrap();
    let builder = || TransportBuilder::new().base_url(base_url.clone());
    let pool = || builder().build_pool().unwrap();
    send(&builder().connection_pool(pool()).service(script.clone()).build().unwrap(), get("/")).await.unwrap();
    assert_eq!((script.requests().len(), server.connections()), (1, 0));
    send(&builder().service(script.clone()).connection_pool(pool()).build().unwrap(), get("/")).await.unwrap();
    assert_eq!((script.requests().len(), server.connections()), (1, 1));
}

#[test]
fn pool_is_built_without_a_runtime() {
    let pool = TransportBuilder::new().root_certificate_pem("nonsense").build_pool();
    assert!(pool.unwrap_err().to_string().contains("root certificate 1"));
}

#[tokio::test]
async fn report_names_the_base_url_of_the_transport() {
    let script = ScriptedService::new().then(Step::respond(200)).then(Step::respond(200));
    let transport = TransportBuilder::new().service(script).build().unwrap();
    let response = send(&transport, get("/")).await.unwrap();
    let report = crate::support::report(&response);
    assert_eq!(report.base_url().unwrap().to_string(), "https://api.avala.ai/api/v1");
    assert_eq!((report.attempts, report.attempts()), (1, 1));
}
