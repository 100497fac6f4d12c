"""`bodega deploy --seed` from beginning to end, as a new user tries the shop on AWS: minutes on this server."""

import json

import pytest
from deployable import bodega, deployable
from deployed import Deployed, key_of
from engines import aws_client, start_ministack

from bodega import schema

KEPT = (schema.CATALOG, schema.INVENTORY, schema.ORDERS, schema.REVIEWS, schema.RATINGS, schema.ACCESS)


def deployed_with_the_demo(assembly, folder, server):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--json", "--seed",
                 "--set", "BODEGA_CURRENCY=EUR", server=server)  # fmt: skip
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)  # and nothing but that
    return Deployed(told | {"said": run.stderr, "server": server, "folder": str(folder), "staff": {}})


def counted(shop):
    """Return how many records tables hold that only people change."""
    client = aws_client("dynamodb", shop.server)
    pages = client.get_paginator("scan")
    return {
        table: sum(page["Count"] for page in pages.paginate(TableName=f"bodega-small-{table}", Select="COUNT"))
        for table in KEPT
    }


def given_up(shop):
    """Return the queues of dead letters that hold any."""
    sqs = aws_client("sqs", shop.server)
    urls = sqs.list_queues(QueueNamePrefix="bodega-small-")["QueueUrls"]
    return [
        url
        for url in urls
        if url.endswith(schema.DEAD)
        and sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"]
        != "0"
    ]


def cups(shop):
    with shop.api() as api:
        return api.get("/v1/store/products", params={"q": "cup", "count": "approx", "sort": "price"}).json()


@pytest.mark.slow
def test_a_shop_seeded_when_it_is_deployed_is_searched_at_once_and_seeding_again_changes_nothing(synthesised, tmp_path):
    server = start_ministack(auth=True)
    assembly = deployable(synthesised / "small", tmp_path / "assembly", settings={"BODEGA_CURRENCY": "EUR"})

    shop = deployed_with_the_demo(assembly, tmp_path, server)

    assert shop.said.splitlines()[-1] == "search index: published"
    assert shop.said.count("An API key for staff") == 1
    found = cups(shop)
    assert found["total"] > 20
    assert {cup["price"]["currency"] for cup in found["data"]} == {"EUR"}
    with shop.api() as api:
        recommended = api.get("/v1/store/recommendations", params={"placement": "home"}).json()
    assert recommended["model_version"]
    # A function that was busy for too long meanwhile is no harm: its messages come again.
    assert given_up(shop) == []
    before = counted(shop)

    again = deployed_with_the_demo(assembly, tmp_path, server)

    assert "demo shop" not in again.said
    assert "API key" not in again.said
    assert counted(again) == before
    assert given_up(again) == []
    assert cups(again) == found
    assert key_of(again.command)
