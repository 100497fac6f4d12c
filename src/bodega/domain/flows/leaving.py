"""Give customers what is theirs: a copy of everything the shop keeps of them, and being forgotten."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.profile import Account
from bodega.domain.carts.service import Carts
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.reviewing import Reviewing
from bodega.domain.orders.model import Order
from bodega.domain.orders.service import Orders
from bodega.domain.reviews.service import Reviews
from bodega.values.page import Page, Position

T = TypeVar("T")
_PAGE = 100


class Leaving:
    """Exports and erasure join every feature that keeps something about a customer."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        carts: Carts,
        orders: Orders,
        contacts: Contacts,
        reviews: Reviews,
        reviewing: Reviewing,
    ) -> None:
        self._accounts = accounts
        self._carts = carts
        self._orders = orders
        self._contacts = contacts
        self._reviews = reviews
        self._reviewing = reviewing

    def erase(self, customer_id: str) -> None:
        """Forget a customer; NotFoundError for one who is not, or no longer, there.

        Their orders stay as the books need them, without a name or an address that anybody could read: what was sealed
        with the key that is destroyed here is noise, wherever it was copied to. Their reviews and votes are removed.
        """
        self._accounts.get(customer_id)
        self._carts.forget_customer(customer_id)
        self._reviewing.forget_customer(customer_id)
        self._accounts.erase(customer_id)

    def export(self, customer_id: str) -> Iterator[bytes]:
        """Yield a JSON document of account, cart, orders and reviews. NotFoundError at once without an account."""
        account = self._accounts.get(customer_id)
        return self._document(account)

    def _document(self, account: Account) -> Iterator[bytes]:
        yield b'{"customer":' + _encode(_account(account))
        cart = self._carts.find_of_customer(account.id)
        yield b',"cart":' + _encode(cart)
        yield b',"orders":['
        yield from _joined(
            lambda position: self._orders.page_by_customer(account.id, position=position, limit=_PAGE), self._order
        )
        yield b'],"reviews":['
        yield from _joined(
            lambda position: self._reviews.list_by_customer(account.id, position=position, limit=_PAGE),
            msgspec.to_builtins,
        )
        yield b"]}"

    def _order(self, order: Order) -> dict[str, Any]:
        """Return an order with where it went in words, and without what only the shop's own works need."""
        document: dict[str, Any] = msgspec.to_builtins(order)
        for name in ("private", "retry_at", "retries", "restock"):
            document.pop(name, None)
        return document | {"contact": self._contacts.of(order)}


def _joined(read: Callable[[Position | None], Page[T]], shown: Callable[[T], dict[str, Any]]) -> Iterator[bytes]:
    """Yield the rows of all pages as JSON, with commas between them."""
    position: Position | None = None
    separator = b""
    while True:
        page = read(position)
        for row in page.rows:
            yield separator + _encode(shown(row))
            separator = b","
        position = page.next
        if position is None:
            return


_encode = msgspec.json.Encoder().encode


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "created_at": account.created_at,
        "changed_at": account.changed_at,
        **msgspec.structs.asdict(account.personal),
    }
