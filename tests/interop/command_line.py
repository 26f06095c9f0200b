"""Runs every command of the official command line that calls the API. Imported by proxied.py, which sets the environment."""

import json
import tempfile
import uuid
from pathlib import Path

import click
from avala.cli import main as avala_command
from click.testing import CliRunner

# Commands that are not run, with the reason.
NOT_RUN = {
    "configure": "it calls no API but a list, and saves nothing",
    "datasets resolve": "it ignores HTTPS_PROXY, so the proxy never sees it",
    "import lerobot": "it needs an optional package, and ends in the upload that is tested here",
    "import rosbag": "it needs an optional package, and ends in the upload that is tested here",
    "lerobot export": "it needs an optional package",
    "shell-completion": "it calls no API",
    "view": "it calls no API",
}

OWNER, SLUG = "acme-robotics", "warehouse-lidar"

# The words of each command that ran.
commands_run = set()


def leaves(command, path=()):
    """Every command below a group, as its words and its click command."""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(leaves(avala_command))


def run(*arguments, fails=False):
    """Runs a command, in this process since each start takes long, and returns what it prints."""
    words = list(arguments)
    while words and words[0].startswith("-"):
        words = words[2:]
    commands_run.update(command for command in COMMANDS if words[: len(command.split())] == command.split())
    done = CliRunner().invoke(avala_command, list(arguments))
    shown = f"avala {' '.join(arguments)}: {done.exit_code}\n{done.output}"
    assert done.exception is None or isinstance(done.exception, SystemExit), f"{shown}\n{done.exception!r}"
    assert (done.exit_code != 0) == fails, shown
    return done.stdout


def listed(resource, *arguments):
    """What a list command shows, as JSON."""
    return json.loads(run("-o", "json", *resource.split(), "list", *arguments))


def first(resource, *arguments):
    """The uid of the first thing that a list command shows."""
    return listed(resource, *arguments)[0]["uid"]


def reads(client):
    """Every command that lists, and every command that shows one thing."""
    project = client.projects.list().items[0].uid
    for resource in (
        "agents", "auto-label", "datasets", "exports", "fleet devices", "fleet recordings", "fleet events",
        "fleet rules", "fleet alerts", "inference-providers", "projects", "tasks", "storage-configs", "webhooks",
    ):
        run(*resource.split(), "get", first(resource))
    target = first("quality-targets", "--project", project)
    run("quality-targets", "get", target, "--project", project)
    run("quality-targets", "evaluate", "--project", project)
    run("agents", "executions", first("agents"))
    run("webhooks", "deliveries")
    for command in ("summary", "scores", "compute", "config"):
        run("consensus", command, "--project", project)
    run("consensus", "config", "--project", project, "--iou-threshold", "0.6")
    run("status")
    run("import", "list")
    sequence = client.datasets.list_sequences(OWNER, SLUG).items[0].uid
    run("datasets", "health", OWNER, SLUG)
    run("datasets", "get-sequence", OWNER, SLUG, sequence)
    run("datasets", "get-frame", OWNER, SLUG, sequence, "0")
    run("datasets", "get-calibration", OWNER, SLUG, sequence)
    run("datasets", "get", "nothing", fails=True)


