//! Projects, tasks, exports, models, users and signup.

use crate::args::option::{comma, pos, text};
use crate::commands::row::Row;

pub(super) const ROWS: &[Row] = &[
    Row::list("projects.list", &["projects", "list"], "List projects", &[], |a, i| i.list(a.projects().list()))
        .columns(&["uid", "name", "status", "created_at"]),
    Row::read("projects.get", &["projects", "get"], "Get a project", &[pos("uid", "UID of the project")], |a, i| {
        i.one(a.projects().get(i.text("uid")))
    }),
    Row::list(
        "projects.list_by_owner",
        &["projects", "list-by-owner"],
        "List the projects of an owner",
        &[
            pos("owner", "Owner: a user or an organization"),
            text("name", "Filter by a part of the name"),
            text("ordering", "Field by which the server sorts; -FIELD is descending"),
        ],
        |a, i| {
            let list = a.projects().list_by_owner(i.text("owner"));
            let list = i.with(list, "name", |list, value| list.name(value));
            i.list(i.with(list, "ordering", |list, value| list.ordering(value)))
        },
    )
    .columns(&["uid", "name", "status", "created_at"]),
    Row::list(
        "tasks.list",
        &["tasks", "list"],
        "List tasks",
        &[text("project", "Filter by project"), text("status", "Filter by status")],
        |a, i| {
            let list = i.with(a.tasks().list(), "project", |list, value| list.project(value));
            i.list(i.with(list, "status", |list, value| list.status(value)))
        },
    )
    .columns(&["uid", "name", "type", "status", "created_at"])
    .example("tasks list --project UID --status pending --all -o ndjson"),
    Row::read("tasks.get", &["tasks", "get"], "Get a task", &[pos("uid", "UID of the task")], |a, i| {
        i.one(a.tasks().get(i.text("uid")))
    }),
    Row::list("exports.list", &["exports", "list"], "List exports", &[], |a, i| i.list(a.exports().list())).columns(&[
        "uid",
        "status",
        "download_url",
        "created_at",
    ]),
    Row::read("exports.get", &["exports", "get"], "Get an export", &[pos("uid", "UID of the export")], |a, i| {
        i.one(a.exports().get(i.text("uid")))
    }),
    Row::change(
        "exports.create",
        &["exports", "create"],
        "Create an export of a project, a dataset, or several of them",
        &[
            text("project", "UID of the project").field("project"),
            text("dataset", "UID of the dataset").field("dataset"),
            text("name", "Display name").field("name"),
            text("format", "Format").field("format"),
            comma("datasets", "Datasets").field("datasets"),
            comma("projects", "Projects").field("projects"),
            comma("slices", "Slices").field("slices"),
            text("filter-query-string", "Filter items by a query").field("filter_query_string"),
        ],
        |a, i| i.one(a.exports().create(&i.payload()?)),
    )
    .example("exports create --project UID"),
    Row::list("models.list", &["models", "list"], "List models", &[], |a, i| i.list(a.models().list())).columns(&[
        "uid",
        "name",
        "created_at",
    ]),
    Row::read("users.me", &["users", "me"], "Get the user of the key", &[], |a, i| i.one(a.users().me())),
    Row::read(
        "users.get_permissions",
        &["users", "permissions"],
        "Get the permissions of the user of the key",
        &[],
        |a, i| i.one(a.users().get_permissions()),
    ),
    Row::change(
        "signup.create",
        &["signup", "create"],
        "Create an account; the response has its API key",
        &[
            text("email", "Email address").field("email").required(),
            text("password", "Password. Other users of this machine can see it: prefer --json -")
                .field("password")
                .required(),
            text("first-name", "First name").field("first_name"),
            text("last-name", "Last name").field("last_name"),
        ],
        |a, i| i.one(a.signup().create(&i.payload()?)),
    )
    .anonymous()
    .example("signup create --json signup.json"),
];
