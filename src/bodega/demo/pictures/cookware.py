"""Draw things to cook, brew and bake in."""

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import (
    COFFEE,
    CREAM,
    GREENS,
    SHINE,
    Paint,
    box,
    faint,
    group,
    leaf,
    line,
    oval,
    shape,
    sprig,
    spun,
)
from bodega.demo.pictures.patterns import pattern


@stands("casserole")
def casserole(p: Paint) -> str:
    """A heavy lidded pot."""
    return (
        box(104, 306, 392, 30, p.deep, 15)
        + box(134, 290, 332, 180, p.body, 42)
        + box(134, 290, 332, 30, p.dusk, more=faint(0.6))
        + shape("M126 290q20 -76 174 -76t174 76z", p.body)
        + line("M160 268q30 -36 110 -42", "#fff", 10, SHINE)
        + box(118, 280, 364, 20, p.dusk, 10)
        + oval(300, 206, 30, 20, "#cda452")
        + box(290, 212, 20, 10, "#a57f35")
        + line("M160 340v76", "#fff", 12, SHINE)
        + line(
            "M230 150c-20 -26 20 -40 0 -66M300 150c-20 -26 20 -40 0 -66M370 150c-20 -26 20 -40 0 -66",
            "#fff",
            8,
            faint(0.5),
        )
    )


@lies("frying_pan")
def frying_pan(p: Paint) -> str:
    """A pan from above with an egg, sunny side up."""
    egg = (
        shape(
            ("M206 260c10 -60 90 -70 120 -30c40 10 60 60 20 90c0 50 -80 60 -104 20c-46 0 -60 -50 -36 -80z"), "#fffaf0"
        )
        + oval(280, 286, 34, 34, "#f0a93b")
        + oval(270, 276, 10, 7, "#fff", faint(0.6))
    )
    handle = box(392, 276, 190, 36, p.url("w") if p.turn(2) else p.deep, 18) + oval(556, 294, 8, 8, "#0003")
    return group(
        handle
        + oval(262, 306, 178, 178, "#000", faint(0.12))
        + oval(256, 294, 176, 176, p.body)
        + oval(256, 294, 156, 156, p.deep)
        + oval(256, 298, 148, 148, p.ink)
        + (egg if p.turn(3, 1) else sprig(250, 370, 140, GREENS[1], 20)),
        spun(-32, 300, 300),
    )


@stands("mixing_bowl")
def mixing_bowl(p: Paint) -> str:
    """A deep bowl with a spoon standing in it."""
    outline = "M130 270h340q-4 150 -90 200h-160q-86 -50 -90 -200z"
    return (
        line("M372 270l70 -150", "#b98a55", 18)
        + oval(446, 112, 22, 32, "#cd9f6c", spun(24, 446, 112))
        + shape(outline, p.body)
        + p.clipped(outline, box(120, 312, 360, 16, p.tint) + box(120, 340, 360, 6, p.tint))
        + oval(300, 270, 170, 38, p.dusk)
        + oval(300, 274, 154, 29, "#f4e6cb")
        + line("M210 276q40 -18 90 0t90 -6", "#e3cda3", 7)
        + line("M168 330q14 70 50 110", "#fff", 12, SHINE)
    )


@stands("cake_tin")
def cake_tin(p: Paint) -> str:
    """A fluted tin with a bundt just out of it."""
    cake = "M150 330c0 -110 66 -150 150 -150s150 40 150 150z"
    ridges = line(
        ("M300 180q-70 50 -84 150M300 180q70 50 84 150M300 180v150M290 182q-110 40 -132 148M310 182q110 40 132 148"),
        "#a8693a",
        6,
        faint(0.6),
    )
    return (
        shape(cake, "#c98850")
        + ridges
        + shape("M204 226q30 -46 96 -46t96 46q-14 34 -30 6t-34 14t-36 -10t-34 14t-30 -18t-28 -6z", CREAM)
        + shape("M128 330h344l-34 140h-276z", p.body)
        + line("".join(f"M{x} 340l{(300 - x) // -14} 122" for x in range(160, 460, 35)), p.deep, 5, faint(0.35))
        + box(118, 322, 364, 20, p.dusk, 10)
        + line("M170 352l18 90", "#fff", 10, SHINE)
    )


@stands("canister")
def canister(p: Paint) -> str:
    """A storage jar with a wooden lid."""
    outline = "M190 220h220q14 0 14 16v204q0 30 -30 30h-188q-30 0 -30 -30v-204q0 -16 14 -16z"
    return (
        shape(outline, p.body)
        + p.clipped(outline, pattern(p, 176, 250, 250, 210))
        + box(182, 188, 236, 36, p.url("w"), 10)
        + oval(300, 178, 30, 16, p.url("w"))
        + box(182, 218, 236, 8, "#0002", 4)
        + (
            box(236, 318, 128, 66, CREAM, 8) + line("M256 342h88M272 362h56", p.ink, 5, faint(0.6))
            if p.turn(2, 2)
            else ""
        )
        + line("M202 260v150", "#fff", 12, SHINE)
    )


@stands("kettle")
def kettle(p: Paint) -> str:
    """A pouring kettle with a thin spout."""
    return (
        line("M400 420c80 0 40 -150 110 -190", p.dusk, 20)
        + line("M186 300c-100 -30 -110 120 -20 128", p.ink, 22)
        + shape("M206 260h188q20 0 24 22l22 160q4 28 -28 28h-224q-32 0 -28 -28l22 -160q4 -22 24 -22z", p.body)
        + shape("M206 260q94 -66 188 0z", p.dusk)
        + oval(300, 222, 16, 14, p.ink)
        + box(170, 440, 260, 12, p.deep, 6, faint(0.5))
        + line("M218 296l-16 120", "#fff", 12, SHINE)
    )


