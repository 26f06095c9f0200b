"""Slices."""

from support import uids, unsigned, walk


def check(client):
    """A slice takes items by chance, and belongs to a user or to an organization."""
    dataset = client.datasets.list().items[0]
    parts = [{"type": "dataset", "dataset_uid": dataset.uid}]
    mine = client.slices.create(name="Python slice", visibility="private", sub_slices=parts, random_selection_count=5)
    place = (mine.owner_name, mine.slug)
    assert unsigned(client.slices.get(*place)) == unsigned(mine)
    assert mine.uid in uids(walk(client.slices.list, mine.owner_name))
    items = walk(client.slices.list_items, *place)
    assert len(items) == mine.item_count == 5
    assert unsigned(client.slices.get_item(*place, items[2].uid)) == unsigned(items[2])

    shared = client.slices.create(
        name="Shared slice", visibility="public", organization="northwind-labs", sub_slices=parts
    )
    assert shared.owner_name == "northwind-labs"
    assert shared.organization["slug"] == "northwind-labs"
    assert shared.item_count == dataset.item_count
