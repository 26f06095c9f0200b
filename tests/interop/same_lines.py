"""Runs the official command line and ours with the same lines, each against a sandbox of its own, and compares the effects.

Both sandboxes start with the same data and count their UIDs, so that the same changes lead to the same UIDs. A proxy in front
of each notes the requests. `cargo xtask interop` provides AVALA_BASE_URL and OTHER_BASE_URL (the sandboxes), AVALA_API_KEY,
and AVALA_PROGRAM (our program).
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

# First of all, because it has to come before the SDK.
import support

from click.testing import CliRunner

import command_line
from parts.loopback import files_may_go_to_loopback

# Commands that cannot be compared, with the reason.
NOT_COMPARED = {
    "configure": "ours stores the key, and the official one prints lines for a start file",
    "datasets resolve": "the official one ignores the base URL's sandbox, because it accepts only https",
    "import lerobot": "not a part of ours, which says what to use",
    "import rosbag": "not a part of ours, which says what to use",
    "lerobot export": "not a part of ours, which says what to use",
    "shell-completion": "calls no API",
    "view": "calls no API",
}

# Differences between the two, by the line on which they appear, with the reason. One that is not listed is a failure, and so
# is one that is listed and does not appear.
EXIT_CODES = {
    "quality-targets evaluate": "ours fails with 9 if a target is breached",
    "datasets transfer": "ours asks before it transfers, and without a terminal needs --yes",
}
REQUESTS = {"datasets transfer": EXIT_CODES["datasets transfer"]}

OWNER, SLUG = "acme-robotics", "warehouse-lidar"

# `name = line` keeps the first uid of a list. Lines with `1:` fail with both programs.
LINES = """
project = projects list
agents list --limit 2
agent = agents list
agents get $agent
agents create --name CLI --events task.completed,result.submitted --description d --project $project --task-types box,mask
agents test $agent
agents executions $agent --limit 2
agents delete $agent --yes
1: agents get $agent
annotations bulk-edit --owner OWNER --slug SLUG --input edits.jsonl --dry-run
annotations bulk-edit --owner OWNER --slug SLUG --input edits.jsonl --check-only
annotations bulk-edit --owner OWNER --slug SLUG --input edits.jsonl --chunk-size 1
auto-label list --project $project --limit 2
job = auto-label list
auto-label get $job
auto-label create --project $project --model-type yolo --confidence-threshold 0.5 --labels car,person
auto-label create --project $project --model-type sam3 --dry-run
consensus summary --project $project
consensus scores --project $project --limit 2
consensus compute --project $project
consensus config --project $project
consensus config --project $project --iou-threshold 0.6 --min-annotations 3
datasets list --data-type lidar --name e --status created --visibility private --limit 2
dataset = datasets list
datasets get $dataset
datasets create --name CLI --slug cli --data-type image
datasets create --name CLI2 --slug cli2 --data-type mcap --visibility unlisted --no-create-metadata --owner OWNER
1: datasets create --name CLI --slug cli --data-type image
datasets wait $dataset --interval 1 --timeout 60
datasets health OWNER SLUG
datasets get-sequence OWNER SLUG $sequence
datasets get-frame OWNER SLUG $sequence 0
datasets get-calibration OWNER SLUG $sequence
datasets upload --source files --name Files --slug files --data-type image --industry 1 --license 2 --owner OWNER
import folder --source files --name Folder --slug folder --data-type image
import cloud s3://bucket/prefix --name Cloud --slug cloud --data-type image --region us-east-1 --access-key-id A --secret-access-key hidden --include-extensions 'png, webp' --ignore-paths tmp
import cloud gs://bucket/prefix --name Cloud --slug cloud2 --data-type image --gcs-auth-json '{"type":"service_account"}'
storage-configs create --name Owned --provider aws_s3 --organization northwind-labs --s3-bucket-name owned --s3-bucket-region us-east-1 --s3-bucket-prefix runs --s3-auth-method access_key --s3-access-key-id A --s3-secret-access-key hidden
config = storage-configs list
storage-configs test $config
import cloud --storage-config $config --name Cloud --slug cloud3 --data-type image --access-key-id A --secret-access-key hidden --organization-uid $organization
import cloud s3://owned/runs/2026 --storage-config $config --name Cloud --slug cloud5 --data-type image --access-key-id A --secret-access-key hidden --organization-uid $organization
1: import cloud s3://owned/other --storage-config $config --name Cloud --slug cloud6 --data-type image --access-key-id A --secret-access-key hidden --organization-uid $organization
1: import cloud s3://bucket/prefix --name Cloud --slug cloud4 --data-type image --region us-east-1 --role-arn arn:aws:iam::1:role/x
import list
exports list --limit 2
export = exports list
exports get $export
exports create --project $project
exports create --dataset $dataset
exports wait $export --interval 0.5
fleet devices list --status online --type lidar --limit 2
device = fleet devices list
fleet devices get $device
fleet devices register --name CLI --type lidar --tags a,b --firmware-version 1.2
fleet devices update $device --status maintenance --name New --tags c
fleet recordings list --limit 2
recording = fleet recordings list
fleet recordings get $recording
fleet recordings upload --source recording --recording $recording
fleet events list --device $device --limit 2
event = fleet events list
fleet events get $event
fleet events create --recording $recording --device $device --type warning --label CLI --timestamp 2026-01-02T03:04:05Z --severity high
fleet rules list --limit 2
rule = fleet rules list
fleet rules get $rule
fleet rules create --name CLI --condition-file condition.json
fleet rules create --name CLI2 --condition-file rule.json --disabled
fleet rules update $rule --name Renamed --disabled
fleet rules delete $rule --yes
fleet alerts list --status open --severity critical --limit 2
alert = fleet alerts list
fleet alerts get $alert
fleet alerts acknowledge $alert
fleet alerts resolve $alert --note done
fleet devices delete $device --yes
inference-providers list --limit 2
provider = inference-providers list
inference-providers get $provider
inference-providers create --name CLI --provider-type http --config '{"endpoint": "https://models.example/x"}' --description d --project $project
inference-providers test $provider
inference-providers delete $provider --yes
projects list --limit 2
projects get $project
tasks list --limit 2
task = tasks list
tasks get $task
quality-targets list --project $project --limit 2
target = quality-targets list --project $project
quality-targets get $target --project $project
quality-targets create --project $project --name C --metric iou --threshold 0.5 --operator lt --severity critical
quality-targets evaluate --project $project
quality-targets delete $target --project $project --yes
storage-configs list
storage-configs get $config
storage-configs create --name CLI --provider aws_s3 --s3-bucket-name b --s3-bucket-region us-east-1 --s3-auth-method access_key --s3-access-key-id A --s3-secret-access-key hidden --gc-auth-json '{"a":1}'
storage-configs create --name CLI2 --provider gc_storage --gc-bucket-name b --gc-prefix p --gc-auth-json '{"a":1}' --s3-access-key-id A
storage-configs delete $config --yes
webhooks list --limit 2
webhook = webhooks list
webhooks get $webhook
webhooks create --target-url https://hooks.example/x --events task.completed,export.completed --secret whsec_1
webhooks test $webhook
webhooks deliveries --limit 2
webhooks delete $webhook --yes
running = auto-label list
auto-label cancel $running --yes
status
status --org northwind-labs
datasets transfer OWNER SLUG --organization-uid $organization
"""


class Recorder:
    """A proxy in front of a sandbox that notes requests."""

    def __init__(self, base_url):
        """Starts the proxy; `url` is the base URL to use instead."""
        target = urlsplit(base_url)
        self.requests = []
        noted = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                """Passes a request on, and the response back."""
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                noted.append((self.command, self.path, body))
                connection = HTTPConnection(target.hostname, target.port, timeout=60)
                connection.request(self.command, self.path, body or None, dict(self.headers))
                response = connection.getresponse()
                content = response.read()
                self.send_response(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_arguments):
                """Prints nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}{target.path}"

    def changes(self):
        """What was asked of the server that is not only read, in an order that does not depend on threads."""
        noted = [(method, path, content(body)) for method, path, body in self.requests if method != "GET"]
        self.requests.clear()
        return sorted(json.dumps(one, sort_keys=True) for one in noted)


