"""Decorate surfaces: glazes and prints for hard things, weaves for cloth."""

from collections.abc import Callable

from bodega.demo.pictures.paint import CREAM, Paint, box, faint, leaves, line, sprigs

_Decorate = Callable[[Paint, int, int, int, int], str]


def _bare(_paint: Paint, _x: int, _y: int, _width: int, _height: int) -> str:
    return ""


def _bands(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    top = round(y + height * 0.3)
    return box(x, top, width, 10, paint.tint) + box(x, top + 20, width, 26, paint.tint)


def _dipped(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    return box(x, round(y + height * 0.55), width, height, paint.accent, more=faint(0.85))


def _dotted(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    rows = (f"M{x + 18 + row % 2 * 22} {y + 22 + row * 40}h{width}" for row in range(height // 40 + 1))
    return line("".join(rows), paint.tint, 13, ' stroke-dasharray="0 44"')


def _speckled(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    rows = (f"M{x + row * 37 % 50} {y + 14 + row * 27}h{width}" for row in range(height // 27 + 1))
    return line("".join(rows), paint.ink, 4, ' stroke-dasharray="0 31 0 53 0 19 0 44" opacity=".45"')


def _striped(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    stripes = (f"M{x + 16 + 34 * number} {y}v{height}" for number in range(width // 34 + 1))
    return line("".join(stripes), paint.tint, 8, faint(0.8))


def _waved(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    wave = "q20 -22 40 0" + "t40 0" * (width // 40 + 1)
    return line("".join(f"M{x - 20} {down}{wave}" for down in range(y + 30, y + height + 30, 46)), paint.tint, 6)


def _leafy(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    middle = x + width // 2
    return sprigs(((middle + step, y + height - 14, height * 0.66, step / 5) for step in (-58, 0, 58)), paint.tint)


_GLAZES: tuple[_Decorate, ...] = (_bare, _bands, _dipped, _dotted, _speckled, _striped, _waved, _leafy)


def pattern(paint: Paint, x: int, y: int, width: int, height: int, *, digit: int = 1) -> str:
    """Decorate an area of something hard, one way in eight."""
    return _GLAZES[paint.turn(len(_GLAZES), digit)](paint, x, y, width, height)


def _ribbons(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    wide, thin = (
        line("".join(f"M{x} {down}h{width}" for down in range(y + first, y + height, 74)), paint.accent, thick)
        for first, thick in ((36, 14), (52, 5))
    )
    return wide + thin


def _checks(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    across = "".join(f"M{x} {down}h{width}" for down in range(y + 30, y + height, 52))
    along = "".join(f"M{right} {y}v{height}" for right in range(x + 30, x + width, 52))
    return line(across, paint.tint, 20, faint(0.5)) + line(along, paint.tint, 20, faint(0.5))


def _border(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    bands = line(f"M{x} {y + 30}h{width}M{x} {y + height - 54}h{width}", CREAM, 12, faint(0.8))
    return bands + box(x, y + height - 40, width, 26, paint.accent)


def _printed(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    places = (
        (x + 30 + row % 2 * 36 + column * 72, y + 44 + row * 70, 46, -60 if (row + column) % 2 else -120)
        for row in range(height // 70)
        for column in range(width // 72)
    )
    return leaves(places, paint.tint)


def _herringbone(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    zigzag = "l18 -16l18 16" * (width // 36 + 1)
    rows = (f"M{x} {down}{zigzag}" for down in range(y + 20, y + height + 20, 32))
    return line("".join(rows), paint.pale, 5, faint(0.7))


def _stitched(_paint: Paint, x: int, y: int, width: int, height: int) -> str:
    seam = f"M{x + 14} {y + 14}h{width - 28}v{height - 28}h{28 - width}z"
    return line(seam, CREAM, 3, ' stroke-dasharray="12 9" opacity=".8"')


_WEAVES: tuple[_Decorate, ...] = (_ribbons, _checks, _border, _printed, _herringbone, _stitched)


def weave(paint: Paint, x: int, y: int, width: int, height: int) -> str:
    """Decorate an area of cloth, one way in six."""
    return _WEAVES[paint.turn(len(_WEAVES), 2)](paint, x, y, width, height)
