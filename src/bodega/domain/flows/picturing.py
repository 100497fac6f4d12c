"""Make uploaded pictures fit to be shown: looked at, encoded anew, and in the sizes that pages ask for."""

from typing import cast, get_args

import msgspec

from bodega import schema
from bodega.errors import NotFoundError
from bodega.ports.objects import ObjectStore
from bodega.ports.pictures import PictureKind, Pictures, UnreadablePictureError
from bodega.values.decode import decode_json

WIDTHS = (320, 640, 1280)
"""Widths in which a picture is there as WebP beside its own, if that is larger: of a card, a phone, a page."""
LONGEST_SIDE = 2560
_KINDS = frozenset(get_args(PictureKind))


class Ready(msgspec.Struct, frozen=True):
    """A picture that can be shown, and the smaller widths it is there in, ascending."""

    width: int
    height: int
    widths: list[int]


class Picturing:
    """Pictures by their keys, `<product>/<picture>.<kind>`: below `uploads/` as they came, below `media/` as shown."""

    def __init__(self, *, objects: ObjectStore, pictures: Pictures) -> None:
        self._objects = objects
        self._pictures = pictures

    def make_ready(self, key: str) -> Ready:
        """Make an uploaded picture ready to be shown; doing it again changes nothing.

        NotFoundError if it was not uploaded, UnreadablePictureError for what is no picture of its kind; then nothing of
        it can be seen.
        """
        ready = self._ready(key)
        if ready is not None:
            return ready
        kind = key.rpartition(".")[2]
        if kind not in _KINDS:
            raise UnreadablePictureError("pictures are PNG, JPEG, GIF or WebP")
        data = self._objects.get(schema.UPLOADS + key)
        picture = self._pictures.remake(data, cast("PictureKind", kind), longest_side=LONGEST_SIDE)
        smaller = self._pictures.smaller(picture, widths=WIDTHS)
        for width, one in smaller.items():
            self._objects.put(schema.MEDIA + sized(key, width), one.data)
        self._objects.put(schema.MEDIA + key, picture.data)
        ready = Ready(picture.width, picture.height, sorted(smaller))
        self._objects.put(_note_of(key), msgspec.json.encode(ready))  # last: it says that all the others are there
        return ready

    def forget_upload(self, key: str) -> None:
        """Delete a picture as it came, when it is ready and belongs to its product."""
        self._objects.delete(schema.UPLOADS + key)

    def discard(self, key: str) -> None:
        """Delete a picture that was made ready and that no product shows."""
        ready = self._ready(key)
        self._objects.delete(_note_of(key))
        for one in (key, *(sized(key, width) for width in (ready.widths if ready is not None else ()))):
            self._objects.delete(schema.MEDIA + one)

    def _ready(self, key: str) -> Ready | None:
        try:
            return decode_json(self._objects.get(_note_of(key)), Ready)
        except NotFoundError:
            return None


def sized(key: str, width: int) -> str:
    """Return the key of a picture in another width.

    >>> sized("prod_1/med_2.png", 320)
    'prod_1/med_2-320.webp'
    """
    return f"{key.rpartition('.')[0]}-{width}.webp"


def _note_of(key: str) -> str:
    return f"{schema.MEDIA}{key.rpartition('.')[0]}.json"
