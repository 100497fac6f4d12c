"""Kinds of toys, baby things and craft."""

from bodega.demo.kinds.kind import kind

_ANIMALS = "Fox|Hare|Bear|Otter|Badger|Mole|Rabbit|Hedgehog|Cat|Mouse|Wolf|Lamb|Tiger|Squirrel|Koala|Dormouse"

KINDS = (
    kind(
        "WOOD", "wooden-toys", "wooden_toy",
        "stacking rings|stacking tower|rainbow stacker|rainbow arches|wooden train|pull-along train", (1200, 4200),
        qualities="chunky|hand-painted|waxed|little", materials="beech|oak|birch", palette="bright",
        in_colours=True, facts={"age_from_months": (6, 36, 6), "pieces": (1, 40, 1)},
        themes={"parent": 2.0, "gift": 0.7}, season="christmas", companions={"SOFT": 0.12, "PUZZ": 0.1},
        grams=780, share=1.2,
        details=(
            "Edges rounded until nobody can find one.",
            "Water-based paint, because it will be chewed.",
            "Falls over with a very satisfying noise, repeatedly.",
        ),
    ),
    kind(
        "SOFT", "soft-toys", "soft_toy", "soft toy|cuddly toy|plush toy", (1200, 3400), leads=_ANIMALS,
        qualities="knitted|corduroy|linen", materials="cotton|wool|corduroy", palette="soft",
        in_sizes="Small=1|Large=1.6", facts={"age_from_months": (0, 12, 6), "recycled_percent": (0, 100, 50)},
        themes={"parent": 1.9, "gift": 0.9}, season="christmas", companions={"MUSL": 0.14}, grams=240,
        share=1.2,
        pigments={
            "Fox": "terracotta", "Hare": "oat", "Bear": "amber", "Otter": "cocoa", "Badger": "slate",
            "Mole": "charcoal", "Rabbit": "blush", "Hedge": "cocoa", "Cat": "honey", "Mouse": "slate",
            "Wolf": "denim", "Lamb": "chalk", "Tiger": "apricot", "Squirrel": "brick", "Koala": "sky",
            "Dorm": "honey",
        },
        details=(
            "Ears long enough to be held by.",
            "Stitched eyes, machine-washable heart.",
            "Sits up alone, which is more than the recipient can do at first.",
        ),
    ),
    kind(
        "PUZZ", "puzzles", "puzzle", "jigsaw|jigsaw puzzle|puzzle", (1100, 3600),
        leads=(
            "Allotment|Woodland|Tea shop|Harbour|Night market|Seed catalogue|Birds of the hedge"
            "|London rooftops|Pond life|Bakery|Space"
        ),
        in_sizes="100 pieces=0.7|500 pieces=1|1,000 pieces=1.25", size_name="Pieces", palette="bright",
        season="christmas", facts={"age_from_months": (36, 96, 12), "recycled_percent": (60, 100, 20)},
        themes={"parent": 1.1, "cosy": 0.7, "gift": 0.9}, companions={"CRAF": 0.12}, grams=700,
        details=(
            "The last piece is in the box. We counted.",
            "Thick card, snug cuts, no dust in the box.",
            "Illustrated by somebody who hides a snail in everything.",
        ),
    ),
    kind(
        "MUSL", "muslins", "muslin", "muslin|swaddle|baby blanket|burp cloths", (900, 3600),
        qualities="printed|double-layer|cellular|knitted", materials="cotton|bamboo|wool", palette="soft",
        in_colours=True, in_sizes="One=1|Three=2.5", size_name="Pack", facts={"organic": 0.8},
        themes={"parent": 1.8, "gift": 0.4}, grams=180, companions={"SOFT": 0.16, "BBIB": 0.24},
        details=(
            "Sunshade, bib, blanket, peekaboo: all in the first hour.",
            "Gets softer with every one of its many, many washes.",
            "Big enough to tuck, light enough not to worry.",
        ),
    ),
    kind(
        "BBIB", "bibs", "bib", "bib|dribble bib|feeding bib|toddler bib", (650, 2200),
        qualities="wipe-clean|double-layer|long-sleeved|poppered", materials="cotton|linen|bamboo",
        palette="soft", in_colours=True, facts={"age_from_months": (4, 12, 2), "dishwasher_safe": 0.8},
        themes={"parent": 1.7}, companions={"BBIB": 0.34, "MUSL": 0.14}, grams=160,
        details=(
            "Catches about two thirds, which is excellent.",
            "Survives the dishwasher, the floor and the dog.",
            "Comes off with one tug, at the neck, from behind.",
        ),
    ),
    kind(
        "CRAF", "crayons", "crayons",
        "crayons|wax crayons|beeswax crayons|クレヨン crayons", (580, 2400),
        qualities="beeswax|washable|chunky|first", palette="bright",
        in_sizes="Six=0.7|Twelve=1|Twenty-four=1.7", size_name="Pack",
        facts={"age_from_months": (18, 60, 6), "vegan": 0.8},
        themes={"parent": 1.6, "paper": 0.6, "gift": 0.4}, lasts_days=85,
        companions={"CRAF": 0.26, "PNCL": 0.12}, grams=320,
        details=(
            "Washes off tables, children and most walls.",
            "Chunky enough for a fist, pointed enough for a face.",
            "Keeps two of them quiet for the length of a coffee.",
        ),
    ),
)  # fmt: skip
