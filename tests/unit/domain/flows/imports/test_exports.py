"""What export writes, import reads back: the same shop, to the byte."""

import pytest

SUBJECTS = [
    ("categories", "categories"),
    ("products", "products"),
    ("customers", "customers"),
    ("orders", "sales"),
    ("reviews", "reviews"),
]


@pytest.fixture
def full(shop, write, take):
    """Return a shop with something of everything, odd names among it."""
    variants = [
        {"sku": "T-S", "price": {"amount": 1000, "currency": "GBP"}, "options": {"Size": "S"}, "weight_grams": 120},
        {
            "sku": "T-L",
            "price": {"amount": 1200, "currency": "GBP"},
            "compare_at": {"amount": 1500, "currency": "GBP"},
            "schedule": [{"price": {"amount": 900, "currency": "GBP"}, "valid_from": "2026-05-01T00:00:00Z"}],
        },
    ]
    take(
        shop,
        "products",
        write(
            {"sku": "A", "title": "Café mug — 大", "price": 9.5, "category": r"Kitchen > Mugs \> 1 litre", "stock": 3},
            {"sku": "B", "title": "Café mug — 大", "status": "draft", "description": 'a "quoted",\nbroken line'},
            {
                "title": "Shirt",
                "variants": variants,
                "categories": ["Clothes", r"Kitchen > Mugs \> 1 litre"],
                "collections": ["Summer sale"],
                "attributes": {"Eco": True, "Weight": 1.5, "Count": 3, "Tags": ["a", "b"], "Digits": "007"},
                "media": [{"key": "media/s.svg", "alt": "a shirt", "width": 10, "height": 10}],
                "stock": {"T-S": 0, "T-L": 9},
            },
        ),
    )
    sold = {"order": "1", "quantity": 2, "unit_price": 9.49, "time": "2025-01-01T00:00:00.123456Z", "customer": "c1"}
    take(
        shop,
        "sales",
        write(
            {**sold, "sku": "A", "name": "OLD NAME"},
            {**sold, "sku": "A", "name": "OLD NAME"},
            {**sold, "sku": "NEW"},
            {**sold, "order": "2", "sku": "NEW", "customer": None},
        ),
    )
    reviews = [
        {"sku": "A", "rating": 4, "text": "Good\nmug", "title": "Yes", "author": "Ann", "customer": "c1"},
        {"sku": "A", "rating": 2, "reviewer": "r2", "status": "pending", "time": "2025-03-01T00:00:00.5Z"},
    ]
    take(shop, "reviews", write(*reviews))
    return shop


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "jsonl.gz"])
def test_export_import_export_gives_the_same_file(full, open_at, take, tmp_path, suffix):
    copy = open_at("copy")

    for subject, importer in SUBJECTS:
        first, second = tmp_path / f"1-{subject}.{suffix}", tmp_path / f"2-{subject}.{suffix}"
        written = full.exporter.write(subject, first)
        job = take(copy, importer, first)
        copy.exporter.write(subject, second)

        assert (job.state, job.rejected_by_reason, job.read) == ("done", {}, written)
        assert list(copy.exporter.rows(subject)) == list(full.exporter.rows(subject))
        if not suffix.endswith(".gz"):
            assert first.read_bytes() == second.read_bytes()
    assert list(copy.exporter.rows("products")) == list(full.exporter.rows("products"))


def test_products_survive_without_the_categories_file(full, open_at, take, tmp_path):
    copy = open_at("copy")
    path = tmp_path / "products.jsonl"

    full.exporter.write("products", path)
    take(copy, "products", path)

    assert list(copy.exporter.rows("products")) == list(full.exporter.rows("products"))


def test_importing_an_export_into_its_own_shop_changes_nothing(full, take, tmp_path):
    for subject, importer in SUBJECTS:
        path = tmp_path / f"{subject}.jsonl"
        full.exporter.write(subject, path)
        before = full.world.table.last_position()

        job = take(full, importer, path)

        assert (job.created, job.changed, job.rejected) == (0, 0, 0), subject
        assert full.world.table.last_position() == before


def test_a_product_under_another_id_is_matched_by_sku(full, open_at, write, take, tmp_path):
    other = open_at("other")
    take(other, "products", write({"sku": "T-S", "title": "Old shirt"}, name="old.jsonl"))
    path = tmp_path / "products.jsonl"
    full.exporter.write("products", path)

    job = take(other, "products", path)

    product = other.catalog.products.get(other.catalog.products.find_id_by_sku("T-S"))
    assert job.rejected == 0
    assert (product.title, [v.sku for v in product.variants], product.version) == ("Shirt", ["T-S", "T-L"], 2)
