"""Kinds of soap, salts and towels."""

from bodega.demo.kinds.kind import kind

_SCENTS = (
    "Rosemary & mint|Lavender|Oat & honey|Charcoal|Geranium|Seaweed|Lemon & poppy seed|Cedar|Rose clay|柚子 Yuzu"
    "|Neroli|Tea tree|Calendula"
)
_COLOURS = {
    "Rosemary": "sage", "Lavender": "lavender", "Oat": "oat", "Charcoal": "charcoal", "Geranium": "rose",
    "Seaweed": "teal", "Lemon": "lemon", "Cedar": "terracotta", "Rose": "blush", "柚": "honey",
    "Neroli": "apricot", "Tea": "mint", "Calendula": "mustard",
}  # fmt: skip

KINDS = (
    kind(
        "SOAP", "soap-bars", "soap_bar", "soap|soap bar|shampoo bar|shaving soap", (480, 980), leads=_SCENTS,
        lead_fact="scent", in_sizes="100 g=1|Three bars=2.7", size_name="Pack", palette="soap",
        facts={"vegan": 0.9, "handmade": 0.8, "organic": 0.4},
        themes={"bath": 2.4, "gift": 0.8, "parent": 0.2}, lasts_days=33,
        companions={"SOAP": 0.28, "BTHT": 0.08}, grams=110, share=1.5, pigments=_COLOURS,
        details=(
            "Cured for six weeks, so it lasts longer than it looks.",
            "Cut by wire and stamped by a person called Joan.",
            "A soft, close lather that rinses clean in hard water.",
        ),
    ),
    kind(
        "WASH", "hand-wash", "pump_bottle", "hand wash|hand lotion|body wash|shampoo", (780, 2200),
        leads=_SCENTS, lead_fact="scent", in_sizes="300 ml=1|1 l refill=2.2", palette="soap",
        facts={"vegan": 0.95, "capacity_ml": (250, 500, 50)}, themes={"bath": 1.9, "decor": 0.3, "gift": 0.4},
        lasts_days=38, companions={"WASH": 0.2, "TOWL": 0.05}, grams=420, pigments=_COLOURS,
        details=(
            "Gentle enough for hands that garden, and for the ones that do not.",
            "A glass bottle and a pump that keeps pumping; refills by the litre.",
            "Smells of itself for a minute, then leaves you alone.",
        ),
    ),
    kind(
        "SOAK", "bath-salts", "jar", "bath salts|bath soak|milk bath", (850, 2600), leads=_SCENTS,
        lead_fact="scent", in_sizes="250 g=1|600 g=1.9", palette="soap",
        facts={"vegan": 0.9, "net_weight_g": (250, 600, 50)}, season="winter",
        themes={"bath": 1.9, "cosy": 0.7, "gift": 0.9}, lasts_days=45, companions={"SCAN": 0.16, "BTHT": 0.1},
        grams=460, pigments=_COLOURS,
        details=(
            "Two handfuls, hot water, a closed door.",
            "Petals included; a sieve for the plughole recommended.",
            "For knees that ran and shoulders that typed.",
        ),
    ),
    kind(
        "TOWL", "towels", "towel", "bath towel|hand towel|hammam towel|face cloth", (900, 4200),
        qualities="waffle|looped|fringed|ribbed", materials="cotton|linen|bamboo", palette="cloth",
        in_colours=True, in_sizes="Hand=0.5|Bath=1|Sheet=1.4",
        facts={"organic": 0.6, "length_cm": (50, 160, 10)}, themes={"bath": 1.3, "decor": 0.6},
        companions={"TOWL": 0.42, "SOAP": 0.1}, grams=620,
        details=(
            "Dense loops on one side, flat weave on the other; both will be right.",
            "Dries you, then dries itself, in that order.",
            "No fluff after the first wash, we promise.",
        ),
    ),
    kind(
        "BTHT", "bath-tools", "bath_brush", "bath brush|nail brush|back brush|soap dish & brush", (650, 2800),
        qualities="long-handled|two-sided|ridged|oval", materials="beech|olivewood|stoneware|walnut",
        palette="wood", facts={"handmade": 0.5}, themes={"bath": 1.1, "gift": 0.4}, companions={"SOAP": 0.26},
        grams=220,
        details=(
            "Bristles set by hand, one tuft at a time.",
            "Drains properly, so soap stays soap.",
            "Hang it bristles down and it will not split.",
        ),
    ),
    kind(
        "BALM", "balms-creams", "tin_flat", "hand cream|lip balm|hand salve|foot balm", (490, 1900),
        leads=_SCENTS, lead_fact="scent", in_sizes="15 ml=0.6|60 ml=1", palette="soap",
        facts={"vegan": 0.5, "organic": 0.6}, themes={"bath": 1.5, "garden": 0.3, "gift": 0.9},
        season="winter", lasts_days=42, companions={"SOAP": 0.16, "BALM": 0.2}, grams=70, pigments=_COLOURS,
        details=(
            "Sinks in before you have found your phone.",
            "Beeswax, shea and very little else.",
            "Lives in a coat pocket until the lid is worn smooth.",
        ),
    ),
)  # fmt: skip
