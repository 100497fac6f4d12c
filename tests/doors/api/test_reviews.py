"""Customers say what they think of a product, once each; nobody says it for them, and staff can take it down."""

import json
from typing import Any

import pytest
from asking import bearer, problem
from selling import body_of, for_sale

from bodega.domain.catalog.model import Rating
from bodega.domain.shop import Shop

ADMIN = "/v1/admin/reviews"


def signed_up(client: Any, name: str) -> dict[str, str]:
    """The headers of a new customer who is signed in."""
    login = {"email": f"{name}@shop.example", "password": "two teapots on a shelf"}
    assert client.post("/v1/store/customers", json=login).status_code == 201
    return {"authorization": f"Bearer {client.post('/v1/store/sessions', json=login).json()['token']}"}


@pytest.fixture
def ann(client: Any) -> dict[str, str]:
    return signed_up(client, "ann")


@pytest.fixture
def ben(client: Any) -> dict[str, str]:
    return signed_up(client, "ben")


@pytest.fixture
def mug(shop: Shop) -> str:
    """The address of a product's reviews."""
    for_sale(shop, MUG=10)
    return "/v1/store/products/sku:MUG/reviews"


def put(client: Any, mug: str, who: dict[str, str], **body: Any) -> Any:
    response = client.put(f"{mug}/mine", json={"rating": 4} | body, headers=who)
    assert response.status_code in {200, 201}, response.text
    return response.json()


def test_a_review_is_written_read_edited_and_removed(client: Any, mug: str, ann: dict[str, str]) -> None:
    mine = f"{mug}/mine"
    problem(client.get(mine, headers=ann), 404)

    made = client.put(mine, json={"rating": 5, "title": "Good", "text": "Holds tea.", "author": "A."}, headers=ann)
    edited = client.put(mine, json={"rating": 3, "text": "It drips."}, headers=ann)

    assert (made.status_code, edited.status_code) == (201, 200)
    assert made.json()["verified"] is False
    assert (
        client.get(made.headers["location"], headers=ann).json()
        == edited.json()
        == client.get(mine, headers=ann).json()
    )
    (shown,) = client.get(mug).json()["data"]
    assert (shown["rating"], shown["text"], shown["author"], shown["title"]) == (3, "It drips.", "", "")
    assert "customer" not in json.dumps(shown)

    assert client.delete(mine, headers=ann).status_code == 204
    problem(client.delete(mine, headers=ann), 404)
    assert client.get(mug).json()["data"] == []


def test_the_rating_is_exact_where_it_is_asked_for(
    client: Any, mug: str, ann: dict[str, str], ben: dict[str, str]
) -> None:
    put(client, mug, ann, rating=5)
    put(client, mug, ben, rating=2)

    assert client.get(mug).json()["rating"] == {
        "count": 2,
        "total": 7,
        "stars": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1},
    }
    assert client.get("/v1/store/products/sku:MUG").json()["rating"] == {"count": 2, "total": 7}


def test_better_rated_products_come_first(client: Any, shop: Shop, mug: str, ann: dict[str, str]) -> None:
    for_sale(shop, POT=1, CUP=1)
    put(client, "/v1/store/products/sku:POT/reviews", ann, rating=5)
    put(client, mug, ann, rating=3)
    shop.indexer.catch_up()

    rated = client.get("/v1/store/products?sort=rating").json()["data"]
    found = client.get("/v1/store/products?q=the&sort=-rating").json()["data"]

    assert [card["sku"] for card in rated] == [card["sku"] for card in found] == ["POT", "MUG", "CUP"]


def test_one_review_of_five_stars_does_not_outdo_many_good_ones(client: Any, shop: Shop, mug: str) -> None:
    for_sale(shop, POT=1, CUP=1)
    loved, lucky, poor = (client.get(f"/v1/store/products/sku:{sku}").json()["id"] for sku in ("MUG", "POT", "CUP"))
    shop.catalog.products.set_ratings(
        {loved: Rating(count=90, total=430), lucky: Rating(count=1, total=5), poor: Rating(count=9, total=11)}
    )
    shop.indexer.catch_up()

    rated = client.get("/v1/store/products?sort=rating").json()["data"]

    assert [card["sku"] for card in rated] == ["MUG", "POT", "CUP"]


