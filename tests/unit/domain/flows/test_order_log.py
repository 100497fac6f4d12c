"""What is kept of orders for training spares reading them again, and stands in for nothing that it does not know."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from order_desk import DAY, Desk, same

from bodega import schema
from bodega.domain.flows import order_log
from bodega.domain.flows.order_chunks import POINTER
from bodega.domain.flows.order_events import events_of, read_events
from bodega.domain.flows.order_lines import OrderLines
from bodega.domain.orders.model import natural_id
from bodega.domain.orders.records import order_key
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.table import Delete, Put


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    """Let it pay to look changes up, although there are hardly more orders than that."""
    monkeypatch.setattr(order_log, "_DEARER", 0)


@pytest.fixture
def desk(empty_counter):
    return Desk(empty_counter)


# -- reading only what is new


def test_a_second_training_reads_only_orders_that_are_new_or_changed(desk):
    desk.sells(*range(250), customer="cus_1")
    assert desk.reads()["scan"] >= 1
    assert desk.reads() == {}

    desk.sells("new", "newer", customer="cus_2")
    desk.sells(7, products=("mug", "jug"), customer="cus_1")
    desk.sells("old", days_ago=9000)

    assert desk.reads() == {"batch_get": 1}
    assert desk.reads() == {}


def test_training_tuning_and_evaluating_read_the_same_log(counter, monkeypatch):
    before = counter.trains()
    monkeypatch.setattr(type(counter.shop.orders), "all", lambda _: pytest.fail("everything was read again"))
    counter.buys("cus_c9", "kettle", days_ago=0.5)

    assert counter.trains().size.orders == before.size.orders + 1
    assert counter.trainer.evaluate(days=2.0, k=5, repeat="include").models


def test_what_is_learnt_from_the_log_is_what_is_learnt_from_all_orders(counter):
    desk = Desk(counter)
    desk.log.read()
    counter.buys(None, "beans", "spade", days_ago=400)
    counter.buys("cus_aaa", "beans", days_ago=0.25)

    kept, everything = events_of(desk.log.read()), read_events(counter.shop.orders.all())

    assert kept.product_ids == everything.product_ids
    assert kept.size == everything.size
    arrays = (one.learnt(now=one.newest).trained.to_arrays() for one in (kept, everything))
    for found, wanted in zip(*(sorted(named.items()) for named in arrays), strict=True):
        assert found[0] == wanted[0]
        assert np.array_equal(found[1], wanted[1]), found[0]


def test_where_so_much_is_new_that_looking_it_up_costs_more_everything_is_read(desk, monkeypatch):
    monkeypatch.setattr(order_log, "_DEARER", 3)
    desk.sells(*range(30))
    desk.log.read()
    desk.sells(*range(30, 40))
    assert "scan" not in desk.reads()

    desk.sells(*range(40, 60))

    assert "scan" in desk.reads()


def test_an_order_that_changes_again_and_again_leaves_few_files(desk):
    desk.sells(*range(40))
    desk.log.read()
    for number in range(60):
        desk.sells(number % 7, products=("mug", f"p{number}"))
        desk.log.read()

    assert len(desk.files()) <= 5
    assert desk.reads() == {}


def test_the_log_keeps_up_while_nobody_trains_and_holds_the_stream_only_so_long(desk, monkeypatch):
    monkeypatch.setattr(order_log, "_LAG", 5)
    assert desk.log.needed_from() is None
    assert not desk.log.keep_up()
    desk.sells("first")
    desk.log.read()
    kept = desk.log.needed_from()

    desk.sells(*range(4))
    assert not desk.log.keep_up()
    assert desk.log.needed_from() == kept
    desk.sells(*range(4, 9))
    assert desk.log.keep_up()
    assert desk.log.needed_from() == desk.shop.world.table.last_position()
    monkeypatch.setattr(order_log, "_MOST_LAG", 2)
    desk.sells(*range(9, 13))
    assert desk.log.needed_from() is None


# -- what may have changed since


def test_what_is_called_off_or_sent_back_teaches_no_more(desk):
    desk.sells("kept", "called off", products=("mug", "jug"), customer="cus_1")
    desk.sells("sent back", products=("mug", "tea"), customer="cus_2")
    assert desk.log.read().product.size == 6

    changed = [
        desk.order("called off", products=("mug", "jug"), customer="cus_1", state="cancelled", version=2),
        desk.order("sent back", products=("mug", "tea"), customer="cus_2", returned={"tea": 1}, version=2),
    ]
    desk.overwrites(changed, *(("order.changed", order.id) for order in changed))

    lines = desk.log.read()
    assert desk.reads() == {}
    assert lines.sizes.tolist() == [2, 1]
    assert lines.product_ids.tolist() == [b"prod_jug", b"prod_mug"]


def test_a_guest_s_order_that_turns_out_to_be_a_customer_s_is_theirs(desk):
    desk.sells("a", "b")
    desk.log.read()

    desk.sells("a", customer="cus_1")
    desk.sells("b", days_ago=300, products=("mug", "mug", "jug"))

    assert desk.reads() == {"batch_get": 1}


def test_an_order_that_is_gone_is_gone_from_every_file(desk):
    desk.sells("a", customer="cus_gone")
    desk.sells("b", customer="cus_1")
    desk.log.read()
    order_id = natural_id("ord", "a")
    desk.writes([Delete(schema.ORDERS, order_key(order_id))], ("order.changed", order_id))

    desk.reads()

    kept = b"".join(desk.shop.world.objects.get(key) for key in desk.files())
    assert b"cus_gone" not in kept
    assert b"cus_1" in kept


def test_files_follow_what_erasing_a_customer_did_to_their_orders_announced_or_not(desk):
    desk.sells(*range(30), customer="cus_1")
    desk.sells("a", "b", customer="cus_erased")
    desk.log.read()
    desk.sells("c", customer="cus_erased")
    desk.log.read()

    theirs = [replace(desk.shop.orders.get(natural_id("ord", name)), customer_id=None) for name in "abc"]
    desk.overwrites(theirs, ("customer.erased", "cus_erased"))

    assert desk.reads() == {"batch_get": 1}
    assert all(b"cus_erased" not in desk.shop.world.objects.get(key) for key in desk.files())
    assert desk.reads() == {}


def test_files_have_ids_only_whoever_bought(desk):
    desk.sells("a", customer="cus_1", private=b"sealed words", cart_id="cart_of_somebody")
    desk.log.read()

    (key,) = desk.files()
    assert not any(word in desk.shop.world.objects.get(key) for word in (b"sealed", b"cart_of", b"GBP"))


# -- damaged, foreign, forgotten


def _cut(document):
    return document[:-9]


def _flipped(document):
    return document[:200] + bytes([document[200] ^ 1]) + document[201:]


def _foreign(_document):
    return OrderLines.of([]).to_bytes()


@pytest.mark.parametrize("spoil", [_cut, _flipped, _foreign, lambda _: b"", None], ids=list("cfxe-"))
def test_a_damaged_foreign_or_lost_file_is_refused_and_everything_read_anew(desk, caplog, spoil):
    desk.sells(*range(20), customer="cus_1")
    desk.log.read()
    (key,) = desk.files()
    objects = desk.shop.world.objects
    if spoil is None:
        objects.delete(key)
    else:
        objects.put(key, spoil(objects.get(key)))

    assert desk.reads()["scan"] >= 1

    assert "refused" in caplog.text
    assert desk.reads() == {}


@pytest.mark.parametrize("said", [{"format": 0, "head": b"who knows"}, {"head": b"{}"}, {"head": b"\xff"}], ids=str)
def test_what_another_version_of_the_shop_kept_is_passed_over_and_replaced(desk, said):
    desk.sells("a")
    desk.log.read()
    pointer = desk.table.get(schema.SYSTEM, POINTER)
    desk.writes([Put(schema.SYSTEM, pointer | said)])
    desk.sells("b")

    assert desk.log.needed_from() is None
    assert desk.reads()["scan"] >= 1
    assert desk.reads() == {}


def test_changes_that_the_stream_forgot_are_found_by_reading_everything(desk):
    desk.sells("a")
    desk.log.read()
    desk.sells("b", "c")
    desk.shop.world.table.trim_announced(desk.shop.world.table.last_position() - 1)

    assert desk.reads()["scan"] >= 1
    assert desk.reads() == {}


def test_changes_are_missed_by_no_one_who_began_when_the_stream_was_empty(desk):
    table = desk.shop.world.table
    desk.sells("a")
    table.trim_announced(table.last_position())
    desk.log.read()
    desk.sells("b")
    assert desk.reads() == {"batch_get": 1}
    desk.sells("c")
    table.trim_announced(table.last_position())
    desk.reads()
    desk.sells("d")
    table.trim_announced(table.last_position())

    assert desk.reads()["scan"] >= 1


def test_the_stream_of_another_shop_is_not_taken_for_one_s_own(desk):
    desk.sells("a", "b", "c")
    desk.log.read()
    pointer = desk.table.get(schema.SYSTEM, POINTER)
    for wrong in ({"position": 2}, {"position": 10_000}, {"event": "evt_of_another_shop"}):
        head = desk.chunks.pointer().head
        foreign = replace(head, **wrong)
        edition = pointer["edition"]
        desk.writes([Put(schema.SYSTEM, pointer | {"edition": edition, "head": msgspec.json.encode(foreign)})])

        assert desk.reads()["scan"] >= 1
        pointer = desk.table.get(schema.SYSTEM, POINTER)


def test_columns_that_do_not_fit_each_other_are_refused(desk):
    desk.sells("a", products=("mug", "jug"), customer="cus_1")
    desk.sells("b", products=("cup",), customer="cus_2")
    lines = desk.truth()
    wrong = [{name: column[:-1]} for name, column in lines._asdict().items()]
    wrong += [{name: column.astype("U")} for name, column in lines._asdict().items()]
    wrong += [{name: column[None]} for name, column in lines._asdict().items()]
    wrong += [{name: getattr(lines, name)[::-1]} for name in ("order_ids", "customer_ids", "product_ids")]
    wrong += [{name: getattr(lines, name) + far} for name in ("customer", "product", "sizes") for far in (9, -9)]

    for changes in wrong:
        with pytest.raises(InvalidError):
            OrderLines.from_bytes(lines._replace(**changes).to_bytes())
    for document in (b"", b"PK\x03\x04", b"\x93NUMPY", lines.to_bytes()[:300]):
        with pytest.raises(InvalidError):
            OrderLines.from_bytes(document)


# -- several at once, and some that die


def test_of_two_trainers_at_once_both_know_everything_and_one_of_them_keeps_it(empty_counter):
    one, other = Desk(empty_counter), Desk(empty_counter)
    one.sells(*range(20), customer="cus_1")
    one.table.before["transact"] = other.reads
    one.reads()
    one.sells("new")
    one.table.before["transact"] = lambda: (other.sells("newer"), other.reads())

    same(one.log.read(), OrderLines.merged([one.truth()], without=[natural_id("ord", "newer")]))

    assert one.reads() == {}
    assert other.reads() == {}


def test_what_a_trainer_was_about_to_read_and_another_replaced_is_read_from_the_replacement(empty_counter):
    one, other = Desk(empty_counter), Desk(empty_counter)
    one.sells(*range(20))
    one.log.read()
    replaced = one.files()
    one.sells(*range(20, 30))
    one.objects.before["get"] = other.reads

    assert "scan" not in one.reads()
    assert not set(replaced) & set(one.files())


def test_many_trainers_and_a_busy_shop_leave_a_good_log(empty_counter):
    desks = [Desk(empty_counter) for _ in range(3)]
    start = threading.Barrier(4)

    def sell():
        start.wait()
        for number in range(40):
            desks[0].sells(number % 25, products=("mug", f"p{number}"), customer=f"cus_{number % 3}")

    def train(desk):
        start.wait()
        return [desk.log.read().order_ids.size for _ in range(8)]

    with ThreadPoolExecutor(4) as pool:
        selling = pool.submit(sell)
        sizes = [found for done in pool.map(train, desks) for found in done]
        selling.result()

    assert max(sizes) <= 25
    desks[0].reads()
    assert desks[1].reads() == {}


def test_a_writer_that_dies_before_it_points_at_its_file_leaves_what_was_kept(desk):
    desk.sells(*range(9))
    desk.log.read()
    counting = desk.files()
    desk.sells("new")

    def die():
        raise KeyboardInterrupt

    desk.table.before["transact"] = die
    with pytest.raises(KeyboardInterrupt):
        desk.log.read()

    assert set(desk.files()) > set(counting)
    desk.sells("newer")
    assert desk.reads() == {"batch_get": 1}
    assert set(desk.files()) > {chunk.key for chunk in desk.chunks.pointer().head.chunks}
    desk.clock.advance(2 * DAY.total_seconds())
    desk.sells(*range(100, 160))
    desk.log.read()
    assert desk.files() == [chunk.key for chunk in desk.chunks.pointer().head.chunks]


def test_without_room_for_files_orders_are_read_all_the_same(desk, caplog):
    desk.sells("a")

    def full():
        raise UnavailableError("no room")

    desk.objects.before["put"] = full

    assert desk.reads()["scan"] >= 1
    assert "not kept" in caplog.text
    assert desk.files() == []
    assert desk.reads()["scan"] >= 1
    assert desk.reads() == {}
