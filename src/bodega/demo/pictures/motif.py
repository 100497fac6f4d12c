"""Keep the register of motifs: each draws one thing, standing on a table or lying on it."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from bodega.demo.pictures.paint import Paint

Draw: TypeAlias = Callable[[Paint], str]


class Motif(NamedTuple):
    """How to draw a thing in a 600 x 600 field: standing, with its foot at y = 470, or lying, centred."""

    draw: Draw
    standing: bool


MOTIFS: dict[str, Motif] = {}


def stands(*names: str) -> Callable[[Draw], Draw]:
    """Register a drawing of something that stands on a table."""
    return _register(names, standing=True)


def lies(*names: str) -> Callable[[Draw], Draw]:
    """Register a drawing of something seen from above, or hanging on a wall."""
    return _register(names, standing=False)


def _register(names: tuple[str, ...], *, standing: bool) -> Callable[[Draw], Draw]:
    def keep(draw: Draw) -> Draw:
        for name in names:
            MOTIFS[name] = Motif(draw, standing)
        return draw

    return keep
