"""Product files: what rows may look like, and that importing again changes nothing."""

import gzip

import pytest

from bodega.domain.catalog.shelves import ShelfQuery
from bodega.values.money import Money


def product(shop, sku):
    return shop.catalog.products.get(shop.catalog.products.find_id_by_sku(sku))


def test_a_simple_row_becomes_an_active_product_in_its_category(shop, write, take):
    path = write(
        {
            "sku": "MUG-1",
            "title": "Red mug",
            "price": 19.99,
            "brand": "Acme",
            "category": "Kitchen > Mugs",
            "stock": 7,
            "image": "media/mug.svg",
            "attributes.Colour": "red",
        }
    )

    job = take(shop, "products", path)

    made = product(shop, "MUG-1")
    tree = shop.catalog.taxonomy.tree(current=True)
    assert (job.state, job.read, job.created, job.rejected) == ("done", 1, 1, 0)
    assert (made.title, made.brand, made.status) == ("Red mug", "Acme", "active")
    assert made.variants[0].price == Money(1999, "GBP")
    assert [c.name for c in tree.path(made.categories[0])] == ["Kitchen", "Mugs"]
    assert made.attributes == {"Colour": "red"}
    assert made.media[0].key == "media/mug.svg"
    assert shop.inventory.find_levels(["MUG-1"])["MUG-1"].on_hand == 7


def test_importing_the_same_file_again_writes_nothing(shop, write, take):
    path = write(*({"sku": f"S{i}", "title": f"Thing {i}", "price": "1.00", "stock": 3} for i in range(20)))
    take(shop, "products", path)
    before = shop.world.table.last_position()

    job = take(shop, "products", path)

    assert (job.created, job.changed, job.unchanged) == (0, 0, 20)
    assert shop.world.table.last_position() == before
    assert product(shop, "S3").version == 1


def test_a_price_list_changes_prices_and_leaves_the_rest(shop, write, take):
    take(shop, "products", write({"sku": "A", "title": "Mug", "price": 1, "description": "fine", "category": "Mugs"}))

    job = take(shop, "products", write({"sku": "A", "price": "2.50"}))

    assert job.changed == 1
    assert product(shop, "A").variants[0].price == Money(250, "GBP")
    assert (product(shop, "A").description, len(product(shop, "A").categories)) == ("fine", 1)


def test_a_flat_row_changes_one_variant_of_several(shop, write, take):
    variants = [{"sku": sku, "price": {"amount": 100, "currency": "GBP"}} for sku in ("A-S", "A-L")]
    take(shop, "products", write({"title": "Shirt", "variants": variants}))

    take(shop, "products", write({"sku": "A-L", "price": 3}, {"sku": "A-S", "price": 2}))

    assert [(v.sku, v.price.amount) for v in product(shop, "A-S").variants] == [("A-S", 200), ("A-L", 300)]


def test_the_later_of_two_rows_for_one_sku_counts(shop, write, take):
    job = take(shop, "products", write(*({"sku": "A", "title": f"Mug {i}"} for i in range(5))))

    assert (job.created, job.changed) == (1, 4)
    assert product(shop, "A").title == "Mug 4"


def test_skus_that_differ_only_in_unicode_form_are_one_product(shop, write, take):
    job = take(shop, "products", write({"sku": "\uff21\uff11", "title": "Wide"}, {"sku": "A1", "title": "Narrow"}))

    assert (job.created, job.changed) == (1, 1)
    assert product(shop, "A1").title == "Narrow"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"title": "no sku"}, "required"),
        ({"sku": "A"}, "required"),
        ({"sku": "A", "title": "x", "price": "cheap"}, "bad_price"),
        ({"sku": "A", "title": "x", "price": "1.999"}, "bad_price"),
        ({"sku": "A", "title": "x", "price": float(10**300)}, "bad_price"),
        ({"sku": "A", "title": "x", "price": 1, "currency": "EUR"}, "other_currency"),
        ({"sku": "A", "title": "x", "price": -1}, "out_of_range"),
        ({"sku": "A", "title": "x", "colour": "red"}, "unknown_field"),
        ({"sku": "A", "title": "x" * 201}, "out_of_range"),
        ({"sku": "A", "title": "a\x00b"}, "bad_text"),
        ({"sku": "A", "title": "x", "stock": -1}, "out_of_range"),
        ({"sku": "A", "title": "x", "stock": "some"}, "wrong_type"),
        ({"sku": "A", "title": "x", "category": "A > > B"}, "bad_category"),
        ({"sku": "A", "title": "x", "category": " > ".join("abcdefgh")}, "bad_category"),
        ({"sku": "A", "title": "x", "category": "n" * 81}, "bad_category"),
        ({"sku": "A", "title": "x", "status": "sold"}, "wrong_type"),
        ({"sku": "A", "title": "x", "attributes": "{broken"}, "bad_json"),
        ({"sku": "A", "title": "x", "attributes": "red", "attributes.Colour": "red"}, "wrong_type"),
        ({"sku": "A", "title": "x", "options": [1], "options.Size": "L"}, "wrong_type"),
        ({"title": "x", "variants": []}, "out_of_range"),
        ({"title": "x", "variants": [{"sku": "A"}], "stock": {"B": 1}}, "unknown_sku"),
        ({"title": "x", "variants": [{"sku": "A"}], "created_at": "2025-01-01T00:00:00"}, "bad_time"),
        ("{not json", "unreadable_row"),
    ],
)
def test_a_bad_row_is_rejected_with_line_and_reason_and_the_rest_goes_on(shop, write, take, row, reason):
    rejections = []

    job = take(shop, "products", write(row, {"sku": "OK", "title": "Fine"}), on_rejection=rejections.append)

    assert (job.state, job.read, job.created, job.rejected_by_reason) == ("done", 2, 1, {reason: 1})
    assert [(r.line, r.reason) for r in rejections] == [(1, reason)]
    assert [(r.line, r.reason) for r in shop.jobs.rejections(job.id).rows] == [(1, reason)]


