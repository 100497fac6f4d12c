"""Answer the table port with DynamoDB, or with any engine that speaks its API."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

from bodega.adapters.aws.dynamo import DynamoClient, DynamoError
from bodega.adapters.aws.retry import Retry
from bodega.adapters.aws.table_layout import TableLayout, layouts_of
from bodega.adapters.aws.table_outbox import Outbox, check_token, token_record
from bodega.adapters.aws.table_reads import Walk, query_walk, read_page, scan_walk
from bodega.adapters.aws.table_transaction import PreparedTransaction, PreparedWrite, refusal
from bodega.adapters.aws.table_values import plain_item, typed_item
from bodega.adapters.rules.table_changes import token_digest
from bodega.adapters.rules.table_limits import check_key, check_key_part, check_limit
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.table import (
    MAX_BATCH_GET,
    MAX_BATCH_WRITE,
    MAX_PARTITION_KEY_BYTES,
    Announced,
    ConditionFailedError,
    Delete,
    Event,
    Item,
    Key,
    LimitExceededError,
    Put,
    QueryPage,
    SortRange,
    ThrottledError,
    Write,
)
from bodega.schema import OUTBOX, Table

_LOAD_THREADS = 16
_LOAD_AHEAD = 256  # transactions read from a load before its writes are awaited
_MAX_REWRITES = 10
_OPERATIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


class DynamoTableStore:
    """The tables of a schema in DynamoDB, each under its name behind a prefix, and the outbox beside them.

    The tables must be there (`table_setup`). Thread-safe; the client belongs to whoever made it.
    """

    def __init__(
        self, client: DynamoClient, tables: Sequence[Table], *, prefix: str, clock: Clock, random: Random, retry: Retry
    ) -> None:
        """Take `random` for request tokens and the name of this writer: two processes must not seed it alike."""
        self._client = client
        self._clock = clock
        self._random = random
        self._retry = retry
        self._layouts = layouts_of((*tables, OUTBOX), prefix=prefix)
        self._outbox = Outbox(self, now_ms=self._now_ms, writer=f"{random.getrandbits(64):016x}")
        self._closed = False

    # -- reads ---------------------------------------------------------------------------------------------

    def get(self, table: str, key: Key) -> Item | None:
        """See the port."""
        layout = self._layout(table)
        check_key(key)
        request = {"TableName": layout.physical, "Key": layout.typed_key(key), "ConsistentRead": True}
        found = self._ask("GetItem", request).get("Item")
        return None if found is None else layout.living(plain_item(found), self._now())

    def batch_get(self, table: str, keys: Sequence[Key]) -> dict[Key, Item]:
        """See the port."""
        layout = self._layout(table)
        if len(keys) > MAX_BATCH_GET:
            raise LimitExceededError(f"at most {MAX_BATCH_GET} items can be read at once, not {len(keys)}")
        if len(set(keys)) < len(keys):
            raise InvalidError("the same key was asked for twice")
        for key in keys:
            check_key(key)
        wanted = [layout.typed_key(key) for key in keys]
        found: dict[Key, Item] = {}
        attempt = 0
        while wanted:
            attempt += 1
            request = {layout.physical: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._ask("BatchGetItem", {"RequestItems": request})
            now = self._now()
            for typed in answer.get("Responses", {}).get(layout.physical, ()):
                item = layout.living(plain_item(typed), now)
                if item is not None:
                    # What DynamoDB returns has a key that it could store.
                    found[Key(item[layout.partition_key], item[layout.sort_key])] = item  # type: ignore[arg-type]
            left = answer.get("UnprocessedKeys", {}).get(layout.physical, {}).get("Keys", [])
            wanted = self._wait_for_rest(wanted, left, attempt)
        return found

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
        """See the port."""
        layout = self._layout(table)
        check_key_part(partition, MAX_PARTITION_KEY_BYTES)
        if index is not None and index not in layout.indexes:
            raise InvalidError(f"table {table!r} has no index {index!r}")
        laid = None if index is None else layout.indexes[index]
        return self._page("Query", query_walk(layout, laid, partition, sort, after, descending=descending), limit)

    def scan(self, table: str, *, sort: str | None = None, after: Key | None = None, limit: int = 1000) -> QueryPage:
        """See the port."""
        return self._page("Scan", scan_walk(self._layout(table), sort, after), limit)

    # -- writes --------------------------------------------------------------------------------------------

    def transact(self, writes: Sequence[Write], events: Sequence[Event] = (), *, token: str | None = None) -> None:
        """See the port. A token takes one of the 100 places."""
        if token is None:
            self._commit(self._prepared(writes, events))
            return
        digest = token_digest(token, writes, events)
        record = token_record(token, digest, self._now())
        try:
            self._commit(self._prepared([*writes, record], events))
        except ConditionFailedError as lost:
            if len(writes) not in lost.items:
                raise
            check_token(lost.items[len(writes)], digest)

    def write_batch(self, writes: Sequence[Put | Delete]) -> None:
        """See the port."""
        self._check_open()
        latest: dict[tuple[str, Key], PreparedWrite] = {}
        for write in writes:
            if not isinstance(write, Put | Delete) or write.condition is not None:
                raise InvalidError("a batch holds puts and deletes without conditions")
            prepared = PreparedWrite(self._layout(write.table), write)
            latest[prepared.place] = prepared
        parts = list(latest.values())
        chunks = [parts[start : start + MAX_BATCH_WRITE] for start in range(0, len(parts), MAX_BATCH_WRITE)]
        if len(chunks) <= 1:
            for chunk in chunks:
                self._write_chunk(chunk)
            return
        with ThreadPoolExecutor(_LOAD_THREADS, thread_name_prefix="dynamo-batch") as pool:
            list(pool.map(self._write_chunk, chunks))

    def load(
        self,
        transactions: Iterable[tuple[Sequence[Write], Sequence[Event]]],
        *,
        lagging: bool = False,  # noqa: ARG002 - indexes always follow by themselves, a moment later
    ) -> list[ConditionFailedError | None]:
        """See the port. Transactions that touch different items are on their way at the same time."""
        self._check_open()
        outcomes: list[ConditionFailedError | None] = []
        with ThreadPoolExecutor(_LOAD_THREADS, thread_name_prefix="dynamo-load") as pool:
            for wave in self._waves(transactions):
                outcomes += pool.map(self._outcome, wave)
        return outcomes

    def catch_up_indexes(self) -> None:
        """See the port. DynamoDB does it by itself and says nothing of when: usually within a second."""
        self._check_open()

    # -- events --------------------------------------------------------------------------------------------

    def announced(self, after: int, *, limit: int = 1000) -> Sequence[Announced]:
        """See the port."""
        self._check_open()
        check_limit(limit)
        return self._outbox.announced(after, limit)

    def last_position(self) -> int:
        """See the port."""
        self._check_open()
        return self._outbox.last_position()

    def forgotten(self) -> int:
        """See the port."""
        self._check_open()
        return self._outbox.forgotten()

    def trim_announced(self, up_to: int) -> None:
        """See the port."""
        self._check_open()
        self._outbox.trim(up_to)

    def sweep_expired(self, *, limit: int = 1000) -> int:
        """Do nothing and return 0: DynamoDB deletes what has expired by itself, within days and free of charge."""
        self._check_open()
        check_limit(limit)
        return 0

    def close(self) -> None:
        """See the port; the client is closed by whoever made it."""
        self._closed = True

    # -- inside --------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError("the store is closed")

    def _layout(self, table: str) -> TableLayout:
        self._check_open()
        try:
            return self._layouts[table]
        except KeyError:
            raise InvalidError(f"there is no table {table!r}") from None

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def _ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return self._client.call(operation, request, repeatable=True)

    def _page(self, operation: str, walk: Walk, limit: int) -> QueryPage:
        check_limit(limit)
        return read_page(lambda request: self._ask(operation, request), walk, limit, now=self._now())

    def _prepared(self, writes: Sequence[Write], events: Sequence[Event]) -> PreparedTransaction:
        self._check_open()
        outbox = self._layouts[OUTBOX.name]
        announcements = [PreparedWrite(outbox, self._outbox.announcement(event)) for event in events]
        return PreparedTransaction(self._layout, writes, announcements)

    def _commit(self, transaction: PreparedTransaction) -> None:
        """Write a transaction, in another form where what is there asks for one."""
        for _ in range(_MAX_REWRITES):
            now = self._now()
            try:
                self._send(transaction.parts, now)
            except DynamoError as error:
                found = transaction.found_at_failures(error)
                if found is None:
                    raise refusal(error) from error
                lost = transaction.lost(found, now=now)
                if lost:
                    raise ConditionFailedError(lost) from error
                for index, item in found.items():
                    transaction.give_way(index, item, now=now)
            else:
                return
        raise ThrottledError("an item changes faster than it can be written: try again")

    def _send(self, parts: Sequence[PreparedWrite], now: int) -> None:
        requests = [part.request(now=now) for part in parts]
        kind, members = requests[0]
        if len(requests) == 1 and kind in _OPERATIONS:
            self._client.call(_OPERATIONS[kind], members, repeatable=parts[0].repeatable)
            return
        # With a token of its own a transaction may be sent again although its answer was lost.
        request = {
            "TransactItems": [{kind: members} for kind, members in requests],
            "ClientRequestToken": f"{self._random.getrandbits(128):032x}",
        }
        self._client.call("TransactWriteItems", request, repeatable=True)

    def _write_chunk(self, chunk: Sequence[PreparedWrite]) -> None:
        wanted: dict[str, list[dict[str, Any]]] = {}
        for part in chunk:
            if isinstance(part.write, Put):
                request = {"PutRequest": {"Item": typed_item(part.write.item)}}
            else:
                request = {"DeleteRequest": {"Key": part.layout.typed_key(part.key)}}
            wanted.setdefault(part.layout.physical, []).append(request)
        attempt = 0
        while wanted:
            attempt += 1
            answer = self._ask("BatchWriteItem", {"RequestItems": wanted})
            left = answer.get("UnprocessedItems") or {}
            wanted = self._wait_for_rest(wanted, left, attempt)

    def _wait_for_rest(self, wanted: Any, left: Any, attempt: int) -> Any:
        """Wait before the part of a batch that was not done is asked for again; raise when that came too often."""
        if not left:
            return left
        if attempt > _MAX_REWRITES and len(left) == len(wanted):
            raise ThrottledError("DynamoDB does not get to the rest of a batch: try again later")
        self._retry.pause(min(attempt, _MAX_REWRITES))
        return left

    def _outcome(self, transaction: PreparedTransaction) -> ConditionFailedError | None:
        try:
            self._commit(transaction)
        except ConditionFailedError as lost:
            return lost.with_traceback(None)
        return None

    def _waves(
        self, transactions: Iterable[tuple[Sequence[Write], Sequence[Event]]]
    ) -> Iterator[list[PreparedTransaction]]:
        """Group transactions into runs in which no two touch one item."""
        wave: list[PreparedTransaction] = []
        touched: set[tuple[str, Key]] = set()
        for writes, events in transactions:
            transaction = self._prepared(writes, events)
            places = {one.place for one in transaction.writes}
            if len(wave) == _LOAD_AHEAD or not touched.isdisjoint(places):
                yield wave
                wave, touched = [], set()
            wave.append(transaction)
            touched |= places
        if wave:
            yield wave
