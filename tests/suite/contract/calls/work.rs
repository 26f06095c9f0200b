//! Projects, tasks and exports.

use avala_client::Avala;
use avala_client::types::CreateExport;

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    let (projects, tasks, exports) = (avala.projects(), avala.tasks(), avala.exports());
    let owner = id("owner");
    let mut export = CreateExport::lists("n", "YOLO").filter_query_string("status=completed");
    (export.project, export.dataset) = (Some("p".into()), Some("d".into()));
    vec![
        Case::new("exports.create", exports.create(&CreateExport::default())).complete(exports.create(&export)),
        Case::new("exports.get", exports.get(id("uid"))),
        Case::new("exports.list", exports.list()).complete(paged(exports.list())),
        Case::new("projects.get", projects.get(id("uid"))),
        Case::new("projects.list", projects.list()).complete(paged(projects.list())),
        Case::new("projects.list_by_owner", projects.list_by_owner(&owner))
            .complete(paged(projects.list_by_owner(&owner)).name("n").ordering("-name")),
        Case::new("tasks.get", tasks.get(id("uid"))),
        Case::new("tasks.list", tasks.list()).complete(paged(tasks.list()).project("p").status("pending")),
    ]
}
