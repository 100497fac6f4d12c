"""Open a shop: choose adapters by the settings and build the services on them. The only room that knows both sides."""

from bodega.wiring.folder import MARKER, ForeignFolderError, claim_folder, worker_turn
from bodega.wiring.opening import open_shop
from bodega.wiring.providers import kept_letters

__all__ = ["MARKER", "ForeignFolderError", "claim_folder", "kept_letters", "open_shop", "worker_turn"]
