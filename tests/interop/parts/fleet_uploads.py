"""Uploads of recordings."""

import tempfile
from pathlib import Path

import httpx

from avala.errors import UploadStateError
from parts.loopback import files_may_go_to_loopback
from support import fails, gone, walk

# What a recording consists of; the blank tests how the path gets into an address.
FILES = {"left wheel/one.mcap": b"abc", "two.mcap": b"z"}


def check(client):
    """Runs all checks on uploads, each of them on a recording of the demo data that has no upload yet."""
    first, second, third = walk(client.fleet.recordings.list)[-3:]
    step_by_step(client.fleet, first.uid)
    whole_folder(client.fleet.uploads, second.uid)
    managed(client.fleet.uploads, third.uid)


def step_by_step(fleet, recording):
    """The calls below an upload: start, addresses, files, confirmation, end."""
    uploads = fleet.uploads
    gone(uploads.get_upload_status, recording)
    sizes = [{"path": path, "size_bytes": len(content)} for path, content in FILES.items()]
    session = uploads.init_upload(recording, sizes)
    assert session.total_bytes == 4

    addresses = uploads.get_upload_urls(recording, session.uid, list(FILES)).urls
    sent = [send(address) for address in addresses]
    assert uploads.confirm_upload(recording, session.uid, sent[:1])["total_confirmed"] == 1
    assert uploads.get_upload_status(recording).pending_paths == ["two.mcap"]
    uploads.confirm_upload(recording, session.uid, sent)
    assert uploads.finalize_upload(recording, session.uid)["detail"]

    assert [uploads.get_upload_status(recording).status for _ in range(2)] == ["completing", "completed"]
    assert fleet.recordings.get(recording).status == "ready"


def send(address):
    """Puts one file where the API says, and returns what there is to confirm."""
    content = FILES[address.path]
    response = httpx.put(address.put_url, content=content, headers=address.headers)
    assert response.status_code == 200
    return {"path": address.path, "etag": response.headers["etag"].strip('"'), "size_bytes": len(content)}


def whole_folder(uploads, recording):
    """The SDK uploads a folder by itself."""
    with tempfile.TemporaryDirectory() as folder, files_may_go_to_loopback():
        write_files(Path(folder))
        assert len(uploads.collect_files(folder).files) == len(FILES)
        done = uploads.upload_recording(recording, folder)
    assert done.confirmed_files == len(FILES)
    assert done.status == "completing"


def managed(uploads, recording):
    """The SDK insists on the storage host of managed uploads, which only a proxy can stand in for: see proxied.py."""
    with tempfile.TemporaryDirectory() as folder, files_may_go_to_loopback():
        write_files(Path(folder))
        fails(UploadStateError, uploads.upload_managed_recording, recording, folder)


def write_files(folder):
    """Writes the files of a recording."""
    for path, content in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
