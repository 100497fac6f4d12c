"""Let shoppers have an account: make it, see it, change it, take everything with them, and have it erased."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bodega.api.access import signed_in
from bodega.api.call import Call
from bodega.api.conditional import version_in
from bodega.api.declare import Public, Route, Shopper
from bodega.api.reply import Reply, etag_of_version, replied
from bodega.api.store.cart_views import CartView, cart_reply
from bodega.domain.accounts.password_rules import MAX_LENGTH, MIN_LENGTH
from bodega.domain.accounts.profile import MAX_NAME_LENGTH, MAX_PHONE_LENGTH, Account, SavedAddress
from bodega.errors import NotFoundError
from bodega.values.email import MAX_EMAIL_LENGTH

PATH = "/v1/store/customers"
ME = PATH + "/me"

Email = Annotated[str, Meta(min_length=3, max_length=MAX_EMAIL_LENGTH, examples=["ann@shop.example"])]
Password = Annotated[str, Meta(max_length=MAX_LENGTH)]
NewPassword = Annotated[str, Meta(min_length=MIN_LENGTH, max_length=MAX_LENGTH, examples=["two teapots on a shelf"])]
Name = Annotated[str, Meta(max_length=MAX_NAME_LENGTH)]
Phone = Annotated[str, Meta(max_length=MAX_PHONE_LENGTH)]


class NewCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to be made."""

    email: Email
    password: NewPassword
    name: Name = ""
    phone: Phone = ""


class CustomerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; null empties a field. What a customer signs in with is changed by verbs of its own."""

    name: Name | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET


class EmailChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another address to sign in with and to be written to at."""

    email: Email
    current_password: Password


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another password."""

    current_password: Password
    new_password: NewPassword


class SavedAddressView(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a customer's book."""

    id: str
    default: bool
    name: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    phone: str


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, as they see themselves."""

    id: str
    email: str
    name: str
    phone: str
    addresses: list[SavedAddressView]
    created_at: datetime
    updated_at: datetime
    version: int


class RenewedSession(msgspec.Struct, frozen=True):
    """A session's new token; the one before opens nothing any more."""

    token: str
    expires_at: datetime


def create(call: Call) -> Reply:
    """Make an account; nobody is signed in by it."""
    given: NewCustomer = call.body
    account = call.shop.accounts.register(
        email=given.email, password=given.password, name=given.name, phone=given.phone, caller=call.address
    )
    return _shown(account, status=201, location=ME)


def read(call: Call) -> Reply:
    """Answer the account of whoever is signed in."""
    return _shown(_account(call))


def change(call: Call) -> Reply:
    """Change what an account says."""
    sent = call.header(b"if-match")
    expected = version_in(sent, lambda: _account(call).version) if sent is not None else None
    account = call.shop.accounts.change(
        signed_in(call).owner, name=_text(call.body.name), phone=_text(call.body.phone), expected_version=expected
    )
    return _shown(account)


def change_email(call: Call) -> Reply:
    """Change the address that an account signs in with."""
    given: EmailChange = call.body
    account = call.shop.account_security.change_email(
        signed_in(call).owner, email=given.email, password=given.current_password, caller=call.address
    )
    return _shown(account)


def change_password(call: Call) -> Reply:
    """Change an account's password; other sessions end, and this one goes on under a new token."""
    given: PasswordChange = call.body
    started = call.shop.account_security.change_password(
        signed_in(call), current=given.current_password, new=given.new_password, caller=call.address
    )
    return replied(RenewedSession(started.token, started.session.ends_at))


def erase(call: Call) -> Reply:
    """Erase an account and everything personal."""
    call.shop.leaving.erase(signed_in(call).owner)
    return Reply(204)


def export(call: Call) -> Reply:
    """Answer everything that the shop keeps of a customer."""
    document = call.shop.leaving.export(signed_in(call).owner)
    headers = ((b"content-disposition", b'attachment; filename="my-data.json"'),)
    return Reply(headers=headers, chunks=document)


def read_cart(call: Call) -> Reply:
    """Answer the cart that a customer fills, wherever they began it."""
    customer_id = signed_in(call).owner
    cart = call.shop.carting.find_of_customer(customer_id)
    if cart is None:
        raise NotFoundError("cart", "of this customer")
    return cart_reply(call.shop.carting.get(cart.id, customer_id=customer_id))


def customer_view(account: Account) -> CustomerView:
    """Return what a customer sees of their account."""
    return CustomerView(
        id=account.id,
        email=account.personal.email,
        name=account.personal.name,
        phone=account.personal.phone,
        addresses=[address_view(saved) for saved in account.personal.addresses],
        created_at=account.created_at,
        updated_at=account.changed_at,
        version=account.version,
    )


def address_view(saved: SavedAddress) -> SavedAddressView:
    """Return what a customer sees of an address."""
    return SavedAddressView(id=saved.id, default=saved.default, **msgspec.structs.asdict(saved.address))


def _account(call: Call) -> Account:
    return call.shop.accounts.get(signed_in(call).owner)


def _text(sent: str | UnsetType | None) -> str | UnsetType:
    return "" if sent is None else sent


def _shown(account: Account, *, status: int = 200, location: str | None = None) -> Reply:
    etag = etag_of_version(account.version)
    return replied(customer_view(account), status=status, etag=etag, location=location)


ROUTES = (
    Route(
        method="POST",
        path=PATH,
        name="store.customers.create",
        summary="Make an account",
        policy=Public(),
        handler=create,
        body=NewCustomer,
        replies={201: CustomerView},
        statuses=(429,),
        threaded=True,
    ),
    Route(
        method="GET",
        path=ME,
        name="store.customers.read",
        summary="Your account",
        policy=Shopper(),
        handler=read,
        replies={200: CustomerView},
    ),
    Route(
        method="PATCH",
        path=ME,
        name="store.customers.patch",
        summary="Change your name or telephone number",
        policy=Shopper(),
        handler=change,
        body=CustomerChange,
        patches=CustomerChange,
        replies={200: CustomerView, 204: None},
        statuses=(412,),
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=ME,
        name="store.customers.erase",
        summary="Erase your account and everything personal",
        policy=Shopper(),
        handler=erase,
        replies={204: None},
        statuses=(409,),
        threaded=True,
    ),
    Route(
        method="GET",
        path=ME + "/export",
        name="store.customers.export",
        summary="Everything that the shop keeps of you",
        policy=Shopper(),
        handler=export,
        replies={200: dict[str, Any]},
        threaded=True,
    ),
    Route(
        method="GET",
        path=ME + "/cart",
        name="store.customers.cart",
        summary="The cart that you fill at present, on whatever device you began it",
        policy=Shopper(),
        handler=read_cart,
        replies={200: CartView},
        statuses=(404,),
    ),
    Route(
        method="POST",
        path=ME + ":changeEmail",
        name="store.customers.change_email",
        summary="Sign in with another e-mail address",
        policy=Shopper(),
        handler=change_email,
        body=EmailChange,
        replies={200: CustomerView},
        statuses=(429,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=ME + ":changePassword",
        name="store.customers.change_password",
        summary="Sign in with another password; other sessions end",
        policy=Shopper(),
        handler=change_password,
        body=PasswordChange,
        replies={200: RenewedSession},
        statuses=(429,),
        threaded=True,
    ),
)
