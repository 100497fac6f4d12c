"""Say which sentences suit which kinds: a department's own, or those of a voice within it."""

from bodega.demo.kinds.kind import Kind
from bodega.demo.tree import root_of

_VOICES = {
    "brewing": "GRIN DRIP CAFE MOKA KETL TPOT INFU CADY CHSN FLTR",
    "baking": "FLOU SUGR BCHO VANI",
    "sweets": "JAMS HONY BISC CHOC",
    "pans": "CASS PANS BTIN",
    "lamps": "LAMP PEND BULB",
    "holders": "HOLD MTCS",
    "growing": "VSED FLOW BLBS COMP",
    "birds": "FEED BSED",
    "giving": "CARD WRAP RIBN TAPE DESK",
    "towels": "TOWL BTHT",
    "baby": "MUSL BBIB",
    "treats": "CTRT DTRT",
    "prints": "PRNT FRAM CLOK",
}
_VOICE_OF = {code: voice for voice, codes in _VOICES.items() for code in codes.split()}


def voice_of(kind: Kind) -> str:
    """Return the key under which a kind's sentences are kept."""
    return _VOICE_OF.get(kind.code) or root_of(kind.leaf)
