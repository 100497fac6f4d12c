"""Keep a data key for each customer, so that whoever is erased becomes unreadable wherever their data was copied to."""

from collections.abc import Mapping
from typing import cast

from bodega import schema
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.keys import DataKey, Keys
from bodega.ports.table import Delete, Item, Key, NotExists, Put, TableStore

_PART = "data-key"


class Vault:
    """Seals what is personal under its owner's key. The owner's id is part of every context."""

    def __init__(self, *, table: TableStore, keys: Keys) -> None:
        self._table = table
        self._keys = keys

    def add_owner(self, *, plan: WritePlan, owner: str) -> DataKey:
        """Add a new owner's key to a plan; commit refuses an owner who has one already."""
        key = self._keys.make_data_key(owner)
        item: Item = {"owner": owner, "part": _PART, "wrapped": key.wrapped}
        plan.add(
            Put(schema.KEYRING, item, NotExists()), otherwise=lambda _: ConflictError(f"{owner} has a key already")
        )
        return key

    def add_erasure(self, *, plan: WritePlan, owner: str) -> None:
        """Add to a plan that an owner's key is destroyed: from then on nothing of theirs can be read."""
        plan.add(Delete(schema.KEYRING, Key(owner, _PART)))

    def seal(self, owner: str, plaintext: bytes, context: Mapping[str, str], *, key: DataKey | None = None) -> bytes:
        """Encrypt under an owner's key; NotFoundError for one who has none, or was erased."""
        key = key or self._key(owner)
        if key is None:
            raise NotFoundError("customer", owner)
        return self._keys.seal(plaintext, _context(owner, context), data_key=key)

    def unseal(self, owner: str, sealed: bytes, context: Mapping[str, str]) -> bytes | None:
        """Decrypt; None if the owner was erased. UnsealError for what was changed or belongs elsewhere."""
        key = self._key(owner)
        if key is None:
            return None
        return self._keys.unseal(sealed, _context(owner, context), data_key=key)

    def _key(self, owner: str) -> DataKey | None:
        item = self._table.get(schema.KEYRING, Key(owner, _PART))
        return DataKey(owner, cast("bytes", item["wrapped"])) if item is not None else None


def _context(owner: str, context: Mapping[str, str]) -> dict[str, str]:
    return {**context, "owner": owner}
