"""Keep the one duel that may be on: the version in service against another, for a share of the shoppers."""

from datetime import datetime
from hashlib import blake2b
from typing import Annotated, cast

import msgspec
from msgspec import Meta

from bodega import schema
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.errors import ConflictError, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import ConditionFailedError, Delete, Equals, Item, Key, NotExists, Put, TableStore

_KEY = Key("recommendations", "duel")
_FRESH_SECONDS = 1.0
_SHARES = 2**32


class Duel(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions whose lists are interleaved for a share of the known shoppers: `first` was in service before."""

    id: str
    first: str
    rival: str
    share: Annotated[float, Meta(gt=0, le=1)]
    started_at: datetime

    def includes(self, who: str) -> bool:
        """Tell whether a shopper is among those who see both; the same shopper always or never."""
        draw = blake2b(f"{self.id}/{who}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
        return int.from_bytes(draw) < self.share * _SHARES


class DuelRunningError(ConflictError):
    """There is a duel already: end it first."""

    code = "duel_running"


class Duels:
    """The duel that is on. What another process begins or ends is heeded within a second."""

    def __init__(self, *, table: TableStore, models: ModelStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._models = models
        self._clock = clock
        self._ids = ids
        self._kept: tuple[float, Duel | None] | None = None

    def current(self) -> Duel | None:
        """Return the duel that is on, at most a second old; None if there is none.

        A version that is published or rolled back to ends the duel: what is compared must not change.
        """
        now = self._clock.now().timestamp()
        if self._kept is None or not 0 <= now - self._kept[0] < _FRESH_SECONDS:
            self._kept = (now, self.read())
        return self._kept[1]

    def read(self) -> Duel | None:
        """Return the duel that is on, read anew."""
        duel = self._stored()
        return duel if duel is not None and duel.first == self._models.current_version() else None

    def begin(self, rival: str, *, share: float) -> Duel:
        """Let another stored version compete with the one in service.

        NotFoundError for a version that is not stored or cannot be read, InvalidError for the one in service itself or
        a share out of range, DuelRunningError if a duel is on.
        """
        first = self._models.current_version()
        if not 0 < share <= 1:
            raise InvalidError("a duel is shown to a share above 0 and up to 1 of the shoppers")
        if first is None or self._models.find(rival) is None:
            raise NotFoundError("model", rival[:80])
        if rival == first:
            raise InvalidError(f"{rival} is in service: it cannot compete with itself")
        if self.read() is not None:
            raise DuelRunningError("a duel is on already; end it first")
        now = self._clock.now()
        duel = Duel(id=self._ids.new("duel"), first=first, rival=rival, share=share, started_at=now)
        item: Item = {"name": _KEY.partition, "part": _KEY.sort, "id": duel.id, "doc": msgspec.json.encode(duel)}
        over = self._stored()
        try:
            self._table.transact([Put(schema.SYSTEM, item, Equals("id", over.id) if over is not None else NotExists())])
        except ConditionFailedError as exc:
            raise DuelRunningError("somebody else began a duel at this moment") from exc
        self._kept = None
        return duel

    def end(self) -> Duel:
        """End the duel that is on and return it; NotFoundError if there is none. Its counts stay."""
        duel = self._stored()
        if duel is None:
            raise NotFoundError("duel", "current")
        try:
            self._table.transact([Delete(schema.SYSTEM, _KEY, Equals("id", duel.id))])
        except ConditionFailedError as exc:
            raise NotFoundError("duel", duel.id) from exc
        self._kept = None
        return duel

    def in_use(self) -> frozenset[str]:
        """Return the versions that must not be deleted."""
        duel = self._stored()
        return frozenset({duel.first, duel.rival}) if duel is not None else frozenset()

    def _stored(self) -> Duel | None:
        item = self._table.get(schema.SYSTEM, _KEY)
        return _DUEL.decode(cast("bytes", item["doc"])) if item is not None else None


_DUEL = msgspec.json.Decoder(Duel)
