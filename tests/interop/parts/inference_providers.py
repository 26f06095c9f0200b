"""Inference providers."""

from support import gone, uids, walk


def check(client):
    """A provider is made, tested, changed in part, and deleted."""
    provider = client.inference_providers.create(
        name="Python", provider_type="http", config={"endpoint": "https://python.example"}, description="A model"
    )
    assert client.inference_providers.get(provider.uid) == provider
    assert client.inference_providers.update(provider.uid, name="Python 2").description == "A model"
    assert client.inference_providers.test(provider.uid)["success"]
    assert client.inference_providers.get(provider.uid).last_test_success
    assert provider.uid in uids(walk(client.inference_providers.list))
    client.inference_providers.delete(provider.uid)
    gone(client.inference_providers.get, provider.uid)
