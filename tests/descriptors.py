"""Fail the test at whose end this process holds far too many open files, and name those that opened them.

What is left open is missed elsewhere and later: select() knows no descriptor beyond the 1,024th, and by the time
somebody needs one more it is another test that fails, or waits for ever.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

MOST = 500  # a test of two hundred connections that stay open has room; without it there are less than 150
FOLDER = Path("/proc/self/fd")


def open_files() -> list[str]:
    """Return what this process has open, as Linux tells it; nothing elsewhere."""
    found = []
    for descriptor in FOLDER.iterdir() if FOLDER.is_dir() else ():
        with contextlib.suppress(OSError):  # it may be closed by now
            found.append(str(descriptor.readlink()))
    return found


def _count() -> int:
    return len(os.listdir(FOLDER)) if FOLDER.is_dir() else 0  # noqa: PTH208 - after each of thousands of tests


class Watch:
    """Notes by how many each test left more open than there were, and speaks up once there are too many."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._open = _count()
        self._left: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        result = yield
        before, self._open = self._open, _count()
        self._left[item.nodeid] += self._open - before
        if self._open > self._most:
            self._most = 2 * self._open  # those that follow are not to blame
            pytest.fail(self._told(open_files()), pytrace=False)
        return result

    def _told(self, files: list[str]) -> str:
        kinds = Counter(Path(name).name.removesuffix(" (deleted)").partition(":")[0] for name in files)
        tests = [f"{count:5} by {nodeid}" for nodeid, count in self._left.most_common(10)]
        names = [f"{count:5} of {name}" for name, count in kinds.most_common(10)]
        return "\n".join([f"{len(files)} files are open in this process:", *names, "left by, most first:", *tests])


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(), "watch-of-descriptors")
