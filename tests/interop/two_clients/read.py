"""Reads with the Python SDK what another client wrote, and compares it: a line for each record, and 1 when one differs.

The records come on standard input, in the form that `write.py` prints.
"""

import json
import sys
from datetime import datetime

from pydantic import TypeAdapter

import avala


def found(items, uid, name="uid"):
    """The item of a list with this uid, of what cannot be read alone."""
    return next(item for item in items if getattr(item, name) == uid)


def annotation(client, owner, slug, item, uid):
    """Reads an object on an item."""
    objects = client.datasets.get_item(owner, slug, item).annotations["objects"]
    return next(found for found in objects if found.get("object_uuid") == uid)


def annotation_issue(client, sequence, uid):
    """Reads an issue of a sequence."""
    return found(client.annotation_issues.list_by_sequence(sequence), uid)


def invitation(client, organization, uid):
    """Reads an invitation."""
    return found(client.organizations.list_invitations(organization).items, uid)


def team_member(client, organization, team, user):
    """Reads a member of a team."""
    return found(client.organizations.list_team_members(organization, team).items, user, name="user_uid")


def alert_channel(client, uid):
    """Reads an alert channel."""
    return found(client.fleet.alert_channels.list(limit=100).items, uid)


READERS = {
    "dataset": lambda client, uid: client.datasets.get(uid),
    "annotation": annotation,
    "annotation_issue": annotation_issue,
    "slice": lambda client, owner, slug: client.slices.get(owner, slug),
    "export": lambda client, uid: client.exports.get(uid),
    "quality_target": lambda client, project, uid: client.quality_targets.get(project, uid),
    "consensus_config": lambda client, project: client.consensus.get_config(project),
    "auto_label_job": lambda client, uid: client.auto_label_jobs.get(uid),
    "webhook": lambda client, uid: client.webhooks.get(uid),
    "agent": lambda client, uid: client.agents.get(uid),
    "storage_config": lambda client, uid: client.storage_configs.get(uid),
    "inference_provider": lambda client, uid: client.inference_providers.get(uid),
    "organization": lambda client, slug: client.organizations.get(slug),
    "invitation": invitation,
    "team": lambda client, organization, slug: client.organizations.get_team(organization, slug),
    "team_member": team_member,
    "device": lambda client, uid: client.fleet.devices.get(uid),
    "recording": lambda client, uid: client.fleet.recordings.get(uid),
    "event": lambda client, uid: client.fleet.events.get(uid),
    "rule": lambda client, uid: client.fleet.rules.get(uid),
    "alert_channel": alert_channel,
}


def differences(client, record):
    """What is not as it was written, a line each."""
    try:
        model = READERS[record["resource"]](client, *record["at"])
    except Exception as error:
        return [f"was not read: {type(error).__name__}: {error}"]
    lines = []
    for path, written in record["fields"].items():
        try:
            value = field(model, path)
        except (AttributeError, KeyError):
            lines.append(f"{path}: written as {written!r}, and not there")
            continue
        if not same(value, written):
            lines.append(f"{path}: written as {written!r}, read as {value!r}")
    return lines


def field(value, path):
    """A field of a model or of a dictionary, as `tool.uid`."""
    for name in path.split("."):
        value = value[name] if isinstance(value, dict) else getattr(value, name)
    return value


def same(value, written):
    """Whether a value is what was written. A time may be written in more than one way."""
    if isinstance(value, datetime):
        written = TypeAdapter(datetime).validate_python(written)
    return value == written


def main():
    """Compares all records, and tells whether all is well."""
    client = avala.Client()
    is_good = True
    for record in json.load(sys.stdin):
        lines = differences(client, record)
        print(f"  {'DIFFERS' if lines else 'ok'} {record['resource']} ({', '.join(record['fields'])})")
        for line in lines:
            print(f"    {line}")
        is_good = is_good and not lines
    return is_good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
