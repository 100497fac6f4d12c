"""Draw things for rooms."""

from math import cos, pi, sin

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import (
    COFFEE,
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
    line,
    oval,
    shape,
    sprig,
    sprigs,
    spun,
)
from bodega.demo.pictures.patterns import pattern


@stands("vase")
def vase(p: Paint) -> str:
    """A vase with a few stems."""
    outline = (
        "M270 240h60q-6 50 40 86q50 44 20 110q-16 34 -46 34h-88q-30 0 -46 -34q-30 -66 20 -110q46 -36 40 -86z",
        "M236 240h128q-20 30 -8 80q22 80 0 130q-8 20 -26 20h-60q-18 0 -26 -20q-22 -50 0 -130q12 -50 -8 -80z",
        "M280 240h40v70q76 24 76 90q0 70 -50 70h-92q-50 0 -50 -70q0 -66 76 -90z",
    )[p.turn(3)]
    heads = ((232, 138, 44), (310, 100, 48), (368, 162, 40))
    flowers = leaves(((x, y, size, angle) for x, y, size in heads for angle in range(0, 360, 60)), p.accent)
    flowers += dots(((x, y) for x, y, _ in heads), 11, "#e9b94f")
    stems = (
        line("M300 250q-6 -70 -66 -110M300 250q4 -80 10 -144M300 250q10 -60 66 -86", GREENS[0], 6)
        + leaf(282, 196, 52, -150, GREENS[1])
        + leaf(312, 180, 50, -30, GREENS[1])
        + flowers,
        sprigs(((300 + x // 4, 246, 150 - abs(x) / 3, x) for x in (-70, 0, 70)), GREENS[1]),
        line("M300 250q-10 -90 -50 -150M300 250q10 -90 44 -160", "#a98a5e", 5)
        + "".join(
            oval(x, y, 11, 22, "#e6d3b0", spun(a, x, y))
            for x, y, a in ((250, 96, -25), (268, 130, -40), (344, 86, 20), (330, 126, 40), (244, 130, 10))
        ),
    )[p.turn(3, 1)]
    return (
        stems
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 200, 270, 200, 200, digit=2))
        + line("M240 380q-12 30 0 60", "#fff", 10, SHINE)
    )


@lies("framed_print")
def framed_print(p: Paint) -> str:
    """A print in a frame on a wall."""
    way = p.turn(5)
    art = (
        box(190, 140, 220, 300, p.tint)
        + oval(352, 214, 36, 36, p.accent)
        + shape("M190 330q60 -70 120 -10t100 -30v150h-220z", p.base)
        + shape("M190 380q70 -40 120 0t100 0v60h-220z", p.deep),
        box(190, 140, 220, 300, p.pale)
        + oval(256, 352, 42, 52, p.accent)
        + oval(336, 360, 44, 50, p.base)
        + oval(300, 290, 36, 46, p.third)
        + leaf(300, 250, 40, -60, GREENS[0])
        + box(190, 392, 220, 48, p.deep, more=faint(0.6)),
        box(190, 140, 220, 300, CREAM) + sprig(300, 430, 230, p.base, 20) + sprig(250, 430, 130, p.accent, -30),
        box(190, 140, 220, 300, p.deep)
        + line("".join(f"M190 {y}q28 -26 55 0t55 0t55 0t55 0" for y in range(280, 440, 24)), p.tint, 5, faint(0.8))
        + oval(300, 214, 44, 44, p.accent),
        box(190, 140, 220, 300, p.base)
        + shape("M236 440v-120q0 -64 64 -64t64 64v120z", p.tint)
        + shape("M262 440v-100q0 -38 38 -38t38 38v100z", p.accent),
    )[way]
    return (
        box(142, 92, 330, 410, "#000", 4, faint(0.14))
        + box(134, 80, 332, 412, p.url("w") if p.turn(2, 2) else "#3a3733", 4)
        + box(152, 98, 296, 376, "#fffdf7")
        + art
    )


@lies("frame")
def frame(p: Paint) -> str:
    """Two frames, overlapping, with an empty and a filled mount."""
    return (
        box(246, 106, 250, 310, "#000", 4, faint(0.12))
        + box(236, 94, 250, 310, p.body, 4)
        + box(262, 120, 198, 258, "#fffdf7")
        + sprig(360, 350, 180, GREENS[1], 16)
        + group(
            box(118, 226, 220, 280, "#000", 4, faint(0.14))
            + box(108, 214, 220, 280, p.dusk, 4)
            + box(130, 236, 176, 236, "#fffdf7")
            + box(158, 266, 120, 176, p.accent, more=faint(0.5))
            + oval(218, 330, 30, 30, CREAM),
            spun(-3, 220, 350),
        )
    )


@lies("clock")
def clock(p: Paint) -> str:
    """A wall clock at ten past ten."""
    ticks = dots(((300 + 150 * cos(a * pi / 6), 290 + 150 * sin(a * pi / 6)) for a in range(12)), 5, p.ink) + line(
        "M300 136v20M300 424v20M146 290h20M434 290h20", p.ink, 9
    )
    return (
        oval(310, 306, 196, 196, "#000", faint(0.12))
        + oval(300, 290, 194, 194, p.body)
        + oval(300, 290, 170, 170, "#fffaf0")
        + ticks
        + box(292, 186, 16, 116, p.ink, 8, spun(-58, 300, 290))
        + box(294, 156, 12, 148, p.ink, 6, spun(62, 300, 290))
        + line("M300 320L300 170", p.accent, 4, spun(200, 300, 290))
        + oval(300, 290, 13, 13, p.accent)
    )


@stands("basket")
def basket(p: Paint) -> str:
    """A woven basket with handles, something soft inside."""
    outline = "M150 270h300l-36 180q-4 20 -24 20h-180q-20 0 -24 -20z"
    weave = line(
        "".join(f"M140 {y}q15 -14 30 0" + "t30 0" * 10 for y in range(296, 470, 25)), p.deep, 6, faint(0.4)
    ) + line("".join(f"M{x} 270l{(300 - x) // 8} 200" for x in range(170, 440, 30)), p.pale, 5, faint(0.5))
    inside = (
        shape("M180 276q10 -90 70 -80q30 -50 90 -10q70 0 80 90z", p.accent)
        + line("M226 270q0 -40 24 -66M330 270q10 -50 -10 -80", "#0002", 6),
        sprigs(((300 + x, 280, 130, x / 2) for x in (-60, 0, 64)), GREENS[1]),
    )[p.turn(2)]
    return (
        inside
        + line("M176 282q-60 -100 4 -110q20 10 10 100M424 282q60 -100 -4 -110q-20 10 -10 100", p.dusk, 14)
        + shape(outline, p.body)
        + p.clipped(outline, weave)
        + box(142, 262, 316, 24, p.dusk, 12)
    )


@lies("hooks")
def hooks(p: Paint) -> str:
    """A rail with pegs, a bag and a hat."""
    pegs = "".join(
        line(f"M{x} 190q0 44 22 40q20 -6 14 -26", p.base, 13) + oval(x, 184, 15, 15, p.dusk)
        for x in (150, 250, 350, 450)
    )
    bag = (
        line("M236 214q36 -10 54 0l10 90M262 214l-36 90", "#c9b48c", 8)
        + shape("M196 300h130l10 160q-76 16 -150 0z", p.accent)
        + sprig(262, 440, 90, CREAM)
    )
    hat = (
        oval(430, 320, 84, 22, "#dfc08e")
        + shape("M376 318q6 -76 54 -76t54 76q-54 16 -108 0z", "#e7cd9f")
        + line("M378 306q52 16 104 0", p.base, 12)
    )
    return box(84, 158, 440, 58, "#000", 10, faint(0.1)) + box(78, 150, 444, 56, p.url("w"), 10) + pegs + bag + hat


@stands("stool")
def stool(p: Paint) -> str:
    """A three-legged stool."""
    return (
        line("M232 230L184 466M368 230L416 466M300 230v232", p.dusk, 22)
        + line("M206 370h188", p.deep, 12)
        + oval(300, 230, 136, 32, p.dusk)
        + oval(300, 216, 136, 32, p.body)
        + line("M204 214q90 -26 190 -4M220 224q80 -16 160 -6", p.dusk, 4, faint(0.5))
        + (
            box(210, 150, 180, 26, p.accent, 6) + box(222, 126, 160, 26, p.third, 6) + box(214, 176, 172, 20, CREAM, 4)
            if p.turn(2)
            else ""
        )
    )


@stands("side_table")
def side_table(p: Paint) -> str:
    """A round table with a plant and a cup."""
    plant = "".join(leaf(250, 190, 84, a, GREENS[n % 3]) for n, a in enumerate((-150, -30, -120, -60, -90))) + shape(
        "M214 186h72l-10 62h-52z", p.accent
    )
    cup = box(326, 206, 56, 42, CREAM, 8) + line("M382 216q26 0 0 22", CREAM, 8) + oval(354, 208, 26, 6, COFFEE)
    return (
        line("M230 270L200 468M370 270L400 468M300 270v170", p.dusk, 16)
        + plant
        + cup
        + oval(300, 266, 170, 28, p.dusk)
        + oval(300, 254, 170, 28, p.body)
        + oval(300, 392, 104, 16, p.dusk)
    )
