"""Draw things for animals, and animals."""

from bodega.demo.pictures.motif import lies, stands
from bodega.demo.pictures.paint import GREENS, SHINE, Paint, box, faint, group, leaf, line, oval, shape, spun

_LONG_EARED = ("Hare", "Rabbit")
_POINTED = ("Fox", "Cat", "Wolf", "Squirrel", "Tiger")


@stands("soft_toy")
def soft_toy(p: Paint) -> str:
    """An animal that sits up: round, long or pointed ears."""
    way = 1 if p.hint.startswith(_LONG_EARED) else 2 if p.hint.startswith(_POINTED) else 0
    ears = (
        oval(236, 156, 34, 34, p.base)
        + oval(364, 156, 34, 34, p.base)
        + oval(236, 158, 19, 19, p.pale)
        + oval(364, 158, 19, 19, p.pale),
        oval(262, 110, 22, 84, p.base, spun(-10, 262, 110))
        + oval(340, 110, 22, 84, p.base, spun(12, 340, 110))
        + oval(262, 116, 11, 60, p.pale, spun(-10, 262, 110))
        + oval(340, 116, 11, 60, p.pale, spun(12, 340, 110)),
        shape("M212 210l-6 -96l74 54zM388 210l6 -96l-74 54z", p.base)
        + shape("M222 186l-4 -50l38 30zM378 186l4 -50l-38 30z", p.pale),
    )[way]
    face = (
        oval(262, 220, 9, 11, "#2f2a30")
        + oval(338, 220, 9, 11, "#2f2a30")
        + oval(300, 254, 40, 32, p.tint)
        + oval(300, 242, 12, 9, "#2f2a30")
        + line("M300 250v12q-10 10 -20 4M300 262q10 10 20 4", "#2f2a30", 4)
    )
    cheeks = oval(234, 250, 14, 10, "#e58069", faint(0.4)) + oval(366, 250, 14, 10, "#e58069", faint(0.4))
    body = (
        oval(300, 392, 98, 88, p.body)
        + oval(300, 404, 58, 60, p.tint)
        + oval(212, 360, 28, 62, p.base, spun(24, 212, 360))
        + oval(388, 360, 28, 62, p.base, spun(-24, 388, 360))
    )
    feet = (
        oval(232, 452, 42, 30, p.dusk)
        + oval(368, 452, 42, 30, p.dusk)
        + oval(232, 456, 20, 15, p.pale)
        + oval(368, 456, 20, 15, p.pale)
    )
    scarf = shape("M224 294q76 40 152 0l4 28q-80 40 -160 0z", p.accent) + shape(
        "M346 316l40 70l-34 10l-24 -70z", p.accent
    )
    return body + feet + ears + oval(300, 226, 104, 92, p.body) + face + cheeks + (scarf if p.turn(2, 1) else "")


@stands("pet_bed")
def pet_bed(p: Paint) -> str:
    """A bed with somebody already in it."""
    cat = (
        (
            shape("M206 380q0 -76 94 -76q94 0 94 76z", "#6b625c")
            + oval(226, 352, 46, 40, "#6b625c")
            + shape("M190 336l-2 -42l32 24zM262 336l4 -42l-32 24z", "#6b625c")
            + line("M206 356q8 8 16 0M234 356q8 8 16 0", "#2f2a30", 4)
            + oval(228, 366, 6, 4, "#e9a6a0")
            + line("M390 376q40 -6 20 -40", "#6b625c", 18)
        )
        if p.turn(3)
        else ""
    )
    return (
        oval(300, 392, 196, 70, p.deep)
        + oval(300, 384, 150, 46, p.tint)
        + cat
        + shape("M104 386q196 90 392 0q6 84 -60 84h-272q-66 0 -60 -84z", p.body)
        + p.clipped(
            "M104 386q196 90 392 0q6 84 -60 84h-272q-66 0 -60 -84z",
            line("".join(f"M{x} 380q-14 50 4 100" for x in range(140, 500, 44)), p.dusk, 5),
        )
        + line("M130 416q4 26 26 36", "#fff", 10, faint(0.3))
    )


@stands("pet_bowl")
def pet_bowl(p: Paint) -> str:
    """A bowl for somebody with a tail."""
    food = "".join(
        oval(x, 350 - y, 20, 13, "#9b6a3f" if x % 4 else "#b57f4c")
        for x, y in ((216, 0), (250, 8), (284, 2), (318, 10), (352, 4), (384, 0), (268, 22), (304, 26), (338, 20))
    )
    paw = oval(300, 420, 24, 19, p.tint) + "".join(
        oval(x, y, 9, 12, p.tint) for x, y in ((270, 402), (289, 391), (311, 391), (330, 402))
    )
    return (
        oval(300, 352, 150, 24, p.deep)
        + food
        + shape("M150 352q150 46 300 0l34 102q4 16 -14 16h-340q-18 0 -14 -16z", p.body)
        + paw
        + line("M172 384l-14 50", "#fff", 10, SHINE)
    )


