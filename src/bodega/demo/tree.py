"""The category tree of the demo shop: twelve roots, three levels, with a line about each."""

from bodega.demo.records import DemoCategory, DemoCollection

_TREE = """
coffee-tea | Coffee & Tea | Beans, leaves and everything that turns them into a good morning.
  coffee | Coffee | Roasted in small batches, sent out fresh.
    coffee-beans | Coffee beans | Whole beans, roasted to order each week.
    ground-coffee | Ground coffee | Ground for cafetière, filter or moka pot.
  coffee-gear | Coffee gear | Tools for a slower cup.
    grinders | Grinders | Hand and electric mills with even burrs.
    filters-drippers | Filters & drippers | Paper, cloth and cones for pour-over.
    coffee-makers | Coffee makers | Cafetières, moka pots and kettles.
  tea | Tea | Loose leaf and bags from gardens we know by name.
    black-tea | Black tea | Breakfast blends to afternoon leaves.
    green-tea | Green tea & matcha | Sencha, hōjicha, 抹茶 and friends.
    herbal-tea | Herbal infusions | Flowers, roots and peel; no caffeine.
  tea-ware | Tea ware | For the table and the tray.
    teapots | Teapots | Pots that pour without a drip.
    infusers | Infusers & caddies | Strainers, scoops and tins that keep leaves dry.
pantry | Pantry | The good stuff at the back of the shelf.
  sauces-oils | Sauces & oils | To shake, drizzle and dip.
    hot-sauces | Hot sauces | From a tickle to a dare.
    oils-vinegars | Oils & vinegars | Pressed, aged and bottled at the source.
    chutneys | Chutneys & condiments | For cheese, for pies, for toast.
  spices | Spices & seasoning | Whole, ground, smoked and salted.
    single-spices | Single spices | This year's crop, in tins that keep the light out.
    spice-blends | Spice blends | Mixed by the batch, never by the tonne.
    salt-pepper | Salt & pepper | Flakes, smoked salt and proper peppercorns.
  baking-larder | Baking larder | Flour on your sleeves.
    flour | Flour & grains | Stoneground and traceable to the field.
    sugar-syrup | Sugar & syrup | Sweetness with some character.
    baking-chocolate | Baking chocolate & vanilla | For melting, chopping and perfuming.
  sweet-things | Sweet things | For after, or instead.
    jam-honey | Jam & honey | Set softly, named honestly.
    biscuits | Biscuits | Tins, tubes and paper bags.
    chocolate | Chocolate bars | From bean to bar.
  store-cupboard | Store cupboard | Supper in twenty minutes.
    pasta-rice | Pasta & rice | Bronze-cut, slow-dried.
    pasta-sauces | Pasta sauces & pesto | Tomatoes that tasted of sun.
    tinned-fish | Tinned fish | Pretty tins, better contents.
kitchen | Kitchen | Tools that earn their place on the hook.
  cookware | Cookware | Heavy where it matters.
    casseroles | Casseroles & pots | For the long simmer.
    frying-pans | Frying pans | Seasoned, spun or enamelled.
  bakeware | Bakeware | Tins, bowls and pins.
    baking-tins | Baking tins | Loaf, bundt, tray and springform.
    mixing-bowls | Mixing bowls | Lipped, nested and steady.
    rolling-pins | Rolling pins | Plain, tapered and handled.
  prep | Prep | Sharp, sturdy, simple.
    knives | Knives | Carbon and stainless, ground by hand.
    chopping-boards | Chopping boards | End grain, long grain, one for bread.
    utensils | Spoons & utensils | Carved and turned.
  kitchen-storage | Storage | A place for the rice.
    jars-canisters | Jars & canisters | Airtight and good-looking.
    lunch-boxes | Lunch boxes & bottles | Leak-proof company for the day.
tableware | Tableware | Set for two, or for twelve.
  drinking | Drinking | Everything you raise.
    mugs | Mugs | Your favourite is in here somewhere.
    cups-saucers | Cups & saucers | For espresso and for aunts.
    glasses | Glasses | Tumblers, coupes and highballs.
    jugs-carafes | Jugs & carafes | Water, milk, wine, flowers.
  dining | Dining | Plates with presence.
    plates | Plates | Side, salad and supper.
    bowls | Bowls | Cereal to ramen.
    cake-stands | Cake stands | Bring it to the table.
    cutlery | Cutlery | Forged, balanced and dishwasher brave.
textiles | Textiles | Woven, washed and softer every year.
  kitchen-linen | Kitchen linen | Hard-working cloth.
    tea-towels | Tea towels | Linen and cotton that actually dries.
    aprons-gloves | Aprons & oven gloves | Cross-back, pockets, proper padding.
    table-linen | Table linen | Cloths, runners and napkins.
  soft-furnishings | Soft furnishings | The comfortable department.
    cushions | Cushions | Feather-filled and piped.
    throws | Throws & blankets | Wool, cotton, and one more for the sofa.
    rugs | Rugs | Flatweave and tufted.
  bedding | Bedding | Eight hours, well dressed.
    bed-linen | Bed linen | Washed cotton and stonewashed linen.
home | Home | Finishing touches and starting points.
  decoration | Decoration | To look at, every day.
    vases | Vases | For one stem or forty.
    frames-prints | Frames & prints | Walls with something to say.
    clocks | Clocks | Quiet movements, clear faces.
  organising | Organising | Calm for hallways.
    baskets | Baskets | Willow, seagrass and rope.
    hooks | Hooks & rails | For coats, keys and pans.
  furniture | Furniture | Small pieces, made to move house with you.
    stools | Stools | To sit, to reach, to stack books on.
    side-tables | Side tables | A place for the cup.
lighting | Lighting & Candles | Kinder than the big light.
  lamps | Lamps | For corners, desks and reading.
    table-lamps | Table lamps | Bases with a good shade.
    pendants | Pendants | Over tables and islands.
    light-bulbs | Light bulbs | Warm white, dimmable.
  candles | Candles | Poured in England, burned everywhere.
    scented-candles | Scented candles | Forty hours of somewhere else.
    dinner-candles | Dinner & pillar candles | Tapers, pillars and stubs.
    candle-holders | Candle holders | Brass, stoneware and glass.
  home-fragrance | Home fragrance | Without a flame.
    diffusers | Diffusers | Reeds and quiet rooms.
garden | Garden | For beds, borders, pots and windowsills.
  growing | Growing | Start something.
    vegetable-seeds | Vegetable & herb seeds | Open-pollinated, tested each season.
    flower-seeds | Flower seeds | Cut them and more come.
    spring-bulbs | Bulbs | Plant in autumn, forget, be delighted.
    compost-feed | Compost & feed | Peat-free, always.
  pots | Pots | Homes for roots.
    plant-pots | Plant pots | Terracotta and glazed.
    hanging-planters | Hanging planters | For trailing things.
  garden-tools | Garden tools | Forged to be handed down.
    hand-tools | Hand tools | Trowels, forks and snips.
    watering | Watering | Cans, roses and misters.
    gloves-twine | Gloves & twine | The small things that get lost.
  garden-life | Garden life | Company in the garden.
    bird-houses | Bird houses | Desirable residences, no chain.
    bird-seed | Bird food | Clean mixes, no filler.
stationery | Stationery | Paper people, welcome.
  notebooks-planners | Notebooks & planners | Lies flat, takes ink.
    notebooks | Notebooks | Ruled, dotted, blank.
    planners | Planners & diaries | A year that behaves.
  writing | Writing | The right line.
    pens | Pens | Rollerball, gel and fountain.
    pencils | Pencils | Cedar, graphite, colour.
    inks | Inks | Shaded, sheened and bottled.
  cards-wrap | Cards & wrap | Say it properly.
    greeting-cards | Greeting cards | Letterpress and linocut.
    gift-wrap | Gift wrap & ribbon | Sheets, ribbon and tags.
  desk | Desk | Order, or the look of it.
    desk-tools | Pots & tape | For pens, lists and labels.
bath | Bath & Body | The door locks. Take your time.
  soap | Soap | Cold-processed, long-lasting.
    soap-bars | Soap bars | Cut, cured and stamped.
    hand-wash | Hand wash & lotion | Pump bottles you refill.
  bathing | Bathing | For a long soak.
    bath-salts | Bath salts & oils | Minerals, petals and steam.
    towels | Towels | Looped, waffled and thirsty.
    bath-tools | Brushes & dishes | Beech, bristle and stone.
  care | Care | Small tins for pockets.
    balms-creams | Balms & creams | Hands, lips and elbows.
little-ones | Little Ones | Toys that last and cloths that wash.
  toys | Toys | No batteries, plenty of noise.
    wooden-toys | Wooden toys | Rounded, waxed and stackable.
    soft-toys | Soft toys | Someone to hold.
    puzzles | Puzzles | For rainy Sundays.
  baby | Baby | For the new arrival.
    muslins | Muslins & blankets | More than you think you need.
    bibs | Bibs | For baby at the table.
  making | Making | Cut, stick, colour in.
    crayons | Crayons | For fists of all sizes.
pets | Pets | They choose, you pay.
  cats | Cats | For the management.
    cat-toys | Cat toys | Feathers, mice and one cardboard box.
    cat-treats | Cat treats | Bribery, responsibly sourced.
  dogs | Dogs | For the good ones.
    leads | Leads | Rope, leather and brass.
    dog-treats | Dog treats & chews | Air-dried and honest.
    dog-toys | Dog toys | Tug, fetch, disembowel.
  pet-home | At home | Beds and bowls.
    pet-beds | Beds | Washable covers.
    pet-bowls | Bowls | Heavy enough to stay put.
"""

