"""A retry is one effect."""

import threading
from typing import Any

import pytest
from asking import bearer, problem, product

from bodega import schema
from bodega.domain.shop import Shop
from bodega.ports.table import scan_all

PRODUCTS = "/v1/admin/products"


def key(text: str) -> dict[str, str]:
    return {"idempotency-key": text}


def test_the_same_request_replays_the_same_answer(staff: Any, shop: Shop) -> None:
    first = staff.post(PRODUCTS, json=product(), headers=key("k"))
    again = staff.post(PRODUCTS, json=product(), headers=key("k"))

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert len(list(shop.world.table.scan(schema.CATALOG).items)) == 3  # one product, its slug, its SKU


def test_a_patch_replays_too_although_its_version_is_gone(staff: Any) -> None:
    made = staff.post(PRODUCTS, json=product()).json()
    path, headers = f"{PRODUCTS}/{made['id']}", key("p") | {"if-match": '"1"'}

    first = staff.patch(path, json={"title": "B"}, headers=headers)
    again = staff.patch(path, json={"title": "B"}, headers=headers)

    assert first.json() == again.json()
    assert again.json()["version"] == 2


def test_another_request_under_the_same_key_is_refused(staff: Any) -> None:
    staff.post(PRODUCTS, json=product(), headers=key("k"))

    problem(staff.post(PRODUCTS, json=product("OTHER"), headers=key("k")), 422, "idempotency_key_reused")
    problem(staff.post(PRODUCTS, json=product(), headers=key("k") | {"prefer": "return=minimal"}), 422)


def test_a_key_belongs_to_its_asker_its_method_and_its_path(staff: Any, app: Any, shop: Shop, make_client: Any) -> None:
    other = make_client(app, headers=bearer(shop, "admin"))
    staff.post(PRODUCTS, json=product(), headers=key("k"))

    assert other.post(PRODUCTS, json=product("MUG-2"), headers=key("k")).status_code == 201
    assert staff.post("/v1/admin/collections", json={"name": "Gifts"}, headers=key("k")).status_code == 201


def test_a_refused_request_may_be_corrected_under_its_key(staff: Any) -> None:
    problem(staff.post(PRODUCTS, json=product(categories=["none"]), headers=key("k")), 422)
    problem(staff.post(PRODUCTS, json=product(title=5), headers=key("k")), 422)

    assert staff.post(PRODUCTS, json=product(), headers=key("k")).status_code == 201


def test_a_conflict_is_replayed_as_a_conflict(staff: Any) -> None:
    made = staff.post(PRODUCTS, json=product()).json()
    first = staff.post(PRODUCTS, json=product(title="B"), headers=key("k"))
    staff.put(f"{PRODUCTS}/{made['id']}", json=product("FREED"), headers={"if-match": "*"})

    again = staff.post(PRODUCTS, json=product(title="B"), headers=key("k"))

    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


def test_a_failure_of_ours_may_be_tried_again(staff: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("lost")

    with monkeypatch.context() as patch:
        patch.setattr(shop.catalog.products, "create", broken)
        problem(staff.post(PRODUCTS, json=product(), headers=key("k")), 500)

    assert staff.post(PRODUCTS, json=product(), headers=key("k")).status_code == 201


def test_a_request_that_still_runs_is_not_run_twice(staff: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    upsert, begun, go_on = shop.catalog.products.upsert_many, threading.Event(), threading.Event()
    batch = {"operations": [{"op": "upsert", "product": product()}]}

    def slow(*args: Any, **kwargs: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return upsert(*args, **kwargs)

    monkeypatch.setattr(shop.catalog.products, "upsert_many", slow)

    async def race() -> tuple[Any, Any]:
        import asyncio  # noqa: PLC0415

        first = asyncio.create_task(staff._client.post(f"{PRODUCTS}:batch", json=batch, headers=key("k")))
        await asyncio.to_thread(begun.wait, 30)
        second = await staff._client.post(f"{PRODUCTS}:batch", json=batch, headers=key("k"))
        go_on.set()
        return await first, second

    first, second = staff.run(race())

    assert first.status_code == 200
    problem(second, 409, "idempotency_key_running")
    assert int(second.headers["retry-after"]) >= 1


def test_a_crash_blocks_a_key_for_a_minute_and_an_answer_is_kept_for_a_day(
    staff: Any, shop: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_args: Any, **_kwargs: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(shop.catalog.products, "create", cut)
        with pytest.raises(PowerCut):
            staff.post(PRODUCTS, json=product(), headers=key("k"))
    problem(staff.post(PRODUCTS, json=product(), headers=key("k")), 409, "idempotency_key_running")

    clock.advance(seconds=61)
    done = staff.post(PRODUCTS, json=product(), headers=key("k"))
    clock.advance(seconds=24 * 3600 - 60)
    replayed = staff.post(PRODUCTS, json=product(), headers=key("k"))
    clock.advance(seconds=120)
    forgotten = staff.post(PRODUCTS, json=product(), headers=key("k"))

    assert done.status_code == 201
    assert replayed.headers["idempotent-replayed"] == "true"
    problem(forgotten, 409, "sku_taken")


@pytest.mark.parametrize("sent", [b"", b"x" * 256, b"\xc3\xa4", b"a\x7fb"])
def test_keys_that_are_none_are_refused(staff: Any, sent: bytes) -> None:
    problem(staff.post(PRODUCTS, json=product(), headers={"idempotency-key": sent}), 400, "bad_idempotency_key")
    assert staff.post(PRODUCTS, json=product(), headers={"idempotency-key": b"x" * 255}).status_code == 201


def test_what_is_kept_does_not_show_a_new_keys_secret(staff: Any, shop: Shop) -> None:
    made = staff.post("/v1/admin/api-keys", json={"name": "x", "scopes": ["admin"]}, headers=key("k")).json()
    again = staff.post("/v1/admin/api-keys", json={"name": "x", "scopes": ["admin"]}, headers=key("k")).json()

    assert again["token"] == made["token"]
    secret = made["token"].split("_", 2)[2].encode()  # which may have more of these signs
    assert len(secret) > 30
    for item in scan_all(shop.world.table, schema.IDEMPOTENCY):
        assert secret not in repr(item).encode()
