"""What export writes, import reads back: the same shop, to the byte."""

import itertools

import msgspec
import pytest
from msgspec.structs import replace

from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact, scope_of
from bodega.domain.inventory.model import Line
from bodega.values.address import Address
from bodega.values.money import Money

SUBJECTS = ["categories", "products", "stock", "customers", "orders", "sales", "reviews"]
ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf", "name": "Ann \u2014 \u5927", "phone": "1"}
CONTACT = Contact(
    email="ada@example.com", shipping=Address(name="Ada \u2014 \u5927", line1="1 Mill Lane", city="Bath", country="GB")
)


def buy(shop, customer_id=None, **units):
    wanted = [Wanted(sku, count) for sku, count in units.items()]
    basket = shop.carting.create(lines=wanted, customer_id=customer_id)
    request = CheckoutRequest(
        scope=scope_of(cart_id=basket.cart.id, customer_id=customer_id),
        key="k",
        cart_id=basket.cart.id,
        price_version=basket.quote.price_version,
        contact=CONTACT,
        method="card_approve",
        customer_id=customer_id,
    )
    return shop.buying.buy(request).order


def sell(shop):
    """Sell in every way: sent in two parcels, refunded in part, taken back, called off, on backorder."""
    act = shop.returning
    shop.stock.configure(sku="A", backorder=True, low_at=2, buckets=2)
    shop.stock.adjust(sku="A", change=60, reason="came in", location="cellar")
    sent = buy(shop, A=3, **{"T-L": 2})
    act.fulfil(order_id=sent.id, key="1", units={"A": 1}, carrier="Post", tracking="AB1")
    act.fulfil(order_id=sent.id, key="2")
    act.deliver(order_id=sent.id)
    act.refund(order_id=sent.id, key="3", amount=Money(150, "GBP"), reason="a scratch")
    act.request_return(order_id=sent.id, units={"A": 2}, reason="too red")
    act.take_back(order_id=sent.id, key="4", units={"A": 1}, restock=True, refund=Money(10, "GBP"))
    act.cancel(order_id=buy(shop, A=1).id, key="5", reason="nobody home")
    buy(shop, A=9)


def settle_in(shop):
    """Let somebody have an account, an address book, and an order."""
    ann = shop.accounts.register(**ANN, caller="t")
    for line1 in ("1 Mill Lane", "2 Rue \u2014 \u5927"):
        shop.accounts.add_address(ann.id, msgspec.structs.replace(CONTACT.shipping, line1=line1), default=True)
    shop.accounts.register(email="bob@b\u00fccher.example", password="four pans on a hook", caller="t")
    buy(shop, customer_id=ann.id, A=1)


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
    sell(shop)
    settle_in(shop)
    return shop


def everything(shop, subject):
    return list(shop.exporter.rows(subject, privacy="with_passwords"))


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "jsonl.gz"])
def test_export_import_export_gives_the_same_file(full, open_at, take, tmp_path, suffix):
    copy = open_at("copy")

    for subject in SUBJECTS:
        first, second = tmp_path / f"1-{subject}.{suffix}", tmp_path / f"2-{subject}.{suffix}"
        written = full.exporter.write(subject, first, privacy="with_passwords")
        job = take(copy, subject, first)
        copy.exporter.write(subject, second, privacy="with_passwords")

        assert (job.state, job.rejected_by_reason, job.read) == ("done", {}, written)
        assert everything(copy, subject) == everything(full, subject)
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
    for subject, privacy in itertools.product(SUBJECTS, ("anonymous", "with_passwords")):
        path = tmp_path / f"{subject}-{privacy}.jsonl"
        full.exporter.write(subject, path, privacy=privacy)
        before = full.world.table.last_position()

        job = take(full, subject, path)

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


def test_orders_of_another_shop_can_be_worked_on(full, open_at, take, tmp_path):
    copy, path = open_at("copy"), tmp_path / "orders.jsonl"
    full.exporter.write("orders", path, privacy="personal")
    take(copy, "orders", path)
    old = next(o for o in full.orders.all() if o.return_requested)

    new = copy.orders.get(old.id)

    assert replace(new, private=b"") == replace(old, private=b"", cart_id="")
    assert copy.contacts.of(new) == CONTACT
    assert copy.orders.find_by_number(old.number).id == old.id
    assert copy.orders.whole_history(old.id) == full.orders.whole_history(old.id)
    assert [c.id for c in copy.orders.list_cards(state="return_requested").rows] == [old.id]
    back = copy.returning.take_back(order_id=old.id, key="b", units={"A": 1}, restock=False)
    assert back.return_requested == {}


def test_whole_orders_are_known_as_such_where_lines_of_orders_are_expected(full, open_at, take, tmp_path):
    copy, path = open_at("copy"), tmp_path / "orders.csv"
    full.exporter.write("customers", tmp_path / "customers.csv", privacy="personal")
    full.exporter.write("orders", path, privacy="personal")
    take(copy, "customers", tmp_path / "customers.csv")

    job = take(copy, "sales", path)

    assert (job.state, job.rejected) == ("done", 0)
    assert everything(copy, "orders") == everything(full, "orders")


