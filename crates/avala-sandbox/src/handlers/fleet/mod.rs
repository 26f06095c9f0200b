//! Fleets: devices, their recordings, and rules that raise alerts.

mod alert_channels;
mod alerts;
mod devices;
mod events;
mod managed_uploads;
mod recordings;
mod rules;
mod uploads;
use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .merge(devices::routes())
        .merge(recordings::routes())
        .merge(events::routes())
        .merge(rules::routes())
        .merge(alerts::routes())
        .merge(alert_channels::routes())
        .merge(managed_uploads::routes())
        .merge(uploads::routes())
}
