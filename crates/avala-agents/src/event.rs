//! Typed views of an execution's event.

use avala_client::types::{
    AgentExecution, DatasetUid, EventType, ExportUid, Json, ProjectUid, ResultUid, TaskStatus, TaskType, TaskUid,
};
use serde::Deserialize;

/// The event of an execution, by its type.
///
/// Missing payload keys, and keys of an unexpected form, are `None`; the raw payload is in
/// [`Context::payload`](crate::Context::payload). A payload of `null` counts as an empty object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// `result.submitted`, `result.accepted`, `result.rejected`.
    Result(ResultEvent),
    /// `task.completed`.
    Task(TaskEvent),
    /// `dataset.created`, `dataset.updated`, `dataset.deleted`.
    Dataset(DatasetEvent),
    /// `export.completed`, `export.failed`.
    Export(ExportEvent),
    /// Any other event; read the payload.
    Other,
}

/// An event about the result of a task.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ResultEvent {
    /// The task.
    pub task_uid: Option<TaskUid>,
    /// The result.
    pub result_uid: Option<ResultUid>,
    /// Display name of the task.
    pub task_name: Option<String>,
    /// Type of the task.
    pub task_type: Option<TaskType>,
    /// The project.
    pub project_uid: Option<ProjectUid>,
    /// Metadata of the result, a free-form object.
    pub result_metadata: Option<Json>,
    /// The annotations, a list; decoded by [`result_data`](ResultEvent::result_data).
    pub raw_result_data: Option<Json>,
}

impl ResultEvent {
    /// Decodes the annotations of the result as a list of `T`. A missing list is empty.
    ///
    /// # Errors
    /// The error of the decoder if an element is not a `T`.
    pub fn result_data<T: for<'de> Deserialize<'de>>(&self) -> Result<Vec<T>, serde_json::Error> {
        self.raw_result_data.as_ref().map_or(Ok(Vec::new()), Json::parse)
    }
}

/// An event about a task.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TaskEvent {
    /// The task.
    pub task_uid: Option<TaskUid>,
    /// Display name of the task.
    pub task_name: Option<String>,
    /// Type of the task.
    pub task_type: Option<TaskType>,
    /// Status of the task.
    pub task_status: Option<TaskStatus>,
    /// The project.
    pub project_uid: Option<ProjectUid>,
}

/// An event about a dataset.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DatasetEvent {
    /// The dataset.
    pub dataset_uid: Option<DatasetUid>,
    /// The project.
    pub project_uid: Option<ProjectUid>,
}

/// An event about an export.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExportEvent {
    /// The export.
    pub export_uid: Option<ExportUid>,
    /// The project.
    pub project_uid: Option<ProjectUid>,
}

/// Returns the task of an execution: its own field, or the key of the payload.
pub(crate) fn task_of(execution: &AgentExecution) -> Option<TaskUid> {
    execution.task.clone().or_else(|| Payload::of(execution).id("task_uid"))
}

/// The keys of a payload, each of which may have any form.
#[derive(Default)]
struct Payload(std::collections::BTreeMap<String, Json>);

impl Payload {
    fn of(execution: &AgentExecution) -> Self {
        let payload = execution.event_payload.as_ref();
        // A payload other than an object, such as null or a text, has no keys.
        Self(payload.and_then(|payload| payload.parse().ok()).unwrap_or_default())
    }

    fn json(&self, key: &str) -> Option<Json> {
        self.0.get(key).filter(|value| value.get() != "null").cloned()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key)?.parse::<String>().ok().filter(|text| !text.is_empty())
    }

    fn id<T: From<String>>(&self, key: &str) -> Option<T> {
        self.text(key).map(T::from)
    }
}

impl Event {
    /// Reads the event of an execution. Fields of the execution replace missing payload keys.
    pub(crate) fn of(execution: &AgentExecution) -> Self {
        let payload = Payload::of(execution);
        let task = || payload.id("task_uid").or_else(|| execution.task.clone());
        match &execution.event_type {
            EventType::ResultSubmitted | EventType::ResultAccepted | EventType::ResultRejected => {
                Self::Result(ResultEvent {
                    task_uid: task(),
                    result_uid: payload.id("result_uid").or_else(|| execution.result.clone()),
                    task_name: payload.text("task_name"),
                    task_type: payload.id("task_type"),
                    project_uid: payload.id("project_uid"),
                    result_metadata: payload.json("result_metadata"),
                    raw_result_data: payload.json("result_data"),
                })
            }
            EventType::TaskCompleted => Self::Task(TaskEvent {
                task_uid: task(),
                task_name: payload.text("task_name"),
                task_type: payload.id("task_type"),
                task_status: payload.id("task_status"),
                project_uid: payload.id("project_uid"),
            }),
            EventType::DatasetCreated | EventType::DatasetUpdated | EventType::DatasetDeleted => {
                let (dataset_uid, project_uid) = (payload.id("dataset_uid"), payload.id("project_uid"));
                Self::Dataset(DatasetEvent { dataset_uid, project_uid })
            }
            EventType::ExportCompleted | EventType::ExportFailed => Self::Export(ExportEvent {
                export_uid: payload.id("export_uid"),
                project_uid: payload.id("project_uid"),
            }),
            _ => Self::Other,
        }
    }
}
