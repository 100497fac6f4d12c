"""Sell over the API in one line: goods, carts, checkouts, webhooks."""

from typing import Any

from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.shop import Shop
from bodega.values.money import Money

CARTS = "/v1/store/carts"
ORDERS = "/v1/admin/orders"
WEBHOOK = "/v1/store/payments/webhook"
ADDRESS = {"name": "Ada Byron", "line1": "1 Mill Lane", "city": "Bath", "postal_code": "BA1 1AA", "country": "GB"}
CONTACT = {"email": "ada@example.com", "shipping": ADDRESS}


def for_sale(shop: Shop, **levels: int) -> None:
    """Sell these SKUs at 5.00 each, so many of each."""
    for sku in levels:
        variants = [VariantInput(sku=sku, price=Money(500, "GBP"))]
        shop.catalog.products.create(ProductInput(title=f"The {sku}", status="active", variants=variants))
    shop.inventory.set_on_hand(levels)


def cart_of(client: Any, **lines: int) -> dict[str, Any]:
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    response = client.post(CARTS, json={"lines": wanted})
    assert response.status_code == 201, response.text
    return response.json()


def body_of(cart: dict[str, Any], method: str = "card_approve", **changes: Any) -> dict[str, Any]:
    return {"price_version": cart["price_version"], "contact": CONTACT, "payment": {"method": method}} | changes


def check_out(
    client: Any, cart: dict[str, Any], method: str = "card_approve", *, key: str = "k", **changes: Any
) -> Any:
    url = f"{CARTS}/{cart['id']}:checkout"
    return client.post(url, json=body_of(cart, method, **changes), headers={"idempotency-key": key})


def deliver_webhooks(client: Any, shop: Shop) -> int:
    """Send what the sandbox has to report, as it would arrive from outside, until nothing is left; say how many."""
    sandbox, count = shop.world.payment_sandbox, 0
    assert sandbox is not None
    while due := sandbox.due_webhooks():
        for delivery in due:
            headers = {"content-type": "application/json", **delivery.headers}
            assert client.post(WEBHOOK, content=delivery.body, headers=headers).status_code == 204
            sandbox.drop_webhook(delivery.id)
            count += 1
    return count
