"""Draw things in jars and bottles, and soap."""

from bodega.demo.pictures.labels import emblem, label
from bodega.demo.pictures.motif import stands
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
    letters,
    line,
    oval,
    shape,
    spun,
)


@stands("jar", "jar_honey")
def jar(p: Paint) -> str:
    """A glass jar, cloth or metal on the lid."""
    outline = "M196 216h208q24 10 24 44v170q0 40 -40 40h-176q-40 0 -40 -40v-170q0 -34 24 -44z"
    bits = dots(((190 + n * 53 % 220, 240 + n * 67 % 210) for n in range(9)), 10, p.deep, faint(0.35))
    cloth = shape(
        (
            "M184 158q116 -40 232 0l26 62q-30 -14 -48 2q-26 -14 -48 2q-26 -14 -46 2q-24 -14 -46 0"
            "q-26 -14 -48 -2q-20 -14 -50 -2z"
        ),
        p.accent,
    )
    checks = line(("M230 150l-14 66M266 144l-6 72M300 142v76M334 144l6 72M370 150l14 66"), "#fff", 7, faint(0.4)) + box(
        190, 180, 220, 12, CREAM, 6
    )
    lid = box(198, 168, 204, 50, p.url("g"), 8) + line("".join(f"M{x} 178v30" for x in range(212, 396, 14)), "#0002", 4)
    return (
        shape(outline, "#e9efee", faint(0.9))
        + p.clipped(outline, box(160, 244, 280, 240, p.body) + bits)
        + (cloth + checks if p.turn(2) else lid)
        + label(p, 214, 284, 172, 136)
        + line("M192 270v130", "#fff", 11, faint(0.45))
    )


@stands("spice_jar")
def spice_jar(p: Paint) -> str:
    """A small tin of spice with a heap in front of it."""
    heap = shape("M96 470q50 -80 90 -62q50 14 84 62z", p.base) + dots(
        ((116 + n * 41 % 130, 464 - n * 17 % 40) for n in range(9)), 4, p.deep
    )
    if p.turn(2):
        top = box(232, 150, 176, 54, p.ink, 8) + line("".join(f"M{x} 160v34" for x in range(246, 400, 14)), "#fff3", 3)
        vessel = box(226, 200, 188, 270, "#e8eded", 22, faint(0.9)) + box(232, 252, 176, 212, p.body, 18)
    else:
        top = box(238, 158, 164, 36, p.url("m"), 8) + oval(300, 158, 60, 8, "#fff", faint(0.3))
        vessel = (
            box(226, 188, 188, 282, p.body, 10) + box(226, 206, 188, 12, p.accent) + box(226, 438, 188, 12, p.accent)
        )
    return vessel + top + label(p, 244, 272, 152, 136, size=20) + line("M244 232v200", "#fff", 9, SHINE) + heap


@stands("bottle_sauce")
def sauce_bottle(p: Paint) -> str:
    """A bottle with a long neck and a warning on the label."""
    outline = "M274 190h52v44q52 20 52 80v124q0 32 -32 32h-92q-32 0 -32 -32v-124q0 -60 52 -80z"
    flame = shape("M300 318c34 36 30 76 0 78c-30 -2 -36 -34 -14 -52c0 12 8 14 10 8c4 -12 -4 -22 4 -34z", p.base)
    chilli = line("M424 462q50 -6 62 -62", p.base, 22) + line("M486 398q4 -16 16 -18", GREENS[0], 7)
    return (
        shape(outline, p.body)
        + box(270, 122, 60, 74, p.ink, 8)
        + line("M280 134v50M292 134v50M304 134v50M316 134v50", "#fff3", 3)
        + box(222, 292, 156, 138, CREAM)
        + box(222, 300, 156, 6, p.base)
        + box(222, 416, 156, 6, p.base)
        + (flame if p.turn(2) else emblem(p, 300, 350, 32, p.base))
        + letters(p.label, 300, 410, 15, p.ink, most=18)
        + line("M244 276q8 -20 28 -30M238 440v8", "#fff", 10, faint(0.45))
        + chilli
    )


