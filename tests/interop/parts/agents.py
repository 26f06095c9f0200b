"""Agents and what they are asked to do."""

from support import gone, walk


def check(client):
    """Runs all checks on agents."""
    life_of_an_agent(client)
    executions(client)


def life_of_an_agent(client):
    """An agent is made with a secret that is told once, changed in part, and deleted."""
    agent = client.agents.create(
        name="Python", events=["dataset.created"], task_types=["image-annotation"], description="Looks at images"
    )
    assert agent.secret
    assert agent.is_active
    assert client.agents.get(agent.uid).secret is None
    assert client.agents.update(agent.uid, name="Python 2").description == "Looks at images"
    assert client.agents.test(agent.uid)["success"]
    client.agents.delete(agent.uid)
    gone(client.agents.get, agent.uid)


def executions(client):
    """The figures of an agent are those of its executions, and an execution takes a response."""
    agent = client.agents.list().items[0]
    pending = [
        execution for execution in walk(client.agents.list_executions, agent.uid) if execution.status == "pending"
    ]
    assert pending
    assert agent.execution_stats["pending"] == len(pending)
    # An agent is a program of its own: the SDK has no method for its responses.
    response = {"execution": pending[0].uid, "action": "approve", "reason": "fine"}
    assert client._transport.request("POST", "/agent-actions/", json=response)["status"] == "completed"
