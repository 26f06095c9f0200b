"""Storage configs."""

from support import gone, uids


def check(client):
    """A config is found in its own organization only, keeps its secret to itself, and goes."""
    config = client.storage_configs.create(
        name="Python",
        provider="aws_s3",
        organization="northwind-labs",
        s3_bucket_name="bucket",
        s3_bucket_region="us-east-1",
        s3_auth_method="access_key",
        s3_access_key_id="AKIA",
        s3_secret_access_key="hidden",
        s3_is_accelerated=True,
    )
    assert client.storage_configs.test(config.uid)["success"]
    read = client.storage_configs.get(config.uid, organization="northwind-labs")
    assert read.is_verified
    # Asked for without the model, which would drop a secret that the server should not have sent.
    assert "hidden" not in str(client._transport.request("GET", f"/storage-configs/{config.uid}/"))
    gone(client.storage_configs.get, config.uid, organization="acme-research")
    assert config.uid in uids(client.storage_configs.list(organization="northwind-labs").items)
    assert client.storage_configs.setup_info(organization="northwind-labs").external_id
    client.storage_configs.delete(config.uid)
    gone(client.storage_configs.get, config.uid)
