"""Writes one of each resource with the Python SDK, and prints what there is to read, as a JSON list of records.

A record has the `resource`, `at`, which is what a reader needs to find it, and the `fields` that were set, named as an
response names them: `tool.uid` is the uid in the tool.
"""

import json

import avala

# An organization of the demo data, for what needs a member who is not the owner.
SEEDED = "northwind-labs"


def record(at, fields):
    """What there is to read."""
    return {"at": list(at), "fields": fields}


def dataset(client):
    """Writes a dataset."""
    fields = {"name": "From Python", "slug": "from-python", "data_type": "image", "visibility": "public"}
    return record([client.datasets.create(**fields).uid], fields)


def annotation(client):
    """Writes an object on an item."""
    dataset = client.datasets.list().items[0]
    place = (dataset.owner_name, dataset.slug)
    item = client.datasets.list_items(*place).items[0].uid
    fields = {"object_uuid": "from-python", "object_type": "box", "object_data": {"size": [1, 2.5]}}
    list(client.annotations.bulk_edit(*place, [{"action": "upsert", "dataset_item_uid": item, **fields}]))
    return record([*place, item, "from-python"], fields)


def annotation_issue(client):
    """Writes an issue of a sequence."""
    dataset = client.datasets.list(data_type="lidar").items[0]
    sequence = client.datasets.list_sequences(dataset.owner_name, dataset.slug).items[0].uid
    tool = client.annotation_issues.list_tools(dataset_type="lidar")[0]
    problem = tool.problems[0]
    fields = {
        "priority": "high",
        "severity": "critical",
        "description": "From Python",
        "frames_affected": "3-5",
        "should_delete": True,
        "coordinates": {"x": 1.5},
        "object_uid": "object-1",
    }
    issue = client.annotation_issues.create(sequence, tool_uid=tool.uid, problem_uid=problem.uid, **fields)
    return record([sequence, issue.uid], {**fields, "tool.uid": tool.uid, "problem.uid": problem.uid})


def slice_of_items(client):
    """Writes a slice of a dataset."""
    dataset = client.datasets.list().items[0].uid
    fields = {
        "name": "From Python",
        "visibility": "private",
        "sub_slices": [{"type": "dataset", "dataset_uid": dataset}],
    }
    made = client.slices.create(**fields, random_selection_count=7)
    return record([made.owner_name, made.slug], {**fields, "item_count": 7})


def export(client):
    """Writes an export of a project."""
    project = client.projects.list().items[0].uid
    return record([client.exports.create(project=project).uid], {"projects": [project]})


def quality_target(client):
    """Writes a quality target of a project."""
    project = client.projects.list().items[0].uid
    fields = {
        "name": "From Python",
        "metric": "issue_rate",
        "threshold": 0.05,
        "operator": "lte",
        "severity": "critical",
        "notify_webhook": True,
        "notify_emails": ["quality@python.example"],
    }
    return record([project, client.quality_targets.create(project, **fields).uid], fields)


def consensus_config(client):
    """Changes the consensus config of a project."""
    project = client.projects.list().items[0].uid
    fields = {"iou_threshold": 0.85, "min_agreement_ratio": 0.75, "min_annotations": 3}
    client.consensus.update_config(project, **fields)
    return record([project], fields)


def auto_label_job(client):
    """Writes an auto-label job of a project."""
    project = client.projects.list().items[0].uid
    fields = {"model_type": "yolo", "confidence_threshold": 0.7, "labels": ["pallet", "rack"], "dry_run": True}
    return record([client.auto_label_jobs.create(project, **fields).uid], fields)


def webhook(client):
    """Writes a webhook."""
    fields = {"target_url": "https://python.example/avala", "events": ["dataset.created"], "is_active": False}
    return record([client.webhooks.create(**fields).uid], fields)


def agent(client):
    """Writes an agent."""
    fields = {
        "name": "From Python",
        "description": "An agent",
        "events": ["result.submitted"],
        "task_types": ["image-annotation"],
        "callback_url": "https://python.example/agent",
        "project": client.projects.list().items[0].uid,
    }
    return record([client.agents.create(**fields).uid], fields)


