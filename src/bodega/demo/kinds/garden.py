"""Kinds of things for gardens, pots and birds."""

from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "VSED", "vegetable-seeds", "seed_packet", "seeds|organic seeds|seed collection", (220, 420),
        leads=(
            "Tomato 'Black Krim'|Runner bean 'Painted Lady'|Beetroot 'Chioggia'|Courgette 'Trombetta'"
            "|Basil 'Genovese'|Kale 'Cavolo Nero'|Radish 'Watermelon'|Pea 'Blauwschokker'"
            "|Chilli 'Lemon Drop'|Lettuce 'Freckles'|Coriander 'Confetti'|Carrot 'Rainbow'"
            "|Squash 'Uchiki Kuri'|Parsley 'Giant'|Leek 'Musselburgh'|Rocket 'Wild'|Cucumber 'Lemon'"
            "|Chard 'Neon'"
        ),
        facts={"organic": 0.7, "sow": ["February|March|April|May|June|July"], "pieces": (15, 300, 15)},
        palette="bright", themes={"garden": 2.4}, season="spring", lasts_days=300,
        companions={"VSED": 0.42, "COMP": 0.16, "TOOL": 0.06}, grams=20, share=1.4,
        pigments={
            "Tomato": "tomato", "bean": "brick", "Beet": "plum", "Courg": "moss", "Basil": "moss",
            "Kale": "forest", "Radish": "rose", "Pea": "plum", "Chilli": "lemon", "Lettuce": "sage",
            "Carrot": "apricot", "Squash": "tomato", "Cucumber": "lemon", "Chard": "coral",
        },
        details=(
            "An old variety, kept going by people who thought it tasted better.",
            "Easy from seed, generous by August.",
            "Germination tested in our own cold greenhouse.",
        ),
    ),
    kind(
        "FLOW", "flower-seeds", "flower_packet", "seeds|wildflower seeds|cut-flower seeds", (220, 460),
        leads=(
            "Sweet pea 'Matucana'|Cosmos 'Purity'|Cornflower 'Black Ball'|Nasturtium 'Milkmaid'"
            "|Foxglove 'Sutton's Apricot'|Poppy 'Mother of Pearl'|Love-in-a-mist|Sunflower 'Claret'"
            "|Scabious 'Tall Mix'|Marigold 'Snow Princess'|Zinnia 'Queen Lime'|Hollyhock 'Nigra'|Meadow mix"
            "|Larkspur 'Sublime'|Stock 'Night-scented'"
        ),
        facts={"organic": 0.4, "sow": ["February|March|April|May|September"], "pieces": (20, 400, 20)},
        palette="bright", themes={"garden": 2.0, "decor": 0.1}, season="spring", lasts_days=300,
        companions={"FLOW": 0.42, "COMP": 0.12}, grams=15, share=1.1,
        pigments={
            "pea": "plum", "Cosmos": "blush", "Corn": "ink", "Nast": "lemon", "Fox": "apricot",
            "Poppy": "lavender", "Love": "sky", "Sun": "brick", "Scab": "lavender", "Mari": "honey",
            "Zinnia": "moss", "Holly": "aubergine", "Larkspur": "blush",
        },
        details=(
            "The more you cut, the more it thinks it should hurry.",
            "Bees arrive before you have put the kettle on.",
            "Sow where it is to flower and then look away.",
        ),
    ),
    kind(
        "BLBS", "spring-bulbs", "flower_bulb", "bulbs", (450, 1400),
        leads=(
            "Tulip 'Queen of Night'|Tulip 'La Belle Époque'|Narcissus 'Thalia'|Allium 'Purple Sensation'"
            "|Tulip 'Apricot Parrot'|Tulip 'Spring Green'|Narcissus 'Actaea'|Tulip 'Ballerina'"
            "|Tulip 'Black Parrot'|Tulip 'White Triumphator'|Snake's-head fritillary|Snowdrop|Bluebell"
            "|Crocus 'Prins Claus'|Hyacinth 'Woodstock'|Iris 'Harmony'"
        ),
        qualities="top-size|early|late", in_sizes="10 bulbs=1|25 bulbs=2.2|50 bulbs=3.9", size_name="Pack",
        facts={"pieces": (10, 50, 5), "sow": ["September|October|November"]}, palette="bright",
        themes={"garden": 1.6}, season="autumn", lasts_days=330,
        companions={"BLBS": 0.4, "POTS": 0.12, "TOOL": 0.1}, grams=400,
        pigments={
            "Night": "aubergine", "Belle": "apricot", "Thalia": "chalk", "Purple": "lavender",
            "Apricot": "coral", "Green": "sage", "Actaea": "lemon", "Ball": "tomato", "Black": "plum",
            "White": "white", "Snake": "plum",
        },
        details=(
            "Plant deeper than seems reasonable, then forget where.",
            "Top-size bulbs, firm as chestnuts.",
            "Lovely in pots by the door in the weeks when you need it.",
        ),
    ),
    kind(
        "COMP", "compost-feed", "sack", "peat-free compost|seed compost|tomato feed|wool pellets",
        (650, 1900), qualities="multi-purpose|fine|long-lasting|seaweed", palette="tool",
        in_sizes="10 l=1|25 l=1.8|50 l=2.9", facts={"organic": 0.7, "recycled_percent": (0, 100, 20)},
        themes={"garden": 1.5}, season="spring", lasts_days=40, grams=9000,
        companions={"VSED": 0.18, "POTS": 0.14}, share=0.7,
        details=(
            "Bark, wool and bracken: no peat, no glass, no surprises.",
            "Holds water through a hot week and drains through a wet one.",
            "Smells of woods, not of ponds.",
        ),
    ),
    kind(
        "POTS", "plant-pots", "plant_pot", "plant pot|herb pot|planter|pot & saucer|trough", (690, 4200),
        qualities="long-tom|rolled-rim|fluted|hand-thrown|footed",
        materials="terracotta|stoneware|glazed clay|concrete", palette="pot", in_colours=True,
        in_sizes="12 cm=0.7|18 cm=1|26 cm=1.7", facts={"diameter_cm": (10, 36, 2), "handmade": 0.5},
        themes={"garden": 1.7, "decor": 1.0, "gift": 0.3}, season="spring",
        companions={"COMP": 0.24, "POTS": 0.28, "CANS": 0.05}, grams=1300, share=1.5,
        details=(
            "Frost-proof, and we have left one out to be sure.",
            "A hole where it should be and a saucer that fits.",
            "Breathes, as roots like things to.",
        ),
    ),
    kind(
        "HANG", "hanging-planters", "hanging_planter", "hanging planter|hanging basket|wall planter",
        (1400, 3900), qualities="macramé|domed|wire|glazed", materials="terracotta|stoneware|glazed clay",
        palette="pot", in_colours=True, facts={"diameter_cm": (12, 30, 2)},
        themes={"garden": 0.9, "decor": 0.9}, season="spring", companions={"COMP": 0.2, "HOOK": 0.1},
        grams=800, share=0.8,
        details=(
            "Ivy, hearts-on-a-string, strawberries: anything with ambition downwards.",
            "Cotton cord, knotted by hand, tested with a brick.",
            "Glazed inside so that the ceiling stays dry.",
        ),
    ),
    kind(
        "TOOL", "hand-tools", "trowel", "trowel|hand fork|trowel & fork|planting trowel|weeding fork", (980, 4200),
        qualities="forged|long-handled|narrow|bulb", materials="ash|carbon steel|beech|copper",
        palette="tool", facts={"length_cm": (18, 40, 2), "handmade": 0.6},
        themes={"garden": 1.4, "gift": 0.5}, season="spring", companions={"GLOV": 0.22, "TWIN": 0.12},
        grams=420,
        details=(
            "Forged from one piece of steel, so there is no neck to bend.",
            "The handle is ash, turned fat where the palm is.",
            "Wipe, dry, oil: ten seconds, thirty years.",
        ),
    ),
    kind(
        "CANS", "watering", "watering_can", "watering can|house plant can|rose can",
        (1200, 5800), qualities="long-reach|indoor|galvanised|two-gallon",
        materials="steel|copper|zinc|enamel", palette="enamel", in_colours=True,
        facts={"capacity_ml": (300, 9000, 300)}, themes={"garden": 1.1, "decor": 0.5, "gift": 0.4},
        season="spring", companions={"POTS": 0.18, "COMP": 0.1}, grams=900,
        details=(
            "A brass rose that rains upwards first, so seedlings stay put.",
            "Balanced when full, which is when it matters.",
            "The long neck finds the back of the sill.",
        ),
    ),
    kind(
        "GLOV", "gloves-twine", "gloves", "gardening gloves|gloves|pruning gloves", (1100, 3200),
        qualities="rose-proof|fingertip|suede|everyday", materials="leather|cotton|bamboo", palette="cloth",
        in_colours=True, in_sizes="Small=1|Medium=1|Large=1", facts={}, themes={"garden": 1.0, "gift": 0.3},
        season="spring", companions={"TOOL": 0.22, "TWIN": 0.16}, grams=180, share=0.8,
        details=(
            "Thin enough to feel a seedling, tough enough for the rose it lives under.",
            "Cuffs that keep the soil on the right side.",
            "They go in the wash and come out as gloves.",
        ),
    ),
    kind(
        "TWIN", "gloves-twine", "twine", "garden twine|jute string|ball of twine", (380, 1200),
        qualities="three-ply|tarred|waxed|in a tin", materials="jute|hemp|slate", palette="tool",
        lasts_days=150, share=0.5, facts={"length_cm": (2000, 12000, 1000)},
        themes={"garden": 0.9, "paper": 0.2, "gift": 0.2}, season="spring",
        companions={"VSED": 0.14, "TOOL": 0.08}, grams=180,
        details=(
            "Strong all summer and gone by the next one.",
            "Comes in a tin with a cutter, so it is where you left it.",
            "Soft on stems, stubborn on knots.",
        ),
    ),
    kind(
        "FEED", "bird-houses", "bird_house", "nest box|bird house|sparrow house", (1400, 5200),
        qualities="pitched|woodland|hanging|cottage", materials="oak|steel|stoneware|copper",
        palette="tool", in_colours=True, facts={"height_cm": (14, 40, 2), "handmade": 0.4},
        themes={"birds": 2.0, "garden": 0.5, "gift": 0.4}, season="winter", companions={"BSED": 0.5},
        grams=1100,
        details=(
            "Opens for cleaning without a screwdriver or a sigh.",
            "Robins found ours in an afternoon; tits in a morning.",
            "Roof with an overhang, because seed hates rain.",
        ),
    ),
    kind(
        "BSED", "bird-seed", "sack", "bird seed|sunflower hearts|suet balls|mealworms|nyjer seed",
        (480, 1500), qualities="no-mess|high-energy|robin|finch", palette="soft",
        in_sizes="1 kg=1|3 kg=2.6|12 kg=8.5", size_name="Weight", facts={"net_weight_g": (1000, 3000, 1000)},
        season="winter", themes={"birds": 2.4, "garden": 0.3}, lasts_days=26,
        companions={"FEED": 0.08, "BSED": 0.2}, grams=1050, share=0.8,
        details=(
            "Hulled, so nothing sprouts under the feeder.",
            "A mix that small beaks finish instead of throwing.",
            "Calorie-rich for cold mornings.",
        ),
    ),
)  # fmt: skip
