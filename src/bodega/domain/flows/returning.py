"""What staff do with an order once it is placed: capture, send, deliver, cancel, take back, refund, restock.

Each act is one decision in one transaction, which also notes what has to follow: money to be moved by the provider,
units to be put back. That is done at once if it can be, and otherwise by the work list, exactly once either way.
"""

from collections.abc import Callable, Mapping

from bodega.domain.flows.settling import Settling
from bodega.domain.flows.unselling import Unselling
from bodega.domain.orders import moves
from bodega.domain.orders.model import Entry, Order, Parcel, Return, natural_id
from bodega.domain.orders.service import Orders
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, ShopError, StaleVersionError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.table import TableStore
from bodega.values.money import Money

_ATTEMPTS = 50
Decision = Callable[[Order], Order]


class Returning:
    """The acts. `key` makes an act one effect: the same key again returns the order as it is.

    `version` is the one that the caller looked at; StaleVersionError if the order is another by now. None decides on
    whatever there is. All raise NotFoundError, IllegalMoveError and InvalidError; then nothing has changed.
    """

    def __init__(
        self, *, table: TableStore, orders: Orders, settling: Settling, unselling: Unselling, clock: Clock
    ) -> None:
        self._table = table
        self._orders = orders
        self._settling = settling
        self._unselling = unselling
        self._clock = clock

    def capture(self, *, order_id: str, key: str, actor: str = "", version: int | None = None) -> Order:
        """Take the money that is reserved. PaymentUnknownError never: what has no answer yet stays pending."""
        operation_id = natural_id("cap", order_id, key)

        def decide(order: Order) -> Order:
            if moves.find_operation(order, operation_id, kind="capture", amount=None) is not None:
                return order
            return moves.capture(order, operation_id=operation_id, at=self._clock.now())

        return self._act(order_id, "capture_requested", decide, actor=actor, version=version)

    def fulfil(
        self,
        *,
        order_id: str,
        key: str,
        units: Mapping[str, int] | None = None,
        carrier: str = "",
        tracking: str = "",
        actor: str = "",
        version: int | None = None,
    ) -> Order:
        """Send units, by SKU; None is all that is left to send."""
        parcel_id = natural_id("par", order_id, key)

        def decide(order: Order) -> Order:
            for parcel in order.parcels:
                if parcel.id == parcel_id:
                    if (units is not None and parcel.units != units) or (parcel.carrier, parcel.tracking) != (
                        carrier,
                        tracking,
                    ):
                        raise moves.OperationReusedError(parcel_id)
                    return order
            sent = dict(units) if units is not None else order.outstanding()
            now = self._clock.now()
            return moves.fulfil(
                order, parcel=Parcel(id=parcel_id, at=now, units=sent, carrier=carrier, tracking=tracking)
            )

        return self._act(order_id, "fulfilled", decide, actor=actor, version=version, units=units)

    def deliver(self, *, order_id: str, actor: str = "", version: int | None = None) -> Order:
        """Note that everything arrived; a delivered order stays as it is."""

        def decide(order: Order) -> Order:
            return order if order.state == "delivered" else moves.deliver(order, at=self._clock.now())

        return self._act(order_id, "delivered", decide, actor=actor, version=version)

    def cancel(
        self,
        *,
        order_id: str,
        key: str,
        reason: str = "",
        restock: bool = True,
        actor: str = "",
        version: int | None = None,
    ) -> Order:
        """Call an order off and give everything back; its units can be sold again unless `restock` is False."""
        operation_id = natural_id("cnl", order_id, key)

        def decide(order: Order) -> Order:
            if order.state == "cancelled" and _was_called_off(order, operation_id):
                return order
            now = self._clock.now()
            units = order.outstanding()
            off = moves.cancel(order, operation_id=operation_id, reason=reason, at=now)
            return moves.with_restock(off, units, at=now) if restock else off

        return self._act(order_id, "cancelled", decide, actor=actor, version=version, reason=reason)

    def request_return(
        self,
        *,
        order_id: str,
        units: Mapping[str, int],
        reason: str = "",
        actor: str = "",
        version: int | None = None,
    ) -> Order:
        """Note which units a shopper wants to send back; asking for the same again changes nothing."""

        def decide(order: Order) -> Order:
            if units and order.return_requested == units:
                return order
            return moves.request_return(order, units=units, reason=reason, at=self._clock.now())

        return self._act(order_id, "return_requested", decide, actor=actor, version=version, reason=reason, units=units)

    def take_back(
        self,
        *,
        order_id: str,
        key: str,
        units: Mapping[str, int],
        restock: bool,
        refund: Money | None = None,
        reason: str = "",
        actor: str = "",
        version: int | None = None,
    ) -> Order:
        """Note that units came back, refund money for them, and put them on the shelf again, each if asked."""
        operation_id = natural_id("ret", order_id, key)

        def decide(order: Order) -> Order:
            for known in order.returns:
                if known.id == operation_id:
                    if (known.units, known.restocked) != (dict(units), restock):
                        raise moves.OperationReusedError(operation_id)
                    return order
            now = self._clock.now()
            back = Return(id=operation_id, at=now, units=dict(units), restocked=restock, reason=reason)
            taken = moves.take_back(order, back=back, refund=refund, operation_id=operation_id)
            return moves.with_restock(taken, units, at=now) if restock else taken

        return self._act(
            order_id, "returned", decide, actor=actor, version=version, reason=reason, units=units, amount=refund
        )

    def refund(
        self,
        *,
        order_id: str,
        key: str,
        amount: Money,
        drop: Mapping[str, int] | None = None,
        restock: bool = True,
        reason: str = "",
        actor: str = "",
        version: int | None = None,
    ) -> Order:
        """Give money back, never more than is left of what was captured.

        Units in `drop` will not be sent any more, and can be sold again unless `restock` is False.
        """
        operation_id = natural_id("rfd", order_id, key)

        def decide(order: Order) -> Order:
            if moves.find_operation(order, operation_id, kind="refund", amount=amount) is not None:
                return order
            now = self._clock.now()
            given = moves.refund(
                order, amount=amount, drop=drop or {}, operation_id=operation_id, reason=reason, at=now
            )
            return moves.with_restock(given, drop, at=now) if drop and restock else given

        return self._act(
            order_id, "refund_requested", decide, actor=actor, version=version, reason=reason, units=drop, amount=amount
        )

    # -- inside ------------------------------------------------------------------------------------------------

    def _act(
        self,
        order_id: str,
        name: str,
        decide: Decision,
        *,
        actor: str,
        version: int | None,
        reason: str = "",
        units: Mapping[str, int] | None = None,
        amount: Money | None = None,
    ) -> Order:
        """Decide, write, and do what follows."""
        moves.check_text(actor, "actor")
        for _ in range(_ATTEMPTS):
            order = self._orders.get(order_id)
            stale = version is not None and version != order.version
            try:
                after = decide(order)
            except ShopError:
                if stale:  # that is why, and the caller has to look again in any case
                    raise StaleVersionError("order", order_id, current=order.version) from None
                raise
            if after is order:
                return self._follow_up(order)  # it was done before
            if stale:
                raise StaleVersionError("order", order_id, current=order.version)
            entry = Entry(
                version=after.version,
                name=name,
                at=after.changed_at or after.placed_at,
                state=after.state,
                actor=actor,
                reason=reason,
                amount=amount,
                units=dict(units or {}),
            )
            plan = WritePlan()
            self._orders.add_change(plan=plan, order=after, entry=entry)
            self._unselling.add_called_off(plan, before=order, after=after)
            try:
                plan.commit(self._table)
            except StaleVersionError:
                continue
            return self._follow_up(after)
        raise ConflictError("this order is being changed by many at once; try again")

    def _follow_up(self, order: Order) -> Order:
        try:
            return self._settling.settle(order)
        except UnavailableError:
            return self._orders.get(order.id)  # the work list goes on with it


def _was_called_off(order: Order, operation_id: str) -> bool:
    """Tell whether this call cancelled the order; one that cost nothing does not remember who did."""
    return order.paid is None or any(op.id == operation_id for op in order.paid.operations)