COLLECTIONS = [
    DemoCollection("gifts-under-20", "Gifts under £20", "Small parcels, large effect."),
    DemoCollection("new-in", "New in", "Unpacked in the last few weeks."),
    DemoCollection("kitchen-favourites", "Kitchen favourites", "What our cooks reach for first."),
    DemoCollection("slow-sunday", "Slow Sunday", "Coffee, candles, a blanket and nowhere to be."),
    DemoCollection("plastic-free", "Plastic-free", "Wood, wool, clay, glass and paper."),
    DemoCollection("last-chance", "Last chance", "Marked down; when they are gone, they are gone."),
]


def _read_tree() -> list[DemoCategory]:
    categories: list[DemoCategory] = []
    path: list[str] = []
    for position, line in enumerate(_TREE.strip().splitlines()):
        key, name, description = (part.strip() for part in line.split("|"))
        depth = (len(line) - len(line.lstrip())) // 2
        path[depth:] = [key]
        categories.append(DemoCategory(key, name, path[depth - 1] if depth else None, description, position))
    return categories


CATEGORIES = _read_tree()
_PARENTS = {category.key: category.parent_key for category in CATEGORIES}


def root_of(key: str) -> str:
    """Return the root above a category (itself, for a root)."""
    while (parent := _PARENTS[key]) is not None:
        key = parent
    return key


LEAVES = sorted(set(_PARENTS) - set(_PARENTS.values()))
