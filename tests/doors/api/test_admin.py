"""What staff and machines may rely on when they change the shop."""

from typing import Any

import pytest
from asking import bearer, problem, product

from bodega.domain.shop import Shop

PRODUCTS = "/v1/admin/products"


@pytest.fixture
def made(staff: Any) -> dict[str, Any]:
    return staff.post(PRODUCTS, json=product()).json()


def test_creating_answers_with_the_product_its_address_and_its_tag(staff: Any) -> None:
    response = staff.post(PRODUCTS, json=product())

    assert response.status_code == 201
    assert response.headers["location"] == f"{PRODUCTS}/{response.json()['id']}"
    assert response.headers["etag"] == '"1"'
    assert response.headers["cache-control"] == "private, no-store"
    assert staff.get(response.headers["location"]).json() == response.json()


def test_a_change_needs_the_version_it_was_decided_on(staff: Any, made: dict[str, Any]) -> None:
    path = f"{PRODUCTS}/{made['id']}"
    for method, body in (("PATCH", {"title": "B"}), ("PUT", product(title="B")), ("DELETE", None)):
        problem(staff.request(method, path, json=body), 428, "precondition_required")
        for tag in ('"7"', 'W/"1"', "1", '"x"', '"7", "8"'):
            stale = staff.request(method, path, json=body, headers={"if-match": tag})
            problem(stale, 412, "stale_version")
            assert stale.headers["etag"] == '"1"'
    assert staff.get(path).json() == made

    assert staff.patch(path, json={"title": "B"}, headers={"if-match": '"9", "1"'}).headers["etag"] == '"2"'
    assert staff.patch(path, json={"title": "C"}, headers={"if-match": "*"}).headers["etag"] == '"3"'
    assert staff.put(path, json=product(title="D"), headers={"if-match": '"3"'}).json()["version"] == 4


def test_a_merge_patch_changes_only_what_it_names(staff: Any, mugs: str, made: dict[str, Any]) -> None:
    path = f"{PRODUCTS}/{made['id']}"
    headers = {"content-type": "application/merge-patch+json"}
    for patch in (b'{"brand":"Kiln","attributes":{"a":1,"b":2}}', b'{"attributes":{"a":null},"brand":null}'):
        response = staff.patch(path, content=patch, headers=headers | {"if-match": "*"})
        assert response.status_code == 200

    changed = response.json()
    assert changed["attributes"] == {"b": 2}
    assert changed["brand"] == ""
    assert changed["variants"] == made["variants"]
    for read_only in ({"id": "x"}, {"version": 9}, {"created_at": "2020-01-01T00:00:00Z"}, {"rating": {}}):
        problem(staff.patch(path, json=read_only, headers={"if-match": "*"}), 422)
    problem(staff.patch(path, json={"title": None}, headers={"if-match": "*"}), 422)
    problem(staff.patch(path, json=["title"], headers={"if-match": "*"}), 422)


def test_what_was_read_can_be_sent_back(staff: Any, made: dict[str, Any]) -> None:
    path = f"{PRODUCTS}/{made['id']}"

    response = staff.put(path, json=made | {"title": "Renamed"}, headers={"if-match": '"1"'})

    assert response.json()["variants"] == made["variants"]
    assert response.json()["title"] == "Renamed"


def test_minimal_answers_have_the_tag_and_no_body(staff: Any, made: dict[str, Any]) -> None:
    path = f"{PRODUCTS}/{made['id']}"
    for method, body in (("PATCH", {"title": "B"}), ("PUT", product(title="C"))):
        response = staff.request(method, path, json=body, headers={"if-match": "*", "prefer": "return=minimal"})

        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["preference-applied"] == "return=minimal"
        assert response.headers["etag"] == staff.get(path).headers["etag"]


def test_put_by_sku_creates_then_replaces(staff: Any) -> None:
    path = f"{PRODUCTS}/sku:MUG-1"

    created = staff.put(path, json=product(), headers={"if-none-match": "*"})
    again = staff.put(path, json=product(), headers={"if-none-match": "*"})
    replaced = staff.put(path, json=product(title="Better mug"))
    stale = staff.put(path, json=product(title="Worse mug"), headers={"if-match": '"1"'})

    assert created.status_code == 201
    problem(again, 412, "already_exists")
    assert again.headers["etag"] == '"1"'
    assert (replaced.status_code, replaced.json()["title"]) == (200, "Better mug")
    assert replaced.json()["id"] == created.json()["id"]
    problem(stale, 412, "stale_version")
    problem(staff.put(f"{PRODUCTS}/sku:OTHER", json=product("OTHER"), headers={"if-match": '"1"'}), 412)
    problem(staff.put(f"{PRODUCTS}/sku:OTHER", json=product("ANOTHER")), 422)
    problem(staff.put(f"{PRODUCTS}/prod_none", json=product(), headers={"if-match": "*"}), 404)