def test_who_bought_it_says_the_shop_and_nobody_else(
    client: Any, shop: Shop, mug: str, ann: dict[str, str], ben: dict[str, str]
) -> None:
    cart = client.post("/v1/store/carts", json={"lines": [{"sku": "MUG", "quantity": 1}]}, headers=ann).json()
    order = client.post(
        f"/v1/store/carts/{cart['id']}:checkout",
        json=body_of(cart),
        headers=ann | {"idempotency-key": "k"},
    )
    assert order.status_code == 201, order.text

    assert put(client, mug, ann)["verified"] is True
    assert put(client, mug, ben)["verified"] is False
    assert [one["verified"] for one in client.get(f"{mug}?sort=created_at").json()["data"]] == [True, False]


WRONG = [
    *({"rating": rating} for rating in (0, 6, -3, 1.5, "5", True, None, 10**30, [5])),
    {"text": "x" * 5001},
    {"title": "x" * 201},
    {"author": "x" * 81},
    {"text": "a\x00b"},
    {"author": "Ann\u202enimda"},
    {"title": "two\nlines"},
    {"text": None},
    {"status": "published"},
    {"customer_id": "cus_x"},
    {"verified": True},
    {"helpful": 9},
]


def test_what_is_no_review_is_refused_and_nothing_is_written(client: Any, mug: str, ann: dict[str, str]) -> None:
    for change in WRONG:
        document = problem(client.put(f"{mug}/mine", json={"rating": 5} | change, headers=ann), 422)
        name = next(iter(change))
        assert name in document["errors"][0]["pointer"] + document["detail"], change
    for number in ("NaN", "Infinity", "1e400", "05", "0x5"):
        body = b'{"rating": %s}' % number.encode()
        response = client.put(f"{mug}/mine", content=body, headers=ann | {"content-type": "application/json"})
        assert problem(response, response.status_code)["status"] in {400, 422}, number
    assert client.get(mug).json()["rating"]["count"] == 0


def test_a_review_of_a_megabyte_is_refused_before_it_is_read(client: Any, mug: str, ann: dict[str, str]) -> None:
    body = json.dumps({"rating": 5, "text": "x" * 1024**2}).encode()

    problem(client.put(f"{mug}/mine", content=body, headers=ann | {"content-type": "application/json"}), 413)


def test_markup_stays_text(client: Any, mug: str, ann: dict[str, str]) -> None:
    words = "<img src=x onerror=alert(1)> & \u05e9\u05dc\u05d5\u05dd"

    put(client, mug, ann, text=words)

    response = client.get(mug)
    assert response.json()["data"][0]["text"] == words
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_nobody_reaches_another_s_review(client: Any, mug: str, ann: dict[str, str], ben: dict[str, str]) -> None:
    put(client, mug, ann)

    problem(client.get(f"{mug}/mine", headers=ben), 404)
    problem(client.delete(f"{mug}/mine", headers=ben), 404)
    for method in ("GET", "PUT", "DELETE"):
        problem(client.request(method, f"{mug}/mine", json={"rating": 1} if method == "PUT" else None), 401)
    assert client.get(mug).json()["rating"]["count"] == 1


def test_there_are_no_reviews_of_what_is_not_sold(client: Any, mug: str, ann: dict[str, str]) -> None:
    for reference in ("sku:NONE", "slug:none", "prod_x", "prod_" + "x" * 3000, "%00", "\u00e9" * 900):
        address = f"/v1/store/products/{reference}/reviews"
        problem(client.get(address), 404)
        problem(client.put(f"{address}/mine", json={"rating": 5}, headers=ann), 404)
        problem(client.delete(f"{address}/mine", headers=ann), 404)


def test_what_is_no_longer_sold_can_still_be_unsaid(client: Any, staff: Any, mug: str, ann: dict[str, str]) -> None:
    put(client, mug, ann)
    product = staff.get("/v1/admin/products/sku:MUG")
    staff.delete("/v1/admin/products/sku:MUG", headers={"if-match": product.headers["etag"]})

    problem(client.put(f"{mug}/mine", json={"rating": 1}, headers=ann), 404)
    assert client.delete(f"{mug}/mine", headers=ann).status_code == 204


# -- lists


