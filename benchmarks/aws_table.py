"""Measure the CPU of table calls through the DynamoDB adapter, beside boto3 doing the same in the same run.

    PYTHONPATH=src python benchmarks/aws_table.py --endpoint URL [--calls 400] [--rounds 3]

`--endpoint` names a running server with DynamoDB's API, such as ministack; it runs in another process, so that the
CPU time of this one is what a client costs. Bursts alternate; a figure is the median of the rounds.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from random import Random
from urllib.parse import urlsplit

import boto3

from bodega.adapters.aws.dynamo import DynamoClient
from bodega.adapters.aws.retry import Backoff, Retry, RetryBudget
from bodega.adapters.aws.signing import Credentials, Signer
from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.table_setup import create_missing
from bodega.adapters.system.clock import SystemClock
from bodega.ports.table import Equals, Key, Put, Update
from bodega.schema import Table

REGION = "eu-west-1"
THINGS = Table("things", "pk", "sk")
DOCUMENT = "x" * 600


class Fixed:
    """Credentials of a test server."""

    def current(self) -> Credentials:  # noqa: D102 - the port says it
        return Credentials("test", "test")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ours, theirs = our_calls(options.endpoint), boto_calls(options.endpoint)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"boto3 {version('boto3')}; {options.calls} calls, {options.rounds} rounds")
    print("| call | adapter, µs of CPU | boto3, µs of CPU | ratio |\n|---|---|---|---|")
    for name, call in ours.items():
        pairs = [(cpu_us(call, options.calls), cpu_us(theirs[name], options.calls)) for _ in range(options.rounds)]
        mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"| {name} | {mine:.0f} | {other:.0f} | {mine / other:.0%} |")


def our_calls(endpoint: str) -> dict[str, Callable[[], object]]:
    retry = Retry(backoff=Backoff(), budget=RetryBudget(), random=Random(), sleep=time.sleep)
    clock = SystemClock()
    signer = Signer(
        service="dynamodb", region=REGION, host=urlsplit(endpoint).netloc, credentials=Fixed(), now=clock.now
    )
    client = DynamoClient(endpoint_url=endpoint, signer=signer, retry=retry)
    create_missing(client, [THINGS], prefix="bench_")
    store = DynamoTableStore(client, [THINGS], prefix="bench_", clock=clock, random=Random(), retry=retry)
    item = {"pk": "a", "sk": "1", "doc": DOCUMENT, "n": 1}
    store.transact([Put("things", item)])
    pair = [
        Put("things", item | {"sk": "2"}),
        Update("things", Key("a", "1"), set={"doc": DOCUMENT}, condition=Equals("n", 1)),
    ]
    return {
        "get": lambda: store.get("things", Key("a", "1")),
        "put": lambda: store.transact([Put("things", item)]),
        "transact of 2": lambda: store.transact(pair),
    }


def boto_calls(endpoint: str) -> dict[str, Callable[[], object]]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )
    name, key = "bench_things", {"pk": {"S": "a"}, "sk": {"S": "1"}}
    item = key | {"doc": {"S": DOCUMENT}, "n": {"N": "1"}}
    pair = [
        {"Put": {"TableName": name, "Item": item | {"sk": {"S": "2"}}}},
        {
            "Update": {
                "TableName": name,
                "Key": key,
                "UpdateExpression": "SET #0 = :0",
                "ConditionExpression": "#1 = :1",
                "ExpressionAttributeNames": {"#0": "doc", "#1": "n"},
                "ExpressionAttributeValues": {":0": {"S": DOCUMENT}, ":1": {"N": "1"}},
            }
        },
    ]
    return {
        "get": lambda: client.get_item(TableName=name, Key=key, ConsistentRead=True),
        "put": lambda: client.put_item(TableName=name, Item=item),
        "transact of 2": lambda: client.transact_write_items(TransactItems=pair),
    }


def cpu_us(call: Callable[[], object], calls: int) -> float:
    for _ in range(20):
        call()
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls * 1e6


if __name__ == "__main__":
    main()
