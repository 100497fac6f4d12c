from datetime import timedelta

import msgspec
import pytest

from bodega.domain.catalog.model import ScheduledPrice, VariantInput
from bodega.domain.catalog.products import (
    AlreadyExistsError,
    Restored,
    SkuTakenError,
    SlugTakenError,
    input_of,
)
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.errors import ConflictError, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.values.money import Money


def titles(page):
    return [msgspec.json.decode(card)["title"] for card in page.cards]


def test_a_created_product_reads_back_by_id_slug_and_sku(bench, mug):
    made = bench.products.create(mug())

    assert bench.products.get(made.id) == made
    assert bench.products.resolve("slug:red-mug") == (made.id, True)
    assert bench.products.resolve("sku:MUG-1") == (made.id, True)
    assert made.version == 1


def test_a_second_product_with_the_same_title_gets_a_slug_of_its_own(bench, mug):
    first = bench.products.create(mug())
    second = bench.products.create(mug(sku="MUG-2"))

    assert first.slug == "red-mug"
    assert second.slug.startswith("red-mug-")


def test_a_sku_that_differs_only_in_unicode_form_is_taken(bench, mug):
    made = bench.products.create(mug(sku="CAFÉ"))

    with pytest.raises(SkuTakenError) as refused:
        bench.products.create(mug(sku="CAFE\u0301"))

    assert refused.value.owner == made.id


def test_a_refused_create_leaves_nothing_behind(bench, mug):
    bench.products.create(mug(sku="MUG-1"))

    with pytest.raises(SkuTakenError):
        bench.products.create(mug(title="Blue mug", variants=[VariantInput(sku="MUG-9"), VariantInput(sku="MUG-1")]))

    assert bench.products.find_id_by_slug("blue-mug") is None
    assert bench.products.find_id_by_sku("MUG-9") is None


def test_renaming_a_slug_leaves_a_redirect_and_it_can_be_taken_back(bench, mug):
    made = bench.products.create(mug())
    renamed = bench.products.patch(made.id, {"slug": "crimson-mug"}, expected_version=1)

    assert bench.products.resolve("slug:red-mug") == (made.id, False)
    assert bench.products.resolve("slug:crimson-mug") == (made.id, True)

    back = bench.products.patch(made.id, {"slug": "red-mug"}, expected_version=renamed.version)

    assert back.slug == "red-mug"
    assert bench.products.resolve("slug:crimson-mug") == (made.id, False)


def test_another_product_cannot_take_a_slug_that_redirects(bench, mug):
    made = bench.products.create(mug())
    bench.products.patch(made.id, {"slug": "crimson-mug"}, expected_version=1)

    with pytest.raises(SlugTakenError):
        bench.products.create(mug(sku="MUG-2", slug="red-mug"))


def test_a_stale_version_is_refused_with_the_current_one(bench, mug):
    made = bench.products.create(mug())
    bench.products.patch(made.id, {"title": "Mug"}, expected_version=1)

    with pytest.raises(StaleVersionError) as refused:
        bench.products.patch(made.id, {"title": "Cup"}, expected_version=1)

    assert refused.value.current == 2


def test_a_patch_that_changes_nothing_makes_no_new_version(bench, mug):
    made = bench.products.create(mug())

    assert bench.products.patch(made.id, {"title": "Red mug"}, expected_version=1) == made


def test_what_was_read_can_be_sent_back_but_read_only_fields_cannot_change(bench, mug):
    made = bench.products.create(mug())
    document = msgspec.to_builtins(made)

    assert bench.products.patch(made.id, document, expected_version=1) == made
    with pytest.raises(InvalidError) as refused:
        bench.products.patch(made.id, {"version": 7}, expected_version=1)
    assert refused.value.faults[0].pointer == "/version"


def test_variants_keep_their_ids_by_sku(bench, mug):
    made = bench.products.create(mug(variants=[VariantInput(sku="A"), VariantInput(sku="B")]))

    changed = bench.products.replace(
        made.id, mug(variants=[VariantInput(sku="B"), VariantInput(sku="C")]), expected_version=1
    )

    assert changed.variants[0].id == made.variants[1].id
    assert bench.products.find_id_by_sku("A") is None
    assert bench.products.find_id_by_sku("C") == made.id


def test_archiving_takes_a_product_off_every_shelf_and_keeps_its_record(bench, mug):
    made = bench.products.create(mug())
    bench.products.archive(made.id, expected_version=1)

    assert titles(bench.shelves.find(ShelfQuery())) == []
    assert bench.products.find_stored(made.id).public is None
    assert bench.products.get(made.id).status == "archived"
    assert titles(bench.shelves.find(ShelfQuery(audience="staff"))) == ["Red mug"]


