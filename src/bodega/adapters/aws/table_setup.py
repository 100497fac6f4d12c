"""Compare the tables that DynamoDB has with those the schema declares, and make those that are missing."""

import time
from collections.abc import Sequence
from typing import Any

from bodega.adapters.aws.dynamo import DynamoClient, DynamoError
from bodega.adapters.aws.table_layout import TableLayout, layouts_of
from bodega.errors import UnavailableError
from bodega.schema import OUTBOX, Table

_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.2


class ForeignTableError(UnavailableError):
    """A table of this name exists and is not what the schema declares; it was left alone."""

    code = "foreign_table"


def create_missing(client: DynamoClient, tables: Sequence[Table], *, prefix: str, expire: bool = True) -> None:
    """Make the tables that are not there and wait until all can be used. For tests and engines other than AWS.

    On AWS the tables belong to the deployed stack, with their keys and backups: a table made here would lack them.
    `expire=False` keeps the engine from deleting what its own clock holds to be expired.
    """
    known = list(layouts_of((*tables, OUTBOX), prefix=prefix).values())
    for layout in known:
        if describe(client, layout) is None:
            client.call("CreateTable", _declaration(layout), repeatable=False)
    deadline = time.monotonic() + _WAIT_SECONDS
    for layout in known:
        while (described := describe(client, layout)) is None or described["TableStatus"] != "ACTIVE":
            if time.monotonic() > deadline:
                raise UnavailableError(f"table {layout.physical} is still not active")
            time.sleep(_LOOK_SECONDS)
        if expire:
            _expire(client, layout)
    check_tables(client, tables, prefix=prefix)


def check_tables(client: DynamoClient, tables: Sequence[Table], *, prefix: str) -> None:
    """Raise UnavailableError that names the first table that is missing, or is not as declared."""
    for layout in layouts_of((*tables, OUTBOX), prefix=prefix).values():
        described = describe(client, layout)
        if described is None:
            raise UnavailableError(
                f"table {layout.physical} is missing: check the region and the stage, or deploy first"
            )
        found = _indexes(described)
        wanted = _indexes(_declaration(layout))
        if _keys(described["KeySchema"]) != (layout.partition_key, layout.sort_key):
            raise ForeignTableError(f"table {layout.physical} has other keys than this version declares")
        lacking = sorted(name for name, shape in wanted.items() if found.get(name) != shape)
        if lacking:
            raise ForeignTableError(
                f"table {layout.physical} lacks the index {lacking[0]} as this version declares it: deploy again"
            )


def describe(client: DynamoClient, layout: TableLayout) -> dict[str, Any] | None:
    """Return DynamoDB's description of a table, None if there is none."""
    try:
        answer = client.call("DescribeTable", {"TableName": layout.physical}, repeatable=True)
    except UnavailableError as error:
        if isinstance(error.__cause__, DynamoError) and error.__cause__.code == "ResourceNotFoundException":
            return None
        raise
    return answer["Table"]  # type: ignore[no-any-return]


def _declaration(layout: TableLayout) -> dict[str, Any]:
    indexes = list(layout.indexes.values())
    names = {layout.partition_key, layout.sort_key}
    names |= {name for index in indexes for name in (index.partition_key, index.sort_key)}
    declared: dict[str, Any] = {
        "TableName": layout.physical,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)],
        "KeySchema": _key_schema(layout.partition_key, layout.sort_key),
    }
    if indexes:
        declared["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index.partition_key, index.sort_key),
                "Projection": (
                    {"ProjectionType": "INCLUDE", "NonKeyAttributes": index.projected}
                    if index.projected
                    else {"ProjectionType": "KEYS_ONLY"}
                ),
            }
            for index in indexes
        ]
    return declared


def _key_schema(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]


def _keys(key_schema: list[dict[str, str]]) -> tuple[str, str]:
    by_kind = {part["KeyType"]: part["AttributeName"] for part in key_schema}
    return by_kind.get("HASH", ""), by_kind.get("RANGE", "")


def _indexes(described: dict[str, Any]) -> dict[str, tuple[tuple[str, str], frozenset[str]]]:
    return {
        index["IndexName"]: (
            _keys(index["KeySchema"]),
            frozenset(index["Projection"].get("NonKeyAttributes") or ()),
        )
        for index in described.get("GlobalSecondaryIndexes") or ()
    }


def _expire(client: DynamoClient, layout: TableLayout) -> None:
    if layout.ttl is None:
        return
    answer = client.call("DescribeTimeToLive", {"TableName": layout.physical}, repeatable=True)
    if answer.get("TimeToLiveDescription", {}).get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}:
        return
    specification = {"AttributeName": layout.ttl, "Enabled": True}
    client.call(
        "UpdateTimeToLive",
        {"TableName": layout.physical, "TimeToLiveSpecification": specification},
        repeatable=False,
    )
