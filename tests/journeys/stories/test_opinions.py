"""What shoppers say and do changes what others are shown: ratings, and recommendations with their reasons."""

from datetime import UTC, datetime, timedelta

from processes import wait_until
from shopping import buys, puts_up_for_sale, signs_up

LISTS = "/v1/store/recommendations"


def test_reviews_change_a_rating_and_the_shop_says_whose_are_verified(shop, api, staff):
    product = puts_up_for_sale(api, staff, "RATED-MUG", title="Mug that is rated").json()
    reviews = f"/v1/store/products/{product['id']}/reviews"
    ann, ben = (signs_up(api, f"{name}@opinions.example") for name in ("ann", "ben"))
    buys(api, ann, key="rated", **{"RATED-MUG": 1})

    opinions = {"ann": (ann, 5, "Holds tea."), "ben": (ben, 2, "It drips.")}
    for who, rating, text in opinions.values():
        assert api.put(f"{reviews}/mine", json={"rating": rating, "text": text}, headers=who).status_code == 201
    shown = {one["text"]: one for one in api.get(reviews).json()["data"]}
    voted = api.post(f"/v1/store/reviews/{shown['Holds tea.']['id']}:helpful", headers=ben)

    assert {text: one["verified"] for text, one in shown.items()} == {"Holds tea.": True, "It drips.": False}
    assert voted.json()["helpful"] == 1
    rated(api, product, count=2, total=7)
    assert "It drips." in shop.walker(api).go(f"/p/{product['slug']}").text
    assert api.delete(f"{reviews}/mine", headers=ben).status_code == 204
    rated(api, product, count=1, total=5)


def rated(api, product, **expected):
    address = f"/v1/store/products/{product['id']}"
    wait_until(lambda: api.get(address).json()["rating"] == expected, what=f"a rating of {expected}", every=0.5)


def test_what_was_bought_together_is_recommended_for_that_reason_after_training(shop, api, staff):
    begun = api.post(
        "/v1/admin/imports",
        params={"kind": "sales"},
        content=sales(),
        headers=staff | {"content-type": "text/csv"},
    )
    job = begun.headers["location"]
    wait_until(lambda: api.get(job, headers=staff).json()["state"] == "done", what="past sales", every=0.5)
    tea, cup = (puts_in_stock(api, staff, sku) for sku in ("PAST-TEA", "PAST-CUP"))
    before = api.get(LISTS, params={"placement": "home"}).json()["model_version"]

    shop.trains()
    asked = {"placement": "bought_together", "product": tea}
    row = wait_until(lambda: with_reason(api, asked, cup), what="the cup beside the tea", every=0.5)

    assert row["reason"]["because"] == [tea]
    home = api.get(LISTS, params={"placement": "home"}).json()
    assert home["model_version"] not in {None, before}
    assert all(row["reason"]["code"] for row in home["data"])


def sales():
    """Return sixty orders of tea, of which every second one has a cup in it, and as many of other things."""
    rows = ["order,sku,name,quantity,time,unit_price,customer"]
    newest = datetime.now(UTC)
    for n in range(120):
        bought = ["TEA", *(["CUP"] if n % 4 == 0 else [])] if n % 2 == 0 else ["JAM", f"THING-{n % 7}"]
        at = (newest - timedelta(hours=n)).isoformat()
        rows += [f"past-{n},PAST-{what},{what.title()} of the past,1,{at},2.00,{n % 20}" for what in bought]
    return "\n".join(rows).encode()


def puts_in_stock(api, staff, sku):
    """Count what was imported from past sales, so that it can be recommended, and return the product's id."""
    counted = {"sku": sku, "on_hand": 50, "expected": None, "reason": "first count"}
    assert api.post("/v1/admin/stock:set", json=counted, headers=staff).status_code == 200
    return api.get(f"/v1/store/products/sku:{sku}").json()["id"]


def with_reason(api, asked, product_id):
    found = api.get(LISTS, params=asked).json()["data"]
    return next(
        (row for row in found if (row["product"]["id"], row["reason"]["code"]) == (product_id, "bought_together")), None
    )
