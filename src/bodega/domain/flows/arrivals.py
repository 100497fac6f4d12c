"""Find the products that are new on the shelves, so that they can be recommended before a model has heard of them."""

import threading
from datetime import timedelta
from typing import NamedTuple

import msgspec

from bodega.domain.catalog.model import Card, Product
from bodega.domain.catalog.service import Catalog
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.catalog.views import card_of, public_view, text_of
from bodega.domain.recommendations.versions import LoadedModel
from bodega.domain.recommendations.wares import Newcomer, Wares
from bodega.ports.clock import Clock
from bodega.recsys.sketches import Sketches, sketches_of

NEW_FOR = timedelta(days=28)
MOST_NEW = 100
_FRESH_SECONDS = 1.0
_READ_AGAIN_SECONDS = 60.0
_card = msgspec.json.Decoder(Card).decode
_product = msgspec.json.Decoder(Product).decode


class _Kept(NamedTuple):
    """Wares, the newest product when they were read, when that was, and when that was last found to be so still."""

    wares: Wares
    newest: list[str]
    read: float
    checked: float


class Arrivals:
    """The wares of the model in service: its items and what arrived since. At most a second old; thread-safe."""

    def __init__(self, *, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def wares(self, model: LoadedModel) -> Wares:
        """Return a model's items with what is new."""
        now = self._clock.now().timestamp()
        with self._lock:
            kept = self._kept.get(model.version)
            if kept is None or kept.wares.model is not model:
                kept = None
            if kept is not None and 0 <= now - kept.checked < _FRESH_SECONDS:
                return kept.wares
            newest = self._ids(1)
            if kept is None or newest != kept.newest or not 0 <= now - kept.read < _READ_AGAIN_SECONDS:
                kept = _Kept(self._with_newcomers(model), newest, read=now, checked=now)
            # The model in service and a rival of it: of any other the files would stay open, and on the disk.
            others = [one for one in self._kept.items() if one[0] != model.version]
            self._kept = dict([*others[-1:], (model.version, kept._replace(checked=now))])
            return kept.wares

    def sketch(self, model: LoadedModel, product_id: str) -> Sketches:
        """Return (DIMENSIONS,) how any product reads, zeros for one that shoppers cannot see."""
        stored = self._catalog.products.find_many_stored([product_id]).get(product_id)
        public = _product(stored.public) if stored is not None and stored.public is not None else None
        text = text_of(public, self._catalog.taxonomy.tree()) if public is not None else ""
        found: Sketches = sketches_of([text], model.assortment.rarity)[0]
        return found

    def close(self) -> None:
        """Let go of all models."""
        with self._lock:
            self._kept = {}

    def _ids(self, limit: int) -> list[str]:
        page = self._catalog.shelves.find(ShelfQuery(sort="-created_at", limit=limit))
        return [_card(card).id for card in page.cards]

    def _with_newcomers(self, model: LoadedModel) -> Wares:
        now, tree = self._clock.now(), self._catalog.taxonomy.tree()
        stored = self._catalog.products.find_many_stored(self._ids(MOST_NEW))
        products = [_product(one.public) for one in stored.values() if one.public is not None]
        newcomers = []
        for product in sorted(products, key=lambda p: p.id):
            if product.created_at < now - NEW_FOR:
                continue
            price = card_of(public_view(product, now)).price
            newcomers.append(
                Newcomer(
                    product_id=product.id,
                    text=text_of(product, tree),
                    price=price.amount if price is not None else -1,
                    categories=tree.with_ancestors(product.categories),
                )
            )
        sketches = sketches_of([newcomer.text for newcomer in newcomers], model.assortment.rarity)
        return Wares(model, newcomers, sketches)