def writes(client):
    """Every command that creates, tests, changes or deletes."""
    project = client.projects.list().items[0].uid
    run("agents", "create", "--name", "CLI", "--events", "task.completed")
    webhook = ("--target-url", "https://hooks.example/x", "--events", "task.completed")
    run("webhooks", "create", *webhook)
    run("datasets", "create", "--name", "CLI", "--slug", "cli", "--data-type", "image")
    created = next(dataset for dataset in client.datasets.list(name="CLI").items if dataset.slug == "cli")
    run("datasets", "wait", created.uid, "--interval", "1", "--timeout", "60")
    run("exports", "create", "--project", project)
    run("exports", "wait", first("exports"), "--interval", "0.5")
    run("auto-label", "create", "--project", project, "--model-type", "yolo")
    running = next(job["uid"] for job in listed("auto-label") if job["status"] in ("pending", "running"))
    run("auto-label", "cancel", running, "--yes")
    run("quality-targets", "create", "--project", project, "--name", "C", "--metric", "iou", "--threshold", "0.5")
    made = next(target["uid"] for target in listed("quality-targets", "--project", project) if target["name"] == "C")
    run("quality-targets", "delete", made, "--project", project, "--yes")
    fleet_writes(client)
    config = '{"endpoint": "https://models.example/x"}'
    run("inference-providers", "create", "--name", "CLI", "--provider-type", "http", "--config", config)
    keys = ("--s3-access-key-id", "AKIA", "--s3-secret-access-key", "hidden")
    bucket = ("--s3-bucket-name", "b", "--s3-bucket-region", "us-east-1", "--s3-auth-method", "access_key")
    run("storage-configs", "create", "--name", "CLI", "--provider", "aws_s3", *bucket, *keys)
    made = next(config.uid for config in client.storage_configs.list().items if config.name == "CLI")
    assert "failed" not in run("storage-configs", "test", made).lower()
    for resource in ("agents", "webhooks", "inference-providers"):
        run(resource, "test", first(resource))
    run("storage-configs", "delete", made, "--yes")
    for resource in ("agents", "webhooks", "inference-providers", "fleet devices", "fleet rules"):
        run(*resource.split(), "delete", first(resource), "--yes")
    bulk_edit(client)
    other = next(one for one in client.organizations.list().items if one.slug != OWNER)
    run("datasets", "transfer", OWNER, SLUG, "--organization-uid", other.uid)


def fleet_writes(client):
    """The commands of the fleet."""
    run("fleet", "devices", "register", "--name", "CLI", "--type", "lidar")
    run("fleet", "devices", "update", first("fleet devices"), "--status", "maintenance")
    run("fleet", "alerts", "acknowledge", client.fleet.alerts.list(status="open").items[0].uid)
    run("fleet", "alerts", "resolve", client.fleet.alerts.list(status="open").items[0].uid, "--note", "done")
    recording = client.fleet.recordings.list().items[0]
    event = ("--type", "warning", "--label", "CLI", "--timestamp", "2026-01-02T03:04:05Z", "--severity", "high")
    run("fleet", "events", "create", "--recording", recording.uid, "--device", recording.device, *event)
    with tempfile.TemporaryDirectory() as folder:
        condition = Path(folder) / "condition.json"
        condition.write_text('{"type": "threshold", "field": "speed", "operator": "gt", "value": 3}')
        run("fleet", "rules", "create", "--name", "CLI", "--condition-file", str(condition))
    made = next(rule["uid"] for rule in listed("fleet rules") if rule["name"] == "CLI")
    run("fleet", "rules", "update", made, "--disabled")


def bulk_edit(client):
    """A file of edits: checked here, checked with the API, and sent."""
    [item] = client.datasets.list_items(OWNER, SLUG, limit=1).items[:1]
    edit = {
        "action": "delete", "object_type": "cuboid", "object_uuid": str(uuid.uuid4()), "dataset_item_uid": item.uid,
    }
    with tempfile.TemporaryDirectory() as folder:
        edits = Path(folder) / "edits.jsonl"
        edits.write_text(json.dumps(edit) + "\n")
        common = ("annotations", "bulk-edit", "--owner", OWNER, "--slug", SLUG, "--input", str(edits))
        for option in (("--dry-run",), ("--check-only",), ()):
            run(*common, *option)


def uploads(client):
    """Folders, recordings and clouds."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.jpg").write_bytes(b"abc")
        dataset = ("--name", "CLI files", "--slug", "cli-files", "--data-type", "image")
        run("datasets", "upload", "--source", folder, *dataset)
        run("import", "folder", "--source", folder, "--name", "CLI folder", "--slug", "cli-folder")
    for slug in ("cli-files", "cli-folder"):
        assert client.datasets.get_by_slug(OWNER, slug).item_count == 1
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.mcap").write_bytes(b"abc")
        recording = client.fleet.recordings.list().items[1].uid
        run("fleet", "recordings", "upload", "--source", folder, "--recording", recording)
    bucket = ("--region", "us-east-1", "--access-key-id", "AKIA", "--secret-access-key", "hidden")
    dataset = ("--name", "CLI cloud", "--slug", "cli-cloud", "--data-type", "image")
    run("import", "cloud", "s3://bucket/prefix", *dataset, *bucket)


def every_command_was_run(_client):
    """No command is forgotten, also when a newer version has more."""
    assert not (missing := set(COMMANDS) - commands_run - set(NOT_RUN)), f"not run: {sorted(missing)}"
    assert not (both := commands_run & set(NOT_RUN)), f"run, but listed as not run: {sorted(both)}"
