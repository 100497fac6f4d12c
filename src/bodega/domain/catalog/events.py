"""Name the facts that the catalog announces."""

from bodega.domain.catalog.model import Product
from bodega.domain.catalog.records import encode
from bodega.ports.table import Event
from bodega.values.times import format_time

PRODUCT_CHANGED = "product.changed"
CATEGORY_CHANGED = "category.changed"


def product_changed(product: Product) -> Event:
    """Announce that a product was created, modified or archived: handlers read what they need of it."""
    return Event(
        id=f"evt_{product.id}_{product.version}",  # there is one change a version
        name=PRODUCT_CHANGED,
        resource=product.id,
        version=product.version,
        occurred_at=format_time(product.updated_at),
        data=encode({"status": product.status, "slug": product.slug}),
    )


def category_changed(category_id: str, version: int, occurred_at: str, event_id: str) -> Event:
    """Announce that a category was renamed, moved or removed: products beneath it must be listed anew."""
    return Event(id=event_id, name=CATEGORY_CHANGED, resource=category_id, version=version, occurred_at=occurred_at)
