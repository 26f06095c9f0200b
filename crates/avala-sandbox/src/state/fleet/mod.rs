//! Fleets: devices, their recordings, and rules that raise alerts.

pub(crate) mod managed_upload;
pub(crate) mod script;
pub(crate) mod upload;
pub(crate) mod watch;

use crate::schema::{FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetRecording, FleetRule};
use crate::state::fleet::managed_upload::ManagedUploadRow;
use crate::state::fleet::script::FinalizationScript;
use crate::state::fleet::upload::UploadSessionRow;
use crate::state::table::Table;

pub(crate) struct Fleet {
    pub(crate) devices: Table<FleetDevice>,
    pub(crate) recordings: Table<FleetRecording>,
    pub(crate) events: Table<FleetEvent>,
    pub(crate) rules: Table<FleetRule>,
    pub(crate) alerts: Table<FleetAlert>,
    pub(crate) alert_channels: Table<FleetAlertChannel>,
    pub(crate) managed_uploads: Table<ManagedUploadRow>,
    pub(crate) finalization_script: FinalizationScript,
    pub(crate) uploads: Table<UploadSessionRow>,
}

impl Fleet {
    pub(crate) fn empty() -> Self {
        Self {
            devices: Table::new("fleet devices"),
            recordings: Table::new("fleet recordings"),
            events: Table::new("fleet events"),
            rules: Table::new("fleet rules"),
            alerts: Table::new("fleet alerts"),
            alert_channels: Table::new("fleet alert channels"),
            managed_uploads: Table::new("managed fleet uploads"),
            finalization_script: FinalizationScript::default(),
            uploads: Table::new("fleet uploads"),
        }
    }
}
