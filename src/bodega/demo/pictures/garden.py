"""Draw things for the garden."""

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import (
    GREENS,
    SHINE,
    Paint,
    box,
    faint,
    group,
    leaf,
    leaves,
    line,
    oval,
    shape,
    sprigs,
    spun,
)
from bodega.demo.pictures.patterns import pattern


@stands("flower_bulb")
def flower_bulb(p: Paint) -> str:
    """A tulip growing from its bulb."""
    bloom = shape(
        ("M240 110q20 30 34 34q10 -40 26 -60q16 20 26 60q14 -4 34 -34q22 90 -30 120h-60q-52 -30 -30 -120z"), p.body
    ) + shape("M274 144q10 -40 26 -60q16 20 26 60q4 50 -26 86q-30 -36 -26 -86z", p.pale, faint(0.6))
    return (
        line("M300 380V220", GREENS[0], 12)
        + leaf(298, 380, 190, -115, GREENS[1])
        + leaf(302, 380, 170, -66, GREENS[0])
        + bloom
        + shape("M300 356q70 30 66 80q-10 34 -66 34t-66 -34q-4 -50 66 -80z", "#c48d54")
        + line("M300 370q-34 40 -26 92M300 370q34 40 26 92", "#a06f3c", 5)
        + line("M280 470q-10 16 -20 18M300 470v22M320 470q10 16 20 18", "#d9c7a3", 4)
        + oval(170, 450, 36, 26, "#c48d54")
        + shape("M150 436q10 -26 24 -30q0 16 14 30z", "#a06f3c")
        + oval(440, 452, 32, 24, "#b27d46")
    )


@lies("trowel")
def trowel(p: Paint) -> str:
    """A trowel and a fork, crossed."""
    one = (
        box(284, 350, 34, 160, p.url("w"), 16)
        + oval(301, 504, 12, 6, p.base)
        + box(290, 356, 22, 20, p.base)
        + line("M301 350v-70", "#8d969c", 13)
        + shape("M301 84q54 60 50 150q-10 50 -50 54q-40 -4 -50 -54q-4 -90 50 -150z", p.url("m"))
        + line("M301 120v130", "#fff", 6, faint(0.5))
    )
    two = (
        box(284, 350, 34, 160, p.url("w"), 16)
        + box(290, 356, 22, 20, p.base)
        + line("M301 350v-90M256 100v90q0 70 45 70t45 -70v-90M301 100v150", "#8d969c", 13)
    )
    return (
        group(two, spun(28, 300, 320))
        + group(one, spun(-26, 300, 320))
        + leaf(300, 540, 70, -20, GREENS[0])
        + leaf(300, 540, 70, -160, GREENS[1])
    )


@stands("twine")
def twine(p: Paint) -> str:
    """A ball of string on its tin."""
    turns = line(
        (
            "M196 250q100 -90 210 10M190 290q110 -100 224 -10M196 330q100 -90 210 0M230 210"
            "q-60 80 10 160M290 190q-90 90 -10 200M350 200q80 80 10 170"
        ),
        p.dusk,
        7,
        faint(0.6),
    )
    return (
        line("M390 330q90 30 100 130", "#c9ab77", 8)
        + oval(300, 280, 118, 110, p.url("k"))
        + turns
        + box(190, 390, 220, 80, p.body, 10)
        + box(184, 378, 232, 24, p.dusk, 8)
        + box(240, 414, 120, 36, "#fbf5e6", 4)
        + line("M256 432h88", p.base, 5)
    )


@stands("plant_pot")
def plant_pot(p: Paint) -> str:
    """A pot with something green that is doing well."""
    plants = (
        "".join(
            leaves(((300, 300, 150 - abs(a + 90) // 2, a) for a in angles), colour)
            for colour, angles in zip(GREENS, ((-160, -45, -112), (-20, -135, -68), (-90,)), strict=True)
        ),
        "".join(
            line(f"M300 300q{x} -60 {x * 1.5:g} -{150 - abs(x)}", GREENS[0], 6)
            + oval(300 + x * 1.5, 150 + abs(x), 40, 34, GREENS[1 + n % 2])
            for n, x in enumerate((-64, -24, 20, 60))
        ),
        oval(300, 236, 56, 84, GREENS[0])
        + line("M272 170v130M300 156v144M328 170v130", "#a9c08c", 4, ' stroke-dasharray="2 12"')
        + oval(300, 148, 22, 15, p.accent)
        + oval(366, 230, 26, 38, GREENS[1]),
        sprigs(((300 + x // 3, 304, 150 - abs(x) // 2, x) for x in (-80, -30, 30, 80)), GREENS[0]),
    )[p.turn(4)]
    outline = (
        "M186 304h228l-30 152q-2 14 -18 14h-132q-16 0 -18 -14z",
        "M180 304h240q10 166 -70 166h-100q-80 0 -70 -166z",
    )[p.turn(2, 2)]
    return (
        plants
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 180, 330, 240, 140))
        + box(172, 288, 256, 38, p.dusk, 10)
        + box(172, 286, 256, 32, p.body, 10)
    )


@stands("hanging_planter")
def hanging_planter(p: Paint) -> str:
    """A planter on cords with trails over the side."""
    trails = "".join(
        line(f"M{x} 300q{d} 50 {d} {length}", GREENS[n % 3], 5)
        + "".join(oval(x + d, 300 + y, 13, 10, GREENS[(n + y) % 3]) for y in range(50, length, 30))
        for n, (x, d, length) in enumerate(((190, -24, 150), (236, -14, 190), (360, 16, 160), (408, 26, 110)))
    )
    return (
        line("M300 40L176 296M300 40L424 296M300 40V280", "#c9b48c", 6)
        + oval(300, 40, 12, 12, "#cda452")
        + leaves(((300, 292, 120 - abs(a + 90) // 2, a) for a in (-155, -25, -90)), GREENS[0])
        + leaves(((300, 292, 104, a) for a in (-125, -55)), GREENS[1])
        + shape("M166 288h268q0 134 -134 134t-134 -134z", p.body)
        + box(160, 276, 280, 24, p.dusk, 12)
        + trails
    )


@stands("watering_can")
def watering_can(p: Paint) -> str:
    """A can with a long neck and a rose."""
    return (
        line("M210 290c-10 -130 170 -130 166 0", p.dusk, 18)
        + line("M184 320c-100 0 -90 110 0 110", p.dusk, 18)
        + shape("M392 420L506 236l22 14L412 470z", p.body)
        + shape("M486 210l66 40l-20 20l-60 -38z", p.deep)
        + box(184, 284, 220, 186, p.body, 22)
        + oval(294, 286, 110, 20, p.dusk)
        + oval(294, 288, 92, 14, p.ink)
        + box(184, 428, 220, 12, p.deep, more=faint(0.4))
        + line("M212 320v90", "#fff", 12, SHINE)
        + line("M540 290l8 24M560 280l16 18M520 300l-2 26", "#8fb4c6", 5)
    )
