"""The official agent runtime beside ours: `tests/examples/two_agents.rs` starts it and compares what both saw.

It registers, prints a line, waits for a line, handles what is pending, and prints what its handlers saw. After another
line it prints the decisions of the agent whose uid is on that line.
"""

import json
import os
import sys

import avala
from avala_agents import TaskAgent

EVENTS = (
    "result.submitted", "result.accepted", "result.rejected", "task.completed", "dataset.created", "dataset.updated",
    "dataset.deleted", "export.completed", "export.failed",
)
FIELDS = (
    "event_type", "task_uid", "result_uid", "result_data", "result_metadata", "task_name", "task_type", "task_status",
    "project_uid", "resource_uid",
)


def main():
    """Runs the agent once for each line of the input."""
    agent = TaskAgent(
        api_key=os.environ["AVALA_API_KEY"], base_url=os.environ["AVALA_BASE_URL"], name="the official runtime"
    )
    seen = []

    def handle(context):
        """Notes what the context says, and decides by the event."""
        fields = {name: getattr(context, name) for name in FIELDS if hasattr(context, name)}
        seen.append(fields)
        if context.event_type.startswith("result."):
            # Not approve or reject, which cause further events of results.
            context.flag(f"look at {context.event_type}")
        else:
            context.reject(f"no {context.event_type}")

    for event in EVENTS:
        agent.on(event)(handle)
    with agent:
        agent.run_once()
        print("registered", flush=True)
        sys.stdin.readline()
        agent.run_once()
        print(json.dumps(seen), flush=True)
    other = sys.stdin.readline().strip()
    executions = avala.Client().agents.list_executions(other).items
    decisions = [[execution.event_type, execution.action, execution.status] for execution in executions]
    print(json.dumps(decisions), flush=True)


if __name__ == "__main__":
    main()
