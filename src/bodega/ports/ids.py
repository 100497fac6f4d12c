"""Ask for new names and secrets that nobody has."""

from typing import Protocol

MIN_SECRET_BYTES = 16
"""Under 128 bits a secret is not one."""


class Ids(Protocol):
    """Source of ids and secrets. Thread-safe."""

    def new(self, prefix: str) -> str:
        """Return e.g. `prod_01JD…`: the prefix, `_`, and 26 characters of Crockford base 32 (a ULID).

        Ids of one process ascend strictly, even if the clock steps back; ids of different processes never
        collide, forked ones included. An id tells when it was made and is no secret.
        """
        ...

    def secret(self, *, size_bytes: int = 32) -> str:
        """Return unguessable URL-safe text with that much entropy; InvalidError under 16 bytes."""
        ...
