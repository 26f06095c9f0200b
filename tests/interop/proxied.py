"""Runs the official uploaders, command line and agent runtime unmodified, through the proxy of a sandbox.

They send to https://api.avala.ai and to known storage hosts, and the proxy stands in for these. It needs a fresh
sandbox that was started with `--tls`, and HTTPS_PROXY, SSL_CERT_FILE and AVALA_API_KEY. `cargo xtask interop` provides
all of it.
"""

import os
import ssl
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

# The SDK keeps the state of uploads in the home directory that it finds when it is imported.
HOME = tempfile.TemporaryDirectory()
os.environ["HOME"] = os.environ["USERPROFILE"] = HOME.name
os.environ["AVALA_BASE_URL"] = "https://api.avala.ai/api/v1"
for name in ("NO_PROXY", "no_proxy"):
    os.environ.pop(name, None)

import avala
import httpx

import command_line

# What official clients reject, or cannot do here, with the reason.
NOT_POSSIBLE = {
    "public dataset calls of the Python SDK": "they ignore HTTPS_PROXY, so the proxy never sees them",
    "datasets upload --visibility public": "the command line refuses it by itself",
    "a recording of ours continued by the official client": "it refuses sessions without a receipt of its own",
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


def upload_of_ours(client):
    """A batch that our client uploaded is complete for the official one, which sends nothing and creates the dataset."""
    name, files = "Ours", {"small.jpg": 1000, "deep/large.jpg": 11 * 1024 * 1024}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as state:
        for path, size in files.items():
            (Path(folder) / path).parent.mkdir(exist_ok=True)
            (Path(folder) / path).write_bytes(os.urandom(size))
        uploader = [os.environ["AVALA_UPLOADER"], "upload", folder, name, state]
        batch = subprocess.run(uploader, check=True, capture_output=True, text=True).stdout.strip()
        before = counters()
        listed = [(str(Path(folder) / path), path) for path in files]
        client.datasets.upload_files(dataset_name=name, files=listed, dataset_upload_uid=batch, workers=2)
        assert counters() == before, "the official client sent files again"
    dataset = client.datasets.create_from_manual_upload(
        name=name, slug="ours", data_type="image", dataset_upload_uid=batch
    )
    assert dataset.item_count == 2


def counters():
    """What the storage host of the sandbox was sent."""
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    url = f"{os.environ['AVALA_SANDBOX_URL']}/_sandbox/storage/"
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.get(url).raise_for_status().json()["counters"]


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


PARTS = [
    dataset_folder,
    upload_of_ours,
    recording,
    managed_recording,
    agent_runtime,
    command_line.reads,
    command_line.writes,
    command_line.uploads,
    command_line.every_command_was_run,
]


def main():
    """Runs all parts, prints a line for each, and returns whether all succeeded."""
    failed = []
    for part in PARTS:
        try:
            part(avala.Client())
            print(f"ok {part.__module__} {part.__name__}", flush=True)
        except Exception:
            print(f"FAILED {part.__module__} {part.__name__}", flush=True)
            traceback.print_exc()
            failed.append(part.__name__)
    for what, reason in (NOT_POSSIBLE | command_line.NOT_RUN).items():
        print(f"not possible: {what}: {reason}")
    return not failed


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
