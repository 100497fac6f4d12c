"""The painter's box: shades of a colour, gradients made on demand, and the few shapes everything is made of."""

import re
from collections.abc import Iterable
from math import cos, radians, sin

from bodega.demo.colours import mix

DARK, LIGHT = "#2a2333", "#fffdf7"
CREAM = "#f7f0e2"
COFFEE = "#5b3c2b"
GREENS = ("#5f7f52", "#7c9a66", "#48684a")

SHINE = ' opacity=".35"'

_FIRST_FAR_EASTERN = "\u2e80"
_SHRINKABLE = 1.5
_USED = re.compile(r"url\(#([a-z])\d")


class Paint:
    """Colours for one object; gradients are named by a letter and the object's number, and defined only when used.

    `url("b")` is the body in the main colour, "a" in the second colour, "w" wood, "m" steel, "g" brass, "k" kraft
    paper, "c" cream clay, "v" the main colour lit from above.
    """

    def __init__(
        self, base: str, accent: str, third: str, *, look: int, number: int, label: str = "", hint: str = ""
    ) -> None:
        self.base, self.accent, self.third = base, accent, third
        self.deep = mix(base, DARK, 0.34)
        self.dusk = mix(base, DARK, 0.16)
        self.pale = mix(base, LIGHT, 0.4)
        self.tint = mix(base, LIGHT, 0.72)
        self.ink = mix(base, DARK, 0.62)
        self.label, self.hint = label, hint
        self._look, self._number, self._clips = look, number, 0

    def turn(self, ways: int, digit: int = 0) -> int:
        """Choose among `ways`, the same for the same object; another `digit` is another choice."""
        return (self._look >> (3 * digit)) % ways

    def url(self, letter: str) -> str:
        """Name a gradient as a fill."""
        return f"url(#{letter}{self._number})"

    @property
    def body(self) -> str:
        """Fill with the main colour, lit from the left."""
        return self.url("b")

    def clipped(self, outline: str, inside: str) -> str:
        """Show `inside` only within the path `outline`."""
        if not inside:
            return ""
        self._clips += 1
        name = f"p{self._number}{self._clips}"
        return f'<clipPath id="{name}"><path d="{outline}"/></clipPath><g clip-path="url(#{name})">{inside}</g>'

    def defs(self, drawn: str) -> str:
        """Define the gradients that `drawn` uses."""
        return "".join(self._gradient(letter) for letter in sorted(set(_USED.findall(drawn))) if letter in _STOPS)

    def _gradient(self, letter: str) -> str:
        colours = {"b": self.base, "a": self.accent, "v": self.base}
        colour = colours.get(letter, _STOPS[letter])
        stops = (mix(colour, LIGHT, 0.2), colour, mix(colour, DARK, 0.2))
        down = ' x2="0" y2="1"' if letter == "v" else ""
        middle = ".4" if letter != "m" else ".55"
        named = f'<linearGradient id="{letter}{self._number}"{down}><stop stop-color="{stops[0]}"/>'
        later = f'<stop offset="{middle}" stop-color="{stops[1]}"/><stop offset="1" stop-color="{stops[2]}"/>'
        return f"{named}{later}</linearGradient>"


_STOPS = {"b": "", "a": "", "v": "", "w": "#cd9f6c", "m": "#bcc3c8", "g": "#cda452", "k": "#d3b08a", "c": "#efe6d6"}


def box(x: float, y: float, width: float, height: float, fill: str, rx: float = 0, more: str = "") -> str:
    """Draw a rectangle, with rounded corners if asked."""
    rounded = f' rx="{rx}"' if rx else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{rounded} fill="{fill}"{more}/>'


def oval(cx: float, cy: float, rx: float, ry: float, fill: str, more: str = "") -> str:
    """Draw an ellipse, or a circle when both radii agree."""
    if rx == ry:
        return f'<circle cx="{cx}" cy="{cy}" r="{rx}" fill="{fill}"{more}/>'
    return f'<ellipse cx="{cx}" cy="{cy}" rx="{rx}" ry="{ry}" fill="{fill}"{more}/>'


