"""A small shop with two tastes: coffee and gardens, and customers who bought three things of either."""

from datetime import UTC, datetime, timedelta

from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.shop import Shop
from bodega.values.money import Money

COFFEE = ("beans", "filter", "grinder", "kettle", "scale")
GARDEN = ("spade", "seeds", "pot", "soil", "gloves")
NEWEST = datetime(2026, 11, 20, tzinfo=UTC)


def stock_up(shop: Shop, *, customers: int = 6) -> dict[str, str]:
    """Put everything on the shelf, have customers buy, train, and return the ids of products by their names."""
    price = Money(1999, "GBP")
    products = {
        name: shop.catalog.products.create(
            ProductInput(title=name, status="active", variants=[VariantInput(sku=name, price=price)])
        ).id
        for name in (*COFFEE, *GARDEN)
    }
    for number in range(customers):
        for kind, taste in (("c", COFFEE), ("g", GARDEN)):
            names = [taste[(number + step) % 5] for step in range(3)]
            order = Order(
                id=natural_id("ord", f"{kind}{number}"),
                number=f"{kind}{number}",
                customer_id=f"cus_{kind}{number}",
                placed_at=NEWEST - timedelta(days=number),
                lines=[Line(sku=n, product_id=products[n], quantity=1, unit_price=price) for n in names],
            )
            shop.orders.record_many([order])
    shop.trainer.train()
    return products
