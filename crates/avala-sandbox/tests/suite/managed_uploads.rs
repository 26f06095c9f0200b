use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{fetch, first_uid, get, json, post, refused_fields, text};
use crate::storage_client::put;

const PROTOCOL: &str = "fleet-managed-mcap-v1";
const SESSION: &str = "11111111-1111-4111-8111-111111111111";

/// The smallest file that starts and ends like an MCAP file.
const MCAP: &[u8] = b"\x89MCAP0\r\n\x89MCAP0\r\n";
const MCAP_SHA256: &str = "cd620998305f1a92732135123890a3143850b157d0ae009191c8f07a3acd4642";

async fn call(sandbox: &Sandbox, path: &str, mut body: Value) -> Value {
    body["protocol"] = value!(PROTOCOL);
    body["session_uid"] = value!(SESSION);
    json(&post(sandbox, path, body).await, StatusCode::OK)
}

#[tokio::test]
async fn managed_upload_is_verified_and_published() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/fleet/recordings/{}/managed-upload/", first_uid(&sandbox, "/fleet/recordings/").await);
    let status = format!("{path}status/?protocol={PROTOCOL}&session_uid={SESSION}");
    assert_eq!(get(&sandbox, &status).await.status(), StatusCode::NOT_FOUND);
    let files = value!([{"path": "a.mcap", "size_bytes": 16, "content_sha256": MCAP_SHA256}]);
    let admitted = call(&sandbox, &format!("{path}admit/"), value!({"files": files})).await;
    assert_eq!(admitted, call(&sandbox, &format!("{path}admit/"), value!({"files": files})).await, "repeatable");
    assert_eq!((&admitted["status"], &admitted["total_bytes"]), (&value!("initiated"), &value!(16)));
    let file = &admitted["files"][0];
    assert_eq!(
        (&file["part_size"], &file["part_count"], &file["verified"]),
        (&value!(67_108_864), &value!(1), &value!(false))
    );

    let generation = call(&sandbox, &format!("{path}multipart/init/"), value!({"file_uid": file["file_uid"]})).await;
    assert_eq!((&generation["number"], &generation["state"]), (&value!(1), &value!("active")));
    let named = value!({"file_uid": file["file_uid"], "generation_uid": generation["generation_uid"]});
    let mut grants = named.clone();
    grants["numbers"] = value!([1]);
    let grants = call(&sandbox, &format!("{path}multipart/parts/"), grants).await;
    let grant = &grants["parts"][0];
    assert_eq!((&grant["offset"], &grant["headers"]), (&value!(0), &value!({"content-length": "16"})));
    assert!(text(grant, "url").contains("X-Amz-SignedHeaders=content-length%3Bhost"), "{grant}");

    let finalize = value!({"files": [named], "protocol": PROTOCOL, "session_uid": SESSION});
    let early = post(&sandbox, &format!("{path}finalize/"), finalize.clone()).await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
    let wrong_size = put(&sandbox, &grant["url"], &value!({}), "1234").await;
    assert_eq!(wrong_size.status(), StatusCode::FORBIDDEN, "the length is signed");
    assert_eq!(put(&sandbox, &grant["url"], &value!({}), MCAP).await.status(), StatusCode::OK);
    let progress = format!(
        "{path}multipart/progress/?protocol={PROTOCOL}&session_uid={SESSION}&file_uid={}&generation_uid={}&after=0",
        text(file, "file_uid"),
        text(&generation, "generation_uid")
    );
    let progress = fetch(&sandbox, &progress).await;
    assert_eq!(
        (&progress["parts"], &progress["next_cursor"]),
        (&value!([{"part_number": 1, "size": 16}]), &Value::Null)
    );

    let finalized = call(&sandbox, &format!("{path}finalize/"), finalize.clone()).await;
    assert_eq!(finalized["finalization"]["state"], "pending");
    let again = call(&sandbox, &format!("{path}finalize/"), finalize).await;
    assert_eq!(again["finalization"]["uid"], finalized["finalization"]["uid"]);
    for (stage, confirmed) in [("verify", 0), ("attach", 16), ("prepare", 16)] {
        let running = fetch(&sandbox, &status).await;
        assert_eq!(
            (&running["status"], &running["finalization"]["state"]),
            (&value!("completing"), &value!("running"))
        );
        assert_eq!(
            (&running["finalization"]["stage"], &running["confirmed_bytes"]),
            (&value!(stage), &value!(confirmed))
        );
    }
    let done = fetch(&sandbox, &status).await;
    assert_eq!((&done["status"], &done["confirmed_bytes"]), (&value!("completed"), &value!(16)));
    assert_eq!(done["finalization"]["code"], "published");
    fetch(&sandbox, &format!("/datasets/{}/", text(&done["finalization"], "dataset_uid"))).await;
}

#[tokio::test]
async fn admit_refuses_bad_files_and_another_session() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/fleet/recordings/{}/managed-upload/admit/", first_uid(&sandbox, "/fleet/recordings/").await);
    let file = |path: &str, size: u64| value!({"path": path, "size_bytes": size, "content_sha256": "0".repeat(64)});
    for files in [value!([]), value!([file("a.bag", 1)]), value!([file("../a.mcap", 1)]), value!([file("a.mcap", 0)])] {
        let body = value!({"protocol": PROTOCOL, "session_uid": SESSION, "files": files});
        assert_eq!(refused_fields(&sandbox, &path, body).await, ["files"]);
    }
    let body = value!({"protocol": "other", "session_uid": SESSION, "files": [file("a.mcap", 1)]});
    assert_eq!(refused_fields(&sandbox, &path, body).await, ["protocol"]);
    call(&sandbox, &path, value!({"files": [file("a.mcap", 1)]})).await;
    let other = value!({"protocol": PROTOCOL, "session_uid": "2", "files": [file("a.mcap", 1)]});
    assert_eq!(post(&sandbox, &path, other).await.status(), StatusCode::CONFLICT);
}

