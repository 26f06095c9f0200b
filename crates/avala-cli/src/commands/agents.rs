//! Agents, their executions and decisions.

use crate::args::option::{boolean, comma, pos, text};
use crate::commands::row::Row;
use crate::commands::services::is_success;

pub(super) const ROWS: &[Row] = &[
    Row::list("agents.list", &["agents", "list"], "List agents", &[], |a, i| i.list(a.agents().list())).columns(&[
        "uid",
        "name",
        "is_active",
        "events",
        "created_at",
    ]),
    Row::read("agents.get", &["agents", "get"], "Get an agent", &[pos("uid", "UID of the agent")], |a, i| {
        i.one(a.agents().get(i.text("uid")))
    }),
    Row::change(
        "agents.create",
        &["agents", "create"],
        "Create an agent; the response has its secret, once",
        &[
            text("name", "Display name").field("name").required(),
            comma("events", "Subscribed event types").field("events"),
            text("callback-url", "URL that is called for each event").field("callback_url"),
            text("description", "Description").field("description"),
            text("project", "Restrict events to this project").field("project"),
            comma("task-types", "Restrict tasks to these types").field("task_types"),
            boolean("is-active", "Whether the agent receives events").field("is_active"),
        ],
        |a, i| i.one(a.agents().create(&i.payload()?)),
    )
    .example("agents create --name reviewer --events task.completed,result.submitted"),
    Row::change(
        "agents.update",
        &["agents", "update"],
        "Update an agent",
        &[
            pos("uid", "UID of the agent"),
            text("name", "Display name").field("name"),
            comma("events", "Subscribed event types").field("events"),
            text("callback-url", "URL that is called for each event").field("callback_url"),
            text("description", "Description").field("description"),
            text("project", "Restrict events to this project").field("project"),
            comma("task-types", "Restrict tasks to these types").field("task_types"),
            boolean("is-active", "Whether the agent receives events").field("is_active"),
        ],
        |a, i| i.one(a.agents().update(i.text("uid"), &i.payload()?)),
    )
    .example("agents update UID --is-active false"),
    Row::destroy(
        "agents.delete",
        &["agents", "delete"],
        "Delete an agent",
        &[pos("uid", "UID of the agent")],
        |a, i| i.nothing(a.agents().delete(i.text("uid"))),
    ),
    Row::change(
        "agents.test",
        &["agents", "test"],
        "Send a test event to an agent",
        &[pos("uid", "UID of the agent")],
        |a, i| i.one(a.agents().test(i.text("uid"))),
    )
    .check(is_success),
    Row::list(
        "agents.list_executions",
        &["agents", "executions"],
        "List the executions of an agent",
        &[
            pos("uid", "UID of the agent"),
            text("project", "Filter by project"),
            text("status", "Filter by status, such as pending"),
            comma("task-types", "Filter by task types"),
        ],
        |a, i| {
            let list = a.agents().list_executions(i.text("uid"));
            let list = i.with(list, "project", |list, value| list.project(value));
            let list = i.with(list, "status", |list, value| list.status(value));
            match i.texts("task-types") {
                Some(types) => i.list(list.task_types(types)),
                None => i.list(list),
            }
        },
    )
    .columns(&["uid", "event_type", "status", "action", "created_at"]),
    Row::change(
        "agent_actions.create",
        &["agent-actions", "create"],
        "Decide an execution",
        &[
            text("execution", "UID of the execution").field("execution").required(),
            text("action", "Decision, such as approve, reject or flag").field("action").required(),
            text("reason", "Reason").field("reason"),
        ],
        |a, i| i.one(a.agent_actions().create(&i.payload()?)),
    ),
];
