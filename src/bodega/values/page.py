"""A page of a list: its rows and the positions from which the neighbouring pages start."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

DEFAULT_LIMIT = 24
MAX_LIMIT = 250


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A place between two rows: start `after` (or, going back, before) the row with this key.

    Doors sign it into a cursor.
    """

    after: str
    backwards: bool = False


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Rows in list order; `next` and `prev` are None at the ends. An empty page has neither."""

    rows: Sequence[T]
    next: Position | None = None
    prev: Position | None = None
