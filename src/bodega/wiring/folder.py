"""A shop's data folder: whose it is, of which format, and whose turn it is to work on it."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bodega.adapters.system.file_lock import file_lock
from bodega.adapters.system.files import DurableFolders, sync_file, sync_folder
from bodega.errors import UnavailableError
from bodega.settings import Settings

MARKER = "bodega.json"


class ForeignFolderError(UnavailableError):
    """The data folder holds something that is not a shop; it was left alone."""

    code = "foreign_folder"


def claim_folder(folder: Path, *, currency: str) -> None:
    """Make the folder a shop's, or check that it is one of this format and currency.

    Raises ForeignFolderError or UnavailableError; nothing is written into a folder that is not ours.
    """
    try:
        DurableFolders(folder)
        marker = folder / MARKER
        if not marker.exists():
            strangers = any(not entry.name.startswith(_DRAFT) for entry in folder.iterdir())
            if strangers and not marker.exists():  # unless another process made it a shop meanwhile
                raise ForeignFolderError(
                    f"{folder} is not empty and not a shop: name an empty or new folder with --data"
                )
            _write_marker(marker, _Marker(format=_FORMAT, currency=currency))
        found = msgspec.json.decode(marker.read_bytes(), type=_Marker)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "its marker file is damaged"
        raise UnavailableError(
            f"{folder} cannot be used as data folder ({reason}): name a writable one with --data"
        ) from exc
    if found.format != _FORMAT:
        raise ForeignFolderError(
            f"{folder} was written by another version of Bodega (format {found.format}): use that, or another folder"
        )
    if found.currency != currency:
        raise ForeignFolderError(
            f"the shop in {folder} sells in {found.currency}, not {currency}: set BODEGA_CURRENCY={found.currency}"
        )


@contextlib.contextmanager
def worker_turn(settings: Settings, stop: threading.Event) -> Iterator[bool]:
    """Wait until no other worker works on the data folder; False if told to stop while waiting.

    The lock dies with the process that holds it, so that a killed worker leaves the way free.
    """
    claim_folder(settings.data_dir, currency=settings.currency)
    with contextlib.ExitStack() as held:
        mine = False
        while not mine:
            try:
                held.enter_context(file_lock(settings.data_dir / "worker.lock", wait_seconds=0))
                mine = True
            except UnavailableError:
                if stop.wait(_TURN_SECONDS):
                    break
        yield mine


class _Marker(msgspec.Struct):
    format: int
    currency: str


_FORMAT = 2  # 1 had list entries for each order, where there is an index now
_DRAFT = f".{MARKER}."
_TURN_SECONDS = 1.0


def _write_marker(marker: Path, contents: _Marker) -> None:
    """Write the marker unless there is one, so that of two processes starting at once neither sees half of it.

    It is on the disk before anything else is: without it the folder would be taken for somebody else's.
    """
    draft = marker.with_name(f"{_DRAFT}{os.getpid()}.{threading.get_ident()}")
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(contents))
        sync_file(file)
    try:
        os.link(draft, marker)
    except FileExistsError:
        pass  # the other process was first; its marker is what counts
    except OSError:
        draft.replace(marker)  # a file system without links
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(marker.parent)