def test_a_product_too_large_for_any_table_is_rejected_alone(shop, write, take):
    huge = {f"a{i}": ["\u4e00" * 500] * 50 for i in range(8)}

    job = take(shop, "products", write({"sku": "A", "title": "x", "attributes": huge}, {"sku": "OK", "title": "Fine"}))

    assert job.rejected_by_reason == {"too_large": 1}
    assert job.created == 1


def test_columns_can_be_named_and_left_out(shop, write, take):
    path = write({"code": "A", "what": "Mug", "internal": "x"})

    job = take(shop, "products", path, columns={"sku": "code", "title": "what"}, options={"ignore": "internal"})

    assert job.created == 1
    assert product(shop, "A").title == "Mug"


def test_imported_products_can_be_searched_at_once(shop, write, take):
    take(shop, "products", write({"sku": "A", "title": "Turquoise teapot"}))

    page = shop.catalog.shelves.find(ShelfQuery(text="turquoise"))

    assert page.total == 1


def test_a_csv_file_of_flat_columns_is_read(shop, write, take):
    text = 'sku,title,price,category,attributes.Size,stock\nA,"Mug, red",1.50,Kitchen > Mugs,L,4\nB,Bowl,,,,\n'
    path = write(text.rstrip(), name="rows.csv")

    job = take(shop, "products", path)

    assert (job.read, job.created, job.rejected) == (2, 2, 0)
    assert product(shop, "A").title == "Mug, red"
    assert product(shop, "A").attributes == {"Size": "L"}
    assert product(shop, "B").variants[0].price is None


def test_a_gzip_file_that_ends_early_fails_the_job_and_the_corrected_one_goes_on(shop, write, take, tmp_path):
    rows = write(*({"sku": f"S{i}", "title": f"Thing {i}", "description": "x" * 300} for i in range(3000)))
    whole = gzip.compress(rows.read_bytes(), mtime=0)
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(whole[: len(whole) * 3 // 4])

    failed = take(shop, "products", path, fingerprint="head:1")
    path.write_bytes(whole)
    done = take(shop, "products", path, fingerprint="head:2", resume=failed.id)

    assert failed.state == "failed"
    assert failed.message
    assert failed.checkpoint.line > 0
    assert (done.state, done.read, done.created, done.unchanged) == ("done", 3000, 3000, 0)


def test_a_file_that_is_not_what_its_name_says_fails_with_a_message(shop, tmp_path, take):
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"sku,title\nA,Mug\n")

    job = take(shop, "products", path)

    assert (job.state, job.read) == ("failed", 0)
    assert job.message


def test_a_gzip_bomb_fails_the_job_and_writes_nothing(shop, tmp_path, take):
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=9) as bomb:
        for _ in range(100):
            bomb.write(b" " * (1 << 20))

    job = take(shop, "products", path)

    assert (job.state, job.created) == ("failed", 0)
    assert job.message


def test_a_cell_of_10_mb_is_one_rejected_row(shop, write, take):
    path = write({"sku": "A", "title": "x", "description": "y" * 10_000_000}, {"sku": "OK", "title": "Fine"})

    job = take(shop, "products", path)

    assert (job.state, job.created, job.rejected) == ("done", 1, 1)
