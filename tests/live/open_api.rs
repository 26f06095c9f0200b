//! The open API over real sockets: raw calls, options of calls, waits, handles, whole lists,
//! tenants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_client::transport::{Body, Priority, RateLimit, TransportBuilder};
use avala_client::types::{
    CreateExport, Dataset, DatasetItem, ExportStatus, FleetRecording, RecordingStatus, UpdateFleetRecording,
};
use avala_client::{Avala, ErrorKind, Method, Progress, Sent};
use avala_sandbox::{Fault, Sandbox};
use futures_util::StreamExt as _;
use tower::util::MapRequestLayer;

use crate::{builder, client, count};

async fn sandbox() -> (Sandbox, Avala) {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    (sandbox, avala)
}

/// Returns a dataset with an owner.
async fn owned(avala: &Avala) -> (Dataset, String) {
    let page = avala.datasets().list().await.unwrap();
    let dataset = page.items.into_iter().find(|dataset| dataset.owner_name.is_some()).unwrap();
    let owner = dataset.owner_name.as_ref().unwrap().to_string();
    (dataset, owner)
}

#[tokio::test]
async fn raw_calls_read_write_and_list() {
    let (sandbox, avala) = sandbox().await;
    #[derive(serde::Deserialize)]
    struct Named {
        uid: String,
        name: Option<String>,
    }
    let mut names = avala.request(Method::GET, "/datasets/").query("limit", "3").list::<Named>().items();
    let first = names.next().await.unwrap().unwrap();
    let rest = names.filter_map(|item| async { item.ok() }).count().await;
    assert!(rest > 3, "more than a page: {rest}");
    let same: Named = avala.request(Method::GET, "/datasets/").path([&first.uid]).decode_as().await.unwrap();
    assert_eq!((same.uid, same.name), (first.uid, first.name));
    let project = avala.projects().list().await.unwrap().items.swap_remove(0).uid;
    let payload = serde_json::json!({"project": project.as_str()});
    let created = avala.request(Method::POST, "/exports/").json(&payload).with_meta().await.unwrap();
    assert_eq!(created.meta.status.as_u16(), 201);
    let lost = avala.request(Method::GET, "/datasets/").path(["no such dataset"]).await.unwrap_err();
    assert_eq!((lost.kind(), lost.route()), (ErrorKind::NotFound, Some("/datasets/")));
    let before = sandbox.requests().len();
    for path in ["/datasets/..%2fusers/", "//example.com/", "/datasets/?limit=1", "https://example.com/"] {
        let error = avala.request(Method::GET, path).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No), "{path}");
    }
    assert_eq!(sandbox.requests().len(), before);
}

#[derive(Clone)]
struct Tenant(&'static str);

#[tokio::test]
async fn options_of_a_call_reach_layers_and_server() {
    let sandbox = Sandbox::start().await.unwrap();
    let tenants: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let seen = Arc::clone(&tenants);
    let note = MapRequestLayer::new(move |request: http::Request<Body>| {
        seen.lock().unwrap().extend(request.extensions().get::<Tenant>().map(|tenant| tenant.0));
        request
    });
    let avala = builder(&sandbox).layer_per_attempt(note).build().unwrap();
    sandbox.fault(Fault::status(502).on("GET", "/tasks/")).unwrap();
    let list = avala.tasks().list().header("x-request-id", "r1").extension(Tenant("acme")).priority(Priority::High);
    list.await.unwrap();
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 2, "the first one failed");
    assert!(requests.iter().all(|request| request.headers["x-request-id"] == "r1"));
    assert_eq!(*tenants.lock().unwrap(), ["acme", "acme"]);

    sandbox.fault(Fault::status(502).on("GET", "/tasks/")).unwrap();
    assert_eq!(avala.tasks().list().max_attempts(1).await.unwrap_err().attempts(), 1);
    let project = avala.projects().list().await.unwrap().items.swap_remove(0).uid;
    for (repeatable, attempts) in [(true, 2), (false, 1)] {
        sandbox.fault(Fault::drop_response().on("POST", "/exports/")).unwrap();
        let before = count(&sandbox, "POST", "/exports/");
        let call = avala.exports().create(&CreateExport::project(&project)).repeatable(repeatable);
        assert_eq!(call.await.is_ok(), repeatable);
        assert_eq!(count(&sandbox, "POST", "/exports/") - before, attempts);
    }
}