def content(body):
    """A body as a value, without members that are null or differ between any two runs."""
    try:
        value = json.loads(body or b"null")
    except ValueError:
        return f"{len(body)} bytes"
    if isinstance(value, dict):
        value = {name: inner for name, inner in value.items() if inner is not None}
        value.pop("dataset_upload_uid", None)
    return value


def official(words, folder):
    """Runs the official command line in this process; returns its exit code and stdout."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        with files_may_go_to_loopback():
            done = CliRunner().invoke(command_line.avala_command, words)
    finally:
        os.chdir(before)
    return done.exit_code, done.stdout, done.output


def ours(words, folder, url):
    """Runs our program; returns its exit code and stdout."""
    variables = {
        "PATH": os.environ.get("PATH", ""), "HOME": str(folder), "AVALA_BASE_URL": url, "AVALA_ALLOW_INSECURE_BASE_URL": "true",
        "AVALA_API_KEY": os.environ["AVALA_API_KEY"],
    }
    done = subprocess.run(
        [os.environ["AVALA_PROGRAM"], *words], env=variables, cwd=folder, capture_output=True, text=True, timeout=120,
        stdin=subprocess.DEVNULL, check=False,
    )
    return done.returncode, done.stdout, done.stdout + done.stderr


def write_files(folder, item):
    """The files that lines name."""
    for name, text in {"files/one.jpg": "abc", "files/deep/two.jpg": "abcd", "recording/one.mcap": "abc"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    edit = {"action": "delete", "object_type": "cuboid", "dataset_item_uid": item}
    ids = ("8f6f2f3e-4d0a-4a1e-9a53-0a4f6f4f0001", "8f6f2f3e-4d0a-4a1e-9a53-0a4f6f4f0002")
    (folder / "edits.jsonl").write_text("".join(json.dumps(edit | {"object_uuid": uuid}) + "\n" for uuid in ids))
    condition = {"type": "threshold", "field": "speed", "operator": "gt", "value": 3}
    (folder / "condition.json").write_text(json.dumps(condition))
    rule = {"condition": condition, "actions": [{"type": "log"}], "description": "d"}
    (folder / "rule.json").write_text(json.dumps(rule))


def compare():
    """Runs all lines with both programs, and returns what differs, by command."""
    sandboxes = Recorder(os.environ["AVALA_BASE_URL"]), Recorder(os.environ["OTHER_BASE_URL"])
    os.environ["AVALA_BASE_URL"] = sandboxes[0].url
    client = support.connect()
    values = {
        "sequence": client.datasets.list_sequences(OWNER, SLUG).items[0].uid,
        "organization": client.organizations.list().items[0].uid,
    }
    [item] = client.datasets.list_items(OWNER, SLUG, limit=1).items[:1]
    found, compared = [], set()
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        folders = Path(first), Path(second)
        for folder in folders:
            write_files(folder, item.uid)
        for line in filter(None, LINES.splitlines()):
            name, line = line.split(" = ", 1) if " = " in line else ("", line)
            fails, line = (True, line[3:]) if line.startswith("1: ") else (False, line)
            words = [replaced(word, values) for word in shlex.split(line)]
            command = next(known for known in command_line.COMMANDS if words[: len(known.split())] == known.split())
            compared.add(command)
            options = ["-o", "json"] if name else []
            for sandbox in sandboxes:
                sandbox.requests.clear()
            theirs = official([*options, *words], folders[0])
            own = ours([*options, *words], folders[1], sandboxes[1].url)
            changes = [sandbox.changes() for sandbox in sandboxes]
            if name:
                uids = [chosen(name, json.loads(done[1])) for done in (theirs, own)]
                assert uids[0] == uids[1], (line, uids)
                values[name] = uids[0]
            if (theirs[0] == 0) != (own[0] == 0):
                found.append(("exit code", command, line, theirs, own))
            elif (theirs[0] != 0) != fails and command not in EXIT_CODES:
                found.append(("unexpected exit code", command, line, theirs, own))
            if changes[0] != changes[1]:
                found.append(("requests", command, line, *changes))
    return found, compared


def chosen(name, records):
    """The uid of the first record: of any, of one that runs, or of the one that a line made for an organization."""
    fits = {
        "running": lambda one: one["status"] in ("pending", "running"),
        "config": lambda one: one["name"] == "Owned",
    }.get(name, lambda one: True)
    return next(one["uid"] for one in records if fits(one))


def replaced(word, values):
    """A word of a line with what it stands for."""
    word = word.replace("OWNER", OWNER).replace("SLUG", SLUG) if word in ("OWNER", "SLUG") else word
    return values[word[1:]] if word.startswith("$") else word


def main():
    """Prints every difference, and returns whether all of them are known."""
    found, compared = compare()
    known = {"exit code": EXIT_CODES, "requests": REQUESTS}
    seen, is_good = set(), True
    for kind, command, line, theirs, own in found:
        reason = known.get(kind, {}).get(command)
        seen.add((kind, command))
        if reason:
            print(f"known difference: {kind} of `avala {line}`: {reason}")
            continue
        is_good = False
        print(f"DIFFERENT {kind}: avala {line}\n  official: {theirs}\n  ours:     {own}", flush=True)
    for command, reason in NOT_COMPARED.items():
        print(f"not compared: {command}: {reason}")
    if missing := set(command_line.COMMANDS) - compared - set(NOT_COMPARED):
        is_good = False
        print(f"FAILED not compared and not listed: {sorted(missing)}")
    for kind, reasons in known.items():
        for command in reasons:
            if (kind, command) not in seen:
                is_good = False
                print(f"FAILED listed, but there is no difference: {kind} of {command}")
    print(f"{len(compared)} of {len(command_line.COMMANDS)} commands compared")
    return is_good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
