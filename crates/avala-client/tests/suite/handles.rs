//! Handles: short forms of calls that take the same owner and slug.

use avala_client::{Avala, ErrorKind, Sent};
use avala_transport::testing::{ScriptedService, Step};
use avala_types::{
    AddTeamMember, BulkEdit, CreateInvitation, CreateTeam, Dataset, Json, OutcomeLabel, SetSequenceOutcome,
    TransferDataset, TransferOwnership, UpdateMemberRole, UpdateOrganization, UpdateTeam, UpdateTeamMemberRole,
};
use serde_json::json;

use crate::{bare, json, targets};

/// Returns a client, and the script that records its calls.
fn recorded() -> (Avala, ScriptedService) {
    let script = ScriptedService::always(Step::respond(404));
    (bare(&script), script)
}

/// Returns the method, target and body of each call.
fn calls(script: &ScriptedService) -> Vec<String> {
    let requests = script.requests();
    let calls = requests.iter().map(|call| format!("{} {} {:?}", call.method, call.uri, call.body));
    calls.collect()
}

/// Sends each pair of calls and checks that both send the same request with the same official name.
macro_rules! assert_same {
    ($script:ident: $($short:expr => $long:expr,)+) => {{
        let mut count = 0;
        $(
            let short = $short.await.unwrap_err();
            let long = $long.await.unwrap_err();
            assert_eq!((short.kind(), short.operation()), (ErrorKind::NotFound, long.operation()));
            count += 1;
        )+
        let calls = calls(&$script);
        assert_eq!(calls.len(), 2 * count);
        for pair in calls.chunks(2) {
            assert_eq!(pair[0], pair[1]);
        }
        count
    }};
}

#[tokio::test]
async fn dataset_handle_sends_the_calls_of_the_contract() {
    let (avala, script) = recorded();
    let handle = avala.dataset("acme", "drives");
    let (datasets, issues, annotations) = (avala.datasets(), avala.annotation_issues(), avala.annotations());
    let to = TransferDataset::to_user("ada");
    let outcome = SetSequenceOutcome::new(OutcomeLabel::SlowSuccess);
    let edit: Json = json!({"uid": "a1"}).into();
    let edits = BulkEdit::new([edit.clone()]);
    let count = assert_same! { script:
        handle.get() => datasets.get_by_slug("acme", "drives"),
        handle.items() => datasets.list_items("acme", "drives"),
        handle.item("i1") => datasets.get_item("acme", "drives", "i1"),
        handle.sequences() => datasets.list_sequences("acme", "drives"),
        handle.sequence("s1") => datasets.get_sequence("acme", "drives", "s1"),
        handle.frame("s1", 3) => datasets.get_frame("acme", "drives", "s1", 3),
        handle.calibration("s1") => datasets.get_calibration("acme", "drives", "s1"),
        handle.health() => datasets.get_health("acme", "drives"),
        handle.transfer(&to) => datasets.transfer("acme", "drives", &to),
        handle.sequence_outcome("s1") => datasets.get_sequence_outcome("acme", "drives", "s1"),
        handle.set_sequence_outcome("s1", &outcome) =>
            datasets.set_sequence_outcome("acme", "drives", "s1", &outcome),
        handle.sequence_outcome_history("s1") => datasets.list_sequence_outcome_history("acme", "drives", "s1"),
        handle.sequence_outcomes() => datasets.list_sequence_outcomes("acme", "drives"),
        handle.annotation_issues() => issues.list_by_dataset("acme", "drives"),
        handle.annotation_issue_metrics() => issues.get_metrics("acme", "drives"),
        handle.bulk_edit_chunk(&edits) => annotations.bulk_edit_chunk("acme", "drives", &edits),
    };
    assert_eq!(count, 16);
    assert!(handle.bulk_edit([edit]).await.is_err());
    assert_eq!(targets(&script).last().unwrap(), "/datasets/acme/drives/bulk-edition/");
}

#[tokio::test]
async fn organization_handle_sends_the_calls_of_the_contract() {
    let (avala, script) = recorded();
    let (acme, all) = (avala.organization("acme"), avala.organizations());
    let (update, owner) = (UpdateOrganization::default(), TransferOwnership::new("u1"));
    let (invitation, role) = (CreateInvitation::new("a@b.c"), UpdateMemberRole::new("admin"));
    let (team, changes) = (CreateTeam::new("Night"), UpdateTeam::default());
    let (member, team_role) = (AddTeamMember::new("u1"), UpdateTeamMemberRole::new("lead"));
    let count = assert_same! { script:
        acme.get() => all.get("acme"),
        acme.update(&update) => all.update("acme", &update),
        acme.delete() => all.delete("acme"),
        acme.leave() => all.leave("acme"),
        acme.transfer_ownership(&owner) => all.transfer_ownership("acme", &owner),
        acme.create_invitation(&invitation) => all.create_invitation("acme", &invitation),
        acme.invitations() => all.list_invitations("acme"),
        acme.resend_invitation("i1") => all.resend_invitation("acme", "i1"),
        acme.cancel_invitation("i1") => all.cancel_invitation("acme", "i1"),
        acme.members().role("admin") => all.list_members("acme").role("admin"),
        acme.update_member_role("u1", &role) => all.update_member_role("acme", "u1", &role),
        acme.remove_member("u1") => all.remove_member("acme", "u1"),
        acme.create_team(&team) => all.create_team("acme", &team),
        acme.teams() => all.list_teams("acme"),
        acme.team("t1") => all.get_team("acme", "t1"),
        acme.update_team("t1", &changes) => all.update_team("acme", "t1", &changes),
        acme.delete_team("t1") => all.delete_team("acme", "t1"),
        acme.add_team_member("t1", &member) => all.add_team_member("acme", "t1", &member),
        acme.team_members("t1") => all.list_team_members("acme", "t1"),
        acme.update_team_member_role("t1", "u1", &team_role) =>
            all.update_team_member_role("acme", "t1", "u1", &team_role),
        acme.remove_team_member("t1", "u1") => all.remove_team_member("acme", "t1", "u1"),
    };
    assert_eq!(count, 21);
}

#[tokio::test]
async fn dataset_value_addresses_itself_if_it_has_an_owner() {
    let script = ScriptedService::always(json(&json!({"uid": "d1", "name": "n", "slug": "s"})));
    let avala = bare(&script);
    let mut dataset = Dataset::new("d1", "Night drives", "night-drives");
    let error = avala.dataset_of(&dataset).get().await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No));
    dataset.owner_name = Some("acme".into());
    let _ = avala.dataset_of(&dataset).get().await;
    assert_eq!(targets(&script), ["/datasets/acme/night-drives/"]);
}
