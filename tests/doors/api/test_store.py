"""What shoppers and their programs may rely on."""

from datetime import timedelta
from typing import Any

import pytest
from asking import NOW, problem, product

from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import AttributeInput, ProductInput
from bodega.domain.catalog.products import Restored
from bodega.domain.reviews.model import Review
from bodega.domain.shop import Shop
from bodega.values.decode import convert

PRODUCTS = "/v1/store/products"


@pytest.fixture
def shelf(shop: Shop, mugs: str, clock: SettableClock) -> list[str]:
    """Ids of thirty mugs, the cheapest first and each a day older than the one before."""
    shop.catalog.taxonomy.declare_attribute("colour", AttributeInput(type="text"))
    ids = []
    for number in range(30):
        given = convert(
            product(
                f"MUG-{number}",
                amount=100 + number,
                categories=[mugs],
                brand="Kiln" if number % 2 else "Potter, Sons & Co",
                attributes={"colour": ("red", "green", "blue")[number % 3]},
            ),
            ProductInput,
        )
        made = shop.catalog.products.create(given, restored=Restored(created_at=NOW - timedelta(days=number)))
        ids.append(made.id)
    shop.indexer.catch_up()
    return ids


def ids_of(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()["data"]]


def test_a_product_is_found_by_id_slug_and_sku(client: Any, shelf: list[str]) -> None:
    for reference in (shelf[3], "slug:mug-mug-3", "sku:MUG-3"):
        response = client.get(f"{PRODUCTS}/{reference}")

        assert response.json()["id"] == shelf[3]
        assert response.headers["etag"] == '"1"'
        assert response.headers["surrogate-key"] == shelf[3]
        assert response.headers["cache-control"].startswith("public")
        assert "s-maxage" in response.headers["cache-control"]
        assert "stale-while-revalidate" in response.headers["cache-control"]


@pytest.mark.parametrize("kind", ["categories", "collections"])
def test_a_place_is_read_by_id_and_slug_and_found_under_its_old_name(staff: Any, client: Any, kind: str) -> None:
    made = staff.post(f"/v1/admin/{kind}", json={"name": "Wïnter", "description": "Cold."}).json()
    path = f"/v1/store/{kind}"
    for reference in (made["id"], "slug:winter"):
        found = client.get(f"{path}/{reference}")
        assert (found.status_code, found.json()["name"], found.json()["products"]) == (200, "Wïnter", 0)
        assert found.headers["surrogate-key"] == kind
        assert client.get(f"{path}/{reference}", headers={"if-none-match": found.headers["etag"]}).status_code == 304

    staff.patch(
        f"/v1/admin/{kind}/slug:winter",
        json={"slug": "schnee-雪"},
        headers={"if-match": "*", "content-type": "application/merge-patch+json"},
    )

    old = client.get(f"{path}/slug:winter")
    assert (old.status_code, old.headers["location"]) == (301, f"{path}/slug:schnee-%E9%9B%AA")
    assert client.get(old.headers["location"]).json()["id"] == made["id"]
    assert staff.get(f"/v1/admin/{kind}/slug:winter").json()["id"] == made["id"]
    for unknown in ("slug:", "slug:none", "none", "slug:%2F", "slug:A%20B", "x" * 300, "slug:" + "x" * 300):
        problem(client.get(f"{path}/{unknown}"), 404, "not_found")


@pytest.mark.parametrize("kind", ["categories", "collections"])
def test_a_name_can_be_taken_that_only_leads_elsewhere_and_no_other(staff: Any, kind: str) -> None:
    patch = {"if-match": "*", "content-type": "application/merge-patch+json"}
    first = staff.post(f"/v1/admin/{kind}", json={"name": "Winter"}).json()
    problem(staff.post(f"/v1/admin/{kind}", json={"name": "Winter"}), 409, "name_taken")
    staff.patch(f"/v1/admin/{kind}/{first['id']}", json={"slug": "snow"}, headers=patch)

    second = staff.post(f"/v1/admin/{kind}", json={"name": "Winter"}).json()

    assert staff.get(f"/v1/admin/{kind}/slug:winter").json()["id"] == second["id"]
    problem(staff.patch(f"/v1/admin/{kind}/{first['id']}", json={"slug": "winter"}, headers=patch), 409, "name_taken")
    staff.patch(f"/v1/admin/{kind}/{second['id']}", json={"slug": "ice"}, headers=patch)
    back = staff.patch(f"/v1/admin/{kind}/{first['id']}", json={"slug": "winter"}, headers=patch)
    assert back.json()["slug"] == "winter"


