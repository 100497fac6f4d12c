"""Draw things of cloth and wool."""

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import CREAM, Paint, box, faint, group, line, oval, shape, spun
from bodega.demo.pictures.patterns import pattern, weave


@lies("tea_towel")
def tea_towel(p: Paint) -> str:
    """A towel on a peg."""
    outline = "M190 110h220q14 190 6 384q-116 14 -232 0q-8 -200 6 -384z"
    return (
        box(90, 74, 420, 18, p.url("w"), 9)
        + oval(300, 96, 13, 16, p.url("w"))
        + shape(outline, "#000", ' opacity=".1" transform="translate(10 12)"')
        + shape(outline, p.body)
        + p.clipped(
            outline,
            weave(p, 180, 120, 244, 380)
            + shape(
                "M250 110q-14 200 4 390h-20q-20 -190 -4 -390zM352 110q10 200 -6 390h20q16 -190 4 -390z",
                "#000",
                faint(0.07),
            ),
        )
        + line("M288 110q12 -26 24 0", p.deep, 6)
    )


@lies("apron")
def apron(p: Paint) -> str:
    """An apron hung by its straps."""
    outline = "M238 150h124q4 76 74 100q10 130 -4 266q-132 16 -264 0q-14 -136 -4 -266q70 -24 74 -100z"
    return (
        line("M242 156q-10 -90 58 -92q68 2 58 92", p.deep, 11)
        + oval(300, 60, 12, 12, "#b58a55")
        + line("M166 262q-70 40 -50 130M434 262q70 40 50 130", p.deep, 10)
        + shape(outline, p.body)
        + p.clipped(outline, weave(p, 160, 150, 280, 370))
        + box(216, 334, 168, 110, p.dusk, 10)
        + line("M224 344h152M300 340v98", p.tint, 3, ' stroke-dasharray="9 7"')
        + line("M238 162h124", p.tint, 3, ' stroke-dasharray="9 7"')
    )


@lies("oven_glove")
def oven_glove(p: Paint) -> str:
    """A quilted glove."""
    outline = "M214 500v-190q-70 -20 -84 -80q-6 -40 30 -40q30 2 50 50q-6 -150 90 -152q110 2 104 152l-14 260z"
    quilt = line(
        "".join(f"M{x} 60l-330 520M{x - 330} 60l330 520" for x in range(220, 860, 64)),
        p.tint,
        3,
        ' stroke-dasharray="8 7" opacity=".6"',
    )
    return group(
        shape(outline, "#000", ' opacity=".1" transform="translate(12 14)"')
        + shape(outline, p.body)
        + p.clipped(outline, quilt)
        + box(204, 460, 192, 56, p.accent, 12)
        + line("M388 486q50 8 26 44q-20 10 -28 -14", p.accent, 9),
        spun(6, 300, 300),
    )


@lies("table_linen", "muslin")
def folded_cloth(p: Paint) -> str:
    """A stack of folded cloths, tied."""
    layers = "".join(
        box(132 + n * 6, 396 - n * 62, 336 - n * 12, 58, c, 16)
        + line(f"M{150 + n * 6} {436 - n * 62}h{300 - n * 12}", "#0001", 4)
        for n, c in enumerate((p.dusk, p.base, p.pale, p.base))
    )
    top = "M160 212q140 -24 280 0l-10 -66q-130 -22 -260 0z"
    return (
        oval(306, 462, 190, 22, "#000", faint(0.12))
        + layers
        + shape(top, p.body)
        + p.clipped(top, weave(p, 150, 120, 300, 100))
        + line("M300 132v322", p.accent, 12)
        + line("M300 140q-60 -60 -70 -14q10 30 70 14q60 -60 70 -14q-10 30 -70 14", p.accent, 9)
    )


@stands("cushion")
def cushion(p: Paint) -> str:
    """A plump cushion with piping or tassels."""
    outline = "M132 166q168 26 336 0q-26 150 0 300q-168 -22 -336 0q26 -150 0 -300z"
    tassels = (
        "".join(
            oval(x, y, 16, 16, p.accent) + line(f"M{x} {y}l{dx} {dy}m-8 -4l8 4l4 -10", p.accent, 6)
            for x, y, dx, dy in ((134, 168, -22, -22), (466, 168, 22, -22), (134, 464, -22, 16), (466, 464, 22, 16))
        )
        if p.turn(2)
        else ""
    )
    return (
        shape(outline, p.body)
        + p.clipped(
            outline,
            weave(p, 130, 150, 340, 330) + shape("M132 466q30 -120 168 -150q140 30 168 150z", "#000", faint(0.05)),
        )
        + line(outline, p.deep if p.turn(2, 1) else p.accent, 7)
        + tassels
        + line("M172 220q-6 60 4 120", "#fff", 12, faint(0.3))
    )


