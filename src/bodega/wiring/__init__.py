"""Open a shop: choose adapters by the settings and build the services on them. The only room that knows both sides.

What is named here is imported when it is asked for: a function that only recommends must not wait for what it takes to
open a whole shop.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodega.wiring.folder import MARKER, ForeignFolderError, claim_folder, worker_turn
    from bodega.wiring.opening import check_place, open_shop
    from bodega.wiring.providers import kept_letters

__all__ = ["MARKER", "ForeignFolderError", "check_place", "claim_folder", "kept_letters", "open_shop", "worker_turn"]
_HOMES = {
    "MARKER": "folder",
    "ForeignFolderError": "folder",
    "check_place": "opening",
    "claim_folder": "folder",
    "kept_letters": "providers",
    "open_shop": "opening",
    "worker_turn": "folder",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
