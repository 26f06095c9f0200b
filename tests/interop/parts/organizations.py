"""Organizations, with their members, invitations and teams."""

from avala.errors import ValidationError
from support import fails, gone

# An organization of the demo data, with ten members.
SEEDED = "northwind-labs"


def check(client):
    """Runs all checks on organizations. They work on one that is made first, gets a second member, and goes last."""
    organization = client.organizations.create(
        name="Python Organization", description="Of snakes", website="https://python.example", industry="robotics"
    )
    slug = organization.slug
    settings(client, organization)
    invitations(client, slug)
    teams(client, slug)
    another_owner(client, slug)
    members(client)
    client.organizations.delete(slug)
    gone(client.organizations.get, slug)


def settings(client, organization):
    """An organization has one member when it is new, is found by both of its names, and changes in part."""
    slug = organization.slug
    assert organization.role == "owner"
    assert client.organizations.get(slug).member_count == 1
    assert client.organizations.update(slug, phone="1", handle="python-handle").description == "Of snakes"
    assert client.organizations.slug_for_uid(organization.uid) == slug
    assert client.organizations.industry_choices()
    slugs = [listed.slug for listed in client.organizations.list(page=1).items]
    assert slug in slugs and SEEDED in slugs


def invitations(client, slug):
    """One invitation is sent again and accepted, another one is cancelled."""
    accepted = client.organizations.create_invitation(slug, email="cranes@harbor.example", role="admin")
    assert accepted.status == "pending"
    client.organizations.resend_invitation(slug, accepted.uid)
    # The SDK has no method for the one who is invited.
    response = client._transport.request("POST", f"/organizations/invitations/{accepted.uid}/accept/")
    assert response["status"] == "accepted"

    cancelled = client.organizations.create_invitation(slug, email="nobody@python.example")
    client.organizations.cancel_invitation(slug, cancelled.uid)
    statuses = [invitation.status for invitation in client.organizations.list_invitations(slug).items]
    assert statuses == ["accepted", "cancelled"]


def teams(client, slug):
    """A team is made, takes in the second member, changes the role of that member, and goes."""
    other = client.organizations.list_members(slug).items[1].user_uid
    team = client.organizations.create_team(slug, name="Team", color="#ffffff")
    assert client.organizations.get_team(slug, team.slug).uid == team.uid
    assert client.organizations.update_team(slug, team.slug, description="Of one").color == "#ffffff"
    assert client.organizations.list_teams(slug).items[0].uid == team.uid

    assert client.organizations.add_team_member(slug, team.slug, user_uid=other, role="lead").role == "lead"
    client.organizations.update_team_member_role(slug, team.slug, other, role="member")
    assert [member.role for member in client.organizations.list_team_members(slug, team.slug).items] == ["member"]
    client.organizations.remove_team_member(slug, team.slug, other)
    assert not client.organizations.list_team_members(slug, team.slug).items

    client.organizations.delete_team(slug, team.slug)
    gone(client.organizations.get_team, slug, team.slug)


def another_owner(client, slug):
    """The owner cannot leave before somebody else is the owner."""
    other = client.organizations.list_members(slug).items[1].user_uid
    client.organizations.update_member_role(slug, other, role="member")
    fails(ValidationError, client.organizations.leave, slug)
    client.organizations.transfer_ownership(slug, new_owner_uid=other)
    client.organizations.leave(slug)
    assert [member.role for member in client.organizations.list_members(slug).items] == ["owner"]


def members(client):
    """Members are searched for, and removed."""
    before = client.organizations.list_members(SEEDED).items
    found = client.organizations.list_members(SEEDED, search="berg", role="admin").items
    assert [member.username for member in found] == ["bo-berg"]
    removed = before[-1].user_uid
    client.organizations.remove_member(SEEDED, removed)
    after = client.organizations.list_members(SEEDED).items
    assert [member.user_uid for member in before if member.user_uid != removed] == [member.user_uid for member in after]
