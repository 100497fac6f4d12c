"""Seal whom an order is for: under the customer's own key, so that it goes when they go, or else under the shop's."""

import msgspec

from bodega.domain.accounts.vault import Vault
from bodega.domain.flows.checkout_request import Contact
from bodega.domain.orders.model import Order
from bodega.ports.keys import Keys, UnsealError

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Contact).decode


class Contacts:
    """Contacts of orders. One opens for no other order and no other customer."""

    def __init__(self, *, keys: Keys, vault: Vault) -> None:
        self._keys = keys
        self._vault = vault

    def seal(self, contact: Contact, *, order_id: str, customer_id: str | None) -> bytes:
        """Return a contact as it may be stored; NotFoundError for a customer who was erased meanwhile."""
        context = _context(order_id, customer_id)
        if customer_id is None:
            return self._keys.seal(_encode(contact), context)
        return self._vault.seal(customer_id, _encode(contact), context)

    def of(self, order: Order) -> Contact | None:
        """Return whom an order is for and where it goes; None if that was never known, or was erased."""
        if not order.private:
            return None
        context = _context(order.id, order.customer_id)
        try:
            if order.customer_id is None:
                return _decode(self._keys.unseal(order.private, context))
            plain = self._vault.unseal(order.customer_id, order.private, context)
        except UnsealError:
            return None
        return _decode(plain) if plain is not None else None


def _context(order_id: str, customer_id: str | None) -> dict[str, str]:
    return {"kind": "order-contact", "order_id": order_id, "customer_id": customer_id or ""}
