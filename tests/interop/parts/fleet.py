"""The fleet: devices, recordings, rules, events, alerts and alert channels."""

from support import gone, uids, walk


def check(client):
    """Runs all checks on the fleet. A rule is made first, so that one of the events raises an alert."""
    device = devices(client.fleet)
    recording = recordings(client.fleet)
    rule = rules(client.fleet)
    events(client.fleet, device, recording)
    alerts(client.fleet, rule)
    channels(client.fleet)
    deletes(client.fleet, device, recording, rule)


def devices(fleet):
    """A device is registered with a token that is told once, changed in part, and found with filters."""
    device = fleet.devices.register(
        name="Python", type="camera", firmware_version="1", tags=["new"], metadata={"floor": 1}
    )
    assert device.device_token
    assert fleet.devices.get(device.uid).device_token is None
    assert fleet.devices.update(device.uid, status="online").tags == ["new"]
    assert device.uid in uids(walk(fleet.devices.list))
    found = fleet.devices.list(type="camera", status="online").items
    assert device.uid in uids(found)
    assert all(other.type == "camera" and other.status == "online" for other in found)
    return device.uid


def recordings(fleet):
    """Recordings are found with a filter and changed in part."""
    ready = walk(fleet.recordings.list, status="ready")
    assert 0 < len(ready) < len(walk(fleet.recordings.list))
    assert all(recording.status == "ready" for recording in ready)
    recording = fleet.recordings.get(ready[0].uid)
    assert fleet.recordings.update(recording.uid, tags=["seen"]).status == "ready"
    return recording.uid


def rules(fleet):
    """A rule is made, changed in part, and found with a filter."""
    rule = fleet.rules.create(
        name="Python",
        condition={"type": "error", "label": "python"},
        actions=[{"type": "alert"}],
        scope={"floor": 1},
    )
    assert fleet.rules.get(rule.uid) == rule
    assert fleet.rules.update(rule.uid, description="Snakes").scope == {"floor": 1}
    enabled, disabled = fleet.rules.list(enabled=True).items, fleet.rules.list(enabled=False).items
    assert rule.uid in uids(enabled) and rule.uid not in uids(disabled)
    assert all(other.enabled for other in enabled) and disabled
    return rule.uid


def events(fleet, device, recording):
    """Events are made one by one and together, found with a filter, and deleted."""
    common = {"recording": recording, "device": device, "timestamp": "2026-01-01T00:00:00Z"}
    event = fleet.events.create(
        **common, label="python", type="error", severity="critical", duration_ms=3, metadata={"speeds": [1]}
    )
    assert fleet.events.get(event.uid) == event
    assert fleet.events.create_batch(events=[{**common, "label": "note", "type": "info"}] * 3) == 3
    assert len(fleet.events.list(device_id=device).items) == 4
    assert len(walk(fleet.events.list)) > 200, "the demo data has more than a page of them"
    fleet.events.delete(event.uid)
    gone(fleet.events.get, event.uid)


def alerts(fleet, rule):
    """The event that fits the rule has opened an alert, which is acknowledged and resolved."""
    [alert] = walk(fleet.alerts.list, rule_id=rule)
    assert fleet.alerts.get(alert.uid).status == "open"
    assert fleet.alerts.acknowledge(alert.uid).acknowledged_by == "acme-robotics"
    assert fleet.alerts.resolve(alert.uid, resolution_note="Caught").resolution_note == "Caught"
    assert fleet.rules.get(rule).hit_count == 1


def channels(fleet):
    """An alert channel is made, tested, listed and deleted."""
    channel = fleet.alert_channels.create(name="Python", type="slack", config={"channel": "#snakes"})
    assert fleet.alert_channels.test(channel.uid)["success"]
    assert channel.uid in uids(walk(fleet.alert_channels.list))
    fleet.alert_channels.delete(channel.uid)
    gone(fleet.alert_channels.delete, channel.uid)


def deletes(fleet, device, recording, rule):
    """What is deleted is not there any more."""
    fleet.rules.delete(rule)
    gone(fleet.rules.get, rule)
    fleet.recordings.delete(recording)
    gone(fleet.recordings.get, recording)
    fleet.devices.delete(device)
    gone(fleet.devices.get, device)
