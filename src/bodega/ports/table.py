"""Ask for durable items in DynamoDB's shape: keyed items, conditional writes, transactions, indexes, expiry, events.

Limits are DynamoDB's and every adapter enforces them, so that code which works on a laptop works on AWS
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from bodega.errors import ConflictError, InvalidError, UnavailableError

Value: TypeAlias = "str | bytes | int | bool | list[Value] | dict[str, Value] | None"
Item: TypeAlias = dict[str, Value]

MAX_ITEM_BYTES = 400 * 1024
MAX_PAGE_BYTES = 1024 * 1024
MAX_TRANSACTION_WRITES = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_BATCH_GET = 100
MAX_BATCH_WRITE = 25
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_INTEGER = 2**63 - 1  # DynamoDB holds 38 digits; this port promises what both engines and JSON clients can hold
MAX_NESTING = 32
MAX_EVENT_DATA_BYTES = 128 * 1024  # an event must fit into a message of a queue, written as JSON


class Key(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The primary key of an item: partition and sort key, both non-empty strings; order is by UTF-8 bytes.

    `index_sort` is set only in the `last` of a page of an index: where in the index that item stood.
    """

    partition: str
    sort: str
    index_sort: str | None = None


def may_be_partition(text: str) -> bool:
    """Tell whether an item could have this partition key; what could not need not be looked for."""
    return 1 <= len(text.encode("utf-8", "surrogatepass")) <= MAX_PARTITION_KEY_BYTES


# -- conditions ------------------------------------------------------------------------------------------------


class Exists(msgspec.Struct, frozen=True, gc=False):
    """True when the item is there; updates and deletes that must not make phantoms carry it."""


class NotExists(msgspec.Struct, frozen=True, gc=False):
    """True when no item has this key; creates carry it."""


class Equals(msgspec.Struct, frozen=True, gc=False):
    """True when the item is there and the attribute has exactly this value (1 does not equal True)."""

    attribute: str
    value: Value


class AtLeast(msgspec.Struct, frozen=True, gc=False):
    """True when the item is there and the attribute is an integer >= value."""

    attribute: str
    value: int


class AtMost(msgspec.Struct, frozen=True, gc=False):
    """True when the item is there and the attribute is an integer <= value."""

    attribute: str
    value: int


class Missing(msgspec.Struct, frozen=True, gc=False):
    """True when the item is absent or lacks the attribute."""

    attribute: str


class All(msgspec.Struct, frozen=True, gc=False):
    """True when every part is."""

    parts: "tuple[Condition, ...]"


class Any(msgspec.Struct, frozen=True, gc=False):
    """True when at least one part is."""

    parts: "tuple[Condition, ...]"


Condition: TypeAlias = Exists | NotExists | Equals | AtLeast | AtMost | Missing | All | Any


# -- writes ----------------------------------------------------------------------------------------------------


class Put(msgspec.Struct, frozen=True, gc=False):
    """Store the whole item, replacing what was there. The item holds the table's key attributes."""

    table: str
    item: Item
    condition: Condition | None = None


class Update(msgspec.Struct, frozen=True, gc=False):
    """Change single attributes: `add` to integers (missing counts as 0), `set`, `remove`.

    Without a condition a missing item is created, as in DynamoDB. InvalidError for changing a key attribute, for
    naming an attribute twice, and for adding to what is not an integer.
    """

    table: str
    key: Key
    set: Mapping[str, Value] = {}
    add: Mapping[str, int] = {}
    remove: Sequence[str] = ()
    condition: Condition | None = None


class Delete(msgspec.Struct, frozen=True, gc=False):
    """Remove the item; removing nothing is no error unless the condition says so."""

    table: str
    key: Key
    condition: Condition | None = None


class Check(msgspec.Struct, frozen=True, gc=False):
    """Write nothing, but let the transaction fail unless the condition holds."""

    table: str
    key: Key
    condition: Condition


Write: TypeAlias = Put | Update | Delete | Check


class Event(msgspec.Struct, frozen=True, gc=False):
    """A fact to announce with a transaction.

    `id` is unique and stable over redelivery; `version` grows per `resource`, so that handlers can drop what is
    older than what they know; `data` is JSON of at most 128 KiB.
    """

    id: str
    name: str
    resource: str
    version: int
    occurred_at: str
    data: bytes = b"{}"


class Announced(msgspec.Struct, frozen=True, gc=False):
    """An event and its place in the order of commits; positions grow, but not by one."""

    position: int
    event: Event


# -- reads -----------------------------------------------------------------------------------------------------


class SortRange(msgspec.Struct, frozen=True):
    """Bounds on the sort key, both inclusive; `prefix` alone, or `low` and/or `high`."""

    low: str | None = None
    high: str | None = None
    prefix: str | None = None


class QueryPage(msgspec.Struct, frozen=True):
    """Items in sort-key order and, when there may be more, the key to start after."""

    items: Sequence[Item]
    last: Key | None


# -- refusals --------------------------------------------------------------------------------------------------


class ConditionFailedError(ConflictError):
    """A condition did not hold, so nothing of the transaction was written.

    `failed` has the indices of the writes whose conditions failed; `items` the items found there (None if absent).
    """

    code = "condition_failed"

    def __init__(self, failed: Mapping[int, Item | None]) -> None:
        super().__init__(f"conditions of writes {sorted(failed)} did not hold")
        self.failed = tuple(sorted(failed))
        self.items = dict(failed)


