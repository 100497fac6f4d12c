"""Ask for pictures to be looked at, and made anew in sizes that pages show."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from bodega.errors import InvalidError

PictureKind: TypeAlias = Literal["png", "jpg", "gif", "webp"]
MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000


class UnreadablePictureError(InvalidError):
    """The bytes are no whole picture of the kind they are said to be, or one with too many pixels."""

    code = "unreadable_picture"


class Picture(msgspec.Struct, frozen=True):
    """A picture as it is shown: bytes of its own making, upright, with nothing in it but pixels."""

    data: bytes
    width: int
    height: int


class Pictures(Protocol):
    """Looks at pictures that strangers made. Thread-safe."""

    def remake(self, data: bytes, kind: PictureKind, *, longest_side: int) -> Picture:
        """Decode a picture wholly and encode it anew as the same kind, no larger than so many pixels on a side.

        What cameras and others wrote beside the pixels is gone: places, names, previews, bytes behind the end. An
        animation becomes its first frame. UnreadablePictureError, before much memory is taken, for more than MAX_PIXELS
        or MAX_SIDE.
        """
        ...

    def smaller(self, picture: Picture, *, widths: Sequence[int]) -> dict[int, Picture]:
        """Return a remade picture as WebP in each of these widths that is less than its own."""
        ...
