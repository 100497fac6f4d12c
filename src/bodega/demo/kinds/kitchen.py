"""Kinds of cookware, bakeware and tools."""

from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "CASS", "casseroles", "casserole", "casserole|cocotte|stockpot|lidded pot", (5400, 16500),
        qualities="round|oval|shallow|family|enamelled", materials="cast iron|enamel",
        palette="enamel", in_colours=True, in_sizes="20 cm=1|24 cm=1.3|28 cm=1.6", grams=4200,
        facts={"oven_safe": 1.0, "dishwasher_safe": 0.5, "capacity_ml": (2400, 6000, 200)},
        themes={"cook": 0.9, "host": 0.3, "gift": 0.15}, season="winter",
        companions={"OVEN": 0.16, "SPOO": 0.16},
        details=(
            "Small points inside the lid send the steam back where it came from.",
            "From hob to oven to table to, eventually, your children.",
            "Heavy, yes. That is the part that does the cooking.",
        ),
    ),
    kind(
        "PANS", "frying-pans", "frying_pan", "frying pan|skillet|sauté pan|crêpe pan", (2600, 9200),
        qualities="spun|pre-seasoned|deep|everyday", materials="cast iron|carbon steel|steel|copper",
        palette="steel", in_sizes="20 cm=1|24 cm=1.25|28 cm=1.5",
        facts={"oven_safe": 0.9, "diameter_cm": (20, 30, 2)}, grams=1700, themes={"cook": 1.1},
        companions={"SPOO": 0.2, "OILS": 0.12},
        details=(
            "It needs a week of onions to settle in and then nothing sticks.",
            "Hot spots are a matter of thickness, and this has thickness.",
            "The handle is riveted three times because twice was once not enough.",
        ),
    ),
    kind(
        "BTIN", "baking-tins", "cake_tin", "bundt tin|fluted tin|cake tin|kugelhopf tin", (890, 3200),
        qualities="loose-bottomed|fluted|deep|folded", materials="aluminium|carbon steel|enamel",
        palette="metal", in_sizes="18 cm=1|20 cm=1.15|23 cm=1.3",
        facts={"oven_safe": 1.0, "dishwasher_safe": 0.4, "diameter_cm": (18, 26, 1)},
        themes={"baker": 1.5, "gift": 0.1}, companions={"FLOU": 0.26, "BTOL": 0.2, "BCHO": 0.1}, grams=480,
        details=(
            "Folded rather than pressed at the corners, so slices come out square.",
            "Thick enough not to warp with a bang in the middle of a sponge.",
            "Grease it the first three times; after that it gets the idea.",
        ),
    ),
    kind(
        "MIXB", "mixing-bowls", "mixing_bowl", "mixing bowl|batter bowl|proving bowl", (1400, 4800),
        qualities="lipped|nesting|gripstand|wide", materials="stoneware|steel|glass|enamel", palette="glaze",
        in_colours=True, in_sizes="1.5 l=1|3 l=1.4|5 l=1.9",
        facts={"dishwasher_safe": 0.9, "capacity_ml": (1500, 5000, 500)}, grams=1300,
        themes={"baker": 1.1, "cook": 0.3}, companions={"BTOL": 0.3, "FLOU": 0.16},
        details=(
            "One flat side on the foot lets you tilt it while you whisk.",
            "Big enough for a double batch and the enthusiasm that goes with it.",
            "The glaze is slick where dough should let go and rough where fingers should hold.",
        ),
    ),
    kind(
        "BTOL", "rolling-pins", "rolling_pin", "rolling pin|pastry pin|dough pin",
        (680, 2600), qualities="tapered|French|weighted|turned|handled", materials="beech|walnut|olivewood|marble",
        palette="wood", facts={"length_cm": (22, 48, 2), "handmade": 0.5}, themes={"baker": 1.2, "gift": 0.2},
        grams=360, companions={"FLOU": 0.2, "BTIN": 0.16},
        details=(
            "Turned from a single piece and oiled once; the butter will do the rest.",
            "No handles, no bearings, nothing between you and the pastry.",
            "Long enough to roll for a party and light enough to hang up.",
        ),
    ),
    kind(
        "KNIF", "knives", "knife", "cook's knife|kitchen knife|santoku|包丁 hōchō", (2900, 13500),
        qualities="carbon|hand-ground|full-tang|slim", materials="carbon steel|steel|walnut|olivewood",
        palette="wood", facts={"handmade": 0.6, "dishwasher_safe": 0.0},
        themes={"cook": 1.0, "gift": 0.3}, companions={"BORD": 0.26}, grams=260,
        in_sizes="15 cm=1|18 cm=1.15|21 cm=1.3", size_name="Blade",
        details=(
            "Takes an edge in six strokes and keeps it through a crate of onions.",
            "The balance sits just ahead of the handle, where the first finger is.",
            "It will darken with use. That is not a fault, it is a diary.",
        ),
    ),
    kind(
        "BORD", "chopping-boards", "board", "chopping board|bread board|cheese board|serving board",
        (1900, 6400), qualities="end-grain|long|round|reversible",
        materials="oak|walnut|beech|olivewood|cork", palette="wood", in_sizes="Small=1|Medium=1.4|Large=1.9",
        facts={"length_cm": (28, 52, 2), "handmade": 0.7, "dishwasher_safe": 0.0},
        themes={"cook": 0.8, "host": 0.9, "gift": 0.4}, companions={"KNIF": 0.14, "CHUT": 0.14, "BOIL": 0.2},
        grams=1500,
        details=(
            "One side for bread, one for garlic, and never the twain.",
            "Edges eased by hand so that it lifts without a pry.",
            "Oil it when it looks thirsty and it will see you out.",
        ),
    ),
    kind(
        "BOIL", "chopping-boards", "bottle_small", "board oil|wood butter|spoon wax", (780, 1450),
        leads="Beeswax|Walnut|Linseed|Orange|Camellia", palette="wood", in_sizes="100 ml=1|250 ml=1.9",
        lasts_days=160, facts={"capacity_ml": (100, 250, 50)}, themes={"cook": 0.35, "decor": 0.1},
        companions={"BORD": 0.16}, share=0.25,
        details=(
            "Food-safe, solvent-free, and it smells of workshops.",
            "Rub in, wait, wipe off; the grain stands up and thanks you.",
            "A tin does about twenty boards.",
        ),
    ),
    kind(
        "SPOO", "utensils", "utensils", "wooden spoons|spatula set|utensil set|cooking spoons", (490, 1900),
        qualities="carved|long|left-handed|flat-edged",
        materials="olivewood|beech|walnut|bamboo", palette="wood",
        facts={"length_cm": (24, 36, 1), "handmade": 0.6}, themes={"cook": 1.2, "baker": 0.4, "gift": 0.2},
        grams=110, companions={"SPOO": 0.26},
        details=(
            "Flat edges that get into the corner of the pan.",
            "Sanded by somebody who stirs.",
            "Will not scratch, clatter or go soft in the stew.",
        ),
    ),
    kind(
        "JARS", "jars-canisters", "canister", "storage jar|canister|kitchen crock", (780, 3600),
        qualities="airtight|stackable|wide-mouthed|ceramic", materials="glass|stoneware|enamel|tinplate",
        palette="glaze", in_colours=True, in_sizes="500 ml=1|1 l=1.35|2 l=1.8",
        facts={"capacity_ml": (500, 2000, 250), "dishwasher_safe": 0.8},
        themes={"cook": 0.6, "baker": 0.6, "decor": 0.5}, companions={"JARS": 0.36, "PAST": 0.05}, grams=640,
        details=(
            "The seal sighs when it closes, so you know.",
            "Square shoulders, because round ones waste shelf.",
            "Looks like order even with three kinds of lentil in it.",
        ),
    ),
    kind(
        "LUNC", "lunch-boxes", "lunch_box", "lunch box|bento box|弁当箱 bento", (1400, 3800),
        qualities="two-tier|leak-proof|slim|insulated", materials="steel|bamboo|tinplate", palette="bright",
        in_colours=True, facts={"capacity_ml": (600, 1200, 100), "dishwasher_safe": 0.7},
        themes={"parent": 0.9, "cook": 0.5, "paper": 0.2}, season="autumn", companions={"BOTL": 0.25},
        grams=420,
        details=(
            "A clip that small hands can open and a bus cannot.",
            "Keeps the dressing on its own side of the argument.",
            "Fits in a satchel beside the homework.",
        ),
    ),
    kind(
        "BOTL", "lunch-boxes", "flask", "water bottle|flask|drinking bottle", (1500, 3400),
        qualities="insulated|slim|screw-top|all-day", materials="steel|glass|bamboo", palette="cloth",
        in_colours=True, facts={"capacity_ml": (350, 750, 50), "dishwasher_safe": 0.6}, grams=340, share=0.8,
        themes={"parent": 0.5, "coffee": 0.4, "garden": 0.2, "gift": 0.3}, companions={"LUNC": 0.14},
        details=(
            "Cold until tea, or hot until lunch.",
            "No rubber taste, no rattle, no leak in the good bag.",
            "Narrow enough for a bicycle cage.",
        ),
    ),
)  # fmt: skip
