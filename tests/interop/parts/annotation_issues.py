"""Annotation issues."""

from support import gone, uids


def check(client):
    """An issue is made, found on each way, counted, closed and deleted."""
    dataset = client.datasets.list(data_type="lidar").items[0]
    place = (dataset.owner_name, dataset.slug)
    sequence = client.datasets.list_sequences(*place).items[0].uid
    tool = client.annotation_issues.list_tools(dataset_type="lidar")[0]
    before = client.annotation_issues.get_metrics(*place)

    issue = client.annotation_issues.create(
        sequence,
        tool_uid=tool.uid,
        problem_uid=tool.problems[0].uid,
        priority="high",
        severity="critical",
        description="The box is too small",
        coordinates={"x": 1},
        query_params={"frame": 3},
        object_uid="object-1",
    )
    assert issue.status == "open"
    assert issue.tool.name == tool.name
    assert issue.uid in uids(client.annotation_issues.list_by_sequence(sequence))
    assert issue.uid in uids(client.annotation_issues.list_by_dataset(*place, sequence_uid=sequence))
    after = client.annotation_issues.get_metrics(*place)
    assert after.status_count["open"] == before.status_count["open"] + 1

    closed = client.annotation_issues.update(sequence, issue.uid, status="closed")
    assert closed.closed_at
    assert closed.description == "The box is too small"
    client.annotation_issues.delete(sequence, issue.uid)
    gone(client.annotation_issues.delete, sequence, issue.uid)
