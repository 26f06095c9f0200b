"""Datasets, and what is in them."""

from support import unsigned, walk


def check(client):
    """Runs all checks on datasets."""
    lists_and_items(client)
    sequences(client)
    life_of_a_dataset(client)


def lists_and_items(client):
    """A dataset and an item are the same in a list and alone."""
    datasets = walk(client.datasets.list)
    assert len(datasets) > 100, "the demo data has more than a page of them"
    dataset = datasets[0]
    assert client.datasets.get(dataset.uid) == dataset
    assert client.datasets.get_by_slug(dataset.owner_name, dataset.slug) == dataset

    items = walk(client.datasets.list_items, dataset.owner_name, dataset.slug)
    assert len(items) == dataset.item_count > 100
    item = client.datasets.get_item(dataset.owner_name, dataset.slug, items[3].uid)
    assert unsigned(item) == unsigned(items[3])


def sequences(client):
    """A LiDAR dataset has sequences with frames, a calibration and a state of health."""
    dataset = client.datasets.list(data_type="lidar").items[0]
    place = (dataset.owner_name, dataset.slug)
    listed = client.datasets.list_sequences(*place).items[0]
    sequence = client.datasets.get_sequence(*place, listed.uid)
    assert len(sequence.frames) == 40
    assert client.datasets.get_frame(*place, sequence.uid, 3).frame_index == 3
    assert len(client.datasets.get_calibration(*place, sequence.uid).cameras) == 6
    assert client.datasets.get_health(*place).ingest_ok


def life_of_a_dataset(client):
    """A dataset is made, becomes ready, and gets another owner."""
    dataset = client.datasets.create(name="Python", slug="python", data_type="image")
    assert dataset.status == "creating"
    assert client.datasets.wait(dataset.uid, interval=0.1, timeout=10).status == "created"
    moved = client.datasets.transfer(dataset.owner_name, "python", owner_username="harbor-vision")
    assert moved.owner_name == "harbor-vision"
