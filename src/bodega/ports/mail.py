"""Ask for letters to be brought to people."""

from typing import Protocol

import msgspec

from bodega.errors import InvalidError

MAX_TEXT_LENGTH = 100_000


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter of plain text. `id` is the same whenever this letter is sent again, so that its reader can tell."""

    id: str
    to: str
    subject: str
    text: str


class UndeliverableError(InvalidError):
    """Nobody will ever take this letter: its address is wrong, or somebody said no for good."""

    code = "undeliverable"


class Mail(Protocol):
    """Takes letters on. Thread-safe."""

    def send(self, letter: Letter) -> None:
        """Hand a letter over to who will bring it, before returning; what becomes of it then nobody promises.

        UnavailableError if nobody takes it now: send it again later. UndeliverableError if nobody ever will. Sending a
        letter again may bring it twice.
        """
        ...
