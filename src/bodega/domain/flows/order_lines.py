"""Hold what training reads of orders as columns, bring several such tables together, and write them as bytes."""

import io
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bodega.domain.flows.training_reports import DAY_SECONDS
from bodega.domain.orders.model import Order
from bodega.errors import InvalidError
from bodega.recsys.arrays import Days, Indices, Mask, Places

Names = NDArray[np.bytes_]

_GUEST = -1
_PACKED_AT_ONCE = 10_000
_KINDS = {"order_ids": "S", "placed": "f8", "customer": "i4", "sizes": "i4", "customer_ids": "S"} | {
    "product": "i4",
    "quantity": "i4",
    "product_ids": "S",
}


class OrderLines(NamedTuple):
    """Orders in columns, each once, in order of their ids; who bought is an id and nothing else that is known of them.

    Shape: `order_ids`, `placed` (days since 1970), `customer` (index into `customer_ids`, -1 for a guest) and `sizes`
    (how many lines) are (n_orders,); `product` (index into `product_ids`) and `quantity` are (n_lines,), order by
    order. The names are UTF-8, ascending, and each occurs.
    """

    order_ids: Names
    placed: Days
    customer: Indices
    sizes: Indices
    product: Indices
    quantity: Indices
    customer_ids: Names
    product_ids: Names

    @classmethod
    def of(cls, orders: Iterable[Order]) -> Self:
        """Read orders once, in whatever order they come, a few dozen bytes a line; none may come twice.

        What was called off or sent back teaches nothing, and an order of nothing else is left out.
        """
        order_ids = _Packed()
        customers: dict[str, int] = {}
        products: dict[str, int] = {}
        customer, sizes, product, quantity = array("i"), array("i"), array("i"), array("i")
        placed = array("d")
        for order in orders:
            lines = order.kept_lines
            if not lines:
                continue
            who = order.customer_id
            order_ids.add(order.id)
            placed.append(order.placed_at.timestamp() / DAY_SECONDS)
            customer.append(_GUEST if who is None else customers.setdefault(who, len(customers)))
            sizes.append(len(lines))
            for line in lines:
                product.append(products.setdefault(line.product_id, len(products)))
                quantity.append(line.quantity)
        customer_ids, customer_rank = _ranked(customers)
        product_ids, product_rank = _ranked(products)
        found = cls(
            order_ids.all(),
            np.array(placed),
            customer_rank[np.array(customer, np.int32)],
            np.array(sizes, np.int32),
            product_rank[np.array(product, np.int32)],
            np.array(quantity, np.int32),
            customer_ids,
            product_ids,
        )
        return found._taken(np.argsort(found.order_ids, kind="stable"))

    @classmethod
    def merged(cls, tables: Sequence[Self], *, without: Iterable[str] = ()) -> Self:
        """Return the orders of all tables, those of a later table in place of the earlier ones of the same id.

        Orders named in `without` are left out, and so is every name that no order has any more.
        """
        customer_ids, customer = _joined([(one.customer_ids, one.customer) for one in tables])
        product_ids, product = _joined([(one.product_ids, one.product) for one in tables])
        everything = cls(
            np.concatenate([one.order_ids for one in tables]),
            np.concatenate([one.placed for one in tables]),
            customer,
            np.concatenate([one.sizes for one in tables]),
            product,
            np.concatenate([one.quantity for one in tables]),
            customer_ids,
            product_ids,
        )
        # The tables are sorted already, which this sort makes use of; equal ids stay in order of their tables.
        by_id = np.argsort(everything.order_ids, kind="stable")
        ids = everything.order_ids[by_id]
        kept = np.ones(ids.size, dtype=np.bool_)
        kept[:-1] = ids[1:] != ids[:-1]
        unwanted = _names(without)
        if unwanted.size:
            kept &= ~np.isin(ids, unwanted)
        found = everything._taken(by_id[kept])
        customer_ids, customer = _used(customer_ids, found.customer)
        product_ids, product = _used(product_ids, found.product)
        return found._replace(customer=customer, product=product, customer_ids=customer_ids, product_ids=product_ids)

    def of_customers(self, customer_ids: Iterable[str]) -> list[str]:
        """Return the ids of the orders of some customers."""
        wanted = np.isin(self.customer_ids, _names(customer_ids))
        known = self.customer != _GUEST
        known[known] = wanted[self.customer[known]]
        return [bytes(order_id).decode() for order_id in self.order_ids[known]]

    def to_bytes(self) -> bytes:
        """Return the columns as one .npz document without pickle."""
        buffer = io.BytesIO()
        columns: dict[str, Any] = self._asdict()
        np.savez(buffer, allow_pickle=False, **columns)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, document: bytes) -> Self:
        """Read `to_bytes` back; InvalidError for anything else."""
        try:
            with np.load(io.BytesIO(document), allow_pickle=False) as found:
                columns = {name: found[name] for name in cls._fields}
        except (ValueError, OSError, EOFError, KeyError, BadZipFile) as exc:
            raise InvalidError(f"these are no columns of orders: {exc}") from exc
        lines = cls(**columns)
        fault = lines._fault()
        if fault:
            raise InvalidError(f"these are no columns of orders: {fault}")
        return lines

    def _fault(self) -> str:
        """Return in what the columns do not fit each other; "" if they do."""
        for name, kind in _KINDS.items():
            found: NDArray[Any] = getattr(self, name)
            if found.ndim != 1 or not found.dtype.str.lstrip("<|").startswith(kind):
                return f"{name} is {found.dtype}, shape {found.shape}"
        if not self.order_ids.size == self.placed.size == self.customer.size == self.sizes.size:
            return "some orders lack a part"
        if not self.product.size == self.quantity.size == int(self.sizes.sum()) or self.sizes.min(initial=0) < 0:
            return "some lines lack a part"
        for index, names, least in ((self.customer, self.customer_ids, _GUEST), (self.product, self.product_ids, 0)):
            if index.min(initial=0) < least or index.max(initial=least) >= max(names.size, least + 1):
                return "a line names what is not there"
        if not all(_ascends(names) for names in (self.order_ids, self.customer_ids, self.product_ids)):
            return "names are not in order, or not each once"
        return ""

    def _taken(self, places: Places) -> Self:
        """Return the orders at these places, in their order."""
        sizes = self.sizes[places]
        ends = np.cumsum(sizes, dtype=np.intp)
        starts = (np.cumsum(self.sizes, dtype=np.intp) - self.sizes)[places]
        lines = np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1] if ends.size else 0)
        return self._replace(
            order_ids=self.order_ids[places],
            placed=self.placed[places],
            customer=self.customer[places],
            sizes=sizes,
            product=self.product[lines],
            quantity=self.quantity[lines],
        )


