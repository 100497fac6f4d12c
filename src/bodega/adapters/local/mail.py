"""Keep letters in a folder instead of sending them: for a laptop without a mail server, and for looking at them.

What stands in them is personal, so that they are sealed; `bodega mail` opens them.
"""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import msgspec

from bodega.adapters.system.files import appearing
from bodega.adapters.system.letters import composed
from bodega.errors import NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.keys import Keys
from bodega.ports.mail import Letter

KEPT = 500
"""So many letters are kept, the newest: this is a place to look at them, and no archive."""
_SUFFIX = ".letter"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,150}")


class KeptLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that lies in the folder."""

    id: str
    sent_at: str
    to: str
    subject: str
    text: str


class FolderMail:
    """Letters as sealed files. A letter that is sent again takes the place of the one before."""

    def __init__(self, folder: Path, *, sender: str, keys: Keys, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._keys = keys
        self._clock = clock

    def send(self, letter: Letter) -> None:
        """Seal the letter into a file and forget those that are too old."""
        message = composed(letter, sender=self._sender, at=self._clock.now())
        self._folder.mkdir(parents=True, exist_ok=True)
        name = _name_of(letter.id)
        with appearing(self._folder / name) as file:
            file.write(self._keys.seal(message.as_bytes(), _context(name)))
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def letters(self) -> list[KeptLetter]:
        """Return all letters, oldest first."""
        return [self._read(path) for path in self._files()]

    def get(self, letter_id: str) -> KeptLetter:
        """Return a letter; NotFoundError without it."""
        path = self._folder / _name_of(letter_id)
        if not path.is_file():
            raise NotFoundError("letter", letter_id[:80])
        return self._read(path)

    def _files(self) -> list[Path]:
        """Return the files in the order in which they came; those of one moment by name."""
        if not self._folder.is_dir():
            return []
        found = [(path.stat().st_mtime_ns, path) for path in self._folder.glob(f"*{_SUFFIX}")]
        return [path for _, path in sorted(found)]

    def _read(self, path: Path) -> KeptLetter:
        plain = self._keys.unseal(path.read_bytes(), _context(path.name))
        message = message_from_bytes(plain, policy=policy.default)
        return KeptLetter(
            id=path.name.removesuffix(_SUFFIX),
            sent_at=str(message["Date"]),
            to=str(message["To"]),
            subject=str(message["Subject"]),
            text=_text_of(message),
        )


def _name_of(letter_id: str) -> str:
    name = letter_id + _SUFFIX
    if not _NAME.fullmatch(name) or letter_id.startswith("."):
        raise NotFoundError("letter", letter_id[:80])
    return name


def _text_of(message: EmailMessage) -> str:
    return str(message.get_content())


def _context(name: str) -> dict[str, str]:
    return {"kind": "letter", "name": name}
