"""Makers of our own invention: where they are, how they work, what they make and the ranges they sell under."""

# ruff: noqa: E501 - a table reads best as rows

import msgspec


class Maker(msgspec.Struct, frozen=True):
    """A brand: its place, a sentence about it, the category roots it sells in and the names of its ranges."""

    name: str
    place: str
    story: str
    roots: tuple[str, ...]
    ranges: tuple[str, ...]


_TABLE = """
Tidemark Pottery | St Ives | Everything is thrown above the slipway, where the glaze recipes are changed with the weather. | tableware kitchen garden home | Harbour, Slipway, Groyne, Neap
Hobb & Daughter | Stoke-on-Trent | A father, a daughter and two kilns, one of them older than both. | tableware coffee-tea kitchen | Etruria, Longton, Potbank
Søndergård Hjem | Aarhus | They make few things and redraw each of them every winter. | tableware textiles home lighting coffee-tea | Fjord, Lyng, Havn, Skov
Maison Églantine | Lyon | Three sisters, a former silk mill and strong opinions about lavender. | textiles bath lighting home | Belleville, Saône, Mistral
Casa Peñalba | Granada | They fire with olive stones and paint with one brush. | tableware kitchen pantry garden | Albaicín, Sierra, Patio
Kettle & Crow | Bristol | A roastery under a railway arch; the crow is called Martin. | coffee-tea | Viaduct, Signal, Night Train
Café Miralba | Lisbon | They began with a counter and four stools, and still have both. | coffee-tea | Mirador, Bica, Alfama
Slow Harbour | Leith | They roast on Tuesdays, cup on Wednesdays and post on Thursdays. | coffee-tea | Lantern, Ballast, Long Tide
Marlowe & Finch | London | Tea merchants who still blend at a table by a north window. | coffee-tea pantry | Folio, Assembly, Evensong
Ōmori Tea House | Uji | Sixth-generation growers with one shop, one cat and a very good website. | coffee-tea tableware | Asahi, Komorebi, Tsuki
Kumo Paper & Tea | Kyoto | The family makes washi in winter and picks tea in May. | stationery coffee-tea home | Shizuku, Kasumi, Yuki
Fernhollow | Hay-on-Wye | Herbs grown on a slope too steep for anything with an engine. | coffee-tea bath garden | Meadow, Dingle, Understorey
Old Mill Larder | Ludlow | A water mill, a stove and a labelling machine with moods. | pantry | Millrace, Larder, Whitsun
Brine & Barrow | Whitstable | They pickle what the market has too much of. | pantry | Oyster Street, Barrow, Low Water
Piccola Dispensa | Bologna | Nonna tastes, the grandsons carry. | pantry kitchen | Portico, Domenica, Orto
Saffron Yard | Leicester | Spices bought from the growers and milled in a former sock factory. | pantry | Golden Mile, Souk, Monsoon
Honeypot Row | Hereford | Copper pans, wooden spoons and a queue on Saturdays. | pantry | Orchard, Hedgerow, Windfall
Scoville Social | Brighton | Started as a dare, continued as a business. | pantry | Ember, Slow Burn, Matchday
Ashdown Forge | Sheffield | Two hammers, one quench tank, no shortcuts. | kitchen garden home | Ashdown, Anvil, Coppice
Copperbeech | Birmingham | They spin, tin and rivet under one leaking roof. | kitchen coffee-tea lighting | Beechwood, Canal, Penny
Flour & Fold | Norwich | Bakers first, toolmakers because nobody else would do it properly. | kitchen textiles pantry | Crumb, Levain, Saturday
Lund & Lark | Malmö | Bent wood, plain iron, good proportions. | kitchen home lighting tableware | Ljus, Granskog, Öresund
Weft & Wander | Hebden Bridge | Woven in a mill that also has a ukulele club. | textiles home | Calder, Packhorse, Moorland
Linnet Linen | Belfast | Flax in, cloth out; the middle is a family secret. | textiles little-ones | Lagan, Bluefield, Selvedge
Atelier Noé | Nantes | Industrial bones with a soft spot for curves. | lighting home stationery | Quai, Écluse, Phare
Brightling Lamp Co. | Birmingham | They test every switch a thousand times and then once more for luck. | lighting home | Foundry, Workbench, Dusk
Wick & Willow | Frome | Poured by hand on a hill, in batches of twenty-four. | lighting bath | Copse, Hearthside, First Frost
Nocturne & Moss | Edinburgh | A perfumer who got tired of skin. | lighting bath | Tenement, Haar, Nocturne
Hedge & Hearth | Totnes | Baskets, hooks and other quiet solutions. | home garden textiles | Hearth, Withy, Threshold
Oak & Ember | Stroud | Green oak, sharp planes and patience. | home kitchen | Heartwood, Ember, Chapel
Greenfinch Seeds | Norwich | A walled garden, eleven trial beds and a waiting list for the open day. | garden | Walled Garden, Trial Bed, Gleaner
Allotment No. 9 | Cardiff | Run from a shed by people with mud on their laptops. | garden | Plot, Shedlight, Brassica
Wren & Robin | Ripon | They measure twice because wrens are particular. | garden | Dawn Chorus, Thicket, Outbuilding
Papeterie Colibri | Brussels | A bindery above a waffle shop; you can tell on warm days. | stationery | Galerie, Sablon, Colibri
Inkwell Lane | York | Letterpress, a proof of patience and a Victorian guillotine. | stationery | Minster, Snickelway, Margin
Quarto & Quill | Oxford | Founded by two librarians who had seen what bad paper does. | stationery home | Bodkin, Duplex, Reading Room
Saltmarsh | Wells-next-the-Sea | Soap boiled in sight of the tide. | bath | Samphire, Creek, Spring Tide
Soapwell Yard | Hexham | Cold process, warm room, radio always on. | bath little-ones | Yard, Washday, Clover
Little Acorn | Totnes | Toys turned on foot-powered lathes when the children allow. | little-ones | Hazel, Spinney, Oak Apple
Tumbledown | Kendal | They test on nieces. | little-ones textiles | Tumble, Puddle, Fell
Bramble & Bib | Leeds | Made by parents who have seen things. | little-ones textiles | Bramble, Porridge, Naptime
Paper Boat Games | Bristol | They play on Thursdays and apologise on Fridays. | little-ones stationery | Paper Boat, Raft, Regatta
Whisker & Sons | Bath | The sons are cats. | pets | Windowsill, Mouser, Nine Lives
Mog & Muffin | Glasgow | Mog is the tester, Muffin is the cautionary tale. | pets | Muffin, Close, Prowl
Good Dog Supply | Keswick | Walked in all weathers before it goes in the catalogue. | pets | Fellside, Muddy, Stile
"""


