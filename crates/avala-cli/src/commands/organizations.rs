//! Organizations, their members, teams and invitations.

use crate::args::option::{Arg, integer, pos, text};
use crate::commands::row::Row;

const SLUG: Arg = pos("slug", "Slug of the organization");
const TEAM: Arg = pos("team-slug", "Slug of the team");
const USER: Arg = pos("user-uid", "UID of the user");
const INVITATION: Arg = pos("invitation-uid", "UID of the invitation");
const PAGE: Arg = integer("page", "Number of the page to start at");
const ROLE: Arg = text("role", "Role").field("role").required();

pub(super) const ROWS: &[Row] = &[
    Row::list("organizations.list", &["organizations", "list"], "List organizations", &[PAGE], |a, i| {
        let list = a.organizations().list();
        match i.page() {
            Some(page) => i.list(list.page(page)),
            None => i.list(list),
        }
    })
    .columns(&["uid", "name", "slug", "member_count", "role"]),
    Row::read("organizations.get", &["organizations", "get"], "Get an organization", &[SLUG], |a, i| {
        i.one(a.organizations().get(i.text("slug")))
    }),
    Row::change(
        "organizations.create",
        &["organizations", "create"],
        "Create an organization",
        &[
            text("name", "Display name").field("name").required(),
            text("description", "Description").field("description"),
            text("logo", "URL of the logo").field("logo"),
            text("website", "Website").field("website"),
            text("industry", "Industry").field("industry"),
            text("email", "Email address").field("email"),
            text("phone", "Phone number").field("phone"),
            text("visibility", "Visibility").field("visibility"),
        ],
        |a, i| i.one(a.organizations().create(&i.payload()?)),
    ),
    Row::change(
        "organizations.update",
        &["organizations", "update"],
        "Update an organization",
        &[
            SLUG,
            text("name", "Display name").field("name"),
            text("description", "Description").field("description"),
            text("logo", "URL of the logo").field("logo"),
            text("website", "Website").field("website"),
            text("handle", "Handle").field("handle"),
            text("industry", "Industry").field("industry"),
            text("email", "Email address").field("email"),
            text("phone", "Phone number").field("phone"),
            text("visibility", "Visibility").field("visibility"),
        ],
        |a, i| i.one(a.organizations().update(i.text("slug"), &i.payload()?)),
    ),
    Row::destroy("organizations.delete", &["organizations", "delete"], "Delete an organization", &[SLUG], |a, i| {
        i.nothing(a.organizations().delete(i.text("slug")))
    }),
    Row::destroy("organizations.leave", &["organizations", "leave"], "Leave an organization", &[SLUG], |a, i| {
        i.nothing(a.organizations().leave(i.text("slug")))
    }),
    Row::destroy(
        "organizations.transfer_ownership",
        &["organizations", "transfer-ownership"],
        "Transfer an organization to another member",
        &[SLUG, text("new-owner", "New owner: a user").field("new_owner_uid").required()],
        |a, i| i.nothing(a.organizations().transfer_ownership(i.text("slug"), &i.payload()?)),
    ),
    Row::read(
        "organizations.industry_choices",
        &["organizations", "industry-choices"],
        "List the industries of organizations",
        &[],
        |a, i| i.one(a.organizations().industry_choices()),
    ),
    Row::list(
        "organizations.list_members",
        &["organizations", "list-members"],
        "List the members of an organization",
        &[SLUG, PAGE, text("role", "Filter by role"), text("search", "Filter by a part of the name")],
        |a, i| {
            let list = a.organizations().list_members(i.text("slug"));
            let list = i.with(list, "role", |list, value| list.role(value));
            let list = i.with(list, "search", |list, value| list.search(value));
            match i.page() {
                Some(page) => i.list(list.page(page)),
                None => i.list(list),
            }
        },
    )
    .columns(&["user_uid", "username", "email", "role", "joined_at"]),
    Row::change(
        "organizations.update_member_role",
        &["organizations", "update-member-role"],
        "Change the role of a member",
        &[SLUG, USER, ROLE],
        |a, i| i.nothing(a.organizations().update_member_role(i.text("slug"), i.text("user-uid"), &i.payload()?)),
    ),
    Row::destroy(
        "organizations.remove_member",
        &["organizations", "remove-member"],
        "Remove a member from an organization",
        &[SLUG, USER],
        |a, i| i.nothing(a.organizations().remove_member(i.text("slug"), i.text("user-uid"))),
    ),
    Row::list(
        "organizations.list_invitations",
        &["organizations", "list-invitations"],
        "List the invitations of an organization",
        &[SLUG, PAGE],
        |a, i| {
            let list = a.organizations().list_invitations(i.text("slug"));
            match i.page() {
                Some(page) => i.list(list.page(page)),
                None => i.list(list),
            }
        },
    )
    .columns(&["uid", "email", "role", "status", "created_at"]),
    Row::change(
        "organizations.create_invitation",
        &["organizations", "create-invitation"],
        "Invite somebody to an organization",
        &[SLUG, text("email", "Email address to invite").field("email").required(), text("role", "Role").field("role")],
        |a, i| i.one(a.organizations().create_invitation(i.text("slug"), &i.payload()?)),
    ),
    Row::change(
        "organizations.resend_invitation",
        &["organizations", "resend-invitation"],
        "Send an invitation again",
        &[SLUG, INVITATION],
        |a, i| i.nothing(a.organizations().resend_invitation(i.text("slug"), i.text("invitation-uid"))),
    ),
    Row::destroy(
        "organizations.cancel_invitation",
        &["organizations", "cancel-invitation"],
        "Cancel an invitation",
        &[SLUG, INVITATION],
        |a, i| i.nothing(a.organizations().cancel_invitation(i.text("slug"), i.text("invitation-uid"))),
    ),
    Row::change(
        "organizations.accept_invitation",
        &["organizations", "accept-invitation"],
        "Accept an invitation",
        &[pos("uid", "UID of the invitation")],
        |a, i| i.one(a.organizations().accept_invitation(i.text("uid"))),
    ),
    Row::list(
        "organizations.list_teams",
        &["organizations", "list-teams"],
        "List the teams of an organization",
        &[SLUG],
        |a, i| i.list(a.organizations().list_teams(i.text("slug"))),
    )
    .columns(&["uid", "name", "slug", "member_count", "created_at"]),
    Row::read("organizations.get_team", &["organizations", "get-team"], "Get a team", &[SLUG, TEAM], |a, i| {
        i.one(a.organizations().get_team(i.text("slug"), i.text("team-slug")))
    }),
    Row::change(
        "organizations.create_team",
        &["organizations", "create-team"],
        "Create a team",
        &[
            SLUG,
            text("name", "Display name").field("name").required(),
            text("description", "Description").field("description"),
            text("color", "Color, such as #1f9ae0").field("color"),
        ],
        |a, i| i.one(a.organizations().create_team(i.text("slug"), &i.payload()?)),
    ),
    Row::change(
        "organizations.update_team",
        &["organizations", "update-team"],
        "Update a team",
        &[
            SLUG,
            TEAM,
            text("name", "Display name").field("name"),
            text("description", "Description").field("description"),
            text("color", "Color").field("color"),
        ],
        |a, i| i.one(a.organizations().update_team(i.text("slug"), i.text("team-slug"), &i.payload()?)),
    ),
    Row::destroy(
        "organizations.delete_team",
        &["organizations", "delete-team"],
        "Delete a team",
        &[SLUG, TEAM],
        |a, i| i.nothing(a.organizations().delete_team(i.text("slug"), i.text("team-slug"))),
    ),
    Row::list(
        "organizations.list_team_members",
        &["organizations", "list-team-members"],
        "List the members of a team",
        &[SLUG, TEAM],
        |a, i| i.list(a.organizations().list_team_members(i.text("slug"), i.text("team-slug"))),
    )
    .columns(&["user_uid", "username", "email", "role", "joined_at"]),
    Row::change(
        "organizations.add_team_member",
        &["organizations", "add-team-member"],
        "Add a member to a team",
        &[SLUG, TEAM, text("user", "UID of the user").field("user_uid").required(), text("role", "Role").field("role")],
        |a, i| i.one(a.organizations().add_team_member(i.text("slug"), i.text("team-slug"), &i.payload()?)),
    ),
    Row::change(
        "organizations.update_team_member_role",
        &["organizations", "update-team-member-role"],
        "Change the role of a member of a team",
        &[SLUG, TEAM, USER, ROLE],
        |a, i| {
            let organizations = a.organizations();
            let (slug, team, user) = (i.text("slug"), i.text("team-slug"), i.text("user-uid"));
            i.nothing(organizations.update_team_member_role(slug, team, user, &i.payload()?))
        },
    ),
    Row::destroy(
        "organizations.remove_team_member",
        &["organizations", "remove-team-member"],
        "Remove a member from a team",
        &[SLUG, TEAM, USER],
        |a, i| i.nothing(a.organizations().remove_team_member(i.text("slug"), i.text("team-slug"), i.text("user-uid"))),
    ),
];
