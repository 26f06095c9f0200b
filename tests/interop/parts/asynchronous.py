"""The asynchronous client."""

import asyncio

import avala


def check(_client):
    """It builds the same requests as the other one; a list of each resource shows that it reads the responses."""
    asyncio.run(lists())


async def lists():
    """Reads the first page of each list."""
    async with avala.AsyncClient() as client:
        project = (await client.projects.list()).items[0].uid
        pages = await asyncio.gather(
            client.agents.list(),
            client.auto_label_jobs.list(),
            client.consensus.list_scores(project),
            client.datasets.list(limit=3),
            client.exports.list(),
            client.fleet.devices.list(),
            client.fleet.events.list(),
            client.inference_providers.list(),
            client.organizations.list(),
            client.quality_targets.list(project),
            client.slices.list("acme-robotics"),
            client.storage_configs.list(),
            client.tasks.list(),
            client.webhooks.list(),
            client.webhook_deliveries.list(),
        )
    assert all(page.items for page in pages)
