"""Whoever reads, people and caches, gets the same answers by the same rules wherever the shop runs."""

import re

import pytest
from processes import wait_until
from shopping import finds, puts_up_for_sale

MERGE_PATCH = {"content-type": "application/merge-patch+json"}


def test_a_list_is_walked_through_by_its_links_in_order_and_not_sent_again_unchanged(api, staff):
    category = api.post("/v1/admin/categories", json={"name": "Walked & through"}, headers=staff).json()
    for amount in (700, 300, 500, 100, 900):
        variant = {"sku": f"WALK-{amount}", "price": {"amount": amount, "currency": "GBP"}}
        product = {"title": f"Nº {amount}", "status": "active", "categories": [category["id"]], "variants": [variant]}
        assert api.post("/v1/admin/products", json=product, headers=staff).status_code == 201
    query = {"filter[category]": category["slug"], "sort": "price", "limit": 2}

    first = api.get("/v1/store/products", params=query)
    pages = [first.json()["data"]]
    link = first.headers["link"]
    while following := re.search(r'<([^>]+)>; rel="next"', link):
        page = api.get(following[1])
        pages.append(page.json()["data"])
        link = page.headers.get("link", "")
    again = api.get("/v1/store/products", params=query, headers={"if-none-match": first.headers["etag"]})
    elsewhere = api.get(
        "/v1/store/products", params={"sort": "-price", "cursor": first.json()["page"]["next"], "limit": 2}
    )

    assert [[product["title"] for product in page] for page in pages] == [
        ["Nº 100", "Nº 300"],
        ["Nº 500", "Nº 700"],
        ["Nº 900"],
    ]
    assert (again.status_code, again.content) == (304, b"")
    assert "s-maxage" in first.headers["cache-control"]
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (400, "bad_cursor")


def test_words_are_found_by_their_beginnings_with_typos_and_in_other_scripts(api, staff):
    puts_up_for_sale(api, staff, "WORD-1", title="Crème brûlée torch")
    puts_up_for_sale(api, staff, "WORD-2", title="抹茶茶碗")
    wait_until(lambda: finds(api, "抹茶") == ["抹茶茶碗"], what="a bowl for tea", every=0.5)

    assert [finds(api, words) for words in ("creme brul", "CREME TORCHH", "brûlée")] == [["Crème brûlée torch"]] * 3
    suggested = api.get("/v1/store/search/suggest", params={"q": "crèm"}).json()["data"]
    assert any("torch" in str(one).lower() or "crème" in str(one).lower() for one in suggested)


def test_a_product_that_was_renamed_is_found_where_it_was(shop, api, staff):
    made = puts_up_for_sale(api, staff, "NAMED-MUG", title="Mug of before").json()
    renamed = api.patch(
        f"/v1/admin/products/{made['id']}",
        json={"title": "Mug of after", "slug": "mug-of-after"},
        headers=staff | MERGE_PATCH | {"if-match": "*"},
    )
    assert renamed.status_code == 200, renamed.text

    moved = api.get(f"/p/{made['slug']}")

    assert (moved.status_code, moved.headers["location"].rpartition("/p/")[2]) == (301, "mug-of-after")
    assert "Mug of after" in shop.walker(api).go(f"/p/{made['slug']}").text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/search?q=caf%C3%A9+%26+tea", "text/html"),
        ("/cart", "text/html"),
        ("/sign-in", "text/html"),
        ("/docs", "text/html"),
        ("/openapi.json", "application/json"),
        ("/health/ready", "application/json"),
    ],
)
def test_every_door_is_open(api, path, kind):
    answer = api.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


def test_what_a_page_needs_comes_with_it_and_is_kept_for_ever(shop, api):
    page = shop.walker(api).go("/")
    sheets = [a["href"] for tag, a in page.elements if tag == "link" and a.get("rel") == "stylesheet"]

    assert sheets
    for sheet in sheets:
        answer = api.get(sheet)
        assert answer.headers["content-type"].startswith("text/css")
        assert "immutable" in answer.headers["cache-control"]


def test_a_page_that_is_not_there_says_so_and_leads_back(shop, api):
    page = shop.walker(api).go("/p/nothing-of-the-kind")

    assert page.status == 404
    assert any(link.rstrip("/") in {"", shop.address} for link in page.links())
    page.check()


def test_whatever_is_described_as_readable_is_read(api, staff):
    """What needs a shopper, or a query, says so; nothing is broken, and nothing is kept from who may do everything."""
    paths = api.get("/openapi.json").json()["paths"]
    readable = [path for path, methods in paths.items() if "get" in methods and "{" not in path]

    answers = {path: api.get(path, headers=staff).status_code for path in readable}

    assert len(answers) > 30
    assert {path: status for path, status in answers.items() if status not in {200, 401, 404, 422}} == {}
    assert [path for path, status in answers.items() if status == 401 and "/v1/store/" not in path] == []
