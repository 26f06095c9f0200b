"""Annotations, edited in bulk."""

from support import fails


def check(client):
    """Edits go in chunks, may be sent twice, and are refused when the server does not know them."""
    dataset = client.datasets.list().items[0]
    place = (dataset.owner_name, dataset.slug)
    item = client.datasets.list_items(*place).items[0]
    names = [f"object-{number}" for number in range(7)]
    edits = [
        {
            "action": "upsert",
            "object_uuid": name,
            "object_type": "box",
            "dataset_item_uid": item.uid,
            "object_data": {"label": name},
        }
        for name in names
    ]

    responses = list(client.annotations.bulk_edit(*place, edits, chunk_size=3))
    assert [index for index, _ in responses] == [0, 1, 2]
    assert sum(response["created"] for _, response in responses) == 7
    [(_, again)] = client.annotations.bulk_edit(*place, edits)
    assert (again["created"], again["updated"]) == (0, 7)

    objects = client.datasets.get_item(*place, item.uid).annotations["objects"]
    assert [found["object_uuid"] for found in objects if found.get("object_uuid") in names] == names
    # The SDK wraps what goes wrong with a chunk in an error of its own.
    fails(RuntimeError, lambda: list(client.annotations.bulk_edit(*place, [{"action": "paint"}])))
