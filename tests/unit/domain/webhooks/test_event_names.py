"""Whoever subscribes can choose among all that is announced, and nothing else."""

import ast
import re
from pathlib import Path

import bodega.domain
from bodega import schema

_NAME = re.compile(r"[a-z]+\.[a-z_]+")


def announced() -> set[str]:
    """Return the names of events: what modules that make events have as constants."""
    names = set()
    for path in Path(bodega.domain.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\bEvent\(", text):
            constants = [node.value for node in ast.parse(text).body if isinstance(node, ast.Assign)]
            names |= {one.value for one in constants if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {name for name in names if _NAME.fullmatch(name)}


def test_every_event_there_is_can_be_subscribed_to() -> None:
    assert set(schema.EVENTS) == announced()
    assert list(schema.EVENTS) == sorted(schema.EVENTS)
