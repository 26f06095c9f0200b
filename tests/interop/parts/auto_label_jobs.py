"""Auto-label jobs."""

from support import uids, walk


def check(client):
    """A job goes from step to step, and another one is cancelled."""
    project = client.projects.list().items[0].uid
    job = client.auto_label_jobs.create(
        project, model_type="sam3", confidence_threshold=0.7, labels=["pallet"], dry_run=True
    )
    assert job.status == "pending"
    assert job.total_items == len(walk(client.tasks.list, project=project))
    steps = [client.auto_label_jobs.get(job.uid) for _ in range(4)]
    assert [step.status for step in steps] == ["running", "running", "completed", "completed"]
    assert steps[-1].progress_pct == 100
    assert job.uid in uids(walk(client.auto_label_jobs.list, project=project))

    other = client.auto_label_jobs.create(project)
    client.auto_label_jobs.cancel(other.uid)
    assert client.auto_label_jobs.get(other.uid).status == "canceled"