def shape(outline: str, fill: str, more: str = "") -> str:
    """Fill a path."""
    return f'<path d="{outline}" fill="{fill}"{more}/>'


def line(outline: str, colour: str, width: float, more: str = "") -> str:
    """Stroke a path; the picture as a whole says that ends are round."""
    return f'<path d="{outline}" fill="none" stroke="{colour}" stroke-width="{width:g}"{more}/>'


def faint(opacity: float) -> str:
    """Make a shape see-through."""
    return f' opacity="{opacity:g}"'.replace("0.", ".")


def spun(degrees: float, cx: float, cy: float) -> str:
    """Turn a shape about a point."""
    return f' transform="rotate({degrees:g} {cx:g} {cy:g})"'


def group(inside: str, more: str) -> str:
    """Wrap shapes to turn, move or fade them together."""
    return f"<g{more}>{inside}</g>"


def letters(text: str, x: float, y: float, size: float, colour: str, *, most: int = 16, more: str = "") -> str:
    """Write a word or two, centred, in the serif face of whoever looks, smaller if it is long.

    Words in a script that a machine may have no face for stay in the title, unless there are no others.
    """
    plain = " ".join(word for word in text.partition(" '")[0].split() if word[0] < _FIRST_FAR_EASTERN)
    shown = plain or text
    if len(shown) > most * _SHRINKABLE:
        shown = shown[: int(most * _SHRINKABLE)].rsplit(" ", 1)[0].strip(" &,")
    fitting = round(size * min(1.0, most / len(shown)))
    safe = shown.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<text x="{x}" y="{y}" font-family="Georgia,serif" font-size="{fitting}" text-anchor="middle"'
        f' fill="{colour}"{more}>{safe}</text>'
    )


def leaf_outline(x: float, y: float, length: float, degrees: float) -> str:
    """Outline a leaf that starts at a point and grows `length` in a direction (0 is right, -90 up)."""
    along_x, along_y = length * cos(radians(degrees)), length * sin(radians(degrees))
    bow_x, bow_y = -along_y * 0.3, along_x * 0.3
    there = f"{along_x / 2 + bow_x:.0f} {along_y / 2 + bow_y:.0f} {along_x:.0f} {along_y:.0f}"
    back = f"{-along_x / 2 - bow_x:.0f} {-along_y / 2 - bow_y:.0f} {-along_x:.0f} {-along_y:.0f}"
    return f"M{x:.0f} {y:.0f}q{there}q{back}z"


def leaf(x: float, y: float, length: float, degrees: float, colour: str) -> str:
    """Draw one leaf."""
    return shape(leaf_outline(x, y, length, degrees), colour)


def leaves(places: Iterable[tuple[float, float, float, float]], colour: str) -> str:
    """Draw leaves of one colour as one path, which is what keeps the files small."""
    return shape("".join(leaf_outline(*place) for place in places), colour)


def dots(places: Iterable[tuple[float, float]], radius: float, colour: str, more: str = "") -> str:
    """Draw discs of one colour and size as one path: strokes of no length with round ends."""
    return line("".join(f"M{x:g} {y:g}h.01" for x, y in places), colour, radius * 2, more)


def sprigs(places: Iterable[tuple[float, float, float, float]], colour: str) -> str:
    """Draw stems with five leaves each: upwards from a point, so high, leaning so far."""
    stems, outlines = "", []
    for x, y, height, lean in places:
        size = height * 0.24
        stems += f"M{x:.0f} {y:.0f}q{lean / 2:.0f} {-height / 2:.0f} {lean:.0f} {-height:.0f}"
        outlines.append((x + lean, y - height, size, -90 + lean / 4))
        for step in range(1, 5):
            share = step / 4.6
            turn = -150 if step % 2 else -30
            outlines.append((x + lean * share * share, y - height * share, size, turn))
    return line(stems, colour, 4) + leaves(outlines, colour)


def sprig(x: float, y: float, height: float, colour: str, lean: float = 0) -> str:
    """Draw one stem with five leaves."""
    return sprigs([(x, y, height, lean)], colour)
