"""Draw things that shine or smell."""

from bodega.demo.pictures.labels import label
from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import CREAM, SHINE, Paint, box, faint, group, line, oval, shape, spun
from bodega.demo.pictures.patterns import pattern


@stands("table_lamp")
def table_lamp(p: Paint) -> str:
    """A lamp, switched on."""
    glow = oval(300, 190, 190, 170, "#ffe7ad", faint(0.4))
    shade = (
        "M220 96h160l56 150h-272z",
        "M176 240q6 -130 124 -130t124 130z",
        "M206 110h188q14 0 14 14v116h-216v-116q0 -14 14 -14z",
    )[p.turn(3)]
    pleats = (
        line("".join(f"M{300 + x * 0.6:g} 96L{300 + x} 250" for x in range(-120, 121, 24)), "#d9b87a", 4, faint(0.5))
        if p.turn(2, 3)
        else ""
    )
    base = (
        "M270 262h60q-4 30 40 70q56 56 10 120q-10 18 -34 18h-92q-24 0 -34 -18q-46 -64 10 -120q44 -40 40 -70z",
        "M288 250h24v180h66q20 0 20 20v20h-196v-20q0 -20 20 -20h66z",
        "M240 300q60 -44 120 0q44 60 0 120q36 4 36 50h-192q0 -46 36 -50q-44 -60 0 -120z",
    )[p.turn(3, 1)]
    return (
        glow
        + box(294, 240, 12, 40, "#a57f35")
        + shape(base, p.body)
        + p.clipped(base, pattern(p, 200, 300, 200, 170, digit=2))
        + shape(shade, "#f6e3bd")
        + p.clipped(shade, pleats + oval(300, 250, 110, 60, "#fff3cf"))
        + line("M340 250v50", "#a57f35", 3)
        + oval(340, 304, 5, 5, "#a57f35")
    )


@lies("pendant")
def pendant(p: Paint) -> str:
    """A pendant over a pool of light."""
    shade = (
        "M150 330q0 -150 150 -150t150 150z",
        "M250 170h100l110 160h-320z",
        "M180 180h240q30 70 0 150h-240q-30 -80 0 -150z",
    )[p.turn(3)]
    return (
        shape("M150 330h300l110 270h-520z", "#ffe9b4", faint(0.35))
        + line("M300 0v150", p.ink, 6)
        + box(278, 138, 44, 46, "#cda452", 8)
        + oval(300, 334, 42, 34, "#fff2c8")
        + shape(shade, p.body)
        + p.clipped(shade, pattern(p, 140, 180, 320, 150))
        + oval(300, 330, 148, 16, "#fbe6b0")
        + line("M196 290q10 -60 60 -84", "#fff", 11, SHINE)
    )


@lies("light_bulb")
def light_bulb(p: Paint) -> str:
    """A filament bulb."""
    return (
        oval(300, 250, 220, 220, "#ffe4a0", faint(0.3))
        + oval(300, 250, 160, 160, "#ffe4a0", faint(0.35))
        + shape(
            (
                "M300 118c100 0 146 76 126 150c-16 50 -60 70 -70 124h-112c-10 -54 -54 -74 -70 -124"
                "c-20 -74 26 -150 126 -150z"
            ),
            p.base,
            faint(0.45),
        )
        + line("M280 392l-24 -120q20 -40 44 0q24 -40 44 0l-24 120", "#e8952f", 5)
        + box(246, 388, 108, 26, p.url("g"), 8)
        + box(250, 414, 100, 22, p.url("g"), 8)
        + box(256, 436, 88, 22, p.url("g"), 8)
        + shape("M270 458h60l-16 24h-28z", "#4a4037")
        + line("M212 230q10 -50 54 -72", "#fff", 12, faint(0.7))
    )


