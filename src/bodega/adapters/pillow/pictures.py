"""Answer the port of pictures with Pillow, where it is: a function that serves the shop has no room for it."""

import threading
import warnings
from collections.abc import Sequence
from types import ModuleType

from bodega.errors import UnavailableError
from bodega.ports.pictures import Picture, PictureKind


class PillowPictures:
    """Pictures by Pillow, which takes hundreds of megabytes for a large one: few are at it at once.

    Where Pillow is not installed every call is an UnavailableError: the function that has it makes pictures ready.
    """

    def __init__(self, *, at_once: int = 2) -> None:
        self._turns = threading.BoundedSemaphore(at_once)

    def remake(self, data: bytes, kind: PictureKind, *, longest_side: int) -> Picture:
        """Decode and encode anew; see the port."""
        with self._turns, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file: either it can be decoded, or it raises
            made: Picture = _pixels().remade(data, kind, longest_side=longest_side)
            return made

    def smaller(self, picture: Picture, *, widths: Sequence[int]) -> dict[int, Picture]:
        """Return it in smaller widths; see the port."""
        with self._turns:
            made: dict[int, Picture] = _pixels().smaller(picture, widths=widths)
            return made


def _pixels() -> ModuleType:
    """Return what works with Pillow, imported by who needs it: a fifth of a second that others need not spend."""
    try:
        from bodega.adapters.pillow import pixels  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError("this picture is not ready to be shown yet: try again in a moment") from error
    return pixels
