use avala_sandbox::{Sandbox, Seed};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use serde_json::json as value;
use sha2::Sha256;

use crate::client::{act, call, column, create, fetch, first_uid, json, post, refused_fields, request, text, walk};
use crate::life::Life;
use crate::receiver::Receiver;

#[tokio::test]
async fn an_agent_lives() {
    let sandbox = Sandbox::start().await.unwrap();
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    let life = Life {
        list: "/agents/".to_owned(),
        key: "uid",
        new: value!({
            "name": "Reviewer", "events": ["result.submitted"], "description": "Looks at boxes.",
            "callback_url": "https://agent.example/", "is_active": true, "project": project,
            "task_types": ["bounding_box"],
        }),
        change: value!({"name": "Gatekeeper", "is_active": false, "events": ["task.completed"]}),
        keeps: "name",
        clears: Some("project"),
        secret: Some("secret"),
    };
    life.live(&sandbox).await;
    let agent = first_uid(&sandbox, "/agents/").await;
    let put = request(&sandbox, Method::PUT, &format!("/agents/{agent}/"), r#"{"name": "By PUT"}"#);
    assert_eq!(json(&call(&sandbox, put).await, StatusCode::OK)["name"], "By PUT");
    let fields = refused_fields(&sandbox, "/agents/", value!({"events": ["lunch"], "project": 7})).await;
    assert_eq!(fields, ["events", "name", "project"]);
}

#[tokio::test]
async fn executions_are_filtered_and_decided_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let agent = first_uid(&sandbox, "/agents/").await;
    let list = format!("/agents/{agent}/executions/");
    assert_eq!(walk(&sandbox, &format!("{list}?limit=7"), "uid").await.len(), 40);
    let pending = walk(&sandbox, &format!("{list}?status=pending"), "uid").await;
    assert_eq!(fetch(&sandbox, &format!("/agents/{agent}/")).await["execution_stats"]["pending"], pending.len());
    let types = walk(&sandbox, &format!("{list}?task_types=point-cloud-objects,video-annotation"), "uid").await;
    let all_types = walk(&sandbox, &format!("{list}?task_types=image-annotation"), "uid").await;
    assert!(!types.is_empty() && !all_types.is_empty() && types.len() + all_types.len() < 40);
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    assert_eq!(walk(&sandbox, &format!("{list}?project={project}"), "uid").await.len(), 5);

    let decision = value!({"execution": pending[0], "action": "reject", "reason": "two boxes overlap"});
    let decided = create(&sandbox, "/agent-actions/", decision.clone()).await;
    assert_eq!((&decided["status"], &decided["action"]), (&value!("completed"), &value!("reject")));
    assert_eq!(decided["response_payload"]["reason"], "two boxes overlap");
    assert!(decided["completed_at"].is_string());
    json(&post(&sandbox, "/agent-actions/", decision).await, StatusCode::CONFLICT);
    assert_eq!(walk(&sandbox, &format!("{list}?status=pending"), "uid").await.len(), pending.len() - 1);
    for wrong in [value!({"execution": "x", "action": "skip"}), value!({"execution": pending[1], "action": "eat"})] {
        assert_eq!(refused_fields(&sandbox, "/agent-actions/", wrong).await.len(), 1);
    }
}

#[tokio::test]
async fn an_approved_result_completes_its_task() {
    let sandbox = Sandbox::start().await.unwrap();
    let agent = first_uid(&sandbox, "/agents/").await;
    let page = fetch(&sandbox, &format!("/agents/{agent}/executions/?status=pending")).await;
    let executions = page["results"].as_array().unwrap();
    let mut completed = 0;
    for execution in executions {
        let task = format!("/tasks/{}/", text(execution, "task"));
        let was_complete = fetch(&sandbox, &task).await["status"] == "completed";
        create(&sandbox, "/agent-actions/", value!({"execution": execution["uid"], "action": "approve"})).await;
        assert_eq!(fetch(&sandbox, &task).await["status"], "completed");
        completed += usize::from(!was_complete);
    }
    assert!(executions.len() > 10);
    // The second agent is subscribed to completed tasks of one project.
    let told = walk(&sandbox, "/agents/", "uid").await.swap_remove(1);
    let told = fetch(&sandbox, &format!("/agents/{told}/executions/?limit=1000")).await;
    let told = column(&told, "event_type").into_iter().filter(|event| event == "task.completed").count();
    assert!(0 < told && told < completed, "{told} of {completed}");
}