@stands("taper_candles")
def taper_candles(p: Paint) -> str:
    """Three candles of different heights, lit."""
    parts = []
    for x, top, colour, width in ((196, 226, p.url("a"), 44), (278, 150, p.body, 44), (360, 262, p.body, 60)):
        middle = x + width / 2
        parts.append(oval(middle, top - 44, 36, 40, "#ffdf94", faint(0.35)))
        parts.append(shape(f"M{middle} {top - 78}c20 26 17 52 0 56c-17 -4 -20 -30 0 -56z", "#f6b64a"))
        parts.append(line(f"M{middle} {top}v-24", "#4b3b32", 4) + box(x, top, width, 470 - top, colour, 6))
        parts.append(
            oval(middle, top + 4, width / 2, 7, "#fff", faint(0.3)) + line(f"M{x + 10} {top + 26}v90", "#fff", 7, SHINE)
        )
    return oval(300, 466, 190, 16, "#b9935f") + "".join(parts)


@stands("candle_holder")
def candle_holder(p: Paint) -> str:
    """A chamber stick with its candle."""
    return (
        oval(300, 120, 60, 60, "#ffdf94", faint(0.35))
        + shape("M300 72c22 28 19 60 0 66c-19 -6 -22 -38 0 -66z", "#f6b64a")
        + line("M300 160v-22", "#4b3b32", 4)
        + box(276, 158, 48, 190, p.url("c"), 5)
        + shape("M276 190q12 30 -4 60l4 4z", "#fff", faint(0.5))
        + line("M420 420q90 -20 60 40q-20 20 -60 -4", p.dusk, 14)
        + box(262, 330, 76, 90, p.body, 10)
        + oval(300, 334, 46, 11, p.pale)
        + oval(300, 448, 150, 22, p.dusk)
        + oval(300, 438, 150, 22, p.body)
        + oval(300, 436, 120, 13, p.deep, faint(0.4))
    )


@stands("candle_jar")
def candle_jar(p: Paint) -> str:
    """A candle in a tumbler, lit."""
    outline = "M186 220h228v226q0 24 -24 24h-180q-24 0 -24 -24z"
    flame = (
        oval(300, 160, 74, 74, "#ffdf94", faint(0.35))
        + shape("M300 96c28 34 24 76 0 82c-24 -6 -28 -48 0 -82z", "#f6b64a")
        + shape("M300 130c14 18 12 40 0 44c-12 -4 -14 -26 0 -44z", "#fff3c9")
    )
    glass = (
        shape(outline, p.body)
        if p.turn(3)
        else shape(outline, "#e8eeee", faint(0.9)) + p.clipped(outline, box(180, 262, 240, 220, p.body))
    )
    return (
        flame
        + glass
        + oval(300, 222, 114, 24, p.dusk)
        + oval(300, 226, 100, 18, "#fbf1dc")
        + line("M300 222v-34", "#4b3b32", 5)
        + label(p, 224, 282, 152, 130)
        + line("M204 262v150", "#fff", 10, SHINE)
    )


@stands("diffuser")
def diffuser(p: Paint) -> str:
    """A bottle with reeds."""
    outline = "M262 268h76v22q70 20 70 90v60q0 30 -30 30h-156q-30 0 -30 -30v-60q0 -70 70 -90z"
    reeds = line("M296 280L196 96M298 280L250 70M302 280L318 66M304 280L372 84M306 280L424 116", "#b58d5e", 6)
    return (
        reeds
        + shape(outline, p.body)
        + box(254, 246, 92, 30, p.url("w"), 6)
        + label(p, 224, 336, 152, 104)
        + line("M214 380v56", "#fff", 10, SHINE)
    )


@lies("matches")
def matches(p: Paint) -> str:
    """A drawer of long matches."""
    sticks = line("".join(f"M{x} 124v190" for x in range(216, 396, 20)), "#e3c79a", 9) + line(
        "".join(f"M{x} 116v8" for x in range(216, 396, 20)), p.accent, 17
    )
    return group(
        box(202, 132, 216, 380, "#000", 6, faint(0.12))
        + box(194, 190, 208, 150, CREAM, 4)
        + sticks
        + box(186, 262, 224, 238, p.body, 6)
        + box(186, 262, 18, 238, p.ink, more=faint(0.5))
        + label(p, 228, 300, 156, 156),
        spun(-10, 300, 300),
    )
