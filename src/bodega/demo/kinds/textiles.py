"""Kinds of cloth for kitchen, sofa and bed."""

# ruff: noqa: RUF001 - sizes and packs are written with a multiplication sign, as on labels
from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "TTWL", "tea-towels", "tea_towel", "tea towel|glass cloth|dish cloth", (650, 1600),
        qualities="striped|checked|waffle|hand-printed|herringbone", materials="linen|cotton|linen union",
        palette="cloth", in_colours=True, facts={"length_cm": (60, 75, 5), "organic": 0.4},
        themes={"cook": 0.9, "decor": 0.5, "baker": 0.3, "gift": 0.5},
        companions={"TTWL": 0.34, "APRO": 0.1, "OVEN": 0.08}, grams=120,
        details=(
            "Thirsty from the third wash and better every wash after.",
            "A loop in the corner, sewn on so that it stays on.",
            "Printed by hand with a block that is older than the printer.",
        ),
    ),
    kind(
        "APRO", "aprons-gloves", "apron", "apron|cross-back apron|children's apron", (2200, 4800),
        qualities="cross-back|pocketed|striped|workshop", materials="linen|cotton|denim", palette="cloth",
        in_colours=True, facts={"organic": 0.4}, themes={"baker": 0.8, "cook": 0.7, "gift": 0.6},
        companions={"OVEN": 0.3, "TTWL": 0.22}, grams=360, season="christmas",
        details=(
            "No knots behind the neck: the straps cross and the weight sits on the shoulders.",
            "Two pockets, one of them exactly the size of a phone with flour on it.",
            "Washed before sewing, so it has done its shrinking.",
        ),
    ),
    kind(
        "OVEN", "aprons-gloves", "oven_glove", "oven glove|double oven glove|pot holder", (1200, 2800),
        qualities="quilted|long|padded|checked", materials="cotton|linen|denim", palette="cloth",
        in_colours=True, facts={"organic": 0.3}, themes={"baker": 0.8, "cook": 0.7},
        companions={"TTWL": 0.26, "APRO": 0.12}, grams=240, share=0.8,
        details=(
            "Padded where the tin touches, not where it does not.",
            "Long enough to save the wrist from the top shelf.",
            "Hangs by the stove looking useful, because it is.",
        ),
    ),
    kind(
        "NAPK", "table-linen", "table_linen", "napkins|tablecloth|table runner|placemats", (1400, 6800),
        qualities="stonewashed|fringed|hemstitched|block-printed", materials="linen|cotton|linen union",
        palette="cloth", in_colours=True, in_sizes="Pair=1|Set of four=1.8|Set of six=2.5", size_name="Set",
        facts={"organic": 0.4}, themes={"host": 1.3, "decor": 0.7, "gift": 0.3}, season="christmas",
        companions={"PLAT": 0.12, "DCAN": 0.14}, grams=420,
        details=(
            "Creases are part of the plan; do not iron on our account.",
            "Mitred corners, because somebody will look.",
            "Dyed in the piece, so no two batches are twins.",
        ),
    ),
    kind(
        "CUSH", "cushions", "cushion", "cushion|bolster cushion|cushion cover|floor cushion", (1900, 6200),
        qualities="piped|fringed|embroidered|patchwork|bouclé", materials="linen|velvet|wool|cotton",
        palette="cloth", in_colours=True, in_sizes="45 × 45 cm=1|60 × 40 cm=1.15", facts={"handmade": 0.4},
        themes={"decor": 1.7, "cosy": 1.3, "gift": 0.3}, companions={"CUSH": 0.34, "THRW": 0.2}, grams=620,
        share=1.3,
        details=(
            "Filled with feather, so it remembers where you were.",
            "The zip is hidden, the piping is not.",
            "Chop it once in the middle or leave it alone: we take no side.",
        ),
    ),
    kind(
        "THRW", "throws", "throw", "throw|blanket|bedspread|picnic blanket", (3400, 11500),
        qualities="herringbone|waffle|fringed|checked|brushed", materials="lambswool|wool|cotton|mohair",
        palette="cloth", in_colours=True,
        facts={"length_cm": (150, 220, 10), "recycled_percent": (0, 80, 20)}, season="winter",
        themes={"cosy": 1.8, "decor": 0.8, "gift": 0.4}, companions={"CUSH": 0.24, "SCAN": 0.12}, grams=1100,
        details=(
            "Woven on looms that take an hour to warm up and then do not stop.",
            "Warm without being heavy; light without being thin.",
            "Big enough to share, should it come to that.",
        ),
    ),
    kind(
        "RUGS", "rugs", "rug", "rug|runner|bath mat|doormat", (3900, 22000),
        qualities="flatweave|tufted|striped|braided", materials="wool|jute|cotton|hemp", palette="cloth",
        in_colours=True, in_sizes="60 × 90 cm=0.5|120 × 180 cm=1|170 × 240 cm=1.8",
        facts={"handmade": 0.6, "recycled_percent": (0, 100, 20)}, themes={"decor": 1.2, "cosy": 0.5},
        companions={"CUSH": 0.16, "BSKT": 0.08}, grams=4200,
        details=(
            "Reversible, which doubles the years between worries.",
            "Knotted at the ends by hand, a detail feet find first.",
            "Dense enough to stay flat without a word.",
        ),
    ),
    kind(
        "BEDL", "bed-linen", "bedding", "duvet cover|pillowcases|fitted sheet|bed linen set", (2400, 12500),
        qualities="stonewashed|piped|brushed|checked", materials="linen|cotton|cotton percale",
        palette="cloth", in_colours=True, in_sizes="Single=1|Double=1.3|King=1.5", facts={"organic": 0.6},
        themes={"decor": 0.9, "cosy": 1.0, "parent": 0.2}, companions={"BEDL": 0.36, "THRW": 0.1}, grams=1400,
        details=(
            "Cool in July, warm in January, crumpled in a good way all year.",
            "Corner ties inside the cover, so the duvet stays where it belongs.",
            "Softened with stones and water, nothing else.",
        ),
    ),
)  # fmt: skip
