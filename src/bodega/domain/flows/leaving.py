"""Give customers what is theirs: a copy of everything the shop keeps of them, and being forgotten."""

from collections.abc import Iterator
from typing import Any

import msgspec

from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.profile import Account
from bodega.domain.carts.service import Carts
from bodega.domain.orders.model import Order
from bodega.domain.orders.service import Orders

_PAGE = 100


class Leaving:
    """Exports and erasure join every feature that keeps something about a customer."""

    def __init__(self, *, accounts: Accounts, carts: Carts, orders: Orders) -> None:
        self._accounts = accounts
        self._carts = carts
        self._orders = orders

    def erase(self, customer_id: str) -> None:
        """Forget a customer; NotFoundError for one who is not, or no longer, there.

        Their orders stay as the books need them, without a name or an address that anybody could read: what was sealed
        with the key that is destroyed here is noise, wherever it was copied to.
        """
        self._accounts.get(customer_id)
        self._carts.forget_customer(customer_id)
        self._accounts.erase(customer_id)

    def export(self, customer_id: str) -> Iterator[bytes]:
        """Yield a JSON document of everything: account, cart and orders. NotFoundError at once without an account."""
        account = self._accounts.get(customer_id)
        return self._document(account)

    def _document(self, account: Account) -> Iterator[bytes]:
        yield b'{"customer":' + _encode(_account(account))
        cart = self._carts.find_of_customer(account.id)
        yield b',"cart":' + _encode(cart)
        yield b',"orders":['
        for number, order in enumerate(self._all_orders(account.id)):
            yield (b"," if number else b"") + _encode(order)
        yield b"]}"

    def _all_orders(self, customer_id: str) -> Iterator[Order]:
        position = None
        while True:
            page = self._orders.page_by_customer(customer_id, position=position, limit=_PAGE)
            yield from page.rows
            if page.next is None:
                return
            position = page.next


_encode = msgspec.json.Encoder().encode


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "created_at": account.created_at,
        "changed_at": account.changed_at,
        **msgspec.structs.asdict(account.personal),
    }
