"""Find what an address names by id or by `slug:…`, and lead on who comes under a former slug."""

from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from bodega.api.reply import Reply

_BY_SLUG = "slug:"


class Slugged(Protocol):
    """What has an id that stays and a slug that may be renamed."""

    @property
    def id(self) -> str:
        """What it is always found by."""
        ...

    @property
    def slug(self) -> str:
        """What its address says at present."""
        ...


def id_or_move(
    name: str, find: Callable[[str], Slugged | None], *, path: str, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> str | Reply:
    """Return the id that a name in an address stands for ("" for an unknown slug), or the way to the present slug."""
    if not name.startswith(_BY_SLUG):
        return name
    slug = name.removeprefix(_BY_SLUG)
    found = find(slug)
    if found is not None and found.slug != slug:
        return moved(f"{path}/{_BY_SLUG}{quote(found.slug, safe='')}", *headers)
    return found.id if found is not None else ""


def moved(location: str, *headers: tuple[bytes, bytes]) -> Reply:
    """Return the way from a former name to the present one."""
    return Reply(301, b"", headers=((b"location", location.encode()), *headers))