@stands("cafetiere")
def cafetiere(p: Paint) -> str:
    """A glass cafetière in a frame."""
    return (
        box(294, 110, 12, 90, p.url("m"))
        + oval(300, 108, 22, 22, p.deep)
        + line("M398 236c96 -6 96 150 0 160", p.deep, 22)
        + box(204, 216, 192, 246, "#e9f0f0", 12, faint(0.85))
        + box(210, 300, 180, 158, COFFEE, 10)
        + box(210, 292, 180, 16, "#8a6446", 6)
        + box(198, 188, 204, 34, p.body, 14)
        + shape("M198 200l-34 -14q10 36 34 40z", p.base)
        + box(198, 440, 204, 30, p.body, 10)
        + line("M214 222v220M386 222v220", p.base, 12)
        + box(198, 330, 204, 12, p.base)
        + line("M240 236v50", "#fff", 12, faint(0.8))
    )


@stands("moka_pot")
def moka_pot(p: Paint) -> str:
    """An eight-sided stovetop pot."""
    return (
        line("M384 190h66q22 0 20 26l-10 90", p.ink, 24)
        + shape("M214 176h168l-30 130h-112z", p.body)
        + shape("M214 176l-46 -16l26 62z", p.dusk)
        + shape("M226 176h30l14 130h-18zM316 176h30l-20 130h-16z", "#fff", faint(0.2))
        + shape("M210 176q88 -60 176 0z", p.dusk)
        + oval(298, 134, 15, 15, p.ink)
        + box(232, 302, 130, 26, p.deep, 6)
        + shape("M232 328h130l42 128q4 14 -12 14h-190q-16 0 -12 -14z", p.body)
        + shape("M250 328h28l-10 142h-38zM318 328h24l30 142h-36z", "#fff", faint(0.18))
        + oval(386, 372, 9, 9, "#cda452")
    )


@stands("dripper")
def dripper(p: Paint) -> str:
    """A cone over a glass of coffee."""
    return (
        line("M270 130c-20 -26 20 -40 0 -64M330 130c-20 -26 20 -40 0 -64", "#fff", 8, faint(0.5))
        + shape("M196 168q104 -34 208 0l-12 20h-184z", "#fbf5e6")
        + shape("M186 180h228l-74 120h-80z", p.body)
        + line("M236 192l46 96M300 192v96M364 192l-46 96", p.dusk, 6, faint(0.7))
        + line("M402 200c60 0 46 70 -20 62", p.dusk, 16)
        + box(206, 296, 188, 18, p.deep, 9)
        + shape("M226 314h148l24 130q4 26 -24 26h-148q-28 0 -24 -26z", "#e6eeee", faint(0.85))
        + shape("M216 384h168l12 62q2 18 -20 18h-152q-22 0 -20 -18z", COFFEE)
        + line("M236 330l-14 70", "#fff", 10, faint(0.8))
    )


@stands("grinder")
def grinder(p: Paint) -> str:
    """A mill with a crank."""
    return (
        line("M300 150h126", p.ink, 13)
        + oval(430, 138, 17, 24, p.url("w"))
        + box(288, 140, 24, 50, p.ink)
        + shape("M204 186h192q-10 66 -60 84h-72q-50 -18 -60 -84z", p.url("g"))
        + box(206, 270, 188, 176, p.body, 10)
        + box(190, 440, 220, 30, p.dusk, 8)
        + box(234, 336, 132, 76, p.dusk, 6)
        + oval(300, 374, 11, 11, "#cda452")
        + line("M222 290v130", "#fff", 9, SHINE)
        + "".join(oval(x, y, 17, 11, COFFEE, spun(x, x, y)) for x, y in ((132, 462), (160, 452), (450, 464)))
    )


@stands("infuser")
def infuser(p: Paint) -> str:
    """A strainer over a glass cup of tea."""
    holes = line("".join(f"M258 {y}h90" for y in range(200, 300, 18)), p.deep, 5, ' stroke-dasharray="0 15"')
    return (
        shape("M176 250h248l-20 190q-4 30 -34 30h-140q-30 0 -34 -30z", "#e9f0ee", faint(0.8))
        + shape("M182 310h236l-14 126q-4 26 -32 26h-144q-28 0 -32 -26z", "#c98a3d", faint(0.85))
        + line("M420 290c80 -10 76 110 -12 112", "#dfe8e6", 16)
        + shape("M240 176h120l-8 150q-52 26 -104 0z", p.body)
        + holes
        + box(196, 162, 208, 20, p.dusk, 10)
        + line("M204 290l10 120", "#fff", 10, faint(0.7))
        + leaf(470, 462, 60, -150, GREENS[0])
        + leaf(476, 466, 50, -60, GREENS[1])
    )


@stands("whisk_bamboo")
def bamboo_whisk(p: Paint) -> str:
    """A bamboo whisk beside a bowl of matcha."""
    prongs = line("".join(f"M{200 + n * 5} 320Q{168 + n * 12} 400 {178 + n * 10} 462" for n in range(10)), "#e5cf9c", 6)
    bowl = (
        shape("M316 360h190q0 110 -60 110h-70q-60 0 -60 -110z", p.url("a"))
        + oval(411, 360, 95, 18, p.accent)
        + oval(411, 362, 82, 13, "#8fa64e")
    )
    return (
        bowl
        + box(196, 150, 60, 150, "#dcc183", 8)
        + box(196, 200, 60, 6, "#b89a5c")
        + box(190, 292, 72, 34, p.ink, 6)
        + prongs
    )
