"""Kinds of coffee, tea and what they are made with."""

# ruff: noqa: RUF001 - sizes and packs are written with a multiplication sign, as on labels
from bodega.demo.kinds.kind import kind

_ORIGINS = (
    "Guji|Yirgacheffe|Sidama|Huila|Nariño|Antigua|Huehuetenango|Kayanza|Nyeri|Kirinyaga|Tarrazú|Chiapas|Cerrado"
    "|Sulawesi|Sumatra Gayo|Java Estate|Jinotega|Santa Ana|Boquete|Rwenzori|Minas Gerais|Cajamarca|Mörk House"
)
_NOTES = ["cocoa|hazelnut|red apple|bergamot|blackcurrant|toffee|orange peel|jasmine|plum|honey|walnut|fig|cherry"]
_CUP = {"caffeine": "high|high|medium"}

KINDS = (
    kind(
        "BEAN", "coffee-beans", "coffee_bag", "coffee beans|espresso beans|filter roast beans", (880, 1500),
        leads=_ORIGINS, lead_fact="origin", qualities="washed|natural|honey-process|small-lot",
        in_sizes="250 g=1|500 g=1.85|1 kg=3.4", size_name="Weight", grams=260,
        facts={"roast": "light|medium|medium|dark", "tasting_notes": _NOTES, "organic": 0.4, **_CUP},
        themes={"coffee": 3.0, "gift": 0.2}, lasts_days=24, share=1.7,
        companions={"FLTR": 0.27, "GRIN": 0.05, "DRIP": 0.05, "BISC": 0.06},
        details=(
            "{lead} tends to be sweet and clean, and this lot is no exception.",
            "Rested four days after roasting, so it is ready when it lands on your mat.",
            "We cup every sack twice: once when it arrives and once when we have stopped being polite.",
            "Good as a morning filter, better as the second cup nobody planned.",
        ),
    ),
    kind(
        "GRND", "ground-coffee", "coffee_bag", "ground coffee|cafetière grind|moka grind", (780, 1280),
        leads=_ORIGINS, lead_fact="origin", qualities="house|weekday|slow-roast|decaf",
        in_sizes="227 g=1|500 g=1.95", size_name="Weight", grams=240,
        facts={"roast": "medium|medium|dark", "tasting_notes": _NOTES, "organic": 0.35, **_CUP},
        themes={"coffee": 2.0, "gift": 0.1}, lasts_days=20,
        companions={"CAFE": 0.06, "FLTR": 0.12, "BISC": 0.06},
        details=(
            "Ground the same hour it is bagged; the valve does the rest.",
            "Coarse enough not to silt up the cup, fine enough to taste of something.",
            "A round, forgiving coffee that does not mind an extra minute of steeping.",
        ),
    ),
    kind(
        "GRIN", "grinders", "grinder", "hand grinder|coffee mill|burr grinder", (3200, 8900),
        qualities="travel|adjustable|slim|stepped|cast-iron", materials="steel|beech|walnut|brass",
        palette="metal", facts={"handmade": 0.3}, themes={"coffee": 0.7, "gift": 0.3},
        companions={"BEAN": 0.5}, grams=760,
        details=(
            "Thirty turns make enough for one large cup, which is about the length of a kettle.",
            "The burrs are conical steel and the adjustment clicks, so you can find your way back.",
            "It comes apart without tools, which is the only reason anyone ever cleans one.",
        ),
    ),
    kind(
        "FLTR", "filters-drippers", "filter_papers", "filter papers|cone filters|coffee filters", (320, 980),
        qualities="unbleached|oxygen-white|bamboo-fibre|tabbed", materials="paper|hemp", palette="soft",
        in_sizes="100 sheets=1|3 × 100 sheets=2.6", size_name="Pack", facts={"pieces": (40, 100, 20)},
        themes={"coffee": 0.8}, lasts_days=55, companions={"BEAN": 0.45}, grams=140, share=0.7,
        details=(
            "Thick enough to hold back the fines, quick enough not to stall.",
            "Rinse once with hot water and you taste coffee, not stationery.",
            "Fits the usual 01 and 02 cones, ours and other people's.",
        ),
    ),
    kind(
        "DRIP", "filters-drippers", "dripper", "dripper|pour-over cone|coffee dripper", (1400, 3400),
        qualities="ribbed|two-cup|low|speckled", materials="porcelain|stoneware",
        palette="glaze", in_colours=True, facts={"dishwasher_safe": 0.9}, themes={"coffee": 0.9, "gift": 0.2},
        companions={"FLTR": 0.55, "BEAN": 0.4}, grams=380,
        details=(
            "Spiral ribs keep the paper off the wall so the water finds its own pace.",
            "The foot is wide enough for a mug and narrow enough for a jug.",
            "A cone, a kettle and three patient minutes: there is little else to learn.",
        ),
    ),
    kind(
        "CAFE", "coffee-makers", "cafetiere", "cafetière|French press", (2400, 6200),
        qualities="double-walled|three-cup|eight-cup|café", materials="glass|steel|stoneware",
        palette="metal", facts={"capacity_ml": (350, 1000, 50), "dishwasher_safe": 0.8},
        themes={"coffee": 0.7, "host": 0.3, "gift": 0.2}, companions={"GRND": 0.42, "MUGS": 0.12}, grams=900,
        details=(
            "The plunger fits closely, which is what separates a cafetière from a jug with a lid.",
            "Four minutes, a slow press, and breakfast has begun.",
            "Spare glasses and meshes are always in stock, because things happen.",
        ),
    ),
    kind(
        "MOKA", "coffee-makers", "moka_pot", "moka pot|stovetop espresso maker", (2200, 5400),
        qualities="three-cup|six-cup|induction|enamelled", materials="aluminium|steel", palette="enamel",
        in_colours=True, facts={"capacity_ml": (130, 300, 10)}, themes={"coffee": 0.6, "gift": 0.1},
        companions={"GRND": 0.4, "CUPS": 0.15}, grams=620,
        details=(
            "It mutters, it hisses, it fills the kitchen with the right smell.",
            "Fill to the valve, heap the basket, keep the flame low and take it off at the first gurgle.",
            "Eight sides so that you can grip it with a tea towel and half-open eyes.",
        ),
    ),
    kind(
        "KETL", "coffee-makers", "kettle", "pouring kettle|gooseneck kettle|stovetop kettle", (3400, 8800),
        qualities="slow-pour|matt|whistling|one-litre", materials="steel|enamel", palette="enamel",
        in_colours=True, facts={"capacity_ml": (800, 1800, 100)},
        themes={"coffee": 0.5, "tea": 0.6, "gift": 0.1}, companions={"BEAN": 0.15, "BLKT": 0.2}, grams=1100,
        share=0.8,
        details=(
            "The spout is thin where it matters and pours a line you can draw with.",
            "Balanced so that the handle stays cool and the wrist stays happy.",
            "Good on gas, electric and induction, and not unhappy on a campfire.",
        ),
    ),
    kind(
        "BLKT", "black-tea", "tea_box", "tea|loose leaf tea|tea bags", (480, 1250),
        leads=(
            "Assam|Darjeeling first flush|Earl Grey|Lapsang Souchong|Ceylon|Keemun|Nilgiri|Masala chai>"
            "|Afternoon|Lady Violet|Smoked Rose|Irish Breakfast|Yunnan Gold|Harbour Blend|Russian Caravan"
            "|Blue Flower"
        ),
        qualities="loose-leaf|hand-rolled|garden", in_sizes="100 g=1|250 g=2.2|1 kg=7.6", size_name="Weight",
        facts={
            "caffeine": "medium|high", "organic": 0.5, "origin": "Assam|Darjeeling|Sri Lanka|Yunnan|Kenya",
        },
        themes={"tea": 2.6, "gift": 0.4}, season="winter", lasts_days=40, grams=130, share=1.5,
        companions={"INFU": 0.08, "TPOT": 0.05, "BISC": 0.14, "HONY": 0.05},
        details=(
            "Brisk enough for milk, fragrant enough to go without.",
            "Whole leaves that open slowly; give them four minutes and some room.",
            "Poured at three o'clock it makes a case for stopping at three o'clock.",
        ),
    ),
    kind(
        "GREN", "green-tea", "tea_box", "tea|loose leaf tea|spring tea", (650, 2100),
        leads=(
            "煎茶 Sencha|玉露 Gyokuro|焙じ茶 Hōjicha|玄米茶 Genmaicha|龍井 Longjing|碧螺春 Biluochun"
            "|茉莉花茶 Jasmine pearl|鐵觀音 Tieguanyin oolong>"
            "|白牡丹 White peony|番茶 Bancha|普洱 Pu-erh|Gunpowder>green tea"
        ),
        qualities="first-flush|shaded|pan-fired|steamed", in_sizes="50 g=1|100 g=1.85", size_name="Weight",
        facts={"caffeine": "low|medium", "organic": 0.5, "origin": "Uji|Shizuoka|Fujian|Hangzhou|Kagoshima"},
        themes={"tea": 1.8, "gift": 0.2}, lasts_days=45, grams=90, companions={"TPOT": 0.06, "INFU": 0.07},
        makers="Ōmori Tea House|Marlowe & Finch|Kumo Paper & Tea",
        pigments={"焙": "cocoa", "普": "cocoa", "茉": "honey"},
        details=(
            "Use water at 70 °C: it turns sweet and green instead of stern.",
            "Picked in the cool of the first week of May and dried the same day.",
            "The second infusion is the one we wait for.",
        ),
    ),
    kind(
        "MTCH", "green-tea", "tin", "matcha|ceremonial matcha|kitchen matcha", (1400, 3800),
        leads="抹茶 Asagiri|抹茶 Uji no Mori|抹茶 Kiyomi|抹茶 Shirakawa|抹茶 Wakatake", palette="soft",
        in_sizes="30 g=1|100 g=2.7", size_name="Weight", makers="Ōmori Tea House|Kumo Paper & Tea",
        facts={"caffeine": "medium", "organic": 0.5, "origin": "Uji|Nishio|Yame"}, pigments={"抹": "sage"},
        themes={"tea": 0.9, "baker": 0.1}, lasts_days=35, companions={"CHSN": 0.3, "BOWL": 0.06}, grams=70,
        share=0.45,
        details=(
            "Stone-milled to order; the tin is filled cold and sealed dark.",
            "Sift, a splash of water, thirty strokes in the shape of a W.",
            "Bright, savoury, with a sweetness that turns up late.",
        ),
    ),
    kind(
        "CHSN", "infusers", "whisk_bamboo", "bamboo whisk|matcha whisk|茶筅 chasen", (1200, 2600),
        qualities="eighty-prong|hundred-prong|long", materials="bamboo", palette="wood", themes={"tea": 0.5},
        companions={"MTCH": 0.5}, grams=60, share=0.25, makers="Ōmori Tea House|Kumo Paper & Tea",
        facts={"handmade": 0.95},
        details=(
            "Carved from a single piece of bamboo, which is worth watching on a quiet evening.",
            "Soak the prongs for a minute before whisking and they will last for years.",
            "It stands by itself, and looks rather pleased about it.",
        ),
    ),
    kind(
        "HERB", "herbal-tea", "tea_box", "infusion|herbal tea|tisane", (420, 980),
        leads=(
            "Chamomile & honeybush|Peppermint|Lemon verbena|Rooibos & orange|Ginger & turmeric"
            "|Nettle & fennel|Hibiscus & rosehip|Lavender & oat flower|Liquorice & mint|Elderflower"
            "|Lemongrass & lime|Spearmint & rose"
        ),
        in_sizes="20 bags=1|60 bags=2.6|100 g loose=2.3", size_name="Pack",
        facts={"caffeine": "none", "organic": 0.7}, lasts_days=36, grams=80,
        themes={"tea": 1.4, "bath": 0.4, "cosy": 0.3}, season="winter",
        companions={"HONY": 0.14, "MUGS": 0.04},
        pigments={
            "Chamomile": "honey", "mint": "sage", "Rooibos": "brick", "Hibiscus": "rose",
            "Lavender": "lavender", "Ginger": "ochre", "Nettle": "moss", "Lemon": "lemon", "Elder": "oat",
            "Liquorice": "plum",
        },
        details=(
            "Caffeine-free, so the last cup can be a late one.",
            "Dried slowly at low heat; you can still tell the petals from the leaves.",
            "Made for the half hour between the washing-up and bed.",
        ),
    ),
    kind(
        "TPOT", "teapots", "teapot", "teapot|small teapot|kyūsu", (2400, 6800),
        qualities="two-cup|family|round|ribbed|hand-thrown", materials="stoneware|porcelain|cast iron",
        palette="glaze", in_colours=True, facts={"capacity_ml": (350, 1300, 50), "dishwasher_safe": 0.7},
        themes={"tea": 0.9, "host": 0.3, "gift": 0.4}, companions={"BLKT": 0.42, "CUPS": 0.16, "INFU": 0.1},
        grams=900,
        details=(
            "The spout was redrawn eleven times. It does not drip.",
            "A strainer sits inside the neck and lifts out with two fingers.",
            "Wide at the hips so that leaves can open, snug at the lid so that heat stays.",
        ),
    ),
    kind(
        "INFU", "infusers", "infuser", "tea infuser|tea strainer|mug infuser", (690, 1900),
        qualities="fine-mesh|long-handled|rest-on|folding", materials="steel|brass|bamboo", palette="metal",
        themes={"tea": 0.6, "gift": 0.2}, companions={"BLKT": 0.35, "HERB": 0.15}, grams=90, share=0.5,
        facts={"dishwasher_safe": 0.9},
        details=(
            "Mesh fine enough for rooibos, roomy enough for oolong.",
            "A little saucer catches the drips, so the table does not.",
            "Long enough to fish out of the tall mug, too.",
        ),
    ),
    kind(
        "CADY", "infusers", "tin", "tea caddy|tea tin|coffee canister", (980, 2600),
        qualities="double-lidded|airtight|square|printed", materials="tinplate|copper|brass", palette="pack",
        in_colours=True, themes={"tea": 0.5, "coffee": 0.2, "decor": 0.1, "gift": 0.3}, grams=220, share=0.6,
        companions={"BLKT": 0.3}, facts={"capacity_ml": (400, 1200, 100), "handmade": 0.4},
        details=(
            "The outer lid sinks under its own weight, which is a pleasure every morning.",
            "Keeps light, damp and the neighbouring spices out.",
            "Takes a 250 g bag with room for the scoop.",
        ),
    ),
)  # fmt: skip
