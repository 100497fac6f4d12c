"""Draw things in packets: bags, boxes, tins."""

from bodega.demo.pictures.labels import emblem, label
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
    sprigs,
    spun,
)


@stands("coffee_bag")
def coffee_bag(p: Paint) -> str:
    """A side-fold bag with a tin tie."""
    outline = "M196 150h208l14 30v270q0 20 -20 20h-196q-20 0 -20 -20v-270z"
    look = p.turn(3)
    art = (
        shape("M182 330q118 -70 236 0v140h-236z", p.accent, faint(0.9)) + oval(346, 290, 34, 34, p.tint),
        "".join(
            shape(
                f"M182 {y}l59 -34l59 34l59 -34l59 34v22l-59 -34l-59 34l-59 -34l-59 34z",
                (p.accent, p.tint)[n % 2],
                faint(0.85),
            )
            for n, y in enumerate((396, 430, 464))
        ),
        oval(300, 350, 150, 150, p.pale, faint(0.4)) + oval(300, 390, 120, 120, p.accent, faint(0.6)),
    )[look]
    beans = (
        oval(214, 462, 22, 15, "#5b3c2b", spun(-20, 214, 462))
        + oval(398, 464, 22, 15, "#6d4a35", spun(15, 398, 464))
        + oval(428, 456, 20, 13, "#5b3c2b", spun(-40, 428, 456))
    )
    return (
        shape(outline, p.body)
        + p.clipped(
            outline,
            art
            + shape("M182 180l34 60v230h-34z", "#000", faint(0.07))
            + shape("M418 180l-34 60v230h34z", "#000", faint(0.12)),
        )
        + box(190, 140, 220, 26, p.dusk, 4)
        + box(196, 162, 208, 8, "#cda452", 4)
        + label(p, 226, 232, 148, 118)
        + oval(300, 196, 9, 9, "#fff", faint(0.5))
        + beans
    )


@stands("tea_box")
def tea_box(p: Paint) -> str:
    """A carton with a lid, botanical on the front."""
    art = (
        sprigs(((x, 462, 140 + x % 60, (x - 300) / 6) for x in (222, 270, 330, 380)), p.tint),
        shape("M190 420q55 -60 110 0t110 0v50h-220z", p.accent) + oval(352, 250, 36, 36, p.accent),
        dots(((x + y % 44, y) for y in range(210, 470, 44) for x in range(196, 400, 48)), 12, p.accent),
    )[p.turn(3)]
    outline = "M190 190h220v272q0 8 -8 8h-204q-8 0 -8 -8z"
    return (
        shape(outline, p.body)
        + p.clipped(outline, group(art, faint(0.85)))
        + box(182, 148, 236, 56, p.dusk, 6)
        + box(182, 148, 236, 20, p.base, 6)
        + label(p, 228, 258, 144, 126)
        + shape("M410 204l-26 0v266h18q8 0 8 -8z", "#000", faint(0.1))
    )


@stands("tin")
def tin(p: Paint) -> str:
    """A round canister with a fitted lid."""
    outline = "M200 220h200v228q-100 40 -200 0z"
    return (
        shape(outline, p.body)
        + p.clipped(outline, line("".join(f"M190 {y}q110 40 220 0" for y in (250, 262, 414, 426)), p.accent, 5))
        + shape("M194 160h212v66q-106 36 -212 0z", p.url("g") if p.turn(2) else p.body)
        + oval(300, 160, 106, 24, p.pale if p.turn(2) == 0 else "#e0bf7c")
        + oval(300, 158, 92, 18, "#fff", faint(0.25))
        + label(p, 232, 282, 136, 116)
        + line("M216 262v150", "#fff", 9, SHINE)
    )


@lies("tin_flat")
def flat_tin(p: Paint) -> str:
    """A flat round tin and its lid."""
    lid = (
        oval(238, 268, 136, 136, p.body)
        + oval(238, 268, 116, 116, p.tint)
        + emblem(p, 238, 240, 34, p.base)
        + letters(p.label, 238, 318, 22, p.ink)
    )
    return (
        oval(402, 408, 128, 128, "#000", faint(0.1))
        + oval(396, 396, 126, 126, p.url("m"))
        + oval(396, 396, 110, 110, p.pale)
        + line("M330 400q40 -70 100 -50q50 30 10 70q-40 30 -70 6", p.tint, 16)
        + oval(246, 282, 138, 138, "#000", faint(0.12))
        + lid
        + line("M124 232a130 130 0 0 1 60 -70", "#fff", 9, faint(0.5))
    )


