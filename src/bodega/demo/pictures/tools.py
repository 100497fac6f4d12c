"""Draw things to work with, in kitchen and bathroom."""

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
    line,
    oval,
    shape,
    spun,
)
from bodega.demo.pictures.patterns import pattern


@stands("knife")
def knife(p: Paint) -> str:
    """A knife standing in a block of lemon and herbs."""
    blade = "M92 330q210 -110 300 -60v66q-190 10 -300 -6z"
    lemon = (
        oval(180, 434, 56, 44, "#efd25a")
        + oval(180, 434, 44, 34, "#fbf0b8")
        + "".join(
            line(f"M180 434l{x} {y}", "#efd25a", 4)
            for x, y in ((40, 0), (-40, 0), (20, 30), (-20, 30), (20, -30), (-20, -30))
        )
    )
    board = box(90, 452, 420, 26, p.url("w"), 10)
    return (
        board
        + lemon
        + leaf(410, 450, 110, -150, GREENS[1])
        + leaf(420, 450, 90, -60, GREENS[0])
        + shape(blade, p.url("m"))
        + line("M110 326q160 -84 280 -50", "#fff", 5, faint(0.6))
        + shape("M392 268h26v70h-26z", "#9aa2a8")
        + shape("M416 264h104q24 6 20 40q0 30 -26 40q-50 -24 -98 -8z", p.body)
        + oval(446, 302, 7, 7, "#cda452")
        + oval(496, 304, 7, 7, "#cda452")
    )


@lies("board")
def board(p: Paint) -> str:
    """A board with bread on it."""
    outline = "M190 160h70q0 -70 40 -70t40 70h70q30 0 30 30v300q0 30 -30 30h-220q-30 0 -30 -30v-300q0 -30 30 -30z"
    grain = line(
        (
            "M200 190q-10 150 6 320M248 180q14 160 -4 330M300 170q-8 180 6 340M352 180q12 160 0 330"
            "M398 190q-10 150 4 320"
        ),
        p.dusk,
        4,
        faint(0.5),
    )
    bread = shape(
        ("M220 300q0 -60 80 -60t80 60q0 20 -14 26v90q0 14 -14 14h-104q-14 0 -14 -14v-90q-14 -6 -14 -26z"), "#c98d4f"
    ) + shape("M234 300q0 -44 66 -44t66 44q0 12 -12 18v98h-108v-98q-12 -6 -12 -18z", "#f3dfb8")
    fruit = (
        oval(262, 420, 40, 40, "#d4503f")
        + oval(338, 436, 34, 34, "#c0463a")
        + leaf(262, 384, 40, -60, GREENS[0])
        + leaf(338, 406, 36, -110, GREENS[1])
    )
    return group(
        shape(outline, "#000", ' opacity=".12" transform="translate(10 14)"')
        + shape(outline, p.body)
        + p.clipped(outline, grain)
        + oval(300, 126, 15, 15, "#0004")
        + (bread if p.turn(2) else fruit),
        spun(7, 300, 300),
    )


@stands("utensils")
def utensils(p: Paint) -> str:
    """A crock of spoons and spatulas."""
    tools = (
        line("M250 300L216 130", p.base, 15)
        + oval(212, 112, 30, 42, p.base, spun(-12, 212, 112))
        + oval(214, 114, 19, 29, p.dusk, spun(-12, 212, 112))
        + line("M300 300V140", p.dusk, 15)
        + box(272, 64, 56, 96, p.base, 14)
        + line("M288 84v56M300 84v56M312 84v56", p.deep, 6)
        + line("M350 300L392 150", p.base, 15)
        + shape("M376 154l54 16l16 -78q-24 -26 -60 -14z", p.dusk)
    )
    outline = "M200 250h200l-14 204q-2 16 -18 16h-136q-16 0 -18 -16z"
    return (
        tools
        + shape(outline, p.url("a"))
        + box(194, 242, 212, 22, p.accent, 11)
        + p.clipped(outline, box(190, 320, 220, 10, "#fff6") + box(190, 340, 220, 10, "#fff6"))
        + line("M226 284l8 140", "#fff", 10, SHINE)
    )


@stands("rolling_pin")
def rolling_pin(p: Paint) -> str:
    """A pin on floured dough."""
    dough = oval(300, 436, 190, 40, "#f1dfbd") + oval(300, 428, 180, 34, "#f9ecd2")
    pin = (
        box(150, 330, 300, 76, p.body, 24)
        + box(84, 352, 70, 32, p.dusk, 16)
        + box(446, 352, 70, 32, p.dusk, 16)
        + line("M170 350h240", "#fff", 9, SHINE)
    )
    whisk = line(
        "M430 250q70 -130 20 -170q-50 -10 -60 160M424 250q20 -110 10 -168M436 250q30 -100 20 -160", "#9aa2a8", 6
    ) + line("M424 250l-10 60", p.base, 18)
    flour = dots(((110 + n * 59 % 400, 452 + n * 13 % 24) for n in range(14)), 3, "#fff")
    return (
        whisk
        + dough
        + group(pin, spun(-7, 300, 360))
        + flour
        + shape("M148 250q10 -70 60 -70t60 70z", "#fff", faint(0))
        + oval(180, 290, 30, 36, "#f7eadb")
        + oval(226, 300, 28, 34, "#eed9c0")
    )


@stands("lunch_box")
def lunch_box(p: Paint) -> str:
    """A two-tier box with a band."""
    return (
        box(130, 356, 340, 114, p.body, 26)
        + box(130, 250, 340, 110, p.url("a") if p.turn(2) else p.body, 26)
        + box(122, 236, 356, 40, p.dusk, 18)
        + box(130, 350, 340, 10, p.deep, more=faint(0.5))
        + box(270, 230, 60, 244, p.ink, 6)
        + box(284, 330, 32, 60, "#cda452", 8)
        + box(180, 160, 240, 14, p.url("w"), 7, spun(-6, 300, 166))
        + box(180, 186, 240, 14, p.url("w"), 7, spun(-3, 300, 190))
        + line("M156 290v50M156 386v50", "#fff", 11, SHINE)
    )


@stands("flask")
def flask(p: Paint) -> str:
    """A slim bottle with a loop."""
    outline = "M238 210h124q20 24 20 64v166q0 30 -30 30h-104q-30 0 -30 -30v-166q0 -40 20 -64z"
    return (
        line("M268 130q32 -70 64 0", p.ink, 12)
        + box(252, 130, 96, 60, p.ink, 12)
        + box(246, 186, 108, 30, p.url("m"), 6)
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 210, 260, 180, 210))
        + line("M240 270v150", "#fff", 11, SHINE)
    )


@stands("bath_brush")
def bath_brush(p: Paint) -> str:
    """A brush, a dish and a bar."""
    bristles = line("".join(f"M{x} 300v46" for x in range(150, 330, 9)), "#efe2c6", 7)
    return (
        bristles
        + box(136, 262, 208, 46, p.body, 23)
        + line("M330 284q90 -10 170 -84", p.dusk, 24)
        + oval(490, 206, 7, 7, CREAM)
        + oval(300, 456, 150, 20, p.dusk)
        + box(170, 424, 260, 40, p.body, 16)
        + box(214, 380, 172, 52, p.url("a"), 22)
        + line("M240 394h80", "#fff", 8, SHINE)
    )