def test_a_sku_with_a_slash_is_one_segment_of_the_path(client: Any, staff: Any) -> None:
    staff.post("/v1/admin/products", json=product("A/B c"))

    assert client.get(f"{PRODUCTS}/sku:A%2FB%20c").json()["variants"][0]["sku"] == "A/B c"
    problem(client.get(f"{PRODUCTS}/sku:A/B%20c"), 404)


def test_a_renamed_slug_redirects_to_the_present_one(client: Any, staff: Any) -> None:
    made = staff.post("/v1/admin/products", json=product(slug="old-mug"))
    staff.patch(f"/v1/admin/products/{made.json()['id']}", json={"slug": "rød-mug"}, headers={"if-match": "*"})

    response = client.get(f"{PRODUCTS}/slug:old-mug")

    assert response.status_code == 301
    assert response.headers["location"] == f"{PRODUCTS}/slug:r%C3%B8d-mug"
    assert client.get(response.headers["location"]).json()["slug"] == "rød-mug"


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_active_is_not_there_for_shoppers(client: Any, staff: Any, status: str) -> None:
    made = staff.post("/v1/admin/products", json=product(status=status)).json()

    for reference in (made["id"], "sku:MUG-1", f"slug:{made['slug']}"):
        problem(client.get(f"{PRODUCTS}/{reference}"), 404, "not_found")
    assert client.post(f"{PRODUCTS}:batchGet", json={"ids": [made["id"]]}).json() == {
        "data": [],
        "missing": [made["id"]],
    }
    problem(client.get(f"{PRODUCTS}/{made['id']}/reviews"), 404)


def test_what_the_reader_has_is_not_sent_again(client: Any, shelf: list[str]) -> None:
    for path in (
        f"{PRODUCTS}/{shelf[0]}",
        f"{PRODUCTS}/sku:MUG-0",
        PRODUCTS,
        f"{PRODUCTS}?q=mug&facets=brand",
        "/v1/store/categories",
        f"{PRODUCTS}/{shelf[0]}/reviews",
        "/openapi.json",
        "/docs",
    ):
        first = client.get(path)
        tag = first.headers["etag"]
        for sent in (tag, f'"other", W/{tag}', "*"):
            again = client.get(path, headers={"if-none-match": sent})

            assert (again.status_code, again.content) == (304, b""), (path, sent)
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def compared(response: Any) -> dict[str, str]:
    # Only the declared route counts requests: the hot path is there to cost nothing.
    left_out = {"x-request-id", "ratelimit", "ratelimit-policy"}
    return {name: value for name, value in response.headers.items() if name not in left_out}


def test_the_hot_path_and_the_declared_route_say_the_same(client: Any, shelf: list[str]) -> None:
    for path in (f"{PRODUCTS}/{shelf[0]}", PRODUCTS, f"{PRODUCTS}?filter[category]=mugs&limit=3", "/health/live"):
        hot = client.get(path)
        # A condition that does not hold is left to the declared route, and so is HEAD.
        declared = client.get(path, headers={"if-none-match": '"none of it"'})
        head = client.request("HEAD", path)

        assert hot.content == declared.content
        for other in (declared, head):
            assert compared(other) == compared(hot)
        assert head.content == b""


