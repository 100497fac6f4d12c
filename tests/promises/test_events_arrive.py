"""Every committed event arrives at least once: over kills, repetitions, shuffles, delays and events nobody can read."""

import json
import random
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest
from doomed_worker import LOOPBACK
from processes import clean_environment, wait_until
from receivers import Receiver, saying

from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.webhooks.model import EndpointInput
from bodega.ports.table import Announced, Event
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop

LEASE_AND_MORE = 61
LONG = pytest.mark.slow


class Subscriber:
    """A receiver that builds a projection as the guide says: repetitions and what is older than known are dropped."""

    def __init__(self):
        self._lock = threading.Lock()
        self.arrived = []
        self.state = {}
        self._receiver = Receiver(self._hear)
        self.url = f"http://127.0.0.1:{self._receiver.port}/"

    def close(self):
        self._receiver.close()

    def _hear(self, connection, request):
        told = json.loads(request.partition(b"\r\n\r\n")[2])
        with self._lock:
            self.arrived.append((told["resource"], told["version"], told["id"]))
            known = self.state.get(told["resource"])
            if known is None or known[0] < told["version"]:
                self.state[told["resource"]] = (told["version"], told["data"])
        saying("200 OK")(connection, request)

    @property
    def ids(self):
        with self._lock:
            return {event_id for _, _, event_id in self.arrived}

    def orders_of_first_arrival(self):
        seen = defaultdict(dict)
        with self._lock:
            for resource, version, _ in self.arrived:
                seen[resource].setdefault(version, None)
        return {resource: list(versions) for resource, versions in seen.items()}


@pytest.fixture
def subscriber():
    subscriber = Subscriber()
    yield subscriber
    subscriber.close()


def replay(events):
    """Return what a reader of the whole stream, each event once and in order, knows at its end."""
    return {event.resource: (event.version, json.loads(event.data)) for event in events}


# -- kills between commit and publish


class Changes:
    """Products that change without a pause, and with them the events that are committed."""

    def __init__(self, shop, count):
        self._shop, self._chance = shop, random.Random(count)
        self.products = [
            shop.catalog.products.create(
                ProductInput(
                    title=f"Mug {number}",
                    status="active",
                    variants=[VariantInput(sku=f"MUG-{number}", price=Money(100, "GBP"))],
                )
            ).id
            for number in range(count)
        ]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        number = 0
        while not self._stop.wait(0.01):
            number += 1
            changed = self._chance.choice(self.products)
            self._shop.catalog.products.patch(changed, {"title": f"Mug no {number}"}, expected_version=None)


class Stream:
    """All that was ever committed, read often enough that nothing of it is trimmed before."""

    def __init__(self, shop):
        self._table, self._position, self._events = shop.world.table, 0, []

    def read(self):
        while announced := self._table.announced(self._position):
            self._events += [one.event for one in announced]
            self._position = announced[-1].position
        return self._events


def work(folder, ahead, dies_after):
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name("doomed_worker.py"), folder, str(ahead), str(dies_after)],
        env=clean_environment(),
        stdin=subprocess.PIPE,
    )


def ended(process):
    """Return how a process ended; one that is not doomed ends when its input does."""
    if process.args[-1] == "0":
        process.stdin.close()
    code = process.wait(60)
    process.stdin.close()
    return code


def found_titles(shop):
    found = shop.catalog.shelves.find(ShelfQuery(text="mug", limit=50)).cards
    return sorted(msgspec.json.decode(card)["title"] for card in found)