def storage_config(client):
    """Writes a storage config, whose key no response has."""
    fields = {
        "name": "From Python",
        "provider": "aws_s3",
        "s3_bucket_name": "python-bucket",
        "s3_bucket_region": "eu-central-1",
        "s3_bucket_prefix": "drives/",
        "s3_auth_method": "access_key",
        "s3_is_accelerated": True,
    }
    made = client.storage_configs.create(**fields, s3_access_key_id="AKIA", s3_secret_access_key="hidden")
    return record([made.uid], fields)


def inference_provider(client):
    """Writes an inference provider."""
    fields = {
        "name": "From Python",
        "description": "A model",
        "provider_type": "http",
        "config": {"endpoint": "https://python.example/model"},
        "is_active": False,
    }
    return record([client.inference_providers.create(**fields).uid], fields)


def organization(client):
    """Writes an organization."""
    fields = {
        "name": "From Python",
        "description": "An organization",
        "website": "https://python.example",
        "industry": "robotics",
        "email": "hello@python.example",
        "phone": "+1 555 0100",
        "visibility": "private",
    }
    return record([client.organizations.create(**fields).slug], fields)


def invitation(client):
    """Writes an invitation."""
    made = client.organizations.create_invitation(SEEDED, email="guest@python.example", role="admin")
    return record([SEEDED, made.uid], {"invited_email": "guest@python.example", "role": "admin"})


def team(client):
    """Writes a team."""
    fields = {"name": "From Python", "description": "A team", "color": "#3776ab"}
    return record([SEEDED, client.organizations.create_team(SEEDED, **fields).slug], fields)


def team_member(client):
    """Writes a team with a member."""
    team = client.organizations.create_team(SEEDED, name="Python members").slug
    fields = {"user_uid": client.organizations.list_members(SEEDED).items[1].user_uid, "role": "lead"}
    client.organizations.add_team_member(SEEDED, team, **fields)
    return record([SEEDED, team, fields["user_uid"]], fields)


def device(client):
    """Registers a device."""
    fields = {
        "name": "From Python",
        "type": "camera",
        "firmware_version": "1.2.3",
        "tags": ["python"],
        "metadata": {"floor": 2, "lens": None},
    }
    return record([client.fleet.devices.register(**fields).uid], fields)


def recording(client):
    """Changes the tags of a recording."""
    uid = client.fleet.recordings.list().items[0].uid
    client.fleet.recordings.update(uid, tags=["from", "python"])
    return record([uid], {"tags": ["from", "python"]})


def event(client):
    """Writes an event of a recording."""
    recording = client.fleet.recordings.list().items[0]
    fields = {
        "recording": recording.uid,
        "device": recording.device,
        "label": "from-python",
        "type": "error",
        "timestamp": "2026-01-02T03:04:05.678901Z",
        "severity": "warning",
        "description": "An event",
        "duration_ms": 1500,
        "tags": ["python"],
        "metadata": {"speed": 1.25},
    }
    return record([client.fleet.events.create(**fields).uid], fields)


def rule(client):
    """Writes a rule."""
    fields = {
        "name": "From Python",
        "description": "A rule",
        "enabled": False,
        "condition": {"type": "error", "severity": "critical"},
        "actions": [{"type": "alert"}],
        "scope": {"floor": 2},
    }
    return record([client.fleet.rules.create(**fields).uid], fields)


def alert_channel(client):
    """Writes an alert channel."""
    fields = {"name": "From Python", "type": "slack", "config": {"channel": "#python"}}
    return record([client.fleet.alert_channels.create(**fields).uid], fields)


WRITERS = {
    "dataset": dataset,
    "annotation": annotation,
    "annotation_issue": annotation_issue,
    "slice": slice_of_items,
    "export": export,
    "quality_target": quality_target,
    "consensus_config": consensus_config,
    "auto_label_job": auto_label_job,
    "webhook": webhook,
    "agent": agent,
    "storage_config": storage_config,
    "inference_provider": inference_provider,
    "organization": organization,
    "invitation": invitation,
    "team": team,
    "team_member": team_member,
    "device": device,
    "recording": recording,
    "event": event,
    "rule": rule,
    "alert_channel": alert_channel,
}


def main():
    """Writes one of each, and prints the records."""
    client = avala.Client()
    print(json.dumps([{"resource": name, **write(client)} for name, write in WRITERS.items()]))


if __name__ == "__main__":
    main()