def test_reviews_are_sorted_and_a_cursor_belongs_to_its_sort(client: Any, mug: str) -> None:
    for number, rating in enumerate([3, 5, 1]):
        put(client, mug, signed_up(client, f"c{number}"), rating=rating)

    by_rating = client.get(f"{mug}?sort=-rating&limit=2").json()
    cursor = by_rating["page"]["next"]
    rest = client.get(f"{mug}?sort=-rating&limit=2&cursor={cursor}").json()

    assert [one["rating"] for one in by_rating["data"] + rest["data"]] == [5, 3, 1]
    assert [one["rating"] for one in client.get(f"{mug}?sort=rating").json()["data"]] == [1, 3, 5]
    problem(client.get(f"{mug}?sort=rating&cursor={cursor}"), 400, "bad_cursor")
    problem(client.get(f"{mug}?sort=stars"), 422)


# -- votes


def test_a_vote_counts_once_and_not_for_oneself(
    client: Any, mug: str, ann: dict[str, str], ben: dict[str, str]
) -> None:
    review = put(client, mug, ann)
    address = f"/v1/store/reviews/{review['id']}:helpful"

    first, second = client.post(address, headers=ben), client.post(address, headers=ben)

    assert (first.json(), second.json()) == ({"id": review["id"], "helpful": 1},) * 2
    problem(client.post(address, headers=ann), 409, "own_review")
    problem(client.post(address), 401)
    problem(client.post("/v1/store/reviews/rev_x:helpful", headers=ben), 404)
    problem(client.post(f"/v1/store/reviews/{'x' * 3000}:helpful", headers=ben), 404)
    assert client.get(f"{mug}?sort=-helpful").json()["data"][0]["helpful"] == 1


# -- staff


def test_staff_take_reviews_down_and_show_them_again(client: Any, staff: Any, mug: str, ann: dict[str, str]) -> None:
    review = put(client, mug, ann, rating=1)
    address = f"{ADMIN}/{review['id']}"

    rejected = staff.post(f"{address}:reject")

    assert (rejected.status_code, rejected.json()["status"]) == (200, "rejected")
    assert client.get(mug).json()["rating"]["count"] == 0
    assert client.get("/v1/store/products/sku:MUG").json()["rating"]["count"] == 0
    assert client.get(f"{mug}/mine", headers=ann).json()["status"] == "rejected"
    assert put(client, mug, ann, rating=2)["status"] == "pending"
    assert [one["id"] for one in staff.get(f"{ADMIN}?filter[status]=pending").json()["data"]] == [review["id"]]
    assert staff.post(f"{address}:approve").json()["status"] == "published"
    assert staff.post(f"{address}:approve").json()["version"] == staff.get(address).json()["version"]
    assert client.get(mug).json()["rating"]["total"] == 2
    problem(staff.post(f"{ADMIN}/rev_x:approve"), 404)
    problem(staff.get(f"{ADMIN}?filter[status]=lost"), 422)


def test_staff_page_through_everything(client: Any, staff: Any, mug: str) -> None:
    for number in range(5):
        put(client, mug, signed_up(client, f"c{number}"))

    first = staff.get(f"{ADMIN}?limit=3").json()
    second = staff.get(f"{ADMIN}?limit=3&cursor={first['page']['next']}").json()

    assert len({one["id"] for one in first["data"] + second["data"]}) == 5
    assert second["page"]["next"] is None


def test_reading_reviews_is_not_moderating_them(client: Any, shop: Shop, mug: str, ann: dict[str, str]) -> None:
    review = put(client, mug, ann)
    reader = bearer(shop, "reviews:read")

    assert client.get(ADMIN, headers=reader).status_code == 200
    problem(client.post(f"{ADMIN}/{review['id']}:reject", headers=reader), 403, "missing_scope")


# -- leaving


def test_who_leaves_takes_a_copy_of_their_reviews_and_leaves_none(
    client: Any, shop: Shop, mug: str, ann: dict[str, str]
) -> None:
    put(client, mug, ann, text="I live in Mill Lane")

    copy = client.get("/v1/store/customers/me/export", headers=ann).json()
    gone = client.request("DELETE", "/v1/store/customers/me", json={"password": "two teapots on a shelf"}, headers=ann)

    assert [one["text"] for one in copy["reviews"]] == ["I live in Mill Lane"]
    assert gone.status_code == 204, gone.text
    assert client.get(mug).json()["data"] == []
    assert client.get(mug).json()["rating"]["count"] == 0
    assert not list(shop.reviews.all())
