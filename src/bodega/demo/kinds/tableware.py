"""Kinds of things the table is set with."""

from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "MUGS", "mugs", "mug", "mug|breakfast mug|camp mug|latte mug|tumbler mug", (900, 2400),
        qualities="hand-thrown|speckled|stacking|ribbed|tall|half-dipped",
        materials="stoneware|porcelain|enamel|terracotta", palette="glaze", in_colours=True,
        facts={"capacity_ml": (250, 450, 10), "dishwasher_safe": 0.85, "handmade": 0.4},
        themes={"coffee": 0.9, "tea": 0.9, "decor": 0.4, "cosy": 0.5, "gift": 0.9}, share=1.8, grams=380,
        companions={"MUGS": 0.3, "BOWL": 0.12, "PLAT": 0.08},
        details=(
            "Three fingers fit the handle; the little one gets the warm side.",
            "The rim is thin enough to forget about.",
            "It holds what a mug should hold, and half an inch for safety.",
            "Glaze pools a shade darker at the foot, differently on each one.",
        ),
    ),
    kind(
        "CUPS", "cups-saucers", "cup_saucer", "cup & saucer|espresso cup|teacup|cappuccino cup", (1100, 2900),
        qualities="fluted|low|footed|fine", materials="porcelain|stoneware|bone china", palette="glaze",
        in_colours=True, facts={"capacity_ml": (70, 240, 10), "dishwasher_safe": 0.7},
        themes={"coffee": 0.6, "tea": 0.8, "host": 0.4, "gift": 0.3}, companions={"CUPS": 0.32, "TPOT": 0.08},
        grams=320,
        details=(
            "The saucer has a proper well, so the cup stays put on a tilt.",
            "Thick below and fine above: hot coffee, cool lip.",
            "Stacks four high without looking nervous.",
        ),
    ),
    kind(
        "GLAS", "glasses", "glass", "tumbler|highball glass|coupe|wine glass|carafe glass", (650, 2200),
        qualities="ribbed|hand-blown|recycled|stacking|etched", materials="glass|crystal", palette="glass",
        in_colours=True, in_sizes="One=1|Set of four=3.6", size_name="Set", grams=260, share=1.2,
        facts={"capacity_ml": (180, 450, 10), "dishwasher_safe": 0.8, "recycled_percent": (0, 100, 20)},
        themes={"host": 1.7, "decor": 0.4, "gift": 0.3}, companions={"JUGS": 0.16, "GLAS": 0.22},
        season="summer",
        details=(
            "Blown by mouth into a wooden mould, hence the slight wander.",
            "Heavy at the base, so elbows are less of a danger.",
            "Made from window glass that has had enough of windows.",
        ),
    ),
    kind(
        "JUGS", "jugs-carafes", "jug", "jug|carafe|milk jug|water jug|pitcher", (1200, 4200),
        qualities="pinched|tall|ribbed|farmhouse", materials="stoneware|glass|enamel|porcelain",
        palette="glaze", in_colours=True, facts={"capacity_ml": (250, 1600, 50), "dishwasher_safe": 0.8},
        themes={"host": 1.0, "decor": 0.5, "gift": 0.2}, season="summer", companions={"GLAS": 0.26},
        grams=820,
        details=(
            "Water on Monday, flowers from Thursday.",
            "The spout is pinched by thumb, and pours like it.",
            "Fits the fridge door, which somebody checked.",
        ),
    ),
    kind(
        "PLAT", "plates", "plate", "dinner plate|side plate|salad plate|pasta plate", (850, 2600),
        qualities="rimmed|coupe|speckled|scalloped|reactive-glaze",
        materials="stoneware|porcelain|enamel|bone china", palette="glaze", in_colours=True,
        in_sizes="One=1|Set of four=3.7", size_name="Set", grams=620, share=1.3,
        facts={"diameter_cm": (16, 28, 1), "dishwasher_safe": 0.9, "handmade": 0.4},
        themes={"host": 1.6, "decor": 0.6, "cook": 0.3},
        companions={"BOWL": 0.4, "CUTL": 0.12, "PLAT": 0.22, "NAPK": 0.06},
        details=(
            "Food looks considered on it, even toast.",
            "A low rim keeps sauce where you put it.",
            "Chips are rare, and we sell singles.",
        ),
    ),
    kind(
        "BOWL", "bowls", "bowl", "bowl|soup bowl|ramen bowl|cereal bowl|丼 donburi bowl", (780, 2400),
        qualities="footed|deep|speckled|hand-thrown|nesting",
        materials="stoneware|porcelain|enamel", palette="glaze", in_colours=True,
        in_sizes="One=1|Set of four=3.7", size_name="Set", grams=520, share=1.3,
        facts={"capacity_ml": (300, 1100, 50), "dishwasher_safe": 0.9, "handmade": 0.4},
        themes={"host": 1.0, "cook": 0.9, "decor": 0.5}, companions={"PLAT": 0.32, "MUGS": 0.1},
        details=(
            "Deep enough for noodles, wide enough for a salad to lie down in.",
            "The foot lets you carry it hot.",
            "Somewhere between a hug and a helmet.",
        ),
    ),
    kind(
        "SERV", "cake-stands", "platter", "cake stand|footed stand|pedestal stand|dessert stand",
        (1900, 6200), qualities="low|tall|scalloped|rimmed", materials="stoneware|porcelain|enamel",
        palette="glaze", in_colours=True, facts={"diameter_cm": (18, 34, 2), "dishwasher_safe": 0.7},
        themes={"host": 1.3, "gift": 0.4, "baker": 0.2}, season="christmas",
        companions={"SPOO": 0.1, "PLAT": 0.16}, grams=1400,
        details=(
            "Raises a plain sponge to an occasion.",
            "A raised foot that fingers can get under.",
            "Carries a whole tart across a garden without incident.",
        ),
    ),
    kind(
        "CUTL", "cutlery", "cutlery", "cutlery set|dinner cutlery|cutlery", (1800, 8200),
        qualities="brushed|mirror|slim|forged", materials="steel|brass|olivewood", palette="metal",
        in_sizes="4 pieces=1|16 pieces=3.2|24 pieces=4.5", size_name="Set", grams=600,
        facts={"pieces": (4, 24, 4), "dishwasher_safe": 0.8}, themes={"host": 1.0, "decor": 0.3, "gift": 0.3},
        companions={"PLAT": 0.26, "NAPK": 0.1},
        details=(
            "Weighted so that the fork does not tip off the plate.",
            "A satin finish that scratches into something nicer.",
            "Knives that cut; spoons that fit a mouth.",
        ),
    ),
)  # fmt: skip