@stands("cat_toy")
def cat_toy(p: Paint) -> str:
    """A felt mouse, or a wand with feathers."""
    mouse = (
        line("M424 440c90 0 60 -110 100 -130", p.accent, 9)
        + shape("M120 462q20 -150 170 -150q150 10 150 158z", p.body)
        + oval(232, 326, 36, 40, p.dusk)
        + oval(234, 328, 22, 26, "#e9b6ae")
        + oval(182, 398, 8, 8, "#2f2a30")
        + oval(124, 452, 12, 10, "#e58069")
        + line("M146 440l-60 -16M146 450l-64 6", p.deep, 3)
    )
    feathers = "".join(
        leaf(330, 330, 150, a, c)
        for a, c in ((60, p.base), (90, p.accent), (120, p.third), (76, p.pale), (104, p.tint))
    )
    wand = (
        line("M90 150L330 210", "#b58a55", 12)
        + line("M330 210q40 40 0 110", p.ink, 4)
        + feathers
        + oval(330, 330, 17, 17, "#cda452")
    )
    return wand if "wand" in p.hint else mouse


@lies("lead")
def lead(p: Paint) -> str:
    """A coiled lead with a brass hook."""
    return (
        oval(308, 320, 150, 130, "none", ' stroke="#000" stroke-width="26" opacity=".08"')
        + oval(300, 306, 150, 130, "none", f' stroke="{p.base}" stroke-width="26"')
        + oval(300, 306, 112, 94, "none", f' stroke="{p.dusk}" stroke-width="26"')
        + oval(300, 306, 150, 130, "none", f' stroke="{p.tint}" stroke-width="5" stroke-dasharray="4 20"')
        + line("M300 400q-10 80 90 96", p.base, 26)
        + line("M398 496h30", "#a57f35", 20)
        + oval(452, 496, 24, 20, "none", ' stroke="#cda452" stroke-width="11"')
        + line("M210 210q-60 -90 -104 -60t30 110q40 20 80 -20", p.accent, 22)
    )


@lies("bone")
def bone(p: Paint) -> str:
    """A bone or a knotted rope."""
    bone_shape = (
        "M190 270h220c-10 -60 70 -70 72 -14c50 4 44 78 0 76c0 56 -76 50 -72 -2h-220"
        "c4 52 -72 58 -72 2c-44 2 -50 -72 0 -76c2 -56 82 -46 72 14z"
    )
    rope = (
        line("M120 330q90 -110 180 -30t180 -30", p.base, 44)
        + line("M120 330q90 -110 180 -30t180 -30", p.tint, 44, ' stroke-dasharray="9 28" stroke-linecap="butt"')
        + oval(122, 330, 42, 42, p.dusk)
        + oval(478, 270, 42, 42, p.dusk)
        + line("M90 350l-34 30M96 366l-24 40M514 260l34 -30M510 242l20 -40", p.base, 11)
    )
    body = (
        shape(bone_shape, "#000", ' opacity=".1" transform="translate(10 14)"')
        + shape(bone_shape, p.body)
        + line("M240 286h110", "#fff", 11, faint(0.3))
    )
    return group(rope if "rope" in p.hint else body, spun(-18, 300, 300))


@stands("bird_house")
def bird_house(p: Paint) -> str:
    """A house on a post, with a caller."""
    bird = (
        oval(404, 330, 36, 27, "#6b7f90")
        + oval(396, 340, 24, 18, "#dc7a4b")
        + oval(430, 306, 20, 19, "#6b7f90")
        + shape("M448 304l22 6l-22 6z", "#e0a63f")
        + oval(436, 302, 4, 4, "#222")
        + shape("M372 330l-44 -10l6 22z", "#55687a")
        + line("M398 356v16M412 356v16", "#8a5a30", 4)
    )
    return (
        box(284, 396, 32, 80, "#a47a4c")
        + shape("M204 226h192v172h-192z", p.body)
        + line("M252 226v172M300 226v172M348 226v172", p.dusk, 3)
        + shape("M170 240L300 120L430 240l-24 20L300 164L194 260z", p.url("w"))
        + oval(300, 282, 33, 33, p.ink)
        + box(290, 336, 20, 10, "#a47a4c")
        + box(188, 376, 270, 20, "#b58a55", 6)
        + bird
        + leaf(160, 474, 80, -110, GREENS[0])
        + leaf(160, 474, 70, -60, GREENS[1])
        + leaf(470, 474, 70, -120, GREENS[2])
    )
