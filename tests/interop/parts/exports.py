"""Exports."""

from support import uids, walk


def check(client):
    """An export is asked for, is worked on, and ends with an address."""
    project = client.projects.list().items[0]
    export = client.exports.create(project=project.uid)
    assert export.status == "requested"
    assert client.exports.get(export.uid).status == "pending"
    done = client.exports.wait(export.uid, interval=0.1, timeout=10)
    assert done.status == "exported"
    assert done.download_url
    assert export.uid in uids(walk(client.exports.list))