class LimitExceededError(InvalidError):
    """A key, item, page, batch or transaction is over a limit of the table port; nothing was written."""

    code = "limit_exceeded"


class TokenReusedError(ConflictError):
    """The token was used within 10 minutes for other writes or events; nothing was written."""

    code = "token_reused"

    def __init__(self) -> None:
        super().__init__("the token was used for another transaction")


class ThrottledError(UnavailableError):
    """The table turned the call away for its rate; nothing was written and the same call may be repeated."""

    code = "throttled"


class TableStore(Protocol):
    """Durable items of the tables in `bodega.schema`. Thread-safe; one store serves all threads of a process."""

    def get(self, table: str, key: Key) -> Item | None:
        """Return the newest committed item, or None. Never an expired one.

        An item is expired from the second that its expiry names. It counts as absent everywhere, in conditions and
        updates too: stricter than DynamoDB, where they see it until it is swept.
        """
        ...

    def batch_get(self, table: str, keys: Sequence[Key]) -> dict[Key, Item]:
        """Return those of up to 100 keys that exist, each the newest committed; duplicates are refused."""
        ...

    def query(
        self,
        table: str,
        partition: str,
        *,
        index: str | None = None,
        sort: SortRange | None = None,
        after: Key | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> QueryPage:
        """Return items of one partition (of the table, or of an index) in order of the sort key.

        `after` excludes everything up to and including that key, which need not exist any more (with an index, pass
        `QueryPage.last` back unchanged: it says where in the index that was). A page ends at `limit` items or 1 MB,
        whichever is first. With an index only the projected attributes and keys are returned, and items with equal
        sort keys are in order of the table's keys; on AWS they may be a little stale. Expired items are left out.
        """
        ...

    def scan(self, table: str, *, sort: str | None = None, after: Key | None = None, limit: int = 1000) -> QueryPage:
        """Return items of the whole table: for exports, training and checks, never to answer a request.

        With `sort`, only those with this sort key, for tables in which it says of what kind an item is.
        Each item once, in an order that stays the same between calls: by keys on one machine, by a hash of them on AWS.
        """
        ...

    def transact(self, writes: Sequence[Write], events: Sequence[Event] = (), *, token: str | None = None) -> None:
        """Apply all writes and announce all events, or none, durably before returning.

        1 to 100 writes and events together and 4 MB; no two writes on one key. Repeating a call with the same
        `token` within 10 minutes changes nothing further; a token of another call is a TokenReusedError. Raises
        ConditionFailedError, InvalidError, LimitExceededError (nothing written), ThrottledError (nothing written;
        may be repeated), UnavailableError (almost surely nothing written; repeat it with its token).
        """
        ...

    def write_batch(self, writes: Sequence[Put | Delete]) -> None:
        """Apply unconditioned writes, each atomic on its own, all durable before returning; any number, any order.

        For bulk loads of items that nobody else writes. A failure may leave a part applied; repeat the call.
        """
        ...

    def load(
        self, transactions: Iterable[tuple[Sequence[Write], Sequence[Event]]], *, lagging: bool = False
    ) -> list[ConditionFailedError | None]:
        """Apply many transactions as fast as the engine can, each atomic, in order, all durable before returning.

        Returns, for each, None or why it was refused; one refusal does not stop the rest. For imports. An invalid
        transaction raises and stops the load where it is: of those before it any number may be applied.

        With `lagging`, queries of indexes may lack what is new until `catch_up_indexes` returns: an engine that sorts
        entries before it writes them saves most of what an index costs. Never what was changed or deleted meanwhile.
        """
        ...

    def catch_up_indexes(self) -> None:
        """Bring indexes up to everything that was loaded with `lagging` before this call, by whomever.

        Others read and write meanwhile. If the process dies, whoever calls it next does what is left.
        """
        ...

    def announced(self, after: int, *, limit: int = 1000) -> Sequence[Announced]:
        """Return events committed after a position, in commit order: the change stream. None is ever skipped.

        Fewer than `limit` may come although there are more; only an empty answer means that there are none.
        """
        ...

    def last_position(self) -> int:
        """Return the position of the newest committed event, 0 if there is none."""
        ...

    def forgotten(self) -> int:
        """Return the position up to which events were trimmed, 0 if none were: a reader before it has missed some."""
        ...

    def trim_announced(self, up_to: int) -> None:
        """Forget events up to and including a position, once every consumer has passed it."""
        ...

    def sweep_expired(self, *, limit: int = 1000) -> int:
        """Delete up to `limit` items whose expiry has passed and return how many; reads hide them already."""
        ...

    def close(self) -> None:
        """Finish what was accepted and release everything; calls afterwards raise UnavailableError."""
        ...


def scan_all(store: TableStore, table: str, *, sort: str | None = None) -> Iterator[Item]:
    """Walk a whole table page by page, or what of it has one sort key."""
    after: Key | None = None
    while True:
        page = store.scan(table, sort=sort, after=after)
        yield from page.items
        if page.last is None:
            return
        after = page.last


def query_all(
    store: TableStore, table: str, partition: str, *, index: str | None = None, page_size: int = 1000
) -> Iterator[Item]:
    """Walk a whole partition, of the table or of an index, in order of the sort key, so many items at a time."""
    after: Key | None = None
    while True:
        page = store.query(table, partition, index=index, after=after, limit=page_size)
        yield from page.items
        if page.last is None:
            return
        after = page.last