def test_deleting_archives(staff: Any, made: dict[str, Any]) -> None:
    response = staff.delete(f"{PRODUCTS}/{made['id']}", headers={"if-match": '"1"'})

    assert (response.status_code, response.content) == (204, b"")
    assert staff.get(f"{PRODUCTS}/sku:MUG-1").json()["status"] == "archived"


def test_staff_find_their_own_change_at_once(staff: Any, client: Any) -> None:
    staff.post(PRODUCTS, json=product(title="Quagga mug", status="draft"))

    found = staff.get(f"{PRODUCTS}?q=quagga&filter[status]=draft").json()["data"]

    assert [card["title"] for card in found] == ["Quagga mug"]
    assert staff.get(f"{PRODUCTS}?filter[status]=active").json()["data"] == []
    assert client.get("/v1/store/products?q=quagga").json()["data"] == []
    problem(staff.get(f"{PRODUCTS}?filter[status]=gone"), 422)


def test_a_taken_sku_or_slug_is_a_conflict_and_writes_nothing(staff: Any, made: dict[str, Any]) -> None:
    problem(staff.post(PRODUCTS, json=product(title="Other")), 409, "sku_taken")
    problem(staff.post(PRODUCTS, json=product("MUG-2", slug=made["slug"])), 409, "slug_taken")
    problem(staff.get(f"{PRODUCTS}/sku:MUG-2"), 404)


def test_a_batch_has_a_result_for_each_item(staff: Any, made: dict[str, Any]) -> None:
    operations = [
        {"op": "upsert", "product": product("NEW-1")},
        {"op": "upsert", "product": product(title="Changed")},
        {"op": "upsert", "product": {"title": "No variant", "variants": []}},
        {"op": "archive", "id": "prod_none"},
        {"op": "upsert", "product": product("BAD", categories=["cat_none"])},
        {"op": "archive"},
        {"op": "upsert", "product": product("NEW-2", amount=7)},
    ]

    response = staff.post(f"{PRODUCTS}:batch", json={"operations": operations})

    results = response.json()["data"]
    assert response.status_code == 200
    assert [r["status"] for r in results] == [201, 200, 422, 404, 422, 422, 201]
    assert [r.get("outcome") for r in results] == ["created", "changed", None, None, None, None, "created"]
    assert results[4]["errors"][0]["pointer"] == "/categories/0"
    assert results[1]["id"] == made["id"]
    archived = staff.post(f"{PRODUCTS}:batch", json={"operations": [{"op": "archive", "id": "sku:NEW-1"}]}).json()
    assert archived["data"][0]["outcome"] == "archived"
    problem(staff.post(f"{PRODUCTS}:batch", json={"operations": [{"op": "archive", "id": "x"}] * 101}), 422)
    problem(staff.post(f"{PRODUCTS}:batch", json={"operations": [{"op": "explode"}]}), 422)


def test_categories_keep_a_sound_tree(staff: Any, mugs: str) -> None:
    path = "/v1/admin/categories"
    child = staff.post(path, json={"name": "Large mugs", "parent": mugs})
    assert child.status_code == 201
    at = child.headers["location"]

    cycle = staff.patch(f"{path}/{mugs}", json={"parent": child.json()["id"]}, headers={"if-match": "*"})
    assert problem(cycle, 422)["errors"][0]["code"] == "category_cycle"
    problem(staff.patch(at, json={"parent": "cat_none"}, headers={"if-match": "*"}), 422)
    problem(staff.delete(f"{path}/{mugs}", headers={"if-match": "*"}), 409, "in_use")
    problem(staff.patch(at, json={"name": "X"}), 428)
    problem(staff.patch(at, json={"name": "X"}, headers={"if-match": '"5"'}), 412)
    problem(staff.post(path, json={"name": "Mugs"}), 409, "name_taken")
    renamed = staff.patch(at, json={"name": "Huge mugs"}, headers={"if-match": '"1"'})
    assert (renamed.json()["name"], renamed.json()["parent"], renamed.headers["etag"]) == ("Huge mugs", mugs, '"2"')
    moved = staff.put(f"{path}/slug:large-mugs", json={"name": "Roots"}, headers={"if-match": '"2"'})
    assert (moved.status_code, moved.json()["parent"]) == (200, None)
    assert staff.delete(at, headers={"if-match": '"3"'}).status_code == 204
    problem(staff.get(at), 404)


