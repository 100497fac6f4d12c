"""Compose a picture: a motif in a scene, whole, in company or close up."""

import msgspec

from bodega.demo.chance import Chance
from bodega.demo.colours import mix
from bodega.demo.pictures import (
    animals,
    bottles,
    cloth,
    cookware,
    garden,
    lights,
    packs,
    paper,
    rooms,
    tableware,
    tools,
)
from bodega.demo.pictures.motif import MOTIFS, Motif
from bodega.demo.pictures.paint import DARK, LIGHT, Paint, box, faint, group, leaf, oval, shape

_SETS = (animals, bottles, cloth, cookware, garden, lights, packs, paper, rooms, tableware, tools)
"""Importing these registers their motifs."""

# Wall and table, calm and pale; the one furthest from the product's own colour is chosen among three.
_ROOMS = (
    ("#f4ece0", "#e5d5be"),
    ("#e6ede8", "#cfdbd2"),
    ("#f7e6dc", "#e8cdbd"),
    ("#e4ebf2", "#ccd8e4"),
    ("#f2efe4", "#dfd8c4"),
    ("#efe5ee", "#dccedb"),
    ("#f8f0d6", "#eadbb0"),
    ("#e0ebe9", "#c5d8d4"),
    ("#f6e9e6", "#e6ccc6"),
    ("#ece9e4", "#d6d0c6"),
)
_ROOM_FOR_TWO = 3200  # bytes, so that the picture with its room stays below 4 KB
WHOLE, COMPANY, CLOSE = range(3)
_VIEWS = ("", ", in company", ", close up")


class Drawing(msgspec.Struct, frozen=True):
    """What to draw: enough to make the same SVG again at any time."""

    file: str
    alt: str
    motif: str
    pigments: list[str]
    label: str
    hint: str
    look: int
    view: int

    def svg(self) -> str:
        """Draw it: a 600 x 600 SVG without scripts or references to anything outside itself."""
        motif = MOTIFS[self.motif]
        paint = self._paint(1)
        drawn = motif.draw(paint)
        wall, table = self._room()
        if self.view == COMPANY:
            inside, defs = self._company(motif, paint, drawn)
        elif self.view == CLOSE:
            x, y = ((-190, -260), (-300, -250), (-240, -330))[self.look % 3]
            inside = group(_shadow(motif) + drawn, f' transform="translate({x} {y}) scale(1.8)"')
            defs = paint.defs(drawn)
        else:
            inside, defs = _shadow(motif) + drawn, paint.defs(drawn)
        setting = _backdrop(motif, wall, table, self.look, self.view)
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" width="600" height="600"'
            ' stroke-linecap="round">'
            f"<defs>{defs}</defs>{setting}{inside}</svg>"
        )

    def _paint(self, number: int) -> Paint:
        first, second, third = (self.pigments * 3)[:3]
        if number == 2:  # noqa: PLR2004 - the companion wears the second colour
            first, second = second, first
        if second == first:
            second = mix(first, LIGHT, 0.55)
        if third == first:
            third = mix(first, DARK, 0.3)
        return Paint(first, second, third, look=self.look, number=number, label=self.label, hint=self.hint)

    def _room(self) -> tuple[str, str]:
        choices = [_ROOMS[(self.look // 7 + step * 3) % len(_ROOMS)] for step in range(3)]
        return max(choices, key=lambda room: _distance(room[0], self.pigments[0]))

    def _company(self, motif: Motif, paint: Paint, drawn: str) -> tuple[str, str]:
        """Put a second one, in another colour, behind the first."""
        other = self._paint(2)
        behind = motif.draw(other)
        if motif.standing:
            back = ' transform="translate(236 112) scale(.66)"'
            front = ' transform="translate(-22 150) scale(.74)"'
        else:
            back = ' transform="translate(206 10) rotate(12 200 200) scale(.62)"'
            front = ' transform="translate(6 172) rotate(-5 200 200) scale(.68)"'
        inside = group(_shadow(motif) + behind, back) + group(_shadow(motif) + drawn, front)
        defs = other.defs(behind) + paint.defs(drawn)
        if len(inside) + len(defs) <= _ROOM_FOR_TWO:
            return inside, defs
        # Too long when drawn twice: show the same one again, which costs next to nothing.
        twin = f'<use href="#o"{back}/>' + group(f'<g id="o">{_shadow(motif)}{drawn}</g>', front)
        return twin, paint.defs(drawn)


def draw_plan(
    name: str, motif: str, *, title: str, pigments: list[str], label: str, hint: str, number: int, chance: Chance
) -> list[Drawing]:
    """Plan the two or three pictures of a product; `number` names a folder of a thousand, so that none grows huge."""
    look = chance.whole(0, 2**18 - 1)
    views = [WHOLE, COMPANY, CLOSE][: chance.whole(2, 3)]
    folder = f"demo/{number // 1000:03d}"
    return [
        Drawing(f"{folder}/{name}-{view + 1}.svg", title + _VIEWS[view], motif, pigments[:3], label, hint, look, view)
        for view in views
    ]


def _shadow(motif: Motif) -> str:
    return oval(300, 470, 176, 20, DARK, faint(0.14)) if motif.standing else ""


def _backdrop(motif: Motif, wall: str, table: str, look: int, view: int) -> str:
    """Paint the room: wall, table, and one quiet shape of light behind the product."""
    pale, warm = mix(wall, LIGHT, 0.6), mix(table, wall, 0.45)
    if not motif.standing:
        light = shape("M-40 420L320 -40h120L-40 600zM60 640L560 -40h60v90L180 640z", "#fff", faint(0.3))
        return box(0, 0, 600, 600, wall) + light
    floor = 384 if view == COMPANY else 436
    way = look // 11 % 4
    back = (
        oval(300, 280, 218, 218, pale),
        shape(f"M120 {floor}V270a180 180 0 0 1 360 0V{floor}z", pale),
        shape(
            "M60 60h150v170h-150zM230 60h150v170h-150zM60 250h150v150h-150zM230 250h150v150h-150z",
            "#fff",
            ' opacity=".35" transform="skewX(-12) translate(90 0)"',
        ),
        oval(430, 170, 120, 120, warm)
        + leaf(40, 420, 240, -70, mix(wall, "#6d8a62", 0.28))
        + leaf(40, 420, 200, -42, mix(wall, "#6d8a62", 0.2)),
    )[way]
    return (
        box(0, 0, 600, 600, wall)
        + back
        + box(0, floor, 600, 600 - floor, table)
        + box(0, floor, 600, 5, "#fff", more=faint(0.35))
    )


def _distance(one: str, other: str) -> int:
    return sum(abs(int(one[at : at + 2], 16) - int(other[at : at + 2], 16)) for at in (1, 3, 5))
