"""Print labels for packets, jars and bottles: a mark and a word."""

from collections.abc import Callable
from math import cos, pi, sin

from bodega.demo.pictures.paint import CREAM, Paint, box, dots, leaves, letters, line, shape, sprig

_Mark = Callable[[int, int, int, str], str]


def _sun(x: int, y: int, size: int, colour: str) -> str:
    rays = ((cos(a * pi / 4) * size, sin(a * pi / 4) * size) for a in range(8))
    outline = "".join(f"M{x + dx * 0.68:.0f} {y + dy * 0.68:.0f}L{x + dx:.0f} {y + dy:.0f}" for dx, dy in rays)
    return line(outline, colour, 4) + dots([(x, y)], round(size * 0.45), colour)


def _branch(x: int, y: int, size: int, colour: str) -> str:
    return sprig(x, y + size, size * 2, colour)


def _hills(x: int, y: int, size: int, colour: str) -> str:
    steps = ((0.7, -1.4), (0.4, 0.7), (0.3, -0.4), (0.6, 1.1))
    ridge = "".join(f"l{size * dx:.0f} {size * dy:.0f}" for dx, dy in steps)
    return shape(f"M{x - size} {y + size * 0.7:.0f}{ridge}z", colour)


def _waves(x: int, y: int, size: int, colour: str) -> str:
    wave = f"q{size // 2} -16 {size} 0t{size} 0"
    return line(f"M{x - size} {y - 6}{wave}M{x - size} {y + 12}{wave}", colour, 6)


def _star(x: int, y: int, size: int, colour: str) -> str:
    return leaves(((x, y, size, angle) for angle in range(-90, 270, 72)), colour)


_MARKS: tuple[_Mark, ...] = (_sun, _branch, _hills, _waves, _star)


def emblem(paint: Paint, x: int, y: int, size: int, colour: str) -> str:
    """Print a small mark, one of five."""
    return _MARKS[paint.turn(len(_MARKS), 3)](x, y, size, colour)


def label(paint: Paint, x: int, y: int, width: int, height: int, *, size: int = 22) -> str:
    """Stick on a paper label with a mark and the product's word."""
    middle = x + width // 2
    frame = box(x + 7, y + 7, width - 14, height - 14, "none", 4, f' stroke="{paint.base}" stroke-width="2"')
    return (
        box(x, y, width, height, CREAM, 6)
        + frame
        + emblem(paint, middle, y + height * 38 // 100, min(height // 5, 30), paint.deep)
        + letters(paint.label, middle, y + height * 84 // 100, size, paint.ink, most=max(6, width // (size // 2) - 1))
    )
