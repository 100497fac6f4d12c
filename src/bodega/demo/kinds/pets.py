"""Kinds of things for cats and dogs."""

# ruff: noqa: RUF001 - sizes and packs are written with a multiplication sign, as on labels
from bodega.demo.kinds.kind import kind

_FLAVOURS = (
    "Salmon|Chicken|Venison|Herring|Duck & pumpkin|Rabbit|Tuna|Beef liver|Sardine|Turkey & cranberry|Sweet potato"
)
_FLAVOUR_COLOURS = {
    "Salmon": "coral", "Chicken": "honey", "Venison": "brick", "Herring": "denim", "Duck": "apricot",
    "Rabbit": "oat", "Tuna": "sky", "Beef": "plum", "Sardine": "slate", "Turkey": "rose", "Sweet": "terracotta",
}  # fmt: skip

KINDS = (
    kind(
        "CTOY", "cat-toys", "cat_toy", "catnip mouse|felt mouse|feather wand|wand toy",
        (490, 2600), qualities="catnip|knitted|springy|valerian", materials="wool|felt|sisal|cotton",
        palette="pet", in_colours=True, facts={"handmade": 0.5}, themes={"cat": 2.6, "gift": 0.1},
        lasts_days=75, companions={"CTRT": 0.38, "CTOY": 0.26}, grams=90, share=1.1,
        details=(
            "Ignored for a day, then carried about the house at four in the morning.",
            "Stuffed with catnip grown in the next valley.",
            "Tested by a cat called Gravy who does not give out stars easily.",
        ),
    ),
    kind(
        "CTRT", "cat-treats", "pouch", "cat treats|freeze-dried cat treats|cat biscuits|cat sticks",
        (290, 890), leads=_FLAVOURS, in_sizes="60 g=1|Three × 60 g=2.6", size_name="Pack", palette="pet",
        facts={"net_weight_g": (40, 120, 20), "organic": 0.3}, themes={"cat": 2.8}, lasts_days=19,
        companions={"CTRT": 0.3, "CTOY": 0.1}, grams=80, share=1.0, pigments=_FLAVOUR_COLOURS,
        details=(
            "One ingredient, dried until it crunches.",
            "Rattle the bag once and see who lives with you.",
            "Small enough to be training, large enough to be worth it.",
        ),
    ),
    kind(
        "LEAD", "leads", "lead", "dog lead|training lead|walking lead", (1400, 4600),
        qualities="rope|plaited|hands-free|brass-buckled", materials="leather|cotton|hemp|climbing rope",
        palette="pet", in_colours=True, in_sizes="Small=0.85|Medium=1|Large=1.15",
        facts={"length_cm": (30, 300, 10), "handmade": 0.6}, themes={"dog": 1.8, "gift": 0.1},
        companions={"DTRT": 0.24, "LEAD": 0.14}, grams=240,
        details=(
            "Trigger hooks in solid brass, because rust always picks the moment.",
            "Soft in the hand after the first wet walk.",
            "Spliced, not stitched, where it takes the strain.",
        ),
    ),
    kind(
        "DTRT", "dog-treats", "pouch", "dog treats|dog chews|dog training bites|dog biscuits", (390, 1280),
        leads=_FLAVOURS, in_sizes="100 g=1|500 g=4.2", size_name="Pack", palette="pet",
        facts={"net_weight_g": (80, 500, 20), "organic": 0.3}, themes={"dog": 2.8}, lasts_days=19,
        companions={"DTRT": 0.3, "DTOY": 0.1}, grams=130, share=1.0, pigments=_FLAVOUR_COLOURS,
        details=(
            "Air-dried at low heat until the smell is only mostly terrible.",
            "Snap in half for saints, in quarters for beginners.",
            "No grain, no glycerine, no leftovers.",
        ),
    ),
    kind(
        "DTOY", "dog-toys", "bone", "tug rope|rope toy|chew bone|squeaky bone", (580, 2400),
        qualities="tough|floating|squeaky|braided", materials="natural rubber|cotton|wool|hemp",
        palette="pet", in_colours=True, facts={"handmade": 0.2}, themes={"dog": 2.2}, lasts_days=60,
        companions={"DTRT": 0.34, "DTOY": 0.24}, grams=260,
        details=(
            "Survived a spaniel for eleven weeks, which is our unit of measurement.",
            "Floats, bounces sideways, and can be found in long grass.",
            "The squeak is inside two layers, so there is hope.",
        ),
    ),
    kind(
        "PBED", "pet-beds", "pet_bed", "cat bed|dog bed|nest bed", (2400, 8800),
        qualities="round|bolster|orthopaedic|felted", materials="wool|cotton|felt|corduroy", palette="cloth",
        in_colours=True, in_sizes="Small=0.7|Medium=1|Large=1.5", facts={"recycled_percent": (0, 100, 20)},
        themes={"cat": 0.9, "dog": 1.1}, season="winter", companions={"PBWL": 0.18}, grams=1500,
        details=(
            "The cover unzips and goes in at forty degrees.",
            "A raised edge for chins.",
            "They will start in the box it came in. Be patient.",
        ),
    ),
    kind(
        "PBWL", "pet-bowls", "pet_bowl", "cat bowl|dog bowl|water bowl|slow feeder", (890, 2800),
        qualities="wide|raised|weighted|slow", materials="stoneware|enamel|steel", palette="pet",
        in_colours=True, in_sizes="Small=0.8|Large=1.2",
        facts={"capacity_ml": (200, 1800, 100), "dishwasher_safe": 0.95}, themes={"cat": 0.9, "dog": 1.0},
        companions={"CTRT": 0.1, "DTRT": 0.1}, grams=700,
        details=(
            "Heavy enough not to be pushed round the kitchen by a keen nose.",
            "Shallow, because whiskers do not like walls.",
            "Dishwasher safe, and otherwise licked clean.",
        ),
    ),
)  # fmt: skip
