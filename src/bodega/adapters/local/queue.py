"""Queue messages in SQLite: durable, leased by the clock, shared by all processes of a shop."""

import math
from collections.abc import Sequence

import apsw

from bodega.adapters.local import queue_layout as sql
from bodega.adapters.local.sqlite import Database
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.queue import MAX_DELAY_SECONDS, MAX_LEASE_SECONDS, DeadLetter, Message, check_body
from bodega.schema import QueueSpec

_MAX_REASON = 2000  # characters; a stack trace helps, a dump of the message does not


class SqliteQueue:
    """The declared queues in two tables of the shop's database."""

    def __init__(self, database: Database, queues: Sequence[QueueSpec], *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._queues = {spec.name: spec for spec in queues}
        self._clock = clock
        self._ids = ids
        database.make(sql.TABLES, last="queue_dead_by_age")

    def send(self, queue: str, bodies: Sequence[bytes], *, delay_seconds: float = 0) -> None:
        """Store messages durably, all or none."""
        self._spec(queue)
        delay_ms = _ms(delay_seconds, "a delay", most=MAX_DELAY_SECONDS)
        for body in bodies:
            check_body(body)
        if bodies:
            visible_at = self._now() + delay_ms
            rows = [(queue, self._ids.new("msg"), body, visible_at) for body in bodies]
            self._database.write(lambda connection: _run_many(connection, sql.SEND, rows))

    def receive(self, queue: str, *, limit: int = 10, lease_seconds: float = 30) -> Sequence[Message]:
        """Lease up to `limit` visible messages, longest visible first."""
        spec = self._spec(queue)
        lease_ms = _ms(lease_seconds, "a lease", least=1, most=MAX_LEASE_SECONDS)
        if limit < 1:
            raise InvalidError("a limit is at least 1")
        now = self._now()
        # Idle workers ask again and again; only a find is worth a place in the writer's queue and an fsync.
        if self._database.reader().execute(sql.ANY_VISIBLE, (queue, now)).fetchone() is None:
            return []
        return self._database.write(lambda connection: self._lease(connection, spec, limit, now, now + lease_ms))

    def extend(self, queue: str, receipt: str, *, lease_seconds: float) -> bool:
        """Let a lease end that long from now instead."""
        self._spec(queue)
        now = self._now()
        until = now + _ms(lease_seconds, "a lease", least=1, most=MAX_LEASE_SECONDS)
        return self._changes(sql.EXTEND, (until, queue, receipt, now))

    def done(self, queue: str, receipt: str) -> bool:
        """Delete a leased message."""
        self._spec(queue)
        return self._changes(sql.DELETE_LEASED, (queue, receipt, self._now()))

    def failed(self, queue: str, receipt: str, *, reason: str, retry_in_seconds: float = 0) -> None:
        """Give a message back, or bury it if that was its last attempt."""
        spec = self._spec(queue)
        now = self._now()
        again_at = now + _ms(retry_in_seconds, "a pause", most=MAX_LEASE_SECONDS)
        reason = _writable(reason)

        def give_back(connection: apsw.Connection) -> None:
            leased = connection.execute(sql.LEASED, (queue, receipt, now)).fetchone()
            if leased is None:
                return
            seq, attempts = leased
            if attempts >= spec.max_attempts:
                _bury(connection, seq, reason)
            else:
                connection.execute(sql.GIVE_BACK, (again_at, reason, seq))

        self._database.write(give_back)

    def bury(self, queue: str, letter: DeadLetter) -> None:
        """Put what can never be handled among the dead letters at once."""
        self._spec(queue)
        check_body(letter.body)
        row = (queue, letter.id, letter.body, letter.attempts, _writable(letter.reason))
        self._database.write(lambda connection: _run_many(connection, sql.BURY_UNSEEN, [row]))

    def dead_letters(self, queue: str, *, limit: int = 100) -> Sequence[DeadLetter]:
        """Return dead letters, oldest first."""
        self._spec(queue)
        if limit < 1:
            raise InvalidError("a limit is at least 1")
        return [DeadLetter(*row) for row in self._database.reader().execute(sql.DEAD, (queue, limit))]

    def redrive(self, queue: str, message_id: str) -> bool:
        """Put a dead letter back in its queue, visible at once."""
        self._spec(queue)
        now = self._now()

        def revive(connection: apsw.Connection) -> bool:
            connection.execute(sql.REVIVE, (now, queue, message_id))
            connection.execute(sql.DELETE_DEAD, (queue, message_id))
            return connection.changes() > 0

        return self._database.write(revive)

    def depth(self, queue: str) -> int:
        """Return how many messages wait or are leased."""
        self._spec(queue)
        return int(self._database.reader().execute(sql.DEPTH, (queue,)).get)

    def _spec(self, queue: str) -> QueueSpec:
        try:
            return self._queues[queue]
        except KeyError:
            raise NotFoundError("queue", queue) from None

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def _changes(self, statement: str, bindings: tuple[str | int, ...]) -> bool:
        def change(connection: apsw.Connection) -> bool:
            connection.execute(statement, bindings)
            return connection.changes() > 0

        return self._database.write(change)

    def _lease(
        self, connection: apsw.Connection, spec: QueueSpec, limit: int, now: int, until: int
    ) -> Sequence[Message]:
        leased: list[Message] = []
        while len(leased) < limit:
            visible = list(connection.execute(sql.VISIBLE, (spec.name, now, limit - len(leased))))
            if not visible:
                break
            # Each row leaves the visible ones, so the loop ends.
            for seq, message_id, body, attempts, reason in visible:
                if attempts >= spec.max_attempts:
                    _bury(connection, seq, _unanswered(attempts, reason))
                    continue
                receipt = self._ids.new("rcpt")
                connection.execute(sql.LEASE, (until, receipt, seq))
                leased.append(Message(message_id, body, receipt, attempts + 1))
        return leased


def _writable(reason: str) -> str:
    """Return what SQLite takes: no lone surrogates, because a message must not stay for how its failure is spelled."""
    return reason[:_MAX_REASON].encode(errors="replace").decode()


def _unanswered(attempts: int, reason: str) -> str:
    said = f"the lease of attempt {attempts} ended without an answer"
    return f"{said}; an earlier one failed with: {reason}" if reason else said


def _bury(connection: apsw.Connection, seq: int, reason: str) -> None:
    connection.execute(sql.BURY, (reason, seq))
    connection.execute(sql.DELETE, (seq,))


def _ms(seconds: float, what: str, *, least: int = 0, most: int) -> int:
    """Return whole milliseconds, rounded up, within bounds that are milliseconds below and seconds above."""
    if not (math.isfinite(seconds) and 0 <= seconds <= most) or (milliseconds := math.ceil(seconds * 1000)) < least:
        raise InvalidError(f"{what} must be {'over ' if least else ''}0 to {most} seconds, not {seconds}")
    return milliseconds


def _run_many(connection: apsw.Connection, statement: str, rows: Sequence[tuple[str | bytes | int, ...]]) -> None:
    connection.executemany(statement, rows)
