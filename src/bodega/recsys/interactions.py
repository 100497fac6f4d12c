"""Hold who took what and when as validated arrays, and cut them by time or by chance."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from bodega.errors import InvalidError
from bodega.recsys.arrays import Days, Indices, Mask, Weights

MOST_INDICES = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Events in parallel arrays, sorted by user, then time, then item; build it with `Interactions.of`.

    Shape: all arrays are (n_events,). `user` and `item` are dense indices, `time` is in days (any origin;
    fractions are hours), `quantity` is > 0 and `order` groups the lines of one basket (a user and time of
    its own where unknown). A data set without times has `time` 0 everywhere and `timed` False; recency
    then plays no part anywhere. An anonymous order may be entered as a user of its own: it teaches what
    goes together and gets no lists.
    """

    user: Indices
    item: Indices
    time: Days
    quantity: Weights
    order: Indices
    n_users: int
    n_items: int

    @classmethod
    def of(
        cls,
        user: ArrayLike,
        item: ArrayLike,
        *,
        time: ArrayLike | None = None,
        quantity: ArrayLike | None = None,
        order: ArrayLike | None = None,
        n_users: int | None = None,
        n_items: int | None = None,
    ) -> Self:
        """Check, sort and deduplicate events; lines that agree in user, item, time and order become one.

        `n_users` and `n_items` default to one more than the largest index; larger numbers say that there
        are users or items without events.

        Raises InvalidError for arrays of different lengths, indices that are no integers, negative or out
        of range, times or quantities that are NaN or infinite, and quantities <= 0.

        >>> Interactions.of([1, 0, 0], [2, 1, 1], quantity=[1, 2, 3]).quantity
        array([5., 1.], dtype=float32)
        """
        users = _indices(user, n_users, "user")
        items = _indices(item, n_items, "item")
        times = _numbers(time, users.size, "time", default=0.0)
        quantities = _numbers(quantity, users.size, "quantity", default=1.0)
        if items.size != users.size:
            raise InvalidError(f"{users.size} users but {items.size} items: every event needs one of each")
        if quantities.size and float(quantities.min()) <= 0:
            raise InvalidError("a quantity is zero or negative: leave out returns and corrections")
        orders = _baskets(users, times) if order is None else _indices(order, None, "order")
        if orders.size != users.size:
            raise InvalidError(f"{users.size} users but {orders.size} orders: every event needs one of each")
        return cls._merged(
            users,
            items,
            times,
            quantities,
            orders,
            n_users=_count(users) if n_users is None else n_users,
            n_items=_count(items) if n_items is None else n_items,
        )

    @classmethod
    def _merged(
        cls,
        user: Indices,
        item: Indices,
        time: Days,
        quantity: Days,
        order: Indices,
        *,
        n_users: int,
        n_items: int,
    ) -> Self:
        rank = np.lexsort((order, item, time, user))
        user, item, time, order = user[rank], item[rank], time[rank], order[rank]
        same = np.ones(user.size, dtype=np.bool_)
        same[:1] = False
        for key in (user, item, time, order):
            same[1:] &= key[1:] == key[:-1]
        starts = np.flatnonzero(~same)
        sums = np.add.reduceat(quantity[rank], starts) if starts.size else quantity
        return cls(
            user[starts],
            item[starts],
            time[starts],
            sums.astype(np.float32),
            order[starts],
            n_users,
            n_items,
        )

    def __len__(self) -> int:
        return int(self.user.size)

    @property
    def timed(self) -> bool:
        """Whether times differ at all; without that, recency means nothing."""
        return len(self) > 0 and float(self.time.min()) < float(self.time.max())

    @property
    def end(self) -> float:
        """The time of the last event in days; 0 when there is none."""
        return float(self.time.max()) if len(self) else 0.0

    def where(self, kept: Mask) -> Self:
        """Return the events for which `kept` is true, with the same numbers of users and items."""
        return type(self)(
            self.user[kept],
            self.item[kept],
            self.time[kept],
            self.quantity[kept],
            self.order[kept],
            self.n_users,
            self.n_items,
        )

    def lighter(self, most: int) -> Self:
        """Return at most `most` events of each user: the newest, or evenly spread ones where there are no times."""
        starts = self.starts()
        sizes = np.diff(starts)
        if sizes.max(initial=0) <= most:
            return self
        places = starts[1:][self.user] - np.arange(len(self))
        if self.timed:
            return self.where(places <= most)
        strides = -(-sizes // most)
        return self.where(places % strides[self.user] == 0)

    def split_at(self, time: float) -> tuple[Self, Self]:
        """Return what happened before `time` (exclusive) and from it on."""
        early = self.time < time
        return self.where(early), self.where(~early)

    def hold_out(self, share: float, *, seed: int, users: Indices | None = None) -> tuple[Self, Self]:
        """Split every user's distinct items by chance, or those of `users`: about `share` of them to the second part.

        For data without times. Every user keeps an item in the first part; users with one item stay whole
        in the first part.
        """
        chosen = np.ones(self.n_users, dtype=np.bool_)
        if users is not None:
            chosen[:] = False
            chosen[users] = True
        at = np.flatnonzero(chosen[self.user])
        pair = self.user[at].astype(np.int64) * max(self.n_items, 1) + self.item[at]
        distinct, place = np.unique(pair, return_inverse=True)
        owner = distinct // max(self.n_items, 1)
        rng = np.random.default_rng(seed)
        shuffled = np.lexsort((rng.random(distinct.size), owner))
        sizes = np.bincount(owner, minlength=self.n_users)
        starts = np.cumsum(sizes) - sizes
        rank = np.empty(distinct.size, dtype=np.int64)
        rank[shuffled] = np.arange(distinct.size) - starts[owner[shuffled]]
        held = rank < np.minimum(np.round(sizes * share), sizes - 1)[owner]
        away = np.zeros(len(self), dtype=np.bool_)
        away[at] = held[place]
        return self.where(~away), self.where(away)

    def starts(self) -> NDArray[np.int64]:
        """Return (n_users + 1,) offsets: the events of user u are `starts[u]:starts[u + 1]`, oldest first."""
        return np.searchsorted(self.user, np.arange(self.n_users + 1))

    def matrix(self, values: Weights | None = None, *, reduce: str = "max") -> sparse.csr_array:
        """Return users x items: a cell is the largest value among the pair's events, or with "sum" the sum.

        Without `values` every cell is 1.
        """
        pair = self.user.astype(np.int64) * max(self.n_items, 1) + self.item
        if (pair[1:] > pair[:-1]).all():  # as without times: nothing to sort, nothing to merge
            cells = np.ones(len(self), np.float32) if values is None else values.astype(np.float32)
            indptr = self.starts().astype(np.int32)
            return sparse.csr_array((cells, self.item.copy(), indptr), shape=(self.n_users, self.n_items))
        rank = np.argsort(pair, kind="stable")
        ordered = pair[rank]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: ordered.size])
        if values is None or not starts.size:
            cells = np.ones(starts.size, dtype=np.float32)
        else:
            ufunc = np.maximum if reduce == "max" else np.add
            cells = ufunc.reduceat(values[rank], starts).astype(np.float32)
        kept = ordered[starts]
        rows = kept // max(self.n_items, 1)
        indptr = np.searchsorted(rows, np.arange(self.n_users + 1)).astype(np.int32)
        columns = (kept % max(self.n_items, 1)).astype(np.int32)
        return sparse.csr_array((cells, columns, indptr), shape=(self.n_users, self.n_items))

    def by_order(self) -> Self:
        """Return the same lines with every order as a user of its own, for what is bought together."""
        _, baskets = np.unique(self.order, return_inverse=True)
        basket = baskets.astype(np.int32)
        return self._merged(
            basket,
            self.item,
            self.time,
            self.quantity.astype(np.float64),
            self.order,
            n_users=_count(basket),
            n_items=self.n_items,
        )


