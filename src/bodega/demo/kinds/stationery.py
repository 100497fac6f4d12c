"""Kinds of paper, pens and desk things."""

from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "NOTE", "notebooks", "notebook", "notebook|pocket notebook|sketchbook|journal|手帳 techō", (650, 2400),
        qualities="dotted|ruled|blank|squared|cloth-bound|lay-flat",
        materials="paper|linen|leather|recycled paper", palette="paper", in_colours=True,
        in_sizes="A6=0.7|A5=1", facts={"pages": (64, 240, 16), "paper": "80 g ivory|90 g white|120 g cotton"},
        themes={"paper": 3.0, "gift": 0.5}, lasts_days=70,
        companions={"PENS": 0.34, "NOTE": 0.16, "DESK": 0.06}, grams=280, share=1.7,
        details=(
            "Sewn in sections, so it lies flat from page one.",
            "Takes fountain pen ink without a ghost on the other side.",
            "Numbered pages, an index, and two ribbons for people with two thoughts.",
            "The cover scuffs handsomely.",
        ),
    ),
    kind(
        "PLAN", "planners", "planner", "planner|weekly planner|wall calendar|desk planner", (1100, 3200),
        qualities="undated|week-to-view|academic|day-a-page", materials="paper|linen|recycled paper",
        palette="paper", in_colours=True, facts={"pages": (60, 380, 20), "paper": "80 g ivory|100 g white"},
        themes={"paper": 1.4, "parent": 0.3, "gift": 0.4}, season="christmas", lasts_days=330,
        companions={"PENS": 0.26, "TAPE": 0.12}, grams=380,
        details=(
            "Room for what must happen and a margin for what will.",
            "Starts on a Monday, like it or not.",
            "The months have edges you can find with a thumb.",
        ),
    ),
    kind(
        "PENS", "pens", "pen", "fountain pen|pocket pen|calligraphy pen|万年筆 fountain pen", (380, 4800),
        qualities="brass|slim|refillable|fine-nib|capped", materials="brass|steel|resin|aluminium",
        palette="paper", in_colours=True, facts={"recycled_percent": (0, 60, 20)},
        themes={"paper": 2.2, "gift": 0.5}, companions={"INKS": 0.3, "NOTE": 0.24}, grams=40, share=1.3,
        details=(
            "Writes first time, including on Mondays.",
            "The nib is fine without being mean.",
            "A cap that posts with a click you will do all day.",
        ),
    ),
    kind(
        "PNCL", "pencils", "pencil", "pencils|coloured pencils|drawing pencils|sketching pencils",
        (290, 2400), qualities="hexagonal|soft|triangular|stamped|studio", materials="cedar",
        palette="bright", in_sizes="Single=0.2|Six=1|Twelve=1.8", size_name="Pack",
        facts={"pieces": (1, 24, 1)}, themes={"paper": 1.4, "parent": 0.6}, lasts_days=90,
        companions={"NOTE": 0.18, "CRAF": 0.08}, grams=60,
        details=(
            "Cedar, so sharpening is a small event.",
            "Dark without smudging, mostly.",
            "Stamped in gold with a sentence we will not spoil.",
        ),
    ),
    kind(
        "INKS", "inks", "ink_bottle", "fountain pen ink|bottled ink|ink cartridges|インク ink", (780, 2600),
        leads=(
            "Kelp|Storm|Oxblood|Verdigris|Damson|Tobacco|Peacock|Graphite|Rust|Midnight|藍 Indigo|Pondweed"
            "|Coral|Iron gall"
        ),
        in_sizes="18 ml=0.6|50 ml=1", facts={"capacity_ml": (18, 50, 32)}, palette="paper",
        themes={"paper": 1.5}, lasts_days=75, companions={"PENS": 0.14, "NOTE": 0.14, "INKS": 0.26},
        grams=180, share=0.9,
        pigments={
            "Kelp": "forest", "Storm": "slate", "Ox": "brick", "Verdi": "teal", "Damson": "aubergine",
            "Tob": "cocoa", "Peacock": "teal", "Graph": "charcoal", "Rust": "terracotta", "Mid": "navy",
            "藍": "ink", "Pond": "moss", "Coral": "coral", "Iron": "black",
        },
        details=(
            "Shades from the downstroke up, if your paper lets it.",
            "Rinses out of a pen and, less readily, out of a shirt.",
            "A bottle with a well for the last few fills.",
        ),
    ),
    kind(
        "CARD", "greeting-cards", "card", "greeting card|card set|postcards|thank-you cards", (280, 1600),
        leads=(
            "Fox & ferns|Happy returns|Thank you, truly|Two hares|Lemon tree|Cake slice|Night sky|Blue tit"
            "|New arrival|Wild garlic|Kettle's on|おめでとう Congratulations|Snow at the gate|Robin on a spade"
        ),
        in_sizes="One=0.25|Pack of five=1", size_name="Pack",
        facts={"recycled_percent": (0, 100, 50), "paper": "cotton|recycled|kraft"}, palette="soft",
        themes={"paper": 1.2, "gift": 1.8, "parent": 0.3}, season="christmas", lasts_days=35,
        companions={"WRAP": 0.28, "CARD": 0.34}, grams=30, share=1.2,
        details=(
            "Letterpressed deep enough to read with a thumb.",
            "Blank inside, so you will have to think of something.",
            "Comes with an envelope in a colour that was argued over.",
        ),
    ),
    kind(
        "WRAP", "gift-wrap", "gift_wrap", "wrapping paper|gift wrap|sheet wrap", (290, 1200),
        leads=(
            "Holly & ivy|Marbled|Little stars|Botanical|Stripes|Hedgehogs|Oranges|Snowfall|Block-print leaf"
            "|Dots|Swallows"
        ),
        in_sizes="Sheet=0.4|Five sheets=1", size_name="Pack", facts={"recycled_percent": (0, 100, 50)},
        palette="bright", themes={"gift": 1.8, "paper": 0.7}, season="christmas", lasts_days=60,
        companions={"RIBN": 0.36, "CARD": 0.2}, grams=120,
        details=(
            "Heavy enough to fold once and stay folded.",
            "Uncoated, undyed on the back, recyclable after the tearing.",
            "Printed edge to edge, so the offcuts are useful too.",
        ),
    ),
    kind(
        "RIBN", "gift-wrap", "ribbon", "ribbon|gift ribbon|wide ribbon", (320, 980),
        qualities="velvet|grosgrain|hand-dyed|silk", materials="cotton|silk|velvet|paper", palette="cloth",
        in_colours=True, facts={"length_cm": (200, 1000, 100)}, themes={"gift": 1.0, "paper": 0.4},
        season="christmas", lasts_days=90, companions={"WRAP": 0.2}, grams=40, share=0.6,
        details=(
            "Ties, unties and ties again next year.",
            "Ravels gracefully at the ends.",
            "Wound on a wooden reel that children will want.",
        ),
    ),
    kind(
        "DESK", "desk-tools", "desk_tray", "pen pot|desk tidy|pencil pot|brush pot", (490, 3600),
        qualities="weighted|ribbed|round|felt-lined", materials="steel|enamel|stoneware", palette="paper",
        in_colours=True, facts={}, themes={"paper": 1.2, "decor": 0.3, "gift": 0.2},
        companions={"PENS": 0.14, "TAPE": 0.12}, grams=420, season="autumn",
        details=(
            "Heavy enough to stay where you decided.",
            "Makes the same twelve objects look like a system.",
            "Felt below, so it does not announce itself.",
        ),
    ),
    kind(
        "TAPE", "desk-tools", "washi_tape", "washi tape|paper tape|masking tape|マスキングテープ washi tape",
        (240, 780), qualities="gingham|botanical|plain|letterpress", materials="washi|paper",
        palette="bright", in_colours=True, lasts_days=60, facts={"pieces": (1, 6, 1)},
        themes={"paper": 1.3, "parent": 0.2, "gift": 0.3}, companions={"TAPE": 0.4, "NOTE": 0.12}, grams=30,
        share=0.8,
        details=(
            "Tears by hand and comes off walls without taking them along.",
            "Decorates, labels, mends, and marks whose yoghurt it is.",
            "Seven metres, which is either a lot or a weekend.",
        ),
    ),
)  # fmt: skip