@stands("throw")
def throw(p: Paint) -> str:
    """A throw over the arm of a chair."""
    outline = "M196 176q110 -30 220 0l26 236q-130 26 -270 0z"
    fringe = line("".join(f"M{x} {420 + (x - 300) ** 2 // -1400}v34" for x in range(180, 440, 13)), p.pale, 5)
    return (
        box(110, 196, 380, 70, "#c9a47a", 35)
        + box(130, 240, 30, 230, "#b08656", 10)
        + box(440, 240, 30, 230, "#b08656", 10)
        + fringe
        + shape(outline, p.body)
        + p.clipped(
            outline,
            weave(p, 160, 160, 290, 270)
            + shape(
                "M256 160q-24 130 -14 280h-26q-6 -150 16 -280zM370 160q24 130 14 280h26q0 -150 -18 -280z",
                "#000",
                faint(0.08),
            ),
        )
    )


@lies("rug")
def rug(p: Paint) -> str:
    """A rug from above, fringed."""
    motifs = (
        "".join(
            shape(f"M300 {y - 40}l60 40l-60 40l-60 -40z", p.accent)
            + shape(f"M300 {y - 18}l28 18l-28 18l-28 -18z", p.tint)
            for y in (190, 300, 410)
        )
        if p.turn(2)
        else weave(p, 150, 110, 300, 380)
    )
    return (
        line("".join(f"M{x} 88v-22M{x} 512v22" for x in range(160, 450, 14)), p.tint, 5)
        + box(146, 90, 324, 436, "#000", 4, faint(0.1))
        + box(140, 84, 320, 432, p.body, 4)
        + box(160, 104, 280, 392, "none", 2, f' stroke="{p.tint}" stroke-width="7"')
        + motifs
    )


@stands("bedding")
def bedding(p: Paint) -> str:
    """A made bed, or at least its best half."""
    cover = "M84 330q216 -40 432 0v120h-432z"
    return (
        box(96, 150, 408, 240, p.url("w"), 22)
        + box(120, 250, 170, 96, "#fffaf0", 34)
        + box(310, 250, 170, 96, "#fffaf0", 34)
        + box(136, 268, 150, 80, p.pale, 30)
        + box(314, 268, 150, 80, p.pale, 30)
        + shape(cover, p.body)
        + p.clipped(cover, weave(p, 80, 320, 440, 140))
        + shape("M84 330q216 -40 432 0v34q-216 -40 -432 0z", p.tint)
        + box(84, 446, 432, 14, p.dusk)
        + box(108, 458, 16, 14, "#8a6440")
        + box(476, 458, 16, 14, "#8a6440")
    )


@lies("towel")
def towel(p: Paint) -> str:
    """Towels on a rail."""
    second = "M318 128h130q10 170 0 262q-66 8 -130 0z"
    outline = "M150 128h150q8 220 0 360q-76 10 -152 0q-8 -180 2 -360z"
    return (
        box(80, 100, 440, 18, p.url("g"), 9)
        + shape(second, p.url("a"))
        + p.clipped(second, box(310, 330, 150, 10, CREAM) + box(310, 348, 150, 10, CREAM))
        + shape(outline, p.body)
        + p.clipped(outline, weave(p, 140, 220, 170, 270))
        + box(150, 112, 150, 22, p.dusk, 8)
        + box(318, 112, 130, 22, p.third, 8, faint(0.4))
    )


@lies("gloves")
def gloves(p: Paint) -> str:
    """A pair of gloves, one over the other."""
    hand = (
        "M226 480v-120q-60 -50 -74 -100q0 -30 26 -24l40 50q-10 -120 -6 -150q14 -30 36 0l8 110"
        "l6 -130q20 -28 38 0l2 130l14 -112q20 -24 34 4l-6 122l20 -66q20 -18 30 10q0 110 -42 180"
        "v96z"
    )
    cuff = box(216, 452, 146, 54, p.accent, 10) + line("M226 470h126M226 488h126", "#fff4", 4)
    one = shape(hand, p.body) + line("M244 330q50 30 96 -6", p.deep, 4, ' stroke-dasharray="8 7"') + cuff
    return group(shape(hand, p.dusk) + cuff, ' transform="translate(560 30) scale(-1 1) rotate(-14 300 300)"') + group(
        one, ' transform="translate(-30 0) rotate(-12 300 300)"'
    )


@lies("bib")
def bib(p: Paint) -> str:
    """A bib with a spoon."""
    outline = "M216 130q-40 90 84 96q124 -6 84 -96q80 10 76 130q10 230 -160 240q-170 -10 -160 -240q-4 -120 76 -130z"
    return group(
        shape(outline, "#000", ' opacity=".1" transform="translate(8 12)"')
        + shape(outline, p.body)
        + p.clipped(outline, pattern(p, 130, 240, 340, 260))
        + line(outline, p.accent, 9)
        + oval(216, 132, 13, 13, p.tint),
        spun(-4, 300, 300),
    )
