"""Ask for secrets to be kept: sealing bytes with a context, and signing what leaves and comes back."""

from collections.abc import Mapping
from typing import Protocol

from bodega.errors import InvalidError


class UnsealError(InvalidError):
    """The bytes were not sealed here, were changed, or belong to another context or a destroyed key."""

    code = "unseal_failed"


class Keys(Protocol):
    """Authenticated encryption and signatures under keys that never leave. Thread-safe."""

    def seal(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt; the context (not secret) must be presented again to unseal. Two calls give different bytes."""
        ...

    def unseal(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Decrypt; UnsealError on any difference."""
        ...

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a 32-byte HMAC-SHA256 under a key of its own for each purpose."""
        ...

    def verify(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Tell in constant time whether the signature is of this purpose and message."""
        ...
