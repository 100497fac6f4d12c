"""Let staff look customers up, sign them out, give them a copy of what is known, and forget them."""

from datetime import datetime
from typing import Any

import msgspec

from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, replied
from bodega.api.store.customers import CustomerView, Email, customer_view

PATH = "/v1/admin/customers"
READ, WRITE = Scope("customers:read"), Scope("customers:write")


class CustomerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to look for: addresses are known by a hash only, so that one has to be given whole."""

    email: Email


class CustomerList(msgspec.Struct, frozen=True):
    """The customer with an address, if there is one."""

    data: list[CustomerView]


class SignedOut(msgspec.Struct, frozen=True):
    """When somebody was signed out everywhere."""

    id: str
    at: datetime


def find(call: Call) -> Reply:
    """Answer the customer who signs in with an address."""
    account = call.shop.accounts.find_by_email(call.query.email)
    return replied(CustomerList([customer_view(account)] if account is not None else []))


def read(call: Call) -> Reply:
    """Answer a customer."""
    return replied(customer_view(call.shop.accounts.get(call.params["customer"])))


def export(call: Call) -> Reply:
    """Answer everything that the shop keeps of a customer."""
    document = call.shop.leaving.export(call.params["customer"])
    headers = ((b"content-disposition", b'attachment; filename="customer.json"'),)
    return Reply(headers=headers, chunks=document)


def sign_out(call: Call) -> Reply:
    """End all sessions of a customer."""
    account = call.shop.accounts.get(call.params["customer"])
    call.shop.sessions.end_all(account.id)
    return replied(SignedOut(account.id, call.shop.world.clock.now()))


def erase(call: Call) -> Reply:
    """Forget a customer."""
    call.shop.leaving.erase(call.params["customer"])
    return Reply(204)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.customers.find",
        summary="Find the customer with an e-mail address",
        policy=READ,
        handler=find,
        query=CustomerQuery,
        replies={200: CustomerList},
    ),
    Route(
        method="GET",
        path=PATH + "/{customer}",
        name="admin.customers.read",
        summary="Read a customer",
        policy=READ,
        handler=read,
        replies={200: CustomerView},
    ),
    Route(
        method="GET",
        path=PATH + "/{customer}/export",
        name="admin.customers.export",
        summary="Everything that the shop keeps of a customer",
        policy=READ,
        handler=export,
        replies={200: dict[str, Any]},
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{customer}:signOut",
        name="admin.customers.sign_out",
        summary="Sign a customer out everywhere",
        policy=WRITE,
        handler=sign_out,
        replies={200: SignedOut},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{customer}",
        name="admin.customers.erase",
        summary="Forget a customer and everything personal",
        policy=WRITE,
        handler=erase,
        replies={204: None},
        statuses=(409,),
        threaded=True,
    ),
)
