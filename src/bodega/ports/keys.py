"""Ask for secrets to be kept: sealing bytes with a context, and signing what leaves and comes back."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from bodega.errors import InvalidError


class UnsealError(InvalidError):
    """The bytes were not sealed here, were changed, or belong to another context or a destroyed key."""

    code = "unseal_failed"


class DataKey(msgspec.Struct, frozen=True):
    """A key of its own for one owner's data, wrapped: it opens only here, and only as this owner's.

    Nobody keeps it but the caller. Once every copy of `wrapped` is gone, what was sealed with it is gone as well,
    wherever copies of that lie: this is how somebody is erased from backups too.
    """

    owner: str
    wrapped: bytes


class Signing(Protocol):
    """Signatures under keys that never leave. Thread-safe; whoever opens the same shop has the same keys."""

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a 32-byte HMAC-SHA256 under a key of its own for each purpose; the same for the same arguments."""
        ...

    def verify(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Tell in constant time whether the signature is of this purpose and message."""
        ...


class Keys(Signing, Protocol):
    """Authenticated encryption and signatures under keys that never leave. Thread-safe.

    Everybody who opens the same shop has the same keys: what one process sealed or signed, another unseals or
    verifies.
    """

    def seal(self, plaintext: bytes, context: Mapping[str, str], *, data_key: DataKey | None = None) -> bytes:
        """Encrypt; the context (not secret) must be presented again to unseal. Two calls give different bytes.

        The order of the context's entries does not matter. It is not stored with the sealed bytes. With a data key
        nothing but that key opens it; UnsealError for a data key that was not made here for its owner.
        """
        ...

    def unseal(self, sealed: bytes, context: Mapping[str, str], *, data_key: DataKey | None = None) -> bytes:
        """Decrypt; UnsealError on any difference."""
        ...

    def make_data_key(self, owner: str) -> DataKey:
        """Return a new data key, different each time, for an owner whose id is not secret."""
        ...