@pytest.mark.parametrize("sort", ["price", "-price", "created_at", "-created_at"])
def test_cursors_walk_a_list_there_and_back(client: Any, shelf: list[str], sort: str) -> None:
    cheapest_first = shelf if sort in {"price", "-created_at"} else shelf[::-1]
    query = f"?filter[category]=mugs&sort={sort}&limit=7"
    seen: list[str] = []
    cursor, pages = None, []

    while True:
        response = client.get(f"{PRODUCTS}{query}" + (f"&cursor={cursor}" if cursor else ""))
        pages.append(ids_of(response))
        seen += pages[-1]
        cursor = response.json()["page"]["next"]
        if cursor is None:
            break
        assert f'cursor={cursor}>; rel="next"' in response.headers["link"]
        target = response.headers["link"].split("<")[1].split(">")[0]
        assert target.startswith(PRODUCTS + "?")
    back = client.get(f"{PRODUCTS}{query}&cursor={response.json()['page']['prev']}")

    assert seen == cheapest_first
    assert ids_of(back) == pages[-2]


def test_the_links_of_a_list_can_be_followed(client: Any, shelf: list[str]) -> None:
    path = f"{PRODUCTS}?filter[brand]=Potter, Sons %26 Co&sort=price&limit=4"
    seen: list[str] = []
    while path:
        response = client.get(path)
        seen += ids_of(response)
        links = {
            part.split('rel="')[1][:4]: part.split("<")[1].split(">")[0]
            for part in response.headers.get("link", "").split(", ")
            if part
        }
        path = links.get("next")

    assert seen == shelf[::2]


def test_a_list_ends_where_it_says(client: Any, shelf: list[str]) -> None:
    page = client.get(f"{PRODUCTS}?limit=30").json()["page"]
    assert page == {"next": None, "prev": None}
    assert len(ids_of(client.get(PRODUCTS))) == 24


def test_cursors_that_are_forged_foreign_or_of_another_list_are_refused(client: Any, shelf: list[str]) -> None:
    cursor = client.get(f"{PRODUCTS}?sort=price&limit=2").json()["page"]["next"]

    for query in (
        f"sort=price&limit=2&cursor={cursor[:-1]}{'A' if cursor[-1] != 'A' else 'B'}",
        f"sort=price&limit=2&cursor={'A' if cursor[0] != 'A' else 'B'}{cursor[1:]}",
        f"sort=-price&limit=2&cursor={cursor}",
        f"sort=price&limit=2&cursor={cursor}&filter[category]=mugs",
        "cursor=AAAA",
        "cursor=%C3%A4",
        "cursor=" + "A" * 4096,
    ):
        document = problem(client.get(f"{PRODUCTS}?{query}"), 400, "bad_cursor")
        assert document["errors"][0]["pointer"] == "/cursor"
    assert len(ids_of(client.get(f"{PRODUCTS}?sort=price&limit=9&cursor={cursor}"))) == 9


def test_filters_narrow_and_their_values_are_alternatives(client: Any, shelf: list[str]) -> None:
    def found(query: str) -> set[int]:
        return {shelf.index(i) for i in ids_of(client.get(f"{PRODUCTS}?limit=250&{query}"))}

    assert found("filter[price][gte]=110&filter[price][lte]=112") == {10, 11, 12}
    assert found("filter[price][gte]=110&filter[price][lte]=112&sort=price") == {10, 11, 12}
    assert found("filter[brand]=Kiln") == set(range(1, 30, 2))
    assert found("filter[brand]=Kiln&filter[brand]=Potter, Sons %26 Co") == set(range(30))
    assert found("filter[attributes.colour]=red") == set(range(0, 30, 3))
    assert found("filter[attributes.colour]=red&filter[attributes.colour]=blue&filter[brand]=Kiln") == {
        n for n in range(30) if n % 3 != 1 and n % 2
    }
    assert found("q=mug-7") == {7}


def test_facets_totals_and_near_spellings_are_told(client: Any, shelf: list[str], mugs: str) -> None:
    found = client.get(f"{PRODUCTS}?q=pottr&facets=brand,attributes.colour&count=approx&limit=3").json()

    assert found["corrected"] is True
    assert found["total"] == 15
    assert {f["value"]: f["count"] for f in found["facets"]["brand"]} == {"Potter, Sons & Co": 15}
    assert {f["count"] for f in found["facets"]["attributes.colour"]} == {5}
    assert client.get(f"{PRODUCTS}?filter[category]={mugs}&count=approx&limit=3").json()["total"] == 30
    assert "total" not in client.get(f"{PRODUCTS}?limit=3").json()


