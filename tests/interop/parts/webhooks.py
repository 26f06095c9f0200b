"""Webhooks and their deliveries."""

import hashlib
import hmac
import json
import uuid

from support import Receiver, gone, uids, until, walk


def check(client):
    """Runs all checks on webhooks."""
    with Receiver() as receiver:
        webhook = client.webhooks.create(target_url=receiver.url, events=["dataset.created"])
        deliveries(client, receiver, webhook)
        life_of_a_webhook(client, webhook)


def deliveries(client, receiver, webhook):
    """What happens is delivered, signed with the secret, and on record."""
    assert webhook.secret
    assert client.webhooks.test(webhook.uid)["success"]
    receiver.delivery("test")

    client.datasets.create(name="Hooked", slug="hooked", data_type="image")
    headers, body = receiver.delivery("dataset.created")
    signature = hmac.new(webhook.secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Avala-Webhook-Signature"] == signature
    assert json.loads(body)["slug"] == "hooked"
    uid = headers["X-Avala-Webhook-Delivery"]
    assert str(uuid.UUID(uid)) == uid

    until(lambda: client.webhook_deliveries.get(uid).status == "delivered", "the record of the delivery")
    delivery = client.webhook_deliveries.get(uid)
    assert (delivery.response_status, delivery.attempts) == (200, 1)
    assert uid in uids(walk(client.webhook_deliveries.list))


def life_of_a_webhook(client, webhook):
    """A webhook is read without its secret, changed in part, and deleted."""
    assert client.webhooks.get(webhook.uid).secret is None
    changed = client.webhooks.update(webhook.uid, is_active=False, events=["export.completed"])
    assert changed.is_active is False
    assert changed.events == ["export.completed"]
    assert changed.target_url == webhook.target_url
    assert webhook.uid in uids(walk(client.webhooks.list))
    client.webhooks.delete(webhook.uid)
    gone(client.webhooks.get, webhook.uid)
