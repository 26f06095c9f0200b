"""Runs the official uploaders, command line and agent runtime unmodified, through the proxy of a sandbox.

They send to https://api.avala.ai and to known storage hosts, and the proxy stands in for these. It needs a fresh
sandbox that was started with `--tls`, and HTTPS_PROXY, SSL_CERT_FILE and AVALA_API_KEY. `cargo xtask interop` provides
all of it.
"""

import json
import os
import sys
import tempfile
import traceback
from importlib.metadata import entry_points
from pathlib import Path

# The SDK keeps the state of uploads in the home directory that it finds when it is imported.
HOME = tempfile.TemporaryDirectory()
os.environ["HOME"] = os.environ["USERPROFILE"] = HOME.name
os.environ["AVALA_BASE_URL"] = "https://api.avala.ai/api/v1"
for name in ("NO_PROXY", "no_proxy"):
    os.environ.pop(name, None)

import avala
from avala.cli import main as avala_command
from click.testing import CliRunner

# What official clients reject, or cannot do here, with the reason.
NOT_POSSIBLE = {
    "public dataset calls of the Python SDK": "they ignore HTTPS_PROXY, so the proxy never sees them",
    "datasets upload --visibility public": "the command line refuses it by itself",
    "lerobot and rosbag importers": "they need optional packages, and end in the upload that is tested here",
    "view, configure, shell-completion": "they call no API",
}


def dataset_folder(client):
    """A folder is uploaded in one PUT and in parts, and becomes a dataset."""
    with tempfile.TemporaryDirectory() as folder:
        for name, size in {"small.jpg": 1000, "deep/large.jpg": 11 * 1024 * 1024}.items():
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).write_bytes(os.urandom(size))
        dataset = client.datasets.create_from_local(
            source=folder, name="Proxied", slug="proxied", data_type="image", workers=2
        )
    assert dataset.item_count == 2


def recording(client):
    """A recording is uploaded by the plain protocol."""
    uid = client.fleet.recordings.list().items[-1].uid
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.mcap").write_bytes(b"abc")
        done = client.fleet.uploads.upload_recording(uid, folder)
    assert done.confirmed_files == 1


def managed_recording(client):
    """A recording is uploaded by the managed protocol, verified and published."""
    uid = client.fleet.recordings.list().items[-2].uid
    with tempfile.TemporaryDirectory() as folder:
        magic = b"\x89MCAP0\r\n"
        (Path(folder) / "one.mcap").write_bytes(magic + os.urandom(3000) + magic)
        done = client.fleet.uploads.upload_managed_recording(uid, folder, wait_timeout=30)
    assert done.finalization.state == "succeeded", done
    assert client.datasets.get(done.finalization.dataset_uid).data_type == "mcap"


def agent_runtime(client):
    """The official agent runtime registers, reads pending executions, and decides on them."""
    from avala_agents import TaskAgent

    agent = TaskAgent(api_key=os.environ["AVALA_API_KEY"], base_url=os.environ["AVALA_BASE_URL"], name="Interop")
    seen = []

    @agent.on("dataset.created")
    def approve(context):
        seen.append(context.resource_uid)
        context.approve("fine")

    with agent:
        agent.run_once()
        dataset = client.datasets.create(name="For an agent", slug="for-an-agent", data_type="image")
        assert agent.run_once() == 1
    assert seen == [dataset.uid]
    [registered] = [other for other in client.agents.list().items if other.name == "Interop"]
    [execution] = client.agents.list_executions(registered.uid).items
    assert (execution.status, execution.action) == ("completed", "approve")


def run(*arguments, fails=False):
    """Runs a command of the official command line, in this process since each start takes long, and returns what it
    prints."""
    done = CliRunner().invoke(avala_command, list(arguments))
    shown = f"avala {' '.join(arguments)}: {done.exit_code}\n{done.output}"
    assert done.exception is None or isinstance(done.exception, SystemExit), f"{shown}\n{done.exception!r}"
    assert (done.exit_code != 0) == fails, shown
    return done.stdout


def first(resource, *arguments):
    """The uid of the first thing that a list command shows."""
    return json.loads(run("-o", "json", *resource.split(), "list", *arguments))[0]["uid"]


def command_line_reads(client):
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
    run("status")
    run("import", "list")
    owner, slug = "acme-robotics", "warehouse-lidar"
    sequence = client.datasets.list_sequences(owner, slug).items[0].uid
    run("datasets", "health", owner, slug)
    run("datasets", "get-sequence", owner, slug, sequence)
    run("datasets", "get-frame", owner, slug, sequence, "0")
    run("datasets", "get-calibration", owner, slug, sequence)
    run("datasets", "get", "nothing", fails=True)


def command_line_writes(client):
    """Commands that create, test, change and delete."""
    project = client.projects.list().items[0].uid
    run("agents", "create", "--name", "CLI", "--events", "task.completed")
    webhook = ("--target-url", "https://hooks.example/x", "--events", "task.completed")
    run("webhooks", "create", *webhook)
    run("datasets", "create", "--name", "CLI", "--slug", "cli", "--data-type", "image")
    run("exports", "create", "--project", project)
    run("exports", "wait", first("exports"), "--interval", "0.5")
    run("auto-label", "create", "--project", project, "--model-type", "yolo")
    run("quality-targets", "create", "--project", project, "--name", "C", "--metric", "iou", "--threshold", "0.5")
    run("fleet", "devices", "register", "--name", "CLI", "--type", "lidar")
    run("fleet", "devices", "update", first("fleet devices"), "--status", "maintenance")
    run("fleet", "alerts", "acknowledge", client.fleet.alerts.list(status="open").items[0].uid)
    run("fleet", "alerts", "resolve", client.fleet.alerts.list(status="open").items[0].uid, "--note", "done")
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


def command_line_uploads(client):
    """A folder by the command line."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.jpg").write_bytes(b"abc")
        dataset = ("--name", "CLI files", "--slug", "cli-files", "--data-type", "image")
        run("datasets", "upload", "--source", folder, *dataset)
    assert client.datasets.get_by_slug("acme-robotics", "cli-files").item_count == 1


PARTS = [
    dataset_folder,
    recording,
    managed_recording,
    agent_runtime,
    command_line_reads,
    command_line_writes,
    command_line_uploads,
]


def main():
    """Runs all parts, prints a line for each, and returns whether all succeeded."""
    failed = []
    for part in PARTS:
        try:
            part(avala.Client())
            print(f"ok {part.__name__}", flush=True)
        except Exception:
            print(f"FAILED {part.__name__}", flush=True)
            traceback.print_exc()
            failed.append(part.__name__)
    for what, reason in NOT_POSSIBLE.items():
        print(f"not possible: {what}: {reason}")
    return not failed


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