def test_suggestions_and_the_tree_and_recommendations_answer(client: Any, shelf: list[str], mugs: str) -> None:
    assert client.get("/v1/store/search/suggest?q=mug").json()["data"]
    tree = client.get("/v1/store/categories").json()["data"]
    assert [(node["id"], node["slug"], node["products"], node["children"]) for node in tree] == [(mugs, "mugs", 30, [])]
    for query in ("", f"placement=product&product={shelf[0]}", f"placement=cart&product={shelf[0]}&product={shelf[1]}"):
        found = client.get(f"/v1/store/recommendations?limit=5&{query}")
        assert found.status_code == 200
        assert found.json().keys() == {"data", "model_version", "fallback", "request_id"}
        assert 1 <= len(found.json()["data"]) <= 5
        assert {"product", "score", "reason"} == found.json()["data"][0].keys()
    problem(client.get("/v1/store/recommendations?placement=product"), 422)


def test_products_are_read_together_in_the_order_asked_for(client: Any, shelf: list[str]) -> None:
    asked = [shelf[5], "prod_none", shelf[2], shelf[5]]

    found = client.post(f"{PRODUCTS}:batchGet", json={"ids": asked}).json()

    assert [p["id"] for p in found["data"]] == [shelf[5], shelf[2]]
    assert found["missing"] == ["prod_none"]
    problem(client.post(f"{PRODUCTS}:batchGet", json={"ids": ["x"] * 101}), 422)
    problem(client.post(f"{PRODUCTS}:batchGet", json={"ids": []}), 422)


def test_reviews_are_paged_and_do_not_tell_who_wrote_them(client: Any, shop: Shop, shelf: list[str]) -> None:
    shop.reviews.record_many(
        [
            Review(
                id=f"rev_{n}",
                product_id=shelf[0],
                reviewer=f"secret{n}@example.com",
                customer_id=f"cus_{n}",
                rating=5,
                author="A.",
                text="Fine.",
                created_at=NOW - timedelta(days=n),
                status="pending" if n == 4 else "published",
            )
            for n in range(9)
        ]
    )
    seen, cursor = [], ""
    while cursor is not None:
        response = client.get(f"{PRODUCTS}/slug:mug-mug-0/reviews?limit=3{cursor and '&cursor=' + cursor}")
        assert "secret" not in response.text
        assert "cus_" not in response.text
        seen += ids_of(response)
        cursor = response.json()["page"]["next"]

    assert seen == [f"rev_{n}" for n in range(9) if n != 4]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "/colour"),
        ("filter[colour]=red", "/filter[colour]"),
        ("filter[price]=3", "/filter[price]"),
        ("filter[price][gt]=3", "/filter[price][gt]"),
        ("filter[attributes.]=3", "/filter[attributes.]"),
        ("filter[category]=none", "/filter[category]"),
        ("filter[collection]=none", "/filter[collection]"),
        ("facets=taste", "/facets"),
        ("facets=attributes.", "/facets"),
        ("sort=cheap", "/sort"),
        ("sort=null", "/sort"),
        ("cursor=null", "/cursor"),
        ("filter[price][gte]=NULL", "/filter[price][gte]"),
        ("sort=price&sort=price", "/sort"),
        ("limit=0", "/limit"),
        ("limit=251", "/limit"),
        ("limit=x", "/limit"),
        ("limit=1e3", "/limit"),
        ("limit=99999999999999999999999", "/limit"),
        ("filter[price][gte]=-1", "/filter/price/gte"),
        ("count=exact", "/count"),
        ("q=" + "x" * 201, "/q"),
        ("q=%00", "/q"),
        ("filter[status]=draft", "/filter[status]"),
    ],
)
def test_what_is_not_understood_is_refused_and_not_ignored(client: Any, mugs: str, query: str, pointer: str) -> None:
    document = problem(client.get(f"{PRODUCTS}?{query}"), 422)
    assert document["errors"][0]["pointer"] == pointer