def _indices(values: ArrayLike, limit: int | None, name: str) -> Indices:
    given = np.asarray(values)
    if given.ndim != 1:
        raise InvalidError(f"{name} must be one-dimensional")
    if given.size == 0:
        return np.empty(0, dtype=np.int32)
    if not np.issubdtype(given.dtype, np.integer):
        raise InvalidError(f"{name} must be integers, not {given.dtype}")
    low, high = int(given.min()), int(given.max())
    top = MOST_INDICES if limit is None else limit
    if low < 0 or high >= top:
        raise InvalidError(f"{name} indices run from {low} to {high}; they must be from 0 to {top - 1}")
    return given.astype(np.int32)


def _numbers(values: ArrayLike | None, size: int, name: str, *, default: float) -> Days:
    if values is None:
        return np.full(size, default)
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (size,):
        raise InvalidError(f"{name} has shape {numbers.shape}; there are {size} events")
    if not np.isfinite(numbers).all():
        raise InvalidError(f"{name} has values that are NaN or infinite")
    return numbers


def _baskets(user: Indices, time: Days) -> Indices:
    rank = np.lexsort((time, user))
    new = np.ones(user.size, dtype=np.int32)
    new[1:] = (user[rank][1:] != user[rank][:-1]) | (time[rank][1:] != time[rank][:-1])
    orders = np.empty(user.size, dtype=np.int32)
    orders[rank] = np.cumsum(new, dtype=np.int32) - 1
    return orders


def _count(indices: Indices) -> int:
    return int(indices.max()) + 1 if indices.size else 0
