"""Draw things for the table."""

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import (
    COFFEE,
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
)
from bodega.demo.pictures.patterns import pattern


@stands("mug")
def mug(p: Paint) -> str:
    """A mug with a thick handle and something hot in it."""
    outline = (
        "M185 232h210v180q0 58 -58 58h-94q-58 0 -58 -58z",
        "M178 232h224l-26 212q-4 26 -30 26h-112q-26 0 -30 -26z",
        "M196 232h188q30 90 8 190q-10 48 -50 48h-104q-40 0 -50 -48q-22 -100 8 -190z",
    )[p.turn(3)]
    return (
        line("M262 196c-22 -30 22 -44 0 -78M318 196c-22 -30 22 -44 0 -78", "#fff", 9, faint(0.55))
        + line("M386 276c104 -18 100 132 -6 128", p.dusk, 28)
        + line("M386 272c104 -18 100 132 -6 128", p.base, 20)
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 170, 250, 240, 220))
        + oval(290, 232, 105, 24, p.dusk)
        + oval(290, 236, 92, 17, COFFEE)
        + line("M214 268v120", "#fff", 12, SHINE)
    )


@stands("cup_saucer")
def cup_and_saucer(p: Paint) -> str:
    """A low cup on its saucer."""
    outline = "M190 310h200q4 132 -100 132t-100 -132z"
    return (
        oval(300, 456, 178, 26, p.dusk)
        + oval(300, 448, 178, 26, p.body)
        + oval(300, 446, 118, 14, p.pale)
        + line("M382 338c78 -14 66 74 -16 70", p.dusk, 18)
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 185, 320, 210, 120))
        + oval(290, 310, 100, 20, p.dusk)
        + oval(290, 313, 88, 14, COFFEE)
        + line("M252 262c-18 -24 18 -36 0 -64M306 262c-18 -24 18 -36 0 -64", "#fff", 8, faint(0.55))
    )


@stands("teapot")
def teapot(p: Paint) -> str:
    """A round pot with a spout that does not drip."""
    outline = (
        "M300 226c118 0 148 90 132 156c-14 60 -60 88 -132 88s-118 -28 -132 -88c-16 -66 14 -156 132 -156z",
        "M196 250h208q44 220 -34 220h-140q-78 0 -34 -220z",
    )[p.turn(2)]
    top = ("M182 296c-94 -44 -120 92 -4 114", "M214 262c-20 -140 192 -140 172 0")[p.turn(2, 2)]
    return (
        line(top, p.deep if p.turn(2, 2) == 0 else "#a9783f", 20 if p.turn(2, 2) == 0 else 14)
        + shape("M404 300c60 4 60 -60 96 -82l14 22c-34 26 -30 122 -96 150z", p.dusk)
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 170, 260, 260, 210))
        + oval(300, 240, 88, 16, p.dusk)
        + shape("M216 238q84 -58 168 0z", p.body)
        + oval(300, 200, 17, 15, p.accent)
        + line("M206 320q-14 54 10 96", "#fff", 12, SHINE)
    )


@stands("jug")
def jug(p: Paint) -> str:
    """A jug with a pinched lip; flowers on a good day."""
    outline = (
        "M214 196q60 18 152 -8l34 -14q-6 46 -22 74q62 150 4 206q-14 16 -44 16h-96q-30 0 -44 -16"
        "q-58 -60 18 -206q10 -20 -2 -52z"
    )
    stems = sprigs(((x, 200, 96, (x - 300) / 1.6) for x in (262, 300, 340)), GREENS[0]) if p.turn(2) else ""
    return (
        stems
        + line("M374 236c110 -26 112 150 16 158", p.dusk, 22)
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 180, 240, 230, 230))
        + shape("M214 196q60 18 152 -8l34 -14q-96 46 -186 22z", p.deep)
        + line("M222 300q-30 70 -6 124", "#fff", 12, SHINE)
    )


@stands("glass")
def glass(p: Paint) -> str:
    """A tumbler or a stemmed glass, tinted."""
    if p.hint.endswith(("wine glass", "coupe")):
        outline = "M206 190h188q6 150 -94 156q-100 -6 -94 -156z"
        foot = box(292, 340, 16, 112, p.base, more=faint(0.7)) + oval(300, 458, 78, 14, p.base, faint(0.75))
        drink = shape("M210 250h180q-8 92 -90 96q-82 -4 -90 -96z", p.accent, faint(0.75))
    else:
        outline = (
            "M196 176h208l-22 280q-1 14 -16 14h-132q-15 0 -16 -14z",
            "M190 236h220l-12 220q-1 14 -16 14h-164q-15 0 -16 -14z",
        )[p.turn(2, 1)]
        foot = ""
        drink = p.clipped(outline, box(180, 310, 240, 140, p.accent, more=faint(0.6)))
    ribs = line("".join(f"M{x} 200v262" for x in range(212, 400, 22)), "#fff", 5, faint(0.3)) if p.turn(2, 2) else ""
    return (
        foot
        + shape(outline, p.base, faint(0.4))
        + drink
        + p.clipped(outline, ribs)
        + line(outline, p.deep, 4, faint(0.45))
        + line("M232 230l8 170", "#fff", 12, faint(0.6))
    )


