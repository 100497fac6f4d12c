"""Kinds of decoration, baskets and small furniture."""

from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "VASE", "vases", "vase", "vase|bud vase|bottle vase|tall vase", (1400, 6400),
        qualities="ribbed|hand-blown|sculpted|crackled|two-handled",
        materials="stoneware|glass|terracotta|porcelain", palette="glaze", in_colours=True,
        facts={"height_cm": (12, 40, 1), "handmade": 0.6},
        themes={"decor": 2.0, "host": 0.5, "garden": 0.2, "gift": 0.6},
        companions={"FLOW": 0.06, "VASE": 0.18}, grams=900, share=1.3,
        details=(
            "A narrow neck does the arranging for you.",
            "As good empty as full, which takes some doing.",
            "Watertight, and tested by somebody with a carpet.",
        ),
    ),
    kind(
        "PRNT", "frames-prints", "framed_print", "art print|linocut|framed print|screen print", (1800, 7200),
        leads=(
            "Harbour at low tide|Three pears|Cat at the window|Night allotment|The blue jug|Swifts|Fig leaf"
            "|Still life with lemons|Moor road|Kitchen table|浮世 Wave study|Herring gulls|Red kite"
            "|Sunday papers|Tall ships|Wintering"
        ),
        lead_fact="", qualities="signed|numbered|riso", palette="cloth", in_sizes="A4=1|A3=1.6|A3 framed=2.9",
        size_name="Format", facts={"handmade": 0.5, "paper": "cotton rag|recycled|washi"},
        themes={"decor": 1.6, "paper": 0.6, "gift": 0.5}, grams=420, companions={"FRAM": 0.28},
        details=(
            "Printed on heavy paper with a deckled edge you will be sorry to hide.",
            "Pulled in an edition of a hundred and fifty, each a little different.",
            "Ships flat, not rolled, because rolled never quite recovers.",
        ),
    ),
    kind(
        "FRAM", "frames-prints", "frame", "picture frame|box frame|gallery frame", (1200, 4200),
        qualities="slim|deep|bevelled|brass-cornered", materials="oak|walnut|brass|beech", palette="wood",
        in_sizes="A5=0.7|A4=1|A3=1.5", size_name="Format", facts={"handmade": 0.3},
        themes={"decor": 1.0, "gift": 0.3}, companions={"PRNT": 0.26, "FRAM": 0.3}, grams=700,
        details=(
            "Glazed with glass, not acrylic, so it does not bend your horizon.",
            "Turn buttons on the back: no bent nails, no language.",
            "Hangs or stands, upright or across.",
        ),
    ),
    kind(
        "CLOK", "clocks", "clock", "wall clock|kitchen clock|hallway clock", (2600, 8200),
        qualities="silent|station|round|schoolroom", materials="steel|enamel", palette="enamel",
        in_colours=True, facts={"diameter_cm": (10, 40, 2)}, themes={"decor": 0.9, "gift": 0.4, "paper": 0.2},
        companions={"FRAM": 0.06}, grams=900,
        details=(
            "A sweeping movement: no tick, no excuse.",
            "Numerals drawn for this clock by somebody who likes the number four.",
            "Legible from the far end of a long kitchen.",
        ),
    ),
    kind(
        "BSKT", "baskets", "basket", "basket|storage basket|log basket|laundry basket|market basket",
        (1600, 6800), qualities="lidded|round|two-handled|oval", materials="willow|seagrass|rattan|rope",
        palette="woven", in_sizes="Small=1|Medium=1.5|Large=2.1",
        facts={"handmade": 0.9, "diameter_cm": (20, 60, 5)},
        themes={"decor": 1.4, "garden": 0.4, "parent": 0.5, "cosy": 0.3},
        companions={"BSKT": 0.26, "THRW": 0.08}, grams=900,
        details=(
            "Woven wet, dried slowly, strong enough to stand on (please do not).",
            "Hides toys, logs, chargers or a sleeping cat.",
            "The handles are part of the weave, not an afterthought.",
        ),
    ),
    kind(
        "HOOK", "hooks", "hooks", "peg rail|coat hooks|hook rail|hallway rail", (780, 4600),
        qualities="shaker|forged|five-peg|narrow", materials="brass|oak|beech|steel|iron", palette="metal",
        facts={"length_cm": (4, 90, 2)}, themes={"decor": 1.0, "parent": 0.3},
        companions={"HOOK": 0.34, "BSKT": 0.08}, grams=380,
        details=(
            "Screws included, and they match.",
            "Holds a wet coat, which is the test.",
            "Left unlacquered so that it can grow old in your hallway.",
        ),
    ),
    kind(
        "STOL", "stools", "stool", "stool|step stool|milking stool", (4800, 16000),
        qualities="three-legged|folding|turned|stackable", materials="oak|beech|walnut|cork", palette="wood",
        facts={"height_cm": (30, 68, 2), "handmade": 0.6}, themes={"decor": 0.8, "parent": 0.2},
        companions={"CUSH": 0.1}, grams=3800, share=0.8,
        details=(
            "Three legs stand still on any floor; it is geometry.",
            "Wedged joints you can see, and no screws you cannot.",
            "Seat, step, bedside table: it has no opinion.",
        ),
    ),
    kind(
        "TABL", "side-tables", "side_table", "side table|bedside table|tray table|plant stand", (6900, 24000),
        qualities="round|folding|nesting|drop-leaf", materials="oak|walnut|marble|steel", palette="wood",
        facts={"height_cm": (40, 65, 5), "handmade": 0.5}, themes={"decor": 0.8},
        companions={"LAMP": 0.16, "VASE": 0.12}, grams=6200, share=0.8,
        details=(
            "Arrives with one screw per leg and a sensible key.",
            "The top is edged so that pens do not roll to their doom.",
            "Just big enough for a lamp, a book and a cup that should have a coaster.",
        ),
    ),
)  # fmt: skip
