"""Kinds of lamps, candles and scents for rooms."""

from bodega.demo.kinds.kind import kind

_SCENTS = (
    "Fig & vetiver|Black pepper & cedar|Orange blossom|Tomato leaf|Wood smoke|Sea salt & sage|Rose & oud|Clove & orange"
    "|Pine & juniper|Bergamot & tea|Lavender & hay|Tobacco & honey|Wild mint|檜 Hinoki|Rain on slate|Amber & plum"
)
_SCENT_COLOURS = {
    "Fig": "sage", "Black": "charcoal", "Orange": "apricot", "Tomato": "moss", "Wood": "slate", "Sea": "duck-egg",
    "Rose": "rose", "Clove": "terracotta", "Pine": "forest", "Bergamot": "olive", "Lavender": "lavender",
    "Tobacco": "honey", "Wild": "mint", "檜": "oak", "Rain": "denim", "Amber": "plum",
}  # fmt: skip

KINDS = (
    kind(
        "LAMP", "table-lamps", "table_lamp", "table lamp|desk lamp|bedside lamp|reading lamp", (4200, 14500),
        qualities="pleated|turned|dimmable|mushroom|adjustable", materials="stoneware|porcelain|glass",
        palette="glaze", in_colours=True, facts={"power_w": (6, 12, 2), "height_cm": (28, 60, 2)},
        themes={"decor": 1.2, "cosy": 0.8, "paper": 0.4}, companions={"BULB": 0.38, "TABL": 0.03}, grams=2200,
        season="winter",
        details=(
            "Throws its light down on the page and none of it in your eyes.",
            "The flex is fabric, the switch is solid, the click is excellent.",
            "A shade of pleated linen that looks good switched off.",
        ),
    ),
    kind(
        "PEND", "pendants", "pendant", "pendant light|ceiling shade|pendant shade", (3900, 16500),
        qualities="domed|woven|fluted|opal", materials="glass|enamel|steel", palette="enamel",
        in_colours=True, facts={"diameter_cm": (18, 50, 2), "power_w": (8, 14, 2)},
        themes={"decor": 1.0, "host": 0.2}, companions={"BULB": 0.4}, grams=1700,
        details=(
            "Hang it low over the table and supper becomes an occasion.",
            "Comes with two metres of cable and a rose to match.",
            "White inside, whatever it is outside, so the light stays warm.",
        ),
    ),
    kind(
        "BULB", "light-bulbs", "light_bulb", "LED bulb|filament bulb|globe bulb",
        (690, 3400), qualities="dimmable|globe|squirrel-cage|warm", materials="glass", palette="glass",
        in_sizes="One=1|Three=2.7", size_name="Pack",
        facts={"power_w": (2, 8, 1), "colour_temperature_k": (2000, 2700, 100)}, lasts_days=280, grams=120,
        themes={"decor": 0.7, "cosy": 0.5, "host": 0.2}, season="christmas", companions={"LAMP": 0.06},
        details=(
            "The colour of late afternoon, at a tenth of the electricity.",
            "Dims without a buzz.",
            "Rated for fifteen thousand hours; we will let you know.",
        ),
    ),
    kind(
        "SCAN", "scented-candles", "candle_jar", "candle|scented candle|travel candle|three-wick candle",
        (1400, 3800), leads=_SCENTS, lead_fact="scent", in_sizes="Travel=0.6|Classic=1|Large=1.8",
        palette="wax", lasts_days=52, grams=420,
        facts={"burn_hours": (20, 70, 5), "vegan": 0.9, "handmade": 0.7}, season="christmas", share=2.0,
        themes={"cosy": 2.6, "bath": 0.9, "decor": 0.5, "gift": 2.0},
        companions={"SCAN": 0.22, "MTCS": 0.16, "DIFF": 0.06}, pigments=_SCENT_COLOURS,
        details=(
            "Soy and rapeseed wax, cotton wick, no soot on the ceiling.",
            "Smells like the thing and not like a shop that sells the thing.",
            "Let it melt to the edge the first time; it has a memory.",
            "The glass goes on to hold toothbrushes or very small tulips.",
        ),
    ),
    kind(
        "DCAN", "dinner-candles", "taper_candles", "dinner candles|taper candles|pillar candle|candle stubs",
        (580, 2200), qualities="hand-dipped|twisted|ribbed|rustic", materials="beeswax|soy wax|rapeseed wax",
        palette="wax", in_colours=True, in_sizes="Pair=1|Box of six=2.6", size_name="Pack",
        facts={"burn_hours": (6, 40, 2), "vegan": 0.6}, lasts_days=45,
        themes={"host": 1.2, "cosy": 1.0, "gift": 0.5}, season="christmas",
        companions={"HOLD": 0.26, "NAPK": 0.06}, grams=260,
        details=(
            "Dyed all the way through, so they burn the colour they were bought.",
            "Slow, straight and almost dripless out of a draught.",
            "Dipped thirty times; the rings show if you look.",
        ),
    ),
    kind(
        "HOLD", "candle-holders", "candle_holder", "candle holder|candlestick|chamberstick",
        (780, 3600), qualities="chamber|tall|fluted|ringed", materials="brass|stoneware|glass|iron",
        palette="metal", facts={"height_cm": (4, 30, 2), "handmade": 0.5},
        themes={"host": 0.9, "cosy": 0.9, "decor": 0.6, "gift": 0.5}, season="christmas",
        companions={"DCAN": 0.42, "HOLD": 0.2}, grams=420,
        details=(
            "A broad tray catches the wax and a ring takes a finger.",
            "Fits a standard taper without shaving or swearing.",
            "Buy two, at different heights, and you have a table.",
        ),
    ),
    kind(
        "MTCS", "candle-holders", "matches", "long matches|safety matches|matches", (380, 1250),
        qualities="extra-long|striped|coloured-tip", palette="bright", materials="beech", lasts_days=75,
        share=0.35, grams=90, facts={"pieces": (40, 120, 10)}, themes={"cosy": 0.6, "host": 0.3, "gift": 0.3},
        season="christmas", companions={"SCAN": 0.3},
        details=(
            "Long enough to reach the third wick with dignity.",
            "Struck on the side of a very good-looking box.",
            "A small pleasure, forty times over.",
        ),
    ),
    kind(
        "DIFF", "diffusers", "diffuser", "reed diffuser|room diffuser|diffuser", (1200, 3800),
        leads=_SCENTS, lead_fact="scent", in_sizes="100 ml=1|200 ml=1.7", palette="wax", lasts_days=80,
        grams=380, facts={"vegan": 0.9}, themes={"cosy": 1.2, "bath": 0.8, "decor": 0.5, "gift": 0.8},
        season="christmas", companions={"SCAN": 0.2}, pigments=_SCENT_COLOURS,
        details=(
            "Turn the reeds on Sundays and it lasts a season.",
            "Quiet enough to be noticed only by people coming in.",
            "No flame, no plug, no instruction leaflet.",
        ),
    ),
)  # fmt: skip