@stands("bottle_tall")
def tall_bottle(p: Paint) -> str:
    """A slender bottle of oil or vinegar."""
    outline = "M272 160h56v60q46 34 46 90v128q0 32 -32 32h-84q-32 0 -32 -32v-128q0 -56 46 -90z"
    olives = (
        oval(432, 450, 22, 19, "#77803f")
        + oval(468, 456, 18, 15, "#8d9550")
        + leaf(440, 432, 70, -30, GREENS[0])
        + leaf(440, 432, 60, -80, GREENS[1])
    )
    return (
        box(278, 96, 44, 50, p.url("w"), 6)
        + box(268, 138, 64, 28, p.accent, 4)
        + shape(outline, p.body)
        + box(226, 306, 148, 116, CREAM)
        + emblem(p, 300, 346, 28, p.base)
        + letters(p.label, 300, 404, 18, p.ink, most=14)
        + line("M246 300q4 -40 34 -64", "#fff", 9, faint(0.45))
        + olives
    )


@stands("bottle_small", "ink_bottle")
def small_bottle(p: Paint) -> str:
    """A squat bottle with a big stopper."""
    outline = (
        "M204 280h192l30 40v126q0 24 -24 24h-204q-24 0 -24 -24v-126z",
        "M230 270h140q60 40 60 110q0 90 -60 90h-140q-60 0 -60 -90q0 -70 60 -110z",
    )[p.turn(2)]
    stroke = line("M60 440q60 -70 90 -20t80 -10", p.base, 9) if p.turn(2, 1) else ""
    return (
        stroke
        + shape(outline, "#e6ecee", faint(0.9))
        + p.clipped(outline, box(150, 326, 300, 160, p.body))
        + box(252, 246, 96, 40, "#dfe6e8")
        + box(238, 180, 124, 76, p.ink, 10)
        + box(238, 192, 124, 8, "#fff2")
        + label(p, 232, 336, 136, 106, size=20)
        + line("M196 350v70", "#fff", 10, faint(0.5))
    )


@stands("pump_bottle")
def pump_bottle(p: Paint) -> str:
    """A bottle with a pump."""
    outline = "M238 236h124q50 20 50 76v120q0 38 -38 38h-148q-38 0 -38 -38v-120q0 -56 50 -76z"
    return (
        box(292, 138, 16, 70, p.ink)
        + shape("M214 130q0 -24 30 -24h90q22 0 22 20v18h-104l-38 14z", p.ink)
        + box(258, 196, 84, 44, p.ink, 8)
        + shape(outline, p.body)
        + label(p, 216, 300, 168, 124)
        + line("M208 310v110", "#fff", 11, SHINE)
    )


@stands("soap_bar")
def soap_bar(p: Paint) -> str:
    """Two bars, one in its band, and bubbles."""
    bubbles = "".join(
        oval(x, y, r, r, "none", f' stroke="{p.deep}" stroke-opacity=".35" stroke-width="3"')
        for x, y, r in ((150, 200, 26), (196, 150, 16), (440, 180, 20), (404, 130, 12))
    )
    return (
        bubbles
        + box(140, 366, 320, 104, p.dusk, 34)
        + box(140, 360, 320, 96, p.body, 34)
        + box(236, 352, 128, 118, CREAM, 4)
        + box(236, 362, 128, 5, p.base)
        + box(236, 454, 128, 5, p.base)
        + letters(p.label, 300, 418, 20, p.ink, most=12)
        + group(
            box(176, 258, 250, 98, p.dusk, 34)
            + box(176, 252, 250, 92, p.url("a") if p.turn(2) else p.body, 34)
            + letters("B", 300, 312, 44, "#fff", more=faint(0.6)),
            spun(-4, 300, 300),
        )
        + line("M206 276q60 -10 120 -12", "#fff", 9, SHINE)
    )
