"""Uploads of files that become a dataset."""

import os
import tempfile
from pathlib import Path

import httpx

from avala.errors import QuotaExceededError
from parts.loopback import files_may_go_to_loopback
from support import fails

# The second file is too large for one request and goes in parts.
SIZES = {"small.jpg": 1000, "large.jpg": 11 * 1024 * 1024}


def check(client):
    """Runs all checks on uploads."""
    limits(client.datasets)
    one_file(client.datasets)
    with tempfile.TemporaryDirectory() as folder, files_may_go_to_loopback():
        files = write_files(Path(folder))
        batch_in_steps(client.datasets, files)
        whole_folder(client, folder)
        forms(client.datasets, files[:1])


def write_files(folder):
    """Writes the files, and returns each as the SDK takes it: where it is, and its path in the dataset."""
    for name, size in SIZES.items():
        (folder / name).write_bytes(os.urandom(size))
    return [(str(folder / name), name) for name in SIZES]


def limits(datasets):
    """There is a quota, and what does not fit in it is refused before it is sent."""
    quota = datasets.manual_upload_quota()
    assert quota.limit > quota.used
    assert datasets.manual_upload_allowed_mimes().video_prefix == "video/"
    fails(
        QuotaExceededError,
        datasets.create_manual_upload_url,
        dataset_name="Too large",
        file_path_in_dataset="one",
        content_length=quota.limit + 1,
    )


def one_file(datasets):
    """One file goes by a form, and is the item of the dataset that is made of it."""
    name = "Python files"
    form = datasets.create_manual_upload_url(dataset_name=name, file_path_in_dataset="deep/1.jpg", content_length=3)
    response = httpx.post(form["url"], data=form["fields"], files={"file": ("1.jpg", b"abc", "image/jpeg")})
    assert response.status_code == 204, response
    dataset = datasets.create_from_manual_upload(name=name, slug="python-files", data_type="image")
    assert dataset.item_count == 1
    assert [item.key for item in datasets.list_items(dataset.owner_name, dataset.slug).items] == ["deep/1.jpg"]


def batch_in_steps(datasets, files):
    """Files go together, the large one in parts, and are the items of the dataset that is made of them."""
    name = "Python batch"
    batch = datasets.prepare_manual_upload_batch(name)
    sent = datasets.upload_files(dataset_name=name, files=files, dataset_upload_uid=batch, workers=2)
    assert sent == sum(SIZES.values())
    dataset = datasets.create_from_manual_upload(
        name=name, slug="python-batch", data_type="image", dataset_upload_uid=batch
    )
    assert dataset.item_count == 2


def whole_folder(client, folder):
    """The SDK makes a dataset of a folder by itself: for a user, and for an organization."""
    root = client.datasets.resolve_storage_root()
    assert root.startswith("__u__=/")
    client.datasets.assert_storage_root_unchanged(root)

    dataset = {"source": folder, "name": "Python folder", "slug": "python-folder", "data_type": "image"}
    assert client.datasets.create_from_local(**dataset, workers=2).item_count == 2
    organization = client.organizations.get("northwind-labs")
    made = client.datasets.create_from_local(**dataset, organization_uid=organization.uid, workers=2)
    assert made.owner_name == "northwind-labs"
    assert made.item_count == 2


def forms(datasets, files):
    """Without a batch, files go one by one."""
    assert datasets.upload_files(dataset_name="Python forms", files=files, workers=1) == SIZES["small.jpg"]