def test_a_product_cannot_be_put_into_a_category_that_was_deleted(staff: Any, mugs: str) -> None:
    assert staff.delete(f"/v1/admin/categories/{mugs}", headers={"if-match": "*"}).status_code == 204

    problem(staff.post(PRODUCTS, json=product(categories=[mugs])), 422)


def test_collections_and_attributes_are_kept(staff: Any) -> None:
    made = staff.post("/v1/admin/collections", json={"name": "Gifts"})
    at = made.headers["location"]
    assert staff.patch(at, json={"description": "For all"}, headers={"if-match": '"1"'}).json()["name"] == "Gifts"
    assert staff.delete(at, headers={"if-match": '"2"'}).status_code == 204

    at = "/v1/admin/attributes/lid%20colour%2Fform"
    declared = staff.put(at, json={"type": "text", "choices": ["red", "blue"]}, headers={"if-none-match": "*"})
    assert declared.status_code == 201
    problem(staff.put(at, json={"type": "text"}, headers={"if-none-match": "*"}), 412)
    problem(staff.put(at, json={"type": "text"}, headers={"if-match": '"7"'}), 412)
    problem(staff.put(at, json={"type": "colour"}), 422)
    assert staff.patch(at, json={"unit": "RAL"}, headers={"if-match": '"1"'}).json()["choices"] == ["red", "blue"]
    wrong = staff.post(PRODUCTS, json=product(attributes={"lid colour/form": "green"}))
    assert problem(wrong, 422)["errors"][0]["pointer"] == "/attributes/lid colour~1form"
    assert staff.delete(at, headers={"if-match": '"2"'}).status_code == 204
    assert staff.post(PRODUCTS, json=product(attributes={"lid colour/form": "green"})).status_code == 201


def test_lists_of_the_taxonomy_are_paged(staff: Any) -> None:
    names = [f"Shelf {n}" for n in range(7)]
    made = {staff.post("/v1/admin/collections", json={"name": name}).json()["id"] for name in names}
    seen: list[str] = []
    cursor = None
    while True:
        reply = staff.get("/v1/admin/collections?limit=3" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [row["id"] for row in reply["data"]]
        cursor = reply["page"]["next"]
        if cursor is None:
            break
    first = staff.get(f"/v1/admin/collections?limit=3&cursor={reply['page']['prev']}").json()

    assert set(seen) == made
    assert len(seen) == 7
    assert [row["id"] for row in first["data"]] == seen[3:6]
    problem(staff.get(f"/v1/admin/attributes?cursor={reply['page']['prev']}"), 400)


def test_a_key_is_shown_once_and_gives_no_more_than_its_maker_has(
    staff: Any, app: Any, shop: Shop, make_client: Any
) -> None:
    path = "/v1/admin/api-keys"
    made = staff.post(path, json={"name": "erp", "scopes": ["catalog:read", "keys:write"]})
    assert made.status_code == 201
    erp = make_client(app, headers={"authorization": f"Bearer {made.json()['token']}"})

    assert made.json()["token"] not in staff.get(path).text
    assert erp.get(PRODUCTS).status_code == 200
    assert problem(erp.post(PRODUCTS, json=product()), 403)["missing_scope"] == "catalog:write"
    assert problem(erp.post(path, json={"name": "x", "scopes": ["admin"]}), 403)["missing_scope"] == "admin"
    owner = next(k for k in erp.get(path).json()["data"] if k["scopes"] == ["admin"])
    problem(erp.delete(f"{path}/{owner['id']}"), 403)
    problem(staff.delete(f"{path}/key_none"), 404)
    problem(staff.post(path, json={"name": "x", "scopes": ["root"]}), 422)
    assert staff.delete(f"{path}/{made.json()['id']}").status_code == 204
    problem(erp.get(PRODUCTS), 401)


def test_too_many_requests_of_one_key_wait_for_the_next_minute(
    shop: Shop, settings: Any, clock: Any, make_client: Any
) -> None:
    import msgspec  # noqa: PLC0415

    from bodega.asgi import create_app  # noqa: PLC0415

    app = create_app(shop, msgspec.structs.replace(settings, admin_requests_per_minute=3))
    first, second = (make_client(app, headers=bearer(shop, "catalog:read")) for _ in range(2))
    for left in (2, 1, 0):
        response = first.get(PRODUCTS)
        assert response.status_code == 200
        assert response.headers["ratelimit"] == f'"admin";r={left};t=60'
        assert response.headers["ratelimit-policy"] == '"admin";q=3;w=60'

    refused = first.get(PRODUCTS)

    problem(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == "60"
    assert second.get(PRODUCTS).status_code == 200
    clock.advance(seconds=61)
    assert first.get(PRODUCTS).status_code == 200
