//! Fleets: devices, what they record, and what is watched for in it.

mod alert_channels;
mod alerts;
mod devices;
mod events;
mod recordings;
mod rules;
mod uploads;
mod watch;

pub(crate) use uploads::UploadSessionRow;

use avala_types::{FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetRecording, FleetRule};

use crate::routes::Routes;
use crate::table::Table;

pub(crate) struct Fleet {
    pub(crate) devices: Table<FleetDevice>,
    pub(crate) recordings: Table<FleetRecording>,
    pub(crate) events: Table<FleetEvent>,
    pub(crate) rules: Table<FleetRule>,
    pub(crate) alerts: Table<FleetAlert>,
    pub(crate) alert_channels: Table<FleetAlertChannel>,
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
            uploads: Table::new("fleet uploads"),
        }
    }
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .merge(devices::routes())
        .merge(recordings::routes())
        .merge(events::routes())
        .merge(rules::routes())
        .merge(alerts::routes())
        .merge(alert_channels::routes())
        .merge(uploads::routes())
}
