"""Draw things for desks and playrooms: books, pens, cards, ribbon, blocks."""

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import (
    CREAM,
    GREENS,
    SHINE,
    Paint,
    box,
    dots,
    faint,
    group,
    leaf,
    leaves,
    letters,
    line,
    oval,
    shape,
    sprig,
    spun,
)
from bodega.demo.pictures.patterns import pattern


@lies("notebook")
def notebook(p: Paint) -> str:
    """A cloth-bound book with a band and a pencil."""
    outline = "M160 90h270q20 0 20 20v380q0 20 -20 20h-270z"
    pencil = (
        box(486, 150, 20, 300, "#e3b04f") + shape("M486 150l10 -34l10 34z", "#f2dcb4") + box(486, 450, 20, 24, p.accent)
        if p.turn(2, 2)
        else ""
    )
    return (
        group(
            box(170, 104, 292, 420, "#000", 14, faint(0.12))
            + box(166, 100, 286, 412, "#f4ecd9", 12)
            + shape(outline, p.body)
            + p.clipped(outline, pattern(p, 190, 100, 262, 410))
            + box(160, 90, 32, 420, p.dusk, 4)
            + box(404, 90, 13, 420, p.accent)
            + shape("M300 510v50l-10 -12l-10 12v-50z", p.accent)
            + (box(236, 176, 126, 74, CREAM, 6) + line("M256 206h86M256 224h56", p.base, 5) if p.turn(2, 3) else ""),
            spun(-5, 300, 300),
        )
        + pencil
    )


@lies("planner")
def planner(p: Paint) -> str:
    """A spiral planner with a week on it."""
    cells = shape("".join(f"M{164 + c * 70} {220 + r * 66}h60v56h-60z" for r in range(4) for c in range(4)), p.tint)
    rings = line("".join(f"M{x} 112v-30" for x in range(170, 450, 32)), "#8d969c", 7)
    marks = (
        oval(264, 314, 18, 18, "none", f' stroke="{p.accent}" stroke-width="6"')
        + line("M314 380l12 14l22 -28", p.accent, 7)
        + leaf(396, 450, 40, -50, GREENS[1])
    )
    return group(
        box(140, 108, 336, 430, "#000", 10, faint(0.12))
        + box(130, 96, 336, 430, "#fffaf0", 10)
        + box(130, 96, 336, 96, p.body, 10)
        + letters("MON TUE WED THU", 298, 158, 24, "#fff", most=30)
        + cells
        + marks
        + rings,
        spun(4, 300, 300),
    )


@lies("pen")
def pen(p: Paint) -> str:
    """A pen across a written line."""
    ink = line("M96 452q40 -60 60 -10t50 -10t46 4t50 -18t60 -8", p.base, 7)
    body = (
        box(150, 276, 210, 44, p.body, 8)
        + box(352, 272, 150, 52, p.dusk, 20)
        + box(352, 272, 14, 52, "#cda452")
        + shape("M150 278l-46 14l-24 8l24 6l46 14z", p.url("g"))
        + line("M82 299h50", "#6b5420", 3)
        + box(400, 258, 92, 10, "#cda452", 5)
        + line("M176 288h160", "#fff", 7, SHINE)
    )
    return (
        box(84, 120, 420, 400, "#fffaf0", 6)
        + line("M84 240h420M84 300h420M84 360h420M84 420h420M84 480h420", "#dfe3e6", 3)
        + ink
        + group(group(body, ' opacity=".12" transform="translate(10 16)"') + body, spun(-32, 300, 300))
    )


@lies("pencil")
def pencil(p: Paint) -> str:
    """A fan of pencils."""
    colours = (p.base, p.accent, p.third, "#d9a63a", p.deep)
    return "".join(
        group(
            box(284, 150, 32, 330, c, 3)
            + box(295, 150, 10, 330, "#fff", more=faint(0.22))
            + shape("M284 152l16 -60l16 60q-8 -10 -16 0q-8 -10 -16 0z", "#f0d9b0")
            + shape("M294 114l6 -22l6 22z", c)
            + box(284, 470, 32, 16, "#cda452")
            + box(284, 484, 32, 28, "#e9a6a0", 6),
            spun((n - 2) * 15, 300, 620),
        )
        for n, c in enumerate(colours)
    )