def test_upsert_by_sku_creates_then_changes_and_respects_create_only(bench, mug):
    made, first = bench.products.upsert_by_sku("MUG-1", mug(), expected_version=None)
    again, second = bench.products.upsert_by_sku("MUG-1", mug(title="Mug"), expected_version=None)

    assert (first, second) == ("created", "changed")
    assert again.id == made.id
    with pytest.raises(AlreadyExistsError):
        bench.products.upsert_by_sku("MUG-1", mug(), expected_version=None, create_only=True)


def test_upserting_contents_without_the_sku_of_the_address_is_refused(bench, mug):
    with pytest.raises(InvalidError):
        bench.products.upsert_by_sku("OTHER", mug(), expected_version=None)


def test_every_fault_of_a_product_is_reported_at_once(bench, mug):
    bad = mug(
        title="  ",
        slug="Not A Slug",
        categories=["cat_none"],
        variants=[
            VariantInput(sku="A", price=Money(-1, "GBP")),
            VariantInput(sku="A", price=Money(1, "EUR")),
        ],
        attributes={"a=b": float("nan")},
    )

    with pytest.raises(InvalidError) as refused:
        bench.products.create(bad)

    pointers = {fault.pointer for fault in refused.value.faults}
    assert {
        "/title",
        "/slug",
        "/categories/0",
        "/variants/0/price",
        "/variants/1/sku",
        "/variants/1/price",
    } <= pointers
    assert "/attributes/a=b" in pointers


def test_a_scheduled_price_shows_when_its_time_has_come_and_goes_again(bench, mug):
    now = bench.clock.now()
    sale = ScheduledPrice(
        price=Money(999, "GBP"),
        compare_at=Money(1999, "GBP"),
        valid_from=now + timedelta(hours=1),
        valid_until=now + timedelta(hours=2),
    )
    made = bench.products.create(mug(variants=[VariantInput(sku="MUG-1", price=Money(1999, "GBP"), schedule=[sale])]))

    def shown():
        for product_id in bench.shelves.due_price_changes(bench.clock.now()):
            bench.products.reproject(product_id)
        return msgspec.json.decode(bench.products.find_stored(made.id).public)["variants"][0]

    assert shown()["price"]["amount"] == 1999
    assert "schedule" not in shown()
    bench.clock.advance(3600)
    assert shown()["price"]["amount"] == 999
    assert shown()["compare_at"]["amount"] == 1999
    bench.clock.advance(3600)
    assert shown()["price"]["amount"] == 1999
    assert bench.shelves.due_price_changes(bench.clock.now() + timedelta(days=9)) == []


def test_upsert_many_reports_each_row_and_writes_the_good_ones(bench, mug):
    outcomes = bench.products.upsert_many(
        [(mug(), Restored()), (mug(sku="B", title=" "), Restored()), (mug(sku="C", title="Cup"), Restored())]
    )

    assert outcomes[0][1] == outcomes[2][1] == "created"
    assert isinstance(outcomes[1], InvalidError)
    again = bench.products.upsert_many([(input_of(bench.products.get(outcomes[0][0])), Restored())])
    assert again == [(outcomes[0][0], "unchanged")]


def test_two_rows_for_one_product_in_a_batch_do_not_both_count(bench, mug):
    first, second = bench.products.upsert_many([(mug(), Restored()), (mug(title="Cup"), Restored())])

    assert first[1] == "created"
    assert isinstance(second, ConflictError)


def test_a_row_that_names_skus_of_two_products_is_refused(bench, mug):
    bench.products.create(mug(sku="A"))
    bench.products.create(mug(sku="B", title="Cup"))

    (outcome,) = bench.products.upsert_many(
        [(mug(variants=[VariantInput(sku="A"), VariantInput(sku="B")]), Restored())]
    )

    assert isinstance(outcome, ShopError)


def test_what_does_not_exist_is_not_found(bench):
    for call in (
        lambda: bench.products.get("prod_none"),
        lambda: bench.products.resolve("sku:none"),
        lambda: bench.products.resolve("slug:none"),
        lambda: bench.products.patch("prod_none", {}, expected_version=1),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_a_product_with_more_records_than_a_transaction_holds_is_refused_whole(bench, mug):
    places = [bench.category(f"Category {n}") for n in range(5)]
    variants = [VariantInput(sku=f"S{n}") for n in range(50)]
    made = bench.products.create(mug(categories=places, variants=variants))

    others = [VariantInput(sku=f"T{n}") for n in range(50)]
    with pytest.raises(InvalidError, match="smaller changes"):
        bench.products.replace(made.id, mug(categories=places, variants=others), expected_version=1)

    assert bench.products.get(made.id) == made
