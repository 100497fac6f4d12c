"""Show how far long work is: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS = 2.0


class Shown:
    """Progress on standard error, so that standard output stays what was asked for."""

    def __init__(self, what: str, *, total: int | None = None, quiet: bool = False) -> None:
        self._what = what
        self._total = total
        self._quiet = quiet
        self._bar: Progress | None = None
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[more]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task(self._what, total=self._total, more="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def expect(self, total: int | None) -> None:
        """Correct how much there is, now that it is known."""
        self._total = total
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def tell(self, done: int, more: str = "") -> None:
        """Show that so much is done, and what else is worth knowing."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, more=more)
        elif not self._quiet and time.monotonic() - self._told_at >= _LINE_EVERY_SECONDS:
            self._told_at = time.monotonic()
            of = f" of about {self._total:,}" if self._total else ""
            print(f"{self._what}: {done:,}{of} {more}".rstrip(), file=sys.stderr, flush=True)
