"""Review files: products by any name, one review a reviewer, ratings that add up."""

import pytest

from bodega.domain.catalog.model import Rating


@pytest.fixture
def stocked(shop, write, take):
    take(shop, "products", write({"sku": "A", "title": "Mug"}, {"sku": "B", "title": "Bowl"}))
    sold = {"order": "1", "sku": "A", "quantity": 1, "unit_price": 1, "time": "2025-01-01T00:00:00Z", "customer": "c1"}
    take(shop, "sales", write(sold))
    return shop


def id_of(shop, sku):
    return shop.catalog.products.find_id_by_sku(sku)


def rating_of(shop, sku):
    return shop.catalog.products.get(id_of(shop, sku)).rating


def test_reviews_find_their_product_by_sku_slug_or_id_and_the_rating_adds_up(stocked, write, take):
    path = write(
        {"sku": "A", "rating": 5, "reviewer": "r1", "text": "Great"},
        {"product": "slug:mug", "rating": 4, "reviewer": "r2"},
        {"product_id": id_of(stocked, "A"), "rating": 2, "reviewer": "r3"},
        {"product": "sku:B", "rating": "3", "reviewer": "r1"},
    )

    job = take(stocked, "reviews", path)

    assert (job.created, job.rejected) == (4, 0)
    assert rating_of(stocked, "A") == Rating(count=3, total=11)
    assert rating_of(stocked, "B") == Rating(count=1, total=3)


def test_a_reviewer_has_one_review_a_product_and_the_later_counts(stocked, write, take):
    take(stocked, "reviews", write({"sku": "A", "rating": 5, "reviewer": "r1"}))

    job = take(stocked, "reviews", write({"sku": "A", "rating": 1, "reviewer": "r1"}))

    assert (job.created, job.changed) == (0, 1)
    assert rating_of(stocked, "A") == Rating(count=1, total=1)


def test_the_same_file_again_changes_nothing(stocked, write, take):
    path = write({"sku": "A", "rating": 5, "text": "Great", "author": "Ann", "time": "2025-02-01T00:00:00Z"})
    take(stocked, "reviews", path)
    before = stocked.world.table.last_position()

    job = take(stocked, "reviews", path)

    assert (job.created, job.changed, job.unchanged) == (0, 0, 1)
    assert stocked.world.table.last_position() == before


def test_a_review_is_verified_if_that_customer_bought_that_product(stocked, write, take):
    take(
        stocked,
        "reviews",
        write({"sku": "A", "rating": 5, "customer": "c1"}, {"sku": "B", "rating": 5, "customer": "c1"}),
    )

    verified = {review.product_id: review.verified for review in stocked.reviews.all()}
    assert verified == {id_of(stocked, "A"): True, id_of(stocked, "B"): False}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"rating": 5}, "missing_product"),
        ({"sku": "NO", "rating": 5}, "unknown_product"),
        ({"product": "slug:nothing", "rating": 5}, "unknown_product"),
        ({"sku": "A"}, "required"),
        ({"sku": "A", "rating": 6}, "out_of_range"),
        ({"sku": "A", "rating": 4.5}, "wrong_type"),
        ({"sku": "A", "rating": 5, "text": "x" * 5001}, "out_of_range"),
        ({"sku": "A", "rating": 5, "author": "a\x07"}, "bad_text"),
        ({"sku": "A", "rating": 5, "time": "soon"}, "bad_time"),
        ({"sku": "A", "rating": 5, "stars": 3}, "unknown_field"),
    ],
)
def test_a_bad_review_is_rejected_with_its_reason(stocked, write, take, row, reason):
    job = take(stocked, "reviews", write(row, {"sku": "A", "rating": 5}))

    assert (job.created, job.rejected_by_reason) == (1, {reason: 1})


def test_ratings_are_right_after_an_interruption_between_reviews_and_recount(stocked, write, take):
    path = write({"sku": "A", "rating": 5, "reviewer": "r1"})

    def stop(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(stocked, "reviews", path, fingerprint="same:1", on_progress=stop)
    take(stocked, "reviews", path, fingerprint="same:1")

    assert rating_of(stocked, "A") == Rating(count=1, total=5)