@pytest.mark.parametrize("kills", [4, pytest.param(500, marks=LONG)])
def test_no_kill_between_commit_and_publish_loses_an_event(tmp_path, subscriber, kills):
    folder, chance = tmp_path / "shop", random.Random(kills)
    shop = open_shop(Settings.for_directory(folder, outgoing_allow=LOOPBACK))
    shop.webhooks.endpoints.create(EndpointInput(url=subscriber.url, events=["product.*"]))
    changes, stream = Changes(shop, 12), Stream(shop)
    changes.start()
    for round_number in range(kills // 2):
        # Two at once on one folder, whose clocks agree; the leases of those before them are over.
        doomed = [work(folder, round_number * LEASE_AND_MORE, chance.uniform(0.01, 0.4)) for _ in range(2)]
        assert [ended(one) for one in doomed] == [-9, -9]
        stream.read()
    changes.stop()
    committed = stream.read()

    last = work(folder, kills * LEASE_AND_MORE, 0)
    wait_until(lambda: subscriber.ids >= {event.id for event in committed}, seconds=600, what="every event")
    known = sorted(product.title for product in shop.catalog.products.all())
    # Deliveries and the search index follow the stream apart from each other, so each is waited for.
    wait_until(lambda: found_titles(shop) == known, seconds=60, what="the newest titles in searches")
    assert ended(last) == 0

    assert subscriber.state == replay(committed)
    assert all(versions == sorted(versions) for versions in subscriber.orders_of_first_arrival().values())
    assert shop.world.queue.dead_letters("webhooks") == []
    shop.close()


# -- repetitions, shuffles, delays and poison


def history(count, chance):
    """Return events of twenty resources as the stream has them; one in a hundred is nothing that can be read."""
    versions = defaultdict(int)
    events = []
    for number in range(count):
        resource = f"prod_{chance.randrange(20)}"
        versions[resource] += 1
        data = b'{"cut off' if number % 100 == 50 else b'{"number":%d}' % number
        moment = "2026-01-01T00:00:00.000Z"
        events.append(Event(f"evt_{number}", "product.changed", resource, versions[resource], moment, data))
    return events


@pytest.mark.parametrize("count", [300, pytest.param(5_000, marks=LONG)])
def test_three_of_each_shuffled_and_late_with_poison_among_them_come_to_the_same(tmp_path, subscriber, count):
    chance, clock = random.Random(count), SettableClock()
    shop = open_shop(Settings.for_directory(tmp_path / "shop", outgoing_allow=LOOPBACK), clock=clock)
    endpoint, _ = shop.webhooks.endpoints.create(EndpointInput(url=subscriber.url, events=["*"]))
    events = history(count, chance)
    good = [event for event in events if event.data.startswith(b'{"n')]
    thrice = [Announced(position + 1, event) for position, event in enumerate(events)] * 3
    chance.shuffle(thrice)
    for one in thrice:
        late = chance.choice([0, 0, 1, 30, 600])
        shop.world.queue.send("webhooks", [msgspec.json.encode(one)], delay_seconds=late)

    while shop.world.queue.depth("webhooks"):
        while shop.webhooks.fan_out.work_once():
            pass
        deliver_what_is_due(shop, endpoint)
        clock.advance(7)
    deliver_what_is_due(shop, endpoint)

    log = whole_log(shop, endpoint)
    assert sorted(one.event.id for one in log) == sorted(event.id for event in good)  # one delivery each, and all
    assert {one.state for one in log} <= {"delivered", "skipped"}
    assert subscriber.ids == {one.event.id for one in log if one.state == "delivered"}
    assert len(subscriber.arrived) == len(subscriber.ids)
    assert subscriber.state == replay(good)
    letters = shop.world.queue.dead_letters("webhooks", limit=10 * count)
    poison = [msgspec.json.decode(one.body, type=Announced).event.id for one in letters]
    assert sorted(set(poison)) == sorted(event.id for event in events if event not in good)
    assert len(poison) == 3 * len(set(poison))
    shop.close()


def deliver_what_is_due(shop, endpoint):
    while due := shop.webhooks.courier.due(endpoint.id, limit=50):
        for lane in due:
            shop.webhooks.courier.work(lane)


def whole_log(shop, endpoint):
    log, position = [], None
    while True:
        page = shop.webhooks.deliveries.list(endpoint.id, position=position, limit=250)
        log += page.rows
        position = page.next
        if position is None:
            return log
