"""Issue, check and revoke API keys."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.accounts.model import SCOPES, ApiKey, Scope
from bodega.errors import Fault, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import Exists, Item, Key, NotExists, Put, TableStore, query_all
from bodega.values.text import is_clean

_KEY = msgspec.json.Decoder(ApiKey)
_encode = msgspec.json.Encoder().encode
_KEYS = "api-keys"
_FRESH_SECONDS = 1.0
_MAX_TOKEN_LENGTH = 200
MAX_KEYS = 500


class ApiKeys:
    """API keys of the form `bdg_ID_SECRET`. A revoked key works for at most another second in other processes."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._kept: dict[str, tuple[float, ApiKey | None]] = {}

    def create(self, *, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
        """Make a key and return it with its token, which is shown this once and kept nowhere."""
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            detail = f"unknown scope {unknown[0]!r}" if unknown else "a key needs at least one scope"
            raise InvalidError(f"{detail}; there are {', '.join(SCOPES)}", [Fault("/scopes", "unknown_scope", detail)])
        if not is_clean(name) or len(name) > 80:  # noqa: PLR2004
            raise InvalidError(
                "a key's name is at most 80 printable characters", [Fault("/name", "bad_text", "bad name")]
            )
        if sum(key.revoked_at is None for key in self.list()) >= MAX_KEYS:
            raise InvalidError(f"a shop has at most {MAX_KEYS} API keys that are not revoked")
        key_id = self._ids.new("key")
        secret = self._ids.secret()
        key = ApiKey(
            id=key_id,
            name=name,
            scopes=cast("list[Scope]", list(dict.fromkeys(scopes))),
            created_at=self._clock.now(),
            prefix=f"bdg_{key_id[4:12]}",
            secret_hash=_hash(secret),
        )
        self._table.transact([Put(schema.ACCESS, _item(key), NotExists())])
        return key, f"bdg_{key_id[4:]}_{secret}"

    def find(self, token: str) -> ApiKey | None:
        """Return the key that a token belongs to, None for a wrong, unknown or revoked one."""
        head, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        if head != "bdg" or not key_id.isalnum() or not key_id.isascii() or len(token) > _MAX_TOKEN_LENGTH:
            return None
        key = self._lookup(f"key_{key_id}")
        if key is None or key.revoked_at is not None or not hmac.compare_digest(key.secret_hash, _hash(secret)):
            return None
        return key

    def list(self) -> list[ApiKey]:
        """Return all keys, revoked ones included, oldest first."""
        return [_read(item) for item in query_all(self._table, schema.ACCESS, _KEYS)]

    def revoke(self, key_id: str) -> ApiKey:
        """End a key; revoking it again changes nothing."""
        plausible = key_id.removeprefix("key_").isalnum() and key_id.isascii() and len(key_id) <= _MAX_TOKEN_LENGTH
        item = self._table.get(schema.ACCESS, Key(_KEYS, key_id)) if plausible else None
        if item is None:
            raise NotFoundError("API key", key_id[:_MAX_TOKEN_LENGTH])
        key = _read(item)
        if key.revoked_at is None:
            key = msgspec.structs.replace(key, revoked_at=self._clock.now())
            # Nothing but a revocation changes a key, so that of two at once either may stand.
            self._table.transact([Put(schema.ACCESS, _item(key), Exists())])
        self._kept.pop(key_id, None)
        return key

    def _lookup(self, key_id: str) -> ApiKey | None:
        now = self._clock.now().timestamp()
        kept = self._kept.get(key_id)
        if kept and 0 <= now - kept[0] < _FRESH_SECONDS:
            return kept[1]
        item = self._table.get(schema.ACCESS, Key(_KEYS, key_id))
        key = _read(item) if item else None
        if key is not None:  # strangers' guesses must not fill the memory
            self._kept[key_id] = (now, key)
        return key


def _hash(secret: str) -> str:
    # The secret has 256 bits of entropy, so that a slow hash would add nothing.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _item(key: ApiKey) -> Item:
    return {"entity": _KEYS, "part": key.id, "doc": _encode(key)}


def _read(item: Item) -> ApiKey:
    return _KEY.decode(cast("bytes", item["doc"]))