@lies("card")
def card(p: Paint) -> str:
    """A card and its envelope."""
    art = (
        "".join(
            sprig(300 + x, 420, 170 - abs(x), (p.base, GREENS[1], p.accent)[n], x / 2)
            for n, x in enumerate((0, -50, 50))
        ),
        oval(300, 250, 60, 60, p.accent)
        + shape("M206 400q50 -90 94 -30t94 -20v90h-188z", p.base)
        + shape("M206 430q60 -40 94 -10t94 0v30h-188z", p.deep),
        box(238, 330, 124, 76, p.base, 8)
        + box(238, 316, 124, 26, CREAM, 12)
        + line("M270 314v-50M300 314v-60M330 314v-50", p.accent, 9)
        + "".join(oval(x, 250, 7, 11, "#f0a93b") for x in (270, 300, 330)),
        shape("M300 400l-84 -90q-20 -70 40 -70q34 4 44 40q10 -36 44 -40q60 0 40 70z", p.base),
    )[p.turn(4)]
    envelope = (
        box(120, 250, 340, 240, p.pale, 6)
        + shape("M120 250l170 130l170 -130z", p.tint)
        + line("M120 250l170 130l170 -130", p.base, 3, faint(0.4))
    )
    return group(envelope, spun(-11, 300, 300)) + group(
        box(196, 116, 224, 380, "#000", 4, faint(0.12))
        + box(188, 104, 224, 380, "#fffaf0", 4)
        + p.clipped("M188 104h224v380h-224z", art)
        + letters(p.label, 300, 166, 21, p.ink, most=20),
        spun(5, 300, 300),
    )


@lies("gift_wrap")
def gift_wrap(p: Paint) -> str:
    """A wrapped box from above, and a roll."""
    way = p.turn(3)
    spots = [(130 + n * 83 % 300, 190 + n * 61 % 290) for n in range(20)]
    art = (
        dots(spots[::2], 14, p.tint) + dots(spots[1::2], 9, p.accent),
        shape("".join(f"M{x} {y - 18}l6 12l12 6l-12 6l-6 12l-6 -12l-12 -6l12 -6z" for x, y in spots), p.tint),
        leaves(((x, y, 46, x * 7) for x, y in spots), p.tint),
    )[way]
    bow = (
        shape("M276 330q-90 -90 -110 -30q0 50 110 30zM276 330q90 -90 110 -30q0 50 -110 30z", p.accent)
        + shape("M276 330l-60 90l34 -4l8 30zM276 330l60 90l-34 -4l-8 30z", p.accent)
        + oval(276, 330, 19, 17, p.ink, faint(0.5))
    )
    return (
        box(118, 182, 330, 320, "#000", 4, faint(0.12))
        + box(108, 170, 330, 320, p.body, 4)
        + p.clipped("M108 170h330v320h-330z", art)
        + box(258, 170, 36, 320, p.accent)
        + box(108, 312, 330, 36, p.accent)
        + bow
        + group(
            box(452, 90, 54, 420, p.base, 10)
            + p.clipped("M452 90h54v420h-54z", dots(((478, y) for y in range(110, 510, 40)), 9, p.tint))
            + oval(479, 92, 27, 10, p.deep),
            spun(8, 480, 300),
        )
    )


@stands("ribbon")
def ribbon(p: Paint) -> str:
    """A spool with a loose end."""
    return (
        line("M390 300q90 -30 100 40t-60 60t-30 60t90 0", p.base, 22)
        + box(190, 190, 220, 30, p.url("w"), 12)
        + box(190, 440, 220, 30, p.url("w"), 12)
        + box(220, 216, 160, 230, p.body, 10)
        + line("".join(f"M226 {y}h148" for y in range(240, 440, 26)), p.dusk, 3, faint(0.6))
        + line("M240 230v200", "#fff", 10, SHINE)
        + oval(300, 190, 40, 9, "#8a6440")
    )