#[tokio::test]
async fn waits_report_every_state() {
    let (sandbox, avala) = sandbox().await;
    let project = avala.projects().list().await.unwrap().items.swap_remove(0).uid;
    let asked = avala.exports().create(&CreateExport::project(&project)).await.unwrap();
    let seen: Arc<Mutex<Vec<Option<ExportStatus>>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let wait = avala.exports().wait(&asked.uid).poll_interval(Duration::ZERO);
    wait.on_progress(move |export| noted.lock().unwrap().push(export.status.clone())).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() > 1 && seen.last() == Some(&Some(ExportStatus::Exported)), "{seen:?}");

    let asked = avala.exports().create(&CreateExport::project(&project)).await.unwrap();
    // Not visible yet, like on a replica that lags behind.
    sandbox.fault(Fault::status(404).on("GET", format!("/exports/{}/", asked.uid))).unwrap();
    let states = avala.exports().wait(&asked.uid).poll_interval(Duration::ZERO).states();
    let states: Vec<_> = states.map(|state| state.unwrap().status).collect().await;
    assert_eq!(states, seen);

    let wait = avala.request(Method::GET, "/exports/").path([asked.uid.as_str()]).decode_as::<serde_json::Value>();
    let done = wait.wait_with(|export| match export["status"].as_str() {
        Some("exported") => Progress::Ready,
        status => Progress::Running(status.map(str::to_owned)),
    });
    assert_eq!(done.await.unwrap()["uid"], asked.uid.as_str());
}

#[tokio::test]
async fn wait_for_a_recording_ends_with_its_status() {
    let (_sandbox, avala) = sandbox().await;
    let recordings = avala.fleet().recordings();
    let uid = recordings.list().await.unwrap().items.swap_remove(0).uid;
    let set = async |status: RecordingStatus| {
        recordings.update(&uid, &UpdateFleetRecording::default().status(status)).await.unwrap();
    };
    for status in [RecordingStatus::Ready, RecordingStatus::Completed, RecordingStatus::Archived] {
        set(status.clone()).await;
        assert_eq!(recordings.wait(&uid).await.unwrap().status, Some(status));
    }
    for status in [RecordingStatus::Uploading, RecordingStatus::Recording, RecordingStatus::Processing] {
        set(status.clone()).await;
        let mut states = recordings.wait(&uid).poll_interval(Duration::ZERO).states();
        assert_eq!(states.next().await.unwrap().unwrap().status, Some(status));
        set(RecordingStatus::Ready).await;
        assert_eq!(states.next().await.unwrap().unwrap().status, Some(RecordingStatus::Ready));
        assert!(states.next().await.is_none());
    }
    set(RecordingStatus::Error).await;
    let failed = recordings.wait(&uid).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::JobFailed);
    assert!(failed.message().contains(&format!("recording {uid} ended as `error`")), "{failed}");

    // A predicate also continues after a status that `wait` ends with.
    let is_archived = |recording: &FleetRecording| recording.status == Some(RecordingStatus::Archived);
    let mut states = recordings.get(&uid).wait_until(is_archived).poll_interval(Duration::ZERO).states();
    assert_eq!(states.next().await.unwrap().unwrap().status, Some(RecordingStatus::Error));
    set(RecordingStatus::Archived).await;
    assert_eq!(states.next().await.unwrap().unwrap().status, Some(RecordingStatus::Archived));
    assert!(states.next().await.is_none());
}

#[tokio::test]
async fn handles_and_whole_lists_return_what_the_calls_do() {
    let (_sandbox, avala) = sandbox().await;
    let (dataset, owner) = owned(&avala).await;
    let handle = avala.dataset(owner.as_str(), &dataset.slug);
    assert_eq!(handle.get().await.unwrap().uid, dataset.uid);
    let items: Vec<_> = handle.items().try_collect().await.unwrap();
    let same: Vec<_> = avala.dataset_of(&dataset).items().limit(7).try_collect().await.unwrap();
    // Their presigned URLs depend on the second of the response.
    let keys = |items: Vec<DatasetItem>| items.into_iter().map(|item| (item.uid, item.key)).collect::<Vec<_>>();
    assert_eq!(keys(items), keys(same));
    let organization = avala.organizations().list().await.unwrap().items.swap_remove(0);
    let teams = avala.organization(&organization.slug).teams().await.unwrap().items;
    assert_eq!(teams, avala.organizations().list_teams(&organization.slug).await.unwrap().items);

    let by_owner = || avala.datasets().list_by_owner(owner.as_str());
    let all: Vec<Dataset> = by_owner().try_collect().await.unwrap();
    let parallel: Vec<Dataset> = by_owner().limit(2).try_collect_parallel(4).await.unwrap();
    assert_eq!(all, parallel);
    assert_eq!(by_owner().count().await.unwrap(), Some(all.len() as u64));
    assert_eq!(avala.datasets().list().count().await.unwrap(), None, "a list of cursors has no count");
}

#[tokio::test]
async fn limited_tenant_does_not_delay_another_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let pool = TransportBuilder::new().build_pool().unwrap();
    let limit = RateLimit::per_minute(600_000);
    let tenant = || builder(&sandbox).connection_pool(pool.clone()).rate_limit(limit).build().unwrap();
    let (acme, globex) = (tenant(), tenant());
    sandbox.fault(Fault::status(429).header("retry-after", "3000").on("GET", "/tasks/")).unwrap();
    let refused = acme.tasks().list().max_attempts(1).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RateLimited);
    let gated = acme.tasks().list().await.unwrap_err();
    assert_eq!((gated.kind(), gated.sent()), (ErrorKind::RateLimited, Sent::No), "its gate is closed");
    globex.tasks().list().await.unwrap();
    assert_eq!(count(&sandbox, "GET", "/tasks/"), 2);
}
