"""`bodega key`: create, list and revoke API keys."""

import argparse
from collections.abc import Mapping
from typing import Any

import msgspec

from bodega.cli.opening import add_data_argument, opened_shop
from bodega.domain.accounts.model import SCOPES, ApiKey


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega key create --scope catalog:read --scope catalog:write --name importer"
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    create = verbs.add_parser(
        "create",
        help="make a key and print it, this once",
        epilog="example: bodega key create --scope catalog:write --name importer",
    )
    create.add_argument(
        "--scope", action="append", required=True, choices=SCOPES, help="what the key may do; repeatable"
    )
    create.add_argument("--name", default="", help="what the key is for")
    listing = verbs.add_parser("list", help="list keys, without their secrets", epilog="example: bodega key list")
    revoke = verbs.add_parser(
        "revoke", help="end a key", epilog="example: bodega key revoke key_01M83A72TF6T3QWSVVJHZ6BWY1"
    )
    revoke.add_argument("id", help="the key's id, as `list` shows it")
    for verb in (create, listing, revoke):
        add_data_argument(verb)
        verb.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says."""
    with opened_shop(arguments, environment) as shop:
        if arguments.verb == "create":
            key, token = shop.api_keys.create(name=arguments.name, scopes=arguments.scope)
            document = {"id": key.id, "token": token, "scopes": key.scopes}
            print(_json(document) if arguments.json else token)
        elif arguments.verb == "revoke":
            key = shop.api_keys.revoke(arguments.id)
            print(_json({"id": key.id, "revoked_at": key.revoked_at}) if arguments.json else f"{key.id} is revoked")
        else:
            for key in shop.api_keys.list():
                print(_json(_shown(key)) if arguments.json else _line(key))
    return 0


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _line(key: ApiKey) -> str:
    state = "revoked" if key.revoked_at else "active"
    return f"{key.id}  {state:8} {','.join(key.scopes):32} {key.name}"


def _json(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
