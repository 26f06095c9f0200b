//! Morning triage of a fleet: open alerts, their devices, and the events before them. Critical
//! alerts are acknowledged, so that the control room sees that they are being handled.
//!
//! Run it with `cargo run -p avala-examples --bin fleet_triage`.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::collections::BTreeMap;
use std::error::Error;

use avala_client::Avala;
use avala_client::types::{AlertStatus, DeviceUid, FleetAlert, FleetDevice, FleetSeverity};
use avala_examples::connect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let connection = connect().await?;
    let avala = &connection.avala;

    // Two concurrent lists: the client keeps both within the rate limit.
    let fleet = avala.fleet();
    let (devices, alerts) = tokio::try_join!(
        fleet.devices().list().try_collect::<Vec<_>>(),
        fleet.alerts().list().status(AlertStatus::Open).try_collect::<Vec<_>>(),
    )?;
    let devices: BTreeMap<_, _> = devices.into_iter().map(|device| (device.uid.clone(), device)).collect();

    let mut by_device: BTreeMap<_, Vec<FleetAlert>> = BTreeMap::new();
    for alert in alerts {
        by_device.entry(alert.device.clone()).or_default().push(alert);
    }
    for (device, mut alerts) in by_device {
        println!("{}", headline(device.as_ref().and_then(|uid| devices.get(uid))));
        alerts.sort_by_key(|alert| std::cmp::Reverse(rank(alert.severity.as_ref())));
        for alert in &alerts {
            let severity = alert.severity.as_ref().map_or("unknown", FleetSeverity::as_str);
            println!("  {severity:<9} {}", alert.message.as_deref().unwrap_or("no message"));
        }
        if alerts.iter().any(|alert| alert.severity == Some(FleetSeverity::Critical)) {
            show_events(avala, device.as_ref()).await?;
        }
        acknowledge(avala, &alerts).await?;
    }
    Ok(())
}

fn headline(device: Option<&FleetDevice>) -> String {
    let Some(device) = device else { return "unknown device".to_owned() };
    let status = device.status.as_ref().map_or("unknown", |status| status.as_str());
    let firmware = device.firmware_version.as_deref().unwrap_or("unknown");
    format!("{} ({status}, firmware {firmware}, {})", device.name, device.tags.join(" "))
}

/// Returns the rank of a severity. An unknown severity is first, because it may be urgent.
fn rank(severity: Option<&FleetSeverity>) -> u8 {
    match severity {
        None | Some(FleetSeverity::Info) => 0,
        Some(FleetSeverity::Low) => 1,
        Some(FleetSeverity::Medium | FleetSeverity::Warning) => 2,
        Some(FleetSeverity::High) => 3,
        Some(FleetSeverity::Critical) => 4,
        Some(_) => 5,
    }
}

async fn show_events(avala: &Avala, device: Option<&DeviceUid>) -> Result<(), avala_client::Error> {
    let Some(device) = device else { return Ok(()) };
    for event in &avala.fleet().events().list().device(device).limit(3).await? {
        let time = event.timestamp.map(|time| time.to_string()).unwrap_or_default();
        println!("    {time} {}", event.label.as_deref().unwrap_or("no label"));
    }
    Ok(())
}

async fn acknowledge(avala: &Avala, alerts: &[FleetAlert]) -> Result<(), avala_client::Error> {
    for alert in alerts.iter().filter(|alert| alert.severity == Some(FleetSeverity::Critical)) {
        match avala.fleet().alerts().acknowledge(&alert.uid).await {
            Ok(alert) => println!("  acknowledged by {}", alert.acknowledged_by.as_deref().unwrap_or("us")),
            // A colleague has acknowledged the alert.
            Err(error) if error.is_conflict() => println!("  acknowledged before"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