@stands("desk_tray")
def desk_pot(p: Paint) -> str:
    """A pot of pens, scissors and a ruler."""
    tools = (
        box(226, 150, 22, 180, "#e3b04f", 2)
        + shape("M226 150l11 -36l11 36z", "#f2dcb4")
        + box(264, 120, 18, 200, p.accent, 6)
        + box(352, 110, 40, 220, "#e8d7ae", 3)
        + line("".join(f"M352 {y}h16" for y in range(124, 240, 16)), "#8a744a", 3)
    )
    scissors = (
        line("M316 300V170", "#9aa2a8", 13)
        + oval(300, 140, 22, 28, "none", f' stroke="{p.deep}" stroke-width="11"')
        + oval(338, 140, 22, 28, "none", f' stroke="{p.deep}" stroke-width="11"')
    )
    outline = "M200 260h200v190q0 20 -20 20h-160q-20 0 -20 -20z"
    return (
        tools
        + scissors
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 196, 280, 210, 190))
        + oval(300, 262, 100, 8, p.ink, faint(0.5))
        + line("M220 290v130", "#fff", 10, SHINE)
    )


def _roll(p: Paint, x: int, y: int, radius: int, colour: str) -> str:
    dashes = ' stroke-width="9" stroke-dasharray="9 15" stroke-linecap="butt"'
    edge = round(radius * 0.86)
    return (
        oval(x, y, radius, radius, colour)
        + oval(x, y, edge, edge, "none", f' stroke="{CREAM}"{dashes}')
        + oval(x, y, round(radius * 0.6), round(radius * 0.6), "#e9d6b2")
        + oval(x, y, radius // 2, radius // 2, p.tint)
    )


@stands("washi_tape")
def washi_tape(p: Paint) -> str:
    """Three rolls of tape."""
    return (
        line("M100 466h410", p.accent, 22)
        + line("M100 466h410", p.tint, 22, ' stroke-dasharray="9 30" stroke-linecap="butt"')
        + _roll(p, 206, 362, 100, p.base)
        + _roll(p, 400, 378, 84, p.accent)
        + _roll(p, 306, 214, 88, p.third)
    )


@stands("wooden_toy")
def wooden_toy(p: Paint) -> str:
    """Stacking rings, a rainbow or a train."""
    colours = (p.base, "#efd76b", p.accent, "#a6c5d8", p.third)
    rings = (
        box(290, 120, 20, 330, p.url("w"), 10)
        + "".join(
            box(300 - w, y, 2 * w, 54, c, 27)
            for w, y, c in zip((70, 92, 114, 136, 158), (186, 242, 298, 354, 410), colours, strict=True)
        )
        + oval(300, 130, 32, 30, p.base)
    )
    rainbow = "".join(
        line(f"M{300 - r} 452v-20a{r} {r} 0 0 1 {2 * r} 0v20", c, 32)
        for r, c in zip((190, 154, 118, 82, 46), colours, strict=True)
    )
    train = (
        box(110, 300, 170, 120, p.base, 12)
        + box(140, 220, 110, 90, p.accent, 10)
        + box(160, 240, 70, 44, "#fff8e6", 6)
        + box(280, 330, 150, 90, "#efd76b", 12)
        + box(360, 270, 34, 66, p.base, 6)
        + "".join(oval(x, 434, 36, 36, p.third) + oval(x, 434, 14, 14, CREAM) for x in (160, 250, 356))
        + line("M430 400h70", "#8a6440", 9)
        + oval(506, 400, 13, 13, p.accent)
    )
    return train if "train" in p.hint else rainbow if "rainbow" in p.hint else rings


def _piece(x: int, y: int, degrees: int, colour: str) -> str:
    outline = "M0 0h50q-14 -40 20 -40t20 40h50v50q40 -14 40 20t-40 20v50h-140z"
    shadow = shape(outline, "#000", ' opacity=".12" transform="translate(6 8)"')
    shine = line("M14 16h30M14 16v60", "#fff", 6, faint(0.35))
    return group(shadow + shape(outline, colour) + shine, f' transform="translate({x} {y}) rotate({degrees} 70 70)"')


@lies("puzzle")
def puzzle(p: Paint) -> str:
    """Four pieces, one about to fit."""
    return (
        _piece(140, 160, 0, p.base)
        + _piece(300, 150, 90, p.accent)
        + _piece(150, 330, -90, p.third)
        + _piece(336, 348, 200, p.pale)
        + sprig(210, 280, 90, CREAM)
        + oval(370, 224, 26, 26, CREAM, faint(0.8))
    )