#[tokio::test]
async fn an_event_becomes_work_for_the_agents_that_look_at_it() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let agent = |body| create(&sandbox, "/agents/", body);
    let looks = agent(value!({"name": "Looks", "events": ["dataset.created"]})).await;
    let other = agent(value!({"name": "Other", "events": ["export.completed"]})).await;
    let inactive = agent(value!({"name": "Off", "events": ["dataset.created"], "is_active": false})).await;
    let dataset = create(&sandbox, "/datasets/", value!({"name": "A", "slug": "a", "data_type": "image"})).await;

    let executions = |agent: &serde_json::Value| format!("/agents/{}/executions/?status=pending", text(agent, "uid"));
    let page = fetch(&sandbox, &executions(&looks)).await;
    assert_eq!(column(&page, "event_type"), ["dataset.created"]);
    assert_eq!(page["results"][0]["event_payload"]["dataset_uid"], dataset["uid"]);
    for agent in [other, inactive] {
        assert_eq!(fetch(&sandbox, &executions(&agent)).await["results"], value!([]));
    }
}

#[tokio::test]
async fn an_agent_that_is_not_active_fails_its_test() {
    let sandbox = Sandbox::start().await.unwrap();
    let uids = walk(&sandbox, "/agents/", "uid").await;
    for (uid, works) in uids.iter().zip([true, true, false]) {
        assert_eq!(json(&act(&sandbox, &format!("/agents/{uid}/test/")).await, StatusCode::OK)["success"], works);
    }
}

#[tokio::test]
async fn pages_of_executions_are_cut_to_the_limit() {
    let sandbox = Sandbox::builder().execution_page_limit(7).start().await.unwrap();
    let agent = first_uid(&sandbox, "/agents/").await;
    let page = fetch(&sandbox, &format!("/agents/{agent}/executions/?limit=100")).await;
    assert_eq!(column(&page, "uid").len(), 7);
    let all = walk(&sandbox, &format!("/agents/{agent}/executions/"), "status").await;
    assert_eq!(all.len(), 40, "without a status, decided ones are listed too");
    assert!(all.contains(&"pending".to_owned()) && all.contains(&"completed".to_owned()));
}

#[tokio::test]
async fn listed_executions_are_running_on_demand() {
    let sandbox = Sandbox::builder().start_listed_executions(true).execution_page_limit(5).start().await.unwrap();
    let agent = first_uid(&sandbox, "/agents/").await;
    let list = format!("/agents/{agent}/executions/?status=pending");
    let first = column(&fetch(&sandbox, &list).await, "uid");
    let second = column(&fetch(&sandbox, &list).await, "uid");
    assert!(!first.is_empty() && second.iter().all(|uid| !first.contains(uid)));
    let running = walk(&sandbox, &format!("/agents/{agent}/executions/?status=running"), "uid").await;
    assert_eq!(running.len(), first.len() + second.len());
    create(&sandbox, "/agent-actions/", value!({"execution": first[0], "action": "skip"})).await;
    let again = post(&sandbox, "/agent-actions/", value!({"execution": first[0], "action": "flag"})).await;
    let detail = json(&again, StatusCode::CONFLICT);
    assert_eq!(detail["detail"], "This execution has already been decided: skip.");
    sandbox.set_execution_status(&first[1], "failed").unwrap();
    let error = sandbox.set_execution_status("none", "running").unwrap_err();
    assert_eq!(error.to_string(), "the sandbox has no execution \"none\"");
}

#[tokio::test]
async fn every_event_becomes_an_execution_and_is_pushed() {
    let receiver = Receiver::start(&[500, 200]).await;
    let builder = Sandbox::builder().seed(Seed::Empty).webhook_retries([std::time::Duration::from_millis(1)]);
    let sandbox = builder.start().await.unwrap();
    let events = ["result.submitted", "task.completed", "dataset.created", "export.failed"];
    let body = value!({"name": "Push", "events": events, "callback_url": receiver.url});
    let agent = create(&sandbox, "/agents/", body).await;
    let payloads = [
        value!({"task_uid": "t", "result_uid": "r"}),
        value!({"task_uid": "t"}),
        value!({"dataset_uid": "d"}),
        value!({"export_uid": "e"}),
    ];
    for (event, payload) in events.iter().zip(&payloads) {
        sandbox.announce(event, payload).unwrap();
    }
    act(&sandbox, &format!("/agents/{}/test/", text(&agent, "uid"))).await;
    let begin = std::time::Instant::now();
    while receiver.received().len() < 6 {
        assert!(begin.elapsed() < std::time::Duration::from_secs(30), "{:?}", receiver.received().len());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let list = fetch(&sandbox, &format!("/agents/{}/executions/", text(&agent, "uid"))).await;
    let mut expected = column(&list, "uid");
    let mut pushed = Vec::new();
    for (headers, body) in receiver.received() {
        let mut mac = Hmac::<Sha256>::new_from_slice(text(&agent, "secret").as_bytes()).unwrap();
        mac.update(&body);
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(headers["x-avala-webhook-signature"], hex);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        pushed.extend(body["uid"].as_str().map(str::to_owned));
    }
    pushed.sort();
    pushed.dedup();
    expected.sort();
    assert_eq!(pushed, expected);
}