@stands("sack")
def sack(p: Paint) -> str:
    """A paper sack, sewn at the top."""
    outline = "M176 168q124 -22 248 0l8 282q0 20 -22 20h-220q-22 0 -22 -20z"
    wheat = (
        line("M300 420v-120", p.base, 6)
        + "".join(leaf(300, y, 44, a, p.base) for y in (310, 336, 362) for a in (-140, -40))
        + leaf(300, 304, 44, -90, p.base)
    )
    art = (wheat, emblem(p, 300, 360, 46, p.base))[p.turn(2)]
    return (
        shape(outline, p.url("k"))
        + p.clipped(
            outline, box(160, 250, 280, 18, p.body) + box(160, 276, 280, 6, p.base) + box(160, 440, 280, 40, p.body)
        )
        + line("M176 196q124 -20 248 0", "#fff", 5, ' stroke-dasharray="12 10" opacity=".8"')
        + art
        + letters(p.label, 300, 236, 30, p.ink)
        + shape("M424 168l8 282q0 20 -22 20h-16q14 -150 -8 -306z", "#000", faint(0.08))
    )


@stands("pouch")
def pouch(p: Paint) -> str:
    """A stand-up pouch with a window."""
    outline = "M190 146h220q2 60 12 140q10 110 4 164q-4 20 -24 20h-204q-20 0 -24 -20q-6 -54 4 -164q10 -80 12 -140z"
    seen = oval(300, 410, 82, 40, p.ink, faint(0.6)) + "".join(
        dots(((240 + n * 29 % 122, 400 + n * 13 % 28) for n in range(shade, 12, 2)), 12, (p.accent, p.pale)[shade])
        for shade in (0, 1)
    )
    return (
        shape(outline, p.body)
        + p.clipped(
            outline,
            seen
            + box(180, 146, 240, 26, p.dusk)
            + line("M180 182h240", "#fff", 3, ' stroke-dasharray="8 8" opacity=".6"'),
        )
        + label(p, 218, 206, 164, 142, size=22)
        + line("M206 250q-10 90 -12 170", "#fff", 9, SHINE)
        + oval(300, 158, 10, 5, "#fff", faint(0.6))
    )


