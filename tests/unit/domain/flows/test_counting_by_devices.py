"""What devices count becomes stock: once, in the order of counting, and only where the device may speak."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega import schema
from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.devices import records, service
from bodega.domain.devices.model import DeviceInput, ForeignLocationError, Heard, TooManyReadingsError
from bodega.domain.flows.counting import CountBelowHeldError
from bodega.domain.inventory.model import Line
from bodega.errors import ConflictError, InvalidError, NotFoundError
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.values.times import format_time
from bodega.wiring import open_shop


class Shelf:
    """A shop with one mug, one scanner at its main location, and the words in which tests count."""

    def __init__(self, folder):
        self.clock = SettableClock()
        self.shop = open_shop(Settings.for_directory(folder), clock=self.clock)
        variants = [VariantInput(sku="MUG", price=Money(500, "GBP"))]
        self.shop.catalog.products.create(ProductInput(title="Mug", variants=variants))
        self.shop.devices.register("scanner", DeviceInput(location="main"))

    def message(self, count=7, *, sku="MUG", ago=0.0, sequence=1, device="scanner", location="main", **changes):
        counted_at = format_time(self.clock.now() - timedelta(seconds=ago))
        reading = {"sku": sku, "count": count, "counted_at": counted_at, "sequence": sequence} | changes
        return msgspec.json.encode(Heard(device=device, location=location, payload=msgspec.json.encode(reading)))

    def hears(self, *args, **changes):
        return self.shop.counting.heard(self.message(*args, **changes))

    def on_hand(self, location="main"):
        level = self.shop.stock.find(sku="MUG", location=location)
        return None if level is None else level.on_hand


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path / "shop")
    yield shelf
    shelf.shop.close()


def test_a_count_is_what_is_on_hand_and_is_remembered_with_who_counted(shelf):
    assert shelf.hears(7) == "counted"
    shelf.clock.advance(60)
    assert shelf.hears(5, sequence=2) == "counted"

    assert shelf.on_hand() == 5
    (second, first) = shelf.shop.stock.adjustments(sku="MUG").rows
    assert (first.change, second.change, second.actor) == (7, -2, "scanner")


def test_a_repetition_changes_nothing_whatever_was_sold_since(shelf):
    once = shelf.message(7)
    assert shelf.shop.counting.heard(once) == "counted"
    shelf.shop.stock.adjust(sku="MUG", change=-2, reason="sold over the counter")

    assert shelf.shop.counting.heard(once) == "stale"

    assert shelf.on_hand() == 5


def test_an_older_count_that_comes_later_changes_nothing(shelf):
    shelf.hears(5, sequence=2)

    assert shelf.hears(9, ago=30, sequence=1) == "stale"
    assert shelf.hears(9, sequence=1) == "stale"  # the same millisecond: the number decides
    assert shelf.hears(6, sequence=3) == "counted"

    assert shelf.on_hand() == 6


def test_a_count_that_finds_nothing_changed_still_overtakes_older_ones(shelf):
    shelf.hears(5, ago=60, sequence=1)
    assert shelf.hears(5, ago=10, sequence=3) == "counted"

    assert shelf.hears(9, ago=30, sequence=2) == "stale"

    assert shelf.on_hand() == 5


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=1, max_size=6), chance=st.randoms())
def test_duplicates_in_any_order_leave_what_was_counted_last(shelf, counts, chance):
    place = f"shelf-{len(shelf.shop.devices.list())}"  # one of its own for every example
    shelf.shop.devices.register(place, DeviceInput(location=place))
    moment, sent = 0, []
    for number, (count, pause) in enumerate(counts):
        moment += pause
        sent += [shelf.message(count, ago=600 - moment, sequence=number, device=place, location=place)] * 2
    chance.shuffle(sent)

    outcomes = [shelf.shop.counting.heard(message) for message in sent]

    assert shelf.on_hand(place) == counts[-1][0]
    assert 1 <= outcomes.count("counted") <= len(counts)


def test_a_device_speaks_for_its_own_location_only(shelf):
    for changes in ({"location": "cellar"}, {"device": "stranger"}, {"device": "../main"}, {"device": ""}):
        with pytest.raises(ForeignLocationError):
            shelf.hears(7, **changes)

    assert shelf.on_hand() is None
    shelf.shop.devices.change("scanner", {"location": "cellar"}, expected_version=None)
    assert shelf.hears(7, location="cellar") == "counted"
    with pytest.raises(ForeignLocationError):
        shelf.hears(8, sequence=2)
    shelf.shop.devices.remove("scanner", expected_version=None)
    with pytest.raises(ForeignLocationError):
        shelf.hears(8, location="cellar", sequence=2)
    assert (shelf.on_hand(), shelf.on_hand("cellar")) == (None, 7)


def test_what_was_counted_long_ago_is_not_believed_and_the_future_is_refused(shelf):
    assert shelf.hears(7, ago=15 * 60 + 1) == "late"
    with pytest.raises(InvalidError, match="clock"):
        shelf.hears(7, ago=-121)

    assert shelf.on_hand() is None


def test_a_count_below_what_is_held_takes_what_is_free_and_the_rest_when_the_hold_is_over(shelf):
    shelf.hears(10, sequence=1)
    shelf.shop.holds.place(owner="cart_1", lines=[Line("MUG", 4)], seconds=60)
    message = shelf.message(3, sequence=2)

    for _ in range(2):  # trying again meanwhile takes nothing more
        with pytest.raises(CountBelowHeldError):
            shelf.shop.counting.heard(message)
        level = shelf.shop.stock.get(sku="MUG")
        assert (level.on_hand, level.available) == (4, 0)

    shelf.clock.advance(121)
    assert shelf.shop.counting.heard(message) == "counted"
    assert shelf.on_hand() == 3


def test_an_old_count_below_what_is_held_takes_nothing(shelf):
    shelf.hears(10, sequence=2)
    shelf.shop.holds.place(owner="cart_1", lines=[Line("MUG", 4)], seconds=60)

    assert shelf.hears(3, ago=30, sequence=1) == "stale"

    assert shelf.shop.stock.get(sku="MUG").available == 6


def test_what_is_no_reading_is_refused(shelf):
    for changes in (
        {"count": -1},
        {"count": 10**9 + 1},
        {"count": 1.5},
        {"count": "7"},
        {"count": None},
        {"sequence": -1},
        {"sequence": 2**60},
        {"counted_at": "2026-01-01T00:00:00"},
        {"counted_at": "yesterday"},
        {"sku": "M\nUG"},
        {"sku": "x" * 65},
        {"version": 2},
        {"note": "x" * 1100},
    ):
        with pytest.raises(InvalidError):
            shelf.hears(**changes)

    assert shelf.on_hand() is None


def test_what_is_no_message_is_refused(shelf):
    for body in (b"", b"{", b"[]", b'{"device":1}', b"\xff\xfe", b"[" * 9000):
        with pytest.raises(InvalidError):
            shelf.shop.counting.heard(body)


def test_a_sku_that_no_product_has_is_refused(shelf):
    with pytest.raises(NotFoundError):
        shelf.hears(sku="MUGG")


def test_when_a_device_was_heard_is_known_to_the_minute_and_leaves_its_version(shelf):
    shelf.hears()
    first = shelf.shop.devices.get("scanner")
    shelf.clock.advance(59)
    shelf.hears(sequence=2)
    assert shelf.shop.devices.get("scanner") == first
    shelf.clock.advance(1)
    shelf.hears(sequence=3)

    assert first.seen_at is not None
    assert shelf.shop.devices.get("scanner").seen_at == shelf.clock.now()
    assert shelf.shop.devices.get("scanner").version == 1
    assert shelf.shop.devices.change("scanner", {"description": "by the door"}, expected_version=1).version == 2


def test_what_waits_is_taken_and_what_is_refused_is_shown_to_staff_with_the_reason(shelf):
    queue = shelf.shop.world.queue
    queue.send("counts", [shelf.message(7), shelf.message(7, device="stranger"), b"nonsense"])

    for _ in range(6):
        shelf.shop.counting.work_once()
        shelf.clock.advance(61)

    assert shelf.on_hand() == 7
    assert queue.depth("counts") == 0
    reasons = sorted(letter.reason for letter in queue.dead_letters("counts"))
    assert ["Foreign" in reasons[0], "not valid JSON" in reasons[1]] == [True, True]


def test_a_flood_of_one_device_is_bounded_shown_and_holds_up_no_other(shelf, monkeypatch):
    for module in (records, service):
        monkeypatch.setattr(module, "MOST_A_MINUTE", 20)
        monkeypatch.setattr(module, "SHOWN_OF_A_FLOOD", 3)
    shelf.shop.devices.register("other", DeviceInput(location="main"))
    flood = [shelf.message(n, sequence=n) for n in range(40)]
    shelf.shop.world.queue.send("counts", [*flood, shelf.message(99, sequence=1, device="other", ago=-1)])

    while shelf.shop.counting.work_once():
        pass

    assert shelf.on_hand() == 99
    assert len(shelf.shop.stock.adjustments(sku="MUG").rows) <= 21
    letters = shelf.shop.world.queue.dead_letters("counts")
    assert len(letters) == 3
    assert all("'scanner' sent more than" in letter.reason for letter in letters)
    assert shelf.shop.world.queue.depth("counts") == 0
    assert shelf.shop.devices.get("scanner").flooded_at == shelf.clock.now()
    assert shelf.shop.devices.get("other").flooded_at is None

    shelf.clock.advance(60)
    assert shelf.hears(5, sequence=100) == "counted"
    assert shelf.shop.devices.get("scanner").version == 1


def test_what_is_no_reading_counts_towards_a_flood_too(shelf, monkeypatch):
    for module in (records, service):
        monkeypatch.setattr(module, "MOST_A_MINUTE", 2)
    for _ in range(2):
        with pytest.raises(InvalidError):
            shelf.hears(-1)

    with pytest.raises(TooManyReadingsError):
        shelf.hears(7)


def test_messages_that_come_at_once_are_all_counted(shelf):
    def hear(number):
        with contextlib.suppress(ConflictError):
            shelf.hears(number, sequence=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hear, range(40)))

    item = shelf.shop.world.table.get(schema.DEVICES, records.device_key("scanner"))
    assert item["heard"] == 40


def test_a_device_is_registered_once_and_with_names_that_certificates_and_topics_can_carry(shelf):
    with pytest.raises(ConflictError):
        shelf.shop.devices.register("scanner", DeviceInput(location="cellar"))
    for bad in ("", "A", "a/b", "+", "#", "-a", "a" * 65, "a b", "a\n"):
        with pytest.raises(InvalidError):
            shelf.shop.devices.register(bad, DeviceInput(location="main"))
    for bad in ("", "Main", "a/b", "+", "x" * 41):
        with pytest.raises(InvalidError):
            shelf.shop.devices.register("other", DeviceInput(location=bad))

    assert [device.id for device in shelf.shop.devices.list()] == ["scanner"]
