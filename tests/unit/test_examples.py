"""The examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

import bodega

ROOMS = Path(bodega.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOMS.parent).with_suffix("").parts)
    for path in ROOMS.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_give_what_they_say(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))

    assert found.attempted > 0
    assert found.failed == 0
