"""Let staff say which devices count stock, and at which location."""

from typing import Any

import msgspec

from bodega.api.call import Call
from bodega.api.conditional import expected_version
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, encode, etag_of_version, replied
from bodega.domain.devices.model import Device, DeviceInput, DeviceName

PATH = "/v1/admin/devices"
ONE = PATH + "/{device}"
# Who may register a device could as well write the stock that it counts.
READ, WRITE = Scope("stock:read"), Scope("stock:write")


class NewDevice(DeviceInput, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device to register; its id is the name in its certificate."""

    id: DeviceName


class DeviceList(msgspec.Struct, frozen=True):
    """All devices, in order of their ids."""

    data: list[Device]


def list_all(call: Call) -> Reply:
    """Answer all devices."""
    return Reply(body=encode(DeviceList(call.shop.devices.list())))


def read(call: Call) -> Reply:
    """Answer one device. When it was heard changes without its version, so that nobody is told `not modified`."""
    found = call.shop.devices.get(call.params["device"])
    return replied(found) if call.header(b"if-none-match") is not None else _shown(found)


def register(call: Call) -> Reply:
    """Let a device count."""
    given: NewDevice = call.body
    contents = DeviceInput(location=given.location, description=given.description)
    made = call.shop.devices.register(given.id, contents)
    return replied(made, status=201, etag=etag_of_version(made.version), location=f"{PATH}/{made.id}")


def change(call: Call) -> Reply:
    """Move a device, or describe it anew."""
    device = call.params["device"]
    version = expected_version(call, lambda: call.shop.devices.get(device).version)
    return _shown(call.shop.devices.change(device, call.body, expected_version=version))


def remove(call: Call) -> Reply:
    """Forget a device."""
    device = call.params["device"]
    version = expected_version(call, lambda: call.shop.devices.get(device).version)
    call.shop.devices.remove(device, expected_version=version)
    return Reply(204)


def _shown(device: Device) -> Reply:
    return replied(device, etag=etag_of_version(device.version))


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.devices.list",
        summary="List devices that count stock",
        policy=READ,
        handler=list_all,
        replies={200: DeviceList},
    ),
    Route(
        method="POST",
        path=PATH,
        name="admin.devices.register",
        summary="Let a device count stock at a location",
        policy=WRITE,
        handler=register,
        body=NewDevice,
        replies={201: Device},
        threaded=True,
    ),
    Route(
        method="GET",
        path=ONE,
        name="admin.devices.read",
        summary="Read a device, and when it was last heard",
        policy=READ,
        handler=read,
        replies={200: Device},
    ),
    Route(
        method="PATCH",
        path=ONE,
        name="admin.devices.patch",
        summary="Move a device to another location, or describe it anew",
        policy=WRITE,
        handler=change,
        body=dict[str, Any],
        patches=DeviceInput,
        precondition=True,
        replies={200: Device, 204: None},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=ONE,
        name="admin.devices.remove",
        summary="Remove a device: what it counts is refused from now on",
        policy=WRITE,
        handler=remove,
        precondition=True,
        replies={204: None},
        threaded=True,
    ),
)
