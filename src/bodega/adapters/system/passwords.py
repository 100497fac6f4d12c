"""Hash passwords with Argon2id, a few at a time, so that a flood of sign-ins leaves the shop its cores and memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type

from bodega.ports.passwords import PasswordsBusyError

# OWASP's minimum (Password Storage Cheat Sheet), about 50 ms of a core; the library's own default took up to a second.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
RUNNING = 2
WAITING = 8


class Argon2Passwords:
    """At most `running` hashes at once and `waiting` more in line, in each process."""

    def __init__(
        self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, running: int = RUNNING, waiting: int = WAITING
    ) -> None:
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
                return self._hasher.verify(stored or self._nobody, _bytes(password)) and stored is not None
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False

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