/// Returns a session with one file, sent whole and finalized; returns the path of its status.
async fn finalized(sandbox: &Sandbox, bytes: &'static [u8], sha256: &str) -> String {
    let path = format!("/fleet/recordings/{}/managed-upload/", first_uid(sandbox, "/fleet/recordings/").await);
    let files = value!([{"path": "a b/é.mcap", "size_bytes": bytes.len(), "content_sha256": sha256}]);
    let admitted = call(sandbox, &format!("{path}admit/"), value!({"files": files})).await;
    let file = &admitted["files"][0]["file_uid"];
    let generation = call(sandbox, &format!("{path}multipart/init/"), value!({"file_uid": file})).await;
    let named = value!({"file_uid": file, "generation_uid": generation["generation_uid"]});
    let mut grants = named.clone();
    grants["numbers"] = value!([1]);
    let grants = call(sandbox, &format!("{path}multipart/parts/"), grants).await;
    assert_eq!(put(sandbox, &grants["parts"][0]["url"], &value!({}), bytes).await.status(), StatusCode::OK);
    call(sandbox, &format!("{path}finalize/"), value!({"files": [named]})).await;
    format!("{path}status/?protocol={PROTOCOL}&session_uid={SESSION}")
}

async fn finalization(sandbox: &Sandbox, status: &str) -> (String, String, u64) {
    let document = fetch(sandbox, status).await;
    let finalization = &document["finalization"];
    let failures = finalization["failures"].as_u64().unwrap();
    (text(finalization, "state").to_owned(), text(finalization, "code").to_owned(), failures)
}

#[tokio::test]
async fn wrong_hash_and_wrong_format_fail_for_good() {
    for (bytes, sha256, code) in [
        (MCAP, "0".repeat(64), "content_mismatch"),
        (b"hello", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".to_owned(), "invalid_mcap"),
    ] {
        let sandbox = Sandbox::start().await.unwrap();
        let status = finalized(&sandbox, bytes, &sha256).await;
        fetch(&sandbox, &status).await;
        for _ in 0..2 {
            let failed = finalization(&sandbox, &status).await;
            assert_eq!(failed, ("failed".to_owned(), code.to_owned(), 1));
        }
        let document = fetch(&sandbox, &status).await;
        assert_eq!((&document["files"][0]["verified"], &document["status"]), (&value!(false), &value!("completing")));
    }
}

#[tokio::test]
async fn scripted_steps_are_shown_before_it_goes_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let status = finalized(&sandbox, MCAP, MCAP_SHA256).await;
    let steps = ["retry_wait:capacity_pending", "retry_wait:worker_disabled", "failed:attempts_exhausted"];
    sandbox.script_finalizations(steps.map(|step| step.parse().unwrap()));
    for (step, failures) in steps.into_iter().zip([0, 1, 2]) {
        let (state, code, failed) = finalization(&sandbox, &status).await;
        assert_eq!((format!("{state}:{code}"), failed), (step.to_owned(), failures));
    }
    let before = fetch(&sandbox, &status).await;
    let recording = text(&before, "recording_uid");
    let named = value!({
        "file_uid": before["files"][0]["file_uid"],
        "generation_uid": before["files"][0]["generation"]["generation_uid"],
    });
    let path = format!("/fleet/recordings/{recording}/managed-upload/finalize/");
    let again = call(&sandbox, &path, value!({"files": [named]})).await;
    assert_eq!(again["finalization"]["uid"], before["finalization"]["uid"]);
    assert_eq!(again["finalization"]["state"], "pending");
    for _ in 0..3 {
        assert_eq!(finalization(&sandbox, &status).await.0, "running");
    }
    assert_eq!(finalization(&sandbox, &status).await, ("succeeded".to_owned(), "published".to_owned(), 0));
    assert!("done:published".parse::<avala_sandbox::FinalizationStep>().is_err());
}

#[tokio::test]
async fn generation_that_is_not_active_takes_no_parts() {
    let sandbox = Sandbox::start().await.unwrap();
    let recording = first_uid(&sandbox, "/fleet/recordings/").await;
    assert!(sandbox.set_generation_state(&recording, "abandoned").is_err(), "there is no upload yet");
    let path = format!("/fleet/recordings/{recording}/managed-upload/");
    let files = value!([{"path": "a.mcap", "size_bytes": 16, "content_sha256": MCAP_SHA256}]);
    let admitted = call(&sandbox, &format!("{path}admit/"), value!({"files": files})).await;
    let file = &admitted["files"][0]["file_uid"];
    let generation = call(&sandbox, &format!("{path}multipart/init/"), value!({"file_uid": file})).await;
    sandbox.set_generation_state(&recording, "abandoned").unwrap();
    let status = fetch(&sandbox, &format!("{path}status/?protocol={PROTOCOL}&session_uid={SESSION}")).await;
    assert_eq!(status["files"][0]["generation"]["state"], "abandoned");
    let body = value!({
        "protocol": PROTOCOL, "session_uid": SESSION, "file_uid": file, "numbers": [1],
        "generation_uid": generation["generation_uid"],
    });
    assert_eq!(post(&sandbox, &format!("{path}multipart/parts/"), body).await.status(), StatusCode::CONFLICT);
}
