"""Hold the catalog to its answers when what comes in is broken, huge or older than what others made meanwhile."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from bodega import schema
from bodega.adapters.system.ids import SeededIds
from bodega.domain.catalog.model import (
    MAX_LISTS,
    AttributeInput,
    Card,
    CategoryInput,
    CollectionInput,
    Rating,
    ScheduledPrice,
    VariantInput,
)
from bodega.domain.catalog.products import Products, Restored, SlugTakenError
from bodega.domain.catalog.records import product_key
from bodega.domain.catalog.shelves import ShelfQuery, Shelves
from bodega.domain.catalog.taxonomy import InUseError, Taxonomy
from bodega.domain.flows.indexing import Indexer
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.table import Key, LimitExceededError, Update
from bodega.values.money import MAX_AMOUNT, Money

HOSTILE = {
    "empty": "",
    "blank": " ",
    "NUL": "\0",
    "surrogate": "\ud800",
    "10 KB": "x" * 10_000,
    "long in bytes": "é" * 600,
    "two lines": "a\nb",
}


class Elsewhere:
    """Another process on the same data: its own caches, the same table and index."""

    def __init__(self, bench):
        ids = SeededIds(99, bench.clock)
        self.taxonomy = Taxonomy(table=bench.table, clock=bench.clock, ids=ids)
        self.products = Products(table=bench.table, taxonomy=self.taxonomy, clock=bench.clock, ids=ids, currency="GBP")
        search = bench.indexer._search
        self.shelves = Shelves(
            table=bench.table, search=search, taxonomy=self.taxonomy, clock=bench.clock, catch_up=lambda: None
        )
        self.indexer = Indexer(
            table=bench.table, search=search, shelves=self.shelves, sold=dict, reproject=self.products.reproject
        )
        self.taxonomy.tree()  # what it keeps is from now on a little old
        self.taxonomy.collections()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_from_outside_does_more_than_be_refused_or_not_found(bench, mug, text):
    products, shelves, taxonomy = bench.products, bench.shelves, bench.taxonomy
    calls = {
        "get": lambda: products.get(text),
        "patch": lambda: products.patch(text, {}, expected_version=None),
        "archive": lambda: products.archive(text, expected_version=None),
        "resolve slug": lambda: products.resolve(f"slug:{text}"),
        "resolve sku": lambda: products.resolve(f"sku:{text}"),
        "set rating": lambda: products.set_rating(text, Rating(1, 5)),
        "upsert": lambda: products.upsert_by_sku(text, mug(), expected_version=None),
        "category": lambda: products.create(mug(categories=[text])),
        "collection": lambda: products.create(mug(collections=[text])),
        "move beneath": lambda: taxonomy.create_category(CategoryInput(name="Shelf", parent=text)),
        "category slug": lambda: taxonomy.create_category(CategoryInput(name="Shelf", slug=text)),
        "remove category": lambda: taxonomy.remove_category(text, expected_version=None),
        "remove collection": lambda: taxonomy.remove_collection(text, expected_version=None),
        "remove attribute": lambda: taxonomy.remove_attribute(text, expected_version=None),
    }
    for name, call in calls.items():
        with pytest.raises((InvalidError, NotFoundError)) as refused:
            call()
        assert not isinstance(refused.value, LimitExceededError), name

    assert products.find_stored(text) is None
    assert products.find_many_stored([text]) == {}
    assert products.find_id_by_slug(text) is None
    assert products.find_ids_by_sku([text]) == {}
    assert products.set_ratings({text: Rating(1, 5)}) == 0
    assert not products.reproject(text)
    assert shelves.cards([text]) == {}
    assert shelves.documents([text], {}).documents == []


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\nb"], ids=ascii)
def test_broken_text_in_an_id_or_a_label_is_a_fault_and_not_a_crash(bench, mug, text):
    with pytest.raises(InvalidError):
        bench.products.create(mug(variants=[VariantInput(sku="A", id=text)]))
    with pytest.raises(InvalidError):
        bench.taxonomy.declare_attribute("colour", AttributeInput(type="text", label=text))
    with pytest.raises(InvalidError):
        bench.taxonomy.declare_attribute("colour", AttributeInput(type="text", choices=["red", text]))


def test_a_row_that_brings_along_nonsense_is_refused_and_its_neighbours_are_written(bench, mug):
    offset = timezone(timedelta(hours=14))
    nonsense = [
        *(Restored(id=text) for text in ("", "\0", "\ud800", "x" * 10_000)),
        Restored(version=0),
        Restored(version=2**63),
        Restored(created_at=datetime(2026, 1, 1)),  # noqa: DTZ001
        Restored(created_at=datetime(1, 1, 1, tzinfo=offset)),
        Restored(rating=Rating(-1, 5)),
        Restored(rating=Rating(1, 6)),
    ]
    rows = [(mug(sku=f"S{n}", title=f"Mug {n}"), restored) for n, restored in enumerate([*nonsense, Restored()])]

    *refused, written = bench.products.upsert_many(rows)

    assert all(isinstance(outcome, InvalidError) for outcome in refused)
    assert written[1] == "created"


def test_a_restored_product_keeps_its_id_version_and_times_and_the_slug_is_sound(bench, mug):
    bench.products.create(mug())
    then = datetime(2020, 2, 29, 12, tzinfo=UTC)
    restored = Restored(id="Old #1_!", version=41, created_at=then, updated_at=then, rating=Rating(2, 9))

    made = bench.products.create(mug(sku="B"), restored=restored)

    assert (made.id, made.version, made.created_at, made.rating) == ("Old #1_!", 41, then, Rating(2, 9))
    assert bench.products.patch(made.id, {"slug": made.slug, "title": "Jug"}, expected_version=41).version == 42
    assert [p.id for p in bench.products.all()] == sorted(p.id for p in bench.products.all())
    assert len(list(bench.products.all())) == 2


def test_ids_that_end_alike_get_slugs_that_differ(bench, mug):
    slugs = {
        bench.products.create(mug(sku=f"S{n}"), restored=Restored(id=f"{shop}-00000001")).slug
        for n, shop in enumerate(("first", "second", "third", "fourth"))
    }

    assert len(slugs) == 4


def test_of_two_who_create_the_same_title_at_once_both_get_a_slug(bench, mug):
    elsewhere = Elsewhere(bench)
    looked = elsewhere.products.find_id_by_slug

    def look_then_lose(slug):
        found = looked(slug)
        if bench.products.find_id_by_sku("FIRST") is None:
            bench.products.create(mug(sku="FIRST"))
        return found

    elsewhere.products.find_id_by_slug = look_then_lose

    assert elsewhere.products.create(mug(sku="SECOND")).slug.startswith("red-mug-")
    with pytest.raises(SlugTakenError):  # a slug that was asked for is not exchanged
        elsewhere.products.create(mug(sku="THIRD", slug="red-mug"))


def test_a_batch_in_which_a_slug_is_taken_by_a_change_gives_the_new_product_another(bench, mug):
    made = bench.products.create(mug(sku="A", title="Blue jug"))

    changed, created = bench.products.upsert_many(
        [(mug(sku="A", title="Blue jug", slug="red-mug"), Restored()), (mug(sku="B"), Restored())]
    )

    assert (changed, created[1]) == ((made.id, "changed"), "created")
    assert bench.products.get(created[0]).slug.startswith("red-mug-")


def test_rows_of_a_batch_may_pass_a_sku_from_one_product_to_a_new_one(bench, mug):
    bench.products.create(mug(sku="A"))
    one = (mug(variants=[VariantInput(sku="B")]), Restored(id=bench.products.find_id_by_sku("A")))

    first, second = bench.products.upsert_many([one, (mug(sku="A", title="Jug"), Restored())])
    (again,) = bench.products.upsert_many([(mug(sku="A", title="Jug"), Restored())])

    assert first[1] == "changed"
    assert second.code == "repeated"  # not "stale": the row is to be sent again, and then it is sound
    assert again[1] == "created"


def test_true_and_one_are_different_values_of_an_attribute(bench, mug):
    made = bench.products.create(mug(attributes={"washable": 1}))

    changed = bench.products.patch(made.id, {"attributes": {"washable": True}}, expected_version=1)

    assert changed.attributes["washable"] is True
    assert bench.products.upsert_many([(mug(attributes={"washable": 1}), Restored())]) == [(made.id, "changed")]


def test_a_variant_whose_id_went_to_another_sku_does_not_share_it(bench, mug):
    made = bench.products.create(mug(sku="A"))
    renamed = VariantInput(id=made.variants[0].id, sku="B")

    changed = bench.products.replace(made.id, mug(variants=[renamed, VariantInput(sku="A")]), expected_version=1)

    assert changed.variants[0].id == made.variants[0].id
    assert changed.variants[1].id != made.variants[0].id
    assert bench.products.patch(made.id, {"title": "Mug"}, expected_version=2).version == 3


def test_what_has_become_invalid_since_can_still_be_archived(bench, mug):
    place = bench.category("Shelf")
    made = bench.products.create(mug(status="draft", categories=[place], attributes={"size": "large"}))
    bench.taxonomy.declare_attribute("size", AttributeInput(type="integer"))
    bench.taxonomy.remove_category(place, expected_version=None)

    assert bench.products.archive(made.id, expected_version=1).status == "archived"


def test_a_draft_is_not_put_on_sale_in_a_category_that_is_gone(bench, mug):
    place = bench.category("Shelf")
    made = bench.products.create(mug(status="draft", categories=[place]))
    elsewhere = Elsewhere(bench)
    bench.taxonomy.remove_category(place, expected_version=None)

    with pytest.raises(InvalidError) as refused:
        elsewhere.products.patch(made.id, {"status": "active"}, expected_version=1)

    assert refused.value.faults[0].code == "unknown_category"


@pytest.mark.parametrize("late", [False, True], ids=["before it looks", "after it looked"])
def test_a_category_is_not_removed_from_under_a_product_that_is_being_put_into_it(bench, mug, late):
    place = bench.category("Shelf")
    elsewhere, query, outcomes = Elsewhere(bench), bench.table.query, []

    def put_in_meanwhile(table, *args, **kwargs):
        found = query(table, *args, **kwargs) if late else None
        if table == schema.LISTINGS and not outcomes:
            for change in (
                lambda: elsewhere.products.create(mug(categories=[place])),
                lambda: elsewhere.taxonomy.create_category(CategoryInput(name="Below", parent=place)),
            ):
                with pytest.raises(InvalidError) as refused:
                    change()
                outcomes.append(refused.value.faults[0].code)
        return found or query(table, *args, **kwargs)

    bench.table.query = put_in_meanwhile
    bench.taxonomy.remove_category(place, expected_version=1)

    assert outcomes == ["unknown_category"] * 2
    assert bench.taxonomy.tree(current=True).by_id == {}


def test_a_category_that_could_not_be_removed_takes_products_again(bench, mug):
    place = bench.category("Shelf")
    bench.products.create(mug(categories=[place]))
    with pytest.raises(InUseError):
        bench.taxonomy.remove_category(place, expected_version=1)

    assert bench.products.create(mug(sku="B", categories=[place])).categories == [place]


def test_a_category_that_a_killed_process_was_removing_can_be_removed_or_opened(bench, mug):
    places = [bench.category("Shelf"), bench.category("Case")]
    for place in places:  # what is left when a process dies between its two writes
        bench.table.transact([Update(schema.CATALOG, Key("categories", place), set={"closing": True})])
    with pytest.raises(InvalidError):
        bench.products.create(mug(categories=places))

    bench.taxonomy.remove_category(places[0], expected_version=1)
    bench.taxonomy.modify_category(places[1], CategoryInput(name="Case"), expected_version=1)

    assert bench.products.create(mug(categories=places[1:])).categories == places[1:]


def test_what_another_process_just_made_is_known(bench, mug):
    elsewhere = Elsewhere(bench)
    place = bench.category("Shelf")
    group = bench.taxonomy.create_collection(CollectionInput(name="Gifts")).id

    made = elsewhere.products.create(mug(categories=[place], collections=[group]))

    assert (made.categories, made.collections) == ([place], [group])


def test_a_product_in_a_category_younger_than_the_indexing_process_knows_is_found_in_it(bench, mug):
    elsewhere = Elsewhere(bench)
    bench.indexer.catch_up()
    bench.products.create(mug(categories=[bench.category("Shelf")]))

    elsewhere.indexer.catch_up()

    (counted,) = bench.shelves.category_counts()
    assert counted.products == 1


def test_a_reader_who_looked_before_a_commit_does_not_keep_what_it_saw(bench):
    taxonomy, table, place = bench.taxonomy, bench.table, bench.category("Shelf")
    query, transact = table.query, table.transact
    looked, over = threading.Event(), threading.Event()

    def slow_query(*args, **kwargs):
        page = query(*args, **kwargs)
        looked.set()
        over.wait(0.3)  # until the change is over, or waits for us
        return page

    reader = threading.Thread(target=taxonomy.tree, kwargs={"current": True})

    def commit_after_the_reader_looked(*args, **kwargs):
        table.query = slow_query
        reader.start()
        looked.wait()
        transact(*args, **kwargs)

    table.transact = commit_after_the_reader_looked
    taxonomy.modify_category(place, CategoryInput(name="Renamed"), expected_version=None)
    over.set()
    reader.join()

    assert taxonomy.tree().by_id[place].name == "Renamed"


def test_a_time_that_cannot_be_written_in_utc_is_a_fault(bench, mug):
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    schedule = [
        ScheduledPrice(price=Money(1, "GBP"), valid_until=last),
        ScheduledPrice(price=Money(1, "GBP"), valid_from=naive),
        ScheduledPrice(price=Money(-1, "GBP")),
    ]

    with pytest.raises(InvalidError) as refused:
        bench.products.create(mug(variants=[VariantInput(sku="A", price=Money(9, "GBP"), schedule=schedule)]))

    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/variants/0/schedule/0/valid_until", "bad_time"),
        ("/variants/0/schedule/1/valid_from", "bad_time"),
        ("/variants/0/schedule/2/price", "out_of_range"),
    ]


def test_of_overlapping_scheduled_prices_the_one_that_began_last_holds_and_open_ends_never_end(bench, mug):
    now = bench.clock.now()
    hour = timedelta(hours=1)
    schedule = [
        ScheduledPrice(price=Money(700, "GBP")),  # open at both ends
        ScheduledPrice(price=Money(600, "GBP"), valid_until=now - hour),  # over long ago
        ScheduledPrice(price=Money(500, "GBP"), valid_from=now + hour, valid_until=now + 4 * hour),
        ScheduledPrice(price=Money(400, "GBP"), valid_from=now + 2 * hour, valid_until=now + 3 * hour),
    ]
    variant = VariantInput(sku="A", price=Money(900, "GBP"), schedule=schedule)
    made = bench.products.create(mug(variants=[variant]))
    seen = []
    for _ in range(6):
        for product_id in bench.shelves.due_price_changes(bench.clock.now()):
            assert bench.products.reproject(product_id)
            assert not bench.products.reproject(product_id)
        seen.append(bench.shelves.cards([made.id])[made.id].price.amount)
        bench.clock.advance(3600)

    assert seen == [700, 500, 400, 500, 700, 700]


def test_no_move_of_categories_can_make_a_scheduled_price_too_large_to_write(bench, mug):
    places = [bench.category(f"Place {n}") for n in range(5)]
    groups = [bench.taxonomy.create_collection(CollectionInput(name=f"Group {n}")).id for n in range(8)]
    sale = ScheduledPrice(price=Money(1, "GBP"), valid_from=bench.clock.now() + timedelta(hours=1))
    variant = VariantInput(sku="A", price=Money(9, "GBP"), schedule=[sale])
    made = bench.products.create(mug(variants=[variant], categories=places, collections=groups))
    for n, place in enumerate(places):
        above = None
        for level in range(5):
            above = bench.category(f"Level {n} {level}", above)
        bench.taxonomy.modify_category(place, CategoryInput(name=f"Place {n}", parent=above), expected_version=None)

    bench.products.reproject(made.id)
    bench.clock.advance(3600)
    assert bench.products.reproject(made.id)

    assert bench.shelves.cards([made.id])[made.id].price.amount == 1
    item = bench.table.get(schema.CATALOG, product_key(made.id))
    assert len(item["lists"]) == MAX_LISTS
    for place in places:  # wherever it is cut, it stands in its own
        assert len(bench.shelves.find(ShelfQuery(categories=(place,))).cards) == 1


def test_a_price_range_never_lists_what_has_no_price_or_another(bench, mug):
    bench.products.create(mug(sku="FREE", title="Free", price=0))
    bench.products.create(mug(sku="DEAR", title="Dear", price=MAX_AMOUNT))
    bench.products.create(mug(sku="NONE", title="None", variants=[VariantInput(sku="NONE")]))

    def listed(**bounds):
        page = bench.shelves.find(ShelfQuery(sort="price", **bounds))
        return [msgspec.json.decode(card, type=Card).sku for card in page.cards]

    assert listed() == ["FREE", "DEAR", "NONE"]
    assert listed(price_from=-5, price_to=10**30) == ["FREE", "DEAR"]
    assert listed(price_to=MAX_AMOUNT) == listed(price_from=0) == ["FREE", "DEAR"]
    assert listed(price_to=-1) == listed(price_from=5, price_to=3) == listed(price_from=10**30) == []


def test_pages_go_on_when_the_rows_beside_the_cut_have_gone(bench, mug):
    made = [bench.products.create(mug(sku=f"S{n}", title=f"T{n}", price=n)).id for n in range(6)]
    query = ShelfQuery(sort="price", limit=2)
    page = bench.shelves.find(query)
    for gone in (1, 2):  # the last of this page, and the first of the next
        bench.products.archive(made[gone], expected_version=None)

    following = bench.shelves.find(query, page.next)

    assert [msgspec.json.decode(card, type=Card).sku for card in following.cards] == ["S3", "S4"]
    back = bench.shelves.find(query, following.prev)
    assert [msgspec.json.decode(card, type=Card).sku for card in back.cards] == ["S0"]


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"title": None}, ""),
        ({"variants": None}, ""),
        ({"variants": []}, "/variants"),
        ({"variants": [{"sku": "A", "price": {"amount": 1}}]}, "/variants/0/price"),
        ({"title": 7}, "/title"),
        ({"status": "gone"}, "/status"),
        ({"attributes": {"a": {"b": 1}}}, "/attributes/*"),
        ({"nonsense": 1}, ""),
        ({"id": "prod_other"}, "/id"),
        ({"rating": None}, "/rating"),
    ],
)
def test_a_patch_to_nonsense_says_where(bench, mug, patch, pointer):
    made = bench.products.create(mug(sku="A"))

    with pytest.raises(InvalidError) as refused:
        bench.products.patch(made.id, patch, expected_version=1)

    assert refused.value.faults[0].pointer == pointer
    assert bench.products.get(made.id) == made


def test_a_patch_nested_without_end_is_refused(bench, mug):
    made = bench.products.create(mug(sku="A"))
    patch = {}
    for _ in range(5000):
        patch = {"attributes": patch}

    with pytest.raises(InvalidError, match="deep"):
        bench.products.patch(made.id, patch, expected_version=1)


def test_a_document_too_large_for_the_table_says_so_before_it_is_tried(bench, mug):
    huge = {f"a{n}": ["x" * 500] * 50 for n in range(40)}

    with pytest.raises(InvalidError) as refused:
        bench.products.create(mug(attributes=huge))

    assert refused.value.faults[0].code == "too_large"
    assert not isinstance(refused.value, LimitExceededError)


@pytest.mark.parametrize("place", [0, 2])
def test_reindexing_is_not_lost_when_another_process_moves_the_index_on(bench, mug, place):
    best = [bench.products.create(mug(sku=f"S{n}")).id for n in range(3)][place]
    bench.indexer.catch_up()
    search, elsewhere = bench.indexer._search, Elsewhere(bench)
    apply = search.apply

    def overtaken(*args, **kwargs):
        search.apply = apply
        bench.products.create(mug(sku="NEW"))
        elsewhere.indexer.catch_up()
        apply(*args, **kwargs)

    search.apply = overtaken
    bench.indexer._sold = lambda: {best: 7}
    bench.indexer.reindex([best])

    page = bench.shelves.find(ShelfQuery(sort="best_selling", limit=1))
    assert msgspec.json.decode(page.cards[0], type=Card).id == best


@pytest.mark.parametrize("status", ["active", "draft"])
def test_a_writer_who_was_held_up_while_a_category_moved_leaves_nothing_in_the_old_lists(bench, mug, status):
    kitchen, garden = bench.category("Kitchen"), bench.category("Garden")
    pots = bench.category("Pots", kitchen)
    made = bench.products.create(mug(sku="POT", categories=[pots]))
    late = Elsewhere(bench)
    bench.taxonomy.modify_category(pots, CategoryInput(name="Pots", parent=garden), expected_version=1)
    bench.products.reproject(made.id)
    bench.indexer.catch_up()

    # Long after everything beneath the category was listed anew: by the tree as it was before.
    late.products.patch(made.id, {"status": status}, expected_version=None)
    late.products.patch(made.id, {"title": "Clay pot"}, expected_version=None)
    assert len(bench.shelves.find(ShelfQuery(categories=(kitchen,))).cards) == (status == "active")
    bench.indexer.catch_up()

    shown = [made.id] if status == "active" else []
    for query in (ShelfQuery(categories=(garden,)), ShelfQuery(categories=(garden,), text="clay")):
        assert [msgspec.json.decode(card)["id"] for card in bench.shelves.find(query).cards] == shown
    for query in (ShelfQuery(categories=(kitchen,)), ShelfQuery(categories=(kitchen,), text="clay")):
        assert bench.shelves.find(query).cards == []
    # What is right already is not written again and again.
    position = bench.table.last_position()
    bench.indexer.catch_up()
    assert bench.table.last_position() == position
