"""Kinds of food for the pantry."""

from bodega.demo.kinds.kind import kind

KINDS = (
    kind(
        "HOTS", "hot-sauces", "bottle_sauce", "hot sauce|chilli sauce|pepper sauce", (480, 1150),
        leads=(
            "Scotch bonnet & mango|Smoked jalapeño|Habanero & carrot|Fermented cayenne|Ají amarillo"
            "|Chipotle & cocoa|Green tomatillo|Ghost pepper|Naga & tamarind|Pineapple & ginger"
            "|Blackberry & chipotle|Gochu|Piri-piri|Árbol"
        ),
        in_sizes="150 ml=1|250 ml=1.5",
        facts={"heat": (1, 5, 1), "vegan": 0.95, "capacity_ml": (150, 250, 50)},
        themes={"heat": 3.0, "cook": 0.6, "gift": 0.5}, lasts_days=48, companions={"HOTS": 0.2, "SALT": 0.05},
        grams=320, share=1.4,
        pigments={
            "mango": "mustard", "jalap": "moss", "carrot": "ochre", "cayenne": "red", "Ají": "mustard",
            "cocoa": "cocoa", "tomatillo": "moss", "Ghost": "tomato", "tamarind": "brick", "Pine": "mustard",
            "Blackberry": "plum", "Gochu": "red", "Piri": "tomato", "Árbol": "red",
        },
        details=(
            "Fermented for a month before blending, so there is a tang under the fire.",
            "It starts with fruit, then remembers what it is.",
            "Try it on eggs. Then on everything that has stood near eggs.",
        ),
    ),
    kind(
        "OILS", "oils-vinegars", "bottle_tall", "olive oil|extra virgin olive oil", (850, 2400),
        leads=(
            "Picual|Arbequina|Koroneiki|Taggiasca|Hojiblanca|Lemon-pressed|Cotswold>rapeseed oil|Nocellara"
            "|Kalamata"
        ),
        lead_fact="origin", in_sizes="250 ml=1|500 ml=1.75|3 l tin=7.5", palette="tool",
        facts={"organic": 0.5, "vegan": 1.0}, themes={"cook": 2.0, "host": 0.4, "gift": 0.3}, lasts_days=60,
        companions={"VINE": 0.22, "PAST": 0.12, "SALT": 0.12}, grams=900,
        pigments={"": "moss", "Lemon": "mustard"},
        details=(
            "Peppery at the back of the throat, the way fresh oil should be.",
            "Picked early, pressed within the day, bottled in dark glass.",
            "Finish soups with it; frying is what the other bottle is for.",
        ),
    ),
    kind(
        "VINE", "oils-vinegars", "bottle_tall", "vinegar|aged vinegar", (560, 1900),
        leads="Balsamic|Sherry|Cider|Raspberry|Chardonnay|Black garlic|Pedro Ximénez|Elderberry|米酢 Rice",
        in_sizes="250 ml=1|500 ml=1.7", facts={"organic": 0.4, "vegan": 1.0}, palette="pack",
        themes={"cook": 1.1, "host": 0.2}, lasts_days=95, companions={"OILS": 0.28}, grams=520, share=0.7,
        pigments={
            "Balsamic": "cocoa", "Sherry": "brick", "Cider": "amber", "Raspberry": "rose", "Black": "black",
            "Chard": "honey", "Pedro": "cocoa", "Elder": "plum", "米": "oat",
        },
        details=(
            "Round rather than sharp: it has spent years in a barrel learning manners.",
            "A teaspoon wakes up lentils, strawberries and tired salads.",
            "Made from whole fruit and left alone for as long as it asked.",
        ),
    ),
    kind(
        "CHUT", "chutneys", "jar", "chutney|relish", (380, 820),
        leads=(
            "Fig & port|Plum & star anise|Green tomato|Piccalilli>|Beetroot & horseradish>relish"
            "|Caramelised onion|Apricot & ginger|Wholegrain honey>mustard|Lime & chilli>pickle"
            "|Bread-and-butter>pickle|Quince|Rhubarb & date"
        ),
        in_sizes="200 g=1|340 g=1.5", facts={"vegan": 0.9, "net_weight_g": (200, 340, 20)},
        themes={"host": 0.9, "cook": 1.0, "gift": 0.5}, season="christmas", lasts_days=60,
        companions={"BISC": 0.12, "BORD": 0.04}, grams=420,
        pigments={
            "Fig": "plum", "Plum": "aubergine", "Green": "moss", "Picc": "mustard", "Beet": "plum",
            "Caramel": "cocoa", "Apricot": "apricot", "Whole": "ochre", "Lime": "olive", "Bread": "moss",
            "Quince": "coral", "Rhubarb": "rose",
        },
        details=(
            "Cooked in open pans until a spoon leaves a path.",
            "Made for the hard end of the Cheddar.",
            "Chunky enough to be recognised, soft enough to spread.",
        ),
    ),
    kind(
        "SPIC", "single-spices", "spice_jar", "", (260, 780),
        leads=(
            "Smoked paprika|Green cardamom|Ceylon cinnamon|Cumin seed|Kampot coriander|Turmeric"
            "|Saffron threads|Star anise|Sumac|Fenugreek|Nigella seed|Aleppo pepper|Juniper berries|Mace"
            "|Black lime|花椒 Sichuan pepper|山椒 Sanshō|Annatto"
        ),
        facts={
            "net_weight_g": (20, 80, 10), "organic": 0.5, "vegan": 1.0,
            "origin": "Kerala|Sri Lanka|La Vera|Iran|Guatemala",
        },
        themes={"cook": 1.9, "heat": 0.9, "baker": 0.3}, lasts_days=110,
        companions={"SPIC": 0.34, "BLND": 0.12}, grams=90, in_sizes="Tin=1|Refill=0.8|Large=2.2", share=1.3,
        pigments={
            "paprika": "tomato", "cardamom": "sage", "cinnamon": "amber", "Cumin": "ochre",
            "coriander": "honey", "Turmeric": "mustard", "Saffron": "tomato", "anise": "cocoa",
            "Sumac": "plum", "Nigella": "black", "Aleppo": "brick", "Juniper": "ink", "lime": "charcoal",
            "花": "brick", "山": "olive", "Annatto": "red",
        },
        details=(
            "This year's harvest, and you can smell the difference through the paper.",
            "Toast it in a dry pan until the kitchen notices.",
            "Bought from one farm, by name, at a price they set.",
        ),
    ),
    kind(
        "BLND", "spice-blends", "spice_jar", "blend|seasoning", (320, 820),
        leads=(
            "Ras el hanout>|Za'atar>|Dukkah>|Garam masala>|Baharat>|Berbere>|Jerk>rub|Herbes de Provence>"
            "|七味 Shichimi>|Cajun|Chaat>masala|Mulling>spice|Pumpkin>spice|Everything bagel"
        ),
        facts={"net_weight_g": (30, 90, 10), "vegan": 0.97, "heat": (0, 4, 1)},
        themes={"cook": 1.4, "heat": 1.0, "gift": 0.2}, lasts_days=100, companions={"SPIC": 0.25}, grams=100,
        in_sizes="Tin=1|Refill=0.8",
        pigments={
            "Ras": "ochre", "Za": "moss", "Dukkah": "amber", "Garam": "cocoa", "Berbere": "brick",
            "Jerk": "olive", "Herbes": "sage", "七": "tomato", "Cajun": "tomato", "Mulling": "plum",
            "Pumpkin": "apricot",
        },
        details=(
            "Ground and mixed on the day it is tinned, with nothing to bulk it out.",
            "A spoonful over roast carrots is a good place to start.",
            "The recipe came with a grandmother attached; we kept both.",
        ),
    ),
    kind(
        "SALT", "salt-pepper", "spice_jar", "sea salt", (340, 880),
        leads=(
            "Flaked|Oak-smoked|Kampot>pepper|Tellicherry>peppercorns|Fleur de sel>|Seaweed|Chilli"
            "|Long>pepper|Pink>peppercorns|Lemon & thyme"
        ),
        palette="paper", facts={"net_weight_g": (60, 250, 10), "vegan": 1.0},
        themes={"cook": 1.3, "host": 0.3, "gift": 0.3}, lasts_days=80, companions={"OILS": 0.14},
        in_sizes="Tin=1|Refill=0.85|Large=2.1", grams=180, share=0.7,
        pigments={
            "Flaked": "chalk", "Oak": "charcoal", "Kampot": "black", "Tell": "cocoa", "Pink": "blush",
            "Seaweed": "teal", "Chilli": "tomato", "Lemon": "lemon",
        },
        details=(
            "Crumbles between two fingers, exactly as loudly as it should.",
            "Raked by hand on still days.",
            "Keep it by the stove and you will use it properly.",
        ),
    ),
    kind(
        "FLOU", "flour", "sack", "flour|bread flour", (240, 690),
        leads=(
            "Stoneground wholemeal|Strong white|Light rye|Spelt|Einkorn|Emmer|Type 00|Heritage blend"
            "|Buckwheat|Barley"
        ),
        in_sizes="1.5 kg=1|5 kg=2.9", size_name="Weight",
        facts={"organic": 0.7, "vegan": 1.0, "net_weight_g": (1000, 1500, 500)},
        themes={"baker": 2.6, "cook": 0.2}, lasts_days=32,
        companions={"SUGR": 0.24, "BTIN": 0.05, "VANI": 0.1}, grams=1550, palette="soft",
        details=(
            "Milled slowly between stones so that the oils stay in.",
            "It drinks more water than you expect; let it.",
            "Grown within forty miles of the mill by people who also eat it.",
        ),
    ),
    kind(
        "SUGR", "sugar-syrup", "jar", "sugar", (320, 780),
        leads=(
            "Dark muscovado|Golden caster|Maple>syrup|Date>syrup|Demerara|Vanilla|Pearl|Ginger>syrup"
            "|Black>treacle|Coconut blossom"
        ),
        palette="wood", in_sizes="350 g=1|1 kg=2.3", facts={"vegan": 1.0, "organic": 0.4},
        themes={"baker": 1.8, "sweet": 0.3}, lasts_days=48, companions={"FLOU": 0.28, "BCHO": 0.12},
        grams=520, share=0.8,
        details=(
            "Damp, dark and tasting of toffee before you have done anything.",
            "Fine enough to cream, coarse enough to crunch on top.",
            "Sticky toffee pudding is mostly an excuse for this.",
        ),
    ),
    kind(
        "BCHO", "baking-chocolate", "pouch", "chocolate buttons|couverture|chocolate chips", (420, 1180),
        leads="70 % dark|Milk|Blond|Ruby|Dutch-process>cocoa powder|White|55 % dark|Single-estate",
        palette="wood", in_sizes="250 g=1|1 kg=3.3",
        facts={"vegan": 0.5, "origin": "Ghana|Ecuador|Madagascar|Peru"}, themes={"baker": 1.6, "sweet": 0.6},
        lasts_days=44, companions={"FLOU": 0.2, "VANI": 0.14, "BTIN": 0.08}, grams=280,
        pigments={"": "cocoa", "Ruby": "rose", "White": "oat", "Blond": "honey", "Milk": "amber"},
        details=(
            "Melts smoothly and sets with a snap.",
            "The buttons are small on purpose: less chopping, more baking.",
            "Proper cocoa butter, no palm, no apologies.",
        ),
    ),
    kind(
        "VANI", "baking-chocolate", "bottle_small", "vanilla extract|vanilla paste", (650, 1600),
        leads="Madagascan|Tahitian|Bourbon|Mexican|Sicilian", in_sizes="50 ml=1|100 ml=1.8", palette="wood",
        facts={"vegan": 1.0, "capacity_ml": (50, 100, 50)}, themes={"baker": 1.0}, lasts_days=110,
        companions={"FLOU": 0.22, "SUGR": 0.14}, grams=160, share=0.35,
        details=(
            "Two pods a bottle and the seeds to prove it.",
            "A teaspoon in the custard and nobody asks for ice cream.",
            "Aged until the alcohol stops talking over the vanilla.",
        ),
    ),
    kind(
        "JAMS", "jam-honey", "jar", "jam|preserve|conserve", (390, 790),
        leads=(
            "Raspberry & rose|Damson|Strawberry|Blackcurrant|Seville orange>marmalade|Gooseberry & elderflower"
            "|Apricot & almond|Greengage|Wild blueberry|Rhubarb & ginger|Morello cherry|Lemon & bergamot"
            "|Mirabelle|Whisky>marmalade"
        ),
        in_sizes="227 g=1|340 g=1.4", facts={"vegan": 1.0, "net_weight_g": (227, 340, 113)},
        themes={"sweet": 1.6, "tea": 0.4, "baker": 0.3, "gift": 0.4}, lasts_days=42,
        companions={"HONY": 0.12, "BLKT": 0.07}, grams=480, share=1.2,
        pigments={
            "Raspberry": "red", "Damson": "aubergine", "Straw": "tomato", "Blackc": "plum",
            "Seville": "ochre", "Goose": "moss", "Apricot": "apricot", "Green": "olive", "blueberry": "ink",
            "Rhubarb": "rose", "cherry": "brick", "Lemon": "lemon", "Mirabelle": "mustard", "Whisky>marmalade": "amber",
        },
        details=(
            "More fruit than sugar, set softly enough to slide.",
            "Boiled in copper, ten jars at a time.",
            "The label says what it is. So does the first spoonful.",
        ),
    ),
    kind(
        "HONY", "jam-honey", "jar_honey", "honey|raw honey|set honey", (650, 1480),
        leads="Heather|Lime blossom|Wildflower|Chestnut|Acacia|Orange blossom|Borage|Ivy|Clover",
        palette="wood", in_sizes="227 g=1|454 g=1.8",
        facts={"net_weight_g": (227, 454, 227), "origin": "Yorkshire|Kent|Sicily|Galicia|Wales"},
        themes={"sweet": 1.0, "tea": 0.7, "gift": 0.4}, lasts_days=55, companions={"HERB": 0.14}, grams=420,
        share=0.7,
        pigments={"": "honey", "Chestnut": "amber", "Heather": "ochre", "Acacia": "lemon", "Ivy": "oat"},
        details=(
            "Cold-filtered, so the pollen and the place stay in it.",
            "It will set in winter; stand it in warm water and it forgives you.",
            "From hives that spend the summer within sight of each other.",
        ),
    ),
    kind(
        "BISC", "biscuits", "biscuit_tin", "biscuits|shortbread|thins", (340, 1150),
        leads=(
            "Butter|Stem ginger|Lemon & poppy seed|Dark chocolate|Almond>cantuccini"
            "|Sea salt & rosemary>crackers|Parmesan>crackers|Brown butter|Cardamom|Rye & seed>oatcakes"
            "|Speculaas|Marmalade"
        ),
        in_sizes="150 g=1|Tin, 400 g=2.6", facts={"net_weight_g": (150, 400, 50), "vegan": 0.3},
        themes={"sweet": 1.3, "tea": 0.9, "host": 0.5, "gift": 0.7}, season="christmas", lasts_days=25,
        companions={"BLKT": 0.2, "CHUT": 0.06}, grams=220, share=1.1,
        details=(
            "Short, crumbly and gone by Wednesday.",
            "Baked on the day, packed while they still snap.",
            "The tin has a hinge and will outlive the biscuits by decades.",
        ),
    ),
    kind(
        "CHOC", "chocolate", "chocolate_bar", "chocolate bar|chocolate", (320, 790),
        leads=(
            "Sea salt|Piura 72 %|Hazelnut|Rye crumb|Burnt honey|Orange & fig|Malt|Coffee & cardamom"
            "|Raspberry|Tanzania 80 %|Buttermilk|Pistachio"
        ),
        in_sizes="70 g=1|Box of five=4.6",
        facts={"vegan": 0.5, "organic": 0.5, "origin": "Peru|Tanzania|Belize"},
        themes={"sweet": 2.2, "coffee": 0.3, "gift": 1.0}, season="christmas", lasts_days=21,
        companions={"CHOC": 0.3}, grams=90, share=1.2,
        details=(
            "Ground for three days, which is longer than it will last.",
            "A clean snap, a slow melt, and a finish that goes on.",
            "Beans bought straight from the growers and paid for early.",
        ),
    ),
    kind(
        "PAST", "pasta-rice", "pouch", "pasta", (260, 620),
        leads=(
            "Orecchiette|Rigatoni|Casarecce|Pappardelle|Carnaroli>rice|Bomba>rice|Black venere>rice"
            "|Spaghetti>|Fregola>|Soba>noodles|Mafalda|Paccheri"
        ),
        in_sizes="500 g=1|Six packs=5.4",
        facts={"vegan": 0.9, "organic": 0.5, "net_weight_g": (400, 500, 100)}, palette="soft",
        themes={"cook": 1.6, "parent": 0.2}, lasts_days=22, companions={"SAUC": 0.38, "OILS": 0.1}, grams=520,
        details=(
            "Pushed through bronze, so the sauce has something to hold on to.",
            "Dried for two days at the temperature of a warm afternoon.",
            "Eleven minutes, a ladle of its own water, supper.",
        ),
    ),
    kind(
        "SAUC", "pasta-sauces", "jar", "pasta sauce|sugo", (320, 740),
        leads=(
            "Datterini>passata|Genovese>pesto|Arrabbiata|Red pepper & walnut|Puttanesca|Wild garlic>pesto"
            "|Aubergine|Sun-dried tomato|Pistachio>pesto|Slow-cooked tomato"
        ),
        in_sizes="190 g=1|350 g=1.5", facts={"vegan": 0.6, "net_weight_g": (190, 350, 40)},
        themes={"cook": 1.4, "parent": 0.2}, lasts_days=24, companions={"PAST": 0.45}, grams=420, share=0.8,
        pigments={
            "": "tomato", "Genovese": "moss", "Wild": "moss", "Pistachio": "olive", "Auber": "aubergine",
            "walnut": "brick",
        },
        details=(
            "Four ingredients, all of which you could name blindfolded.",
            "Made in August, when tomatoes can look after themselves.",
            "Warm it gently: it was cooked already, and well.",
        ),
    ),
    kind(
        "FISH", "tinned-fish", "fish_tin", "sardines|mackerel|anchovies|tuna|mussels", (390, 1250),
        leads="Cantabrian|Lemon & caper|Smoked|Piri-piri|Fennel|Galician|Tomato|Olive oil|Pickled|Muscatel",
        in_sizes="Tin=1|Three tins=2.8",
        facts={"net_weight_g": (90, 125, 5), "origin": "Portugal|Galicia|Brittany|Cornwall"},
        themes={"host": 1.0, "cook": 0.8, "gift": 0.4}, lasts_days=34, companions={"FISH": 0.32, "BISC": 0.1},
        grams=150, palette="bright", share=0.8,
        details=(
            "Packed by hand, head to tail, in good oil.",
            "Toast, butter, lemon, this: a complete plan.",
            "Pretty enough to give, better to open.",
        ),
    ),
)  # fmt: skip