@stands("biscuit_tin")
def biscuit_tin(p: Paint) -> str:
    """A tin with biscuits leaning on it."""
    biscuit = (
        oval(132, 416, 54, 54, "#d9a864")
        + oval(132, 416, 44, 44, "#e5bb7c")
        + dots(((114, 402), (146, 398), (132, 422), (112, 434), (154, 430)), 5, "#9a6a3a")
    )
    stack = "".join(box(392, y, 110, 18, ("#d9a864", "#e5bb7c")[y // 20 % 2], 9) for y in (452, 432, 412))
    outline = "M160 250h250v196q0 24 -24 24h-202q-24 0 -24 -24z"
    return (
        shape(outline, p.body)
        + p.clipped(
            outline,
            line("".join(f"M150 {y}h270" for y in (274, 446)), p.accent, 8)
            + shape("M160 470q60 -60 125 0t125 0v10h-250z", p.accent, faint(0.5)),
        )
        + box(150, 206, 270, 54, p.dusk, 12)
        + box(150, 204, 270, 26, p.base, 12)
        + label(p, 200, 290, 170, 130)
        + biscuit
        + stack
    )


@lies("chocolate_bar")
def chocolate_bar(p: Paint) -> str:
    """A bar half out of its wrapper."""
    grid = [(216 + column * 58, 104 + row * 60) for row in range(2) for column in range(3)]
    squares = shape("".join(f"M{x} {y}h52v54h-52z" for x, y in grid), "#6b4630")
    squares += shape("".join(f"M{x + 7} {y + 7}h38v40h-38z" for x, y in grid), "#7a5238")
    wrapper = "M204 226l24 12l24 -12l24 12l24 -12l24 12l24 -12l24 12l24 -12v282h-192z"
    art = (
        "".join(shape(f"M190 {y}h220l-20 26h-220z", p.accent, faint(0.8)) for y in range(270, 520, 62)),
        dots(((210 + n * 67 % 190, 260 + n * 83 % 250) for n in range(11)), 26, p.accent, faint(0.8)),
        leaves(((204 + n * 71 % 190, 290 + n * 59 % 210, 70, n * 47) for n in range(10)), p.accent),
    )[p.turn(3)]
    return group(
        box(212, 108, 196, 412, "#000", 8, faint(0.12))
        + box(204, 96, 192, 180, "#55341f", 6)
        + squares
        + shape("M204 214h192v30h-192z", p.url("m"))
        + shape(wrapper, p.body)
        + p.clipped(wrapper, art)
        + label(p, 232, 318, 136, 110, size=20),
        spun(9, 300, 300),
    )


def _fish(x: int, y: int, colour: str) -> str:
    outline = f"M{x} {y}q70 -58 150 0l44 -30v60l-44 -30q-80 58 -150 0z"
    return shape(outline, colour) + oval(x + 28, y - 6, 6, 6, "#fff")


@lies("fish_tin")
def fish_tin(p: Paint) -> str:
    """A tin of fish in a printed sleeve."""
    body = (
        box(106, 186, 400, 240, "#000", 46, faint(0.12))
        + box(96, 170, 408, 240, p.url("m"), 46)
        + box(110, 184, 380, 212, p.body, 36)
    )
    waves = line("".join(f"M110 {y}q24 -16 48 0" + "t48 0" * 7 for y in (214, 372)), p.tint, 6)
    return group(
        body
        + waves
        + _fish(196, 262, p.tint)
        + _fish(196, 322, p.accent)
        + letters(p.label, 300, 364, 24, CREAM, most=18),
        spun(-8, 300, 300),
    )


_ROOTS = ("Beet", "Radish", "Carrot", "Leek")
_PODS = ("Runner", "Pea")
_FRUITS = ("Tomato", "Chilli", "Courgette", "Squash", "Cucumber")


@lies("flower_packet")
def flower_packet(p: Paint) -> str:
    """A paper packet with its flower on the front."""
    petals, turn = ((24, 40), (34, 60), (18, 30))[p.turn(3)]
    bloom = "".join(oval(300, 296, petals, 54, p.base, spun(a, 300, 340)) for a in range(0, 360, turn))
    return _packet(p, sprig(300, 478, 104, GREENS[0]) + bloom + oval(300, 340, 30, 30, "#e9b94f"))


@lies("seed_packet")
def seed_packet(p: Paint) -> str:
    """A paper packet with its vegetable on the front: root, pod, fruit or leaves."""
    if p.hint.startswith(_ROOTS):
        art = shape("M236 320q64 -40 128 0q10 70 -64 150q-74 -80 -64 -150z", p.body)
        art += leaves(((300, 312, 84, angle) for angle in (-125, -90, -55)), GREENS[1])
    elif p.hint.startswith(_PODS):
        art = line("M200 400q104 -120 200 -40", GREENS[1], 66)
        art += dots(((232, 376), (276, 348), (322, 340), (364, 348)), 20, p.base) + leaf(400, 356, 60, -60, GREENS[0])
    elif p.hint.startswith(_FRUITS):
        art = line("M300 250q-50 70 -40 130M300 250q50 50 44 100", GREENS[0], 7)
        art += dots(((258, 400),), 50, p.base) + dots(((346, 372),), 42, p.dusk)
        art += leaves(((300, 256, 90, -160), (300, 256, 90, -24), (258, 352, 34, -130), (258, 352, 34, -40)), GREENS[1])
    else:
        art = leaves(((300, 470, 210 - abs(a + 90), a) for a in (-140, -115, -65, -40)), p.dusk)
        art += leaves(((300, 470, 220, -102), (300, 470, 220, -78)), p.base) + line("M300 470v-150", p.tint, 5)
    return _packet(p, art)


def _packet(p: Paint, art: str) -> str:
    return group(
        box(170, 92, 280, 430, "#000", 6, faint(0.12))
        + box(160, 80, 280, 430, "#faf4e4", 6)
        + box(160, 80, 280, 44, p.body, 6)
        + box(176, 140, 248, 354, "none", 6, f' stroke="{p.deep}" stroke-width="3"')
        + letters(p.label, 300, 196, 26, p.ink, most=18)
        + line("M250 216h100", p.base, 4)
        + art
        + letters("BODEGA · SEEDS", 300, 110, 18, "#fff", most=30),
        spun((-5, 4, 0)[p.turn(3, 2)], 300, 300),
    )


@lies("filter_papers")
def filter_papers(p: Paint) -> str:
    """A fan of cone filters and their box."""
    cone = "M300 440l-150 -220q150 -90 300 0z"
    fan = "".join(
        shape(cone, colour, spun(a, 300, 440)) + line("M300 440l-96 -180", "#c9b189", 4, spun(a, 300, 440))
        for a, colour in ((-24, "#d9bf94"), (0, "#e6d2ac"), (24, "#f0e2c4"))
    )
    return (
        oval(310, 450, 190, 40, "#000", faint(0.1))
        + fan
        + box(212, 372, 176, 128, p.body, 8)
        + label(p, 228, 386, 144, 100, size=20)
    )


@lies("crayons")
def crayons(p: Paint) -> str:
    """A box of crayons, some already in use."""
    colours = (p.base, "#d9a63a", p.accent, "#5d7f9f", p.third, "#7c9a66")
    sticks = "".join(
        box(178 + 42 * n, 120 + n * 31 % 40, 34, 240, c, 4)
        + shape(f"M{178 + 42 * n} {120 + n * 31 % 40}l10 -32h14l10 32z", c)
        + box(178 + 42 * n, 160 + n * 31 % 40, 34, 8, "#0002")
        for n, c in enumerate(colours)
    )
    squiggle = line("M80 470q40 -70 70 0t70 0t70 -10t80 6t90 -16", p.accent, 10)
    return squiggle + sticks + box(166, 262, 268, 190, p.body, 8) + label(p, 206, 290, 188, 136, size=24)
