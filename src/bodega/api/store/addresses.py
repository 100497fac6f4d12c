"""Let shoppers keep an address book."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bodega.api.access import signed_in
from bodega.api.call import Call
from bodega.api.declare import Route, Shopper
from bodega.api.reply import Reply, replied
from bodega.api.store.customers import ME, SavedAddressView, address_view
from bodega.domain.carts.model import Country
from bodega.values.address import Address

PATH = ME + "/addresses"
Text = Annotated[str, Meta(max_length=200)]
Needed = Annotated[str, Meta(min_length=1, max_length=200)]


class NewAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address for the book; the first becomes the default."""

    name: Needed
    line1: Needed
    city: Needed
    country: Country
    line2: Text = ""
    region: Text = ""
    postal_code: Text = ""
    phone: Text = ""
    default: bool = False


class AddressChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different about an address; null empties what may be empty."""

    name: Needed | UnsetType = UNSET
    line1: Needed | UnsetType = UNSET
    city: Needed | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    line2: Text | UnsetType | None = UNSET
    region: Text | UnsetType | None = UNSET
    postal_code: Text | UnsetType | None = UNSET
    phone: Text | UnsetType | None = UNSET
    default: bool | UnsetType = UNSET


class AddressList(msgspec.Struct, frozen=True):
    """The whole book: there are at most twenty."""

    data: list[SavedAddressView]


def list_all(call: Call) -> Reply:
    """Answer the book."""
    account = call.shop.accounts.get(signed_in(call).owner)
    return replied(AddressList([address_view(saved) for saved in account.personal.addresses]))


def add(call: Call) -> Reply:
    """Put an address into the book."""
    fields = msgspec.structs.asdict(call.body)
    default = fields.pop("default")
    _, saved = call.shop.accounts.add_address(signed_in(call).owner, Address(**fields), default=default)
    return replied(address_view(saved), status=201, location=f"{PATH}/{quote(saved.id)}")


def read(call: Call) -> Reply:
    """Answer an address."""
    account = call.shop.accounts.get(signed_in(call).owner)
    return replied(address_view(account.personal.address(call.params["address"])))


def change(call: Call) -> Reply:
    """Change an address."""
    customer_id, address_id = signed_in(call).owner, call.params["address"]
    given = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
    default = given.pop("default", None)
    changes = {name: "" if value is None else value for name, value in given.items()}
    account = call.shop.accounts.change_address(customer_id, address_id, changes=changes, default=default)
    return replied(address_view(account.personal.address(address_id)))


def remove(call: Call) -> Reply:
    """Take an address out of the book."""
    call.shop.accounts.remove_address(signed_in(call).owner, call.params["address"])
    return Reply(204)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="store.addresses.list",
        summary="Your addresses",
        policy=Shopper(),
        handler=list_all,
        replies={200: AddressList},
    ),
    Route(
        method="POST",
        path=PATH,
        name="store.addresses.create",
        summary="Put an address into your book",
        policy=Shopper(),
        handler=add,
        body=NewAddress,
        replies={201: SavedAddressView},
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH + "/{address}",
        name="store.addresses.read",
        summary="One of your addresses",
        policy=Shopper(),
        handler=read,
        replies={200: SavedAddressView},
    ),
    Route(
        method="PATCH",
        path=PATH + "/{address}",
        name="store.addresses.patch",
        summary="Change an address, or make it the default",
        policy=Shopper(),
        handler=change,
        body=AddressChange,
        patches=AddressChange,
        replies={200: SavedAddressView, 204: None},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{address}",
        name="store.addresses.remove",
        summary="Take an address out of your book",
        policy=Shopper(),
        handler=remove,
        replies={204: None},
        threaded=True,
    ),
)
