"""Keep carts: whose they are, what is in them, how long they last; never what they cost."""

import re
from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.carts.model import Cart, CartChangedError, CartOrderedError
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, NotFoundError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import (
    ConditionFailedError,
    Delete,
    Equals,
    Exists,
    Item,
    Key,
    NotExists,
    Put,
    TableStore,
    Update,
    Write,
)
from bodega.values.quote import Quote

GUEST_SECONDS = 30 * 24 * 3600
CUSTOMER_SECONDS = 180 * 24 * 3600
TOUCH_SECONDS = 24 * 3600
"""A read counts as a use, but is only written down once a day."""
_SECRET_BYTES = 24
_CART_ID = re.compile(r"cart_[A-Za-z0-9_-]{22,86}")
_PART = "cart"
_CURRENT = "current"
_CART = msgspec.json.Decoder(Cart)
_encode = msgspec.json.Encoder().encode


class Carts:
    """Carts by id. A cart whose time is over, or that is another customer's, is not found."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids

    def fresh(self, *, customer_id: str | None = None) -> Cart:
        """Return an empty cart that nobody stored yet. Its id cannot be guessed: for guests it is the permission."""
        now = self._clock.now()
        cart_id = "cart_" + self._ids.secret(size_bytes=_SECRET_BYTES)
        return Cart(id=cart_id, customer_id=customer_id, created_at=now, updated_at=now, expires_at=0, version=0)

    def get(self, cart_id: str, *, customer_id: str | None = None) -> Cart:
        """Return a cart; NotFoundError unless it is a guest's or this customer's. Being read keeps it alive."""
        cart = self.find(cart_id, customer_id=customer_id)
        if cart is None:
            raise NotFoundError("cart", cart_id[:100])
        return cart

    def find(self, cart_id: str, *, customer_id: str | None = None) -> Cart | None:
        """Return a cart, or None."""
        item = self._table.get(schema.CARTS, Key(cart_id, _PART)) if _CART_ID.fullmatch(cart_id) else None
        if item is None:
            return None
        cart = _CART.decode(cast("bytes", item["doc"]))
        if cart.customer_id is not None and cart.customer_id != customer_id:
            return None
        return msgspec.structs.replace(cart, expires_at=cast("int", item["expires_at"]))

    def find_of_customer(self, customer_id: str) -> Cart | None:
        """Return the cart that a customer fills at present, or None."""
        item = self._table.get(schema.CARTS, _owner_key(customer_id))
        cart = self.find(cast("str", item["of"]), customer_id=customer_id) if item is not None else None
        return cart if cart is not None and cart.customer_id == customer_id and cart.order_id is None else None

    def touch(self, cart: Cart) -> None:
        """Let a cart that was looked at live on; writes at most once a day, and nothing for one that is gone."""
        until = self._until(cart, self._clock.now())
        if until - cart.expires_at < TOUCH_SECONDS or cart.order_id is not None:
            return
        update = Update(schema.CARTS, Key(cart.id, _PART), set={"expires_at": until}, condition=Exists())
        try:
            self._table.transact([update])
        except ConditionFailedError:
            return  # it was deleted between the two: there is nothing to keep alive

    def save(self, cart: Cart, *, instead_of: Cart | None = None) -> Cart:
        """Store a changed cart in one transaction; StaleVersionError if somebody else changed it first.

        With `instead_of`, that cart is removed in the same transaction. A customer's first cart becomes their current.
        """
        plan = WritePlan()
        saved = self._plan_save(plan, cart)
        if cart.customer_id is not None and cart.version == 0:
            plan.add_all([_owner_write(cart.customer_id, cart.id)])
        if instead_of is not None:
            self._plan_remove(plan, instead_of)
        plan.commit(self._table)
        return saved

    def _plan_save(self, plan: WritePlan, cart: Cart) -> Cart:
        """Add the write of a changed cart to a transaction; return the cart as it will be."""
        now = self._clock.now()
        until = self._until(cart, now)
        saved = msgspec.structs.replace(cart, version=cart.version + 1, updated_at=now, expires_at=until)
        condition = Equals("version", cart.version) if cart.version else NotExists()
        plan.add(Put(schema.CARTS, _item(saved), condition), otherwise=lambda item: _overtaken(cart, item))
        return saved

    def give_to_customer(self, cart: Cart, customer_id: str) -> Cart:
        """Make a guest's cart a customer's current one. From then on its id alone opens nothing."""
        plan = WritePlan()
        saved = self._plan_save(plan, msgspec.structs.replace(cart, customer_id=customer_id))
        plan.add_all([_owner_write(customer_id, cart.id)])
        plan.commit(self._table)
        return saved

    def plan_order(self, plan: WritePlan, quote: Quote, *, order_id: str, customer_id: str | None) -> None:
        """Add to a placing transaction what makes the quoted cart an order, once.

        CartOrderedError if it is one already, CartChangedError if it is not what was quoted; on commit as well.
        """
        cart = self.find(quote.cart_id, customer_id=customer_id)
        if cart is None:
            raise CartChangedError
        if cart.order_id is not None:
            raise CartOrderedError(cart)
        if cart.version != quote.cart_version:
            raise CartChangedError
        now = self._clock.now()
        ordered = msgspec.structs.replace(
            cart, order_id=order_id, version=cart.version + 1, updated_at=now, expires_at=self._until(cart, now)
        )
        plan.add(Put(schema.CARTS, _item(ordered), Equals("version", cart.version)), otherwise=_not_ordered)

    def plan_reopening(self, plan: WritePlan, cart_id: str, *, order_id: str) -> None:
        """Add to a plan what makes a cart that became this order one that can be filled and bought again.

        Nothing if there is no such cart any more; StaleVersionError on commit if it was changed meanwhile.
        """
        item = self._table.get(schema.CARTS, Key(cart_id, _PART)) if _CART_ID.fullmatch(cart_id) else None
        cart = _CART.decode(cast("bytes", item["doc"])) if item is not None else None
        if cart is None or cart.order_id != order_id:
            return
        now = self._clock.now()
        reopened = msgspec.structs.replace(
            cart,
            order_id=None,
            hold_id=None,
            version=cart.version + 1,
            updated_at=now,
            expires_at=self._until(cart, now),
        )
        plan.add(
            Put(schema.CARTS, _item(reopened), Equals("version", cart.version)),
            otherwise=lambda _: StaleVersionError("cart", cart.id, current=cart.version + 1),
        )

    def forget_customer(self, customer_id: str) -> None:
        """Delete a customer's cart and the trace of it: for erasing them."""
        item = self._table.get(schema.CARTS, _owner_key(customer_id))
        writes: list[Write] = [Delete(schema.CARTS, _owner_key(customer_id))]
        if item is not None:
            writes.append(Delete(schema.CARTS, Key(cast("str", item["of"]), _PART)))
        self._table.transact(writes)

    def _plan_remove(self, plan: WritePlan, cart: Cart) -> None:
        condition = Equals("version", cart.version)
        plan.add(Delete(schema.CARTS, Key(cart.id, _PART), condition), otherwise=lambda item: _overtaken(cart, item))

    def _until(self, cart: Cart, now: datetime) -> int:
        return int(now.timestamp()) + (GUEST_SECONDS if cart.customer_id is None else CUSTOMER_SECONDS)


def _owner_key(customer_id: str) -> Key:
    return Key(f"customer#{customer_id}", _CURRENT)


def _owner_write(customer_id: str, cart_id: str) -> Write:
    # Without an expiry: a cart that is gone is found out when it is looked for, and the next one takes its place.
    key = _owner_key(customer_id)
    return Put(schema.CARTS, {"cart_id": key.partition, "part": key.sort, "of": cart_id})


def _item(cart: Cart) -> Item:
    return {
        "cart_id": cart.id,
        "part": _PART,
        "version": cart.version,
        "expires_at": cart.expires_at,
        "doc": _encode(cart),
    }


def _not_ordered(item: Item | None) -> ConflictError:
    found = _CART.decode(cast("bytes", item["doc"])) if item is not None else None
    return CartOrderedError(found) if found is not None and found.order_id is not None else CartChangedError()


def _overtaken(cart: Cart, item: Item | None) -> StaleVersionError | NotFoundError | CartOrderedError:
    if item is None:
        return NotFoundError("cart", cart.id)
    found = _CART.decode(cast("bytes", item["doc"]))
    if found.order_id is not None:
        return CartOrderedError(found)
    return StaleVersionError("cart", cart.id, current=found.version)
