"""Uploads that nothing came of are removed after a while, and nothing else is."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.errors import NotFoundError
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.worker.duties import long_duties

PRODUCTS = b'{"title":"Mug","variants":[{"sku":"MUG","price":{"amount":1000,"currency":"GBP"}}]}\n'
NONSENSE = b"\xff\xfe no rows at all"


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def shop(tmp_path, clock):
    shop = open_shop(Settings.for_directory(tmp_path / "shop", uploads_kept_days=3), clock=clock)
    yield shop
    shop.close()


def there(shop, *keys):
    return [key for key in keys if shop.world.objects.find(key) is not None]


def png(width):
    file = io.BytesIO()
    Image.new("RGB", (width, 10)).save(file, "PNG")
    return file.getvalue()


def tidy(shop):
    """Do what the worker does, without waiting for the hour."""
    (duty,) = [duty for duty in long_duties(shop) if duty.name == "leftovers"]
    assert not duty.work()


def test_a_picture_that_was_never_completed_goes_and_one_that_is_younger_stays(shop, clock):
    shop.world.objects.put("uploads/prod_1/med_1.png", b"old")
    clock.advance(2 * 86400)
    shop.world.objects.put("uploads/prod_1/med_2.png", b"young")
    clock.advance(86400 + 1)

    tidy(shop)

    assert there(shop, "uploads/prod_1/med_1.png", "uploads/prod_1/med_2.png") == ["uploads/prod_1/med_2.png"]


def test_sizes_of_a_picture_that_was_never_completed_go_with_it(shop, clock):
    shop.world.objects.put("uploads/prod_1/med_1.png", png(400))
    shop.picturing.make_ready("prod_1/med_1.png")
    clock.advance(3 * 86400 + 1)
    assert there(shop, "media/prod_1/med_1-320.webp") != []

    tidy(shop)

    assert list(shop.world.objects.list("")) == []


def test_a_picture_that_is_shown_stays_although_its_completion_died_before_its_end(shop, clock):
    variants = [VariantInput(sku="MUG", price=Money(500, "GBP"))]
    product = shop.catalog.products.create(ProductInput(title="Mug", variants=variants))
    key = f"{product.id}/med_1.png"
    shop.world.objects.put(f"uploads/{key}", png(400))
    ready = shop.picturing.make_ready(key)
    media = [{"key": key, "width": ready.width, "height": ready.height, "widths": ready.widths}]
    shop.catalog.products.patch(product.id, {"media": media}, expected_version=product.version)
    clock.advance(3 * 86400 + 1)

    tidy(shop)

    assert there(shop, f"uploads/{key}", f"media/{key}", f"media/{product.id}/med_1-320.webp") == [
        f"media/{key}",
        f"media/{product.id}/med_1-320.webp",
    ]


def test_a_place_that_was_offered_and_never_used_is_forgotten_with_what_was_sent_there(shop, clock):
    offer = shop.offers.make(
        subject="products",
        format="jsonl",
        columns={},
        max_bytes=1000,
        asked_by="key_1",
        expires_at=clock.now() + timedelta(hours=1),
    )
    shop.world.objects.put(offer.object_key, PRODUCTS)
    clock.advance(2 * 86400)
    tidy(shop)
    assert shop.offers.get(offer.id) == offer
    clock.advance(86400 + 1)

    tidy(shop)

    assert there(shop, offer.object_key) == []
    with pytest.raises(NotFoundError):
        shop.offers.get(offer.id)


def test_files_of_imports_stay_until_no_job_will_read_them_again(shop, clock):
    objects, jobs = shop.world.objects, shop.jobs
    for name in ("done", "waiting", "nobody"):
        objects.put(f"imports/{name}.jsonl", PRODUCTS)
    objects.put("imports/failed.parquet", NONSENSE)
    done = jobs.create(kind="import", subject="products", object_key="imports/done.jsonl")
    failed = jobs.create(kind="import", subject="products", object_key="imports/failed.parquet")
    assert jobs.run(done.id).state == "done"
    assert jobs.run(failed.id).state == "failed"
    jobs.create(kind="import", subject="products", object_key="imports/waiting.jsonl")
    clock.advance(3 * 86400 + 1)

    tidy(shop)

    keys = [info.key for info in objects.list("imports/")]
    assert keys == ["imports/failed.parquet", "imports/waiting.jsonl"]


def test_what_is_no_upload_is_never_touched(shop, clock):
    kept = (
        "media/prod_1/med_1.png",
        "exports/job_1/products.jsonl",
        "models/v1/manifest.json",
        "uploads",
        "importsx/a",
    )
    for key in kept:
        shop.world.objects.put(key, b"x")
    clock.advance(timedelta(days=400).total_seconds())

    tidy(shop)

    assert there(shop, *kept) == list(kept)


def test_a_file_that_somebody_else_removed_meanwhile_is_no_failure(shop, clock):
    shop.world.objects.put("uploads/prod_1/med_1.png", b"old")
    clock.advance(10 * 86400)
    assert shop.leftovers.remove() == 1

    assert shop.leftovers.remove() == 0
    with pytest.raises(NotFoundError):
        shop.world.objects.get("uploads/prod_1/med_1.png")


def test_many_imports_are_looked_through_to_the_last(shop, clock):
    shop.world.objects.put("imports/first.jsonl", PRODUCTS)
    shop.jobs.create(kind="import", subject="products", object_key="imports/first.jsonl")
    shop.world.objects.put("imports/later.jsonl", PRODUCTS)
    for _ in range(260):  # more than a page of jobs
        clock.advance(1)
        shop.jobs.create(kind="import", subject="products", object_key="imports/later.jsonl")
    clock.advance(4 * 86400)

    tidy(shop)

    assert there(shop, "imports/first.jsonl") == ["imports/first.jsonl"]
