"""Projects and their tasks."""


def check(client):
    """A project and a task are the same in a list and alone."""
    project = client.projects.list().items[0]
    assert client.projects.get(project.uid) == project

    tasks = client.tasks.list(project=project.uid, status="pending").items
    assert tasks
    assert all(task.project == project.uid and task.status == "pending" for task in tasks)
    assert client.tasks.get(tasks[0].uid) == tasks[0]