def test_an_order_that_is_here_otherwise_is_left_alone(full, take, tmp_path):
    path = tmp_path / "orders.jsonl"
    full.exporter.write("orders", path, privacy="personal")
    order = next(o for o in full.orders.all() if o.state == "paid")
    full.returning.fulfil(order_id=order.id, key="late")

    job = take(full, "orders", path)

    assert job.rejected_by_reason == {"other_order": 1}
    assert (job.created, job.changed) == (0, 0)
    assert full.orders.get(order.id).state == "fulfilled"


def document(full, **changes):
    rows = [row for row in everything(full, "orders") if row["state"] == "delivered" and row["sums"]]
    return {**rows[0], **changes}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "ord_x"}, None),
        ({"lines": []}, "out_of_range"),
        ({"state": "lost"}, None),
        ({"placed_at": "2026-01-01T00:00:00"}, "bad_time"),
        ({"sums": {}}, None),
        ({"shipped": {"A": 99}}, "bad_counts"),
        ({"returned": {"A": 4}}, "bad_counts"),
        ({"restock": {"NOPE": 1}}, "bad_counts"),
        ({"shipped": {"A": -1}}, None),
        ({"version": 0}, None),
        ({"version": 2}, "bad_history"),
        ({"number": "a\u0007b"}, "bad_text"),
        ({"colour": "red"}, "unknown_field"),
        ({"customer_id": "ann"}, None),
        ({"contact": {"email": "nobody"}}, None),
    ],
)
def test_what_is_no_order_is_rejected_and_nothing_of_it_kept(full, open_at, take, write, changes, reason):
    copy = open_at("copy")

    job = take(copy, "orders", write(document(full, **changes)))

    assert (job.state, job.rejected) == ("done", 1), job
    if reason is not None:
        assert job.rejected_by_reason == {reason: 1}
    assert list(copy.orders.all()) == []


def test_money_of_an_order_has_to_add_up(full, open_at, take, write):
    copy, row = open_at("copy"), document(full)
    dearer = {**row["sums"], "total": {"amount": 1, "currency": "GBP"}}
    euros = {**row["lines"][0], "unit_price": {"amount": 950, "currency": "EUR"}}
    taken = [{**one, "amount": {"amount": 10**6, "currency": "GBP"}} for one in row["paid"]["operations"]]

    job = take(
        copy,
        "orders",
        write(
            {**row, "sums": dearer},
            {**row, "lines": [euros, *row["lines"][1:]]},
            {**row, "paid": {**row["paid"], "operations": taken}},
        ),
    )

    assert job.rejected_by_reason == {"bad_sum": 1, "other_currency": 1, "bad_payment": 1}


def test_a_number_that_another_order_has_is_rejected(full, open_at, take, write):
    copy = open_at("copy")
    row = document(full)

    job = take(copy, "orders", write(row, {**row, "id": "ord_" + "0" * 26}))

    assert (job.created, job.rejected_by_reason) == (1, {"number_taken": 1})


def test_an_order_that_stands_in_a_file_twice_is_one(full, open_at, take, write):
    copy, row = open_at("copy"), document(full)

    job = take(copy, "orders", write(row, row, {**row, "number": "AAAA-AAAA"}))

    assert (job.created, job.unchanged, job.rejected_by_reason) == (1, 1, {"other_order": 1})


def test_an_order_of_a_customer_whom_nobody_knows_waits_for_them(full, open_at, take, write):
    copy = open_at("copy")

    job = take(copy, "orders", write(document(full, customer_id="cus_" + "0" * 26)))

    assert job.rejected_by_reason == {"conflict": 1}


def test_stock_is_set_as_it_was_counted_and_kept_as_it_is_said(full, take, write):
    job = take(
        full,
        "stock",
        write(
            {"sku": "T-L", "on_hand": 50, "low_at": 9},
            {"sku": "B", "on_hand": 1},
            {"sku": "B", "on_hand": "2", "location": "cellar"},
            {"sku": "NOPE", "on_hand": 1},
            {"sku": "B", "on_hand": -1, "location": "attic"},
            {"sku": "B", "on_hand": 1.5},
            {"sku": "B", "on_hand": 1, "location": "No Such Place"},
            {"sku": "B"},
            {"sku": "B", "on_hand": 1, "price": 3},
        ),
    )

    assert (job.created, job.changed, job.unchanged) == (2, 1, 0)
    assert job.rejected == 6
    level = full.stock.get(sku="T-L")
    assert (level.on_hand, level.low_at) == (50, 9)
    assert full.stock.get(sku="B", location="cellar").on_hand == 2
    assert full.stock.adjustments(sku="T-L").rows[0].reason == "counted elsewhere"


def test_a_count_below_what_is_promised_is_rejected(full, take, write):
    full.holds.place(owner="c", lines=[Line("T-L", 3)])

    job = take(full, "stock", write({"sku": "T-L", "on_hand": 2}))

    assert job.rejected_by_reason == {"insufficient_stock": 1}