def _read(line: str) -> Maker:
    name, place, story, roots, ranges = (part.strip() for part in line.split("|"))
    return Maker(name, place, story, tuple(roots.split()), tuple(word.strip() for word in ranges.split(",")))


MAKERS = tuple(_read(line) for line in _TABLE.strip().splitlines())
BY_NAME = {maker.name: maker for maker in MAKERS}

_SPECIALISTS = """
HOTS: Scoville Social, Brine & Barrow, Casa Peñalba, Saffron Yard
OILS: Casa Peñalba, Piccola Dispensa, Old Mill Larder
VINE: Casa Peñalba, Piccola Dispensa, Old Mill Larder, Brine & Barrow
CHUT: Brine & Barrow, Old Mill Larder, Honeypot Row
SPIC: Saffron Yard, Casa Peñalba, Marlowe & Finch
BLND: Saffron Yard, Scoville Social, Casa Peñalba
SALT: Brine & Barrow, Saffron Yard, Casa Peñalba
FLOU: Old Mill Larder, Flour & Fold
SUGR: Flour & Fold, Old Mill Larder
BCHO: Flour & Fold, Honeypot Row
VANI: Flour & Fold, Saffron Yard
JAMS: Honeypot Row, Old Mill Larder
HONY: Honeypot Row, Old Mill Larder, Fernhollow
BISC: Flour & Fold, Honeypot Row, Old Mill Larder
CHOC: Honeypot Row, Flour & Fold, Casa Peñalba
PAST: Piccola Dispensa
SAUC: Piccola Dispensa, Casa Peñalba
FISH: Brine & Barrow, Casa Peñalba
BEAN: Kettle & Crow, Café Miralba, Slow Harbour
GRND: Kettle & Crow, Café Miralba, Slow Harbour
GRIN: Kettle & Crow, Copperbeech, Slow Harbour
FLTR: Kettle & Crow, Café Miralba, Slow Harbour
DRIP: Kettle & Crow, Slow Harbour, Hobb & Daughter
CAFE: Café Miralba, Copperbeech, Kettle & Crow
MOKA: Café Miralba, Copperbeech
KETL: Copperbeech, Slow Harbour, Søndergård Hjem
BLKT: Marlowe & Finch, Fernhollow
GREN: Ōmori Tea House, Kumo Paper & Tea, Marlowe & Finch
HERB: Fernhollow, Marlowe & Finch
TPOT: Hobb & Daughter, Ōmori Tea House, Søndergård Hjem
INFU: Marlowe & Finch, Ōmori Tea House, Copperbeech
CADY: Marlowe & Finch, Ōmori Tea House, Kettle & Crow
CASS: Copperbeech, Lund & Lark, Casa Peñalba
PANS: Copperbeech, Ashdown Forge, Lund & Lark
KNIF: Ashdown Forge, Lund & Lark
BORD: Oak & Ember, Lund & Lark, Ashdown Forge
BOIL: Oak & Ember
LUNC: Lund & Lark, Copperbeech
BOTL: Lund & Lark, Copperbeech
MIXB: Flour & Fold, Hobb & Daughter, Casa Peñalba, Tidemark Pottery
SPOO: Oak & Ember, Lund & Lark, Flour & Fold
JARS: Hobb & Daughter, Casa Peñalba, Lund & Lark, Tidemark Pottery
BTIN: Flour & Fold, Copperbeech
BTOL: Flour & Fold, Oak & Ember
BEDL: Linnet Linen, Maison Églantine, Søndergård Hjem
RUGS: Weft & Wander, Søndergård Hjem, Maison Églantine
THRW: Weft & Wander, Søndergård Hjem, Linnet Linen
PRNT: Inkwell Lane, Quarto & Quill, Kumo Paper & Tea
FRAM: Oak & Ember, Quarto & Quill, Lund & Lark
BSKT: Hedge & Hearth, Lund & Lark
STOL: Oak & Ember, Lund & Lark
TABL: Oak & Ember, Lund & Lark, Atelier Noé
LAMP: Brightling Lamp Co., Atelier Noé, Søndergård Hjem, Lund & Lark
PEND: Brightling Lamp Co., Atelier Noé, Søndergård Hjem
BULB: Brightling Lamp Co., Atelier Noé
SCAN: Wick & Willow, Nocturne & Moss, Maison Églantine
DCAN: Wick & Willow, Nocturne & Moss
HOLD: Lund & Lark, Atelier Noé, Copperbeech, Wick & Willow
MTCS: Wick & Willow, Nocturne & Moss
DIFF: Nocturne & Moss, Wick & Willow, Maison Églantine
VSED: Greenfinch Seeds, Allotment No. 9
FLOW: Greenfinch Seeds, Allotment No. 9
BLBS: Greenfinch Seeds, Fernhollow
COMP: Allotment No. 9, Fernhollow
POTS: Tidemark Pottery, Casa Peñalba, Allotment No. 9
HANG: Tidemark Pottery, Hedge & Hearth, Casa Peñalba
TOOL: Ashdown Forge, Allotment No. 9
CANS: Ashdown Forge, Allotment No. 9, Hedge & Hearth
GLOV: Allotment No. 9, Hedge & Hearth
TWIN: Allotment No. 9, Hedge & Hearth
FEED: Wren & Robin
BSED: Wren & Robin
INKS: Quarto & Quill, Kumo Paper & Tea, Inkwell Lane
TAPE: Kumo Paper & Tea, Papeterie Colibri
PUZZ: Paper Boat Games
CRAF: Paper Boat Games, Little Acorn
WOOD: Little Acorn, Tumbledown
SOFT: Tumbledown, Bramble & Bib
MUSL: Bramble & Bib, Linnet Linen
BBIB: Bramble & Bib, Little Acorn
SOAP: Soapwell Yard, Saltmarsh, Fernhollow
WASH: Saltmarsh, Soapwell Yard, Maison Églantine
SOAK: Saltmarsh, Fernhollow, Soapwell Yard
BTHT: Saltmarsh, Soapwell Yard
TOWL: Saltmarsh, Maison Églantine, Linnet Linen
BALM: Soapwell Yard, Fernhollow, Wick & Willow
CTOY: Whisker & Sons, Mog & Muffin
CTRT: Whisker & Sons, Mog & Muffin
LEAD: Good Dog Supply
DTRT: Good Dog Supply
DTOY: Good Dog Supply, Mog & Muffin
"""
SPECIALISTS = {
    code: tuple(BY_NAME[name.strip()] for name in names.split(","))
    for code, _, names in (line.partition(": ") for line in _SPECIALISTS.strip().splitlines())
}
"""Which makers make a kind; kinds not named here come from every maker of their department."""
