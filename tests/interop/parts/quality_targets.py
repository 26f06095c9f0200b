"""Quality targets."""

from support import gone, uids, walk


def check(client):
    """A target is made, is missed when it is measured, and goes."""
    project = client.projects.list().items[0].uid
    target = client.quality_targets.create(
        project,
        name="Python",
        metric="acceptance_rate",
        threshold=0.99,
        operator="gte",
        severity="critical",
        notify_emails=["quality@python.example"],
    )
    assert client.quality_targets.get(project, target.uid) == target
    assert target.uid in uids(walk(client.quality_targets.list, project))

    measured = client.quality_targets.evaluate(project)
    mine = next(evaluation for evaluation in measured if evaluation.uid == target.uid)
    assert mine.is_breached
    assert mine.current_value < 0.99
    assert client.quality_targets.get(project, target.uid).breach_count == 1

    assert client.quality_targets.update(project, target.uid, threshold=0.1).metric == "acceptance_rate"
    client.quality_targets.delete(project, target.uid)
    gone(client.quality_targets.get, project, target.uid)
