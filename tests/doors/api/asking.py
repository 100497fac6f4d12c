"""Say in one line what tests of the API ask again and again."""

from datetime import UTC, datetime
from typing import Any

from bodega.domain.shop import Shop

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00\x12"
    b"\x16\xf1M\x00\x00\x00\x10IDATx\x9cc\xfc\xcf\x00\x05L0\x06\x03\x00\x13)\x01\x03\xf0\xd8\x07"
    b"\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


def bearer(shop: Shop, *scopes: str) -> dict[str, str]:
    _, token = shop.api_keys.create(name="test", scopes=scopes)
    return {"authorization": f"Bearer {token}"}


def product(sku: str = "MUG-1", *, amount: int = 500, **changes: Any) -> dict[str, Any]:
    """A product as staff send it."""
    variant = {"sku": sku, "price": {"amount": amount, "currency": "GBP"}}
    return {"title": f"Mug {sku}", "status": "active", "variants": [variant]} | changes


def problem(response: Any, status: int, code: str | None = None) -> dict[str, Any]:
    """Check that a response is a problem document that keeps the contract, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail", "instance", "code"} <= document.keys()
    assert all({"pointer", "code", "detail"} == fault.keys() for fault in document.get("errors", []))
    if code is not None:
        assert document["code"] == code, document
    return document
