"""Let staff see the work that failed too often, and have it tried again."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega import schema
from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, encode
from bodega.errors import Fault, InvalidError, NotFoundError
from bodega.values.page import MAX_LIMIT

PATH = "/v1/admin/dead-letters"
POLICY = Scope("admin")
_QUEUES = tuple(spec.name for spec in schema.QUEUES)


class DeadLetterQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of the list: which queue's dead letters, all of them unless said, and how many of each."""

    queue: Annotated[str, Meta(max_length=80)] = msgspec.field(default="", name="filter[queue]")
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = 100


class DeadLetterView(msgspec.Struct, frozen=True):
    """A message that failed too often, and the last reason; `body` as text, for people to read."""

    queue: str
    id: str
    attempts: int
    reason: str
    body: str


class DeadLetterList(msgspec.Struct, frozen=True):
    """The oldest dead letters of each queue: drive or mend them, and the next ones are seen."""

    data: list[DeadLetterView]


def list_letters(call: Call) -> Reply:
    """Answer dead letters."""
    wanted = call.query.queue
    if wanted and wanted not in _QUEUES:
        detail = f"there is no queue {wanted!r}; there are {', '.join(_QUEUES)}"
        raise InvalidError(detail, [Fault("/filter[queue]", "unknown_queue", detail)])
    letters = [
        DeadLetterView(name, one.id, one.attempts, one.reason, one.body.decode("utf-8", "replace"))
        for name in ((wanted,) if wanted else _QUEUES)
        for one in call.shop.world.queue.dead_letters(name, limit=call.query.limit)
    ]
    return Reply(body=encode(DeadLetterList(letters)))


def redrive(call: Call) -> Reply:
    """Put a dead letter back into its queue."""
    queue, letter = call.params["queue"], call.params["letter"]
    if queue not in _QUEUES or not call.shop.world.queue.redrive(queue, letter):
        raise NotFoundError("dead letter", letter[:80])
    return Reply(204)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.dead_letters.list",
        summary="List work that failed too often",
        policy=POLICY,
        handler=list_letters,
        query=DeadLetterQuery,
        replies={200: DeadLetterList},
    ),
    Route(
        method="POST",
        path=PATH + "/{queue}/{letter}:redrive",
        name="admin.dead_letters.redrive",
        summary="Try failed work again",
        policy=POLICY,
        handler=redrive,
        replies={204: None},
        threaded=True,
    ),
)
