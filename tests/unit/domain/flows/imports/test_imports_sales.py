"""Sales files: products, anonymous customers and past orders from order lines."""

import itertools
from datetime import UTC, datetime

import pytest

from bodega.domain.flows.imports import sales
from bodega.domain.orders.model import natural_id
from bodega.values.money import Money


def line(order="1", sku="A", **changes):
    row = {
        "order": order,
        "sku": sku,
        "name": f"THING {sku}",
        "quantity": 1,
        "unit_price": 2.5,
        "time": "2025-06-01T10:00:00Z",
        "customer": "c1",
    }
    return {**row, **changes}


def order_of(shop, number, source="sales"):
    return shop.orders.find(natural_id("ord", source, number))


def lines_of(shop, number):
    return sorted((one.sku, one.quantity, one.unit_price.amount) for one in order_of(shop, number).lines)


def test_lines_scattered_over_the_file_become_one_order(shop, write, take):
    path = write(
        line("1", "A"), line("2", "A"), line("1", "K", quantity=3), line("1", "A", time="2025-06-01T09:00:00Z")
    )

    job = take(shop, "sales", path)

    assert (job.read, job.created, dict(job.counts)) == (4, 2, {"products": 2, "customers": 1})
    assert lines_of(shop, "1") == [("A", 1, 250), ("A", 1, 250), ("K", 3, 250)]
    assert order_of(shop, "1").placed_at == datetime(2025, 6, 1, 9, 0, tzinfo=UTC)
    assert order_of(shop, "1").customer_id == natural_id("cus", "sales", "c1")


def test_a_missing_product_gets_its_best_name_and_median_price(shop, write, take):
    path = write(
        line("1", name="RED MUG", unit_price=3),
        line("2", name="RED MUG", unit_price=3),
        line("3", name="Mug red", unit_price=2),
        *(line(str(n), name="damaged", unit_price=1) for n in range(4, 8)),
        line("8", name="?", unit_price=9),
    )

    take(shop, "sales", path)

    made = shop.catalog.products.get(shop.catalog.products.find_id_by_sku("A"))
    tree = shop.catalog.taxonomy.tree(current=True)
    assert (made.title, made.status) == ("RED MUG", "active")
    assert made.variants[0].price == Money(100, "GBP")
    assert [tree.by_id[c].name for c in made.categories] == ["Imported"]


def test_a_product_that_is_there_stays_as_it_is(shop, write, take):
    take(shop, "products", write({"sku": "A", "title": "My mug", "price": 9}))

    job = take(shop, "sales", write(line("1", "A"), name="sales.jsonl"))

    product_id = shop.catalog.products.find_id_by_sku("A")
    assert job.counts.get("products", 0) == 0
    assert shop.catalog.products.get(product_id).title == "My mug"
    assert order_of(shop, "1").lines[0].product_id == product_id


def test_importing_the_same_sales_again_changes_nothing(shop, write, take):
    path = write(line("1"), line("1"), line("2", "K"), line("3", customer=None))
    take(shop, "sales", path)
    before = shop.world.table.last_position()

    job = take(shop, "sales", path)

    assert (job.created, job.changed, job.unchanged) == (0, 0, 3)
    assert shop.world.table.last_position() == before
    assert lines_of(shop, "1") == [("A", 1, 250), ("A", 1, 250)]


def test_equal_lines_under_two_names_keep_both_names(shop, write, take):
    path = write(line("1", name="RED MUG"), line("1", name="MUG, RED"))
    take(shop, "sales", path)

    job = take(shop, "sales", path)

    assert (job.changed, job.unchanged) == (0, 1)
    assert [one.name for one in order_of(shop, "1").lines] == ["RED MUG", "MUG, RED"]


def test_overlapping_files_never_double_and_never_lose_a_line(shop, write, take):
    rows = [line("1", sku, quantity=n) for n, sku in enumerate("AAKKZ", 1)]
    for start, end in itertools.combinations(range(len(rows) + 1), 2):
        take(shop, "sales", write(*rows[start:end]))

    assert lines_of(shop, "1") == [("A", 1, 250), ("A", 2, 250), ("K", 3, 250), ("K", 4, 250), ("Z", 5, 250)]


def test_a_later_file_without_the_customer_does_not_make_the_order_a_guests(shop, write, take):
    take(shop, "sales", write(line("1")))
    take(shop, "sales", write(line("1", "K", customer=None)))

    assert order_of(shop, "1").customer_id == natural_id("cus", "sales", "c1")
    assert len(order_of(shop, "1").lines) == 2


def test_sources_keep_equal_order_numbers_apart(shop, write, take):
    take(shop, "sales", write(line("1")))
    take(shop, "sales", write(line("1", "K")), options={"source": "market"})

    assert lines_of(shop, "1") == [("A", 1, 250)]
    assert [one.sku for one in order_of(shop, "1", "market").lines] == ["K"]


def test_refused_lines_are_counted_by_reason(shop, write, take):
    path = write(line("C1"), line("A2"), line("3", "POST"), line("4", quantity=-1), line("5", unit_price=0), line("6"))

    job = take(shop, "sales", path)

    assert job.created == 1
    assert job.rejected_by_reason == dict.fromkeys(
        ("cancellation", "adjustment", "not_goods", "return_or_correction", "price_not_positive"), 1
    )


def test_an_order_with_too_many_lines_is_refused_line_by_line(shop, write, take, monkeypatch):
    monkeypatch.setattr(sales, "MAX_ORDER_LINES", 3)
    path = write(*(line("1", f"S{i}") for i in range(5)), line("2"))

    job = take(shop, "sales", path)

    assert (job.created, job.rejected_by_reason) == (1, {"order_too_large": 5})
    assert [r.line for r in shop.jobs.rejections(job.id).rows] == [1, 2, 3, 4, 5]


def test_an_order_too_large_for_one_item_is_refused_whole(shop, write, take):
    path = write(*(line("1", f"S{i:04d}", name="\u4e00" * 150) for i in range(1000)), line("2"))

    job = take(shop, "sales", path)

    assert job.state == "done"
    assert (job.created, job.rejected_by_reason) == (1, {"order_too_large": 1000})


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_an_interrupted_run_goes_on_and_counts_as_if_it_had_not_been(shop, write, take, monkeypatch, stop_after):
    monkeypatch.setattr(sales, "_ORDERS", 2)
    path = write(*(line(f"{i:02d}", f"S{i}") for i in range(10)), line("C1"))
    saves = itertools.count()

    def stop(job):
        if job.checkpoint.phase == "orders" and next(saves) == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(shop, "sales", path, fingerprint="same:1", on_progress=stop)
    job = take(shop, "sales", path, fingerprint="same:1")

    assert (job.state, job.read, job.created, job.unchanged) == ("done", 11, 10, 0)
    assert (job.counts["products"], job.rejected_by_reason) == (10, {"cancellation": 1})
    assert len(list(shop.orders.all())) == 10