class _Packed:
    """Ids in order of adding, in the room that their bytes take."""

    def __init__(self) -> None:
        self._packed: list[Names] = []
        self._loose: list[str] = []

    def add(self, name: str) -> None:
        self._loose.append(name)
        if len(self._loose) == _PACKED_AT_ONCE:
            self._pack()

    def all(self) -> Names:
        self._pack()
        return np.concatenate(self._packed)

    def _pack(self) -> None:
        self._packed.append(_names(self._loose))
        self._loose.clear()


def _names(names: Iterable[str]) -> Names:
    return np.array([name.encode() for name in names], dtype="S")


def _ranked(numbers: Mapping[str, int]) -> tuple[Names, Indices]:
    """Return the names in order, and for each number the place of its name; -1, which is nobody's, stays as it is."""
    rank = np.full(len(numbers) + 1, _GUEST, np.int32)
    ascending = sorted(numbers)
    rank[[numbers[name] for name in ascending]] = np.arange(len(numbers))
    return _names(ascending), rank


def _joined(columns: Sequence[tuple[Names, Indices]]) -> tuple[Names, Indices]:
    """Return all names that tables have, each once and in order, and the tables' indices into those."""
    names = np.sort(np.concatenate([own for own, _ in columns]), kind="stable")
    names = names[_firsts(names)]
    places = [np.append(np.searchsorted(names, own), _GUEST).astype(np.int32) for own, _ in columns]
    return names, np.concatenate([place[index] for place, (_, index) in zip(places, columns, strict=True)])


def _used(names: Names, index: Indices) -> tuple[Names, Indices]:
    """Return the names that an index points at, and the index into those."""
    used = np.zeros(names.size + 1, dtype=np.bool_)
    used[index] = True
    used[_GUEST] = False
    if used[:-1].all():
        return names, index
    place = np.append(np.cumsum(used[:-1]) - 1, _GUEST).astype(np.int32)
    return names[used[:-1]], place[index]


def _firsts(ascending: Names) -> Mask:
    first = np.ones(ascending.size, dtype=np.bool_)
    first[1:] = ascending[1:] != ascending[:-1]
    return first


def _ascends(names: Names) -> bool:
    return bool((names[1:] > names[:-1]).all())
