"""Hash passwords with Argon2id, a few at a time, so that a flood of sign-ins leaves the shop its cores and memory."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type

from bodega.ports.passwords import PasswordsBusyError

# OWASP's minimum of memory (Password Storage Cheat Sheet) and twice its passes: 40 ms of a core where this was
# measured. The library's own default asks for several cores and took up to a second on two.
MEMORY_KIB = 19 * 1024
PASSES = 4
LANES = 1
_MOST_MEMORY_KIB = 128 * 1024
_MOST_PASSES = 10
_MOST_LANES = 8
_MAX_HASH_LENGTH = 300
WAITING = 8


class Argon2Passwords:
    """At most `running` hashes at once and `waiting` more in line, in each process."""

    def __init__(
        self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, running: int | None = None, waiting: int = WAITING
    ) -> None:
        """Take how many may run at once; half of the cores unless said, so that the shop goes on selling."""
        running = running or max(1, (os.cpu_count() or 1) // 2)
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES, type=Type.ID)
        self._places = threading.Semaphore(running + waiting)
        self._cores = threading.Semaphore(running)
        self._nobody = ""

    def hash(self, password: str) -> str:
        """Return the hash as a PHC string."""
        with self._turn():
            return self._hasher.hash(_bytes(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the one; what is no hash of ours, or none at all, fits no password."""
        with self._turn():
            if not self._nobody:
                self._nobody = self._hasher.hash(b"nobody has this account")
            try:
                return self._hasher.verify(stored or self._nobody, _bytes(password)) and bool(stored)
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False

    def takes(self, stored: str) -> bool:
        """Tell whether it is an Argon2id hash whose parameters are not those of an attack on our memory."""
        try:
            made_with = extract_parameters(stored) if len(stored) <= _MAX_HASH_LENGTH else None
        except InvalidHashError:
            return False
        return (
            made_with is not None
            and made_with.type is Type.ID
            and made_with.memory_cost <= _MOST_MEMORY_KIB
            and made_with.time_cost <= _MOST_PASSES
            and made_with.parallelism <= _MOST_LANES
        )

    def is_current(self, stored: str) -> bool:
        """Tell whether a hash was made with these parameters."""
        try:
            return not self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise PasswordsBusyError("too many people are signing in at once; try again in a moment")
        try:
            with self._cores:
                yield
        finally:
            self._places.release()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