@lies("plate")
def plate(p: Paint) -> str:
    """A plate from above, with a fork to show it the way."""
    rim = line("M300 108a192 192 0 1 0 .1 0", p.accent, 8, ' stroke-dasharray="2 22"') if p.turn(3) == 1 else ""
    centre = (
        "",
        leaves(((300, 300, 100, angle) for angle in range(0, 360, 60)), p.accent),
        line("M232 340q60 -90 140 -60", p.accent, 6)
        + leaf(300, 284, 54, -110, p.accent)
        + leaf(330, 276, 54, 40, p.accent),
    )[p.turn(3, 1)]
    return (
        oval(306, 312, 210, 210, "#000", faint(0.1))
        + oval(300, 300, 206, 206, p.body)
        + oval(300, 300, 200, 200, p.pale, faint(0.35))
        + rim
        + oval(300, 302, 146, 146, p.dusk, faint(0.55))
        + oval(300, 300, 142, 142, p.base)
        + group(centre, faint(0.9))
        + line("M132 256a174 174 0 0 1 96 -116", "#fff", 10, faint(0.5))
    )


@stands("bowl")
def bowl(p: Paint) -> str:
    """A footed bowl, empty or with supper in it."""
    outline = "M128 300h344q-6 146 -118 160h-108q-112 -14 -118 -160z"
    food = (
        "",
        oval(300, 302, 150, 26, "#e8cf9a")
        + line("M180 300q60 20 120 -2t120 4M200 310q80 14 200 -2", "#d4b06a", 6)
        + oval(350, 296, 34, 14, "#fff")
        + oval(350, 294, 14, 8, "#eda53d")
        + leaf(240, 298, 60, -20, GREENS[0]),
        oval(300, 302, 150, 26, "#c85a3c") + leaf(290, 300, 50, -30, GREENS[1]) + leaf(300, 304, 44, 150, GREENS[0]),
    )[p.turn(3)]
    return (
        box(236, 452, 128, 18, p.deep, 6)
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 130, 320, 340, 140))
        + oval(300, 300, 172, 36, p.dusk)
        + oval(300, 303, 160, 29, p.deep)
        + food
        + line("M164 340q16 70 60 96", "#fff", 12, SHINE)
    )


@stands("platter")
def platter(p: Paint) -> str:
    """A cake on a footed stand."""
    cake = (
        shape("M176 246h248v92q-124 34 -248 0z", "#f4e3c6")
        + box(176, 282, 248, 14, p.accent, more=faint(0.8))
        + oval(300, 246, 124, 30, "#fff8ea")
    )
    drip = shape(
        ("M176 246q0 40 20 40t20 -20t22 6t22 20t24 -18t26 6t24 22t24 -20t22 4t22 6t22 -46q-124 -60 -248 0z"), "#fff8ea"
    )
    berries = "".join(oval(x, 232 - x % 7, 14, 14, p.accent) for x in (244, 274, 306, 340, 366))
    return (
        shape("M268 352h64l22 100q4 18 -20 18h-68q-24 0 -20 -18z", p.body)
        + cake
        + drip
        + berries
        + oval(300, 352, 196, 30, p.dusk)
        + oval(300, 344, 196, 30, p.body)
        + oval(300, 342, 160, 20, p.pale, faint(0.6))
        + cake
        + drip
        + berries
    )


@lies("cutlery")
def cutlery(p: Paint) -> str:
    """Fork, knife and spoon in a row."""
    metal = p.body
    fork = box(163, 250, 18, 260, metal, 9) + shape(
        "M140 110h12v90h12v-90h16v90h12v-90h12v110q0 40 -32 44q-32 -4 -32 -44z", metal
    )
    blade = box(291, 300, 20, 210, metal, 9) + shape("M288 100q44 40 34 210h-34z", metal)
    spoon = (
        box(421, 230, 18, 280, metal, 9) + oval(430, 172, 40, 66, metal) + oval(430, 172, 28, 52, p.pale, faint(0.5))
    )
    return (
        box(96, 64, 408, 480, p.accent, 10, faint(0.35))
        + group(group(fork + blade + spoon, ' opacity=".12" transform="translate(8 10)"'), "")
        + fork
        + blade
        + spoon
    )
