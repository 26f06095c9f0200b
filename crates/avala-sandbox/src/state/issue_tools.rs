//! Tools of annotation issues, the same in every sandbox.

use avala_types::DataType;

use crate::schema::{AnnotationIssueProblem, AnnotationIssueTool, AnnotationIssueToolDetail};

pub(crate) struct Tool {
    pub(crate) uid: &'static str,
    name: &'static str,
    pub(crate) dataset_type: DataType,
    is_default: bool,
    pub(crate) problems: &'static [(&'static str, &'static str)],
}

pub(crate) const TOOLS: [Tool; 4] = [
    Tool {
        uid: "tool-cuboid",
        name: "Cuboid",
        dataset_type: DataType::Lidar,
        is_default: true,
        problems: &[
            ("problem-cuboid-loose", "Cuboid is not tight"),
            ("problem-cuboid-heading", "Wrong heading"),
            ("problem-cuboid-class", "Wrong class"),
            ("problem-cuboid-missing", "Missing object"),
        ],
    },
    Tool {
        uid: "tool-segmentation-3d",
        name: "3D segmentation",
        dataset_type: DataType::Lidar,
        is_default: false,
        problems: &[("problem-points-class", "Points of another class"), ("problem-points-missing", "Points left out")],
    },
    Tool {
        uid: "tool-box",
        name: "Box",
        dataset_type: DataType::Image,
        is_default: true,
        problems: &[("problem-box-loose", "Box is not tight"), ("problem-box-class", "Wrong class")],
    },
    Tool {
        uid: "tool-track",
        name: "Track",
        dataset_type: DataType::Video,
        is_default: true,
        problems: &[("problem-track-switch", "Track jumps to another object")],
    },
];

impl Tool {
    /// Returns the tool in the form of an issue.
    pub(crate) fn short(&self) -> AnnotationIssueTool {
        let mut tool = AnnotationIssueTool::new(self.uid, self.name);
        tool.is_default = Some(self.is_default);
        tool
    }

    pub(crate) fn detail(&self) -> AnnotationIssueToolDetail {
        let mut tool = AnnotationIssueToolDetail::new(self.uid, self.name);
        tool.dataset_type = Some(self.dataset_type.clone());
        tool.is_default = Some(self.is_default);
        tool.problems = self.problems.iter().map(|(uid, title)| AnnotationIssueProblem::new(*uid, *title)).collect();
        tool
    }
}
