"""`bodega device`: say which devices count stock, and at which location."""

import argparse
from collections.abc import Mapping
from datetime import datetime

import msgspec

from bodega import schema
from bodega.cli.opening import add_data_argument, opened_shop
from bodega.domain.devices.model import Device, DeviceInput
from bodega.domain.shop import Shop
from bodega.values.times import format_time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega device register scanner-1 --location main"
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    register = verbs.add_parser(
        "register",
        help="let a device count at a location",
        epilog="example: bodega device register scanner-1 --location main",
    )
    register.add_argument("--description", default="", help="what people know the device by")
    listing = verbs.add_parser("list", help="list devices", epilog="example: bodega device list")
    move = verbs.add_parser(
        "move", help="let a device count elsewhere", epilog="example: bodega device move scanner-1 --location cellar"
    )
    remove = verbs.add_parser(
        "remove", help="let a device count no more", epilog="example: bodega device remove scanner-1"
    )
    acl = verbs.add_parser(
        "acl",
        help="print mosquitto's access list: each device may publish for its own location",
        epilog="example: bodega device acl > /etc/mosquitto/bodega.acl",
    )
    acl.add_argument("--listener", default="bodega", help="the name in the shop's own certificate (default: bodega)")
    for verb in (register, move, remove):
        verb.add_argument("id", help="the name in the device's certificate")
    for verb in (register, move):
        verb.add_argument("--location", required=True, help="where the device counts")
    for verb in (register, listing, move, remove, acl):
        add_data_argument(verb)
    for verb in (register, listing, move, remove):
        verb.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says."""
    with opened_shop(arguments, environment) as shop:
        if arguments.verb == "acl":
            print("\n".join(_acl(shop.devices.list(), arguments.listener)))
            return 0
        for device in _done(arguments, shop):
            print(msgspec.json.encode(device).decode() if arguments.json else _line(device))
        if arguments.verb == "remove" and not arguments.json:
            print(f"{arguments.id} is removed")
    return 0


def _done(arguments: argparse.Namespace, shop: Shop) -> list[Device]:
    devices = shop.devices
    if arguments.verb == "list":
        return devices.list()
    if arguments.verb == "register":
        given = DeviceInput(location=arguments.location, description=arguments.description)
        return [devices.register(arguments.id, given)]
    if arguments.verb == "move":
        return [devices.change(arguments.id, {"location": arguments.location}, expected_version=None)]
    devices.remove(arguments.id, expected_version=None)
    return []


def _acl(devices: list[Device], listener: str) -> list[str]:
    lines = [f"user {listener}", f"topic read {schema.COUNTS_TOPIC}/+/+"]
    for device in devices:
        lines += [f"user {device.id}", f"topic write {schema.COUNTS_TOPIC}/{device.location}/{device.id}"]
    return lines


def _line(device: Device) -> str:
    flooded = f"  (flooded {format_time(device.flooded_at)})" if device.flooded_at is not None else ""
    return f"{device.id:20}  {device.location:12}  {_seen(device.seen_at)}  {device.description}{flooded}".rstrip()


def _seen(at: datetime | None) -> str:
    return format_time(at) if at is not None else "never heard".ljust(24)
