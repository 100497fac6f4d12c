"""Make a retried request one effect: the first answer is kept for a day and given again."""

import hashlib
import logging
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import cast

import msgspec

from bodega import schema
from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.errors import HttpError, as_http, problem_reply
from bodega.api.reply import Reply
from bodega.ports.table import (
    All,
    AtMost,
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Key,
    NotExists,
    Put,
)
from bodega.ports.table import (
    Any as AnyOf,
)

_log = logging.getLogger(__name__)
KEPT = timedelta(hours=24)
LEASE_SECONDS = 60
MAX_KEY_LENGTH = 255
MAX_RECORD_BYTES = 380_000
# What a retry should meet again. Refusals of the request itself (400, 401, 403, 413, 415, 422, 428, 429) are not kept,
# so that a corrected request may use its key, nor is any 5xx, so that a retry is a real try.
_KEPT_STATUSES = frozenset({404, 409, 412})
_PART_OF_REQUEST = (b"content-type", b"if-match", b"if-none-match", b"prefer")


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    status: int
    body: bytes
    etag: str | None
    headers: list[tuple[bytes, bytes]]
    content_type: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Answer).decode


def once(call: Call, work: Callable[[], Reply]) -> Reply:
    """Do the work unless a request with this key and these contents was answered; then give that answer again.

    The record is written before the work begins and holds a lease: if this process dies, the key is free again after a
    minute and not only after a day. What the work then does twice is for the domain's own conditions to stop.
    """
    sent = key_of(call)
    if sent is None or call.route.idempotency == "own":
        return work()
    record = _Record(call, sent)
    earlier = record.begin()
    if earlier is not None:
        return earlier
    try:
        reply = work()
    except Exception as exc:
        if as_http(exc, call.request_id).status not in _KEPT_STATUSES:
            record.forget()
            raise
        reply = problem_reply(exc, path=call.raw_path.decode("latin-1"), request_id=call.request_id)
    record.keep(reply)
    return reply


def key_of(call: Call) -> str | None:
    """Return the key that was sent, None without one; 400 for one that is none, or where there has to be one."""
    if call.route.method not in {"POST", "PATCH"}:
        return None
    sent = call.header(b"idempotency-key")
    if sent is None:
        if call.route.idempotency != "optional":
            raise key_required()
        return None
    if not (1 <= len(sent) <= MAX_KEY_LENGTH and sent.isascii() and sent.isprintable()):
        raise HttpError(
            400, "bad_idempotency_key", f"Idempotency-Key is 1 to {MAX_KEY_LENGTH} printable ASCII characters"
        )
    return sent


def key_required() -> HttpError:
    """Return the refusal of a request that moves money and could not be repeated safely."""
    detail = "send an Idempotency-Key: this moves money, and only with one can it be asked for again safely"
    return HttpError(400, "idempotency_key_required", detail)


class _Record:
    """The item of one key."""

    def __init__(self, call: Call, sent: str) -> None:
        who = call.key.id if call.key is not None else asker(call) or f"address:{call.address}"
        path = hashlib.sha256(call.raw_path).hexdigest()
        self._key = Key(f"{who} {call.route.method} {path}", sent)
        self._context = {"scope": self._key.partition, "key": sent}
        self._table = call.shop.world.table
        self._keys = call.shop.world.keys
        self._now = int(call.shop.world.clock.now().timestamp())
        self._owner = call.shop.world.ids.new("run")
        self._fingerprint = _fingerprint(call)

    def begin(self) -> Reply | None:
        """Claim the key; return the earlier answer if there is one."""
        item = self._item("running")
        free = AnyOf(
            (
                NotExists(),
                AtMost("expires_at", self._now),  # expired, but not swept yet
                All((Equals("state", "running"), AtMost("lease_until", self._now))),
            )
        )
        try:
            self._table.transact([Put(schema.IDEMPOTENCY, item, free)])
        except ConditionFailedError as exc:
            return self._earlier(exc.items.get(0) or self._table.get(schema.IDEMPOTENCY, self._key))
        return None

    def keep(self, reply: Reply) -> None:
        """Store the answer, sealed: it may hold what is shown only once, such as a new key."""
        answer = _Answer(reply.status, reply.body, reply.etag, list(reply.headers), reply.content_type)
        sealed = self._keys.seal(zlib.compress(_encode(answer), 1), self._context)
        if len(sealed) > MAX_RECORD_BYTES:
            _log.warning("an answer is too large to be kept for its idempotency key", extra={"size_bytes": len(sealed)})
            self.forget()
            return
        self._replace(Put(schema.IDEMPOTENCY, self._item("done") | {"answer": sealed}, self._mine()))

    def forget(self) -> None:
        """Free the key."""
        self._replace(Delete(schema.IDEMPOTENCY, self._key, self._mine()))

    def _earlier(self, item: Item | None) -> Reply:
        if item is not None and item["fingerprint"] != self._fingerprint:
            raise HttpError(422, "idempotency_key_reused", "this Idempotency-Key was used for a different request")
        if item is None or item["state"] == "running":
            wait = max(1, cast("int", item["lease_until"]) - self._now) if item else 1
            raise HttpError(
                409,
                "idempotency_key_running",
                "a request with this Idempotency-Key is still running",
                headers=[(b"retry-after", str(min(wait, 5)).encode())],
            )
        answer = _decode(zlib.decompress(self._keys.unseal(cast("bytes", item["answer"]), self._context)))
        headers = (*answer.headers, (b"idempotent-replayed", b"true"))
        return Reply(answer.status, answer.body, answer.etag, tuple(headers), answer.content_type)

    def _item(self, state: str) -> Item:
        return {
            "scope": self._key.partition,
            "key": self._key.sort,
            "state": state,
            "fingerprint": self._fingerprint,
            "owner": self._owner,
            "lease_until": self._now + LEASE_SECONDS,
            "expires_at": self._now + int(KEPT.total_seconds()),
        }

    def _mine(self) -> Equals:
        return Equals("owner", self._owner)

    def _replace(self, write: Put | Delete) -> None:
        try:
            self._table.transact([write])
        except ConditionFailedError:
            _log.warning("an idempotency key was taken over while its request still ran")


def _fingerprint(call: Call) -> str:
    digest = hashlib.sha256(call.raw_query)
    for name in _PART_OF_REQUEST:
        digest.update(b"\n" + name + b":" + call.headers.get(name, b""))
    digest.update(b"\n\n" + (call.staged.sha256.encode() if call.staged is not None else call.body_bytes))
    # Keyed, because a body may hold a password, which a plain digest would give away to patient guessing.
    return call.shop.world.keys.sign("idempotency", digest.digest()).hex()
